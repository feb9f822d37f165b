"""Reports as JSON, CSV and HTML, for files and for programs."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.web.json import to_json
from trading.domain.errors import Refused
from trading.domain.report import Report


def report_data(report: Report) -> dict[str, Any]:
    """The report's keys, in the order people read them; the equity curve is left to pictures and CSV."""
    return {
        "strategy": report.strategy,
        "symbols": report.symbols,
        "timeframe": report.timeframe,
        "bars": report.bars,
        "start": report.start,
        "end": report.end,
        "initial_equity": report.initial_equity,
        "final_equity": report.final_equity,
        "total_return": report.total_return,
        "profit": report.final_equity - report.initial_equity,
        "currency": report.currency,
        "fees": report.fees,
        "fee_share": report.fee_share,
        "slippage": report.slippage,
        "slippage_share": report.slippage_share,
        "traded": report.traded,
        "benchmark": _rival(report),
        "by_strategy": report.by_strategy,
        "by_symbol": report.by_symbol,
        "months": {f"{month.year}-{month.month:02d}": month.change for month in report.months},
        "refused": dict(report.refused),
        "refused_of": [list(row) for row in report.refused_of],
        "stopped": report.stopped,
        "trades": [
            {
                "strategy": t.sleeve,
                "symbol": t.symbol,
                "side": t.side,
                "entry_at": t.entry_at,
                "entry_price": t.entry_price,
                "exit_at": t.exit_at,
                "exit_price": t.exit_price,
                "amount": t.amount,
                "pnl": t.pnl,
                "return_share": t.return_share,
                "fees": t.fees,
                "reason": t.reason,
            }
            for t in report.trades
        ],
        "metrics": report.metrics,
        "seconds": report.seconds,
        "notes": report.notes,
    }


def _rival(report: Report) -> dict[str, Any] | None:
    """Buying and holding, without its curve."""
    found = report.benchmark
    if found is None:
        return None
    names = ("total_return", "cagr", "volatility", "sharpe", "max_drawdown")
    return {name: getattr(found, name) for name in names}


def as_json(report: Report) -> bytes:
    return to_json(report_data(report), indent=True).encode()


def as_csv(report: Report) -> bytes:
    """One line per closed trade. Cells that a spreadsheet would run as a formula are made text."""
    page = io.StringIO()
    rows = report_data(report)["trades"]
    names = (
        "strategy",
        "symbol",
        "side",
        "entry_at",
        "entry_price",
        "exit_at",
        "exit_price",
        "amount",
        "pnl",
        "return_share",
        "fees",
        "reason",
    )
    writer = csv.writer(page)
    writer.writerow(names)
    for row in rows:
        writer.writerow(_safe(row[name]) for name in names)
    return page.getvalue().encode()


def save(file: Path, report: Report, output: str, page: Callable[[], bytes]) -> None:
    """Write the report as json, csv or html (what `page` makes); raises Refused when the file cannot be written."""
    content = page() if output == "html" else as_csv(report) if output == "csv" else as_json(report)
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Refused(f"The result could not be written to {file}: {error.strerror}.") from None


def _safe(value: Any) -> str:
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text[:1] in "=@" else text
