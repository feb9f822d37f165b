"""One of every picture, of a lively month of made-up trading, and what to look for in them."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import matplotlib.image
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from charts import (
    allocation,
    attribution,
    candles,
    compare,
    correlation,
    drawdown,
    equity,
    exposure,
    luck,
    replay,
    returns,
    risk,
    search,
    sensitivity,
    slippage,
    stress,
)
from charts.attribution import Earned
from charts.search import Spot
from tests.builders import START, a_series, a_trip
from trading.domain.honesty import Landscape, Spread
from trading.domain.market import Candle
from trading.domain.order import Side
from trading.domain.portfolio import Hit, Likeness, Outcome
from trading.domain.replay import Level
from trading.domain.report import Allocation, EquityPoint, RoundTrip
from trading.domain.review import Slip

ZONE = "Asia/Seoul"


def points(hours: int = 720, *, start: float = 10_000, seed: int = 4, flows: dict[int, float] | None = None):
    """Hourly equity that wanders; `flows` come in at these hours."""
    dice, money, found = np.random.default_rng(seed), start, []
    for hour in range(hours):
        flow = (flows or {}).get(hour, 0.0)
        money = money * (1 + dice.normal(0.00004, 0.003)) + flow
        found.append(EquityPoint(START + timedelta(hours=hour), float(money), flow))
    return found


def prices(
    count: int = 150, *, start: float = 97_000, seed: int = 3, symbol: str = "BTC/USDT"
) -> list[Candle]:
    """Hourly candles that wander."""
    steps = np.random.default_rng(seed).normal(0, 0.004, count)
    return a_series([float(close) for close in start * np.exp(np.cumsum(steps))], symbol=symbol)


def trips(among: list[Candle]) -> list[RoundTrip]:
    """Four trades in the course of these candles."""
    found = []
    for entry, leave in ((12, 30), (50, 71), (90, 104), (120, 139)):
        first, last = among[entry], among[leave]
        gain = Decimal(str(last.close)) - Decimal(str(first.close))
        found.append(
            a_trip(
                entry_at=first.opened_at,
                exit_at=last.opened_at,
                entry_price=str(first.close),
                exit_price=str(last.close),
                pnl=gain,
            )
        )
    return found


def around(trip: RoundTrip) -> list[Level]:
    """A stop a little below the entry and a target above it."""
    entry = float(trip.entry_price)
    return [Level("stop", entry * 0.985), Level("target", entry * 1.02)]


def stopped(among: list[Candle], entry: int = 50) -> RoundTrip:
    """Bought at a close, and sold at its stop or its target, whichever the prices touched first."""
    began = among[entry]
    price = Decimal(str(began.close))
    bought = a_trip(
        entry_at=began.closed_at, entry_price=str(price), exit_at=began.closed_at, exit_price=str(price)
    )
    stop, target = (level.price for level in around(bought))
    last = next(c for c in among[entry + 1 :] if c.low <= stop or c.high >= target)
    left = Decimal(str(round(stop if last.low <= stop else target, 2)))
    fees = (price + left) * Decimal("0.001")
    return replace(
        bought,
        exit_at=last.opened_at + timedelta(minutes=30),
        exit_price=left,
        fees=fees,
        pnl=left - price - fees,
    )


def days(count: int = 30) -> list[tuple[date, float]]:
    dice = np.random.default_rng(5)
    return [(date(2025, 11, 1) + timedelta(days=n), float(dice.normal(8, 60))) for n in range(count)]


def months(count: int = 27) -> dict[tuple[int, int], float]:
    dice = np.random.default_rng(6)
    return {(2023 + (n + 4) // 12, (n + 4) % 12 + 1): float(dice.normal(0.015, 0.05)) for n in range(count)}


def outcomes(count: int = 140) -> list[float]:
    return [float(value) for value in np.random.default_rng(7).standard_t(3, count) * 0.012 + 0.002]


def rivals() -> dict[str, list[EquityPoint]]:
    names = ("EMA cross", "RSI", "MACD 12/26/9", "Bollinger bands")
    return {name: points(seed=seed) for seed, name in enumerate(names, 1)}


def chance(count: int = 1000) -> list[float]:
    """What random entries earned: most of them lost, some won a lot."""
    return [float(value) for value in np.exp(np.random.default_rng(8).normal(-0.4, 0.8, count)) - 1]


def spread(outcomes: list[float], ours: float = 0.8) -> Spread:
    return Spread(outcomes=tuple(outcomes), ours=ours)


def variants() -> list[tuple[float | None, ...]]:
    """A ridge of Sharpe ratios, and one variant that never traded."""
    rows = [tuple(1.4 - 0.3 * abs(x - y) - 0.25 * x for x in range(7)) for y in range(7)]
    return [(None, *rows[0][1:]), *rows[1:]]


def landscape(rows: list[tuple[float | None, ...]], **changes: Any) -> Landscape:
    fields: dict[str, Any] = {
        "x_name": "fast",
        "xs": (4.0, 6.0, 8.0, 9.0, 11.0, 13.0, 18.0)[: len(rows[0]) if rows else 0],
        "y_name": "slow",
        "ys": (10.0, 15.0, 18.0, 21.0, 25.0, 30.0, 42.0)[: len(rows)],
        "scores": tuple(rows),
        "chosen": (3, 3),
    }
    return Landscape(**fields | changes)


def tried(count: int = 60) -> list[Spot]:
    """Pairs of averages; the quick ones do best."""
    dice = np.random.default_rng(9)
    pairs = [(float(dice.integers(5, 40)), float(dice.integers(40, 160))) for _ in range(count)]
    return [Spot(x, y, 2.1 - x / 20 - y / 200 + float(dice.normal(0, 0.1))) for x, y in pairs]


def weighed(count: int = 60) -> list[Spot]:
    """Tries by what they earned and how deep they fell; what none beats has a 1."""
    dice = np.random.default_rng(10)
    found = [(float(dice.normal(1, 0.6)), -abs(float(dice.normal(0.2, 0.08)))) for _ in range(count)]
    best = [not any(a > x and b > y for a, b in found) for x, y in found]
    return [Spot(x, y, float(good)) for (x, y), good in zip(found, best, strict=True)]


def earners() -> list[Earned]:
    """Three strategies and six markets; each group adds up to the same."""
    strategies = [("ema_cross", 214.31), ("rsi", 32.7), ("bollinger", -71.48)]
    markets = [
        ("BTC/USDT", 160.2),
        ("ETH/USDT", 44.9),
        ("SOL/USDT", 12.05),
        ("XRP/USDT", -3.4),
        ("ADA/USDT", 1.28),
    ]
    rest = sum(profit for _, profit in strategies) - sum(profit for _, profit in markets)
    return [
        *(Earned("Strategies", *one) for one in strategies),
        *(Earned("Markets", *one) for one in (*markets, ("DOGE/USDT", rest))),
    ]


def average(among: list[Candle], count: int) -> list[float]:
    closes = [candle.close for candle in among]
    return [float(np.mean(closes[max(0, n - count + 1) : n + 1])) for n in range(len(closes))]


@dataclass(frozen=True, eq=False)
class Picture:
    """How to draw one picture (a figure, or its PNG) and to say it; `same` data come with both."""

    figure: Callable[..., Figure]
    png: Callable[..., bytes]
    words: Callable[..., str]
    data: Any
    nothing: Any
    same: dict[str, Any]
    drawn: dict[str, Any]


_CANDLES = prices()
_LIVELY = points(flows={200: 2500.0, 500: -1500.0})
_TRIPS = trips(_CANDLES)
_STOPPED = stopped(_CANDLES)


def wishes(among: list[Candle]) -> list[float]:
    """In the market while the price is above its average of ten, half of it while that rises slowly."""
    means = average(among, 10)
    return [
        0.0 if c.close < m else 1.0 if c.close > 1.004 * m else 0.5 for c, m in zip(among, means, strict=True)
    ]


def likeness(rows: list[tuple[float | None, ...]]) -> Likeness:
    """Markets that move more or less together."""
    names = (
        "BTC/USDT",
        "ETH/USDT",
        "SOL/USDT",
        "XRP/USDT",
        "DOGE/USDT",
        "AVAX/USDT",
        "LINK/USDT",
        "1000PEPE/USDT",
    )
    count = len(rows)
    matrix = tuple(
        tuple(1.0 if i == j else rows[max(i, j)][min(i, j)] for j in range(count)) for i in range(count)
    )
    return Likeness(names[:count], matrix, (), 0.8, START - timedelta(days=30), START)


def alike(count: int = 8) -> list[tuple[float | None, ...]]:
    """The lower half of a matrix of correlations, one of them unknown."""
    rows = [tuple(0.95 - 0.13 * abs(i - j) for j in range(count)) for i in range(count)]
    return [*rows[:-1], (None, *rows[-1][1:])]


def bad_days() -> list[Outcome]:
    """A book on days that happened."""
    losses = {"covid": 4100, "luna": 3800, "ftx": 2900, "may2021": 2400, "aug2024": 1500, "oct2025": 900}
    return [
        Outcome(name, "2022", (Hit("BTC/USDT", 0.5, Decimal(2 * lost), Decimal(lost)),), Decimal(10000))
        for name, lost in losses.items()
    ]


def mixes(count: int = 60) -> list[Allocation]:
    """A book that is never quite all invested."""
    dice = np.random.default_rng(8)
    names = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "DOGE/USDT")
    parts = np.abs(np.cumsum(dice.normal(0, 0.02, (count, len(names))), axis=0) + 0.15)
    parts /= np.maximum(parts.sum(axis=1, keepdims=True), 1.05)
    return [
        Allocation(START + timedelta(days=n), dict(zip(names, map(float, row), strict=True)))
        for n, row in enumerate(parts)
    ]


def slips(count: int = 60) -> list[Slip]:
    """Orders of a week, most of them a little worse than decided and one much."""
    dice = np.random.default_rng(11)
    shares = [*(float(share) for share in dice.normal(0.0006, 0.0008, count - 1)), 0.0061]
    return [
        Slip(
            at=START + timedelta(hours=3 * n),
            symbol="SOL/USDT" if n % 3 else "BTC/USDT",
            sleeve="ema_cross",
            side=Side.BUY,
            amount=Decimal(5),
            decided=Decimal(200),
            filled=Decimal(str(round(200 * (1 + share), 4))),
        )
        for n, share in enumerate(shares)
    ]


def meters() -> list[risk.Meter]:
    """A bad week: the day is over, the rest is not."""
    return [
        risk.Meter("Loss left today", 1.0, "0.00 USDT"),
        risk.Meter("Loss left this week", 0.71, "287.10 USDT"),
        risk.Meter("Drawdown left", 0.29, "1,075.76 USDT"),
        risk.Meter("Exposure left", 0.0, "9,617.44 USDT"),
    ]


PICTURES = {
    "risk": Picture(risk.risk_figure, risk.risk_chart, risk.alt_text, meters(), [], {}, {}),
    "allocation": Picture(
        allocation.allocation_figure,
        allocation.allocation_chart,
        allocation.alt_text,
        mixes(),
        [],
        {"zone": ZONE},
        {},
    ),
    "correlation": Picture(
        lambda rows, **k: correlation.correlation_figure(likeness(rows), **k),
        lambda rows, **k: correlation.correlation_chart(likeness(rows), **k),
        lambda rows, **k: correlation.alt_text(likeness(rows), **k),
        alike(),
        [],
        {},
        {},
    ),
    "attribution": Picture(
        attribution.attribution_figure,
        attribution.attribution_chart,
        attribution.alt_text,
        earners(),
        [],
        {"currency": "USDT"},
        {},
    ),
    "stress-of-one-day": Picture(
        stress.stress_figure, stress.stress_chart, stress.alt_text, bad_days()[:1], [], {"room": 0.15}, {}
    ),
    "stress": Picture(
        stress.stress_figure, stress.stress_chart, stress.alt_text, bad_days(), [], {"room": 0.15}, {}
    ),
    "slippage": Picture(
        slippage.slippage_figure,
        slippage.slippage_chart,
        slippage.alt_text,
        slips(),
        [],
        {"zone": ZONE, "currency": "USDT"},
        {},
    ),
    "equity": Picture(
        equity.equity_figure,
        equity.equity_chart,
        equity.alt_text,
        _LIVELY,
        [],
        {"zone": ZONE, "currency": "USDT", "trades": _TRIPS},
        {},
    ),
    "equity with its rival": Picture(
        equity.equity_figure,
        equity.equity_chart,
        equity.alt_text,
        points(seed=12),
        [],
        {"zone": ZONE, "currency": "USDT", "trades": _TRIPS, "holding": points(seed=13)},
        {},
    ),
    "exposure": Picture(
        lambda among, **k: exposure.exposure_figure(among, wishes(among), **k),
        lambda among, **k: exposure.exposure_chart(among, wishes(among), **k),
        lambda among, **k: exposure.alt_text(among, wishes(among), say=k.get("say", str)),
        _CANDLES,
        [],
        {"zone": ZONE},
        {},
    ),
    "drawdown": Picture(
        drawdown.drawdown_figure, drawdown.drawdown_chart, drawdown.alt_text, _LIVELY, [], {"zone": ZONE}, {}
    ),
    "candles": Picture(
        candles.candles_figure,
        candles.candles_chart,
        candles.alt_text,
        _CANDLES,
        [],
        {"zone": ZONE, "trips": _TRIPS},
        {},
    ),
    "trade": Picture(
        replay.replay_figure,
        replay.replay_chart,
        replay.alt_text,
        _CANDLES[30:78],
        [],
        {"zone": ZONE, "trip": _STOPPED, "levels": around(_STOPPED)},
        {},
    ),
    "daily": Picture(
        returns.daily_figure, returns.daily_bars, returns.daily_alt_text, days(), [], {"currency": "USDT"}, {}
    ),
    "monthly": Picture(
        returns.monthly_figure, returns.monthly_heatmap, returns.monthly_alt_text, months(), {}, {}, {}
    ),
    "distribution": Picture(
        returns.distribution_figure,
        returns.distribution,
        returns.distribution_alt_text,
        outcomes(),
        [],
        {},
        {},
    ),
    "compare": Picture(
        compare.compare_figure, compare.compare_chart, compare.alt_text, rivals(), {}, {}, {"zone": ZONE}
    ),
    "luck": Picture(
        lambda outcomes, **k: luck.luck_figure(spread(outcomes), **k),
        lambda outcomes, **k: luck.luck_chart(spread(outcomes), **k),
        lambda outcomes, **k: luck.alt_text(spread(outcomes), **k),
        chance(),
        [],
        {},
        {},
    ),
    "sensitivity": Picture(
        lambda rows, **k: sensitivity.sensitivity_figure(landscape(rows), **k),
        lambda rows, **k: sensitivity.sensitivity_chart(landscape(rows), **k),
        lambda rows, **k: sensitivity.alt_text(landscape(rows), **k),
        variants(),
        [],
        {},
        {},
    ),
    "search": Picture(
        search.map_figure,
        search.map_chart,
        search.map_alt_text,
        tried(),
        [],
        {"names": ("fast", "slow"), "explains": {"fast": 0.71, "slow": 0.22}, "objective": "sharpe"},
        {},
    ),
    "front": Picture(
        search.front_figure,
        search.front_chart,
        search.front_alt_text,
        weighed(),
        [],
        {"names": ("sharpe", "-max_drawdown")},
        {},
    ),
}


def texts(figure: Figure) -> list[Text]:
    """Everything that can be read in the figure."""
    FigureCanvasAgg(
        figure
    )  # one for all of them; else each text would measure itself with megabytes of its own
    return [found for found in figure.findobj(Text) if found.get_visible() and found.get_text().strip()]


def sentences(figure: Figure) -> list[str]:
    return [found.get_text() for found in texts(figure)]


def pixels(png: bytes) -> np.ndarray:
    return matplotlib.image.imread(BytesIO(png))


def outside(drawn: Figure, shown: list[Text]) -> list[str]:
    """Texts that leave the page."""
    page = drawn.bbox
    boxes = [(found.get_text(), found.get_window_extent()) for found in shown]
    return [text for text, box in boxes if box.x0 < 0 or box.y0 < 0 or box.x1 > page.x1 or box.y1 > page.y1]


def crossed(shown: list[Text]) -> list[tuple[str, str]]:
    """Pairs of texts that cover each other; the air above and below the letters does not count."""
    boxes = [(found.get_text(), found.get_window_extent().shrunk(0.98, 0.8)) for found in shown]
    return [(one, other) for (one, a), (other, b) in itertools.combinations(boxes, 2) if a.overlaps(b)]
