"""A year's sales in won: every purchase and every sale at the rate of its own day in Seoul, or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from zoneinfo import ZoneInfo

from trading.analysis.tax import EXACT, Method, sales
from trading.domain.order import Fill
from trading.domain.review import Matched, Sale, Unrated, Won

WON = "KRW"
Rates = Mapping[str, Mapping[str, Decimal]]  # by currency and day in Seoul, as in 2026-01-31

_SEOUL = ZoneInfo("Asia/Seoul")
_UNKNOWN = Decimal("NaN")  # whatever it is added to is unknown, too


def quote_of(symbol: str) -> str:
    """The money a market is counted in."""
    return symbol.partition("/")[2].partition(":")[0]


def matched(fills: Sequence[Fill], start: datetime) -> list[Matched]:
    """The sales from `start` on by both methods; all earlier fills are known to them."""
    both = zip(sales(fills, Method.FIFO), sales(fills, Method.AVERAGE), strict=True)
    return [Matched(fifo=fifo, average=average) for fifo, average in both if fifo.at >= start]


def in_won(fills: Sequence[Fill], start: datetime, rates: Rates, trouble: Sequence[str] = ()) -> Won:
    """The sales of `matched` in won. A sale is left out when a day that its cost or its proceeds needs has no rate.

    By moving average it needs every purchase since its market was last sold out, so both methods wait for those.
    """
    with localcontext(EXACT):
        found = matched([_valued(fill, rates) for fill in fills], start)
        whole = [_whole(sale) for sale in found]
    lacking = [sale for sale, known in zip(found, whole, strict=True) if known is None]
    return Won(sales=tuple(whole), unrated=_unrated(fills, lacking, rates), trouble=tuple(trouble))


def _day(fill: Fill) -> str:
    return fill.at.astimezone(_SEOUL).date().isoformat()


def _rate(fill: Fill, rates: Rates) -> Decimal:
    quote = quote_of(fill.symbol)
    return Decimal(1) if quote == WON else rates.get(quote, {}).get(_day(fill), _UNKNOWN)


def _valued(fill: Fill, rates: Rates) -> Fill:
    """The same fill with its money in won. A fee taken out of the coins follows their price."""
    rate = _rate(fill, rates)
    fee = fill.fee * rate if fill.fee_currency == quote_of(fill.symbol) else fill.fee
    return replace(fill, price=fill.price * rate, fee=fee)


def _whole(sale: Matched) -> Matched | None:
    """In whole won, so that the rows of a file add up to the sum that is said; None where one is unknown."""
    fifo, average = _rounded(sale.fifo), _rounded(sale.average)
    known = fifo.gain.is_finite() and average.gain.is_finite()
    return Matched(fifo=fifo, average=average) if known else None


def _rounded(sale: Sale) -> Sale:
    one = Decimal(1)
    proceeds, cost = (money.quantize(one, ROUND_HALF_EVEN) for money in (sale.proceeds, sale.cost))
    return replace(sale, proceeds=proceeds, cost=cost)


def _unrated(fills: Sequence[Fill], lacking: Sequence[Matched], rates: Rates) -> tuple[Unrated, ...]:
    """The days that would have been needed: of each market, from its oldest purchase to its last sale left out."""
    spans: dict[str, tuple[datetime, datetime]] = {}
    for sale in lacking:
        one = sale.average
        first, last = spans.get(one.symbol, (one.acquired_at, one.at))
        spans[one.symbol] = (min(first, one.acquired_at), max(last, one.at))
    days: dict[tuple[str, bool], set[str]] = {}
    for fill in fills:
        span = spans.get(fill.symbol)
        if span is None or not span[0] <= fill.at <= span[1] or _rate(fill, rates).is_finite():
            continue
        day, currency = _day(fill), quote_of(fill.symbol)
        known = rates.get(currency)
        if known is None:  # its file cannot be read, which is told in other words
            continue
        inside = bool(known) and min(known) < day < max(known)
        days.setdefault((currency, inside), set()).add(day)
    return tuple(
        Unrated(currency=currency, days=tuple(sorted(found)), inside=inside)
        for (currency, inside), found in sorted(days.items())
    )
