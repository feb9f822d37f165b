"""Buttons: who pressed counts, the message it sits on is written over, and a dead button does nothing."""

from datetime import UTC, datetime

import pytest

from bot.reply import Button, Reply, Tone
from tests.bot.platforms.telegram_desk import HEADER, Desk, Pauses, person_of, picture, running
from tests.fakes.telegram import FakeTelegram, FakeUser, Fault

PANEL = Reply(
    title="Equity 10,000 USDT",
    header=HEADER,
    buttons=((Button("Refresh", "/status now"), Button("Stop everything", "/kill", danger=True)),),
)
SURE = Reply(
    title="Sure?",
    header=HEADER,
    tone=Tone.WARNING,
    buttons=((Button("Sell everything", "/kill !abc", danger=True), Button("Leave it", "/status")),),
)


@pytest.fixture
async def telegram():
    async with FakeTelegram() as server:
        yield server
        assert server.complaints == []


@pytest.fixture
def desk():
    return Desk(**{
        "status": PANEL,
        "status now": Reply(title="Equity 10,100 USDT", header=HEADER, buttons=PANEL.buttons),
        "kill": SURE,
        "kill !abc": Reply(title="Everything is sold", header=HEADER, tone=Tone.GOOD),
        "equity": Reply(title="Equity", images=(picture(),), buttons=((Button("90 days", "/equity 90d"),),)),
        "equity 90d": Reply(title="Equity, 90 days", images=(picture("long.png", "It fell.", wide=80),)),
    })  # fmt: skip


async def test_buttons_are_shown_with_their_style_and_carry_command_lines(telegram, desk):
    ann = telegram.person("Ann")

    async with running(telegram, desk):
        panel = await telegram.ask(ann, "/status")

    assert [(b.label, b.command, b.style) for b in panel.buttons] == [
        ("Refresh", "/status now", None),
        ("Stop everything", "/kill", "danger"),
    ]


async def test_a_press_is_a_line_of_the_presser(telegram, desk):
    ann, bob, group = telegram.person("Ann"), telegram.person("Bob"), telegram.group("Desk")

    async with running(telegram, desk):
        await telegram.ask(ann, "/status", chat=group)
        await telegram.tap(bob, "Refresh", chat=group)

    line = desk.lines[-1]
    assert line.text == "/status now"
    assert person_of(line) == (str(bob.id), str(group.id))
    assert (line.name, line.sent_at) == ("Bob", None)


async def test_a_press_writes_over_the_message_it_sits_on(telegram, desk):
    ann = telegram.person("Ann")

    async with running(telegram, desk):
        panel = await telegram.ask(ann, "/status")
        edited = await telegram.tap(ann, "Refresh")

    assert edited is panel
    assert panel.text == f"{HEADER}\nEquity 10,100 USDT"
    assert panel.labels == ["Refresh", "Stop everything"]
    assert len(telegram.shown(ann)) == 1


async def test_a_confirmation_becomes_its_outcome_and_loses_its_buttons(telegram, desk):
    ann = telegram.person("Ann")

    async with running(telegram, desk):
        await telegram.ask(ann, "/kill")
        card = await telegram.tap(ann, "Sell everything")

    assert card.text == f"{HEADER}\n✅ Everything is sold"
    assert card.buttons == []
    assert card.edits == 1


async def test_every_press_is_acknowledged_before_its_answer(telegram, desk):
    ann = telegram.person("Ann")

    async with running(telegram, desk):
        await telegram.ask(ann, "/status")
        query = telegram.press(ann, "Refresh")
        await telegram.wait_for(lambda: telegram.last(ann).edits)

    assert telegram.answered == {query: ""}
    order = [c.method for c in telegram.calls if c.method in ("answerCallbackQuery", "editMessageText")]
    assert order == ["answerCallbackQuery", "editMessageText"]


async def test_a_button_works_after_the_process_was_started_again(telegram, desk):
    ann = telegram.person("Ann")
    async with running(telegram, desk):
        panel = await telegram.ask(ann, "/status")

    later = Desk(**{"status now": Reply(title="Back again", header=HEADER)})
    async with running(telegram, later):
        edited = await telegram.tap(ann, "Refresh")

    assert edited is panel
    assert panel.text == f"{HEADER}\nBack again"


async def test_a_press_while_we_were_away_is_answered_when_we_are_back(telegram, desk):
    ann = telegram.person("Ann")
    async with running(telegram, desk):
        await telegram.ask(ann, "/status")

    telegram.press(ann, "Refresh")
    async with running(telegram, desk):
        await telegram.wait_for(lambda: telegram.last(ann).edits)

    assert desk.texts == ["/status", "/status now"]


async def test_a_press_that_telegram_calls_too_old_is_as_old_as_its_message(telegram, desk):
    ann = telegram.person("Ann")
    async with running(telegram, desk):
        panel = await telegram.ask(ann, "/status")

    panel.date = 1_722_859_140
    query = telegram.press(ann, "Refresh")
    telegram.open_queries.discard(query)
    async with running(telegram, desk):
        await telegram.wait_for(lambda: len(desk.lines) == 2)

    assert desk.lines[1].sent_at == datetime(2024, 8, 5, 11, 59, tzinfo=UTC)


