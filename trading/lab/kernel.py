"""The desk's rules as plain loops over arrays: compiled where numba is there, run as they stand where it is not.

One symbol, one sleeve, market orders, never short. Amounts are whole numbers of the exchange's step, so what is
sold is what was bought to the last digit; money and prices are floats. Nothing here allocates or calls anything
but plain arithmetic, and both ways of running it give the same bits.
"""

import math
from typing import Any

Row = Any  # an array, or a list where nothing is compiled

STEP = 1e-8  # amounts and prices of recorded candles are rounded to it, as plain_instrument does
STEPS = 1e8
MARGIN = 1.005  # portfolio.sizing.COST_MARGIN
BAND = 0.0999995  # core.plan.NO_TRADE_BAND, for exposures of six digits
TIE = 1e-12  # a limit missed by less than this share of it is reached: in decimals it would be
EXACT = 2.0**51  # above it, rounding to a step is left alone: a float has no such digits there
MOST = 2.0**53  # amounts of more steps than this cannot be counted exactly
TOO_MANY = -1


def to_step(price: float) -> float:
    """The nearest price on the grid; halves go to the even neighbour."""
    steps = price * STEPS
    if steps >= EXACT:
        return price
    return ((steps + 6755399441055744.0) - 6755399441055744.0) / STEPS


def whole(amount: float) -> float:
    """How many steps are in it; what is a rounding error short of one more is one more."""
    steps = amount * STEPS
    if steps >= MOST:
        return steps
    below = math.floor(steps)
    return below + 1.0 if below + 1.0 - steps <= min(steps * 1e-14, 1e-6) else float(below)


def average(values: Row, first: int, begin: float, alpha: float, out: Row) -> int:
    """An exponential average that stands at `begin` on bar `first`; what is before it stays as it is."""
    rest, mean = 1.0 - alpha, begin
    out[first] = mean
    for bar in range(first + 1, len(values)):
        value = values[bar]
        if mean != value:
            mean = rest * mean + alpha * value
        out[bar] = mean
    return 0


def crossing(fast: Row, slow: Row, closes: Row, enough: float, hold: int, ready: int, out: Row) -> int:
    """1 while the newest clear lead of the last `hold` bars is the fast average's, else 0; NaN while warming up."""
    entered, left = -1, -1
    for bar in range(len(closes)):
        lead = (fast[bar] - slow[bar]) / closes[bar]
        if lead > enough:
            entered = bar
        elif lead < -enough:
            left = bar
        inside = 1.0 if entered > left and bar - entered < hold else 0.0
        out[bar] = inside if bar >= ready else math.nan
    return 0


def trade(  # type: ignore[no-untyped-def]
    wanted,
    opens,
    closes,
    days,
    cash,
    fee,
    slippage,
    order_share,
    daily_loss,
    drawdown,
    at,
    moved,
    paid,
    purse,
):
    """Every fill into `at`, `moved`, `paid` and `purse` (bar, signed steps, price, cash after it).

    Returns how many there are, or TOO_MANY when an amount cannot be counted; then cash, steps held and the bar on
    which the drawdown limit stopped everything (-1: never).
    """
    fills, held, order = 0, 0.0, 0.0
    acted, reached = 0.0, True
    watched = drawdown < 1.0 or daily_loss < 1.0
    peak, day_start, today, lost_on, mark, killed = cash, cash, days[0], -1, 0.0, -1
    for bar in range(len(closes)):
        if order != 0.0:
            side = 1.0 if order > 0 else -1.0
            price = to_step(opens[bar] * (1.0 + side * slippage))
            steps = abs(order)
            order = 0.0
            if side > 0:
                most = cash / (price * (1.0 + fee))
                if steps * STEP > most:
                    steps = whole(most)
            if steps > 0:
                cost = steps * STEP * price
                cash -= side * cost + cost * fee
                held += side * steps
                reached = held == 0
                if acted != 0:
                    worth = cash + held * STEP * mark
                    goal = min(whole(worth / MARGIN * abs(acted) / mark), whole(order_share * worth / mark))
                    reached = held * acted > 0 and held >= goal * (1.0 - BAND)
                at[fills], moved[fills], paid[fills], purse[fills] = bar, side * steps, price, cash
                fills += 1
            if killed >= 0:
                break
        if watched:
            if days[bar] != today:
                today, day_start, lost_on = days[bar], cash + held * STEP * mark, -1
            mark = to_step(closes[bar])
            equity = cash + held * STEP * mark
            peak = max(peak, equity)
            if equity <= peak * (1.0 - drawdown) * (1.0 + TIE):
                killed, order = bar, -held
                if held == 0:
                    break
                continue
            if lost_on < 0 and equity <= day_start * (1.0 - daily_loss) * (1.0 + TIE):
                lost_on = today
        wish = wanted[bar]
        if wish != wish:
            continue
        if wish != acted and (
            wish == 0 or acted == 0 or (wish > 0) != (acted > 0) or abs(wish - acted) >= BAND
        ):
            acted, reached = wish, False
        if reached:
            continue
        mark = to_step(closes[bar])
        equity = cash + held * STEP * mark
        target = whole(equity / MARGIN * abs(acted) / mark) if acted > 0 else 0.0
        if target >= MOST:
            return TOO_MANY, cash, held, killed
        if acted < 0 and held == 0:
            continue  # refused: nothing is sold that is not held
        if target <= held:
            reached, order = target == held, target - held
            continue
        if lost_on >= 0 or equity <= day_start * (1.0 - daily_loss) * (1.0 + TIE):
            continue
        if equity <= peak * (1.0 - drawdown) * (1.0 + TIE):
            continue
        steps = target - held
        if steps * STEP * mark > order_share * equity:
            steps = whole(order_share * equity / mark)
        if steps * STEP * mark * (1.0 + fee) > cash:
            steps = whole(cash / (mark * (1.0 + fee)))
        order = steps
    return fills, cash, held, killed
