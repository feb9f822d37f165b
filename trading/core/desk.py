"""The one desk of all five modes: events in, actions out; no I/O, no clock, deterministic."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from trading.core import guard, guarding, stopping, targets
from trading.core.book import Book
from trading.core.halts import Halts
from trading.core.orders import Orders, claim, reserved
from trading.core.plan import NO_TRADE_BAND, intent_for, worth_acting
from trading.core.protect import Guard
from trading.core.sleeve import Answers, Line, Sleeve
from trading.domain.account import Account
from trading.domain.actions import Action, Publish, Submit
from trading.domain.depth import Depth
from trading.domain.errors import Broken
from trading.domain.events import (
    CalendarChanged,
    CandlesClosed,
    CashMoved,
    CoinsGone,
    DepthSeen,
    DeskEvent,
    HaltAsked,
    HaltLifted,
    KillAsked,
    KillLifted,
    LimitsChanged,
    OrderChanged,
    OrderFilled,
    OrderRefused,
    PricesSeen,
    RebalanceAsked,
    SignalChanged,
    SleeveChanged,
    SleeveFailed,
)
from trading.domain.market import Candle, Instrument
from trading.domain.order import OrderIntent, OrderStatus, Reason, Side
from trading.domain.risk import Cleared, Halt, HaltKind
from trading.domain.signal import Signal
from trading.domain.trips import Trips
from trading.risk.calendar import Calendar
from trading.risk.gate import review
from trading.risk.memory import RiskMemory
from trading.risk.rules import Limits

_NOTHING = Decimal(0)
FAILED = "failed"  # in place of a rule's name


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
    risk: RiskMemory = field(default_factory=RiskMemory)
    calendar: Calendar = field(default_factory=Calendar)
    depths: dict[str, Depth] = field(default_factory=dict)  # the newest order book, where one is known
    guards: dict[tuple[str, str], Guard] = field(default_factory=dict)  # of what is held and protected
    records: dict[str, list[float]] = field(default_factory=dict)  # what closed trades earned, where it sizes
    trips: Trips = field(init=False)  # the trades that are running

    def __post_init__(self) -> None:
        self.trips = Trips({symbol: i.amount_step for symbol, i in self.instruments.items()})

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
                before = self.book.positions.get((event.fill.sleeve, event.fill.symbol))
                if self.book.apply(event.fill):
                    guarding.after_fill(self, event.fill, before)
                    if closed := self.trips.follow(event.fill):
                        targets.note_result(self, closed)
                        self.risk.closed(closed)
                return stopping.after_fill(self, event.fill, event.at)
            case CashMoved():
                self.risk.move(self.book.equity, event.flow.amount)
                self.book.move(event.flow)
                return []
            case CoinsGone(at, sleeve, symbol, amount):
                equity = self.book.equity
                worth = self.book.let_go(sleeve, symbol, amount)
                self.trips.let_go((sleeve, symbol), amount)
                self.risk.move(equity, -worth)
                return stopping.tell_when_flat(self, at)
            case KillAsked():
                return stopping.kill(self, event.at, event.reason, event.by, Reason.KILL)
            case KillLifted():
                return stopping.lift_kill(self, event)
            case HaltAsked():
                return stopping.halt(
                    self, Halt(kind=event.kind, reason=event.reason, by=event.by, since=event.at)
                )
            case HaltLifted():
                return stopping.resume(self, event.at, event.kind, event.by)
            case SleeveChanged():
                return self._sleeve_changed(event)
            case RebalanceAsked():
                return self._rebalance(event.at)
            case LimitsChanged():
                return guard.take_limits(self, event)
            case CalendarChanged():
                self.calendar = Calendar.of(event.closures)
                return guard.watch_calendar(self, event.at)
            case DepthSeen():
                self.depths[event.symbol] = event.depth
                return []

    def done(self, event: OrderFilled) -> None:
        """A fill that is the whole of an order, which nobody has heard of before: what `on` makes of both."""
        self.on(event)
        line = self.line(event.fill.sleeve, event.fill.symbol)
        line.rest, line.refusal = False, ""
        line.reached = self._is_there(event.fill.sleeve, event.fill.symbol, line)

    def touched(self, event: CandlesClosed) -> list[Action]:
        """The sale that a level touched inside these candles asks for; to be asked before `on`, until there is none."""
        return guarding.touched(self, event)

    def is_news(self, candle: Candle) -> bool:
        """Whether it is newer than the symbol's newest candle so far."""
        return candle.symbol not in self.seen or candle.closed_at > self.seen[candle.symbol]

    @property
    def settled(self) -> bool:
        """Whether nothing is under way: until a signal or a limit changes, candles change only the marks."""
        if self.orders.live or (self.halts.killed and self.book.positions):
            return False  # what a kill could not sell in one go is asked for again at every candle
        return all(line.reached for line in self.lines.values())

    @property
    def last_candle_at(self) -> datetime | None:
        return max(self.seen.values(), default=None)

    def account(self, at: datetime) -> Account:
        live = self.orders.live
        if not live:
            return self.book.account(at, _NOTHING, ())
        committed = sum((claim(o, self.instruments.get(o.intent.symbol)) for o in live), _NOTHING)
        return self.book.account(at, committed, tuple((o.intent.sleeve, o.intent.symbol) for o in live))

    # --- candles: mark, watch, decide -------------------------------------------------------------------

    def _candles_closed(self, event: CandlesClosed) -> list[Action]:
        news = [c for c in event.candles if self.is_news(c)]
        fresh = [c for c in news if c.sound]
        actions: list[Action] = []
        if len(fresh) < len(news) or HaltKind.FEED in self.halts:
            actions += guard.judge_prices(self, news, event.at)
        if not fresh:
            return actions
        self.seen.update({c.symbol: c.closed_at for c in fresh})
        self.book.mark(event.at, self._marks({c.symbol: c.close for c in fresh}))
        guarding.closed(self, fresh, event.at)
        actions += guard.turn(self, event.at)
        if self.halts.killed:
            return actions + stopping.flatten(self, event.at, Reason.KILL)
        actions += stopping.watch(self, event.at)
        if self.halts.killed:
            return actions
        actions += guard.watch(self, event.at)
        symbols = {c.symbol for c in fresh}
        for sleeve in self.sleeves.values():
            actions += self._decide(sleeve, symbols, event.at)
        return actions + self._sell_orphans(symbols, event.at)

    def _decide(self, sleeve: Sleeve, symbols: set[str], at: datetime) -> list[Action]:
        """Ask the strategy about each symbol that has news, and order the difference."""
        actions: list[Action] = []
        for symbol in targets.weigh(self, sleeve, symbols, at) if sleeve.enabled else sleeve.symbols:
            if symbol not in symbols:
                continue
            line = self.line(sleeve.name, symbol)
            if guarding.overdue(self, sleeve, symbol, at):
                actions += self._pursue(sleeve, symbol, line, Reason.TIME_STOP, at)
            if sleeve.enabled:
                try:
                    wanted = self.answers.exposure(sleeve.question(symbol), int(at.timestamp()))
                except Broken as broken:
                    actions += self._failed(sleeve.name, line, broken.tell, at)
                    continue
                if wanted is None and line.rest:
                    wanted = line.wanted
                if wanted is None:
                    continue
                reason = Reason.SIGNAL
            elif line.acted == 0 and line.reached and line.wanted == 0:
                continue
            else:
                wanted, reason = 0.0, Reason.DISABLED
            actions += self._take_signal(sleeve, symbol, line, wanted, reason, at)
            actions += self._pursue(sleeve, symbol, line, reason, at)
        return actions

    def line(self, sleeve: str, symbol: str) -> Line:
        """What is remembered of a sleeve and symbol; begun when there is nothing yet."""
        line = self.lines.get((sleeve, symbol))
        if line is None:
            line = self.lines[sleeve, symbol] = Line()
        return line

    @staticmethod
    def _failed(sleeve: str, line: Line, reason: str, at: datetime) -> list[Action]:
        """A strategy that failed is told once; the others go on."""
        if line.refusal == FAILED:
            return []
        line.refusal = FAILED
        return [Publish(SleeveFailed(at, sleeve, reason))]

    def _take_signal(
        self, sleeve: Sleeve, symbol: str, line: Line, wanted: float, reason: Reason, at: datetime
    ) -> list[Action]:
        actions: list[Action] = []
        if wanted != line.wanted:
            signal = Signal(sleeve=sleeve.name, symbol=symbol, exposure=wanted, at=at)
            actions.append(Publish(SignalChanged(at, signal, line.wanted)))
            line.wanted = wanted
        exposure = targets.sized(self, sleeve, symbol, wanted, at)
        line.due = None
        if wanted == 0:
            line.barred = False
        if worth_acting(exposure, line.acted) and (
            reason is not Reason.SIGNAL or guarding.may_act(self, sleeve, symbol, line, exposure, at)
        ):
            line.acted, line.reached, line.refusal = exposure, False, ""
        return actions

    def _pursue(self, sleeve: Sleeve, symbol: str, line: Line, reason: Reason, at: datetime) -> list[Action]:
        """Order what is missing between the position and the exposure last acted on."""
        key = (sleeve.name, symbol)
        if line.reached or self.orders.blocked(*key) or symbol not in self.book.prices:
            return []
        held, price = self.book.held(sleeve.name, symbol), self.book.prices[symbol]
        target = targets.target(self, sleeve, symbol, line, price)
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
            line.reached = not self.orders.busy(*key)
            return []
        if not intent.reduce_only and (self.orders.busy(*key) or targets.waits_for_sales(self, sleeve)):
            return []
        return self.ask_gate(intent, line, at)

    def ask_gate(self, intent: OrderIntent, line: Line | None, at: datetime) -> list[Action]:
        case = guard.case(self, intent, at)
        answer = review(case)
        guard.answered(self, case, answer)
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
                actions += stopping.flatten(self, at, Reason.DISABLED, only=(sleeve, symbol))
        return actions

    # --- orders and money -------------------------------------------------------------------------------

    def _order_changed(self, event: OrderChanged) -> list[Action]:
        order = event.order
        self.orders.apply(order)
        line = self.lines.get((order.intent.sleeve, order.intent.symbol))
        if line is not None and not order.status.is_live:
            line.rest = order.status is not OrderStatus.FILLED and order.filled > 0
            if line.rest and line.acted == 0 and order.intent.side is Side.BUY:
                line.reached = False  # it was in doubt, and bought a part after everything else was sold
        if line is not None and order.status is OrderStatus.FILLED:
            line.refusal = ""
            line.reached = self._is_there(order.intent.sleeve, order.intent.symbol, line)
        again = event.too_large and event.at > order.intent.decided_at  # no two decisions are of one moment
        if again or order.status is OrderStatus.FILLED:
            if line is not None:
                line.pieces = (line.pieces or again) and not line.reached
            if piece := self._next_piece(order.intent, line, event.at):
                return piece
        return stopping.after_order(self, order, event.at, again)

    def _next_piece(self, asked: OrderIntent, line: Line | None, at: datetime) -> list[Action]:
        """A way out that the exchange takes in pieces only goes on at once, not at the next close: after one that it
        took, and after one that it found too large."""
        if asked.side is not Side.SELL or self.halts.killed:
            return []
        owner, instrument = self.sleeves.get(asked.sleeve), self.instruments[asked.symbol]
        if owner is None or asked.symbol not in owner.symbols:  # it belongs to nobody
            left = self.book.held(asked.sleeve, asked.symbol)
            if instrument.is_dust(left, asked.price_at_decision):
                return []
            return stopping.flatten(self, at, Reason.DISABLED, only=(asked.sleeve, asked.symbol))
        if line is None or line.acted != 0 or line.reached:
            return []
        if not line.pieces and asked.amount != instrument.most(asked.price_at_decision):
            return []
        return self._pursue(owner, asked.symbol, line, asked.reason, at)

    def _is_there(self, sleeve: str, symbol: str, line: Line) -> bool:
        """After a fill: flat when flat was wanted; otherwise nearly what may be taken of what was wanted."""
        held = self.book.held(sleeve, symbol)
        owner = self.sleeves.get(sleeve)
        if line.acted == 0 or owner is None:
            return held == 0
        if held * Decimal(str(line.acted)) <= 0:
            return False  # a turn goes through flat: the second order is still to come
        if owner.all_in is not None:
            return True  # what one purchase spends is decided by the price it fills at
        price = self.book.prices[symbol]
        share = min(guard.order_share(self, sleeve), self.limits.capital_share)
        most = self.book.equity * Decimal(str(share)) / price
        wanted = min(abs(targets.target(self, owner, symbol, line, price)), most)
        return abs(held) >= wanted * Decimal(str(1 - NO_TRADE_BAND))

    def _rebalance(self, at: datetime) -> list[Action]:
        """Order what every drifted position is off by, now; what a sale must pay for first follows with its candle."""
        targets.rebalance(self)
        actions: list[Action] = []
        for sleeve in self.sleeves.values() if not self.halts.killed else ():
            for symbol in targets.heaviest_first(self, sleeve):
                actions += self._pursue(sleeve, symbol, self.line(sleeve.name, symbol), Reason.REBALANCE, at)
        return actions

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
