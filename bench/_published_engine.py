"""Published results that our own engine and metrics give again: one row for each figure."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd

from bench._published_rules import Outcome, crossing, held_for, one_coin, run
from trading.analysis import elsewhere
from trading.domain.research import Terms
from trading.market.archive import read_candles

YEAR = "binance_BTC-USDT_1h_20240924-20250924.parquet"
ENGINE, METRICS = "engine and metrics", "metrics"
ALL_IN = Terms(all_in=Decimal("0.9999"), step=Decimal(1))
ALL_OF_IT = Terms(all_in=Decimal(1), step=Decimal(1))  # what the trials of the search spent


@dataclass(frozen=True)
class Row:
    """One figure. `within` is how far ours may be from what was printed: half of its last digit, mostly."""

    block: str
    figure: str
    published: float
    ours: float
    within: float
    through: str = ENGINE

    @property
    def same(self) -> bool:
        return abs(self.ours - self.published) <= self.within


def missing(folder: Path) -> str:
    """Why the reference results cannot be compared here; empty when they can."""
    if not (folder / YEAR).is_file():
        return "needs the market data set beside the repository: reference"
    if importlib.util.find_spec("pyarrow") is None:
        return "needs the extra parquet to read the market data set"
    return ""


# --- 1a: NautilusTrader, one coin, filled at the close ------------------------------------------------------


def fixed_size(folder: Path) -> Iterator[Row]:
    block = "1a NautilusTrader, 1 BTC, SMA 30/100, at the close"
    terms = Terms(fill="close", units=Decimal(1))
    found = run(one_coin, 100, read_candles(folder / YEAR), "1000000", "0.001", terms)
    m, report = found.report.metrics, found.report
    yield Row(block, "final balance", 1_010_263.93518, float(report.final_equity), 1e-6)
    yield Row(block, "orders", 108, len(found.room.recorder.fills), 0)
    yield Row(block, "positions", 54, len(report.trades), 0)
    yield Row(block, "commissions", 10_609.78482, float(report.fees), 1e-6)
    yield Row(block, "win rate", 0.37037037, m["win_rate"] or 0, 5e-9)
    yield Row(block, "largest win", 25_529.7247, m["largest_win"] or 0, 1e-6)
    yield Row(block, "largest loss", -5_656.21002, m["largest_loss"] or 0, 1e-6)
    yield Row(block, "average win", 3_880.357577, m["average_win"] or 0, 5e-7)
    yield Row(block, "average loss", -1_980.6828341, m["average_loss"] or 0, 5e-7)
    other = run(one_coin_open, 100, read_candles(folder / YEAR), "1000000", "0.001", Terms(units=Decimal(1)))
    yield Row(block, "the same filled at the next open", 1_010_264.25512, _sold(other), 1e-6)


def one_coin_open(candles: pd.DataFrame) -> pd.Series:
    """As `one_coin`, still in at the end: there is no next open to sell at."""
    wanted = one_coin(candles)
    wanted.iloc[-1] = wanted.iloc[-2]
    return wanted


def _sold(found: Outcome) -> float:
    """The balance with what is still held sold at the last close, fee included."""
    book = found.room.desk.book
    held = sum((p.quantity * book.prices[p.symbol] for p in book.positions.values()), Decimal(0))
    return float(book.equity - held * Decimal("0.001"))


# --- 1b: backtesting.py, whole coins, filled at the next open -----------------------------------------------

_ALL_IN = {
    (30, 100): (
        *(1_094_161.98954, 9.4162, 1_535_359.05996, 244_949.18046, 55.73059, 72.45817, 9.3893, 36.43405),
        *(9.41732, 0.25771, 0.46411, 0.26886, 34.92262, 2.13122, 53, 33.96226, 35.6561, -5.53797),
        *(1.2417, 0.3247, 0.21117),
    ),
    (47, 67): (
        *(1_266_902.54922, 26.69025, 1_639_846.53594, 419_503.44078, 54.58904, 73.07435, 26.60839, 43.08171),
        *(26.69368, 0.61763, 1.3588, 0.94655, 28.11102, 1.7937, 79, 36.70886, 30.21068, -6.7883),
        *(1.41578, 0.39633, 0.59369),
    ),
}
_FIGURES = (
    *(("final equity", 5e-6), ("return %", 5e-6), ("equity peak", 5e-6), ("commissions", 5e-6)),
    *(
        ("exposure %", 5e-6),
        ("buy and hold %", 5e-6),
        ("yearly return %", 5e-5),
        ("yearly volatility %", 5e-6),
    ),
    *(("CAGR %", 5e-6), ("Sharpe", 5e-6), ("Sortino", 5e-6), ("Calmar", 5e-6), ("largest fall %", 5e-6)),
    *(("mean fall %", 5e-6), ("closed trades", 0), ("win rate %", 5e-6), ("best trade %", 5e-5)),
    *(("worst trade %", 5e-6), ("profit factor", 5e-5), ("expectancy %", 5e-5), ("SQN", 5e-6)),
)


def all_in(folder: Path) -> Iterator[Row]:
    recorded = read_candles(folder / YEAR)
    for (fast, slow), published in _ALL_IN.items():
        block = f"1b backtesting.py, whole coins, SMA {fast}/{slow}, next open, fee 0.2 %"
        found = run(crossing(fast, slow), slow, recorded, "1000000", "0.002", ALL_IN)
        ours = _figures(found, recorded.frame["close"].to_numpy(), slow)
        for (figure, within), theirs, mine in zip(_FIGURES, published, ours, strict=True):
            yield Row(block, figure, theirs, mine, within)


def _figures(found: Outcome, close: np.ndarray, first: int) -> tuple[float, ...]:
    """In the order of _FIGURES."""
    report, m, equity = found.report, found.report.metrics, found.equity
    fall = float((1 - equity / np.maximum.accumulate(equity)).max())
    year = elsewhere.compounded(elsewhere.day_ends(found.closed.astype(float), equity), fall)
    returns, profits = [t.return_share for t in report.trades], [float(t.pnl) for t in report.trades]
    days = (found.closed[-1] - found.closed[0]) / 86400
    return (
        float(report.final_equity),
        report.total_return * 100,
        float(equity.max()),
        float(report.fees),
        _bars_held(found) * 100,
        (close[-1] / close[first - 1] - 1) * 100,
        year.yearly_return * 100,
        year.volatility * 100,
        elsewhere.yearly_growth(1.0, 1 + report.total_return, days) * 100,
        year.sharpe,
        year.sortino,
        year.calmar,
        fall * 100,
        elsewhere.mean_fall(equity) * 100,
        len(report.trades),
        (m["win_rate"] or 0) * 100,
        max(returns) * 100,
        min(returns) * 100,
        elsewhere.factor_of_returns(returns),
        float(np.mean(returns)) * 100,
        elsewhere.system_quality(profits),
    )


def _bars_held(found: Outcome) -> float:
    """The share of bars in which anything was held, the bar of the exit counted as well, open trades too."""
    opened = found.closed - int(found.closed[1] - found.closed[0])
    fills = [int(fill.at.timestamp()) for fill in found.room.recorder.fills]
    held = np.zeros(len(opened), bool)
    for entry, leave in zip(fills[::2], [*fills[1::2], int(opened[-1])], strict=False):
        held |= (opened >= entry) & (opened <= leave)
    return float(held.mean())


# --- 1c: the trials of a search -----------------------------------------------------------------------------


def search_trials(folder: Path, count: int | None) -> Iterator[Row]:
    """Return and Sharpe ratio of each pair, all of the cash spent; the largest difference stands in the row."""
    recorded = read_candles(folder / YEAR)
    table = pd.read_parquet(folder / "sma_duel_optuna_trials.parquet")
    some = table if count is None else table.iloc[np.linspace(0, len(table) - 1, count).astype(int)]
    off_return = off_sharpe = 0.0
    for trial in some.itertuples():
        found = run(
            crossing(trial.n_short, trial.n_long), trial.n_long, recorded, "1000000", "0.002", ALL_OF_IT
        )
        ends = elsewhere.day_ends(found.closed.astype(float), found.equity)
        off_return = max(off_return, abs(found.report.total_return * 100 - trial.return_pct))
        off_sharpe = max(off_sharpe, abs(elsewhere.compounded(ends, 1.0).sharpe - trial.sharpe))
    block = f"1c Optuna over the rules of 1b, all of the cash: {len(some)} trials"
    yield Row(block, "largest difference of a return, in points", 0.0, off_return, 1e-9)
    yield Row(block, "largest difference of a Sharpe ratio", 0.0, off_sharpe, 1e-9)


# --- 4: NautilusTrader's account ----------------------------------------------------------------------------


def account_arithmetic(folder: Path) -> Iterator[Row]:
    block = "4 NautilusTrader, 10 BTC bought at bar 1, sold at bar 11"
    recorded = read_candles(folder / "nautilus_BTC-PERP_1m.parquet")
    terms = Terms(fill="close", units=Decimal(10))
    found = run(held_for(1, 11), 1, recorded, "1000000", "0.0005", terms)
    entry = found.room.recorder.fills[0]
    total = Decimal(1_000_000) - entry.fee
    locked = entry.amount * entry.price * Decimal("0.025") / 10  # maintenance margin at leverage 10
    yield Row(block, "total after the entry", 999_768.115, float(total), 1e-9)
    yield Row(block, "locked (2.5 % of the notional / 10)", 1_159.425, float(locked), 1e-9, METRICS)
    yield Row(block, "free after the entry", 998_608.690, float(total - locked), 1e-9, METRICS)
    yield Row(block, "total at the end", 1_000_245.875, float(found.report.final_equity), 1e-9)
