"""The shortest road: in at a wish to be in, out at a wish to be out, where no rule could say anything else.

For accounts without protection, where cash pays for everything and every limit is far. It leaves behind what the long
road would have, to the last digit; whatever is near or unusual it leaves alone, having changed nothing but the marks.
It goes on from wish to wish for as long as the road lasts. Where no rule remembers what was done, the books are
written at its end.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from math import inf
from typing import NamedTuple

from trading.build import Room
from trading.core.book import Book, day_of
from trading.core.plan import worth_acting
from trading.core.sleeve import Line, Sleeve
from trading.domain.events import OrderFilled
from trading.domain.market import exact
from trading.domain.order import Side
from trading.execution.sim import Simulated
from trading.lab.before import Memory
from trading.lab.bounds import Span
from trading.lab.lane import Act, Lane
from trading.lab.track import NEARLY, Track
from trading.recorder import numbered
from trading.risk.sent import Sent
from trading.risk.surely import is_kept

HOUR = timedelta(hours=1)
MANY = 1000  # moments in one go: so many that they lie in memory for a short time only
Wish = tuple[Sleeve, str, float]


class Moment(NamedTuple):
    """What was done at one place of the time line, and the account after it."""

    place: int
    at: datetime
    acts: Sequence[Act]
    cash: float


class _Account:
    """Money and positions while orders are decided that are not in the books yet."""

    __slots__ = ("cash", "held", "money", "sizes")

    def __init__(self, book: Book) -> None:
        self.cash, self.money = book.cash, float(book.cash)  # `money` and `sizes` are the same, measured
        self.held = {key: position.quantity for key, position in book.positions.items()}
        self.sizes = {key: float(quantity) for key, quantity in self.held.items()}

    @property
    def open(self) -> list[tuple[str, float]]:
        """What is held of which market."""
        return [(symbol, size) for (_, symbol), size in self.sizes.items()]

    def fill(self, act: Act) -> None:
        """As the book will."""
        key = act.lane.key
        if act.side is Side.BUY:
            self.cash -= act.money + act.fee
            self.held[key], self.sizes[key] = act.amount, act.size
        else:
            self.cash += act.money - act.fee
            del self.held[key], self.sizes[key]
        self.money = float(self.cash)


def is_free(line: Line, wish: float) -> bool:
    """Whether nothing that is remembered of a market stands against this wish."""
    return line.due is None and not line.rest and not (line.barred and wish != 0)


class Plain:
    """Acts on the wishes of one moment, or of as many in a row as are plain."""

    def __init__(
        self,
        room: Room,
        track: Track,
        executor: Simulated,
        wishes: Mapping[int, Sequence[Wish]],
        memory: Memory,
    ) -> None:
        self._desk, self._book, self._recorder = room.desk, room.desk.book, room.recorder
        self._track, self._limits, self._wishes = track, room.desk.limits, wishes
        self._executor, self._lanes = executor, dict[tuple[str, str], Lane]()
        self._close_of = {symbol: closes.item for symbol, closes in track.closes.items()}
        keys = sorted((sleeve.name, s) for sleeve in room.desk.sleeves.values() for s in sleeve.symbols)
        self._marks = [(key, self._close_of[key[1]]) for key in keys]
        self._shares = len({symbol for _, symbol in keys}) < len(keys)  # whether sleeves meet in a market
        limits = self._limits
        endless = min(limits.losses, limits.orders_per_hour, limits.fees_per_hour) == inf
        quiet = not (limits.needs_history or limits.similar_seconds > 0)
        self._memory = None if endless and quiet else memory  # where a rule asks for what was done before
        self._most = min(
            limits.symbol_exposure,
            limits.sleeve_exposure,
            limits.strategy_exposure,
            limits.gross_exposure,
            limits.cluster_exposure,
        )

    @staticmethod
    def fits(room: Room) -> bool:
        """Whether every limit is one of the whole account, and no level asks for more than closes."""
        limits = room.desk.limits
        usual = limits.capital_share == inf and not limits.sleeves
        return usual and not any(s.protection.on for s in room.desk.sleeves.values())

    def marked(self, index: int, wishes: Sequence[Wish]) -> Decimal | None:
        """The equity, with this candle's closes of what is held or wished for; None where one of them has none."""
        book, fresh, close_of = self._book, self._track.is_fresh, self._close_of
        for _, symbol in book.positions:
            if not fresh(symbol, index):
                return None
        prices, total = book.prices, book.cash
        for _, symbol, _ in wishes:
            if not fresh(symbol, index):
                return None
            prices[symbol] = Decimal(repr(close_of[symbol](index)))
        for (_, symbol), position in book.positions.items():
            price = prices[symbol] = Decimal(repr(close_of[symbol](index)))
            total += position.quantity * price
        if total > book.peak_equity:
            book.peak_equity = total
        return total

    def turn(self, index: int, wishes: Sequence[Wish], equity: Decimal, at: datetime) -> OrderFilled | bool:
        """The last fill, True where nothing is ordered; False: it is not for this road."""
        account = _Account(self._book)
        moment = self._lived(index, wishes, account, at, equity)
        if moment is None:
            return False
        if not moment.acts:
            return True
        self._write([moment], account)
        self._recorder.measured(at, self._worth(index, account))
        return OrderFilled(at, numbered(self._recorder.deals[-1]))

    def stride(self, stops: Sequence[int], place: int, bounds: Span | None = None) -> Sequence[Moment]:
        """Act on the wishes at these stops, from `place` on, for as long as that is plain and within its bounds."""
        track, moments = self._track, []
        account, seen = _Account(self._book), stops[place]
        for index in stops[place : place + MANY]:
            if bounds is not None and not bounds.holds(account.money, account.open, seen, index):
                break
            wishes = self._wishes.get(index)
            moment = None if wishes is None else self._lived(index, wishes, account, track.at(index))
            if moment is None:
                break
            moments.append(moment)
            if self._memory is not None:
                self._write([moment], account)
            seen = index + 1
        if self._memory is None:
            self._write(moments, account)
        if moments:
            self._turn_day(moments[-1].at)
            self._mark(moments[-1].place)
        return moments

    def _mark(self, index: int) -> None:
        """Leave the newest prices of what is held to whoever goes on from here."""
        for _, symbol in self._book.positions:
            self._book.prices[symbol] = Decimal(repr(self._close_of[symbol](index)))

    def _turn_day(self, at: datetime) -> None:
        """Where no limit is measured from a day's start, a new day is no more than its date."""
        book, risk = self._book, self._desk.risk
        book.day = day_of(at)
        if risk.day != book.day:
            risk.turn(book.day, book.day_start_equity)

    # --- what is decided --------------------------------------------------------------------------------------

    def _lived(
        self,
        index: int,
        wishes: Sequence[Wish],
        account: _Account,
        at: datetime,
        equity: Decimal | None = None,
    ) -> Moment | None:
        """One moment, lived through in this account; None where it is not plain, and nothing is changed then."""
        acts: list[Act] = []
        asked = [(self._lane(sleeve, symbol), wish) for sleeve, symbol, wish in wishes]
        for lane, wish in asked:
            if not is_free(lane.line, wish):
                return None
            exposure = round(wish, 6) if wish else 0.0
            if worth_acting(exposure, lane.line.acted):
                if equity is None and exposure:
                    equity = self._equity(index, account)
                act = lane.act(index, exposure, account.held.get(lane.key), equity)
                if act is None:
                    return None
                acts.append(act)
        if equity is not None and not self._allowed(index, acts, account, equity, at):
            return None
        for lane, wish in asked:
            line = lane.line
            line.wanted, line.barred = wish, line.barred and wish != 0
        for act in acts:
            account.fill(act)
            line = act.lane.line
            line.acted, line.reached, line.rest, line.refusal = act.exposure, True, False, ""
        return Moment(index, at, acts, account.money)

    def _lane(self, sleeve: Sleeve, symbol: str) -> Lane:
        """Made when it is first wished for, as the desk begins to remember a market then."""
        lane = self._lanes.get((sleeve.name, symbol))
        if lane is None:
            desk, most = self._desk, exact(self._limits.order_share)
            line, instrument = desk.line(sleeve.name, symbol), desk.instruments[symbol]
            lane = Lane(sleeve, instrument, line, self._track, self._executor, most)
            self._lanes[lane.key] = lane
        return lane

    def _worth(self, index: int, account: _Account) -> float:
        """The equity, measured, in the order the recorder adds it up."""
        worth, held = account.money, account.sizes
        for key, close in self._marks:
            if key in held:
                worth += held[key] * close(index)
        return worth

    def _equity(self, index: int, account: _Account) -> Decimal:
        """At this candle's closes."""
        total = account.cash
        for (_, symbol), quantity in account.held.items():
            total += quantity * Decimal(repr(self._close_of[symbol](index)))
        return total

    def _allowed(
        self, index: int, acts: Sequence[Act], account: _Account, equity: Decimal, at: datetime
    ) -> bool:
        """Whether nothing stops a purchase, also before anything is sold: every share of the equity is kept."""
        limits, held = self._limits, account.held
        bought = [act for act in acts if act.side is Side.BUY]
        if not bought:
            return True
        if self._shares and len({symbol for _, symbol in held}) < len(held):
            return False  # several sleeves hold the same: the rules tell them apart
        whole, cash = float(equity), account.money
        at_work = whole - cash
        for act in bought:
            at_work += act.value
            cash -= max(act.value, float(act.money)) * act.lane.dear
        few = len(held) + len(bought) <= limits.positions
        if not (few and whole > 0 and cash >= 0 and at_work * NEARLY <= self._most * whole):
            return False
        return self._memory is None or self._is_kept(self._memory, index, bought, account, whole, at)

    def _is_kept(
        self, memory: Memory, index: int, bought: Sequence[Act], account: _Account, whole: float, at: datetime
    ) -> bool:
        """Whether the rules about bad luck, pace and past candles allow this purchase; of several, nobody knows."""
        if len(bought) > 1:
            return False
        (act,) = bought
        (sleeve, symbol), fee = act.lane.key, act.value * float(act.lane.instrument.taker_fee)
        worth = {name: size * self._close_of[name](index) for (_, name), size in account.sizes.items()}
        before = memory.of(sleeve, symbol, worth, at)
        return is_kept(self._limits, before, at=at, value=act.value, fee=fee, equity=whole)

    # --- what is left behind ----------------------------------------------------------------------------------

    def _write(self, moments: Sequence[Moment], account: _Account) -> None:
        """Book what was filled, and remember what the rules would."""
        name, trips, risk = self._book.name, self._desk.trips, self._desk.risk
        fills = [act.lane.fill(name, act, at) for _, at, acts, _ in moments for act in acts]
        for fill in fills:
            closed = trips.follow(fill)
            if closed is not None:
                risk.closed(closed)
        self._book.settle(fills, account.cash, account.held)
        self._recorder.filled(fills)
        self._remember_sent(moments)

    def _remember_sent(self, moments: Sequence[Moment]) -> None:
        """As RiskMemory remembers entries that went out within the hour of the last."""
        bought: list[Sent] = []
        for moment in reversed(moments):
            if bought and moment.at <= bought[0].at - HOUR:
                break
            for act in reversed(moment.acts):
                if act.side is Side.BUY:
                    decided = Decimal(repr(act.lane.close(moment.place)))
                    cost = act.amount * decided * act.lane.instrument.taker_fee
                    bought.append(Sent(moment.at, *act.lane.key, act.side, act.amount, cost))
        if bought:
            self._desk.risk.forget(bought[0].at)
            self._desk.risk.sent.extend(reversed(bought))
