"""The safe: exchange keys and the audit, as the rest of the house may ask for them."""

import hashlib
import hmac
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from trading.domain.audit import AuditRow, Head, Verdict
from trading.domain.errors import Refused, SettingsError
from trading.domain.keys import Credentials, Purpose, StoredKey
from trading.store.audit import MARK, Chain
from trading.store.store import Store
from trading.store.vault import Vault

SHORTEST, LONGEST = 8, 4096  # characters of a key or a secret
_PEM = re.compile(r"(?P<begin>-----BEGIN [A-Z ]+-----)(?P<body>.*)(?P<end>-----END [A-Z ]+-----)", re.DOTALL)


@dataclass(slots=True)
class Safe:
    """Locked until `open`. Who may ask is decided before; what is asked for is written into the audit."""

    store: Store
    exchange_of: Callable[[str], str]  # raises Refused for an account there is not
    _vault: Vault | None = field(default=None, repr=False)

    async def open(self, master_key: Path, data_dir: Path, tell: Callable[[Collection[str]], None]) -> None:
        """Take the master key, which a first start makes, and chain the audit with its key.

        `tell` hears every secret before it is used. Raises SettingsError when the master key is not the one.
        """
        self._vault = await Vault.open(self.store, master_key, tell)
        await self.store.keep_audit(Chain(self._vault.audit_key, data_dir / MARK, fresh=self._vault.began))

    @property
    def vault(self) -> Vault:
        if self._vault is None:
            raise SettingsError("The vault is not open; the desk opens it at its start.")
        return self._vault

    @property
    def master_key(self) -> Path:
        """The file that opens everything here."""
        return self.vault.ring.path

    @property
    def made(self) -> Path | None:
        """The master key's file, when this very start made it."""
        return self.vault.made

    # --- keys -----------------------------------------------------------------------------------------------

    async def keys(self, accounts: Collection[str]) -> list[StoredKey]:
        """What is stored for these accounts, masked."""
        return [key for key in await self.vault.stored() if key.account in accounts]

    async def credentials(self, account: str, purpose: Purpose) -> Credentials:
        """The key of an account, opened; only what talks to the exchange asks for it."""
        found, exchange = await self.vault.credentials(account, purpose), self.exchange_of(account)
        if found.exchange != exchange:
            raise Refused(
                f"The stored {purpose} key of account {account} is for {found.exchange}, and the account trades at "
                f"{exchange} now; add one for it: python main.py keys add {account}"
            )
        return found

    async def add_key(
        self, account: str, purpose: Purpose, key: str, secret: str, passphrase: str, by: str
    ) -> StoredKey:
        """Seal a key for the account's exchange. Refused, without repeating it, when it cannot be one."""
        exchange = self.exchange_of(account)
        if exchange == "simulated":
            raise Refused(f"Account {account} trades on the simulated market, which needs no key.")
        for what, text in (("key", key), ("secret", secret)):
            if not SHORTEST <= len(text) <= LONGEST:
                raise Refused(
                    f"The {what} should have {SHORTEST} to {LONGEST} characters; found {len(text)}. "
                    "Copy all of it from the exchange."
                )
        if not (key + passphrase).isprintable() or " " in key or not (key + secret).isascii():
            raise Refused(
                "A key is one word of letters, digits and signs; found something else. Copy it again."
            )
        given = Credentials(
            account=account,
            exchange=exchange,
            purpose=purpose,
            key=key,
            secret=_mended(secret),
            passphrase=passphrase,
        )
        return await self.vault.add(given, by)

    async def remove_key(self, account: str, purpose: Purpose) -> None:
        await self.vault.remove(account, purpose)

    async def rotate(self) -> str:
        """A new master key from now on; its name."""
        return await self.vault.rotate()

    @property
    def log_key(self) -> bytes:
        """What seals the lines of log files."""
        return hmac.new(self.vault.audit_key, b"log files", hashlib.sha256).digest()

    # --- the audit ------------------------------------------------------------------------------------------

    @property
    def head(self) -> Head:
        """The newest row of the audit, to be published."""
        return self.store.chain.head

    async def audits(self, limit: int) -> list[AuditRow]:
        """The newest rows, newest first."""
        return await self.store.audits(limit=limit)

    async def check_audit(self, published: str = "") -> Verdict:
        """Whether every row is as it was written; and, when given, that a published head is among them."""
        verdict = await self.store.check_audit()
        if verdict.wrong or not published:
            return verdict
        number, _, seal = published.partition("-")
        if not number.isdecimal() or not number.isascii() or len(number) > 12 or len(seal) < 8:
            raise Refused(f"A published head looks like {self.head.short}; found '{published}'.")
        return await self.store.check_published(verdict, int(number), seal.lower())


def _mended(secret: str) -> str:
    """A private key in PEM with its line ends again, which a form or a JSON file may have taken out."""
    text = secret.replace("\\n", "\n")
    parts = _PEM.fullmatch(text.strip())
    if parts is None:
        return secret
    body = "".join(parts["body"].split())
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join([parts["begin"], *lines, parts["end"]]) + "\n"
