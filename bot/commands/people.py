"""Other people: inviting them, what they may, and whom the desk does not know any more."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from bot.dispatcher import Ask
from bot.people import OWNERS
from bot.registry import Sure, command
from bot.reply import Button, Reply, Row, Tone
from bot.ruling import announced, call_off, changes_on, shown
from bot.words import Words
from trading.domain.errors import Refused
from trading.domain.people import (
    EVERY_ACCOUNT,
    INVITED,
    LOCAL,
    OWN_ACCOUNT,
    RULING,
    Member,
    Person,
    Role,
    changes_ruling,
    may_give,
)

INVITERS = frozenset({Role.OWNER, Role.ADMIN})
KEEPERS = INVITERS | {Role.AUDITOR}
WHOLE = ("disable", "enable", "link")  # acts that are about a person as a whole
LONGEST = timedelta(days=30)
LINK_LASTS = timedelta(days=1)
MOST_ROWS = 30
_LENGTH = re.compile(r"([0-9]{1,4})([hd])", re.ASCII)

Given = Annotated[Role, "owner, admin, trader, approver, viewer or auditor"]
Accounts = Annotated[
    str, "names with commas, all, or own (a fresh paper account of theirs); left out: this one"
]
Act = Annotated[
    Literal["list", "role", "drop", "disable", "enable", "link", "cancel"],
    "list, role, drop, disable, enable, link (lets them in again) or cancel",
]


async def _before_inviting(ask: Ask, role: Role, accounts: str = "", for_: str = "7d") -> Sure:
    if not ask.place.private:
        raise Refused(ask.say("An invitation is a key to the desk; ask for it in a private chat."))
    where = _accounts(ask, role, accounts)
    length(ask, for_)
    return Sure(
        title=ask.say("Invite a {role}: {accounts}?", role=ask.say(role), accounts=_shown(ask, where)),
        text=ask.say("Whoever sends the code first becomes that person; it works once."),
        yes=ask.say("Make the code"),
        no=Button("Leave it", "/people"),
    )


async def _rules(ask: Ask, role: Role, accounts: str = "", for_: str = "7d") -> bool:
    return role in RULING and accounts != "own"


@command(
    allow=INVITERS,
    needs_account=False,
    scope="any",
    confirm=_before_inviting,
    step_up=True,
    two_persons=_rules,
)
async def invite(
    ask: Ask,
    role: Given,
    accounts: Accounts = "",
    *,
    for_: Annotated[str, "how long the code is good: 12h, 7d"] = "7d",
) -> Reply:
    """A one-time code that makes somebody a person with this role on these accounts."""
    if not ask.place.private:
        raise Refused(ask.say("An invitation is a key to the desk; ask for it in a private chat."))
    where, lasts = _accounts(ask, role, accounts), length(ask, for_)
    code = await ask.people.new_code(None, {role}, lasts, accounts=where, origin=ask.place.platform)
    text = ask.say(
        "They send it to the bot in a private chat: /start {code}\n"
        "It works once, for {length}, and makes them {role}: {accounts}.",
        code=code,
        length=for_,
        role=ask.say(role),
        accounts=_shown(ask, where),
    )
    if role in RULING and where != [OWN_ACCOUNT] and ask.place.platform != LOCAL:
        text += "\n" + ask.say(
            "For their first 24 hours they only look on; every owner is told, and may call it off until then."
        )
    return Reply(
        title=ask.say("Their code: {code}", code=code),
        text=text,
        tone=Tone.GOOD,
        once=True,
        data={"code": code, "role": role, "accounts": where},
    )


def _accounts(ask: Ask, role: Role, text: str) -> list[str]:
    """The accounts an invitation names, each of which this person may give the role on."""
    if text == "own":
        if Role.OWNER not in ask.person.house_roles:
            raise Refused(
                ask.say("Only an owner of the whole desk lets people open an account of their own.")
            )
        return [OWN_ACCOUNT]
    named = [EVERY_ACCOUNT] if text == "all" else [part.strip() for part in text.split(",") if part.strip()]
    named = named or [ask.account]
    for name in named:
        known = name == EVERY_ACCOUNT or name in ask.trading.accounts
        if not known or not may_give(ask.person, role, name):
            raise Refused(
                ask.say(
                    "You cannot give the role {role} on '{name}'.",
                    role=ask.say(role),
                    name=ask.say("every account") if name == EVERY_ACCOUNT else name[:40],
                )
            )
    return list(dict.fromkeys(named))


def length(ask: Ask, text: str) -> timedelta:
    """`12h`, `7d`; at most 30 days."""
    found = _LENGTH.fullmatch(text)
    lasts = timedelta(**{{"h": "hours", "d": "days"}[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < lasts <= LONGEST:
        raise Refused(ask.say("A length is written 12h or 7d, at most 30d; found '{text}'.", text=text[:20]))
    return lasts


def _shown(ask: Ask, accounts: list[str]) -> str:
    names = {EVERY_ACCOUNT: ask.say("every account"), OWN_ACCOUNT: ask.say("a paper account of their own")}
    return ", ".join(names.get(name, name) for name in accounts)


# --- who there is -------------------------------------------------------------------------------------------


async def _before_people(
    ask: Ask, act: str = "list", who: str = "", role: Role | None = None, account: str = ""
) -> Sure | None:
    if act in ("list", "cancel"):
        return None
    member = await _found(ask, who)
    _check(ask, act, member, role, account)
    name, where = member.person.name, account or ask.account
    if act == "role" and role is not None:
        title = ask.say(
            "Make {name} {role}: {account}?",
            name=name,
            role=ask.say(role),
            account=_shown(ask, [_name(where)]),
        )
    elif act == "drop":
        title = ask.say(
            "Take {name}'s roles away: {account}?", name=name, account=_shown(ask, [_name(where)])
        )
    elif act == "disable":
        title = ask.say("Disable {name}?", name=name)
    elif act == "link":
        return Sure(
            title=ask.say("Make a new way in for {name}?", name=name),
            text=ask.say("Whoever has its code is {name}; it works once. {name} is told.", name=name),
            yes=ask.say("Make the code"),
            no=Button("Leave it", "/people"),
        )
    else:
        title = ask.say("Let {name} in again?", name=name)
    text = ask.say("It holds from their next message on, in every chat and browser.")
    if _waits(ask, act, member, role, account):
        text = ask.say("It holds in 24 hours. Every owner is told now, and may call it off until then.")
    return Sure(
        title=title,
        text=text,
        yes=ask.say("Do it"),
        no=Button("Leave it", "/people"),
    )


async def _raises(
    ask: Ask, act: str = "list", who: str = "", role: Role | None = None, account: str = ""
) -> bool:
    """What lets people do more, and what takes an owner's place away; any other taking away is never slowed."""
    if act in ("list", "cancel"):
        return False
    return act in ("role", "enable", "link") or _waits(ask, act, await _found(ask, who), role, account)


