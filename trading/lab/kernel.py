"""The desk's rules as plain loops over arrays: compiled where numba is there, run as they stand where it is not.

One symbol, one sleeve, market orders at the next open, protective levels inside the candle, never short. Amounts are
whole numbers of the exchange's step, so what is sold is what was bought to the last digit; money and prices are
floats. Nothing here allocates or calls anything but plain arithmetic, and both ways of running it give the same bits.
"""

import math
from typing import Any

Row = Any  # an array, or a list where nothing is compiled

STEP = 1e-8  # amounts and prices of recorded candles are rounded to it, as plain_instrument does
STEPS = 1e8
MARGIN = 1.005  # portfolio.sizing.COST_MARGIN
BAND = 0.0999995  # core.plan.NO_TRADE_BAND, for exposures of six digits
TIE = 1e-13  # a limit missed by less than this share of it is reached: in decimals it would be
EXACT = 2.0**51  # above it, rounding to a step is left alone: a float has no such digits there
MOST = 2.0**53  # amounts of more steps than this cannot be counted exactly
TOO_MANY = -1
SIGNAL, TIME, STOP, TRAIL, TARGET = (
    0,
    1,
    2,
    3,
    4,
)  # why: the first two at the open, the others inside the candle
LEVELS = (
    "stop",
    "atr_stop",
    "take",
    "trail",
    "trail_from",
    "atr_trail",
    "min_hold",
    "time_stop",
    "cool_down",
)


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
    for bar in range(len(closes)):  # by itself, many at once
        out[bar] = (fast[bar] - slow[bar]) / closes[bar]
    until = -1
    for bar in range(len(closes)):
        lead = out[bar]
        if lead > enough:
            until = bar + hold
        elif lead < -enough:
            until = -1
        out[bar] = 1.0 if bar < until else 0.0
    for bar in range(min(ready, len(closes))):
        out[bar] = math.nan
    return 0


def missing(wanted: float, acted: float) -> bool:
    """core.plan.worth_acting."""
    if wanted == acted:
        return False
    return wanted == 0 or acted == 0 or (wanted > 0) != (acted > 0) or abs(wanted - acted) >= BAND


