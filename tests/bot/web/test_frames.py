"""What a page may send and how fast, and what ends a connection."""

import asyncio

import aiohttp
import pytest

from tests.bot.web.desk import HEADER, said


async def test_twenty_lines_go_through_at_once_and_the_next_is_told_to_wait(owner, desk):
    async with owner.page() as page:
        for number in range(21):
            await page.say("/status", f"a{number}")
        wait = await page.until("wait")
        desk.clock.advance(wait["seconds"])
        await page.say("/status", "a20")
        message = await page.reply("a20")

    assert wait == {"event": "wait", "id": "a20", "seconds": 0.1}
    assert message["title"].startswith("Equity")
    assert len(desk.lines) == 21


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        "7",
        '{"id": "a1"}',
        '{"line": "/status"}',
        '{"line": "", "id": "a1"}',
        '{"line": "   ", "id": "a1"}',
        '{"line": 7, "id": "a1"}',
        '{"line": "/status", "id": "a 1"}',
        '{"line": "/status", "id": "' + "a" * 65 + '"}',
        '{"line": "' + "x" * 4001 + '", "id": "a1"}',
        '{"line": "/status", "id": "a1", "age": "old"}',
        '{"line": "/status", "id": "a1", "on": 7}',
        "[" * 10_000,
    ],
)
async def test_a_frame_our_page_never_sends_is_refused_and_the_chat_goes_on(owner, desk, frame):
    async with owner.page() as page:
        await page.socket.send_str(frame)
        refused = await page.next()
        await page.say("/status", "a2")
        await page.reply("a2")

    assert refused == {"event": "refused", "id": "", "longest": 4000}
    assert len(desk.lines) == 1


async def test_a_binary_frame_is_refused(owner, desk):
    async with owner.page() as page:
        await page.socket.send_bytes(b'{"line": "/status", "id": "a1"}')
        refused = await page.next()

    assert refused["event"] == "refused"
    assert desk.lines == []


async def test_a_frame_of_a_megabyte_ends_the_connection(owner, desk):
    async with owner.page() as page:
        await page.socket.send_str("x" * 1_000_000)
        code = await page.closed()

    assert code == 1009
    assert desk.lines == []


async def test_a_session_that_ended_is_not_obeyed_any_more(owner, desk):
    async with owner.page() as page:
        desk.sessions.forget()
        await page.say("/status", "a1")
        code = await page.closed()

    assert code == 4401
    assert desk.lines == []


async def test_a_session_that_ended_hears_nothing_any_more(owner, desk):
    async with owner.page() as page:
        await page.say("/status", "a1")
        await page.reply("a1")
        desk.sessions.forget()
        desk.server.chats.chat("1").show(said("Bought 0.5 BTC"))
        next_of_all = await page.socket.receive(timeout=10)

    assert (next_of_all.type, next_of_all.data) == (aiohttp.WSMsgType.CLOSE, 4401)


async def test_a_line_that_breaks_the_dispatcher_is_answered_and_takes_nothing_down(owner, desk):
    async with owner.page() as page:
        await page.say("/broken", "a1")
        sorry = await page.reply("a1")
        await page.say("/status", "a2")
        message = await page.reply("a2")

    assert (sorry["title"], sorry["header"]) == ("That did not work, and it is our fault.", HEADER)
    assert "disk full" not in str(sorry)
    assert message["title"].startswith("Equity")


async def test_a_quiet_page_is_pinged(owner, monkeypatch):
    monkeypatch.setattr("bot.web.stream.PING_EVERY", 0.02)

    async with owner.page() as page:
        ping = await page.next()

    assert ping == {"event": "ping", "id": ""}


async def test_a_page_that_vanishes_leaves_no_tab_behind(owner, desk):
    async with owner.page() as page:
        await page.say("/status", "a1")
        await page.reply("a1")
        assert len(desk.server.chats.chat("1").tabs) == 1

    for _ in range(500):
        if not desk.server.chats.chat("1").tabs:
            break
        await asyncio.sleep(0.01)
    assert desk.server.chats.chat("1").tabs == set()


async def test_the_terminal_has_no_socket(desk, visitor):
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with visitor.page(Authorization="Bearer terminal-token-of-this-test"):
            pass
