"""Every role, every command, every platform, every kind of message: what is allowed happens, all else does not."""

import inspect
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import SimpleNamespace

import pytest
from telegram import Update, User

from bot.dispatcher import Dispatcher, Line
from bot.platforms.telegram_inbox import heard_message
from bot.registry import COMMANDS, Command, Sure, command, discover
from bot.reply import Button, Reply
from tests.bot.rights import HEADS, rendered, rights
from tests.house.code import ROOT
from trading.domain.people import EVERY_ACCOUNT, Person, Place, Role

RIGHTS = rights()
ALL = dict(discover())
MAIN, OTHER = "main", "other"
HOLDS = {"everywhere": EVERY_ACCOUNT, "here": MAIN, "elsewhere": OTHER}  # where the role was given
PLACES = {
    "telegram": Place(platform="telegram", user_id="7", chat_id="7", private=True),
    "group": Place(platform="telegram", user_id="7", chat_id="-100", private=False),
    "discord": Place(platform="discord", user_id="7", chat_id="9", private=False),
    "web": Place(platform="web", user_id="7", chat_id="7", private=True, local=True),
    "visit": Place(platform="web", user_id="7", chat_id="7", private=True),  # a browser that a chat let in
    "terminal": Place(platform="terminal", user_id="local", chat_id="local", private=True, local=True),
}
OWN_MACHINE = ("web", "terminal")
KINDS = ("typed", "said yes", "old", "lapsed button", "sent again")


# --- the table and the code ---------------------------------------------------------------------------------


def test_every_command_has_a_row_and_every_row_a_command():
    assert set(ALL) == set(RIGHTS), "tests/bot/rights.py and the READMEs say who may do what"


@pytest.mark.parametrize("name", sorted(RIGHTS.keys() & ALL.keys()))
def test_a_command_is_for_those_the_table_names(name):
    declared, right = ALL[name], RIGHTS[name]
    step = "" if not declared.step_up else "always" if declared.step_up is True else "sometimes"

    assert (declared.allow, declared.scope, step, bool(declared.two_persons)) == (
        right.roles,
        right.scope,
        right.step,
        right.two,
    )


@pytest.mark.parametrize("readme", HEADS)
def test_the_readme_shows_the_table(readme):
    table = rendered(HEADS[readme])

    assert table in (ROOT / readme).read_text(), f"{readme} should have:\n{table}"


def test_a_command_without_rights_or_with_a_step_but_no_question_does_not_start():
    async def nothing(ask) -> Reply:
        """Nothing at all."""
        return Reply(title="nothing")

    before = dict(COMMANDS)

    with pytest.raises(ValueError, match="is for nobody"):
        command(allow=frozenset())(nothing)
    with pytest.raises(ValueError, match="asks first"):
        command(allow=frozenset(Role), step_up=True)(nothing)
    assert before == COMMANDS


# --- the matrix ---------------------------------------------------------------------------------------------


class People:
    """One person, whose role the test sets; there is no second factor and no second owner."""

    def __init__(self):
        self.somebody: Person | None = None

    async def find(self, place):
        return self.somebody

    async def pair(self, place, name, code):
        return None

    async def has_factor(self, person_id):
        return False

    async def owners(self, account):
        return [self.somebody]


class Diary:
    def __init__(self):
        self.seen = set()

    async def first_time(self, platform, update_id):
        fresh = update_id not in self.seen
        self.seen.add(update_id)
        return fresh

    async def audit(self, **line):
        return None

    def act_for(self, actor):
        return None


@pytest.fixture
def did():
    return Counter()


@pytest.fixture
def people():
    return People()


@pytest.fixture
def dispatcher(people, did, clock):
    return a_dispatcher(people, did, clock)


def a_dispatcher(people: People, did: Counter, clock) -> Dispatcher:
    """The dispatcher with every command of the table, each of which only notes that it was obeyed."""
    trading = SimpleNamespace(
        header=str, accounts=(MAIN, OTHER), settings=SimpleNamespace(language="en"), rooms={}, trouble={}
    )
    commands = {name: recorded(one, did) for name, one in ALL.items() if name in RIGHTS}
    return Dispatcher(commands, trading, people, Diary(), None, clock)


