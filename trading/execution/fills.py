"""Fills: every trade of the exchange account, read with overlap, booked once, whoever made it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from trading.domain.live import AttemptState, ExternalFlow, FlowKind
from trading.domain.order import Side
from trading.domain.risk import HaltKind
from trading.execution.reconcile import most, order_of_events, trade_moves
from trading.execution.seat import Seat, Tracked
from trading.execution.venue import VenueTrade

log = structlog.get_logger("fills")

OVERLAP = timedelta(minutes=10)  # a trade may be listed this late and is still found
CLOCKS_APART = timedelta(seconds=10)  # the venue's and ours, when the account began
DEEP = timedelta(hours=72)  # the nightly look back
REMEMBERED = timedelta(days=8)  # how far back trades are known by name

Key = tuple[str, str]  # symbol and the venue's trade id


class Sweeper:
    """Reads the account's trades since the last time, and a while before that.

    A trade is known by symbol and id, never by its time, price or amount. What belongs to an order of ours is booked
    for it; what does not yet is held until an order claims it or somebody else's hand is proven.
    """

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._known: set[Key] = set()
        self._held: dict[Key, VenueTrade] = {}
        self._cursor: datetime | None = None
        self.dirty = False  # something was booked that is not on disk yet

    async def recall(self) -> None:
        """Know what is on disk: after a start."""
        seat = self._seat
        self._cursor = await seat.journal.cursor(seat.account)
        now = seat.times.wall()
        since = min(self._cursor or now, now) - REMEMBERED
        for fill in await seat.journal.fills(seat.account, since):
            self._known.add((fill.symbol, fill.id))
            tracked = seat.of_intent(fill.client_id)
            if tracked is not None:
                tracked.count(fill)
        for flow in await seat.journal.flows(seat.account):
            key = _key_of_ref(flow.ref)
            if key is not None:
                self._known.add(key)

    async def sweep(self, back: timedelta = OVERLAP, *, only: str = "") -> int:
        """Book what is new; how many trades that were. Raises Unreachable when the venue did not answer.

        The cursor moves only when every symbol was asked for, and everything booked so far is on disk. `only`: a
        quick look at one symbol, for most venues answer one symbol at a time.
        """
        seat = self._seat
        begun_at, upto = seat.times.wall(), self._cursor or seat.began
        if upto > begun_at:
            back = max(back, DEEP)  # this machine's clock was set back: nobody knows since when it was wrong
        since = max(min(upto, begun_at) - back, seat.began - CLOCKS_APART)
        trades = await seat.venue.trades((only,) if only else seat.symbols, since)
        booked = self.take(trades)
        if await self.keep() and not only:
            await seat.journal.set_cursor(seat.account, begun_at)
            self._cursor = begun_at
        return booked

    async def keep(self) -> bool:
        """Whether everything that was booked is on disk."""
        if not self.dirty:
            return True
        self.dirty = not await self._seat.keep()
        return not self.dirty

    def take(self, trades: Iterable[VenueTrade]) -> int:
        """Book those of ours that are new, hold those nobody has claimed."""
        booked = 0
        for trade in order_of_events(trades):
            key = (trade.symbol, trade.id)
            if key in self._known:
                continue
            tracked = self._seat.of_trade(trade)
            if tracked is None:
                self._held[key] = trade
            else:
                self._book(tracked, trade)
                booked += 1
        return booked

    def claim(self, tracked: Tracked) -> None:
        """An order has learned its name at the venue: trades that came before it was known are its own."""
        attempt = tracked.attempt
        for trade in order_of_events(self._held.values()):
            if (trade.symbol, trade.exchange_id) == (attempt.intent.symbol, attempt.exchange_id):
                self._book(tracked, trade)

    def unclaimed(self, symbol: str, side: Side) -> bool:
        """Whether there are trades that an order in doubt could have made."""
        return any((t.symbol, t.side) == (symbol, side) for t in self._held.values())

    @property
    def held(self) -> list[VenueTrade]:
        """Trades that no order of ours has claimed."""
        return order_of_events(self._held.values())

    async def release(self, trades: Iterable[VenueTrade]) -> None:
        """These are somebody else's: they moved the balances, and are neither profit nor loss of ours."""
        flows, keys = [], []
        for trade in trades:
            keys.append((trade.symbol, trade.id))
            for asset, amount in trade_moves(trade).items():
                flows.append(
                    ExternalFlow(
                        account=self._seat.account,
                        ref=f"trade {trade.symbol} {trade.id} {asset}",
                        asset=asset,
                        amount=amount,
                        kind=FlowKind.HAND_TRADE,
                        at=trade.at,
                        note=f"{trade.side} {trade.amount} {trade.symbol} at {trade.price} by hand (trade {trade.id})",
                    )
                )
        new = await self._seat.journal.add_flows(flows)
        for key in keys:
            self._known.add(key)
            self._held.pop(key, None)
        self._seat.flowed(new)

    def _book(self, tracked: Tracked, trade: VenueTrade) -> None:
        key = (trade.symbol, trade.id)
        self._held.pop(key, None)
        self._known.add(key)
        intent = tracked.attempt.intent
        if trade.side is not intent.side:
            self._seat.halt(
                HaltKind.BROKEN,
                f"trade {trade.id} of {trade.symbol} is a {trade.side}; a {intent.side} was sent.",
            )
        self.dirty = True
        self._seat.book(tracked, trade)
        by_cost = tracked.theirs is not None and tracked.theirs.by_cost
        if tracked.filled > most(tracked.attempt, by_cost=by_cost):
            self._seat.halt(
                HaltKind.BROKEN,
                f"{tracked.filled} {intent.symbol} were filled where {intent.amount} were sent "
                f"(order {tracked.attempt.exchange_id}).",
            )
        if tracked.attempt.state in (AttemptState.DEAD, AttemptState.DENIED):
            log.error("fill_after_death", account=self._seat.account, symbol=intent.symbol, trade=trade.id)


def _key_of_ref(ref: str) -> Key | None:
    """Back from the name of a hand trade's flow."""
    word, _, rest = ref.partition(" ")
    if word != "trade":
        return None
    symbol, _, more = rest.partition(" ")
    return symbol, more.rpartition(" ")[0]
