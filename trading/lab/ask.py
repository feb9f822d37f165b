"""From a question to a checked job: the strategy found, its parameters read, its candles loaded."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from trading.core.frames import Columns
from trading.domain.errors import Refused
from trading.domain.market import Candle, Timeframe
from trading.domain.research import Question, Terms
from trading.lab.job import NO_LIMITS, Job
from trading.lab.several import parts_of, sleeves_of, warm_up
from trading.limits import limits_of
from trading.market.archive import Recorded, read_all
from trading.risk.rules import Limits
from trading.settings_risk import Risk


def load(question: Question, folder: Path | None = None, exchange: str = "") -> tuple[Recorded, ...]:
    """The recorded candles a question names; strategy and parameters are checked first, because that is quick.

    With a `folder`, those of an exchange in it.
    """
    place = folder or question.data
    if place is None:
        raise Refused("Give the recorded candles: --data FILE_OR_FOLDER (Parquet or CSV).")
    parts = sleeves_of(parts_of(question), question.symbols, Timeframe(60))
    assert parts  # raises Refused where a name or a parameter is wrong
    timeframe = Timeframe.parse(question.timeframe) if question.timeframe else None
    return read_all(place, question.symbols, timeframe, question.start, question.end, exchange)


def from_candles(candles: dict[str, list[Candle]], timeframe: Timeframe) -> tuple[Recorded, ...]:
    """Candles that a market gave, in the shape of recorded ones."""
    empty = [symbol for symbol, rows in candles.items() if not rows]
    if empty:
        raise Refused(f"There are no candles of {', '.join(empty)} in that time.")
    return tuple(_recorded(symbol, timeframe, rows) for symbol, rows in candles.items())


def warmed(question: Question, recorded: Sequence[Recorded]) -> tuple[Recorded, ...]:
    """Of all these candles those from the question's start on, and before it as many as its signals need."""
    start = question.start
    if start is None:
        return tuple(recorded)
    ended = next((r for r in recorded if r.frame.index[-1] < start), None)
    if ended is not None:
        first, last = ended.frame.index[0], ended.frame.index[-1] + ended.timeframe.length
        have = f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
        raise Refused(f"{ended.source} has no candles in that time; it has those from {have}.")
    from_here = start - warm_up(question, recorded[0].timeframe)
    return tuple(replace(r, frame=r.frame[r.frame.index >= from_here]) for r in recorded)


def make(question: Question, recorded: Sequence[Recorded]) -> Job:
    """Check numbers, names and candles against each other; raises Refused in one sentence."""
    _check_numbers(question)
    base = recorded[0].timeframe
    timeframe = Timeframe.parse(question.timeframe) if question.timeframe else base
    parts = sleeves_of(parts_of(question), [r.symbol for r in recorded], timeframe)
    start = question.start
    early = start is not None and any(r.frame.index[0] < start for r in recorded)
    job = Job(
        strategy=parts[0].strategy,
        params=parts[0].params,
        recorded=tuple(recorded),
        timeframe=timeframe,
        cash=question.cash,
        fee=question.fee,
        slippage=question.slippage,
        sleeves=parts if len(parts) > 1 or question.parts else (),
        begin=start if early else None,
        terms=question.terms,
        limits=_limits(question.terms),
    )
    job.check()
    return job


def _limits(terms: Terms) -> Limits:
    return (terms.limits or limits_of(Risk())) if terms.risk else NO_LIMITS


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
