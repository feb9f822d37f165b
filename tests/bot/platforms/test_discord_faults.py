"""When Discord refuses, limits, breaks down or forgets us: the desk runs on, people get their answer."""

import asyncio
import logging

import pytest
import structlog

from bot.platforms import PlatformOff
from bot.reply import Button, Reply
from tests.bot.platforms.discord_desk import Desk, a_platform, serving
from tests.fakes.discord import TOKEN, FakeDiscord


@pytest.mark.parametrize("token", ["", "somebody else's", "wrong.but.plausible", "wrong\nline"])
async def test_a_token_that_discord_rejects_switches_the_platform_off_in_one_sentence(discord, token):
    platform = a_platform(discord, Desk(), token=token)

    with pytest.raises(PlatformOff) as off:
        await platform.run()

    assert str(off.value).startswith("Discord rejected the token in discord.token")
    assert not token or token not in str(off.value)
    assert off.value.__cause__ is None


async def test_a_token_withdrawn_while_we_run_switches_the_platform_off(discord):
    platform = a_platform(discord, Desk())
    running = asyncio.create_task(platform.run())
    await discord.ready()

    discord.gateway.close_next_with = 4004
    discord.gateway.forget_session()
    discord.gateway.open = False
    await discord.gateway.drop()
    await discord.wait_for(lambda: discord.gateway.refused)
    discord.gateway.open = True

    with pytest.raises(PlatformOff, match="rejected the token"):
        await asyncio.wait_for(running, 10)


async def test_intents_that_are_not_allowed_are_named(discord):
    discord.gateway.close_next_with = 4014

    with pytest.raises(PlatformOff, match="intents Guilds and Direct Messages"):
        await a_platform(discord, Desk()).run()


async def test_an_address_that_is_none_is_named():
    async with FakeDiscord() as discord:
        with pytest.raises(PlatformOff, match=r"discord\.api_base"):
            await a_platform(discord, Desk(), api_base="http://:99999").run()


async def test_a_dropped_connection_is_resumed_and_nothing_is_lost_or_heard_twice(discord):
    desk, owner = Desk(), discord.user("owner")

    async with serving(discord, desk):
        await (await discord.slash(owner, "status")).answer()
        await discord.gateway.drop()
        missed = await discord.slash(owner, "pause")
        answer = await missed.answer()

    assert len(discord.gateway.resumed) == 1
    assert desk.texts == ["/status", "/pause"]
    assert answer.title == "You said /pause"


async def test_the_gateway_of_the_settings_is_kept_when_discord_names_another_for_resuming(discord):
    discord.resume_url = "ws://127.0.0.1:9/"  # nobody listens there

    async with serving(discord, Desk()):
        await discord.gateway.drop()
        await discord.ready()

    assert (len(discord.gateway.identified), len(discord.gateway.resumed)) == (1, 1)


async def test_after_an_outage_the_platform_comes_back_by_itself(discord):
    desk, owner = Desk(), discord.user("owner")

    async with serving(discord, desk) as platform:
        await discord.stop()
        with pytest.raises(ConnectionError):
            await platform.send(str(discord.general.id), Reply(title="lost"))
        discord.gateway.forget_session()
        await discord.start()
        await discord.ready(timeout=15)
        answer = await (await discord.slash(owner, "status")).answer()

    assert answer.title == "You said /status"
    assert len(discord.gateway.identified) == 2
    assert len(discord.requested("PUT", "/commands")) == 1  # they were told once


async def test_an_answer_under_way_survives_a_lost_connection(discord):
    desk, owner = Desk(hold=asyncio.Event()), discord.user("owner")

    async with serving(discord, desk):
        asked = await discord.slash(owner, "status")
        await discord.wait_for(lambda: asked.response)
        discord.gateway.open = False
        await discord.gateway.drop()
        await discord.wait_for(lambda: discord.gateway.refused)
        discord.gateway.open = True
        await discord.ready()
        desk.hold.set()
        await discord.wait_for(lambda: any(m.text and m.channel.is_dm for m in discord.seen_by(owner)))

    assert [m.title for m in discord.seen_by(owner)] == ["You said /status"]


async def test_discord_being_away_at_the_start_is_no_reason_to_give_up(discord):
    discord.fail("GET /users/@me", 503, times=1)

    async with serving(discord, Desk()):
        connected = discord.gateway.connected

    assert connected


async def test_a_page_of_a_proxy_instead_of_discord_is_an_outage(discord):
    discord.fail_with_page("GET /users/@me")

    async with serving(discord, Desk()):
        connected = discord.gateway.connected

    assert connected


async def test_without_gateway_in_the_settings_the_one_is_taken_that_the_api_names(discord):
    async with serving(discord, Desk(), gateway_url=""):
        asked = discord.requested("GET", "/gateway/bot")

    assert len(asked) == 1


async def test_a_rate_limit_is_waited_for_as_long_as_discord_says(discord):
    loop = asyncio.get_running_loop()
    async with serving(discord, Desk()) as platform:
        discord.fail("POST /channels/", 429, retry_after=0.4)
        began = loop.time()
        await platform.send(str(discord.general.id), Reply(title="Bought"))
        took = loop.time() - began

    assert took >= 0.4
    assert [m.text for m in discord.messages] == ["Bought"]
    assert len(discord.requested("POST", "/channels/")) == 2


async def test_a_rate_limited_answer_arrives_too(discord):
    owner = discord.user("owner")
    async with serving(discord, Desk()):
        discord.fail("PATCH /webhooks/", 429, retry_after=0.2)
        answer = await (await discord.slash(owner, "status")).answer()

    assert answer.title == "You said /status"
    assert len(discord.requested("PATCH", "/webhooks/")) == 2


