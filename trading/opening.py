"""Opening and closing accounts from a chat: kept in the database, alive at once, and again after a restart."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError

from trading.admission import Admission
from trading.boot import check_exchange
from trading.build import sleeves_of
from trading.domain.account import Mode
from trading.domain.errors import Refused, SettingsError
from trading.modes import MODES, Stake
from trading.settings import AccountSettings
from trading.store.accounts import AccountStore, Opened

log = structlog.get_logger("opening")

MOST_EACH = 10  # open accounts that one person opened
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,23}", re.ASCII)
_RESERVED = frozenset({"all", "own", "none", "new", "close"})
_CREDENTIALS = re.compile("key|secret|password|token|uid|login", re.IGNORECASE)


@dataclass(slots=True)
class Opening:
    """Whoever asks was asked for their rights before. `closed` are names that nobody may use again."""

    desk: Admission
    opened: dict[str, int] = field(default_factory=dict)  # account -> who opened it
    closed: set[str] = field(default_factory=set)
    broken: dict[str, str] = field(default_factory=dict)  # account -> why it cannot trade as it is set up
    heard: list[Callable[[str], None]] = field(default_factory=list)  # told of every account that has come up

    @property
    def _book(self) -> AccountStore:
        return AccountStore(self.desk.store)

    async def load(self) -> list[str]:
        """Take the opened accounts into the settings, as if settings.toml had them; the names that are new."""
        new = []
        for row in await self._book.all():
            if row.closed:
                self.closed.add(row.name)
            elif row.name not in self.opened and self._take(row):
                new.append(row.name)
        return new

    async def refresh(self) -> list[str]:
        """Bring up what was opened since: an invitation may have been used."""
        new = await self.load()
        for name in new:
            await self.desk.admit(name)
            self._tell(name)
        return new

    async def open(self, name: str, wanted: Mapping[str, Any], person_id: int, *, limit: bool = True) -> None:
        """Open an account and bring it up; Refused, with nothing left behind, when it cannot trade."""
        self._check_name(name)
        if limit and sum(by == person_id for by in self.opened.values()) >= MOST_EACH:
            raise Refused(f"You have {MOST_EACH} accounts already; close one first.")
        account = self._checked(name, self.template() | dict(wanted))
        if MODES.get(account.trading_mode) is None or MODES[account.trading_mode].stake is not Stake.NONE:
            raise Refused(
                "A new account begins on paper or in shadow; canary and live are reached from there, step by step."
            )
        self._admit_to_settings(name, account)
        try:
            self._check_trading(name)
            await self.desk.admit(name)
            if name not in self.desk.rooms:
                raise Refused(self.desk.trouble[name])
            await self._book.add(name, _written(account), person_id)
        except BaseException:
            await self._forget(name)
            raise
        self.opened[name] = person_id
        self._tell(name)

    async def close(self, name: str) -> None:
        """Let an opened account go for good; its books stay. Refused while it holds something."""
        self.check_closing(name)
        await self.desk.dismiss(name)
        await self._book.close(name)
        self.desk.settings.accounts.pop(name, None)
        self.opened.pop(name)
        self.closed.add(name)

    def check_closing(self, name: str) -> None:
        """Raise Refused for an account that was not opened in a chat."""
        if name not in self.opened:
            raise Refused(f"The account {name} stands in settings.toml; take it out there.")

    async def open_real(self, name: str, beside: str, exchange: str, person_id: int) -> str | None:
        """Open the account `beside` with real money, a canary set up as the account `name` is on paper.

        Answers why it does not trade yet, if so; it is tried again, as one of settings.toml would be.
        """
        self.check_opening_real(name, beside, exchange)
        mine = self.desk.settings.accounts[name]
        wanted = _written(mine) | {"mode": Mode.CANARY.value, "exchange_options": _without_keys(mine)}
        if exchange and exchange != mine.exchange:
            wanted |= {"exchange": exchange, "exchange_options": {}}
        self._admit_to_settings(beside, self._checked(beside, wanted))
        try:
            self._check_trading(beside)
            await self._book.add(beside, _written(self.desk.settings.accounts[beside]), person_id)
        except BaseException:
            await self._forget(beside)
            raise
        self.opened[beside] = person_id
        await self.desk.admit(beside)
        self._tell(beside)
        return self.desk.trouble.get(beside)

    def check_opening_real(self, name: str, beside: str, exchange: str) -> None:
        """Raise Refused for a name that is taken, and for a market without real money."""
        self._check_name(beside)
        if (exchange or self.desk.settings.accounts[name].exchange) == "simulated":
            raise Refused(f"{name} trades the simulated market; say at which exchange: --exchange binance")

    async def move(self, name: str, mode: Mode) -> None:
        """Let an opened account trade on in another mode that moves no real money, with the books it has.

        Raises Refused for an account of settings.toml, and for one that holds something.
        """
        self.check_moving(name, mode)
        await self.desk.dismiss(name)
        await self.rewrite(name, mode)
        await self.desk.admit(name)

    async def rewrite(self, name: str, mode: Mode) -> None:
        """From now on this is the mode of an opened account; the database first."""
        self.check_moving(name, mode)
        account = self._checked(name, _written(self.desk.settings.accounts[name]) | {"mode": mode.value})
        await self._book.change(name, _written(account))
        self._admit_to_settings(name, account)

    def check_moving(self, name: str, mode: Mode) -> None:
        """Raise Refused for an account that was not opened in a chat."""
        if name not in self.opened:
            raise Refused(
                f'The account {name} stands in settings.toml: write mode = "{mode}" under [accounts.{name}] there and '
                "start the desk again."
            )

    async def opened_at(self, name: str) -> datetime | None:
        """When it was opened in a chat; None for one of settings.toml."""
        return next((row.opened_at for row in await self._book.all() if row.name == name), None)

    def template(self) -> dict[str, Any]:
        """What a new account is like unless told otherwise: the house's first one, on paper, without its keys."""
        first = next(iter(self.desk.settings.accounts.values()))
        return _written(first) | {"mode": "paper", "exchange_options": _without_keys(first)}

    # --- inside -------------------------------------------------------------------------------------------

    def _take(self, row: Opened) -> bool:
        """An account that cannot trade as it stands in the database is told, and touches no other."""
        if row.name in self.desk.settings.accounts and row.name not in self.opened:
            known = self.desk.settings.accounts[row.name]
            if _written(known) != row.settings:
                reason = "settings.toml has an account of this name, too, and that one counts."
                self.broken[row.name] = reason
                return False
        try:
            self._admit_to_settings(row.name, self._checked(row.name, row.settings))
            self._check_trading(row.name)
        except (Refused, SettingsError) as error:
            self.desk.settings.accounts.pop(row.name, None)
            self.broken[row.name] = error.tell
            log.error("account_not_loaded", account=row.name, reason=error.tell)
            return False
        self.opened[row.name] = row.opened_by
        return True

    def _tell(self, name: str) -> None:
        for told in self.heard:
            told(name)

    def _check_name(self, name: str) -> None:
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise Refused(
                f"An account has a name of 1 to 24 characters out of a-z, 0-9, _ and -; found '{name[:40]}'."
            )
        if name in self.desk.settings.accounts or name in self.closed or name in self.broken:
            raise Refused(f"The name {name} is taken, maybe by an account that was closed; choose another.")

    def _checked(self, name: str, wanted: Mapping[str, Any]) -> AccountSettings:
        try:
            return AccountSettings.model_validate(_fitting(wanted))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "it"
            raise Refused(f"The account {name} cannot be so: {where}: {first['msg']}.") from None

    def _check_trading(self, name: str) -> None:
        try:
            check_exchange(self.desk.settings, name)
            sleeves_of(self.desk.settings, name)
        except SettingsError as error:
            sentence = (
                error.tell.partition(": ")[2] or error.tell
            )  # it names a line of a file that has none of it
            raise Refused(sentence[:1].upper() + sentence[1:]) from None

    def _admit_to_settings(self, name: str, account: AccountSettings) -> None:
        self.desk.settings.accounts[name] = account

    async def _forget(self, name: str) -> None:
        if name in self.desk.rooms:
            floor = self.desk.floor_of(name)
            floor.rooms.pop(name, None)
            self.desk.rooms.pop(name, None)
        self.desk.settings.accounts.pop(name, None)
        self.desk.trouble.pop(name, None)


def _written(account: AccountSettings) -> dict[str, Any]:
    """The account as plain data: what differs from the defaults, and always its mode and exchange."""
    plain = account.model_dump(mode="json", exclude_defaults=True)
    return {"mode": account.mode, "exchange": account.exchange, "symbols": list(account.symbols)} | plain


def _without_keys(account: AccountSettings) -> dict[str, Any]:
    """Its options for ccxt; whose money it is is not among them."""
    return {k: v for k, v in account.exchange_options.items() if not _CREDENTIALS.search(k)}


def _fitting(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Sleeves follow the account: symbols it does not have are none of theirs."""
    plain = dict(wanted)
    symbols, sleeves = plain.get("symbols"), plain.get("sleeves")
    if symbols and isinstance(sleeves, Mapping):
        plain["sleeves"] = {
            name: {**sleeve, "symbols": [s for s in sleeve.get("symbols", ()) if s in symbols]}
            for name, sleeve in sleeves.items()
        }
    return plain
