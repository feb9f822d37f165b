"""Everything the house remembers, as sentences: write what a tick left behind, read it back."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from trading.domain.market import Candle, Timeframe
from trading.domain.order import Fill, Order
from trading.domain.report import CashFlow, EquityPoint
from trading.domain.risk import Halt
from trading.domain.signal import Signal
from trading.store.records import AuditRow, SleeveOverride, Step, StoredEvent

__all__ = ["AuditRow", "SleeveOverride", "Step", "Store", "StoredEvent"]


class Store:
    """One database. What has a limit comes newest first; what has a range comes oldest first, since <= at < until."""

    clock: Callable[[], datetime]

    @classmethod
    async def open(cls, url: str, clock: Callable[[], datetime]) -> "Store":
        """A store on a migrated database (`sqlite:///path`, `postgresql://…`); SettingsError when it cannot be used."""
        ...

    async def close(self) -> None:
        """Finish what is being written and let go of the database."""

    async def write(self, steps: Sequence[Step]) -> None:
        """Keep all of it or nothing, on disk when this returns. Writing the same steps again changes nothing."""

    async def snapshot(self, account: str) -> tuple[datetime, dict] | None: ...
    async def halts(self, account: str) -> tuple[Halt, ...]: ...
    async def orders(
        self, account: str, *, live_only: bool = False, limit: int = 50, offset: int = 0
    ) -> list[Order]: ...
    async def fills(
        self, account: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[Fill]: ...
    async def signals(self, account: str, *, limit: int = 50) -> list[Signal]: ...
    async def equity(
        self, account: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[EquityPoint]: ...
    async def flows(self, account: str, *, since: datetime | None = None) -> list[CashFlow]: ...
    async def events(
        self, account: str, *, since: datetime | None = None, kinds: Collection[str] | None = None, limit: int = 200
    ) -> list[StoredEvent]: ...
    async def sleeves(self, account: str) -> dict[str, SleeveOverride]: ...
    async def save_sleeve(self, account: str, name: str, override: SleeveOverride) -> None: ...
    async def candles(
        self, exchange: str, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[Candle]: ...
    async def save_candles(self, exchange: str, candles: Iterable[Candle]) -> None: ...
    async def meta(self, key: str) -> str | None: ...
    async def set_meta(self, key: str, value: str) -> None: ...
    async def message(self, platform: str, chat: str, panel: str) -> str | None:
        """The platform's id of the message that shows this panel in this chat."""

    async def save_message(self, platform: str, chat: str, panel: str, ref: str) -> None: ...

    async def first_time(self, platform: str, update_id: str) -> bool:
        """Remember an update; False when it was seen before."""

    async def audit(
        self, *, at: datetime, person: str, place: str, account: str | None, line: str, outcome: str
    ) -> None: ...
    async def audits(self, *, limit: int = 50) -> list[AuditRow]: ...
