"""The desk's own watch: week and month, the ladder of warnings, events, changed limits, also after a restart."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.builders import START, a_fill, a_flow, recorded
from tests.trading.core.desks import Script, Story, close_of
from tests.trading.risk.cases import limits
from trading.core import guard
from trading.core.memory import recall, remember
from trading.domain.events import (
    CalendarChanged,
    CashMoved,
    CoinsGone,
    DrawdownWarned,
    FeedLost,
    FeedRestored,
    HaltAsked,
    LimitsChanged,
    OrderFilled,
    OrderRefused,
    TradingHalted,
    TradingResumed,
    WentFlat,
)
from trading.domain.order import Side
from trading.domain.risk import Closure, HaltKind
from trading.domain.trips import Trips
from trading.market.archive import read_candles

DAY = 24


def halted(story: Story) -> list[HaltKind]:
    return [event.halt.kind for event in story.news(TradingHalted)]


def all_in(**held) -> Story:
    """One symbol, everything in it from the second candle on."""
    return Story(Script(BTC_USDT={1: 1.0}), limits=limits(**held), share=1.0, fee="0")


def test_a_lost_week_closes_entries_until_monday():
    story = all_in(weekly_loss=0.05)  # the tests begin on a Monday
    story.candles(100, 100, 100, 93, 93)
    assert halted(story) == [HaltKind.WEEKLY_LOSS]
    assert HaltKind.WEEKLY_LOSS in story.desk.halts

    story.candles(*[93] * (7 * DAY - 4), first=5)  # up to the one that closes at Sunday's midnight
    assert HaltKind.WEEKLY_LOSS in story.desk.halts
    story.candles(93, first=7 * DAY + 1)

    resumed = story.news(TradingResumed)
    assert [(event.kind, event.by, event.at) for event in resumed] == [
        (HaltKind.WEEKLY_LOSS, "the new week", START + timedelta(days=7, hours=1))
    ]
    assert story.desk.risk.week_start_equity == story.desk.book.day_start_equity


def test_a_day_that_is_found_lost_after_midnight_is_over_with_the_new_days_first_candle():
    story = all_in(daily_loss=0.2)
    story.candles(*[100] * 20, *[92] * 5)  # the newest closed at midnight: the last of its day
    midnight = story.desk.last_candle_at
    assert midnight == START + timedelta(days=1)

    stricter = LimitsChanged(midnight + timedelta(minutes=30), limits(daily_loss=0.05), "owner")
    told = story.desk.on(stricter)
    story.candles(92, 92, first=25)

    assert [action.news.halt.kind for action in told] == [HaltKind.DAILY_LOSS]
    assert HaltKind.DAILY_LOSS not in story.desk.halts
    assert [(event.at, event.by) for event in story.news(TradingResumed)] == [
        (midnight + timedelta(hours=1), "the new day")
    ]


def test_a_lost_month_outlives_the_week():
    story = all_in(monthly_loss=0.05)
    story.candles(100, 100, 100, 93)

    story.candles(*[93] * (30 * DAY), first=4)
    assert HaltKind.MONTHLY_LOSS in story.desk.halts
    story.candles(*[93] * DAY, first=31 * DAY)

    assert HaltKind.MONTHLY_LOSS not in story.desk.halts
    assert [event.by for event in story.news(TradingResumed)] == ["the new month"]


def test_money_paid_in_is_no_win_of_the_week():
    story = all_in(weekly_loss=0.05)
    story.candles(100, 100, 100)
    before = story.desk.risk.week_start_equity

    story.desk.on(CashMoved(close_of(2), a_flow(amount="500")))

    assert story.desk.risk.week_start_equity == before + 500


def test_the_ladder_tells_each_step_once_and_acts_on_the_last():
    story = all_in(drawdown=0.15, drawdown_warnings=(0.08, 0.12))

    story.candles(100, 100, 100, 93, 91, 90, 91, 87, 88, 84)

    told = [(event.step, event.limit) for event in story.news(DrawdownWarned)]
    assert told == [(0.08, 0.15), (0.12, 0.15)]
    assert halted(story) == [HaltKind.KILL]
    assert [event.at for event in story.news(WentFlat)] == []  # sold at the next open
    story.candles(84, first=10)
    assert len(story.news(WentFlat)) == 1


def test_a_new_fall_is_told_again():
    story = all_in(drawdown=0.5, drawdown_warnings=(0.08,))

    story.candles(100, 100, 100, 91, 100, 91)

    assert len(story.news(DrawdownWarned)) == 2


def test_a_fall_past_every_step_at_once_only_acts():
    story = all_in(drawdown=0.15, drawdown_warnings=(0.08, 0.12))

    story.candles(100, 100, 100, 80)

    assert story.news(DrawdownWarned) == []
    assert halted(story) == [HaltKind.KILL]


def test_the_ladder_on_the_real_candles_of_march_2020():
    """BTC fell by half within two days; everything was out long before."""
    frame = read_candles(recorded("binance_BTC-USDT_1h.parquet")).frame["2020-03-09":"2020-03-14"]
    story = all_in(drawdown=0.15, drawdown_warnings=(0.08, 0.12))

    story.candles(*frame["close"].tolist())

    steps = [event.step for event in story.news(DrawdownWarned)]
    kill = next(event for event in story.news(TradingHalted) if event.halt.kind is HaltKind.KILL)
    flat = story.news(WentFlat)[0]
    assert steps == sorted(set(steps))
    assert steps[0] == 0.08
    assert [event.at < kill.at for event in story.news(DrawdownWarned)] == [True] * len(steps)
    assert flat.at >= kill.at
    held_on = 1 - frame["close"].min() / frame["close"].iloc[1]
    lost = 1 - float(story.desk.book.equity / story.desk.book.peak_equity)
    assert 0.15 <= lost < held_on
    assert not story.desk.book.positions


# --- the calendar -----------------------------------------------------------------------------------------


def an_event(first: int, last: int, name: str = "FOMC") -> Closure:
    return Closure(id=name, name=name, since=close_of(first), until=close_of(last))


def test_an_event_closes_entries_and_lets_exits_go_on():
    story = Story(Script(BTC_USDT={1: 1.0, 4: 0.0, 5: 1.0}), share=0.5)
    story.desk.on(CalendarChanged(START, (an_event(3, 7),), "calendar"))

    story.candles(*[100] * 7)
    during = [fill.side for fill in story.fills]
    story.candles(*[100] * 4, first=7)

    assert during == [Side.BUY, Side.SELL]
    assert [e.decision.rule for e in story.news(OrderRefused)] == ["R06 calendar"]
    assert halted(story) == [HaltKind.CALENDAR]
    assert story.news(TradingHalted)[0].halt.reason == "FOMC, until 2024-01-01 07:00 UTC"
    assert [(e.kind, e.at) for e in story.news(TradingResumed)] == [(HaltKind.CALENDAR, close_of(7))]
    assert [fill.side for fill in story.fills] == [Side.BUY, Side.SELL, Side.BUY]


def test_an_event_that_is_let_pass_opens_entries_at_once():
    story = Story(Script(BTC_USDT={3: 1.0}), share=0.5)
    story.desk.on(CalendarChanged(START, (an_event(2, 9),), "calendar"))
    story.candles(*[100] * 4)

    story.desk.on(CalendarChanged(close_of(3), (), "mina"))
    story.candles(100, 100, first=4)

    assert HaltKind.CALENDAR not in story.desk.halts
    assert len(story.fills) == 1


def test_of_two_events_the_later_end_counts():
    story = Story(Script())
    story.desk.on(CalendarChanged(START, (an_event(1, 3, "CPI"), an_event(2, 5)), "calendar"))

    story.candles(*[100] * 6)

    assert [e.halt.reason[:4] for e in story.news(TradingHalted)] == ["CPI,", "FOMC"]
    assert len(story.news(TradingResumed)) == 1


# --- limits that change -----------------------------------------------------------------------------------


def test_a_stricter_drawdown_acts_the_moment_it_is_set():
    story = all_in()
    story.candles(100, 100, 100, 90)

    actions = story.desk.on(LimitsChanged(close_of(3), limits(drawdown=0.05), "mina"))

    assert story.desk.halts.killed
    assert actions


def test_what_a_looser_limit_lets_pass_is_asked_again():
    story = all_in(gross_exposure=0.0)
    story.candles(100, 100, 100)
    assert story.fills == []

    story.desk.on(LimitsChanged(close_of(2), limits(gross_exposure=0.5), "mina"))
    story.candles(100, 100, first=3)

    assert [fill.amount for fill in story.fills] == [Decimal(50)]


# --- prices that are none -----------------------------------------------------------------------------------


@pytest.mark.parametrize("strange", [float("nan"), 0.0, float("inf"), -1.0, 1e30])
def test_a_price_that_is_none_trips_no_limit_closes_entries_and_leaves_exits_open(strange):
    words = Script(BTC_USDT={1: 1.0}, ETH_USDT={1: 1.0, 4: 0.0, 5: 1.0})
    strict = limits(order_share=0.4, daily_loss=0.05, drawdown=0.1)
    story = Story(words, symbols=("BTC/USDT", "ETH/USDT"), share=0.8, limits=strict)
    for number in (1, 2, 3):
        story.close(number, {"BTC/USDT": (100, 100), "ETH/USDT": (50, 50)})
    equity = story.desk.book.equity

    story.close(4, {"BTC/USDT": (100, strange), "ETH/USDT": (50, 50)})
    marked = story.desk.book.equity
    story.close(5, {"BTC/USDT": (100, strange), "ETH/USDT": (50, 50)})  # ETH is sold here, and wanted again
    story.close(6, {"BTC/USDT": (100, strange), "ETH/USDT": (50, 50)})

    assert marked == equity
    assert not story.desk.halts.killed
    assert [event.reason for event in story.news(FeedLost)] == [
        f"the newest candle of BTC/USDT says {strange:g}, which is no price"
    ]
    assert [(f.symbol, f.side) for f in story.fills[2:]] == [("ETH/USDT", Side.SELL)]
    assert [event.decision.rule for event in story.news(OrderRefused)] == ["R03 feed"]

    story.close(7, {"BTC/USDT": (100, 100), "ETH/USDT": (50, 50)})
    story.close(8, {"BTC/USDT": (100, 100), "ETH/USDT": (50, 50)})
    assert len(story.news(FeedRestored)) == 1
    assert story.fills[-1].symbol == "ETH/USDT" and story.fills[-1].side is Side.BUY


def test_a_halt_for_want_of_fresh_prices_is_not_lifted_by_a_sound_candle():
    story = all_in()

    story.desk.on(HaltAsked(close_of(0), HaltKind.FEED, "nothing new since 12:00", "feed"))
    story.candles(100, 100)

    assert HaltKind.FEED in story.desk.halts


def test_an_empty_account_is_not_killed_for_having_nothing():
    story = Story(Script(BTC_USDT={1: 1.0}), cash="0", limits=limits(daily_loss=0.05, drawdown=0.1))

    story.candles(100, 100, 90, 80)

    assert not story.desk.halts.all
    assert story.fills == []
    assert [event.decision.rule for event in story.news(OrderRefused)] == []

    story.session.step(CashMoved(close_of(3), a_flow(amount="1000")))
    story.candles(80, 80, first=4)
    assert not story.desk.halts.all


# --- memory -----------------------------------------------------------------------------------------------


def fills(story: Story, *moves: tuple[int, Side, str, str]) -> None:
    """What was bought and sold at the closes with these numbers: amount and price, each for a fee of 0.1."""
    for number, side, amount, price in moves:
        made = a_fill(id=f"{number} {side} {amount} {price}", side=side, amount=amount, price=price)
        story.desk.on(OrderFilled(close_of(number), replace(made, at=close_of(number))))


def test_losses_in_a_row_are_counted_until_a_win():
    story, past = Story(Script()), lambda number: story.desk.risk.past("ema_cross", close_of(number)).losses
    fills(story, (0, Side.BUY, "1", "100"), (0, Side.SELL, "1", "99"))
    fills(story, (1, Side.BUY, "1", "100"), (1, Side.SELL, "1", "100.1"))  # pays less than its fees

    assert past(2) == 2
    assert past(DAY) == 1  # the first is a day old
    assert story.desk.risk.past("rsi", close_of(2)).losses == 0
    fills(story, (2, Side.BUY, "1", "100"), (2, Side.SELL, "1", "101"))
    assert past(2) == 0


def test_a_trade_that_is_sold_in_parts_is_lost_once_and_when_it_is_over():
    story = Story(Script())

    fills(story, (0, Side.BUY, "1", "100"), (1, Side.SELL, "0.4", "99"), (2, Side.SELL, "0.3", "98"))
    running = story.desk.risk.losses.copy()
    fills(story, (3, Side.SELL, "0.3", "97"))

    assert running == {}
    assert story.desk.risk.losses == {"ema_cross": [close_of(3)]}


def test_the_fee_of_the_purchase_is_charged_once_however_many_parts_are_sold():
    story = Story(Script())

    fills(story, (0, Side.BUY, "1", "100"), (1, Side.SELL, "0.5", "100.5"), (2, Side.SELL, "0.5", "100.2"))

    assert story.desk.risk.losses == {}  # 0.35 won before 0.3 of fees


def test_buying_more_is_neither_won_nor_lost():
    story = Story(Script())

    fills(story, (0, Side.BUY, "1", "100"), (1, Side.BUY, "1", "50"))

    assert story.desk.risk.losses == {}


def test_coins_that_a_person_took_are_neither_won_nor_lost():
    story = Story(Script())
    fills(story, (0, Side.BUY, "1", "100"))

    story.desk.on(CoinsGone(close_of(1), "ema_cross", "BTC/USDT", Decimal("0.5")))
    fills(story, (2, Side.SELL, "0.5", "101"))

    assert story.desk.risk.losses == {}
    assert story.desk.trips.running == {}


def test_a_rest_that_nobody_can_sell_does_not_keep_a_trade_open():
    story = Story(Script())
    bought = a_fill(id="1", amount="1", price="100", fee="0.000001", fee_currency="BTC")
    story.desk.on(OrderFilled(close_of(0), bought))

    fills(story, (1, Side.SELL, "0.99999", "90"))

    assert story.desk.book.held("ema_cross", "BTC/USDT") == Decimal("0.000009")
    assert story.desk.risk.losses == {"ema_cross": [close_of(1)]}


def test_an_hour_of_orders_is_remembered():
    story = Story(Script(BTC_USDT={1: 0.5, 2: 0.0, 3: 0.5}), share=0.5)
    story.candles(*[100] * 4)

    assert [s.at for s in story.desk.risk.past("x", close_of(3)).sent] == [close_of(3)]
    assert len(story.desk.risk.past("x", close_of(4)).sent) == 0


def test_everything_is_there_again_after_a_restart():
    story = all_in(weekly_loss=0.05, drawdown=0.5, drawdown_warnings=(0.05,))
    story.candles(100, 100, 100, 93)
    story.desk.risk.losses = {"ema_cross": [close_of(1)]}
    fresh = all_in(weekly_loss=0.05)

    recall(fresh.desk, remember(story.desk))

    before, after = story.desk.risk, fresh.desk.risk
    assert (after.day, after.week_start_equity, after.month_start_equity, after.warned) == (
        before.day,
        before.week_start_equity,
        before.month_start_equity,
        0.05,
    )
    assert (after.sent, after.losses) == (before.sent, before.losses)
    assert fresh.desk.trips.remember() == story.desk.trips.remember() != Trips().remember()


def test_a_memory_of_an_older_version_is_taken():
    story, fresh = all_in(), all_in()
    story.candles(100, 100, 100)
    old = remember(story.desk)
    del old["risk"], old["trips"]

    recall(fresh.desk, old)
    held = fresh.desk.book.positions["ema_cross", "BTC/USDT"]

    assert fresh.desk.risk.day is None
    assert fresh.desk.trips.running["ema_cross", "BTC/USDT"].left == held.quantity > 0


@pytest.mark.parametrize("sleeve", ["ema_cross"])
def test_what_a_buy_would_meet_now_can_be_asked(sleeve):
    story = Story(Script(), share=0.5)
    assert guard.wanted(story.desk, sleeve, "BTC/USDT") is None  # no price yet

    story.candles(100)

    case = guard.wanted(story.desk, sleeve, "BTC/USDT")
    assert case is not None
    assert case.intent.amount * 100 == pytest.approx(Decimal(5000), rel=Decimal("0.01"))
