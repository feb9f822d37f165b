"""One step of a portfolio of 50 markets, 720 hours back, beside the least numpy must do for it; the target is 10 ms."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any

import numpy as np

from trading.core import targets
from trading.core.book import Book
from trading.core.desk import Desk
from trading.core.signals import Question
from trading.core.sleeve import Line, Sleeve
from trading.domain.account import Position
from trading.domain.market import Instrument, Timeframe
from trading.domain.sizing import Weighing
from trading.limits import limits_of
from trading.portfolio.correlation import correlation
from trading.portfolio.weights import METHODS, covariance
from trading.settings_risk import Risk
from trading.strategies import find

MARKETS, HOURS, ROUNDS = 50, 720, 15
TARGET_MS = 10.0
AT = datetime(2026, 11, 20, tzinfo=UTC)  # where a day begins: every position is compared with its weight
SYMBOLS = tuple(f"C{n}/USDT" for n in range(MARKETS))


def returns() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Hours of markets that share one mood, each as wild as it is."""
    dice = np.random.default_rng(5)
    mood = dice.normal(0, 0.006, (HOURS, 1)) * dice.uniform(0.3, 1.6, MARKETS)
    return np.asarray(mood + dice.normal(0, dice.uniform(0.002, 0.012, MARKETS), (HOURS, MARKETS)))


class Weights:
    """Answers like the board's: the weights that were worked out, whatever else is asked."""

    history_seconds = 3600

    def __init__(self, weights: dict[str, float]) -> None:
        self._weights = weights

    def exposure(self, question: Question, at: int) -> float | None:
        return self._weights[question.symbol]

    def newest(self, question: Question, at: int) -> float | None:
        return self._weights[question.symbol]

    def history(self, symbol: str, at: int) -> None:
        return None


def desk(weights: dict[str, float]) -> Desk:
    """A desk that holds the same of every market, at one price, and should hold these weights."""
    strategy, cent = find("ema_cross"), Decimal("0.01")
    instruments = {
        symbol: Instrument(
            symbol=symbol,
            base=symbol.partition("/")[0],
            quote="USDT",
            price_step=cent,
            amount_step=cent,
            min_amount=cent,
            min_cost=Decimal(5),
            maker_fee=Decimal("0.001"),
            taker_fee=Decimal("0.001"),
        )
        for symbol in SYMBOLS
    }
    sleeve = Sleeve(
        name="trend",
        strategy=strategy,
        params=strategy.params({}),
        symbols=SYMBOLS,
        timeframe=Timeframe(3600),
        share=1.0,
        enabled=True,
        weighing=Weighing(method="risk_parity"),
    )
    book = Book("main", "USDT", Decimal(1000))
    book.positions = {
        ("trend", symbol): Position(
            sleeve="trend",
            symbol=symbol,
            quantity=Decimal(20),
            entry_price=Decimal(100),
            opened_at=AT - timedelta(days=1),
            fees=Decimal(2),
        )
        for symbol in SYMBOLS
    }
    book.mark(AT, dict.fromkeys(SYMBOLS, Decimal(100)))
    made = Desk(
        book=book,
        instruments=instruments,
        limits=limits_of(Risk()),
        answers=Weights(weights),
        sleeves={"trend": sleeve},
    )
    made.lines = {("trend", symbol): Line(wanted=1.0, acted=1.0) for symbol in SYMBOLS}
    return made


def fresh(made: Desk) -> None:
    """As if nothing had been compared yet."""
    for line in made.lines.values():
        line.reached, line.weight = True, 0.0


def milliseconds(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """The best of some rounds; a machine that is busy elsewhere only makes it slower."""
    took = []
    for _ in range(ROUNDS):
        before()
        began = perf_counter()
        work()
        took.append(perf_counter() - began)
    return min(took) * 1e3


def numpys(sample: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    """One covariance, one correlation, one system of equations."""
    np.linalg.solve(np.cov(sample, rowvar=False), np.ones(MARKETS))
    np.corrcoef(sample, rowvar=False)


async def main() -> None:
    sample = returns()
    cov = covariance(sample)
    parity = METHODS["risk_parity"](cov)
    held = desk(dict(zip(SYMBOLS, parity.tolist(), strict=True)))
    sleeve = held.sleeves["trend"]
    parts = {
        "covariance": milliseconds(lambda: covariance(sample)),
        "risk parity": milliseconds(lambda: METHODS["risk_parity"](cov)),
        "minimum variance": milliseconds(lambda: METHODS["minimum_variance"](cov)),
        "rebalancing check": milliseconds(
            lambda: targets.weigh(held, sleeve, SYMBOLS, AT), before=lambda: fresh(held)
        ),
        "correlation": milliseconds(lambda: correlation(sample)),
    }
    off = sum(not line.reached for line in held.lines.values())
    least, step = milliseconds(lambda: numpys(sample)), sum(parts.values())
    for name, took in parts.items():
        print(f"{name:24}{took:>10.2f} ms{took / least:>10.1f} x numpy")
    verdict = "kept" if step < TARGET_MS else "missed"
    print(
        f"{'the whole step':24}{step:>10.2f} ms{step / least:>10.1f} x numpy, target {TARGET_MS:.0f} ms {verdict}"
    )
    print(f"{'numpy alone (floor)':24}{least:>10.2f} ms; {off} of {MARKETS} positions are off their weight")
