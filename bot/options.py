"""Options that the commands of research share: which candles, at what costs, on which terms."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, TypedDict

from bot.dispatcher import Ask
from bot.registry import Options, Source
from trading.domain.archive import is_archive
from trading.domain.errors import Refused
from trading.domain.research import Terms

Data = Annotated[
    Path, Source("archives"), "recorded candles: archive, a Parquet or CSV file, or a folder of them"
]
Symbols = Annotated[str, "which markets, separated by commas"]
Frame = Annotated[str, "candle length, for instance 1h"]
From = Annotated[datetime, "first day, for instance 2024-01-01"]
To = Annotated[datetime, "the day it ends before"]
Cash = Annotated[Decimal, "money at the start"]
Fee = Annotated[Decimal, "fee of each fill as a share, 0.001 is 0.1 %"]
Slippage = Annotated[Decimal, "how much worse than the open each fill is, as a share"]
Fill = Annotated[Literal["next-open", "close"], "the price an order fills at: the next open, or the close"]
Latency = Annotated[str, "how late orders arrive: candles like 2, or seconds like 30s"]
VolumeShare = Annotated[Decimal, "the most of a candle's volume one fill takes, as a share"]
Units = Annotated[Decimal, "amount of a full position, instead of all the money"]
AllIn = Annotated[Decimal, "share of the cash each purchase spends, at the price it fills at"]
Step = Annotated[Decimal, "amounts are multiples of it, for instance 1 for whole units"]
Protect = Annotated[
    str, "stops and targets, for instance stop=0.02,take=0.05, or off; over the strategy's own"
]
RiskSwitch = Annotated[Literal["on", "off"], "whether the limits of the settings act"]
Weights = Annotated[str, "how money is divided among markets, for instance risk_parity,every=7"]
Kept = Annotated[str, "the best parameters of this study"]
Sized = Annotated[str, "how much of its part a market gets: volatility=0.4, atr=0.02 or kelly=0.25"]


class Asked(TypedDict):
    """The words of a Question that say which candles."""

    data: Path | None
    symbols: tuple[str, ...]
    timeframe: str | None
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, kw_only=True)
class Candles(Options):
    """Which candles."""

    data: Data | None = None
    symbols: Symbols = ""
    timeframe: Frame = ""
    from_: From | None = None
    to: To | None = None

    def asked(self, ask: Ask) -> Asked:
        """Refused when a file of the desk's computer is named from elsewhere."""
        if self.data and not is_archive(self.data):
            only_in_terminal(ask)
        return Asked(
            data=self.data,
            symbols=tuple(dict.fromkeys(s.strip().upper() for s in self.symbols.split(",") if s.strip())),
            timeframe=self.timeframe or None,
            start=self.from_,
            end=self.to,
        )


@dataclass(frozen=True, kw_only=True)
class Recorded(Candles):
    """Which candles, of those on disk."""

    data: Data = field()


@dataclass(frozen=True, kw_only=True)
class Costs(Options):
    """What each fill costs."""

    fee: Fee = Decimal("0.001")
    slippage: Slippage = Decimal("0.0005")


@dataclass(frozen=True, kw_only=True)
class Money(Costs):
    """With which money, and what each fill costs."""

    cash: Cash = Decimal(10000)


@dataclass(frozen=True, kw_only=True)
class Conditions(Money):
    """With which money, at what costs, and how orders are sized, filled and protected."""

    fill: Fill = "next-open"
    latency: Latency = ""
    volume_share: VolumeShare | None = None
    units: Units | None = None
    all_in: AllIn | None = None
    step: Step | None = None
    protect: Protect = ""
    weights: Weights = ""
    sizing: Sized = ""
    risk: RiskSwitch | None = None

    def terms(self, ask: Ask, *, portfolio: bool) -> Terms:
        """A portfolio is tried with its limits unless they are switched off; a strategy without."""
        return Terms(
            fill=self.fill,
            latency=self.latency,
            volume_share=self.volume_share,
            units=self.units,
            all_in=self.all_in,
            step=self.step,
            protect=_named(ask, self.protect),
            bare=self.protect.strip() == "off",
            weights=self.weights,
            sizing=self.sizing,
            risk=(self.risk or ("on" if portfolio else "off")) == "on",
        )


def only_in_terminal(ask: Ask) -> None:
    """Refused elsewhere: files of the desk's computer are nobody's but theirs who sit at it."""
    if ask.place.platform != "terminal":
        raise Refused(
            ask.say(
                "Files of the desk's computer can be named in its terminal only; for here, put candles into {folder} "
                "on it, in a file named like binance_BTC-USDT_1h.parquet, and write --data archive.",
                folder=ask.trading.archive.folder,
            )
        )


def _named(ask: Ask, words: str) -> dict[str, str]:
    """`stop=0.02,take=0.05` as names and values."""
    pairs = [word.strip() for word in words.split(",") if word.strip() not in ("", "off")]
    wrong = next((pair for pair in pairs if "=" not in pair), None)
    if wrong is not None:
        raise Refused(ask.say("--protect is like stop=0.02,take=0.05, or off; found '{word}'.", word=wrong))
    return {name.strip(): value.strip() for name, _, value in (pair.partition("=") for pair in pairs)}
