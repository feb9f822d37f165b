"""What goes along the road from a line to its answers: the line, what a command is given, and who keeps what."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from bot.registry import Command
from bot.reply import Reply
from bot.words import Words
from charts.render import Studio
from trading.domain.audit import Actor
from trading.domain.people import Change, Delegation, Member, OpenSession, Person, Place, Quiet, Role
from trading.service import Trading

if TYPE_CHECKING:
    from bot.steps import Steps, Waiting

ANYWAY = ("kill", "status", "health", "positions", "balance", "halts", "help", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line somebody typed, or a button somebody pressed, on any platform."""

    text: str
    place: Place
    name: str  # how the platform calls the person; shown, never trusted
    update_id: str | None  # the platform's id of this very message or press; acted on once
    sent_at: datetime | None  # by the platform's clock; None when it does not say (button presses)
    secrets: Mapping[str, str] = field(
        default_factory=dict, repr=False
    )  # beside the line, and never written down
    pictures: bool = True  # whether whoever asks can look at any

    @property
    def anyway(self) -> bool:
        """Whether it stops everything or only looks: done even where the desk could not start as it is set up."""
        return self.text.lstrip("/").partition(" ")[0] in ANYWAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a command is given."""

    trading: Trading
    person: Person
    place: Place
    say: Words
    now: datetime
    commands: dict[str, Command]
    studio: Studio
    people: "PeopleBook"
    steps: "Steps"
    go_on: "Callable[[Waiting], AsyncIterator[Reply]]"  # does what waited for its last step
    line: str
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    pictures: bool = True  # whether one would be looked at

    @property
    def account(self) -> str:
        return self.person.account

    def mine(self, roles: Collection[Role]) -> tuple[str, ...]:
        """The accounts on which this person has one of these roles, in the order of the house."""
        return tuple(
            name for name in self.trading.accounts if not self.person.roles_on(name).isdisjoint(roles)
        )


class PeopleBook(Protocol):
    """Who is who and who may what, as chats need it; kept by trading/store/people.py."""

    async def find(self, place: Place) -> Person | None:
        """The person behind a platform id, or None."""

    async def person(self, person_id: int) -> Person | None:
        """The person with this number, or None."""

    async def owners(self, account: str) -> list[Person]:
        """Everybody who owns an account ('*': all of them)."""

    async def everybody(self) -> list[Member]:
        """All persons, the disabled ones too."""

    async def pair(self, place: Place, name: str, code: str) -> Person | None:
        """Use up a pairing code and link this platform id to its person; None when the code is not good."""

    async def new_code(
        self,
        person_id: int | None,
        roles: Collection[Role],
        valid_for: timedelta,
        *,
        accounts: Collection[str] = ("*",),
        origin: str | None = None,
    ) -> str:
        """A code that works once: another chat for this person, or a new person with these roles."""

    async def give(self, person_id: int, account: str, role: Role) -> None:
        """Let this be the person's one role on the account."""

    async def take_away(self, person_id: int, account: str) -> None:
        """Take the person's roles on the account away."""

    async def disable(self, person_id: int) -> None:
        """From now on the person is nobody."""

    async def enable(self, person_id: int) -> None:
        """The person is somebody again."""

    async def announce(
        self, by: Person, act: str, person_id: int, account: str, role: Role | None = None
    ) -> Change:
        """Let it hold a day from now, unless an owner calls it off."""

    async def changes(self) -> list[Change]:
        """What is announced and waits, the next one first."""

    async def note_told(self, change: Change) -> None:
        """Its owners know."""

    async def call_off(self, number: int) -> Change:
        """It will not happen; Refused when nothing of this number waits."""

    async def ripen(self) -> list[tuple[Change, str]]:
        """Let hold what has waited long enough; each with why it could not be done."""

    async def chat_topics(self, address: str, account: str = "*") -> set[str]:
        """What a chat wants to hear."""

    async def subscribe(self, address: str, person_id: int, account: str, topics: set[str]) -> None:
        """From now on the chat hears these topics."""

    async def set_language(self, person_id: int, language: str) -> Person:
        """Raises Refused for a language there is not."""

    async def set_zone(self, person_id: int, zone: str) -> Person:
        """Raises Refused for a zone there is not."""

    async def set_theme(self, person_id: int, theme: str) -> Person:
        """How pictures are drawn for the person: light or dark."""

    async def set_quiet(self, person_id: int, quiet: Quiet | None) -> Person:
        """The hours in which the person is told only what cannot wait."""

    async def set_account(self, person_id: int, account: str) -> Person:
        """Raises Refused for an account the person has no role on."""

    async def open_sessions(self, person_id: int) -> list[OpenSession]:
        """The browsers that are this person."""

    async def end_sessions(self, person_id: int) -> int:
        """From now on none of them is."""

    async def has_factor(self, person_id: int) -> bool:
        """Whether the person has a second factor that counts."""

    async def begin_factor(self, person_id: int) -> str:
        """A fresh secret for an authenticator; it counts from its first good code on."""

    async def use_factor(self, person_id: int, code: str) -> bool:
        """Use up a code of the authenticator; False when it is not good."""

    async def drop_factor(self, person_id: int) -> None:
        """From now on the person has no second factor."""

    async def delegate(self, by: Person, person_id: int, account: str, cap: Decimal, until: datetime) -> None:
        """Let a person approve orders up to `cap` each, until then."""

    async def end_delegation(self, person_id: int, account: str) -> bool:
        """Take it back; whether there was one."""

    async def delegations(self, account: str, now: datetime) -> list[Delegation]:
        """Those in force on an account."""

    async def may_approve(self, person: Person, account: str, amount: Decimal, now: datetime) -> bool:
        """Whether the person may say yes to an order of this worth."""


class Diary(Protocol):
    """What the dispatcher writes down; kept by the store."""

    async def first_time(self, platform: str, update_id: str) -> bool:
        """Remember an update; False when it was seen before."""

    def act_for(self, actor: Actor | None) -> None:
        """On whose behalf this task changes things from here on; None: on the desk's own."""

    async def audit(
        self, *, at: datetime, person: str, place: str, account: str | None, line: str, outcome: str
    ) -> None:
        """Who asked for what, where, and what came of it."""
