"""From a wanted exposure to a quantity: how much of its budget a market may use, and when it has drifted from it."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from trading.core import guarding, protect
from trading.core.sleeve import Line, Sleeve
from trading.core.weighing import begins_period
from trading.domain.report import RoundTrip
from trading.domain.sizing import KellySize
from trading.portfolio.kelly import stake
from trading.portfolio.rebalancing import band
from trading.portfolio.sizing import fixed_share

if TYPE_CHECKING:
    from trading.core.desk import Desk

ROUNDING = 1e-4  # by which weights of six digits may differ from the whole, however many they are
LONGEST_RECORD = 500  # closed trades a sleeve's record goes back


def sized(desk: "Desk", sleeve: Sleeve, symbol: str, wanted: float, at: datetime) -> float:
    """The exposure that is acted on: the strategy's wish, times what volatility and the sleeve's own record allow.

    While the size is not known nothing is bought and nothing sold; wishing for nothing stays that.
    """
    if wanted == 0:
        return 0.0
    question, size = sleeve.size_question(symbol), 1.0
    if question is not None:
        known = desk.answers.exposure(question, int(at.timestamp()))
        if known is None:
            return desk.line(sleeve.name, symbol).acted
        size = known
    if isinstance(sleeve.size, KellySize):
        size = by_record(desk, sleeve, sleeve.size)
    return round(wanted * size, 6)


def part(desk: "Desk", sleeve: Sleeve, symbol: str) -> float | None:
    """The share of the account's equity that a full wish comes to in this market now; None while it is not known."""
    share, size, at = sleeve.share, 1.0, desk.last_candle_at
    if sleeve.weighing is not None:
        line = desk.lines.get((sleeve.name, symbol))
        share *= line.weight if line else 0.0
    elif not sleeve.strategy.many:
        share /= len(sleeve.symbols)
    question = sleeve.size_question(symbol)
    if question is not None:
        known = desk.answers.newest(question, int(at.timestamp())) if at else None
        if known is None:
            return None
        size = known
    if isinstance(sleeve.size, KellySize):
        size = by_record(desk, sleeve, sleeve.size)
    return round(share * size, 6)


def by_record(desk: "Desk", sleeve: Sleeve, size: KellySize) -> float:
    """What the sleeve's own closed trades allow it."""
    return stake(desk.records.get(sleeve.name, ()), size.fraction, size.begin)


def weigh(desk: "Desk", sleeve: Sleeve, symbols: Collection[str], at: datetime) -> tuple[str, ...]:
    """Take the weights of a sleeve's markets that have news; see which no longer fit. The order to trade them in.

    Positions are compared at the beginning of a period, and when a weight changes. The heaviest come first, so
    that what is sold can pay for what is bought.
    """
    if sleeve.weighing is None:
        return sleeve.symbols
    now, bar = int(at.timestamp()), sleeve.timeframe.seconds
    begins, news = begins_period(sleeve.weighing, bar, now - bar), {}
    for symbol in sleeve.symbols:
        question = sleeve.weight_question(symbol)
        weight = desk.answers.exposure(question, now) if question and symbol in symbols else None
        if weight is not None:
            news[symbol] = weight
    for symbol, weight in _within_the_whole(desk, sleeve, news).items():
        line = desk.line(sleeve.name, symbol)
        due, line.weight = begins or weight != line.weight, weight
        if due and line.reached and line.acted != 0 and is_off(desk, sleeve, symbol, line):
            line.reached = _has_to_stay(desk, sleeve, symbol, now)
    return heaviest_first(desk, sleeve)


def _has_to_stay(desk: "Desk", sleeve: Sleeve, symbol: str, now: int) -> bool:
    """Whether it is more than its part, and only the stop may sell any of it yet."""
    guard = desk.guards.get((sleeve.name, symbol))
    if guard is None or not protect.holds(sleeve.protection, guard, now, sleeve.timeframe.seconds):
        return False
    return _overweight(desk, sleeve, symbol) > 0


