"""What single exchanges name otherwise or leave out; data only, read by translate.py and library.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

Ladder = tuple[tuple[Decimal, Decimal], ...]  # (price from, price step), the highest first


def _ladder(*steps: tuple[str, str]) -> Ladder:
    return tuple((Decimal(price), Decimal(step)) for price, step in steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """What ccxt does not know of one exchange. `options` are ccxt's own; the settings win over them."""

    options: Mapping[str, Any] = field(default_factory=dict)
    ladders: Mapping[str, Ladder] = field(default_factory=dict)  # by quote currency
    min_cost: Mapping[str, Decimal] = field(default_factory=dict)  # by quote currency


PLAIN = Quirk()

# Upbit: price units of July 2025 and minimum totals; ccxt answers 1e-8 and nothing. It claims to stream candles,
# but those of one second only, so trades are listened to.
_UPBIT = Quirk(
    options={"has": {"watchOHLCV": False}},
    ladders={
        "KRW": _ladder(
            ("1000000", "1000"),
            ("500000", "500"),
            ("100000", "100"),
            ("50000", "50"),
            ("10000", "10"),
            ("5000", "5"),
            ("100", "1"),
            ("10", "0.1"),
            ("1", "0.01"),
            ("0.1", "0.001"),
            ("0.01", "0.0001"),
            ("0.001", "0.00001"),
            ("0.0001", "0.000001"),
            ("0.00001", "0.0000001"),
            ("0", "0.00000001"),
        ),
        "USDT": _ladder(
            ("10", "0.01"),
            ("1", "0.001"),
            ("0.1", "0.0001"),
            ("0.01", "0.00001"),
            ("0.001", "0.000001"),
            ("0.0001", "0.0000001"),
            ("0", "0.00000001"),
        ),
    },
    min_cost={"KRW": Decimal(5000), "BTC": Decimal("0.00005"), "USDT": Decimal("0.5")},
)

# Binance: ccxt asks the futures hosts too unless it is told that spot is enough.
_BINANCE = Quirk(options={"options": {"fetchMarkets": {"types": ["spot"]}}})

QUIRKS: dict[str, Quirk] = {"binance": _BINANCE, "upbit": _UPBIT}


def quirk(exchange_id: str) -> Quirk:
    """The row of an exchange; most have none."""
    return QUIRKS.get(exchange_id, PLAIN)
