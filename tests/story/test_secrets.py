"""Twelve secrets are given to a desk in every way there is; then everything it has written, said, sent and
answered is searched for them."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from migrations.backup import copy_of
from tests.bot.web.visitor import Page
from tests.fakes.telegram import FakeTelegram
from tests.story.house import ROOT, asked, until
from tests.story.planted import Planted
from tests.story.process import a_machine

OWN_FILES = ("master.key", "terminal.token")  # what they hold is the secret itself
READ = ("status", "health", "logs 50", "keys", "audit 50", "whoami", "help", "balance")


def secret_file(folder: Path, name: str, value: str) -> str:
    path = folder / "secrets" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(f"{value}\n")
    path.chmod(0o600)
    return str(path)


async def test_twelve_planted_secrets_come_out_nowhere(tmp_path):
    planted, seen = Planted(), []
    async with FakeTelegram() as telegram:
        planted.plant("telegram token", telegram.token)
        with a_machine(tmp_path, **sections(telegram)) as machine:
            machine.env |= tokens(tmp_path, planted)
            desk = machine.begin()
            link = await asyncio.to_thread(desk.heard, "web chat:")
            code = (await asyncio.to_thread(desk.heard, "pairing code:")).split()[-1]
            await asyncio.to_thread(desk.heard, "The desk is trading.")
            planted.plant("terminal token", (machine.data / "terminal.token").read_text())
            planted.plant("master key", master_key(machine.data))

            seen += await asyncio.to_thread(put_in_at_the_terminal, machine, planted)
            seen += await in_the_browser(link.split()[-1], planted)
            seen += await on_telegram(telegram, code, planted)
            seen += [str(await asked(machine.data, *line.split())) for line in READ]
            seen += process_surfaces(desk.pid)
            most_of_a_core = core_limit(desk.pid)
            in_use = planted.found_under(machine.data, OWN_FILES)
            copy_of(machine.data / "tradewind.db", "backup", datetime.now(UTC))
            await asyncio.to_thread(desk.stop)
            seen.append(desk.everything())
            seen.append(json.dumps([[call.method, call.fields] for call in telegram.calls], default=str))

        assert len(planted.secrets) >= 12
        assert "discord_connection_lost" in (machine.data / "logs" / "tradewind.log").read_text()
        assert most_of_a_core == ["0", "0"]
        assert in_use == {}
        assert planted.found_under(machine.data, OWN_FILES) == {}
        assert {name: place[:200] for place in seen for name in planted.found_in(place)} == {}


def sections(telegram: FakeTelegram) -> dict:
    """A desk that is told to log everything, with an exchange and a Discord that cannot be reached."""
    nowhere = "http://127.0.0.1:1"
    return {
        "log": {"level": "debug"},
        "telegram": {
            "base_url": telegram.settings().base_url,
            "base_file_url": telegram.settings().base_file_url,
        },
        "discord": {"api_base": f"{nowhere}/api", "gateway_url": "ws://127.0.0.1:1"},
        "accounts": {
            "real": {
                "exchange": "binance",
                "symbols": ["BTC/USDT"],
                "exchange_options": {"urls": {"api": {"public": nowhere, "v1": nowhere}}},
                "sleeves": {},
            }
        },
    }


def tokens(folder: Path, planted: Planted) -> dict[str, str]:
    """Secrets by file, as a container gets them."""
    discord = planted.plant(
        "discord token", "MTAxMjM0NTY3ODkwMTIzNDU2Nzg5.GaBcDe.fGhIjKlMnOpQrStUvWxYz0123456789AbCd"
    )
    return {
        "TRADEWIND__TELEGRAM__TOKEN_FILE": secret_file(folder, "telegram", planted.secrets["telegram token"]),
        "TRADEWIND__TELEGRAM__WEBHOOK_SECRET_FILE": secret_file(
            folder, "hook", planted.plant("webhook secret")
        ),
        "TRADEWIND__DISCORD__TOKEN_FILE": secret_file(folder, "discord", discord),
    }


def master_key(data: Path) -> str:
    lines = (data / "master.key").read_text().splitlines()
    return next(line for line in lines if not line.startswith("#"))


def put_in_at_the_terminal(machine, planted: Planted) -> list[str]:
    """`python main.py keys add`, once right and once, as people do, with the key on the command line."""
    given = [planted.plant(name) for name in ("trade key", "trade secret", "passphrase")]
    typed = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "keys", "add", "real"],
        input="\n".join(given),
        env=machine.env,
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    wrong = machine.run("keys", "add", "real", planted.plant("key on the command line"))

    assert "Stored: trade key at binance" in typed.stdout, typed.stderr
    assert "looks like a key" in wrong.everything()
    return [typed.stdout, typed.stderr, wrong.everything()]


async def in_the_browser(link: str, planted: Planted) -> list[str]:
    """Another key by the page; and one pasted into the chat, which is shown again to whoever comes later."""
    home, _, code = link.partition("/enter/")
    form = {
        "account": "real",
        "purpose": "read",
        "key": planted.plant("read key"),
        "secret": planted.plant("read secret"),
    }
    async with aiohttp.ClientSession(
        headers={"Origin": home}, cookie_jar=aiohttp.CookieJar(unsafe=True)
    ) as http:
        await http.post(f"{home}/enter", json={"code": code})
        (cookie,) = http.cookie_jar
        planted.plant("session", cookie.value)
        stored = await (await http.post(f"{home}/keys", data=form)).text()
        again = await (await http.get(f"{home}/keys")).text()
        line = {"line": planted.plant("pasted into the web chat"), "id": "one", "on": None}
        async with http.ws_connect(f"{home}/ws") as socket:
            await socket.send_json(line)
            told = await Page(socket).until("over")
        async with http.ws_connect(f"{home}/ws") as socket:
            later = await Page(socket).until("hello")
        by_api = await (await http.post(f"{home}/api/commands/keys-add", json={"line": line["line"]})).text()
        health = [
            await (await http.get(f"{home}{path}")).text() for path in ("/healthz", "/readyz", "/metrics")
        ]

    assert "Stored: read key at binance" in stored
    assert "looks like a key" in json.dumps(later)
    return [stored, again, json.dumps(told), json.dumps(later), by_api, *health]


async def on_telegram(telegram: FakeTelegram, code: str, planted: Planted) -> list[str]:
    """The owner pastes a key, a stranger pastes one, and a kill is asked for with one in its reason."""
    ann, eve = telegram.person("Ann"), telegram.person("Eve")
    await telegram.ask(ann, f"/start {code}")
    told = await telegram.ask(ann, f"my key: {planted.plant('pasted into Telegram')}")
    strange = await telegram.ask(eve, planted.plant("a stranger's"))
    killing = await telegram.ask(ann, f"/kill leaked {planted.plant('in a reason')}")
    await until(lambda: len(telegram.calls_of("deleteMessage")) >= 2)

    assert "looks like a key" in told.text
    assert "looks like a key" in strange.text
    assert any(button.command.startswith("/kill") for button in killing.buttons)
    return [message.text for message in (*telegram.shown(ann), *telegram.shown(eve))]


def process_surfaces(pid: int) -> list[str]:
    """What other programs of this machine's user see of the process."""
    return [
        Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace")
        for name in ("cmdline", "environ", "comm", "status")
        if os.access(f"/proc/{pid}/{name}", os.R_OK)
    ]


def core_limit(pid: int) -> list[str]:
    """How large a file a crash of the process may leave behind: soft and hard."""
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    (line,) = [line for line in limits if line.startswith("Max core file size")]
    return line.split()[4:6]


def test_the_search_finds_what_is_there(tmp_path):
    planted = Planted()
    secret = planted.plant("one")
    shown = [secret, f"https://x/?k={secret}", secret.encode().hex(), f"…{secret[:30]}"]

    (tmp_path / "log").write_text(f"a line with {secret} in it")

    assert [planted.found_in(text) for text in shown] == [["one"]] * 4
    assert planted.found_under(tmp_path, ()) == {"log": ["one"]}
    assert planted.found_in("nothing") == []
