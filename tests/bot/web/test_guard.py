"""Foreign pages, foreign names and large bodies go no further; every answer carries its headers."""

import asyncio

import aiohttp
import pytest

from bot.web.guard import HEADERS, LARGEST_BODY

ELSEWHERE = "http://evil.example"


async def test_every_answer_carries_the_same_safe_headers(owner):
    answers = [
        await owner.get("/"),
        await owner.get("/enter/x"),
        await owner.get("/static/app.js"),
        await owner.get("/healthz"),
        await owner.get("/api/commands"),
        await owner.get("/nowhere"),
        await owner.post("/enter", {"code": "wrong"}),
        await owner.post("/enter", {"code": "wrong"}, Origin=ELSEWHERE),
        await owner.get("/", Host="evil.example"),
    ]

    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == {
            "content-security-policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
                "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            ),
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "no-referrer",
            "cache-control": "no-store",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        }, answer.url
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", ""],
)
async def test_a_name_that_is_not_ours_is_refused(desk, visitor, host):
    answer = await visitor.get("/", Host=host.format(port=desk.server.port))

    assert answer.status == 403
    assert await answer.text() == (
        f"Tradewind answers to its own address only; open {desk.server.address} instead."
    )


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "[::1]", "127.0.0.1"])
async def test_every_name_of_this_machine_is_ours(desk, visitor, host):
    assert (await visitor.get("/", Host=f"{host}:{desk.server.port}")).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ELSEWHERE},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", ["/enter", "/leave", "/api/commands/status"])
async def test_a_post_from_another_page_does_nothing(owner, desk, path, headers):
    before = list(desk.entered)

    answer = await owner.post(path, {"code": "good"}, **headers)

    assert answer.status == 403
    assert await answer.text() == "This request came from another page; send it from Tradewind's own."
    assert (desk.lines, desk.entered) == ([], before)
    assert desk.sessions.people


async def test_a_post_that_names_no_origin_does_nothing(owner, desk):
    answer = await owner.send("/api/commands/status", b"{}", **{"Content-Type": "application/json"})

    assert answer.status == 403
    assert desk.lines == []


@pytest.mark.parametrize(
    "headers", [{"Origin": ELSEWHERE}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}]
)
async def test_a_socket_from_another_page_is_refused(owner, desk, headers):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with owner.page(**headers):
            pass

    assert refused.value.status == 403
    assert desk.lines == []


async def test_a_socket_that_names_no_origin_is_refused(owner):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await owner.http.ws_connect(owner.home + "/ws")

    assert refused.value.status == 403


async def test_a_socket_without_a_session_is_refused(visitor):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with visitor.page():
            pass

    assert refused.value.status == 403


async def test_a_large_body_is_refused_unread(owner, desk):
    answer = await owner.post("/api/commands/status", {"line": "x" * LARGEST_BODY})

    assert answer.status == 413
    assert desk.lines == []


async def test_a_body_without_a_length_is_refused(owner, desk):
    async def endless():
        yield b"{}"

    answer = await owner.send("/api/commands/status", endless(), Origin=owner.home)

    assert answer.status == 411
    assert desk.lines == []


async def on_the_wire(desk, sent, *more):
    """The first line of what the desk answers to these very bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.server.port)
    writer.writelines([sent.replace(b"HOME", desk.server.address.removeprefix("http://").encode()), *more])
    try:
        async with asyncio.timeout(10):
            return await reader.readline()
    finally:
        writer.close()


POST = b"POST /enter HTTP/1.1\r\nHost: HOME\r\nOrigin: http://HOME\r\nContent-Type: application/json\r\n"


async def test_a_body_whose_length_means_nothing_is_refused_unread(visitor, desk):
    both = POST + b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n"
    large = b'{"code": "' + b"A" * LARGEST_BODY + b'"}'

    answer = await on_the_wire(desk, both, b"%x\r\n%s\r\n0\r\n\r\n" % (len(large), large))

    assert answer.startswith(b"HTTP/1.1 411 ")
    assert desk.entered == []


async def test_a_body_that_does_not_arrive_is_not_waited_for(visitor, desk, monkeypatch):
    monkeypatch.setattr("bot.web.guard.SLOWEST_BODY", 0.05)

    answer = await on_the_wire(desk, POST + b"Content-Length: 20\r\n\r\n{")

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert desk.entered == []


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"[" * 5000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"line=/status", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_a_body_that_is_no_object_gets_one_sentence(owner, desk, body, kind, status):
    headers = {"Origin": owner.home, "Content-Type": kind}

    answer = await owner.send("/api/commands/status", body, **headers)

    assert answer.status == status
    assert (await answer.json())["error"].startswith("Send a JSON object")
    assert desk.lines == []


async def test_files_outside_the_page_cannot_be_fetched(owner):
    for path in (
        "/static/../server.py",
        "/static/%2e%2e%2fserver.py",
        "/static/index.html",
        "/docs",
        "/openapi.json",
    ):
        answer = await owner.get(path)

        assert answer.status == 404, path


async def test_garbage_on_the_wire_does_not_stop_the_desk(desk, visitor):
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.server.port)
    writer.write(b"\x16\x03\x01 not http at all\r\n\r\n")
    await writer.drain()
    await reader.read()
    writer.close()
    await writer.wait_closed()

    assert (await visitor.get("/healthz")).status == 200
