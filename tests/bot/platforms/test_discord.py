"""Talking to the desk on Discord: the real library over real sockets against a Discord on loopback."""

import asyncio
from datetime import timedelta

from bot.reply import Button, File, Image, Reply, Row, Tone
from tests.bot.platforms.discord_desk import Desk, serving, striding_clock

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


async def test_a_slash_command_becomes_the_line_a_person_would_type(discord):
    desk, owner = Desk(), discord.user("owner")

    async with serving(discord, desk):
        asked = await discord.slash(owner, "chart", symbol="BTC/USDT", period="7 days", from_="2024-08-05")
        answer = await asked.answer()

    line = desk.lines[0]
    assert line.text == "/chart BTC/USDT '7 days' --from 2024-08-05"
    assert (line.place.platform, line.place.user_id, line.place.private) == ("discord", str(owner.id), False)
    assert line.place.chat_id == str(discord.general.id)
    assert (line.name, line.update_id) == ("owner", str(asked.id))
    assert answer.header == "🧪 PAPER · main"
    assert answer.title == "You said /chart BTC/USDT '7 days' --from 2024-08-05"


async def test_typed_options_arrive_as_words_the_registry_can_read(discord):
    desk, owner = Desk(), discord.user("owner")
    options = {
        "cash": 2500.5,
        "fee": 0.00001,
        "bars": 250,
        "fast_gear": True,
        "speed": "fast",
    }

    async with serving(discord, desk):
        asked = await discord.slash(owner, "backtest", strategy="rsi", params="fast=9 slow=21", **options)
        await asked.answer()

    assert desk.texts == [
        "/backtest rsi --cash 2500.5 --fee 0.00001 --bars 250 --fast-gear --speed fast fast=9 slow=21"
    ]


async def test_the_time_of_a_slash_command_is_known_and_that_of_a_press_is_not(discord):
    desk, owner = Desk(), discord.user("owner")
    desk.answers["status"] = [Reply(title="Running", buttons=((Button("Again", "/status"),),))]

    async with serving(discord, desk):
        status = await (await discord.slash(owner, "status")).answer()
        await (await discord.press(owner, status, "Again")).answer()

    slash, press = desk.lines
    assert slash.sent_at is not None
    assert slash.sent_at.tzinfo is not None
    assert press.sent_at is None


async def test_every_interaction_is_acknowledged_before_the_answer_is_known(discord):
    desk, owner = Desk(hold=asyncio.Event()), discord.user("owner")

    async with serving(discord, desk):
        asked = await discord.slash(owner, "status")
        await discord.wait_for(lambda: asked.response)
        before = (asked.response, asked.original.loading, list(asked.shown))
        desk.hold.set()
        answer = await asked.answer()

    assert before == (5, True, [])
    assert asked.acknowledged_after < 1.0
    assert answer is asked.original
    assert not answer.loading


async def test_reads_and_questions_are_for_the_asker_alone_and_acts_are_public(discord):
    desk, owner = Desk(), discord.user("owner")

    async with serving(discord, desk):
        read = await (await discord.slash(owner, "status")).answer()
        act = await (await discord.slash(owner, "pause")).answer()
        question = await (await discord.slash(owner, "kill")).answer()
        in_private = await (await discord.slash(owner, "status", guild=False)).answer()

    assert read.ephemeral
    assert not act.ephemeral
    assert question.ephemeral
    assert not in_private.ephemeral


async def test_a_refused_act_is_not_shown_to_others(discord):
    owner, stranger = discord.user("owner"), discord.user("stranger")
    desk = Desk(owner=owner.id)

    async with serving(discord, desk):
        asked = await discord.slash(stranger, "pause")
        refusal = await asked.answer()

    assert refusal.only_for is stranger
    assert asked.original.deleted
    assert discord.seen_by(owner) == []


async def test_a_picture_and_a_file_are_uploaded_with_words_for_those_who_cannot_see(discord):
    desk, owner = Desk(), discord.user("owner")
    desk.answers["chart"] = [
        Reply(
            title="BTC/USDT",
            images=(
                Image(PNG, "BTC/USDT chart.png", "30 days of candles"),
                Image(PNG + b"2", "BTC/USDT chart.png", "the same, closer"),
            ),
            files=(File("trades.csv", b"a,b\n1,2\n"),),
        )
    ]

    async with serving(discord, desk):
        answer = await (await discord.slash(owner, "chart", symbol="BTC/USDT")).answer()

    assert [(u.content, u.alt) for u in answer.images] == [
        (PNG, "30 days of candles"),
        (PNG + b"2", "the same, closer"),
    ]
    assert [(u.name, u.content) for u in answer.files] == [("trades.csv", b"a,b\n1,2\n")]


