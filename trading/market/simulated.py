"""A living market without a network: seeded, so that it is the same at any time and on any machine."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache

import numpy as np

from trading.clock import Clock
from trading.core.frames import Columns, Floats
from trading.domain.depth import Depth, Level
from trading.domain.errors import Refused
from trading.domain.market import Candle, Instrument, Timeframe

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
DAY = 1440  # minutes
MINUTE = Timeframe(60)

# symbol: (usual price, typical move of a day, typical volume of a minute in base units, price step, amount step)
_MARKETS = {
    "BTC/USDT": (64_000.0, 0.024, 9.0, "0.01", "0.00001"),
    "ETH/USDT": (3_100.0, 0.030, 140.0, "0.01", "0.0001"),
    "SOL/USDT": (150.0, 0.042, 2_600.0, "0.01", "0.001"),
    "XRP/USDT": (0.62, 0.036, 420_000.0, "0.0001", "0.1"),
    "ADA/USDT": (0.48, 0.038, 310_000.0, "0.0001", "0.1"),
    "DOGE/USDT": (0.14, 0.048, 1_900_000.0, "0.00001", "1"),
    "BNB/USDT": (580.0, 0.026, 60.0, "0.1", "0.001"),
    "AVAX/USDT": (31.0, 0.044, 9_000.0, "0.01", "0.01"),
    "BTC/KRW": (88_000_000.0, 0.024, 0.9, "1000", "0.00000001"),
    "ETH/KRW": (4_300_000.0, 0.030, 11.0, "1000", "0.00000001"),
}

# regime: (drift of a day in units of the typical move, how much wilder or calmer, chance to last another day)
_REGIMES = ((0.0, 0.7, 0.93), (0.30, 0.9, 0.94), (-0.26, 1.1, 0.92), (-0.7, 2.4, 0.55), (0.0, 1.7, 0.80))
_NEXT = (0.34, 0.28, 0.22, 0.04, 0.12)  # which regime follows when one ends
_PULL = 0.006  # a day's pull back towards the usual price, so that years of simulation stay plausible
_OFFERS = 10  # on each side of an order book, each of half the volume of a typical minute ...
_APART = 0.0002  # ... and so far from the next, the first from the price, as a share of it


class SimulatedMarket:
    """Regimes that last days, volatility that clusters, days with a rhythm, volume that follows the moves.

    One common factor moves all symbols together, as in life. Everything is a function of seed, symbol and minute.
    """

    name = "simulated"

    def __init__(self, seed: int, clock: Clock) -> None:
        self._seed, self._clock = seed, clock

    def now(self) -> datetime:
        return self._clock()

    async def symbols(self) -> tuple[str, ...]:
        return tuple(_MARKETS)

    async def instruments(self, symbols: Iterable[str]) -> dict[str, Instrument]:
        return {symbol: _instrument(symbol) for symbol in symbols}

    async def candles(
        self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[Candle]:
        _known(symbol)
        start, end = max(start, EPOCH), min(end, timeframe.floor(self._clock()))
        if end <= start:
            return []
        return await asyncio.to_thread(self._candles, symbol, timeframe, start, end)

    def _candles(self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime) -> list[Candle]:
        columns = self._columns(symbol, timeframe, start, end)
        return [columns.candle(symbol, timeframe, row) for row in range(len(columns))]

    async def openings(
        self, symbols: Iterable[str], timeframe: Timeframe, opened_at: datetime
    ) -> dict[str, float]:
        if opened_at > self._clock():
            return {}
        return {symbol: float(self._minute(symbol, opened_at)[0]) for symbol in symbols}

    async def quotes(self, symbols: Iterable[str]) -> dict[str, float]:
        now = self._clock()
        return {symbol: self._price_within(symbol, now) for symbol in symbols}

    async def depth(self, symbol: str) -> Depth:
        """A book around the price of now: the same for the same moment, and as deep as the market is busy."""
        now, instrument = self._clock(), _instrument(symbol)
        price, step = Decimal(repr(self._price_within(symbol, now))), instrument.price_step
        apart = max(step, instrument.price(float(price) * _APART))
        offered = instrument.amount(Decimal(repr(_known(symbol)[2])) / 2)
        sides: list[tuple[Level, ...]] = [
            tuple((price + side * apart * n, offered) for n in range(1, _OFFERS + 1)) for side in (-1, 1)
        ]
        return Depth(bids=sides[0], asks=sides[1], at=now)

    async def hints(self, symbols: Iterable[str], timeframe: Timeframe) -> AsyncIterator[str]:
        await asyncio.Event().wait()  # the tick at the close is soon enough here
        yield ""

    async def close(self) -> None:
        _day.cache_clear()

    def _columns(self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime) -> Columns:
        first = timeframe.floor(start)
        first = first if first >= start else first + timeframe.length
        days = range(_day_of(first), _day_of(end - timedelta(seconds=1)) + 1)
        minutes = np.concatenate([_day(self._seed, symbol, day) for day in days])
        opened = int(EPOCH.timestamp()) + (np.arange(len(minutes)) + days[0] * DAY) * 60
        inside = (opened >= int(first.timestamp())) & (opened < int(end.timestamp()))
        opened, minutes = opened[inside], minutes[inside]
        per = timeframe.seconds // 60
        count = len(minutes) // per
        whole = minutes[: count * per].reshape(count, per, 5)
        return Columns(
            opened[: count * per : per],
            whole[:, 0, 0],
            whole[:, :, 1].max(axis=1),
            whole[:, :, 2].min(axis=1),
            whole[:, -1, 3],
            whole[:, :, 4].sum(axis=1),
        )

    def _minute(self, symbol: str, at: datetime) -> Floats:
        _known(symbol)
        minute = int((at - EPOCH).total_seconds()) // 60
        day = _day(self._seed, symbol, minute // DAY)
        return np.asarray(day[minute % DAY], dtype=np.float64)

    def _price_within(self, symbol: str, at: datetime) -> float:
        """The price inside the forming minute: from open over both extremes to close."""
        opened, high, low, close, _ = self._minute(symbol, at).tolist()
        path = (opened, low, high, close) if close >= opened else (opened, high, low, close)
        place = (at.timestamp() % 60) / 60 * 3
        leg = min(int(place), 2)
        price = path[leg] + (path[leg + 1] - path[leg]) * (place - leg)
        return float(_instrument(symbol).price(price))


def _known(symbol: str) -> tuple[float, float, float, str, str]:
    if symbol not in _MARKETS:
        near = get_close_matches(symbol.upper(), _MARKETS, 1, cutoff=0.3)
        raise Refused(
            f"The simulated market has no {symbol}; it has {', '.join(_MARKETS)}."
            + (f" Did you mean {near[0]}?" if near else "")
        )
    return _MARKETS[symbol]


def _instrument(symbol: str) -> Instrument:
    _, _, _, price_step, amount_step = _known(symbol)
    base, quote = symbol.split("/")
    return Instrument(
        symbol=symbol,
        base=base,
        quote=quote,
        price_step=Decimal(price_step),
        amount_step=Decimal(amount_step),
        min_amount=Decimal(amount_step),
        min_cost=Decimal(5000) if quote == "KRW" else Decimal(5),
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
    )


def _day_of(at: datetime) -> int:
    return (at - EPOCH).days


def _rng(seed: int, *names: str | int) -> np.random.Generator:
    text = "/".join(str(name) for name in names).encode()
    return np.random.default_rng([seed, *text])


@lru_cache(maxsize=64)
def _closes(seed: int, symbol: str, upto: int) -> Floats:
    """Log prices at the end of each day from the epoch to day `upto`, one more than there are days."""
    usual, move, *_ = _known(symbol)
    common, own = _rng(seed, "days", "common"), _rng(seed, "days", symbol.split("/")[0])
    regime, wild = 0, 1.0
    log_price = [np.log(usual)]
    for _ in range(upto + 1):
        chance, follow, shared, alone = (
            common.random(),
            common.random(),
            common.standard_normal(),
            own.standard_normal(),
        )
        if chance > _REGIMES[regime][2]:
            regime = int(np.searchsorted(np.cumsum(_NEXT), follow))
        drift, scale, _ = _REGIMES[regime]
        shock = 0.75 * shared + 0.66 * alone
        wild = 0.86 * wild + 0.14 * abs(shock) * 1.25
        step = move * (drift + scale * wild * shock * 0.8)
        pull = _PULL * (np.log(usual) - log_price[-1])
        log_price.append(log_price[-1] + float(np.clip(step, -0.22, 0.18)) + pull)
    return np.array(log_price)


@lru_cache(maxsize=160)
def _day(seed: int, symbol: str, day: int) -> Floats:
    """The minutes of one day as rows of open, high, low, close, volume; a bridge between two daily closes."""
    _, move, typical, *_ = _known(symbol)
    horizon = -(-(day + 1) // 64) * 64  # few different cache entries
    closes = _closes(seed, symbol, horizon)
    before, after = closes[day], closes[day + 1]
    rng = _rng(seed, "minutes", symbol.split("/")[0], day)
    activity = _activity(rng)
    span = max(abs(after - before), 0.6 * move)
    noise = rng.standard_t(5, DAY) * np.sqrt(activity / activity.sum())
    path = np.concatenate(([0.0], np.cumsum(noise))) * span * 0.9
    share = np.concatenate(([0.0], np.cumsum(activity))) / activity.sum()
    path = before + path - share * path[-1] + share * (after - before)
    opens, closes_ = path[:-1], path[1:]
    reach = np.abs(rng.standard_normal((2, DAY))) * span * np.sqrt(activity / activity.sum()) * 0.45
    high, low = np.maximum(opens, closes_) + reach[0], np.minimum(opens, closes_) - reach[1]
    moved = np.abs(closes_ - opens) / (np.abs(closes_ - opens).mean() + 1e-12)
    volume = typical * activity * (0.35 + 0.65 * moved) * rng.lognormal(0.0, 0.5, DAY)
    step = float(_known(symbol)[3])
    prices = np.round(np.exp(np.stack((opens, high, low, closes_), axis=1)) / step) * step
    minutes = np.column_stack((np.round(prices, 8), np.round(volume, 6)))
    minutes.flags.writeable = False
    return minutes


def _activity(rng: np.random.Generator) -> Floats:
    """How lively each minute is: quiet in the Asian night, busy in the afternoon (UTC), in clusters, with bursts."""
    minute = np.arange(DAY)
    rhythm = 1.0 + 0.45 * np.sin((minute - 480) / DAY * 2 * np.pi) + 0.15 * np.sin(minute / DAY * 6 * np.pi)
    slow = np.convolve(rng.standard_normal(DAY + 120), np.ones(121) / 11.0, "valid")
    bursts = np.zeros(DAY)
    for start in rng.integers(0, DAY, rng.poisson(2.0)):
        length = DAY - start
        bursts[start:] += rng.exponential(3.0) * np.exp(-np.arange(length) / 25.0)
    return np.asarray(rhythm * np.exp(0.45 * slow) + bursts, dtype=np.float64)
