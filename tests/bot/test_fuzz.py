"""Anything at all typed into a chat: an answer, nothing done without the right, nothing of ours broken."""

import os
import random
import re
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.dispatcher import Line
from bot.registry import bind, discover
from tests.bot.test_rights import ALL, PLACES, RIGHTS, People, a_dispatcher, a_person, is_allowed, line_of
from trading.domain.errors import Refused
from trading.domain.people import Role

LINES = int(os.environ.get("FUZZ_LINES", "4000"))
SEED = int(os.environ.get("FUZZ_SEED", "7"))
ODD = (
    "'", '"', "\\", "`", "=", "--", "!", "!!", "!000001", "!zzzzzz", "@desk_bot", "/", "//", "\0", "\n", "\t", "\u202e",
    "\ud83d", "🧪", "한국어", "１２３", "٣", "NaN", "1e9", "-0", "--page", "--page=", "page=3", "a=b",
    "../../etc/passwd",
    "<b>x</b>", "=cmd()", "%s%n", "{0.__class__}", "$(id)", "; DROP TABLE person;--", "x" * 5000, " ", "*", "all",
)  # fmt: skip


def a_line(dice: random.Random) -> str:
    """A command somebody might send: right, nearly right, or nothing like one."""
    names = sorted(RIGHTS.keys() & ALL.keys())
    text = line_of(ALL[dice.choice(names)])
    for _ in range(dice.randrange(4)):
        match dice.randrange(6):
            case 0:
                text += " " + dice.choice(ODD)
            case 1:
                place = dice.randrange(len(text) + 1)
                text = text[:place] + dice.choice(ODD) + text[place:]
            case 2:
                place = dice.randrange(len(text) + 1)
                text = text[:place] + chr(dice.randrange(1, 0x3000)) + text[place + 1 :]
            case 3:
                text = text[: dice.randrange(len(text) + 1)]
            case 4:
                text = text.swapcase()
            case _:
                text += " !"
    return text


def command_in(text: str) -> str | None:
    """The command a line is for, found out in another way than the dispatcher does."""
    found = re.match(r"\s*/*([^\s@!]*)", text)
    return found[1].lower() if found else None


async def test_whatever_is_typed_gets_an_answer_and_does_only_what_its_sender_may(
    clock,
):
    dice, wrong, people, did = random.Random(SEED), [], People(), Counter()
    dispatcher = a_dispatcher(people, did, clock)

    for number in range(LINES):
        clock.advance(timedelta(minutes=2))
        role, where = dice.choice(list(Role)), dice.choice(("everywhere", "here", "elsewhere"))
        people.somebody = a_person(role, where)
        place, text = PLACES[dice.choice(list(PLACES))], a_line(dice)
        did.clear()
        line = Line(text=text, place=place, name="x", update_id=str(number), sent_at=clock())
        shown = [reply async for reply in dispatcher.handle(line)]
        done = [name for name in did if not is_allowed(name, role, where)]
        if not shown or done or "our fault" in shown[-1].title:
            wrong.append((role, where, text, dict(did), [reply.title for reply in shown]))

    assert wrong == []


async def test_half_a_letter_is_asked_about_like_any_other_word(clock):
    people = People()
    people.somebody = a_person(Role.OWNER, "everywhere")
    dispatcher = a_dispatcher(people, Counter(), clock)
    line = Line(text="/kill \ud83d", place=PLACES["telegram"], name="x", update_id="1", sent_at=clock())

    (asked,) = [reply async for reply in dispatcher.handle(line)]

    assert asked.buttons[0][0].command.startswith("/kill ? !")


async def test_of_strangers_nothing_is_obeyed_and_little_is_answered(clock):
    dice, answers, did = random.Random(SEED), 0, Counter()
    dispatcher = a_dispatcher(People(), did, clock)

    for number in range(LINES):
        line = Line(
            text=a_line(dice), place=PLACES["telegram"], name="x", update_id=str(number), sent_at=clock()
        )
        answers += len([reply async for reply in dispatcher.handle(line)])

    assert did == {}
    assert answers == 1


NUMBERS = [(one, p) for one in discover().values() for p in one.parameters if p.type in (int, Decimal, float)]
NO_NUMBERS = [
    "NaN",
    "inf",
    "-Infinity",
    "1e9",
    "1E9",
    "１２",
    "٣٤",
    "一",
    "삼",
    "1,000",
    "1_000",
    "0x10",
    "",
    "--",
    "1 2",
    "½",
]


@pytest.mark.parametrize("word", NO_NUMBERS)
def test_what_only_looks_like_a_number_is_none(word):
    taken = []
    for _, parameter in NUMBERS:
        try:
            taken.append((parameter.name, parameter.read(word)))
        except Refused:
            continue

    assert NUMBERS
    assert taken == []


def test_of_many_made_up_numbers_only_plain_ones_are_read():
    dice, plain = random.Random(SEED), re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", re.ASCII)
    letters = "0123456789.+-eE_, xXnaINFｘ１２٣"
    _, parameter = next((one, p) for one, p in NUMBERS if p.type is Decimal)

    strange = []
    for _ in range(LINES * 5):
        word = "".join(dice.choice(letters) for _ in range(dice.randrange(1, 8)))
        try:
            parameter.read(word)
        except Refused:
            continue
        if not plain.fullmatch(word):
            strange.append(word)

    assert strange == []


@pytest.mark.parametrize("name", sorted(RIGHTS.keys() & ALL.keys()))
def test_words_that_do_not_fit_are_refused_with_a_reason(name):
    dice, one, refusals = random.Random(name), ALL[name], []

    for _ in range(60):
        words = [dice.choice(ODD) for _ in range(dice.randrange(6))]
        try:
            bind(one, words)
        except Refused as refused:
            refusals.append(refused.tell)

    assert all(len(sentence) > 10 for sentence in refusals)
    assert refusals or one.takes_params or any(p.rest for p in one.parameters)
