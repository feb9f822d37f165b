"""The last few centimetres before the network: what may leave for a venue, and the proof of what did."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from trading.exchange.facts import Facts
from trading.exchange.outgoing import Meant, NotWhatWasMeant
from trading.exchange.verdict import Heard

# Where money leaves an account. Nothing that contains these is ever asked, but for lists of what has happened.
_NEVER = re.compile(
    r"withdraw|transfer|payout|send.?money|/transactions|sub.?account|convert|borrow|loan", re.IGNORECASE
)
_CHANGES = re.compile(
    r"create|place|submit|new|cancel|amend|edit|close|leverage|margin|buy|sell|/(orders?|trades?)$",
    re.IGNORECASE,
)


class Errand(StrEnum):
    """What somebody is out for."""

    LEARN = "learn"  # markets and their rules, in numbers as ccxt likes them
    READ = "read"
    ORDER = "order"
    CANCEL = "cancel"


class Guarded(NotWhatWasMeant):
    """This request may not leave."""


class Elsewhere(aiohttp.ClientError):
    """An answer that sends us to another address; it is not followed, for it would take the key along."""


@dataclass(slots=True)
class Trip:
    """One errand and what became of its last request."""

    errand: Errand
    meant: Meant | None = None
    requests: int = 0
    watched: bool = False  # whether the session that carries it tells when bytes leave
    left: bool = False
    status: int | None = None
    body: str = ""

    @property
    def heard(self) -> Heard:
        """Only a watched request that never began to leave is one that did not."""
        return Heard(self.left or (self.requests > 0 and not self.watched), self.status, self.body)


_trip: ContextVar[Trip | None] = ContextVar("trip", default=None)


@contextmanager
def trip(errand: Errand, meant: Meant | None = None) -> Iterator[Trip]:
    """Whatever ccxt asks inside belongs to this errand."""
    mine = Trip(errand, meant)
    token = _trip.set(mine)
    try:
        yield mine
    finally:
        _trip.reset(token)


class Wire:
    """Sits between ccxt and its network session.

    An order leaves only on an order's errand, once, to an order's path, saying exactly what was meant; a cancel
    likewise. Ways out for money are shut for everybody. `told` hears each answer.
    """

    def __init__(self, facts: Facts, told: Callable[[Heard, float | None], None]) -> None:
        self._facts, self._told = facts, told

    def equip(self, exchange: Any) -> None:
        """Stand in the way of a new ccxt object."""
        fetch, handle_errors = exchange.fetch, exchange.handle_errors
        exchange.maxRetriesOnFailure = 0
        exchange.options = exchange.options | {"maxRetriesOnFailure": 0}

        async def guarded(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            mine = _trip.get()
            self._admit(mine, url, method, body)
            if mine is not None:
                mine.requests += 1
                mine.watched, mine.left, mine.status, mine.body = False, False, None, ""
            self._watch(exchange)
            return await fetch(url, method, self._dated(exchange, mine, headers), body)

        def heard(code: int, *words: Any) -> Any:
            mine = _trip.get()
            if mine is not None:
                mine.left, mine.status, mine.body = True, code, str(words[4] or "")
            self._told(Heard(True, code, str(words[4] or "")), _retry_after(words[3]))
            return handle_errors(code, *words)

        exchange.fetch, exchange.handle_errors, exchange.number = guarded, heard, _number
        if self._facts.counts:
            exchange.nonce = lambda: _next_nonce(str(exchange.apiKey), venue_ms(exchange))

    def _admit(self, mine: Trip | None, url: str, method: str, body: Any) -> None:
        path, paths = urlsplit(url).path, self._facts.paths
        known_list = method == "GET" and bool(paths.history and re.search(f"(?:{paths.history})$", path))
        if _NEVER.search(path) and not known_list:
            raise Guarded("paths that move money out are shut")
        errand = mine.errand if mine is not None else Errand.READ
        if errand in (Errand.READ, Errand.LEARN):
            if method != "GET" and not self._may_read_by(path, mine):
                raise Guarded("a question may not change anything")
            return
        if mine is None or mine.requests:
            raise Guarded("an order is one request and no more")
        if not self._is(paths.order if errand is Errand.ORDER else paths.cancel, path, method):
            raise Guarded("this is no path for that")
        if mine.meant is not None:
            mine.meant.check(url, body)

    def _may_read_by(self, path: str, mine: Trip | None) -> bool:
        if self._facts.known:
            return bool(self._facts.paths.reads and re.search(f"(?:{self._facts.paths.reads})$", path))
        return mine is not None and not _CHANGES.search(path)

    def _is(self, known: str, path: str, method: str) -> bool:
        if self._facts.known:
            return method != "GET" and bool(re.search(f"(?:{known})$", path))
        return method != "GET"

    def _dated(self, exchange: Any, mine: Trip | None, headers: Any) -> Any:
        """The headers, with the moment after which an order must not be executed where a header says it."""
        expiry = self._facts.profile.request_expiry
        if not self._facts.expiry_header or expiry is None or mine is None or mine.errand is not Errand.ORDER:
            return headers
        return {**(headers or {}), self._facts.expiry_header: str(venue_ms(exchange) + _ms(expiry))}

    def _watch(self, exchange: Any) -> None:
        """Have the session tell when the first byte leaves, and follow nobody elsewhere."""
        exchange.open(True)
        session = exchange.session
        if not any(isinstance(config, _Witness) for config in session.trace_configs):
            session.trace_configs.append(_Witness())


class _Witness(aiohttp.TraceConfig):
    """Notes on the trip that bytes are about to leave."""

    def __init__(self) -> None:
        super().__init__()
        self.on_request_start.append(_watched)
        self.on_request_headers_sent.append(_left)
        self.on_request_redirect.append(_sent_elsewhere)
        self.freeze()


async def _watched(*_: Any) -> None:
    mine = _trip.get()
    if mine is not None:
        mine.watched = True


async def _left(*_: Any) -> None:
    mine = _trip.get()
    if mine is not None:
        mine.left = True


async def _sent_elsewhere(*_: Any) -> None:
    raise Elsewhere("the answer points to another address")


_nonces: dict[str, int] = {}


def _next_nonce(key: str, now: int) -> int:
    """A number above every one that this process has used with this key, whichever client asked."""
    _nonces[key] = max(_nonces.get(key, 0) + 1, now)
    return _nonces[key]


def venue_ms(exchange: Any) -> int:
    """The venue's time as well as it was last measured, in milliseconds."""
    return int(exchange.milliseconds()) - int(exchange.options.get("timeDifference") or 0)


def _ms(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)


def _number(value: Any) -> Any:
    """How ccxt parses a number: as text, so that no digit is lost; only markets are learned as it does by itself."""
    mine = _trip.get()
    return float(value) if mine is None or mine.errand is Errand.LEARN else str(value)


def _retry_after(headers: Any) -> float | None:
    """Seconds that an answer asks us to wait, where it says so."""
    value = next((text for key, text in (headers or {}).items() if key.lower() == "retry-after"), "")
    try:
        return float(value)
    except ValueError:
        return None
