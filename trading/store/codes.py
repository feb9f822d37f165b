"""Codes and tokens that make somebody somebody: random, easily typed, kept as hashes, not to be guessed."""

import hashlib
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's 32: no I, L, O, U
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_GROUPS, _GROUP = 3, 5  # 15 letters of 5 bits: 75 bits

WRONG_CODES = 10  # so many wrong codes of one sender …
WITHIN = timedelta(minutes=10)  # … in this time, and no code of theirs is looked at
_SENDERS = 10_000  # remembered at most


def new_code() -> str:
    """A code of 75 random bits, like `7K3M9-QXT2W-4HPD8`."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))


def code_hash(code: str) -> str:
    """What is kept of a code; the same in small letters, without dashes, and with O for 0 or l for 1."""
    return _hash("code", code.upper().translate(_MISREAD))


def new_token() -> str:
    """A token of 256 random bits, for a cookie."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return _hash("token", token)


def _hash(kind: str, secret: str) -> str:
    return hashlib.sha256(f"tradewind {kind} {secret}".encode("utf-8", "replace")).hexdigest()


@dataclass(slots=True)
class Guesses:
    """Counts wrong codes per sender. Whoever guesses too often is not listened to for a while."""

    most: int = WRONG_CODES
    _wrong: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)

    def too_many(self, sender: str, now: datetime) -> bool:
        """Whether this sender has used up the wrong codes of the last minutes."""
        wrong = self._wrong.get(sender)
        while wrong and now - wrong[0] >= WITHIN:
            wrong.popleft()
        return wrong is not None and len(wrong) >= self.most

    def note(self, sender: str, now: datetime) -> None:
        """Remember a wrong code."""
        self._wrong.setdefault(sender, deque(maxlen=self.most)).append(now)
        self._wrong.move_to_end(sender)
        while len(self._wrong) > _SENDERS:
            self._wrong.popitem(last=False)

    def forgive(self, sender: str) -> None:
        """Forget the wrong codes of somebody who had the right one."""
        self._wrong.pop(sender, None)
