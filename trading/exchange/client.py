"""Any exchange that ccxt knows, as a Market: public data, read with care."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog

from trading.clock import Clock
from trading.domain.depth import Depth
from trading.domain.errors import ExchangeSaidNo, Refused, Uncertain
from trading.domain.market import Candle, Instrument, Timeframe
from trading.exchange import library, translate
from trading.exchange.connection import Connection
from trading.exchange.quirks import quirk
from trading.exchange.resilience import Patience, Seconds, Tell
from trading.exchange.servertime import ServerTime
from trading.exchange.stream import PULSE, Stream

log = structlog.get_logger("exchange")

_FRESH = 3600.0  # seconds after which markets are loaded anew
_LOOKED = 60.0  # seconds within which an unknown symbol does not load them again
_PAGE = 500  # candles asked for at once where ccxt names no limit
_SMALL = 100  # candles that every exchange gives in one answer


class CcxtMarket:
    """Prices of one exchange, through one ccxt object for reads and one for its stream.

    Raises Refused at once when ccxt knows no exchange of this id; nothing is imported or connected before the
    first question. `options` go to ccxt as they are.
    """

    def __init__(
        self,
        exchange_id: str,
        options: Mapping[str, Any],
        clock: Clock,
        *,
        patience: Patience | None = None,
        tell: Tell | None = None,
        steady: Seconds = time.monotonic,
        pulse: float = PULSE,
    ) -> None:
        library.check_id(exchange_id)
        self.name = exchange_id
        self._steady = steady
        self._quirk = quirk(exchange_id)
        self._connection = Connection(exchange_id, options, patience=patience, tell=tell, clock=steady)
        self._time = ServerTime(self._connection, clock, steady)
        self._stream = Stream(exchange_id, self._twin, steady, pulse=pulse)
        self._loading = asyncio.Lock()
        self._markets: dict[str, dict[str, Any]] = {}
        self._listed: dict[str, dict[str, Any]] = {}  # those that are not traded now among them
        # symbols whose rules were given out: they may end, and are silent then
        self._lived_on: set[str] = set()
        self._loaded = 0.0
        self._rejected: dict[str, int] = {}

    def now(self) -> datetime:
        """The exchange's time as well as we know it."""
        return self._time.now()

    @property
    def reconnections(self) -> int:
        """How often the stream had to be set up again."""
        return self._stream.reconnections

    def health(self) -> dict[str, Any]:
        """How the way to the exchange is doing."""
        return {
            "breaker": str(self._connection.breaker.state),
            "reconnections": self.reconnections,
            "clock_offset": round(self._time.offset, 3),
            "rejected_candles": dict(self._rejected),
        }

    async def symbols(self) -> tuple[str, ...]:
        return tuple(sorted(await self._known_markets()))

    async def instruments(self, symbols: Iterable[str]) -> dict[str, Instrument]:
        return await self._rules({symbol: await self._market(symbol) for symbol in tuple(symbols)})

    async def held(self, symbols: Iterable[str]) -> dict[str, Instrument]:
        """As `instruments`; of what is not traded any more the rules it is listed with, or the finest steps."""
        wanted = tuple(symbols)
        markets: dict[str, dict[str, Any]] = {}
        for symbol in wanted:
            try:
                markets[symbol] = await self._market(symbol)
            except Refused:
                log.warning("untraded_and_held", exchange=self.name, symbol=symbol)
                if symbol in self._listed:
                    markets[symbol] = self._listed[symbol]
        self._lived_on.update(wanted)
        rules = await self._rules(markets)
        return {symbol: rules.get(symbol) or translate.gone(symbol) for symbol in wanted}

    def untraded(self) -> frozenset[str]:
        """Whatever was given rules of, and is not traded as of the newest list."""
        return frozenset(self._lived_on - self._markets.keys())

    def gone(self) -> frozenset[str]:
        """Those of them that the exchange does not list any more."""
        return frozenset(self._lived_on - self._listed.keys())

    async def candles(
        self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[Candle]:
        if not await self._is_traded(symbol):
            return []
        await self._can_ask(symbol, timeframe)
        await self._time.measure_if_due()
        finished = self.now() - self._time.uncertainty
        found: dict[datetime, Candle] = {}
        since, page = start - timeframe.length, await self._page()  # one earlier: leaps are judged by it
        level: float | None = None
        while since < end:
            wanted = min(page, -((since - end) // timeframe.length) + 1)
            rows, answered = await self._rows(symbol, timeframe, since, wanted, level)
            found.update(
                (c.opened_at, c) for c in rows if start <= c.opened_at < end and c.closed_at <= finished
            )
            covered = since + wanted * timeframe.length
            if covered >= end and wanted <= min(page, _SMALL) and answered < wanted:
                break
            ahead = bool(rows) and rows[-1].opened_at >= since
            since = rows[-1].opened_at + timeframe.length if ahead else covered
            level = rows[-1].close if ahead else level
        return [found[opened] for opened in sorted(found)]

    async def openings(
        self, symbols: Iterable[str], timeframe: Timeframe, opened_at: datetime
    ) -> dict[str, float]:
        async def opening(symbol: str) -> float | None:
            if not await self._is_traded(symbol):
                return None
            await self._can_ask(symbol, timeframe)
            rows, _ = await self._rows(symbol, timeframe, opened_at, 2)
            return next((c.open for c in rows if c.opened_at == opened_at), None)

        return await _each(opening, symbols)

    async def quotes(self, symbols: Iterable[str]) -> dict[str, float]:
        async def quote(symbol: str) -> float | None:
            return translate.last_price(await self._connection.read("fetch_ticker", symbol))

        wanted = [symbol for symbol in tuple(symbols) if await self._is_traded(symbol)]
        if not wanted:
            return {}
        exchange = await self._connection.exchange()
        if not exchange.has.get("fetchTickers"):
            return await _each(quote, wanted)
        tickers = await self._connection.read("fetch_tickers", wanted)
        if not isinstance(tickers, Mapping):
            raise Uncertain(f"{self.name} sent an answer that makes no sense.")
        prices = {symbol: translate.last_price(tickers.get(symbol)) for symbol in wanted}
        return {symbol: price for symbol, price in prices.items() if price is not None}

    async def depth(self, symbol: str) -> Depth | None:
        """As many offers as the exchange shows without being asked for a number: few take the same one."""
        if not await self._is_traded(symbol):
            return None
        if not (await self._connection.exchange()).has.get("fetchOrderBook"):
            return None
        book = await self._connection.read("fetch_order_book", symbol)
        return translate.depth(book, self.now(), self.name)

    def hints(self, symbols: Iterable[str], timeframe: Timeframe) -> AsyncIterator[str]:
        wanted, ended = tuple(symbols), self.untraded()
        traded = tuple(symbol for symbol in wanted if symbol not in ended)
        return self._stream.changes(traded or wanted, timeframe)

    async def close(self) -> None:
        await self._stream.close()
        await self._connection.close()

    async def _rows(
        self, symbol: str, timeframe: Timeframe, since: datetime, count: int, level: float | None = None
    ) -> tuple[list[Candle], int]:
        """One page of candles, the unfinished one included, and how many rows it had.

        What cannot be is left out and counted.
        """
        milliseconds = int(since.timestamp()) * 1000
        rows = await self._connection.read("fetch_ohlcv", symbol, str(timeframe), milliseconds, count)
        candles, rejected = translate.candles(rows, symbol, timeframe, self.name, level)
        if rejected:
            if symbol not in self._rejected:
                log.warning("impossible_candles", exchange=self.name, symbol=symbol, count=rejected)
            self._rejected[symbol] = self._rejected.get(symbol, 0) + rejected
        return candles, len(rows)

    async def _page(self) -> int:
        features = (await self._connection.exchange()).features or {}
        limit = ((features.get("spot") or {}).get("fetchOHLCV") or {}).get("limit")
        return min(limit, 1000) if isinstance(limit, int) and limit > 0 else _PAGE

    async def _can_ask(self, symbol: str, timeframe: Timeframe) -> None:
        await self._market(symbol)
        offered = (await self._connection.exchange()).timeframes or {}
        if str(timeframe) not in offered:
            raise Refused(f"{self.name} has no {timeframe} candles; it has {', '.join(offered) or 'none'}.")

    async def _twin(self) -> Any:
        await self._known_markets()
        return await self._connection.twin()

    async def _rules(self, markets: Mapping[str, Mapping[str, Any]]) -> dict[str, Instrument]:
        self._lived_on.update(markets)
        mode = (await self._connection.exchange()).precisionMode
        priced = [s for s, market in markets.items() if translate.wants_price(market, mode, self._quirk)]
        prices = await self.quotes(priced) if priced else {}
        return {
            symbol: translate.instrument(market, mode, self._quirk, prices.get(symbol))
            for symbol, market in markets.items()
        }

    async def _is_traded(self, symbol: str) -> bool:
        """Whether it can be read. One that ended under an account's feet is silent; raises Refused for others."""
        if symbol in self._lived_on and symbol not in await self._known_markets():
            return False
        await self._market(symbol)
        return True

    async def _market(self, symbol: str) -> dict[str, Any]:
        """The ccxt market of a symbol; looked for anew, once, before it is called unknown."""
        for max_age in (_FRESH, _LOOKED):
            markets = await self._known_markets(max_age)
            if symbol in markets:
                return markets[symbol]
        near = translate.nearest(symbol, self._markets)
        hint = f" Did you mean {near}?" if near else ""
        raise Refused(f"{self.name} has no market '{symbol}' that this desk can trade.{hint}")

    async def _known_markets(self, max_age: float = _FRESH) -> dict[str, dict[str, Any]]:
        """All tradable markets, loaded at most `max_age` seconds ago; older ones where they cannot be had."""
        async with self._loading:
            if self._markets and self._steady() - self._loaded < max_age:
                return self._markets
            try:
                self._markets = await self._load()
                self._loaded = self._steady()
            except (Uncertain, ExchangeSaidNo) as error:
                if not self._markets:
                    raise
                self._loaded = self._steady() - _FRESH + _LOOKED
                log.warning("markets_not_refreshed", exchange=self.name, reason=error.tell)
            return self._markets

    async def _load(self) -> dict[str, dict[str, Any]]:
        markets = await self._connection.read("load_markets", True)
        tradable = _tradable(markets) if isinstance(markets, dict) else {}
        if not tradable:
            raise Uncertain(f"{self.name} sent a list of markets with nothing to trade in it.")
        self._listed = markets
        return tradable


def _tradable(markets: Mapping[str, Any]) -> dict[str, Any]:
    """Active spot markets; where an exchange has none, perpetuals of one coin a contract."""
    active = {s: m for s, m in markets.items() if m.get("active") is not False}
    spot = {s: m for s, m in active.items() if m.get("spot")}
    return spot or {s: m for s, m in active.items() if m.get("linear") and m.get("contractSize") == 1}


async def _each(ask: Any, symbols: Iterable[str]) -> dict[str, float]:
    """Ask about every symbol at once. What fails is left out; when all fail, the first failure is raised."""
    wanted = tuple(symbols)
    answers = await asyncio.gather(*(ask(symbol) for symbol in wanted), return_exceptions=True)
    errors = [answer for answer in answers if isinstance(answer, BaseException)]
    unplanned = [error for error in errors if not isinstance(error, Uncertain | ExchangeSaidNo)]
    if errors and (unplanned or len(errors) == len(wanted)):
        raise (unplanned or errors)[0]
    if errors:
        log.warning("prices_missing", count=len(errors), of=len(wanted), first=str(errors[0]))
    return {
        symbol: answer for symbol, answer in zip(wanted, answers, strict=True) if isinstance(answer, float)
    }
