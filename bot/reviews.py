"""A week or month looked back upon: what mattered in words, numbers, pictures, pages and a workbook."""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.figures import counted
from bot.pictures import review_pictures
from bot.reply import Button, File, Reply, Row, Tone
from bot.show import arrow, moment, money, percent
from bot.words import Words
from bot.workbook import Cell, Share, Sheet, can_fill, workbook
from charts.format import basis_points
from charts.pdf import Chapter, Plate, can_print, report_pdf
from trading.domain.people import Person
from trading.domain.report import Portion, RoundTrip
from trading.domain.review import Review, Slip

if TYPE_CHECKING:
    from charts.render import Studio
    from trading.service import Trading

MOST_PORTIONS = 8  # in a chat; the pages have them all


async def period_report(
    trading: "Trading", studio: "Studio", account: str, length: str, person: Person
) -> Reply:
    """The newest complete week or month as a message with pictures, its pages and its workbook."""
    say = Words(person.language)
    header = trading.header(account)
    found = await trading.reports.review(account, length, person.zone)
    if found is None:
        return Reply(
            title=say("There is nothing to look back on yet; the first prices are on their way."),
            header=header,
        )
    lines = mattered(found, say)
    sections = [Chapter(say("In numbers"), [_cells(row) for row in _numbers(found, say)])]
    for title, portions in ((say("Strategies"), found.by_strategy), (say("Markets"), found.by_symbol)):
        if portions:
            sections.append(Chapter(title, [_cells(portion_row(p, found, say)) for p in portions]))
    name = f"{account}-{found.label}"
    files: list[File] = []
    if can_print():
        plates = [Plate(i.png, i.alt) for i in await review_pictures(studio, person, say, found, "light")]
        trades = Chapter(say("Closed trades"), [_trade(t, found, person, say) for t in found.trades])
        page = await studio.draw(
            report_pdf,
            title=review_title(found, say),
            subtitle=f"{header} · {_window(found, person, say)}",
            lines=lines,
            chapters=sections,
            plates=plates,
            appendix=[trades],
            say=say,
        )
        files.append(File(f"{name}.pdf", page))
    if can_fill():
        book = await studio.draw(workbook, sheets(found, say), person.zone)
        files.append(File(f"{name}.xlsx", book))
    if len(files) < 2:
        lines = [*lines, missing_extra(say)]
    short = [Row(*cells) for chapter in sections for cells in list(chapter.rows)[:MOST_PORTIONS]]
    return Reply(
        title=review_title(found, say),
        text="\n".join(lines),
        rows=tuple(short),
        images=await review_pictures(studio, person, say, found),
        files=tuple(files),
        header=header,
        footer=_window(found, person, say),
        tone=Tone.GOOD if found.change > 0 else Tone.WARNING if found.change < 0 else Tone.PLAIN,
        buttons=((Button(say("Status"), "/status"), Button(say("By strategy"), "/performance")),),
        data=found,
    )


def missing_extra(say: Words) -> str:
    """What to do where PDF and XLSX cannot be written."""
    return say("PDF and Excel files need the extra 'reports', which is not installed (make extra-reports).")


# --- in words ---------------------------------------------------------------------------------------------


def review_title(found: Review, say: Words) -> str:
    """When it was, and what it brought."""
    line = say(
        "{day}: {arrow} {change}, {profit}",
        day=found.label,
        arrow=arrow(found.profit),
        change=percent(found.change),
        profit=money(found.profit, found.currency, signed=True),
    )
    return say("So far, {line}", line=line) if found.running else line


def _window(found: Review, person: Person, say: Words) -> str:
    first, last = (moment(at, person.zone, say) for at in (found.start, found.end))
    return f"{first} – {last} · {person.zone}"


