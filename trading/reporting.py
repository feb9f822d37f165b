"""Looking back: a day, week or month of an account, and what a year's sales gained."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from trading.analysis.allocation import allocation, closes_of, traded_in
from trading.analysis.review import Known, review
from trading.analysis.won import WON, in_won, matched, quote_of
from trading.domain.errors import Refused
from trading.domain.market import Timeframe
from trading.domain.order import Fill
from trading.domain.report import Allocation, RoundTrip
from trading.domain.review import Gains, Review, Won
from trading.replaying import frame_for

if TYPE_CHECKING:
    from trading.service import Trading

MOST_ORDERS = 5000  # of a month, looked at for what slipped
MOST_EVENTS = 5000


@dataclass(slots=True)
class Reports:
    """Everything one may ask about the past of an account."""

    trading: "Trading"

    async def review(self, account: str, length: str, zone: str) -> Review | None:
        """The newest complete day, week or month (the running one where none is complete); None without a curve."""
        trading, now = self.trading, self.trading.clock()
        store = trading.store
        status, prices = trading.status(account), dict(trading.room(account).desk.book.prices)
        refused = await store.events(account, kinds={"order_refused"}, limit=MOST_EVENTS)
        stops = await store.events(account, kinds={"trading_halted"}, limit=MOST_EVENTS)
        known = Known(
            status=status,
            points=await trading.equity(account),
            fills=await trading.fills(account),
            orders=await store.orders(account, limit=MOST_ORDERS),
            prices=prices,
            refused=[event.at for event in refused],
            stops=[event.at for event in stops],
            steps=trading.steps(account),
        )
        found = await asyncio.to_thread(review, known, length, zone, now)
        if found is None or length == "day":
            return found
        return replace(found, allocation=await self._allocation(found, known.fills))

    async def _allocation(self, found: Review, fills: Sequence[Fill]) -> tuple[Allocation, ...]:
        """What the money was in during this time; nothing where a market's candles are not to be had."""
        account, start, end = found.account, found.start, found.end
        frame = frame_for(end - start, Timeframe.parse(self.trading.timeframe(account)))
        mine, closes = traded_in(fills, start, end), {}
        for symbol in dict.fromkeys(fill.symbol for fill in mine):
            first = frame.floor(start) - frame.length
            candles = await self.trading.replays.candles(account, symbol, frame, first, end)
            if not candles or candles[0].opened_at > start:
                return ()
            closes[symbol] = closes_of(candles)
        return await asyncio.to_thread(allocation, mine, closes, found.equity)

    async def trades_of(self, account: str, year: int, zone: str) -> tuple[list[Fill], list[RoundTrip]]:
        """Fills of a calendar year in this zone, and the trades closed in it; raises Refused for a year without any."""
        start, end = self._year(year, zone)
        fills = [f for f in await self.trading.fills(account) if start <= f.at < end]
        if not fills:
            raise Refused(f"Nothing was traded in {year} by account {account}.")
        return fills, [t for t in await self.trading.trades(account) if start <= t.exit_at < end]

    async def gains(self, account: str, year: int, zone: str) -> Gains:
        """What every sale of the year gained, by both methods; all earlier purchases are known to it."""
        start, end = self._year(year, zone)
        fills = [f for f in await self.trading.fills(account) if f.at < end]
        found = await asyncio.to_thread(matched, fills, start)
        if not found:
            raise Refused(f"Nothing was sold in {year} by account {account}.")
        currency = self.trading.status(account).currency
        counted = {quote_of(sale.fifo.symbol) for sale in found}
        return Gains(
            year=year,
            currency=currency,
            sales=tuple(found),
            other_currencies=tuple(sorted(counted - {currency})),
            unpriced_fees=_unpriced([fill for fill in fills if fill.at >= start]),
            won=await self._won(fills, start, counted - {WON}),
        )

    async def _won(self, fills: list[Fill], start: datetime, currencies: set[str]) -> Won | None:
        """The sales in won, by the rates that the archive holds of these currencies."""
        if not currencies:
            return None
        rates, trouble = {}, []
        for currency in sorted(currencies):
            try:
                rates[currency] = await self.trading.archive.won_rates(currency)
            except Refused as refused:
                trouble.append(refused.tell)
        return await asyncio.to_thread(in_won, fills, start, rates, trouble)

    def _year(self, year: int, zone: str) -> tuple[datetime, datetime]:
        """Where a calendar year begins and ends; raises Refused for one that has not begun or never was."""
        place = ZoneInfo(zone)
        this = self.trading.clock().astimezone(place).year
        if not 2009 <= year <= this:
            raise Refused(f"Name a year from 2009 to {this}; found {year}.")
        return _new_year(year, place), _new_year(year + 1, place)


def _new_year(year: int, place: ZoneInfo) -> datetime:
    return datetime(year, 1, 1, tzinfo=place).astimezone(UTC)


def _unpriced(fills: list[Fill]) -> tuple[tuple[str, Decimal], ...]:
    """Fees in a third asset, added up by asset."""
    found: dict[str, Decimal] = {}
    for fill in fills:
        if fill.fee and fill.fee_currency not in (fill.symbol.partition("/")[0], quote_of(fill.symbol)):
            found[fill.fee_currency] = found.get(fill.fee_currency, Decimal(0)) + fill.fee
    return tuple(sorted(found.items()))
