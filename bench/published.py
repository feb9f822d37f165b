"""What others published against what we get, on their candles and by their rules; written to docs/published.md."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from bench._published_engine import (
    Row,
    account_arithmetic,
    all_in,
    fixed_size,
    missing,
    search_trials,
)
from bench._published_metrics import always_in, breakout, candles_from_trades, list_of_trades, monthly

HOME = Path(__file__).resolve().parent.parent
FOLDER = HOME.parent / "shared" / "data" / "reference"
PAGE = HOME / "docs" / "published.md"

_INTRO = """# Published against ours

What other people published about their engines, on the candles they used, beside what Tradewind gives by the same
rules. `python -m bench published` makes this page anew; `tests/parity/test_published_*.py` hold it. "Through" says
whether our whole engine traded it (signals, sizing, fills, book) and our metrics measured it, or only the metrics
(from published trades, or from fills that follow the published rule). Formulas of others, where they differ from
ours, stand in `trading/analysis/elsewhere.py`, each with its source; ours stand in `trading/analysis/metrics.py`.
"""

_LEFT_OUT = """## Not reproduced, and why

- *Always long or short* (5) goes through the metrics only: our desk buys and sells what it has, and never sells short.
- *QuantConnect's Lean, one BTC a day* fills on recorded quotes and repeats missing days; a candle of ours that is
  missing stays missing.
- *NautilusTrader, EMA 10/20 on ticks made from bars* depends on how that engine invents ticks inside a candle.
- *Profit factors of 550 and more* from a 0.3 % trailing stop judged on 5-minute candles (GeneTrader): an engine that
  gives these assumes the favourable order of high and low inside a candle. Ours assumes the unfavourable one.
"""


def every(folder: Path, trials: int | None = None) -> Iterator[Row]:
    """All of them; of the 300 trials of the search only so many, spread evenly, when a number is given."""
    yield from fixed_size(folder)
    yield from all_in(folder)
    yield from search_trials(folder, trials)
    yield from list_of_trades(folder)
    yield from candles_from_trades(folder)
    yield from account_arithmetic(folder)
    yield from always_in(folder)
    yield from monthly(folder)
    yield from breakout(folder)


def page(rows: list[Row]) -> str:
    """The whole page, a table for each block."""
    parts = [
        _INTRO,
        f"{sum(row.same for row in rows)} of {len(rows)} figures are the same to the last printed digit.\n",
    ]
    for block, mine in groupby(rows, key=lambda row: row.block):
        parts += [
            f"## {block}\n",
            "| figure | published | ours | through | same |",
            "|---|---:|---:|---|:-:|",
        ]
        parts += [
            f"| {row.figure} | {_number(row.published)} | {_number(row.ours)} | {row.through} | "
            f"{'yes' if row.same else 'no'} |"
            for row in mine
        ]
        parts.append("")
    return "\n".join([*parts, _LEFT_OUT])


def _number(value: float) -> str:
    """As many digits as say something; a difference of rounding is none."""
    if abs(value) < 1e-9:
        return "0"
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.5f}" if abs(value) >= 100 else f"{value:.10g}"


async def main() -> None:
    if why := missing(FOLDER):
        print(f"Nothing to compare: {why}.")
        return
    rows = list(every(FOLDER))
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(rows))
    for row in rows:
        print(f"{'same' if row.same else 'NOT THE SAME':14}{row.block[:44]:46}{row.figure}")
    print(
        f"{sum(row.same for row in rows)} of {len(rows)} are the same; the table is in {PAGE.relative_to(HOME)}."
    )
