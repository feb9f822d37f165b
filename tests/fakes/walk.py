"""A market that lives by itself, so that a person can try a desk against a fake exchange by hand.

`python -m tests.fakes.binance --port 9100` or `python -m tests.fakes.upbit --port 9101`; it prints what to set.
"""

import argparse
import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from trading.clock import wall_clock

MINUTE = timedelta(minutes=1)
SWING = 0.0004  # of the price, each second, give or take


@dataclass
class Walk:
    """Prices that wander from second to second, written down as candles. The same seed wanders the same way."""

    write: Callable[[str, Any, tuple[float, ...]], None]  # symbol, open time, bar
    trade: Callable[[str, Decimal], None]
    push: Callable[[str, Any, bool], Awaitable[None]]
    tick: Callable[[str, float], Decimal]
    prices: dict[str, float]
    seed: int = 1
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def history(self, days: float) -> None:
        """Minutes of the last days, ending where the prices are now."""
        now = wall_clock().replace(second=0, microsecond=0)
        for symbol, last in self.prices.items():
            price = last
            for back in range(1, int(days * 1440) + 1):
                before = price * (1 + self.dice.gauss(0, SWING * 8))
                high, low = max(before, price) * 1.0004, min(before, price) * 0.9996
                bar = tuple(float(self.tick(symbol, x)) for x in (before, high, low, price))
                self.write(symbol, now - back * MINUTE, (*bar, 10.0))
                price = before

    async def live(self) -> None:
        """Until cancelled: a step every second."""
        bars: dict[str, tuple[Any, list[float]]] = {}
        while True:
            now = wall_clock()
            opened = now.replace(second=0, microsecond=0)
            for symbol, price in self.prices.items():
                moved = price * (1 + self.dice.gauss(0, SWING))
                self.prices[symbol] = moved
                shown = float(self.tick(symbol, moved))
                before, bar = bars.get(symbol, (None, []))
                if before != opened:
                    if before is not None:
                        await self.push(symbol, before, True)
                    bar = [shown, shown, shown, shown]
                bar = [bar[0], max(bar[1], shown), min(bar[2], shown), shown]
                bars[symbol] = (opened, bar)
                self.write(symbol, opened, (*bar, 10.0))
                self.trade(symbol, self.tick(symbol, moved))
                await self.push(symbol, opened, False)
            await asyncio.sleep(1.0)


def arguments(what: str, port: int) -> argparse.Namespace:
    """The words of a fake exchange's command line."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--port", type=int, default=port, help=f"where to listen on 127.0.0.1 ({port})")
    parser.add_argument("--days", type=float, default=10.0, help="days of minute candles behind us (10)")
    parser.add_argument("--seed", type=int, default=1, help="another seed wanders another way (1)")
    return parser.parse_args()


def toml(table: dict[str, Any], name: str) -> str:
    """A table as lines of settings.toml."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in plain.items())]
    for key, value in table.items():
        if isinstance(value, dict):
            lines.append(toml(value, f"{name}.{key}"))
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return str(value) if isinstance(value, int | float) else f'"{value}"'