async def test_progress_edits_one_message_and_the_answer_takes_its_place(discord):
    desk, owner = Desk(), discord.user("owner")
    steps = [Reply(title=f"Step {n}", progress=n / 10) for n in range(10)]
    desk.answers["backtest"] = [*steps, Reply(title="Done: +3 %")]

    async with serving(discord, desk):
        asked = await discord.slash(owner, "backtest", strategy="rsi")
        await discord.wait_for(lambda: asked.shown and "Done" in asked.shown[-1].text)

    assert {id(m) for m in asked.shown} == {id(asked.original)}
    assert asked.original.before == ["Step 0\n▱▱▱▱▱▱▱▱▱▱ 0%"]  # the other nine came within two seconds
    assert asked.original.text == "Done: +3 %"


async def test_slow_progress_is_shown_at_every_step(discord):
    desk, owner = Desk(), discord.user("owner")
    desk.answers["backtest"] = [
        Reply(title="Step 1", progress=0.1),
        Reply(title="Step 2", progress=0.2),
        Reply(title="Done"),
    ]

    async with serving(discord, desk, striding_clock(timedelta(seconds=2))):
        asked = await discord.slash(owner, "backtest", strategy="rsi")
        await discord.wait_for(lambda: asked.shown and "Done" in asked.shown[-1].text)

    assert [text.splitlines()[0] for text in asked.original.before] == ["Step 1", "Step 2"]


async def test_an_answer_after_a_quarter_of_an_hour_arrives_as_a_message_of_its_own(discord):
    desk, owner = Desk(), discord.user("owner")
    desk.answers["backtest"] = [Reply(title="Half", progress=0.5), Reply(title="Done")]

    async with serving(discord, desk, striding_clock(timedelta(minutes=10))):
        asked = await discord.slash(owner, "backtest", strategy="rsi")
        await discord.wait_for(lambda: len(discord.messages) == 2)

    assert discord.messages[1].text == "Done"
    assert discord.messages[1].channel is discord.dm_channel(owner)  # a private answer stays private
    assert asked.shown == []


async def test_two_answers_to_one_line_are_two_messages(discord):
    desk, owner = Desk(), discord.user("owner")
    desk.answers["status"] = [Reply(title="One"), Reply(title="Two")]

    async with serving(discord, desk):
        asked = await discord.slash(owner, "status")
        await discord.wait_for(lambda: len(asked.shown) == 2)

    assert [m.text for m in asked.shown] == ["One", "Two"]
    assert all(m.only_for is owner for m in asked.shown)


async def test_the_same_interaction_twice_reaches_the_desk_with_the_same_id(discord):
    desk, owner = Desk(), discord.user("owner")

    async with serving(discord, desk):
        first = await discord.slash(owner, "pause", id=1234567890123456789)
        await first.answer()
        again = await discord.slash(owner, "pause", id=1234567890123456789)
        await discord.wait_for(lambda: len(desk.lines) == 2)

    assert [line.update_id for line in desk.lines] == ["1234567890123456789"] * 2
    assert again.shown == []


async def test_a_line_without_an_answer_does_not_keep_thinking(discord):
    desk, owner = Desk(answers={"status": []}), discord.user("owner")

    async with serving(discord, desk):
        asked = await discord.slash(owner, "status")
        await asked.closed()

    assert asked.shown == []


async def test_text_in_a_direct_message_is_a_line(discord):
    desk, owner = Desk(), discord.user("owner")

    async with serving(discord, desk):
        written = await discord.dm(owner, "/start ABC-123")
        await discord.wait_for(lambda: len(discord.seen_by(owner)) == 1)

    line = desk.lines[0]
    assert (line.text, line.update_id, line.place.private) == ("/start ABC-123", str(written.id), True)
    assert line.place.chat_id == str(discord.dm_channel(owner).id)
    assert line.sent_at is not None
    assert discord.seen_by(owner)[0].title == "You said /start ABC-123"


