"""The book as a whole: what moves together, what bad days would cost, and putting positions back to their weights."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from trading.analysis.stress import SCENARIOS, of_falls, of_scenario
from trading.analysis.tail import (
    USUAL,
    historical_shortfall,
    historical_var,
)
from trading.build import Room
from trading.core import targets
from trading.domain.errors import Refused
from trading.domain.events import RebalanceAsked
from trading.domain.market import Candle, Timeframe
from trading.domain.portfolio import BadDay, Likeness, Outcome, Trade
from trading.portfolio.correlation import clusters, correlation
from trading.shared import Shared

if TYPE_CHECKING:
    from trading.running import Running

HOUR = Timeframe(3600)
LOOK_BACK = timedelta(days=30)
FEWEST_HOURS, HOURS = 48, 24
_NORMAL = NormalDist()
TOGETHER = 0.8  # correlations from here on count as one risk in what is shown


@dataclass(slots=True)
class Portfolios:
    """Everything one may ask of a whole book."""

    running: "Running"
    _shared: Shared = field(default_factory=Shared)

    # --- what moves together, what a bad day costs ---------------------------------------------------------

    async def likeness(self, account: str) -> Likeness:
        """How closely the account's markets moved together over the last thirty days of hours."""
        symbols = tuple(self.running.room(account).desk.instruments)
        until, closes = await self._closes(account, symbols)
        matrix = correlation(_returns(closes))
        shown = tuple(tuple(None if np.isnan(x) else float(x) for x in row) for row in matrix)
        groups = tuple(clusters(symbols, matrix, TOGETHER))
        return Likeness(symbols, shown, groups, TOGETHER, until - LOOK_BACK, until)

    async def bad_day(self, account: str) -> BadDay:
        """Value at risk and expected shortfall of what is held now; raises Refused while too little is known."""
        book = self.running.room(account).desk.book
        values = self.values(account)
        zero = Decimal(0)
        if not values:
            return BadDay(zero, zero, (zero, zero), (zero, zero), book.equity, (), 0)
        symbols = tuple(values)
        _, closes = await self._closes(account, symbols)
        returns = _returns(closes)
        returns = returns[np.isfinite(returns).all(axis=1)]
        if len(returns) < FEWEST_HOURS:
            raise Refused(
                f"A bad day is judged by at least {FEWEST_HOURS} hours of prices; there are {len(returns)} so far."
            )
        held = np.array([float(values[symbol]) for symbol in symbols])
        worth = float(np.abs(held).sum())
        gains = returns @ held / worth
        seen = _money(worth, historical_var(gains), historical_shortfall(gains))
        normal = _normal_day(gains * worth)
        alone = [
            (s, _money(abs(h), historical_var(r * np.sign(h)))[0])
            for s, h, r in zip(symbols, held, returns.T, strict=True)
        ]
        return BadDay(
            at_risk=max(seen[0], normal[0]),
            shortfall=max(seen[1], normal[1]),
            seen=(seen[0], seen[1]),
            normal=(normal[0], normal[1]),
            equity=book.equity,
            parts=tuple(sorted(alone, key=lambda part: -part[1])),
            hours=len(returns),
        )

    # --- stress ------------------------------------------------------------------------------------------

    def stress(self, account: str) -> list[Outcome]:
        """The present book on every named day, the worst first."""
        values, equity = self.values(account), self.running.room(account).desk.book.equity
        found = [of_scenario(scenario, values, equity) for scenario in SCENARIOS.values()]
        return sorted(found, key=lambda outcome: -outcome.loss)

    def stress_on(self, account: str, name: str) -> Outcome:
        """The present book on one named day; raises Refused with the names there are."""
        if name not in SCENARIOS:
            raise Refused(f"There is no scenario '{name}'; there are {', '.join(SCENARIOS)}.")
        return of_scenario(SCENARIOS[name], self.values(account), self.running.room(account).desk.book.equity)

    def stress_made_up(self, account: str, falls: Mapping[str, float], usual: float | None) -> Outcome:
        """The present book when these coins fall so far, every other one as `usual`, or like the worst of them."""
        return of_falls(falls, usual, self.values(account), self.running.room(account).desk.book.equity)

    def values(self, account: str) -> dict[str, Decimal]:
        """What is held of each market, over all sleeves, in money at the last close."""
        book = self.running.room(account).desk.book
        held: dict[str, Decimal] = {}
        for (_, symbol), position in book.positions.items():
            held[symbol] = held.get(symbol, Decimal(0)) + position.quantity * book.prices[symbol]
        return {symbol: value for symbol, value in sorted(held.items()) if value}

    # --- rebalancing -------------------------------------------------------------------------------------

    def preview(self, account: str) -> list[Trade]:
        """What a rebalance would trade now, market by market; what its fees are not worth is left alone."""
        room = self.running.room(account)
        return [trade for sleeve in room.desk.sleeves for trade in _trades(room, sleeve)]

    async def rebalance(self, account: str, by: str) -> None:
        """Put every position back to its weight, as far as fees allow; through the gate, like any other order."""
        room = self.running.room(account)
        await self.running.floor_of(account).see_books({account: room.desk.instruments})
        await self.running.do([room], lambda now: RebalanceAsked(now, by))

    # --- inside ------------------------------------------------------------------------------------------

    async def _closes(self, account: str, symbols: tuple[str, ...]) -> tuple[datetime, list[list[Candle]]]:
        """Hourly candles of the last thirty days; asked for once an hour, however many want to know."""
        floor = self.running.floor_of(account)
        until = HOUR.floor(floor.market.now())

        async def work() -> list[list[Candle]]:
            since = until - LOOK_BACK
            asked = (floor.market.candles(symbol, HOUR, since, until) for symbol in symbols)
            return list(await asyncio.gather(*asked))

        key = (floor.market.name, id(floor), symbols)
        return until, await self._shared.get(key, until, work)


