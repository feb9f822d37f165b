"""A loopback server that speaks Binance's spot market data, REST and WebSocket, and fails on demand."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from aiohttp import web

from tests.fakes.binance_account import BinanceAccount, Key, Rejected
from tests.fakes.binance_books import MINUTE, Books, Listing, market_id
from tests.fakes.binance_streams import Streams, eventually, kline_event, trade_event
from tests.fakes.binance_user import UserStream
from tests.fakes.faults import Faults
from tests.fakes.walk import Walk, arguments, toml
from trading.clock import wall_clock

__all__ = ["FakeBinance", "Listing", "Rejected", "eventually"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LISTED = (
    Listing("BTC/USDT"),
    Listing("ETH/USDT"),
    Listing("SOL/USDT", tick="0.001", step="0.01", least="10"),
)


class FakeBinance(Streams, Faults):
    """`async with FakeBinance(clock) as binance:` and give ccxt `binance.exchange_options()`.

    Its time is the clock's, so a candle is unfinished until the test moves the clock past its end. Endpoints
    are named by the end of their path: "klines", "ticker/24hr", with their method where it matters: "POST order".
    New ones come by `route`. `account` is the signed side: its key, money and orders.
    """

    def __init__(self, clock: Callable[[], datetime], listed: Iterable[Listing] = LISTED) -> None:
        Streams.__init__(self)
        Faults.__init__(self)
        self.clock = clock
        self.listed = {listing.id: listing for listing in listed}
        self.books = Books()
        self.asked: Counter[str] = Counter()  # requests by endpoint
        self._routes: dict[tuple[str, str], Handler] = {}
        self._runner: web.AppRunner | None = None
        self.base = ""
        for name, handler in {
            "ping": self._ping,
            "time": self._time,
            "exchangeInfo": self._exchange_info,
            "klines": self._klines,
            "ticker/24hr": self._tickers,
            "ticker/price": self._tickers,
            "depth": self._depth,
            "trades": self._trades,
            "aggTrades": self._aggregated_trades,
        }.items():
            self.route("GET", name, handler)
        rules = [listing.rules() for listing in self.listed.values()]
        self.account = BinanceAccount(rules, clock, lambda market: self.books.last(market, self.clock()))
        self._routes.update(self.account.routes())
        self.user = UserStream(self.account)

    # --- running ----------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        return await self.start(0)

    async def start(self, port: int) -> Self:
        """Listen on a port of this machine; 0 takes any."""
        app = web.Application()
        app.router.add_route("*", "/api/v3/{name:.+}", self._rest)
        app.router.add_get("/ws-api/v3", self.user.serve)
        app.router.add_get("/{kind:ws|stream}{tail:.*}", self.serve_socket)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.base = f"127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        await self.drop()
        await self.user.drop()
        await self._runner.cleanup()

    async def go_away(self) -> None:
        """Stop listening: from now on connections are refused."""
        await self._runner.cleanup()

    def exchange_options(self, **more: Any) -> dict[str, Any]:
        """What makes ccxt's binance talk to this server and to nobody else."""
        rest = f"http://{self.base}/api/v3"
        names = ("public", "private", "v1", "sapi", "sapiV2", "sapiV3", "sapiV4", "papi", "papiV2")
        futures = ("fapiPublic", "fapiPublicV2", "fapiPublicV3", "fapiPrivate", "dapiPublic", "eapiPublic")
        sockets: dict[str, Any] = dict.fromkeys(
            ("spot", "margin", "linear", "inverse"), f"ws://{self.base}/stream"
        )
        sockets["ws-api"] = {"spot": f"ws://{self.base}/ws-api/v3"}
        api = dict.fromkeys((*names, *futures), rest) | {"ws": sockets}
        return {
            "urls": {"api": api, "test": api},
            "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
            "timeout": 2000,
            "rateLimit": 1,
            "timeout_on_exit": 1,
            **more,
        }

    def route(self, method: str, name: str, handler: Handler) -> None:
        """Add an endpoint, or put another in its place."""
        self._routes[method, name] = handler

    # --- the books --------------------------------------------------------------------------------------

    def write(self, symbol: str, opened_at: datetime, *bar: float) -> None:
        """A minute of a market: open, high, low, close and volume, or one price for all of it."""
        full = bar if len(bar) == 5 else (bar[0], bar[0], bar[0], bar[0], 1.0)
        self.books.write(market_id(symbol), opened_at, full)

    def history(self, start: datetime, count: int, *symbols: str) -> None:
        """`count` minutes of the symbols (of all that are listed, when none is named)."""
        for market in [market_id(symbol) for symbol in symbols] or self.listed:
            self.books.history(market, start, count)

    async def push(self, symbol: str, opened_at: datetime, *, closed: bool = False) -> None:
        """Send the candle of the books to everybody who subscribed to it."""
        market, opened = market_id(symbol), int(opened_at.timestamp()) * 1000
        bar = self.books.bar(market, opened)
        assert bar is not None, f"nothing is written for {symbol} at {opened_at}"
        await self.send(f"{market.lower()}@kline_1m", kline_event(market, opened, bar, closed, self._now()))

    async def push_trade(self, symbol: str, price: float, amount: float = 1.0) -> None:
        """Send a trade of now, on the stream of trades and on that of aggregated ones."""
        market = market_id(symbol)
        for kind in ("trade", "aggTrade"):
            await self.send(f"{market.lower()}@{kind}", trade_event(kind, market, price, amount, self._now()))

    # --- REST -------------------------------------------------------------------------------------------

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked[name] += 1
        handler = self._routes.get((request.method, name))
        if handler is None:
            return web.json_response({"code": -1000, "msg": f"no endpoint {name}"}, status=404)
        fault = self.next_fault(request.method, name)
        if fault is not None and not fault.after:
            if not fault.slow:
                return await self.misbehave(request, fault)
            await asyncio.sleep(fault.slow)
        try:
            answer = await handler(request)
        except Rejected as no:
            told = {"code": no.code, "msg": no.msg}
            return web.json_response(told, status=no.status, headers=no.headers)
        return await self.misbehave(request, fault) if fault is not None and fault.after else answer

    def _market(self, request: web.Request) -> str:
        market = request.query.get("symbol", "")
        if market not in self.listed:
            raise Rejected(-1121, "Invalid symbol.")
        return market

    def _now(self) -> int:
        return int(self.clock().timestamp() * 1000)

    async def _ping(self, request: web.Request) -> web.Response:
        return web.json_response({})

    async def _time(self, request: web.Request) -> web.Response:
        return web.json_response({"serverTime": self._now()})

    async def _exchange_info(self, request: web.Request) -> web.Response:
        symbols = [listing.described() for listing in self.listed.values()]
        return web.json_response({"timezone": "UTC", "serverTime": self._now(), "symbols": symbols})

    async def _klines(self, request: web.Request) -> web.Response:
        market, query = self._market(request), request.query
        since = int(query["startTime"]) if "startTime" in query else None
        until = min(int(query.get("endTime", self._now())), self._now())
        limit = min(int(query.get("limit", 500)), 1000)
        return web.json_response(self.books.klines(market, query["interval"], since, until, limit))

    async def _tickers(self, request: web.Request) -> web.Response:
        if "symbol" in request.query:
            return web.json_response(self._ticker(self._market(request)))
        wanted = json.loads(request.query["symbols"]) if "symbols" in request.query else list(self.listed)
        if any(market not in self.listed for market in wanted):
            raise Rejected(-1121, "Invalid symbol.")
        return web.json_response([self._ticker(market) for market in wanted])

    def _ticker(self, market: str) -> dict[str, Any]:
        price = self.books.last(market, self.clock())
        text = "0.00000000" if price is None else f"{price:.8f}"
        return {
            "symbol": market,
            "price": text,
            "lastPrice": text,
            "openPrice": text,
            "highPrice": text,
            "lowPrice": text,
            "volume": "10.0",
            "quoteVolume": "1000.0",
            "openTime": self._now() - 1440 * MINUTE,
            "closeTime": self._now(),
        }

    async def _depth(self, request: web.Request) -> web.Response:
        price = self.books.last(self._market(request), self.clock()) or 0.0
        bids, asks = [[f"{price * 0.9999:.8f}", "100000.0"]], [[f"{price * 1.0001:.8f}", "100000.0"]]
        return web.json_response({"lastUpdateId": self._now(), "bids": bids, "asks": asks})

    async def _trades(self, request: web.Request) -> web.Response:
        price = self.books.last(self._market(request), self.clock()) or 0.0
        trade = {"id": 1, "price": f"{price:.8f}", "qty": "1.0", "time": self._now(), "isBuyerMaker": False}
        return web.json_response([trade])

    async def _aggregated_trades(self, request: web.Request) -> web.Response:
        price = self.books.last(self._market(request), self.clock()) or 0.0
        trade = {"a": 1, "p": f"{price:.8f}", "q": "1.0", "f": 1, "l": 1, "T": self._now(), "m": False}
        return web.json_response([trade])


