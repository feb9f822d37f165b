"""People the desk does not know: one short answer each, and hardly a trace, however many they are."""

from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta

REFUSAL = "This desk is private. If it is yours, send /start and the pairing code from its terminal."
ANSWER_EVERY = timedelta(seconds=60)
WRITTEN_PER_MINUTE = 20  # lines of strangers that the audit takes, of all of them together
_REMEMBERED = 10_000


class Strangers:
    """Who was answered lately, and how much was written down about them."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._answered: OrderedDict[str, datetime] = OrderedDict()
        self._written: deque[datetime] = deque(maxlen=WRITTEN_PER_MINUTE)

    def worth_an_answer(self, sender: str) -> bool:
        """Once a minute each; asking counts as answering."""
        now = self._clock()
        if now - self._answered.get(sender, now - ANSWER_EVERY) < ANSWER_EVERY:
            return False
        self._answered[sender] = now
        self._answered.move_to_end(sender)
        if len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        return True

    def worth_writing_down(self) -> bool:
        """A durable row costs the disk a moment, so strangers together get a few of them a minute."""
        now = self._clock()
        full = len(self._written) == WRITTEN_PER_MINUTE
        if full and now - self._written[0] < timedelta(minutes=1):
            return False
        self._written.append(now)
        return True
