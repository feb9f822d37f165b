"""Sessions of browsers: tokens that are somebody for a while."""

from datetime import timedelta

from sqlalchemy import Connection, delete, select, update

from trading.domain.people import INVITED, LOCAL, OpenSession, Session
from trading.store.codes import new_token, token_hash
from trading.store.persons import Persons
from trading.store.tables import SessionRow, table

IDLE = timedelta(minutes=30)  # a session that some chat let in ends when unused so long
LASTING = frozenset({LOCAL, INVITED})  # not these: one may be the only chat of its person
RENEWED = timedelta(days=30)  # so long after its last use an invited person's session is good
_SEEN_EVERY = timedelta(minutes=5)  # how exactly a session knows when it was last used


class Sessions(Persons):
    """Only hashes of tokens are kept."""

    async def new_session(self, person_id: int, valid_for: timedelta, origin: str = LOCAL) -> str:
        """A token for a browser of this person. Only its hash is kept."""
        await self._known(person_id)
        token, now = new_token(), self._store.clock()
        values = {
            "token_hash": token_hash(token),
            "person_id": person_id,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + valid_for,
            "origin": origin,
        }
        sessions = table(SessionRow)

        def start(connection: Connection) -> None:
            connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
            connection.execute(sessions.insert(), [values])

        await self._store.database.write(start)
        return token

    async def session(self, token: str, *, used: bool = True) -> Session | None:
        """Whose browser this is; None when the session has ended. `used`: somebody does something with it now."""
        now, hashed, sessions = self._store.clock(), token_hash(token), table(SessionRow)
        found = await self._store.database.rows(
            select(sessions.c.person_id, sessions.c.seen_at, sessions.c.origin).where(
                sessions.c.token_hash == hashed, sessions.c.expires_at > now
            )
        )
        if not found:
            return None
        origin, unused = found[0].origin or "", now - found[0].seen_at
        if origin not in LASTING and unused >= IDLE:
            return None
        person = await self.person(found[0].person_id)
        if person is None:
            return None
        if used and unused >= _SEEN_EVERY:
            known = {"seen_at": now} | ({"expires_at": now + RENEWED} if origin == INVITED else {})
            seen = update(sessions).where(sessions.c.token_hash == hashed).values(**known)
            await self._store.database.write(lambda connection: connection.execute(seen))
        return Session(person=person, origin=origin)

    async def end_session(self, token: str) -> None:
        """From now on the token means nobody."""
        sessions = table(SessionRow)
        end = delete(sessions).where(sessions.c.token_hash == token_hash(token))
        await self._store.database.write(lambda connection: connection.execute(end))

    async def open_sessions(self, person_id: int) -> list[OpenSession]:
        """The browsers that are this person now, the newest first."""
        now, sessions = self._store.clock(), table(SessionRow).c
        query = select(sessions.origin, sessions.created_at, sessions.seen_at).where(
            sessions.person_id == person_id, sessions.expires_at > now
        )
        found = await self._store.database.rows(query.order_by(sessions.created_at.desc()))
        return [
            OpenSession(origin=row.origin or "", since=row.created_at, seen_at=row.seen_at)
            for row in found
            if row.origin in LASTING or now - row.seen_at < IDLE
        ]

    async def end_sessions(self, person_id: int) -> int:
        """From now on none of this person's browsers is anybody; how many there were."""
        sessions = table(SessionRow)
        end = delete(sessions).where(sessions.c.person_id == person_id).returning(sessions.c.token_hash)
        return await self._store.database.write(lambda connection: len(connection.execute(end).all()))
