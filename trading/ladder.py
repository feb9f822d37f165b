"""The ladder: shadow and paper, then a canary beside them, then live; a step up is proven, a step down is at once."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from trading.analysis.metrics import measure
from trading.domain.account import Mode
from trading.domain.errors import Refused
from trading.domain.events import LimitsChanged
from trading.domain.ladder import Proof, Shown
from trading.limits import halved, limits_for
from trading.modes import MODES, above
from trading.store.secure_tables import AuditEntry
from trading.store.tables import table
from trading.vetting import Vetting

if TYPE_CHECKING:
    from trading.service import Trading

PAPER_DAYS, PAPER_TRADES = 14.0, 10.0
CANARY_DAYS, CANARY_TRADES = 7.0, 5.0
DRAWDOWN = 0.10  # less than this was lost from the top


@dataclass(slots=True)
class Ladder:
    """Hung on Trading as `trading.ladder`. Whoever asks was asked for their rights before."""

    house: "Trading"
    vetting: Vetting = field(init=False)  # whether its strategies are honest

    def __post_init__(self) -> None:
        self.vetting = Vetting(self.house)

    def mode_of(self, account: str) -> Mode:
        """Raises Refused for an account there is not."""
        self.house.exchange_of(account)
        return self.house.settings.accounts[account].trading_mode

    def goes_up(self, account: str, mode: Mode) -> bool:
        """Whether this raises what may be lost."""
        return MODES[mode].rung > MODES[self.mode_of(account)].rung

    def begins(self, account: str, mode: Mode) -> bool:
        """Whether this step opens another account instead of changing this one."""
        return MODES[mode].real and not MODES[self.mode_of(account)].real

    def next_up(self, account: str) -> Mode | None:
        """The step above the one where it stands; None at the top."""
        return above(self.mode_of(account))

    def check(self, account: str, mode: Mode) -> None:
        """Raise Refused for a step that the ladder has not."""
        now, then = MODES[self.mode_of(account)], MODES[mode]
        if now is then:
            raise Refused(f"{account} is in the mode {mode} already.")
        if then.rung > now.rung + 1:
            raise Refused("An account goes live from a canary only: first /mode canary.")
        if now.real and not then.real:
            raise Refused(
                f"{account} has orders and coins at its exchange, which cannot go on on paper. /pause stops its "
                f"entries; /account close {account} sells what it bought and ends it."
            )
        if not self.begins(account, mode):
            self.house.opening.check_moving(account, mode)

    async def proofs(self, account: str) -> tuple[Proof, ...]:
        """What the next step up asks of this account, and what it has shown; none where there is no step."""
        now = self.mode_of(account)
        if above(now) is None:
            return ()
        room, real = self.house.room(account), MODES[now].real
        since = await self._known_since(account)
        points = await self.house.equity(account, since)
        trips = [trip for trip in await self.house.trades(account) if trip.exit_at >= since]
        measured = measure(points, trips)
        days = (self.house.clock() - since).total_seconds() / 86_400
        proofs = [
            Proof(kind=Shown.DAYS, found=days, wanted=CANARY_DAYS if real else PAPER_DAYS),
            Proof(kind=Shown.TRADES, found=float(len(trips)), wanted=CANARY_TRADES if real else PAPER_TRADES),
            Proof(kind=Shown.SHARPE, found=measured["sharpe"], wanted=0.0),
            Proof(kind=Shown.DRAWDOWN, found=measured["max_drawdown"], wanted=DRAWDOWN),
        ]
        if real:
            proofs.append(Proof(kind=Shown.AGREES, found=float(await self._agrees(account)), wanted=1.0))
        if MODES[above(now) or now].real:
            proofs.append(Proof(kind=Shown.HONEST, found=await self._honest(account), wanted=1.0))
        proofs.append(Proof(kind=Shown.OPEN, found=float(not room.desk.halts.all), wanted=1.0))
        return tuple(proofs)

    async def begin_canary(self, account: str, name: str, exchange: str, person_id: int) -> str | None:
        """Open an account of real money beside this one, set up like it: a canary. The one on paper goes on.

        Answers why it does not trade yet, if so: it has no key, for instance. It comes up once that is mended.
        """
        self.check(account, Mode.CANARY)
        return await self.house.opening.open_real(account, name, exchange, person_id)

    async def move(self, account: str, mode: Mode, by: str) -> None:
        """Up or down, in the books it has: what it holds stays. From now on its orders are asked about, or not."""
        self.check(account, mode)
        if not MODES[mode].real:
            await self.house.opening.move(account, mode)
            return
        await self.house.opening.rewrite(account, mode)
        if account not in self.house.rooms:
            return
        room, seats = self.house.regrade(account, mode), self.house.seats
        seats.ask_anew(room)
        usual = limits_for(self.house.settings, account)
        usual = halved(usual) if seats.is_capped(account) else usual
        limits = replace(room.desk.limits, capital_share=usual.capital_share)
        await self.house.do([room], lambda now: LimitsChanged(now, limits, by))

    # --- inside -------------------------------------------------------------------------------------------

    async def _honest(self, account: str) -> float | None:
        vetted = await self.vetting.known(account)
        return None if vetted is None else float(all(one.honest for one in vetted))

    async def _agrees(self, account: str) -> bool:
        if account not in self.house.seats.lives:
            return False
        try:
            await self.house.seats.check_clean(account)
        except Refused:
            return False
        return True

    async def _known_since(self, account: str) -> datetime:
        """Since when it really trades: what it lived through at its first start was the past already."""
        opened = await self.house.opening.opened_at(account)
        if opened is not None:
            return opened
        first = select(func.min(table(AuditEntry).c.at))
        found = await self.house.store.database.read(lambda connection: connection.execute(first).scalar())
        return found or self.house.clock()
