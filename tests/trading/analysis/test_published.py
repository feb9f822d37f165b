"""Results that others published, from their candles and rules through our round trips and metrics."""

from collections.abc import Iterator
from decimal import Decimal

import pandas as pd
import pytest

from tests.builders import a_fill, a_trip, recorded
from trading.analysis.metrics import measure
from trading.analysis.trades import round_trips, split_trips
from trading.domain.order import Fill, Side
from trading.domain.report import EquityPoint
from trading.indicators import sma
from trading.market.archive import read_candles

YEAR = "reference/binance_BTC-USDT_1h_20240924-20250924.parquet"


def exact(price: float) -> Decimal:
    return Decimal(str(price))


def a_trade(side: Side, amount: int, price: float, fee: str, at: pd.Timestamp) -> Fill:
    cost = amount * exact(price)
    return a_fill(
        side=side, amount=amount, price=exact(price), fee=cost * Decimal(fee), at=at.to_pydatetime()
    )


# --- one coin at a time, filled at the close ----------------------------------------------------------------


def one_coin(frame: pd.DataFrame) -> Iterator[Fill]:
    """Hold 1 BTC while SMA(30) is at least SMA(100), judged and filled at the close; sell at the end."""
    close = frame["close"]
    wanted = (sma(close, 30) >= sma(close, 100)).to_numpy() & sma(close, 100).notna().to_numpy()
    held = False
    for want, price, time in zip(wanted, close, frame.index, strict=True):
        if want != held:
            yield a_trade(Side.BUY if want else Side.SELL, 1, price, "0.001", time)
            held = bool(want)
    if held:
        yield a_trade(Side.SELL, 1, close.iloc[-1], "0.001", frame.index[-1])


def test_one_coin_at_a_time_gives_the_published_account():
    fills = list(one_coin(read_candles(recorded(YEAR)).frame))

    trips = round_trips(fills)
    found = measure((), trips)

    assert (len(fills), len(trips)) == (108, 54)
    assert 1_000_000 + sum(trip.pnl for trip in trips) == Decimal("1010263.93518")
    assert sum(trip.fees for trip in trips) == Decimal("10609.78482")
    assert found["win_rate"] == pytest.approx(20 / 54)
    assert found["largest_win"] == pytest.approx(25529.7247, abs=1e-9)
    assert found["largest_loss"] == pytest.approx(-5656.21002, abs=1e-9)
    assert found["average_win"] == pytest.approx(3880.357577, abs=1e-6)
    assert found["average_loss"] == pytest.approx(-1980.6828341, abs=1e-6)


# --- all in, filled at the next open ------------------------------------------------------------------------


def all_in(frame: pd.DataFrame, fast: int, slow: int) -> tuple[list[Fill], list[EquityPoint]]:
    """Whole coins for 99.99 % of the cash at a crossing, filled at the next open, 0.2 % each way."""
    lead = (sma(frame["close"], fast) - sma(frame["close"], slow)).to_numpy()
    opens, closes = frame["open"].tolist(), frame["close"].tolist()
    cash, held, order = Decimal(1_000_000), 0, ""
    fills, points = [], []
    for at, time in enumerate(frame.index):
        if order:
            price = exact(opens[at])
            amount = held if order == "sell" else int(cash * Decimal("0.9999") // (price * Decimal("1.002")))
            fills.append(a_trade(Side(order), amount, opens[at], "0.002", time))
            cash -= fills[-1].side.sign * amount * price + fills[-1].fee
            held = amount - held if order == "buy" else 0
        points.append(EquityPoint(time.to_pydatetime(), float(cash + held * exact(closes[at]))))
        up, down = lead[at] > 0 > lead[at - 1], lead[at] < 0 < lead[at - 1]
        order = "buy" if up and not held else "sell" if down and held else ""
    return fills, points


@pytest.mark.parametrize(
    ("fast", "slow", "final", "peak", "cagr", "fall", "trades", "won", "fees"),
    [
        (30, 100, 1_094_161.98954, 1_535_359.05996, 9.41732, 34.92262, 53, 33.96226, 244_949.18046),
        (47, 67, 1_266_902.54922, 1_639_846.53594, 26.69368, 28.11102, 79, 36.70886, 419_503.44078),
    ],
)
def test_all_in_gives_the_published_curve_and_metrics(fast, slow, final, peak, cagr, fall, trades, won, fees):
    fills, points = all_in(read_candles(recorded(YEAR)).frame, fast, slow)

    trips, still_open = split_trips(fills)
    found = measure(points, trips, still_open)

    assert points[-1].equity == pytest.approx(final, abs=1e-5)
    assert max(point.equity for point in points) == pytest.approx(peak, abs=1e-5)
    assert found["total_return"] == pytest.approx(final / 1e6 - 1)
    assert found["cagr"] * 100 == pytest.approx(cagr, abs=1e-5)
    assert found["max_drawdown"] * 100 == pytest.approx(fall, abs=1e-5)
    assert found["trades"] == trades
    assert found["win_rate"] * 100 == pytest.approx(won, abs=1e-5)
    assert float(sum(fill.fee for fill in fills)) == pytest.approx(fees, abs=1e-5)


# --- a list of 179 trades -----------------------------------------------------------------------------------


def test_a_published_list_of_trades_gives_the_published_metrics():
    pytest.importorskip("pyarrow")
    table = pd.read_parquet(recorded("reference/freqtrade_backtest_trades.parquet"))
    trips = [
        a_trip(
            symbol=row.pair,
            entry_at=row.open_date.to_pydatetime(),
            exit_at=row.close_date.to_pydatetime(),
            entry_price=exact(row.open_rate),
            exit_price=exact(row.close_rate),
            amount=exact(row.amount),
            pnl=exact(row.profit_abs),
        )
        for row in table.itertuples()
    ]
    closed = table.sort_values("close_date")
    equities = 0.01 + closed["profit_abs"].cumsum()
    points = [EquityPoint(closed["open_date"].iloc[0].to_pydatetime(), 0.01)]
    points += [EquityPoint(t.to_pydatetime(), e) for t, e in zip(closed["close_date"], equities, strict=True)]

    found = measure(points, trips)

    assert found["trades"] == 179
    assert found["total_return"] == pytest.approx(0.10419029856968845)
    assert found["profit_factor"] == pytest.approx(2.4223288739520954)
    assert found["expectancy"] == pytest.approx(5.820687070932315e-06)
    assert found["max_drawdown"] == pytest.approx(0.018740312808228732)
    ratio = (1 + found["average_win"] / -found["average_loss"]) * found["win_rate"] - 1
    assert ratio == pytest.approx(0.07151374226574791)


# --- the calendar -------------------------------------------------------------------------------------------


def test_calendar_years_of_bitcoin_fell_as_far_as_is_known():
    frame = read_candles(recorded("binance_BTC-USDT_1h.parquet")).frame
    known = {2018: (-73.00, 81.42), 2019: (94.31, 53.15), 2020: (301.98, 60.48), 2022: (-64.21, 67.38)}

    for year, (change, fall) in known.items():
        inside = frame["close"][frame.index.year == year]
        before = frame["close"][frame.index.year == year - 1].iloc[-1]
        points = [EquityPoint(t.to_pydatetime(), e) for t, e in inside.items()]

        assert measure(points, ())["max_drawdown"] * 100 == pytest.approx(fall, abs=0.005)
        assert (inside.iloc[-1] / before - 1) * 100 == pytest.approx(change, abs=0.005)