def trade(  # type: ignore[no-untyped-def]
    wanted,
    opens,
    highs,
    lows,
    closes,
    days,
    opened,
    closed,
    swing_open,
    swing_close,
    cash,
    fee,
    slippage,
    order_share,
    daily_loss,
    drawdown,
    guarded,
    levels,
    gains,
    shares,
    at,
    why,
    moved,
    paid,
    purse,
    met,
):
    """Every fill into `at`, `why`, `moved`, `paid`, `purse` and `met` (bar, reason, signed steps, price, cash
    after it, price before slippage).

    `levels` are the numbers of a Protection in the order of LEVELS, times in seconds; they count where `guarded`.
    Returns how many fills there are, or TOO_MANY when an amount cannot be counted; then cash, steps held and the bar
    on which the drawdown limit stopped everything (-1: never).
    """
    stop, atr_stop, take, trail, trail_from, atr_trail = (
        levels[0],
        levels[1],
        levels[2],
        levels[3],
        levels[4],
        levels[5],
    )
    min_hold, time_stop, cool_down = levels[6], levels[7], levels[8]
    reenter, kinder, needs_swing = levels[9] > 0, levels[10] > 0, atr_stop > 0 or atr_trail > 0
    fills, held, order = 0, 0.0, 0.0
    acted, reached = 0.0, True
    watched = drawdown < 1.0 or daily_loss < 1.0
    idle = not watched and not guarded  # nothing looks at a bar that says nothing new
    peak, day_start, today, lost_on, mark, killed = cash, cash, days[0], -1, 0.0, -1
    entry, since, most_held, begun, best, follow, taken, left = 0.0, 0, 0.0, 0.0, 0.0, 0.0, 0, 1.0
    barred, leaving, shut_until, said = False, False, 0.0, 0.0
    for bar in range(len(closes)):
        if idle and reached and order == 0.0 and not (wanted[bar] < acted or wanted[bar] > acted):
            continue
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
                if guarded and side > 0:
                    entry = to_step((entry * held + price * steps) / (held + steps))
                    most_held = (held + steps) / STEPS
                    if held == 0:
                        since, begun, best, taken, left = opened[bar], swing_open[bar], entry, 0, 1.0
                        follow = to_step(entry - atr_trail * begun) if atr_trail > 0 else 0.0
                    best = max(best, entry)
                held += side * steps
                if held == 0:
                    left = 1.0
                    if leaving:
                        shut_until = opened[bar] + cool_down
                reached = held == 0
                if acted != 0:
                    worth = cash + held * STEP * mark
                    goal = min(
                        whole(worth / MARGIN * abs(acted * left) / mark), whole(order_share * worth / mark)
                    )
                    reached = held * acted > 0 and held >= goal * (1.0 - BAND)
                at[fills], why[fills], moved[fills], paid[fills] = (
                    bar,
                    TIME if leaving else SIGNAL,
                    side * steps,
                    price,
                )
                purse[fills], met[fills] = cash, opens[bar]
                fills += 1
            leaving = False
            if killed >= 0:
                break
        if guarded and held > 0:
            floor = max(
                to_step(entry * (1.0 - stop)) if stop > 0 else 0.0,
                to_step(entry - atr_stop * begun) if atr_stop > 0 else 0.0,
            )
            free, kind = opened[bar] - since >= min_hold, STOP
            if free:
                level = follow
                if trail > 0 and best >= to_step(entry * (1.0 + trail_from)):
                    level = max(level, to_step(best * (1.0 - trail)))
                if level > floor:
                    floor, kind = level, TRAIL
            while held > 0:
                goal = math.inf
                if free and taken < len(gains):
                    goal = to_step(entry * (1.0 + gains[taken]))
                elif free and take > 0:
                    goal = to_step(entry * (1.0 + take))
                first, up = opens[bar], False
                if first <= floor:
                    price = first
                elif first >= goal:
                    price, up = first, True
                elif lows[bar] <= floor and (highs[bar] < goal or not kinder):
                    price = floor
                elif highs[bar] >= goal:
                    price, up = goal, True
                else:
                    break
                steps = held
                if up and taken < len(gains):
                    steps = min(whole(most_held * shares[taken]), held)
                    if steps == 0:
                        break
                met[fills] = price
                price = to_step(price * (1.0 - slippage))
                cost = steps * STEP * price
                cash += cost - cost * fee
                held -= steps
                if held == 0:
                    acted, reached, barred, shut_until, left = (
                        0.0,
                        True,
                        said != 0,
                        closed[bar] + cool_down,
                        1.0,
                    )
                else:
                    taken += 1
                    left = 1.0
                    for tier in range(taken):
                        left -= shares[tier]
                    left = max(left, 0.0)
                    worth = cash + held * STEP * mark
                    goal = min(
                        whole(worth / MARGIN * abs(acted * left) / mark), whole(order_share * worth / mark)
                    )
                    reached = held >= goal * (1.0 - BAND)
                at[fills], why[fills], moved[fills], paid[fills] = bar, TARGET if up else kind, -steps, price
                purse[fills] = cash
                fills += 1
            if held > 0:
                best = max(best, highs[bar])
                if atr_trail > 0 and swing_close[bar] == swing_close[bar]:
                    follow = max(follow, to_step(best - atr_trail * swing_close[bar]))
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
        mark = to_step(closes[bar])
        if guarded and held > 0 and time_stop > 0 and closed[bar] - since >= time_stop:
            acted, reached, barred, leaving, order = 0.0, False, said != 0, True, -held
        wish = wanted[bar]
        if wish != wish:
            continue
        said = wish
        if wish == 0:
            barred = False
        if missing(wish, acted):
            act = True
            if guarded and acted != 0:
                less = wish * acted <= 0 or abs(wish) < abs(acted)
                act = not less or held <= 0 or closed[bar] - since >= min_hold
            elif guarded:
                act = (not barred or reenter) and order == 0
                act = act and closed[bar] >= shut_until
                act = act and (not needs_swing or swing_close[bar] == swing_close[bar])
                barred = barred and not act
            if act:
                acted, reached = wish, False
        if reached or order != 0:
            continue
        equity = cash + held * STEP * mark
        target = whole(equity / MARGIN * abs(acted * left) / mark) if acted > 0 else 0.0
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
