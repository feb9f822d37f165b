"""Groups of roles, as commands name them, and whose roles count. The table is in README.md ("Who may do what")."""

from collections.abc import Mapping
from dataclasses import replace

from bot.registry import Command
from trading.domain.people import Person, Role
from trading.settings import People

EVERYONE = frozenset(Role)
READERS = frozenset({Role.OWNER, Role.TRADER, Role.APPROVER, Role.VIEWER, Role.AUDITOR})
RESEARCHERS = frozenset({Role.OWNER, Role.TRADER, Role.VIEWER})
TRADERS = frozenset({Role.OWNER, Role.TRADER})
STOPPERS = frozenset({Role.OWNER, Role.ADMIN, Role.TRADER, Role.APPROVER})
OPERATORS = frozenset({Role.OWNER, Role.ADMIN, Role.AUDITOR})
OWNERS = frozenset({Role.OWNER})


def may(person: Person, command: Command) -> bool:
    """Whether a person may give this command, for the account they mean now."""
    match command.scope:
        case "house":
            return bool(command.allow & person.house_roles)
        case "any":
            return bool(command.allow & person.any_roles)
    return bool(command.allow & person.roles)


def with_settings(commands: Mapping[str, Command], settings: People) -> dict[str, Command]:
    """The commands with the rights that settings.toml may widen."""
    mine = dict(commands)
    if settings.viewers_may_kill and "kill" in mine:
        mine["kill"] = replace(mine["kill"], allow=mine["kill"].allow | {Role.VIEWER})
    return mine


def allowed(person: Person, commands: Mapping[str, Command]) -> dict[str, Command]:
    """The commands a person may give; to them, no others exist."""
    return {name: command for name, command in commands.items() if may(person, command)}
