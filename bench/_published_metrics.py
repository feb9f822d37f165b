"""Published results that our metrics give again from published trades, candles and rules, without the desk."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from bench._published_engine import METRICS, Row
from bench._published_rules import curve, long_and_short
from trading.analysis import elsewhere
from trading.analysis.curves import Curve, drawdowns
from trading.analysis.metrics import measure
from trading.analysis.trades import split_trips
from trading.core.frames import Columns, Series
from trading.domain.market import Timeframe
from trading.domain.order import Reason, Side
from trading.domain.report import EquityPoint, RoundTrip
from trading.market.archive import read_candles
from trading.market.ticks import candles_of

# --- 2: freqtrade, 179 trades -------------------------------------------------------------------------------


def list_of_trades(folder: Path) -> Iterator[Row]:
    block = "2 freqtrade, 179 trades of ten BTC pairs"
    table = pd.read_parquet(folder / "freqtrade_backtest_trades.parquet").sort_values("close_date")
    start, profits = 0.01, table["profit_abs"].to_numpy()
    shares, worth = profits / start, start + np.cumsum(profits)
    days = (table["close_date"].max() - table["open_date"].min()).days
    points = [
        EquityPoint(table["open_date"].min().to_pydatetime(), start),
        *curve(worth, table["close_date"]),
    ]
    found = measure(points, _trips(table))
    fall = found["max_drawdown"] or 0.0

    def row(figure: str, published: float, ours: float, within: float) -> Row:
        return Row(block, figure, published, ours, within, METRICS)

    yield row("total profit %", 10.419029856968845, (found["total_return"] or 0) * 100, 1e-9)
    yield row("profit factor", 2.4223288739520954, found["profit_factor"] or 0, 1e-9)
    yield row("CAGR", 5.712688499973264, elsewhere.yearly_growth(start, worth[-1], days), 1e-9)
    yield row("Sharpe, per trade", 44.5078669, elsewhere.sharpe_per_trade(shares, days), 1e-6)
    yield row("Sortino, per trade", 35.17722, elsewhere.sortino_per_trade(shares, days), 5e-6)
    yield row("Calmar, per trade", 559.040508, elsewhere.calmar_per_trade(shares, days, fall), 5e-7)
    yield row("largest fall of the account", 0.018740312808228732, fall, 1e-12)
    yield row("the same without a starting balance", 0.29753914, elsewhere.fall_of_profit(profits), 1e-8)
    yield row("expectancy", 5.820687070932315e-06, found["expectancy"] or 0, 1e-15)
    yield row("expectancy ratio", 0.07151374226574791, elsewhere.expectancy_ratio(profits.tolist()), 1e-12)
    changes = [_change(folder / f"freqtrade_{coin}-BTC_5m.parquet") for coin in ("ETH", "ADA")]
    yield row("market change, ETH and ADA", 0.01100002, float(np.mean(changes)), 1e-8)
    for first, last, span, published in (
        *((64900, 176000, 1095, 0.3945), (64900, 176000, 365, 1.7119), (1000, 1500, 365, 0.5)),
        *((1000, 1500, 100, 3.3927), (0.01, 0.01762792, 120, 4.6087)),
    ):
        yield row(
            f"CAGR of {first} to {last} in {span} days",
            published,
            elsewhere.yearly_growth(first, last, span),
            5e-5,
        )


def _change(path: Path) -> float:
    close = read_candles(path).frame["close"]
    return float(close.iloc[-1] / close.iloc[0] - 1)


def _trips(table: pd.DataFrame) -> list[RoundTrip]:
    return [
        RoundTrip(
            sleeve="published",
            symbol=row.pair,
            side=Side.BUY,
            entry_at=row.open_date.to_pydatetime(),
            entry_price=Decimal(str(row.open_rate)),
            exit_at=row.close_date.to_pydatetime(),
            exit_price=Decimal(str(row.close_rate)),
            amount=Decimal(str(row.amount)),
            pnl=Decimal(str(row.profit_abs)),
            fees=Decimal(0),
            reason=Reason.SIGNAL,
        )
        for row in table.itertuples()
    ]


def candles_from_trades(folder: Path) -> Iterator[Row]:
    block = "2' Binance XRP/ETH: 12,477 trades made into candles"
    table = pd.read_parquet(folder / "binance_XRP-ETH_trades.parquet")
    times = table["timestamp"].astype("int64").to_numpy() // _unit(table["timestamp"])
    minutes = candles_of(times, table["price"].to_numpy(), table["amount"].to_numpy(), Timeframe(60))
    five = Series(Timeframe(60), Timeframe(300))
    five.extend(minutes)
    for name, built, count in (("1m", minutes, 2469), ("5m", five.columns, None)):
        known = pd.read_parquet(folder / f"binance_XRP-ETH_{name}.parquet")
        yield Row(block, f"{name} candles", count or len(known), len(built), 0, "candles")
        yield Row(block, f"largest difference of a {name} candle", 0.0, _apart(built, known), 1e-9, "candles")


def _unit(times: pd.Series) -> int:
    """How many of the column's own units make a millisecond."""
    return {"ms": 1, "us": 1_000, "ns": 1_000_000}[times.dt.unit]


