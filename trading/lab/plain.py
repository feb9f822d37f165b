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
from trading.core.plan import client_id, worth_acting
from trading.core.sleeve import Line, Sleeve
from trading.domain.errors import Broken
from trading.domain.events import OrderFilled
from trading.domain.market import Instrument
from trading.domain.order import Fill, Reason, Side
from trading.execution.sim import FEE_DIGITS, Simulated
from trading.lab.before import Memory
from trading.lab.bounds import Span
from trading.lab.track import NEARLY, Track
from trading.portfolio.sizing import fixed_share
from trading.risk.rules import exact
from trading.risk.sent import Sent
from trading.risk.surely import is_kept

HOUR = timedelta(hours=1)
LEAP = 0.03  # between a close and the next open; further away, an order may have to be followed by another
MANY = 1000  # moments in one go: so many that they lie in memory for a short time only
STEPS = 100  # smaller amounts are so few steps that one more or less changes what is decided
Key = tuple[str, str]
Wish = tuple[Sleeve, str, float]


class Act(NamedTuple):
    """An order as it leaves the gate, and the price at which all of it fills."""

    line: Line
    exposure: float
    key: Key
    instrument: Instrument
    side: Side
    amount: Decimal
    decided: Decimal
    met: Decimal
    fee: Decimal
    value: float


class Moment(NamedTuple):
    """What was done at one place of the time line, and the account after it."""

    place: int
    at: datetime
    acts: Sequence[Act]
    cash: float
    worth: float


