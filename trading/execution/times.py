"""Time as the live executor is given it, so that a simulation can hand it another one.

Waiting is asyncio's own; a simulated loop with a clock of its own hands its `time` as `monotonic`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from trading.clock import wall_clock


@dataclass(frozen=True, slots=True)
class Times:
    """The wall clock labels; everything that is waited for or runs out goes by the monotonic one."""

    wall: Callable[[], datetime] = wall_clock
    monotonic: Callable[[], float] = (
        time.monotonic
    )  # seconds; never goes back, whatever is done to the wall's
