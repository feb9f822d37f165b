"""A strategy on the table: one market's candles after the warm-up, its exposures there, and what they earned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading.core.frames import Columns, Series
from trading.domain.market import Timeframe
from trading.lab.job import Job
from trading.lab.quick import Costs, Quick, evaluate_quickly
from trading.market.archive import Recorded
from trading.strategies import Strategy, evaluate

Floats = npt.NDArray[np.float64]

_DAY = 86400
_YEAR = 365 * _DAY


@dataclass(frozen=True, slots=True)
class Patient:
    """One strategy with its parameters on one market. Rows count from the first candle with an answer."""

    strategy: Strategy
    params: Any
    symbol: str
    timeframe: Timeframe
    frame: pd.DataFrame  # with the warm-up
    columns: Columns  # without
    costs: Costs
    wanted: Floats
    result: Quick

    @classmethod
    def of(cls, job: Job, recorded: Recorded) -> "Patient":
        """From a checked job, for one of its markets."""
        whole = built_up(recorded, job.timeframe)
        frame = whole.frame()
        ready = job.strategy.warmup(job.params, job.timeframe.seconds) - 1
        wanted, columns = evaluate(job.strategy, job.params, frame)[ready:], whole[ready:]
        costs = Costs(float(job.fee), float(job.slippage))
        result = evaluate_quickly(wanted, columns, costs)
        return cls(
            job.strategy,
            job.params,
            recorded.symbol,
            job.timeframe,
            frame,
            columns,
            costs,
            wanted,
            result,
        )

    @property
    def rows_a_year(self) -> float:
        return _YEAR / self.timeframe.seconds

    def exposures(self, values: Mapping[str, Any]) -> Floats:
        """What the strategy wants with other parameters; 0 while those warm up longer."""
        params = self.strategy.params(values)
        return evaluate(self.strategy, params, self.frame)[len(self.frame) - len(self.columns) :]

    def earned(self, wanted: Floats) -> Quick:
        return evaluate_quickly(wanted, self.columns, self.costs)

    def daily(self, equity: Floats) -> Floats:
        """Changes from one UTC day to the next; a candle that closes at midnight ends its day."""
        days = (self.columns.opened + self.timeframe.seconds - 1) // _DAY
        newest = equity[np.flatnonzero(np.diff(days, append=days[-1] + 1))]
        return np.asarray(newest / np.concatenate(([1.0], newest[:-1])) - 1.0)


def built_up(recorded: Recorded, timeframe: Timeframe) -> Columns:
    """Recorded candles as complete ones of this timeframe."""
    series = Series(recorded.timeframe, timeframe)
    series.extend(Columns.of_frame(recorded.frame))
    return series.columns
