"""What is wrong is told in one clear sentence, where it stops the exit code says so, and nothing is lost."""

import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import main
from bot.ops import logs
from tests.builders import walk
from tests.story.chats import EVERYWHERE, InTheBrowser, OnDiscord, OnTelegram
from tests.story.house import RunningClock, a_house, environment
from tests.story.process import a_machine, after, only_sentence

NOON = datetime(2025, 3, 10, 12, 0, 20, tzinfo=UTC)  # a day on which the new account holds something
WITHOUT_OVERRULING = after(  # so that not even root may write where the folder says no (CAP_DAC_*)
    "import ctypes\nfor right in (1, 2): ctypes.CDLL(None).prctl(24, right, 0, 0, 0)"
)


@pytest.fixture
def the_program(tmp_path, monkeypatch, capfd):
    """`python main.py WORDS` in this process; what it printed on its error stream, which must be one sentence."""

    def run(*words: str, **sections) -> str:
        for name, value in environment(tmp_path, **sections).items():
            monkeypatch.setenv(name, value)
        code = main.main(list(words))
        out, err = capfd.readouterr()
        said = [line for line in err.splitlines() if line.strip() and "PAPER · main" not in line]
        assert (code, out, len(said)) == (1, "", 1), out + err
        return said[0]

    monkeypatch.setenv("COLUMNS", "400")
    yield run
    logs.close()


# --- settings -------------------------------------------------------------------------------------------------

SETTINGS = {
    "an unknown setting": (
        {"risk": {"daly_loss": 0.1}},
        "TRADEWIND__RISK: there is no setting 'daly_loss' in [risk]; did you mean daily_loss?",
    ),
    "a wrong type": (
        {"risk": {"drawdown": "lots"}},
        "TRADEWIND__RISK: risk.drawdown should be a number; found 'lots'.",
    ),
    "an unknown strategy": (
        {"accounts": {"main": {"sleeves": {"emacross": {"share": 0.1}}}}},
        "TRADEWIND__ACCOUNTS: There is no strategy 'emacross'; the nearest is 'ema_cross'.",
    ),
    "an unknown parameter": (
        {"accounts": {"main": {"sleeves": {"ema_cross": {"fasst": 3}}}}},
        "TRADEWIND__ACCOUNTS: ema_cross has no parameter 'fasst'; the nearest is 'fast'.",
    ),
    "an unknown exchange": (
        {"accounts": {"main": {"exchange": "binanc"}}},
        "TRADEWIND__ACCOUNTS: 'binanc' is no exchange that ccxt",
    ),
    "two currencies": (
        {"accounts": {"main": {"symbols": ["BTC/USDT", "BTC/KRW"]}}},
        "accounts.main.symbols: an account has one currency; found KRW, USDT.",
    ),
    "real money": (
        {"accounts": {"main": {"mode": "live"}}},
        "TRADEWIND__ACCOUNTS: accounts.main.mode is 'live', which trades real money, and its exchange is the "
        "simulated market",
    ),
    "a public web chat": (
        {"web": {"host": "0.0.0.0"}},
        "web.host is 0.0.0.0, which other machines can reach",
    ),
    "an unreachable database": (
        {"database": {"url": "postgresql://ann:hunter2@127.0.0.1:1/desk"}},
        "Nothing was migrated: the database desk on 127.0.0.1 cannot be reached",
    ),
}


@pytest.mark.parametrize(("sections", "sentence"), SETTINGS.values(), ids=SETTINGS)
def test_a_wrong_setting_stops_the_start(the_program, sections, sentence):
    said = the_program(**sections)

    assert said.startswith(sentence)
    assert "hunter2" not in said


def test_a_settings_file_that_is_not_there_stops_the_start(the_program, tmp_path):
    said = the_program("--settings", str(tmp_path / "mine.toml"))

    assert said == f"The settings file {tmp_path / 'mine.toml'} does not exist; name one that does."


def test_a_typing_error_in_the_settings_file_is_told_with_its_line(the_program, tmp_path):
    (tmp_path / "mine.toml").write_text('language = "en"\n[risk]\ndaily_loss == 0.05\n')

    said = the_program("--settings", str(tmp_path / "mine.toml"))

    assert said.startswith(f"{tmp_path / 'mine.toml'} line 3: this is not TOML")


# --- places ---------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_stops_the_start(the_program):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        said = the_program(web={"port": port})

    assert said == f"Port {port} on 127.0.0.1 is taken: set web.port to a free one (0 picks one)."