def _apart(built: Columns, known: pd.DataFrame) -> float:
    """The largest difference in any column; infinite where the times are not the same."""
    opened = known["timestamp"].dt.as_unit("s").astype("int64").to_numpy()
    if len(built) != len(known) or (built.opened != opened).any():
        return float("inf")
    names = ("open", "high", "low", "close", "volume")
    return max(float(np.abs(getattr(built, name) - known[name].to_numpy()).max()) for name in names)


# --- 5: backtesting.py, always in the market ----------------------------------------------------------------


def always_in(folder: Path) -> Iterator[Row]:
    block = "5 backtesting.py, GOOG, SMA 10/30, long and short"
    frame = read_candles(folder / "nasdaq_GOOG_1d.parquet").frame
    fills = list(long_and_short(frame, 10, 30, Decimal(10_000), Decimal(1)))
    equity = _long_short_equity(fills, frame, 10_000.0)
    trips, _ = split_trips(fills)
    points = curve(equity, frame.index)
    m = measure(points, trips)
    fall = float(drawdowns(Curve.of(points)).max())
    year = elsewhere.compounded(equity, fall, 252, first_day=False)
    returns, profits = [t.return_share for t in trips], [float(t.pnl) for t in trips]
    close = frame["close"].to_numpy()
    days = (frame.index[-1] - frame.index[0]).days
    held = (frame.index >= fills[0].at).mean()

    def row(figure: str, published: float, ours: float, within: float) -> Row:
        return Row(block, figure, published, ours, within, METRICS)

    yield row("final equity", 51_422.99, equity[-1], 5e-3)
    yield row("equity peak", 75_787.44, equity.max(), 5e-3)
    yield row("return %", 414.2299, (equity[-1] / 10_000 - 1) * 100, 5e-5)
    yield row("trades", 66, len(trips), 0)
    yield row("win rate %", 46.9696970, (m["win_rate"] or 0) * 100, 5e-8)
    yield row("best trade %", 53.5959523, max(returns) * 100, 5e-8)
    yield row("worst trade %", -18.3988735, min(returns) * 100, 5e-8)
    yield row("largest fall %", 47.9801271, fall * 100, 5e-8)
    yield row("longest fall, days", 584, m["max_drawdown_days"] or 0, 0.5)
    yield row("profit factor", 2.1679459743, elsewhere.factor_of_returns(returns), 5e-11)
    yield row("expectancy %", 3.2748078067, float(np.mean(returns)) * 100, 5e-11)
    yield row("SQN", 1.0766187357, elsewhere.system_quality(profits), 5e-11)
    yield row("Kelly", 0.1518705127, elsewhere.kelly(profits), 5e-11)
    yield row("exposure %", 96.7411546, float(held) * 100, 5e-8)
    yield row("buy and hold %", 522.0601852, (close[-1] / close[29] - 1) * 100, 5e-8)
    yield row("yearly return %", 21.1910992, year.yearly_return * 100, 5e-8)
    yield row("yearly volatility %", 36.4971609, year.volatility * 100, 5e-8)
    yield row("CAGR %", 21.1602457, (float(equity[-1] / 10_000) ** (365.25 / days) - 1) * 100, 5e-8)
    yield row("Sharpe", 0.5806232244, year.sharpe, 5e-11)
    yield row("Sortino", 1.0853434352, year.sortino, 5e-11)
    yield row("Calmar", 0.4416640920, year.calmar, 5e-11)


