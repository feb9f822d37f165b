"""Where requests may go: the exchange's own hosts as ccxt knows them, this machine, and what the settings allow."""

import importlib
import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from trading.domain.errors import Refused

_NAMES_A_HOST: Final = re.compile(r"^hostname$|proxy", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_CREDENTIALS: Final = ("apiKey", "secret", "password", "privateKey", "walletAddress", "token")


def check_options(exchange_id: str, options: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Refused when the options lead requests, and the keys in them, to a host nobody vouches for."""
    if options.get("verbose"):
        raise Refused("exchange_options.verbose prints requests with their keys; take it out.")
    named = next((name for name in _CREDENTIALS if options.get(name)), None)
    if named is not None:
        raise Refused(
            f"exchange_options.{named} holds a key in plain text; take it out, "
            "and store the key sealed: python main.py keys add ACCOUNT"
        )
    hosts = sorted({host for host in _hosts(options) if not _is_here(host) and host not in allowed})
    if not hosts:
        return
    known = own_hosts(exchange_id)
    strange = [host for host in hosts if not _belongs(host, known)]
    if strange:
        raise Refused(
            f"exchange_options lead to {strange[0]}, which is no address of {exchange_id}; take it out, "
            f'or write allow_hosts = ["{strange[0]}"] if you mean it.'
        )


def own_hosts(exchange_id: str) -> frozenset[str]:
    """Every host that the installed ccxt itself would talk to on behalf of this exchange."""
    streaming, plain = importlib.import_module("ccxt.pro"), importlib.import_module("ccxt.async_support")
    made = (getattr(streaming, exchange_id, None) or getattr(plain, exchange_id))()
    hostname = str(getattr(made, "hostname", None) or "")
    found = {
        host.replace("{hostname}", hostname) for host in _hosts({"urls": made.urls, "hostname": hostname})
    }
    return frozenset(host for host in found if host)


def _hosts(options: Any, name: str = "") -> Iterator[str]:
    """Every host that is named anywhere in the options."""
    if isinstance(options, Mapping):
        for key, value in options.items():
            yield from _hosts(value, str(key))
    elif isinstance(options, list | tuple):
        for value in options:
            yield from _hosts(value, name)
    elif isinstance(options, str) and (_ADDRESS.match(options) or _NAMES_A_HOST.search(name)):
        yield _host(options)


def _host(text: str) -> str:
    try:
        return (urlsplit(text if _ADDRESS.match(text) else f"//{text}").hostname or "").lower()
    except ValueError:
        return text


def _is_here(host: str) -> bool:
    """This very machine: a proxy on it, or a test."""
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _belongs(host: str, known: Collection[str]) -> bool:
    return any(host == one or host.endswith(f".{_domain(one)}") or host == _domain(one) for one in known)


def _domain(host: str) -> str:
    """What of a host is registered: `binance.com` of `api.binance.com`, `coinone.co.kr` of `api.coinone.co.kr`."""
    labels = host.split(".")
    count = 3 if len(labels) > 2 and len(labels[-2]) <= 3 and len(labels[-1]) == 2 else 2
    return ".".join(labels[-count:])
