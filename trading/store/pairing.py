"""What happens when a pairing code is used: one transaction from the code to the person."""

import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from trading.domain.people import EVERY_ACCOUNT, INVITED, LOCAL, OWN_ACCOUNT, RULING, Place, Role
from trading.store.audit import SYSTEM
from trading.store.tables import AccountRow, ChatRow, GrantRow, IdentityRow, PairingRow, PersonRow, table
from trading.store.waiting import announce
from trading.store.writing import put

TOPICS = frozenset({"reports", "alerts", "trades"})
_LONGEST_NAME = 64
_LONGEST_ACCOUNT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """What a newly created person starts with."""

    account: str
    language: str
    zone: str
    opens: Callable[[], dict[str, Any]] = dict  # the settings of an account of their own
    taken: Callable[[], Collection[str]] = tuple  # names of accounts that are not in the database


@dataclass(frozen=True, slots=True)
class Used:
    """A code that was good: whose it was, and where it was asked for."""

    person_id: int
    origin: str | None


def use_code(
    connection: Connection, *, hashed: str, place: Place, name: str, now: datetime, newcomer: Newcomer
) -> Used | None:
    """The person the code was for, linked to this place; None when the code is not good."""
    codes = table(PairingRow)
    used = connection.execute(
        update(codes)
        .where(codes.c.code_hash == hashed, codes.c.used_at.is_(None), codes.c.expires_at > now)
        .values(used_at=now)
        .returning(codes.c.person_id, codes.c.roles, codes.c.accounts, codes.c.origin)
    )
    code = used.first()
    if code is None:
        return None
    person_id, origin = code.person_id, code.origin
    if person_id is None:
        origin = INVITED  # it was handed on: whoever has it sits anywhere, maybe with no other chat
        person_id = _new_person(connection, code, _of_their_own(connection, name, place), now, newcomer)
    link = {"platform": place.platform, "user_id": place.user_id, "person_id": person_id, "linked_at": now}
    chat = {"address": place.address, "account": "*", "person_id": person_id, "topics": sorted(TOPICS)}
    put(connection, IdentityRow, [link])
    chats = table(ChatRow)
    connection.execute(delete(chats).where(chats.c.address == place.address, chats.c.person_id != person_id))
    put(connection, ChatRow, [chat])
    return Used(int(person_id), origin)


def _new_person(connection: Connection, code: Any, name: str, now: datetime, newcomer: Newcomer) -> int:
    """Who is to rule by an invitation that a chat asked for looks on for a day, while owners may object."""
    grants = table(GrantRow)
    owners = select(grants.c.person_id).where(grants.c.role == Role.OWNER.value).limit(1)
    first = (connection.execute(owners)).first() is None
    if first and Role.OWNER.value in code.roles:
        void_invitations(connection, now)  # earlier starts printed a code each
    values = {
        "name": name,
        "language": newcomer.language,
        "zone": newcomer.zone,
        "account": newcomer.account,
        "created_at": now,
    }
    persons = table(PersonRow)
    created = connection.execute(insert(persons).values(values).returning(persons.c.id))
    person_id = int(created.scalar_one())
    accounts = [
        _open_own(connection, person_id, name, now, newcomer) if account == OWN_ACCOUNT else account
        for account in code.accounts
    ]
    if EVERY_ACCOUNT not in accounts:
        meant = update(persons).where(persons.c.id == person_id).values(account=accounts[0])
        connection.execute(meant)
    own = {
        now_called for asked, now_called in zip(code.accounts, accounts, strict=True) if asked == OWN_ACCOUNT
    }
    given = []
    for account in accounts:
        for role in map(Role, code.roles):
            waits = role in RULING and account not in own and code.origin not in (None, LOCAL)
            given.append({"person_id": person_id, "account": account, "role": Role.VIEWER if waits else role})
            if waits:
                facts = {
                    "act": "role",
                    "person_id": person_id,
                    "name": name,
                    "account": account,
                    "role": role,
                }
                announce(connection, now, by=name, by_id=None, **facts)
    put(connection, GrantRow, given)
    return person_id


def _open_own(connection: Connection, person_id: int, name: str, now: datetime, newcomer: Newcomer) -> str:
    """Open an account named after its person, under a name nobody has used; that name."""
    accounts = table(AccountRow)
    taken = {row.name for row in connection.execute(select(accounts.c.name))} | set(newcomer.taken())
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST_ACCOUNT] or f"person-{person_id}"
    names = chain((stem,), (f"{stem}-{number}" for number in count(2)))
    own = next(name for name in names if name not in taken)
    opened = {"name": own, "settings": newcomer.opens(), "opened_by": person_id, "opened_at": now}
    connection.execute(insert(accounts).values(**opened, closed_at=None))
    return own


def _of_their_own(connection: Connection, name: str, place: Place) -> str:
    """The name somebody goes by here: nobody comes in under another's, to be taken for them in a message."""
    persons = table(PersonRow).c
    taken = {_sounds(row.name) for row in connection.execute(select(persons.name))} | {_sounds(SYSTEM.person)}
    called = _shown(name) or place.platform
    names = chain((called,), (f"{called} {number}" for number in count(2)))
    return next(one for one in names if _sounds(one) not in taken)


def _sounds(name: str) -> str:
    """The same for names that are read as the same: small and large letters, wide and narrow ones."""
    return unicodedata.normalize("NFKC", name).casefold()


def _shown(name: str) -> str:
    """A name on one line, without characters that change how the rest of the line is shown."""
    return "".join(letter for letter in " ".join(name.split()) if letter.isprintable())[:_LONGEST_NAME]


def void_invitations(connection: Connection, now: datetime) -> None:
    """No code that would make a new person is good any more, whoever made it."""
    codes = table(PairingRow)
    unused = codes.c.person_id.is_(None) & codes.c.used_at.is_(None)
    connection.execute(update(codes).where(unused).values(used_at=now))
