"""One account's seat at its exchange: what all parts of the live executor share and write into."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

import structlog

from trading.domain.account import Account
from trading.domain.errors import Broken
from trading.domain.events import CashMoved, DeskEvent, HaltAsked, HaltLifted, News, OrderChanged, OrderFilled
from trading.domain.live import Attempt, AttemptState, ExternalFlow, Fenced, FlowKind, Lease
from trading.domain.market import Instrument
from trading.domain.order import Fill, Order, OrderStatus
from trading.domain.report import CashFlow
from trading.domain.risk import Halt, HaltKind
from trading.execution.journal import Journal
from trading.execution.times import Times
from trading.execution.venue import Standing, Venue, VenueOrder, VenueTrade

log = structlog.get_logger("live")

ZERO = Decimal(0)
ENDS = {
    Standing.FILLED: OrderStatus.FILLED,
    Standing.CANCELED: OrderStatus.CANCELED,
    Standing.EXPIRED: OrderStatus.EXPIRED,
    Standing.REJECTED: OrderStatus.CANCELED,  # taken first and thrown out later: it was there
}
_STATUS = {
    AttemptState.SENDING: OrderStatus.SENDING,
    AttemptState.UNCERTAIN: OrderStatus.UNCERTAIN,
    AttemptState.PARKED: OrderStatus.UNCERTAIN,
    AttemptState.DENIED: OrderStatus.REFUSED,
    AttemptState.DEAD: OrderStatus.EXPIRED,
}


@dataclass(slots=True, eq=False)
class Tracked:
    """An attempt, the fills booked for it, and when to look at it next. All times are monotonic seconds."""

    attempt: Attempt
    since: float  # the horizon counts from here: from its sending, or from the start after a crash
    filled: Decimal = ZERO
    paid: Decimal = ZERO  # sum of amount times price
    fees: Decimal = ZERO  # as they were charged, in whatever currency
    theirs: VenueOrder | None = None  # as the venue told it last
    looks: int = 0
    next_look: float = 0.0
    in_flight: bool = False  # its one request is on the wire right now

    @property
    def ended(self) -> bool:
        """Whether the venue is done with it."""
        return self.theirs is not None and self.theirs.standing is not Standing.OPEN

    @property
    def complete(self) -> bool:
        """Whether it is done and every fill that the venue speaks of is booked."""
        return self.ended and self.theirs is not None and self.filled >= self.theirs.filled

    @property
    def rests(self) -> bool:
        """Whether it is a stop that lies at the venue and has nothing left to be booked: no money moves for now."""
        at_rest = self.attempt.stop_price is not None and self.attempt.state is AttemptState.OPEN
        return at_rest and (self.theirs is None or self.filled >= self.theirs.filled) and not self.ended

    @property
    def status(self) -> OrderStatus:
        """What the desk is told."""
        if self.attempt.state in _STATUS:
            return _STATUS[self.attempt.state]
        if self.complete and self.theirs is not None:
            return ENDS[self.theirs.standing]
        return OrderStatus.PART_FILLED if self.filled else OrderStatus.OPEN

    def order(self, at_note: str = "") -> Order:
        attempt = self.attempt
        return Order(
            intent=attempt.intent,
            status=self.status,
            filled=self.filled,
            average_price=self.paid / self.filled if self.filled else None,
            fee=self.fees,
            changed_at=attempt.changed_at,
            exchange_id=attempt.exchange_id,
            note=at_note or attempt.note,
        )

    def count(self, fill: Fill) -> None:
        self.filled += fill.amount
        self.paid += fill.amount * fill.price
        self.fees += fill.fee


@dataclass(slots=True, kw_only=True)
class Seat:
    """Everything here happens on one event loop; `step` runs the desk to its end before it returns."""

    account: str
    venue: Venue
    journal: Journal
    times: Times
    secret: bytes
    lease: Lease
    instruments: Mapping[str, Instrument]
    step: Callable[[DeskEvent], None]  # the entrance of this account's desk
    tell: Callable[[News], None]  # news that are not the desk's
    keep: Callable[[], Awaitable[bool]]  # True: everything that was stepped is on disk
    cash_moves: Callable[[], Awaitable[set[tuple[datetime, Decimal, str]]]]  # at, amount, note: on disk
    view: Callable[[], Account]  # the account as the risk gate sees it
    halts: Callable[[], tuple[Halt, ...]]
    began: datetime  # when this account began to trade here: nothing before it is ours to book
    tracked: dict[str, Tracked] = field(default_factory=dict)  # by venue client id
    balances: dict[str, Decimal] = field(default_factory=dict)  # what they should be, by our books
    fee_assets: set[str] = field(default_factory=set)  # whatever a fee was ever paid in
    gone: Collection[str] = ()  # symbols that the venue does not list any more: no read of it would succeed
    booked: int = 0  # fills since the account began
    opened: set[str] = field(default_factory=set)  # assets whose balance was known when the account began
    frozen: dict[str, str] = field(default_factory=dict)  # symbol -> why nothing is bought of it
    fenced: str = ""  # why this desk may not send any more
    _by_exchange_id: dict[tuple[str, str], str] = field(default_factory=dict)
    _by_intent: dict[str, str] = field(default_factory=dict)
    _unwritten: set[str] = field(default_factory=set)

    # --- attempts ---------------------------------------------------------------------------------------

    def add(self, tracked: Tracked) -> None:
        """Know an attempt."""
        attempt = tracked.attempt
        self.tracked[attempt.client_id] = tracked
        self._by_intent[attempt.intent.client_id] = attempt.client_id
        if attempt.exchange_id is not None:
            self._by_exchange_id[attempt.intent.symbol, attempt.exchange_id] = attempt.client_id

    def of_trade(self, trade: VenueTrade) -> Tracked | None:
        """The attempt that a trade belongs to, as far as the venue's order id tells."""
        client_id = self._by_exchange_id.get((trade.symbol, trade.exchange_id))
        return self.tracked.get(client_id) if client_id else None

    def of_order(self, order: VenueOrder) -> Tracked | None:
        """The attempt that a venue's order is, by our id first, then by the venue's."""
        if order.client_id and order.client_id in self.tracked:
            return self.tracked[order.client_id]
        client_id = self._by_exchange_id.get((order.symbol, order.exchange_id))
        return self.tracked.get(client_id) if client_id else None

    def of_intent(self, intent: str) -> Tracked | None:
        return self.tracked.get(self._by_intent.get(intent, ""))

    def forget(self, before: datetime) -> None:
        """Let go of what is over since long ago; the journal knows it still."""
        for client_id, one in list(self.tracked.items()):
            attempt = one.attempt
            if attempt.state.is_out or attempt.sent_at >= before:
                continue
            del self.tracked[client_id]
            self._by_intent.pop(attempt.intent.client_id, None)
            self._by_exchange_id.pop((attempt.intent.symbol, attempt.exchange_id or ""), None)

    @property
    def out(self) -> list[Tracked]:
        """Those because of which money may still move."""
        return [one for one in self.tracked.values() if one.attempt.state.is_out]

    @property
    def symbols(self) -> tuple[str, ...]:
        """All that the venue can be asked about."""
        return tuple(symbol for symbol in self.instruments if symbol not in self.gone)

    async def change(
        self,
        tracked: Tracked,
        state: AttemptState,
        note: str = "",
        exchange_id: str | None = None,
        too_large: bool = False,
    ) -> None:
        """Let this be known of an attempt: in memory, on disk, and to the desk if that makes a difference to it.

        When the disk fails, the memory is right all the same and is written as soon as it can be.
        """
        before = tracked.order()
        tracked.attempt = replace(
            tracked.attempt,
            state=state,
            changed_at=self.times.wall(),
            note=note,
            exchange_id=exchange_id or tracked.attempt.exchange_id,
        )
        self.add(tracked)
        self._unwritten.add(tracked.attempt.client_id)
        self.announce(tracked, before, too_large)
        await self.write()

    async def write(self) -> bool:
        """Write down what is known of the attempts; False when it must be tried again."""
        for client_id in sorted(self._unwritten):
            try:
                await self.journal.settle(self.tracked[client_id].attempt, self.lease)
            except Fenced:
                raise
            except Broken as error:
                log.error("attempt_not_written", account=self.account, reason=error.tell)
                return False
            self._unwritten.discard(client_id)
        return True

    def announce(self, tracked: Tracked, before: Order | None, too_large: bool = False) -> None:
        """Tell the desk how an order is now. Protective stops are none of its orders."""
        now = tracked.order()
        if tracked.attempt.stop_price is not None:
            return
        if before is not None and (before.status, before.filled, before.exchange_id) == (
            now.status,
            now.filled,
            now.exchange_id,
        ):
            return
        self.step(OrderChanged(self.times.wall(), now, too_large))

    def book(self, tracked: Tracked, trade: VenueTrade) -> Fill:
        """A trade of ours goes into the books. That it is new, whoever calls has made sure of."""
        intent = tracked.attempt.intent
        fill = Fill(
            id=trade.id,
            client_id=intent.client_id,
            sleeve=intent.sleeve,
            symbol=trade.symbol,
            side=trade.side,
            amount=trade.amount,
            price=trade.price,
            fee=trade.fee,
            fee_currency=trade.fee_currency,
            at=trade.at,
            reason=intent.reason,
        )
        before = tracked.order()
        tracked.count(fill)
        self.fee_assets.add(fill.fee_currency)
        self.booked += 1
        for asset, amount in fill.moves:
            self.balances[asset] = self.balances.get(asset, ZERO) + amount
        self.step(OrderFilled(self.times.wall(), fill))
        self.announce(tracked, before)
        return fill

    def flowed(self, flows: Iterable[ExternalFlow]) -> None:
        """Money moved without us: what is the account's own currency moves its marks with it, for no profit."""
        currency = self.view().currency
        for flow in flows:
            self.balances[flow.asset] = self.balances.get(flow.asset, ZERO) + flow.amount
            if flow.asset == currency and flow.kind is not FlowKind.OPENING:
                moved = CashFlow(at=flow.at, amount=flow.amount, note=flow.note or flow.kind.value)
                self.step(CashMoved(self.times.wall(), moved))

    # --- stopping ---------------------------------------------------------------------------------------

    def halt(self, kind: HaltKind, reason: str) -> None:
        """Close entries; said once for each kind."""
        if not any(halt.kind is kind for halt in self.halts()):
            log.error("live_halted", account=self.account, kind=kind.value, reason=reason)
        self.step(HaltAsked(self.times.wall(), kind, reason, "the exchange account"))

    def lift(self, kind: HaltKind) -> None:
        if any(halt.kind is kind for halt in self.halts()):
            self.step(HaltLifted(self.times.wall(), kind, "the exchange account"))

    def shut(self, fenced: Fenced) -> None:
        """Another desk has taken over: nothing leaves from here any more."""
        if not self.fenced:
            self.fenced = fenced.tell
            self.halt(HaltKind.BROKEN, fenced.tell)

    def reasons_against(self, symbol: str) -> Iterable[str]:
        """Why nothing may be bought of a symbol right now, as this moment knows it."""
        if self.fenced:
            yield self.fenced
        for halt in self.halts():
            yield f"entries are closed ({halt.kind}): {halt.reason}"
        if symbol in self.frozen:
            yield self.frozen[symbol]