def _returns(closes: list[list[Candle]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Hour by hour, a column for each market; NaN where one has no candle."""
    times = sorted({candle.opened_at for candles in closes for candle in candles})
    rows = {at: n for n, at in enumerate(times)}
    prices = np.full((len(times), len(closes)), np.nan)
    for column, candles in enumerate(closes):
        for candle in candles:
            prices[rows[candle.opened_at], column] = candle.close
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = prices[1:] / prices[:-1] - 1
    return np.asarray(returns)


def _money(worth: float, *shares: float | None) -> tuple[Decimal, ...]:
    """Hourly shares as a day's money, by the square root of time."""
    return tuple(Decimal(repr(round(float((share or 0.0) * sqrt(HOURS) * worth), 8))) for share in shares)


def _normal_day(gains: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[Decimal, ...]:
    """A day's value at risk and shortfall, as if hours were normal: the spread grows with the root of time, the drift
    with time itself, as in the gate's own figure (`trading.risk.tail`)."""
    z, drift = _NORMAL.inv_cdf(USUAL), float(gains.mean()) * HOURS
    spread = float(gains.std(ddof=1)) * sqrt(HOURS)
    beyond = _NORMAL.pdf(z) / (1 - USUAL)
    return tuple(Decimal(repr(round(max(spread * reach - drift, 0.0), 8))) for reach in (z, beyond))


def _trades(room: Room, name: str) -> list[Trade]:
    desk, sleeve = room.desk, room.desk.sleeves[name]
    budget = desk.book.equity * Decimal(str(sleeve.share))
    found = []
    for symbol in sleeve.symbols:
        line, price = desk.lines.get((name, symbol)), desk.book.prices.get(symbol)
        held = desk.book.held(name, symbol)
        if line is None or price is None or budget <= 0 or (held == 0 and line.acted == 0):
            continue
        wanted = targets.target(desk, sleeve, symbol, line, price)
        amount = wanted - held if targets.is_off(desk, sleeve, symbol, line) else Decimal(0)
        fee = abs(amount) * price * desk.instruments[symbol].taker_fee
        shares = [float(quantity * price / budget) for quantity in (held, wanted)]
        found.append(Trade(name, symbol, shares[0], shares[1], amount, amount * price, fee))
    return found
