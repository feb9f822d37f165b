"""Conditions that no event tells: limits nearly used up, accounts that cannot trade, a disk that fills up."""

import asyncio
import shutil
from pathlib import Path

import structlog

from bot.notify.announcer import Announcer, Saying
from bot.notify.wording import HALTS
from bot.show import money
from bot.words import Words
from trading.domain.errors import TradingError
from trading.domain.notice import Said
from trading.domain.view import Budget, Status
from trading.service import Trading

log = structlog.get_logger("watch")

LOOK_SECONDS = 15.0
CALMER = 0.1  # so much less of a limit must be used before the alert is over
LOW, ENOUGH = 500_000_000, 600_000_000  # bytes


class Watch:
    """Looks every few seconds; says when something begins and when it is over, never in between."""

    def __init__(self, trading: Trading, announcer: Announcer) -> None:
        self._trading, self._announcer = trading, announcer
        self._raised: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """One look at everything."""
        for account in self._trading.accounts:
            self._account(account)
        folder = self._trading.settings.data_dir
        free = await asyncio.to_thread(_free, folder)
        if free is not None:
            self._decide("disk_low", "", free < LOW, free > ENOUGH, lambda say: _disk_low(free, say))

    def _account(self, account: str) -> None:
        why = self._trading.trouble.get(account)
        self._decide(
            "account_down", account, why is not None, why is None, lambda say: _down(account, why or "", say)
        )
        if account not in self._trading.rooms:
            return
        try:
            now = self._trading.status(account)
        except TradingError as error:
            log.error("account_not_seen", account=account, reason=error.tell)
            return
        self._end_halts(account, now)
        near = self._trading.settings.notify.near
        for budget in (b for b in now.budgets if b.name == "day"):
            used = budget.used
            self._decide(
                "loss_near",
                account,
                near <= used < 1,
                used < near - CALMER,
                lambda say, b=budget: _loss_near(b, now, say),  # type: ignore[misc]
            )

    def _end_halts(self, account: str, now: Status) -> None:
        """An alert about a halt is over once there is none, even if its end was never heard."""
        standing = {HALTS[halt.kind] for halt in now.halts}
        for incident in self._trading.incidents.open():
            rule = incident.key.partition(":")[0]
            if incident.account == account and rule in HALTS.values() and rule not in standing:
                self._announcer.end_alert(rule, "", account)

    def _decide(self, rule: str, account: str, wrong: bool, well: bool, saying: Saying) -> None:
        if wrong:
            if (rule, account) not in self._raised:
                self._raised.add((rule, account))
                self._announcer.raise_alert(rule, "", account, saying)
        elif well:
            self._raised.discard((rule, account))
            self._announcer.end_alert(rule, "", account)


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError as error:
        log.warning("disk_not_seen", reason=error.strerror or type(error).__name__)
        return None


def _disk_low(free: int, say: Words) -> Said:
    mb = free // 10**6
    return Said(title=say("Only {mb} MB are free on the disk; make room, or the desk must stop", mb=mb))


def _down(account: str, why: str, say: Words) -> Said:
    return Said(title=say("{account} cannot trade: {reason}", account=account, reason=say.again(why)))


def _loss_near(budget: Budget, now: Status, say: Words) -> Said:
    title = say(
        "{used} of the day's loss limit is used; {left} more and entries close",
        used=f"{budget.used:.0%}",
        left=money(budget.left, now.currency),
    )
    return Said(title=title)
