"""What to do when reads fail: ask again with jitter, keep away when asked to, stop asking what is dead."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from trading.domain.errors import ExchangeSaidNo, Uncertain
from trading.exchange.translate import SlowDown

T = TypeVar("T")

Seconds = Callable[[], float]  # a clock that never goes back
Sleep = Callable[[float], Awaitable[None]]

_dice = random.SystemRandom()


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


Tell = Callable[[BreakerState, str], None]


class Resting(Uncertain):
    """Not even asked: the breaker is open."""


class Breaker:
    """Stops asking after `failures` in a row; after `rest` seconds exactly one caller may try.

    Everybody else is told to wait until that try has come back. A definite no is an answer, so it counts as
    success. Each change of state is told once, with its reason.
    """

    def __init__(
        self, name: str, tell: Tell, *, failures: int = 5, rest: float = 60.0, clock: Seconds = time.monotonic
    ) -> None:
        self._name, self._tell, self._limit, self._rest, self._clock = name, tell, failures, rest, clock
        self._failed = 0
        self._turn = 0  # grows with each change of state: answers to older questions no longer count
        self._opened = 0.0
        self._quiet_until = 0.0
        self.state = BreakerState.CLOSED

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Around one call to the exchange. Raises Resting or SlowDown when it must not be made now."""
        turn = self._admit()
        try:
            yield
        except Uncertain as error:
            self._failure(turn, error)
            raise
        except ExchangeSaidNo:
            self._success(turn)
            raise
        except BaseException:
            self._abandon(turn)
            raise
        self._success(turn)

    def hush(self, seconds: float) -> None:
        """The exchange asked somebody else of this house to be left alone."""
        self._quiet_until = max(self._quiet_until, self._clock() + seconds)

    def _admit(self) -> int:
        now = self._clock()
        if now < self._quiet_until:
            wait = self._quiet_until - now
            raise SlowDown(f"{self._name} asked to be left alone for another {wait:.0f} s.", wait)
        if self.state is BreakerState.OPEN and now >= self._opened + self._rest:
            self._change(BreakerState.HALF_OPEN, f"trying {self._name} again")
            return self._turn
        if self.state is BreakerState.CLOSED:
            return self._turn
        left = max(self._opened + self._rest - now, 0.0)
        when = f"in {left:.0f} s" if left else "when one try has come back"
        raise Resting(f"{self._name} failed {self._limit} times in a row, so it is asked again {when}.")

    def _success(self, turn: int) -> None:
        if turn != self._turn:
            return
        self._failed = 0
        if self.state is not BreakerState.CLOSED:
            self._change(BreakerState.CLOSED, f"{self._name} answers again")

    def _failure(self, turn: int, error: Uncertain) -> None:
        if isinstance(error, SlowDown) and error.wait:
            self._quiet_until = max(self._quiet_until, self._clock() + error.wait)
        if turn != self._turn:
            return
        self._failed += 1
        if self.state is BreakerState.HALF_OPEN or self._failed >= self._limit:
            self._open(error.tell)

    def _abandon(self, turn: int) -> None:
        """The caller went away, so nothing was learned; a lost probe hands its place to the next caller."""
        if turn == self._turn and self.state is BreakerState.HALF_OPEN:
            self._turn += 1
            self.state = BreakerState.OPEN

    def _open(self, reason: str) -> None:
        self._opened, self._failed = self._clock(), 0
        self._change(BreakerState.OPEN, reason)

    def _change(self, state: BreakerState, reason: str) -> None:
        self._turn += 1
        self.state = state
        self._tell(state, reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a read is worth: `tries` at most, and none is begun after `total` seconds."""

    tries: int = 3
    first: float = 0.5
    cap: float = 10.0
    total: float = 20.0

    def pause(self, tries_made: int, error: Uncertain, roll: Callable[[], float]) -> float:
        """Seconds until the next try: doubling, with jitter, and never sooner than the exchange asked for."""
        pause = min(self.first * 2.0 ** (tries_made - 1), self.cap) * (0.5 + roll() / 2)
        asked = error.wait if isinstance(error, SlowDown) and error.wait else 0.0
        return max(pause, asked)


async def persist(
    read: Callable[[], Awaitable[T]],
    patience: Patience,
    *,
    clock: Seconds = time.monotonic,
    sleep: Sleep = asyncio.sleep,
    roll: Callable[[], float] = _dice.random,
) -> T:
    """Ask again while nobody knows; a definite no, an open breaker or too long a wait end it at once.

    What is raised is what the exchange did, not that it is left alone because of it. For reads only: an order is
    never sent twice.
    """
    began, tries_made = clock(), 0
    failed: Uncertain | None = None
    while True:
        tries_made += 1
        try:
            return await read()
        except Resting as resting:
            raise failed or resting from None
        except Uncertain as error:
            failed = error
            pause = patience.pause(tries_made, error, roll)
            if tries_made >= patience.tries or clock() - began + pause > patience.total:
                raise
        await sleep(pause)


class Backoff:
    """Pauses between reconnections: doubling up to `cap` seconds, with jitter.

    Only a connection that lasted makes the next pause short again, so a storm of disconnects calms down.
    """

    def __init__(
        self,
        *,
        first: float = 1.0,
        cap: float = 60.0,
        lasting: float = 60.0,
        clock: Seconds = time.monotonic,
        roll: Callable[[], float] = _dice.random,
    ) -> None:
        self._first, self._cap, self._lasting, self._clock, self._roll = first, cap, lasting, clock, roll
        self._attempts = 0
        self._since = clock()

    def connected(self) -> None:
        """A connection begins."""
        self._since = self._clock()

    def pause(self) -> float:
        """A connection ended: seconds to wait before the next."""
        if self._clock() - self._since >= self._lasting:
            self._attempts = 0
        pause = min(self._first * 2.0 ** min(self._attempts, 16), self._cap) * (0.5 + self._roll() / 2)
        self._attempts += 1
        return pause
