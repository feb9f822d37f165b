"""Sensible things to test with, changed one field at a time: `a_fill(price="99")`."""

import importlib.util
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trading.domain.account import Account, Position
from trading.domain.market import Candle, Instrument, Timeframe
from trading.domain.order import Fill, Order, OrderIntent, OrderKind, OrderStatus, Reason, Side
from trading.domain.report import CashFlow, EquityPoint, RoundTrip

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = Timeframe(3600)


def at(hours: float = 0) -> datetime:
    """So many hours after the start of all tests."""
    return START + timedelta(hours=hours)


def an_instrument(**changes: Any) -> Instrument:
    """BTC/USDT in cents and in 0.00001 BTC, at 0.1 %."""
    fields: dict[str, Any] = {
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "price_step": "0.01",
        "amount_step": "0.00001",
        "min_amount": "0.00001",
        "min_cost": "5",
        "maker_fee": "0.001",
        "taker_fee": "0.001",
    }
    money = ("price_step", "amount_step", "min_amount", "min_cost", "maker_fee", "taker_fee")
    return Instrument(**_exact(fields | changes, money))


def a_candle(**changes: Any) -> Candle:
    """An hour of BTC/USDT at 100, high 101, low 99."""
    fields: dict[str, Any] = {
        "symbol": "BTC/USDT",
        "timeframe": HOUR,
        "opened_at": START,
        "open": 100.0,
        "high": 101.0,
        "low": 99.0,
        "close": 100.0,
        "volume": 10.0,
    }
    return Candle(**fields | changes)


def a_series(closes: Sequence[float], *, start: datetime = START, **changes: Any) -> list[Candle]:
    """Candles one after the other with these closes; each opens where the one before closed."""
    timeframe = changes.get("timeframe", HOUR)
    opens = [closes[0], *closes[:-1]]
    return [
        a_candle(
            **changes,
            opened_at=start + n * timeframe.length,
            open=float(first),
            high=float(max(first, last)),
            low=float(min(first, last)),
            close=float(last),
        )
        for n, (first, last) in enumerate(zip(opens, closes, strict=True))
    ]


def candles(
    closes: Iterable[float],
    *,
    start: datetime = START,
    step: timedelta = timedelta(hours=1),
    volume: float = 10.0,
) -> pd.DataFrame:
    """The frame strategies read, with these closes; each bar opens where the one before closed."""
    last = np.array(list(closes), dtype=np.float64)
    first = np.concatenate((last[:1], last[:-1]))
    columns = {
        "open": first,
        "high": np.maximum(first, last),
        "low": np.minimum(first, last),
        "close": last,
        "volume": np.full(len(last), volume),
    }
    return pd.DataFrame(columns, index=pd.date_range(start, periods=len(last), freq=step, unit="ms"))


def walk(
    bars: int = 2000,
    seed: int = 7,
    *,
    step: timedelta = timedelta(hours=1),
    swing: float = 0.01,
    drift: float = 0.0,
) -> pd.DataFrame:
    """A random market with quiet and wild weeks; the same seed gives the same market."""
    dice = np.random.default_rng(seed)
    mood = np.exp(np.convolve(dice.normal(0, 0.35, bars + 50), np.exp(-np.arange(51) / 12), mode="valid"))
    closes = 100 * np.exp(np.cumsum(dice.standard_t(5, bars) * 0.77 * swing * mood / mood.mean() + drift))
    frame = candles(closes, step=step)
    wick = 1 + np.abs(dice.normal(0, swing / 3, (2, bars)))
    return frame.assign(
        high=frame["high"] * wick[0],
        low=frame["low"] / wick[1],
        volume=dice.gamma(2.0, 5.0, bars) * mood,
    )


