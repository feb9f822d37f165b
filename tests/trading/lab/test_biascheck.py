"""A strategy that cheats is caught with date and numbers; one that does not passes."""

import pytest

from tests.builders import recorded, walk
from tests.trading.lab import cheaters
from tests.trading.lab.cheaters import CHEATERS, a_strategy, honest
from trading.domain.errors import Refused
from trading.domain.honesty import Check, Verdict
from trading.lab.biascheck import bias_check
from trading.market.archive import read_candles
from trading.strategies import Strategy, evaluate, strategies

STRATEGIES = strategies()


def check(strategy: Strategy, frame=None, cuts: int = 60) -> dict[str, Verdict]:
    frame = walk(1500) if frame is None else frame
    found = bias_check(strategy, strategy.params(), frame, 3600, "BTC/USDT", lambda _: None, cuts)
    return {verdict.name: verdict for verdict in found}


def misbehaving(name: str) -> Verdict:
    return check(a_strategy(getattr(cheaters, name)))["answers"]


@pytest.mark.parametrize("cheat", CHEATERS.values(), ids=CHEATERS.keys())
def test_who_looks_into_the_future_is_caught(cheat):
    verdict = check(a_strategy(cheat))["look_ahead"]

    assert not verdict.passed
    assert verdict.sentence.startswith("It looks into the future: its exposure at 2024-")
    assert verdict.numbers["known"] != verdict.numbers["later"]


@pytest.mark.parametrize("cheat", CHEATERS.values(), ids=CHEATERS.keys())
def test_the_candle_that_is_named_can_be_checked_by_hand(cheat):
    frame, strategy = walk(1500), a_strategy(cheat)

    named = check(strategy, frame)["look_ahead"]

    row = frame.index.get_loc(str(named.numbers["candle"]))
    first, last = frame.index[row], frame.index[-1]
    assert evaluate(strategy, strategy.params(), frame)[row] == named.numbers["later"]
    assert named.sentence.endswith("with those that came later.")
    assert first < last


def test_the_very_first_candle_that_gives_it_away_is_named():
    frame = walk(1500)
    closes = frame["close"].to_numpy()
    rises = [row for row in range(39, 1499) if closes[row + 1] > closes[row]]

    verdict = check(a_strategy(CHEATERS["knows_tomorrow"]), frame)["look_ahead"]

    assert verdict.numbers["candle"] == f"{frame.index[rises[0]]:%Y-%m-%d %H:%M} UTC"
    assert verdict.sentence.count(str(verdict.numbers["candle"])) == 2
    assert verdict.sentence.endswith(
        f"is 0 with the candles up to {verdict.numbers['candle']}, and 1 with those that came later."
    )


def test_a_peek_that_shows_only_here_and_there_is_caught_too():
    def peeks_on_mondays(candles, p):
        wanted, future = honest(candles, p), CHEATERS["knows_tomorrow"](candles, p)
        return wanted.where(candles.index.day_of_week != 0, future)

    assert not check(a_strategy(peeks_on_mondays))["look_ahead"].passed


def test_who_needs_more_history_than_declared_is_caught_and_told_how_much():
    verdict = check(a_strategy(cheaters.remembers_too_long))["warm_up"]

    assert not verdict.passed
    assert verdict.numbers["warmup"] == 40
    assert 100 <= verdict.numbers["needs"] <= 125
    assert verdict.sentence.startswith("Its warm-up of 40 candles is too short: at 2024-")
    assert "says 0 from those and 1 from the whole history" in verdict.sentence


def test_who_needs_all_of_history_never_has_enough():
    verdict = check(a_strategy(cheaters.counts_from_the_start))["warm_up"]

    assert not verdict.passed
    assert verdict.numbers["needs"] is None


def test_an_honest_strategy_passes_and_is_told_how_little_history_it_needs():
    found = check(a_strategy(honest))

    assert [verdict.passed for verdict in found.values()] == [True, True, True]
    assert found["warm_up"].numbers["needs"] == 20
    assert found["warm_up"].sentence == "Its warm-up of 40 candles is enough; here 20 would do."
    assert {verdict.check for verdict in found.values()} == {Check.BIAS}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("throws_dice", "Asked twice it answers differently: at "),
        ("scribbles", "It changes the candles it is shown; a strategy may only read them."),
        ("says_nan", "The strategy says_nan wants an exposure of nan at "),
        ("bets_double", "The strategy bets_double wants an exposure of 2.0 at "),
        (
            "is_short_of_answers",
            "The strategy is_short_of_answers must give one column of values, one for each candle: 1,500 wanted, "
            "1,499 found.",
        ),
        ("breaks_down", "The strategy breaks_down failed on 1,500 candles: KeyError('bid')."),
    ],
)
def test_an_unsound_answer_is_named_and_ends_the_check(name, sentence):
    verdict = misbehaving(name)

    assert not verdict.passed
    assert verdict.sentence.startswith(sentence)


def test_too_few_candles_are_refused_with_both_numbers():
    with pytest.raises(
        Refused, match=r"honest warms up for 40 candles, and the check needs 50 more; .* has 60"
    ):
        check(a_strategy(honest), walk(60))


def test_progress_goes_up_to_one():
    heard: list[float] = []

    bias_check(a_strategy(honest), cheaters.Params(), walk(500), 3600, "BTC/USDT", heard.append)

    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def beside(frame):
    """Two other markets; one began later and has a hole."""
    late = walk(1500, seed=4).iloc[700:]
    return {"ETH/USDT": walk(1500, seed=3), "NEW/USDT": late.drop(late.index[200:230])}


def test_who_looks_into_the_future_of_another_market_is_caught():
    strategy, frame = cheaters.among_many(cheaters.compares_with_tomorrow), walk(1500)

    alone, together = (
        bias_check(strategy, strategy.params(), frame, 3600, "BTC/USDT", lambda _: None, others=others)[0]
        for others in ({}, beside(frame))
    )

    assert alone.passed
    assert together.name == "look_ahead"
    assert not together.passed


def test_a_strategy_that_compares_markets_passes_among_them():
    strategy, frame = STRATEGIES["dual_momentum"], walk(1500)
    params = strategy.params({"lookback": "5"})

    found = bias_check(strategy, params, frame, 3600, "BTC/USDT", lambda _: None, others=beside(frame))

    assert [verdict.sentence for verdict in found if not verdict.passed] == []
    assert found[2].numbers["changes"] > 0


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_of_the_house_passes_on_a_made_up_market(name):
    strategy = STRATEGIES[name]
    frame = walk(strategy.warmup(strategy.params(), 3600) + 600)

    found = check(strategy, frame, cuts=6)

    assert [verdict.sentence for verdict in found.values() if not verdict.passed] == []
    assert found["answers"].numbers["changes"] > 0


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_of_the_house_passes_on_a_real_market(name):
    frame = read_candles(recorded("binance_BTC-USDT_1h.parquet")).frame

    found = check(STRATEGIES[name], frame.iloc[-3000:], cuts=10)

    assert [verdict.sentence for verdict in found.values() if not verdict.passed] == []
