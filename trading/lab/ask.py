"""From a question to a checked job: the strategy found, its parameters read, its candles loaded."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from trading.core.frames import Columns
from trading.domain.errors import Refused
from trading.domain.market import Candle, Timeframe
from trading.domain.research import Question
from trading.lab.job import Job
from trading.market.archive import Recorded, read_all
from trading.strategies import find


def load(question: Question, folder: Path | None = None, exchange: str = "") -> tuple[Recorded, ...]:
    """The recorded candles a question names; strategy and parameters are checked first, because that is quick.

    With a `folder`, those of an exchange in it.
    """
    place = folder or question.data
    if place is None:
        raise Refused("Give the recorded candles: --data FILE_OR_FOLDER (Parquet or CSV).")
    find(question.strategy).params(question.params)
    timeframe = Timeframe.parse(question.timeframe) if question.timeframe else None
    return read_all(place, question.symbols, timeframe, question.start, question.end, exchange)


def from_candles(candles: dict[str, list[Candle]], timeframe: Timeframe) -> tuple[Recorded, ...]:
    """Candles that a market gave, in the shape of recorded ones."""
    empty = [symbol for symbol, rows in candles.items() if not rows]
    if empty:
        raise Refused(f"There are no candles of {', '.join(empty)} in that time.")
    return tuple(_recorded(symbol, timeframe, rows) for symbol, rows in candles.items())


def make(question: Question, recorded: Sequence[Recorded]) -> Job:
    """Check numbers, names and candles against each other; raises Refused in one sentence."""
    _check_numbers(question)
    strategy = find(question.strategy)
    base = recorded[0].timeframe
    job = Job(
        strategy=strategy,
        params=strategy.params(question.params),
        recorded=tuple(recorded),
        timeframe=Timeframe.parse(question.timeframe) if question.timeframe else base,
        cash=question.cash,
        fee=question.fee,
        slippage=question.slippage,
    )
    job.check()
    return job


def _check_numbers(question: Question) -> None:
    if question.cash <= 0:
        raise Refused(f"cash must be above zero; found {question.cash}.")
    for name, share in (("fee", question.fee), ("slippage", question.slippage)):
        if not Decimal(0) <= share < 1:
            raise Refused(f"{name} is a share, for instance 0.001 for 0.1 %; found {share}.")
    if question.start and question.end and question.start >= question.end:
        raise Refused(f"--from ({question.start:%Y-%m-%d}) must lie before --to ({question.end:%Y-%m-%d}).")


def _recorded(symbol: str, timeframe: Timeframe, candles: list[Candle]) -> Recorded:
    frame = Columns.of(candles).frame()
    return Recorded(symbol=symbol, timeframe=timeframe, frame=frame, gaps=(), source=Path("market"))
