"""A year's trades and gains as files: for a spreadsheet, and for whoever asks about taxes."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from bot.dispatcher import Ask
from bot.reply import File, Reply, Row
from bot.reviews import missing_extra, trade_cells, trade_head
from bot.show import amount, money
from bot.words import Words
from bot.workbook import Cell, Sheet, can_fill, table, workbook
from trading.domain.order import Fill
from trading.domain.review import Gains, Matched, Unrated

NONE = Decimal(0)
DAYS = 3  # of so many days without a rate the dates are told


async def year_reply(ask: Ask, year: int) -> Reply:
    """Every closed trade and every fill of a calendar year in the asker's zone."""
    say, zone = ask.say, ask.person.zone
    fills, trips = await ask.trading.reports.trades_of(ask.account, year, zone)
    currency = ask.trading.status(ask.account).currency
    trades = Sheet(say("Trades"), trade_head(say, currency), [trade_cells(t, say) for t in trips])
    every = Sheet(say("Fills"), _fill_head(say), [_fill_cells(fill, say) for fill in fills])
    rows = (
        Row(
            say("Closed trades"),
            str(len(trips)),
            money(sum((t.pnl for t in trips), NONE), currency, signed=True),
        ),
        Row(say("Fills"), str(len(fills))),
        Row(say("Fees paid"), money(sum((f.charged for f in fills), NONE), currency)),
    )
    return Reply(
        title=say("The trades of {year}, account {account}", year=year, account=ask.account),
        text=_note(say),
        rows=rows,
        files=await _files(ask, f"{ask.account}-{year}", [trades, every]),
        footer=say("the year begins at midnight, {zone}", zone=zone),
        data={"year": year, "trades": trips, "fills": fills},
    )


async def gains_reply(ask: Ask, year: int) -> Reply:
    """What each sale of the year gained, by both methods, in the market's own money and in won."""
    say, zone = ask.say, ask.person.zone
    found = await ask.trading.reports.gains(ask.account, year, zone)
    own = _own(found)
    first, mean = sum((m.fifo.gain for m in own), NONE), sum((m.average.gain for m in own), NONE)
    proceeds = sum((m.fifo.proceeds for m in own), NONE)
    rows = (
        Row(say("First in, first out"), money(first, found.currency, signed=True)),
        Row(say("Moving average"), money(mean, found.currency, signed=True)),
        Row(say("Proceeds"), money(proceeds, found.currency), say("{n} sales", n=f"{len(found.sales):,}")),
        *_won_rows(found, say),
    )
    return Reply(
        title=say("What the sales of {year} gained, account {account}", year=year, account=ask.account),
        text="\n".join(line for line in (*_caveats(found, say), _note(say)) if line),
        rows=rows,
        files=await _files(ask, f"{ask.account}-{year}-tax", [_sale_sheet(found, say)]),
        footer=say("the year begins at midnight, {zone}", zone=zone),
        data=found,
    )


async def _files(ask: Ask, name: str, sheets: list[Sheet]) -> tuple[File, ...]:
    """The first sheet as CSV, all of them as XLSX where that can be written; off the loop, a year may be long."""
    zone = ask.person.zone
    files = [File(f"{name}.csv", await ask.studio.draw(table, sheets[0], zone))]
    if can_fill():
        files.append(File(f"{name}.xlsx", await ask.studio.draw(workbook, sheets, zone)))
    return tuple(files)


def _note(say: Words) -> str:
    return "" if can_fill() else missing_extra(say)


def _caveats(found: Gains, say: Words) -> list[str]:
    """What the numbers leave out, said before anybody files them."""
    lines = [say("Fees are in the cost and off the proceeds; the strategies of an account count as one.")]
    if found.other_currencies:
        others, currency = ", ".join(found.other_currencies), found.currency
        lines.append(
            say("Sales in {list} are not in the sums in {currency}.", list=others, currency=currency)
        )
    lines += _won_caveats(found, say)
    if found.unpriced_fees:
        fees = ", ".join(f"{amount(paid)} {name}" for name, paid in found.unpriced_fees)
        lines.append(say("Fees paid in another coin ({fees}) are not counted: no price is known.", fees=fees))
    return lines


def _in_won(found: Gains) -> list[Matched]:
    """The sales whose every rate is known."""
    return [sale for sale in found.won.sales if sale is not None] if found.won else []


