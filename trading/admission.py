"""Accounts that come and go while the others trade."""

from dataclasses import dataclass, replace

from trading.boot import open_room
from trading.build import Room
from trading.domain.account import Mode
from trading.domain.errors import Refused
from trading.domain.events import KillAsked
from trading.floor import Floor
from trading.running import Running, symbols_of


@dataclass(slots=True)
class Admission(Running):
    """An account that comes joins the market it wants where that is open already: one feed, one evaluation."""

    async def admit(self, name: str) -> None:
        """Bring one account of the settings to life. What keeps it from that stands in `trouble` afterwards."""
        async with self._coming_up:
            if name in self.rooms:
                return
            self.trouble[name] = "starting"
            floor = self._floor_for(name)
            if floor is None:
                key = next(key for key, names in self._by_market().items() if name in names)
                await self._start_floor(f"{key} {name}", [name])
                return
            with self._noting_trouble(name):
                await self._join(name, floor)

    async def dismiss(self, name: str) -> None:
        """Let an account go that holds nothing that could be sold; everything of it is on disk when this returns."""
        room = self.room(name)
        desk = room.desk
        kept = any(
            not desk.instruments[p.symbol].is_dust(p.quantity, desk.book.prices[p.symbol])
            for p in desk.book.positions.values()
        )
        if kept or desk.orders.live:
            raise Refused(f"The account {name} still holds something; it can go once everything is sold.")
        floor = self.floor_of(name)
        async with floor.busy:
            await self.keep_all()
            floor.rooms.pop(name, None)
            self.rooms.pop(name, None)
            self.trouble.pop(name, None)
        await self.seats.vacate(name)

    async def reconnect(self, name: str) -> None:
        """Let an account of real money go on with the key it has now, without a restart.

        The exchange is asked about the new key first. Raises TradingError when it is not fit, or when the disk cannot
        be written: then the account goes on with the one before. Whatever fails later is told and tried again.
        """
        room, floor = self.room(name), self.floor_of(name)
        way = await self.seats.way_of(name)
        async with self._coming_up, floor.busy:
            await self.keep_all()
            if self.keeper.trouble is not None:
                await way.close()
                raise Refused(f"{name} cannot change its key now: {self.keeper.trouble}")
            with self._noting_trouble(name):
                await self.seats.change(room, floor.market, way)
                return
            floor.rooms.pop(name, None)
            self.rooms.pop(name, None)
            await self.seats.vacate(name)
        raise Refused(f"{name} does not trade with the new key yet: {self.trouble[name]} It is tried again.")

    def regrade(self, name: str, mode: Mode) -> Room:
        """The same account under another mode, with all it holds and has out."""
        room = replace(self.room(name), mode=mode)
        self.floor_of(name).rooms[name] = self.rooms[name] = room
        return room

    def _floor_for(self, name: str) -> Floor | None:
        """A market that runs already and has everything this account wants."""
        group = next(names for names in self._by_market().values() if name in names)
        neighbours = {other for other in group if other in self.rooms}
        for floor in self.floors.values():
            if neighbours & floor.rooms.keys() and set(symbols_of(self.settings, name)) <= set(
                floor.feed.symbols
            ):
                return floor
        return None

    async def _join(self, name: str, floor: Floor) -> None:
        """Between two ticks: nothing closes while the account learns what its strategies need."""
        async with floor.busy:
            instruments = await self._instruments(name, floor.market)
            hearer = self._hearer(name)
            room = await open_room(name, self.settings, instruments, self.store, floor.board, hearer)
            if self.seats.real(room):
                await self.seats.take(room, floor.market)
            known = floor.board.needs()
            try:
                await self._wake([room], floor)
                await self._recover([room], floor)
                if name not in floor.rooms:
                    return  # what keeps it from trading is told, and tried again
                if floor.board.needs() != known:
                    await floor.warm(floor.feed.cursor)
            except BaseException:
                floor.rooms.pop(name, None)
                raise
            self.rooms[name] = room
            self.trouble.pop(name, None)
        if self.kill_file.exists():
            at = floor.market.now()
            room.step(KillAsked(at, "the KILL_SWITCH file was there at the start", "file"))
            await self.keep_all()
        await self.kill_as_asked([room])
