"""The one desk of all five modes: events in, actions out; no I/O, no clock, deterministic."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from trading.core.book import Book
from trading.core.halts import Halts
from trading.core.orders import Orders, reserved
from trading.core.plan import NO_TRADE_BAND, intent_for, worth_acting
from trading.core.signals import Question
from trading.domain.account import Account, Position
from trading.domain.actions import Action, CancelAll, Publish, Submit
from trading.domain.errors import Broken
from trading.domain.events import (
    CandlesClosed,
    CashMoved,
    DeskEvent,
    HaltAsked,
    HaltLifted,
    KillAsked,
    KillLifted,
    OrderChanged,
    OrderFilled,
    OrderRefused,
    PricesSeen,
    SignalChanged,
    SleeveChanged,
    SleeveFailed,
    TradingHalted,
    TradingResumed,
    WentFlat,
)
from trading.domain.market import Instrument, Timeframe
from trading.domain.order import OrderIntent, OrderStatus, Reason, Side
from trading.domain.risk import Cleared, Halt, HaltKind
from trading.domain.signal import Signal
from trading.portfolio.sizing import fixed_share
from trading.risk.account import day_is_lost, drawdown_is_reached
from trading.risk.gate import review
from trading.risk.rules import Case, Limits
from trading.strategies import Strategy

FAILED = "failed"  # in place of a rule's name


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


@dataclass(slots=True)
class Desk:
    """Decides for one account. `on` is the only entrance."""

    book: Book
    instruments: Mapping[str, Instrument]
    limits: Limits
    answers: Answers
    sleeves: dict[str, Sleeve]
    orders: Orders = field(default_factory=Orders)
    halts: Halts = field(default_factory=Halts)
    lines: dict[tuple[str, str], Line] = field(default_factory=dict)
    seen: dict[str, datetime] = field(default_factory=dict)  # close of each symbol's newest candle

    def on(self, event: DeskEvent) -> list[Action]:
        """What follows from one event. The same events always give the same actions."""
        match event:
            case CandlesClosed():
                return self._candles_closed(event)
            case PricesSeen():
                return []  # simulated orders fill on it; the book is marked by closes only, as in a backtest
            case OrderChanged():
                return self._order_changed(event)
            case OrderFilled():
                self.book.apply(event.fill)
                return self._after_money_moved(event.at)
            case CashMoved():
                self.book.move(event.flow)
                return []
            case KillAsked():
                return self._kill(event.at, event.reason, event.by, Reason.KILL)
            case KillLifted():
                return self._kill_lifted(event)
            case HaltAsked():
                return self._halt(Halt(kind=event.kind, reason=event.reason, by=event.by, since=event.at))
            case HaltLifted():
                return self._resume(event.at, event.kind, event.by)
            case SleeveChanged():
                return self._sleeve_changed(event)

    @property
    def settled(self) -> bool:
        """Whether nothing is under way: until a signal or a limit changes, candles change only the marks."""
        return not self.orders.live and all(line.reached for line in self.lines.values())

    @property
    def last_candle_at(self) -> datetime | None:
        return max(self.seen.values(), default=None)

    def account(self, at: datetime) -> Account:
        live = self.orders.live
        committed = sum(
            (
                _cost(o.intent) - o.filled * o.intent.price_at_decision
                for o in live
                if o.intent.side is Side.BUY
            ),
            Decimal(0),
        )
        return self.book.account(at, committed, tuple((o.intent.sleeve, o.intent.symbol) for o in live))

    # --- candles: mark, watch, decide -------------------------------------------------------------------

    def _candles_closed(self, event: CandlesClosed) -> list[Action]:
        fresh = [c for c in event.candles if c.symbol not in self.seen or c.closed_at > self.seen[c.symbol]]
        if not fresh:
            return []
        self.seen.update({c.symbol: c.closed_at for c in fresh})
        self.book.mark(event.at, self._marks({c.symbol: c.close for c in fresh}))
        actions: list[Action] = []
        if self.halts.since(HaltKind.DAILY_LOSS, event.at).date() < event.at.date():
            actions += self._resume(event.at, HaltKind.DAILY_LOSS, "the new day")
        if self.halts.killed:
            return actions + self._flatten(event.at, Reason.KILL)
        actions += self._watch(event.at)
        if self.halts.killed:
            return actions
        symbols = {c.symbol for c in fresh}
        for sleeve in self.sleeves.values():
            actions += self._decide(sleeve, symbols, event.at)
        return actions + self._sell_orphans(symbols, event.at)

    def _watch(self, at: datetime) -> list[Action]:
        """The account's own limits: the lost day closes entries, the drawdown sells everything and stops."""
        if self.halts.killed:
            return []
        account = self.account(at)
        if drawdown_is_reached(account, self.limits):
            reason = f"drawdown {account.drawdown:.1%} reached its limit of {self.limits.drawdown:.1%}"
            return self._kill(at, reason, "risk", Reason.DRAWDOWN)
        if HaltKind.DAILY_LOSS not in self.halts and day_is_lost(account, self.limits):
            reason = (
                f"today's loss {account.day_change:+.1%} reached its limit of -{self.limits.daily_loss:.1%}"
            )
            return self._halt(Halt(kind=HaltKind.DAILY_LOSS, reason=reason, by="risk", since=at))
        return []

    def _decide(self, sleeve: Sleeve, symbols: set[str], at: datetime) -> list[Action]:
        """Ask the strategy about each symbol that has news, and order the difference."""
        actions: list[Action] = []
        for symbol in sleeve.symbols:
            if symbol not in symbols:
                continue
            line = self.lines.get((sleeve.name, symbol))
            if line is None:
                line = self.lines[sleeve.name, symbol] = Line()
            if sleeve.enabled:
                try:
                    wanted = self.answers.exposure(sleeve.question(symbol), int(at.timestamp()))
                except Broken as broken:
                    actions += self._failed(sleeve.name, line, broken.tell, at)
                    continue
                if wanted is None:
                    continue
                reason = Reason.SIGNAL
            elif line.acted == 0 and line.reached and line.wanted == 0:
                continue
            else:
                wanted, reason = 0.0, Reason.DISABLED
            actions += self._take_signal(sleeve, symbol, line, wanted, at)
            actions += self._pursue(sleeve, symbol, line, reason, at)
        return actions

    @staticmethod
    def _failed(sleeve: str, line: Line, reason: str, at: datetime) -> list[Action]:
        """A strategy that failed is told once; the others go on."""
        if line.refusal == FAILED:
            return []
        line.refusal = FAILED
        return [Publish(SleeveFailed(at, sleeve, reason))]

    def _take_signal(
        self, sleeve: Sleeve, symbol: str, line: Line, wanted: float, at: datetime
    ) -> list[Action]:
        actions: list[Action] = []
        if wanted != line.wanted:
            signal = Signal(sleeve=sleeve.name, symbol=symbol, exposure=wanted, at=at)
            actions.append(Publish(SignalChanged(at, signal, line.wanted)))
            line.wanted = wanted
        if worth_acting(wanted, line.acted):
            line.acted, line.reached, line.refusal = wanted, False, ""
        return actions

    def _pursue(self, sleeve: Sleeve, symbol: str, line: Line, reason: Reason, at: datetime) -> list[Action]:
        """Order what is missing between the position and the exposure last acted on."""
        if line.reached or self.orders.busy(sleeve.name, symbol) or symbol not in self.book.prices:
            return []
        held, price = self.book.held(sleeve.name, symbol), self.book.prices[symbol]
        target = self._target(sleeve, symbol, line.acted, price)
        intent = intent_for(
            account=self.book.name,
            sleeve=sleeve.name,
            instrument=self.instruments[symbol],
            target=target,
            held=held,
            price=price,
            reason=reason,
            at=at,
        )
        if intent is None:
            line.reached = True
            return []
        return self._ask_gate(intent, line, at)

    def _target(self, sleeve: Sleeve, symbol: str, exposure: float, price: Decimal) -> Decimal:
        if exposure == 0:
            return Decimal(0)
        instrument = self.instruments[symbol]
        parts = (
            1 if sleeve.strategy.many else len(sleeve.symbols)
        )  # one that chooses may put all on one symbol
        return fixed_share(exposure, self.book.equity, sleeve.share, parts, price, instrument)

    def _ask_gate(self, intent: OrderIntent, line: Line | None, at: datetime) -> list[Action]:
        case = Case(
            intent=intent,
            account=self.account(at),
            instrument=self.instruments[intent.symbol],
            limits=self.limits,
            halts=self.halts.all,
        )
        answer = review(case)
        if isinstance(answer, Cleared):
            self.orders.apply(
                reserved(answer.intent)
            )  # from here on it counts: no second order, no cash spent twice
            return [Submit(answer)]
        if line is None or line.refusal == answer.rule:
            return []
        line.refusal = answer.rule
        return [Publish(OrderRefused(at, answer))]

    def _sell_orphans(self, symbols: set[str], at: datetime) -> list[Action]:
        """Positions whose sleeve or symbol is no longer in the settings belong to nobody: they are sold."""
        actions: list[Action] = []
        for sleeve, symbol in self.book.positions:
            owner = self.sleeves.get(sleeve)
            if symbol in symbols and (owner is None or symbol not in owner.symbols):
                actions += self._flatten(at, Reason.DISABLED, only=(sleeve, symbol))
        return actions

    # --- orders and money -------------------------------------------------------------------------------

    def _order_changed(self, event: OrderChanged) -> list[Action]:
        order = event.order
        self.orders.apply(order)
        line = self.lines.get((order.intent.sleeve, order.intent.symbol))
        if line is not None and order.status is OrderStatus.FILLED:
            line.refusal = ""
            line.reached = self._is_there(order.intent.sleeve, order.intent.symbol, line)
        if self.halts.killed and order.status is OrderStatus.CANCELED:
            key = (order.intent.sleeve, order.intent.symbol)
            return self._flatten(event.at, Reason.KILL, only=key) or self._after_money_moved(event.at)
        return self._after_money_moved(event.at)

    def _is_there(self, sleeve: str, symbol: str, line: Line) -> bool:
        """After a fill: flat when flat was wanted; otherwise nearly what one order may take of what was wanted."""
        held = self.book.held(sleeve, symbol)
        owner = self.sleeves.get(sleeve)
        if line.acted == 0 or owner is None:
            return held == 0
        if held * Decimal(str(line.acted)) <= 0:
            return False  # a turn goes through flat: the second order is still to come
        price = self.book.prices[symbol]
        most = self.book.equity * Decimal(str(self.limits.order_share)) / price
        wanted = min(abs(self._target(owner, symbol, line.acted, price)), most)
        return abs(held) >= wanted * Decimal(str(1 - NO_TRADE_BAND))

    def _after_money_moved(self, at: datetime) -> list[Action]:
        """While killed: tell once that everything is sold."""
        if (
            not self.halts.killed
            or self.orders.live
            or any(map(self._sellable, self.book.positions.values()))
        ):
            return []
        kill = next(h for h in self.halts.all if h.kind is HaltKind.KILL)
        return [Publish(WentFlat(at, kill.reason, self.book.equity, self.book.currency))]

    # --- stopping and starting --------------------------------------------------------------------------

    def _kill(self, at: datetime, reason: str, by: str, why: Reason) -> list[Action]:
        halt = Halt(kind=HaltKind.KILL, reason=reason, by=by, since=at)
        if not self.halts.raise_(halt):
            return self._flatten(at, why)
        for line in self.lines.values():
            line.acted, line.reached = 0.0, True
        actions: list[Action] = [Publish(TradingHalted(at, halt)), CancelAll()]
        if not self.orders.live and not any(map(self._sellable, self.book.positions.values())):
            return [*actions, Publish(WentFlat(at, reason, self.book.equity, self.book.currency))]
        return actions + self._flatten(at, why)

    def _sellable(self, position: Position) -> bool:
        """Whether there is at least one step of it; less than that is dust no exchange would take."""
        return self.instruments[position.symbol].amount(abs(position.quantity)) > 0

    def _flatten(self, at: datetime, reason: Reason, only: tuple[str, str] | None = None) -> list[Action]:
        """Sell everything the desk bought, where no order is out already."""
        actions: list[Action] = []
        for (sleeve, symbol), position in list(self.book.positions.items()):
            if self.orders.busy(sleeve, symbol) or only not in (None, (sleeve, symbol)):
                continue
            intent = intent_for(
                account=self.book.name,
                sleeve=sleeve,
                instrument=self.instruments[symbol],
                target=Decimal(0),
                held=position.quantity,
                price=self.book.prices[symbol],
                reason=reason,
                at=at,
            )
            if intent is not None:
                actions += self._ask_gate(intent, None, at)
        return actions

    def _kill_lifted(self, event: KillLifted) -> list[Action]:
        """Start afresh: drawdown is measured from here, and signals act when they next change or are still there."""
        if not self.halts.lift(HaltKind.KILL):
            return []
        self.book.forget_peak()
        for line in self.lines.values():
            line.wanted, line.acted, line.reached, line.refusal = 0.0, 0.0, True, ""
        return [Publish(TradingResumed(event.at, HaltKind.KILL, event.by))]

    def _halt(self, halt: Halt) -> list[Action]:
        return [Publish(TradingHalted(halt.since, halt))] if self.halts.raise_(halt) else []

    def _resume(self, at: datetime, kind: HaltKind, by: str) -> list[Action]:
        if kind is HaltKind.KILL:
            raise Broken("A kill is lifted by KillLifted only.")
        if not self.halts.lift(kind):
            return []
        for line in self.lines.values():
            line.refusal = ""
        return [Publish(TradingResumed(at, kind, by))]

    def _sleeve_changed(self, event: SleeveChanged) -> list[Action]:
        sleeve = self.sleeves.get(event.sleeve)
        if sleeve is None:
            raise Broken(f"There is no sleeve named {event.sleeve} in account {self.book.name}.")
        params = sleeve.strategy.params(event.params)
        self.sleeves[event.sleeve] = replace(sleeve, enabled=event.enabled, params=params)
        return []

    @staticmethod
    def _marks(prices: Mapping[str, float]) -> dict[str, Decimal]:
        """Prices as they were measured; orders round them to the exchange's step."""
        return {symbol: Decimal(repr(price)) for symbol, price in prices.items()}


def _cost(intent: OrderIntent) -> Decimal:
    return intent.amount * intent.price_at_decision
