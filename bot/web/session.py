"""Who is at the other end: session cookies, the terminal's token, and how fast anybody may ask."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from bot.pace import Bucket, Buckets
from trading.domain.people import INVITED, LOCAL, Person, Place, Session

if TYPE_CHECKING:  # starlette is imported when the server starts, not when this module is read
    from starlette.requests import HTTPConnection
    from starlette.responses import Response

SESSION_LASTS = timedelta(days=30)
COOKIE_LASTS = timedelta(days=400)  # the most browsers grant; use renews what an invited person has
VISIT_LASTS = timedelta(hours=12)  # a session that some chat let in, and not this machine's terminal
LINES_AT_ONCE, LINES_PER_SECOND = 20, 10.0
ENTRIES_AT_ONCE, ENTRIES_PER_SECOND = 10, 10 / 60
TERMINAL = Place(platform="terminal", user_id="local", chat_id="local", private=True, local=True)

Visit = Callable[[str], Awaitable[Session | None]]  # what Telegram says of somebody -> who that is; good once
Enter = Callable[[str, str], Awaitable[Session | None]]  # (code, name) -> whose code it was; it works once


class SessionBook(Protocol):
    """Sessions of browsers, as the web chat needs them; kept by trading/store/people.py."""

    async def session(self, token: str, *, used: bool = True) -> Session | None:
        """A session that is still good, or None. `used`: somebody does something with it now."""

    async def new_session(self, person_id: int, valid_for: timedelta, origin: str = LOCAL) -> str:
        """A fresh session's token, impossible to guess."""

    async def end_session(self, token: str) -> None:
        """From now on the token is nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever sent a request, once it is known that they may."""

    place: Place
    name: str
    session: str  # the key of their rate limit; empty for the terminal
    person: Person | None  # None for the terminal: the dispatcher knows who sits there

    @property
    def is_terminal(self) -> bool:
        return self.person is None


class Door:
    """Knows every caller by cookie or by the terminal's token, and nobody else."""

    def __init__(
        self,
        *,
        sessions: SessionBook,
        terminal_token: str,
        clock: Callable[[], datetime],
        port: int,
        public_host: str = "",
    ) -> None:
        """`public_host`: what browsers call us behind a proxy that speaks TLS; empty without one."""
        self._sessions = sessions
        self._terminal_token = terminal_token.encode()
        self._clock = clock
        self._port = port
        self._public_host = public_host
        self._pace = Buckets(LINES_AT_ONCE, LINES_PER_SECOND, clock, most=1000)
        self._entries = Bucket(ENTRIES_AT_ONCE, ENTRIES_PER_SECOND, clock())

    async def caller(self, connection: "HTTPConnection") -> Caller | None:
        """The sender of a request; a wrong token is nobody, whatever cookie comes with it."""
        authorization = connection.headers.get("authorization")
        if authorization is not None:
            return None if self._is_secure(connection) else self._terminal(authorization)
        token = connection.cookies.get(self._cookie(connection))
        session = await self._sessions.session(token) if token else None
        if token is None or session is None:
            return None
        person, number = session.person, str(session.person.id)
        local = session.origin == LOCAL
        place = Place(platform="web", user_id=number, chat_id=number, private=True, local=local)
        return Caller(place=place, name=person.name, session=token, person=person)

    def _terminal(self, authorization: str) -> Caller | None:
        scheme, _, token = authorization.partition(" ")
        is_ours = hmac.compare_digest(token.encode(), self._terminal_token)
        if scheme.lower() != "bearer" or not self._terminal_token or not is_ours:
            return None
        return Caller(place=TERMINAL, name="terminal", session="", person=None)

    async def is_good(self, session: str, *, used: bool = True) -> bool:
        """Whether a session still is somebody's; asked again whenever a long connection says or hears something."""
        return await self._sessions.session(session, used=used) is not None

    async def open(self, session: Session, connection: "HTTPConnection", response: "Response") -> None:
        """Begin a session in the browser that sent this request."""
        lasts = SESSION_LASTS if session.origin in (LOCAL, INVITED) else VISIT_LASTS
        kept = COOKIE_LASTS if session.origin == INVITED else lasts
        token = await self._sessions.new_session(session.person.id, lasts, session.origin)
        response.set_cookie(
            self._cookie(connection),
            token,
            max_age=int(kept.total_seconds()),
            path="/",
            secure=self._is_secure(connection),
            httponly=True,
            samesite="strict",
        )

    async def end(self, session: str, connection: "HTTPConnection", response: "Response") -> None:
        """End a session and take its cookie back."""
        await self._sessions.end_session(session)
        self._pace.forget(session)
        response.delete_cookie(
            self._cookie(connection),
            path="/",
            secure=self._is_secure(connection),
            httponly=True,
            samesite="strict",
        )

    def wait_for_line(self, session: str) -> float:
        """Seconds until this session may send its next line; 0 when it may now (and has)."""
        return self._pace.wait(session)

    def wait_after_a_guess(self) -> float:
        """Seconds until the next wrong code is looked at, from wherever; a good one never waits, whoever guesses."""
        return self._entries.wait(self._clock())

    def _cookie(self, connection: "HTTPConnection") -> str:
        """Cookies do not know ports, so two desks on one machine would overwrite each other's."""
        secure = self._is_secure(connection)
        return f"__Host-tradewind_{self._port}" if secure else f"tradewind_{self._port}"

    def _is_secure(self, connection: "HTTPConnection") -> bool:
        """Whether the browser speaks TLS; with the proxy it does, whatever the proxy speaks with us."""
        if connection.url.scheme in ("https", "wss"):
            return True
        return bool(self._public_host) and connection.headers.get("host", "").lower() == self._public_host