async def test_an_answer_that_changes_nothing_is_no_error(telegram, desk):
    desk.answers["/status now"] = PANEL
    ann = telegram.person("Ann")

    async with running(telegram, desk):
        await telegram.ask(ann, "/status")
        telegram.press(ann, "Refresh")
        await telegram.wait_for(lambda: telegram.calls_of("editMessageText"))
        await telegram.settled()

    assert len(telegram.shown(ann)) == 1
    assert len(telegram.calls_of("sendMessage")) == 1


async def test_an_answer_whose_message_was_deleted_is_sent_anew(telegram, desk):
    ann = telegram.person("Ann")

    async with running(telegram, desk):
        panel = await telegram.ask(ann, "/status")
        telegram.press(ann, "Refresh")
        panel.deleted = True
        await telegram.wait_for(lambda: telegram.shown(ann))

    assert telegram.last(ann).text.endswith("Equity 10,100 USDT")


async def test_a_picture_asked_for_under_a_text_is_a_new_message(telegram, desk):
    desk.answers["/status"] = Reply(title="Panel", buttons=((Button("Equity", "/equity"),),))
    ann = telegram.person("Ann")

    async with running(telegram, desk):
        panel = await telegram.ask(ann, "/status")
        photo = await telegram.tap(ann, "Equity")

    assert (panel.text, panel.labels) == ("Panel", ["Equity"])
    assert photo.kind == "photo"
    assert photo.id != panel.id


async def test_a_picture_asked_for_under_a_picture_takes_its_place(telegram, desk):
    ann = telegram.person("Ann")

    async with running(telegram, desk):
        photo = await telegram.ask(ann, "/equity")
        other = await telegram.tap(ann, "90 days")

    assert other is photo
    assert photo.content == picture(wide=80).png
    assert photo.text == "Equity, 90 days\n\n🖼 It fell."


async def test_a_text_asked_for_under_a_picture_leaves_the_picture(telegram, desk):
    desk.answers["/equity"] = Reply(
        title="Equity", images=(picture(),), buttons=((Button("Status", "/status"),),)
    )
    ann = telegram.person("Ann")

    async with running(telegram, desk):
        photo = await telegram.ask(ann, "/equity")
        panel = await telegram.tap(ann, "Status")

    assert telegram.shown(ann) == [photo, panel]
    assert panel.kind == "text"


async def test_a_button_under_a_file_is_answered_in_a_message_of_its_own(telegram, desk):
    wide = picture(wide=2100, high=10)  # Telegram takes it as a file only
    desk.answers["/equity"] = Reply(title="Equity", images=(wide,), buttons=((Button("Status", "/status"),),))
    ann = telegram.person("Ann")

    async with running(telegram, desk):
        document = await telegram.ask(ann, "/equity")
        panel = await telegram.tap(ann, "Status")

    assert document.kind == "document"
    assert telegram.shown(ann) == [document, panel]


async def test_a_press_whose_acknowledgement_is_lost_four_times_is_obeyed(telegram, desk):
    ann = telegram.person("Ann")

    async with running(telegram, desk, pause=Pauses()):
        await telegram.ask(ann, "/kill")
        telegram.fail("answerCallbackQuery", *[Fault.server_error()] * 4)
        card = await telegram.tap(ann, "Sell everything")

    assert card.text.endswith("Everything is sold")
    assert desk.lines[-1].sent_at is None


@pytest.mark.parametrize("kind", ["inaccessible", "inline", "of somebody else", "not a command"])
async def test_a_button_that_is_not_ours_is_refused_and_does_nothing(telegram, desk, kind):
    ann = telegram.person("Ann")
    other = telegram.message(FakeUser(555, "Robot", is_bot=True), ann.chat, text="Press me")
    ours = telegram.message(telegram.bot, ann.chat, text="Press me")
    query = {
        "inaccessible": {"message": {"chat": ann.chat.json, "message_id": 5, "date": 0}, "data": "/kill"},
        "inline": {"inline_message_id": "abc", "data": "/kill"},
        "of somebody else": {"message": other, "data": "/kill"},
        "not a command": {"message": ours, "data": "kill"},
    }[kind]

    async with running(telegram, desk):
        number = telegram.press(ann, "/kill", **query)
        await telegram.wait_for(lambda: telegram.answered)
        await telegram.settled()

    assert telegram.answered == {number: "This button no longer works. Send the command instead."}
    assert desk.lines == []
    assert telegram.changes == []


async def test_a_stranger_who_presses_an_owners_button_is_refused_and_the_card_stays(telegram, desk):
    ann, mallory, group = telegram.person("Ann"), telegram.person("Mallory"), telegram.group("Desk")
    desk.known = {str(ann.id)}

    async with running(telegram, desk):
        card = await telegram.ask(ann, "/kill", chat=group)
        refusal = await telegram.tap(mallory, "Sell everything", chat=group)

    assert person_of(desk.lines[-1])[0] == str(mallory.id)
    assert refusal.text == "This desk is private."
    assert (card.labels, card.edits) == (["Sell everything", "Leave it"], 0)


async def test_a_press_is_obeyed_even_when_it_cannot_be_acknowledged(telegram, desk, monkeypatch):
    monkeypatch.setattr("bot.platforms.telegram.ANSWER_PRESS_WITHIN", 0.2)
    monkeypatch.setattr("bot.platforms.telegram.GRACE", 0.1)
    ann = telegram.person("Ann")

    async with running(telegram, desk):
        await telegram.ask(ann, "/kill")
        telegram.fail("answerCallbackQuery", Fault.flood(100))
        card = await telegram.tap(ann, "Sell everything")

    assert card.text.endswith("Everything is sold")
