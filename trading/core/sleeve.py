"""What a desk works with: its sleeves, what it remembers of each, and whom it asks."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from trading.core.signals import Question
from trading.domain.market import Timeframe
from trading.strategies import Strategy


class Answers(Protocol):
    """Who knows what the strategies say: core/signals.py's Board."""

    def exposure(self, question: Question, at: int) -> float | None:
        """The exposure that became known at `at` (seconds), or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleeve:
    """A strategy with its parameters, symbols and share of the account's equity."""

    name: str
    strategy: Strategy
    params: Any
    symbols: tuple[str, ...]
    timeframe: Timeframe
    share: float
    enabled: bool
    units: Decimal | None = None  # a full exposure is this amount, whatever it costs
    all_in: Decimal | None = None  # a full exposure is this share of the equity, fees included and no margin kept

    def question(self, symbol: str) -> Question:
        """What this sleeve asks about a symbol; a strategy that chooses among several is told which."""
        among = self.symbols if self.strategy.many else ()
        return Question(self.strategy, self.params, symbol, self.timeframe, among)

    def questions(self) -> tuple[Question, ...]:
        return tuple(self.question(symbol) for symbol in self.symbols)


@dataclass(slots=True)
class Line:
    """What the desk remembers of one sleeve and symbol."""

    wanted: float = 0.0  # the strategy's last word
    acted: float = 0.0  # the exposure the position was last sized for
    reached: bool = True  # whether the position is what `acted` asked for
    refusal: str = ""  # the rule that refused last; said once, not every candle
    rest: bool = False  # an order of it was filled in part and given back: the rest is still to be had
