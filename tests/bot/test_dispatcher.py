"""The one road for every line: who, what, may they, sure?, done, written down."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Annotated

import pytest

from bot.dispatcher import REFUSAL, Ask, Dispatcher, Line
from bot.people import EVERYONE, OWNERS
from bot.registry import COMMANDS, Command, Rest, Sure, command
from bot.reply import Reply
from trading.domain.people import Person, Place, Role

MINA = Place(platform="telegram", user_id="1", chat_id="1", private=True)
VIEWER = Place(platform="telegram", user_id="2", chat_id="2", private=True)
EVE = Place(platform="telegram", user_id="3", chat_id="3", private=True)


class People:
    """Mina owns the desk, somebody may look; one code makes a friend."""

    async def find(self, place: Place) -> Person | None:
        roles = {"1": {Role.OWNER}, "2": {Role.VIEWER}}.get(place.user_id)
        return a_person(place.user_id, roles) if roles else None

    async def pair(self, place: Place, name: str, code: str) -> Person | None:
        return a_person("3", {Role.OWNER}) if code == "GOOD1-CODE2-HERE3" else None


def a_person(number: str, roles: set[Role]) -> Person:
    return Person(
        id=int(number), name=f"p{number}", roles=frozenset(roles), language="en", zone="UTC", account="main"
    )


class Diary:
    """Remembers; can hang like a database that answers nobody."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.lines: list[tuple[str, str, str]] = []
        self.hangs = False

    async def first_time(self, platform: str, update_id: str) -> bool:
        if self.hangs:
            await asyncio.Event().wait()
        fresh = update_id not in self.seen
        self.seen.add(update_id)
        return fresh

    def act_for(self, actor) -> None:
        self.actor = actor

    async def audit(self, *, at, person, place, account, line, outcome) -> None:
        self.lines.append((person, line, outcome))


@pytest.fixture
def stopped() -> list[str]:
    return []


@pytest.fixture
def commands(stopped: list[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Command]:
    before = dict(COMMANDS)
    COMMANDS.clear()

    async def sure(ask: Ask, reason: str = "") -> Sure:
        return Sure(title="Sell all?", text="3 positions", yes="Sell 3 positions")

    @command(allow=OWNERS, confirm=sure, always=True)
    async def kill(ask: Ask, reason: Annotated[str, Rest(), "why"] = "asked") -> Reply:
        """Stop."""
        stopped.append(reason)
        return Reply(title="stopped")

    @command(allow=EVERYONE)
    async def start(ask: Ask, code: str = "") -> Reply:
        """Hello."""
        return Reply(title="hello")

    @command(allow=OWNERS, acts=True)
    async def pause(ask: Ask) -> Reply:
        """Pause."""
        stopped.append("paused")
        return Reply(title="paused")

    made = dict(COMMANDS)
    COMMANDS.clear()
    COMMANDS.update(before)
    return made


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def dispatcher(commands, diary, clock) -> Dispatcher:
    settings = SimpleNamespace(language="en")
    trading = SimpleNamespace(header=lambda name: f"PAPER · {name}", accounts=("main",), settings=settings)
    return Dispatcher(commands, trading, People(), diary, None, clock)


async def said(dispatcher: Dispatcher, text: str, place: Place = MINA, **more) -> list[Reply]:
    line = Line(
        text=text, place=place, name="x", update_id=more.get("update_id"), sent_at=more.get("sent_at")
    )
    return [reply async for reply in dispatcher.handle(line)]


async def test_it_asks_first_and_the_button_does_it(dispatcher, stopped):
    (asked,) = await said(dispatcher, "/kill flash crash")
    before = list(stopped)

    (done,) = await said(dispatcher, asked.buttons[0][0].command)

    assert before == []
    assert (asked.title, asked.buttons[0][0].label, asked.header) == (
        "Sell all?",
        "Sell 3 positions",
        "PAPER · main",
    )
    assert (done.title, stopped) == ("stopped", ["flash crash"])


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("/kill !", ["asked"]),
        ("/kill!", ["asked"]),
        ("/kill now !", ["now"]),
        ("/kill !!!", []),  # a cry, not a confirmation: it asks
        ("/kill market crashed !now", []),
        ("/kill --now", []),
    ],
)
async def test_only_a_plain_mark_at_the_end_is_a_yes(dispatcher, stopped, text, reasons):
    (reply,) = await said(dispatcher, text)

    assert not reply.failed
    assert stopped == reasons


async def test_a_long_reason_still_fits_its_button(dispatcher, stopped):
    (asked,) = await said(dispatcher, "/kill " + "very long reason " * 20)

    await said(dispatcher, asked.buttons[0][0].command)

    assert len(stopped) == 1
    assert stopped[0].startswith("very long reason")


async def test_a_kill_does_not_wait_for_a_database_that_hangs(dispatcher, diary, stopped, monkeypatch):
    monkeypatch.setattr("bot.dispatcher.PATIENCE_SECONDS", 0.05)
    diary.hangs = True

    await asyncio.wait_for(said(dispatcher, "/kill !", update_id="7"), 2)

    assert stopped == ["asked"]


async def test_the_same_update_acts_once(dispatcher, stopped):
    first = await said(dispatcher, "/pause", update_id="7")
    again = await said(dispatcher, "/pause", update_id="7")

    assert (len(first), again, stopped) == (1, [], ["paused"])


async def test_an_old_line_does_not_act_but_a_kill_of_any_age_does(dispatcher, clock, stopped):
    yesterday = clock.now - timedelta(hours=23)

    (pause,) = await said(dispatcher, "/pause", sent_at=yesterday)
    await said(dispatcher, "/kill !", sent_at=yesterday)

    assert pause.failed
    assert stopped == ["asked"]


async def test_a_kill_button_works_at_any_age(dispatcher, clock, stopped):
    (asked,) = await said(dispatcher, "/kill")
    clock.advance(3600)

    await said(dispatcher, asked.buttons[0][0].command)

    assert stopped == ["asked"]  # a kill is obeyed at any age; what only acts is not


async def test_a_viewer_is_told_there_is_no_such_command(dispatcher, stopped):
    (reply,) = await said(dispatcher, "/kill !", VIEWER)

    assert reply.failed
    assert stopped == []


async def test_a_stranger_gets_one_short_answer_and_nothing_else(dispatcher, stopped):
    replies = [await said(dispatcher, text, EVE) for text in ("/kill !", "/status", "hello")]

    assert [[r.title for r in reply] for reply in replies] == [[REFUSAL], [], []]
    assert stopped == []


async def test_a_code_makes_a_stranger_somebody_and_is_never_written_down(dispatcher, diary):
    (reply,) = await said(dispatcher, "/start GOOD1-CODE2-HERE3", EVE)
    await said(dispatcher, "/start GOOD1-CODE2-HERE3", MINA)

    assert reply.title == "hello"
    assert "GOOD1" not in str(diary.lines)


async def test_every_line_is_audited_with_its_outcome(dispatcher, diary):
    await said(dispatcher, "/pause")
    await said(dispatcher, "/nonsense")

    assert [(person, line) for person, line, _ in diary.lines] == [("p1", "/pause"), ("p1", "/nonsense")]
    assert diary.lines[0][2] == "done"
    assert diary.lines[1][2].startswith("refused")
