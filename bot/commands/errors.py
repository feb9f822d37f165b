"""What went wrong lately, each kind once, with how often and when."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from bot.dispatcher import Ask
from bot.ops import logs
from bot.people import OPERATORS
from bot.registry import command
from bot.reply import Button, Reply, Row, Tone
from bot.show import since
from trading.domain.errors import Refused

MOST = 25
LOOKED_AT = 5000  # lines of the log


@dataclass(slots=True)
class Kind:
    """Lines that say the same but for their numbers and names."""

    where: str
    what: str
    count: int = 0
    last_at: str = ""
    example: str = ""


@command(allow=OPERATORS, needs_account=False, scope="house")
async def errors(ask: Ask, most: Annotated[int, "how many kinds"] = 10) -> Reply:
    """What went wrong lately: each kind of warning and error once, counted, the newest first."""
    if not 1 <= most <= MOST:
        raise Refused(ask.say("Choose between 1 and {most} kinds; found {n}.", most=MOST, n=most))
    kinds = _kinds(logs.events(LOOKED_AT, "warning"))
    shown = kinds[:most]
    say = ask.say
    if not shown:
        return Reply(title=say("Nothing went wrong lately."), tone=Tone.GOOD, data=[])
    return Reply(
        title=say("{n} kinds of trouble, {lines} lines", n=len(kinds), lines=sum(k.count for k in kinds)),
        rows=tuple(_row(kind, ask) for kind in shown),
        buttons=((Button(say("Logs"), "/logs"),),),
        tone=Tone.WARNING,
        data=shown,
    )


def _row(kind: Kind, ask: Ask) -> Row:
    last = since(datetime.fromisoformat(kind.last_at), ask.now, ask.say) if kind.last_at else "—"
    return Row(
        f"{kind.where}: {kind.what}",
        ask.say("{n} times, last {ago} ago", n=kind.count, ago=last),
        kind.example,
    )


def _kinds(lines: list[dict[str, str]]) -> list[Kind]:
    """Grouped by who said what and which error it was; the kind seen last comes first."""
    found: OrderedDict[tuple[str, str, str], Kind] = OrderedDict()
    for line in lines:
        error = line.get("error", "").partition(":")[0]
        key = (line.get("logger", ""), line.get("event", ""), error)
        kind = found.setdefault(key, Kind(where=key[0], what=f"{key[1]} {error}".strip()))
        kind.count += 1
        kind.last_at, kind.example = line.get("at", ""), (line.get("reason") or line.get("error") or "")[:200]
        found.move_to_end(key)
    return list(reversed(found.values()))
