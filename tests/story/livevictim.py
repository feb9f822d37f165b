"""A live account to be killed: a process of its own with the real wiring, real SQLite and real ccxt."""

import asyncio
import multiprocessing
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from migrations.run import upgrade
from tests.builders import a_candle
from tests.story.house import PATIENCE
from trading.clock import wall_clock
from trading.domain.events import CandlesClosed
from trading.domain.keys import Purpose
from trading.domain.market import Timeframe
from trading.domain.risk import Limits
from trading.exchange import venue
from trading.exchange.atlas import facts_of
from trading.exchange.facts import Facts
from trading.keeper import Keeper
from trading.service import Trading
from trading.settings import Settings
from trading.store.store import Store

SLEEVE = {"ema_cross": {"share": 0.5, "fast": 3, "slow": 8, "timeframe": "1m"}}
MINUTE = Timeframe(60)
OPEN = Limits(order_share=1.0, daily_loss=1.0, drawdown=1.0)


class Wants:
    """A strategy that wants all it may have."""

    history_seconds = 3600

    def exposure(self, question: Any, at: int) -> float:
        return 1.0

    def history(self, symbol: str, at: int) -> None:
        return None


class LiveVictim:
    """One life of the desk. It says what it sees; `end` is the end of it, without a goodbye."""

    _context = multiprocessing.get_context("forkserver")
    _context.set_forkserver_preload(["tests.story.livevictim"])

    def __init__(self, folder: Path, options: dict[str, Any], *, buys: bool) -> None:
        self._ears, mouth = self._context.Pipe(duplex=False)
        self._process = self._context.Process(target=_live, args=(folder, options, buys, mouth), daemon=True)
        self._process.start()
        mouth.close()

    async def says(self, word: str) -> Any:
        """Wait until it says this word; what it adds to it."""
        async with asyncio.timeout(3 * PATIENCE):
            while True:
                while not self._ears.poll():
                    assert self._process.is_alive(), "it died by itself"
                    await asyncio.sleep(0.005)
                said, what = self._ears.recv()
                if said == word:
                    return what

    def end(self) -> None:
        pid = self._process.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self._process.join(PATIENCE)
        self._process.close()
        self._ears.close()


def _at_a_prompt_exchange(exchange_id: str) -> Facts:
    """As the venue's own facts; but this one shows an order at once, so nobody has to wait for half a minute."""
    facts = facts_of(exchange_id)
    return replace(facts, profile=replace(facts.profile, visibility_lag=timedelta(seconds=1)))


def _live(folder: Path, options: dict[str, Any], buys: bool, mouth: Connection) -> None:
    venue.facts_of = _at_a_prompt_exchange  # type: ignore[attr-defined]
    asyncio.run(_run(folder, options, buys, mouth))


async def _run(folder: Path, options: dict[str, Any], buys: bool, mouth: Connection) -> None:
    account = {
        "mode": "live",
        "exchange": "binance",
        "exchange_options": options,
        "symbols": ["BTC/USDT"],
        "timeframe": "1m",
        "sleeves": SLEEVE,
    }
    settings = Settings.model_validate({"data_dir": folder, "accounts": {"main": account}})
    await upgrade(settings.database_url)
    store = await Store.open(settings.database_url, wall_clock)
    trading = Trading(settings, store, wall_clock, Keeper(store), folder / "KILL_SWITCH")
    await trading.safe.open(folder / "master.key", folder, lambda secrets: None)
    if not await trading.safe.keys(["main"]):
        await trading.safe.add_key("main", Purpose.TRADE, "a-key-of-the-test", "a-secret-of-it", "", "ann")
    await trading.start()
    assert "main" in trading.rooms, trading.trouble
    room = trading.room("main")
    room.desk.answers, room.desk.limits = Wants(), OPEN
    mouth.send(("up", None))
    async with asyncio.TaskGroup() as group:
        group.create_task(trading.seats.run())
        if buys:
            now = datetime.now(UTC)
            candle = a_candle(timeframe=MINUTE, opened_at=now - MINUTE.length, close=100.0)
            room.step(CandlesClosed(now, (candle,)))
        group.create_task(_report(trading, mouth))


async def _report(trading: Trading, mouth: Connection) -> None:
    """Say how things are, again and again, once nothing is in doubt any more."""
    room = trading.room("main")
    live = trading.real.of("main")
    while True:
        await trading.keep_all()
        if not (live.seat.out or live.seat._unwritten or room.desk.orders.live):
            since = datetime.now(UTC) - timedelta(days=1)
            mouth.send(
                (
                    "settled",
                    {
                        "held": room.desk.book.held("ema_cross", "BTC/USDT"),
                        "cash": room.desk.book.cash,
                        "fills": len(await trading.fills("main")),
                        "attempts": [
                            (a.client_id, a.state.value)
                            for a in await live.seat.journal.attempts("main", since)
                        ],
                        "halts": [halt.kind.value for halt in room.desk.halts.all],
                        "balances": {k: Decimal(v) for k, v in live.seat.balances.items()},
                    },
                )
            )
        await asyncio.sleep(0.05)
