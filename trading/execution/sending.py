"""The send protocol: committed first, then exactly one request, then whatever is known of its outcome."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import structlog

from trading.domain.errors import Broken
from trading.domain.events import OrderChanged
from trading.domain.live import DUST, Attempt, AttemptState, Fenced
from trading.domain.market import Instrument
from trading.domain.order import Order, OrderIntent, OrderStatus, Side
from trading.domain.risk import HaltKind
from trading.execution.failures import Failures
from trading.execution.identity import client_id
from trading.execution.journal import Consent, Start
from trading.execution.killing import is_liquidation
from trading.execution.seat import ZERO, Seat, Tracked
from trading.execution.venue import Accepted, Answer, Denied, Doubtful, Request, Unreachable, Venue, Why

log = structlog.get_logger("sending")

ORDERS = "orders"  # the class of questions that the breaker counts here
ANSWER_WITHIN = 15.0  # seconds; a venue without an answer by then has left us in doubt
LEAVE_WITHIN = 5.0  # seconds from the beginning of the commit; a frozen process that wakes up sends nothing
TOO_LARGE = frozenset({Why.FILTER, Why.FUNDS, Why.OTHER})  # refusals that a smaller sale may not meet
AT_ONCE = frozenset({Why.FILTER, Why.FUNDS})  # those where nothing is gained by waiting
MOST_AT_ONCE = 10  # smaller sales one after the other: of a thousandth; then they wait like any other
DECIDED_WITHIN = timedelta(minutes=3)  # an entry decided longer ago is no longer what the strategy wants


class Sender:
    """Sends one order at a time for one account."""

    def __init__(self, seat: Seat, killer: Venue, failures: Failures) -> None:
        self._seat, self._killer, self._failures = seat, killer, failures
        # by symbol: what is tried after a sale was refused, and how much that sale was to be in all
        self._largest: dict[str, tuple[Decimal, Decimal]] = {}
        self._refused: Counter[str] = Counter()  # sales in a row
        self.idle = asyncio.Event()  # no request is without an answer
        self.idle.set()

    async def send(
        self, intent: OrderIntent, consent: Consent | None = None, stop_price: Decimal | None = None
    ) -> str | None:
        """Send what the gate cleared, once. None when a request left, otherwise why none did.

        Raises Fenced when another desk has this exchange account. A crash anywhere leaves either nothing, or an
        attempt that is looked up and never repeated.
        """
        seat = self._seat
        intent = self._as_left(intent)
        if stop_price is None:
            intent = self._in_pieces(intent)
        against = self._killed(stop_price) or self.against(intent, consent)
        if against is None and (stop_price is not None or not intent.reduce_only):
            against = self._failures.against(ORDERS)
        against = against or self._too_much(intent)
        if against is None:
            begun_at = seat.times.monotonic()
            tracked = Tracked(self._attempt(intent, consent, stop_price), since=begun_at)
            against = await self._begin(tracked, consent)
            if against is None:
                return await self._leave(tracked, begun_at, consent)
        if stop_price is None:
            gone = intent.side is Side.SELL and not self._held(intent)  # a stop was quicker
            self.refuse(intent, against, OrderStatus.CANCELED if gone else OrderStatus.REFUSED)
        return against

    def refuse(self, intent: OrderIntent, why: str, status: OrderStatus = OrderStatus.REFUSED) -> None:
        """The desk hears that its order never left."""
        order = Order(
            intent=intent,
            status=status,
            filled=ZERO,
            average_price=None,
            fee=ZERO,
            changed_at=self._seat.times.wall(),
            note=why,
        )
        self._seat.step(OrderChanged(order.changed_at, order))

    def against(self, intent: OrderIntent, consent: Consent | None = None) -> str | None:
        """Why this may not leave at this moment. What a person has just said yes to is not too old."""
        seat = self._seat
        if seat.fenced:
            return seat.fenced
        instrument = seat.instruments.get(intent.symbol)
        if instrument is None:
            return f"{intent.symbol} is not traded by this account"
        if (
            intent.amount < instrument.min_amount
            or intent.amount * intent.price_at_decision < instrument.min_cost
        ):
            return DUST
        if intent.reduce_only:
            return None
        if consent is None and seat.times.wall() - intent.decided_at > DECIDED_WITHIN:
            return "decided too long ago"
        return next(iter(seat.reasons_against(intent.symbol)), None)

    def _killed(self, stop_price: Decimal | None) -> str | None:
        """While killed everything is being sold: a stop would only lock what its sale needs."""
        killed = any(halt.kind is HaltKind.KILL for halt in self._seat.halts())
        return "the account was killed" if killed and stop_price is not None else None

    def _as_left(self, intent: OrderIntent) -> OrderIntent:
        """A stop may have sold a part since it was decided: then the sale is of the rest."""
        left, instrument = self._left(intent), self._seat.instruments.get(intent.symbol)
        if intent.side is not Side.SELL or instrument is None or intent.amount <= left:
            return intent
        rest = instrument.amount(max(left, ZERO))
        return replace(intent, amount=rest) if rest else intent

    def _in_pieces(self, intent: OrderIntent) -> OrderIntent:
        """No more than the exchange takes in one order; the desk asks for the rest once this piece is filled."""
        instrument = self._seat.instruments.get(intent.symbol)
        if instrument is None:
            return intent
        told = self._told_largest(intent) if intent.reduce_only else None
        known = instrument.most(intent.price_at_decision)
        most = min((amount for amount in (told, known) if amount is not None), default=intent.amount)
        if most >= intent.amount:
            return intent
        rest_is_dust = instrument.is_dust(intent.amount - most, intent.price_at_decision)
        if intent.reduce_only and most == known and rest_is_dust:
            most = min(most, _half(instrument, intent.amount))  # so that the rest can be sold, too
        if instrument.is_dust(most, intent.price_at_decision):
            return intent
        return replace(intent, amount=most)

    def _told_largest(self, intent: OrderIntent) -> Decimal | None:
        """What is tried instead of a sale that was refused; that says nothing of a larger one."""
        most, whole = self._largest.get(intent.symbol, (None, ZERO))
        return most if intent.amount <= whole else None

    async def _smaller(self, intent: OrderIntent, why: Why) -> None:
        """A sale of so much was refused: what is free there is tried next, or half of it; all of it again once that
        would be dust."""
        instrument = self._seat.instruments[intent.symbol]
        free = await self._free(instrument.base) if why is Why.FUNDS else intent.amount
        most = instrument.amount(free) if free < intent.amount else _half(instrument, intent.amount)
        if instrument.is_dust(most, intent.price_at_decision):
            self._largest.pop(intent.symbol, None)
        else:
            before, whole = self._largest.get(intent.symbol, (ZERO, ZERO))
            self._largest[intent.symbol] = most, whole if intent.amount == before else intent.amount

    def _goes_on(self, intent: OrderIntent, why: Why) -> bool:
        """Whether the smaller sale is asked for at once: not without end, and not where all of it is tried again."""
        most, _ = self._largest.get(intent.symbol, (intent.amount, ZERO))
        self._refused[intent.symbol] += 1
        if why in AT_ONCE and most < intent.amount and self._refused[intent.symbol] <= MOST_AT_ONCE:
            return True
        del self._refused[intent.symbol]
        return False

    async def _free(self, asset: str) -> Decimal:
        """What the exchange says could be sold at once; nothing when it does not say."""
        try:
            found = (await self._killer.balances()).get(asset)
        except Unreachable:
            return ZERO
        return found.free if found is not None else ZERO

    def _too_much(self, intent: OrderIntent, own: Tracked | None = None) -> str | None:
        """Why a sale is more than may still be sold. The last look before it leaves."""
        left = self._left(intent, own)
        if intent.side is not Side.SELL or intent.amount <= left:
            return None
        return f"no more than {max(left, ZERO)} of it is left to be sold"

    def _left(self, intent: OrderIntent, own: Tracked | None = None) -> Decimal:
        """What is held of a position, less what other sales and stops may still sell of it."""
        left = self._held(intent)
        for one in self._seat.out:
            other = one.attempt.intent
            same = (other.sleeve, other.symbol) == (intent.sleeve, intent.symbol)
            if one is not own and same and other.side is Side.SELL:
                left -= other.amount - one.filled
        return left

    def _held(self, intent: OrderIntent) -> Decimal:
        key = (intent.sleeve, intent.symbol)
        return next((p.quantity for p in self._seat.view().positions if (p.sleeve, p.symbol) == key), ZERO)

    def _attempt(self, intent: OrderIntent, consent: Consent | None, stop_price: Decimal | None) -> Attempt:
        seat, now = self._seat, self._seat.times.wall()
        account = seat.view()
        longest = seat.venue.profile.client_id_length
        return Attempt(
            account=seat.account,
            client_id=client_id(seat.secret, seat.account, seat.lease.epoch, intent.client_id, longest),
            intent=intent,
            epoch=seat.lease.epoch,
            state=AttemptState.SENDING,
            sent_at=now,
            changed_at=now,
            stop_price=stop_price,
            approval=consent.approval if consent else None,
            gate=f"cleared at equity {account.equity}, cash {account.cash}, price {intent.price_at_decision}",
        )

    async def _begin(self, tracked: Tracked, consent: Consent | None) -> str | None:
        """Everything about the request on disk; or why not."""
        seat, attempt = self._seat, tracked.attempt
        order = None if attempt.stop_price is not None else tracked.order()
        start = Start(attempt=attempt, order=order, lease=seat.lease, at=attempt.sent_at, consent=consent)
        try:
            return await seat.journal.begin(start)
        except Fenced:
            raise
        except Broken as error:
            return f"it could not be written down: {error.tell}"
        except asyncio.CancelledError:  # it may be on disk, and nothing has left: known like after a crash
            seat.add(tracked)
            seat.announce(tracked, None)
            raise

    async def _leave(self, tracked: Tracked, begun_at: float, consent: Consent | None) -> str | None:
        seat, attempt = self._seat, tracked.attempt
        seat.add(tracked)
        seat.announce(tracked, None)
        late = seat.times.monotonic() - begun_at > LEAVE_WITHIN
        against = "this desk stood still while it was being sent" if late else None
        against = against or self._killed(attempt.stop_price) or self.against(attempt.intent, consent)
        against = against or self._too_much(attempt.intent, tracked)
        if against is not None:  # a kill came, or the process was frozen, while it was being written down
            await seat.change(tracked, AttemptState.DENIED, against)
            return against
        venue = self._killer if is_liquidation(attempt.intent) else seat.venue
        tracked.in_flight = True
        self.idle.clear()
        try:
            answer = await self._ask(venue, _request(attempt))
        finally:
            tracked.in_flight, tracked.since = False, seat.times.monotonic()  # signed a moment ago, perhaps
            self.idle.set()
        await self._answered(tracked, answer)
        return None

    async def _ask(self, venue: Venue, request: Request) -> Answer:
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                return await venue.send(request)
        except TimeoutError:
            return Doubtful(f"no answer within {ANSWER_WITHIN:.0f} s")

    async def _answered(self, tracked: Tracked, answer: Answer) -> None:
        seat, intent = self._seat, tracked.attempt.intent
        symbol = intent.symbol
        tracked.next_look = seat.times.monotonic()
        match answer:
            case Accepted(exchange_id):
                self._failures.worked(ORDERS)
                self._refused.pop(symbol, None)
                if intent.reduce_only and self._left(intent, tracked) <= intent.amount:
                    self._largest.pop(symbol, None)  # that was the last piece
                await seat.change(tracked, AttemptState.OPEN, exchange_id=exchange_id)
            case Denied(why, reason):
                if why in (Why.KEY, Why.CLOCK):
                    self._failures.failed(ORDERS, f"{seat.venue.profile.name} refused: {reason}")
                else:
                    self._failures.worked(ORDERS)
                too_large = why in TOO_LARGE and tracked.attempt.stop_price is None and intent.reduce_only
                if too_large:
                    await self._smaller(intent, why)
                    too_large = self._goes_on(intent, why)
                log.warning("order_denied", account=seat.account, symbol=symbol, why=why.value, reason=reason)
                await seat.change(tracked, AttemptState.DENIED, reason, too_large=too_large)
            case Doubtful(reason):
                self._failures.failed(ORDERS, f"{seat.venue.profile.name} left an order in doubt: {reason}")
                log.error("order_in_doubt", account=seat.account, symbol=symbol, reason=reason)
                await seat.change(tracked, AttemptState.UNCERTAIN, reason)


def _half(instrument: Instrument, amount: Decimal) -> Decimal:
    """The larger half: two of them leave nothing."""
    return amount - instrument.amount(amount / 2)


def _request(attempt: Attempt) -> Request:
    """The bytes that were gated, and nothing else."""
    intent = attempt.intent
    return Request(
        client_id=attempt.client_id,
        symbol=intent.symbol,
        side=intent.side,
        kind=intent.kind,
        amount=intent.amount,
        limit_price=intent.limit_price,
        stop_price=attempt.stop_price,
        reduce_only=intent.reduce_only,
        reference_price=intent.price_at_decision,
    )