async def main() -> None:
    """An exchange to try a desk on: a market that wanders, 10,000 USDT, one key."""
    words = arguments("A fake Binance on this machine.", 9100)
    server = FakeBinance(wall_clock)
    prices = {"BTC/USDT": 60_000.0, "ETH/USDT": 2_500.0, "SOL/USDT": 150.0}
    walk = Walk(
        write=lambda symbol, opened, bar: server.write(symbol, opened, *bar),
        trade=server.account.move,
        push=lambda symbol, opened, closed: server.push(symbol, opened, closed=closed),
        tick=lambda symbol, price: _on_tick(server.account.truth.rules[symbol].tick, price),
        prices=prices,
        seed=words.seed,
    )
    server.account.key = Key(name="fake-binance-key", secret="fake-binance-secret")
    server.account.truth.give("USDT", "10000")
    walk.history(words.days)
    await server.start(words.port)
    options = server.exchange_options()
    print(
        f"A fake Binance listens on {server.base}. Key: {server.account.key.name}, secret: {server.account.key.secret}."
    )
    print('Set exchange = "binance" for an account and give it these options:\n')
    print(toml(options, "accounts.NAME.exchange_options"), flush=True)
    await walk.live()


def _on_tick(tick: Decimal, price: float) -> Decimal:
    return (Decimal(str(price)) / tick).quantize(Decimal(1)) * tick


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
