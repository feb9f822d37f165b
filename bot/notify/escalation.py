"""Calls people when nobody has acknowledged what is critical: first the owner in private, then somebody else."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.notify.announcer import Announcer
from bot.notify.router import Router, Target
from trading.domain.errors import TradingError
from trading.domain.notice import Incident, Severity
from trading.service import Trading

log = structlog.get_logger("escalation")

LOOK_SECONDS = 5.0
MOST_CALLS = {Severity.CRITICAL: 2, Severity.EMERGENCY: 12}


class Escalation:
    """Looks at what is open and not acknowledged, every few seconds."""

    def __init__(
        self,
        trading: Trading,
        announcer: Announcer,
        router: Router,
        patience: timedelta | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._incidents, self._announcer = trading.incidents, announcer
        self._router, self._patience, self._clock = router, patience, clock

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Call for everything that has waited too long."""
        if self._patience is None:
            return
        now = self._clock()
        for incident in self._incidents.open():
            if incident.calls >= MOST_CALLS.get(incident.severity, 0):
                continue
            waited = now - incident.first_at
            silent = incident.acked_by is not None or incident.is_snoozed(now)
            if silent or waited < self._patience * (incident.calls + 1):
                continue
            try:
                await self._call(incident)
            except TradingError as error:
                log.error("nobody_called", incident=incident.id, reason=error.tell)

    async def _call(self, incident: Incident) -> None:
        """Every second call goes to others as well as to the owner."""
        targets = await self._router.owners()
        if incident.calls % 2 == 1 or not targets:
            targets = [*targets, *await self._router.helpers(incident.account)]
        self._incidents.called(incident)
        each: dict[str, Target] = {target.address: target for target in targets}
        log.warning("calling", incident=incident.id, chats=len(each))
        for target in each.values():
            self._announcer.send_incident(incident, target, again=True)
