"""Steering: kill, pause, resume, and what a person changes of a sleeve while it runs."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog

from trading import late_kills
from trading.admission import Admission
from trading.build import Room
from trading.core.sleeve import Sleeve
from trading.domain.errors import Refused, TradingError
from trading.domain.events import HaltAsked, HaltLifted, KillAsked, KillLifted, SleeveChanged
from trading.domain.risk import HaltKind
from trading.floor import Floor
from trading.store.records import SleeveOverride
from trading.vetting import check_vetted, follows_otherwise

log = structlog.get_logger("steering")

KILL_ASKED = "a kill was asked for"  # the reason of the pause that begins with the question
QUOTE_SECONDS = 5.0  # how long a kill waits for fresh prices; without them it sells at the next candle


@dataclass(slots=True)
class Steering(Admission):
    """Stopping is always possible, at once; starting again is asked for and checked."""

    async def kill(self, reason: str, by: str, account: str | Collection[str] | None = None) -> None:
        """Stop at once: latch, file, cancel, sell at the next price. Killing twice is killing once.

        `account`: one, several, or all with the file that keeps even those stopped which come up later (None). Of
        several, those that cannot be reached are killed once they can be.
        """
        self.step(self.named(account), lambda now: KillAsked(now, reason, by))
        trouble = self._write_kill_file(reason, by) if account is None else None
        for floor in self.floors.values():
            waiting = {s for room in floor.rooms.values() for s in room.executor.waiting}
            if waiting:
                await self._quote(floor, waiting)
        await self.keep_all()
        if account is not None and not isinstance(account, str):
            await self._kill_later([name for name in account if name not in self.rooms], reason, by)
        if trouble:
            raise Refused(f"Everything is stopped, but the KILL_SWITCH file could not be written: {trouble}.")

    async def _kill_later(self, names: Collection[str], reason: str, by: str) -> None:
        for name in names:
            await late_kills.remember(self.store, name, reason, by)
        await self.kill_as_asked(self.named(names))  # those that came up in this very moment

    @staticmethod
    async def _quote(floor: Floor, symbols: set[str]) -> None:
        """Sell at a fresh price where there is one; what a silent market cannot tell sells at its next candle."""
        try:
            async with asyncio.timeout(QUOTE_SECONDS):
                await floor.quote(symbols)
        except (TradingError, TimeoutError) as error:
            log.warning("no_quote", symbols=sorted(symbols), reason=str(error))

    async def close_entries(self, by: str, account: Collection[str] | None = None) -> None:
        """Pause accounts at once, because a kill is being asked for; what is stopped already stays as it is."""
        await self.do(
            self.named(account), lambda now: HaltAsked(now, HaltKind.PAUSE, "a kill was asked for", by)
        )

    async def unkill(self, by: str, account: str | Collection[str] | None = None) -> None:
        """An owner lifts the kill: entries may open again, drawdown is measured from here.

        The file stops every account, so lifting a kill of some is refused while it is there.
        """
        killed = [room for room in self.named(account) if room.desk.halts.killed]
        if not killed:
            asked = {account} if isinstance(account, str) else account
            away = [name for name in self.trouble if asked is None or name in asked]
            self._refuse_while_away([name for name in away if await self._killed_before(name)])
            raise Refused("Nothing is killed, so there is nothing to lift.")
        if account is None:
            self._refuse_while_away(self.trouble)
        if account is not None and self.kill_file.exists():
            raise Refused("The whole desk is killed; only an owner of every account lifts that.")
        for room in killed:
            await self.seats.check_clean(room.name)
        try:
            self.kill_file.unlink(missing_ok=True)
        except OSError as error:
            raise Refused(
                f"The KILL_SWITCH file cannot be removed ({error.strerror}), so the kill stays."
            ) from None
        await self.do(killed, lambda now: KillLifted(now, by))
        await self._lift_kill_pause(killed, by)

    def _refuse_while_away(self, names: Iterable[str]) -> None:
        """Raise Refused, naming the first of them; nothing happens where there is none."""
        for name in names:
            why = self.trouble[name]
            raise Refused(f"The account {name} cannot be reached yet ({why}); lift the kill once it is back.")

    async def _killed_before(self, name: str) -> bool:
        """Whether an account that cannot be reached is killed: by the file, in its last life, or since."""
        if self.kill_file.exists() or await late_kills.asked(self.store, name) is not None:
            return True
        return any(halt.kind is HaltKind.KILL for halt in await self.store.halts(name))

    async def _lift_kill_pause(self, rooms: Iterable[Room], by: str) -> None:
        """The pause that asking for a kill began; one that a person asked for stays."""
        asked = [
            r
            for r in rooms
            if any((h.kind, h.reason) == (HaltKind.PAUSE, KILL_ASKED) for h in r.desk.halts.all)
        ]
        await self.do(asked, lambda now: HaltLifted(now, HaltKind.PAUSE, by))

    async def obey_kill_file(self) -> None:
        """The file stops everything; taking it away does not start anything."""
        if any(not room.desk.halts.killed for room in self.rooms.values()) and self.kill_file.exists():
            await self.kill("the KILL_SWITCH file appeared", by="file")

    async def pause(self, account: str, reason: str, by: str) -> None:
        """No new entries until somebody resumes; exits go on."""
        await self.do(self.named(account), lambda now: HaltAsked(now, HaltKind.PAUSE, reason, by))

    async def resume(self, account: str, by: str, also: Collection[str] = ()) -> None:
        """Entries open again. A kill is not lifted by this.

        `also`: further accounts where the pause ends that the question of a kill began.
        """
        halts = self.room(account).desk.halts
        if halts.killed:
            raise Refused("This account is killed; only an owner's /unkill ends that.")
        kinds = [kind for kind in (HaltKind.PAUSE, HaltKind.BROKEN) if kind in halts]
        if not kinds:
            raise Refused("This account is not paused.")
        await self._lift_kill_pause(self.named({account, *also}), by)  # "sell nothing" paused them all
        for kind in kinds:
            await self.do(self.named(account), partial(HaltLifted, kind=kind, by=by))

    async def switch(self, account: str, sleeve: str, enabled: bool, by: str) -> None:
        """Turn a strategy on or off; switched off it sells what it holds.

        Raises Refused for one that real money must not follow: `ladder.vetting.before` is asked first.
        """
        await self._change_sleeve(self.room(account), self.switched(account, sleeve, enabled), {}, by)

    def switched(self, account: str, sleeve: str, enabled: bool) -> Sleeve:
        """A strategy as it would be, on or off. Raises Refused when it is so already."""
        found: Sleeve = self._sleeve(self.room(account), sleeve)
        if found.enabled == enabled:
            raise Refused(f"{sleeve} is {'on' if enabled else 'off'} already.")
        return replace(found, enabled=enabled)

    async def set_params(self, account: str, sleeve: str, words: Mapping[str, str], by: str) -> None:
        """Change a strategy's parameters from the next candle on.

        Raises Refused for one that real money must not follow like this: `ladder.vetting.before` is asked first.
        """
        tuned = self.tuned(account, sleeve, words)
        changed = {
            name: value for name, value in tuned.strategy.values(tuned.params).items() if name in words
        }
        await self._change_sleeve(self.room(account), tuned, changed, by)

    def tuned(self, account: str, sleeve: str, words: Mapping[str, str]) -> Sleeve:
        """A strategy as it would be with these parameters. Raises Refused when one does not fit."""
        found: Sleeve = self._sleeve(self.room(account), sleeve)
        return replace(found, params=found.strategy.params({**found.strategy.values(found.params), **words}))

    async def _change_sleeve(self, room: Room, changed: Sleeve, words: Mapping[str, Any], by: str) -> None:
        """History first, because a market may fail to give it; then the database, then the desk."""
        if follows_otherwise(self.seats, room, changed):
            await check_vetted(self.store, room.name, changed)
        floor = next((f for f in self.floors.values() if room.name in f.rooms), None)
        if floor is not None:
            async with floor.busy:
                await floor.learn(changed.questions())
        known = (await self.store.sleeves(room.name)).get(changed.name, SleeveOverride())
        switched = room.desk.sleeves[changed.name].enabled != changed.enabled
        override = SleeveOverride(
            enabled=changed.enabled if switched else known.enabled, params={**known.params, **words}
        )
        await self.store.save_sleeve(room.name, changed.name, override)
        values: dict[str, Any] = dict(changed.strategy.values(changed.params))
        await self.do([room], lambda now: SleeveChanged(now, changed.name, changed.enabled, values, by))

    def _write_kill_file(self, reason: str, by: str) -> str | None:
        try:
            self.kill_file.write_text(f"{self.clock().isoformat()} {by}: {reason}\n")
        except OSError as error:
            return error.strerror or type(error).__name__
        return None

    @staticmethod
    def _sleeve(room: Room, name: str) -> Any:
        if name not in room.desk.sleeves:
            raise Refused(
                f"Account {room.name} has no strategy '{name}'; it has {', '.join(room.desk.sleeves)}."
            )
        return room.desk.sleeves[name]
