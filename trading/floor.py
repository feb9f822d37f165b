"""One market and every account that trades on it: one feed, one board, one tick for all."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from trading import books
from trading.build import Room
from trading.core.frames import Columns
from trading.core.signals import Board, Question
from trading.domain.events import CandlesClosed, DeskEvent, PricesSeen
from trading.domain.market import Candle, Timeframe
from trading.market.feed import Market, ShowsBooks
from trading.market.live import LiveFeed


class Floor:
    """The live session of a market. A replay of recorded candles goes through this very code."""

    def __init__(self, market: Market, feed: LiveFeed, base: Timeframe, *, keep_all: bool = False) -> None:
        self.market, self.feed, self.base = market, feed, base
        self.board = Board(base, keep_all=keep_all)
        self.rooms: dict[str, Room] = {}
        self.busy = asyncio.Lock()  # one tick at a time; what re-seeds the board holds it too

    def enter(self, room: Room) -> None:
        """An account begins to trade here."""
        self.rooms[room.name] = room
        for sleeve in room.desk.sleeves.values():
            for question in sleeve.questions():
                self.board.ask(question)
        if room.desk.limits.needs_history:
            for symbol in room.desk.instruments:
                self.board.watch(symbol)

    async def warm(self, cursor: Mapping[str, datetime]) -> None:
        """Show the strategies the history they need before each symbol's `cursor`; nothing is decided on it."""
        for (symbol, timeframe), bars in self.board.needs().items():
            if symbol not in cursor:
                continue  # an account that did not come up after all has asked for it
            whole, begun = await self._history(symbol, timeframe, bars, cursor[symbol])
            self.board.seed(symbol, timeframe, whole, begun)

    async def learn(self, questions: Iterable[Question]) -> None:
        """Get ready for new questions. Raises what the market raises; nothing is changed then."""
        new = [q for q in questions if not self.board.knows(q)]
        cursor = self.feed.cursor
        histories = {}
        for symbol, timeframe, bars in {(s, q.timeframe, q.warmup) for q in new for s in q.symbols}:
            wanted = max(bars, self.board.needs().get((symbol, timeframe), 0))
            histories[symbol, timeframe] = await self._history(symbol, timeframe, wanted, cursor[symbol])
        for question in new:
            self.board.ask(question)
        for (symbol, timeframe), (whole, begun) in histories.items():
            self.board.seed(symbol, timeframe, whole, begun)

    async def _history(
        self, symbol: str, timeframe: Timeframe, bars: int, now: datetime
    ) -> tuple[Columns, Columns]:
        begun_at = timeframe.floor(now)
        start = begun_at - timeframe.length * (bars + 1)
        whole = await self.market.candles(symbol, timeframe, start, begun_at)
        begun = await self.market.candles(symbol, self.base, begun_at, now) if begun_at < now else []
        return Columns.of(whole), Columns.of(begun)

    def take(self, groups: Sequence[CandlesClosed]) -> None:
        """Candles that closed, in order: first the strategies see them, then every desk decides, group by group."""
        self._show(candle for group in groups for candle in group.candles)
        for group in groups:
            for room in self.rooms.values():
                room.step(_for(room, group))

    async def tick(self) -> list[CandlesClosed]:
        """Everything that closed since the last tick, and the first prices after it for orders that wait."""
        async with self.busy:
            groups = await self.feed.pull()
            await self.see_books({n: books.needed(room.desk, groups) for n, room in self.rooms.items()})
            self.take(groups)
            self.board.forget()
            if groups:
                await self.fill_waiting(groups[-1].at)
            return groups

    async def see_books(self, wanted: Mapping[str, Collection[str]]) -> None:
        """Show accounts that limit slippage the order books of these symbols, where the market has any."""
        judged = {n: s for n, s in wanted.items() if s and self.rooms[n].desk.limits.slippage < 1}
        if not judged or not isinstance(self.market, ShowsBooks):
            return
        for seen in await books.look(self.market, set().union(*judged.values())):
            for name, mine in judged.items():
                if seen.symbol in mine and name in self.rooms:  # it may have left meanwhile
                    self.rooms[name].step(seen)

    async def fill_waiting(self, opened_at: datetime) -> None:
        """Orders decided at a close fill at the open that follows it, where it is known already."""
        if not any(room.executor.waiting for room in self.rooms.values()):
            return
        seen = await self.feed.openings(opened_at)
        if seen is not None:
            self.spread(seen)

    async def quote(self, symbols: Iterable[str]) -> PricesSeen | None:
        """Fresh prices for orders that should not wait for the next minute (a kill)."""
        seen = await self.feed.quotes(tuple(symbols))
        if seen is not None:
            self.spread(seen)
        return seen

    def spread(self, event: DeskEvent) -> None:
        """Step every session with the same event."""
        for room in self.rooms.values():
            room.step(event)

    def _show(self, candles: Iterable[Candle]) -> None:
        by_symbol: dict[str, list[Candle]] = {}
        for candle in candles:
            by_symbol.setdefault(candle.symbol, []).append(candle)
        for symbol, rows in by_symbol.items():
            self.board.extend(symbol, Columns.of(rows))


def _for(room: Room, group: CandlesClosed) -> CandlesClosed:
    """The part of a group that is about this account's symbols."""
    mine = room.desk.instruments
    if all(c.symbol in mine for c in group.candles):
        return group
    return CandlesClosed(group.at, tuple(c for c in group.candles if c.symbol in mine))
