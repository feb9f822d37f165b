"""Is the archive sound? Faults are found and, where somebody asks, fetched anew; nothing is ever made up."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from trading.domain.archive import Checked, Loading, Series, SeriesName
from trading.domain.errors import ExchangeSaidNo, Refused, Uncertain
from trading.domain.market import Candle, Timeframe
from trading.market.archive import gaps_of
from trading.market.candle_checks import impossible, misplaced, shown
from trading.market.candle_files import COLUMNS, Seconds
from trading.market.download import PIECE, Sleep, Span, patiently
from trading.market.feed import Market
from trading.market.shelf import Rows, Shelf


@dataclass(frozen=True, slots=True)
class _Found:
    """What is wrong, the rows that are beyond doubt, and the open times from first to last that those lack."""

    checked: Checked
    good: Rows
    missing: Seconds


def inspect(shelf: Shelf, name: SeriesName) -> Checked:
    """What is wrong with one file; nothing is changed."""
    return _inspected(shelf, name).checked


async def repair(
    shelf: Shelf, market: Market, name: SeriesName, sleep: Sleep = asyncio.sleep
) -> AsyncGenerator[Loading | Checked, None]:
    """Fetch again what is missing or cannot be; what the market does not have stays missing.

    The file changes only when everything has been asked for.
    """
    with shelf.alone(name):
        found = await asyncio.to_thread(_inspected, shelf, name)
        if found.checked.sound or found.checked.series.trouble:
            yield replace(found.checked, repaired=0)
            return
        new: list[Candle] = []
        spans = _spans(found.missing, name.timeframe)
        try:
            await market.instruments((name.symbol,))  # one that cannot be reached at all is not waited for
            for n, span in enumerate(spans):
                async for came in patiently(market, name, span, sleep):
                    waiting = came if isinstance(came, str) else ""
                    new += [] if isinstance(came, str) else came
                    yield Loading(name=name, share=n / len(spans), candles=len(new), waiting=waiting)
        except (Uncertain, ExchangeSaidNo) as error:
            yield replace(found.checked, repaired=0, trouble=error.tell)
            return
        whole = found.good.with_(new)
        if not len(whole):
            raise Refused(
                f"{market.name} has none of these {name.symbol} {name.timeframe} candles; nothing was changed."
            )
        await asyncio.to_thread(shelf.replace, name, whole)
        after = await asyncio.to_thread(_inspected, shelf, name)
        yield replace(
            found.checked,
            series=after.checked.series,
            repaired=len(whole) - len(found.good),
            still_missing=len(np.setdiff1d(found.missing, whole.times)),
        )


def _inspected(shelf: Shelf, name: SeriesName) -> _Found:
    path = shelf.path(name)
    described = Series(name=name, size=path.stat().st_size)
    try:
        rows = shelf.load(name)
    except Refused as refused:
        checked = Checked(series=replace(described, trouble=refused.tell))
        return _Found(checked, Rows(np.empty(0, np.int64), {}), np.empty(0, np.int64))
    stray, bad = misplaced(rows.times, name.timeframe), impossible(dict(rows.columns))
    disorder = int((np.diff(rows.times) < 0).sum())
    good, doubted, duplicates = _each_once(rows.where(~stray))
    good = good.where(~impossible(dict(good.columns)))
    on_grid = rows.times[~stray]
    grid = np.arange(on_grid.min(), on_grid.max() + 1, name.timeframe.seconds) if len(on_grid) else on_grid
    spread = np.unique(on_grid)
    series = replace(
        described,
        candles=len(rows),
        start=_utc(rows.times.min()),
        end=_utc(rows.times.max()) + name.timeframe.length,
        gaps=gaps_of(spread, name.timeframe),
    )
    checked = Checked(
        series=series,
        duplicates=duplicates,
        impossible=int(bad.sum()),
        misplaced=int(stray.sum()) + disorder,
        first=_in_words(rows, int(bad.argmax())) if bad.any() else "",
    )
    sure = good.where(~np.isin(good.times, doubted))
    return _Found(checked, sure, np.setdiff1d(grid, sure.times))


def _each_once(rows: Rows) -> tuple[Rows, Seconds, int]:
    """The rows in order, one of each time; the times at which rows disagree; how many are too many."""
    ordered = rows.where(np.argsort(rows.times, kind="stable"))
    again = np.flatnonzero(np.diff(ordered.times) == 0) + 1
    values = np.column_stack([ordered.columns[name] for name in COLUMNS[1:]])
    differs = (values[again] != values[again - 1]).any(axis=1)
    _, first = np.unique(ordered.times, return_index=True)
    return ordered.where(first), ordered.times[again[differs]], len(again)


def _spans(missing: Seconds, timeframe: Timeframe) -> list[Span]:
    """The missing times in few stretches: near ones are asked for together, with what lies between."""
    spans: list[Span] = []
    for seconds in missing.tolist():
        opened = datetime.fromtimestamp(seconds, UTC)
        stop = opened + timeframe.length
        if spans and stop - spans[-1][0] <= PIECE * timeframe.length:
            spans[-1] = (spans[-1][0], stop)
        else:
            spans.append((opened, stop))
    return spans


def _in_words(rows: Rows, row: int) -> str:
    values = ", ".join(f"{name} {column[row]:g}" for name, column in rows.columns.items())
    return f"{shown(int(rows.times[row]))}: {values}"


def _utc(seconds: np.int64) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
