"""Strategies that compare markets: the same promises, kept for all markets at once."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

import trading.strategies as catalogue
from tests.builders import candles, walk
from tests.trading.strategies.markets import market
from trading.domain.errors import Broken
from trading.indicators import bar_seconds
from trading.strategies import Strategy, evaluate, evaluate_together, find, strategies, strategy
from trading.strategies.dual_momentum import Params

COMPARING = {name: found for name, found in strategies().items() if found.many}
each = pytest.mark.parametrize("strategy", COMPARING.values(), ids=COMPARING.keys())
NAMES = ("hourly", "gapped", "rising", "falling", "flat", "reborn")


def short(strategy: Strategy) -> Any:
    """Parameters whose warm-up fits into the test markets many times."""
    return strategy.params({"lookback": 3, "every": 0.5, "count": 2})


def markets() -> dict[str, pd.DataFrame]:
    """Six markets over the same weeks; one is listed late, one lacks bars."""
    end = market("hourly").index[-1]
    frames = {name: market(name) for name in NAMES}
    late = walk(900, 21)
    frames["late"] = late.set_index(late.index + (end - late.index[-1]))
    return {name: frame[frame.index <= end] for name, frame in frames.items()}


def windows(frames: Mapping[str, pd.DataFrame], end: pd.Timestamp, bars: int) -> dict[str, pd.DataFrame]:
    """What a desk that keeps so many candles of each market has at `end`."""
    return {name: frame[frame.index <= end][-bars:] for name, frame in frames.items()}


@pytest.fixture
def _forgets_what_tests_register() -> Iterator[None]:
    before = dict(catalogue._registered)
    yield
    catalogue._registered.clear()
    catalogue._registered.update(before)


def test_dual_momentum_is_among_them():
    assert "dual_momentum" in COMPARING


@each
def test_never_looks_into_the_future_of_any_market(strategy):
    p, frames = short(strategy), markets()
    whole = evaluate_together(strategy, p, frames)

    for cut in (600, 1337, 2222):
        end = frames["hourly"].index[cut]
        known = evaluate_together(strategy, p, windows(frames, end, 10_000))

        for name, found in known.items():
            assert found.tolist() == whole[name][: len(found)].tolist()


@each
@pytest.mark.parametrize("chosen", ["short", "default"])
def test_windows_of_the_warmup_say_what_the_whole_history_says(strategy, chosen):
    p, frames = short(strategy) if chosen == "short" else strategy.params(), markets()
    whole = evaluate_together(strategy, p, frames)
    n = strategy.warmup(p, 3600)

    for end in frames["hourly"].index[n::17]:
        shown = windows(frames, end, n)

        for name, found in evaluate_together(strategy, p, shown).items():
            if len(found) and shown[name].index[-1] == end:
                assert found[-1] == whole[name][len(frames[name][frames[name].index <= end]) - 1], (name, end)


@each
def test_all_exposures_of_a_moment_add_up_to_one_at_most(strategy):
    frames = markets()

    found = evaluate_together(strategy, short(strategy), frames)

    table = pd.DataFrame({name: pd.Series(found[name], frames[name].index).abs() for name in frames})
    assert 0.5 < table.sum(axis=1).max() <= 1 + 1e-9


@each
def test_markets_are_not_changed_and_their_order_does_not_matter(strategy):
    frames = markets()
    before = {name: frame.copy(deep=True) for name, frame in frames.items()}

    one = evaluate_together(strategy, short(strategy), frames)
    other = evaluate_together(strategy, short(strategy), dict(reversed(frames.items())))

    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, before[name])
        assert one[name].tolist() == other[name].tolist()


@each
def test_a_market_without_candles_is_left_out(strategy):
    frames = markets()

    found = evaluate_together(strategy, short(strategy), frames | {"new": frames["hourly"][:0]})

    assert found.pop("new").tolist() == []
    assert found["rising"].tolist() == evaluate_together(strategy, short(strategy), frames)["rising"].tolist()
    assert evaluate_together(strategy, short(strategy), {"new": frames["hourly"][:0]}) == {
        "new": pytest.approx([])
    }


@each
def test_alone_it_says_what_it_says_of_one_market(strategy):
    frame, p = market("hourly"), short(strategy)

    assert (
        evaluate_together(strategy, p, {"BTC": frame})["BTC"].tolist()
        == evaluate(strategy, p, frame).tolist()
    )


# --- dual momentum ------------------------------------------------------------------------------------------


def trend(*daily: float) -> pd.DataFrame:
    """Hourly candles that change so much a day (in per cent), ten days each."""
    rates = np.repeat(daily, 240) / 2400
    return candles(100 * np.exp(np.cumsum(rates)))


def held(frames: dict[str, pd.DataFrame], at: int, **params: float) -> dict[str, float]:
    """What dual momentum holds at that bar."""
    found = evaluate_together(find("dual_momentum"), Params(lookback=5, every=0.5, **params), frames)
    return {name: answers[at] for name, answers in found.items() if any(answers[at:][:1])}


def test_the_strongest_market_is_held_and_changed_for_a_stronger_one():
    frames = {"BTC": trend(1, 2), "ETH": trend(3, 1), "SOL": trend(-2, -2)}

    assert held(frames, 230) == {"ETH": 1}
    assert held(frames, -1) == {"BTC": 1}


def test_nothing_is_held_while_everything_falls():
    assert held({"BTC": trend(-1), "ETH": trend(-3)}, -1) == {}


def test_the_strongest_must_have_gained_what_is_asked_for():
    frames = {"BTC": trend(1), "ETH": trend(2)}

    assert held(frames, -1, gain=9) == {"ETH": 1}
    assert held(frames, -1, gain=11) == {}


def test_several_are_held_in_equal_parts_and_the_part_of_a_falling_one_stays_empty():
    frames = {"BTC": trend(1), "ETH": trend(3), "SOL": trend(-2)}

    assert held(frames, -1, count=2) == {"BTC": 0.5, "ETH": 0.5}
    assert held(frames, -1, count=3) == {
        "BTC": pytest.approx(1 / 3, abs=1e-6),
        "ETH": pytest.approx(1 / 3, abs=1e-6),
    }
    assert held({"BTC": trend(1)}, -1, count=3) == {"BTC": 1}


def test_a_market_that_falls_silent_is_left_out_after_a_while():
    frames = {"BTC": trend(1), "ETH": trend(3)[:200]}

    assert held(frames, 199) == {"ETH": 1}
    assert held(frames, 230) == {"BTC": 1}


# --- the contract -------------------------------------------------------------------------------------------


def test_a_strategy_for_one_market_is_asked_about_each_alone():
    frames, found = markets(), find("ema_cross")

    together = evaluate_together(found, found.params(), frames)

    assert not found.many
    assert {n: a.tolist() for n, a in together.items()} == {
        n: evaluate(found, found.params(), frame).tolist() for n, frame in frames.items()
    }


@pytest.mark.usefixtures("_forgets_what_tests_register")
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda frames: {}, "failed on 800 candles: KeyError"),
        (lambda frames: {name: frame["close"] for name, frame in frames.items()}, "wants an exposure of"),
        (
            lambda frames: {name: [0.0] for name in frames},
            "must give one column of values, one for each .*: 400 wanted, 1 found",
        ),
    ],
)
def test_an_answer_against_the_rules_is_broken_and_named(answer, told):
    @strategy("wrong", warmup=lambda p: 2, many=True)
    def exposure(candles: Mapping[str, pd.DataFrame], p: Params) -> dict[str, pd.Series]:
        """Answers wrongly."""
        return answer(candles)

    with pytest.raises(Broken, match=f"The strategy wrong {told}"):
        evaluate_together(find("wrong"), Params(), {"BTC": walk(400), "ETH": walk(400)})


def test_bars_of_all_test_markets_are_hours():
    assert {bar_seconds(frame) for frame in markets().values()} == {3600}
