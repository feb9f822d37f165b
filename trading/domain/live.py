"""Real money in plain data: orders on the wire, money that moved without us, and what waits for a person."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading.domain.errors import Broken
from trading.domain.order import OrderIntent
from trading.domain.protection import RestingStop


class Fenced(Broken):
    """Another desk has taken over this exchange account; this one may not send or write any more."""


class AttemptState(StrEnum):
    """What is known of an order request. It is written down before the request leaves."""

    SENDING = "sending"  # committed, then one request; found after a crash it means: nobody knows
    UNCERTAIN = "uncertain"  # no answer that can be trusted: looked up, never sent again
    OPEN = "open"  # the venue has it
    CLOSED = "closed"  # the venue is done with it, and every fill is booked
    DENIED = "denied"  # a definite no: it never existed
    DEAD = "dead"  # past its horizon and seen nowhere; watched on, in case it turns up
    PARKED = "parked"  # nobody can know by asking: a person decides, or it turns up

    @property
    def is_out(self) -> bool:
        """Whether money may still move because of it."""
        return self in _OUT

    @property
    def is_doubtful(self) -> bool:
        """Whether nobody knows if the venue has it."""
        return self in _DOUBTFUL


_DOUBTFUL = frozenset({AttemptState.SENDING, AttemptState.UNCERTAIN, AttemptState.PARKED})
_OUT = _DOUBTFUL | {AttemptState.OPEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The one request that was made for an intent, and what became of it."""

    account: str
    client_id: str  # the name the venue knows it by; another one than the intent's
    intent: OrderIntent
    epoch: int  # whose turn it was on this exchange account
    state: AttemptState
    sent_at: datetime
    changed_at: datetime
    stop_price: Decimal | None = None  # a protective stop that rests at the venue
    exchange_id: str | None = None
    approval: str | None = None
    gate: str = ""  # what the risk gate saw when it let this pass
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to trade one exchange account. Each taking raises the epoch; an older epoch can send nothing."""

    account: str
    identity: str  # the exchange account itself: two keys of one account collide here
    holder: str
    epoch: int
    expires_at: datetime
    rolled_back: bool = False  # the database is older than what this house has already done


class FlowKind(StrEnum):
    """Why a balance moved without an order of ours."""

    OPENING = "opening"  # was there when the account began
    TRANSFER = "transfer"  # a deposit or withdrawal that the venue tells of
    HAND_TRADE = "hand_trade"  # somebody traded by hand
    ADJUSTMENT = "adjustment"  # a person explained a difference


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalFlow:
    """Money that moved without us: never profit, never loss. `ref` names it once and for all."""

    account: str
    ref: str
    asset: str
    amount: Decimal
    kind: FlowKind
    at: datetime
    note: str = ""


class Answered(StrEnum):
    """What a person may say to a difference."""

    TRANSFER = "transfer"  # it was put in or taken out: take the exchange's figure, no profit and no loss
    IGNORE = "ignore"  # leave the books; trading goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The exchange says one thing, the books another. Entries on its symbols are frozen until it is answered."""

    id: str
    account: str
    asset: str
    symbols: tuple[str, ...]
    theirs: Decimal
    ours: Decimal
    cause: str  # the likely one
    at: datetime
    answer: Answered | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None


DUST = "smaller than the exchange takes"  # why a rest is not sold


@dataclass(frozen=True, slots=True, kw_only=True)
class KillReceipt:
    """What a kill did, from the exchange's own books. An empty `left` and `unconfirmed` mean: flat, verified."""

    account: str
    reason: str
    by: str
    asked_at: datetime
    done_at: datetime
    canceled: tuple[str, ...]  # venue ids of orders taken back
    sold: tuple[tuple[str, Decimal], ...]  # symbol and amount
    left: tuple[tuple[str, Decimal, str], ...]  # symbol, amount and why it was not sold
    unconfirmed: tuple[str, ...]  # orders nobody can speak for yet

    @property
    def open(self) -> int:
        """How much is still to be done; dust is nothing anybody could do."""
        return sum(why != DUST for _, _, why in self.left) + len(self.unconfirmed)


@dataclass(frozen=True, slots=True, kw_only=True)
class RealStanding:
    """How an account with real money stands with its exchange, for status and health."""

    account: str
    exchange: str
    open: int  # orders the venue has
    uncertain: int  # being looked up
    parked: int  # a person has to say
    waiting: int  # not sent yet
    cards: int  # waiting for a button
    frozen: tuple[tuple[str, str], ...]  # symbol and why nothing is bought of it
    problems: tuple[str, ...]  # what the last reconciliation could not explain
    reconciled_at: datetime | None
    epoch: int
    fenced: str  # why this desk may not send any more; empty while it may
    stops: tuple[RestingStop, ...] = ()  # that rest there; they do not count as open orders
    watched: tuple[RestingStop, ...] = ()  # that do not: the desk sells by itself when a candle touches them
