"""What a person may ask of accounts with real money: cards, parked orders, differences, a reconciliation."""

from dataclasses import dataclass

from trading.domain.approval import Approval
from trading.domain.errors import Refused
from trading.domain.live import Answered, Attempt, Difference, RealStanding
from trading.execution.live import Live
from trading.seating import Seats


@dataclass(frozen=True, slots=True)
class RealMoney:
    """Hung on Trading as `trading.real`. Every method raises Refused with one sentence where it cannot be done."""

    seats: Seats

    def of(self, account: str) -> Live:
        live = self.seats.lives.get(account)
        if live is None:
            raise Refused(f"The account {account} does not trade real money right now.")
        return live

    @property
    def accounts(self) -> tuple[str, ...]:
        """Those that have their seat at an exchange."""
        return tuple(self.seats.lives)

    def standing(self, account: str) -> RealStanding | None:
        """How it stands with its exchange; None for an account without real money."""
        live = self.seats.lives.get(account)
        return live.standing if live is not None else None

    # --- cards ---

    def pending(self, account: str) -> tuple[Approval, ...]:
        """Cards that wait for an answer, oldest first."""
        live = self.seats.lives.get(account)
        return live.approvals.pending if live is not None else ()

    def account_of(self, approval: str) -> str:
        """Whose card this is; a button carries the card's id alone."""
        for account, live in self.seats.lives.items():
            if any(card.id == approval for card in live.approvals.pending):
                return account
        raise Refused(f"The card {approval} does not wait for an answer any more.")

    async def approve(self, approval: str, by: str) -> Approval:
        """A person's yes. Everything is checked once more; what is answered here has left, once."""
        return await self.of(self.account_of(approval)).approvals.approve(approval, by)

    async def reject(self, approval: str, by: str) -> Approval:
        return await self.of(self.account_of(approval)).approvals.reject(approval, by)

    # --- orders nobody can speak for ---

    def parked(self, account: str) -> list[Attempt]:
        live = self.seats.lives.get(account)
        return live.parked if live is not None else []

    async def adopt(self, account: str, client_id: str, exchange_id: str, by: str) -> Attempt:
        """A person found the order at the exchange under this id."""
        return await self.of(account).adopt(client_id, exchange_id, by)

    async def resolve(self, account: str, client_id: str, by: str) -> Attempt:
        """A person has looked, and the order does not exist."""
        return await self.of(account).resolve(client_id, by)

    # --- ours against theirs ---

    async def differences(self, account: str) -> list[Difference]:
        """What the exchange and the books disagree on, unanswered."""
        live = self.seats.lives.get(account)
        return await live.reconciler.differences.waiting() if live is not None else []

    async def answer(self, account: str, difference: str, answer: Answered, by: str) -> Difference:
        return await self.of(account).answer(difference, answer, by)

    async def reconcile(self, account: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Now: what keeps entries closed (empty: everything agrees), and what differed and is explained."""
        outcome = await self.of(account).reconcile(deep=True)
        return tuple(outcome.problems), tuple(outcome.found)
