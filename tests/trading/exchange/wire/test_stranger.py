"""An exchange of which nothing is known: the same Binance, with its facts taken away."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.trading.exchange.wire.conftest import ID, an_order
from trading.domain.order import OrderKind, Side
from trading.exchange import atlas
from trading.execution.venue import Accepted, Denied, Doubtful, Standing, Unreachable, Why


@pytest.fixture
async def stranger(open_venue, monkeypatch):
    monkeypatch.delitem(atlas.FACTS, "binance")
    venue = open_venue()
    await venue.warm_up()
    return venue


async def test_it_trades_with_the_most_careful_profile(stranger, binance):
    sent = await stranger.send(an_order(limit_price=Decimal(90)))
    found = await stranger.order("BTC/USDT", ID, None)

    assert stranger.profile.request_expiry is None
    assert isinstance(sent, Accepted) and found.exchange_id == sent.exchange_id
    assert (found.standing, found.amount, found.price) == (Standing.OPEN, Decimal("0.5"), Decimal(90))
    assert isinstance(await stranger.cancel("BTC/USDT", ID, None), Accepted)
    assert binance.account.truth.open() == []


async def test_no_refusal_is_certain_there(stranger, binance):
    answer = await stranger.send(an_order(amount=Decimal(50)))

    assert isinstance(answer, Doubtful)
    assert await stranger.order("BTC/USDT", ID, None) is None


async def test_trades_and_money_are_read_the_common_way(stranger):
    await stranger.send(an_order(kind=OrderKind.MARKET, limit_price=None))

    (trade,) = await stranger.trades(["BTC/USDT"], datetime.now(UTC) - timedelta(hours=1))

    assert (trade.side, trade.amount) == (Side.BUY, Decimal("0.5"))
    assert (await stranger.balances())["BTC"].total == Decimal("2.4995")


async def test_an_exchange_that_would_drop_our_id_is_sent_nothing(stranger, binance, monkeypatch):
    exchange = await stranger._counter.warm()
    make = exchange.create_order_request
    monkeypatch.setattr(
        exchange,
        "create_order_request",
        lambda *words: {**make(*words), "newClientOrderId": "x-of-its-own"},
    )

    answer = await stranger.send(an_order())

    assert isinstance(answer, Denied) and answer.why is Why.NOT_SENT
    assert "without our order id" in answer.reason
    assert binance.account.posts() == []


async def test_markets_that_can_only_be_had_by_changing_something_are_not_had(open_venue, monkeypatch):
    monkeypatch.delitem(atlas.FACTS, "binance")
    venue = open_venue()
    exchange = await venue.reads.exchange()
    monkeypatch.setattr(exchange, "load_markets", lambda *_: exchange.private_post_order({}))

    answer = await venue.send(an_order())
    with pytest.raises(Unreachable, match="Nothing was sent"):
        await venue.open_orders(["BTC/USDT"])

    assert isinstance(answer, Denied) and answer.why is Why.NOT_SENT


async def test_a_second_request_behind_an_order_is_stopped(stranger, binance, monkeypatch):
    exchange = await stranger._counter.warm()
    create = exchange.create_order

    async def twice(*words):
        await create(*words)
        return await create(*words)

    monkeypatch.setattr(exchange, "create_order", twice)

    answer = await stranger.send(an_order())

    assert isinstance(answer, Doubtful)
    assert len(binance.account.posts()) == 1
