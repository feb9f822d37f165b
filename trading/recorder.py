"""Collects what a session leaves behind: for the store after each tick, or for a report at the end."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from trading.core.desk import Desk
from trading.core.memory import remember
from trading.core.plan import client_id
from trading.domain.events import (
    CandlesClosed,
    CashMoved,
    CoinsGone,
    Event,
    KillAsked,
    KillLifted,
    News,
    OrderChanged,
    OrderFilled,
    SignalChanged,
)
from trading.domain.order import Deal, Fill, Order
from trading.domain.report import CashFlow, EquityPoint
from trading.domain.signal import Signal
from trading.store.records import Step


class Recorder:
    """Listens to one session. Equity is noted at closes on the grid of `every`, and after every fill."""

    def __init__(self, desk: Desk, every: timedelta) -> None:
        self._desk = desk
        self.every = int(every.total_seconds())
        self.equity: list[EquityPoint] = []
        self.deals: list[Deal] = []  # every fill, some without ids yet
        self._signals: list[Signal] = []
        self._orders: dict[str, Order] = {}
        self.news: list[News] = []
        self._flows: list[CashFlow] = []
        self._flow = 0.0
        self._changed = False  # more than the marks
        self._ticked = False  # a candle was seen

    @property
    def fills(self) -> list[Fill]:
        """Every fill, with its ids."""
        return [numbered(deal) for deal in self.deals]

    def hear(self, event: Event) -> None:
        """A listener of the session."""
        match event:
            case CandlesClosed(at):
                self._ticked = True
                if int(at.timestamp()) % self.every == 0:
                    self._note_equity(at)
                return
            case OrderFilled(at, fill):
                self.deals.append(fill)
                self._note_equity(at)
            case OrderChanged(_, order):
                self._orders[order.client_id] = order
            case SignalChanged(_, signal):
                self._signals.append(signal)
                self.news.append(event)
            case CashMoved(at, flow):
                self._flows.append(flow)
                self._flow += float(flow.amount)
                self._note_equity(at)
            case CoinsGone(at, _, symbol, amount):
                taken = CashFlow(at=at, amount=-amount * self._desk.book.prices[symbol], note="taken by hand")
                self._flows.append(taken)
                self._flow += float(taken.amount)
                self._note_equity(at)
            case KillAsked() | KillLifted():
                pass
            case _ if isinstance(event, News):
                self.news.append(event)
        self._changed = True

    def filled(self, fills: Sequence[Deal]) -> None:
        """As hearing of these fills, from who measures the equity after them."""
        self.deals.extend(fills)
        self._changed = True

    def measured(self, at: datetime, worth: float) -> None:
        """The equity after the fills of a moment, in whose time it was measured."""
        self._note_equity(at, worth)

    def drain(self, at: datetime) -> list[Step]:
        """What happened since the last drain, and the desk's state as it is now; empty when nothing did."""
        if not self._changed and not self._ticked:
            return []
        book = self._desk.book
        earlier = [Step(account=book.name, at=point.at, equity=point) for point in self.equity[:-1]]
        last = Step(
            account=book.name,
            at=at,
            signals=tuple(self._signals),
            orders=tuple(self._orders.values()),
            fills=tuple(self.fills),
            news=tuple(self.news),
            positions=tuple(book.positions.values()) if self._changed else None,
            equity=self.equity[-1] if self.equity else None,
            cash=book.cash,
            flows=tuple(self._flows),
            halts=self._desk.halts.all if self._changed else None,
            snapshot=remember(self._desk),
        )
        self._forget()
        return [*earlier, last]

    def _forget(self) -> None:
        self.equity, self.deals = [], []
        self._signals, self._orders, self.news, self._flows = [], {}, [], []
        self._changed = self._ticked = False

    def _note_equity(self, at: datetime, worth: float | None = None) -> None:
        point = EquityPoint(at, self._worth() if worth is None else worth, self._flow)
        self._flow = 0.0
        if self.equity and self.equity[-1].at == at:
            point = EquityPoint(at, point.equity, point.flow + self.equity.pop().flow)
        self.equity.append(point)

    def _worth(self) -> float:
        """Equity as a measured number; added up in a fixed order, so that a backtest gets the very same."""
        book = self._desk.book
        worth = float(book.cash)
        for (_, symbol), position in sorted(book.positions.items()):
            worth += float(position.quantity) * float(book.prices[symbol])
        return worth


def numbered(deal: Deal) -> Fill:
    """The fill, with the ids that the session and the simulation would have given to it."""
    if isinstance(deal, Fill):
        return deal
    number = client_id(
        deal.account, deal.sleeve, deal.symbol, deal.side, deal.reason, deal.decided_at, deal.part
    )
    return Fill(
        id=f"{number}.1",
        client_id=number,
        sleeve=deal.sleeve,
        symbol=deal.symbol,
        side=deal.side,
        amount=deal.amount,
        price=deal.price,
        fee=deal.fee,
        fee_currency=deal.fee_currency,
        at=deal.at,
        reason=deal.reason,
    )
