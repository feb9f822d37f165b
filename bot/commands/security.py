"""What guards an account: a second factor, a second person, browsers that are you, and who approves for you."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo

import pyotp

from bot.dispatcher import Ask
from bot.people import EVERYONE, OWNERS
from bot.registry import Rest, Sure, command
from bot.reply import Button, Reply, Row, Tone
from bot.show import moment, money
from bot.steps import DIGITS
from trading.domain.errors import Refused

ISSUER = "Tradewind"
LONGEST = timedelta(days=30)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DELEGATION = re.compile(
    r"(?P<who>.+?)\s+up\s+to\s+(?P<amount>\S+)(?:\s+(?P<currency>[A-Za-z]{2,10}))?\s+until\s+(?P<until>\S+)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,8})?", re.ASCII)


async def _before_totp(ask: Ask, word: str = "", who: str = "") -> Sure | None:
    if word.lower() != "off":
        return None
    name, number = await _whose(ask, who)
    if not await ask.people.has_factor(number):
        return None
    text = ask.say("What raises risk then works on the desk's own machine only.")
    return Sure(
        title=ask.say("End {name}'s second factor?", name=name)
        if who
        else ask.say("Go without a second factor?"),
        text=text,
        yes=ask.say("End it"),
        no=Button("Leave it", "/whoami"),
    )


async def _ends_factor(ask: Ask, word: str = "", who: str = "") -> bool:
    return word.lower() == "off" and not who and await ask.people.has_factor(ask.person.id)


@command(allow=EVERYONE, needs_account=False, scope="any", confirm=_before_totp, step_up=_ends_factor)
async def totp(
    ask: Ask,
    word: Annotated[str, "the six digits, or off; for: set one up for somebody else"] = "",
    who: Annotated[str, "whose, at the desk's own machine: a name or number"] = "",
) -> Reply:
    """Set up a second factor: an authenticator whose six digits are asked for before risk is raised."""
    match word.lower():
        case "off":
            return await _drop_factor(ask, who)
        case "" | "for":
            return await _begin_factor(ask, who)
    if who or not DIGITS.fullmatch(word) or not await ask.people.use_factor(ask.person.id, word):
        raise Refused(
            ask.say("This code is not good. Wait for the next one your authenticator shows and send that.")
        )
    return Reply(
        title=ask.say("Your second factor is set up."),
        text=ask.say("Before risk is raised, the desk asks for its six digits, in every chat."),
        tone=Tone.GOOD,
    )


async def _drop_factor(ask: Ask, who: str) -> Reply:
    name, number = await _whose(ask, who)
    await ask.people.drop_factor(number)
    title = ask.say("You have no second factor any more.")
    return Reply(
        title=ask.say("{name} has no second factor any more.", name=name) if who else title, tone=Tone.WARNING
    )


async def _begin_factor(ask: Ask, who: str) -> Reply:
    """A secret, shown once; it counts only after its person has sent a code of it from a chat of their own."""
    say = ask.say
    if not ask.place.local:
        raise Refused(
            say(
                "A secret is shown on the desk's own machine only: python main.py totp, or /totp in the web chat "
                "opened from there. Whoever is far away lets an owner do it there: python main.py totp for {name}",
                name=ask.person.name,
            )
        )
    name, number = await _whose(ask, who)
    secret = await ask.people.begin_factor(number)
    link = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)
    text = say("It is shown once. As a link: {link}\nThen send /totp and the six digits.", link=link)
    if who:
        text = say(
            "It is shown once. As a link: {link}\nHand it to {name} in person or by phone, never in the chat they use "
            "here: it must not lie where the chat lies. It counts once {name} has sent /totp and the six digits.",
            link=link,
            name=name,
        )
    return Reply(
        title=say("Put this secret into the authenticator: {secret}", secret=secret),
        text=text,
        once=True,
        data={"secret": secret, "link": link},
    )


async def _whose(ask: Ask, who: str) -> tuple[str, int]:
    """Whose second factor it is about: one's own, or for an owner of the house at its own machine, anybody's."""
    if not who:
        return ask.person.name, ask.person.id
    if not (ask.place.local and OWNERS & ask.person.house_roles):
        raise Refused(
            ask.say("The second factors of others are an owner's business, at the desk's own machine.")
        )
    word = who.lstrip("#").lower()
    known = [m.person for m in await ask.people.everybody() if not m.disabled]
    found = [p for p in known if str(p.id) == word] or [p for p in known if p.name.lower() == word]
    if len(found) != 1:
        raise Refused(
            ask.say(
                "There are {n} persons called '{who}'; /people has their numbers.", n=len(found), who=who[:40]
            )
        )
    return found[0].name, found[0].id


@command(allow=EVERYONE, needs_account=False, scope="any", acts=True)
async def code(
    ask: Ask, digits: Annotated[str, "the six digits of your authenticator"]
) -> AsyncIterator[Reply]:
    """The second step of what you have just confirmed."""
    waiting = await ask.steps.prove(ask, digits)
    async for reply in ask.go_on(waiting):
        yield reply


async def _before_agreeing(ask: Ask, word: str) -> Sure:
    waiting = ask.steps.asked_of(ask, word)
    asker = await ask.people.person(waiting.person_id)
    return Sure(
        title=ask.say("Agree to this? {line}", line=waiting.line.text.removesuffix(" !")),
        text=ask.say(
            "{name} asked for it while their commands meant the account {account}.",
            name=asker.name if asker else "–",
            account=waiting.meant,
        ),
        yes=ask.say("Agree"),
    )


@command(allow=OWNERS, needs_account=False, scope="any", confirm=_before_agreeing, step_up=True)
async def agree(ask: Ask, word: Annotated[str, "the word from the question"]) -> AsyncIterator[Reply]:
    """Be the second owner who agrees to what another one asked for."""
    waiting = ask.steps.agree(ask, word)
    async for reply in ask.go_on(waiting):
        yield reply


@command(allow=EVERYONE, needs_account=False, scope="any", acts=True)
async def sessions(ask: Ask, act: Annotated[str, "end: sign every browser out"] = "") -> Reply:
    """The browsers that are you now; /sessions end signs them all out."""
    if act not in ("", "end"):
        raise Refused(ask.say("Only 'end' can follow; found '{word}'.", word=act[:20]))
    if act == "end":
        ended = await ask.people.end_sessions(ask.person.id)
        return Reply(
            title=ask.say("Browsers signed out: {n}.", n=ended), tone=Tone.GOOD, data={"ended": ended}
        )
    found = await ask.people.open_sessions(ask.person.id)
    rows = tuple(
        Row(
            one.origin or "–",
            moment(one.since, ask.person.zone, ask.say),
            ask.say("last used {at}", at=moment(one.seen_at, ask.person.zone, ask.say)),
        )
        for one in found[:20]
    )
    return Reply(title=ask.say("Browsers that are you now: {n}", n=len(found)), rows=rows, data=found)


# --- approving for somebody else ----------------------------------------------------------------------------


async def _before_delegating(ask: Ask, words: str = "") -> Sure | None:
    if not words or words.lower().startswith("off "):
        return None
    name, _, cap, until = await _read(ask, words)
    return Sure(
        title=ask.say(
            "Let {name} approve orders up to {cap} each, until {until}?",
            name=name,
            cap=money(cap, _currency(ask)),
            until=moment(until, ask.person.zone, ask.say),
        ),
        text=ask.say(
            "For the account {account}. /delegate off {name} ends it.", account=ask.account, name=name
        ),
        yes=ask.say("Let them"),
    )


async def _hands_on(ask: Ask, words: str = "") -> bool:
    return bool(words) and not words.lower().startswith("off ")


@command(allow=OWNERS, confirm=_before_delegating, step_up=_hands_on)
async def delegate(
    ask: Ask,
    words: Annotated[str, Rest(), "PERSON up to 200000 KRW until Sunday; or off PERSON"] = "",
) -> Reply:
    """Let somebody approve orders for you, up to a sum and until a day."""
    if not words:
        return await _delegations(ask)
    if words.lower().startswith("off "):
        name, number = await _person(ask, words[4:].strip())
        if not await ask.people.end_delegation(number, ask.account):
            raise Refused(ask.say("{name} approves nothing for you.", name=name))
        return Reply(title=ask.say("{name} approves nothing for you any more.", name=name), tone=Tone.GOOD)
    name, number, cap, until = await _read(ask, words)
    await ask.people.delegate(ask.person, number, ask.account, cap, until)
    return Reply(
        title=ask.say(
            "{name} may approve orders up to {cap} each, until {until}.",
            name=name,
            cap=money(cap, _currency(ask)),
            until=moment(until, ask.person.zone, ask.say),
        ),
        tone=Tone.GOOD,
        data={"person": number, "account": ask.account, "cap": cap, "until": until},
    )


async def _delegations(ask: Ask) -> Reply:
    given = await ask.people.delegations(ask.account, ask.now)
    rows = tuple(
        Row(d.person.name, money(d.cap, _currency(ask)), moment(d.until, ask.person.zone, ask.say))
        for d in given
    )
    return Reply(
        title=ask.say("Approving orders of {account} for its owners: {n}", n=len(given), account=ask.account),
        rows=rows,
        data=[{"person": d.person.id, "cap": d.cap, "until": d.until} for d in given],
    )


async def _read(ask: Ask, words: str) -> tuple[str, int, Decimal, datetime]:
    found = _DELEGATION.fullmatch(words.strip())
    currency = _currency(ask)
    if found is None or not _AMOUNT.fullmatch(found["amount"]) or not Decimal(found["amount"]):
        raise Refused(
            ask.say("Write it so: /delegate PERSON up to 200 {currency} until Sunday", currency=currency)
        )
    if found["currency"] and found["currency"].upper() != currency:
        raise Refused(
            ask.say(
                "The account {account} counts in {currency}; found {found}.",
                account=ask.account,
                currency=currency,
                found=found["currency"].upper(),
            )
        )
    name, number = await _person(ask, found["who"])
    return name, number, Decimal(found["amount"]), _until(ask, found["until"])


def _currency(ask: Ask) -> str:
    return ask.trading.status(ask.account).currency


async def _person(ask: Ask, who: str) -> tuple[str, int]:
    """Somebody with a role on this account, by name or number."""
    word = who.lstrip("#").lower()
    known = [
        m.person for m in await ask.people.everybody() if not m.disabled and m.person.roles_on(ask.account)
    ]
    found = [p for p in known if str(p.id) == word] or [p for p in known if p.name.lower() == word]
    if len(found) != 1 or found[0].id == ask.person.id:
        raise Refused(
            ask.say("'{who}' is nobody else with a role on {account}.", who=who[:40], account=ask.account)
        )
    return found[0].name, found[0].id


def _until(ask: Ask, word: str) -> datetime:
    """The end of a day, on the person's calendar: `Sunday`, `2026-12-01`."""
    zone = ZoneInfo(ask.person.zone)
    today = ask.now.astimezone(zone).date()
    if word.lower() in DAYS:
        day = today + timedelta(days=(DAYS.index(word.lower()) - today.weekday()) % 7)
    else:
        try:
            day = datetime.fromisoformat(word).date()
        except ValueError:
            raise Refused(
                ask.say("Until when? Write Sunday or 2026-12-01; found '{word}'.", word=word[:20])
            ) from None
    end = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=1)
    if not ask.now < end <= ask.now + LONGEST + timedelta(days=1):
        raise Refused(
            ask.say(
                "A delegation lasts at most 30 days and ends in the future; found '{word}'.", word=word[:20]
            )
        )
    return end
