"""All honesty checks of one strategy: bias first, then luck; each a verdict in words with its numbers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import pvariance
from time import perf_counter

import numpy as np
import numpy.typing as npt

from trading.analysis import luck
from trading.domain.honesty import Check, Honesty, Landscape, Spread, Trial, Verdict
from trading.lab import chance
from trading.lab.biascheck import bias_check
from trading.lab.job import Job
from trading.lab.patient import Patient, built_up
from trading.lab.sensitivity import Grid, grid_around, landscape_of, sensitivity_verdict
from trading.lab.walkforward import Window, edges, forward_verdict, stitched, walk_forward, windows
from trading.market.candle_checks import shown

Floats = npt.NDArray[np.float64]
Progress = Callable[[float], None]

_NEED_VARIANTS = frozenset({Check.SHARPE, Check.WALKFORWARD, Check.SENSITIVITY})
_WEIGHTS = {  # of the progress bar
    Check.BIAS: 4,
    Check.LUCK: 3,
    Check.SHARPE: 3,  # the variants of the map are computed with whoever needs them first
    Check.MONTECARLO: 2,
    Check.WALKFORWARD: 1,
    Check.SENSITIVITY: 1,
}


@dataclass(frozen=True, slots=True)
class Variants:
    """The grid around the chosen parameters, each variant's yearly Sharpe ratio, and its equity at the edges."""

    grid: Grid | None
    sharpes: tuple[float | None, ...]
    plan: tuple[Window, ...]
    growth: tuple[Floats, ...]


def examine(job: Job, trial: Trial, progress: Progress) -> Honesty:
    """Every check the trial asks for. The same seed gives the same verdicts. Raises Refused like a backtest."""
    job.check()
    started = perf_counter()
    verdicts: list[Verdict] = []
    bar = _Bar(progress, trial.checks)
    if Check.BIAS in trial.checks:
        verdicts += _bias(job, bar.part(Check.BIAS))
    first = job.recorded[0]
    spread, landscape = None, None
    if set(trial.checks) - {Check.BIAS} and not any(v.name == "answers" and not v.passed for v in verdicts):
        found, spread, landscape = _luck_everywhere(job, trial, bar)
        verdicts += found
    progress(1.0)
    frame = first.frame
    return Honesty(
        strategy=job.strategy.name,
        params=job.strategy.values(job.params),
        symbol=first.symbol if job.strategy.many else ", ".join(job.symbols),
        timeframe=str(job.timeframe),
        bars=len(frame) * job.base.seconds // job.timeframe.seconds,
        start=frame.index[0].to_pydatetime(),
        end=frame.index[-1].to_pydatetime() + job.base.length,
        verdicts=tuple(verdicts),
        seconds=perf_counter() - started,
        notes=tuple(_notes(job, trial)),
        spread=spread,
        landscape=landscape,
    )


def _notes(job: Job, trial: Trial) -> list[str]:
    if not set(trial.checks) - {Check.BIAS}:
        return []
    notes = ["Fees and slippage are in; stops and limits of the account are not."]
    if Check.LUCK in trial.checks:
        warmup = job.strategy.warmup(job.params, job.timeframe.seconds)
        since = shown(int(built_up(job.recorded[0], job.timeframe).opened[warmup - 1]))
        note = (
            f"Its gain and that of holding count from {since}, when it gave its first answer; a backtest counts "
            "both from its start."
        )
        notes.append(note)
    if len(job.symbols) > 1 and job.strategy.many:
        note = f"It compares markets; its luck is judged on {job.symbols[0]} alone."
        notes.append(note)
    elif len(job.symbols) > 1:
        count = len(job.symbols)
        note = (
            f"Luck is judged on each of {count} markets; a check is passed when it is passed on all of them."
        )
        notes.append(note)
    return notes


def _bias(job: Job, progress: Progress) -> list[Verdict]:
    """The three verdicts about bias; over several markets, the first failure of each."""
    worst: dict[str, Verdict] = {}
    frames = {recorded.symbol: built_up(recorded, job.timeframe).frame() for recorded in job.recorded}
    for number, (symbol, frame) in enumerate(frames.items()):
        done = number / len(job.recorded)
        found = bias_check(
            job.strategy,
            job.params,
            frame,
            job.timeframe.seconds,
            symbol,
            lambda share, done=done: progress(done + share / len(frames)),  # type: ignore[misc]
            others={name: other for name, other in frames.items() if name != symbol},
        )
        for verdict in found:
            if verdict.name not in worst or worst[verdict.name].passed:
                worst[verdict.name] = verdict
    return list(worst.values())


def _luck_everywhere(
    job: Job, trial: Trial, bar: "_Bar"
) -> tuple[list[Verdict], Spread | None, Landscape | None]:
    """Every check on every market: of each the first failure, named, or where there is none the first verdict.

    The pictures are of the market with the most failures.
    """
    markets = job.recorded[:1] if job.strategy.many else job.recorded
    worst: dict[str, Verdict] = {}
    most = -1
    spread: Spread | None = None
    landscape: Landscape | None = None
    for number, market in enumerate(markets):
        verdicts, chances, around = _luck(Patient.of(job, market), trial, bar.of_market(number, len(markets)))
        failures = sum(not verdict.passed for verdict in verdicts)
        if failures > most:
            most, spread, landscape = failures, chances, around
        for verdict in verdicts:
            named = _named(verdict, market.symbol) if len(markets) > 1 else verdict
            if verdict.name not in worst or (worst[verdict.name].passed and not verdict.passed):
                worst[verdict.name] = named
    return list(worst.values()), spread, landscape