def an_intent(**changes: Any) -> OrderIntent:
    """Buy 1 BTC at the market because the signal says so."""
    fields: dict[str, Any] = {
        "client_id": "tw-1",
        "sleeve": "ema_cross",
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "kind": OrderKind.MARKET,
        "amount": "1",
        "limit_price": None,
        "reduce_only": False,
        "reason": Reason.SIGNAL,
        "price_at_decision": "100",
        "decided_at": START,
    }
    return OrderIntent(**_exact(fields | changes, ("amount", "limit_price", "price_at_decision")))


def an_order(intent: OrderIntent | None = None, **changes: Any) -> Order:
    """That intent, sent and open."""
    fields: dict[str, Any] = {
        "intent": intent or an_intent(),
        "status": OrderStatus.OPEN,
        "filled": "0",
        "average_price": None,
        "fee": "0",
        "changed_at": START,
    }
    return Order(**_exact(fields | changes, ("filled", "average_price", "fee")))


def a_fill(**changes: Any) -> Fill:
    """1 BTC bought at 100 for a fee of 0.1."""
    fields: dict[str, Any] = {
        "id": "f-1",
        "client_id": "tw-1",
        "sleeve": "ema_cross",
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "amount": "1",
        "price": "100",
        "fee": "0.1",
        "fee_currency": "USDT",
        "at": START,
        "reason": Reason.SIGNAL,
    }
    return Fill(**_exact(fields | changes, ("amount", "price", "fee")))


def a_position(**changes: Any) -> Position:
    """1 BTC held since the start, bought at 100."""
    fields: dict[str, Any] = {
        "sleeve": "ema_cross",
        "symbol": "BTC/USDT",
        "quantity": "1",
        "entry_price": "100",
        "opened_at": START,
        "fees": "0.1",
    }
    return Position(**_exact(fields | changes, ("quantity", "entry_price", "fees")))


def an_account(**changes: Any) -> Account:
    """10,000 USDT, nothing held, nothing out, BTC at 100."""
    fields: dict[str, Any] = {
        "name": "main",
        "currency": "USDT",
        "cash": "10000",
        "positions": (),
        "prices": {"BTC/USDT": Decimal(100)},
        "peak_equity": "10000",
        "day_start_equity": "10000",
        "at": START,
        "committed": "0",
        "pending": (),
    }
    return Account(**_exact(fields | changes, ("cash", "peak_equity", "day_start_equity", "committed")))


def a_trip(**changes: Any) -> RoundTrip:
    """1 BTC held for an hour, from 100 to 110, fees 0.21."""
    fields: dict[str, Any] = {
        "sleeve": "ema_cross",
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "entry_at": START,
        "entry_price": "100",
        "exit_at": at(1),
        "exit_price": "110",
        "amount": "1",
        "pnl": "9.79",
        "fees": "0.21",
        "reason": Reason.SIGNAL,
    }
    return RoundTrip(**_exact(fields | changes, ("entry_price", "exit_price", "amount", "pnl", "fees")))


def a_curve(equities: Iterable[float], *, step: timedelta = timedelta(days=1)) -> tuple[EquityPoint, ...]:
    """Equity points one step apart, without cash flows."""
    return tuple(EquityPoint(START + n * step, float(equity)) for n, equity in enumerate(equities))


def a_flow(**changes: Any) -> CashFlow:
    """1,000 USDT paid in."""
    fields: dict[str, Any] = {"at": START, "amount": "1000", "note": "deposit"}
    return CashFlow(**_exact(fields | changes, ("amount",)))


def _exact(fields: dict[str, Any], money: Iterable[str]) -> dict[str, Any]:
    """Money may be written as text or a whole number."""
    return fields | {name: Decimal(fields[name]) for name in money if fields[name] is not None}


def recorded(name: str) -> Path:
    """A file of real market data beside the repository; skips the test where there is none."""
    path = Path(__file__).resolve().parents[2] / "shared" / "data" / name
    if not path.is_file():
        pytest.skip(f"needs the market data set beside the repository: {name}")
    if importlib.util.find_spec("pyarrow") is None:
        pytest.skip("needs the extra parquet to read the market data set")
    return path
