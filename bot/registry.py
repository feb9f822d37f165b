"""Commands: a function and its annotations are the chat command, the slash command, the route and the usage line."""

import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from typing import Annotated, Any, Literal

from bot.reading import READERS
from bot.reply import Button, Reply
from trading.domain.errors import Refused
from trading.domain.people import Role

Run = Callable[..., Awaitable[Reply] | AsyncIterator[Reply]]
Preview = Callable[
    ..., Awaitable["Sure | None"]
]  # called like the command itself, before it; None: no need to ask
Raises = Callable[..., Awaitable[bool]]  # called like the command itself: whether this line raises risk
Scope = Literal["account", "house", "any"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sure:
    """What a person sees before something that cannot be taken back: the act with its object and size."""

    title: str
    text: str
    yes: str  # the label of the button that does it
    no: Button = field(default_factory=lambda: Button("Leave it", "/status"))  # the safe choice beside it


@dataclass(frozen=True, slots=True)
class Source:
    """Where the possible values of a word come from, so that platforms can offer them while typing."""

    name: str  # "symbols", "strategies", "sleeves", "commands"


@dataclass(frozen=True, slots=True)
class Rest:
    """Marks the last word: it takes everything that is left of the line."""


Symbol = Annotated[str, Source("symbols"), "a market, for instance BTC/USDT"]
StrategyName = Annotated[str, Source("strategies"), "a strategy"]
SleeveName = Annotated[str, Source("sleeves"), "a strategy of this account"]


class Options:
    """Options that several commands share: a keyword-only dataclass that a command takes as one argument.

    Each field is an option of the command, annotated like an argument.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One typed word of a command. Keyword-only parameters of the function are options: `--name value`."""

    name: str  # with hyphens for underscores; a trailing underscore (from_) is dropped
    argument: str
    type: type
    help: str
    required: bool
    default: Any
    choices: tuple[str, ...]
    source: str | None
    option: bool
    rest: bool  # takes all remaining words

    @property
    def usage(self) -> str:
        shown = "|".join(self.choices) if 0 < len(self.choices) <= 4 else self.name.upper()
        if self.option:
            shown = f"--{self.name}" + ("" if self.type is bool else f" {shown}")
        return shown if self.required else f"[{shown}]"

    def read(self, word: str) -> Any:
        """The typed value of `word`; raises Refused with what was found and what would be right."""
        if self.choices:
            found = next((c for c in self.choices if c.lower() == word.lower()), None)
            if found is None:
                near = get_close_matches(word.lower(), self.choices, 1)
                hint = f" Did you mean {near[0]}?" if near else ""
                raise Refused(f"'{word}' does not fit; choose one of {', '.join(self.choices)}.{hint}")
            return self.type(found) if issubclass(self.type, Enum) else found
        return READERS[self.type](word, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Everything a platform needs to know about a command; made by @command from the function itself."""

    name: str
    group: str
    help: str
    allow: frozenset[Role]
    run: Run
    parameters: tuple[Parameter, ...]
    takes_params: bool  # has **params: `name=value` words that belong to a strategy
    confirm: Preview | None  # asks first, with what this shows
    acts: bool  # changes something: refused when the line is older than a minute
    always: bool  # runs whatever the age of the line (kill)
    terminal_only: bool
    needs_account: bool
    scope: Scope = "account"
    step_up: bool | Raises = False
    two_persons: bool | Raises = False
    shared: Mapping[str, type[Options]] = field(default_factory=dict)  # by argument: options that go together

    @property
    def usage(self) -> str:
        words = [f"/{self.name}", *(p.usage for p in self.parameters)]
        if self.takes_params:
            words.append("[name=value …]")
        return " ".join(words)


COMMANDS: dict[str, Command] = {}


def command(
    *,
    allow: frozenset[Role],
    confirm: Preview | None = None,
    acts: bool = False,
    always: bool = False,
    terminal_only: bool = False,
    needs_account: bool = True,
    scope: Scope = "account",
    step_up: bool | Raises = False,
    two_persons: bool | Raises = False,
) -> Callable[[Run], Run]:
    """Make the function a command named after it. Its first docstring line is its description.

    confirm: ask first; the function gets the same arguments and says what is about to happen. It may refuse.
    acts:    it changes something, so a line older than 60 s is not obeyed.
    always:  it stops things, so it is obeyed at any age.
    scope:   which roles count: those on the account the person means ("account"), those on every account at
             once ("house"), or those on any account at all ("any"; the command then looks for itself where).
    step_up: it raises risk, always or when this function, called like the command, says so. Then the yes is
             not enough: it takes a code of the person's authenticator, or this machine itself.
    two_persons: when the account has two owners or more, another of them must agree; always or when this says so.
    """

    def register(run: Run) -> Run:
        name = run.__name__.rstrip("_").replace("_", "-")
        if name in COMMANDS:
            raise ValueError(f"two commands are named /{name}")
        doc = inspect.getdoc(run)
        if not doc:
            raise ValueError(f"/{name} does not explain itself: give it a docstring")
        if not allow:
            raise ValueError(f"/{name} is for nobody: say which roles it is for")
        if (step_up and confirm is None) or (two_persons and not step_up):
            raise ValueError(f"/{name} raises risk, so it asks first (confirm) and takes a step-up")
        parameters, shared, takes_params = _parameters(run)
        COMMANDS[name] = Command(
            name=name,
            group=run.__module__.rsplit(".", 1)[-1],
            help=doc.splitlines()[0],
            allow=allow,
            run=run,
            parameters=parameters,
            shared=shared,
            takes_params=takes_params,
            confirm=confirm,
            acts=acts or confirm is not None,
            always=always,
            terminal_only=terminal_only,
            needs_account=needs_account,
            scope=scope,
            step_up=step_up,
            two_persons=two_persons,
        )
        return run

    return register


def discover() -> dict[str, Command]:
    """Import every module of bot/commands; the decorators do the rest."""
    import bot.commands

    for module in pkgutil.iter_modules(bot.commands.__path__):
        importlib.import_module(f"bot.commands.{module.name}")
    return COMMANDS


def nearest(name: str, allowed: typing.Iterable[str]) -> str | None:
    """The command somebody probably meant."""
    found = get_close_matches(name.lower(), list(allowed), 1, cutoff=0.5)
    return found[0] if found else None


def bind(command: Command, words: list[str]) -> dict[str, Any]:
    """Turn words into the function's arguments. Raises Refused in one sentence, with the usage."""
    positional = [p for p in command.parameters if not p.option]
    options = {p.name: p for p in command.parameters if p.option}
    named = {p.name: p for p in command.parameters}
    arguments: dict[str, Any] = {}
    params: dict[str, str] = {}
    plain: list[str] = []
    said: dict[str, str] = {}
    queue = list(words)
    while queue:
        word = queue.pop(0)
        name, equals, value = word.partition("=")
        if word.startswith("--") and not (positional and positional[-1].rest and name[2:] not in options):
            option = _option(command, options, name[2:])
            if option.type is bool:
                value = value or "yes"
            elif not equals:
                if not queue:
                    raise Refused(f"--{option.name} needs a value. Usage: {command.usage}")
                value = queue.pop(0)
            _once(said, f"--{option.name}", value)
            arguments[option.argument] = option.read(value)
        elif equals and name in named:
            _once(said, name, value)
            arguments[named[name].argument] = named[name].read(value)
        elif equals and command.takes_params and all(part.isidentifier() for part in name.split(".")):
            _once(said, name, value)
            params[name] = value
        else:
            plain.append(word)
    _take_positional(command, positional, plain, arguments)
    missing = [p for p in command.parameters if p.required and p.argument not in arguments]
    if missing:
        raise Refused(f"/{command.name} needs {missing[0].name}: {missing[0].help}. Usage: {command.usage}")
    for name, kind in command.shared.items():
        given = {option: arguments.pop(option) for option in _options_of(kind) if option in arguments}
        arguments[name] = kind(**given)
    return arguments | params


def _once(said: dict[str, str], name: str, value: str) -> None:
    """Refused for a second value, whichever was meant."""
    if name in said:
        raise Refused(f"{name} is there twice, with '{said[name]}' and '{value}'; write it once.")
    said[name] = value


def _option(command: Command, options: dict[str, Parameter], name: str) -> Parameter:
    if name in options:
        return options[name]
    near = get_close_matches(name, list(options), 1)
    hint = f" Did you mean --{near[0]}?" if near else ""
    raise Refused(f"/{command.name} has no option --{name}.{hint} Usage: {command.usage}")


def _take_positional(
    command: Command, positional: list[Parameter], plain: list[str], arguments: dict[str, Any]
) -> None:
    for parameter in positional:
        if parameter.argument in arguments:
            continue  # given as name=value
        if not plain:
            return
        if parameter.rest:
            arguments[parameter.argument] = " ".join(plain)
            return
        arguments[parameter.argument] = parameter.read(plain.pop(0))
    if plain:
        raise Refused(f"/{command.name} does not know what to do with '{plain[0]}'. Usage: {command.usage}")


def _parameters(run: Run) -> tuple[tuple[Parameter, ...], dict[str, type[Options]], bool]:
    hints = typing.get_type_hints(run, include_extras=True)
    parameters: list[Parameter] = []
    shared: dict[str, type[Options]] = {}
    takes_params = False
    for spec in list(inspect.signature(run).parameters.values())[1:]:
        hint = hints[spec.name]
        if spec.kind is inspect.Parameter.VAR_KEYWORD:
            takes_params = True
        elif inspect.isclass(hint) and issubclass(hint, Options):
            shared[spec.name] = hint
            fields = typing.get_type_hints(hint, include_extras=True)
            parameters += [_parameter(option, fields[name]) for name, option in _options_of(hint).items()]
        else:
            parameters.append(_parameter(spec, hint))
    return tuple(parameters), shared, takes_params


def _options_of(kind: type[Options]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(kind).parameters


def _parameter(spec: inspect.Parameter, hint: Any) -> Parameter:
    help_text, source, rest = "", None, False
    choices: tuple[str, ...] = ()
    hint = _without_none(hint)
    if typing.get_origin(hint) is Annotated:
        hint, *extras = typing.get_args(hint)
        source = next((e.name for e in extras if isinstance(e, Source)), None)
        help_text = next((e for e in extras if isinstance(e, str)), "")
        rest = any(isinstance(e, Rest) for e in extras)
    hint = _without_none(hint)
    if typing.get_origin(hint) is Literal:
        choices, hint = typing.get_args(hint), str
    elif inspect.isclass(hint) and issubclass(hint, Enum):
        choices = tuple(str(member.value) for member in hint)
    if hint not in READERS and not choices:
        raise TypeError(f"{spec.name}: commands take no {hint}; teach bot/reading.py to read it")
    name = spec.name.rstrip("_").replace("_", "-")
    required = spec.default is inspect.Parameter.empty
    return Parameter(
        name=name,
        argument=spec.name,
        type=hint,
        help=help_text or name,
        required=required,
        default=None if required else spec.default,
        choices=choices,
        source=source,
        option=spec.kind is inspect.Parameter.KEYWORD_ONLY,
        rest=rest,
    )


def _without_none(hint: Any) -> Any:
    """`X` of `X | None`."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return next(a for a in typing.get_args(hint) if a is not types.NoneType)
    return hint