def mattered(found: Review, say: Words) -> list[str]:
    """What a person should know about it, a sentence each; nothing that did not happen."""
    currency = found.currency
    lines = []
    if found.flow:
        lines.append(
            say(
                "{flow} came in or went out; profit and percentages leave it aside.",
                flow=money(found.flow, currency, signed=True),
            )
        )
    days = [day for day in found.days if day.profit]
    if len(days) > 1:
        best, worst = max(days, key=lambda d: d.profit), min(days, key=lambda d: d.profit)
        lines.append(
            say(
                "Best day {best} ({best_profit}), worst {worst} ({worst_profit}).",
                best=best.label,
                best_profit=money(best.profit, currency, signed=True),
                worst=worst.label,
                worst_profit=money(worst.profit, currency, signed=True),
            )
        )
    lines += _about_trades(found, say)
    if found.refused:
        lines.append(say("Risk rules refused entries {n}×; /why says which.", n=found.refused))
    if found.stops:
        lines.append(say("Entries were closed {n}×; /alerts says why.", n=found.stops))
    return lines


def _about_trades(found: Review, say: Words) -> list[str]:
    if not found.trades:
        return [say("No trade was closed.")]
    currency, lines = found.currency, []
    best, worst = max(found.trades, key=_pnl), min(found.trades, key=_pnl)
    named: tuple[tuple[RoundTrip, Callable[[str], str]], ...] = (
        (best, lambda trade: say("What gained most: {trade}.", trade=trade)),
        (worst, lambda trade: say("What lost most: {trade}.", trade=trade)),
    )
    for trip, sentence in named:
        if (trip is best and trip.pnl > 0) or (trip is worst and trip.pnl < 0):
            lines.append(sentence(f"{trip.symbol} {money(trip.pnl, currency, signed=True)} ({trip.sleeve})"))
    gross = sum((trip.pnl + trip.fees for trip in found.trades), Decimal(0))
    if found.fees and gross > 0:
        lines.append(
            say(
                "Fees took {fees}, {share} of what trades gained before them.",
                fees=money(found.fees, currency),
                share=percent(float(found.fees / gross), signed=False),
            )
        )
    return lines


def _pnl(trip: RoundTrip) -> Decimal:
    return trip.pnl


# --- in numbers -------------------------------------------------------------------------------------------


def _cells(row: Row) -> tuple[str, str, str]:
    return row.label, row.value, row.detail


def _numbers(found: Review, say: Words) -> list[Row]:
    currency = found.currency
    won = sum(trip.pnl > 0 for trip in found.trades)
    rows = [
        Row(
            say("Start, end"),
            f"{money(found.first_equity, currency)} → {money(found.last_equity, currency)}",
        ),
        Row(say("Return"), percent(found.change), say("time-weighted: deposits are left aside")),
    ]
    if found.flow:
        rows.append(Row(say("Deposits less withdrawals"), money(found.flow, currency, signed=True)))
    rows += [
        Row(say("Deepest fall"), percent(-found.deepest_fall)),
        Row(
            say("Closed trades"),
            str(len(found.trades)),
            say("{won} won", won=percent(won / len(found.trades), signed=False)) if found.trades else "",
        ),
        Row(
            say("Fees and slippage"),
            f"{money(found.fees, currency)} · {money(found.slippage, currency)}",
            say("slippage: against the price at the decision"),
        ),
        *_slipped(found, say),
        Row(say("Turned over"), money(found.traded, currency)),
        Row(
            say("Invested now"),
            percent(found.invested, signed=False),
            counted(found.holdings, say("1 open position"), say("{n} open positions")),
        ),
    ]
    return rows


def _slipped(found: Review, say: Words) -> list[Row]:
    """How much worse than decided orders were filled, and the worst of them."""
    if not found.slips:
        return []
    worst = max(found.slips, key=lambda slip: slip.share)
    detail = say(
        "at worst {share} ({symbol}); 1 bp is 0.01%", share=_off(worst.share, say), symbol=worst.symbol
    )
    return [Row(say("Slippage on average"), _off(found.slip_share, say), detail)]


def _off(share: float, say: Words) -> str:
    """In words instead of a sign: where more is worse, chats would colour it the wrong way."""
    size = basis_points(abs(share), signed=False)
    return say("{share} worse", share=size) if share >= 0 else say("{share} better", share=size)


