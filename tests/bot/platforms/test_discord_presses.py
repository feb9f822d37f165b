"""Buttons on Discord: what they do, where the answer appears, and who sees it."""

from bot.reply import Button, Image, Reply, Tone
from tests.bot.platforms.discord_desk import Desk, serving

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


async def test_a_button_is_a_line_and_changes_its_panel_in_place(discord):
    desk, owner = Desk(), discord.user("owner")
    desk.answers["status"] = [Reply(title="Running", buttons=((Button("Equity", "/equity 7d"),),))]
    desk.answers["equity"] = [
        Reply(title="+1.2 %", images=(Image(PNG, "equity.png", "a line that rises"),), buttons=())
    ]

    async with serving(discord, desk):
        panel = await (await discord.slash(owner, "status")).answer()
        pressed = await discord.press(owner, panel, "Equity")
        after = await pressed.answer()

    assert desk.texts == ["/status", "/equity 7d"]
    assert pressed.response == 6
    assert after is panel
    assert panel.before == ["Running"]
    assert panel.text == "+1.2 %"
    assert panel.buttons == []
    assert [(u.name, u.content, u.alt) for u in panel.images] == [("equity.png", PNG, "a line that rises")]


async def test_going_back_from_a_picture_leaves_no_picture(discord):
    desk, owner = Desk(), discord.user("owner")
    picture = Image(PNG, "equity.png", "a line")
    desk.answers["status"] = [
        Reply(title="Running", images=(picture,), buttons=((Button("Back", "/help"),),))
    ]

    async with serving(discord, desk):
        panel = await (await discord.slash(owner, "status")).answer()
        await (await discord.press(owner, panel, "Back")).answer()

    assert panel.uploads == []
    assert panel.title == "You said /help"


async def test_a_button_works_after_the_process_was_restarted(discord):
    owner = discord.user("owner")
    first, second = Desk(), Desk()
    first.answers["status"] = [Reply(title="Running", buttons=((Button("Equity", "/equity 7d"),),))]
    async with serving(discord, first):
        panel = await (await discord.slash(owner, "status")).answer()

    async with serving(discord, second):
        await (await discord.press(owner, panel, "Equity")).answer()

    assert second.texts == ["/equity 7d"]
    assert panel.title == "You said /equity 7d"


async def test_a_yes_takes_the_buttons_away_and_its_outcome_is_public(discord):
    desk, owner = Desk(), discord.user("owner")
    yes = Button("Sell everything", "/kill !zzzz", danger=True)
    desk.answers["kill"] = [Reply(title="Sure?", buttons=((yes, Button("Leave it", "/status")),))]

    async with serving(discord, desk):
        question = await (await discord.slash(owner, "kill")).answer()
        shown = [(b.label, b.danger) for b in question.buttons]
        desk.answers["kill"] = [Reply(title="Stopped", tone=Tone.DANGER)]
        outcome = await (await discord.press(owner, question, "Sell everything")).answer()

    assert shown == [("Sell everything", True), ("Leave it", False)]
    assert question.text == "Sure?"
    assert question.buttons == []
    assert outcome.title == "⛔ Stopped"
    assert not outcome.ephemeral


async def test_leaving_it_turns_the_question_into_the_safe_answer(discord):
    desk, owner = Desk(), discord.user("owner")
    desk.answers["kill"] = [Reply(title="Sure?", buttons=((Button("Leave it", "/status"),),))]

    async with serving(discord, desk):
        question = await (await discord.slash(owner, "kill")).answer()
        after = await (await discord.press(owner, question, "Leave it")).answer()

    assert after is question
    assert question.title == "You said /status"


async def test_a_late_yes_in_private_replaces_the_question_by_the_refusal(discord):
    desk, owner = Desk(), discord.user("owner")
    yes = Button("Sell everything", "/kill !1", danger=True)
    desk.answers["kill"] = [Reply(title="Sure?", buttons=((yes,),))]

    async with serving(discord, desk):
        question = await (await discord.slash(owner, "kill", guild=False)).answer()
        desk.answers["kill"] = [Reply(title="This button has expired.", failed=True)]
        after = await (await discord.press(owner, question, "Sell everything")).answer()

    assert after is question
    assert question.title == "This button has expired."
    assert question.buttons == []


async def test_a_stranger_pressing_our_button_is_refused_alone_and_the_panel_stays(discord):
    owner, stranger = discord.user("owner"), discord.user("stranger")
    desk = Desk(owner=owner.id)
    desk.answers["pause"] = [Reply(title="Paused", buttons=((Button("Resume", "/resume"),),))]

    async with serving(discord, desk):
        panel = await (await discord.slash(owner, "pause")).answer()
        refusal = await (await discord.press(stranger, panel, "Resume")).answer()

    assert desk.lines[-1].place.user_id == str(stranger.id)
    assert refusal.only_for is stranger
    assert refusal.title == "This desk is private."
    assert panel.text == "Paused"
    assert [b.label for b in panel.buttons] == ["Resume"]


async def test_reading_from_a_public_message_is_answered_to_the_reader_alone(discord):
    desk, owner = Desk(), discord.user("owner")
    desk.answers["pause"] = [Reply(title="Paused", buttons=((Button("Status", "/status"),),))]

    async with serving(discord, desk):
        record = await (await discord.slash(owner, "pause")).answer()
        answer = await (await discord.press(owner, record, "Status")).answer()

    assert answer.only_for is owner
    assert record.text == "Paused"


async def test_a_reply_meant_for_all_replaces_a_public_panel(discord):
    desk, owner = Desk(), discord.user("owner")
    desk.answers["status"] = [Reply(title="Desk of all", private=False)]
    panel = Reply(title="Panel", buttons=((Button("↻", "/status"),),))

    async with serving(discord, desk) as platform:
        await platform.send(str(discord.general.id), panel)
        after = await (await discord.press(owner, discord.messages[-1], "↻")).answer()

    assert after is discord.messages[-1]
    assert after.text == "Desk of all"


async def test_an_act_pressed_on_a_public_message_changes_it_in_place(discord):
    desk, owner = Desk(), discord.user("owner")
    desk.answers["status"] = [Reply(title="Running", buttons=((Button("Pause", "/pause"),),), private=False)]

    async with serving(discord, desk) as platform:
        await platform.send(str(discord.general.id), desk.answers["status"][0])
        panel = discord.messages[-1]
        after = await (await discord.press(owner, panel, "Pause")).answer()

    assert after is panel
    assert panel.title == "You said /pause"
