"""A report as one HTML page: pictures and style inside it, nothing fetched, readable on a phone."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from bot.figures import Section
from bot.reply import Image
from bot.show import amount, money, percent, price
from trading.domain.report import RoundTrip

if TYPE_CHECKING:
    from bot.words import Words

MOST_TRADES = 500  # listed, the newest; all of them are in the CSV and the JSON

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0 auto; padding: 1rem; max-width: 56rem; overflow-wrap: anywhere;
  font: 16px/1.5 system-ui, sans-serif; background: #fff; color: #12171d; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .3rem; }
img { display: block; width: 100%; height: auto; border-radius: .6rem; margin: .8rem 0; }
dl { margin: 0; display: grid; grid-template-columns: minmax(8rem, 1fr) 2fr; gap: .1rem 1rem; }
dt { color: #5a6571; } dd { margin: 0; font-variant-numeric: tabular-nums; } small { color: #5a6571; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
@media (prefers-color-scheme: dark) { body { background: #11161d; color: #eef2f6; } dt, small { color: #97a3b1; } }
"""


def page(
    *,
    title: str,
    lines: Sequence[str],
    sections: Sequence[Section],
    images: Sequence[Image],
    trades: Sequence[RoundTrip],
    language: str,
    say: "Words",
    currency: str,
) -> bytes:
    """The whole page. Whatever comes from outside is text in it and never markup."""
    parts = [
        "<!doctype html>",
        f'<html lang="{escape(language, quote=True)}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        *(f"<p>{escape(line)}</p>" for line in lines),
        *(_picture(image) for image in images),
        *(line for section in sections for line in _section(section)),
        *_table(trades, say, currency),
        "</body></html>",
    ]
    return "\n".join(parts).encode()


def _picture(image: Image) -> str:
    data = b64encode(image.png).decode()
    return f'<img alt="{escape(image.alt, quote=True)}" src="data:image/png;base64,{data}">'


def _section(section: Section) -> Iterator[str]:
    yield f"<h2>{escape(section.title)}</h2><dl>"
    for row in section.rows:
        detail = f" <small>{escape(row.detail)}</small>" if row.detail else ""
        yield f"<dt>{escape(row.label)}</dt><dd>{escape(row.value)}{detail}</dd>"
    yield "</dl>"


def _table(trades: Sequence[RoundTrip], say: "Words", currency: str) -> Iterator[str]:
    if not trades:
        return
    heads = (
        say("Market"),
        say("Strategy"),
        say("Bought"),
        say("Price"),
        say("Sold"),
        say("Price"),
        say("Amount"),
        say("Profit"),
        "%",
        say("Why"),
    )
    yield f"<h2>{escape(say('Every trade'))}</h2>"
    if len(trades) > MOST_TRADES:
        note = say("The newest {n} of {all}; the CSV has all of them.", n=MOST_TRADES, all=f"{len(trades):,}")
        yield f"<p><small>{escape(note)}</small></p>"
    yield '<div class="scroll"><table><tr>' + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr>"
    for trip in reversed(trades[-MOST_TRADES:]):
        cells = (
            trip.symbol,
            trip.sleeve,
            f"{trip.entry_at:%Y-%m-%d %H:%M}",
            price(trip.entry_price, currency),
            f"{trip.exit_at:%Y-%m-%d %H:%M}",
            price(trip.exit_price, currency),
            amount(trip.amount),
            money(trip.pnl, currency, signed=True),
            percent(trip.return_share),
            say(str(trip.reason)),
        )
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    yield "</table></div>"
