"""What a desk works with: its sleeves, what it remembers of each, and whom it asks."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from trading.core.signals import Question
from trading.core.weighing import SWING, WEIGHTS, size_strategy
from trading.domain.market import Timeframe
from trading.domain.protection import NOTHING, Protection
from trading.domain.sizing import KellySize, Size, Weighing
from trading.risk.market import History
from trading.strategies import Strategy


class Answers(Protocol):
    """Who knows what the strategies say: core/signals.py's Board."""

    def exposure(self, question: Question, at: int) -> float | None:
        """The exposure that became known at `at` (seconds), or None."""

    def newest(self, question: Question, at: int) -> float | None:
        """The newest answer known at `at`, or None."""

    def history(self, symbol: str, at: int) -> History | None:
        """The candles before `at` (seconds) that the rules look back on; None where there are none."""

    @property
    def history_seconds(self) -> int:
        """The length of those candles."""


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
    all_in: Decimal | None = (
        None  # a full exposure is this share of the equity, fees included, no margin kept
    )
    weighing: Weighing | None = None  # None: every market gets the same part
    size: Size | None = None  # None: all of its part

    protection: Protection = NOTHING
    _asked: dict[str, Question] = field(default_factory=dict, init=False, compare=False, repr=False)

    def question(self, symbol: str) -> Question:
        """What this sleeve asks about a symbol; a strategy that chooses among several is told which."""
        found = self._asked.get(symbol)
        if found is None:
            among = self.symbols if self.strategy.many else ()
            found = Question(self.strategy, self.params, symbol, self.timeframe, among)
            self._asked[symbol] = found
        return found

    def weight_question(self, symbol: str) -> Question | None:
        """What asks for the market's part of the budget; None where every market gets the same."""
        if self.weighing is None:
            return None
        return Question(WEIGHTS, self.weighing, symbol, self.timeframe, self.symbols)

    def size_question(self, symbol: str) -> Question | None:
        """What asks how much of that part may be used; None where it is all of it."""
        if self.size is None or isinstance(self.size, KellySize):
            return None
        return Question(size_strategy(self.size), self.size, symbol, self.timeframe)

    def swing_question(self, symbol: str) -> Question | None:
        """What asks for the average true range; None where no level needs it."""
        if not self.protection.needs_swing:
            return None
        return Question(SWING, None, symbol, self.timeframe)

    def questions(self) -> tuple[Question, ...]:
        """Everything the board must be able to answer for this sleeve."""
        kinds = (self.question, self.weight_question, self.size_question, self.swing_question)
        return tuple(q for symbol in self.symbols for kind in kinds if (q := kind(symbol)) is not None)


@dataclass(slots=True)
class Line:
    """What the desk remembers of one sleeve and symbol."""

    wanted: float = 0.0  # the strategy's last word
    acted: float = 0.0  # the exposure the position was last sized for
    reached: bool = True  # whether the position is what `acted` asked for
    refusal: str = ""  # the rule that refused last; said once, not every candle
    rest: bool = False  # an order of it was filled in part and given back: the rest is still to be had
    barred: bool = (
        False  # protection sold it: nothing is bought until the strategy has been out, or it may again
    )
    shut_until: int = 0  # seconds; no purchase before
    due: int | None = None  # when a wish that is held back may be acted on (0: unknown); None: nothing waits
    weight: float = 0.0  # its part of the sleeve's budget, where parts are weighed
    pieces: bool = False  # the exchange found its way out too large: it goes in whatever pieces pass
