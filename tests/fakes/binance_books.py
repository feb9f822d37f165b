"""What the fake Binance knows: its markets, and the candles a test has written into its books."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.fakes.matching import Rules

MINUTE = 60_000  # milliseconds, as everything here
INTERVALS = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1440}

Bar = tuple[float, float, float, float, float]  # open, high, low, close, volume


def market_id(symbol: str) -> str:
    return symbol.replace("/", "")


@dataclass(frozen=True)
class Listing:
    """One market as exchangeInfo describes it."""

    symbol: str
    tick: str = "0.01000000"
    step: str = "0.00001000"
    least: str = "5.00000000"
    most: str = "100.00000000"
    status: str = "TRADING"

    @property
    def id(self) -> str:
        return market_id(self.symbol)

    def rules(self) -> Rules:
        base, quote = self.symbol.split("/")
        tick, step = Decimal(self.tick), Decimal(self.step)
        least, most = Decimal(self.least), Decimal(self.most)
        return Rules(base=base, quote=quote, tick=tick, step=step, least=least, most=most)

    def described(self) -> dict[str, Any]:
        base, quote = self.symbol.split("/")
        return {
            "symbol": self.id,
            "status": self.status,
            "baseAsset": base,
            "baseAssetPrecision": 8,
            "quoteAsset": quote,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT"],
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "permissions": ["SPOT"],
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": self.tick,
                    "maxPrice": "1000000",
                    "tickSize": self.tick,
                },
                {"filterType": "LOT_SIZE", "minQty": self.step, "maxQty": "9000", "stepSize": self.step},
                {"filterType": "MARKET_LOT_SIZE", "minQty": "0", "maxQty": self.most, "stepSize": "0"},
                {"filterType": "NOTIONAL", "minNotional": self.least, "applyMinToMarket": True},
            ],
        }


class Books:
    """One-minute candles by market id and open time; longer ones are made of them when asked for."""

    def __init__(self) -> None:
        self._bars: dict[str, dict[int, Bar]] = {}
        self._hidden: set[tuple[str, int]] = set()
        self.mangle: Callable[[list[Any]], list[Any]] = list  # what happens to rows on their way out

    def write(self, market: str, opened_at: datetime, bar: Bar) -> None:
        self._bars.setdefault(market, {})[_ms(opened_at)] = bar

    def history(self, market: str, start: datetime, count: int) -> None:
        """`count` minutes from `start`, each a little different from the one before."""
        for n in range(count):
            opened = start + timedelta(minutes=n)
            level = 100.0 + (_ms(opened) // MINUTE) % 97
            self.write(market, opened, (level, level + 2, level - 1, level + 1, 10.0))

    def hide(self, market: str, opened_at: datetime) -> None:
        """As if this candle did not exist (yet)."""
        self._hidden.add((market, _ms(opened_at)))

    def show(self) -> None:
        """What was hidden exists after all."""
        self._hidden.clear()

    def bar(self, market: str, opened: int) -> Bar | None:
        return self._bars.get(market, {}).get(opened)

    def last(self, market: str, now: datetime) -> float | None:
        """The close of the newest candle that has begun."""
        begun = [opened for opened in self._bars.get(market, {}) if opened <= _ms(now)]
        return self._bars[market][max(begun)][3] if begun else None

    def klines(self, market: str, interval: str, since: int | None, until: int, limit: int) -> list[Any]:
        """Rows as GET /klines answers: the unfinished candle is the last one."""
        length = INTERVALS[interval] * MINUTE
        grouped: dict[int, list[Bar]] = {}
        for opened in sorted(self._bars.get(market, {})):
            if opened <= until and (market, opened) not in self._hidden:
                grouped.setdefault(opened // length * length, []).append(self._bars[market][opened])
        rows = [kline(opened, length, merged(bars)) for opened, bars in grouped.items()]
        if since is None:
            return self.mangle(rows[-limit:])
        return self.mangle([row for row in rows if row[0] >= since][:limit])


def merged(bars: list[Bar]) -> Bar:
    return (
        bars[0][0],
        max(bar[1] for bar in bars),
        min(bar[2] for bar in bars),
        bars[-1][3],
        sum(bar[4] for bar in bars),
    )


def kline(opened: int, length: int, bar: Bar) -> list[Any]:
    prices = [f"{value:.8f}" for value in bar]
    return [opened, *prices, opened + length - 1, "1000.0", 40, "5.0", "500.0", "0"]


def _ms(at: datetime) -> int:
    return int(at.timestamp()) * 1000