def _won_rows(found: Gains, say: Words) -> tuple[Row, ...]:
    known = _in_won(found)
    if not known:
        return ()
    share = say("{n} of {all} sales", n=f"{len(known):,}", all=f"{len(found.sales):,}")
    first, mean = sum((m.fifo.gain for m in known), NONE), sum((m.average.gain for m in known), NONE)
    return (
        Row(say("First in, first out, in won"), money(first, "KRW", signed=True), share),
        Row(say("Moving average, in won"), money(mean, "KRW", signed=True), share),
        Row(say("Proceeds in won"), money(sum((m.fifo.proceeds for m in known), NONE), "KRW"), share),
    )


def _won_caveats(found: Gains, say: Words) -> list[str]:
    """By which rates won are counted, or why they are not."""
    if found.won is None:
        return []
    if _in_won(found):
        by = say(
            "Each purchase and each sale is converted into won at Upbit's price of 09:00 on its day in Seoul."
        )
    else:
        by = say("Nothing is converted into won.")
    return [by, *map(say.again, found.won.trouble), *(_unrated(some, say) for some in found.won.unrated)]


def _unrated(some: Unrated, say: Words) -> str:
    """Which days have no rate, and the command that asks Upbit for them."""
    days, symbol = ", ".join(some.days[:DAYS]), f"{some.currency}/KRW"
    if len(some.days) > DAYS:
        days = say("{days} … {last} ({n} days)", days=days, last=some.days[-1], n=f"{len(some.days):,}")
    before = date.fromisoformat(some.days[0]) - timedelta(days=1)  # its candle closes on the day itself
    command = (
        f"/data check {symbol} --timeframe 1d --repair"
        if some.inside
        else f"/download {symbol} --exchange upbit --timeframe 1d --from {before}"
    )
    return say(
        "Sales that need the {currency} rate of {days} are not in won; {command} fetches it where Upbit has it.",
        currency=some.currency,
        days=days,
        command=command,
    )


def _own(found: Gains) -> list[Matched]:
    """Sales counted in the account's own money."""
    return [m for m in found.sales if m.fifo.symbol.partition("/")[2].partition(":")[0] == found.currency]


def _sale_sheet(found: Gains, say: Words) -> Sheet:
    """One row for each sale; columns in won where any of them is known in won."""
    rows = [_sale_cells(sale) for sale in found.sales]
    if found.won is None or not _in_won(found):
        return Sheet(say("Sales"), _sale_head(say), rows)
    valued = [(*row, *_won_cells(won)) for row, won in zip(rows, found.won.sales, strict=True)]
    return Sheet(say("Sales"), (*_sale_head(say), *_won_head(say)), valued)


def _won_head(say: Words) -> Sequence[str]:
    return (
        say("Proceeds in won"),
        say("Cost in won (first in, first out)"),
        say("Gain in won (first in, first out)"),
        say("Cost in won (moving average)"),
        say("Gain in won (moving average)"),
    )


def _won_cells(won: Matched | None) -> Sequence[Cell]:
    if won is None:
        return (None,) * 5
    one, mean = won.fifo, won.average
    return (one.proceeds, one.cost, one.gain, mean.cost, mean.gain)


def _sale_head(say: Words) -> tuple[str, ...]:
    return (
        say("Sold"),
        say("Symbol"),
        say("Amount"),
        say("Currency"),
        say("Proceeds"),
        say("Bought (first in, first out)"),
        say("Cost (first in, first out)"),
        say("Gain (first in, first out)"),
        say("Cost (moving average)"),
        say("Gain (moving average)"),
    )


def _sale_cells(matched: Matched) -> tuple[Cell, ...]:
    one, mean = matched.fifo, matched.average
    quote = one.symbol.partition("/")[2].partition(":")[0]
    return (
        one.at,
        one.symbol,
        one.amount,
        quote,
        one.proceeds,
        one.acquired_at,
        one.cost,
        one.gain,
        mean.cost,
        mean.gain,
    )


def _fill_head(say: Words) -> tuple[str, ...]:
    return (
        say("When"),
        say("Symbol"),
        say("Strategy"),
        say("Side"),
        say("Amount"),
        say("Price"),
        say("Fee"),
        say("Currency of the fee"),
        say("Reason"),
        say("Id"),
    )


def _fill_cells(fill: Fill, say: Words) -> tuple[Cell, ...]:
    return (
        fill.at,
        fill.symbol,
        fill.sleeve,
        say(str(fill.side)),
        fill.amount,
        fill.price,
        fill.fee,
        fill.fee_currency,
        say(str(fill.reason)),
        fill.id,
    )
