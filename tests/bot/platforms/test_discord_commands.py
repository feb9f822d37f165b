"""Slash commands as Discord is told them, and the lines made from what people fill in."""

import shlex
from decimal import Decimal

import pytest

from bot.people import EVERYONE
from bot.platforms.discord_commands import line_of, meant, shortened, slash_commands
from bot.registry import bind, command, discover
from bot.words import Words
from tests.bot.platforms.discord_desk import Desk, serving, some_commands
from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_limits import check_commands

COMMANDS = some_commands()


def offered(name: str, ko=lambda sentence: sentence) -> dict:
    return next(c for c in slash_commands(COMMANDS, ko, everywhere=True) if c["name"] == name)


def option(command_name: str, option_name: str) -> dict:
    return next(o for o in offered(command_name)["options"] if o["name"] == option_name)


def filled(**values) -> list[dict]:
    return [{"name": name.replace("_", "-"), "type": 3, "value": value} for name, value in values.items()]


@pytest.mark.parametrize("everywhere", [True, False])
def test_discord_takes_all_our_commands(everywhere):
    commands = slash_commands(COMMANDS, lambda sentence: "한" * 200, everywhere=everywhere)

    check_commands(commands, in_guild=not everywhere)

    assert [c["name"] for c in commands] == ["status", "start", "chart", "pause", "kill", "backtest"]
    assert all(("contexts" in c) == everywhere for c in commands)


def test_discord_takes_every_command_there_is():
    commands = slash_commands(discover(), Words("ko"), everywhere=True)

    check_commands(commands, in_guild=False)

    assert {"start", "status", "kill", "chart"} <= {c["name"] for c in commands}


async def test_commands_are_registered_everywhere_or_in_one_server():
    async with FakeDiscord() as discord, serving(discord, Desk()):
        pass
    async with FakeDiscord() as one, serving(one, Desk(), guild_id=one.guild_id):
        pass

    assert "chart" in [c["name"] for c in discord.commands]
    assert discord.commands[0]["contexts"] == [0, 1]  # servers and direct messages
    assert discord.guild_commands == []
    assert one.commands == []
    assert "chart" in [c["name"] for c in one.guild_commands]
    assert discord.rejected == one.rejected == []


def test_permissions_are_left_to_the_dispatcher():
    assert not any("default_member_permissions" in c for c in slash_commands(COMMANDS, str, everywhere=True))


def test_options_have_the_types_of_the_function():
    kinds = {o["name"]: o["type"] for o in offered("backtest")["options"]}

    assert kinds == {
        "strategy": 3,
        "symbols": 3,
        "cash": 10,
        "fee": 10,
        "bars": 4,
        "fast-gear": 5,
        "speed": 3,
        "output": 3,
        "flavour": 3,
        "params": 3,
    }
    assert option("chart", "from")["type"] == 3


def test_the_required_options_come_first():
    def define() -> None:
        @command(allow=EVERYONE)
        async def order(ask, *, note: str = "", amount: Decimal):
            """Place an order."""

    options = slash_commands(some_commands(define), str, everywhere=True)[0]["options"]

    assert [(o["name"], o["required"]) for o in options] == [("amount", True), ("note", False)]


def test_few_choices_are_listed_and_many_or_changing_ones_are_completed():
    assert option("backtest", "speed")["choices"] == [
        {"name": "slow", "value": "slow"},
        {"name": "fast", "value": "fast"},
    ]
    assert "autocomplete" not in option("backtest", "speed")
    assert option("backtest", "flavour")["autocomplete"] is True
    assert "choices" not in option("backtest", "flavour")
    assert option("chart", "symbol")["autocomplete"] is True
    assert "autocomplete" not in option("chart", "period")


def test_files_and_terminal_commands_are_not_offered():
    names = [c["name"] for c in slash_commands(COMMANDS, str, everywhere=True)]

    assert "replay" not in names  # for the terminal only
    assert "load" not in names  # needs a file
    assert "data" not in [o["name"] for o in offered("backtest")["options"]]


def test_descriptions_fit_and_end_at_a_word():
    description = option("kill", "reason")["description"]

    assert description == (
        "why; it is shown with the stop until somebody lifts it, and afterwards in the report of the week…"
    )
    assert len(description) <= 100


