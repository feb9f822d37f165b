"""A desk on the simulated market with several people in it, for tests of commands about people and accounts."""

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pyotp
import pytest

from bot.app import House, build
from bot.dispatcher import Line
from bot.reply import Reply
from migrations.run import upgrade
from tests.fakes.clock import HandClock
from trading.domain.people import Person, Place
from trading.lab.workers import Workers
from trading.settings import load

TERMINAL = Place(platform="terminal", user_id="local", chat_id="local", private=True, local=True)


def a_phone(number: int) -> Place:
    return Place(platform="telegram", user_id=str(number), chat_id=str(number), private=True)


@dataclass
class Somebody:
    """One person at one place, who talks to the desk."""

    house: House
    place: Place
    heard: list[Reply] = field(default_factory=list)

    async def says(
        self, text: str, *, update_id: str | None = None, sent_at: datetime | None = None
    ) -> Reply:
        line = Line(text=text, place=self.place, name="x", update_id=update_id, sent_at=sent_at)
        self.heard = [reply async for reply in self.house.dispatcher.handle(line)]
        return self.heard[-1]

    async def presses(self, reply: Reply, number: int = 0) -> Reply:
        return await self.says([b for row in reply.buttons for b in row][number].command)

    async def person(self) -> Person | None:
        return await self.house.people.find(self.place)


@dataclass
class People:
    """The owner at the terminal, and whoever they let in."""

    house: House
    clock: HandClock
    owner: Somebody

    async def invited(self, words: str, number: int, name: str = "") -> Somebody:
        """Somebody who used an invitation on their own phone."""
        made = await self.owner.says(f"/invite {words} !")
        guest = Somebody(self.house, a_phone(number))
        line = Line(
            text=f"/start {made.data['code']}",
            place=guest.place,
            name=name or f"guest{number}",
            update_id=None,
            sent_at=None,
        )
        guest.heard = [reply async for reply in self.house.dispatcher.handle(line)]
        return guest

    async def owner_on(self, number: int) -> Somebody:
        """The owner again, on a phone of theirs."""
        made = await self.owner.says("/link")
        phone = Somebody(self.house, a_phone(number))
        await phone.says(f"/start {made.data['code']}")
        return phone

    async def authenticator(self, somebody: Somebody) -> "Authenticator":
        """A second factor for somebody, set up at this machine."""
        at_home = replace(somebody.place, local=True)
        here = Somebody(self.house, at_home)
        made = await here.says("/totp")
        shown = Authenticator(made.data["secret"], self.clock)
        await here.says(f"/totp {shown.code()}")
        self.clock.advance(timedelta(seconds=30))
        return shown


@dataclass
class Authenticator:
    secret: str
    clock: HandClock

    def code(self) -> str:
        return pyotp.TOTP(self.secret).at(int(self.clock().timestamp()))


def _simpler(accounts):
    """One strategy and one market each: these tests are about people."""
    few = {"symbols": ("BTC/USDT",)}
    return {
        name: account.model_copy(update=few | {"sleeves": dict(list(account.sleeves.items())[:1])})
        for name, account in accounts.items()
    }


@asynccontextmanager
async def a_house_of_people(folder, clock, **environ):
    """A house at work, its jobs in this process; `environ` are further settings by their environment names."""
    settings = load(None, {"TRADEWIND__DATA_DIR": str(folder), **environ})
    await upgrade(settings.database_url)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("trading.boot.PAST", timedelta(days=2))
        patched.setattr("bot.app.logs.protect", lambda *values: None)  # the keys of hundreds of houses add up
        house = await build(settings, clock)
        house.settings.accounts.update(_simpler(house.settings.accounts))
        house.trading.lab.workers = Workers(own_process=False)
        try:
            await house.trading.start()
            yield People(house, clock, Somebody(house, TERMINAL))
        finally:
            await house.trading.close()
            house.studio.close()
            await house.store.close()
