"""Every command of the registry answers on every surface, with nothing to show and with very much to show."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot import registry
from bot.ops import logs
from bot.platforms import terminal
from bot.registry import Command, Parameter
from charts.render import Studio
from tests.story.chats import Answer, Chat, InTheBrowser, OnDiscord, OnTelegram
from tests.story.house import House, RunningClock, a_house, an_account, replies
from trading.settings import Log

HEADER = "PAPER · main"  # mode and account, as every message starts
NOON = datetime(2025, 3, 10, 12, 0, 20, tzinfo=UTC)
COMMANDS = registry.discover()
LATELY = "--symbols BTC/USDT --from 2025-03-08"
LINES = {  # where a guess would be of no use, or would take too long
    "orders": "/orders 2",
    "logs": "/logs 50",
    "notify": "/notify reports on",
    "language": "/language {language}",
    "zone": "/zone Asia/Seoul",
    "quiet": "/quiet off",
    "people": "/people",
    "set": "/set {sleeve} share_of_nothing=1",
    "pause": f"/pause {'the market is closed and so are we ' * 6}",
    "download": "/download BTC/USDT --from 2025-03-09",
    "replay": "/replay ema_cross --data archive",
    "backtest": f"/backtest ema_cross {LATELY}",
    "biascheck": "/biascheck nothing",
    "honesty": "/honesty nothing",
    "optimise": "/optimise nothing",
    "shadow": "/shadow nothing",
}
LONG = {"replay", "backtest", "download"}  # they say how far they are
GUESSES = {"symbols": "BTC/USDT", "strategies": "ema_cross", "sleeves": "{sleeve}"}
WORDS = {int: "1", float: "1", bool: "on", Decimal: "1", datetime: "2025-03-09"}

# What the log says when a platform would not show something as it was.
TROUBLE = ("telegram_undelivered", "telegram_markup_refused", "discord_answer_failed", "command_failed")

SYMBOLS = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT"]
KINDS = ("ema_cross", "rsi", "bollinger", "macd")
MANY = {
    f"a_sleeve_with_a_name_{n:03}": {"strategy": KINDS[n % 4], "share": 0.08, "timeframe": "1h"}
    for n in range(12)
}
NOTHING = an_account()
PLENTY = an_account(symbols=SYMBOLS, cash=1_000_000, sleeves=MANY)


def line_for(command: Command, sleeve: str, language: str) -> str:
    """How a person asks for this command; a word that cannot be guessed is refused, which is an answer too."""
    guessed = [_word(p) for p in command.parameters if p.required]
    line = LINES.get(command.name) or " ".join([f"/{command.name}", *guessed])
    return line.format(sleeve=sleeve, language=language)


def _word(parameter: Parameter) -> str:
    if parameter.choices:
        return parameter.choices[0]
    word = GUESSES.get(parameter.source or "") or WORDS.get(parameter.type, "something")
    return f"--{parameter.name} {word}" if parameter.option else word


def lines(sleeve: str, language: str) -> list[str]:
    """One line for each command of a chat."""
    return [line_for(c, sleeve, language) for c in COMMANDS.values() if not c.terminal_only]


def _is_long(line: str) -> bool:
    return line.split()[0].lstrip("/") in LONG


@asynccontextmanager
async def everybody(
    folder: Path, accounts: Mapping[str, Any], language: str
) -> AsyncIterator[tuple[House, list[Chat]]]:
    """A house with this account, and somebody on each platform who is its owner."""
    async with AsyncExitStack() as stack:
        chats = [await stack.enter_async_context(kind()) for kind in (OnTelegram, OnDiscord, InTheBrowser)]
        platforms = {name: section for chat in chats for name, section in chat.sections.items()}
        house = await stack.enter_async_context(
            a_house(folder, RunningClock(NOON), accounts=accounts, **platforms)
        )
        for chat in chats:
            await chat.connect(house)
            await chat.pair(house, (await house.facts("link"))["code"])
        await house.asked("language", language)
        yield house, chats


async def every_line(chat: Chat, wanted: list[str]) -> dict[str, Answer]:
    """What each line is answered; when the end of an earlier answer was read instead, it is asked again."""
    answers = {line: await chat.say(line, 0.6 if _is_long(line) else 0.05) for line in wanted}
    for line in [line for line, answer in answers.items() if HEADER not in answer.text]:
        answers[line] = await chat.say(line, 1.0)
    return answers


@pytest.fixture
def a_long_log(tmp_path):
    """Fifty lines full of what markup is made of, in the file that /logs reads."""
    logs.set_up(Log(level="error"), tmp_path / "logs")
    event = {
        "at": "2025-03-10T12:00:00Z",
        "level": "info",
        "logger": "story",
        "event": "<b>&amp; **_`~|>#[x](y) " * 9,
    }
    (tmp_path / "logs" / logs.FILE).write_text(f"{json.dumps(event)}\n" * 50)
    yield
    logs.close()


@pytest.fixture
def drawn_once(monkeypatch):
    """Each kind of picture is drawn once, and shown to everybody: what is drawn is for the tests of charts."""
    draw, drawn = Studio.draw, {}

    async def once(studio: Studio, function: Any, /, *args: Any, **kwargs: Any) -> bytes:
        if function not in drawn:
            drawn[function] = await draw(studio, function, *args, **kwargs)
        return drawn[function]

    monkeypatch.setattr(Studio, "draw", once)


@pytest.mark.usefixtures("drawn_once")
@pytest.mark.parametrize(
    ("accounts", "language", "wanted"),
    [
        (NOTHING, "en", lines("ema_cross", "en")),
        (PLENTY, "ko", [line for line in lines(next(iter(MANY)), "ko") if not _is_long(line)]),
    ],
    ids=["nothing", "plenty"],
)
async def test_every_command_answers_everywhere(
    tmp_path, capsys, monkeypatch, a_long_log, accounts, language, wanted
):
    monkeypatch.setattr("bot.dispatcher.LINES_AT_ONCE", 10_000)  # nobody types as quickly as this test
    for waiting in ("bot.web.visitor", "story.house", "story.chats"):
        monkeypatch.setattr(f"tests.{waiting}.PATIENCE", 60)  # for a machine with much to do
    monkeypatch.setattr("sys.stdin", io.StringIO("an-api-key\nits-secret\n"))
    async with everybody(tmp_path, accounts, language) as (house, chats):
        answers = await asyncio.gather(*(every_line(chat, wanted) for chat in chats))
        log = capsys.readouterr().out
        printed = {line: await _printed(house, line, capsys) for line in wanted if not _is_long(line)}
        telegram, discord = chats[0].telegram, chats[1].discord

    for chat, answered in zip(chats, answers, strict=True):
        name = type(chat).__name__
        assert {line: a.text for line, a in answered.items() if "our fault" in a.text} == {}, name
        assert [line for line, a in answered.items() if HEADER not in a.text] == [], name
    assert {line: text for line, text in printed.items() if "our fault" in text} == {}
    assert {line: text for line, text in printed.items() if HEADER not in text} == {}
    assert (telegram.complaints, discord.rejected) == ([], [])
    assert [word for word in TROUBLE if word in log] == []


async def _printed(house: House, line: str, capsys) -> str:
    """What the terminal shows for a line."""
    data_dir = house.settings.data_dir
    capsys.readouterr()
    await terminal.show(replies(data_dir, *line.split()), terminal.Shown(False, data_dir / "pictures"))
    return "\n".join(capsys.readouterr())
