"""What an account has shown before it may go one step up towards real money."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Shown(StrEnum):
    """What is asked of it."""

    DAYS = "days"  # it has traded, since this desk knows it
    TRADES = "trades"  # that were closed
    SHARPE = "sharpe"
    DRAWDOWN = "drawdown"
    HONEST = "honest"  # 1: none of its strategies looks ahead or lacks warm-up; None: nobody has looked yet
    AGREES = "agrees"  # 1: the exchange and the books say the same, and no order is in doubt
    OPEN = "open"  # 1: nothing halts it


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One thing that was asked, and what was found; None where there is too little to say."""

    kind: Shown
    found: float | None
    wanted: float

    @property
    def met(self) -> bool:
        if self.found is None:
            return False
        if self.kind is Shown.DRAWDOWN:
            return self.found < self.wanted
        if self.kind is Shown.SHARPE:
            return self.found > self.wanted
        return self.found >= self.wanted

    @property
    def hard(self) -> bool:
        """Whether nobody may go up without it, whatever they say."""
        return self.kind in (Shown.AGREES, Shown.OPEN, Shown.HONEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vetted:
    """What the honesty checks found of one strategy of an account, as it was set then."""

    sleeve: str
    honest: bool  # free of look-ahead, its warm-up long enough, its answers sound
    bias: str  # the sentence that says so, or what is wrong with it
    skill: bool  # told apart from luck; nobody is refused for want of it
    luck: str  # the sentence that says so
    at: datetime
