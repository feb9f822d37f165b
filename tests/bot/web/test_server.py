"""The port it takes, the addresses it refuses, how it starts and how it leaves."""

import ast
import asyncio
import signal
import socket
from pathlib import Path

import aiohttp
import pytest

import bot.web
from bot.platforms import PlatformOff
from bot.platforms.web import WebPlatform
from tests.bot.web.desk import TERMINAL_TOKEN, Desk, running
from tests.bot.web.visitor import a_visitor
from trading.domain.errors import SettingsError

WEB = Path(bot.web.__file__).parent


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "example.org", ""])
def test_an_address_others_can_reach_is_refused_at_the_start(clock, host):
    server = Desk(clock).build(host=host)

    with pytest.raises(SettingsError) as refused:
        server.bind()

    assert refused.value.tell == (
        f"web.host is {host}, which other machines can reach, and the web chat speaks no TLS itself: "
        "set web.host to 127.0.0.1, or put the https address of a proxy before it into web.public_url."
    )


@pytest.mark.parametrize("url", ["http://desk.example.org", "https://desk.example.org/chat"])
def test_a_public_address_without_tls_or_with_a_path_is_refused(clock, url):
    server = Desk(clock).build(host="0.0.0.0", public_url=url)

    with pytest.raises(SettingsError, match=r"web\.public_url is .* https address of a proxy"):
        server.bind()


async def test_behind_a_proxy_that_speaks_tls_it_is_strict(clock):
    desk = Desk(clock)
    public = {"Host": "desk.example.org", "Origin": "https://desk.example.org"}
    desk.code("good")

    async with running(desk, desk.build(host="0.0.0.0", public_url="https://desk.example.org")) as server:
        home = f"http://127.0.0.1:{server.port}"
        async with aiohttp.ClientSession() as http:
            entered = await http.post(f"{home}/enter", json={"code": "good"}, headers=public)
            terminal = await http.get(
                f"{home}/api/me", headers={**public, "Authorization": f"Bearer {TERMINAL_TOKEN}"}
            )
            stranger = await http.get(f"{home}/", headers={"Host": "evil.example.org"})
            for answer in (entered, terminal, stranger):
                await answer.read()

    cookie = entered.headers["Set-Cookie"]
    assert entered.status == 200
    assert cookie.startswith("__Host-tradewind_")
    assert server.url("abc") == "https://desk.example.org/enter/abc"
    assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert entered.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert (terminal.status, stranger.status) == (401, 403)  # the terminal's token is this machine's alone


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
async def test_an_address_of_this_machine_serves(clock, host):
    desk = Desk(clock)

    async with running(desk, desk.build(host=host)) as server, aiohttp.ClientSession() as http:
        async with http.get(f"{server.address}/healthz") as answer:
            status = answer.status

        assert status == 200
        assert server.url("abc") == f"http://{host}:{server.port}/enter/abc"


def test_a_busy_port_is_named_with_the_setting_to_change(clock):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = Desk(clock).build(port=port)

        with pytest.raises(SettingsError) as refused:
            server.bind()

    assert refused.value.tell == (
        f"Port {port} on 127.0.0.1 is taken: set web.port to a free one (0 picks one)."
    )


async def test_a_busy_port_switches_only_this_platform_off(clock):
    with socket.create_server(("127.0.0.1", 0)) as other:
        server = Desk(clock).build(port=other.getsockname()[1])

        with pytest.raises(PlatformOff, match=r"is taken: set web\.port"):
            await WebPlatform(server).run()


def test_a_second_desk_on_the_same_port_is_refused_before_either_serves(clock):
    first = Desk(clock).build()
    first.bind()

    with pytest.raises(SettingsError, match="is taken"):
        Desk(clock).build(port=first.port).bind()

    first.close()


async def test_who_knocks_before_the_server_runs_is_served_once_it_does(clock):
    desk = Desk(clock)
    server = desk.build()
    server.bind()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: close\r\n\r\n".encode()
    )

    async with running(desk, server):
        answer = await asyncio.wait_for(reader.read(), 5)

    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_signals_stay_with_the_process(clock):
    before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    desk = Desk(clock)

    async with running(desk, desk.build()), a_visitor(desk) as visitor:
        await visitor.get("/healthz")

        assert {s: signal.getsignal(s) for s in before} == before


async def test_stopping_tells_each_page_that_it_may_come_back(owner, desk):
    async with owner.page() as page:
        stopping = asyncio.create_task(desk.stop())
        code = await page.closed()
        await stopping

    assert code == 1012


async def test_stopping_lets_a_line_finish_and_delivers_its_answer(owner, desk):
    async with owner.page() as page:
        await page.say("/slow", "a1")
        await page.until("message")
        stopping = asyncio.create_task(desk.stop())
        await asyncio.sleep(0.05)
        desk.gate.set()
        message = await page.reply("a1")
        await stopping

    assert message["title"] == "Done at last"


async def test_stopping_does_not_wait_for_ever(owner, desk, monkeypatch):
    monkeypatch.setattr("bot.web.server.GRACE", 0.05)

    async with owner.page() as page:
        await page.say("/slow", "a1")
        await page.until("message")
        stopping = asyncio.create_task(desk.stop())
        message = await page.reply("a1")
        await stopping

    assert message["title"] == "Tradewind was stopped before this was done."
    assert not desk.gate.is_set()


async def test_after_a_restart_the_session_and_the_port_are_the_same(owner, desk):
    port = desk.server.port
    async with owner.page() as page:
        epoch = page.hello["epoch"]
    await desk.stop()

    async with running(desk, desk.build(port=port)):
        async with owner.page() as page:
            await page.say("/status", "a1")
            message = await page.reply("a1")

    assert page.hello["epoch"] != epoch
    assert message["title"].startswith("Equity")


async def test_nothing_is_left_running_after_a_stop(clock):
    desk = Desk(clock)
    before = asyncio.all_tasks()

    async with running(desk, desk.build()), a_visitor(desk) as visitor:
        await visitor.sign_in()
        async with visitor.page() as page:
            await page.say("/status", "a1")
            await page.reply("a1")

    assert asyncio.all_tasks() - before == set()


async def test_a_server_that_dies_is_not_silent(clock, monkeypatch):
    desk = Desk(clock)
    server = desk.build()
    server.bind()

    async def broken(self, sockets):
        raise OSError("no more sockets")

    monkeypatch.setattr("uvicorn.Server.startup", broken)

    with pytest.raises(OSError, match="no more sockets"):
        await server.run()
    assert server.port == 0  # given back


def test_reading_the_server_s_module_imports_no_web_framework_yet():
    for name in ("server", "session", "chats", "shape", "lines", "json"):
        imported = top_level_imports(WEB / f"{name}.py")

        assert (
            imported & {"fastapi", "starlette", "uvicorn", "pandas", "ccxt", "matplotlib", "numpy"} == set()
        )


def top_level_imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
    return names
