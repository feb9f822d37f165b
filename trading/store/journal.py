"""The live executor's journal on SQLite or PostgreSQL; the promises are those of trading/execution/journal.py."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection, Select, Update, bindparam, or_, select, update

from trading.domain.approval import Approval, ApprovalState
from trading.domain.errors import Refused
from trading.domain.live import Attempt, AttemptState, Difference, ExternalFlow, Fenced, Lease
from trading.domain.order import Fill
from trading.domain.risk import HaltKind
from trading.execution.journal import LEASE_LASTS, Start
from trading.store import ledger, live_ledger
from trading.store.database import Database
from trading.store.live_tables import ApprovalRow, AttemptRow, DifferenceRow, ExternalFlowRow, LeaseRow
from trading.store.tables import FillRow, HaltRow, MetaRow, OrderRow, table
from trading.store.writing import add, add_new, put

ORDER_IDS = "what order ids are made with"
PASSING = (
    HaltKind.FEED.value,
    HaltKind.STORE.value,
)  # conditions of this moment; the desk's memory knows better
_OUT = [state.value for state in AttemptState if state.is_out]


class _Barred(Exception):
    """Ends the SENDING transaction: nothing of it stays."""


class SqlJournal:
    """A Journal in the house's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def secret(self) -> bytes:
        fresh = {"key": ORDER_IDS, "value": secrets.token_hex(32)}

        def job(connection: Connection) -> str:
            add(connection, MetaRow, [fresh])
            facts = table(MetaRow)
            return str(connection.execute(select(facts.c.value).where(facts.c.key == ORDER_IDS)).scalar_one())

        return bytes.fromhex(await self._database.write(job))

    # --- who may trade --------------------------------------------------------------------------------------

    async def take(self, account: str, identity: str, holder: str, at: datetime, known: int) -> Lease:
        return await self._database.write(partial(_take, who=(account, identity, holder), at=at, known=known))

    async def extend(self, lease: Lease, at: datetime) -> Lease:
        await self._database.write(lambda connection: _extend(connection, lease, at))
        return replace(lease, expires_at=at + LEASE_LASTS)

    async def release(self, lease: Lease, at: datetime) -> None:
        rows = table(LeaseRow)
        mine = update(rows).where(rows.c.identity == lease.identity, rows.c.epoch == lease.epoch)
        await self._database.write(lambda connection: connection.execute(mine.values(expires_at=at)))

    # --- orders ---------------------------------------------------------------------------------------------

    async def begin(self, start: Start) -> str | None:
        try:
            await self._database.write(partial(_begin, start=start))
        except _Barred as barred:
            return str(barred)
        return None

    async def settle(self, attempt: Attempt, lease: Lease) -> None:
        def job(connection: Connection) -> None:
            _check_lease(connection, lease)
            put(connection, AttemptRow, [live_ledger.attempt_row(attempt)])

        await self._database.write(job)

    async def attempts(self, account: str, since: datetime) -> list[Attempt]:
        rows = table(AttemptRow)
        query = select(rows).where(
            rows.c.account == account, or_(rows.c.state.in_(_OUT), rows.c.sent_at >= since)
        )
        found = await self._database.rows(query.order_by(rows.c.sent_at, rows.c.client_id))
        return [live_ledger.attempt(row) for row in found]

    async def named(self, account: str, client_ids: Collection[str]) -> frozenset[str]:
        if not client_ids:
            return frozenset()
        rows = table(AttemptRow)
        query = select(rows.c.client_id).where(rows.c.account == account, rows.c.client_id.in_(client_ids))
        return frozenset(row.client_id for row in await self._database.rows(query))

    # --- money ----------------------------------------------------------------------------------------------

    async def cursor(self, account: str) -> datetime | None:
        facts = table(MetaRow)
        found = await self._database.rows(select(facts.c.value).where(facts.c.key == _cursor_key(account)))
        return datetime.fromisoformat(found[0].value) if found else None

    async def set_cursor(self, account: str, at: datetime) -> None:
        fact = {"key": _cursor_key(account), "value": at.isoformat()}
        await self._database.write(lambda connection: put(connection, MetaRow, [fact]))

    async def fills(self, account: str, since: datetime) -> list[Fill]:
        rows = table(FillRow)
        query = select(rows).where(rows.c.account == account, rows.c.at >= since)
        return [ledger.fill(row) for row in await self._database.rows(query.order_by(rows.c.at, rows.c.seq))]

    async def flows(self, account: str) -> list[ExternalFlow]:
        rows = table(ExternalFlowRow)
        query = select(rows).where(rows.c.account == account).order_by(rows.c.at, rows.c.ref)
        return [live_ledger.external_flow(row) for row in await self._database.rows(query)]

    async def add_flows(self, flows: Sequence[ExternalFlow]) -> list[ExternalFlow]:
        def job(connection: Connection) -> list[ExternalFlow]:
            return [f for f in flows if add_new(connection, ExternalFlowRow, live_ledger.flow_row(f))]

        return await self._database.write(job)

    async def moved(self, account: str) -> Mapping[str, Decimal]:
        return await self._database.read(partial(_moved, account=account))

    async def save_difference(self, difference: Difference) -> None:
        values = live_ledger.difference_row(difference)
        await self._database.write(lambda connection: put(connection, DifferenceRow, [values]))

    async def differences(self, account: str, *, unanswered: bool) -> list[Difference]:
        rows = table(DifferenceRow)
        query = select(rows).where(rows.c.account == account).order_by(rows.c.at, rows.c.id)
        if unanswered:
            query = query.where(rows.c.answered_at.is_(None))
        return [live_ledger.difference(row) for row in await self._database.rows(query)]

    # --- approvals ------------------------------------------------------------------------------------------

    async def save_approval(self, approval: Approval) -> None:
        values = live_ledger.approval_row(approval)
        await self._database.write(lambda connection: put(connection, ApprovalRow, [values]))

    async def end_approval(self, approval: Approval) -> bool:
        return await self._database.write(lambda connection: _end(connection, approval))

    async def approvals(
        self, account: str, state: ApprovalState | None = None, limit: int = 50
    ) -> list[Approval]:
        rows = table(ApprovalRow)
        query = select(rows).where(rows.c.account == account)
        if state is not None:
            query = query.where(rows.c.state == state.value)
        query = query.order_by(rows.c.asked_at.desc(), rows.c.id).limit(limit)
        return [live_ledger.approval(row) for row in await self._database.rows(query)]