@pytest.mark.parametrize("words", [(), ("status",)], ids=["the desk", "a command"])
def test_a_data_folder_where_a_file_is_in_the_way_stops_the_start(the_program, tmp_path, words):
    (tmp_path / "notes.txt").write_text("mine")

    said = the_program(*words, data_dir=tmp_path / "notes.txt" / "data")

    assert str(tmp_path / "notes.txt" / "data") in said
    assert "data_dir" in said
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_data_folder_that_may_only_be_read_stops_the_start(tmp_path):
    (tmp_path / "data").mkdir(mode=0o555)

    with a_machine(tmp_path) as machine:
        starting = machine.begin(under=WITHOUT_OVERRULING)
        asking = machine.begin("status", under=WITHOUT_OVERRULING)
        said = [only_sentence(starting), only_sentence(asking)]

    assert all(f"{tmp_path / 'data'}" in sentence and "(Permission denied)" in sentence for sentence in said)
    assert list((tmp_path / "data").iterdir()) == []


def test_a_damaged_database_stops_the_start_and_is_left_as_it_is(the_program, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tradewind.db").write_text("not a database " * 100)

    said = the_program("status")

    assert said.endswith("tradewind.db is not a database or is damaged; put a backup in its place.")
    assert (tmp_path / "data" / "tradewind.db").read_text() == "not a database " * 100


# --- lines ----------------------------------------------------------------------------------------------------

LINES = {
    "/statsu": "There is no command /statsu for you. Did you mean /status? /help lists what there is.",
    "/chart": "/chart needs symbol: a market, for instance BTC/USDT. Usage: /chart SYMBOL [TIMEFRAME]",
    "/chart BTCC/USDT": "The simulated market has no BTCC/USDT; it has BTC/USDT,",
    "/chart BTC/USDT 7q": "'7q' is not a timeframe; write a number and m, h, d or w, for instance 15m or 4h.",
    "/equity yesterday": "'yesterday' is not a span; write 24h, 7d, 4w, 3m or all.",
    "/daily 0": "Choose between 1 and 366; found 0.",
    "/daily 1e9": "days should be a whole number; found '1e9'.",
    "/trades x": "page should be a whole number; found 'x'.",
    "/strategies emacross": "There is no strategy 'emacross'; the nearest is 'ema_cross'.",
    "/set": "/set needs name: a strategy of this account. Usage: /set NAME [name=value …]",
    "/set ema_cross": "Say what to set: /set ema_cross parameter=value. /strategies ema_cross lists them.",
    "/set ema_cross fast=soon": "ema_cross: fast must be a whole number (2 ... 100), not 'soon'.",
    "/set ema_cross fsat=3": "ema_cross has no parameter 'fsat'; the nearest is 'fast'.",
    "/set tsmom length=3": "This account has no strategy 'tsmom'; it has",
    "/disable nothing": "This account has no strategy 'nothing'; it has",
    "/backtest": "Name a strategy, for instance ema_cross, or say --portfolio for the account's own; one of both.",
    "/backtest emacross": "There is no strategy 'emacross'; the nearest is 'ema_cross'.",
    "/backtest ema_cross fast=0": "ema_cross: fast must be",
    "/backtest ema_cross --from 2024-13-01": "from should be a date like 2024-08-05 or 2024-08-05T12:00; found",
    "/backtest ema_cross --cash much": "cash should be a number like 12.5; found 'much'.",
    "/backtest ema_cross --cash 0": "cash must be above zero; found 0.",
    "/backtest ema_cross --fee 2": "fee is a share, for instance 0.001 for 0.1 %; found 2.",
    "/backtest ema_cross --sybols BTC/USDT": "/backtest has no option --sybols. Did you mean --symbols?",
    "/backtest ema_cross --symbols BTC/USDX": "The simulated market has no BTC/USDX;",
    "/logs 5000": "Choose between 1 and 50 lines; found 5000.",
    "/notify weather on": "'weather' does not fit; choose one of reports, alerts, trades.",
    "/notify reports maybe": "state is on or off; found 'maybe'.",
    "/zone Mars/Base": "'Mars/Base' is not a time zone; write one like Asia/Seoul, Europe/Berlin or UTC.",
    "/unkill": "Nothing is killed, so there is nothing to lift.",
    "/resume": "This account is not paused.",
}


def owned(balance: dict[str, Any]) -> tuple[Any, ...]:
    """Cash and positions; what these are worth may change with every minute."""
    return balance["cash"], [(h["sleeve"], h["symbol"], h["quantity"]) for h in balance["holdings"]]


async def test_a_wrong_line_gets_one_sentence_in_the_chat_and_in_the_terminal(tmp_path):
    async with InTheBrowser() as chat, a_house(tmp_path, RunningClock(NOON)) as house:
        await chat.connect(house)
        await chat.pair(house)
        before = owned(await house.facts("balance"))

        in_chat = {line: await chat.say(line) for line in LINES}
        in_terminal = {line: await house.asked(*line.split()) for line in LINES}
        after = owned(await house.facts("balance"))

    said = {line: answer.shown["title"] for line, answer in in_chat.items()}
    assert {line: s for line, s in said.items() if not s.startswith(LINES[line])} == {}
    assert {line: r.title for line, r in in_terminal.items()} == said
    assert all(a.shown["failed"] for a in in_chat.values())
    assert all(reply.failed for reply in in_terminal.values())
    assert before == after


def test_a_wrong_line_on_the_command_line_without_a_desk_ends_with_code_1(the_program):
    assert the_program("chart", "BTC/USDT", "7q").startswith("'7q' is not a timeframe")


@pytest.mark.parametrize("chat", EVERYWHERE.values(), ids=EVERYWHERE.keys())
async def test_a_kill_with_a_very_long_reason_can_be_confirmed(chat, tmp_path):
    reason = "everything at once: " + "급락과 정전이 겹쳐서 " * 12

    async with chat() as chat, a_house(tmp_path, **chat.sections) as house:
        await chat.connect(house)
        await chat.pair(house)
        asked = await chat.say(f"/kill {reason}")
        await chat.press(asked, asked.labels[0])
        halts = (await house.facts("status"))["halts"]

    why = next(halt["reason"] for halt in halts if halt["kind"] == "kill")
    assert why.startswith("everything at once: 급락")
    assert reason.startswith(why)


# --- files of candles -----------------------------------------------------------------------------------------


def hours(bars: int = 700) -> pd.DataFrame:
    return walk(bars).rename_axis("timestamp").reset_index()


def unsorted(path: Path) -> None:
    frame = hours()
    frame.iloc[[200, 300]] = frame.iloc[[300, 200]].to_numpy()
    frame.to_csv(path, index=False)


def impossible(path: Path) -> None:
    hours().assign(low=lambda f: np.where(f.index == 7, f.high + 1, f.low)).to_csv(path, index=False)


FILES = {
    "missing": (lambda path: None, "There is no file or folder"),
    "empty": (
        lambda path: path.write_text(""),
        "is empty; the first line names the columns timestamp, open,",
    ),
    "without rows": (lambda path: hours()[:0].to_csv(path, index=False), "has no candles"),
    "without a column": (lambda p: hours().drop(columns="volume").to_csv(p, index=False), "no column volume"),
    "corrupt": (lambda path: path.write_bytes(b"PAR1\x00\xff" * 99), "is not a CSV table"),
    "unsorted": (unsorted, "row 202 (2024-01-09 09:00:00 UTC): "),
    "impossible": (impossible, "row 8 (2024-01-01 07:00:00 UTC): low is above high"),
    "too short": (lambda path: hours(30).to_csv(path, index=False), "ema_cross needs"),
}


async def test_a_file_of_candles_that_is_unsound_is_refused_with_its_place(tmp_path):
    async with a_house(tmp_path) as house:
        said = {}
        for name, (write, _) in FILES.items():
            write(path := tmp_path / f"BTC-USDT_1h_{name.replace(' ', '_')}.csv")
            reply = await house.asked("replay", "ema_cross", "--data", str(path))
            said[name] = (reply.failed, reply.title)

    assert {name: s for name, s in said.items() if not s[0] or FILES[name][1] not in s[1]} == {}


def test_gaps_in_a_file_are_told_and_nothing_is_filled_in(tmp_path, monkeypatch, capfd):
    hours().drop(index=range(100, 110)).to_csv(tmp_path / "BTC-USDT_1h.csv", index=False)
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)

    code = main.main(["replay", "ema_cross", "--data", str(tmp_path / "BTC-USDT_1h.csv")])

    logs.close()
    assert code == 0
    assert "BTC/USDT: 10 candles are missing in 1 gap; nothing was filled in." in capfd.readouterr().out


# --- tokens ---------------------------------------------------------------------------------------------------


async def test_a_token_that_is_rejected_switches_off_that_platform_and_nothing_else(tmp_path):
    async with OnTelegram() as telegram, OnDiscord() as discord, InTheBrowser() as browser:
        telegram.telegram.token_is_good = False
        discord.discord.token = "another one than ours"
        async with a_house(tmp_path, **telegram.sections, **discord.sections) as house:
            await browser.connect(house)
            await browser.pair(house)
            status = await browser.say("/status")
            await house.until_it_said("telegram is off:")
            await house.until_it_said("discord is off:")
            trades = await house.facts("trades")

    off = sorted(line for line in house.said if " is off: " in line)
    assert off == [
        "discord is off: Discord rejected the token in discord.token; put in the one from the developer "
        "portal, page Bot.",
        "telegram is off: Telegram rejected telegram.token; @BotFather shows the right one.",
    ]
    assert "PAPER · main" in status.text
    assert len(trades) >= 20
