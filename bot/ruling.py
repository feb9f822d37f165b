"""Changes of who rules the desk: every owner hears of them when they are asked for, called off, and when they hold."""

from collections.abc import Callable, Collection

from bot.asking import Ask, PeopleBook
from bot.reply import Button, Reply, Tone
from bot.show import moment
from bot.steps import Tell
from bot.words import Words
from trading.domain.errors import Refused
from trading.domain.people import EVERY_ACCOUNT, Change, Person, Role

Word = Callable[[Change, Person, Words], Reply]


def shown(change: Change, person: Person, say: Words) -> str:
    """What will be, and when, for one reader."""
    at, where = moment(change.at, person.zone, say), change.account
    account = say("every account") if where == EVERY_ACCOUNT else where
    if change.act == "role" and change.role is not None:
        return say(
            "{name} becomes {role} of {account} on {at}",
            name=change.name,
            role=say(change.role),
            account=account,
            at=at,
        )
    if change.act == "drop":
        return say("{name} loses their roles on {account} on {at}", name=change.name, account=account, at=at)
    if change.act == "disable":
        return say("{name} is disabled on {at}", name=change.name, at=at)
    return say("{name} is let in again on {at}", name=change.name, at=at)


async def tend(people: PeopleBook, tell: Tell) -> None:
    """Tell of what was announced since the last look, and let hold what is due."""
    for change in await people.changes():
        if not change.told:
            await tell_owners(people, tell, change, _announced)
            await people.note_told(change)
    for change, reason in await people.ripen():
        await tell_owners(people, tell, change, _over(reason))


async def tell_owners(people: PeopleBook, tell: Tell, change: Change, word: Word) -> None:
    """Into the chats of everybody who owns the account it is about."""
    for owner in await people.owners(change.account):
        await tell(owner, word(change, owner, Words(owner.language)))


def _called_off(by: str) -> Word:
    """The message that it will not happen."""

    def word(change: Change, person: Person, say: Words) -> Reply:
        return Reply(
            title=say("Called off by {name}: {line}", name=by, line=shown(change, person, say)),
            tone=Tone.GOOD,
        )

    return word


def _announced(change: Change, person: Person, say: Words) -> Reply:
    return Reply(
        title=shown(change, person, say),
        text=say(
            "{name} asked for it. Until then every owner may call it off, here or with /people cancel {n}",
            name=change.by,
            n=change.id,
        ),
        buttons=((Button(say("Call it off"), f"/people cancel {change.id}", danger=True),),),
        tone=Tone.WARNING,
    )


def _over(reason: str) -> Word:
    """The message that it holds, or why it does not."""

    def word(change: Change, person: Person, say: Words) -> Reply:
        line = shown(change, person, say)
        if reason:
            title = say("It did not happen: {line}", line=line)
            return Reply(title=title, text=say.again(reason), tone=Tone.WARNING)
        return Reply(title=say("It holds now: {line}", line=line), tone=Tone.WARNING)

    return word


# --- in the chat of whoever asks ---------------------------------------------------------------------------


def announced(ask: Ask, change: Change) -> Reply:
    """What whoever asked for it hears."""
    return Reply(
        title=shown(change, ask.person, ask.say),
        text=ask.say(
            "Until then every owner may call it off, with /people cancel {n}. In the terminal of the desk's machine it "
            "would hold at once.",
            n=change.id,
        ),
        buttons=((Button(ask.say("Call it off"), f"/people cancel {change.id}"),),),
        tone=Tone.WARNING,
        data={"change": change.id, "act": change.act, "person": change.person_id, "at": change.at},
    )


async def call_off(ask: Ask, who: str) -> Reply:
    """For every owner of the account it is about; whoever is to lose their place there, too."""
    number = int(who) if who.isascii() and who.isdecimal() and len(who) < 10 else 0
    mine = await changes_on(ask, {Role.OWNER})
    if number not in {change.id for change in mine}:
        raise Refused(
            ask.say(
                "No change of yours to call off has the number '{who}'; /people lists them.", who=who[:20]
            )
        )
    change = await ask.people.call_off(number)
    if ask.steps.tell is not None:
        await tell_owners(ask.people, ask.steps.tell, change, _called_off(ask.person.name))
    return Reply(
        title=ask.say("Called off: {line}", line=shown(change, ask.person, ask.say)),
        tone=Tone.GOOD,
        data={"change": change.id},
    )


async def changes_on(ask: Ask, roles: Collection[Role]) -> list[Change]:
    """What waits on the accounts on which this person has one of these roles."""
    return [c for c in await ask.people.changes() if not ask.person.roles_on(c.account).isdisjoint(roles)]
