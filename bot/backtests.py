"""How a backtest is told: the verdict in words, its numbers, pictures, files, and the way to ask again."""

import shlex
from pathlib import Path

from bot.dispatcher import Ask
from bot.export import as_json, report_data, save
from bot.figures import counted, in_short, sections
from bot.page import page
from bot.pictures import allocation_picture, backtest_pictures, equity_picture
from bot.reply import LONGEST_COMMAND, Button, File, Image, Reply, Row, Tone
from bot.show import percent
from trading.domain.report import Report

FEW = 30  # trades that say little
AT_HAND = ("equity.png", "allocation.png")  # pictures the terminal names; a page has them all


async def answer(ask: Ask, report: Report, file: Path | None, output: str, job: str = "") -> Reply:
    """The reply to a backtest or a replay; with a file, everything is written into it, too."""
    here = ask.place.platform == "terminal"
    images = await _images(ask, report, all_of_them=not here or output == "html")
    notes = [ask.say.again(note) for note in report.notes]
    if file is not None:
        save(file, report, output, lambda: _page(ask, report, images, notes))
        notes.append(ask.say("Written to {file}.", file=file))
    short = (
        *in_short(report, ask.say),
        Row(ask.say("Took"), ask.say("{n} s", n=f"{report.seconds['total']:.2f}")),
    )
    return Reply(
        title=headline(report, ask),
        text="\n".join([verdict(report, ask), *notes]),
        rows=_all_rows(report, ask) if here else short,
        images=tuple(image for image in images if image.name in AT_HAND) if here else images,
        files=() if here else _files(ask, report, images, notes),
        buttons=buttons(report, ask, job),
        tone=Tone.GOOD if report.total_return > 0 else Tone.WARNING,
        data=report_data(report),
    )


def _files(ask: Ask, report: Report, images: tuple[Image, ...], notes: list[str]) -> tuple[File, ...]:
    return File("report.html", _page(ask, report, images, notes)), File("trades.json", as_json(report))


def headline(report: Report, ask: Ask) -> str:
    """`ema_cross: +12.40% over 8,760 candles`."""
    name, change = report.strategy, percent(report.total_return)
    if report.bars == 1:
        return ask.say("{name}: {change} over 1 candle", name=name, change=change)
    return ask.say("{name}: {change} over {bars} candles", name=name, change=change, bars=f"{report.bars:,}")


def verdict(report: Report, ask: Ask) -> str:
    """What the result is worth, in one sentence."""
    say, rival = ask.say, report.benchmark
    if not report.trades:
        return say("It never closed a trade, so this says nothing yet.")
    if len(report.trades) == 1:
        return say("Only 1 trade: too few to tell skill from luck.")
    if len(report.trades) < FEW:
        return say("Only {n} trades: too few to tell skill from luck.", n=len(report.trades))
    lines = []
    if rival is not None and rival.total_return >= report.total_return:
        lines.append(
            say("Buying and holding made {change}: better than this.", change=percent(rival.total_return))
        )
    elif rival is not None:
        lines.append(
            say("Buying and holding made {change}: worse than this.", change=percent(rival.total_return))
        )
    return " ".join([*lines, _costs_sentence(report, ask)])


def _costs_sentence(report: Report, ask: Ask) -> str:
    """Which costs are in; never a claim about costs that were set to nothing."""
    fee, slippage = report.fee_share > 0, report.slippage_share > 0
    if fee and slippage:
        return ask.say("Past prices only; fees and slippage are in, the future is not.")
    if fee:
        return ask.say("Past prices only; fees are in, slippage and the future are not.")
    if slippage:
        return ask.say("Past prices only; slippage is in, fees and the future are not.")
    return ask.say("Past prices only, without fees or slippage: trading for real costs both.")


def _all_rows(report: Report, ask: Ask) -> tuple[Row, ...]:
    """Every section under the other, headings between them."""
    rows: list[Row] = []
    for section in sections(report, ask.say):
        rows += [Row(""), Row(section.title.upper()), *section.rows]
    took = ask.say("{n} s", n=f"{report.seconds['total']:.2f}")
    return (*rows, Row(""), Row(ask.say("Took"), took))


def buttons(report: Report, ask: Ask, job: str = "") -> tuple[tuple[Button, ...], ...]:
    """The same line again, and whether it was luck; a line too long for a button is asked again by its number."""
    name, _, rest = ask.line.strip().lstrip("/").partition(" ")
    line = f"/{name} {rest}".strip()
    offered = [
        (ask.say("Again"), line if len(line.encode()) <= LONGEST_COMMAND or not job else f"/again {job}")
    ]
    if rest.partition(" ")[0] == report.strategy and "--study" not in rest:  # /honesty can be asked about it
        words = [w for w in shlex.split(rest) if not w.startswith("--output") and not w.startswith("--file")]
        offered.append((ask.say("Skill or luck?"), _honest(words)))
    offered.append((ask.say("Strategies"), "/strategies"))
    return (tuple(Button(label, line) for label, line in offered if len(line.encode()) <= LONGEST_COMMAND),)


_KEPT = ("data", "symbols", "timeframe", "from", "to", "fee", "slippage")  # of a line, for /honesty


def _honest(words: list[str]) -> str:
    """The same question to /honesty: strategy, parameters, and the options it knows."""
    kept: list[str] = []
    waiting = iter(words)
    for word in waiting:
        option, equals, _ = word.removeprefix("--").partition("=")
        if not word.startswith("--"):
            kept.append(shlex.quote(word))
            continue
        value = "" if equals else next(waiting, "")
        if option in _KEPT:
            kept += [word, shlex.quote(value)] if value else [word]
    return " ".join(["/honesty", *kept])


async def _images(ask: Ask, report: Report, *, all_of_them: bool) -> tuple[Image, ...]:
    if not (ask.pictures or all_of_them):
        return ()
    title = f"{report.strategy} · {_markets(report)} · {report.timeframe}"
    rival = report.benchmark.equity if report.benchmark else ()
    first = await equity_picture(
        ask.studio,
        ask.person,
        ask.say,
        report.equity,
        report.trades,
        title=title,
        currency=report.currency,
        holding=rival,
    )
    if not all_of_them:
        held = report.allocation
        if not held:
            return (first,)
        return (first, await allocation_picture(ask.studio, ask.person, ask.say, held, title=title))
    return (first, *await backtest_pictures(ask.studio, ask.person, ask.say, report, title=title))


def _markets(report: Report) -> str:
    """Their names, or how many where there are many."""
    return (
        ", ".join(report.symbols)
        if len(report.symbols) <= 3
        else f"{len(report.symbols)} × {report.currency}"
    )


def _page(ask: Ask, report: Report, images: tuple[Image, ...], notes: list[str]) -> bytes:
    return page(
        title=headline(report, ask),
        lines=[verdict(report, ask), *notes],
        sections=sections(report, ask.say),
        images=images,
        trades=report.trades,
        language=ask.person.language,
        say=ask.say,
        currency=report.currency,
    )


__all__ = ["answer", "buttons", "counted", "headline", "verdict"]
