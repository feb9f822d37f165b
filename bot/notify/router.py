"""Who is told: the chats that chose a topic, and the places that settings name for a severity or a topic."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bot.people import STOPPERS
from trading.domain.notice import Severity
from trading.domain.people import Person
from trading.settings import Notify


class Readers(Protocol):
    """Who wants to hear what; kept by trading/store/people.py."""

    async def readers(self, topic: str, account: str) -> list[tuple[str, Person]]:
        """Addresses of the chats that want this topic of this account, and whose they are."""

    async def owner(self) -> Person | None:
        """The first owner of everything."""


class Identities(Protocol):
    """Where people are; kept by trading/store/notices.py."""

    async def identities(self, person_id: int) -> dict[str, str]:
        """A person's id on each platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A chat, in whose words it is told there, and who is called by name."""

    address: str
    person: Person
    mention: str = ""


class Router:
    """Turns severity and topic into chats; every chat comes once."""

    def __init__(
        self, settings: Notify, readers: Readers, identities: Identities, platforms: Mapping[str, Any]
    ) -> None:
        self._settings, self._readers = settings, readers
        self._identities, self._platforms = identities, platforms

    async def targets(self, topic: str, account: str, severity: Severity) -> list[Target]:
        """Everybody who is told of this; an emergency is told to the owner in private as well."""
        found = [Target(address=a, person=p) for a, p in await self._readers.readers(topic, account)]
        routes: dict[str, tuple[str, ...]] = dict(self._settings.routes)
        named = dict.fromkeys((*routes[severity.name.lower()], *routes.get(topic, ())))
        found += await self._routed(named)
        if severity is Severity.EMERGENCY:
            found += await self._in_private(found)
        return _each_once(found)

    async def _in_private(self, told: Collection[Target]) -> list[Target]:
        """The owner's private chats, but Discord's where they are told on Discord: it may be the same chat."""
        here = {t.person.id for t in told if t.address.startswith("discord:") and not t.mention}
        owners = await self.owners()
        return [t for t in owners if not (t.address.startswith("discord:") and t.person.id in here)]

    async def owners(self) -> list[Target]:
        """The private chats of the house's owner."""
        owner = await self._readers.owner()
        return await self._direct(owner) if owner is not None else []

    async def helpers(self, account: str) -> list[Target]:
        """Whoever else may stop this account, in private, and what `escalate_to` names."""
        owner = await self._readers.owner()
        people = {p.id: p for _, p in await self._readers.readers("alerts", account)}
        others = [p for p in people.values() if p.roles & STOPPERS and (owner is None or p.id != owner.id)]
        found = [target for person in others for target in await self._direct(person)]
        return _each_once([*found, *await self._routed(self._settings.escalate_to)])

    async def _direct(self, person: Person) -> list[Target]:
        known = await self._identities.identities(person.id)
        addresses = (_private(platform, user) for platform, user in known.items())
        return [Target(address=a, person=person) for a in addresses if self._is_here(a)]

    async def _routed(self, routes: Iterable[str]) -> list[Target]:
        routes, found = tuple(routes), []
        owner = await self._readers.owner() if routes else None
        if owner is None:
            return []
        known = await self._identities.identities(owner.id)
        for route in routes:
            where, _, mention = route.partition(" ")
            address = self._settings.places.get(where, where)
            platform, _, chat = address.partition(":")
            if chat == "owner":
                address = _private(platform, known.get(platform, ""))
            if mention == "@owner":
                mention = known.get(platform, "")
            if self._is_here(address):
                found.append(Target(address=address, person=owner, mention=mention))
        return found

    def _is_here(self, address: str) -> bool:
        platform, _, chat = address.partition(":")
        return platform in self._platforms and bool(chat)


def _private(platform: str, user: str) -> str:
    """The private chat with somebody; empty when they are not on that platform."""
    if not user or platform == "terminal":
        return ""
    return f"discord:dm:{user}" if platform == "discord" else f"{platform}:{user}"


def _each_once(targets: Collection[Target]) -> list[Target]:
    found: dict[str, Target] = {}
    for target in targets:
        before = found.get(target.address, target)
        found[target.address] = replace(before, mention=before.mention or target.mention)
    return list(found.values())
