"""Protection at the desk: sold inside the candle, kept out afterwards, and never in the way of a kill."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.builders import HOUR, START, a_candle, a_fill, an_intent, an_order
from tests.trading.core.desks import Script, Story, close_of
from trading.core.memory import recall, remember
from trading.core.orders import reserved
from trading.domain.events import CandlesClosed, KillAsked, OrderChanged, OrderFilled, SleeveChanged
from trading.domain.order import OrderStatus, Reason, Side
from trading.domain.protection import Protection
from trading.execution.filling import Filling

BTC = "BTC/USDT"
ALWAYS_IN = {1: 1.0}


class Ranges(Script):
    """A script that also knows the average true range: the same at all times, or not at all."""

    def __init__(self, swing: float | None, **by_symbol: dict[int, float]) -> None:
        super().__init__(**by_symbol)
        self.swing = swing

    def newest(self, question: object, at: int) -> float | None:
        return self.swing


def protected(protection: Protection, *, script: Script | None = None, **changes: object) -> Story:
    """One sleeve that may use half of 10,000, bought at the open of candle 2 at 100."""
    story = Story(script or Script(BTC_USDT=ALWAYS_IN), protection=protection, **changes)
    story.close(1, {BTC: (100.0, 100.0)})
    return story


def bar(story: Story, number: int, opened: float, high: float, low: float, closed: float) -> Story:
    made = a_candle(
        symbol=BTC,
        opened_at=START + (number - 1) * HOUR.length,
        open=opened,
        high=high,
        low=low,
        close=closed,
    )
    story.session.step(CandlesClosed(made.closed_at, (made,)))
    return story


def told(story: Story) -> list[tuple[str, str, str]]:
    return [(fill.side.value, f"{fill.price.normalize():f}", fill.reason.value) for fill in story.fills]


def test_a_stop_is_sold_inside_the_candle_that_touches_it_even_the_one_it_was_bought_in():
    story = bar(protected(Protection(stop=0.02)), 2, 100, 101, 97, 99)

    assert told(story) == [("buy", "100", "signal"), ("sell", "98", "stop")]
    assert story.fills[-1].at == close_of(2)
    assert story.desk.book.positions == {}


def test_slippage_makes_a_stop_dearer_than_its_level():
    story = bar(protected(Protection(stop=0.02), slippage="0.001"), 2, 100, 101, 97, 99)

    assert story.fills[-1].price == Decimal(
        "98.00"
    )  # bought at 100.10, the stop at 98.098, filled 0.1 % below


def test_after_a_stop_nothing_is_bought_until_the_strategy_has_been_out():
    script = Script(BTC_USDT={1: 1.0, 5: 0.0, 6: 1.0})
    story = bar(protected(Protection(stop=0.02), script=script), 2, 100, 101, 97, 99)
    for number in range(3, 8):
        bar(story, number, 99, 99, 99, 99)

    assert [fill.side.value for fill in story.fills] == ["buy", "sell", "buy"]
    assert story.fills[-1].at == close_of(6)


def test_one_that_may_come_back_does_so_at_the_next_open_unless_it_has_to_cool_down():
    eager = bar(protected(Protection(stop=0.02, reenter=True)), 2, 100, 101, 97, 99)
    calm = bar(protected(Protection(stop=0.02, reenter=True, cool_down=3)), 2, 100, 101, 97, 99)
    for story in (eager, calm):
        for number in range(3, 8):
            bar(story, number, 99, 99, 99, 99)

    assert eager.fills[2].at == close_of(2)
    assert calm.fills[2].at == close_of(5)


def test_before_the_minimum_hold_a_signal_to_leave_waits_and_then_is_heeded():
    script = Script(BTC_USDT={1: 1.0, 3: 0.0})
    story = protected(Protection(min_hold=5), script=script)
    for number in range(2, 9):
        bar(story, number, 100, 101, 99, 100)

    assert [(fill.side.value, fill.at) for fill in story.fills] == [
        ("buy", close_of(1)),
        ("sell", close_of(6)),
    ]


def test_somebody_who_switches_a_sleeve_off_does_not_wait_for_its_minimum_hold():
    story = bar(protected(Protection(min_hold=50)), 2, 100, 101, 99, 100)
    story.session.step(SleeveChanged(close_of(2), "ema_cross", False, {}, "mina"))
    bar(bar(story, 3, 100, 101, 99, 100), 4, 100, 101, 99, 100)

    assert [fill.reason for fill in story.fills] == [Reason.SIGNAL, Reason.DISABLED]


def test_tiers_sell_their_parts_of_the_whole_and_nothing_buys_them_back():
    story = protected(Protection(tiers=((0.02, 0.5), (0.04, 0.25))))
    bar(story, 2, 100, 105, 100, 104)
    for number in range(3, 6):
        bar(story, number, 104, 104, 104, 104)

    bought, first, second = story.fills
    assert (first.price, second.price) == (Decimal(102), Decimal(104))
    assert abs(first.amount - bought.amount / 2) < Decimal("0.0001")
    assert abs(second.amount - bought.amount / 4) < Decimal("0.0001")
    assert len({fill.id for fill in story.fills}) == 3


def test_a_tier_that_is_filled_in_two_parts_counts_once_and_the_second_waits_for_its_own_price():
    story = bar(protected(Protection(tiers=((0.02, 0.5), (0.04, 0.25)))), 2, 100, 101, 100, 100)
    desk, candle = story.desk, a_candle(opened_at=close_of(2), open=101.0, high=102.5, close=102.0)
    (sale,) = [a.cleared.intent for a in desk.touched(CandlesClosed(close_of(3), (candle,)))]
    open_order = replace(reserved(sale), status=OrderStatus.OPEN)
    desk.on(OrderChanged(close_of(3), open_order))
    guard, taken = desk.guards["ema_cross", BTC], []

    for number, part in enumerate((sale.amount / 2, sale.amount - sale.amount / 2)):
        fill = a_fill(id=str(number), client_id=sale.client_id, side=Side.SELL, amount=part, price="102",
                      reason=Reason.TAKE_PROFIT)  # fmt: skip
        desk.on(OrderFilled(close_of(3), fill))
        taken.append(guard.taken)
    desk.on(OrderChanged(close_of(3), replace(open_order, status=OrderStatus.FILLED, filled=sale.amount)))
    again = a_candle(opened_at=close_of(3), open=102.0, high=103.9, low=102.0, close=103.0)

    assert taken == [0, 1]
    assert desk.touched(CandlesClosed(close_of(4), (again,))) == []


def test_what_a_thin_candle_left_of_a_tier_is_sold_at_its_price_later_and_not_bought_back():
    thin = Filling(volume_share=Decimal(1))  # ten coins a candle, where the tier is nearly 25
    story = protected(Protection(tiers=((0.02, 0.5),)), filling=thin)
    for number in range(2, 10):
        bar(story, number, 100, 101, 100, 100)
    held = story.desk.book.held("ema_cross", BTC)

    for number in range(10, 15):
        bar(story, number, 100, 102.5, 100, 100)

    sold = [fill.amount for fill in story.fills if fill.side is Side.SELL]
    assert sold[:2] == [10, 10]
    assert sum(sold) == story.desk.instruments[BTC].amount(held / 2)
    assert story.desk.book.held("ema_cross", BTC) == held - sum(sold)


def test_a_time_stop_sells_at_the_next_open():
    story = protected(Protection(time_stop=3))
    for number in range(2, 8):
        bar(story, number, 100, 101, 99, 100)

    assert [(fill.reason, fill.at) for fill in story.fills] == [
        (Reason.SIGNAL, close_of(1)),
        (Reason.TIME_STOP, close_of(4)),
    ]


def test_where_a_stop_needs_a_range_nobody_knows_nothing_is_bought():
    unknown = protected(Protection(atr_stop=3.0), script=Ranges(None, BTC_USDT=ALWAYS_IN))
    known = protected(Protection(atr_stop=3.0), script=Ranges(2.0, BTC_USDT=ALWAYS_IN))
    for story in (unknown, known):
        bar(story, 2, 100, 101, 93, 99)

    assert unknown.fills == []
    assert told(known) == [("buy", "100", "signal"), ("sell", "94", "stop")]


def test_a_purchase_in_doubt_does_not_keep_a_stop_from_selling_what_is_held():
    story = bar(protected(Protection(stop=0.02)), 2, 100, 101, 99, 100)
    held = story.desk.book.held("ema_cross", BTC)
    story.desk.orders.apply(an_order(an_intent(), status=OrderStatus.UNCERTAIN))

    bar(story, 3, 100, 100, 97, 99)

    assert told(story)[1:] == [("sell", "98", "stop")]
    assert story.fills[-1].amount == held


def test_a_candle_that_was_seen_before_touches_nothing():
    story = protected(Protection(stop=0.02))
    bar(story, 2, 100, 101, 99, 100)
    bar(story, 2, 100, 101, 90, 91)

    assert len(story.fills) == 1


def test_a_kill_sells_what_is_protected_once_and_no_level_acts_after_it():
    story = bar(protected(Protection(stop=0.02)), 2, 100, 101, 99, 100)
    story.session.step(KillAsked(close_of(2), "enough", "mina"))
    bar(bar(story, 3, 99, 99, 90, 91), 4, 91, 91, 80, 80)

    assert told(story) == [("buy", "100", "signal"), ("sell", "99", "kill")]
    assert story.desk.guards == {}


def test_no_order_of_a_level_stays_out_so_there_is_none_to_take_back():
    story = bar(protected(Protection(stop=0.02, take=0.05)), 2, 100, 101, 99, 100)
    before = story.desk.orders.live

    bar(story, 3, 100, 100, 90, 92)

    last = [event.order for event in story.told if isinstance(event, OrderChanged)][-1]
    assert before == story.desk.orders.live == ()
    assert (last.status, last.intent.reduce_only) == (OrderStatus.FILLED, True)


def test_levels_survive_a_restart_to_the_last_digit():
    protection = Protection(trail=0.05, atr_trail=2.5, tiers=((0.01, 0.3),))
    story = protected(protection, script=Ranges(1.7, BTC_USDT=ALWAYS_IN))
    bar(bar(story, 2, 100, 102.123456, 99, 101.7), 3, 101.7, 103.3, 101, 102.9)
    memory = json.loads(json.dumps(remember(story.desk)))

    fresh = Story(Ranges(1.7, BTC_USDT=ALWAYS_IN), protection=protection)
    recall(fresh.desk, memory)

    assert fresh.desk.guards == story.desk.guards != {}
    assert fresh.desk.lines == story.desk.lines


def test_what_was_bought_without_protection_gets_it_with_the_next_candle():
    story = bar(protected(Protection()), 2, 100, 101, 99, 100)
    memory = remember(story.desk)
    fresh = Story(Script(BTC_USDT=ALWAYS_IN), protection=Protection(stop=0.02))
    recall(fresh.desk, memory)

    bar(bar(fresh, 3, 100, 100, 95, 99), 4, 99, 99, 97, 98)

    assert told(fresh) == [("sell", "98", "stop")]
    assert fresh.fills[-1].at == close_of(4)


@pytest.mark.parametrize("words", [{"atr_stop": 3.0}, {"atr_trail": 3.0}])
def test_what_is_held_while_nobody_knows_the_range_waits_for_it_and_keeps_its_plain_stop(words):
    story = bar(protected(Protection()), 2, 100, 101, 99, 100)
    stories = []
    for known, low in ((None, 95), (2.0, 95), (2.0, 93), (None, 89)):
        fresh = Story(Ranges(None, BTC_USDT=ALWAYS_IN), protection=Protection(stop=0.1, **words))
        recall(fresh.desk, remember(story.desk))
        bar(fresh, 3, 100, 100, 98, 99)
        fresh.desk.answers.swing = known
        bar(bar(fresh, 4, 99, 99, 98, 99), 5, 99, 99, low, 97)
        stories.append(told(fresh))

    kind = "stop" if "atr_stop" in words else "trailing_stop"
    assert stories == [[], [], [("sell", "94", kind)], [("sell", "90", "stop")]]
