"""The one road from a line of text to its answers: who is it, what do they want, may they, do it, write it down."""

import asyncio
import re
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from bot.asking import Ask, Diary, Line, PeopleBook
from bot.leaks import KEPT_INSTEAD, leaked, without_keys
from bot.ops.pasted import is_pasted_key
from bot.ops.redact import redact
from bot.pace import LINES_AT_ONCE, LINES_PER_SECOND, MOST_SENDERS, Buckets
from bot.people import allowed
from bot.registry import Command, Sure, bind, nearest
from bot.reply import LONGEST_COMMAND, Button, Reply, Tone
from bot.steps import DIGITS, Steps, Waiting
from bot.strangers import REFUSAL, Strangers
from bot.words import Words
from charts.render import Studio
from trading.domain.audit import Actor
from trading.domain.errors import Refused, TradingError
from trading.domain.people import LOCAL, Person, Place
from trading.service import Trading

__all__ = ["REFUSAL", "Ask", "Diary", "Dispatcher", "Line", "PeopleBook"]

log = structlog.get_logger("dispatcher")

CODE = re.compile(
    r"[0-9A-Za-z]{5}-?[0-9A-Za-z]{5}-?[0-9A-Za-z]{5}"
)  # a pairing code, never to be written down
MARK = re.compile(
    r"!|![0-9a-z]{6}"
)  # a yes typed by hand, or a button's with its deadline; anything else is words
STALE_AFTER = timedelta(seconds=60)  # an acting line older than this is not obeyed (kill always is)
PATIENCE_SECONDS = 2.0  # how long a kill waits for the database to say that it is new
YES_FOR = timedelta(seconds=120)  # how long a confirmation button is good for
DIGITS_SENT = re.compile(r"\b[0-9]{6}\b", re.ASCII)  # a code of an authenticator, likewise
UNHURRIED = (LOCAL, "web")  # the terminal is one's own, and the web chat has a pace of its own


