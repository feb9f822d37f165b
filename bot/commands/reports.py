"""Reports whenever one wants them, and a year's trades for a spreadsheet or the tax office."""

from typing import Annotated, Literal

from bot.dispatcher import Ask
from bot.people import READERS
from bot.registry import command
from bot.reply import Reply
from bot.reports import daily_report
from bot.reviews import period_report
from bot.yearly import gains_reply, year_reply

LENGTHS = {"weekly": "week", "monthly": "month"}


@command(allow=READERS)
async def report(
    ask: Ask,
    length: Annotated[
        Literal["daily", "weekly", "monthly"], "the last day, week or month that is over"
    ] = "daily",
) -> Reply:
    """The day's, week's or month's report: pictures, what mattered, PDF and Excel."""
    if length == "daily":
        return await daily_report(ask.trading, ask.studio, ask.account, ask.person)
    return await period_report(ask.trading, ask.studio, ask.account, LENGTHS[length], ask.person)


@command(allow=READERS)
async def export(
    ask: Ask,
    year: Annotated[int, "the calendar year, for instance 2026"],
    what: Annotated[Literal["trades", "tax"], "closed trades, or what each sale gained"] = "trades",
) -> Reply:
    """A year's trades as CSV and Excel; with tax, gains first in first out and by moving average."""
    if what == "tax":
        return await gains_reply(ask, year)
    return await year_reply(ask, year)
