"""Everything the desk can ask for."""

from dataclasses import dataclass

from trading.domain.events import News
from trading.domain.risk import Cleared


@dataclass(frozen=True, slots=True)
class Submit:
    """Send this order. Only what the gate cleared can be asked for."""

    cleared: Cleared


@dataclass(frozen=True, slots=True)
class CancelAll:
    """Take back every order of this account that is still out."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Tell everybody who listens."""

    news: News


Action = Submit | CancelAll | Publish
