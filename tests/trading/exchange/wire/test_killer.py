"""The way out: it shares nothing with a stuck client, and requests are kept for it."""

import asyncio
from decimal import Decimal

from tests.trading.exchange.wire.conftest import ID, an_order
from trading.domain.order import OrderKind, Side
from trading.execution.venue import Accepted, Denied, Doubtful, Why


async def test_a_stuck_client_does_not_hold_up_a_kill(venue, binance):
    await venue.send(an_order(limit_price=Decimal(90)))
    binance.fail("POST order", hang=True)
    stuck = asyncio.create_task(venue.send(an_order(client_id="twstuck")))
    killer = venue.killer()
    loads = binance.asked["exchangeInfo"]

    canceled = await killer.cancel("BTC/USDT", ID, None)
    sold = await killer.send(
        an_order(
            client_id="twkill",
            side=Side.SELL,
            kind=OrderKind.MARKET,
            limit_price=None,
            amount=Decimal(2),
            reduce_only=True,
        )
    )
    waited_for_the_stuck = stuck.done()

    assert isinstance(canceled, Accepted) and isinstance(sold, Accepted)
    assert not waited_for_the_stuck
    assert binance.asked["exchangeInfo"] == loads
    assert binance.account.truth.open() == []
    assert binance.account.truth.total("BTC") == 0
    assert isinstance(await stuck, Doubtful)
    await killer.close()


async def test_orders_leave_requests_for_the_kill(venue, binance):
    killer = venue.killer()
    await killer.warm_up()
    answers = [
        await venue.send(an_order(client_id=f"tw{n}", amount=Decimal("0.06"), limit_price=Decimal(90)))
        for n in range(30)
    ]
    placed = sum(isinstance(answer, Accepted) for answer in answers)
    waits = venue._budget.wait(reserved=False), venue._budget.wait(reserved=True)

    for n in range(placed):
        assert isinstance(await killer.cancel("BTC/USDT", f"tw{n}", None), Accepted)

    assert placed >= 10
    assert waits[0] > 0.0 == waits[1]
    assert binance.account.truth.open() == []
    await killer.close()


async def test_what_the_venue_told_one_the_other_knows(venue, binance):
    killer = venue.killer()
    await killer.warm_up()
    binance.fail("POST order", status=429, body="{}", headers={"Retry-After": "30"})
    await venue.send(an_order())

    answer = await killer.send(an_order(client_id="twkill", side=Side.SELL, reduce_only=True))

    assert isinstance(answer, Denied) and answer.why is Why.RATE
    assert binance.asked["order"] == 1
    await killer.close()
