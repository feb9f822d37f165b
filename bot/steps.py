"""The steps between a yes and the deed where it raises risk: the person's authenticator, and a second person."""

import re
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.asking import Ask, Line, PeopleBook
from bot.registry import Command, Raises
from bot.reply import Button, Reply, Tone
from bot.words import Words
from trading.domain.errors import Refused
from trading.domain.people import EVERY_ACCOUNT, LOCAL, Person, Place, Role

CODE_FOR = timedelta(seconds=120)  # how long a yes waits for the digits
SECOND_FOR = timedelta(minutes=15)  # how long it waits for the second person
DIGITS = re.compile(r"[0-9]{6}", re.ASCII)
_MOST_WAITING = 1000
MARK_AT_END = re.compile(r"\s+!([0-9a-z]{6})?$")

Tell = Callable[[Person, Reply], Awaitable[None]]  # into the private chats of a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A line somebody said yes to, and which steps it has behind it. Nothing of it outlives this run."""

    line: Line
    person_id: int
    account: str  # whose owners are asked
    meant: str  # the account whoever asked meant then: it is done there, wherever they have gone since
    until: datetime
    proven: bool = False  # the person showed their second factor, or sits at this machine
    agreed_by: str | None = None  # the second person's name


@dataclass(slots=True)
class Steps:
    """Asks for what is missing, and knows what waits for it."""

    people: PeopleBook
    clock: Callable[[], datetime]
    tell: Tell | None = None
    _for_digits: OrderedDict[tuple[int, str], Waiting] = field(default_factory=OrderedDict)
    _for_second: OrderedDict[str, Waiting] = field(default_factory=OrderedDict)

    async def missing(
        self, command: Command, ask: Ask, arguments: dict[str, Any], line: Line, behind: Waiting | None
    ) -> Reply | None:
        """What still has to happen before this line is obeyed, as a reply; None when nothing. May raise Refused."""
        if not await _says_so(command.step_up, ask, arguments):
            return None
        whole = command.scope != "account" and ask.person.house_roles
        account = EVERY_ACCOUNT if whole else ask.account
        waiting = behind or Waiting(
            line=_again(line),
            person_id=ask.person.id,
            account=account,
            meant=ask.account,
            until=self.clock() + CODE_FOR,
        )
        if not waiting.proven and not await self._is_proof_enough(ask):
            return self._ask_for_digits(waiting, ask)
        if waiting.agreed_by is None and await _says_so(command.two_persons, ask, arguments):
            return await self._ask_a_second(replace(waiting, proven=True), ask)
        return None

    async def _is_proof_enough(self, ask: Ask) -> bool:
        """Whether the place itself is the second step. Raises Refused where there is none at all."""
        if ask.place.platform == LOCAL:
            return True  # whoever has this machine's terminal has the database, too
        if await self.people.has_factor(ask.person.id):
            return False
        if ask.place.local:
            return True
        raise Refused(
            ask.say(
                "This raises risk, so a yes from this chat alone is not enough. Do it in the terminal of the desk's "
                "machine or in the web chat opened from there; or set up a second factor there with /totp."
            )
        )

    def _ask_for_digits(self, waiting: Waiting, ask: Ask) -> Reply:
        """Digits say yes to one line. Raises Refused when another one waits: they might be meant for either."""
        key = (ask.person.id, ask.place.address)
        before = self._for_digits.pop(key, None)
        if before is not None and before.until >= self.clock() and before.line.text != waiting.line.text:
            raise Refused(
                ask.say(
                    "Two lines wait for a code here, so neither is done: {one} and {other}. "
                    "Send the one you mean again; if the other is not yours, somebody else is in this chat.",
                    one=_shown(before.line),
                    other=_shown(waiting.line),
                )
            )
        _put(self._for_digits, key, waiting)
        return Reply(
            title=ask.say("One more step: your second factor."),
            text=ask.say(
                "For {line}: send the six digits that your authenticator shows for Tradewind, here and within "
                "{seconds} s. Nothing has been done yet.",
                line=_shown(waiting.line),
                seconds=int(CODE_FOR.total_seconds()),
            ),
            tone=Tone.WARNING,
            data={"needs": "code"},
        )

    def waits_for_digits(self, person: Person, place: Place) -> bool:
        """Whether six digits in this chat would be a code."""
        waiting = self._for_digits.get((person.id, place.address))
        return waiting is not None and waiting.until >= self.clock()

    async def prove(self, ask: Ask, digits: str) -> Waiting:
        """What waited for these digits, one step further. Raises Refused when nothing does or they are wrong."""
        key = (ask.person.id, ask.place.address)
        if not self.waits_for_digits(ask.person, ask.place):
            self._for_digits.pop(key, None)
            raise Refused(ask.say("Nothing waits for a code here. Send the command first."))
        if not await self.people.use_factor(ask.person.id, digits):
            raise Refused(
                ask.say(
                    "This code is not good. Wait for the next one your authenticator shows and send that."
                )
            )
        waiting = self._for_digits.pop(key, None)
        if waiting is None:
            raise Refused(ask.say("Nothing waits for a code here. Send the command first."))
        return replace(waiting, proven=True)

    # --- the second person ----------------------------------------------------------------------------------

    async def _ask_a_second(self, waiting: Waiting, ask: Ask) -> Reply | None:
        """None where there is no second owner to ask."""
        owners = await self.people.owners(waiting.account)
        if (
            Role.OWNER not in ask.person.house_roles
        ):  # who owns the desk need not look after everybody's own account
            owners = [o for o in owners if (waiting.account, Role.OWNER) in o.grants]
        others = [o for o in owners if o.id != ask.person.id]
        if not others:
            return None
        word, until = secrets.token_hex(3), self.clock() + SECOND_FOR
        _put(self._for_second, word, replace(waiting, until=until))
        minutes = int(SECOND_FOR.total_seconds() // 60)
        for owner in others if self.tell is not None else ():
            say = Words(owner.language)
            asked = Reply(
                title=say(
                    "{name} asks you to agree: {line}", name=ask.person.name, line=_shown(waiting.line)
                ),
                text=say(
                    "Without a second owner nothing happens. It lapses in {minutes} min.", minutes=minutes
                ),
                buttons=((Button(say("Look at it"), f"/agree {word}"), Button(say("Status"), "/status")),),
                tone=Tone.WARNING,
            )
            assert self.tell is not None
            await self.tell(owner, asked)
        return Reply(
            title=ask.say("A second owner must agree; nothing has been done yet."),
            text=ask.say(
                "{names} can, within {minutes} min, with: /agree {word}",
                names=", ".join(owner.name for owner in others),
                minutes=minutes,
                word=word,
            ),
            tone=Tone.WARNING,
            data={"needs": "second person", "agree": f"/agree {word}"},
        )

    def asked_of(self, ask: Ask, word: str) -> Waiting:
        """What this person is asked to agree to. Raises Refused when it is nothing, or not for them."""
        waiting = self._for_second.get(word.lower())
        if waiting is None or waiting.until < self.clock():
            raise Refused(ask.say("Nothing waits under '{word}': it was done, or has lapsed.", word=word))
        if waiting.person_id == ask.person.id:
            raise Refused(ask.say("It takes two: somebody else must agree to what you asked for."))
        if Role.OWNER not in ask.person.roles_on(waiting.account):
            raise Refused(ask.say("Nothing waits under '{word}': it was done, or has lapsed.", word=word))
        return waiting

    def agree(self, ask: Ask, word: str) -> Waiting:
        """Take what waited, agreed to by this person; once."""
        waiting = self.asked_of(ask, word)
        self._for_second.pop(word.lower(), None)
        return replace(waiting, agreed_by=ask.person.name)


async def _says_so(rule: bool | Raises, ask: Ask, arguments: dict[str, Any]) -> bool:
    return rule if isinstance(rule, bool) else await rule(ask, **arguments)


def _again(line: Line) -> Line:
    """The same line with a yes that does not lapse: the steps have times of their own."""
    text = MARK_AT_END.sub("", line.text.rstrip())
    first, _, rest = text.partition(" ")
    return replace(line, text=f"{first.rstrip('!')} {rest}".rstrip() + " !", sent_at=None, update_id=None)


def _shown(line: Line) -> str:
    return MARK_AT_END.sub("", line.text)


def _put(waiting: OrderedDict[Any, Waiting], key: Any, one: Waiting) -> None:
    waiting[key] = one
    waiting.move_to_end(key)
    while len(waiting) > _MOST_WAITING:
        waiting.popitem(last=False)