class _Account:
    """Money and positions while orders are decided that are not in the books yet."""

    __slots__ = ("cash", "held", "sizes")

    def __init__(self, book: Book) -> None:
        self.cash = book.cash
        self.held = {key: position.quantity for key, position in book.positions.items()}
        self.sizes = {key: float(quantity) for key, quantity in self.held.items()}

    @property
    def open(self) -> list[tuple[str, float]]:
        """What is held of which market."""
        return [(symbol, size) for (_, symbol), size in self.sizes.items()]

    def fill(self, act: Act) -> None:
        """As the book will."""
        self.cash -= act.side.sign * act.amount * act.met + act.fee
        if act.side is Side.BUY:
            self.held[act.key], self.sizes[act.key] = act.amount, float(act.amount)
        else:
            del self.held[act.key], self.sizes[act.key]


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
        self._buys, self._sells = 1 + executor.slippage, 1 - executor.slippage
        self._rate = {symbol: executor.rate(symbol) for symbol in track.symbols}
        self._close_of = {symbol: closes.item for symbol, closes in track.closes.items()}
        keys = sorted((sleeve.name, s) for sleeve in room.desk.sleeves.values() for s in sleeve.symbols)
        self._marks = [(key, self._close_of[key[1]]) for key in keys]
        self._dear = {  # what one unit of money costs when it is spent, seen with a hair's margin
            symbol: (1 + float(max(rate, room.desk.instruments[symbol].taker_fee))) * NEARLY
            for symbol, rate in self._rate.items()
        }
        limits = self._limits
        endless = min(limits.losses, limits.orders_per_hour, limits.fees_per_hour) == inf
        quiet = not (limits.needs_history or limits.similar_seconds > 0)
        self._memory = None if endless and quiet else memory  # where a rule asks for what was done before
        self._share = exact(limits.order_share)
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
        self._write([moment], account.cash)
        return OrderFilled(at, self._recorder.fills[-1]) if moment.acts else True

    def stride(self, stops: Sequence[int], place: int, bounds: Span | None = None) -> Sequence[Moment]:
        """Act on the wishes at these stops, from `place` on, for as long as that is plain and within its bounds."""
        track, moments = self._track, []
        account, seen = _Account(self._book), stops[place]
        for index in stops[place : place + MANY]:
            if bounds is not None and not bounds.holds(float(account.cash), account.open, seen, index):
                break
            wishes = self._wishes.get(index)
            moment = None if wishes is None else self._lived(index, wishes, account, track.at(index))
            if moment is None:
                break
            moments.append(moment)
            if self._memory is not None:
                self._write((moment,), account.cash)
            seen = index + 1
        if self._memory is None:
            self._write(moments, account.cash)
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
        lines = [self._desk.line(sleeve.name, symbol) for sleeve, symbol, _ in wishes]
        for wish, line in zip(wishes, lines, strict=True):
            if not is_free(line, wish[2]):
                return None
            exposure = round(wish[2], 6) if wish[2] else 0.0
            if worth_acting(exposure, line.acted):
                if equity is None and exposure:
                    equity = self._equity(index, account)
                act = self._act(index, wish, line, exposure, account, equity)
                if act is None:
                    return None
                acts.append(act)
        if equity is not None and not self._allowed(index, acts, account, equity, at):
            return None
        for line, (_, _, wanted) in zip(lines, wishes, strict=True):
            line.wanted, line.barred = wanted, line.barred and wanted != 0
        for act in acts:
            account.fill(act)
            act.line.acted, act.line.reached, act.line.rest, act.line.refusal = act.exposure, True, False, ""
        cash = worth = float(account.cash)
        held = account.sizes
        for key, close in self._marks:
            if key in held:
                worth += held[key] * close(index)
        return Moment(index, at, acts, cash, worth)

    def _equity(self, index: int, account: _Account) -> Decimal:
        """At this candle's closes."""
        total = account.cash
        for (_, symbol), quantity in account.held.items():
            total += quantity * Decimal(repr(self._close_of[symbol](index)))
        return total

    def _act(
        self,
        index: int,
        wish: Wish,
        line: Line,
        exposure: float,
        account: _Account,
        equity: Decimal | None,
    ) -> Act | None:
        """From flat into the market, or out of all of it; None where it is anything else, or too small to be plain."""
        sleeve, symbol, _ = wish
        key, instrument = (sleeve.name, symbol), self._desk.instruments[symbol]
        held = account.held.get(key)
        first, last = self._track.follows(index, symbol), self._close_of[symbol](index)
        if first is None or abs(first / last - 1) > LEAP:
            return None
        price = Decimal(repr(last))
        if held is None and exposure > 0 and equity is not None:
            side, slips = Side.BUY, self._buys
            amount = fixed_share(exposure, equity, sleeve.share, len(sleeve.symbols), price, instrument)
            if self._share < 1 and amount * price > self._share * equity:
                amount = instrument.amount(self._share * equity / price)
            if amount < instrument.min_amount or amount * price < instrument.min_cost:
                return None
        elif held is not None and exposure == 0:
            side, slips = Side.SELL, self._sells
            amount = instrument.amount(held)
            if amount != held:
                return None
        else:
            return None
        if amount < STEPS * instrument.amount_step:
            return None
        met = instrument.price(Decimal(str(first)) * slips)
        fee = (amount * met * self._rate[symbol]).quantize(FEE_DIGITS)
        return Act(line, exposure, key, instrument, side, amount, price, met, fee, float(amount) * last)

    def _allowed(
        self, index: int, acts: Sequence[Act], account: _Account, equity: Decimal, at: datetime
    ) -> bool:
        """Whether nothing stops a purchase, also before anything is sold: every share of the equity is kept."""
        limits, held = self._limits, account.held
        bought = [act for act in acts if act.side is Side.BUY]
        if not bought:
            return True
        if len({symbol for _, symbol in held}) < len(held):
            return False  # several sleeves hold the same: the rules tell them apart
        whole, cash = float(equity), float(account.cash)
        at_work = whole - cash
        for act in bought:
            at_work += act.value
            cash -= max(act.value, float(act.amount * act.met)) * self._dear[act.key[1]]
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
        (sleeve, symbol), fee = act.key, act.value * float(act.instrument.taker_fee)
        worth = {name: size * self._close_of[name](index) for (_, name), size in account.sizes.items()}
        before = memory.of(sleeve, symbol, worth, at)
        return is_kept(self._limits, before, at=at, value=act.value, fee=fee, equity=whole)

    # --- what is left behind ----------------------------------------------------------------------------------

    def _write(self, moments: Sequence[Moment], cash: Decimal) -> None:
        """Book what was filled, and remember what the rules would."""
        book, trips, risk = self._book, self._desk.trips, self._desk.risk
        for moment in moments:
            if not moment.acts:
                continue
            fills = [self._fill(act, moment.at) for act in moment.acts]
            for fill in fills:
                book.apply(fill)
                closed = trips.follow(fill)
                if closed is not None:
                    risk.closed(closed)
            self._recorder.filled(fills, moment.worth)
        if book.cash != cash:
            raise Broken(f"The books say {book.cash} where {cash} was counted.")
        self._remember_sent(moments)

    def _fill(self, act: Act, at: datetime) -> Fill:
        sleeve, symbol = act.key
        number = client_id(self._book.name, sleeve, symbol, act.side, Reason.SIGNAL, at)
        return Fill(
            id=f"{number}.1",
            client_id=number,
            sleeve=sleeve,
            symbol=symbol,
            side=act.side,
            amount=act.amount,
            price=act.met,
            fee=act.fee,
            fee_currency=act.instrument.quote,
            at=at,
            reason=Reason.SIGNAL,
        )

    def _remember_sent(self, moments: Sequence[Moment]) -> None:
        """As RiskMemory remembers entries that went out within the hour of the last."""
        bought = [(m.at, act) for m in moments for act in m.acts if act.side is Side.BUY]
        if not bought:
            return
        risk, last = self._desk.risk, bought[-1][0]
        risk.forget(last)
        for at, act in bought:
            if at > last - HOUR:
                cost = act.amount * act.decided * act.instrument.taker_fee
                risk.sent.append(Sent(at, *act.key, act.side, act.amount, cost))
