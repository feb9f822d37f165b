"""What makes an account's books its own: the exchange, and those options that lead to another market of it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from trading.settings import AccountSettings

# Keys and time-outs come and go; these say which market it is.
_WHERE = ("sandbox", "testnet", "hostname")
_KIND = ("defaultType", "defaultSettle", "sandboxMode", "defaultSubType")


def identity(account: AccountSettings) -> str:
    """`binance`, or `binance 3f9a21bc` when options lead elsewhere than to its usual market."""
    options = account.exchange_options
    facts: dict[str, Any] = {name: options[name] for name in _WHERE if options.get(name)}
    kinds = options.get("options")
    if isinstance(kinds, Mapping):
        facts |= {name: kinds[name] for name in _KIND if kinds.get(name)}
    if hosts := sorted(set(_hosts(options.get("urls")))):
        facts["hosts"] = hosts
    if not facts:
        return account.exchange
    told = json.dumps(facts, sort_keys=True, default=str)
    return f"{account.exchange} {hashlib.sha256(told.encode()).hexdigest()[:8]}"


def same(known: str | None, account: AccountSettings) -> bool:
    """Whether books begun on `known` may go on here; None: there are no books yet."""
    return known in (None, identity(account))


def _hosts(urls: Any) -> list[str]:
    """Every host an address book names."""
    if isinstance(urls, str):
        return [urlsplit(urls).hostname or ""]
    if isinstance(urls, Mapping):
        return [host for value in urls.values() for host in _hosts(value)]
    return []
