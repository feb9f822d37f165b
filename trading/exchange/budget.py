"""How many order requests a venue may hear from us, with a share that only cancels and kills can use."""

import math
import time

from trading.exchange.resilience import Seconds

RESERVED = 0.5  # share of the bucket that orders leave to cancels
_ASKED = 10.0  # seconds of silence where a venue asks for it without saying how long
_LONGEST = 300.0


class Budget:
    """A bucket of `burst` requests that fills at `rate` a second, on a clock that never goes back.

    After the venue has asked for silence nobody speaks until it is over: whoever does gets banned.
    """

    def __init__(self, rate: float, burst: int, clock: Seconds = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._at = float(burst), clock()
        self._quiet_until = -math.inf

    def wait(self, *, reserved: bool) -> float:
        """Seconds until one more request may leave; `reserved` is for cancels and kills."""
        self._fill()
        floor = 0.0 if reserved else self._burst * RESERVED
        lacking = max(floor + 1.0 - self._left, 0.0)
        return max(lacking / self._rate, self._quiet_until - self._clock(), 0.0)

    def take(self) -> None:
        """One request leaves now."""
        self._fill()
        self._left -= 1.0

    def hush(self, seconds: float | None) -> float:
        """The venue asks to be left alone; for how many seconds that is taken to be."""
        pause = _ASKED if seconds is None else min(max(seconds, 1.0), _LONGEST)
        self._quiet_until = max(self._quiet_until, self._clock() + pause)
        return pause

    def _fill(self) -> None:
        now = self._clock()
        self._left = min(self._left + (now - self._at) * self._rate, float(self._burst))
        self._at = now
