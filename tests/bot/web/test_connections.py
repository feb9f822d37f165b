"""Whoever only holds connections open keeps nobody out: slow requests end, and silent ones make room."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from bot.web import connections


@asynccontextmanager
async def a_connection(desk):
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.server.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def all_said(reader):
    """Everything until the other side hangs up; TimeoutError when it does not."""
    async with asyncio.timeout(3):
        with suppress(ConnectionResetError):
            return await reader.read()
    return b""


async def drip(writer):
    """A letter now and then, as long as somebody takes them."""
    with suppress(ConnectionError):
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)


def a_request(desk, path="/healthz"):
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{desk.server.port}\r\n\r\n".encode()


@pytest.fixture
def hurry(monkeypatch):
    monkeypatch.setattr(connections, "SLOWEST_HEAD", 0.3)


async def answered(reader):
    """One answer, the connection kept."""
    async with asyncio.timeout(3):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        return head + await reader.readexactly(length)


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_a_request_that_does_not_come_to_an_end_is_not_waited_for(desk, hurry, said):
    async with a_connection(desk) as (reader, writer):
        writer.write(said)
        dripping = asyncio.create_task(drip(writer)) if said else None

        left = await all_said(reader)

        if dripping is not None:
            dripping.cancel()

    assert left == b""


async def test_the_second_request_of_a_connection_has_its_time_too(desk, hurry):
    async with a_connection(desk) as (reader, writer):
        writer.write(a_request(desk))
        first = await answered(reader)
        writer.write(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        left = await all_said(reader)

    assert first.startswith(b"HTTP/1.1 200")
    assert left == b""


async def test_an_open_page_is_silent_as_long_as_it_likes(owner, hurry):
    async with owner.page() as page:
        await asyncio.sleep(0.6)
        await page.say("/status", "one")

        assert (await page.until("over"))["replies"] == 1


async def test_where_too_many_hold_connections_the_longest_silent_one_goes(desk, monkeypatch):
    monkeypatch.setattr(connections, "MOST", 5)
    async with AsyncExitStack() as stack:
        held = [await stack.enter_async_context(a_connection(desk)) for _ in range(5)]

        reader, writer = await stack.enter_async_context(a_connection(desk))
        writer.write(a_request(desk))
        answer = await answered(reader)
        gone = await all_said(held[0][0])
        held[4][1].write(a_request(desk))
        still_there = await answered(held[4][0])

    assert answer.startswith(b"HTTP/1.1 200")
    assert gone == b""
    assert still_there.startswith(b"HTTP/1.1 200")


def test_a_process_that_may_open_few_files_takes_fewer(monkeypatch):
    monkeypatch.setattr(connections.resource, "getrlimit", lambda what: (256, 1024))

    assert connections.most() == 128
