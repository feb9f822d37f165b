"""What the rules remember of an account: where week and month began, what was sent lately, losses in a row."""

from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from trading.domain.order import OrderIntent, Side
from trading.domain.report import RoundTrip
from trading.domain.risk import Cleared, RiskDecision
from trading.risk.market import Market
from trading.risk.rules import Case, Past
from trading.risk.sent import Sent

ZERO = Decimal(0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONGEST = 1000  # losses in a row that are counted


@dataclass(slots=True)
class RiskMemory:
    """One account's. Everything but `asked` and `market` survives a restart."""

    day: date | None = None
    week_start_equity: Decimal = ZERO
    month_start_equity: Decimal = ZERO
    warned: float = 0.0  # the highest step of the drawdown ladder that was told during this fall
    sent: deque[Sent] = field(default_factory=deque)
    losses: dict[str, list[datetime]] = field(
        default_factory=dict
    )  # sleeve -> when it lost, since it last won
    asked: dict[tuple[str, str], tuple[Case, Cleared | RiskDecision]] = field(default_factory=dict)
    market: tuple[datetime, Market] | None = None  # made anew with each candle

    def turn(self, today: date, equity: Decimal) -> tuple[bool, bool]:
        """A new day: whether a new week and a new month began with it, measured from this equity."""
        before, self.day = self.day, today
        week = before is None or today.isocalendar()[:2] != before.isocalendar()[:2]
        month = before is None or (today.year, today.month) != (before.year, before.month)
        if week:
            self.week_start_equity = equity
        if month:
            self.month_start_equity = equity
        return week, month

    def move(self, equity: Decimal, amount: Decimal) -> None:
        """Money put in or taken out of this equity is neither won nor lost: the marks keep their share of it."""
        after = equity + amount
        if equity <= 0 or after <= 0:
            self.week_start_equity = max(self.week_start_equity + amount, ZERO)
            self.month_start_equity = max(self.month_start_equity + amount, ZERO)
            return
        self.week_start_equity *= after / equity
        self.month_start_equity *= after / equity

    def past(self, sleeve: str, at: datetime) -> Past:
        """What the rules look at, as of now."""
        self.forget(at)
        return Past(
            week_start_equity=self.week_start_equity,
            month_start_equity=self.month_start_equity,
            sent=tuple(self.sent),
            losses=self.lost_lately(sleeve, at),
        )

    def lost_lately(self, sleeve: str, at: datetime) -> int:
        """How many of its losses in a row, since it last won, are no older than a day."""
        return sum(lost > at - DAY for lost in self.losses.get(sleeve, ()))

    def forget(self, at: datetime) -> None:
        """What was sent more than an hour ago counts no more."""
        while self.sent and self.sent[0].at <= at - HOUR:
            self.sent.popleft()

    def left(self, intent: OrderIntent, fee: Decimal) -> None:
        """An entry was cleared and goes out."""
        cost = intent.amount * intent.price_at_decision * fee
        self.sent.append(
            Sent(intent.decided_at, intent.sleeve, intent.symbol, intent.side, intent.amount, cost)
        )

    def closed(self, trade: RoundTrip) -> None:
        """A trade is over: one that earned less than its fees is a loss."""
        if trade.pnl > 0:
            self.losses.pop(trade.sleeve, None)
            return
        lost = self.losses.setdefault(trade.sleeve, [])
        lost.append(trade.exit_at)
        del lost[:-LONGEST]

    # --- through a restart ---

    def remember(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "day": self.day.isoformat() if self.day else None,
            "week_start_equity": str(self.week_start_equity),
            "month_start_equity": str(self.month_start_equity),
            "warned": self.warned,
            "sent": [
                [s.at.isoformat(), s.sleeve, s.symbol, s.side.value, str(s.amount), str(s.fee)]
                for s in self.sent
            ],
            "losses": {sleeve: [at.isoformat() for at in lost] for sleeve, lost in self.losses.items()},
        }

    def recall(self, memory: dict[str, Any]) -> None:
        """Put a remembered state back; what an older version did not write stays new."""
        if not memory:
            return
        self.day = date.fromisoformat(memory["day"]) if memory["day"] else None
        self.week_start_equity = Decimal(memory["week_start_equity"])
        self.month_start_equity = Decimal(memory["month_start_equity"])
        self.warned = memory["warned"]
        self.sent = deque(
            Sent(datetime.fromisoformat(at), sleeve, symbol, Side(side), Decimal(amount), Decimal(fee))
            for at, sleeve, symbol, side, amount, fee in memory["sent"]
        )
        self.losses = {
            sleeve: [datetime.fromisoformat(at) for at in lost] for sleeve, lost in memory["losses"].items()
        }
