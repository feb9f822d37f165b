"""Balances against the books: what parts company becomes a question for a person, never a correction."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from trading.domain.errors import Refused
from trading.domain.events import CoinsGone, DifferenceAnswered, DifferenceFound
from trading.domain.live import Answered, AttemptState, Difference, ExternalFlow, FlowKind
from trading.execution.identity import token
from trading.execution.reconcile import Gap, gaps, likely_cause, shortages
from trading.execution.seat import ZERO, Seat
from trading.execution.venue import VenueTrade

ROUNDED = Decimal("1e-6")  # of the quote currency, for each fill
QUIET = 10.0  # seconds a gap must have stood unchanged: balances lag behind fills
BY_ITSELF = "the exchange"  # who answered a difference that went away


class Differences:
    """The cards of one account, and the symbols they freeze."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._seen: dict[Gap, float] = {}  # gap -> monotonic time since when it has stood unchanged

    async def compare(self, unclaimed: Iterable[VenueTrade]) -> None:
        """Read the balances; make, renew and end cards. Raises Unreachable when the venue did not answer."""
        seat, now = self._seat, self._seat.times.monotonic()
        before = dict(seat.balances)
        theirs = {asset: balance.total for asset, balance in (await seat.venue.balances()).items()}
        if seat.balances != before:
            return  # something was booked while they were read
        moving = {asset for trade in unclaimed for asset in assets_of(trade.symbol)}
        for one in seat.out:
            if one.attempt.state is not AttemptState.PARKED and not one.rests:
                moving.update(assets_of(one.attempt.intent.symbol))
        tolerance = {i.base: i.amount_step for i in seat.instruments.values()}
        for instrument in seat.instruments.values():  # exchanges round what each trade costs in their own way
            tolerance.setdefault(instrument.quote, ROUNDED * (1 + seat.booked))
        found = gaps(theirs, seat.balances, self._watched() - moving, tolerance)
        short = shortages(theirs, self._held(), tolerance, moving)
        found = short + [gap for gap in found if gap.asset not in {one.asset for one in short}]
        self._seen = {gap: self._seen.get(gap, now) for gap in found}
        old = [gap for gap, since in self._seen.items() if now - since >= QUIET]
        await self._renew(old, {gap.asset for gap in found} | moving)

    @property
    def young(self) -> bool:
        """Whether a gap was seen that is not old enough to be believed."""
        return any(self._seat.times.monotonic() - since < QUIET for since in self._seen.values())

    def _watched(self) -> set[str]:
        """What our orders move; the person's other coins are none of our business."""
        seat = self._seat
        watched = {asset for symbol in seat.symbols for asset in assets_of(symbol)}
        return watched | (seat.fee_assets & seat.opened)

    def _held(self) -> dict[str, Decimal]:
        """By coin: what the bot has bought and not sold."""
        held: dict[str, Decimal] = {}
        for position in self._seat.view().positions:
            base, _ = assets_of(position.symbol)
            held[base] = held.get(base, ZERO) + position.quantity
        return held

    async def _renew(self, old: list[Gap], open_assets: set[str]) -> None:
        seat = self._seat
        everything = await seat.journal.differences(seat.account, unanswered=False)
        waiting = {d.asset: d for d in everything if d.answered_at is None}
        ignored = {(d.asset, d.theirs - d.ours) for d in everything if d.answer is Answered.IGNORE}
        for gap in old:
            card = waiting.get(gap.asset)
            if (gap.asset, gap.amount) in ignored or (
                card and (card.theirs, card.ours) == (gap.theirs, gap.ours)
            ):
                continue
            waiting[gap.asset] = await self._ask(gap, card, len(everything))
        for asset in waiting.keys() - open_assets:  # gone by itself: a balance that lagged for long
            await self._end(waiting.pop(asset), None, BY_ITSELF)
        self.freeze(waiting.values())

    async def _ask(self, gap: Gap, card: Difference | None, number: int) -> Difference:
        """One card for each asset; when the gap changes, the card changes."""
        seat, now = self._seat, self._seat.times.wall()
        held = self._held().get(gap.asset, ZERO)
        words = (seat.account, "difference", gap.asset, str(number), str(seat.lease.epoch))
        difference = Difference(
            id=card.id if card else token(seat.secret, *words)[:8],
            account=seat.account,
            asset=gap.asset,
            symbols=tuple(s for s in seat.symbols if gap.asset in assets_of(s)),
            theirs=gap.theirs,
            ours=gap.ours,
            cause=likely_cause(gap, held),
            at=now,
        )
        await seat.journal.save_difference(difference)
        seat.tell(DifferenceFound(now, difference))
        return difference

    def freeze(self, waiting: Iterable[Difference]) -> None:
        """Nothing is bought of symbols with an unanswered card; everything else goes on."""
        self._seat.frozen = {
            symbol: f"{d.asset}: the exchange says {d.theirs}, the books say {d.ours} (card {d.id})"
            for d in waiting
            for symbol in d.symbols
        }

    async def recall(self) -> None:
        """After a start: what was frozen is frozen."""
        self.freeze(await self._seat.journal.differences(self._seat.account, unanswered=True))

    async def waiting(self) -> list[Difference]:
        return await self._seat.journal.differences(self._seat.account, unanswered=True)

    async def answer(self, id: str, answer: Answered, by: str) -> Difference:
        """A person explains a difference. A transfer takes the exchange's figure, as no profit and no loss."""
        waiting = {d.id: d for d in await self.waiting()}
        if id not in waiting:
            raise Refused(f"The card {id} does not wait for an answer any more.")
        difference = waiting.pop(id)
        if answer is Answered.TRANSFER:
            await self._take_theirs(difference, by)
        answered = await self._end(difference, answer, by)
        self.freeze(waiting.values())
        return answered

    async def _take_theirs(self, difference: Difference, by: str) -> None:
        """The exchange's figure counts from now on, and the bot holds no more than there is."""
        seat, asset = self._seat, difference.asset
        apart = difference.theirs - seat.balances.get(asset, ZERO)
        flow = ExternalFlow(
            account=seat.account,
            ref=f"difference {difference.id} {difference.theirs}",
            asset=asset,
            amount=apart,
            kind=FlowKind.ADJUSTMENT,
            at=seat.times.wall(),
            note=f"explained by {by} (card {difference.id})",
        )
        if apart:
            seat.flowed(await seat.journal.add_flows([flow]))
        missing = self._held().get(asset, ZERO) - difference.theirs
        for position in seat.view().positions:
            if missing > 0 and assets_of(position.symbol)[0] == asset:
                gone = min(missing, position.quantity)
                seat.step(CoinsGone(seat.times.wall(), position.sleeve, position.symbol, gone))
                missing -= gone
        await seat.keep()

    async def _end(self, difference: Difference, answer: Answered | None, by: str) -> Difference:
        seat = self._seat
        ended = replace(difference, answer=answer, answered_by=by, answered_at=seat.times.wall())
        await seat.journal.save_difference(ended)
        seat.tell(DifferenceAnswered(seat.times.wall(), ended))
        return ended


def assets_of(symbol: str) -> tuple[str, str]:
    """Base and quote."""
    base, _, rest = symbol.partition("/")
    return base, rest.partition(":")[0]
