"""What a curve of exposures would have earned, in numpy: for the thousands of variants honesty checks try.

One market, long only, all of the money in one sleeve, no limits and no protection; orders fill at the next
candle's open, with fee and slippage. Amounts are not rounded to an exchange's steps. Within that it says what
the desk says: tests hold it equal. Whatever else is wanted runs through the desk.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trading.core.frames import Columns
from trading.core.plan import worth_acting
from trading.portfolio.sizing import COST_MARGIN

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MARGIN = float(COST_MARGIN)


@dataclass(frozen=True, slots=True)
class Costs:
    """Shares of what is traded: 0.001 is 0.1 %."""

    fee: float
    slippage: float


@dataclass(frozen=True, slots=True)
class Quick:
    """Equity at each candle's close (1.0 at the start), and what each time in the market multiplied it by."""

    equity: Floats
    entries: Ints  # candles at whose close the strategy wanted in
    exits: Ints  # and out again; one that never ends, at the last candle
    factors: Floats


def evaluate_quickly(wanted: Floats, columns: Columns, costs: Costs) -> Quick:
    """The curve of these exposures (known at each close). Selling short is refused, as the desk does."""
    long_only = np.clip(wanted, 0.0, 1.0)
    if np.isin(long_only, (0.0, 1.0)).all():
        return _all_in(long_only, columns, costs)
    return _in_steps(long_only, columns, costs)


def stays(wanted: Floats) -> tuple[Ints, Ints]:
    """Where each time in the market begins (the candle that wants in) and ends (the one that wants out)."""
    held = np.concatenate(([False], wanted > 0, [False]))
    turns = np.flatnonzero(held[1:] != held[:-1])
    return turns[::2], np.minimum(turns[1::2], len(wanted) - 1)


def trade_factors(entries: Ints, exits: Ints, columns: Columns, costs: Costs) -> Floats:
    """What each all-in stay multiplies equity by: wanted at the close of `entries`, given up at that of `exits`.

    Any shape: a row for each of thousands of random histories is fine. A stay that is open at the last candle is
    worth its close; one that is wanted there only is nothing.
    """
    last = len(columns) - 1
    bought, units = _purchase(entries, columns, costs)
    is_open = exits >= last
    sold = np.where(is_open, columns.close[last], columns.open[np.minimum(exits + 1, last)] * _out(costs))
    factors = 1.0 + units * (sold - bought)
    return np.asarray(np.where(entries >= last, 1.0, factors))


def _in(costs: Costs) -> float:
    return (1.0 + costs.slippage) * (1.0 + costs.fee)


def _out(costs: Costs) -> float:
    return (1.0 - costs.slippage) * (1.0 - costs.fee)


def _purchase(entries: Ints, columns: Columns, costs: Costs) -> tuple[Floats, Floats]:
    """What one unit costs, fee included, and how many one unit of equity buys: no more than the cash pays for."""
    last = len(columns) - 1
    paid = columns.open[np.minimum(entries + 1, last)] * _in(costs)
    decided = columns.close[entries] * max(_MARGIN, 1.0 + costs.fee)
    return paid, 1.0 / np.maximum(decided, paid)


def _all_in(wanted: Floats, columns: Columns, costs: Costs) -> Quick:
    entries, exits = stays(wanted)
    factors = trade_factors(entries, exits, columns, costs)
    before = np.concatenate(([1.0], np.cumprod(factors)))
    bought, units = _purchase(entries, columns, costs)
    bars = np.arange(len(wanted))
    number = np.searchsorted(entries, bars, side="left")  # stays that began before this candle
    equity = before[number]
    stay = np.maximum(number - 1, 0)
    if len(entries):
        inside = (number > 0) & (bars <= exits[stay])
        marked = before[stay] * (1.0 + units[stay] * (columns.close - bought[stay]))
        equity = np.where(inside, marked, equity)
    return Quick(equity, entries, exits, factors)


def _in_steps(wanted: Floats, columns: Columns, costs: Costs) -> Quick:
    """Parts of the money: one order after the other, and a candle's mark in between."""
    last = len(wanted) - 1
    cash, held, acted, reached = 1.0, 0.0, 0.0, 0
    equity = np.ones(len(wanted))
    for row in np.flatnonzero(np.diff(wanted, prepend=0.0)).tolist():
        wish = float(wanted[row])
        if not worth_acting(wish, acted) or row == last:
            continue
        acted = wish
        equity[reached : row + 1] = cash + held * columns.close[reached : row + 1]
        cash, held = _order(wish, float(equity[row]), cash, held, row, columns, costs)
        reached = row + 1
    equity[reached:] = cash + held * columns.close[reached:]
    entries, exits = stays(wanted)
    ends = np.minimum(exits + 1, last)
    factors = equity[ends] / equity[entries]
    return Quick(equity, entries, exits, np.asarray(factors))


def _order(
    wish: float, equity: float, cash: float, held: float, row: int, columns: Columns, costs: Costs
) -> tuple[float, float]:
    """Cash and holding after the order of this candle was filled at the next one's open."""
    decided, price = float(columns.close[row]), float(columns.open[row + 1])
    change = equity / _MARGIN * wish / decided - held if wish else -held
    if change > 0:
        paid = price * _in(costs)
        change = min(change, max(cash, 0.0) / max(paid, decided * (1.0 + costs.fee)))
        return cash - change * paid, held + change
    return cash - change * price * _out(costs), held + change
