"""Slash commands: made from the registry, and turned back into the line a person would have typed."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.registry import Command, Parameter

MOST_CHOICES = 25
LONGEST_CHOICE = 100  # characters, of a choice or a suggestion
LONGEST_HELP = 100  # characters, of a command's or an option's description
PARAMS = "params"  # the one option that takes all `name=value` words of a strategy
PARAMS_HELP = "parameters of the strategy, for instance fast=9 slow=21"

_TEXT, _INTEGER, _BOOLEAN, _NUMBER = 3, 4, 5, 10  # Discord's numbers for option types
_TYPES = {int: _INTEGER, bool: _BOOLEAN, float: _NUMBER, Decimal: _NUMBER}
_SAFE_INTEGER = 2**53  # the largest Discord takes; the registry refuses what is too much for the command
_EVERYWHERE = {"contexts": [0, 1]}  # in servers and in the bot's direct messages


def slash_commands(
    commands: Mapping[str, Command], ko: Callable[[str], str], *, everywhere: bool
) -> list[dict[str, Any]]:
    """What Discord is told about our commands; `ko` says a description in Korean.

    everywhere: for all servers and direct messages, instead of one server.
    """
    extra = _EVERYWHERE if everywhere else {}
    return [
        _described(c.name, c.help, ko) | {"type": 1, "options": _options(c, ko)} | extra
        for c in _offered(commands)
    ]


def _offered(commands: Mapping[str, Command]) -> list[Command]:
    return [
        c
        for c in commands.values()
        if not c.terminal_only and not any(_is_path(p) and p.required for p in c.parameters)
    ]


def _is_path(parameter: Parameter) -> bool:
    """Files of the machine the bot runs on are no business of a chat; its archive of candles is."""
    return parameter.type is Path and parameter.source is None


def _described(name: str, help_text: str, ko: Callable[[str], str]) -> dict[str, Any]:
    described: dict[str, Any] = {"name": name.lower(), "description": shortened(help_text, LONGEST_HELP)}
    korean = ko(help_text)
    if korean != help_text:
        described["description_localizations"] = {"ko": shortened(korean, LONGEST_HELP)}
    return described


def _options(command: Command, ko: Callable[[str], str]) -> list[dict[str, Any]]:
    shown = [p for p in command.parameters if not _is_path(p)]
    shown.sort(key=lambda p: not p.required)  # Discord wants the required ones first
    options = [_option(p, ko) for p in shown]
    if command.takes_params:
        options.append(_described(PARAMS, PARAMS_HELP, ko) | {"type": _TEXT, "required": False})
    return options


def _option(parameter: Parameter, ko: Callable[[str], str]) -> dict[str, Any]:
    kind = _TEXT if parameter.choices else _TYPES.get(parameter.type, _TEXT)
    option = _described(parameter.name, parameter.help, ko) | {"type": kind, "required": parameter.required}
    if 0 < len(parameter.choices) <= MOST_CHOICES:
        option["choices"] = [{"name": c, "value": c} for c in parameter.choices]
    elif parameter.choices or parameter.source:
        option["autocomplete"] = True
    if kind == _INTEGER:
        option |= {"min_value": -_SAFE_INTEGER, "max_value": _SAFE_INTEGER}
    return option


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word, with an ellipsis where something is missing."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    whole, space, _ = cut.rpartition(" ")
    return (whole if space and len(whole) > limit // 2 else cut).rstrip() + "…"


# --- and back: what somebody filled in, as a line -----------------------------------------------------------


def line_of(name: str, filled: Sequence[Mapping[str, Any]], command: Command | None) -> str:
    """The line a person would have typed, `/chart BTC/USDT --period 7d`: there is one grammar."""
    given = {str(option["name"]): _word(option["value"]) for option in filled}
    words = [f"/{name}"]
    if command is None:
        return " ".join(words + [shlex.quote(w) for w in given.values()])
    params = given.pop(PARAMS, "") if command.takes_params else ""
    words += _positional(command, given)
    words += [
        _flag(p, given[p.name.lower()]) for p in command.parameters if p.option and p.name.lower() in given
    ]
    words += [shlex.quote(word) for word in params.split()]
    return " ".join(words)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"  # never 1e-05, which is no number for people
    return str(value)


def _positional(command: Command, given: Mapping[str, str]) -> list[str]:
    """Words in their order; `name=value` past a gap, or where a value looks like something else."""
    words, named = [], False
    for parameter in (p for p in command.parameters if not p.option):
        value = given.get(parameter.name.lower())
        if value is None:
            named = True
            continue
        named = named or "=" in value or value.startswith(("--", "!"))
        words.append(shlex.quote(f"{parameter.name}={value}" if named else value))
    return words


def _flag(parameter: Parameter, value: str) -> str:
    if parameter.type is bool:
        return f"--{parameter.name}" if value == "on" else f"--{parameter.name}=off"
    joint = "=" if value.startswith("!") else " "  # a last word with ! would be a yes
    return f"--{parameter.name}{joint}{shlex.quote(value)}"


def focused(filled: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The option somebody is typing right now, and what is there so far."""
    option = next((o for o in filled if o.get("focused")), None)
    return (str(option["name"]), str(option["value"])) if option else ("", "")


def choices_like(parameter: Parameter, typed: str) -> list[str]:
    """The choices that contain what was typed, for parameters with more of them than Discord lists."""
    return [c for c in parameter.choices if typed.lower() in c.lower()]


def offerable(found: Sequence[str]) -> list[str]:
    """The proposals that Discord takes: each once, not empty, not too long, not too many."""
    return [word for word in dict.fromkeys(found) if 0 < len(word) <= LONGEST_CHOICE][:MOST_CHOICES]


def meant(text: str, commands: Mapping[str, Command]) -> tuple[Command | None, bool]:
    """Which command a line is for, and whether it carries a yes."""
    words = text.split()
    if not words:
        return None, False
    name = words[0].lstrip("/").lower()
    return commands.get(name), len(words) > 1 and words[-1].startswith("!")
