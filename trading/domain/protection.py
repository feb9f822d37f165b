"""What protects a position whatever its strategy says: stops, targets, holding times."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from trading.domain.order import Reason

Tiers = tuple[tuple[float, float], ...]

PROTECTIVE = frozenset({Reason.STOP, Reason.TAKE_PROFIT, Reason.TRAILING_STOP, Reason.TIME_STOP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """The overlays of one sleeve. Shares are of the entry price, bars are of the sleeve's candles; 0 is off.

    Levels stand from the entry on and move at closes only; a candle that touches one ends the position inside that
    candle, at the level, or at its open when that lies beyond already. When one candle touches a stop and a target,
    `both_touched` says which counts; nobody can know, so the worse one does unless asked otherwise.
    """

    stop: float = 0.0  # below the entry
    atr_stop: float = 0.0  # below the entry, in ATR(14)s at the entry; the nearer of the two stops counts
    take: float = 0.0  # above the entry: all of it is sold
    tiers: Tiers = ()  # (gain, share of the position) each, sold on the way
    trail: float = 0.0  # below the highest price since the entry ...
    trail_from: float = 0.0  # ... once that was this far above the entry
    atr_trail: float = 0.0  # below the highest price since the entry, in ATR(14)s; never moves down
    min_hold: int = 0  # bars in which only the stop may end the position
    time_stop: int = 0  # bars after which it is sold in any case
    cool_down: int = 0  # bars after a protective sale in which nothing is bought
    reenter: bool = False  # buy again while the strategy still wants to; otherwise only once it has been out
    both_touched: Literal["stop", "take"] = "stop"

    @property
    def on(self) -> bool:
        """Whether anything here can ever act."""
        return any(
            (
                self.stop,
                self.atr_stop,
                self.take,
                self.tiers,
                self.trail,
                self.atr_trail,
                self.min_hold,
                self.time_stop,
            )
        )

    @property
    def needs_swing(self) -> bool:
        """Whether the average true range has a say."""
        return self.atr_stop > 0 or self.atr_trail > 0

    def with_(self, said: dict[str, Any]) -> "Protection":
        """These overlays where something was said about them, as they are otherwise."""
        mine = {name: getattr(self, name) for name in self.__slots__}
        return Protection(**mine | {name: value for name, value in said.items() if value is not None})


NOTHING = Protection()


@dataclass(frozen=True, slots=True, kw_only=True)
class RestingStop:
    """A stop as it should rest at an exchange: so much of a position is sold when the market trades this low."""

    sleeve: str
    symbol: str
    amount: Decimal
    price: Decimal
    reason: Reason

    @property
    def key(self) -> tuple[str, str]:
        """Whose position it protects: sleeve and symbol."""
        return self.sleeve, self.symbol
