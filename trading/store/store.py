"""Everything the house remembers, as sentences: write what a tick left behind, read it back."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Select, delete, select

from trading.domain.account import Position
from trading.domain.audit import Actor, Head, Verdict
from trading.domain.market import Candle, Timeframe
from trading.domain.order import Fill, Order, OrderStatus
from trading.domain.report import CashFlow, EquityPoint
from trading.domain.risk import Halt
from trading.domain.signal import Signal
from trading.store import ledger
from trading.store.audit import SYSTEM, Chain, acting, not_published
from trading.store.database import Database
from trading.store.records import AuditRow, SleeveOverride, Step, StoredEvent
from trading.store.tables import (
    AuditEntry,
    CandleRow,
    CashFlowRow,
    EquityRow,
    EventRow,
    FillRow,
    HaltRow,
    InboxRow,
    MessageRow,
    MetaRow,
    OrderRow,
    PositionRow,
    Row,
    SignalRow,
    SleeveRow,
    SnapshotRow,
    table,
)
from trading.store.writing import add_new, put, write_steps

T = TypeVar("T")

__all__ = ["AuditRow", "SleeveOverride", "Step", "Store", "StoredEvent"]

_LIVE = [status.value for status in OrderStatus if status.is_live]
_REMEMBER = timedelta(days=7)  # a platform delivers an update again within a day or so


class Store:
    """One database.

    What has a limit comes newest first; what has a range comes oldest first, since <= at < until.
    Every method may raise Broken with one sentence (disk full, locked, damaged, lost); then nothing was
    half-written.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.clock = clock
        self.chain = Chain()

    @classmethod
    async def open(cls, url: str, clock: Callable[[], datetime]) -> "Store":
        """A store on a migrated database (`sqlite:///path`, `postgresql://…`), or SettingsError."""
        store = cls(await Database.open(url, Row.metadata), clock)
        await store.database.write(store._forget_updates)
        return store

    async def close(self) -> None:
        """Finish what is being written and let go of the database."""
        await self.database.close()

    # --- an account's book ----------------------------------------------------------------------------------

    async def write(self, steps: Sequence[Step]) -> None:
        """Keep all of it or nothing, on disk when this returns. Writing the same steps again changes nothing.

        Orders are known by (account, client_id), the later state stays; a fill seen before is ignored.
        """
        if steps:
            await self.database.write(partial(write_steps, steps=steps))

    async def snapshot(self, account: str) -> tuple[datetime, dict[str, Any]] | None:
        """The last state written for this account, and of when it is."""
        snapshots = table(SnapshotRow)
        found = await self.database.rows(select(snapshots).where(snapshots.c.account == account))
        return (found[0].at, found[0].state) if found else None

    async def positions(self, account: str) -> tuple[Position, ...]:
        """What the account held after its last step."""
        held = table(PositionRow)
        query = select(held).where(held.c.account == account).order_by(held.c.sleeve, held.c.symbol)
        return tuple(await self._list(query, ledger.position))

    async def halts(self, account: str) -> tuple[Halt, ...]:
        """What stops this account from entering, in the order it was written."""
        halts = table(HaltRow)
        query = select(halts).where(halts.c.account == account).order_by(halts.c.seq)
        return tuple(await self._list(query, ledger.halt))

    async def orders(
        self, account: str, *, live_only: bool = False, limit: int = 50, offset: int = 0
    ) -> list[Order]:
        """The last decided orders, newest first."""
        orders = table(OrderRow)
        query = select(orders).where(orders.c.account == account)
        if live_only:
            query = query.where(orders.c.status.in_(_LIVE))
        query = (
            query.order_by(orders.c.decided_at.desc(), orders.c.client_id.desc()).limit(limit).offset(offset)
        )
        return await self._list(query, ledger.order)

    async def fills(
        self, account: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[Fill]:
        """Fills of a time, oldest first."""
        fills = table(FillRow)
        query = _between(select(fills).where(fills.c.account == account), fills.c.at, since, until)
        return await self._list(query.order_by(fills.c.at, fills.c.seq), ledger.fill)

    async def signals(self, account: str, *, limit: int = 50) -> list[Signal]:
        """The last signals, newest first."""
        signals = table(SignalRow)
        query = select(signals).where(signals.c.account == account)
        query = query.order_by(signals.c.at.desc(), signals.c.sleeve, signals.c.symbol).limit(limit)
        return await self._list(query, ledger.signal)

    async def equity(
        self, account: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> list[EquityPoint]:
        """The equity curve, oldest first."""
        points = table(EquityRow)
        query = select(points.c.at, points.c.equity, points.c.flow).where(points.c.account == account)
        query = _between(query, points.c.at, since, until).order_by(points.c.at)
        return await self._list(query, ledger.equity_point)

    async def flows(self, account: str, *, since: datetime | None = None) -> list[CashFlow]:
        """Money put in and taken out, oldest first."""
        flows = table(CashFlowRow)
        query = _between(select(flows).where(flows.c.account == account), flows.c.at, since, None)
        return await self._list(query.order_by(flows.c.at), ledger.flow)

    async def events(
        self,
        account: str,
        *,
        since: datetime | None = None,
        kinds: Collection[str] | None = None,
        limit: int = 200,
    ) -> list[StoredEvent]:
        """The last news, newest first; `kinds` are names like `order_refused`."""
        events = table(EventRow)
        query = _between(select(events).where(events.c.account == account), events.c.at, since, None)
        if kinds is not None:
            query = query.where(events.c.kind.in_(sorted(kinds)))
        query = query.order_by(events.c.at.desc(), events.c.seq.desc()).limit(limit)
        return await self._list(query, ledger.event)

    # --- settings changed at run time -----------------------------------------------------------------------

    async def sleeves(self, account: str) -> dict[str, SleeveOverride]:
        """What people changed about this account's sleeves, by name."""
        sleeves = table(SleeveRow)
        found = await self.database.rows(select(sleeves).where(sleeves.c.account == account))
        return {row.sleeve: ledger.override(row) for row in found}

    async def save_sleeve(self, account: str, name: str, override: SleeveOverride) -> None:
        """Let this be all that people changed about the sleeve."""
        values = {
            "account": account,
            "sleeve": name,
            "enabled": override.enabled,
            "params": override.params,
            "changed_at": self.clock(),
        }
        await self.note_change(
            f"strategy {name} of {account}",
            f"enabled: {override.enabled}, parameters: {override.params}",
            lambda connection: put(connection, SleeveRow, [values]),
        )

    async def meta(self, key: str) -> str | None:
        """A single fact of the house, as text."""
        facts = table(MetaRow)
        found = await self.database.rows(select(facts.c.value).where(facts.c.key == key))
        return found[0].value if found else None

    async def set_meta(self, key: str, value: str) -> None:
        await self.database.write(lambda c: put(c, MetaRow, [{"key": key, "value": value}]))

    # --- candles --------------------------------------------------------------------------------------------

    async def candles(
        self, exchange: str, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[Candle]:
        """Candles with start <= opened_at < end, in order; a gap stays a gap."""
        c = table(CandleRow).c
        query = select(c.opened_at, c.open, c.high, c.low, c.close, c.volume).where(
            c.exchange == exchange, c.symbol == symbol, c.timeframe == timeframe.seconds
        )
        query = query.where(c.opened_at >= ceil(start.timestamp()), c.opened_at < ceil(end.timestamp()))
        return await self._list(query.order_by(c.opened_at), partial(ledger.candle, symbol, timeframe))

    async def save_candles(self, exchange: str, candles: Iterable[Candle]) -> None:
        """Keep candles; one that is known already is corrected."""
        rows = [ledger.candle_row(exchange, candle) for candle in candles]
        await self.database.write(lambda connection: put(connection, CandleRow, rows))

    # --- what chats need ------------------------------------------------------------------------------------

    async def message(self, platform: str, chat: str, panel: str) -> str | None:
        """The platform's id of the message that shows this panel in this chat."""
        shown = table(MessageRow)
        query = select(shown.c.ref).where(
            shown.c.platform == platform, shown.c.chat == chat, shown.c.panel == panel
        )
        found = await self.database.rows(query)
        return found[0].ref if found else None

    async def save_message(self, platform: str, chat: str, panel: str, ref: str) -> None:
        """From now on this message shows the panel."""
        values = {"platform": platform, "chat": chat, "panel": panel, "ref": ref, "at": self.clock()}
        await self.database.write(lambda connection: put(connection, MessageRow, [values]))

    async def first_time(self, platform: str, update_id: str) -> bool:
        """Remember an update, on disk when this returns; False when it was seen before."""
        values = {"platform": platform, "update_id": update_id, "at": self.clock()}
        return await self.database.write(lambda connection: add_new(connection, InboxRow, values))

    async def audit(
        self, *, at: datetime, person: str, place: str, account: str | None, line: str, outcome: str
    ) -> None:
        """Write down who asked for what, where, and what came of it. Never changed afterwards."""
        actor = Actor(person=person, place=place, account=account)
        await self._chained(lambda c: self.chain.append(c, at, actor, line, outcome))

    async def note_change(self, what: str, outcome: str, job: Callable[[Connection], T]) -> T:
        """A change and its row in the audit, in one transaction; on behalf of whoever `act_for` named.

        A job that answers False has changed nothing, and leaves no row.
        """
        actor, at = acting.get(), self.clock()
        found: list[T] = []

        def work(connection: Connection) -> Head:
            found[:] = [job(connection)]
            if found[0] is False:
                return self.chain.head
            return self.chain.append(connection, at, actor, what, outcome)

        await self._chained(work)
        return found[0]

    def act_for(self, actor: Actor | None) -> None:
        """From here on, in this task, what is changed is changed on their behalf; None: on the desk's own."""
        acting.set(actor or SYSTEM)

    async def keep_audit(self, chain: Chain) -> None:
        """Chain the audit with this key and mark from now on."""
        self.chain = chain
        await self._chained(chain.begin)

    async def check_audit(self) -> Verdict:
        """Whether every row is as it was written, and none is missing."""
        return await self.database.read(self.chain.check)

    async def check_published(self, verdict: Verdict, seq: int, seal: str) -> Verdict:
        """The verdict, together with whether row `seq` still carries the seal that was published."""
        audit = table(AuditEntry)
        found = await self.database.rows(select(audit.c.mac).where(audit.c.seq == seq))
        if found and found[0].mac.startswith(seal):
            return verdict
        return replace(verdict, wrong=not_published(seq))

    async def _chained(self, job: Callable[[Connection], Head]) -> None:
        head = await self.database.write(job)
        await asyncio.to_thread(self.chain.reached, head)

    async def audits(self, *, limit: int = 50) -> list[AuditRow]:
        """The last lines of the audit, newest first."""
        audit = table(AuditEntry)
        return await self._list(select(audit).order_by(audit.c.seq.desc()).limit(limit), ledger.audit)

    async def _list(self, query: Executable, make: Callable[[Any], T]) -> list[T]:
        return await self.database.read(lambda connection: [make(row) for row in connection.execute(query)])

    def _forget_updates(self, connection: Connection) -> None:
        inbox = table(InboxRow)
        connection.execute(delete(inbox).where(inbox.c.at < self.clock() - _REMEMBER))


def _between(query: Select[Any], at: Any, since: datetime | None, until: datetime | None) -> Select[Any]:
    if since is not None:
        query = query.where(at >= since)
    return query if until is None else query.where(at < until)
