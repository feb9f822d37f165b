"""Who may ask for what: persons, their roles, and the places they speak from."""

from dataclasses import dataclass, field, replace
from datetime import datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

EVERY_ACCOUNT = "*"  # in a grant: every account of the house, and the house itself
OWN_ACCOUNT = "+own"  # in an invitation: an account of the newcomer's own, opened when the code is used
INVITED = (
    "invitation"  # where a session comes from that began with an invitation this machine's terminal printed
)
LOCAL = "terminal"  # where a session comes from that began with a link which this machine's terminal printed


class Role(StrEnum):
    """What a person may do with an account. Roles add up; nobody has one unless it was given."""

    OWNER = "owner"
    ADMIN = "admin"
    TRADER = "trader"
    APPROVER = "approver"
    VIEWER = "viewer"
    AUDITOR = "auditor"


LOOKING = frozenset({Role.VIEWER, Role.AUDITOR})  # roles that move no money
RULING = frozenset({Role.OWNER, Role.ADMIN})  # roles that rule over others


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the day in which a person is told only what cannot wait; they may go over midnight."""

    start: time
    end: time

    def holds(self, at: datetime, zone: str) -> bool:
        """Whether this moment is inside, by the clock on the person's wall."""
        now = at.astimezone(ZoneInfo(zone)).time()
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody the desk knows. `account` is the one their commands mean; `roles` are those they have on it.

    `grants` has every role with its account. Made without any, a person has `roles` everywhere.
    """

    id: int
    name: str
    roles: frozenset[Role]
    language: str  # "en" or "ko"
    zone: str  # IANA name; times on screen are in it
    account: str
    grants: frozenset[tuple[str, Role]] = frozenset()
    quiet: Quiet | None = None
    theme: str = "dark"  # or "light": how pictures are drawn

    def roles_on(self, account: str) -> frozenset[Role]:
        """What the person is to an account."""
        return frozenset(role for where, role in self._grants if where in (account, EVERY_ACCOUNT))

    @property
    def house_roles(self) -> frozenset[Role]:
        """What the person is to the house: roles given on every account at once."""
        return self.roles_on(EVERY_ACCOUNT)

    @property
    def any_roles(self) -> frozenset[Role]:
        """What the person is somewhere."""
        return frozenset(role for _, role in self._grants)

    def on(self, account: str) -> "Person":
        """The same person meaning another account, with the roles they have there."""
        return replace(self, account=account, roles=self.roles_on(account))

    @cached_property
    def _grants(self) -> frozenset[tuple[str, Role]]:
        return self.grants or frozenset((EVERY_ACCOUNT, role) for role in self.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person as those see them who look after people."""

    person: Person
    platforms: tuple[str, ...]
    disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a line came from and where its answer goes: a chat on a platform.

    `local`: somebody who has this machine's terminal speaks here, in it or in a page opened by its link.
    """

    platform: str  # telegram, discord, web, terminal
    user_id: str  # the platform's own, permanent id of the person; never a name
    chat_id: str
    private: bool
    local: bool = field(default=False, compare=False)

    @property
    def address(self) -> str:
        """`telegram:123`, as chats are written in settings and tables."""
        return f"{self.platform}:{self.chat_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is somebody. `origin`: who let it in, this machine's `terminal` or a chat platform."""

    person: Person
    origin: str = LOCAL


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A browser as its person may see it."""

    origin: str
    since: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """`person` may approve orders of an account worth up to `cap` each, in its currency, until `until`."""

    id: int
    person: Person
    account: str
    cap: Decimal
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something about who rules the desk that holds from `at` on, unless an owner calls it off before.

    `by_id` is None for somebody who used an invitation: its maker is not known any more.
    """

    id: int
    act: str  # role, drop, disable or enable
    person_id: int
    name: str
    account: str
    role: Role | None
    by: str
    by_id: int | None
    at: datetime
    told: bool


def changes_ruling(
    act: str, grants: frozenset[tuple[str, Role]], account: str, role: Role | None = None
) -> bool:
    """Whether an act changes who rules: it makes somebody owner or admin, or takes an owner's place away."""
    here = {of for where, of in grants if where == account or act in ("disable", "enable")}
    if act == "role":
        return role in RULING or Role.OWNER in here
    return bool(here & RULING) if act == "enable" else Role.OWNER in here


def may_give(giver: Person, role: Role, account: str) -> bool:
    """Whether somebody may give this role on this account ('*': all): owners any, admins those that only look."""
    own = giver.roles_on(account)
    return Role.OWNER in own or (Role.ADMIN in own and role in LOOKING)
