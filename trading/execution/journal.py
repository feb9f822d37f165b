"""What the live executor writes down, and when: the port. The real one is trading/store/journal.py."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from trading.domain.approval import Approval, ApprovalState
from trading.domain.live import Attempt, Difference, ExternalFlow, Lease
from trading.domain.order import Fill, Order

LEASE_LASTS = timedelta(seconds=60)  # without a sign of life for so long another desk may take over


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A person's yes, used up in the transaction that lets the order leave."""

    approval: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Everything that is committed together right before one request leaves."""

    attempt: Attempt  # its state is SENDING
    order: Order | None  # the desk's order; None for a protective stop, which the desk never sees
    lease: Lease
    at: datetime
    consent: Consent | None = None


class Journal(Protocol):
    """The memory that must be on disk before anything leaves, and after anything happened.

    Every method raises Broken when it could not be written or read; then nothing was half-written. Those that
    take a lease raise Fenced, and write nothing, when another desk holds a newer one. Nothing is ever deleted.
    """

    async def secret(self) -> bytes:
        """The install's secret for client ids; made by the first who asks, the same for ever."""

    # --- who may trade ---

    async def take(self, account: str, identity: str, holder: str, at: datetime, known: int) -> Lease:
        """Take the exchange account, with an epoch above every one before and above `known`.

        Raises Refused, naming the holder, while another one's lease is alive. The same holder takes it at once:
        whoever calls has made sure that its former self is gone. `known` is the highest epoch remembered outside
        of the database; when that is above the database's own, the lease says that it was rolled back.
        """

    async def extend(self, lease: Lease, at: datetime) -> Lease:
        """The same lease, good for longer. Raises Fenced when it is no longer ours."""

    async def release(self, lease: Lease, at: datetime) -> None:
        """Let others take it at once; does nothing when it is no longer ours."""

    # --- orders ---

    async def begin(self, start: Start) -> str | None:
        """The SENDING transaction. None: it is on disk, and exactly one request may leave now.

        Otherwise why nothing was written and nothing may leave: the account is halted or killed (for anything
        that is not reduce-only), the intent was sent before, or the consent is not good any more. Raises Fenced for
        a lease that is not the newest. Attempt, order, the used consent and the longer lease are one transaction.
        """

    async def settle(self, attempt: Attempt, lease: Lease) -> None:
        """Let this be what is known of an attempt. Raises Fenced, see above."""

    async def attempts(self, account: str, since: datetime) -> list[Attempt]:
        """Those that are out, however old, and all that were sent since then; oldest first."""

    async def named(self, account: str, client_ids: Collection[str]) -> frozenset[str]:
        """Those of these names that were ever given to an attempt, however long ago."""

    # --- money ---

    async def cursor(self, account: str) -> datetime | None:
        """Every trade before this is booked; None when there never was a sweep."""

    async def set_cursor(self, account: str, at: datetime) -> None: ...

    async def fills(self, account: str, since: datetime) -> list[Fill]:
        """Fills that are on disk, oldest first."""

    async def flows(self, account: str) -> list[ExternalFlow]:
        """Everything that moved without us, oldest first."""

    async def add_flows(self, flows: Sequence[ExternalFlow]) -> list[ExternalFlow]:
        """Keep those whose `ref` is new; answers them."""

    async def moved(self, account: str) -> Mapping[str, Decimal]:
        """By asset: the sum of all external flows, fills and fees on disk, which is what a balance should be."""

    async def save_difference(self, difference: Difference) -> None:
        """Keep a difference, or its answer."""

    async def differences(self, account: str, *, unanswered: bool) -> list[Difference]: ...

    # --- approvals ---

    async def save_approval(self, approval: Approval) -> None:
        """Keep a card that was just asked for; it is on disk before anybody sees it."""

    async def end_approval(self, approval: Approval) -> bool:
        """Write how a pending card ended; False, and nothing written, when it had ended before."""

    async def approvals(
        self, account: str, state: ApprovalState | None = None, limit: int = 50
    ) -> list[Approval]:
        """Cards, newest first."""
