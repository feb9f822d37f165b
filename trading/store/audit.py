"""The audit: rows that are chained with a secret key, and a mark outside the database of how far it goes."""

import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final

import orjson
import structlog
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import OperationalError

from trading.domain.audit import Actor, Head, Verdict
from trading.store.columns import storable
from trading.store.tables import AuditEntry, MetaRow, table
from trading.store.writing import put

log = structlog.get_logger("audit")

MARK: Final = "audit.head"  # a file in data_dir: the newest row, so that a cut tail is missed
BEGINS: Final = (
    "audit.begins"  # the meta row of a chain that goes on behind rows sealed with a key that is lost
)
NOTHING: Final = Head(0, "0" * 64)  # what stands before the first row
NOWHERE: Final = Head(-1, "")  # before even that
LONGEST: Final = 1000  # characters of a line, and of what came of it, that are kept
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(7281904)"  # several desks may share a PostgreSQL
_PAGE: Final = 5000  # rows that are checked at a time
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    OperationalError,
)  # what SQLite lets somebody write into any column

SYSTEM: Final = Actor(person="the desk", place="desk", account=None)
acting: ContextVar[Actor] = ContextVar("acting", default=SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row as it is sealed."""

    seq: int
    at: datetime
    person: str
    place: str
    account: str | None
    line: str
    outcome: str
    mac: str = ""

    def sealed_after(self, before: str, key: bytes) -> str:
        """The seal of this row behind that of the row before: another word, place or order gives another."""
        facts = [self.seq, self.at.astimezone(UTC).isoformat(timespec="microseconds"), self.person]
        facts += [self.place, self.account, self.line, self.outcome]
        return hmac.digest(key, before.encode() + orjson.dumps(facts), "sha256").hex()


def entry(row: Any) -> Entry:
    return Entry(
        seq=row.seq,
        at=row.at,
        person=row.person,
        place=row.place,
        account=row.account,
        line=row.line,
        outcome=row.outcome,
        mac=row.mac,
    )


def first_wrong(entries: Iterable[Entry], key: bytes, after: Head = NOTHING) -> tuple[str, Head]:
    """What is wrong with the first row that is not as it was written (empty: nothing), and the last good one."""
    for one in entries:
        if one.mac != one.sealed_after(after.mac, key):
            missing = f"after row {after.seq} comes row {one.seq}: what was between them is missing"
            changed = f"row {one.seq} was changed, put in or moved"
            gap = one.seq > after.seq + 1 and after.seq > 0
            return (missing if gap else changed), after
        after = Head(one.seq, one.mac)
    return "", after


@dataclass(slots=True)
class Chain:
    """Writes rows and checks them. Without a key it shows accidents only, so the desk always gives it one."""

    key: bytes = b""
    mark: Path | None = None
    fresh: bool = False  # the key was made by this very start, so nothing can have been sealed with it before
    head: Head = NOTHING
    doubted: bool = False  # the mark tells of rows that are not there, or is gone: it stays so, as evidence
    _marking: Lock = field(default_factory=Lock)

    def append(self, connection: Connection, at: datetime, actor: Actor, line: str, outcome: str) -> Head:
        """Write a row behind the newest, in the transaction of whoever calls."""
        if connection.dialect.name == "postgresql":
            connection.execute(text(_ONE_AT_A_TIME))
        before = newest(connection)
        row = Entry(
            seq=before.seq + 1,
            at=at,
            person=storable(actor.person),
            place=storable(actor.place),
            account=None if actor.account is None else storable(actor.account),
            line=storable(line[:LONGEST]),
            outcome=storable(outcome[:LONGEST]),
        )
        head = Head(row.seq, row.sealed_after(before.mac, self.key))
        values = {name: getattr(row, name) for name in Entry.__slots__ if name != "mac"}
        connection.execute(table(AuditEntry).insert().values(**values, mac=head.mac))
        return head

    def reached(self, head: Head) -> None:
        """The row is on disk: move the mark, which never goes back. A mark that cannot be written is told."""
        with self._marking:
            if head.seq <= self.head.seq:
                return
            self.head = head
            if self.mark is None or self.doubted:
                return
            try:
                _write(self.mark, self._marked_by(head))
            except OSError as error:
                log.error("audit_mark_not_written", reason=error.strerror)

    def begin(self, connection: Connection) -> Head:
        """Take up the chain at its newest row. With a fresh key, rows from before there was a chain are sealed
        here, and the mark is made at once: from then on a missing one was taken away."""
        last, mark = newest(connection), self.marked()
        if self.fresh and mark is None and (last == NOTHING or not last.mac):
            self._seal_all(connection)
            self.head = NOWHERE
            return newest(connection)
        if mark is None:
            self.doubted = True
        elif mark.seq:
            audit = table(AuditEntry)
            kept = connection.execute(select(audit.c.mac).where(audit.c.seq == mark.seq)).scalar()
            self.doubted = kept != mark.mac
        self.head = last
        return last

    def begin_behind(
        self, connection: Connection, at: datetime, actor: Actor, line: str, outcome: str
    ) -> Head:
        """Go on behind rows whose key nobody has any more: they stay as they are, and are proven by nobody."""
        last = newest(connection)
        told = {"seq": last.seq, "mac": last.mac, "seal": self._seal(last, "begins")}
        put(connection, MetaRow, [{"key": BEGINS, "value": json.dumps(told)}])
        return self.append(connection, at, actor, line, outcome)

    def marked(self) -> Head | None:
        """How far the audit is known to have gone; None when there is no mark. Head(-1, …) for a false one."""
        if self.mark is None:
            return None
        try:
            head = self._told(self.mark.read_text(), "mark")
        except FileNotFoundError:
            return None
        except OSError:
            head = None
        return head or NOWHERE

    def check(self, connection: Connection) -> Verdict:
        """Read every row and the mark."""
        begins = self._begins(connection)
        at, count, wrong, size = begins, 0, "", _PAGE
        mark, marked_mac = self.marked(), ""
        while not wrong:
            try:
                page = _page(connection, at.seq, size)
                wrong, reached = first_wrong(page, self.key, at)
            except _UNREADABLE as error:
                if isinstance(error, OperationalError) and "decode" not in str(error):
                    raise
                wrong = f"the row after row {at.seq} cannot be read: it was changed" if size == 1 else ""
                size = 1  # from here on one by one, to name it
                continue
            if not page:
                break
            if mark is not None:
                marked_mac = next((one.mac for one in page if one.seq == mark.seq), marked_mac)
            count, at = count + len(page), reached
        wrong = wrong or _against(mark, marked_mac, at)
        return Verdict(rows=begins.seq + count, head=at, wrong=wrong, unproven=begins.seq)

    def _begins(self, connection: Connection) -> Head:
        """Behind which row this chain begins; a false word of it counts for nothing, and the rows do not fit then."""
        meta = table(MetaRow).c
        told = connection.execute(select(meta.value).where(meta.key == BEGINS)).scalar()
        return (told and self._told(told, "begins")) or NOTHING

    def _told(self, text: str, what: str) -> Head | None:
        """A head that was sealed with our key; None for any other text."""
        try:
            told = json.loads(text)
            head = Head(int(told["seq"]), str(told["mac"]))
            good = hmac.compare_digest(str(told["seal"]), self._seal(head, what))
        except (ValueError, KeyError, TypeError):
            return None
        return head if good else None

    def _marked_by(self, head: Head) -> str:
        return json.dumps({"seq": head.seq, "mac": head.mac, "seal": self._seal(head, "mark")}) + "\n"

    def _seal_all(self, connection: Connection) -> None:
        audit, before = table(AuditEntry), NOTHING.mac
        for row in connection.execute(select(audit).order_by(audit.c.seq)).all():
            before = entry(row).sealed_after(before, self.key)
            connection.execute(update(audit).where(audit.c.seq == row.seq).values(mac=before))

    def _seal(self, head: Head, what: str) -> str:
        return hmac.new(self.key, f"{what} {head.seq} {head.mac}".encode(), hashlib.sha256).hexdigest()


def _against(mark: Head | None, marked_mac: str, at: Head) -> str:
    """What the mark outside the database says of a chain that is whole in itself."""
    if mark is None:
        gone = (
            "the mark of its newest row is missing: audit.head was taken out of the data folder, "
            "or was not brought along to this host"
        )
        return gone if at.seq else ""
    if mark.seq < 0:
        return "the mark of its newest row was changed"
    if mark.seq > at.seq:
        return f"rows {at.seq + 1} to {mark.seq} are missing at its end"
    if mark.seq and mark.mac != marked_mac:
        return f"row {mark.seq} is not the one that was marked"
    return ""


def not_published(seq: int) -> str:
    return f"row {seq} is not the one that was published"


def _page(connection: Connection, after: int, size: int) -> list[Entry]:
    audit = table(AuditEntry)
    query = select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(size)
    return [entry(row) for row in connection.execute(query)]


def newest(connection: Connection) -> Head:
    audit = table(AuditEntry)
    row = connection.execute(select(audit.c.seq, audit.c.mac).order_by(audit.c.seq.desc()).limit(1)).first()
    return Head(row.seq, row.mac) if row else NOTHING


def _write(path: Path, content: str) -> None:
    """All of it or nothing, for its owner only."""
    beside = path.with_name(f".{path.name}.new")
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w") as written:
        written.write(content)
    beside.replace(path)
