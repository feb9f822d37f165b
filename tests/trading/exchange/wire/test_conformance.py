"""Six venues on the wire, each in its own words: what ccxt sends for us, and what we make of the answers.

Run again on every new version of ccxt: names of fields and classes of errors have changed before.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.fakes.scripted import Scripted
from tests.trading.exchange.wire.conftest import QUICK
from tests.trading.exchange.wire.speeches import AT, ID, Speech
from tests.trading.exchange.wire.speeches_more import SPEECHES
from trading.domain.order import OrderKind, Side
from trading.exchange.venue import CcxtVenue
from trading.exchange.wire import Errand, Guarded, trip
from trading.execution.venue import Accepted, Balance, Denied, Doubtful, Request, Standing, Unreachable, Why

LATELY = datetime.fromtimestamp(AT / 1000, UTC) - timedelta(hours=1)

each = pytest.mark.parametrize("speech", SPEECHES, ids=lambda speech: speech.exchange_id)


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    async with Scripted() as running:
        yield running


@pytest.fixture
async def venue(server: Scripted, speech: Speech) -> AsyncIterator[CcxtVenue]:
    speech.markets(server)
    options = {
        "apiKey": "key",
        "secret": "secret",
        "timeout": 1500,
        "timeout_on_exit": 1,
        "rateLimit": 1,
        "urls": {"api": dict.fromkeys(("rest", "public", "private", "spot", "v2", "futures"), server.base)},
    }
    opened = CcxtVenue(
        speech.exchange_id, options | speech.options, lambda: LATELY + timedelta(hours=2), patience=QUICK
    )
    await opened.warm_up()
    server.seen.clear()
    yield opened
    await opened.close()


def buy(speech: Speech, **but: object) -> Request:
    words = {
        "client_id": ID,
        "symbol": speech.symbol,
        "side": Side.BUY,
        "kind": OrderKind.LIMIT,
        "amount": Decimal("0.5"),
        "limit_price": Decimal(speech.price),
        "reference_price": Decimal(speech.price),
    }
    return Request(**(words | but))


@each
async def test_an_order_is_one_post_with_our_id_and_exact_numbers(venue, server, speech):
    server.on("POST", speech.place, speech.placed)

    answer = await venue.send(buy(speech))

    assert isinstance(answer, Accepted) and answer.exchange_id
    assert len(server.seen) == 1 and server.seen[0].method == "POST"
    client_id, amount, price = speech.said(server.seen[0])
    assert client_id == speech.sent_id
    assert (amount, Decimal(price)) == ("0.5", Decimal(speech.price))


@each
async def test_an_order_says_until_when_it_may_be_executed_where_a_venue_hears_that(venue, server, speech):
    server.on("POST", speech.place, speech.placed)
    began = datetime.now(UTC)

    await venue.send(buy(speech))

    (seen,) = server.seen
    headers = {name.lower(): value for name, value in seen.headers.items()}
    match speech.exchange_id:
        case "okx":
            until = datetime.fromtimestamp(int(headers["exptime"]) / 1000, UTC)
        case "bybit":
            until = began + timedelta(milliseconds=int(headers["x-bapi-recv-window"]))
        case "kraken":
            until = datetime.fromisoformat(seen.words["deadline"])
        case _:
            assert venue.profile.request_expiry is None
            return
    assert timedelta(seconds=3) < until - began <= timedelta(seconds=6)


@each
async def test_a_market_buy_names_what_this_venue_wants(venue, server, speech):
    server.on("POST", speech.place, speech.placed)

    await venue.send(buy(speech, kind=OrderKind.MARKET, limit_price=None))

    assert speech.bought(server.seen[0]) == speech.buys


@each
async def test_a_market_buy_by_cost_without_a_price_stays_at_home(venue, server, speech):
    answer = await venue.send(buy(speech, kind=OrderKind.MARKET, limit_price=None, reference_price=None))

    if venue.facts.buys_by_cost:
        assert isinstance(answer, Denied) and answer.why is Why.NOT_SENT
        assert server.seen == []
    else:
        assert len(server.seen) == 1


@each
async def test_a_stop_rests_where_a_venue_takes_it_and_stays_at_home_where_not(venue, server, speech):
    server.on("POST", speech.place, speech.placed)
    level = Decimal(speech.price) * Decimal("0.9")
    stop = buy(speech, side=Side.SELL, kind=OrderKind.MARKET, limit_price=None, stop_price=level)

    answer = await venue.send(stop)

    if venue.profile.has_stops:
        (seen,) = server.seen
        assert isinstance(answer, Accepted)
        assert speech.exchange_id == "kraken"
        said = [seen.words[name] for name in ("cl_ord_id", "ordertype", "type", "price", "volume")]
        assert said == [speech.sent_id, "stop-loss", "sell", "90", "0.5"]
    else:
        assert isinstance(answer, Denied) and answer.why is Why.NOT_SENT
        assert server.seen == []


@each
async def test_refusals_on_the_list_are_definite(venue, server, speech):
    for status, body, why in speech.refusals:
        venue._budget._quiet_until = float("-inf")
        server.on("POST", speech.place, body, status)

        answer = await venue.send(buy(speech))

        assert isinstance(answer, Denied), (body, answer)
        assert answer.why is why, body


@each
async def test_everything_else_is_doubtful(venue, server, speech):
    lost = [(500, {}), (502, "<html>"), (504, ""), (200, ""), (200, "{"), (200, {}), (404, {})]
    for status, body in (*speech.doubts, *lost):
        server.seen.clear()
        server.on("POST", speech.place, body, status)

        answer = await venue.send(buy(speech))

        assert isinstance(answer, Doubtful), (status, body, answer)
        assert len(server.changes) == 1


@each
async def test_an_order_is_found_by_our_id_exactly_as_it_is(venue, server, speech):
    speech.shows(server)

    found = await venue.order(speech.symbol, ID, None)

    assert found.client_id == ID
    assert (found.side, found.amount, found.price) == (Side.BUY, Decimal("0.5"), Decimal(100))
    assert (found.filled, found.average_price) == (Decimal("0.2"), Decimal("99.5"))
    assert (found.standing, found.created_at) == (Standing.OPEN, datetime.fromtimestamp(AT / 1000, UTC))


@each
async def test_an_order_that_is_not_there_is_none_and_an_error_is_unreachable(venue, server, speech):
    speech.hides(server)
    assert await venue.order(speech.symbol, ID, None) is None

    broken = Scripted.on
    for method in ("GET", "POST"):
        broken(server, method, "", {}, 500)
    with pytest.raises(Unreachable):
        await venue.order(speech.symbol, ID, None)


@each
async def test_open_and_closed_orders(venue, server, speech):
    speech.shows(server)

    (opened,) = await venue.open_orders([speech.symbol])
    (closed,) = await venue.closed_orders([speech.symbol], LATELY)

    assert (opened.client_id, opened.standing) == (ID, Standing.OPEN)
    assert (closed.exchange_id in ("9", "O9"), closed.client_id, closed.standing) == (
        True,
        None,
        Standing.CANCELED,
    )


@each
async def test_trades_from_the_list_or_from_the_order(venue, server, speech):
    speech.shows(server)

    (trade,) = await venue.trades([speech.symbol], LATELY)

    assert trade.id and trade.exchange_id
    assert (trade.side, trade.amount, trade.price) == (Side.BUY, Decimal("0.2"), Decimal("99.5"))
    assert (trade.fee, trade.fee_currency) == (Decimal("0.0199"), speech.fee_currency)
    assert trade.at == datetime.fromtimestamp(AT / 1000 + 4, UTC)


@each
async def test_balances(venue, server, speech):
    speech.shows(server)

    assert (await venue.balances())["BTC"] == Balance(Decimal("0.3"), Decimal("0.1"))


@each
async def test_a_cancel_is_one_request_and_too_late_is_told_by_the_order(venue, server, speech):
    speech.shows(server)
    server.on(*speech.cancel, speech.canceled)
    assert isinstance(await venue.cancel(speech.symbol, ID, None), Accepted)
    assert len(server.asked(*speech.cancel)) == 1

    status, body = speech.gone
    server.on(*speech.cancel, body, status)
    assert isinstance(await venue.cancel(speech.symbol, ID, None), Doubtful)  # shown as open all the same

    speech.hides(server)
    assert isinstance(await venue.cancel(speech.symbol, ID, None), Denied)


@each
async def test_two_clients_of_one_key_never_use_a_number_twice(venue, server, speech):
    if not venue.facts.counts:
        return
    speech.shows(server)
    killer = venue.killer()

    await asyncio.gather(*(v.open_orders([speech.symbol]) for v in (venue, killer) for _ in range(5)))
    await killer.close()

    numbers = [int(seen.words["nonce"]) for seen in server.changes]
    assert len(numbers) == 10 and len(set(numbers)) == 10


@each
async def test_money_cannot_leave(venue, server, speech):
    exchange = await venue._counter.warm()

    for path in (
        "/withdraws/coin",
        "/capital/withdraw/apply",
        "/v1/withdraws/x",
        "/asset/transfer",
        "/accounts/1/transactions",
    ):
        for method in ("GET", "POST"):
            with trip(Errand.READ), pytest.raises(Guarded, match="money out"):
                await exchange.fetch(server.base + path, method)
    assert server.seen == []


@each
async def test_questions_change_nothing(venue, server, speech):
    exchange = await venue._counter.warm()

    for errand in (None, Errand.READ, Errand.CANCEL):
        with trip(errand) if errand else nullcontext(), pytest.raises(Guarded):
            await exchange.fetch(server.base + speech.place, "POST", None, "{}")
    assert server.seen == []
