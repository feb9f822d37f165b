"""Ours against theirs: what a venue's own lists say about our attempts, trades and balances. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from trading.domain.live import Attempt, AttemptState
from trading.domain.order import OrderKind
from trading.execution.identity import is_ours
from trading.execution.venue import VenueOrder, VenueTrade

BY_COST = Decimal("1.05")  # a market order that fills five per cent away from its reference is not believed
SLACK = timedelta(seconds=60)  # how far the venue's clock and ours may lie apart when times are compared


# --- one order ----------------------------------------------------------------------------------------------


def contradiction(attempt: Attempt, order: VenueOrder) -> str | None:
    """In what the venue's order is another one than the one we asked for; None when it is ours.

    A market order may come back with its average price, so only limit prices are compared.
    """
    intent = attempt.intent
    if order.symbol != intent.symbol:
        return f"symbol {order.symbol} instead of {intent.symbol}"
    if order.side is not intent.side:
        return f"side {order.side} instead of {intent.side}"
    if order.amount != intent.amount and not order.by_cost:
        return f"amount {order.amount} instead of {intent.amount}"
    if intent.kind is OrderKind.LIMIT and order.price not in (None, intent.limit_price):
        return f"price {order.price} instead of {intent.limit_price}"
    if order.created_at < attempt.sent_at - SLACK:
        return f"made at {order.created_at:%Y-%m-%d %H:%M:%S} UTC, before it was sent"
    if order.filled > most(attempt, by_cost=order.by_cost):
        return f"{order.filled} filled of {intent.amount}"
    return None


def most(attempt: Attempt, *, by_cost: bool) -> Decimal:
    """The largest amount this attempt can rightly have filled; a buy by cost gets more when the price falls."""
    return attempt.intent.amount * (BY_COST if by_cost else 1)


def candidates(
    attempt: Attempt, orders: Iterable[VenueOrder], taken: Collection[tuple[str, str]]
) -> list[VenueOrder]:
    """Orders without a name that could be this attempt, on a venue that takes no names."""
    return [
        order
        for order in orders
        if order.client_id is None
        and (order.symbol, order.exchange_id) not in taken
        and contradiction(attempt, order) is None
    ]


# --- all orders ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sorted:
    """A venue's orders, each in one of four heaps."""

    ours: tuple[tuple[Attempt, VenueOrder], ...]  # as they were asked for
    contradicting: tuple[tuple[Attempt, VenueOrder, str], ...]  # our name on something we did not ask for
    strangers: tuple[VenueOrder, ...]  # named by a desk like this one, and in no journal
    external: tuple[VenueOrder, ...]  # somebody else's business


def sort_orders(
    attempts: Iterable[Attempt], orders: Iterable[VenueOrder], known_ids: Mapping[tuple[str, str], Attempt]
) -> Sorted:
    """By our id first, then by the venue's (`known_ids`: symbol and venue id). Each order counts once."""
    by_client = {attempt.client_id: attempt for attempt in attempts}
    seen: dict[tuple[str, str], VenueOrder] = {}
    for order in orders:
        seen[order.symbol, order.exchange_id] = order  # a later list is the newer truth
    ours: list[tuple[Attempt, VenueOrder]] = []
    wrong: list[tuple[Attempt, VenueOrder, str]] = []
    strangers: list[VenueOrder] = []
    external: list[VenueOrder] = []
    for key, order in sorted(seen.items()):
        attempt = by_client.get(order.client_id or "") or known_ids.get(key)
        if attempt is None:
            (strangers if is_ours(order.client_id) else external).append(order)
            continue
        against = contradiction(attempt, order)
        if against is None:
            ours.append((attempt, order))
        else:
            wrong.append((attempt, order, against))
    return Sorted(tuple(ours), tuple(wrong), tuple(strangers), tuple(external))


def unlisted(attempts: Iterable[Attempt], orders: Iterable[VenueOrder]) -> list[Attempt]:
    """Attempts the venue has confirmed and now does not list: to be asked for one by one, not concluded."""
    listed = {(order.symbol, order.exchange_id) for order in orders}
    return [
        attempt
        for attempt in attempts
        if attempt.state is AttemptState.OPEN
        and (attempt.intent.symbol, attempt.exchange_id or "") not in listed
    ]


# --- trades -------------------------------------------------------------------------------------------------


def trade_moves(trade: VenueTrade) -> dict[str, Decimal]:
    """By asset: what a trade did to the balances."""
    base, _, rest = trade.symbol.partition("/")
    quote = rest.partition(":")[0]
    moves: dict[str, Decimal] = {}
    signed = trade.side.sign * trade.amount
    for asset, amount in ((base, signed), (quote, -signed * trade.price), (trade.fee_currency, -trade.fee)):
        if amount:
            moves[asset] = moves.get(asset, Decimal(0)) + amount
    return moves


def order_of_events(trades: Iterable[VenueTrade]) -> list[VenueTrade]:
    """Trades as they happened, the same whatever order they came in."""
    return sorted(trades, key=lambda t: (t.at, t.symbol, t.id))


# --- balances -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gap:
    """An asset whose balance is not what our books add up to."""

    asset: str
    theirs: Decimal
    ours: Decimal

    @property
    def amount(self) -> Decimal:
        return self.theirs - self.ours


def gaps(
    theirs: Mapping[str, Decimal],
    ours: Mapping[str, Decimal],
    assets: Iterable[str],
    tolerance: Mapping[str, Decimal],
) -> list[Gap]:
    """Where the exchange's balance and the books part by more than one unit of the venue's precision."""
    found = []
    for asset in sorted(set(assets)):
        gap = Gap(asset, theirs.get(asset, Decimal(0)), ours.get(asset, Decimal(0)))
        if abs(gap.amount) > tolerance.get(asset, Decimal("1e-8")):
            found.append(gap)
    return found


def shortages(
    theirs: Mapping[str, Decimal],
    held: Mapping[str, Decimal],
    tolerance: Mapping[str, Decimal],
    moving: Collection[str],
) -> list[Gap]:
    """Coins of which the exchange has less than the bot bought: somebody took them, whatever was told of it."""
    return [
        Gap(asset, theirs.get(asset, Decimal(0)), amount)
        for asset, amount in sorted(held.items())
        if asset not in moving
        and amount - theirs.get(asset, Decimal(0)) > tolerance.get(asset, Decimal("1e-8"))
    ]


def likely_cause(gap: Gap, held: Decimal) -> str:
    """A guess for the person who is asked; the books are never changed because of it."""
    if gap.theirs < held:
        return "less than the bot holds: sold or withdrawn by hand"
    return "a deposit" if gap.amount > 0 else "a withdrawal, or a fee the exchange did not name"
