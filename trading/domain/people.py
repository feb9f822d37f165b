"""Who may ask for what: persons, their roles, and the places they speak from."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person may do with an account. Roles add up; nobody has one unless it was given."""

    OWNER = "owner"
    ADMIN = "admin"
    TRADER = "trader"
    APPROVER = "approver"
    VIEWER = "viewer"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody the desk knows. `account` is the one their commands mean."""

    id: int
    name: str
    roles: frozenset[Role]
    language: str  # "en" or "ko"
    zone: str  # IANA name; times on screen are in it
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a line came from and where its answer goes: a chat on a platform."""

    platform: str  # telegram, discord, web, terminal
    user_id: str  # the platform's own, permanent id of the person; never a name
    chat_id: str
    private: bool

    @property
    def address(self) -> str:
        """`telegram:123`, as chats are written in settings and tables."""
        return f"{self.platform}:{self.chat_id}"