def monthly(folder: Path) -> Iterator[Row]:
    block = "5 backtesting.py, BTC monthly from 2015, SMA 2/3, long and short"
    table = pd.read_parquet(folder / "index_BTC-USD_1mo.parquet").set_index("timestamp")
    frame = table[table.index >= "2015"]
    fills = list(long_and_short(frame, 2, 3, Decimal(100), Decimal("0.000001")))
    yield Row(block, "trades", 42, len(split_trips(fills)[0]), 0, METRICS)
    yield Row(block, "first entry", 236.69, float(fills[0].price), 1e-9, METRICS)


def _long_short_equity(fills: list, frame: pd.DataFrame, cash: float) -> np.ndarray:
    """Equity at every close."""
    times = np.array([fill.at.timestamp() for fill in fills])
    moved = np.array([float(fill.side.sign * fill.amount) for fill in fills])
    paid = np.array([float(fill.side.sign * fill.amount * fill.price) for fill in fills])
    opened = np.array([at.timestamp() for at in frame.index])
    row = np.searchsorted(times, opened, "right")
    held = np.concatenate(([0.0], np.cumsum(moved)))[row]
    money = cash - np.concatenate(([0.0], np.cumsum(paid)))[row]
    return money + held * frame["close"].to_numpy()


# --- 6: volatility breakout ---------------------------------------------------------------------------------

_BREAKOUTS = (
    (
        "k 0.032, 230 days to 2022-07-25",
        0.032,
        0.0005,
        "2021-12-09",
        "2022-07-25",
        0.418081,
        63.79483150480583,
    ),
    ("k 0.032, 230 days to 2022-05-16", 0.032, 0.0005, "2021-09-30", "2022-05-16", 0.733426, None),
    (
        "k 0.451, 60 days to 2022-07-26",
        0.451,
        0.0032,
        "2022-05-28",
        "2022-07-26",
        0.85675,
        19.461838130251312,
    ),
    ("k 0.0032, 60 days to 2022-07-26", 0.0032, 0.0032, "2022-05-28", "2022-07-26", None, 44.35628963887336),
)


def breakout(folder: Path) -> Iterator[Row]:
    block = "6 Upbit KRW-BTC, volatility breakout of a notebook"
    frame = read_candles(folder.parent / "upbit_BTC-KRW_1d.parquet").frame
    for name, k, fee, first, last, product, fall in _BREAKOUTS:
        days = frame[
            (frame.index >= first) & (frame.index <= pd.Timestamp(last, tz="UTC") + pd.Timedelta(hours=23))
        ]
        columns = [days[column].to_numpy() for column in ("open", "high", "low", "close")]
        factors = elsewhere.breakout_factors(*columns, k, fee)
        points = curve(np.cumprod(factors), days.index)
        if product is not None:
            yield Row(block, f"{name}: product", product, points[-1].equity, 5e-6, METRICS)
        if fall is not None:
            deepest = float(drawdowns(Curve.of(points)).max()) * 100
            yield Row(block, f"{name}: largest fall %", fall, deepest, 1e-9, METRICS)