def _named(verdict: Verdict, symbol: str) -> Verdict:
    sentence = f"{symbol}: {verdict.sentence}"
    return replace(verdict, sentence=sentence)


def _luck(
    patient: Patient, trial: Trial, bar: "_Bar"
) -> tuple[list[Verdict], Spread | None, Landscape | None]:
    dice = [
        np.random.default_rng([trial.seed, n]) for n in range(4)
    ]  # a check never changes another one's dice
    verdicts: list[Verdict] = []
    spread, landscape = None, None
    if Check.LUCK in trial.checks:
        verdict, spread = chance.random_entries(patient, trial.runs, dice[0], bar.part(Check.LUCK))
        verdicts += [verdict, chance.against_holding(patient, trial.runs, dice[1])]
    if _NEED_VARIANTS & set(trial.checks):
        part = next(c for c in (Check.SHARPE, Check.WALKFORWARD, Check.SENSITIVITY) if c in trial.checks)
        variants = _variants(patient, trial, bar.part(part))
        if Check.SHARPE in trial.checks:
            verdicts.append(_sharpe(patient, trial, variants))
    if Check.MONTECARLO in trial.checks:
        verdict, ends = chance.other_orders(patient, trial.drawdown_limit, trial.runs, dice[2])
        spread = spread or ends
        part_done = bar.part(Check.MONTECARLO)
        verdicts += [verdict, chance.other_starts(patient, trial.drawdown_limit, dice[3], part_done)]
    if Check.WALKFORWARD in trial.checks:
        verdicts.append(_forward(patient, variants))
    if Check.SENSITIVITY in trial.checks:
        verdict, landscape = _sensitivity(variants)
        verdicts.append(verdict)
    return verdicts, spread, landscape


# --- variants ---------------------------------------------------------------------------------------------


def _variants(patient: Patient, trial: Trial, progress: Progress) -> Variants:
    """Every variant once, for the map, the walk forward and the number of trials alike."""
    grid = grid_around(patient.strategy, patient.params)
    plan = windows(0, len(patient.columns), trial.windows, anchored=trial.anchored)
    rows = edges(plan)
    values = grid.values if grid else (patient.strategy.values(patient.params),)
    sharpes: list[float | None] = []
    growth: list[Floats] = []
    for number, chosen in enumerate(values):
        equity = patient.earned(patient.exposures(chosen)).equity
        sharpes.append(luck.sharpe_of(patient.daily(equity)))
        growth.append(equity[rows])
        progress(number / len(values))
    return Variants(grid, tuple(sharpes), tuple(plan), tuple(growth))


def _sharpe(patient: Patient, trial: Trial, variants: Variants) -> Verdict:
    daily = [found / np.sqrt(luck.YEAR) for found in variants.sharpes if found is not None]
    variance = float(pvariance(daily)) if len(daily) > 1 else 0.0
    return chance.doubted_sharpe(patient, trial.trials or len(variants.sharpes), variance)


def _forward(patient: Patient, variants: Variants) -> Verdict:
    if variants.grid is None:
        sentence = "It has no parameters to choose, so none were chosen in hindsight."
        return _without(Check.WALKFORWARD, sentence)
    if not variants.plan:
        sentence = "There are too few candles to walk forward through them."
        return _without(Check.WALKFORWARD, sentence, passed=False)
    plan, values = variants.plan, variants.grid.values
    found = walk_forward(variants.growth, plan, patient.rows_a_year)
    wanted = {n: patient.exposures(values[n]) for n in set(found.chosen)}
    joined = stitched([wanted.get(n, np.empty(0)) for n in range(len(values))], plan, found.chosen)
    whole = np.zeros(len(patient.wanted))
    whole[plan[0].test : plan[-1].end] = joined
    return forward_verdict(found, float(patient.earned(whole).equity[-1]) - 1)


def _sensitivity(variants: Variants) -> tuple[Verdict, Landscape | None]:
    if variants.grid is None:
        sentence = "It has no parameters that are numbers, so there is no map around them."
        return _without(Check.SENSITIVITY, sentence), None
    landscape = landscape_of(variants.grid, variants.sharpes)
    return sensitivity_verdict(landscape), landscape


def _without(check: Check, sentence: str, *, passed: bool = True) -> Verdict:
    name = "walk_forward" if check is Check.WALKFORWARD else check.value
    return Verdict(name=name, check=check, passed=passed, sentence=sentence, numbers={})


class _Bar:
    """One progress from several parts, each with its weight; of the whole bar, or of a stretch of it."""

    def __init__(
        self, progress: Progress, checks: tuple[Check, ...], start: float = 0.0, width: float = 1.0
    ) -> None:
        self._progress, self._start, self._width = progress, start, width
        total = sum(_WEIGHTS[check] for check in checks)
        self._share = {check: _WEIGHTS[check] / total for check in checks}

    def part(self, check: Check) -> Progress:
        """A progress of 0 ... 1 for this check alone."""
        order = list(self._share)
        before = sum(self._share[c] for c in order[: order.index(check)])
        return lambda done: self._progress(self._start + self._width * (before + self._share[check] * done))

    def of_market(self, number: int, count: int) -> "_Bar":
        """What is left after the checks for bias, an equal stretch for each market."""
        luck = tuple(check for check in self._share if check is not Check.BIAS)
        bias = self._share.get(Check.BIAS, 0.0)
        return _Bar(self._progress, luck, bias + (1 - bias) * number / count, (1 - bias) / count)
