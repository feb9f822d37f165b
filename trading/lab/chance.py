"""Verdicts about luck: random entries, holding the coin, doubt in the Sharpe ratio, other orders and start dates."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from trading.analysis import luck
from trading.domain.honesty import Check, Number, Spread, Verdict, gain
from trading.lab.patient import Patient
from trading.lab.quick import evaluate_quickly, stays, trade_factors

Floats = npt.NDArray[np.float64]
Progress = Callable[[float], None]

SURE = 0.05  # an error of one in twenty is taken
STARTS = 200  # start dates tried
AT_ONCE = 500_000  # thrown trades held in memory at a time
IN_STEPS = 50  # histories of partly invested stretches between two notes of progress


def _verdict(name: str, check: Check, passed: bool, sentence: str, **numbers: Number) -> Verdict:
    return Verdict(name=name, check=check, passed=passed, sentence=sentence, numbers=numbers)


def _nothing(name: str, check: Check) -> Verdict:
    sentence = "It never traded here, so there is nothing to judge."
    return _verdict(name, check, False, sentence)


# --- random entries ---------------------------------------------------------------------------------------


def random_entries(
    patient: Patient, runs: int, dice: luck.Dice, progress: Progress
) -> tuple[Verdict, Spread | None]:
    """Ours against as many entries with the same holding times at random moments."""
    entries, exits = stays(patient.wanted)
    if not len(entries):
        return _nothing("random_entries", Check.LUCK), None
    lengths, bars = exits - entries, len(patient.columns)
    if _no_room(lengths, bars):
        sentence = "It is in the market all the time, so its entries cannot be told from luck."
        return _verdict("random_entries", Check.LUCK, False, sentence, entries=len(entries)), None
    all_in = bool(np.isin(patient.wanted, (0.0, 1.0)).all())
    parts: list[Floats] = []
    for count in _batches(runs, len(lengths) if all_in else AT_ONCE // IN_STEPS):
        starts, ends, which = luck.random_stays(lengths, bars, 0, count, dice)
        if all_in:
            factors = trade_factors(starts, ends, patient.columns, patient.costs)
            parts.append(np.prod(factors, axis=1))
        else:
            parts.append(_blocks_elsewhere(patient, starts, which))
        progress(sum(map(len, parts)) / runs)
    grown = np.concatenate(parts)
    ours = float(patient.result.equity[-1])
    chance = luck.share_as_good(grown, ours)
    beaten = float((grown < ours).mean())
    if chance <= SURE:
        sentence = f"Its timing beats {beaten:.1%} of random entries with the same holding times."
    else:
        sentence = (
            f"Not distinguishable from luck: {chance:.0%} of random entries with the same holding times "
            "did as well or better."
        )
    low, middle, high = luck.percentiles(grown)
    verdict = _verdict(
        "random_entries",
        Check.LUCK,
        chance <= SURE,
        sentence,
        p_value=chance,
        ours=ours - 1,
        random_5=low - 1,
        random_50=middle - 1,
        random_95=high - 1,
        entries=len(entries),
        runs=runs,
    )
    return verdict, Spread(outcomes=tuple((grown - 1).tolist()), ours=ours - 1)


def _no_room(lengths: luck.Ints, bars: int) -> bool:
    """Whether there is but one way to place these stays (or none that keeps a pause between them)."""
    free = bars - 1 - int(lengths.sum()) - (len(lengths) - 1)
    return free < 0 or (free == 0 and len(set(lengths.tolist())) == 1)


def _batches(runs: int, width: int) -> Iterator[int]:
    """Parts of the runs small enough for memory."""
    most = max(AT_ONCE // max(width, 1), 1)
    while runs > 0:
        yield min(most, runs)
        runs -= most


def _blocks_elsewhere(patient: Patient, starts: luck.Ints, which: luck.Ints) -> Floats:
    """Growth when every stretch in the market, sized as it was, happens at another time."""
    entries, exits = stays(patient.wanted)
    blocks = [patient.wanted[a:b] for a, b in zip(entries, exits, strict=True)]
    grown = np.empty(len(starts))
    for number, (places, order) in enumerate(zip(starts.tolist(), which.tolist(), strict=True)):
        wanted = np.zeros(len(patient.wanted))
        for place, block in zip(places, order, strict=True):
            wanted[place : place + len(blocks[block])] = blocks[block]
        grown[number] = patient.earned(wanted).equity[-1]
    return grown


def against_holding(patient: Patient, runs: int, dice: luck.Dice) -> Verdict:
    """Daily returns, brought to the same swings, against those of buying once and holding."""
    mine = patient.daily(patient.result.equity)
    held_curve = patient.earned(np.ones(len(patient.wanted))).equity
    held = patient.daily(held_curve)
    spread = float(mine.std())
    if spread == 0:
        return _nothing("buy_and_hold", Check.LUCK)
    chance = luck.mean_is_luck(mine * (float(held.std()) / spread) - held, runs, dice)
    ours, theirs = luck.sharpe_of(mine) or 0.0, luck.sharpe_of(held) or 0.0
    if chance <= SURE:
        sentence = (
            f"Better than holding for the same risk: a Sharpe ratio of {ours:.2f} against {theirs:.2f}."
        )
    elif ours > theirs:
        sentence = (
            f"Not distinguishable from holding: a Sharpe ratio of {ours:.2f} against {theirs:.2f} "
            f"(chance does this in {chance:.0%} of cases)."
        )
    else:
        sentence = (
            f"Holding was no worse for the same risk: a Sharpe ratio of {ours:.2f} against {theirs:.2f}."
        )
    return _verdict(
        "buy_and_hold",
        Check.LUCK,
        chance <= SURE,
        sentence,
        p_value=chance,
        sharpe=ours,
        sharpe_holding=theirs,
        ours=float(patient.result.equity[-1]) - 1,
        holding=float(held_curve[-1]) - 1,
    )


# --- the Sharpe ratio -------------------------------------------------------------------------------------


def doubted_sharpe(patient: Patient, trials: int, variance: float) -> Verdict:
    """The probability of skill, after so many variants; `variance` is that of their daily Sharpe ratios."""
    shape = luck.shape_of(patient.daily(patient.result.equity))
    if shape is None:
        return _nothing("sharpe", Check.SHARPE)
    alone = luck.probabilistic_sharpe(shape)
    deflated = luck.deflated_sharpe(shape, trials, variance)
    yearly = shape.sharpe * math.sqrt(luck.YEAR)
    passed = deflated >= 1 - SURE
    if passed:
        sentence = (
            f"A Sharpe ratio of {yearly:.2f} over {shape.count:,} days is skill with a probability of {alone:.1%}, "
            f"and of {deflated:.1%} after {trials:,} variants."
        )
    else:
        sentence = (
            f"A Sharpe ratio of {yearly:.2f} over {shape.count:,} days is skill with a probability of {alone:.1%}, "
            f"and of {deflated:.1%} after {trials:,} variants: not distinguishable from luck."
        )
    return _verdict(
        "sharpe",
        Check.SHARPE,
        passed,
        sentence,
        sharpe=yearly,
        probabilistic=alone,
        deflated=deflated,
        trials=trials,
        best_of_luck=luck.best_of_luck(trials, variance) * math.sqrt(luck.YEAR),
        days=shape.count,
        days_needed=luck.track_record(shape),
        skew=shape.skew,
        kurtosis=shape.kurtosis,
    )


# --- other orders, other starts ---------------------------------------------------------------------------


def other_orders(patient: Patient, limit: float, runs: int, dice: luck.Dice) -> tuple[Verdict, Spread | None]:
    """What the same trades would have made, drawn anew and in another order."""
    factors = patient.result.factors
    if not len(factors):
        return _nothing("other_orders", Check.MONTECARLO), None
    thrown = [luck.reshuffled(factors, count, dice) for count in _batches(runs, len(factors))]
    ends, falls = (np.concatenate(part) for part in zip(*thrown, strict=True))
    loss, breach = float((ends < 1).mean()), float((falls > limit).mean())
    low, middle, _ = luck.percentiles(ends)
    sentence = (
        f"With its trades drawn anew {runs:,} times it lost money in {loss:.0%}, and in {breach:.0%} of orderings it "
        f"fell by more than the limit of {limit:.0%}; the middle end is {gain(middle - 1)}, the worst twentieth "
        f"below {gain(low - 1)}."
    )
    numbers = _numbers(ends, falls, loss, breach) | {"runs": runs, "trades": len(factors), "limit": limit}
    passed = loss <= SURE and breach <= SURE
    verdict = _verdict("other_orders", Check.MONTECARLO, passed, sentence, **numbers)
    return verdict, Spread(outcomes=tuple((ends - 1).tolist()), ours=float(patient.result.equity[-1]) - 1)


def other_starts(patient: Patient, limit: float, dice: luck.Dice, progress: Progress) -> Verdict:
    """Half of the time, begun at any candle of the first half."""
    half = len(patient.wanted) // 2
    if not len(patient.result.factors) or half < 2:
        return _nothing("other_starts", Check.MONTECARLO)
    begins = np.unique(dice.integers(0, len(patient.wanted) - half + 1, STARTS))
    ends, falls = np.empty(len(begins)), np.empty(len(begins))
    for number, begin in enumerate(begins.tolist()):
        part = slice(begin, begin + half)
        curve = evaluate_quickly(patient.wanted[part], patient.columns[part], patient.costs).equity
        ends[number] = curve[-1]
        falls[number] = luck.deepest(np.concatenate(([1.0], curve)))
        progress(number / len(begins))
    loss, breach = float((ends < 1).mean()), float((falls > limit).mean())
    days = half * patient.timeframe.seconds // 86400
    sentence = (
        f"Begun on {len(begins)} other dates, for {days:,} days each, it lost money in {loss:.0%} and fell by more "
        f"than the limit of {limit:.0%} in {breach:.0%}."
    )
    numbers = _numbers(ends, falls, loss, breach) | {"starts": len(begins), "days": days, "limit": limit}
    passed = loss <= SURE and breach <= SURE
    return _verdict("other_starts", Check.MONTECARLO, passed, sentence, **numbers)


def _numbers(ends: Floats, falls: Floats, loss: float, breach: float) -> dict[str, Number]:
    found: dict[str, Number] = {"loss_probability": loss, "breach_probability": breach}
    at = (5, 25, 50, 75, 95)
    found |= {f"end_{n}": value - 1 for n, value in zip(at, luck.percentiles(ends, at), strict=True)}
    return found | {f"fall_{n}": value for n, value in zip(at, luck.percentiles(falls, at), strict=True)}