async def test_only_new_text_of_people_in_private_is_heard(discord):
    desk, owner = Desk(), discord.user("owner")
    robot = discord.user("robot", bot=True)

    async with serving(discord, desk):
        await discord.write(owner, discord.general, "/kill !")
        await discord.write(robot, discord.dm_channel(robot), "/kill !")
        await discord.write(owner, discord.dm_channel(owner), "/kill !", webhook_id="77")
        await discord.write(owner, discord.dm_channel(owner), "   ")
        first = await discord.dm(owner, "/buy 1")
        await discord.edit(first, "/buy 100")
        await discord.dm(owner, "/status")
        await discord.wait_for(lambda: len(discord.seen_by(owner)) >= 2 and len(desk.lines) == 2)

    assert desk.texts == ["/buy 1", "/status"]


async def test_a_bot_using_our_commands_is_nobody(discord):
    desk, owner, robot = Desk(), discord.user("owner"), discord.user("robot", bot=True)

    async with serving(discord, desk):
        ignored = await discord.slash(robot, "pause")
        await (await discord.slash(owner, "status")).answer()

    assert ignored.response is None
    assert desk.texts == ["/status"]


async def test_progress_in_a_direct_message_edits_one_message_too(discord):
    desk, owner = Desk(), discord.user("owner")
    desk.answers["backtest"] = [Reply(title="Half", progress=0.5), Reply(title="Done")]

    async with serving(discord, desk):
        await discord.dm(owner, "/backtest rsi")
        await discord.wait_for(lambda: [m.text for m in discord.seen_by(owner)] == ["Done"])

    assert discord.seen_by(owner)[0].before == ["Half\n▰▰▰▰▰▱▱▱▱▱ 50%"]


async def test_what_is_typed_is_completed_from_its_source(discord):
    desk, owner = Desk(), discord.user("owner")

    async with serving(discord, desk):
        symbols = await discord.autocomplete(owner, "chart", "symbol", "BT")
        flavours = await discord.autocomplete(owner, "backtest", "flavour", "E3", strategy="rsi")

    assert symbols == [f"symbols:BT:{owner.id}"]
    assert flavours == ["choice3", *(f"choice{n}" for n in range(30, 40))]


async def test_proposals_are_at_most_25_each_once_and_none_too_long(discord):
    desk, owner = Desk(), discord.user("owner")

    async def suggest(source: str, typed: str, user_id: str) -> list[str]:
        return ["x" * 101, "", "same", "same", *(f"s{n}" for n in range(50))]

    desk.suggest = suggest
    async with serving(discord, desk):
        proposals = await discord.autocomplete(owner, "chart", "symbol", "")

    assert proposals == ["same", *(f"s{n}" for n in range(24))]


async def test_hostile_names_are_shown_as_they_are_and_call_nobody(discord):
    desk, owner = Desk(), discord.user("owner")
    hostile = "**b** _i_ `c` ||s|| [free](http://evil) <@123456789012345678> <t:1:R> @everyone \\* ~~x~~"
    desk.answers["status"] = [
        Reply(title=hostile, text="# big\n- item\n> quote\n-# small\n1. one", rows=(Row(hostile, hostile),))
    ]

    async with serving(discord, desk):
        answer = await (await discord.slash(owner, "status")).answer()

    assert answer.title == hostile
    assert answer.text.splitlines()[1:] == [
        "# big",
        "- item",
        "> quote",
        "-# small",
        "1. one",
        "",
        f"{hostile} {hostile}",
    ]
    assert "[free](" not in answer.description.replace("\\[", "")
    assert answer.allowed_mentions == {"parse": []}


async def test_a_notice_goes_to_a_channel_and_to_a_person(discord):
    owner = discord.user("owner")
    notice = Reply(title="Bought 0.01 BTC", header="🧪 PAPER · main", tone=Tone.GOOD)

    async with serving(discord, Desk()) as platform:
        await platform.send(str(discord.general.id), notice)
        await platform.send(f"dm:{owner.id}", notice)

    public, private = discord.messages
    assert (public.channel, private.channel) == (discord.general, discord.dm_channel(owner))
    assert public.text == private.text == "🧪 PAPER · main\n✅ Bought 0.01 BTC"


async def test_the_text_beside_the_name_is_kept_over_a_new_connection(discord):
    async with serving(discord, Desk()) as platform:
        await platform.presence("PAPER · 2 open")
        await discord.wait_for(lambda: len(discord.gateway.presences) == 1)
        discord.gateway.open = False
        await discord.gateway.drop()
        await discord.wait_for(lambda: discord.gateway.refused)
        discord.gateway.open = True
        await discord.wait_for(lambda: len(discord.gateway.presences) == 2)

    assert [p["activities"][0]["state"] for p in discord.gateway.presences] == ["PAPER · 2 open"] * 2
