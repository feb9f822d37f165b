"""What a person asks when they ask "would this have worked?"."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A backtest or replay as it was asked for; empty fields mean the account's own settings."""

    strategy: str
    params: Mapping[str, str]
    data: Path | None = None
    symbols: tuple[str, ...] = ()
    timeframe: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    cash: Decimal = Decimal(10000)
    fee: Decimal = Decimal("0.001")
    slippage: Decimal = Decimal("0.0005")
