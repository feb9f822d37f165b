"""The five modes, as a table: they differ in clock, feed and executor, and in the money at stake. Nothing else asks."""

from dataclasses import dataclass
from enum import Enum

from trading.domain.account import Mode
from trading.execution.shadow import Recorded
from trading.execution.sim import Simulated
from trading.execution.unseated import Unseated


class Stake(Enum):
    """How much real money an account may move."""

    NONE = "none"
    CAPPED = "capped"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Wiring:
    """What an account of this mode is made of. `badge` starts each of its messages."""

    executor: type[Simulated] | type[Unseated]
    stake: Stake
    badge: str
    rung: int = 0  # how far up the ladder to real money
    asks_first: bool = False  # every order a strategy decides waits for a person's button

    @property
    def records(self) -> bool:
        """Whether orders are written down and never sent."""
        return self.executor is Recorded

    @property
    def real(self) -> bool:
        """Whether real money is at stake: then the account needs a seat at its exchange (trading/seating.py)."""
        return self.stake is not Stake.NONE


MODES = {
    Mode.BACKTEST: Wiring(Simulated, Stake.NONE, "🔬 BACKTEST"),
    Mode.SHADOW: Wiring(Recorded, Stake.NONE, "👥 SHADOW", 1),
    Mode.PAPER: Wiring(Simulated, Stake.NONE, "🧪 PAPER", 1),
    Mode.CANARY: Wiring(Unseated, Stake.CAPPED, "🐤 CANARY", 2, asks_first=True),
    Mode.LIVE: Wiring(Unseated, Stake.FULL, "🔴 LIVE", 3),
}


def above(mode: Mode) -> Mode | None:
    """The next step up from here; None at the top."""
    return next((other for other, row in MODES.items() if row.rung == MODES[mode].rung + 1), None)


def wiring(mode: Mode, account: str) -> Wiring:
    """The row of the table for this account."""
    return MODES[mode]
