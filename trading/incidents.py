"""What is wrong right now and what was: one incident for one cause, counted, acknowledged, ended."""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from trading.domain.errors import Refused
from trading.domain.notice import Incident, Notice, Said, Seen, Severity
from trading.store.notices import NoticeStore

MOST_KNOWN = 2000  # incidents kept in memory; beyond it the oldest of the mildest end
REMEMBERED = timedelta(hours=6)  # how long an ended one is kept in memory, for its cool-down
KEPT_FOR = timedelta(days=90)  # how long the history goes back
LONGEST_SNOOZE = timedelta(days=7)
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # easily typed, never mistaken


@dataclass(slots=True)
class Incidents:
    """The incidents of this house. Memory decides; `keep` writes down what has changed."""

    store: NoticeStore
    clock: Callable[[], datetime]
    _known: dict[str, Incident] = field(default_factory=dict)
    _by_key: dict[tuple[str, str], str] = field(default_factory=dict)  # the newest of its key
    _changed: dict[str, None] = field(default_factory=dict)
    _undrawn: dict[str, None] = field(default_factory=dict)

    async def load(self) -> None:
        """Go on with what a former run left open."""
        now = self.clock()
        await self.store.forget_incidents(now - KEPT_FOR)
        for incident in reversed(await self.store.recent_incidents(now - REMEMBERED, MOST_KNOWN)):
            self._remember(incident)

    # --- what happens ---------------------------------------------------------------------------------------

    def see(self, notice: Notice, said: dict[str, Said]) -> Seen:
        """Count it to its incident, or begin one. An incident that has become worse is told again."""
        account, now = notice.account or "", notice.at
        before = self._newest(account, notice.key)
        if before is not None and self._goes_on(before, notice):
            worse = notice.severity > before.severity
            after = replace(
                before,
                said=said,
                severity=max(before.severity, notice.severity),
                count=before.count + 1,
                last_at=max(before.last_at, now),
                over_at=None,
                acked_by=None if worse else before.acked_by,
                acked_at=None if worse else before.acked_at,
            )
            self._change(after)
            return Seen(after, fresh=worse and not after.is_snoozed(now))
        snoozed_until = before.snoozed_until if before is not None and before.is_snoozed(now) else None
        incident = Incident(
            id=self._new_id(),
            account=account,
            key=notice.key,
            topic=notice.topic,
            severity=notice.severity,
            said=said,
            count=1,
            first_at=now,
            last_at=now,
            lasts=notice.lasts,
            snoozed_until=None if notice.severity is Severity.EMERGENCY else snoozed_until,
        )
        self._change(incident)
        self._make_room()
        return Seen(incident, fresh=not incident.is_snoozed(now))

    def over(self, account: str, key: str, at: datetime) -> Incident | None:
        """The incident has ended; None when there was none."""
        before = self._newest(account, key)
        if before is None or not before.is_open:
            return None
        after = replace(before, over_at=max(at, before.last_at))
        self._change(after)
        return after

    def expire(self) -> list[Incident]:
        """End what has not been seen again for as long as it lasts."""
        now, ended = self.clock(), []
        for incident in list(self._known.values()):
            if incident.is_open and incident.lasts is not None and now - incident.last_at >= incident.lasts:
                ended.append(replace(incident, over_at=now))
                self._change(ended[-1])
            elif incident.over_at is not None and now - incident.over_at > REMEMBERED:
                self._forget(incident)
        return ended

    def called(self, incident: Incident) -> Incident:
        """Somebody was called because nobody has acknowledged it."""
        after = replace(self._known.get(incident.id, incident), calls=incident.calls + 1)
        self._change(after)
        return after

    # --- what people do -------------------------------------------------------------------------------------

    async def ack(self, incident_id: str, by: str) -> Incident:
        """Somebody has seen it and cares: nobody else is called. The first one counts."""
        incident = await self.find(incident_id)
        if incident.acked_by is not None:
            return incident
        after = replace(incident, acked_by=by, acked_at=self.clock())
        await self._change_and_keep(after)
        return after

    async def snooze(self, incident_id: str, length: timedelta, by: str) -> Incident:
        """Nothing is said about it for a while, even if it comes again. An emergency cannot be snoozed."""
        incident = await self.find(incident_id)
        if incident.severity is Severity.EMERGENCY:
            raise Refused(
                f"An emergency cannot be snoozed; /ack {incident.id} tells the others that you care."
            )
        if not timedelta(0) < length <= LONGEST_SNOOZE:
            raise Refused("An alert may be snoozed for at most 7 days.")
        now = self.clock()
        after = replace(
            incident,
            snoozed_until=now + length,
            acked_by=incident.acked_by or by,
            acked_at=incident.acked_at or now,
        )
        await self._change_and_keep(after)
        return after

    async def find(self, incident_id: str) -> Incident:
        """The incident with this name; Refused when there is none."""
        wanted = incident_id.lower().lstrip("#")
        incident = self._known.get(wanted) or await self.store.incident(wanted)
        if incident is None:
            raise Refused(f"There is no alert '{incident_id}'; /alerts lists them.")
        return incident

    def open(self) -> list[Incident]:
        """What is wrong right now, the worst and newest first."""
        found = [incident for incident in self._known.values() if incident.is_open]
        return sorted(found, key=lambda i: (i.severity, i.last_at), reverse=True)

    async def history(
        self, accounts: Iterable[str] | None, *, open_only: bool, limit: int, offset: int
    ) -> list[Incident]:
        """Newest first; the account of what concerns the whole house is ''."""
        await self.keep()
        wanted = None if accounts is None else set(accounts)
        return await self.store.incidents(wanted, open_only=open_only, limit=limit, offset=offset)

    # --- inside ---------------------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Write down what has changed; on failure it stays to be written."""
        changed, self._changed = self._changed, {}
        known = [self._known[name] for name in changed if name in self._known]
        if not known:
            return
        try:
            await self.store.save_incidents(known)
        except BaseException:
            self._changed = changed | self._changed
            raise

    async def _change_and_keep(self, incident: Incident) -> None:
        self._change(incident)
        await self.keep()

    def changed(self) -> list[str]:
        """The names of what has changed since this was last asked, so that messages can follow."""
        names, self._undrawn = list(self._undrawn), {}
        return names

    def current(self, incident_id: str) -> Incident | None:
        """As it is known in memory right now."""
        return self._known.get(incident_id)

    def _goes_on(self, before: Incident, notice: Notice) -> bool:
        """Whether this is the same trouble, still or so soon again that it is no news."""
        if before.is_open:
            return True
        assert before.over_at is not None
        return notice.at - before.over_at < notice.cool_down

    def _newest(self, account: str, key: str) -> Incident | None:
        return self._known.get(self._by_key.get((account, key), ""))

    def _change(self, incident: Incident) -> None:
        self._remember(incident)
        self._changed[incident.id] = self._undrawn[incident.id] = None

    def _remember(self, incident: Incident) -> None:
        self._known[incident.id] = incident
        newest = self._newest(incident.account, incident.key)
        if newest is None or newest.first_at <= incident.first_at:
            self._by_key[incident.account, incident.key] = incident.id

    def _forget(self, incident: Incident) -> None:
        if incident.id in self._changed or incident.is_snoozed(self.clock()):
            return
        self._known.pop(incident.id, None)
        if self._by_key.get((incident.account, incident.key)) == incident.id:
            del self._by_key[incident.account, incident.key]

    def _make_room(self) -> None:
        """Too many at once: the mildest and oldest is over, so that the worst stay known."""
        if len(self._known) <= MOST_KNOWN:
            return
        mildest = min(self._known.values(), key=lambda i: (i.is_open, i.severity, i.last_at))
        if mildest.id not in self._changed:
            self._known.pop(mildest.id)
            if self._by_key.get((mildest.account, mildest.key)) == mildest.id:
                del self._by_key[mildest.account, mildest.key]

    def _new_id(self) -> str:
        while True:
            name = "".join(secrets.choice(_LETTERS) for _ in range(5))
            if name not in self._known:
                return name
