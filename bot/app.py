"""The composition root: builds the house by hand, starts it in order, stops it in order."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from bot import registry
from bot.dispatcher import Dispatcher, Line
from bot.entrance import enter, visit
from bot.exposed import warning
from bot.jobs import report_daily, timetable
from bot.keynews import look_at_keys
from bot.notify.acting import remembering
from bot.notify.announcer import Announcer
from bot.notify.asking import asks
from bot.notify.build import notices
from bot.nursery import Nursery
from bot.ops import logs
from bot.panel import Panels
from bot.people import with_settings
from bot.platforms import Platform, PlatformOff
from bot.platforms.terminal import KILL_FILE, TOKEN_FILE
from bot.platforms.web import WebPlatform
from bot.record import look_at_the_record
from bot.reply import Reply
from bot.reports import away_report
from bot.rounds import Rounds, next_report
from bot.ruling import tend
from bot.suggest import Suggester
from bot.web.server import WebServer
from bot.web.session import TERMINAL
from charts.render import Studio
from migrations.newest import bring_up
from trading.clock import Clock, wall_clock
from trading.domain.errors import Broken, SettingsError, TradingError
from trading.domain.notice import Severity
from trading.domain.people import Person, Role
from trading.domain.view import Away
from trading.keeper import Keeper
from trading.lab.workers import Workers
from trading.service import Trading
from trading.settings import Settings
from trading.store import lease
from trading.store.keyring import advice
from trading.store.people import PeopleStore
from trading.store.store import Store

if TYPE_CHECKING:
    from bot.platforms.telegram import TelegramPlatform

log = structlog.get_logger("app")

CODE_LASTS = timedelta(days=1)
TOPICS = {"reports", "alerts", "trades"}
Say = Callable[[str], None]


@dataclass(slots=True)
class House:
    """Everything that was built, by name; what a command line without a running desk uses, too."""

    settings: Settings
    clock: Clock
    store: Store
    people: PeopleStore
    trading: Trading
    studio: Studio
    dispatcher: Dispatcher
    suggester: Suggester
    owner: Person
    platforms: dict[str, Platform] = field(default_factory=dict)
    telegram: "TelegramPlatform | None" = None


async def build(settings: Settings, clock: Clock = wall_clock) -> House:
    """Open the store and wire the rooms; nothing runs yet. Raises SettingsError when it cannot work as set up."""
    first = next(iter(settings.accounts))
    store = await Store.open(settings.database_url, clock)
    trading = Trading(settings, store, clock, Keeper(store), settings.data_dir / KILL_FILE)
    await _unlock(trading, settings)
    await trading.opening.load()
    people = PeopleStore(
        store,
        account=first,
        language=settings.language,
        zone=settings.zone,
        opens=trading.opening.template,
        taken=lambda: trading.accounts,
        ring=lambda: trading.safe.vault.ring,
    )
    trading.safe.vault.others.append(people.rewrap_factors)
    studio = Studio(settings.data_dir / "cache")
    commands = with_settings(registry.discover(), settings.people)
    dispatcher = Dispatcher(commands, trading, people, store, studio, clock)
    dispatcher.newcomer = trading.opening.refresh
    owner = await _owner(people)
    suggester = Suggester(trading, people, commands)
    return House(settings, clock, store, people, trading, studio, dispatcher, suggester, owner)


async def _unlock(trading: Trading, settings: Settings) -> None:
    """Open the safe with the master key, before anything that needs a key or writes into the audit."""
    try:
        await trading.safe.open(
            settings.master_key_path, settings.data_dir, lambda values: logs.protect(*values)
        )
    except TradingError:
        await trading.store.close()
        raise
    logs.seal(trading.safe.log_key)


async def _owner(people: PeopleStore) -> Person:
    """Whoever sits at this machine owns the desk; the first start makes them somebody."""
    owner = await people.owner()
    if owner is None:
        code = await people.new_code(None, {Role.OWNER}, CODE_LASTS)
        owner = await people.pair(TERMINAL, "owner", code)
    if owner is None:
        raise SettingsError("The owner could not be written into the database; is it writable?")
    await people.link(TERMINAL.platform, TERMINAL.user_id, owner.id)
    await people.subscribe(TERMINAL.address, owner.id, "*", set())  # a terminal is asked, never called
    return owner


async def answer_alone(settings: Settings, line: Line, warn: Say) -> AsyncIterator[Reply]:
    """Answer one line without a running desk, from what is on disk; `warn` hears why no desk would start."""
    held = lease.hold(settings.data_dir)
    try:
        await bring_up(settings.database_url)
        house = await build(settings)
        try:
            house.trading.check()
        except SettingsError as error:
            if not line.anyway:
                raise
            warn(error.tell)
        house.trading.lab.workers = Workers(own_process=False)
        await house.trading.look()
        async for reply in house.dispatcher.handle(line):
            yield reply
        await _close(house)
    finally:
        held.release()


async def serve(
    settings: Settings, say: Say, stop: asyncio.Event | None = None, clock: Clock = wall_clock
) -> None:
    """Run the desk until it is told to stop. `say` prints lines for the person at the terminal."""
    held = lease.hold(settings.data_dir)
    try:
        await bring_up(settings.database_url)
        house = await build(settings, clock)
        house.trading.check()
        await _live(house, held, say, stop)
    finally:
        held.release()


def _stop_signal() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _kill_signal(house: House, nursery: Nursery) -> None:
    """SIGUSR1 stops everything, as the KILL_SWITCH file does."""

    def kill() -> None:
        nursery.start("kill", house.trading.kill("the signal SIGUSR1", by="signal"))

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, kill)


async def _live(house: House, held: lease.Lease, say: Say, stop: asyncio.Event | None) -> None:
    nursery, settings = Nursery(), house.settings
    if stop is None:  # a program of its own, whose signals are meant for it
        stop = _stop_signal()
        _kill_signal(house, nursery)
    await house.trading.incidents.load()
    telling = notices(house.trading, house.people, house.platforms)
    announcer = telling.announcer
    house.trading.listen(announcer.hear)
    house.trading.listen(telling.canary.hear)
    await _open_platforms(house, held, say)
    for platform in house.platforms.values():
        nursery.start(platform.name, _run_platform(platform, say))
    await telling.outbox.recover()
    ask_people = asks(house.people, telling.outbox, house.clock)
    house.dispatcher.steps.tell = ask_people
    house.dispatcher.paired = lambda place: nursery.start(
        f"menu {place.address}", _menu(house, place.address)
    )
    nursery.start("menus", _menus(house))
    for name, loop in telling.loops.items():
        nursery.keep(name, loop)
    await _greet(house, say)
    rounds = Rounds(house.trading, house.studio, announcer)
    scheduler = timetable(
        tick=house.trading.tick,
        watch_kill_file=house.trading.obey_kill_file,
        retry_markets=_retry_job(house, announcer, say),
        read_calendar=house.trading.risks.read_calendar,
        tend_owners=partial(tend, house.people, ask_people),
        look_at_keys=partial(look_at_keys, house.trading, announcer.tell),
        reports={name: (a.report_at, rounds.job(name)) for name, a in settings.accounts.items()},
    )
    nursery.keep("hints", house.trading.follow_hints)
    nursery.keep("orders", house.trading.seats.run)
    house.trading.opening.heard.append(
        lambda name: report_daily(scheduler, name, settings.accounts[name].report_at, rounds.job(name))
    )
    panels = Panels(
        house.trading,
        house.people,
        house.platforms,
        lambda account, person: next_report(settings.accounts[account].report_at, person.zone, house.clock()),
    )
    nursery.keep("panels", panels.run)
    wrong: list[TradingError] = []

    async def begin() -> None:
        try:
            await _start_trading(house, announcer, scheduler.start, say)
        except TradingError as error:  # nothing that waiting could mend
            wrong.append(error)
            stop.set()

    nursery.start("start", begin())
    nursery.start("record", look_at_the_record(house.trading, announcer.tell, say))
    await stop.wait()
    say("Stopping: no new orders; everything is written down.")
    scheduler.shutdown(wait=False) if scheduler.running else None
    house.trading.lab.workers.close()  # whoever waits for a backtest is told so now
    if not await house.trading.seats.calm():
        say("An order was left without an answer; the next start looks it up.")
    await telling.close(seconds=3)
    await nursery.close()
    await _close(house)
    if wrong:
        raise wrong[0]


async def _close(house: House) -> None:
    """Let go of everything; Broken when the last of it could not be written down."""
    await house.trading.close()
    house.studio.close()
    await house.store.close()
    if house.trading.keeper.trouble:
        raise Broken(f"What happened last could not be written down: {house.trading.keeper.trouble}")


async def _start_trading(
    house: House, announcer: Announcer, start_jobs: Callable[[], None], say: Say
) -> None:
    start_jobs()  # first of all: the kill file is watched from here on
    await _wake(house.trading.start, house, announcer)
    for name, trouble in house.trading.trouble.items():
        say(f"account {name} is not trading yet: {trouble}")
    house.trading.ready.set()
    killed = [name for name, room in house.trading.rooms.items() if room.desk.halts.killed]
    if killed:
        say(
            f"KILLED: {', '.join(killed)}. Nothing is bought until an owner sends /unkill. Ctrl+C stops the desk."
        )
    elif house.trading.rooms:
        say("The desk is trading. Ctrl+C stops it; what it holds is kept and goes on next time.")
    else:
        say("Nothing is traded yet; every 30 s it is tried again. Ctrl+C stops the desk.")


async def _wake(begin: Callable[[], Awaitable[list[Away]]], house: House, announcer: Announcer) -> None:
    for away in await begin():
        if away.until - away.since > timedelta(minutes=2):
            word = partial(away_report, house.trading, away)
            try:
                await announcer.tell(away.account, "alerts", word, Severity.WARNING)
            except TradingError as error:
                log.error("away_not_told", account=away.account, reason=error.tell)


def _retry_job(house: House, announcer: Announcer, say: Say) -> Callable[[], Awaitable[None]]:
    async def retry() -> None:
        missing = [name for name in house.settings.accounts if name not in house.trading.rooms]
        await _wake(house.trading.retry, house, announcer)
        for name in [name for name in missing if name in house.trading.rooms]:
            say(f"account {name} is trading now.")

    return retry


# --- platforms ----------------------------------------------------------------------------------------------


async def _open_platforms(house: House, held: lease.Lease, say: Say) -> None:
    """Each chat platform that has what it needs; one that has not is left out and touches nobody else."""
    settings, commands = house.settings, house.dispatcher.commands
    handle = remembering(house.dispatcher.handle)
    if settings.web.enabled:
        server = _web_server(house, _terminal_token(settings.data_dir))
        server.bind()
        held.announce(server.address)
        house.platforms["web"] = WebPlatform(server)
        code = await house.people.new_code(house.owner.id, (), CODE_LASTS)
        say(f"web chat:     {server.url(code)}")
    if settings.notify.services:
        from bot.platforms.apprise import ApprisePlatform

        house.platforms["apprise"] = ApprisePlatform(settings.notify.services)
    if settings.telegram.token.get_secret_value():
        from bot.platforms.telegram import TelegramPlatform

        house.telegram = TelegramPlatform(settings.telegram, handle, commands, house.clock)
        house.platforms["telegram"] = house.telegram
    if settings.discord.token.get_secret_value():
        from bot.platforms.discord import DiscordPlatform

        house.platforms["discord"] = DiscordPlatform(
            settings.discord, handle, commands, house.suggester.on("discord"), house.clock
        )


def _web_server(house: House, terminal_token: str) -> WebServer:
    return WebServer(
        settings=house.settings.web,
        handle=remembering(house.dispatcher.handle),
        sessions=house.people,
        enter=lambda code, name: enter(house.people, code, name, house.trading.opening.refresh),
        commands=house.dispatcher.commands,
        suggest=house.suggester.on("web"),
        checks=house.trading.checks,
        header=house.trading.header,
        clock=house.clock,
        terminal_token=terminal_token,
        visit=partial(
            visit, house.people, house.store, house.settings.telegram.token.get_secret_value(), house.clock
        ),
    )


def _terminal_token(data_dir: Path) -> str:
    """A fresh secret for each run, readable by this user only."""
    path, token = data_dir / TOKEN_FILE, secrets.token_urlsafe(32)
    logs.protect(token)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(token)
    return token


async def _menus(house: House) -> None:
    """Give every paired Telegram chat its full command menu again, in case commands have changed."""
    for address, _ in await house.people.readers("alerts", "*"):
        await _menu(house, address)


async def _menu(house: House, address: str) -> None:
    """The full command menu for one Telegram chat, and the page as its button; tried until Telegram is there."""
    platform, _, chat = address.partition(":")
    if platform != "telegram" or house.telegram is None:
        return
    commands = [c for c in house.dispatcher.commands.values() if not c.terminal_only]
    for wait in (1, 5, 30, 120, 600):
        try:
            await house.telegram.publish_menu(chat, commands)
            await house.telegram.offer_page(chat, house.settings.web.public_url)
            return
        except ConnectionError:
            await asyncio.sleep(wait)


async def _run_platform(platform: Platform, say: Say) -> None:
    try:
        await platform.run()
    except PlatformOff as off:
        log.warning("platform_off", platform=platform.name, reason=str(off))
        say(f"{platform.name} is off: {off}")


async def _greet(house: House, say: Say) -> None:
    if house.trading.safe.made is not None:
        say(advice(house.trading.safe.made))
    if exposed := warning(house.settings):
        say(exposed)
    code = await house.people.new_code(house.owner.id, (), CODE_LASTS)
    say(f"pairing code: {code}")
    say(
        "Open the link: that browser becomes your chat. On Telegram or Discord, send the bot: /start and the code."
    )
