"""Does a strategy look into the future, and is its warm-up long enough? Asked by cutting candles off at both ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading.domain.errors import Broken, Refused
from trading.domain.honesty import Check, Number, Verdict
from trading.strategies import Strategy, evaluate_together

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Progress = Callable[[float], None]

MOST_BARS = 6_000  # candles looked at: the newest
CUTS = 60  # places spread evenly, and as many again where the exposure changes
LEAST = 50  # candles beyond the warm-up without which a check says nothing
_NEARBY = 400  # earlier places tried for the very first candle that gives a cheater away
_SAME = 1.5e-6  # exposures are rounded to 1e-6


@dataclass(frozen=True, slots=True)
class _Asked:
    """One strategy with its parameters, over these candles; `others` are the markets it compares them with."""

    strategy: Strategy
    params: Any
    symbol: str
    frame: pd.DataFrame
    ready: int  # the first candle that must have an answer
    others: Mapping[str, pd.DataFrame]

    def shown(self, first: int, end: int) -> dict[str, pd.DataFrame]:
        """The candles first ... end - 1, and as many of the other markets up to that moment, if there are any."""
        now, count = self.frame.index[end - 1], end - first
        ends = {name: int(frame.index.searchsorted(now, side="right")) for name, frame in self.others.items()}
        cut = {name: self.others[name].iloc[max(last - count, 0) : last] for name, last in ends.items()}
        return {self.symbol: self.frame.iloc[first:end]} | {n: f for n, f in cut.items() if len(f)}

    def over(self, first: int, end: int) -> Floats:
        """Exposures over the candles first ... end - 1, and what the warm-up hides is 0."""
        return self.answer(self.shown(first, end))

    def answer(self, shown: Mapping[str, pd.DataFrame]) -> Floats:
        return evaluate_together(self.strategy, self.params, shown)[self.symbol]

    def raw(self, first: int, end: int) -> Floats:
        """As the function answers, warm-up not hidden; NaN where it fails, as on too few candles it may."""
        shown = {name: frame.copy() for name, frame in self.shown(first, end).items()}
        try:
            if self.strategy.together is not None:
                wanted = self.strategy.together(shown, self.params)[self.symbol]
            else:
                wanted = self.strategy.exposure(shown[self.symbol], self.params)
            values = np.array(wanted, dtype=np.float64)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return np.full(end - first, np.nan)
        return values if values.shape == (end - first,) else np.full(end - first, np.nan)

    def at(self, row: int) -> str:
        """A candle's open time as it is written in sentences."""
        return f"{self.frame.index[row]:%Y-%m-%d %H:%M} UTC"


def bias_check(
    strategy: Strategy,
    params: Any,
    frame: pd.DataFrame,
    seconds: int,
    symbol: str,
    progress: Progress,
    cuts: int = CUTS,
    others: Mapping[str, pd.DataFrame] | None = None,
) -> tuple[Verdict, ...]:
    """Three verdicts: sound answers, no look-ahead, enough warm-up. Raises Refused when there are too few candles.

    `others` are shown beside this market to a strategy that compares markets; to every other one they are nothing.
    """
    warmup = strategy.warmup(params, seconds)
    if len(frame) < warmup + LEAST:
        raise Refused(
            f"{strategy.name} warms up for {warmup:,} candles, and the check needs {LEAST} more; "
            f"{symbol} has {len(frame):,}."
        )
    newest = max(min(len(frame), MOST_BARS), min(len(frame), 3 * warmup))
    beside = dict(others or {}) if strategy.many else {}
    asked = _Asked(strategy, params, symbol, frame.iloc[len(frame) - newest :], warmup - 1, beside)
    try:
        verdicts = _checked(asked, warmup, cuts, progress)
    except Broken as error:  # what it answers is no exposure, or it fails on some of the candles
        verdicts = (_verdict("answers", False, error.tell),)
    progress(1.0)
    return verdicts


def _checked(asked: _Asked, warmup: int, cuts: int, progress: Progress) -> tuple[Verdict, ...]:
    sound = _sound(asked)
    if not sound.passed:
        return (sound,)
    whole = asked.over(0, len(asked.frame))
    places = _places(whole, asked.ready, cuts)
    ahead = _look_ahead(asked, whole, places, lambda done: progress(0.6 * done))
    warm = _warm_up(asked, whole, places, warmup, lambda done: progress(0.6 + 0.4 * done))
    return (ahead, warm, sound)


def _verdict(name: str, passed: bool, sentence: str, **numbers: Number) -> Verdict:
    return Verdict(name=name, check=Check.BIAS, passed=passed, sentence=sentence, numbers=numbers)


# --- sound answers ----------------------------------------------------------------------------------------


def _sound(asked: _Asked) -> Verdict:
    """One number within -1 ... 1 for every candle, the same when asked again; and the candles are left as they are."""
    shown = asked.shown(0, len(asked.frame))
    mine = shown[asked.symbol] = asked.frame.copy()
    first = asked.answer(shown)
    if not mine.equals(asked.frame):
        sentence = "It changes the candles it is shown; a strategy may only read them."
        return _verdict("answers", False, sentence)
    again = asked.over(0, len(asked.frame))
    differs = np.flatnonzero(np.abs(first - again) > _SAME)
    if len(differs):
        row = int(differs[0])
        sentence = f"Asked twice it answers differently: at {asked.at(row)} first {first[row]:g}, then {again[row]:g}."
        return _verdict("answers", False, sentence, candle=asked.at(row))
    wishes = int((np.diff(first) != 0).sum())
    sentence = "Its answers are numbers within -1 ... 1, the same each time, and it leaves the candles alone."
    return _verdict("answers", True, sentence, changes=wishes)