def recorded(one: Command, did: Counter) -> Command:
    """The same command, which only notes that it was obeyed. What raises risk sometimes does so always here."""

    async def run(ask, **arguments):
        did[one.name] += 1
        return Reply(title="done")

    async def sure(ask, **arguments):
        return Sure(title="Sure?", text="", yes="Yes")

    return replace(
        one, run=run, confirm=sure if one.confirm else None, step_up=bool(one.step_up), two_persons=False
    )


def line_of(one: Command) -> str:
    """The command with something that fits in each of its required words."""
    wanted = [p for p in one.parameters if p.required]
    words = [f"--{p.name} {word_for(p)}" if p.option else word_for(p) for p in wanted]
    return " ".join([f"/{one.name}", *words])


def word_for(parameter) -> str:
    if parameter.choices:
        return str(parameter.choices[0])
    kind = parameter.type
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return str(next(iter(kind)).value)
    samples = {int: "3", float: "1.5", Decimal: "1.5", bool: "on", datetime: "2024-08-05", Path: "x.csv"}
    return samples.get(kind, "word")


def a_person(role: Role | None, where: str) -> Person | None:
    """Somebody who means the account main. With the role elsewhere, they may only look at main."""
    if role is None:
        return None
    given = {(HOLDS[where], role)}
    if where == "elsewhere":
        given.add((MAIN, Role.VIEWER))
    nobody = Person(id=7, name="p", roles=frozenset(), language="en", zone="UTC", account=MAIN)
    return replace(nobody, grants=frozenset(given)).on(MAIN)


def is_allowed(name: str, role: Role | None, where: str) -> bool:
    if role is None:
        return False
    right = RIGHTS[name]
    counting = {
        "everywhere": {"account": {role}, "house": {role}, "any": {role}},
        "here": {"account": {role}, "house": set(), "any": {role}},
        "elsewhere": {"account": {Role.VIEWER}, "house": set(), "any": {role, Role.VIEWER}},
    }[where][right.scope]
    return bool(counting & right.roles)


def is_obeyed(one: Command, place: str, kind: str) -> int:
    """How often an allowed line is obeyed."""
    if one.terminal_only and place != "terminal":
        return 0
    asks, acts, step = one.confirm is not None, one.acts, RIGHTS[one.name].step
    if kind == "old" and acts and not one.always:
        return 0
    if kind == "lapsed button" and not one.always:
        return 0
    said_yes = kind in ("said yes", "lapsed button", "sent again")
    if asks and not said_yes:
        return 0
    if step and place not in OWN_MACHINE:
        return 0
    return 1


def lines_for(text: str, kind: str, place: Place, clock, number: int) -> list[Line]:
    now = clock()
    mark = {"said yes": " !", "sent again": " !", "lapsed button": " !000001"}.get(kind, "")
    plain = Line(
        text=text + mark,
        place=place,
        name="x",
        update_id=str(number),
        sent_at=now - timedelta(seconds=61) if kind == "old" else now,
    )
    return [plain] * (100 if kind == "sent again" and number % 50 == 0 else 2 if kind == "sent again" else 1)


@pytest.mark.parametrize("place", PLACES)
async def test_every_role_at_every_command(dispatcher, people, did, clock, place):
    wrong, cases = [], 0

    for name, one in dispatcher.commands.items():
        for role in (None, *Role):
            for where in HOLDS if role else ("here",):
                for kind in KINDS:
                    clock.advance(timedelta(minutes=2))
                    people.somebody = a_person(role, where)
                    cases += 1
                    did.clear()
                    for line in lines_for(line_of(one), kind, PLACES[place], clock, cases):
                        async for _ in dispatcher.handle(line):
                            pass
                    wanted = is_obeyed(one, place, kind) if is_allowed(name, role, where) else 0
                    if did != Counter({name: wanted} if wanted else {}):
                        wrong.append((name, role, where, kind, dict(did), wanted))

    assert wrong == []
    assert cases > 5_000


