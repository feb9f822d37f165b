"""A whole desk on the simulated market, for tests of commands and reports, and somebody who asks it things."""

from pathlib import Path

from bot.app import House, build
from bot.dispatcher import Line
from bot.reply import Reply
from migrations.run import upgrade
from trading.clock import Clock
from trading.domain.people import Place
from trading.lab.workers import Workers
from trading.settings import load

TERMINAL = Place(platform="terminal", user_id="local", chat_id="local", private=True)


async def a_desk(folder: Path, clock: Clock, text: str = "", **environ: str) -> House:
    """Not started yet; `text` is its settings file, `environ` more by their names there. Jobs run in this process."""
    file = folder / "settings.toml"
    file.write_text(text)
    settings = load(file, {"TRADEWIND__DATA_DIR": str(folder)} | environ)
    await upgrade(settings.database_url)
    house = await build(settings, clock)
    house.trading.lab.workers = Workers(own_process=False)
    return house


async def leave(house: House) -> None:
    await house.trading.close()
    house.studio.close()
    await house.store.close()


async def replies(house: House, text: str, place: Place = TERMINAL, **secrets: str) -> list[Reply]:
    """Everything that is answered to what was typed or pressed."""
    line = Line(text=text, place=place, name="Mina", update_id=None, sent_at=None, secrets=secrets)
    return [reply async for reply in house.dispatcher.handle(line)]


async def answered(house: House, text: str, place: Place = TERMINAL, **secrets: str) -> Reply:
    """The last of them."""
    return (await replies(house, text, place, **secrets))[-1]