# --- the future -------------------------------------------------------------------------------------------


def _places(whole: Floats, ready: int, cuts: int) -> Ints:
    """Candles worth a cut: spread evenly, and right where and before the exposure changes; sorted, once each."""
    last = len(whole) - 1
    even = np.linspace(ready, last, min(cuts, last - ready + 1)).astype(np.int64)
    changes = np.flatnonzero(np.diff(whole[ready:])) + ready + 1
    some = changes[np.linspace(0, len(changes) - 1, min(cuts // 2, len(changes))).astype(np.int64)]
    return np.unique(np.clip(np.concatenate((even, some, some - 1)), ready, last))


def _first_difference(asked: _Asked, whole: Floats, cut: int) -> tuple[int, int, float] | None:
    """The first candle whose exposure is another one while `cut` is the newest candle: it, the cut, the exposure."""
    known = asked.over(0, cut + 1)
    differs = np.flatnonzero(np.abs(known[asked.ready :] - whole[asked.ready : cut + 1]) > _SAME)
    if not len(differs):
        return None
    row = int(differs[0]) + asked.ready
    return row, cut, float(known[row])


def _look_ahead(asked: _Asked, whole: Floats, places: Ints, progress: Progress) -> Verdict:
    """Exposures with only the candles up to a moment known must be those of the whole history."""
    found: tuple[int, int, float] | None = None
    for number, place in enumerate(places.tolist()):
        found = _first_difference(asked, whole, place)
        if found:
            break
        progress(number / len(places))
    if found is None:
        sentence = f"It does not look ahead: cut off at {len(places)} candles it never said anything else."
        return _verdict("look_ahead", True, sentence, cuts=len(places), bars=len(whole))
    row, cut, known = _earlier(asked, whole, found)
    sentence = (
        f"It looks into the future: its exposure at {asked.at(row)} is {known:g} with the candles up to "
        f"{asked.at(cut)}, and {whole[row]:g} with those that came later."
    )
    later = float(whole[row])
    return _verdict("look_ahead", False, sentence, candle=asked.at(row), known=known, later=later)


def _earlier(asked: _Asked, whole: Floats, found: tuple[int, int, float]) -> tuple[int, int, float]:
    """The very first candle that gives it away, as far as a bounded search finds it."""
    for cut in range(asked.ready, min(asked.ready + _NEARBY, found[1])):
        if earlier := _first_difference(asked, whole, cut):
            return earlier
    return found


# --- the past ---------------------------------------------------------------------------------------------


def _warm_up(asked: _Asked, whole: Floats, places: Ints, warmup: int, progress: Progress) -> Verdict:
    """The newest exposure over `warmup` candles must be the one over the whole history."""
    ends = places[places >= warmup]  # at least one candle more lies before the window
    ends = ends if len(ends) else places[-1:]
    wrong = _first_wrong(asked, whole, ends, warmup)
    if wrong is None:
        progress(0.5)
        enough = _fewest(asked, whole, ends, warmup)
        sentence = f"Its warm-up of {warmup:,} candles is enough; here {enough:,} would do."
        return _verdict("warm_up", True, sentence, warmup=warmup, needs=enough, windows=len(ends))
    row, short = wrong
    progress(0.3)
    needs = _longer(asked, whole, ends, warmup)
    note = "nothing" if np.isnan(short) else f"{short:g}"
    if needs:
        sentence = (
            f"Its warm-up of {warmup:,} candles is too short: at {asked.at(row)} it says {note} from those and "
            f"{whole[row]:g} from the whole history; it takes about {needs:,}."
        )
    else:
        sentence = (
            f"Its warm-up of {warmup:,} candles is too short: at {asked.at(row)} it says {note} from those and "
            f"{whole[row]:g} from the whole history; no longer window here gives the same."
        )
    return _verdict("warm_up", False, sentence, warmup=warmup, needs=needs, candle=asked.at(row))


def _first_wrong(asked: _Asked, whole: Floats, ends: Ints, length: int) -> tuple[int, float] | None:
    for row in ends.tolist():
        if row + 1 < length:
            continue
        value = float(np.clip(asked.raw(row + 1 - length, row + 1)[-1], -1.0, 1.0))
        if not abs(value - whole[row]) <= _SAME:  # NaN is wrong, too
            return row, value
    return None


def _longer(asked: _Asked, whole: Floats, ends: Ints, warmup: int) -> int | None:
    """How many candles it takes, to about a quarter; None when even the longest window tried is wrong."""
    length = warmup
    while (length := length + max(length // 4, 1)) <= 0.9 * len(whole):  # what needs nearly all needs more
        reached = ends[ends + 1 > length]
        if not len(reached):
            return None
        if _first_wrong(asked, whole, reached, length) is None:
            return length
    return None


def _fewest(asked: _Asked, whole: Floats, ends: Ints, warmup: int) -> int:
    """The shortest window that still gives the same at these places; halving, so about a dozen tries."""
    low, high = 0, warmup
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _first_wrong(asked, whole, ends, middle) is None else (middle, high)
    return high
