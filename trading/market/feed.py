"""What a market must offer, wherever its prices come from: a real exchange or the built-in simulation."""

from collections.abc import AsyncIterator, Collection, Iterable
from datetime import datetime
from typing import Protocol, runtime_checkable

from trading.domain.depth import Depth
from trading.domain.market import Candle, Instrument, Timeframe


class Market(Protocol):
    """One exchange's public data, shared by every account on it.

    Reads may fail: `Uncertain` when nobody knows (network), `ExchangeSaidNo` when the exchange refused.
    A market never answers with another market's data.
    """

    name: str

    async def instruments(self, symbols: Iterable[str]) -> dict[str, Instrument]:
        """Steps, minimums and fees. Raises Refused, naming the nearest symbol, when one does not exist."""

    def now(self) -> datetime:
        """The exchange's time, whatever this machine's clock says."""

    async def symbols(self) -> tuple[str, ...]:
        """Every symbol that can be traded here."""

    async def candles(
        self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[Candle]:
        """Closed candles with start <= opened_at < end, in order, each once; a gap stays a gap."""

    async def openings(
        self, symbols: Iterable[str], timeframe: Timeframe, opened_at: datetime
    ) -> dict[str, float]:
        """The open price of the candle that opened at `opened_at`, for the symbols where it is already known."""

    async def quotes(self, symbols: Iterable[str]) -> dict[str, float]:
        """The last traded price of each symbol, now."""

    def hints(self, symbols: Iterable[str], timeframe: Timeframe) -> AsyncIterator[str]:
        """Symbols whose newest candle just changed over; a hint to look, never the truth."""

    async def close(self) -> None:
        """Let go of connections."""


@runtime_checkable
class MayEnd(Protocol):
    """A market that may stop trading a symbol while somebody holds it. Such a symbol is silent here: no read of it
    fails, and none brings anything."""

    async def held(self, symbols: Iterable[str]) -> dict[str, Instrument]:
        """As `instruments`, of what somebody has already: known though it is not traded any more."""

    def untraded(self) -> Collection[str]:
        """Those of the symbols it was asked about that are not traded now, as of the newest list."""

    def gone(self) -> Collection[str]:
        """Those of them that are not even listed any more."""


@runtime_checkable
class ShowsBooks(Protocol):
    """A market that shows its order books, too; recorded candles have none."""

    def now(self) -> datetime:
        """The market's time."""

    async def depth(self, symbol: str) -> Depth | None:
        """The best offers of both sides, now; None where this market never shows them. Fails like other reads."""
