"""A tick over 100 accounts, 8 symbols, 3 strategies, from candles to disk, beside a tick of one account."""

import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from migrations.run import upgrade
from trading.keeper import Keeper
from trading.service import Trading
from trading.settings import Settings
from trading.store.store import Store

ACCOUNTS, MINUTES = 100, 61
SYMBOLS = ["BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "ADA/USDT", "DOGE/USDT", "BNB/USDT", "AVAX/USDT"]
SLEEVES = {"ema_cross": {"share": 0.3}, "rsi": {"share": 0.3}, "bollinger": {"share": 0.3}}


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


async def ticks(accounts: int, folder: Path) -> tuple[list[float], float]:
    """Seconds of every tick over an hour (the last one closes the hour: every strategy speaks), and the start."""
    clock = Clock(datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC))
    account = {"symbols": SYMBOLS, "sleeves": SLEEVES, "timeframe": "1h"}
    settings = Settings.model_validate(
        {"data_dir": folder, "accounts": {f"a{n}": account for n in range(accounts)}}
    )
    await upgrade(settings.database_url)
    store = await Store.open(settings.database_url, clock)
    trading = Trading(settings, store, clock, Keeper(store), folder / "KILL_SWITCH")
    began = perf_counter()
    await trading.start()
    start, seconds = perf_counter() - began, []
    for _ in range(MINUTES):
        clock.now += timedelta(minutes=1)
        began = perf_counter()
        await trading.tick()
        seconds.append(perf_counter() - began)
    await trading.close()
    await store.close()
    return seconds, start


async def main() -> None:
    print(f"{'tick of':24}{'median ms':>12}{'hour close ms':>16}{'worst ms':>12}{'start s':>10}")
    for accounts in (1, ACCOUNTS):
        with tempfile.TemporaryDirectory() as folder:
            seconds, start = await ticks(accounts, Path(folder))
        closing = seconds[59]
        print(
            f"{accounts:>4} accounts{'':11}{statistics.median(seconds) * 1e3:>12.1f}{closing * 1e3:>16.1f}"
            f"{max(seconds) * 1e3:>12.1f}{start:>10.2f}"
        )
