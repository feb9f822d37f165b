"""The notices of a house, wired: who hears, who words, who delivers, who looks after what is open."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.notify.announcer import Announcer
from bot.notify.arrivals import Arrivals
from bot.notify.canary import Canary, Deciders
from bot.notify.escalation import Escalation
from bot.notify.living import Living
from bot.notify.outbox import Outbox
from bot.notify.router import Readers, Router
from bot.notify.watch import Watch
from trading.service import Trading


@dataclass(frozen=True, slots=True)
class Notices:
    """Everything that tells. `loops` are to be kept running."""

    announcer: Announcer
    outbox: Outbox
    living: Living
    escalation: Escalation
    watch: Watch
    canary: Canary

    @property
    def loops(self) -> dict[str, Any]:
        return {
            "announcer": self.announcer.run,
            "outbox": self.outbox.run,
            "living messages": self.living.run,
            "escalation": self.escalation.run,
            "watch": self.watch.run,
            "cards": self.canary.run,
        }

    async def close(self, seconds: float) -> None:
        """Tell what was heard, wait a little for what still waits, and write the rest down."""
        await self.announcer.drain()
        await self.outbox.flush(seconds)


class People(Readers, Deciders, Protocol):
    """Who wants to hear what, and who may say yes."""


def notices(trading: Trading, people: "People", platforms: Mapping[str, Any]) -> Notices:
    """Wire them; nothing runs yet. `platforms` may still fill up."""
    settings, store, clock = trading.settings.notify, trading.incidents.store, trading.clock
    router = Router(settings, people, store, platforms)
    living = Living(trading, platforms)
    arrivals = Arrivals(living, router)
    outbox = Outbox(platforms, store, arrivals, clock)
    rules: dict[str, str] = dict(settings.rules)
    announcer = Announcer(router, outbox, living, trading.header, rules, clock)
    arrivals.announcer = announcer
    escalation = Escalation(trading, announcer, router, settings.patience, clock)
    canary = arrivals.canary = Canary(trading, people, platforms, outbox)
    return Notices(announcer, outbox, living, escalation, Watch(trading, announcer), canary)
