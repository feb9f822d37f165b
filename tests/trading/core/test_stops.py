"""Which stops should rest at an exchange, and what the desk makes of one that was filled there."""

from decimal import Decimal

import pytest

from tests.builders import HOUR, START, a_candle
from tests.trading.core.desks import Script, Story, close_of
from trading.core.stops import stops
from trading.domain.events import CandlesClosed, KillAsked, OrderFilled
from trading.domain.order import Fill, Reason, Side
from trading.domain.protection import Protection

BTC = "BTC/USDT"


def bought(protection: Protection, script: Script | None = None) -> Story:
    """Half of 10,000 at 100, since the open of candle 2."""
    story = Story(script or Script(BTC_USDT={1: 1.0}), protection=protection)
    story.close(1, {BTC: (100.0, 100.0)})
    return bar(story, 2, high=100.0)


def bar(story: Story, number: int, high: float) -> Story:
    opened_at = START + (number - 1) * HOUR.length
    candle = a_candle(symbol=BTC, opened_at=opened_at, open=100.0, high=high, low=99.5, close=99.75)
    story.session.step(CandlesClosed(candle.closed_at, (candle,)))
    return story


def sold_there(story: Story, amount: Decimal) -> None:
    """The exchange has filled a stop of this desk."""
    fill = Fill(
        id="7",
        client_id="a stop",
        sleeve="ema_cross",
        symbol=BTC,
        side=Side.SELL,
        amount=amount,
        price=Decimal(98),
        fee=Decimal(0),
        fee_currency="USDT",
        at=close_of(2),
        reason=Reason.STOP,
    )
    story.session.step(OrderFilled(close_of(2), fill))


def found(story: Story) -> list[tuple[Decimal, str, Reason]]:
    return [(stop.amount, f"{stop.price}", stop.reason) for stop in stops(story.desk)]


def test_a_position_has_one_of_its_size_at_the_level_the_desk_itself_watches():
    story = bought(Protection(stop=0.02))

    (stop,) = stops(story.desk)

    assert (stop.key, stop.amount) == (("ema_cross", BTC), story.desk.book.held("ema_cross", BTC))
    assert (stop.price, stop.reason) == (Decimal("98.00"), Reason.STOP)


def test_the_nearer_of_stop_and_trail_counts_and_the_trail_moves_with_each_high():
    story = bought(Protection(stop=0.02, trail=0.03))
    near = found(story)
    bar(story, 3, high=104.0)

    assert [(price, why) for _, price, why in near] == [("98.00", Reason.STOP)]
    assert [(price, why) for _, price, why in found(story)] == [("100.88", Reason.TRAILING_STOP)]


def test_while_a_position_must_be_held_only_the_stop_rests():
    story = bought(Protection(stop=0.02, trail=0.001, min_hold=3))
    held_back = found(story)
    for number in (3, 4):
        bar(story, number, high=100.0)

    assert [why for *_, why in held_back] == [Reason.STOP]
    assert [why for *_, why in found(story)] == [Reason.TRAILING_STOP]


@pytest.mark.parametrize("protection", [Protection(), Protection(take=0.05), Protection(time_stop=9)])
def test_without_a_level_below_it_a_position_has_none(protection):
    assert found(bought(protection)) == []


def test_what_is_too_little_for_the_exchange_has_none():
    story = bought(Protection(stop=0.02))
    sold_there(story, story.desk.book.held("ema_cross", BTC) - Decimal("0.05"))

    assert story.desk.book.held("ema_cross", BTC) == Decimal("0.05")
    assert found(story) == []  # five dollars are asked for


def test_a_killed_desk_wants_none_and_neither_does_one_that_has_no_market_of_it_any_more():
    killed, gone = bought(Protection(stop=0.02)), bought(Protection(stop=0.02))
    killed.session.step(KillAsked(close_of(2), "a test", "ann"))
    gone.desk.instruments = {}

    assert found(killed) == found(gone) == []


def test_one_that_the_exchange_has_filled_keeps_the_desk_out_until_its_strategy_was_out():
    script = Script(BTC_USDT={1: 1.0, 5: 0.0, 6: 1.0})
    story = bought(Protection(stop=0.02), script)
    sold_there(story, story.desk.book.held("ema_cross", BTC))
    for number in range(3, 8):
        bar(story, number, high=100.0)

    assert [(fill.side, fill.reason) for fill in story.fills] == [
        (Side.BUY, Reason.SIGNAL),
        (Side.SELL, Reason.STOP),
        (Side.BUY, Reason.SIGNAL),
    ]
    assert story.fills[-1].at == close_of(6)