def _within_the_whole(desk: "Desk", sleeve: Sleeve, news: dict[str, float]) -> dict[str, float]:
    """The new weights, made smaller where markets without news still hold their old parts.

    What nobody holds gives up its old part before that.
    """
    known = {s: desk.lines.get((sleeve.name, s)) for s in sleeve.symbols if s not in news}
    silent = {s: line for s, line in known.items() if line is not None}
    told = sum(news.values())
    if not told or told + sum(line.weight for line in silent.values()) <= 1 + ROUNDING:
        return news
    room = 1.0
    for symbol, line in silent.items():
        if desk.book.held(sleeve.name, symbol) or desk.orders.busy(sleeve.name, symbol):
            room -= line.weight
        else:
            line.weight = 0.0
    if told <= room + ROUNDING:
        return news
    return {symbol: round(weight * max(room, 0.0) / told, 6) for symbol, weight in news.items()}


def heaviest_first(desk: "Desk", sleeve: Sleeve) -> tuple[str, ...]:
    """The sleeve's symbols, those that hold most more than their part first."""
    return tuple(sorted(sleeve.symbols, key=lambda symbol: -_overweight(desk, sleeve, symbol)))


def waits_for_sales(desk: "Desk", sleeve: Sleeve) -> bool:
    """Whether a weighed sleeve should let its sales come in before it buys."""
    if sleeve.weighing is None:
        return False
    return any(o.intent.reduce_only for o in desk.orders.live if o.intent.sleeve == sleeve.name)


def _overweight(desk: "Desk", sleeve: Sleeve, symbol: str) -> Decimal:
    """How much more of a market is held than its weight wants, in money."""
    price, line = desk.book.prices.get(symbol), desk.lines.get((sleeve.name, symbol))
    if price is None or line is None:
        return Decimal(0)
    return (desk.book.held(sleeve.name, symbol) - target(desk, sleeve, symbol, line, price)) * price


def is_off(desk: "Desk", sleeve: Sleeve, symbol: str, line: Line) -> bool:
    """Whether a position lies further from its part than the sleeve's band and the fees of a trade allow."""
    budget, price = desk.book.equity * Decimal(str(sleeve.share)), desk.book.prices.get(symbol)
    if price is None or budget <= 0 or sleeve.strategy.many:
        return False
    weight = line.weight if sleeve.weighing else 1 / len(sleeve.symbols)
    least = sleeve.weighing.band if sleeve.weighing else 0.0
    wanted = target(desk, sleeve, symbol, line, price)
    off = abs(wanted - desk.book.held(sleeve.name, symbol)) * price / budget
    fee = float(desk.instruments[symbol].taker_fee)
    return float(off) > max(least, band(weight * abs(line.acted), fee))


def rebalance(desk: "Desk") -> None:
    """Let every position that has drifted from its part be brought back; the next step orders what is missing."""
    for sleeve in desk.sleeves.values():
        for symbol in sleeve.symbols:
            line = desk.lines.get((sleeve.name, symbol))
            if line is not None and line.reached and line.acted != 0 and is_off(desk, sleeve, symbol, line):
                line.reached = False


def target(desk: "Desk", sleeve: Sleeve, symbol: str, line: Line, price: Decimal) -> Decimal:
    """The quantity that the exposure last acted on comes to, at this price."""
    exposure, instrument = line.acted * guarding.left(desk, sleeve, symbol), desk.instruments[symbol]
    if exposure == 0:
        return Decimal(0)
    if sleeve.units is not None:
        return instrument.amount(sleeve.units * Decimal(str(exposure)))
    if sleeve.all_in is not None:
        spent = desk.book.equity * sleeve.all_in * Decimal(str(exposure))
        return instrument.amount(spent / (price * (1 + instrument.taker_fee)))
    share, parts = sleeve.share, len(sleeve.symbols)
    if sleeve.weighing is not None:
        share, parts = sleeve.share * line.weight, 1
    elif sleeve.strategy.many:
        parts = 1  # one that chooses may put all on one symbol
    return fixed_share(exposure, desk.book.equity, share, parts, price, instrument)


def note_result(desk: "Desk", closed: RoundTrip) -> None:
    """Keep what a closed trade earned on the money put in, for the sleeves that are sized by their record.

    Their markets are sized anew with the next candle.
    """
    sleeve = desk.sleeves.get(closed.sleeve)
    if sleeve is None or not isinstance(sleeve.size, KellySize):
        return
    record = desk.records.setdefault(closed.sleeve, [])
    record.append(round(closed.return_share, 8))
    del record[:-LONGEST_RECORD]
    for symbol in sleeve.symbols:
        if (line := desk.lines.get((sleeve.name, symbol))) is not None:
            line.due = 0