async def test_a_role_that_was_taken_away_counts_no_more_at_the_next_press(dispatcher, people, did):
    people.somebody = a_person(Role.TRADER, "here")
    place = PLACES["telegram"]
    line = Line(text="/disable ema_cross", place=place, name="x", update_id="1", sent_at=None)
    (asked,) = [reply async for reply in dispatcher.handle(line)]

    people.somebody = a_person(Role.VIEWER, "here")
    pressed = replace(line, text=asked.buttons[0][0].command, update_id="2")
    (refused,) = [reply async for reply in dispatcher.handle(pressed)]

    assert refused.failed
    assert did == {}


async def test_nobody_is_offered_a_button_they_may_not_press(dispatcher, people):
    people.somebody = a_person(Role.VIEWER, "here")
    dispatcher.commands["status"] = replace(ALL["status"], run=_with_buttons)
    line = Line(text="/status", place=PLACES["telegram"], name="x", update_id="1", sent_at=None)

    (shown,) = [reply async for reply in dispatcher.handle(line)]

    assert [[b.command for b in row] for row in shown.buttons] == [["/status"]]


async def _with_buttons(ask):
    return Reply(
        title="x",
        buttons=((Button("Refresh", "/status"), Button("Pause", "/pause")), (Button("Kill", "/kill"),)),
    )


# --- kinds of messages that are nobody's word ---------------------------------------------------------------

ANN = {"id": 42, "is_bot": False, "first_name": "Ann"}
BOT = {"id": 5, "is_bot": True, "first_name": "Bot", "username": "desk_bot"}
CHAT = {"id": 42, "type": "private", "first_name": "Ann"}
GROUP = {"id": -100, "type": "supergroup", "title": "Desk"}
ORIGIN = {"type": "user", "date": 1, "sender_user": ANN}
PLAIN = {"message_id": 1, "date": 1_700_000_000, "chat": CHAT, "from": ANN}
NOT_THEIRS = {
    "edited": {"edited_message": PLAIN | {"edit_date": 1_700_000_001}},
    "edited on arrival": {"message": PLAIN | {"edit_date": 1_700_000_001}},
    "forwarded": {"message": PLAIN | {"forward_origin": ORIGIN}},
    "forwarded by itself": {"message": PLAIN | {"is_automatic_forward": True}},
    "via a bot": {"message": PLAIN | {"via_bot": BOT}},
    "quoted": {"message": PLAIN | {"quote": {"text": "/kill !", "position": 0}}},
    "a reply to elsewhere": {"message": PLAIN | {"external_reply": {"origin": ORIGIN}}},
    "of an anonymous admin": {
        "message": PLAIN
        | {"chat": GROUP, "sender_chat": GROUP, "from": ANN | {"id": 1087968824, "is_bot": True}}
    },
    "of a channel in a group": {
        "message": PLAIN | {"chat": GROUP, "sender_chat": {"id": -200, "type": "channel", "title": "News"}}
    },
    "a channel post": {"channel_post": PLAIN | {"chat": {"id": -200, "type": "channel", "title": "News"}}},
    "of another bot": {"message": PLAIN | {"from": BOT}},
    "of Telegram itself": {"message": PLAIN | {"from": ANN | {"id": 777000}}},
    "without a sender": {"message": {k: v for k, v in PLAIN.items() if k != "from"}},
    "of a business account": {"message": PLAIN | {"business_connection_id": "b1"}},
}


def telegram_update(shape: dict, text: str) -> Update:
    (kind, message), *_ = shape.items()
    return Update.de_json({"update_id": 1, kind: message | {"text": text}}, None)


@pytest.mark.parametrize("kind", NOT_THEIRS)
def test_what_a_person_did_not_type_there_and_then_is_never_a_line(kind):
    me = User(id=5, first_name="Bot", is_bot=True, username="desk_bot")
    texts = [f"{line_of(one)}{mark}" for one in ALL.values() for mark in ("", " !", "@desk_bot")]

    heard = [text for text in texts if heard_message(telegram_update(NOT_THEIRS[kind], text), me, ALL)]

    assert heard == []


def test_what_a_person_typed_is_a_line():
    me = User(id=5, first_name="Bot", is_bot=True, username="desk_bot")

    heard = heard_message(telegram_update({"message": PLAIN}, "/status"), me, ALL)

    assert (heard.line.text, heard.line.place.user_id) == ("/status", "42")
