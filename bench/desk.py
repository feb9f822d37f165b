"""The running house as a process: first answer, 100 chats at once, memory; beside a bare echo as floor."""

import asyncio
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import aiohttp
from aiohttp import web

HOME = Path(__file__).resolve().parent.parent
CHATS, ROUNDS = 100, 5


async def started(folder: str) -> tuple[subprocess.Popen[str], str, float]:
    """The process, its web address and the seconds until the link was printed."""
    env = os.environ | {"TRADEWIND__DATA_DIR": folder, "TRADEWIND__WEB__PORT": "0"}
    began = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "main.py"], cwd=HOME, env=env, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while True:
        line = await asyncio.to_thread(process.stdout.readline)
        found = re.search(r"(http://[^/]+)/enter/", line)
        if found:
            return process, found[1], perf_counter() - began


async def first_status(base: str, token: str, began: float) -> float:
    """Seconds from the start of the process to the first good answer to /status."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        while True:
            try:
                async with http.post(f"{base}/api/commands/status", json={}) as answer:
                    if answer.status == 200:
                        return perf_counter() - began
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.02)


async def latencies(base: str, token: str, path: str) -> list[float]:
    """Milliseconds of every answer while 100 chats ask at once."""
    headers = {"Authorization": f"Bearer {token}"}
    seconds: list[float] = []
    connector = aiohttp.TCPConnector(limit=CHATS)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as http:

        async def ask() -> None:
            began = perf_counter()
            async with http.post(f"{base}{path}", json={}) as answer:
                await answer.read()
            seconds.append((perf_counter() - began) * 1e3)

        for _ in range(ROUNDS):
            await asyncio.gather(*(ask() for _ in range(CHATS)))
    return seconds


async def floor() -> list[float]:
    """The same 100 askers against a bare echo in this process."""
    app = web.Application()

    async def echo(_: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    app.router.add_post("/echo", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    seconds = await latencies(f"http://127.0.0.1:{port}", "", "/echo")
    await runner.cleanup()
    return seconds


def memory(pid: int) -> float:
    """Resident megabytes."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


def row(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(f"{name:34}{statistics.median(ordered):>10.1f}{p95:>10.1f}{ordered[-1]:>10.1f}")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for which in ("first start", "second start"):
            began = perf_counter()
            process, base, link = await started(folder)
            token = (Path(folder) / "terminal.token").read_text()
            first = await first_status(base, token, began)
            print(f"{which}: link after {link:.2f} s, first answer to /status after {first:.2f} s")
            if which == "second start":
                await asyncio.sleep(5)
                print(f"idle memory: {memory(process.pid):.0f} MB (web chat and one account)")
                print(f"{'100 chats at once, ms':34}{'median':>10}{'p95':>10}{'worst':>10}")
                row(
                    "/status over HTTP, whole round trip",
                    await latencies(base, token, "/api/commands/status"),
                )
                row(
                    "/trades over HTTP, whole round trip",
                    await latencies(base, token, "/api/commands/trades"),
                )
                row("bare echo (floor)", await floor())
            process.send_signal(signal.SIGTERM)
            process.wait(10)
