"""What the risk gate says, and what stops trading."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trading.domain.order import OrderIntent


class Verdict(StrEnum):
    CLEARED = "cleared"
    TRIMMED = "trimmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskDecision:
    """One rule's answer. `limit` and `observed` are what was compared, in the rule's own unit."""

    verdict: Verdict
    intent: OrderIntent
    rule: str
    limit: str
    observed: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cleared:
    """An intent that passed every rule. Made in trading/risk/gate.py and nowhere else."""

    intent: OrderIntent


class HaltKind(StrEnum):
    """Why entries are closed. The kind decides who may lift it and when it lifts itself."""

    PAUSE = "pause"  # a person asked; a person resumes
    DAILY_LOSS = "daily_loss"  # lifts itself with the next UTC day
    FEED = "feed"  # lifts itself when data is fresh again
    STORE = "store"  # the journal cannot be written; lifts itself when it can
    BROKEN = "broken"  # an invariant failed; a person looks at it and resumes
    KILL = "kill"  # everything is sold and stays stopped until an owner lifts it


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """No new entries, for a stated reason. Exits and cancels go on (a kill also sells)."""

    kind: HaltKind
    reason: str
    by: str
    since: datetime
