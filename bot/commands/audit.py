"""The record of who asked for what, and the proof that nobody changed it."""

import asyncio
from typing import Annotated

from bot.dispatcher import Ask
from bot.ops import logs
from bot.people import OPERATORS
from bot.registry import command
from bot.reply import Button, Reply, Row, Tone
from bot.show import moment
from trading.domain.audit import AuditRow
from trading.domain.errors import Refused

MOST_ROWS = 50
LONGEST = 120  # characters of a line or an outcome that are shown


@command(allow=OPERATORS, needs_account=False, scope="house")
async def audit(
    ask: Ask,
    what: Annotated[str, "how many rows, or verify"] = "15",
    head: Annotated[str, "a head from a daily report, for instance 1203-9f3ab2c4d5e6f708"] = "",
) -> Reply:
    """Who asked for what and what came of it; /audit verify proves that nothing was changed."""
    if what.lower() == "verify":
        return await _verified(ask, head)
    if not (what.isdecimal() and what.isascii() and len(what) < 4 and 1 <= int(what) <= MOST_ROWS):
        raise Refused(
            ask.say("Choose between 1 and {most} rows, or verify; found '{what}'.", most=MOST_ROWS, what=what)
        )
    found = await ask.trading.safe.audits(int(what))
    return Reply(
        title=ask.say("The newest {n} rows of the audit", n=len(found)),
        rows=tuple(_row(one, ask) for one in found),
        buttons=((Button(ask.say("Verify"), "/audit verify"),),),
        data=found,
    )


async def _verified(ask: Ask, published: str) -> Reply:
    verdict = await ask.trading.safe.check_audit(published)
    logged = await asyncio.to_thread(logs.check, ask.trading.settings.data_dir / "logs")
    rows = (
        Row(ask.say("Rows"), f"{verdict.rows:,}"),
        Row(ask.say("Last good row"), verdict.head.short if verdict.head.seq else "—"),
        Row(ask.say("Log lines"), f"{logged.lines:,}", ask.say.again(logged.wrong)),
    )
    if verdict.wrong:
        return Reply(
            title=ask.say("The audit was tampered with."),
            text=ask.say.again(verdict.wrong),
            rows=rows,
            tone=Tone.DANGER,
            failed=True,
            data=verdict,
        )
    if logged.wrong:
        return Reply(
            title=ask.say("The audit is whole, but the log files were tampered with."),
            text=ask.say.again(logged.wrong),
            rows=rows,
            tone=Tone.DANGER,
            failed=True,
            data=verdict,
        )
    text = ask.say("Every row is as it was written, and none is missing.")
    if verdict.unproven:
        text = ask.say(
            "Every row after row {n} is as it was written, and none is missing. Up to row {n} nothing can be said, "
            "because their master key was lost; a head from a daily report still shows of its own row whether it is "
            "the one that was published: /audit verify HEAD",
            n=verdict.unproven,
        )
    if published:
        text += " " + ask.say("The published head is among them.")
    return Reply(title=ask.say("The audit is whole."), text=text, rows=rows, tone=Tone.GOOD, data=verdict)


def _row(one: AuditRow, ask: Ask) -> Row:
    return Row(
        f"{one.seq} · {moment(one.at, ask.person.zone, ask.say)}",
        one.line[:LONGEST],
        f"{one.person} · {one.place} · {one.outcome[:LONGEST]}",
    )
