"""The one road from a line of text to its answers: who is it, what do they want, may they, do it, write it down."""

import asyncio
import re
import shlex
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.registry import Command, Sure, bind, nearest
from bot.reply import LONGEST_COMMAND, Button, Reply, Tone
from bot.words import Words
from charts.render import Studio
from trading.domain.errors import Refused, TradingError
from trading.domain.people import Person, Place, Role
from trading.service import Trading

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
REFUSAL = "This desk is private. If it is yours, send /start and the pairing code from its terminal."


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line somebody typed, or a button somebody pressed, on any platform."""

    text: str
    place: Place
    name: str  # how the platform calls the person; shown, never trusted
    update_id: str | None  # the platform's id of this very message or press; acted on once
    sent_at: datetime | None  # by the platform's clock; None when it does not say (button presses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a command is given."""

    trading: Trading
    person: Person
    place: Place
    say: Words
    now: datetime
    commands: dict[str, Command]
    studio: Studio
    people: "PeopleBook"
    line: str

    @property
    def account(self) -> str:
        return self.person.account


class PeopleBook(Protocol):
    """Who is who, as the dispatcher needs it; kept by trading/store/people.py."""

    async def find(self, place: Place) -> Person | None:
        """The person behind a platform id, or None."""

    async def pair(self, place: Place, name: str, code: str) -> Person | None:
        """Use up a pairing code and link this platform id to its person; None when the code is not good."""

    async def new_code(self, person_id: int | None, roles: Collection[Role], valid_for: timedelta) -> str:
        """A code that works once: another chat for this person, or a new person with these roles."""

    async def chat_topics(self, address: str, account: str = "*") -> set[str]:
        """What a chat wants to hear."""

    async def subscribe(self, address: str, person_id: int, account: str, topics: set[str]) -> None:
        """From now on the chat hears these topics."""

    async def set_language(self, person_id: int, language: str) -> Person:
        """Raises Refused for a language there is not."""

    async def set_zone(self, person_id: int, zone: str) -> Person:
        """Raises Refused for a zone there is not."""


class Diary(Protocol):
    """What the dispatcher writes down; kept by the store."""

    async def first_time(self, platform: str, update_id: str) -> bool:
        """Remember an update; False when it was seen before."""

    async def audit(
        self, *, at: datetime, person: str, place: str, account: str | None, line: str, outcome: str
    ) -> None:
        """Who asked for what, where, and what came of it."""


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
    _told: dict[str, datetime] = field(default_factory=dict)

    async def handle(self, line: Line) -> AsyncIterator[Reply]:
        """Every reply to one line, the last being the answer; nothing for a line seen before. Never raises."""
        place, unkept = line.place, None
        try:
            if line.update_id and not await self._first_time(line):
                return
        except TradingError as error:
            unkept = error
        person = await self.people.find(place)
        if person is not None and person.account not in self.trading.accounts:
            person = replace(person, account=self.trading.accounts[0])  # theirs has left the settings
        if person is None:
            async for reply in self._stranger(line):
                yield reply
            return
        say, outcome = Words(person.language), "done"
        try:
            async for reply in self._obey(line, person, unkept):
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
            log.exception("command_failed", line=line.text)
            outcome = f"failed: {type(error).__name__}"
            yield self._signed(_sorry(say), person, line)
        finally:
            await self._write_down(line, person.name, person.account, line.text, outcome)

    async def _first_time(self, line: Line) -> bool:
        """Whether this update is new. What stops things does not wait for a database that hangs."""
        name = line.text.lstrip("/").split(maxsplit=1)[0].rstrip("!").lower() if line.text.split() else ""
        command = self.commands.get(name)
        asking = self.diary.first_time(line.place.platform, line.update_id or "")
        if command is None or not command.always:
            return await asking
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await asking
        except TimeoutError:
            return True

    async def _obey(
        self, line: Line, person: Person, unkept: TradingError | None = None
    ) -> AsyncIterator[Reply]:
        """`unkept`: why the line could not be remembered. Then only what shows and what stops is obeyed."""
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
            line=line.text,
        )
        if command.confirm is not None and not yes:
            yield self._ask_first(command, await command.confirm(ask, **arguments), line, say)
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
        allowed = {n: c for n, c in self.commands.items() if c.allow & person.roles}
        command = allowed.get(name)
        if command is None:
            near = nearest(name, allowed)
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
            await self._note_stranger(line, "paired" if person else "wrong pairing code")
            if person is not None:
                self.paired(place)
                async for reply in self._obey(replace(line, text="/start"), person):
                    yield self._signed(reply, person, line)
                return
        now, key = self.clock(), f"{place.platform}:{place.user_id}"
        if now - self._told.get(key, now - timedelta(hours=1)) < STALE_AFTER:
            return
        if len(self._told) > 10_000:
            self._told.clear()
        self._told[key] = now
        if words[:1] != ["/start"]:
            await self._note_stranger(line, "refused: unknown person")
        yield Reply(title=Words(self.trading.settings.language)(REFUSAL), failed=True)

    async def _paired(self, line: Line, code: str) -> Person | None:
        try:
            return await self.people.pair(line.place, line.name, code)
        except TradingError as error:
            log.error("not_paired", place=line.place.address, reason=error.tell)
            return None

    async def _note_stranger(self, line: Line, outcome: str) -> None:
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
                line=CODE.sub("…", text),
                outcome=outcome,
            )
        except TradingError as error:
            log.error(
                "not_audited", person=person, line=CODE.sub("…", text), outcome=outcome, reason=error.tell
            )

    def _signed(self, reply: Reply, person: Person, line: Line) -> Reply:
        """Every message names mode and account, in the same spot."""
        return reply if reply.header else replace(reply, header=self.trading.header(person.account))


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
