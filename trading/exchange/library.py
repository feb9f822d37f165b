"""The only door to ccxt: which exchanges it knows, and an exchange object made from the settings' options."""

import asyncio
import decimal
import importlib
import importlib.metadata
import importlib.util
import logging
import ssl
from collections.abc import Mapping
from copy import deepcopy
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from trading.domain.errors import Refused
from trading.exchange.quirks import quirk

# What ccxt raises when it trips over a body that it did not expect.
TRIPPED = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)


@cache
def known_ids() -> frozenset[str]:
    """Every exchange id of the installed ccxt, read off its files: importing it would take half a second."""
    found = importlib.util.find_spec("ccxt")
    folders = (found.submodule_search_locations if found else None) or []
    return frozenset(file.stem for folder in folders for file in Path(folder).glob("[a-z0-9]*.py"))


def check_id(exchange_id: str) -> None:
    """Raises Refused, naming the nearest, when ccxt has no such exchange."""
    if exchange_id in known_ids():
        return
    near = get_close_matches(exchange_id.lower(), known_ids(), 1, cutoff=0.4)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    version = importlib.metadata.version("ccxt")
    raise Refused(f"'{exchange_id}' is no exchange that ccxt {version} knows; write one of its ids.{hint}")


async def load() -> None:
    """Import ccxt without holding up the loop."""
    await asyncio.to_thread(_load)
    logging.getLogger("ccxt").setLevel(logging.WARNING)  # its debug lines show request headers, keys included


def _load() -> None:
    importlib.import_module("ccxt.pro")
    trusted(importlib.import_module("certifi").where())


@cache
def trusted(cafile: str) -> ssl.SSLContext:
    """Whose certificates we believe, for all ccxt objects: reading them takes as long as a request, and a loop that
    reads does nothing else."""
    return ssl.create_default_context(cafile=cafile)


def failures() -> tuple[type[Exception], ...]:
    """What a call into ccxt may raise when the exchange or the way to it is at fault. Call load() first."""
    own: type[Exception] = importlib.import_module("ccxt.base.errors").BaseError
    transport: type[Exception] = importlib.import_module("aiohttp").ClientError
    return (own, transport, OSError, TimeoutError, *TRIPPED)


def open_exchange(exchange_id: str, options: Mapping[str, Any]) -> Any:
    """A new ccxt exchange object: WebSockets where ccxt has them. Call load() first.

    The options go to ccxt as they are; `sandbox = true` switches to its test network.
    """
    streaming, plain = importlib.import_module("ccxt.pro"), importlib.import_module("ccxt.async_support")
    make = getattr(streaming, exchange_id, None) or getattr(plain, exchange_id)
    config = merged(quirk(exchange_id).options, {k: v for k, v in options.items() if k != "sandbox"})
    exchange = make(config)
    if not isinstance(exchange.timeout, int | float) or exchange.timeout <= 0:
        raise Refused(f"exchange_options.timeout is {exchange.timeout!r}; write milliseconds, such as 10000.")
    if options.get("sandbox"):
        _use_sandbox(exchange, exchange_id)
    if exchange.verify is True and not exchange.options.get("include_OS_certificates"):
        exchange.ssl_context = trusted(exchange.cafile)
    _make_strict(exchange)
    _round_aside(exchange)
    return exchange


def _make_strict(exchange: Any) -> None:
    """Let nothing broken pass for nothing at all.

    By itself ccxt takes a good status with a body that is no JSON for an empty answer, and quietly leaves out
    candles without a time; both would look like a market in which nobody traded.
    """
    broken = importlib.import_module("ccxt.base.errors").BadResponse
    handle_errors = exchange.handle_errors

    def checked(code: int, *words: Any) -> Any:
        handled = handle_errors(code, *words)
        method, body, parsed = words[2], words[4], words[5]
        if parsed is None and code < 300 and (body or method == "GET"):
            raise broken(f"{exchange.id} sent a body that is not JSON")
        return handled

    def every_row(rows: Any, market: Any = None, *_: Any, **__: Any) -> list[Any]:
        parsed = [exchange.parse_ohlcv(row, market) for row in rows or ()]
        return sorted(parsed, key=lambda row: exchange.safe_integer(row, 0, 0))

    exchange.handle_errors = checked
    exchange.parse_ohlcvs = every_row


def _round_aside(exchange: Any) -> None:
    """Let ccxt round in a decimal context of its own.

    By itself it changes the one it is called in, and from its first order on our money would be rounded its way.
    """
    rounded = exchange.decimal_to_precision

    def aside(*words: Any, **named: Any) -> Any:
        with decimal.localcontext():
            return rounded(*words, **named)

    exchange.decimal_to_precision = aside


def _use_sandbox(exchange: Any, exchange_id: str) -> None:
    refusal = importlib.import_module("ccxt.base.errors").NotSupported
    try:
        exchange.set_sandbox_mode(True)
    except (refusal, TypeError):  # some list a test network without an address
        raise Refused(f"ccxt knows no sandbox of {exchange_id}; take `sandbox` out of its options.") from None


def merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Copies, so that ccxt never writes into the settings; where both speak, `theirs` counts."""
    both = deepcopy(dict(ours))
    for key, value in theirs.items():
        mine = both.get(key)
        if isinstance(mine, dict) and isinstance(value, Mapping):
            both[key] = merged(mine, value)
        else:
            both[key] = deepcopy(value)
    return both
