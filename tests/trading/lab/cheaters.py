"""Strategies that cheat or misbehave, each in one way; they are in no catalogue."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from trading.strategies import Strategy, param
from trading.strategies.parameters import specs_of


@dataclass(frozen=True, slots=True)
class Params:
    """One length."""

    length: int = param(20, low=2, high=200, help="bars of the average")


def a_strategy(function: Callable[[pd.DataFrame, Params], pd.Series], warmup: int | None = None) -> Strategy:
    """That function as a strategy; its warm-up is twice its length if nothing else is said."""
    return Strategy(
        name=function.__name__,
        summary="A strategy of the tests.",
        Params=Params,
        parameters=specs_of(Params),
        exposure=function,
        bars=lambda p, _: warmup or 2 * p.length,
    )


def honest(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Above its average of the past."""
    return (candles["close"] > candles["close"].rolling(p.length).mean()).astype(float)


def knows_tomorrow(candles: pd.DataFrame, p: Params) -> pd.Series:
    return (candles["close"].shift(-1) > candles["close"]).astype(float)


def centered(candles: pd.DataFrame, p: Params) -> pd.Series:
    return (candles["close"] > candles["close"].rolling(p.length, center=True).mean()).astype(float)


def normalised(candles: pd.DataFrame, p: Params) -> pd.Series:
    close = candles["close"]
    return ((close - close.min()) / (close.max() - close.min()) < 0.3).astype(float)


def reads_the_end(candles: pd.DataFrame, p: Params) -> pd.Series:
    return (candles["close"] < candles["close"].iloc[-1]).astype(float)


def fills_backwards(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Knows of an entry up to `length` bars before it comes."""
    calm = candles["close"].pct_change().abs() < 0.01
    return calm.astype(float).where(calm).bfill(limit=p.length).fillna(0.0)


CHEATERS = {f.__name__: f for f in (knows_tomorrow, centered, normalised, reads_the_end, fills_backwards)}


def remembers_too_long(candles: pd.DataFrame, p: Params) -> pd.Series:
    """An average over five times its length, declared as twice."""
    return (candles["close"] > candles["close"].rolling(5 * p.length).mean()).astype(float)


def counts_from_the_start(candles: pd.DataFrame, p: Params) -> pd.Series:
    """Sees the past only, but all of it."""
    return (candles["close"] > candles["close"].expanding().mean()).astype(float)


def throws_dice(candles: pd.DataFrame, p: Params) -> pd.Series:
    return pd.Series(np.random.default_rng().integers(0, 2, len(candles)).astype(float), candles.index)


def scribbles(candles: pd.DataFrame, p: Params) -> pd.Series:
    candles.loc[candles.index[0], "close"] = 1.0
    return honest(candles, p)


def says_nan(candles: pd.DataFrame, p: Params) -> pd.Series:
    return candles["close"] * np.nan


def bets_double(candles: pd.DataFrame, p: Params) -> pd.Series:
    return 2.0 * honest(candles, p)


def is_short_of_answers(candles: pd.DataFrame, p: Params) -> pd.Series:
    return honest(candles, p).iloc[1:]


def breaks_down(candles: pd.DataFrame, p: Params) -> pd.Series:
    return candles["bid"]


def compares_with_tomorrow(candles: Mapping[str, pd.DataFrame], p: Params) -> dict[str, pd.Series]:
    """Holds a market while the others will fall: honest about its own candles, not about theirs."""
    later = pd.DataFrame({name: frame["close"].pct_change().shift(-1) for name, frame in candles.items()})
    return {
        name: (later.drop(columns=name).mean(axis=1) < 0).astype(float).reindex(frame.index)
        for name, frame in candles.items()
    }


def among_many(together: Callable[[Mapping[str, pd.DataFrame], Params], dict[str, pd.Series]]) -> Strategy:
    """That function as a strategy that compares markets."""
    return replace(a_strategy(lambda frame, p: together({"": frame}, p)[""]), together=together, name="many")
