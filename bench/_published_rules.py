"""The rules that others published results for, as strategies of ours and as fills."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from trading.build import Room
from trading.core.frames import Columns
from trading.domain.order import Fill, Reason, Side
from trading.domain.report import EquityPoint, Report
from trading.domain.research import Terms
from trading.indicators import sma
from trading.lab.backtest import play
from trading.lab.job import Job
from trading.market.archive import Recorded
from trading.strategies import Strategy

Rule = Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class Nothing:
    """A published rule has no parameters of its own."""


@dataclass(frozen=True)
class Outcome:
    """A run of our own engine: its report, its account, and equity at every close, before the next open's fills."""

    report: Report
    room: Room
    equity: np.ndarray
    closed: np.ndarray  # seconds


def run(
    rule: Rule, bars: int, recorded: Recorded, cash: str, fee: str, terms: Terms, name: str = "published"
) -> Outcome:
    """Backtest a published rule through the desk, nothing simplified."""
    strategy = Strategy(
        name=name,
        summary=name,
        Params=Nothing,
        parameters=(),
        exposure=lambda candles, _: rule(candles),
        bars=lambda _p, _s: bars,
    )
    job = Job(
        strategy=strategy,
        params=Nothing(),
        recorded=(recorded,),
        timeframe=recorded.timeframe,
        cash=Decimal(cash),
        fee=Decimal(fee),
        slippage=Decimal(0),
        terms=terms,
    )
    job.check()
    room, _ = play(job, lambda _: None)
    columns = Columns.of_frame(recorded.frame)
    closed = columns.opened + recorded.timeframe.seconds
    equity = at_closes(room.recorder.fills, columns.close, closed, Decimal(cash))
    return Outcome(job.report(room, {"total": 0.0}), room, equity, closed)


def at_closes(fills: list[Fill], close: np.ndarray, closed: np.ndarray, cash: Decimal) -> np.ndarray:
    """Money and holdings at every close; a fill at the open that follows is not in it yet."""
    money, held = [float(cash)], [0.0]
    for fill in fills:
        money.append(money[-1] - float(fill.side.sign * fill.amount * fill.price + fill.fee))
        held.append(held[-1] + float(fill.side.sign * fill.amount))
    times = np.array([fill.at.timestamp() for fill in fills])
    row = np.searchsorted(times, closed.astype(float), "left")
    return np.array(money)[row] + np.array(held)[row] * close


# --- rules ----------------------------------------------------------------------------------------------------


def one_coin(candles: pd.DataFrame) -> pd.Series:
    """In while SMA(30) is at least SMA(100); out at the very end."""
    fast, slow = sma(candles["close"], 30), sma(candles["close"], 100)
    wanted = ((fast >= slow) & slow.notna()).astype(float)
    wanted.iloc[-1] = 0.0
    return wanted


def crossing(fast: int, slow: int) -> Rule:
    """In from the bar where the fast average crosses above the slow one to the bar where it crosses back."""

    def rule(candles: pd.DataFrame) -> pd.Series:
        lead = sma(candles["close"], fast) - sma(candles["close"], slow)
        wanted = pd.Series(np.nan, candles.index)
        wanted[(lead > 0) & (lead.shift(1) < 0)] = 1.0
        wanted[(lead < 0) & (lead.shift(1) > 0)] = 0.0
        return wanted.ffill().fillna(0.0)

    return rule


def held_for(first: int, last: int) -> Rule:
    """In from the close of bar `first` to that of bar `last`, counted from 1."""

    def rule(candles: pd.DataFrame) -> pd.Series:
        wanted = pd.Series(0.0, candles.index)
        wanted.iloc[first - 1 : last - 1] = 1.0
        return wanted

    return rule


def long_and_short(frame: pd.DataFrame, fast: int, slow: int, cash: Decimal, step: Decimal) -> Iterator[Fill]:
    """Always in the market: closed and reversed at the open after each crossing, at the end closed at the last open.

    Our desk never sells short, so these fills are made here and only measured by us.
    """
    lead = (sma(frame["close"], fast) - sma(frame["close"], slow)).to_numpy()
    opens = frame["open"].tolist()
    held = Decimal(0)
    turn = 0
    for bar, time in enumerate(frame.index):
        price = Decimal(str(opens[bar]))
        if turn:
            if held:
                yield _fill(-held, price, time)
                cash += held * price
            held = turn * (cash * Decimal("0.9999") / price // step) * step
            cash -= held * price
            yield _fill(held, price, time)
        turn = 0
        if bar and lead[bar] > 0 > lead[bar - 1]:
            turn = 1
        elif bar and lead[bar] < 0 < lead[bar - 1]:
            turn = -1
    if held:
        yield _fill(-held, Decimal(str(opens[-1])), frame.index[-1])


def _fill(amount: Decimal, price: Decimal, time: pd.Timestamp) -> Fill:
    return Fill(
        id=f"{time.isoformat()} {amount}",
        client_id=f"{time.isoformat()} {amount}",
        sleeve="published",
        symbol="X/USD",
        side=Side.BUY if amount > 0 else Side.SELL,
        amount=abs(amount),
        price=price,
        fee=Decimal(0),
        fee_currency="USD",
        at=time.to_pydatetime(),
        reason=Reason.SIGNAL,
    )


def curve(equity: np.ndarray, index: pd.DatetimeIndex) -> list[EquityPoint]:
    return [EquityPoint(at.to_pydatetime(), float(worth)) for at, worth in zip(index, equity, strict=True)]