def portion_row(portion: Portion, found: Review, say: Words) -> Row:
    """What was closed in the period, and beside it what is open now."""
    won = (
        say("{won} won", won=percent(portion.win_rate, signed=False)) if portion.win_rate is not None else ""
    )
    still = portion.open_profit
    held = say("{money} open now", money=money(still, found.currency, signed=True)) if still else ""
    trades = counted(portion.trades, say("1 trade"), say("{n} trades"))
    detail = ", ".join(part for part in (trades, won, held) if part)
    return Row(
        portion.name,
        f"{arrow(portion.profit)} {money(portion.profit, found.currency, signed=True)}",
        detail,
    )


def _trade(trip: RoundTrip, found: Review, person: Person, say: Words) -> tuple[str, str, str]:
    value = f"{percent(trip.return_share)} {money(trip.pnl, found.currency, signed=True)}"
    return trip.symbol, value, f"{moment(trip.exit_at, person.zone, say)} · {trip.sleeve}"


def sheets(found: Review, say: Words) -> list[Sheet]:
    """The workbook: trades, the curve, and who earned it."""
    portion_head = (
        say("Name"),
        say("Closed trades"),
        say("Profit"),
        say("Open profit"),
        say("Fees paid"),
    )
    return [
        Sheet(say("Trades"), trade_head(say, found.currency), [trade_cells(t, say) for t in found.trades]),
        Sheet(
            say("Equity"),
            (say("When"), f"{say('Equity')} ({found.currency})", say("Deposits less withdrawals")),
            [(point.at, point.equity, point.flow) for point in found.equity],
            chart=(0, 1),
        ),
        Sheet(
            say("Days"),
            (say("Day"), say("Profit"), say("Return"), say("Trades")),
            [(day.label, day.profit, Share(day.change), day.trades) for day in found.days],
        ),
        Sheet(say("Slippage"), _slip_head(say, found.currency), [_slip_cells(s, say) for s in found.slips]),
        Sheet(say("Strategies"), portion_head, [_portion_cells(p) for p in found.by_strategy]),
        Sheet(say("Markets"), portion_head, [_portion_cells(p) for p in found.by_symbol]),
    ]


def _slip_head(say: Words, currency: str) -> tuple[str, ...]:
    return (
        say("When"),
        say("Symbol"),
        say("Strategy"),
        say("Side"),
        say("Amount"),
        say("Price at the decision"),
        say("Filled at"),
        say("bp worse than the price at the decision"),
        f"{say('Slippage')} ({currency})",
    )


def _slip_cells(slip: Slip, say: Words) -> tuple[Cell, ...]:
    return (
        slip.at,
        slip.symbol,
        slip.sleeve,
        say(str(slip.side)),
        slip.amount,
        slip.decided,
        slip.filled,
        round(slip.share * 1e4, 2),
        slip.cost,
    )


def _portion_cells(portion: Portion) -> tuple[str, int, Decimal, Decimal, Decimal]:
    return portion.name, portion.trades, portion.profit, portion.open_profit, portion.fees


def trade_head(say: Words, currency: str) -> tuple[str, ...]:
    """Over the columns of `trade_cells`."""
    return (
        say("Symbol"),
        say("Strategy"),
        say("Side"),
        say("Amount"),
        say("Entry"),
        say("Entry price"),
        say("Exit"),
        say("Exit price"),
        f"{say('Profit')} ({currency})",
        say("Fees paid"),
        say("Return"),
        say("Reason"),
    )


def trade_cells(trip: RoundTrip, say: Words) -> tuple[Cell, ...]:
    """One closed trade."""
    return (
        trip.symbol,
        trip.sleeve,
        say(str(trip.side)),
        trip.amount,
        trip.entry_at,
        trip.entry_price,
        trip.exit_at,
        trip.exit_price,
        trip.pnl,
        trip.fees,
        Share(trip.return_share),
        say(str(trip.reason)),
    )
