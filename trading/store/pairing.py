"""What happens when a pairing code is used: one transaction from the code to the person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from trading.domain.people import Place, Role
from trading.store.tables import ChatRow, GrantRow, IdentityRow, PairingRow, PersonRow, table
from trading.store.writing import put

TOPICS = frozenset({"reports", "alerts", "trades"})
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """What a newly created person starts with."""

    account: str
    language: str
    zone: str


def use_code(
    connection: Connection, *, hashed: str, place: Place, name: str, now: datetime, newcomer: Newcomer
) -> int | None:
    """The number of the person the code was for, linked to this place; None when the code is not good."""
    codes = table(PairingRow)
    used = connection.execute(
        update(codes)
        .where(codes.c.code_hash == hashed, codes.c.used_at.is_(None), codes.c.expires_at > now)
        .values(used_at=now)
        .returning(codes.c.person_id, codes.c.roles, codes.c.accounts)
    )
    code = used.first()
    if code is None:
        return None
    person_id = code.person_id
    if person_id is None:
        person_id = _new_person(connection, code, _shown(name) or place.platform, now, newcomer)
    link = {"platform": place.platform, "user_id": place.user_id, "person_id": person_id, "linked_at": now}
    chat = {"address": place.address, "account": "*", "person_id": person_id, "topics": sorted(TOPICS)}
    put(connection, IdentityRow, [link])
    chats = table(ChatRow)
    connection.execute(delete(chats).where(chats.c.address == place.address, chats.c.person_id != person_id))
    put(connection, ChatRow, [chat])
    return int(person_id)


def _new_person(connection: Connection, code: Any, name: str, now: datetime, newcomer: Newcomer) -> int:
    grants = table(GrantRow)
    owners = select(grants.c.person_id).where(grants.c.role == Role.OWNER.value).limit(1)
    first = (connection.execute(owners)).first() is None
    if first and Role.OWNER.value in code.roles:
        _void_other_codes(connection, now)
    named = "*" not in code.accounts
    values = {
        "name": name,
        "language": newcomer.language,
        "zone": newcomer.zone,
        "account": code.accounts[0] if named else newcomer.account,
        "created_at": now,
    }
    persons = table(PersonRow)
    created = connection.execute(insert(persons).values(values).returning(persons.c.id))
    person_id = int(created.scalar_one())
    given = [
        {"person_id": person_id, "account": account, "role": role}
        for account in code.accounts
        for role in code.roles
    ]
    put(connection, GrantRow, given)
    return person_id


def _shown(name: str) -> str:
    """A name on one line, without characters that change how the rest of the line is shown."""
    return "".join(letter for letter in " ".join(name.split()) if letter.isprintable())[:_LONGEST_NAME]


def _void_other_codes(connection: Connection, now: datetime) -> None:
    """Earlier starts printed a code each; once there is an owner, none of them may make another."""
    codes = table(PairingRow)
    connection.execute(
        update(codes).where(codes.c.person_id.is_(None), codes.c.used_at.is_(None)).values(used_at=now)
    )
