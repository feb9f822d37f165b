"""The gate with every rule on: reviews a second, and what a bad day of 50 symbols over two years takes."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from time import perf_counter, process_time

import numpy as np

from trading.domain.account import Account, Position
from trading.domain.market import Instrument
from trading.domain.order import OrderIntent, OrderKind, Reason, Side
from trading.domain.risk import Cleared
from trading.limits import limits_of
from trading.risk.gate import review
from trading.risk.market import BARS, History, Market
from trading.risk.rules import Case, Past
from trading.settings_risk import Risk

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
HELD, REVIEWS, ROUNDS = 10, 2_000, 7
HOUR = 3600
PRICE = Decimal(100)


def symbols(count: int) -> list[str]:
    return [f"C{n}/USDT" for n in range(count)]


def market(count: int, bars: int, seconds: int = HOUR) -> Market:
    """Random walks, one for each symbol."""
    dice = np.random.default_rng(1)
    opened = np.arange(bars, dtype=np.int64) * seconds
    past = {
        symbol: History(opened, 100 * np.exp(np.cumsum(dice.normal(0, 0.005, bars))), np.full(bars, 1e6))
        for symbol in symbols(count)
    }
    return Market(past.get, seconds)


def account() -> Account:
    held = tuple(
        Position(
            sleeve="trend",
            symbol=symbol,
            quantity=Decimal(5),
            entry_price=PRICE,
            opened_at=AT,
            fees=Decimal(1),
        )
        for symbol in symbols(HELD)
    )
    money = Decimal(20_000)
    return Account(
        name="main",
        currency="USDT",
        cash=money - 5 * PRICE * HELD,
        positions=held,
        prices=dict.fromkeys(symbols(HELD), PRICE),
        peak_equity=money,
        day_start_equity=money,
        at=AT,
        committed=Decimal(0),
        pending=(),
    )


def case(look: Market) -> Case:
    intent = OrderIntent(
        client_id="tw-1",
        sleeve="trend",
        symbol="C1/USDT",
        side=Side.BUY,
        kind=OrderKind.MARKET,
        amount=Decimal(3),
        limit_price=None,
        reduce_only=False,
        reason=Reason.SIGNAL,
        price_at_decision=PRICE,
        decided_at=AT,
    )
    instrument = Instrument(
        symbol="C1/USDT",
        base="C1",
        quote="USDT",
        price_step=Decimal("0.01"),
        amount_step=Decimal("0.001"),
        min_amount=Decimal("0.001"),
        min_cost=Decimal(5),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
    )
    start = Decimal(20_000)
    return Case(
        intent=intent,
        account=account(),
        instrument=instrument,
        limits=limits_of(Risk()),
        halts=(),
        past=Past(week_start_equity=start, month_start_equity=start),
        market=look,
        strategies={"trend": "ema_cross"},
    )


def reviews(asked: Case) -> float:
    """Reviews a second of processor time, of cases that nothing is known about yet, as a tick brings them."""
    took = []
    for _ in range(ROUNDS):
        cases = [replace(asked) for _ in range(REVIEWS)]
        began = process_time()
        answers = [review(one) for one in cases]
        took.append(process_time() - began)
        assert all(isinstance(answer, Cleared) for answer in answers)
    return REVIEWS / min(took)


def bad_day(bars: int, seconds: int) -> tuple[float, float]:
    """Milliseconds of the first and of every later look at 50 symbols."""
    look, values = market(50, bars, seconds), dict.fromkeys(symbols(50), 100.0)
    began = perf_counter()
    look.tail(values)
    first = perf_counter() - began
    began = perf_counter()
    for _ in range(100):
        look.tail(values)
    return first * 1e3, (perf_counter() - began) * 10


async def main() -> None:
    asked = case(market(HELD, BARS))
    asked.market.tail(dict.fromkeys(symbols(HELD), 1.0))  # type: ignore[union-attr]
    day = replace(asked).bad_day
    share = day.shortfall / float(asked.equity) * 1.01 if day else 0.0
    near = replace(asked, limits=replace(asked.limits, value_at_risk=share, shortfall=share))
    print(f"{'every rule, 10 positions':44}{reviews(asked):>12,.0f} reviews/s")
    print(f"{'the same, near the limit of a bad day':44}{reviews(near):>12,.0f} reviews/s")
    for name, bars, seconds in (
        ("bad day, 50 symbols, 730 days", 730, 24 * HOUR),
        ("bad day, 50 symbols, two years of hours", 17_520, HOUR),
    ):
        first, later = bad_day(bars, seconds)
        print(f"{name:44}{first:>9.2f} ms, then {later:.3f} ms")