def _cursor_key(account: str) -> str:
    return f"account {account} trades seen"


def _take(connection: Connection, who: tuple[str, str, str], at: datetime, known: int) -> Lease:
    account, identity, holder = who
    rows = table(LeaseRow)
    empty = {"identity": identity, "account": account, "holder": "", "epoch": 0, "taken_at": at}
    add(
        connection, LeaseRow, [empty | {"expires_at": at}]
    )  # so that there is a row for everybody to wait for
    found = connection.execute(select(rows).where(rows.c.identity == identity).with_for_update()).one()
    if found.holder not in ("", holder) and found.expires_at > at:
        raise Refused(
            f"The exchange account of {account} is traded by another desk ({found.holder}) until "
            f"{found.expires_at:%H:%M:%S} UTC at least; stop that desk first."
        )
    epoch, expires = max(found.epoch, known) + 1, at + LEASE_LASTS
    connection.execute(
        update(rows)
        .where(rows.c.identity == identity)
        .values(account=account, holder=holder, epoch=epoch, taken_at=at, expires_at=expires)
    )
    return Lease(
        account=account,
        identity=identity,
        holder=holder,
        epoch=epoch,
        expires_at=expires,
        rolled_back=known > found.epoch,
    )


def _check_lease(connection: Connection, lease: Lease) -> None:
    """Raises Fenced unless this is the newest one; others wait for the row until this transaction is over."""
    found = connection.execute(_newest(), {"mine": lease.identity}).first()
    if found is None or found.epoch != lease.epoch:
        by = f"by {found.holder} " if found else ""
        raise Fenced(
            f"The exchange account of {lease.account} was taken over {by}; this desk sends nothing more."
        )


