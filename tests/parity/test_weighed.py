"""Weighed and sized sleeves give the same book in every gear: each candle, the quiet ones left out, lived through."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.parity.test_replay_equals_backtest import facts, job, quietly
from tests.parity.test_skip_equals_all import a_room, state
from trading.analysis.trades import round_trips
from trading.domain.sizing import AtrSize, KellySize, VolatilitySize, Weighing
from trading.lab.backtest import backtest
from trading.lab.quiet import step_through
from trading.lab.replay import replay

WEIGHINGS = st.builds(
    Weighing,
    method=st.sampled_from(["equal", "inverse_volatility", "risk_parity", "minimum_variance"]),
    days=st.sampled_from([0.5, 1.0]),
    every=st.sampled_from([0.25, 1.0]),
    band=st.sampled_from([0.0, 0.02]),
)
SIZES = st.sampled_from(
    [None, VolatilitySize(target=0.8, days=0.5), AtrSize(risk=0.01, multiple=3.0), KellySize(fraction=0.5)]
)


def weighed(strategy: str, seed: int, weighing, size, gaps: bool):
    asked = job(strategy, seed, symbols=3, gaps=gaps)
    return replace(asked, sleeves=(replace(asked.parts[0], weighing=weighing, size=size),))


@settings(max_examples=25, deadline=None)
@given(
    strategy=st.sampled_from(["ema_cross", "rsi"]),
    seed=st.integers(0, 10_000),
    weighing=st.none() | WEIGHINGS,
    size=SIZES,
    gaps=st.booleans(),
)
def test_leaving_out_the_quiet_candles_changes_nothing(strategy, seed, weighing, size, gaps):
    asked = weighed(strategy, seed, weighing, size, gaps)

    every, _, _, track = a_room(asked)
    for index in range(len(track)):
        every.session.step(track.event(index))
    some, board, questions, track = a_room(asked)
    step_through(some, track, board, questions, quietly)

    assert state(some) == state(every)


async def test_lived_through_it_is_the_book_of_the_backtest():
    asked = weighed("ema_cross", 7, Weighing(method="risk_parity", days=1, every=0.5, band=0.0),
                    VolatilitySize(target=0.8, days=0.5), gaps=True)  # fmt: skip

    lived = await replay(asked, quietly)

    assert facts(lived) == facts(backtest(asked, quietly))
    assert len(lived.trades) > 5


async def test_a_sleeve_that_is_sized_by_its_record_is_so_in_every_gear():
    asked = weighed("ema_cross", 1, None, KellySize(fraction=1.0, begin=0.2), gaps=True)
    every, _, _, track = a_room(asked)
    for index in range(len(track)):
        every.session.step(track.event(index))

    lived, tested = await replay(asked, quietly), backtest(asked, quietly)

    assert len(every.desk.records["ema_cross"]) > 30  # so many that the record speaks
    assert facts(lived) == facts(tested)
    assert list(tested.trades) == list(round_trips(every.recorder.fills))
