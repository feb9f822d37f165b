"""What a person asks when they ask "would this have worked?"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from trading.domain.market import Candle
from trading.domain.protection import Protection
from trading.domain.risk import Limits
from trading.domain.sizing import Size, Weighing


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One strategy of several that share the money of a backtest; empty fields mean the question's."""

    name: str
    strategy: str
    params: Mapping[str, Any]
    share: float
    symbols: tuple[str, ...] = ()
    timeframe: str | None = None
    weighing: Weighing | None = None
    size: Size | None = None
    protection: Protection | None = None  # None: the strategy's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which assumptions a backtest trades; what each may be: trading/lab/terms.py."""

    fill: str = "next-open"  # or close
    latency: str = ""  # candles like 2, or seconds like 30s
    volume_share: Decimal | None = None  # the largest part of a candle's volume one fill may take
    units: Decimal | None = None  # a full exposure is this amount
    all_in: Decimal | None = None  # a purchase spends this share of the cash, at the price it fills at
    step: Decimal | None = None  # amounts are multiples of it
    protect: Mapping[str, str] = field(default_factory=dict)  # names of [protect]; over the strategy's own
    bare: bool = False  # no protection at all, not even the strategy's own
    weights: str = ""  # how money is divided among markets: risk_parity, or risk_parity,every=7,band=0.02
    sizing: str = ""  # how much of its part a market may use: volatility=0.4, atr=0.02 or kelly=0.25
    risk: bool = False  # limits act
    limits: Limits | None = None  # which; None: those a house has that sets none
    held_as: str = ""  # the account whose limits they are
    by_hand: tuple[str, ...] = ()  # those of them that people changed since the settings, as people read them


USUAL_TERMS = Terms()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A backtest or replay as it was asked for; empty fields mean the account's own settings.

    `strategy` may name several, separated by commas: each gets an equal part of the money. With `parts` it is
    only what they are called together. Signals are warmed up on candles before `start`.
    """

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
    terms: Terms = USUAL_TERMS
    parts: tuple[Part, ...] = ()
    portfolio: bool = False  # what the account's own sleeves would have done; they become the parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Candles, and what a strategy wants at the close of each."""

    candles: tuple[Candle, ...]
    wanted: tuple[float, ...]
