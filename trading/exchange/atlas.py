"""Every venue whose facts are known, and the most careful ones for all others."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trading.exchange import facts_global, facts_korea, library
from trading.exchange.facts import CAREFUL, Facts

FACTS: dict[str, Facts] = {
    "binance": facts_global.BINANCE,
    "bybit": facts_global.BYBIT,
    "okx": facts_global.OKX,
    "kraken": facts_global.KRAKEN,
    "coinbase": facts_global.COINBASE,
    "upbit": facts_korea.UPBIT,
    "bithumb": facts_korea.BITHUMB,
}


def facts_of(exchange_id: str) -> Facts:
    """The facts of a venue. A stranger has no deadline, a slow memory and ids that may be used twice."""
    if (known := FACTS.get(exchange_id)) is not None:
        return known
    return replace(CAREFUL, profile=replace(CAREFUL.profile, name=exchange_id))


def trading_options(facts: Facts, options: Mapping[str, Any]) -> dict[str, Any]:
    """ccxt's options for an account that trades: what keeps orders safe wins over the settings."""
    return library.merged(options, facts.options)
