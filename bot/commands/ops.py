"""Running the desk: health, logs, other chats."""

import re
from datetime import time, timedelta
from typing import Annotated, Literal

from bot.dispatcher import Ask
from bot.ops import logs
from bot.people import EVERYONE, OPERATORS
from bot.registry import Rest, command
from bot.reply import Button, Reply, Row, Tone
from bot.show import since
from trading.domain.errors import Refused
from trading.domain.people import LOCAL, Quiet

MOST_LINES = 50
CODE_LASTS = timedelta(minutes=10)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?: *[-–~] *| to | )(\d{1,2}):(\d{2})", re.ASCII)
Topic = Annotated[Literal["reports", "alerts", "trades"], "reports, alerts or trades"]


@command(allow=EVERYONE, needs_account=False, scope="any")
async def health(ask: Ask) -> Reply:
    """Whether everything that must work does."""
    now = ask.trading.health()
    started = ask.trading.started_at
    rows = [
        Row(ask.say("Running"), since(started, ask.now, ask.say) if started else "—"),
        Row(ask.say("Database"), ask.say.again(now["database"])),
    ]
    rows += [Row(name, ask.say.again(facts["state"])) for name, facts in now["markets"].items()]
    mine = ask.mine(EVERYONE)  # other people's accounts are theirs alone, even their names
    now = now | {"accounts": {name: state for name, state in now["accounts"].items() if name in mine}}
    rows += [Row(name, ask.say.again(state)) for name, state in now["accounts"].items()]
    return Reply(
        title=ask.say("Everything works.") if now["ok"] else ask.say("Something needs attention."),
        rows=tuple(rows),
        buttons=((Button(ask.say("Refresh"), "/health"), Button(ask.say("Logs"), "/logs")),),
        tone=Tone.GOOD if now["ok"] else Tone.WARNING,
        data=now,
    )


@command(allow=OPERATORS, needs_account=False, scope="house")
async def logs_(ask: Ask, lines: Annotated[int, "how many lines"] = 15) -> Reply:
    """The newest lines of the log, secrets blacked out."""
    if not 1 <= lines <= MOST_LINES:
        raise Refused(ask.say("Choose between 1 and {most} lines; found {n}.", most=MOST_LINES, n=lines))
    found = logs.tail(lines)
    return Reply(title=ask.say("The newest {n} log lines", n=len(found)), text="\n".join(found), data=found)


@command(allow=EVERYONE, needs_account=False, scope="any", acts=True)
async def link(ask: Ask) -> Reply:
    """A one-time code that makes another chat yours: send it there as /start CODE."""
    if not ask.place.private:
        raise Refused(ask.say("A code is a key to your desk; ask for it in a private chat."))
    origin = LOCAL if ask.place.local else ask.place.platform
    code = await ask.people.new_code(ask.person.id, (), CODE_LASTS, origin=origin)
    return Reply(
        title=ask.say("Your code: {code}", code=code),
        text=ask.say(
            "In a private chat with the bot on another platform, send: /start {code}\nIt works once, for ten minutes.",
            code=code,
        ),
        data={"code": code},
    )


@command(allow=EVERYONE, needs_account=False, scope="any", acts=True)
async def notify(ask: Ask, topic: Topic, state: Annotated[bool, "on or off"]) -> Reply:
    """Choose what this chat is told: reports, alerts, trades."""
    wanted = await ask.people.chat_topics(ask.place.address) - {topic} | ({topic} if state else set())
    await ask.people.subscribe(ask.place.address, ask.person.id, "*", wanted)
    rows = tuple(
        Row(ask.say(t), ask.say("on") if t in wanted else ask.say("off"))
        for t in ("reports", "alerts", "trades")
    )
    return Reply(title=ask.say("This chat is told:"), rows=rows, data=sorted(wanted))


@command(allow=EVERYONE, needs_account=False, scope="any", acts=True)
async def language(ask: Ask, name: Annotated[Literal["en", "ko"], "en or ko"]) -> Reply:
    """Your language: English or Korean."""
    await ask.people.set_language(ask.person.id, name)
    return Reply(title="한국어로 말씀드리겠습니다." if name == "ko" else "English it is.", tone=Tone.GOOD)


@command(allow=EVERYONE, needs_account=False, scope="any", acts=True)
async def zone(ask: Ask, name: Annotated[str, "an IANA name, for instance Asia/Seoul"]) -> Reply:
    """Your time zone, for times on screen and the start of your day."""
    await ask.people.set_zone(ask.person.id, name)
    return Reply(title=ask.say("Your time zone is {zone}.", zone=name), tone=Tone.GOOD)


@command(allow=EVERYONE, needs_account=False, scope="any", acts=True)
async def theme(ask: Ask, name: Annotated[Literal["light", "dark"], "light or dark"]) -> Reply:
    """How your pictures are drawn: light or dark."""
    await ask.people.set_theme(ask.person.id, name)
    title = ask.say("Your pictures are light.") if name == "light" else ask.say("Your pictures are dark.")
    return Reply(title=title, tone=Tone.GOOD, buttons=((Button(ask.say("Equity"), "/equity"),),))


@command(allow=EVERYONE, needs_account=False, scope="any", acts=True)
async def quiet(ask: Ask, hours: Annotated[str, Rest(), "for instance 22:00-07:00, or off"]) -> Reply:
    """Hours in which you are told only what cannot wait, by your own clock."""
    if hours.lower() == "off":
        await ask.people.set_quiet(ask.person.id, None)
        return Reply(title=ask.say("You have no quiet hours."), tone=Tone.GOOD, data=None)
    wanted = _quiet(hours.strip())
    if wanted is None:
        raise Refused(
            ask.say("Quiet hours are written 22:00-07:00, or off; found '{hours}'.", hours=hours[:40])
        )
    await ask.people.set_quiet(ask.person.id, wanted)
    return Reply(
        title=ask.say(
            "Quiet from {start} to {end} ({zone}).",
            start=f"{wanted.start:%H:%M}",
            end=f"{wanted.end:%H:%M}",
            zone=ask.person.zone,
        ),
        text=ask.say("Emergencies come through all the same; what waits is told afterwards."),
        tone=Tone.GOOD,
        data={"quiet": str(wanted), "zone": ask.person.zone},
    )


def _quiet(hours: str) -> Quiet | None:
    """The hours of `22:00-07:00`, however the two are parted; None for what is no time of two different moments."""
    found = _CLOCK.fullmatch(hours)
    if found is None:
        return None
    first, last, *others = (int(part) for part in (found[1], found[3], found[2], found[4]))
    if max(first, last) > 23 or max(others) > 59 or (first, others[0]) == (last, others[1]):
        return None
    return Quiet(time(first, others[0]), time(last, others[1]))
