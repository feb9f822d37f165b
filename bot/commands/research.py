"""Would this have worked? Backtests and replays, from the chat as from the terminal."""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from bot.dispatcher import Ask
from bot.export import as_json, report_data, save
from bot.people import OWNERS, RESEARCHERS
from bot.pictures import equity_picture
from bot.registry import StrategyName, command
from bot.reply import Button, File, Reply, Row, Tone
from bot.show import money, percent
from trading.domain.archive import is_archive
from trading.domain.errors import Refused
from trading.domain.report import Report
from trading.domain.research import Question, Terms

Data = Annotated[Path, "recorded candles: archive, a Parquet or CSV file, or a folder of them"]
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
RiskSwitch = Annotated[Literal["on", "off"], "whether the limits of the settings act"]
Output = Annotated[Literal["json", "csv"], "what --file is written as"]
Target = Annotated[Path, "write the result into this file"]


@command(allow=RESEARCHERS, needs_account=False)
async def backtest(
    ask: Ask,
    strategy: StrategyName,
    *,
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
    risk: RiskSwitch = "off",
    output: Output = "json",
    file: Target | None = None,
    **params: str,
) -> AsyncIterator[Reply]:
    """Try a strategy on past candles, for instance /backtest ema_cross fast=9 slow=21."""
    _only_in_terminal(ask, data, file)
    question = Question(
        strategy=strategy,
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
            risk=risk == "on",
        ),
    )
    report: Report | None = None
    async for answer in ask.trading.lab.research("backtest", question, ask.account):
        if isinstance(answer, Report):
            report = answer
            continue
        yield Reply(title=ask.say("Backtest of {name} …", name=strategy), progress=answer)
    if report is not None:
        yield await _answer(ask, report, file, output, "backtest")


@command(allow=OWNERS, needs_account=False)
async def replay(
    ask: Ask,
    strategy: StrategyName,
    *,
    data: Data,
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
    risk: RiskSwitch = "off",
    output: Output = "json",
    file: Target | None = None,
    **params: str,
) -> AsyncIterator[Reply]:
    """Send recorded candles through a paper account by the very code of the live session."""
    _only_in_terminal(ask, data, file)
    question = Question(
        strategy=strategy,
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
            risk=risk == "on",
        ),
    )
    async for answer in ask.trading.lab.research("replay", question, ask.account):
        if isinstance(answer, Report):
            yield await _answer(ask, answer, file, output, "replay")
            continue
        yield Reply(title=ask.say("Replay of {name} …", name=strategy), progress=answer)


def _only_in_terminal(ask: Ask, data: Path | None, file: Path | None) -> None:
    if ask.place.platform != "terminal" and (file or (data and not is_archive(data))):
        raise Refused(
            ask.say(
                "Files of the desk's computer can be named in its terminal only; here write --data archive, or none."
            )
        )


def _split(symbols: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(s.strip().upper() for s in symbols.split(",") if s.strip()))


async def _answer(ask: Ask, report: Report, file: Path | None, output: str, kind: str) -> Reply:
    currency = report.symbols[0].partition("/")[2]
    picture = await equity_picture(
        ask.studio,
        ask.person,
        ask.say,
        report.equity,
        report.trades,
        title=f"{report.strategy} · {', '.join(report.symbols)} · {report.timeframe}",
        currency=currency,
    )
    notes = [ask.say.again(note) for note in report.notes]
    if file is not None:
        save(file, report, output)
        notes.append(ask.say("Written to {file}.", file=file))
    start = " ".join((f"/{kind}", report.strategy))
    return Reply(
        title=ask.say(
            "{name}: {change} over {bars} candles",
            name=report.strategy,
            change=percent(report.total_return),
            bars=f"{report.bars:,}",
        ),
        text="\n".join([_verdict(report, ask), *notes]),
        rows=_rows(report, currency, ask),
        images=(picture,),
        files=() if ask.place.platform == "terminal" else (File("trades.json", as_json(report)),),
        buttons=((Button(ask.say("Again"), start), Button(ask.say("Strategies"), "/strategies")),),
        tone=Tone.GOOD if report.total_return > 0 else Tone.WARNING,
        data=report_data(report),
    )


def _verdict(report: Report, ask: Ask) -> str:
    if not report.trades:
        return ask.say("It never closed a trade, so this says nothing yet.")
    if len(report.trades) < 30:
        return ask.say("Only {n} trades: too few to tell skill from luck.", n=len(report.trades))
    return ask.say("Past prices only; fees and slippage are in, the future is not.")


def _rows(report: Report, currency: str, ask: Ask) -> tuple[Row, ...]:
    m, say = report.metrics, ask.say
    return (
        Row(say("From, to"), f"{report.start:%Y-%m-%d} – {report.end:%Y-%m-%d}"),
        Row(
            say("Start, end"),
            f"{money(report.initial_equity, currency)} → {money(report.final_equity, currency)}",
        ),
        Row(say("Deepest fall"), _percent(m.get("max_drawdown"), negative=True)),
        Row(say("Trades"), f"{len(report.trades)}", say("{won} won", won=_percent(m.get("win_rate")))),
        Row(say("Profit factor"), _ratio(m.get("profit_factor"))),
        Row(
            say("Sharpe, Sortino, Calmar"),
            " · ".join(_ratio(m.get(n)) for n in ("sharpe", "sortino", "calmar")),
        ),
        Row(say("Fees paid"), money(report.fees, currency)),
        Row(say("Took"), say("{n} s", n=f"{report.seconds['total']:.2f}")),
    )


def _percent(value: float | None, *, negative: bool = False) -> str:
    if value is None:
        return "—"
    return percent(-abs(value)) if negative else percent(value, signed=False)


def _ratio(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"
