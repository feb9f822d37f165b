"""What the rules would read of the time before an entry of a backtest: bad luck, pace and past candles."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from math import inf

from trading.core.desk import Desk
from trading.lab.foresee import Foresight
from trading.risk.surely import Before


class Memory:
    """One account's. `foresight` is there where a rule looks at past candles."""

    def __init__(self, desk: Desk, foresight: Foresight | None) -> None:
        self._risk, self._foresight = desk.risk, foresight
        self._counts_losses = desk.limits.losses < inf

    def of(self, sleeve: str, symbol: str, held: Mapping[str, Decimal | float], at: datetime) -> Before:
        """As of now, beside what is held (in money); what nobody asks for is left out."""
        self._risk.forget(at)
        lately, bad_day = None, 0.0
        if self._foresight is not None:
            lately, bad_day = self._foresight.of(symbol, held, int(at.timestamp()))
        losses = self._risk.lost_lately(sleeve, at) if self._counts_losses else 0
        return Before(self._risk.sent, losses, lately, bad_day)
