"""The exchange's own time, measured now and then: a wrong clock of ours never closes a candle early."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from trading.clock import Clock
from trading.domain.errors import ExchangeSaidNo, Uncertain
from trading.exchange.connection import Connection
from trading.exchange.resilience import Seconds

log = structlog.get_logger("exchange")

_EVERY = 600.0  # seconds between measurements
_AGAIN = 60.0  # and after one that failed or took too long to be exact
_STEP = 0.5  # seconds by which the wall clock may part from the monotonic one before it is measured anew
_QUICK = 2.0  # seconds; the answer to a slower question says little about now


class ServerTime:
    """`now` is the exchange's time as well as we know it.

    From the first measurement on it runs by the monotonic clock; before that, and for an exchange that does
    not tell the time, it is the wall clock's.
    """

    def __init__(self, connection: Connection, wall: Clock, steady: Seconds = time.monotonic) -> None:
        self._connection, self._wall, self._steady = connection, wall, steady
        self._measured: tuple[datetime, float] | None = None  # the exchange's time, and when that was
        self._marks = (wall(), steady())  # both clocks at the last look
        self._next = steady()
        self.uncertainty = timedelta(0)

    def now(self) -> datetime:
        if self._measured is None:
            return self._wall()
        server, then = self._measured
        return server + timedelta(seconds=self._steady() - then)

    @property
    def offset(self) -> float:
        """How many seconds the exchange is ahead of our wall clock."""
        return (self.now() - self._wall()).total_seconds()

    async def measure_if_due(self) -> None:
        """Ask for the time every ten minutes, and after a leap of the wall clock. Never raises."""
        if self._steady() < self._next and not self._leapt():
            return
        self._marks, self._next = (self._wall(), self._steady()), self._steady() + _AGAIN
        try:
            exchange = await self._connection.exchange()
            if not exchange.has.get("fetchTime"):
                self._next = self._steady() + _EVERY
                return
            before = self._steady()
            self._take(await self._connection.read_once("fetch_time"), before)
        except (Uncertain, ExchangeSaidNo) as error:
            log.warning("exchange_time_unknown", reason=error.tell)

    def _take(self, answer: Any, before: float) -> None:
        trip = self._steady() - before
        if not isinstance(answer, int) or (trip > _QUICK and self._measured is not None):
            return
        server = datetime.fromtimestamp(answer / 1000, UTC) + timedelta(seconds=trip / 2)
        self._measured, self.uncertainty = (server, self._steady()), timedelta(seconds=trip / 2)
        if trip <= _QUICK:
            self._next = self._steady() + _EVERY

    def _leapt(self) -> bool:
        wall, steady = self._marks
        return abs((self._wall() - wall).total_seconds() - (self._steady() - steady)) > _STEP