def _extend(connection: Connection, lease: Lease, at: datetime) -> None:
    mine = {"mine": lease.identity, "known": lease.epoch, "until": at + LEASE_LASTS}
    if connection.execute(_longer(), mine).rowcount != 1:
        _check_lease(connection, lease)  # which says who has it now


@cache
def _newest() -> Select[tuple[int, str]]:
    """Made once: it runs before every order, every answer and every sign of life."""
    rows = table(LeaseRow)
    newest = select(rows.c.epoch, rows.c.holder).where(rows.c.identity == bindparam("mine"))
    return newest.with_for_update()


@cache
def _longer() -> Update:
    rows = table(LeaseRow)
    mine = update(rows).where(rows.c.identity == bindparam("mine"), rows.c.epoch == bindparam("known"))
    return mine.values(expires_at=bindparam("until"))


def _begin(connection: Connection, start: Start) -> None:
    _extend(connection, start.lease, start.at)
    attempt, intent = start.attempt, start.attempt.intent
    if not intent.reduce_only:
        _check_halts(connection, attempt.account)
    rows = table(AttemptRow)
    sent = select(rows.c.state).where(rows.c.account == attempt.account)
    if connection.execute(sent.where(rows.c.intent_id == intent.client_id)).first() is not None:
        raise _Barred("this decision was sent before")
    if start.consent is not None:
        given = {
            "decided_by": start.consent.by,
            "decided_at": start.at,
            "state": ApprovalState.APPROVED.value,
        }
        if not _end_pending(connection, attempt.account, start.consent.approval, given):
            raise _Barred("the card was answered before")
    connection.execute(rows.insert(), [live_ledger.attempt_row(attempt)])
    if start.order is not None:
        put(connection, OrderRow, [ledger.order_row(attempt.account, start.order)])


def _check_halts(connection: Connection, account: str) -> None:
    rows = table(HaltRow)
    query = select(rows.c.kind, rows.c.reason).where(rows.c.account == account)
    halt = connection.execute(query.where(rows.c.kind.not_in(PASSING)).order_by(rows.c.seq)).first()
    if halt is not None:
        raise _Barred(f"entries are closed ({halt.kind}): {halt.reason}")


def _end(connection: Connection, approval: Approval) -> bool:
    values = {
        "state": approval.state.value,
        "decided_by": approval.decided_by,
        "decided_at": approval.decided_at,
        "note": approval.note,
    }
    return _end_pending(connection, approval.account, approval.id, values)


def _end_pending(connection: Connection, account: str, approval: str, values: dict[str, Any]) -> bool:
    rows = table(ApprovalRow)
    mine = update(rows).where(
        rows.c.account == account, rows.c.id == approval, rows.c.state == ApprovalState.PENDING.value
    )
    return connection.execute(mine.values(**values)).rowcount == 1


def _moved(connection: Connection, account: str) -> Mapping[str, Decimal]:
    """Added up here, because money is text in SQLite."""
    sums: dict[str, Decimal] = {}
    flows, fills = table(ExternalFlowRow), table(FillRow)
    for asset, amount in connection.execute(
        select(flows.c.asset, flows.c.amount).where(flows.c.account == account)
    ):
        sums[asset] = sums.get(asset, Decimal(0)) + amount
    for row in connection.execute(select(fills).where(fills.c.account == account)):
        for asset, amount in ledger.fill(row).moves:
            sums[asset] = sums.get(asset, Decimal(0)) + amount
    return sums
