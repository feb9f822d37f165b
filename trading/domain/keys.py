"""Exchange keys as the rest of the house may see them: what is stored, and what it opens to, masked."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from trading.domain.audit import Head


class Purpose(StrEnum):
    """What a key is for. They are asked for separately, so that only what trades ever holds a key that can."""

    READ = "read"
    TRADE = "trade"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key as it may be shown: the last four signs of its public half, and nothing of the secret."""

    account: str
    purpose: Purpose
    exchange: str
    hint: str  # such as "…3f9a"
    version: int  # counts replacements
    added_at: datetime
    added_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An opened key. What it prints as tells whose it is and never what it is."""

    account: str
    exchange: str
    purpose: Purpose
    key: str = field(repr=False)
    secret: str = field(repr=False)
    passphrase: str = field(default="", repr=False)

    @property
    def hint(self) -> str:
        """The end of the public half; too short a key shows nothing."""
        return f"…{self.key[-4:]}" if len(self.key) >= 12 else "…"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must appear nowhere."""
        return tuple(value for value in (self.key, self.secret, self.passphrase) if value)

    def options(self) -> dict[str, str]:
        """As ccxt wants them."""
        found = {"apiKey": self.key, "secret": self.secret}
        return found | ({"password": self.passphrase} if self.passphrase else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What nobody opens without the master key that is gone, and how far the audit goes that nobody proves."""

    keys: tuple[str, ...]  # account, purpose and exchange of each
    factors: int
    head: Head


@dataclass(frozen=True, slots=True)
class Looked:
    """What an exchange says of a key: reasons against it, what its owner should know, whether it is open to others."""

    account: str
    against: tuple[str, ...]
    warnings: tuple[str, ...]
    capped: bool
