"""A kill at the exchange: take every order back on a connection of its own, sell, verify, give a receipt."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import structlog

from trading.domain.account import Position
from trading.domain.events import KillAsked, KillReported
from trading.domain.live import DUST, AttemptState, KillReceipt
from trading.domain.order import OrderIntent, Reason
from trading.domain.risk import Halt, HaltKind
from trading.execution.seat import ZERO, Seat, Tracked
from trading.execution.venue import Accepted, Denied, Doubtful, Venue

log = structlog.get_logger("killing")

LIQUIDATION = frozenset({Reason.KILL, Reason.DRAWDOWN})
CANCEL_WITHIN = 5.0  # seconds a cancel may take before it is asked again
FIRST_PAUSE, LAST_PAUSE = 0.5, 10.0
SELL_AGAIN, SELL_AGAIN_LAST = 10.0, 300.0  # seconds until what was refused is sold again, less and less often
SELL_AFTER = 5.0  # seconds; a position is not kept for ever because a cancel is not confirmed


def is_liquidation(intent: OrderIntent) -> bool:
    return intent.reason in LIQUIDATION


@dataclass(slots=True)
class Killing:
    """Restartable at every step: what is done is read from the attempts, not remembered here."""

    seat: Seat
    venue: Venue  # a client that shares nothing with the trading one, throttler included
    wake: Callable[[], None]  # the carrier looks at what was cancelled
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _asked_at: float = 0.0
    _confirmed: dict[str, str] = field(default_factory=dict)  # client id -> exchange id, cancel accepted
    _told: KillReceipt | None = None
    _again_at: float | None = None
    _pause: float = SELL_AGAIN

    def ask(self) -> None:
        """Begin, or go on. Never waits; the desk's own latch is shut already."""
        self._asked_at = self.seat.times.monotonic()
        self._told, self._again_at, self._pause = None, None, SELL_AGAIN
        self._asked.set()

    def may_sell(self, symbol: str) -> bool:
        """Whether what a sale needs is free: every order of that symbol taken back, or waited for long enough."""
        waited = self.seat.times.monotonic() - self._asked_at >= SELL_AFTER
        return waited or not any(one.attempt.intent.symbol == symbol for one in self._to_cancel())

    async def run(self) -> None:
        """Until cancelled: whenever a kill is asked, cancel until nothing is left to cancel. Begun again it goes on."""
        self._asked.set()
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self._cancel_all()

    async def _cancel_all(self) -> None:
        pause = FIRST_PAUSE
        while self._killed and (todo := self._next_to_cancel()):
            await asyncio.gather(*(self._cancel(one) for one in todo if not one.in_flight))
            self.wake()
            if not self._to_cancel():
                return
            if all(self._taken_back(one) for one in todo):
                continue  # now the stops
            await asyncio.sleep(pause)
            pause = min(pause * 2, LAST_PAUSE)

    def _next_to_cancel(self) -> list[Tracked]:
        """What protects goes last: when every other order is taken back, or was waited for long enough; and not while
        a disk that cannot be written keeps every sale from leaving."""
        todo = self._to_cancel()
        waited = self.seat.times.monotonic() - self._asked_at >= SELL_AFTER
        others = [one for one in todo if one.attempt.stop_price is None]
        if any(halt.kind is HaltKind.STORE for halt in self.seat.halts()):
            return others
        return todo if waited or not others else others

    def _to_cancel(self) -> list[Tracked]:
        """Every order that is out and was not taken back, but for the sales of the kill itself."""
        return [
            one
            for one in self.seat.out
            if not is_liquidation(one.attempt.intent) and not self._taken_back(one)
        ]

    def _taken_back(self, one: Tracked) -> bool:
        """As far as anybody can know: an order that is parked was asked for in vain, until it turns up."""
        found = self._confirmed.get(one.attempt.client_id)
        return found is not None and (found != "" or one.attempt.state is AttemptState.PARKED)

    async def _cancel(self, tracked: Tracked) -> None:
        attempt = tracked.attempt
        try:
            async with asyncio.timeout(CANCEL_WITHIN):
                answer = await self.venue.cancel(
                    attempt.intent.symbol, attempt.client_id, attempt.exchange_id
                )
        except TimeoutError:
            answer = Doubtful("no answer")
        match answer:
            case Accepted(exchange_id):
                self._confirmed[attempt.client_id] = exchange_id
            case Denied(_, reason) | Doubtful(reason):
                log.warning(
                    "cancel_unconfirmed",
                    account=self.seat.account,
                    symbol=attempt.intent.symbol,
                    reason=reason,
                )
                if attempt.state is AttemptState.PARKED:
                    self._confirmed[attempt.client_id] = ""  # nobody can confirm it; the receipt says so
        tracked.looks, tracked.next_look = 0, self.seat.times.monotonic()

    # --- the receipt ------------------------------------------------------------------------------------

    @property
    def _killed(self) -> bool:
        return self._halt is not None

    @property
    def _halt(self) -> Halt | None:
        return next((halt for halt in self.seat.halts() if halt.kind is HaltKind.KILL), None)

    def report(self, *, waiting: int) -> None:
        """Tell what was done, once nothing more is under way; again when that has changed."""
        halt = self._halt
        if halt is None:
            self._confirmed.clear()
            self._told = None
            return
        if self._to_cancel():
            self._asked.set()  # one that was taken for dead, or parked, may have turned up since
        sure = [one for one in self.seat.out if one.attempt.state is not AttemptState.PARKED]
        if waiting or sure:
            return
        receipt = self._receipt(halt, self.seat.times.wall())
        if self._told is None or _facts(receipt) != _facts(self._told):
            self._told = receipt
            self.seat.tell(KillReported(receipt.done_at, receipt))
        self._sell_again(halt, receipt)

    def _sell_again(self, halt: Halt, receipt: KillReceipt) -> None:
        """A sale that was refused, by a full disk or by the exchange, is decided anew; nobody waits for a candle."""
        now = self.seat.times.monotonic()
        if all(why == DUST for _, _, why in receipt.left):
            self._again_at, self._pause = None, SELL_AGAIN
        elif self._again_at is None:
            self._again_at = now + self._pause
        elif now >= self._again_at:
            self._pause = min(2 * self._pause, SELL_AGAIN_LAST)
            self._again_at = now + self._pause
            self.seat.step(KillAsked(self.seat.times.wall(), halt.reason, halt.by))

    def _receipt(self, halt: Halt, now: datetime) -> KillReceipt:
        tracked, account = self.seat.tracked.values(), self.seat.view()
        sold: dict[str, Decimal] = {}
        for one in tracked:
            # a sale is dated by the clock that dates the kill; what the exchange did with a stop, by ours alone
            stop = one.attempt.stop_price is not None
            since = one.attempt.changed_at if stop else one.attempt.intent.decided_at
            mine = is_liquidation(one.attempt.intent) or stop
            if mine and one.filled and since >= halt.since:
                symbol = one.attempt.intent.symbol
                sold[symbol] = sold.get(symbol, ZERO) + one.filled
        return KillReceipt(
            account=self.seat.account,
            reason=halt.reason,
            by=halt.by,
            asked_at=halt.since,
            done_at=now,
            canceled=tuple(sorted(e for e in self._confirmed.values() if e)),
            sold=tuple(sorted(sold.items())),
            left=tuple(
                (p.symbol, p.quantity, self._why_left(p, account.prices[p.symbol])) for p in account.positions
            ),
            unconfirmed=tuple(
                sorted(one.attempt.client_id for one in tracked if one.attempt.state is AttemptState.PARKED)
            ),
        )

    def _why_left(self, position: Position, price: Decimal) -> str:
        """Too little to be sold, or what the exchange said last to a sale of it."""
        instrument = self.seat.instruments[position.symbol]
        sellable = instrument.amount(abs(position.quantity))
        if sellable == 0 or sellable < instrument.min_amount or sellable * price < instrument.min_cost:
            return DUST
        told = [
            one.attempt
            for one in self.seat.tracked.values()
            if one.attempt.intent.symbol == position.symbol and is_liquidation(one.attempt.intent)
        ]
        last = max(told, key=lambda attempt: attempt.changed_at, default=None)
        return (last.note if last else "") or "not sold yet"


def _facts(receipt: KillReceipt) -> tuple[object, ...]:
    """What makes two receipts different for a reader."""
    return receipt.canceled, receipt.sold, receipt.left, receipt.unconfirmed
