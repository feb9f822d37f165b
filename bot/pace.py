"""How fast anybody may ask, so that nobody keeps the others waiting."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

LINES_AT_ONCE, LINES_PER_SECOND = 40, 5.0
MOST_SENDERS = 10_000


class Bucket:
    """Lets `at_once` through, then `per_second`."""

    def __init__(self, at_once: int, per_second: float, now: datetime) -> None:
        self._at_once, self._per_second = at_once, per_second
        self._left, self._seen_at = float(at_once), now

    def wait(self, now: datetime) -> float:
        """0 when the next one may pass (and it has), otherwise the seconds until it may."""
        passed = max(0.0, (now - self._seen_at).total_seconds())
        self._left = min(self._at_once, self._left + passed * self._per_second)
        self._seen_at = now
        if self._left < 1:
            return (1 - self._left) / self._per_second
        self._left -= 1
        return 0.0


class Buckets:
    """One bucket for each sender; the longest unheard ones are forgotten."""

    def __init__(self, at_once: int, per_second: float, clock: Callable[[], datetime], most: int) -> None:
        self._at_once, self._per_second, self._clock, self._most = at_once, per_second, clock, most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def wait(self, sender: str) -> float:
        """0 when this sender's next one may pass (and it has), otherwise the seconds until it may."""
        now = self._clock()
        bucket = self._buckets.get(sender) or Bucket(self._at_once, self._per_second, now)
        self._buckets[sender] = bucket
        self._buckets.move_to_end(sender)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket.wait(now)

    def forget(self, sender: str) -> None:
        self._buckets.pop(sender, None)
