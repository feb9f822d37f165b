"""Connections to the web chat: how many there may be, and how long one may take to say what it wants.

Nobody keeps others out by holding connections: when there are too many, the one that has been silent longest goes.
"""

import asyncio
import resource

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SLOWEST_HEAD = 10.0  # seconds from the first sign of a request to the end of its headers
MOST = 512  # open at once; fewer where the desk may open few files, since exchanges and database need theirs


def most() -> int:
    """How many connections there may be at once in this process."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if allowed == resource.RLIM_INFINITY else min(MOST, allowed // 2)


class Patient(H11Protocol):
    """One connection, which waits for a request, but not for ever."""

    _deadline: asyncio.TimerHandle | None = None
    _silent_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > most():
            silent = [c for c in self.connections if isinstance(c, Patient) and c.is_silent]
            min(silent, key=lambda one: one._silent_since).hang_up()  # at worst the one that has just come

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and self.is_silent:
            self._wait()
        super().data_received(data)
        if not self.is_silent:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    @property
    def is_silent(self) -> bool:
        """Whether no request has been asked in full since the last one was answered."""
        return self.conn.their_state is h11.IDLE

    def hang_up(self) -> None:
        self._stop_waiting()
        self.connections.discard(self)  # what closes is no burden any more
        self.transport.abort()

    def _wait(self) -> None:
        self._silent_since = self.loop.time()
        self._deadline = self.loop.call_later(SLOWEST_HEAD, self.hang_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
