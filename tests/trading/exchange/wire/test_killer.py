"""The way out: it shares nothing with a stuck client, and requests are kept for it."""

import asyncio
from decimal import Decimal

from tests.trading.exchange.wire.conftest import ID, an_order
from trading.clock import wall_clock
from trading.domain.keys import Credentials
from trading.domain.order import OrderKind, Side
from trading.exchange import counter, library
from trading.execution.venue import Accepted, Denied, Doubtful, Why
from trading.seating import ccxt_ways
from trading.settings import Settings


class Safe:
    """Has the one key of the fake."""

    async def credentials(self, account, purpose):
        return Credentials(account=account, exchange="binance", purpose=purpose, key="key", secret="secret")


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


async def test_the_first_cancel_of_a_kill_waits_for_nothing_and_nobody_however_long_ago_it_was_made_ready(
    venue, binance, monkeypatch
):
    await venue.send(an_order(limit_price=Decimal(90)))
    killer = venue.killer()
    await killer.warm_up()
    monkeypatch.setattr(counter, "_FRESH", -1.0)
    asked = sum(binance.asked.values())

    canceled = await killer.cancel("BTC/USDT", ID, None)

    assert isinstance(canceled, Accepted)
    assert sum(binance.asked.values()) == asked + 1
    await killer.close()


async def test_the_first_look_of_a_kill_at_an_order_is_one_question(venue, binance):
    await venue.send(an_order(limit_price=Decimal(90)))
    killer = venue.killer()
    await killer.warm_up()
    asked = sum(binance.asked.values())

    found = await killer.order("BTC/USDT", ID, None)

    assert found is not None
    assert sum(binance.asked.values()) == asked + 1
    await killer.close()


async def test_a_killer_sells_by_the_markets_that_the_desk_has_loaded_since(venue, binance):
    killer = venue.killer()
    await killer.warm_up()
    desk = await venue.reads.exchange()
    desk.markets = {**desk.markets, "ETH/USDT": {**desk.markets["ETH/USDT"], "active": False}}
    asked = sum(binance.asked.values())

    answer = await killer.send(an_order(symbol="ETH/USDT", side=Side.SELL, reduce_only=True))

    assert isinstance(answer, Denied) and answer.why is Why.MARKET
    assert sum(binance.asked.values()) == asked
    await killer.close()


async def test_an_account_that_has_taken_its_seat_is_ready_to_be_killed(binance, monkeypatch):
    account = {"mode": "live", "exchange": "binance", "exchange_options": binance.exchange_options()}
    way = await ccxt_ways(Settings.model_validate({"accounts": {"main": account}}), Safe(), wall_clock)(
        "main"
    )
    await way.venue.send(an_order(limit_price=Decimal(90)))
    asked, made = sum(binance.asked.values()), []
    monkeypatch.setattr(library, "open_exchange", lambda *words: made.append(words))

    canceled = await way.killer.cancel("BTC/USDT", ID, None)

    assert isinstance(canceled, Accepted)
    assert (made, sum(binance.asked.values())) == ([], asked + 1)
    await way.close()
