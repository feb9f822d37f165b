"""An account on Upbit, whose ids burn, whose market buys name a cost, and which lists no trades."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.fakes.binance_streams import eventually
from tests.fakes.upbit import SECRET, FakeUpbit
from tests.trading.exchange.wire.conftest import ID, QUICK
from trading.clock import wall_clock
from trading.domain.market import Timeframe
from trading.domain.order import OrderKind, Side
from trading.exchange.client import CcxtMarket
from trading.exchange.venue import CcxtVenue
from trading.execution.venue import Accepted, Denied, Doubtful, Request, Standing, Unreachable, Why

MINUTE = timedelta(minutes=1)
PRICE = Decimal(100_000_000)


def lately() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
async def upbit() -> AsyncIterator[FakeUpbit]:
    """BTC trades at 100 million won; the account has 10 million won and 1 BTC."""
    async with FakeUpbit(wall_clock) as server:
        server.move("BTC/KRW", PRICE)
        server.truth.give("KRW", "10000000")
        server.truth.give("BTC", "1")
        yield server


@pytest.fixture
async def venue(upbit: FakeUpbit) -> AsyncIterator[CcxtVenue]:
    options = upbit.exchange_options(apiKey="key", secret=SECRET)
    opened = CcxtVenue("upbit", options, wall_clock, patience=QUICK)
    await opened.warm_up()
    yield opened
    await opened.close()


def an_order(**but: object) -> Request:
    words = {
        "client_id": ID,
        "symbol": "BTC/KRW",
        "side": Side.BUY,
        "kind": OrderKind.MARKET,
        "amount": Decimal("0.01"),
        "limit_price": None,
        "reference_price": PRICE,
    }
    return Request(**(words | but))


async def test_a_market_buy_names_its_cost_in_whole_won(venue, upbit):
    answer = await venue.send(an_order(amount=Decimal("0.01234567"), reference_price=Decimal(99_999_000)))

    (words,) = upbit.posts()
    assert isinstance(answer, Accepted)
    assert words == {
        "market": "KRW-BTC",
        "side": "bid",
        "ord_type": "price",
        "price": "1234554",
        "identifier": ID,
    }


async def test_what_a_buy_by_cost_filled_is_told_exactly(venue, upbit):
    upbit.truth.quote("BTC/KRW", [], [(PRICE, Decimal("0.004")), (PRICE + 1000, Decimal("1"))])

    sent = await venue.send(an_order())
    found = await venue.order("BTC/KRW", ID, None)
    first, second = await venue.trades(["BTC/KRW"], lately())

    assert found.exchange_id == sent.exchange_id
    assert found.standing is Standing.FILLED
    assert found.by_cost and found.amount == found.filled == first.amount + second.amount
    assert (first.amount, first.price, first.fee, first.fee_currency) == (
        Decimal("0.004"),
        PRICE,
        Decimal(200),
        "KRW",
    )
    assert first.fee + second.fee == upbit.truth.find(client_id=ID).fees
    spent = sum(t.amount * t.price + t.fee for t in (first, second))
    assert (await venue.balances())["KRW"].total == Decimal(10_000_000) - spent


async def test_trades_of_a_growing_order_keep_their_numbers_and_fees(venue, upbit):
    sent = await venue.send(an_order(kind=OrderKind.LIMIT, limit_price=Decimal(90_000_000)))
    order = upbit.truth.find(client_id=ID)
    upbit.truth.fill(order.id, "0.003")

    (early,) = await venue.trades(["BTC/KRW"], lately())
    upbit.truth.fill(order.id, "0.007")
    later = await venue.trades(["BTC/KRW"], lately())
    again = await venue.trades(["BTC/KRW"], lately())

    assert early in later and later == again
    assert [(t.amount, t.exchange_id) for t in later] == [
        (Decimal("0.003"), sent.exchange_id),
        (Decimal("0.007"), sent.exchange_id),
    ]
    assert sum(t.fee for t in later) == order.fees


async def test_closed_orders_are_asked_for_their_details_once(venue, upbit):
    for n in range(5):
        await venue.send(an_order(client_id=f"tw{n}"))
    await venue.trades(["BTC/KRW"], lately())
    asked = upbit.asked["order"]

    assert len(await venue.trades(["BTC/KRW"], lately())) == 5
    assert upbit.asked["order"] == asked == 5


async def test_a_burned_id_with_nothing_behind_it_is_doubtful_and_not_there(venue, upbit):
    upbit.truth.free["KRW"] = Decimal(0)
    refused = await venue.send(an_order())
    upbit.truth.give("KRW", "10000000")

    again = await venue.send(an_order())

    assert refused.why is Why.FUNDS
    assert isinstance(again, Doubtful)
    assert await venue.order("BTC/KRW", ID, None) is None
    assert upbit.truth.orders == {}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    "fault", [{"drop": True}, {"status": 500, "body": "{}"}, {"status": 200, "body": "<html>"}]
)
async def test_a_lost_answer_is_doubtful_and_found_by_its_id(venue, upbit, fault, after):
    upbit.fail("POST orders", after=after, **fault)

    answer = await venue.send(an_order())
    found = await venue.order("BTC/KRW", ID, None)

    assert isinstance(answer, Doubtful)
    assert len(upbit.posts()) == int(after)
    assert (found is not None) == after


@pytest.mark.parametrize(
    ("but", "sentence"),
    [
        (
            {"kind": OrderKind.LIMIT, "limit_price": Decimal(90_000_500)},
            "upbit takes prices in steps of 1000; 90000500 would be 90000000.",
        ),
        (
            {"amount": Decimal("0.00001")},
            "upbit takes orders from 5000 KRW on; this one is worth 1000.",
        ),
    ],
)
async def test_what_does_not_fit_burns_no_id(venue, upbit, but, sentence):
    assert await venue.send(an_order(**but)) == Denied(Why.FILTER, sentence)
    assert upbit.truth.burned == set()


async def test_orders_by_hand_are_seen_and_cancels_go_by_identifier(venue, upbit):
    upbit.by_hand("BTC/KRW", "sell", amount=Decimal("0.1"), price=Decimal(120_000_000))
    await venue.send(an_order(kind=OrderKind.LIMIT, limit_price=Decimal(90_000_000)))

    assert [o.side for o in await venue.open_orders(["BTC/KRW"])] == [Side.SELL, Side.BUY]
    assert isinstance(await venue.cancel("BTC/KRW", ID, None), Accepted)
    assert (await venue.order("BTC/KRW", ID, None)).standing is Standing.CANCELED
    assert len(upbit.truth.open()) == 1

    assert isinstance(await venue.cancel("BTC/KRW", ID, None), Accepted)  # it is closed already


async def test_deposits_and_withdrawals(venue, upbit):
    upbit.truth.carry("KRW", "50000")
    upbit.truth.carry("BTC", "-0.25")

    assert [(t.asset, t.amount) for t in await venue.transfers(lately())] == [
        ("KRW", Decimal(50000)),
        ("BTC", Decimal("-0.25")),
    ]


async def test_a_wrong_key_is_told(upbit):
    options = upbit.exchange_options(apiKey="key", secret="another secret that is as long as that")
    venue = CcxtVenue("upbit", options, wall_clock, patience=QUICK)

    answer = await venue.send(an_order())
    with pytest.raises(Unreachable, match=r"^upbit does not accept the key\.$"):
        await venue.balances()
    await venue.close()

    assert isinstance(answer, Denied) and answer.why is Why.KEY


async def test_a_market_on_upbit_reads_candles_and_hears_trades(upbit):
    now = wall_clock().replace(second=0, microsecond=0)
    for back in range(10):
        upbit.books.write("KRW-BTC", now - back * MINUTE, (1.0, 3.0, 0.5, 2.0, 10.0))
    market = CcxtMarket("upbit", upbit.exchange_options(), wall_clock, patience=QUICK)

    candles = await market.candles("BTC/KRW", Timeframe(60), now - 5 * MINUTE, now)
    hints = market.hints(("BTC/KRW",), Timeframe(60))
    hearing = asyncio.create_task(anext(hints))
    await eventually(lambda: upbit.listeners == 1)
    later = upbit.clock
    await upbit.push_trade("BTC/KRW", PRICE)
    upbit.clock = lambda: later() + MINUTE
    await upbit.push_trade("BTC/KRW", PRICE)

    assert [c.close for c in candles] == [2.0] * 5
    async with asyncio.timeout(5):
        assert await hearing == "BTC/KRW"
    await hints.aclose()
    await market.close()


async def test_the_time_is_read_off_the_answers(venue):
    assert abs(await venue.clock_offset()) < timedelta(seconds=1)

    venue._clock = lambda: wall_clock() - timedelta(minutes=5)
    assert abs(await venue.clock_offset() - timedelta(minutes=5)) < timedelta(seconds=3)


@pytest.mark.parametrize(
    "broken", ['"price": "x"', '"trades": [null]', '"executed_volume": "-"', '"trades": [{}]']
)
async def test_details_that_make_no_sense_are_no_answer(venue, upbit, broken):
    await venue.send(an_order())
    upbit.fail(
        "GET order",
        body=f'{{"uuid": "u", "side": "bid", "ord_type": "price", "state": "done", {broken}}}',
        status=200,
    )

    with pytest.raises(Unreachable, match=r"makes no sense|without|neither"):
        await venue.order("BTC/KRW", ID, None)

    assert (await venue.order("BTC/KRW", ID, None)).standing is Standing.FILLED
