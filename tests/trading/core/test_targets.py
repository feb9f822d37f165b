"""Sizes, weights and records at work on a desk."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.core.desks import Script, Story, close_of
from trading.core.memory import recall, remember
from trading.core.signals import Question
from trading.core.weighing import VOLATILITY_SIZE, WEIGHTS
from trading.domain.events import KillAsked, RebalanceAsked
from trading.domain.order import Reason, Side
from trading.domain.protection import Protection
from trading.domain.sizing import KellySize, VolatilitySize, Weighing

BOTH = ("BTC/USDT", "ETH/USDT")
DAILY = Weighing(method="risk_parity", days=10, every=1, band=0.02)


class Told(Script):
    """A script that also says weights and sizes: constant ones, by symbol."""

    weights: dict[str, float] = {}
    size: float | None = 1.0

    def exposure(self, question: Question, at: int) -> float | None:
        if question.strategy is WEIGHTS:
            return self.weights.get(question.symbol)
        if question.strategy is VOLATILITY_SIZE:
            return self.size
        return super().exposure(question, at)


def a_story(told: Script, **changed) -> Story:
    story = Story(told, symbols=BOTH, share=1.0, fee="0")
    story.desk.sleeves["ema_cross"] = replace(story.desk.sleeves["ema_cross"], **changed)
    return story


def both(story: Story, number: int, btc: float, eth: float, before: tuple[float, float] = (100, 100)) -> None:
    story.close(number, {"BTC/USDT": (before[0], btc), "ETH/USDT": (before[1], eth)})


def test_a_budget_is_divided_by_the_weights():
    told = Told(BTC_USDT={1: 1.0}, ETH_USDT={1: 1.0})
    told.weights = {"BTC/USDT": 0.75, "ETH/USDT": 0.25}
    story = a_story(told, weighing=DAILY)

    for number in range(3):
        both(story, number, 100, 100)

    assert {f.symbol: f.amount for f in story.fills} == {
        "BTC/USDT": Decimal("74.62686"),  # 10,000 x 0.75 / 1.005 / 100
        "ETH/USDT": Decimal("24.87562"),
    }


def test_a_position_that_drifted_is_brought_back_when_the_day_begins_and_not_before():
    told = Told(BTC_USDT={1: 1.0}, ETH_USDT={1: 1.0})
    told.weights = {"BTC/USDT": 0.5, "ETH/USDT": 0.5}
    story = a_story(told, weighing=DAILY)
    for number in range(3):
        both(story, number, 100, 100)

    for number in range(3, 30):
        both(story, number, 140, 100, before=(140, 100))

    bought, drifted = story.fills[:2], story.fills[2:]
    assert len(bought) == 2
    assert [(f.symbol, f.side) for f in drifted] == [("BTC/USDT", Side.SELL), ("ETH/USDT", Side.BUY)]
    book = story.desk.book
    parts = [book.held("ema_cross", s) * book.prices[s] / book.equity for s in BOTH]
    assert [float(p) for p in parts] == pytest.approx([0.5, 0.5], abs=0.01)


def test_before_the_minimum_hold_a_drifted_position_is_not_sold_down_and_after_it_is():
    told = Told(BTC_USDT={1: 1.0}, ETH_USDT={1: 1.0})
    told.weights = {"BTC/USDT": 0.5, "ETH/USDT": 0.5}
    story = a_story(told, weighing=DAILY, protection=Protection(min_hold=40))
    for number in range(3):
        both(story, number, 100, 100)

    for number in range(3, 40):
        both(story, number, 140, 100, before=(140, 100))
    early = [f.side for f in story.fills[2:]]
    for number in range(40, 60):
        both(story, number, 140, 100, before=(140, 100))

    assert Side.SELL not in early  # day 2 began at 25; only a stop may sell before 42
    assert [f.side for f in story.fills[2:] if f.symbol == "BTC/USDT"] == [Side.SELL]


def test_a_market_that_went_silent_keeps_its_part_and_the_others_share_the_rest():
    told = Told(BTC_USDT={1: 1.0}, ETH_USDT={1: 1.0})
    told.weights = {"BTC/USDT": 0.5, "ETH/USDT": 0.5}
    story = a_story(told, weighing=DAILY)
    for number in range(3):
        both(story, number, 100, 100)

    told.weights = {"BTC/USDT": 1.0}  # nothing is known of ETH any more
    story.desk.sleeves["ema_cross"] = replace(story.desk.sleeves["ema_cross"], share=0.5)
    story.candles(*[100] * 30, first=3)
    while_silent = {s: story.desk.line("ema_cross", s).weight for s in BOTH}
    told.weights = {"BTC/USDT": 1.0, "ETH/USDT": 0.0}
    for number in range(33, 36):
        both(story, number, 100, 100)

    assert while_silent == {"BTC/USDT": 0.5, "ETH/USDT": 0.5}
    assert {s: story.desk.line("ema_cross", s).weight for s in BOTH} == told.weights
    assert story.desk.book.held("ema_cross", "ETH/USDT") == 0
    assert float(story.desk.book.held("ema_cross", "BTC/USDT")) == pytest.approx(50 / 1.005, abs=1e-4)


def test_a_market_that_went_silent_while_nothing_of_it_is_held_gives_up_its_part():
    told = Told(BTC_USDT={1: 1.0})
    told.weights = {"BTC/USDT": 0.5, "ETH/USDT": 0.5}
    story = a_story(told, weighing=DAILY)
    both(story, 0, 100, 100)

    told.weights = {"BTC/USDT": 1.0}
    story.candles(100, 100, 100, first=1)

    assert [story.desk.line("ema_cross", s).weight for s in BOTH] == [1.0, 0.0]


@given(
    steps=st.lists(
        st.tuples(
            st.sets(st.sampled_from([*BOTH, "SOL/USDT"]), min_size=1), st.integers(0, 6), st.floats(0, 1)
        ),
        max_size=12,
    )
)
def test_weights_never_pass_the_whole_whoever_is_silent(steps):
    every = (*BOTH, "SOL/USDT")
    told = Told(BTC_USDT={0: 1.0}, ETH_USDT={0: 1.0}, SOL_USDT={0: 1.0})
    story = Story(told, symbols=every, share=1.0, fee="0")
    story.desk.sleeves["ema_cross"] = replace(story.desk.sleeves["ema_cross"], weighing=DAILY)

    for number, (speaking, first, cut) in enumerate(steps):
        shares = [cut, (1 - cut) * first / 6, (1 - cut) * (6 - first) / 6]
        told.weights = {s: round(w, 6) for s, w in zip(every, shares, strict=True) if s in speaking}
        story.close(number, dict.fromkeys(speaking, (100, 100)))

        assert sum(story.desk.line("ema_cross", s).weight for s in every) <= 1.0001


def test_a_drift_that_is_not_worth_its_fees_is_left_alone():
    told = Told(BTC_USDT={1: 1.0}, ETH_USDT={1: 1.0})
    told.weights = {"BTC/USDT": 0.5, "ETH/USDT": 0.5}
    story = a_story(told, weighing=replace(DAILY, band=0.0))
    for number in range(3):
        both(story, number, 100, 100)

    for number in range(3, 60):
        both(story, number, 105, 100, before=(105, 100))

    assert len(story.fills) == 2  # 1.2 % off, where fees of 0.1 % call for 4.5 %


def test_asked_for_a_rebalance_is_done_at_once_and_in_equal_parts_where_nothing_is_weighed():
    told = Told(BTC_USDT={1: 1.0}, ETH_USDT={1: 1.0})
    story = a_story(told)
    for number in range(3):
        both(story, number, 100, 100)
    both(story, 3, 160, 100)

    story.session.step(RebalanceAsked(close_of(3), "ann"))
    both(story, 4, 160, 100, before=(160, 100))
    both(story, 5, 160, 100, before=(160, 100))

    asked = story.fills[2:]
    assert (asked[0].symbol, asked[0].side, asked[0].reason) == ("BTC/USDT", Side.SELL, Reason.REBALANCE)
    book = story.desk.book
    parts = [book.held("ema_cross", s) * book.prices[s] / book.equity for s in BOTH]
    assert [float(p) for p in parts] == pytest.approx([0.5, 0.5], abs=0.01)


def test_a_rebalance_buys_nothing_while_killed():
    told = Told(BTC_USDT={1: 1.0}, ETH_USDT={1: 1.0})
    story = a_story(told)
    for number in range(3):
        both(story, number, 100, 100)
    story.session.step(KillAsked(close_of(2), "enough", "ann"))
    both(story, 3, 100, 100)
    sold = len(story.fills)

    story.session.step(RebalanceAsked(close_of(3), "ann"))
    both(story, 4, 150, 100)

    assert len(story.fills) == sold == 4


def test_size_is_part_of_what_is_wanted_and_nothing_is_bought_while_it_is_unknown():
    told = Told(BTC_USDT={1: 1.0})
    told.size = None
    story = a_story(told, size=VolatilitySize(target=0.4))
    story.candles(100, 100, 100)
    nothing = len(story.fills)

    told.size = 0.4
    story.candles(100, 100, first=3)

    assert nothing == 0
    assert [f.amount for f in story.fills] == [Decimal("19.90049")]  # 10,000 / 2 / 1.005 x 0.4 / 100


def test_a_size_that_is_not_known_for_a_moment_sells_nothing():
    told = Told(BTC_USDT={1: 1.0})
    told.size = 0.4
    story = a_story(told, size=VolatilitySize(target=0.4))
    story.candles(100, 100, 100)

    told.size = None
    story.candles(100, 100, first=3)

    assert [f.side for f in story.fills] == [Side.BUY]


def test_a_sleeve_sized_by_its_record_begins_small_and_uses_more_as_trades_succeed():
    told = Told(BTC_USDT={1: 1.0})
    story = a_story(told, size=KellySize(fraction=0.5, begin=0.1))
    story.candles(100, 100, 100)

    story.desk.records["ema_cross"] = [0.05, -0.02] * 30
    story.candles(100, 100, first=3)

    small, more = story.fills
    assert small.amount == Decimal("4.97512")  # 10,000 / 2 / 1.005 x 0.1 / 100
    assert small.amount + more.amount > 40


@pytest.mark.parametrize(("first", "then"), [(110, 100), (100, 110)], ids=["wins", "loses"])
def test_a_sleeve_that_begins_small_makes_the_record_it_is_sized_by(first, then):
    words = {n: float(n % 2) for n in range(1, 70)}
    story = a_story(Told(BTC_USDT=words), size=KellySize(fraction=0.5, begin=0.1))

    story.candles(*[100, 100, *[first, then] * 34])

    bought = [f.amount * f.price for f in story.fills if f.side is Side.BUY]
    assert 400 < min(bought[:30]) <= max(bought[:30]) < 700
    assert all(value > 4000 for value in bought[30:]) if first > then else bought[30:] == []
    assert (len(bought) > 30) is (first > then)


def test_what_closed_trades_earned_after_fees_is_remembered_through_a_restart():
    told = Told(BTC_USDT={1: 1.0, 3: 0.0})
    story = Story(told, symbols=("BTC/USDT",), share=1.0, fee="0.001")
    story.desk.sleeves["ema_cross"] = replace(
        story.desk.sleeves["ema_cross"], size=KellySize(fraction=1.0), units=None
    )
    story.desk.records["ema_cross"] = [0.05, -0.02] * 30
    story.candles(100, 100, 100, 110, 110, 110)

    fresh = Story(told)
    recall(fresh.desk, remember(story.desk))

    earned = story.desk.records["ema_cross"][-1]
    assert earned == pytest.approx(0.1 - 0.001 - 0.0011, abs=1e-6)
    assert fresh.desk.records == story.desk.records


def test_a_trade_sold_in_parts_is_one_entry_of_the_record():
    told = Told(BTC_USDT={1: 1.0, 3: 0.5, 5: 0.0})
    story = a_story(told, size=KellySize(fraction=1.0))
    story.desk.records["ema_cross"] = [0.05, -0.02] * 30
    story.candles(100, 100, 100, 110, 110, 120, 120, 120)

    sold = [f for f in story.fills if f.side is Side.SELL]
    record = story.desk.records["ema_cross"]
    assert len(sold) == 2
    assert len(record) == 61
    assert record[-1] == pytest.approx(0.15, abs=0.005)  # about half of it earned 10 %, the rest 20 %