@dataclass(slots=True)
class Dispatcher:
    """Lines in, replies out. The only place that checks roles and the only one that audits commands."""

    commands: dict[str, Command]
    trading: Trading
    people: PeopleBook
    diary: Diary
    studio: Studio
    clock: Callable[[], datetime]
    paired: Callable[[Place], None] = lambda place: (
        None
    )  # hears of every chat that has just become somebody's
    newcomer: Callable[[], Awaitable[object]] | None = None  # brings up what an invitation has opened
    steps: Steps = field(init=False)
    _pace: Buckets = field(init=False)
    _strangers: Strangers = field(init=False)

    def __post_init__(self) -> None:
        self.steps = Steps(self.people, self.clock)
        self._pace = Buckets(LINES_AT_ONCE, LINES_PER_SECOND, self.clock, MOST_SENDERS)
        self._strangers = Strangers(self.clock)

    async def handle(self, line: Line) -> AsyncIterator[Reply]:
        """Every reply to one line, the last being the answer; nothing for a line seen before. Never raises."""
        line = replace(line, text=line.text.encode("utf-8", "replace").decode())  # no halves of letters
        person = await self._who(line.place)
        if is_pasted_key(line.text):
            if not self._stops(line):
                async for reply in self._leak(line, person):
                    yield reply
                return
            line = replace(line, text=without_keys(line.text))
        if person is None:
            async for reply in self._stranger(line):
                yield reply
            return
        if too_fast := self._too_fast(line, person):
            yield too_fast
            return
        unkept = None
        try:
            if line.update_id and not await self._first_time(line):
                return
        except TradingError as error:
            unkept = error
        async for reply in self._answer(line, person, unkept):
            yield reply

    def _stops(self, line: Line) -> bool:
        """Whether the line is one that is obeyed at any age and whatever else is wrong with it."""
        command = self.commands.get(_name(line.text))
        return command is not None and command.always

    async def _leak(self, line: Line, person: Person | None) -> AsyncIterator[Reply]:
        """A line with a key in it: neither obeyed nor written down, whoever sent it."""
        who = f"{line.place.platform}:{line.place.user_id}"
        if person is None and not self._strangers.worth_an_answer(who):
            return
        name, account = (person.name, person.account) if person else (who, None)
        await self._write_down(line, name, account, KEPT_INSTEAD, "refused: a key was pasted")
        say = Words(person.language if person else self.trading.settings.language)
        reply = leaked(say, line.place)
        yield self._signed(reply, person, line) if person else reply

    async def _who(self, place: Place) -> Person | None:
        """The person who speaks. One whose account has gone means another of theirs, with their roles there."""
        person = await self.people.find(place)
        if person is None or not person.any_roles:
            return None
        if person.account in self.trading.accounts:
            return person
        theirs = [name for name in self.trading.accounts if person.roles_on(name)]
        return person.on(theirs[0]) if theirs else person

    def _too_fast(self, line: Line, person: Person) -> Reply | None:
        """The refusal of a line that comes too fast; what stops things is never too fast."""
        command = self.commands.get(_name(line.text))
        if line.place.platform in UNHURRIED or (command is not None and command.always):
            return None
        wait = self._pace.wait(str(person.id))
        if not wait:
            return None
        say = Words(person.language)
        title = say("Too many lines at once; try again in {seconds} s.", seconds=f"{wait:.0f}")
        return Reply(title=title, tone=Tone.WARNING, failed=True)

    async def _answer(
        self, line: Line, person: Person, unkept: TradingError | None = None, behind: Waiting | None = None
    ) -> AsyncIterator[Reply]:
        say, outcome = Words(person.language), "done"
        self.diary.act_for(Actor(person=person.name, place=line.place.address, account=person.account))
        try:
            async for reply in self._obey(line, person, unkept, behind):
                outcome = "refused" if reply.failed else "done"
                yield self._signed(reply, person, line)
        except Refused as refused:
            outcome = f"refused: {refused.tell}"
            yield self._signed(
                Reply(title=say.again(refused.tell), tone=Tone.WARNING, failed=True), person, line
            )
        except TradingError as error:
            outcome = f"failed: {error.tell}"
            yield self._signed(
                Reply(title=say.again(error.tell), tone=Tone.DANGER, failed=True), person, line
            )
        except Exception as error:
            log.exception("command_failed", line=_unsaid(line.text))
            outcome = f"failed: {type(error).__name__}"
            yield self._signed(_sorry(say), person, line)
        finally:
            self.diary.act_for(None)
            agreed = f" (agreed to by {behind.agreed_by})" if behind and behind.agreed_by else ""
            await self._write_down(line, person.name, person.account, line.text, outcome + agreed)

    async def go_on(self, waiting: Waiting, asker: Person) -> AsyncIterator[Reply]:
        """Do what waited, as the person who asked for it, where they meant it and with the rights they have there now;
        told to `asker`."""
        person = await self.people.person(waiting.person_id)
        if person is None:
            say = Words(asker.language)
            raise Refused(say("Whoever asked for this is nobody here any more."))
        told = replace(person.on(waiting.meant), language=asker.language, zone=asker.zone)
        async for reply in self._answer(waiting.line, told, behind=waiting):
            yield reply

    async def _first_time(self, line: Line) -> bool:
        """Whether this update is new. What stops things does not wait for a database that hangs."""
        command = self.commands.get(_name(line.text))
        asking = self.diary.first_time(line.place.platform, line.update_id or "")
        if command is None or not command.always:
            return await asking
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await asking
        except TimeoutError:
            return True

    async def _obey(
        self, line: Line, person: Person, unkept: TradingError | None = None, behind: Waiting | None = None
    ) -> AsyncIterator[Reply]:
        """`unkept`: why the line could not be remembered. Then only what shows and what stops is obeyed.
        `behind`: the steps that a line which raises risk has behind it."""
        say = Words(person.language)
        command, words, yes = self._understand(line, person, say)
        if command.terminal_only and line.place.platform != "terminal":
            raise Refused(say("/{name} works in the terminal only: python main.py {name}", name=command.name))
        self._refuse_if_stale(command, line, say)
        if unkept is not None and command.acts and not command.always:
            raise unkept
        arguments = bind(command, words)
        ask = Ask(
            trading=self.trading,
            person=person,
            place=line.place,
            say=say,
            now=self.clock(),
            commands=self.commands,
            studio=self.studio,
            people=self.people,
            steps=self.steps,
            go_on=lambda waiting: self.go_on(waiting, person),
            line=line.text,
            secrets=line.secrets,
            pictures=line.pictures,
        )
        if command.confirm is not None and not yes and (sure := await command.confirm(ask, **arguments)):
            yield self._ask_first(command, sure, line, say)
            return
        if command.step_up and (missing := await self.steps.missing(command, ask, arguments, line, behind)):
            yield missing
            return
        answer = command.run(ask, **arguments)
        if isinstance(answer, AsyncIterator):
            async for reply in answer:
                yield reply
            return
        yield await answer

    def _understand(self, line: Line, person: Person, say: Words) -> tuple[Command, list[str], bool]:
        words = _words(line.text)
        if not words:
            raise Refused(say("Send a command, for instance /status. /help lists them all."))
        name = words[0].lstrip("/").partition("@")[0].rstrip("!").lower()
        if DIGITS.fullmatch(line.text.strip()) and self.steps.waits_for_digits(person, line.place):
            name, words = "code", ["/code", *words]
        known = allowed(person, self.commands)
        two = f"{name}-{words[1].rstrip('!').lower()}" if len(words) > 1 else ""
        if two in known:  # /keys add is /keys-add
            name, words = two, [f"{words[0]}-{words[1]}", *words[2:]]
        command = known.get(name)
        if command is None:
            near = nearest(name, known)
            hint = say(" Did you mean /{near}?", near=near) if near else ""
            raise Refused(
                say(
                    "There is no command /{name} for you.{hint} /help lists what there is.",
                    name=name,
                    hint=hint,
                )
            )
        rest = words[1:]
        if words[0].endswith("!"):
            return command, rest, True
        if rest and MARK.fullmatch(rest[-1]):
            return command, rest[:-1], self._is_yes(command, rest[-1], say)
        return command, rest, False

    def _is_yes(self, command: Command, word: str, say: Words) -> bool:
        """`!` typed by hand is a yes; a button's yes carries its deadline and lapses."""
        if word == "!":
            return True
        deadline = int(word[1:], 36)
        if self.clock().timestamp() > deadline and not command.always:
            raise Refused(
                say("This button has expired, so nothing was done. Send /{name} again.", name=command.name)
            )
        return True

    def _refuse_if_stale(self, command: Command, line: Line, say: Words) -> None:
        if not command.acts or command.always or line.sent_at is None:
            return
        age = self.clock() - line.sent_at
        if age > STALE_AFTER:
            minutes = int(age.total_seconds() // 60)
            raise Refused(
                say(
                    "This line is {minutes} min old, so it was not obeyed. Send /{name} again if you still want it.",
                    minutes=minutes,
                    name=command.name,
                )
            )

    def _ask_first(self, command: Command, sure: Sure, line: Line, say: Words) -> Reply:
        mark = f" !{_base36(int((self.clock() + YES_FOR).timestamp()))}"
        asked = f"/{line.text.strip().lstrip('/')}"
        room = LONGEST_COMMAND - len(mark)
        if len(asked.encode()) > room:
            if not (command.parameters and command.parameters[-1].rest):
                raise Refused(
                    say("This line is too long for a button. Send it again with ! at its end to confirm it.")
                )
            asked = " ".join(_words(asked))  # without quotes: a cut would leave half of them
        # Of a long reason, the beginning is kept.
        yes = asked.encode()[:room].decode(errors="ignore").rstrip() + mark
        lapses = say("The button works for {seconds} s.", seconds=int(YES_FOR.total_seconds()))
        return Reply(
            title=sure.title,
            text=f"{sure.text}\n{lapses}",
            buttons=((Button(sure.yes, yes, danger=True), replace(sure.no, label=say(sure.no.label))),),
            tone=Tone.WARNING,
            data={"confirm": yes},
        )

    async def _stranger(self, line: Line) -> AsyncIterator[Reply]:
        """A code makes the sender somebody; everything else gets the same short answer, once a minute."""
        place, words = line.place, line.text.split()
        if len(words) == 2 and words[0].lower() == "/start" and place.private:
            person = await self._paired(line, words[1])
            await self._note_stranger(line, "paired" if person else "wrong pairing code", person is not None)
            if person is not None:
                self.paired(place)
                async for reply in self._obey(replace(line, text="/start"), person):
                    yield self._signed(reply, person, line)
                return
        if not self._strangers.worth_an_answer(f"{place.platform}:{place.user_id}"):
            return
        if words[:1] != ["/start"]:
            await self._note_stranger(line, "refused: unknown person")
        yield Reply(title=Words(self.trading.settings.language)(REFUSAL), failed=True)

    async def _paired(self, line: Line, code: str) -> Person | None:
        try:
            person = await self.people.pair(line.place, line.name, code)
            if person is not None and self.newcomer is not None:
                await self.newcomer()
            return person
        except TradingError as error:
            log.error("not_paired", place=line.place.address, reason=error.tell)
            return None

    async def _note_stranger(self, line: Line, outcome: str, always: bool = False) -> None:
        if not always and not self._strangers.worth_writing_down():
            return
        user = f"{line.place.platform}:{line.place.user_id}"
        command = line.text.split()[0][:40] if line.text.split() else ""
        await self._write_down(line, user, None, command, outcome)

    async def _write_down(
        self, line: Line, person: str, account: str | None, text: str, outcome: str
    ) -> None:
        """Into the audit. A disk that takes no more must not spoil an answer: the log has it then."""
        try:
            await self.diary.audit(
                at=self.clock(),
                person=person,
                place=line.place.address,
                account=account,
                line=_unsaid(text),
                outcome=redact(outcome),
            )
        except TradingError as error:
            log.error("not_audited", person=person, line=_unsaid(text), outcome=outcome, reason=error.tell)

    def _signed(self, reply: Reply, person: Person, line: Line) -> Reply:
        """Every message names mode and account, in the same spot, and offers only what its reader may press."""
        mine = allowed(person, self.commands)
        rows = [
            tuple(b for b in row if (name := _name(b.command)) in mine or name not in self.commands)
            for row in reply.buttons
        ]
        reply = replace(reply, buttons=tuple(row for row in rows if row))
        return reply if reply.header else replace(reply, header=self.trading.header(person.account))


def _name(text: str) -> str:
    """The command a line seems to be for."""
    words = text.split(maxsplit=1)
    return words[0].lstrip("/").rstrip("!").lower() if words else ""


def _unsaid(text: str) -> str:
    """A line as it may be written down: without codes that make somebody somebody."""
    text = redact(CODE.sub("…", text))
    is_secret = _name(text) in ("code", "totp") or DIGITS.fullmatch(text.strip())
    return DIGITS_SENT.sub("…", text) if is_secret else text


def _words(text: str) -> list[str]:
    """The words of a line; what is quoted is one word."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _sorry(say: Words) -> Reply:
    return Reply(
        title=say("That did not work, and it is our fault."),
        text=say("Nothing was changed by it. Positions are as /status shows them; /logs has the details."),
        tone=Tone.DANGER,
        failed=True,
    )


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = digits[digit] + text
    return text or "0"
