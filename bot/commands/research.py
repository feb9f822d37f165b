"""Would this have worked? Backtests and replays, from the chat as from the terminal."""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from bot.backtests import answer
from bot.dispatcher import Ask
from bot.going import asker, going
from bot.people import OWNERS, RESEARCHERS
from bot.registry import Source, StrategyName, command
from bot.reply import Reply
from trading.domain.archive import is_archive
from trading.domain.errors import Refused
from trading.domain.report import Report
from trading.domain.research import Question, Terms

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
Sized = Annotated[str, "how much of its part a market gets: volatility=0.4, atr=0.02 or kelly=0.25"]
Portfolio = Annotated[bool, "the account's own strategies as they are set, with its limits"]
Output = Annotated[Literal["json", "csv", "html"], "what --file is written as; its ending says it, too"]
Target = Annotated[Path, "write the result into this file"]

FORMS = ("json", "csv", "html")


@command(allow=RESEARCHERS, needs_account=False)
async def backtest(
    ask: Ask,
    strategy: StrategyName = "",
    *,
    portfolio: Portfolio = False,
    data: Data | None = None,
    symbols: Symbols = "",
    timeframe: Frame = "",
    from_: From | None = None,
    to: To | None = None,
    cash: Cash = Decimal(10000),
    fee: Fee = Decimal("0.001"),
    slippage: Slippage = Decimal("0.0005"),
    fill: Fill = "next-open",
    latency: Latency = "",
    volume_share: VolumeShare | None = None,
    units: Units | None = None,
    all_in: AllIn | None = None,
    step: Step | None = None,
    protect: Protect = "",
    weights: Weights = "",
    sizing: Sized = "",
    risk: RiskSwitch | None = None,
    output: Output | None = None,
    file: Target | None = None,
    **params: str,
) -> AsyncIterator[Reply]:
    """Try a strategy on past candles, for instance /backtest ema_cross fast=9 slow=21."""
    _only_in_terminal(ask, data, file)
    _one_of(ask, strategy, portfolio)
    question = Question(
        strategy=strategy or ask.account,
        portfolio=portfolio,
        params=params,
        data=data,
        symbols=_split(symbols),
        timeframe=timeframe or None,
        start=from_,
        end=to,
        cash=cash,
        fee=fee,
        slippage=slippage,
        terms=Terms(
            fill=fill,
            latency=latency,
            volume_share=volume_share,
            units=units,
            all_in=all_in,
            step=step,
            protect=_named(ask, protect),
            bare=protect.strip() == "off",
            weights=weights,
            sizing=sizing,
            risk=(risk or ("on" if portfolio else "off")) == "on",
        ),
    )
    async for reply in _asked(ask, "backtest", question, file, output):
        yield reply


@command(allow=OWNERS, needs_account=False)
async def replay(
    ask: Ask,
    strategy: StrategyName = "",
    *,
    data: Data,
    portfolio: Portfolio = False,
    symbols: Symbols = "",
    timeframe: Frame = "",
    from_: From | None = None,
    to: To | None = None,
    cash: Cash = Decimal(10000),
    fee: Fee = Decimal("0.001"),
    slippage: Slippage = Decimal("0.0005"),
    fill: Fill = "next-open",
    latency: Latency = "",
    volume_share: VolumeShare | None = None,
    units: Units | None = None,
    all_in: AllIn | None = None,
    step: Step | None = None,
    protect: Protect = "",
    weights: Weights = "",
    sizing: Sized = "",
    risk: RiskSwitch | None = None,
    output: Output | None = None,
    file: Target | None = None,
    **params: str,
) -> AsyncIterator[Reply]:
    """Send recorded candles through a paper account by the very code of the live session."""
    _only_in_terminal(ask, data, file)
    _one_of(ask, strategy, portfolio)
    question = Question(
        strategy=strategy or ask.account,
        portfolio=portfolio,
        params=params,
        data=data,
        symbols=_split(symbols),
        timeframe=timeframe or None,
        start=from_,
        end=to,
        cash=cash,
        fee=fee,
        slippage=slippage,
        terms=Terms(
            fill=fill,
            latency=latency,
            volume_share=volume_share,
            units=units,
            all_in=all_in,
            step=step,
            protect=_named(ask, protect),
            bare=protect.strip() == "off",
            weights=weights,
            sizing=sizing,
            risk=(risk or ("on" if portfolio else "off")) == "on",
        ),
    )
    async for reply in _asked(ask, "replay", question, file, output):
        yield reply


async def _asked(
    ask: Ask, kind: Literal["backtest", "replay"], question: Question, file: Path | None, output: str | None
) -> AsyncIterator[Reply]:
    """Progress, then the answer, once the worker is free for the next one."""
    form = _form(ask, file, output)
    report, job = None, ""
    async for told in ask.trading.lab.research(kind, question, ask.account, asker(ask)):
        if isinstance(told, Report):
            report = told
            continue
        job = told.job
        backtests = ask.say("Backtest of {name} …", name=question.strategy)
        replays = ask.say("Replay of {name} …", name=question.strategy)
        yield going(ask, backtests if kind == "backtest" else replays, told)
    if report is not None:
        yield await answer(ask, report, file, form, job)


def _form(ask: Ask, file: Path | None, output: str | None) -> str:
    """What the file is written as: as it is asked for, or as its name ends."""
    if output is not None and file is None:
        raise Refused(
            ask.say("Say which file --output goes into, for instance --file report.{form}.", form=output)
        )
    ending = file.suffix.lstrip(".").lower() if file is not None else ""
    return output or (ending if ending in FORMS else "json")


def _only_in_terminal(ask: Ask, data: Path | None, file: Path | None) -> None:
    if ask.place.platform != "terminal" and (file or (data and not is_archive(data))):
        raise Refused(
            ask.say(
                "Files of the desk's computer can be named in its terminal only; here write --data archive, or none."
            )
        )


def _one_of(ask: Ask, strategy: str, portfolio: bool) -> None:
    if bool(strategy) is portfolio:
        raise Refused(
            ask.say(
                "Name a strategy, for instance ema_cross, or say --portfolio for the account's own; one of both."
            )
        )


def _named(ask: Ask, words: str) -> dict[str, str]:
    """`stop=0.02,take=0.05` as names and values."""
    pairs = [word.strip() for word in words.split(",") if word.strip() not in ("", "off")]
    wrong = next((pair for pair in pairs if "=" not in pair), None)
    if wrong is not None:
        raise Refused(ask.say("--protect is like stop=0.02,take=0.05, or off; found '{word}'.", word=wrong))
    return {name.strip(): value.strip() for name, _, value in (pair.partition("=") for pair in pairs)}


def _split(symbols: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(s.strip().upper() for s in symbols.split(",") if s.strip()))