async def _raises_rulers(
    ask: Ask, act: str = "list", who: str = "", role: Role | None = None, account: str = ""
) -> bool:
    return act == "role" and role in RULING


@command(
    allow=KEEPERS,
    needs_account=False,
    scope="any",
    confirm=_before_people,
    step_up=_raises,
    two_persons=_raises_rulers,
)
async def people(
    ask: Ask,
    act: Act = "list",
    who: Annotated[str, "their name or number"] = "",
    role: Annotated[Role | None, "the role they get"] = None,
    account: Annotated[str, "on which account, or all; left out: this one"] = "",
) -> Reply:
    """Everybody who may do something here: list, give or drop a role, disable, enable, let in again."""
    if act == "list":
        return await _listed(ask)
    if act == "cancel":
        return await call_off(ask, who)
    member = await _found(ask, who)
    _check(ask, act, member, role, account)
    if act == "link":
        return await _new_way_in(ask, member.person)
    number, where = member.person.id, _where(ask, act, account)
    if _waits(ask, act, member, role, account):
        return announced(ask, await ask.people.announce(ask.person, act, number, where, role))
    match act:
        case "role" if role is not None:
            await ask.people.give(number, where, role)
        case "drop":
            await ask.people.take_away(number, where)
        case "disable":
            await ask.people.disable(number)
        case _:
            await ask.people.enable(number)
    voids = act == "disable" or (act in ("role", "drop") and _ceases_to_rule(member, where, role))
    text = ask.say("Unused invitations are void now, too.") if voids else ""
    return Reply(
        title=ask.say("Done; it holds from {name}'s next message on.", name=member.person.name),
        text=text,
        buttons=((Button(ask.say("People"), "/people"),),),
        tone=Tone.GOOD,
        data={"act": act, "person": number, "role": role, "account": where},
    )


async def _new_way_in(ask: Ask, person: Person) -> Reply:
    """A code for somebody whose browser was their only chat, and has forgotten them."""
    code = await ask.people.new_code(person.id, (), LINK_LASTS, origin=INVITED)
    if ask.steps.tell is not None:
        say = Words(person.language)
        told = Reply(
            title=say("{name} made a new way in for you; its code works once.", name=ask.person.name),
            text=say("If you did not ask for it, tell them; /sessions shows which browsers are you."),
            tone=Tone.WARNING,
        )
        await ask.steps.tell(person, told)
    text = ask.say(
        "They put it in on the desk's page, or send it to the bot in a private chat: /start {code}\n"
        "It works once, within a day.",
        code=code,
    )
    if home := ask.trading.settings.web.public_url.rstrip("/"):
        text += "\n" + ask.say("As a link: {link}", link=f"{home}/enter/{code}")
    return Reply(
        title=ask.say("A new way in for {name}: {code}", name=person.name, code=code),
        text=text,
        tone=Tone.GOOD,
        once=True,
        data={"code": code, "person": person.id},
    )


