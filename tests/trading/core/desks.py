"""A desk whose strategies say what a test tells them to, on a simulation that fills at the next open."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from tests.builders import HOUR, START, a_candle, an_instrument
from trading.core.book import Book
from trading.core.desk import Desk
from trading.core.signals import Question
from trading.core.sleeve import Sleeve
from trading.domain.events import CandlesClosed, Event, OrderFilled
from trading.domain.market import Candle
from trading.domain.order import Fill
from trading.domain.protection import NOTHING, Protection
from trading.execution.filling import USUAL, Filling
from trading.execution.sim import Simulated
from trading.risk.rules import Limits
from trading.session import Session
from trading.strategies import find

OPEN = Limits(order_share=1.0, daily_loss=1.0, drawdown=1.0)


class Script:
    """Answers for a strategy: which exposure it wants at which candle, by number; it repeats its last word."""

    def __init__(self, **by_symbol: dict[int, float]) -> None:
        self._by_symbol = {name.replace("_", "/"): words for name, words in by_symbol.items()}

    def exposure(self, question: Question, at: int) -> float | None:
        number = (at - int(START.timestamp())) // question.timeframe.seconds
        said = [w for n, w in sorted(self._by_symbol.get(question.symbol, {}).items()) if n <= number]
        return said[-1] if said else None


class Story:
    """One account through candles; remembers everything that was told."""

    def __init__(
        self,
        script: Script,
        *,
        cash: str = "10000",
        limits: Limits = OPEN,
        symbols: tuple[str, ...] = ("BTC/USDT",),
        sleeves: Iterable[str] = ("ema_cross",),
        share: float = 0.5,
        fee: str = "0.001",
        slippage: str = "0",
        protection: Protection = NOTHING,
        filling: Filling = USUAL,
    ) -> None:
        instruments = {s: an_instrument(symbol=s, base=s.partition("/")[0]) for s in symbols}
        strategy = find("ema_cross")
        made = {
            name: Sleeve(
                name=name,
                strategy=strategy,
                params=strategy.params({}),
                symbols=symbols,
                timeframe=HOUR,
                share=share,
                enabled=True,
                protection=protection,
            )
            for name in sleeves
        }
        book = Book("main", "USDT", Decimal(cash))
        self.desk = Desk(book=book, instruments=instruments, limits=limits, answers=script, sleeves=made)
        self.executor = Simulated(
            instruments,
            fee=Decimal(fee),
            slippage=Decimal(slippage),
            cash=lambda: book.cash,
            filling=filling,
        )
        self.told: list[Event] = []
        self.session = Session(self.desk, self.executor, self.told.append)

    def candles(self, *closes: float, symbol: str = "BTC/USDT", first: int = 0) -> "Story":
        """Candles one after the other; each opens where the one before closed."""
        before = closes[0]
        for number, close in enumerate(closes):
            self.close(first + number, {symbol: (before, close)})
            before = close
        return self

    def close(self, number: int, prices: dict[str, tuple[float, float]]) -> None:
        """The candle with this number closes: symbol -> (open, close)."""
        made = tuple(_candle(symbol, number, *pair) for symbol, pair in prices.items())
        self.session.step(CandlesClosed(made[0].closed_at, made))

    @property
    def fills(self) -> list[Fill]:
        return [event.fill for event in self.told if isinstance(event, OrderFilled)]

    def news(self, kind: type) -> list[Event]:
        return [event for event in self.told if isinstance(event, kind)]


def _candle(symbol: str, number: int, opened: float, closed: float) -> Candle:
    return a_candle(
        symbol=symbol,
        opened_at=START + (number - 1) * HOUR.length,
        open=opened,
        close=closed,
        high=max(opened, closed),
        low=min(opened, closed),
    )


def close_of(number: int) -> datetime:
    """When the candle with this number closes."""
    return START + number * HOUR.length
