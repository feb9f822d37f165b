"""Cards: orders that wait for a person's button, written down before anybody sees them, used once at most."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from trading.domain.approval import Approval, ApprovalState
from trading.domain.errors import Broken, Refused
from trading.domain.events import ApprovalAsked, ApprovalSettled, DeskEvent, OrderChanged
from trading.domain.order import OrderIntent, OrderStatus, Reason
from trading.domain.risk import Cleared, RiskDecision
from trading.execution.identity import token
from trading.execution.journal import Consent
from trading.execution.seat import Seat
from trading.execution.waiting import Wish, as_order

MOST = 3  # cards at a time; a person who is asked more often presses without reading
ID_LETTERS = 8
FRESH = 2.0  # seconds a price is good for; an order that has waited longer for its turn is asked about anew
PRICE_WITHIN = 5.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """When an account asks first, and what a yes is good for."""

    above: Decimal  # orders worth more than this; 0: every one
    lasts: timedelta
    max_drift: float

    def wants(self, intent: OrderIntent) -> bool:
        """Whatever a strategy decided. Stops, kills and what a person asked for never wait for a button."""
        worth = intent.amount * intent.price_at_decision
        return intent.reason is Reason.SIGNAL and worth > self.above


@dataclass(slots=True)
class _Card:
    approval: Approval
    deadline: float  # monotonic
    shown: bool = False
    pressed: bool = False  # somebody waits for what becomes of a yes
    by: str = ""  # whose
    wish: Wish | None = None  # its order, once that waits for its turn
    price: Decimal = Decimal(0)  # the newest since the press
    priced_at: float = 0.0  # monotonic

    @property
    def leaves(self) -> bool:
        """Whether its order is on its way or there: then it is not the card that takes it back."""
        return self.wish is not None and self.wish.leaving


Recheck = Callable[[OrderIntent], Cleared | RiskDecision]
Price = Callable[[str], Awaitable[Decimal]]


@dataclass(slots=True)
class Approvals:
    """The cards of one account. Silence, a restart, a kill or a second press never send anything."""

    seat: Seat
    asking: Asking | None  # None: this account never asks
    line_up: Callable[[Wish], None]  # let it wait for its turn; one that waits already keeps its place
    drop: Callable[[Wish], None]
    recheck: Recheck  # the whole gate, as of this moment and the price in the intent
    price: Price  # a fresh one; raises TradingError when there is none
    kills: int = 0
    _cards: dict[str, _Card] = field(default_factory=dict)
    _ended: list[Approval] = field(default_factory=list)  # not written down yet
    _asked: int = 0

    # --- asking -----------------------------------------------------------------------------------------

    def wants(self, intent: OrderIntent) -> bool:
        return self.asking is not None and self.asking.wants(intent)

    def take(self, intent: OrderIntent) -> list[DeskEvent]:
        """Make a card of a cleared intent, to be shown by `work`; or refuse it when too many wait already."""
        same = any(card.approval.intent.symbol == intent.symbol for card in self._cards.values())
        if same or len(self._cards) >= MOST:
            why = "a card for this symbol waits already" if same else f"{MOST} cards wait already"
            at = self.seat.times.wall()
            return [OrderChanged(at, as_order(intent, OrderStatus.REFUSED, at, why))]
        self._ask(intent, intent.price_at_decision)
        return [OrderChanged(intent.decided_at, as_order(intent, OrderStatus.WAITING, intent.decided_at))]

    def _ask(self, intent: OrderIntent, price: Decimal) -> Approval:
        assert self.asking is not None
        seat, now = self.seat, self.seat.times.wall()
        self._asked += 1
        words = (seat.account, "card", str(seat.lease.epoch), str(self._asked), intent.client_id)
        approval = Approval(
            id=token(seat.secret, *words)[:ID_LETTERS],
            account=seat.account,
            intent=intent,
            price_at_ask=price,
            max_drift=self.asking.max_drift,
            asked_at=now,
            expires_at=now + self.asking.lasts,
            kill_epoch=self.kills,
        )
        deadline = seat.times.monotonic() + self.asking.lasts.total_seconds()
        self._cards[approval.id] = _Card(approval, deadline)
        return approval

    @property
    def pending(self) -> tuple[Approval, ...]:
        """Cards that wait for an answer and are on disk, oldest first."""
        return tuple(card.approval for card in self._cards.values() if card.shown)

    @property
    def intents(self) -> frozenset[str]:
        return frozenset(card.approval.intent.client_id for card in self._cards.values())

    # --- answering --------------------------------------------------------------------------------------

    async def approve(self, id: str, by: str) -> Approval:
        """A person's yes: checked once more in every way, then sent. Raises Refused saying why nothing was sent."""
        card = self._open_card(id)
        self._check_open(card)
        card.pressed, card.by = True, by
        try:
            return await self._carry_out(card, by)
        finally:
            card.pressed = False

    async def _carry_out(self, card: _Card, by: str) -> Approval:
        """Checked at the press, and again when its turn to leave has come, however long that took."""
        intent = await self._quoted(card, by)
        card.wish = Wish(
            intent, Consent(approval=card.approval.id, by=by), look=lambda: self._last_look(card)
        )
        await self._wait_for_turn(card.wish, card, by)
        return await self._settle(card, card.wish.against)

    async def _wait_for_turn(self, wish: Wish, card: _Card, by: str) -> None:
        """Until it has left or may not. While a newer price is waited for, other orders go first."""
        try:
            while not wish.over:
                self.line_up(wish)
                await wish.moved.wait()
                wish.moved.clear()
                if not wish.over:
                    wish.renew(await self._quoted(card, by))
        finally:
            self.drop(wish)

    async def _settle(self, card: _Card, against: str | None) -> Approval:
        """What became of a yes. Raises Refused when nothing was sent."""
        known = self._cards.pop(card.approval.id, None)
        if against is None:
            given = _over(card.approval, ApprovalState.APPROVED, card.by, self.seat)
            self.seat.tell(ApprovalSettled(self.seat.times.wall(), given))
            return given
        if known is not None:
            await self._write_end(_over(card.approval, ApprovalState.WITHDRAWN, card.by, self.seat, against))
        raise Refused(f"Not sent: {against}.")

    async def _quoted(self, card: _Card, by: str) -> OrderIntent:
        """The order as it may leave at a price of now."""
        price = await self._fresh_price(card.approval.intent.symbol)
        card.price, card.priced_at = price, self.seat.times.monotonic()
        return await self._as_of_now(card, price, by)

    def _last_look(self, card: _Card) -> OrderIntent | None:
        """The order as everything allows it at its turn; None where that needs a newer price, or a word to a person."""
        if self.seat.times.monotonic() - card.priced_at > FRESH:
            return None
        try:
            self._check_open(card)
        except Refused:
            return None
        intent = self._allowed(card, card.price)
        if isinstance(intent, RiskDecision) or card.approval.outdated_by(card.price, intent.amount):
            return None
        return intent

    def _allowed(self, card: _Card, price: Decimal) -> OrderIntent | RiskDecision:
        """What the whole gate says to the card's order, at this price and moment."""
        intent = replace(card.approval.intent, price_at_decision=price)
        answer = self.recheck(intent)
        return answer if isinstance(answer, RiskDecision) else replace(intent, amount=answer.intent.amount)

    async def _fresh_price(self, symbol: str) -> Decimal:
        try:
            async with asyncio.timeout(PRICE_WITHIN):
                return await self.price(symbol)
        except TimeoutError:
            raise Refused(
                f"No price of {symbol} came within {PRICE_WITHIN:.0f} s, so nothing was sent; press again."
            ) from None

    async def _as_of_now(self, card: _Card, price: Decimal, by: str) -> OrderIntent:
        """The order as everything allows it at this price. Raises Refused, and has asked anew where that helps."""
        self._check_open(card)  # the price took its time
        intent = self._allowed(card, price)
        if isinstance(intent, RiskDecision):
            why = f"{intent.reason} ({intent.rule}: limit {intent.limit}, now {intent.observed})"
            await self._end(card, ApprovalState.WITHDRAWN, by, why, OrderStatus.REFUSED)
            raise Refused(f"Not sent: {why}.")
        if card.approval.outdated_by(price, intent.amount):
            raise Refused(await self._ask_again(card, intent, by))
        return intent

    async def reject(self, id: str, by: str) -> Approval:
        """A person's no: the order never leaves."""
        card = self._open_card(id)
        return await self._end(card, ApprovalState.REJECTED, by, f"{by} said no", OrderStatus.CANCELED)

    def _open_card(self, id: str) -> _Card:
        card = self._cards.get(id)
        if card is None or not card.shown:
            raise Refused(f"The card {id} does not wait for an answer any more.")
        if card.pressed or card.leaves:
            raise Refused(f"Somebody has just answered the card {id}.")
        return card

    def _check_open(self, card: _Card) -> None:
        approval = card.approval
        if approval.id not in self._cards or approval.kill_epoch != self.kills:
            raise Refused(f"The card {approval.id} does not wait for an answer any more.")
        if self.seat.times.monotonic() >= card.deadline:
            raise Refused(f"The card {approval.id} has lapsed; nothing was sent.")

    async def _ask_again(self, card: _Card, intent: OrderIntent, by: str) -> str:
        """Price or amount are not those of the question: this card is void, a new one asks with those of now."""
        approval, price = card.approval, intent.price_at_decision
        del self._cards[approval.id]
        why = (
            f"the price moved {float(price / approval.price_at_ask - 1):+.2%} since the question, "
            f"more than {approval.max_drift:.2%}"
            if approval.drifted_to(price)
            else f"no more than {intent.amount} of it would pass the limits now"
        )
        await self._write_end(_over(approval, ApprovalState.DRIFTED, by, self.seat, why))
        again = self._ask(replace(approval.intent, amount=intent.amount), price)
        return f"Not sent: {why}. The card {again.id} asks at {price}."

    # --- ending -----------------------------------------------------------------------------------------

    async def work(self) -> None:
        """Show what was asked, lapse what nobody answered, write down what ended. Does nothing when nothing is due."""
        for card in list(self._cards.values()):
            if not card.shown:
                await self.seat.journal.save_approval(card.approval)
                card.shown = True
                self.seat.tell(ApprovalAsked(self.seat.times.wall(), card.approval))
            elif card.pressed:
                continue
            elif card.leaves:
                await self._tell_for_whoever_pressed(card)
            elif self.seat.times.monotonic() >= card.deadline:
                await self._end(card, ApprovalState.LAPSED, None, "nobody answered", OrderStatus.EXPIRED)
        ended, self._ended = self._ended, []
        for approval in ended:
            await self._write_end(approval)

    async def _tell_for_whoever_pressed(self, card: _Card) -> None:
        """They have gone away before its order had an answer."""
        if card.wish is not None and card.wish.over:
            with contextlib.suppress(Refused):
                await self._settle(card, card.wish.against)

    def next_due(self) -> float | None:
        """Seconds until `work` has something to do."""
        if self._ended or any(not card.shown for card in self._cards.values()):
            return 0.0
        deadlines = [c.deadline for c in self._cards.values() if not c.pressed and not c.leaves]
        return max(min(deadlines) - self.seat.times.monotonic(), 0.0) if deadlines else None

    def withdraw_all(self, why: str) -> list[DeskEvent]:
        """At a kill: no card is good any more, from this very moment."""
        self.kills += 1
        at, events = self.seat.times.wall(), list[DeskEvent]()
        for card in self._cards.values():
            if not card.leaves:  # otherwise whoever pressed hears how that ends
                self._ended.append(_over(card.approval, ApprovalState.WITHDRAWN, None, self.seat, why))
                order = as_order(card.approval.intent, OrderStatus.CANCELED, at, why)
                events.append(OrderChanged(at, order))
        self._cards = {id: card for id, card in self._cards.items() if card.leaves}
        return events

    def ask_as(self, asking: Asking | None, why: str) -> list[DeskEvent]:
        """Ask in another way from now on; no card of before is good any more."""
        events, self.asking = self.withdraw_all(why), asking
        return events

    async def recall(self) -> None:
        """After a start: what was asked before is void, and what was on its way is told to have left."""
        seat = self.seat
        left = {one.attempt.approval for one in seat.out}
        for approval in await seat.journal.approvals(seat.account, ApprovalState.APPROVED):
            if approval.id in left:
                seat.tell(ApprovalSettled(seat.times.wall(), approval))
        for approval in await seat.journal.approvals(seat.account, ApprovalState.PENDING, limit=1000):
            await self._write_end(
                _over(approval, ApprovalState.WITHDRAWN, None, seat, "the desk was started anew")
            )

    async def _end(
        self, card: _Card, state: ApprovalState, by: str | None, why: str, status: OrderStatus
    ) -> Approval:
        approval = _over(card.approval, state, by, self.seat, why)
        self._cards.pop(approval.id, None)
        at = self.seat.times.wall()
        self.seat.step(OrderChanged(at, as_order(approval.intent, status, at, why)))
        await self._write_end(approval)
        return approval

    async def _write_end(self, approval: Approval) -> None:
        try:
            await self.seat.journal.end_approval(approval)
        except Broken:
            self._ended.append(approval)  # void in memory all the same; written when the disk lets us
            return
        self.seat.tell(ApprovalSettled(self.seat.times.wall(), approval))


def _over(approval: Approval, state: ApprovalState, by: str | None, seat: Seat, note: str = "") -> Approval:
    return replace(approval, state=state, decided_by=by, decided_at=seat.times.wall(), note=note)
