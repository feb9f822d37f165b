"""Simulated fills: the next price after the decision, costs included, never more than there is cash."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.builders import START, a_candle, an_account, an_instrument, an_intent, at
from trading.domain.actions import CancelAll, Submit
from trading.domain.errors import Refused
from trading.domain.events import CandlesClosed, OrderChanged, OrderFilled, PricesSeen
from trading.domain.order import Fill, OrderIntent, OrderStatus, Side
from trading.domain.risk import Cleared
from trading.execution.filling import USUAL, Filling
from trading.execution.shadow import Recorded
from trading.execution.sim import Simulated, fee_of
from trading.risk.gate import review
from trading.risk.rules import Case, Limits


def an_executor(
    kind: type[Simulated] = Simulated,
    *,
    cash: str = "10000",
    slippage: str = "0.001",
    fee: str | None = None,
    filling: Filling = USUAL,
) -> Simulated:
    return kind(
        {"BTC/USDT": an_instrument()},
        fee=Decimal(fee) if fee else None,
        slippage=Decimal(slippage),
        cash=lambda: Decimal(cash),
        filling=filling,
    )


def submit(executor: Simulated, intent: OrderIntent) -> list[object]:
    limits = Limits(order_share=1.0, daily_loss=1.0, drawdown=1.0)
    account = an_account(cash="1000000", peak_equity="1000000", day_start_equity="1000000")
    if intent.side is Side.SELL:
        return list(executor.take(Submit(_cleared_sale(intent))))
    case = Case(intent=intent, account=account, instrument=an_instrument(), limits=limits, halts=())
    answer = review(case)
    assert isinstance(answer, Cleared)
    return list(executor.take(Submit(answer)))


def _cleared_sale(intent: OrderIntent) -> Cleared:
    from tests.builders import a_position

    account = an_account(positions=(a_position(quantity=str(intent.amount)),))
    limits = Limits(order_share=1.0, daily_loss=1.0, drawdown=1.0)
    answer = review(Case(intent=intent, account=account, instrument=an_instrument(), limits=limits, halts=()))
    assert isinstance(answer, Cleared)
    return answer


def candle_after(number: int, opened: float) -> CandlesClosed:
    candle = a_candle(opened_at=at(number), open=opened, high=opened + 5, low=opened - 5, close=opened + 1)
    return CandlesClosed(candle.closed_at, (candle,))


def fills_of(events: object) -> list[Fill]:
    return [e.fill for e in events if isinstance(e, OrderFilled)]


def test_a_buy_fills_at_the_next_open_dearer_by_slippage_with_the_fee_in_quote():
    executor = an_executor()
    submit(executor, an_intent(amount="2"))

    (fill,) = fills_of(executor.before(candle_after(0, 100.0)))

    assert (fill.price, fill.amount, fill.at) == (Decimal("100.10"), Decimal(2), START)
    assert (fill.fee, fill.fee_currency) == (Decimal("0.2002"), "USDT")


def test_a_sale_fills_cheaper_by_slippage():
    executor = an_executor()
    submit(executor, an_intent(side=Side.SELL, amount="2", reduce_only=True))

    (fill,) = fills_of(executor.before(candle_after(0, 100.0)))

    assert fill.price == Decimal("99.90")


def test_nothing_fills_at_a_price_from_before_the_decision():
    executor = an_executor()
    submit(executor, an_intent(decided_at=at(3.5)))

    early = fills_of(executor.before(candle_after(3, 90.0)))
    in_time = fills_of(executor.before(candle_after(4, 110.0)))

    assert early == []
    assert [f.at for f in in_time] == [at(4)]


def test_a_quote_fills_sooner_than_the_next_candle_and_only_once():
    executor = an_executor(slippage="0")
    submit(executor, an_intent())

    by_quote = fills_of(executor.before(PricesSeen(at(0.1), {"BTC/USDT": 97.0})))
    by_candle = fills_of(executor.before(candle_after(1, 110.0)))

    assert [(f.price, f.at) for f in by_quote] == [(Decimal(97), at(0.1))]
    assert by_candle == []


def test_an_order_asked_for_twice_is_one_order():
    executor = an_executor()

    first, again = submit(executor, an_intent()), submit(executor, an_intent())

    assert len(first) == 1
    assert again == []
    assert len(fills_of(executor.before(candle_after(0, 100.0)))) == 1


def test_when_the_price_jumped_the_order_fills_for_what_the_cash_can_pay():
    executor = an_executor(cash="1000", slippage="0", fee="0.001")
    submit(executor, an_intent(amount="10"))

    (fill,) = fills_of(executor.before(candle_after(0, 120.0)))

    assert fill.amount == Decimal("8.32500")  # 1000 / (120 x 1.001), rounded down
    assert fill.amount * fill.price + fill.fee <= 1000


def test_an_order_that_the_cash_no_longer_pays_for_expires_and_says_why():
    executor = an_executor(cash="0")
    submit(executor, an_intent())

    events = list(executor.before(candle_after(0, 100.0)))

    assert [(e.order.status, bool(e.order.note)) for e in events] == [(OrderStatus.EXPIRED, True)]


def test_cancelling_takes_back_everything_that_waits():
    executor = an_executor()
    submit(executor, an_intent())

    (event,) = executor.take(CancelAll())

    assert isinstance(event, OrderChanged)
    assert event.order.status is OrderStatus.CANCELED
    assert fills_of(executor.before(candle_after(0, 100.0))) == []
    assert executor.waiting == frozenset()


def test_a_restored_order_fills_under_the_same_fill_id():
    first, second = an_executor(), an_executor()
    (opened,) = submit(first, an_intent())
    (as_it_was,) = fills_of(first.before(candle_after(0, 100.0)))

    second.restore([opened.order])
    (restored,) = fills_of(second.before(candle_after(0, 100.0)))

    assert restored == as_it_was


def test_shadow_says_on_every_order_that_nothing_was_sent():
    executor = an_executor(Recorded)

    (opened,) = submit(executor, an_intent())

    assert opened.order.note == "shadow: recorded, not sent"


def test_at_the_close_an_order_fills_at_the_price_it_was_decided_on():
    executor = an_executor(slippage="0", filling=Filling(at_close=True))

    (fill,) = fills_of(submit(executor, an_intent(price_at_decision="99.5")))

    assert (fill.price, fill.at) == (Decimal("99.50"), START)
    assert executor.waiting == frozenset()


def test_a_late_order_fills_at_the_first_open_after_its_latency():
    executor = an_executor(slippage="0", filling=Filling(latency=timedelta(hours=2)))
    submit(executor, an_intent())

    early = [fills_of(executor.before(candle_after(number, 100.0 + number))) for number in (0, 1)]
    (fill,) = fills_of(executor.before(candle_after(2, 102.0)))

    assert early == [[], []]
    assert (fill.price, fill.at) == (Decimal(102), at(2))


def test_what_a_candles_volume_does_not_give_is_given_back():
    executor = an_executor(
        slippage="0", filling=Filling(volume_share=Decimal("0.1"))
    )  # 10 BTC are traded an hour
    submit(executor, an_intent(amount="3"))

    events = list(executor.before(candle_after(0, 100.0)))

    assert [fill.amount for fill in fills_of(events)] == [Decimal(1)]
    last = events[-1].order
    assert (last.status, last.filled, bool(last.note)) == (OrderStatus.EXPIRED, Decimal(1), True)


def test_two_orders_share_one_candles_volume():
    executor = an_executor(slippage="0", filling=Filling(volume_share=Decimal("0.1")))
    submit(executor, an_intent(amount="0.7"))
    submit(executor, an_intent(amount="0.7", client_id="tw-2", sleeve="rsi"))

    fills = fills_of(executor.before(candle_after(0, 100.0)))

    assert [fill.amount for fill in fills] == [Decimal("0.7"), Decimal("0.3")]


def test_all_in_spends_its_share_of_the_cash_at_the_price_it_fills_at_fee_included():
    executor = an_executor(cash="1000", slippage="0", fee="0.002", filling=Filling(all_in=Decimal("0.9999")))
    submit(executor, an_intent(amount="1"))

    (fill,) = fills_of(executor.before(candle_after(0, 80.0)))

    assert fill.amount == Decimal("12.47380")  # 0.9999 x 1000 / (80 x 1.002), rounded down
    assert fill.amount * fill.price + fill.fee <= Decimal("999.9")


def test_an_order_whose_level_was_touched_fills_there_at_once():
    executor = an_executor(slippage="0.001")
    sale = an_intent(side=Side.SELL, amount="1", reduce_only=True, touched=Decimal(95))

    (fill,) = fills_of(submit(executor, sale))

    assert (fill.price, fill.at) == (Decimal("94.90"), START)  # 94.905, rounded to cents


def test_money_that_cannot_be_counted_to_the_last_digit_is_refused_and_not_rounded():
    assert fee_of(Decimal("1234567890123456.78"), Decimal("0.001")) == Decimal("1234567890123.45678")

    for count in (lambda: fee_of(Decimal(10) ** 20, Decimal("0.001")), lambda: an_instrument().amount(1e30)):
        with pytest.raises(Refused, match="more than can be counted to the last digit"):
            count()
