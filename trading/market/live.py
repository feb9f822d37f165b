"""The live feed: every candle that closed, once each and in order, whatever the market answers and when."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog

from trading.clock import Clock
from trading.domain.errors import ExchangeSaidNo, Refused, Uncertain
from trading.domain.events import CandlesClosed, FeedLost, FeedRestored, PricesSeen
from trading.domain.market import Candle, Timeframe
from trading.market.feed import Market, MayEnd

log = structlog.get_logger("feed")

SETTLED = timedelta(hours=1)  # a gap older than this is believed at once; a market does not fill it any more
SILENT = timedelta(days=1)  # how long a symbol without trades is asked about its whole silence
LOOK_AGAIN = timedelta(seconds=1)  # how soon to pull again for a candle that is due and has not come


class FeedState(StrEnum):
    STARTING = "starting"
    LIVE = "live"
    LOST = "lost"


@dataclass(slots=True)
class _Line:
    """What the feed knows of one symbol. Times are close times."""

    symbol: str
    until: datetime  # every candle up to here was given out, or is not there
    newest: datetime  # of the candles given out and waiting
    last: Candle | None = None
    waiting: dict[datetime, Candle] = field(default_factory=dict)  # closed, but not given out yet
    failing_since: datetime | None = None
    failure: str = ""
    behind_since: datetime | None = None  # since when others can be read and this one cannot
    quiet_since: datetime | None = None  # since when reads brought nothing new
    hole: datetime | None = None  # missing at the first look; what comes after it stays until the second

    def has(self, close: datetime) -> bool:
        """Whether the candle of `close` is here and may leave."""
        return close in self.waiting and (self.hole is None or close < self.hole)

    def may_still_come(self, close: datetime) -> bool:
        """Whether a candle of `close` can be expected yet; a later one in hand says that it is a gap."""
        return self.until < close and not self.has(close) and (self.failing or self.newest < close)

    @property
    def failing(self) -> bool:
        return self.failing_since is not None


class LiveFeed:
    """One market's candles for all its accounts. `pull` is their only way in, live and after an outage.

    Groups come in order of their close, each candle once. A symbol whose candle is late is waited for during
    `grace`; then the group leaves without it, and the candle follows in a group of its own, named by its own
    close, before any later candle of that symbol. So a symbol's candles never run backwards, while `at` may,
    by a late one. What a market shows only after a later candle of the same symbol has left stays a gap.
    """

    def __init__(
        self,
        market: Market,
        symbols: Iterable[str],
        base: Timeframe,
        clock: Clock,
        *,
        grace: timedelta = timedelta(seconds=10),
    ) -> None:
        self._market, self._base, self._clock, self._grace = market, base, clock, grace
        now = base.floor(clock())
        self._lines = {symbol: _Line(symbol, now, now) for symbol in symbols}
        self._pulling = asyncio.Lock()
        self._patience = 1.5 * base.length + grace
        self._state = FeedState.STARTING
        self._reason = ""
        self._news: list[FeedLost | FeedRestored] = []
        self._missed = 0  # candles filled in since the feed was lost
        self._revised = 0
        self._ended: Collection[str] = ()  # symbols that are not traded any more: nobody waits for them

    # --- where it stands ----------------------------------------------------------------------------------

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(self._lines)

    @property
    def cursor(self) -> dict[str, datetime]:
        """By symbol, the close time up to which its candles were given out."""
        return {symbol: line.until for symbol, line in self._lines.items()}

    def start_from(self, at: Mapping[str, datetime] | datetime) -> None:
        """Candles that closed at or before `at` are known; the next pull brings all later ones.

        Symbols that a mapping does not name stay where they are; names it has beyond them are ignored.
        """
        for symbol in self._lines:
            known = at.get(symbol) if isinstance(at, Mapping) else at
            if known is not None:
                until = self._base.floor(known)
                self._lines[symbol] = _Line(symbol, until, until)

    @property
    def again_at(self) -> datetime:
        """When to pull next: soon while a candle that is due has not come, otherwise at the next close."""
        now = self._clock()
        due = self._base.floor(now)
        behind = any(line.until < due and line.symbol not in self._ended for line in self._lines.values())
        if behind and now < due + self._grace:
            return min(now + LOOK_AGAIN, due + self._grace)
        if self._state is FeedState.LOST:
            return min(now + self._grace, due + self._base.length)
        return due + self._base.length

    def news(self) -> list[FeedLost | FeedRestored]:
        """What happened to the feed since this was last asked, each once."""
        news, self._news = self._news, []
        return news

    def health(self) -> dict[str, Any]:
        """For /health and the metrics: state, age of the newest candle, and the last close of each symbol."""
        newest = max((line.newest for line in self._lines.values()), default=self._clock())
        return {
            "state": str(self._state),
            "reason": self._reason,
            "age": max((self._clock() - newest).total_seconds(), 0.0),
            "symbols": {s: line.newest.isoformat() for s, line in self._lines.items()},
            "failing": {s: line.failure for s, line in self._lines.items() if line.failing},
            "revised": self._revised,
            "reconnections": getattr(self._market, "reconnections", 0),
        }

    # --- what it brings -----------------------------------------------------------------------------------

    async def pull(self) -> list[CandlesClosed]:
        """Everything that closed since the last known candle. Never raises because the market failed."""
        async with self._pulling:
            due = self._base.floor(self._clock())
            await asyncio.gather(*(self._look(line, due) for line in self._lines.values()))
            self._ended = self._market.untraded() if isinstance(self._market, MayEnd) else ()
            now = self._clock()
            self._note_who_is_behind(now)
            groups = self._give_out(now)
            self._missed += sum(len(group.candles) for group in groups if group.at < due)
            self._judge(now)
            return groups

    async def openings(self, at: datetime) -> PricesSeen | None:
        """The first prices of the candles that opened at `at`, or nothing while none is known."""
        try:
            prices = await self._market.openings(self.symbols, self._base, at)
        except (Uncertain, ExchangeSaidNo, Refused) as error:
            log.warning("openings_unknown", market=self._market.name, reason=error.tell)
            return None
        return PricesSeen(at, prices) if prices else None

    async def quotes(self, symbols: Iterable[str]) -> PricesSeen:
        """The last prices, now. Raises what the market raises."""
        prices = await self._market.quotes(symbols)
        return PricesSeen(self._clock(), prices)

    def hints(self) -> AsyncIterator[str]:
        """Symbols whose candle just changed over: a reason to pull, never the truth."""
        return self._market.hints(self.symbols, self._base)

    # --- looking ------------------------------------------------------------------------------------------

    async def _look(self, line: _Line, due: datetime) -> None:
        """Read what a symbol has beyond its last candle; a fresh gap is believed at the second look only."""
        if line.until >= due:
            return
        try:
            await self._read(line, line.until - self._base.length, due, due)
            line.hole = self._fresh_hole(line, due)
            if line.hole is not None:
                await self._read(line, line.hole - self._base.length, line.newest, due)
                line.hole = None
        except (Uncertain, ExchangeSaidNo, Refused) as error:
            line.failing_since, line.failure = line.failing_since or self._clock(), error.tell
            line.quiet_since = None
            return
        line.failing_since, line.failure = None, ""
        line.quiet_since = None if line.newest > line.until else line.quiet_since or self._clock()

    async def _read(self, line: _Line, start: datetime, end: datetime, due: datetime) -> None:
        """Take in candles with start <= opened_at < end, and see whether the last known one is unchanged."""
        for candle in await self._market.candles(line.symbol, self._base, start, end):
            close = candle.closed_at
            if close > due or not self._belongs(candle, line):
                continue
            if close > line.until:
                line.waiting[close] = candle
                line.newest = max(line.newest, close)
            elif line.last is not None and close == line.last.closed_at and candle != line.last:
                self._revised += 1
                log.warning("candle_revised", symbol=line.symbol, opened_at=candle.opened_at.isoformat())
                line.last = candle

    def _belongs(self, candle: Candle, line: _Line) -> bool:
        if (candle.symbol, candle.timeframe) != (line.symbol, self._base):
            return False
        return self._base.floor(candle.opened_at) == candle.opened_at

    def _fresh_hole(self, line: _Line, due: datetime) -> datetime | None:
        """The close time of the first candle that is missing before a later one and may be filled in yet."""
        close = max(line.until, self._base.floor(due - SETTLED)) + self._base.length
        while close < line.newest:
            if close not in line.waiting:
                return close
            close += self._base.length
        return None

    # --- giving out ---------------------------------------------------------------------------------------

    def _give_out(self, now: datetime) -> list[CandlesClosed]:
        groups = []
        for close in sorted({close for line in self._lines.values() for close in line.waiting}):
            members = [line for line in self._lines.values() if line.has(close)]
            if any(self._waits_for(line, close, now) for line in self._lines.values()):
                break
            if members:
                groups.append(CandlesClosed(close, tuple(self._take(line, close) for line in members)))
        self._leave_silence_behind(now)
        return groups

    def _waits_for(self, line: _Line, close: datetime, now: datetime) -> bool:
        """Grace runs from the close, and for a symbol that cannot be read from when others could be."""
        if line.symbol in self._ended or not line.may_still_come(close):
            return False
        return now < max(close, line.behind_since or close) + self._grace

    def _note_who_is_behind(self, now: datetime) -> None:
        alone = any(not line.failing for line in self._lines.values())
        for line in self._lines.values():
            line.behind_since = (line.behind_since or now) if line.failing and alone else None

    def _take(self, line: _Line, close: datetime) -> Candle:
        candle = line.waiting.pop(close)
        line.until, line.last = close, candle
        return candle

    def _leave_silence_behind(self, now: datetime) -> None:
        """A symbol that stayed silent for a day, while others did not, is not asked about that day again."""
        horizon = max((line.until for line in self._lines.values()), default=now) - SILENT
        for line in self._lines.values():
            if line.newest < horizon and line.quiet_since and now - line.quiet_since >= SILENT:
                line.until = line.newest = horizon

    # --- health -------------------------------------------------------------------------------------------

    def _judge(self, now: datetime) -> None:
        """Say once that the feed is lost, and once that it is back."""
        reason = self._trouble(now)
        if reason and self._state is not FeedState.LOST:
            self._state, self._missed = FeedState.LOST, 0
            self._news.append(FeedLost(now, reason))
        elif not reason:
            if self._state is FeedState.LOST:
                self._news.append(FeedRestored(now, self._missed))
            self._state = FeedState.LIVE
        self._reason = reason

    def _trouble(self, now: datetime) -> str:
        """What is wrong, or nothing: nobody can be read, one cannot for too long, or nothing new comes."""
        failing = [line for line in self._lines.values() if line.failing_since is not None]
        if failing and len(failing) == len(self._lines):
            return failing[0].failure
        for line in failing:
            if line.failing_since is not None and now - line.failing_since > self._patience:
                return f"{line.symbol}: {line.failure}"
        newest = max((line.newest for line in self._lines.values()), default=now)
        if now - newest > self._patience:
            return f"{self._market.name} has shown no new candle for {(now - newest).total_seconds():.0f} s."
        return ""
