"""The short road of ordinary decisions in a backtest: orders that are plainly allowed, filled at the next open.

It leaves behind what the session, the gate and the simulation would have left, to the last digit, without the events
in between; tests/parity holds the two together. Whatever is not ordinary (halts, limits that are near, a level that
is touched in parts, a rule that might refuse) it leaves to them, having changed nothing they look at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from math import inf

import numpy as np

from trading.build import Room
from trading.core import guarding, protect, targets
from trading.core.plan import intent_for, worth_acting
from trading.core.signals import Board
from trading.core.sleeve import Line, Sleeve
from trading.domain.errors import Broken
from trading.domain.events import OrderFilled
from trading.domain.order import Fill, OrderIntent, Reason, Side
from trading.execution.sim import Simulated
from trading.lab.before import Memory
from trading.lab.bounds import Bounds
from trading.lab.foresee import Foresight
from trading.lab.levels import Levels
from trading.lab.plain import Moment, Plain, is_free
from trading.lab.track import NEARLY, Track
from trading.lab.waiting import Waiting
from trading.risk.surely import Standing, cleared

ZERO = Decimal(0)
Wish = tuple[Sleeve, str, float]


@dataclass(slots=True)
class _Act:
    """A wish that is acted on: its order as it leaves the gate, and the open at which it fills."""

    line: Line
    exposure: float
    intent: OrderIntent
    open: float
    fill: Fill | None = None  # where it is alone and is known already


class Ordinary:
    """Takes the short road wherever it may."""

    def __init__(self, room: Room, track: Track, board: Board, levels: Levels) -> None:
        self._desk, self._book, self._limits = room.desk, room.desk.book, room.desk.limits
        self._room, self._track, self._levels = room, track, levels
        self._executor = room.executor if isinstance(room.executor, Simulated) else None
        self._slippage = self._executor.slippage if self._executor is not None else ZERO
        limits = self._limits  # some rules count what has just left; then one entry a moment is ordinary
        self._counts = limits.needs_history or min(limits.orders_per_hour, limits.fees_per_hour) < inf
        self._bounds = Bounds(room.desk)
        self._wishes: dict[int, list[Wish]] = {}
        self._plain: Plain | None = None
        self._usable = self._fits()
        foresight = Foresight(board, track.symbols) if self._usable and limits.needs_history else None
        self._memory = Memory(self._desk, foresight)
        if self._usable:
            self._wishes = self._heard(board)
            if self._executor is not None and Plain.fits(room):
                self._plain = Plain(room, track, self._executor, self._wishes, self._memory)
        self.waiting = Waiting(room, track, foresight, usual=self._usable)

    def stride(self, stops: Sequence[int], place: int) -> Sequence[Moment]:
        """Live through these stops, from `place` on, and the opens that follow them; as far as that is plain.

        Where equity is watched, no further than to the end of the day, and as long as it moves between its bounds.
        """
        plain, track, index = self._plain, self._track, stops[place]
        if plain is None or not track.together or self._desk.halts:
            return ()
        if not self._bounds.watched:
            return plain.stride(stops, place)
        if not self._same_day(index):
            return ()
        until = int(np.searchsorted(track.days, track.days[index], "right")) - 1
        return plain.stride(stops, place, self._bounds.of_day(until, track.closes))

    def turn(self, index: int) -> OrderFilled | bool:
        """Live through the candle at `index` and the open that follows it.

        False when the long road must be taken; otherwise the fill, or True where there was none.
        """
        wishes = self._wishes.get(index)
        if wishes is None or not self._may(index):
            return False
        at = self._track.at(index)
        lines = [self._desk.line(sleeve.name, symbol) for sleeve, symbol, _ in wishes]
        if not all(is_free(line, wish) for line, (_, _, wish) in zip(lines, wishes, strict=True)):
            return False
        if self._plain is not None:
            equity = self._plain.marked(index, wishes)
            if equity is None or self._bounds.near(float(equity)):
                return False
            plainly = self._plain.turn(index, wishes, equity, at)
            if plainly is not False:
                return plainly
        elif not self._marked(index, wishes, at) or self._bounds.near(float(self._book.equity)):
            return False
        acts = self._decided(index, wishes, lines, at)
        if acts is None:
            return False
        self._levels.move(index - 1, index)
        for line, (_, _, wish) in zip(lines, wishes, strict=True):
            line.wanted, line.barred = wish, line.barred and wish != 0
        return self._carried_out(acts, at)

    def _carried_out(self, acts: list[_Act], at: datetime) -> OrderFilled | bool:
        """First everything is ordered, then it fills, in the same order. The last fill, True where there is none."""
        event: OrderFilled | bool = True
        for act in acts:
            act.line.acted = act.exposure
            if not act.intent.reduce_only:
                self._desk.risk.left(act.intent, self._desk.instruments[act.intent.symbol].taker_fee)
        for act in acts:
            fill = act.fill
            if fill is None and self._executor is not None:
                fill = self._executor.at_once(act.intent, act.open, at)
            if fill is None:
                raise Broken(f"Order {act.intent.client_id} of a backtest was paid for and did not fill.")
            event = OrderFilled(at, fill)
            self._desk.done(event)
            self._room.recorder.hear(event)
        return event

    def touched(self, index: int) -> bool:
        """Sell the one position there is, whose level this candle touches; False when the long road must be taken.

        The candle's close is still to come.
        """
        desk, book = self._desk, self._book
        if not self._usable or not self._may(index) or len(book.positions) != 1 or len(desk.guards) != 1:
            return False
        ((name, symbol), guard), sleeve = next(iter(desk.guards.items())), None
        sleeve = desk.sleeves[name]
        if (name, symbol) not in book.positions or not self._track.is_fresh(symbol, index):
            return False
        candle = self._track.candle(symbol, index)
        touch = protect.touched(sleeve.protection, guard, candle, sleeve.timeframe.seconds)
        if touch is None or touch.share is not None or guard.taken or self._executor is None:
            return False
        at = candle.closed_at
        price, held = Decimal(repr(touch.price)), book.positions[name, symbol].quantity
        intent = intent_for(
            account=book.name,
            sleeve=name,
            instrument=desk.instruments[symbol],
            target=ZERO,
            held=held,
            price=price,
            reason=touch.reason,
            at=at,
        )
        fill = self._executor.at_once(intent, price, at) if intent is not None else None
        if fill is None or fill.amount != held:
            return False
        guard.tried = int(at.timestamp())
        guarding.give_up(sleeve, desk.line(name, symbol))
        event = OrderFilled(at, fill)
        desk.done(event)
        self._room.recorder.hear(event)
        return True

    def quiet(self, index: int) -> bool:
        """Live through a candle in which nothing is asked for and nothing is held; False: the long road."""
        if index in self._wishes or not self._may(index) or self._book.positions:
            return False
        if any(line.due is not None for line in self._desk.lines.values()):
            return False  # a wish waits to be acted on again
        if self._bounds.near(float(self._book.cash)):
            return False
        self._book.mark(self._track.at(index), {})
        return True

    # --- where it may be taken --------------------------------------------------------------------------------

    def _fits(self) -> bool:
        """Whether the room is one in which anything is ordinary."""
        desk = self._desk
        plain = all(
            s.enabled and not (s.weighing or s.size or s.units or s.all_in or s.strategy.many)
            for s in desk.sleeves.values()
        )
        usual = self._executor is not None and self._executor.usual
        return plain and usual and not desk.calendar.closures and not desk.depths and self._track.sound

    def _heard(self, board: Board) -> dict[int, list[Wish]]:
        """By place, every wish that differs from the one before, in the order the desk asks."""
        found: dict[int, dict[tuple[str, str], Wish]] = {}
        for sleeve in self._desk.sleeves.values():
            for symbol in sleeve.symbols:
                times, values = board.curve(sleeve.question(symbol))
                changed = np.diff(values, prepend=0.0) != 0
                changed[int(np.searchsorted(times, self._track.times[0])) :][:1] = True
                places = self._track.index_of(times[changed]).tolist()
                for place, value in zip(places, values[changed].tolist(), strict=True):
                    found.setdefault(place, {})[sleeve.name, symbol] = (sleeve, symbol, value)
        return {place: list(wishes.values()) for place, wishes in found.items()}

    def _may(self, index: int) -> bool:
        """Whether nothing stops the account and no new day begins."""
        return not self._desk.halts and self._same_day(index)

    def _same_day(self, index: int) -> bool:
        """The first candle of a day turns more than the marks."""
        days = self._track.days
        return index > 0 and bool(days[index] == days[index - 1]) and self._book.day == self._desk.risk.day

    def _marked(self, index: int, wishes: list[Wish], at: datetime) -> bool:
        """Mark what is held or wished for with this candle's closes; False where one of them has none."""
        symbols = {symbol for _, symbol in self._book.positions} | {symbol for _, symbol, _ in wishes}
        if not all(self._track.is_fresh(symbol, index) for symbol in symbols):
            return False
        closes = self._track.closes
        self._book.mark(at, {s: Decimal(repr(float(closes[s][index]))) for s in symbols})
        return True

    # --- what is decided --------------------------------------------------------------------------------------

    def _decided(self, index: int, wishes: list[Wish], lines: list[Line], at: datetime) -> list[_Act] | None:
        """What the desk would order; None where that is not ordinary."""
        desk = self._desk
        acts: list[_Act] = []
        for (sleeve, symbol, wish), line in zip(wishes, lines, strict=True):
            exposure = round(wish, 6) if wish else 0.0
            if not worth_acting(exposure, line.acted):
                continue
            if sleeve.protection.on and not guarding.may_act(desk, sleeve, symbol, line, exposure, at):
                return None
            before = [act.intent for act in acts if not act.intent.reduce_only]
            intent = self._intent(sleeve, symbol, line, exposure, at, before)
            first = self._track.follows(index, symbol)
            if intent is None or first is None:
                return None
            acts.append(_Act(line, exposure, intent, first))
        if len(acts) == 1 and self._executor is not None:
            acts[0].fill = self._executor.at_once(acts[0].intent, acts[0].open, at)
            return None if acts[0].fill is None else acts
        return acts if self._all_paid(acts) else None

    def _all_paid(self, acts: list[_Act]) -> bool:
        """Whether the cash pays for every purchase as a whole, also before anything is sold."""
        left, slips = float(self._book.cash), float(self._slippage)
        for act in acts:
            if act.intent.side is Side.BUY:
                fee = float(self._desk.instruments[act.intent.symbol].taker_fee)
                left -= float(act.intent.amount) * act.open * (1 + slips) * (1 + fee) * NEARLY
        return left >= 0 or len(acts) < 2

    def _intent(
        self,
        sleeve: Sleeve,
        symbol: str,
        line: Line,
        exposure: float,
        at: datetime,
        before: list[OrderIntent],
    ) -> OrderIntent | None:
        """The order as it would leave the gate after these entries of the same moment; None: ask the gate."""
        desk, price = self._desk, self._book.prices[symbol]
        acted, line.acted = line.acted, exposure
        target = targets.target(desk, sleeve, symbol, line, price)
        line.acted = acted
        held = self._book.held(sleeve.name, symbol)
        if target < 0 or held < 0:
            return None
        intent = intent_for(
            account=self._book.name,
            sleeve=sleeve.name,
            instrument=desk.instruments[symbol],
            target=target,
            held=held,
            price=price,
            reason=Reason.SIGNAL,
            at=at,
        )
        if intent is None or intent.reduce_only:
            return intent
        return self._entry(intent, before) if intent.side is Side.BUY else None

    def _entry(self, intent: OrderIntent, before: list[OrderIntent]) -> OrderIntent | None:
        book = self._book
        worth = {p.symbol: p.quantity * book.prices[p.symbol] for p in book.positions.values()}
        if len(worth) < len(book.positions):
            return None  # several sleeves hold the same: the rules tell them apart
        if before and self._counts:
            return None
        fee = 1 + self._desk.instruments[intent.symbol].taker_fee
        values = [entry.amount * entry.price_at_decision for entry in before]
        claimed = sum((value * fee for value in values), ZERO)
        known = Standing(
            equity=book.cash + sum(worth.values(), ZERO),
            cash=book.cash - claimed,
            at_work=float(sum(worth.values(), ZERO) + sum(values, ZERO)),
            positions=len(book.positions) + sum(self._is_new(entry) for entry in (*before, intent)),
            before=self._memory.of(intent.sleeve, intent.symbol, worth, intent.decided_at),
        )
        return cleared(intent, self._desk.instruments[intent.symbol], self._limits, known)

    def _is_new(self, entry: OrderIntent) -> bool:
        return (entry.sleeve, entry.symbol) not in self._book.positions
