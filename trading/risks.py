"""What the rules hold an account to, seen and changed by people: limits, reasons, the calendar."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from trading.build import Room
from trading.calendars import closures_for
from trading.core import guard
from trading.domain.errors import Refused, SettingsError
from trading.domain.events import CalendarChanged, LimitsChanged
from trading.domain.market import Instrument
from trading.domain.risk import Closure, LimitChange, Limits, LimitView, Planned, Watched, Why
from trading.domain.view import Budget
from trading.limits import limits_for, limits_of
from trading.risk.account import is_lost
from trading.risk.budget import budgets, tails
from trading.risk.gate import review
from trading.risk.limits import LIMITS, Limit, changed, limit_named
from trading.risk.rules import Case
from trading.risk.watched import beyond, watched
from trading.risk.why import why
from trading.steering import Steering
from trading.store.changes import keep_limits, keep_skipped, kept_limits, skipped_closures

log = structlog.get_logger("risks")

READ_AGAIN = timedelta(minutes=10)  # how often the calendar's file is looked at


@dataclass(slots=True)
class Risks:
    """One per house; works on the accounts that `house` keeps alive."""

    house: Steering
    _read_at: datetime | None = field(default=None)

    # --- limits -----------------------------------------------------------------------------------------

    async def limits(self, account: str) -> tuple[LimitView, ...]:
        """Every limit of this account, in the order of the rules' table."""
        now, house = self.house.room(account).desk.limits, self._of_house()
        kept = await kept_limits(self.house.store, account)
        return tuple(
            LimitView(
                name=limit.name,
                rule=limit.rule,
                help=limit.help,
                value=getattr(now, limit.name),
                shown=limit.show(getattr(now, limit.name)),
                house=limit.show(getattr(house, limit.name)),
                changed=limit.name in kept,
            )
            for limit in LIMITS.values()
        )

    def change(self, account: str, name: str, text: str) -> LimitChange:
        """What setting this limit would do; raises Refused for what there is not, or may not be."""
        limit, desk = limit_named(name), self.house.room(account).desk
        value, before = limit.read(text), getattr(desk.limits, limit.name)
        self._keep_within_house(account, limit, value)
        tops = {"drawdown": desk.book.peak_equity}
        top = tops.get(limit.name)
        return LimitChange(
            name=limit.name,
            before=limit.show(before),
            after=limit.show(value),
            looser=limit.looser(value, before),
            sells=top is not None and not desk.halts.killed and is_lost(desk.book.equity, top, value),
            beyond=beyond(limit.name, *self._standing(account, changed(desk.limits, {limit.name: value}))),
        )

    async def set_limit(self, account: str, name: str, text: str, by: str) -> LimitChange:
        """Hold the account to it from now on, through restarts; written down first."""
        done, limit, room = self.change(account, name, text), limit_named(name), self.house.room(account)
        kept = await kept_limits(self.house.store, account) | {limit.name: limit.read(text)}
        limits = limits_for(self.house.settings, account, kept)
        limits = replace(limits, capital_share=room.desk.limits.capital_share)  # an open key has less
        await keep_limits(self.house.store, account, kept)
        await self.house.do([room], lambda now: LimitsChanged(now, limits, by))
        return done

    def _keep_within_house(self, account: str, limit: Limit, value: float) -> None:
        """An account's own limit in the settings is its parent, the house's that one's."""
        settings = self.house.settings
        parent = getattr(limits_for(settings, account), limit.name)
        if not limit.looser(value, parent):
            return
        own = limit.name in settings.accounts[account].risk.model_fields_set
        keys = ("accounts", account, "risk", limit.name) if own else ("risk", limit.name)
        raise Refused(
            f"{limit.name} may not be looser than {limit.show(parent)}, which is set at {settings.where(keys)}; "
            f"found {limit.show(value)}."
        )

    def _of_house(self) -> Limits:
        return limits_of(self.house.settings.risk)

    # --- looking ----------------------------------------------------------------------------------------

    def budgets(self, account: str) -> tuple[Budget, ...]:
        """What is left of every limit, what a bad day would cost among them."""
        case = guard.standing(self.house.room(account).desk)
        return (*budgets(case), *tails(case))

    def watched(self, account: str) -> tuple[Watched, ...]:
        """Every limit that is on, and how far it is used."""
        case, _, symbols, losses = self._standing(account, self.house.room(account).desk.limits)
        return watched(case, symbols, losses)

    def _standing(self, account: str, limits: Limits) -> tuple[Case, Limits, tuple[str, ...], dict[str, int]]:
        """The account as it stands, and what some limits look at beside it."""
        desk = self.house.room(account).desk
        at = desk.last_candle_at or guard.NEVER
        losses = {name: desk.risk.past(name, at).losses for name in desk.sleeves}
        return guard.standing(desk), limits, tuple(desk.instruments), losses

    def exposures(self, account: str) -> dict[str, float]:
        """The share of equity at work in each symbol, entries that may still fill included; largest first."""
        case = guard.standing(self.house.room(account).desk)
        found: dict[str, float] = {}
        for (_, symbol), value in case.exposures.items():
            found[symbol] = found.get(symbol, 0.0) + float(value / case.equity if case.equity > 0 else value)
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))

    def instrument(self, account: str, symbol: str) -> Instrument:
        """Raises Refused for a symbol this account does not trade."""
        instruments = self.house.room(account).desk.instruments
        if symbol not in instruments:
            raise Refused(f"Account {account} does not trade '{symbol}'; it trades {', '.join(instruments)}.")
        return instruments[symbol]

    def why(self, account: str, symbol: str) -> Why | None:
        """The newest decision about a symbol; None where nothing was asked since the start."""
        self.instrument(account, symbol)
        desk = self.house.room(account).desk
        asked = [found for key, found in desk.risk.asked.items() if key[1] == symbol]
        if not asked:
            return None
        case, answer = max(asked, key=lambda found: found[0].intent.decided_at)
        return why(case, answer, limits_for(self.house.settings, account), real=True)

    def why_now(self, account: str, symbol: str, sleeve: str = "") -> Why | None:
        """What a purchase of the usual size would meet now, by this sleeve where it trades the symbol, or by another.

        None where no sleeve trades it, or no price is known.
        """
        self.instrument(account, symbol)
        desk, house = self.house.room(account).desk, limits_for(self.house.settings, account)
        sleeves = [s for s in desk.sleeves.values() if symbol in s.symbols]
        for one in sorted(sleeves, key=lambda s: (s.name != sleeve, not s.enabled)):
            now = guard.wanted(desk, one.name, symbol)
            if now is not None:
                return why(now, review(now), house, real=False)
        return None

    def too_small(self, account: str, symbol: str) -> tuple[str, Decimal, Decimal] | None:
        """The sleeve whose usual purchase is less than the exchange takes: what it is worth, and the least."""
        instrument, desk = self.instrument(account, symbol), self.house.room(account).desk
        for one in desk.sleeves.values():
            price, size = desk.book.prices.get(symbol), None
            if symbol in one.symbols and price is not None:
                size = guard.usual(desk, one.name, symbol)
            if price is not None and size is not None:
                return one.name, size * price, max(instrument.min_cost, instrument.min_amount * price)
        return None

    # --- the calendar -----------------------------------------------------------------------------------

    async def planned(self, account: str, count: int) -> tuple[Planned, ...]:
        """What closes entries now and next, the events that were let pass among them."""
        now, skipped = self.house.clock(), await skipped_closures(self.house.store, account)
        self.house.room(account)
        every = sorted(closures_for(self.house.settings, account, now), key=lambda c: (c.since, c.until))
        return tuple(
            Planned(closure=c, skipped=c.id in skipped, now=c.since <= now < c.until)
            for c in every
            if c.until > now
        )[:count]

    async def skip(self, account: str, wanted: str, by: str) -> Closure:
        """Let an event pass: the named one, or the one that closes entries now. Entries open at once."""
        planned = await self.planned(account, 1000)
        waiting = [p.closure for p in planned if not p.skipped]
        found = next((c for c in waiting if c.id == wanted), None)
        if not wanted:
            found = next((p.closure for p in planned if p.now and not p.skipped), None)
        if found is None:
            raise Refused(_nothing_to_skip(wanted, waiting))
        known = {p.closure.id for p in planned}
        skipped = [id_ for id_ in await skipped_closures(self.house.store, account) if id_ in known]
        await keep_skipped(self.house.store, account, [*skipped, found.id])
        await self._spread([self.house.room(account)], by)
        return found

    async def read_calendar(self) -> None:
        """Look at the calendar's file now and then; what is wrong with it is logged, and the old events stay."""
        now = self.house.clock()
        if self._read_at is not None and now - self._read_at < READ_AGAIN:
            return
        self._read_at = now
        try:
            await self._spread(self.house.rooms.values(), "calendar")
        except SettingsError as error:
            log.error("calendar_not_read", reason=error.tell)

    async def _spread(self, rooms: Iterable[Room], by: str) -> None:
        for room in list(rooms):
            skipped = await skipped_closures(self.house.store, room.name)
            closures = closures_for(self.house.settings, room.name, self.house.clock(), skipped)
            if closures != room.desk.calendar.closures:
                await self.house.do([room], lambda now, c=closures: CalendarChanged(now, c, by))  # type: ignore[misc]


def _nothing_to_skip(wanted: str, waiting: list[Closure]) -> str:
    if not wanted:
        return "No event closes entries now; /calendar lists those to come."
    if not waiting:
        return f"There is no event '{wanted}'; the calendar is empty."
    return f"There is no event '{wanted}'; the next is '{waiting[0].id}' ({waiting[0].name})."
