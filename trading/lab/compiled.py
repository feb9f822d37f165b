"""The compiled gear: the desk's rules over plain arrays, for searches that try thousands of parameters.

It trades what the desk trades: the same candles, the same sides, amounts and prices equal to within one step of
1e-8 or one part in 1e9, whichever is more (the desk counts in decimals, this counts in floats). tests/parity
holds it to that on random candles, gaps, exposures and limits. What it cannot express, `cannot` names, and the
desk does it.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from trading.core.frames import Columns, Floats, Ints, Series
from trading.core.weighing import ATR_BARS, SWING
from trading.domain.market import Timeframe
from trading.domain.protection import NOTHING as NOTHING_SAID
from trading.domain.protection import Protection
from trading.domain.research import USUAL_TERMS
from trading.lab import kernel
from trading.lab.job import NO_LIMITS, Job
from trading.market.archive import Recorded
from trading.risk.rules import Limits
from trading.strategies import Strategy, evaluate
from trading.strategies.shapes import NOTHING

if TYPE_CHECKING:
    import pandas as pd

Row = TypeVar("Row", Floats, Ints)
Kinds = np.ndarray[tuple[int], np.dtype[np.int8]]

SMALLEST = 1e-6  # below this price a step of 1e-8 is too coarse for floats and decimals to agree on


class Kernel(NamedTuple):
    """The loops of kernel.py, compiled or as they stand."""

    compiled: bool
    average: Callable[..., int]
    crossing: Callable[..., int]
    trade: Callable[..., tuple[int, float, float, int]]


PLAIN = Kernel(False, kernel.average, kernel.crossing, kernel.trade)
_cache: list[Path] = []


def keep_compiled_in(folder: Path) -> None:
    """Where machine code is kept between runs if it cannot lie beside the code itself; say so before the first run.

    NUMBA_CACHE_DIR says otherwise.
    """
    _cache[:] = [folder]


@cache
def fastest() -> Kernel:
    """Compiled where numba is installed, otherwise plain: the same bits, slower."""
    if find_spec("numba") is None:
        return PLAIN
    numba: Any = import_module("numba")
    if (
        _cache
        and not os.environ.get("NUMBA_CACHE_DIR")
        and not os.access(Path(kernel.__file__).parent, os.W_OK)
    ):
        numba.config.CACHE_DIR = str(_cache[0])
    for helper in (kernel.to_step, kernel.whole, kernel.missing):
        import_module("numba.extending").register_jitable(helper)

    def jit(function: Callable[..., Any]) -> Any:
        try:
            return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
        except RuntimeError:  # nowhere to keep machine code: it is made anew in every process
            return numba.njit(nogil=True, error_model="numpy")(function)

    return Kernel(True, jit(kernel.average), jit(kernel.crossing), jit(kernel.trade))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Money and limits, as numbers."""

    cash: float
    fee: float
    slippage: float
    limits: Limits = NO_LIMITS
    protection: Protection = NOTHING_SAID

    @classmethod
    def of(cls, job: Job) -> "Rules":
        return cls(
            cash=float(job.cash),
            fee=float(job.fee),
            slippage=float(job.slippage),
            limits=job.limits,
            protection=job.parts[0].protection,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """One symbol's candles as arrays. `frame` is what strategies read: of their timeframe, known at `known`."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    opened: Ints  # seconds
    closed: Ints
    days: Ints
    timeframe: Timeframe
    columns: Columns
    known: Ints
    frames: list["pd.DataFrame"] = field(default_factory=list)  # what strategies read, made when it is needed
    averages: dict[int, Any] = field(default_factory=dict)  # by span: each is worked out once
    ranges: list[Floats] = field(default_factory=list)  # the ATR, worked out when it is needed

    @classmethod
    def of(cls, recorded: Recorded, timeframe: Timeframe, gear: Kernel | None = None) -> "Market":
        """For this gear; plain loops read the columns as they are, compiled ones want arrays of one kind."""
        kind = _shown if gear is PLAIN else _writable
        columns = Columns.of_frame(recorded.frame)
        series = Series(recorded.timeframe, timeframe)
        series.extend(columns)
        same = recorded.timeframe == timeframe
        closed = series.known if same else columns.opened + recorded.timeframe.seconds
        return cls(
            open=kind(columns.open),
            high=kind(columns.high),
            low=kind(columns.low),
            close=kind(columns.close),
            opened=kind(columns.opened),
            closed=closed,
            days=(closed - 1) // 86400,
            timeframe=timeframe,
            columns=series.columns,
            known=series.known,
            frames=[recorded.frame] if same else [],
        )

    def frame(self) -> "pd.DataFrame":
        """What strategies read. Nothing is copied before one writes into it, and then only for itself."""
        if not self.frames:
            self.frames.append(self.columns.frame())
        return self.frames[0].copy(deep=False)

    def __getitem__(self, rows: slice) -> "Market":
        """These base candles only; strategies still read all candles before them."""
        return Market(
            open=self.open[rows],
            high=self.high[rows],
            low=self.low[rows],
            close=self.close[rows],
            opened=self.opened[rows],
            closed=self.closed[rows],
            days=self.days[rows],
            timeframe=self.timeframe,
            columns=self.columns,
            known=self.known,
            frames=self.frames,
            averages=self.averages,
            ranges=self.ranges,
        )

    def swings(self, gear: Kernel) -> tuple[Floats, Floats]:
        """The newest ATR known at each base candle's open and at its close, NaN where there is none."""
        if not self.ranges:
            values = _average_range(self.columns, gear)
            values[: SWING.warmup(None, self.timeframe.seconds) - 1] = np.nan
            self.ranges.append(values)
        (values,) = self.ranges
        if len(values) == len(self.closed) and self.known[0] == self.closed[0]:
            return np.concatenate(([np.nan], values[:-1])), values
        return _newest(self.known, values, self.opened), _newest(self.known, values, self.closed)

    def spread(self, exposures: Floats, warm: int) -> Floats:
        """The exposure that became known at each base candle's close, NaN where none did."""
        if len(self.known) == len(self.closed) and self.known[0] == self.closed[0]:
            exposures[: max(warm - 1, 0)] = np.nan
            return exposures
        wanted = np.full(len(self.closed), np.nan)
        known, values = self.known[max(warm - 1, 0) :], exposures[max(warm - 1, 0) :]
        place = np.searchsorted(self.closed, known)
        inside = place < len(self.closed)
        inside[inside] = self.closed[place[inside]] == known[inside]
        wanted[place[inside]] = values[inside]
        return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of it: one row for each fill, oldest first."""

    bars: Ints  # at the open of which base candle ...
    why: Kinds  # ... or inside it, at a protective level: kernel's numbers
    amounts: Floats  # bought above zero, sold below
    prices: Floats
    cash: Floats  # after the fill
    met: Floats  # the price before slippage
    killed: int  # the candle on whose close the drawdown limit stopped everything; -1: never
    initial: float
    final: float

    @property
    def held(self) -> Floats:
        """After each fill."""
        held = np.cumsum(np.rint(self.amounts * kernel.STEPS))
        return np.asarray(held * kernel.STEP)

    def equity(self, market: Market) -> Floats:
        """At each base candle's close, after what filled at that very moment."""
        follows = np.concatenate(([False], market.closed[1:] - market.closed[:-1] == _step(market)))
        early = follows[self.bars] & (
            self.why < kernel.STOP
        )  # at the open that follows: the close before it is moved already
        newest = np.searchsorted(self.bars - early, np.arange(len(market.close)), "right")
        cash = np.concatenate(([self.initial], self.cash))[newest]
        held = np.concatenate(([0.0], self.held))[newest]
        return np.asarray(cash + held * market.close)


def cannot(job: Job) -> str | None:
    """Why this job is one for the desk itself; None when this gear can do it."""
    note = None
    if job.sleeves:
        note = "Several strategies share one account, so the desk itself tried them."
    elif job.strategy.many:
        note = f"{job.strategy.name} compares markets, so the desk itself tried it."
    elif len(job.recorded) > 1:
        note = "Several markets share one account, so the desk itself tried them."
    elif (
        replace(job.terms, risk=False, limits=None, held_as="", by_hand=(), protect={}, bare=False)
        != USUAL_TERMS
    ):
        note = "These terms of filling are the desk's alone, so the desk itself tried them."
    elif not job.limits.plain:
        note = "These limits are the desk's alone, so the desk itself tried them."
    elif float(job.recorded[0].frame["low"].min()) < SMALLEST:
        note = f"Prices below {SMALLEST:f} need decimals, so the desk itself tried them."
    return note


def wanted(market: Market, strategy: Strategy, params: Any, gear: Kernel | None = None) -> Floats:
    """What the strategy wants at every base candle's close, NaN where it says nothing."""
    gear = gear or fastest()
    warm = strategy.warmup(params, market.timeframe.seconds)
    own = _OWN.get(strategy.name)
    if own is not None and gear.compiled:
        return market.spread(own(market, params, warm, gear), warm)
    return market.spread(evaluate(strategy, params, market.frame()), warm)


def trade(market: Market, wishes: Floats, rules: Rules, gear: Kernel | None = None) -> Run | None:
    """Trade these wishes; None when an amount is too large to be counted exactly (the desk can)."""
    gear, limits, p = gear or fastest(), rules.limits, rules.protection
    size = len(market.close) * (2 + len(p.tiers) if p.on else 1)
    at, why = np.empty(size, np.int64), np.empty(size, np.int8)
    moved, paid, purse, met = (np.empty(size) for _ in range(4))
    swings = market.swings(gear) if p.needs_swing else (np.empty(0),) * 2
    if p.on and not p.needs_swing:
        swings = (np.zeros(len(market.close)),) * 2
    rows = (
        wishes,
        market.open,
        market.high,
        market.low,
        market.close,
        market.days,
        market.opened,
        market.closed,
    )
    arrays: tuple[Any, ...] = (*rows, *swings)
    if not gear.compiled:
        needed = (
            (0, 1, 4, 5) if not p.on else range(len(arrays))
        )  # without levels the others are never looked at
        arrays = tuple(row.tolist() if number in needed else [] for number, row in enumerate(arrays))
    numbers = (rules.cash, rules.fee, rules.slippage, limits.order_share, limits.daily_loss, limits.drawdown)
    said = (p.on, *_levels(p, market.timeframe.seconds))
    count, cash, held, killed = gear.trade(*arrays, *numbers, *said, at, why, moved, paid, purse, met)
    if count == kernel.TOO_MANY:
        return None
    last = kernel.to_step(float(market.close[-1]))
    return Run(
        bars=at[:count].copy(),
        why=why[:count].copy(),
        amounts=moved[:count] * kernel.STEP,
        prices=paid[:count].copy(),
        cash=purse[:count].copy(),
        met=met[:count].copy(),
        killed=killed,
        initial=rules.cash,
        final=cash + held * kernel.STEP * last,
    )


@lru_cache(maxsize=16)
def _levels(p: Protection, bar: int) -> tuple[Floats, Floats, Floats]:
    """A protection as the loops want it, bars as seconds; then its tiers: at which gain, and which share."""
    bars = ("min_hold", "time_stop", "cool_down")
    numbers = [getattr(p, name) * (bar if name in bars else 1) for name in kernel.LEVELS]
    gains, shares = (np.array([pair[n] for pair in p.tiers], np.float64) for n in (0, 1))
    return np.array([*numbers, p.reenter, p.both_touched == "take"], np.float64), gains, shares


def run(job: Job, gear: Kernel | None = None) -> Run | None:
    """The whole job; None when it is one for the desk."""
    if cannot(job):
        return None
    market = Market.of(job.recorded[0], job.timeframe)
    return trade(market, wanted(market, job.strategy, job.params, gear), Rules.of(job), gear)


def run_many(
    market: Market, strategy: Strategy, many: Sequence[Any], rules: Rules, gear: Kernel | None = None
) -> list[Run | None]:
    """One run for each of these parameters; what they have in common is worked out once."""
    return [trade(market, wanted(market, strategy, params, gear), rules, gear) for params in many]


# --- strategies that need no data frame -----------------------------------------------------------------------


def _ema_cross(market: Market, p: Any, warm: int, gear: Kernel) -> Floats:
    closes = market.columns.close
    out = np.empty(len(closes))
    fast, slow = (_average(market, span, gear) for span in (p.fast, p.slow))
    gear.crossing(fast, slow, _writable(closes), max(p.band, NOTHING), p.hold, warm - 1, out)
    return out


def _average(market: Market, span: int, gear: Kernel) -> Floats:
    """indicators.ema of the closes, bit for bit."""
    found: Floats | None = market.averages.get(span)
    if found is not None:
        return found
    closes = _writable(market.columns.close)
    out = np.empty(len(closes))
    out[: span - 1] = np.nan
    if span <= len(closes):
        centre = (1 - 2 / (span + 1)) / (
            2 / (span + 1)
        )  # as pandas turns alpha into a centre of mass and back
        gear.average(closes, span - 1, closes[:span].mean(), 1 / (1 + centre), out)
    market.averages[span] = out
    return out


def _average_range(columns: Columns, gear: Kernel) -> Floats:
    """indicators.atr, bit for bit."""
    before = columns.close[:-1]
    reach = np.maximum(columns.high[1:], before) - np.minimum(columns.low[1:], before)
    out = np.full(len(columns), np.nan)
    if len(reach) >= ATR_BARS:
        centre = (1 - 1 / ATR_BARS) / (1 / ATR_BARS)
        gear.average(_writable(reach), ATR_BARS - 1, reach[:ATR_BARS].mean(), 1 / (1 + centre), out[1:])
    return out


_OWN: dict[str, Callable[[Market, Any, int, Kernel], Floats]] = {"ema_cross": _ema_cross}


def _newest(known: Ints, values: Floats, moments: Ints) -> Floats:
    place = np.searchsorted(known, moments, "right") - 1
    found = values[np.maximum(place, 0)] if len(values) else np.empty(len(moments))
    return np.where(place >= 0, found, np.nan)


def _writable(values: Row) -> Row:
    """Contiguous and writable: a kernel is compiled for one kind of array only."""
    return np.require(values, values.dtype, ["C", "W"])


def _shown(values: Row) -> Row:
    return values


def _step(market: Market) -> int:
    return int(np.diff(market.closed).min()) if len(market.closed) > 1 else 0
