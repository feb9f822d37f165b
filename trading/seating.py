"""Seats of real-money accounts: the way to the exchange, the lease, the first balances, and the executor's life."""

import asyncio
import hashlib
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from trading import delisted
from trading.build import Room
from trading.clock import Clock
from trading.core.recheck import recheck
from trading.core.stops import stops
from trading.domain.errors import Broken, Refused, SettingsError, TradingError, Uncertain
from trading.domain.keys import Credentials, Purpose
from trading.domain.live import ExternalFlow, FlowKind
from trading.execution.approval import Asking
from trading.execution.live import Live, Outside
from trading.execution.seat import Seat
from trading.execution.times import Times
from trading.execution.venue import Unreachable, Venue
from trading.identity import identity as market_of
from trading.keeper import Keeper
from trading.limits import halved, limits_for
from trading.market.feed import Market
from trading.modes import wiring
from trading.settings import AccountSettings, Settings
from trading.settings_notify import duration
from trading.store.highwater import HighWater
from trading.store.journal import SqlJournal
from trading.store.store import Store

if TYPE_CHECKING:
    from trading.exchange.venue import CcxtVenue

log = structlog.get_logger("seating")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How an account reaches its exchange: one client for the day, one for kills, and who it is there."""

    venue: Venue
    killer: Venue
    identity: str  # the exchange account: two desks with the same one must not both trade
    close: Callable[[], Awaitable[None]]
    warnings: tuple[str, ...] = ()  # what its owner should know of the key
    capped: bool = False  # the key is open to more than it should be


class Keys(Protocol):
    """Who opens exchange keys: the safe."""

    async def credentials(self, account: str, purpose: Purpose) -> Credentials: ...


OpenWay = Callable[[str], Awaitable[Way]]


async def _nothing(account: str) -> Collection[str]:
    return ()


def ccxt_ways(
    settings: Settings,
    keys: Keys,
    clock: Clock,
    had: Callable[[str], Awaitable[Collection[str]]] = _nothing,
) -> OpenWay:
    """Ways to real exchanges, with the keys of the safe; a key that may withdraw opens none. `had`: what an account
    has already, which need not be traded there any more."""

    async def open_way(account: str) -> Way:
        from trading.exchange.probing import inspect
        from trading.exchange.venue import CcxtVenue

        mine = settings.accounts[account]
        options = await options_of(mine, account, keys)
        has = await had(account)
        found = await inspect(mine.exchange, options, [s for s in mine.symbols if s not in has], clock)
        if found.against:
            raise Refused(found.against[0])
        for warning in found.warnings:
            log.warning("key_warning", account=account, warning=warning)
        venue = CcxtVenue(mine.exchange, options, clock)
        killer = venue.killer()
        await _warm(account, venue, killer)

        async def close() -> None:
            await killer.close()
            await venue.close()

        print_of = hashlib.sha256(f"{market_of(mine)} {options.get('apiKey')}".encode()).hexdigest()[:16]
        return Way(
            venue=venue,
            killer=killer,
            identity=f"{mine.exchange} {print_of}",
            close=close,
            warnings=found.warnings,
            capped=found.capped,
        )

    return open_way


async def _warm(account: str, *venues: "CcxtVenue") -> None:
    """The first order and the first kill find everything ready; what cannot be had now is had then."""
    try:
        for venue in venues:
            await venue.warm_up()
    except Unreachable as error:
        log.warning("not_warm", account=account, reason=str(error))


async def options_of(mine: AccountSettings, account: str, keys: Keys) -> dict[str, Any]:
    """What ccxt is given for an account, its key that trades among it."""
    options = dict(mine.exchange_options)
    if not options.get("apiKey"):
        options |= (await keys.credentials(account, Purpose.TRADE)).options()
    return options


def check_real(settings: Settings, account: str) -> None:
    """Raise SettingsError for real money where there is none."""
    mine = settings.accounts[account]
    if wiring(mine.trading_mode, account).real and mine.exchange == "simulated":
        where = settings.where(("accounts", account, "mode"))
        raise SettingsError(
            f"{where}: accounts.{account}.mode is '{mine.mode}', which trades real money, and its exchange is the "
            "simulated market; name an exchange, or choose paper. Nothing was started."
        )


@dataclass(slots=True)
class Seats:
    """Every account of real money that has taken its place. `open_way` can be another one in a simulation."""

    settings: Settings
    store: Store
    keeper: Keeper
    clock: Clock
    open_way: OpenWay | None = None
    times: Times = field(init=False)
    holder: str = ""  # the same for every life of this data folder, and for no other
    lives: dict[str, Live] = field(default_factory=dict)
    _taken: dict[str, Live] = field(default_factory=dict)  # not all of them have recovered yet
    _ways: dict[str, Way] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.times = Times(self.clock)
        self.holder = self.holder or f"{socket.gethostname()}:{self.settings.data_dir.absolute()}"

    def real(self, room: Room) -> bool:
        return wiring(room.mode, room.name).real

    async def check_kind(self, account: str) -> None:
        """Raise SettingsError when paper books would go on with real money, or real ones on paper."""
        real = wiring(self.settings.accounts[account].trading_mode, account).real
        if await self.store.snapshot(account) is None:
            return
        was_real = bool(await SqlJournal(self.store.database).flows(account))
        if was_real and not real:
            raise SettingsError(
                f"The account {account} was begun with real money and cannot go on as a simulated one: its orders "
                "are at the exchange. Give the simulated account another name."
            )
        if real and not was_real:
            raise SettingsError(
                f"The account {account} was begun on paper and cannot go on with real money: what it holds was never "
                "bought. Give the account with real money another name."
            )

    async def take(self, room: Room, market: Market) -> None:
        """Give an account its executor. Raises TradingError saying what is missing; then nothing can leave, and the
        next try takes whatever key it has by then."""
        way = await self._way(room.name)
        try:
            seat = await self._seat(room, way, delisted.gone(market))
            if await self.store.snapshot(room.name) is None:
                await self._open_books(seat, room)
        except Unreachable as error:
            await self.vacate(room.name)
            raise Uncertain(f"{way.venue.profile.name} did not answer: {error}") from None
        except TradingError:
            await self.vacate(room.name)
            raise
        live = Live(seat, self._outside(room, way, market))
        live.restore(room.desk.orders.live)
        room.session.executor = live
        if way.capped:
            room.desk.limits = halved(room.desk.limits)
        self._taken[room.name] = live

    async def recover(self, room: Room) -> None:
        """Before its first decision: everything that was out is known and reconciled."""
        live = self._taken[room.name]
        outcome = await live.recover()
        self.lives[room.name] = live
        for problem in outcome.problems:
            log.error("not_reconciled", account=room.name, problem=problem)

    def ask_anew(self, room: Room) -> None:
        """The account's mode has changed: from now on its orders are asked about as that one says."""
        live = self._taken.get(room.name)
        if live is not None:
            live.ask_as(self._asking(room))

    def is_capped(self, account: str) -> bool:
        """Whether its key was open to more than it should be when it took its seat."""
        way = self._ways.get(account)
        return way is not None and way.capped

    async def way_of(self, account: str) -> Way:
        """A new way to its exchange, with the key it has now. Raises TradingError when that key is not fit for it."""
        if self.open_way is None:
            raise Refused(f"The account {account} has no way to its exchange.")
        way = await self.open_way(account)
        try:
            self._check_alone(account, way)
        except Refused:
            await way.close()
            raise
        return way

    async def change(self, room: Room, market: Market, way: Way) -> None:
        """Go another way from now on, as after a start: what was out is known and reconciled before anything leaves.

        What was stepped must be on disk. Raises TradingError when it cannot take its seat again; then it has none.
        """
        before, limits = self.lives.pop(room.name), room.desk.limits
        await before.retire("the account connects with another key")
        await self._release(before)
        old, self._ways[room.name] = self._ways[room.name], way
        await old.close()
        await self.take(room, market)
        usual = limits_for(self.settings, room.name)
        share = (halved(usual) if way.capped else usual).capital_share
        room.desk.limits = replace(limits, capital_share=share)
        await self.recover(room)

    async def check_clean(self, account: str) -> None:
        """Raise Refused unless ours and the exchange's books agree right now."""
        live = self.lives.get(account)
        if live is None:
            return
        outcome = await live.reconcile()
        if not outcome.clean:
            raise Refused(f"The exchange and the books must agree first: {outcome.problems[0]}")
        if live.parked:
            raise Refused(
                f"Nobody knows whether the exchange has {len(live.parked)} of the orders of {account}; "
                "answer that first (/parked)."
            )

    async def run(self) -> None:
        """Until cancelled: every seat at work, those that come later, too, and no longer than they are taken."""
        at_work: dict[Live, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                here = set(self.lives.values())
                at_work |= {live: group.create_task(live.run()) for live in here - at_work.keys()}
                for live in at_work.keys() - here:
                    at_work.pop(live).cancel()
                await asyncio.sleep(0.25)

    async def vacate(self, account: str) -> None:
        """The account goes for good: others may have its exchange account, and nothing leaves from here."""
        self.lives.pop(account, None)
        live, way = self._taken.pop(account, None), self._ways.pop(account, None)
        if live is not None:
            await live.calm()
            await self._release(live)
        if way is not None:
            await way.close()

    async def calm(self) -> bool:
        """Before an orderly stop: nothing new leaves; True when no request is without its answer."""
        return all([await live.calm() for live in self.lives.values()])

    async def close(self) -> None:
        """Let others have the exchange accounts, and let go of every socket."""
        for live in self._taken.values():
            await self._release(live)
        for way in self._ways.values():
            await way.close()
        self._ways.clear()

    async def _release(self, live: Live) -> None:
        try:
            await live.seat.journal.release(live.seat.lease, self.times.wall())
        except Broken as error:
            log.error("lease_not_released", account=live.seat.account, reason=error.tell)

    # --- taking a seat ----------------------------------------------------------------------------------

    def _check_alone(self, account: str, way: Way) -> None:
        """Raise Refused when another account of this house trades there: each would take the other's money for its
        own, and its orders for a stranger's."""
        for other in self._taken.keys() - {account}:
            if self._ways[other].identity == way.identity:
                raise Refused(
                    f"{account} has the exchange key of {other}; each account needs an exchange account of its own."
                )

    async def _way(self, account: str) -> Way:
        if account not in self._ways:
            self._ways[account] = await self.way_of(account)
        return self._ways[account]

    async def _seat(self, room: Room, way: Way, gone: Collection[str]) -> Seat:
        journal, water = SqlJournal(self.store.database), HighWater(self.settings.data_dir)
        lease = await journal.take(
            room.name, way.identity, self.holder, self.times.wall(), water.read(way.identity)
        )
        water.write(way.identity, lease.epoch)
        desk = room.desk

        async def keep() -> bool:
            return await self.keeper.keep(room.recorder.drain(self.clock()))

        async def cash_moves() -> set[tuple[datetime, Decimal, str]]:
            return {(f.at, f.amount, f.note) for f in await self.store.flows(room.name)}

        return Seat(
            account=room.name,
            venue=way.venue,
            journal=journal,
            times=self.times,
            secret=await journal.secret(),
            lease=lease,
            instruments=desk.instruments,
            step=room.step,
            tell=room.session.tell,
            keep=keep,
            cash_moves=cash_moves,
            view=lambda: desk.account(self.clock()),
            halts=lambda: desk.halts.all,
            began=self.times.wall(),
            gone=gone,
        )

    async def _open_books(self, seat: Seat, room: Room) -> None:
        """A new account begins with what is at the exchange; only the money is its own, coins are the person's."""
        known, book = await seat.journal.flows(room.name), room.desk.book
        if not known:
            now = self.times.wall()
            totals = {asset: b.total for asset, b in (await seat.venue.balances()).items() if b.total}
            if totals.get(book.currency, Decimal(0)) <= 0:  # nothing is written down: it may come yet
                raise Refused(
                    f"There is no {book.currency} in this exchange account, so {room.name} cannot trade."
                )
            known = await seat.journal.add_flows(_openings(room.name, totals, now))
        book.cash = sum((f.amount for f in known if f.asset == book.currency), Decimal(0))

    def _outside(self, room: Room, way: Way, market: Market) -> Outside:
        async def price(symbol: str) -> Decimal:
            found = (await market.quotes([symbol])).get(symbol)
            if found is None:
                raise Refused(f"{market.name} tells no price of {symbol} right now; try again.")
            return Decimal(repr(found))

        return Outside(
            killer=way.killer,
            asking=self._asking(room),
            recheck=lambda intent: recheck(room.desk, intent, self.clock()),
            price=price,
            stops=lambda: stops(room.desk),
        )

    def _asking(self, room: Room) -> Asking | None:
        mine, canary = self.settings.accounts[room.name], self.settings.canary
        above = Decimal(0) if wiring(room.mode, room.name).asks_first else mine.approve_above
        if above is None:
            return None
        lasts = duration(canary.ask_for) or timedelta(minutes=10)
        return Asking(above=above, lasts=lasts, max_drift=canary.max_drift)


def _openings(account: str, totals: Mapping[str, Decimal], at: datetime) -> list[ExternalFlow]:
    return [
        ExternalFlow(
            account=account,
            ref=f"opening {asset}",
            asset=asset,
            amount=amount,
            kind=FlowKind.OPENING,
            at=at,
            note="what was at the exchange",
        )
        for asset, amount in sorted(totals.items())
    ]
