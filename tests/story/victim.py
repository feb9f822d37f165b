"""A whole house to be killed: a process of its own in which time runs so much faster that it trades all the while."""

import asyncio
import multiprocessing
import os
import time
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from bot import app
from tests.story.house import PATIENCE, at_a_quicker_beat, settings_for

SLEEVES = {
    "ema_cross": {"share": 0.4, "fast": 3, "slow": 8, "timeframe": "5m"},
    "rsi": {"share": 0.3, "length": 7, "timeframe": "10m"},
    "bollinger": {"share": 0.3, "timeframe": "5m"},
}
SECTIONS = {
    "risk": {  # nothing but a signal ends this desk
        "daily_loss": 0.9,
        "weekly_loss": 0.9,
        "monthly_loss": 0.9,
        "drawdown": 0.9,
        "losses": 1000,
        "fees_per_hour": 1,
        "orders_per_hour": 10_000,
    },
    "accounts": {"main": {"symbols": ["BTC/USDT", "ETH/USDT"], "sleeves": SLEEVES}},
}


class FastClock:
    """It is `start` when made, and from then on so many times later; in every process it is given to."""

    def __init__(self, start: datetime, speed: float) -> None:
        self._start, self._speed, self._begun = start, speed, time.time()

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=(time.time() - self._begun) * self._speed)


class Victim:
    """One life of the house, forked off a process that has everything imported already."""

    _context = multiprocessing.get_context("forkserver")
    _context.set_forkserver_preload(["tests.story.victim"])

    def __init__(self, folder: Path, clock: FastClock) -> None:
        self._ears, mouth = self._context.Pipe(duplex=False)
        self._process = self._context.Process(target=_live, args=(folder, clock, mouth), daemon=True)
        self._process.start()
        mouth.close()

    def heard(self, words: str) -> None:
        """Wait until it says a line with these words."""
        while self._ears.poll(PATIENCE):
            if words in self._ears.recv():
                return
        raise AssertionError(f"it never said {words!r}")

    def end(self, number: int) -> int:
        """Send it a signal; its exit code."""
        pid = self._process.pid
        assert pid is not None
        os.kill(pid, number)
        self._process.join(PATIENCE)
        code = self._process.exitcode
        assert code is not None, "it does not end"
        self._process.close()
        self._ears.close()
        return code


def _live(folder: Path, clock: FastClock, mouth: Connection) -> None:
    """Until somebody ends it."""
    at_a_quicker_beat(pytest.MonkeyPatch(), tick=0.05)
    asyncio.run(app.serve(settings_for(folder, **SECTIONS), mouth.send, None, clock))