async def test_why_a_message_cannot_be_delivered_is_said_in_a_sentence(discord):
    closed = discord.user("closed", takes_dms=False)
    mute = discord.channel("mute", writable=False)
    chats = {
        str(mute.id): f"The bot may not write in Discord chat {mute.id}; it needs Send Messages",
        "42": "Discord knows no chat 42",
        f"dm:{closed.id}": f"Discord user {closed.id} takes no direct messages",
        "dm:43": "Discord knows no user 43",
        "#alerts": "A Discord chat is a channel's number, or dm: and a user's; found '#alerts'.",
        "dm:٤٢": "A Discord chat is a channel's number",
    }

    async with serving(discord, Desk()) as platform:
        for chat, sentence in chats.items():
            with pytest.raises(ConnectionError) as refused:
                await platform.send(chat, Reply(title="Bought"))
            assert str(refused.value).startswith(sentence)


async def test_an_unexpected_refusal_names_status_and_code(discord):
    async with serving(discord, Desk()) as platform:
        discord.fail("POST /channels/", 400, code=20016)
        with pytest.raises(ConnectionError, match="status 400, code 20016"):
            await platform.send(str(discord.general.id), Reply(title="Bought"))


async def test_nothing_is_sent_before_there_is_a_connection(discord):
    with pytest.raises(ConnectionError, match="not connected"):
        await a_platform(discord, Desk()).send(str(discord.general.id), Reply(title="Bought"))


async def test_a_line_that_could_not_be_acknowledged_is_obeyed_and_answered_late(discord):
    desk, owner = Desk(), discord.user("owner")

    async with serving(discord, desk):
        discord.fail("POST /interactions/", 404, code=10062)
        asked = await discord.slash(owner, "pause")
        await discord.wait_for(lambda: discord.messages)

    assert desk.texts == ["/pause"]
    assert asked.shown == []
    assert (discord.messages[0].channel, discord.messages[0].title) == (discord.general, "You said /pause")


async def test_an_answer_nobody_can_take_is_left_and_the_next_line_is_answered(discord):
    desk, owner = Desk(), discord.user("owner", takes_dms=False)

    async with serving(discord, desk):
        asked = await discord.slash(owner, "status")
        asked.expired = True
        await discord.wait_for(lambda: desk.lines)
        answer = await (await discord.slash(owner, "status")).answer()

    assert asked.shown == []
    assert answer.title == "You said /status"


async def test_commands_that_discord_does_not_take_leave_the_rest_working(discord):
    desk, owner = Desk(), discord.user("owner")

    async with serving(discord, desk, guild_id=99):
        await discord.dm(owner, "/status")
        await discord.wait_for(lambda: discord.seen_by(owner))

    assert desk.texts == ["/status"]


async def test_a_button_that_is_not_ours_is_left_alone(discord):
    desk, owner = Desk(), discord.user("owner")
    async with serving(discord, desk) as platform:
        await platform.send(str(discord.general.id), Reply(title="x", buttons=((Button("b", "/status"),),)))
        message = discord.messages[0]
        message.components[0]["components"][0]["custom_id"] = "another library's"
        strange = await discord.press(owner, message, "b")
        await (await discord.slash(owner, "status")).answer()

    assert strange.response is None
    assert desk.texts == ["/status"]


async def test_suggestions_that_take_too_long_are_left_out(discord, monkeypatch):
    desk, owner = Desk(), discord.user("owner")
    monkeypatch.setattr("bot.platforms.discord.SUGGEST_WITHIN", 0.05)

    async def suggest(source: str, typed: str, user_id: str) -> list[str]:
        await asyncio.sleep(60)
        return ["too late"]

    desk.suggest = suggest
    async with serving(discord, desk):
        proposals = await discord.autocomplete(owner, "chart", "symbol", "B")

    assert proposals == []


async def test_the_end_of_the_platform_ends_its_answers(discord):
    desk, owner = Desk(hold=asyncio.Event()), discord.user("owner")

    async with serving(discord, desk):
        await discord.slash(owner, "status")
        await discord.wait_for(lambda: desk.lines)

    assert [t.get_name() for t in asyncio.all_tasks() if "discord.py: on_" in t.get_name()] == []


@pytest.mark.parametrize("refusing", [False, True])
async def test_the_platform_can_be_ended_at_any_moment_of_its_start(discord, refusing):
    discord.gateway.open = not refusing

    for steps in range(120):
        running = asyncio.create_task(a_platform(discord, Desk()).run())
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        done, _ = await asyncio.wait({running}, timeout=5)

        assert done, f"still running when cancelled after {steps} steps"
        assert running.cancelled()


async def test_neither_the_token_nor_a_key_to_an_interaction_is_ever_logged(discord, caplog):
    caplog.set_level(logging.DEBUG)
    desk, owner = Desk(), discord.user("owner")

    with structlog.testing.capture_logs() as ours:
        async with serving(discord, desk) as platform:
            discord.fail("PATCH /webhooks/", 429, retry_after=0.01)
            asked = await discord.slash(owner, "status")
            await asked.answer()
            discord.fail("POST /channels/", 403, code=50013)
            with pytest.raises(ConnectionError) as refused:
                await platform.send(str(discord.general.id), Reply(title="Bought"))
            discord.gateway.open = False
            await discord.gateway.drop()
            await discord.wait_for(lambda: "discord_connection_lost" in str(ours))
        with pytest.raises(PlatformOff) as off:
            discord.token = "another"
            await a_platform(discord, desk, token=TOKEN).run()

    written = caplog.text + str(ours) + str(refused.value) + str(off.value) + repr(platform._settings)
    assert "discord_connection_lost" in written
    assert TOKEN not in written
    assert asked.token not in written
