"""Reports as JSON and CSV, for files and for programs."""

import csv
import io
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
        "fees": report.fees,
        "trades": [
            {
                "symbol": t.symbol,
                "side": t.side,
                "entry_at": t.entry_at,
                "entry_price": t.entry_price,
                "exit_at": t.exit_at,
                "exit_price": t.exit_price,
                "amount": t.amount,
                "pnl": t.pnl,
                "fees": t.fees,
                "reason": t.reason,
            }
            for t in report.trades
        ],
        "metrics": report.metrics,
        "seconds": report.seconds,
        "notes": report.notes,
    }


def as_json(report: Report) -> bytes:
    return to_json(report_data(report), indent=True).encode()


def as_csv(report: Report) -> bytes:
    """One line per closed trade. Cells that a spreadsheet would run as a formula are made text."""
    page = io.StringIO()
    rows = report_data(report)["trades"]
    names = (
        "symbol",
        "side",
        "entry_at",
        "entry_price",
        "exit_at",
        "exit_price",
        "amount",
        "pnl",
        "fees",
        "reason",
    )
    writer = csv.writer(page)
    writer.writerow(names)
    for row in rows:
        writer.writerow(_safe(row[name]) for name in names)
    return page.getvalue().encode()


def save(file: Path, report: Report, output: str) -> None:
    """Write the report; raises Refused when the file cannot be written."""
    content = as_csv(report) if output == "csv" else as_json(report)
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Refused(f"The result could not be written to {file}: {error.strerror}.") from None


def _safe(value: Any) -> str:
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text[:1] in "=@" else text