def _ceases_to_rule(member: Member, account: str, role: Role | None) -> bool:
    return any(where == account and had in RULING and had is not role for where, had in member.person.grants)


def _waits(ask: Ask, act: str, member: Member, role: Role | None, account: str) -> bool:
    """Whether it changes who rules, and is asked for anywhere but in the terminal of the desk's own machine."""
    where = _where(ask, act, account)
    return ask.place.platform != LOCAL and changes_ruling(act, member.person.grants, where, role)


def _where(ask: Ask, act: str, account: str) -> str:
    """What an act is about: a person as a whole is everybody's business who owns the house."""
    return EVERY_ACCOUNT if act in WHOLE else _name(account or ask.account)


async def _listed(ask: Ask) -> Reply:
    members = await _seen(ask)
    changes = await changes_on(ask, KEEPERS)
    rows = tuple(
        Row(
            f"#{m.person.id} {m.person.name}",
            ask.say("disabled") if m.disabled else _roles(ask, m),
            ", ".join(m.platforms),
        )
        for m in members[:MOST_ROWS]
    )
    more = len(members) - len(rows)
    lines = [ask.say("and {n} more", n=more)] if more else []
    lines += [
        ask.say("Waits: {line} (/people cancel {n})", line=shown(c, ask.person, ask.say), n=c.id)
        for c in changes
    ]
    return Reply(
        title=ask.say("People: {n}", n=len(members)),
        text="\n".join(lines),
        rows=rows,
        data=[
            {
                "id": m.person.id,
                "name": m.person.name,
                "grants": sorted((a, str(r)) for a, r in m.person.grants),
                "platforms": m.platforms,
                "disabled": m.disabled,
            }
            for m in members
        ],
    )


def _roles(ask: Ask, member: Member) -> str:
    grants = sorted(member.person.grants)
    return ", ".join(f"{ask.say(role)} ({_shown(ask, [account])})" for account, role in grants)


async def _seen(ask: Ask) -> list[Member]:
    """Whoever looks after the house sees everybody; others see those who share an account they look after."""
    everybody = await ask.people.everybody()
    if KEEPERS & ask.person.house_roles:
        return everybody
    mine = set(ask.mine(KEEPERS))
    return [m for m in everybody if mine & {account for account, _ in m.person.grants}]


async def _found(ask: Ask, who: str) -> Member:
    word = who.lstrip("#").lower()
    seen = await _seen(ask)
    found = [m for m in seen if str(m.person.id) == word] or [
        m for m in seen if m.person.name.lower() == word
    ]
    if len(found) != 1:
        raise Refused(
            ask.say(
                "There are {n} persons called '{who}'; /people has their numbers.", n=len(found), who=who[:40]
            )
        )
    return found[0]


def _name(account: str) -> str:
    return EVERY_ACCOUNT if account == "all" else account


def _check(ask: Ask, act: str, member: Member, role: Role | None, account: str) -> None:
    """Refuse what this person may not do to that one."""
    where, person = _name(account or ask.account), member.person
    if where != EVERY_ACCOUNT and where not in ask.trading.accounts:
        raise Refused(ask.say("There is no account '{name}' for you.", name=where[:40]))
    if act == "role" and role is None:
        raise Refused(ask.say("Say which role: /people role NAME viewer"))
    if act in WHOLE:
        touched, level = set(person.grants), EVERY_ACCOUNT
    else:
        touched, level = {(a, r) for a, r in person.grants if a == where}, where
    given = {r for _, r in touched} | ({role} if act == "role" and role else set())
    if not all(may_give(ask.person, one, level) for one in given) or not INVITERS & ask.person.roles_on(
        level
    ):
        raise Refused(ask.say("That is for those who may give {name} these roles.", name=person.name))
    if act == "link" and not ask.place.private:
        raise Refused(ask.say("A way in is a key to the desk; ask for it in a private chat."))
    if act == "link" and ask.place.platform != LOCAL and RULING & person.any_roles:
        raise Refused(
            ask.say(
                "{name} rules here, so their new way in is made at the desk's own machine only: "
                "python main.py people link {name}",
                name=person.name,
            )
        )
    if person.id == ask.person.id and OWNERS & {r for _, r in touched} and act not in ("role", "link"):
        raise Refused(ask.say("You cannot take your own ownership away; another owner can."))
