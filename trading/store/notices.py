"""Incidents, undelivered messages and living messages, as they are written down and read back."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, literal, or_, select

from trading.domain.notice import Incident, Kept, Said, Severity, Shown
from trading.store.database import Database
from trading.store.notice_tables import IncidentRow, OutboxRow
from trading.store.tables import IdentityRow, MessageRow, table
from trading.store.writing import put

_PANEL = len("incident/12345")  # the part of a panel's name that says which incident it shows


class NoticeStore:
    """What the notices need to remember. Every method may raise Broken with one sentence."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- incidents ------------------------------------------------------------------------------------------

    async def save_incidents(self, incidents: Sequence[Incident]) -> None:
        """Keep them as they are now."""
        rows = [_row(incident) for incident in incidents]
        await self._database.write(lambda connection: put(connection, IncidentRow, rows))

    async def incidents(
        self,
        accounts: Collection[str] | None = None,
        *,
        open_only: bool = False,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Incident]:
        """The last incidents of these accounts (None: of all), newest first."""
        known = table(IncidentRow)
        query = select(known).order_by(known.c.last_at.desc(), known.c.id)
        if accounts is not None:
            query = query.where(known.c.account.in_(sorted(accounts)))
        if open_only:
            query = query.where(known.c.over_at.is_(None))
        rows = await self._database.rows(query.limit(limit).offset(offset))
        return [_incident(row) for row in rows]

    async def incident(self, incident_id: str) -> Incident | None:
        known = table(IncidentRow)
        rows = await self._database.rows(select(known).where(known.c.id == incident_id))
        return _incident(rows[0]) if rows else None

    async def recent_incidents(self, since: datetime, limit: int) -> list[Incident]:
        """Those that go on, ended after `since`, or are still snoozed."""
        c = table(IncidentRow).c
        query = select(table(IncidentRow)).where(
            or_(c.over_at.is_(None), c.over_at >= since, c.snoozed_until >= since)
        )
        rows = await self._database.rows(query.order_by(c.last_at.desc()).limit(limit))
        return [_incident(row) for row in rows]

    async def forget_incidents(self, before: datetime) -> None:
        """Delete what was over before this, and the notes of where it was shown."""
        known, shown = table(IncidentRow), table(MessageRow)
        panels = select(literal("incident/") + known.c.id).where(known.c.over_at < before)

        def job(connection: Connection) -> None:
            connection.execute(delete(shown).where(func.substr(shown.c.panel, 1, _PANEL).in_(panels)))
            connection.execute(delete(known).where(known.c.over_at < before))

        await self._database.write(job)

    # --- messages on their way ------------------------------------------------------------------------------

    async def change_outbox(self, added: Sequence[Kept], gone: Collection[str]) -> None:
        """Write down what must arrive and take away what has, in one go."""
        rows = [{"id": k.id, "address": k.address, "at": k.at, "parcel": k.parcel} for k in added]
        kept = table(OutboxRow)

        def job(connection: Connection) -> None:
            known = set(
                connection.execute(select(kept.c.id).where(kept.c.id.in_([r["id"] for r in rows]))).scalars()
            )
            new = [row for row in rows if row["id"] not in known]
            if new:
                connection.execute(kept.insert(), new)
            if gone:
                connection.execute(delete(kept).where(kept.c.id.in_(sorted(gone))))

        await self._database.write(job)

    async def mark_outbox(self, names: Collection[str], *, tried: bool) -> None:
        """Note that these are on their way, or that they did not arrive after all."""
        kept = table(OutboxRow)

        def job(connection: Connection) -> None:
            query = select(kept.c.id, kept.c.parcel).where(kept.c.id.in_(sorted(names)))
            for row in connection.execute(query).all():
                if row.parcel.get("tried", False) != tried:
                    noted = row.parcel | {"tried": tried}
                    connection.execute(kept.update().where(kept.c.id == row.id).values(parcel=noted))

        await self._database.write(job)

    async def outbox(self) -> list[Kept]:
        """What has not arrived yet, in order."""
        kept = table(OutboxRow)
        rows = await self._database.rows(select(kept).order_by(kept.c.seq))
        return [Kept(id=r.id, address=r.address, at=r.at, parcel=r.parcel) for r in rows]

    # --- living messages ------------------------------------------------------------------------------------

    async def shown(self, panel: str) -> list[Shown]:
        """Where a panel is shown; one that ends with `/` stands for all whose names begin so."""
        c = table(MessageRow).c
        query = select(c.platform, c.chat, c.panel, c.ref)
        query = query.where(
            c.panel.startswith(panel, autoescape=True) if panel.endswith("/") else c.panel == panel
        )
        rows = await self._database.rows(query)
        return [Shown(platform=r.platform, chat=r.chat, panel=r.panel, ref=r.ref) for r in rows]

    async def show(self, shown: Iterable[Shown], at: datetime) -> None:
        """From now on these messages show these panels."""
        rows = [
            {"platform": s.platform, "chat": s.chat, "panel": s.panel, "ref": s.ref, "at": at} for s in shown
        ]
        await self._database.write(lambda connection: put(connection, MessageRow, rows))

    async def hide(self, address: str, panel: str) -> None:
        """A chat shows this panel no longer; the message itself is the platform's business."""
        platform, _, chat = address.partition(":")
        c = table(MessageRow).c
        query = delete(table(MessageRow)).where(c.platform == platform, c.chat == chat)
        query = query.where(
            c.panel.startswith(panel, autoescape=True) if panel.endswith("/") else c.panel == panel
        )
        await self._database.write(lambda connection: connection.execute(query))

    # --- where people are -----------------------------------------------------------------------------------

    async def identities(self, person_id: int) -> dict[str, str]:
        """A person's id on each platform."""
        c = table(IdentityRow).c
        query = select(c.platform, c.user_id).where(c.person_id == person_id).order_by(c.linked_at)
        return {row.platform: row.user_id for row in await self._database.rows(query)}


def _row(incident: Incident) -> dict[str, Any]:
    said = {
        language: {"title": words.title, "facts": [list(fact) for fact in words.facts]}
        for language, words in incident.said.items()
    }
    return {
        "id": incident.id,
        "account": incident.account,
        "key": incident.key,
        "topic": incident.topic,
        "severity": int(incident.severity),
        "said": said,
        "count": incident.count,
        "first_at": incident.first_at,
        "last_at": incident.last_at,
        "lasts": None if incident.lasts is None else int(incident.lasts.total_seconds()),
        "over_at": incident.over_at,
        "acked_by": incident.acked_by,
        "acked_at": incident.acked_at,
        "snoozed_until": incident.snoozed_until,
        "calls": incident.calls,
    }


def _incident(row: Any) -> Incident:
    said = {
        language: Said(title=words["title"], facts=tuple((f[0], f[1]) for f in words["facts"]))
        for language, words in row.said.items()
    }
    return Incident(
        id=row.id,
        account=row.account,
        key=row.key,
        topic=row.topic,
        severity=Severity(row.severity),
        said=said,
        count=row.count,
        first_at=row.first_at,
        last_at=row.last_at,
        lasts=None if row.lasts is None else timedelta(seconds=row.lasts),
        over_at=row.over_at,
        acked_by=row.acked_by,
        acked_at=row.acked_at,
        snoozed_until=row.snoozed_until,
        calls=row.calls,
    )
