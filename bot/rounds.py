"""Whose report is due: at the account's time of day by each reader's own clock, each day, Monday and first."""

from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.reply import Reply
from bot.reports import daily_report
from bot.reviews import period_report
from trading.domain.notice import Severity
from trading.domain.people import Person

if TYPE_CHECKING:
    from bot.notify.announcer import Announcer
    from charts.render import Studio
    from trading.service import Trading

LENGTHS = ("day", "week", "month")


def due(at: str, zone: str, since: datetime, until: datetime) -> set[str]:
    """Which reports have their moment after `since` and not after `until`, at the time `at` (HH:MM) in this zone."""
    place, found = ZoneInfo(zone), set[str]()
    day, last = since.astimezone(place).date(), until.astimezone(place).date()
    while day <= last:
        if since < datetime.combine(day, time.fromisoformat(at), place) <= until:
            found.add("day")
            if day.weekday() == 0:
                found.add("week")
            if day.day == 1:
                found.add("month")
        day += timedelta(days=1)
    return found


def next_report(at: str, zone: str, now: datetime) -> datetime:
    """When the next day's report is due for a reader in this zone."""
    place = ZoneInfo(zone)
    today = now.astimezone(place).date()
    moment = datetime.combine(today, time.fromisoformat(at), place)
    return moment if moment > now else datetime.combine(today + timedelta(days=1), moment.timetz())


class Rounds:
    """Sends the reports that became due since the round before; what a closed desk missed is not sent late."""

    def __init__(self, trading: "Trading", studio: "Studio", announcer: "Announcer") -> None:
        self._trading, self._studio, self._announcer = trading, studio, announcer
        self._since: dict[str, datetime] = {}

    def job(self, account: str) -> Callable[[], Awaitable[None]]:
        """One round of an account; the first looks back to this moment."""
        self._since[account] = self._trading.clock()
        return partial(self._send, account)

    async def _send(self, account: str) -> None:
        now = self._trading.clock()
        since, self._since[account] = self._since[account], now
        if account not in self._trading.rooms:
            return
        at = self._trading.settings.accounts[account].report_at
        for length in LENGTHS:
            await self._announcer.tell(
                account,
                "reports",
                partial(self._report, account, length),
                Severity.INFO,
                whom=partial(_waits, length, at, since, now),
            )

    async def _report(self, account: str, length: str, person: Person) -> Reply:
        if length == "day":
            return await daily_report(self._trading, self._studio, account, person)
        return await period_report(self._trading, self._studio, account, length, person)


def _waits(length: str, at: str, since: datetime, now: datetime, person: Person) -> bool:
    return length in due(at, person.zone, since, now)