def test_koreans_read_korean():
    korean = {"Candles with trades.": "거래가 표시된 캔들"}

    chart = offered("chart", lambda sentence: korean.get(sentence, sentence))

    assert chart["description_localizations"] == {"ko": "거래가 표시된 캔들"}
    assert "name_localizations" not in chart
    assert "description_localizations" not in chart["options"][0]  # nothing to say: English is shown


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("short", 10, "short"),
        ("exactly ten", 11, "exactly ten"),
        ("two words here", 10, "two words…"),
        ("한글은띄어쓰기없이도", 5, "한글은띄…"),
        ("a verylongword", 8, "a veryl…"),
    ],
)
def test_a_text_is_shortened_at_a_word_where_there_is_one(text, limit, short):
    assert shortened(text, limit) == short
    assert len(shortened(text, limit)) <= limit


@pytest.mark.parametrize(
    ("name", "options", "line"),
    [
        ("status", {}, "/status"),
        ("chart", {"symbol": "BTC/USDT"}, "/chart BTC/USDT"),
        ("chart", {"period": "7d", "symbol": "BTC/USDT"}, "/chart BTC/USDT 7d"),
        ("chart", {"symbol": "BTC/USDT", "from": "2024-08-05"}, "/chart BTC/USDT --from 2024-08-05"),
        ("kill", {"reason": "it's getting late"}, "/kill 'it'\"'\"'s getting late'"),
        ("pause", {"reason": "lunch break"}, "/pause 'reason=lunch break'"),
        ("start", {"code": "--help"}, "/start code=--help"),
        ("start", {"code": "a=b"}, "/start code=a=b"),
        ("kill", {"reason": "!"}, "/kill 'reason=!'"),
        ("chart", {"symbol": "BTC/USDT", "from": "!"}, "/chart BTC/USDT --from='!'"),
        ("backtest", {"strategy": "rsi", "fast-gear": False}, "/backtest rsi --fast-gear=off"),
        ("backtest", {"strategy": "rsi", "cash": 1e-7}, "/backtest rsi --cash 0.0000001"),
        ("backtest", {"strategy": "rsi", "cash": -0.0}, "/backtest rsi --cash -0.0"),
        ("backtest", {"strategy": "rsi", "params": " fast=9  slow=21 "}, "/backtest rsi fast=9 slow=21"),
        ("gone", {"a": "x y", "b": 2}, "/gone 'x y' 2"),
    ],
)
def test_what_is_filled_in_becomes_one_line(name, options, line):
    pairs = [{"name": key, "type": 3, "value": value} for key, value in options.items()]

    assert line_of(name, pairs, COMMANDS.get(name)) == line


@pytest.mark.parametrize(
    ("name", "options", "arguments"),
    [
        ("pause", {"reason": "a=b --c !d"}, {"reason": "a=b --c !d"}),
        ("pause", {"strategy": "rsi", "reason": "x"}, {"strategy": "rsi", "reason": "x"}),
        ("chart", {"symbol": "strange name=1", "period": "7d"}, {"symbol": "strange name=1", "period": "7d"}),
        ("kill", {"reason": "quotes \" and ' and \\"}, {"reason": "quotes \" and ' and \\"}),
        ("start", {"code": ""}, {"code": ""}),
        (
            "backtest",
            {"strategy": "rsi", "fast_gear": True, "cash": 2500.5, "bars": 3, "params": "fast=9"},
            {"strategy": "rsi", "fast_gear": True, "cash": Decimal("2500.5"), "bars": 3, "fast": "9"},
        ),
        ("backtest", {"strategy": "rsi", "fast_gear": False}, {"strategy": "rsi", "fast_gear": False}),
    ],
)
def test_the_registry_reads_back_exactly_what_was_filled_in(name, options, arguments):
    line = line_of(name, filled(**options), COMMANDS[name])

    assert bind(COMMANDS[name], shlex.split(line)[1:]) == arguments


@pytest.mark.parametrize(
    ("text", "name", "yes"),
    [
        ("/kill", "kill", False),
        ("/kill !", "kill", True),
        ("/KILL now !1abc", "kill", True),
        ("kill", "kill", False),
        ("/!", None, False),
        ("", None, False),
    ],
)
def test_a_line_tells_its_command_and_whether_it_carries_a_yes(text, name, yes):
    assert meant(text, COMMANDS) == (COMMANDS.get(name), yes)
