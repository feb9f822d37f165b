"""Keys behind real money are asked about every day: one that became dangerous closes entries, an open one is capped."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from trading.clock import Clock
from trading.domain.errors import ExchangeSaidNo, Refused, Uncertain
from trading.domain.events import HaltAsked, LimitsChanged
from trading.domain.keys import Looked
from trading.domain.risk import HaltKind
from trading.execution.venue import Unreachable
from trading.limits import halved, limits_for
from trading.seating import Keys, Seats, options_of
from trading.settings import Settings
from trading.steering import Steering

log = structlog.get_logger("keywatch")

EVERY: Final = timedelta(hours=24)
AGAIN: Final = timedelta(hours=1)  # after an exchange that did not answer: that says nothing of the key
BY: Final = "the daily look at keys"


Ask = Callable[[str], Awaitable[Looked]]  # raises Uncertain when the exchange does not answer


def asks_exchange(settings: Settings, keys: Keys, clock: Clock) -> Ask:
    """What the exchange says of the key that an account trades with."""

    async def ask(account: str) -> Looked:
        from trading.exchange.keys import KeyFacts, fitness, objection
        from trading.exchange.probing import probe

        mine = settings.accounts[account]
        try:
            options = await options_of(mine, account, keys)
            key = (
                KeyFacts(may_withdraw=False)
                if options.get("sandbox")
                else await probe(mine.exchange, options, clock)
            )
        except (ExchangeSaidNo, Refused) as error:
            return Looked(account, (objection(mine.exchange, error),), (), False)
        found = fitness(mine.exchange, key, clock())
        return Looked(account, found.against, found.warnings, found.capped)

    return ask


@dataclass(slots=True)
class KeyWatch:
    """Hung on Trading as `trading.keywatch`. `ask` can be another one in tests."""

    house: Steering
    seats: Seats
    ask: Ask
    _next: dict[str, datetime] = field(default_factory=dict)
    _known: dict[str, Looked] = field(default_factory=dict)

    async def look(self) -> list[Looked]:
        """Ask about every key whose day is over; what is new, to be told."""
        news = []
        for account in list(self.seats.lives):
            now = self.house.clock()
            if self._next.get(account, now) > now:
                continue
            try:
                found = await self.ask(account)
            except (Uncertain, Unreachable) as error:
                log.warning("key_not_asked_about", account=account, reason=str(error))
                self._next[account] = now + AGAIN
                continue
            self._next[account] = now + EVERY
            await self._hold_to(found)
            if found != self._known.get(account, Looked(account, (), (), False)):
                news.append(found)
            self._known[account] = found
        return news

    async def _hold_to(self, found: Looked) -> None:
        """Close entries for what speaks against the key; let it put half to work while it is open to everybody."""
        if found.account not in self.house.rooms:
            return
        room = self.house.room(found.account)
        if found.against:
            log.error("key_dangerous", account=found.account, reason=found.against[0])
            await self.house.do([room], lambda now: HaltAsked(now, HaltKind.BROKEN, found.against[0], BY))
        usual = limits_for(self.house.settings, found.account)
        share = (halved(usual) if found.capped else usual).capital_share
        if share != room.desk.limits.capital_share:
            limits = replace(room.desk.limits, capital_share=share)
            await self.house.do([room], lambda now: LimitsChanged(now, limits, BY))
