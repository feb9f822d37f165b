"""Whatever goes away comes back: the chat, the exchange, single candles; trading is told, halted, made up for."""

import asyncio
import random
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from math import sin, tau
from typing import Any

import pytest

from bot.notify import announcer, build, outbox
from bot.notify.lane import Pace
from bot.notify.outbox import Outbox
from bot.platforms import telegram_delivery
from tests.fakes import telegram_api
from tests.fakes.binance import FakeBinance
from tests.story.chats import InTheBrowser, OnDiscord, OnTelegram
from tests.story.house import (
    PATIENCE,
    House,
    RunningClock,
    a_house,
    an_account,
    at_a_quicker_beat,
    settings_for,
    until,
)
from trading import boot
from trading.exchange.client import CcxtMarket
from trading.exchange.resilience import Patience

NOON = datetime(2025, 3, 10, 12, 0, 5, tzinfo=UTC)
EMA = {"share": 1.0, "fast": 3, "slow": 8, "timeframe": "1m", "symbols": ["BTC/USDT"]}


# Ten per cent up and down in half an hour is more than the usual limits let anybody buy.
WILD = {
    "volatility": 100,
    "value_at_risk": 10,
    "shortfall": 10,
    "liquidity": 100,
    "price_band": 1,
    "slippage": 1,
}


@pytest.fixture
def clock(monkeypatch) -> RunningClock:
    """The time of the story. The house's jobs look at it several times a second."""
    clock = RunningClock(NOON)
    at_a_quicker_beat(monkeypatch, tick=0.05, retry_markets=0.2)
    monkeypatch.setattr(announcer, "GATHER_SECONDS", 0.1)
    monkeypatch.setattr(outbox, "PAUSE_SECONDS", 0.1)
    market = partial(
        CcxtMarket, steady=lambda: clock().timestamp(), patience=Patience(first=0.01, cap=0.02), pulse=0.05
    )
    monkeypatch.setattr(boot, "CcxtMarket", market)
    return clock


@pytest.fixture
async def binance(clock):
    """An exchange whose BTC rises from 11:57 to 12:09 and then falls, as it does every 24 minutes."""
    async with FakeBinance(clock) as exchange:
        for n in range(-3200, 120):  # more than two days: limits that look back know nothing of less
            exchange.write("BTC/USDT", minute(n), 100 + 10 * sin((n - 3) * tau / 24))
            exchange.write("ETH/USDT", minute(n), 50)
        yield exchange


def minute(n: int) -> datetime:
    """So many minutes after noon."""
    return NOON.replace(second=0) + timedelta(minutes=n)


def on(binance: FakeBinance) -> dict[str, Any]:
    """The settings of a paper account on this exchange."""
    account = {"exchange": "binance", "exchange_options": binance.exchange_options()}
    return {
        "accounts": an_account(**account, symbols=["BTC/USDT", "ETH/USDT"], sleeves={"ema_cross": EMA}),
        "risk": WILD,
    }


async def pass_by(clock: RunningClock, house: House, minutes: int) -> None:
    """Let minutes go by, one after the other, each seen by the desk."""
    for _ in range(minutes):
        clock.leap(minutes=1)
        await seen(clock, house)


async def seen(clock: RunningClock, house: House) -> None:
    """Wait until the desk has the candle that closed last."""
    last = f"{clock():%Y-%m-%dT%H:%M:00Z}"
    await house.until_it_says(lambda now: now["last_candle_at"] == last, "status")


def halts(status: dict[str, Any]) -> list[str]:
    return [halt["kind"] for halt in status["halts"]]


# --- the chat -------------------------------------------------------------------------------------------------


async def test_while_telegram_is_away_everything_else_goes_on_and_its_alerts_arrive_later(
    tmp_path, clock, monkeypatch
):
    monkeypatch.setattr(telegram_delivery, "TRIES", 1)  # so that the outage outlasts single tries
    async with OnTelegram() as telegram, InTheBrowser() as browser:
        async with a_house(tmp_path, clock, **telegram.sections) as house:
            await browser.connect(house)
            await browser.pair(house)
            await telegram.pair(house)
            await telegram.telegram.go_down()
            await pass_by(clock, house, minutes=2)
            paused = await browser.say("/pause the line is dead")
            await asyncio.sleep(1.5)  # longer than anything waits that is only good to know
            meanwhile = [m.text for m in telegram.telegram.shown(telegram.ann)]
            await telegram.telegram.come_back()
            shown = await until(lambda: _with(telegram, "the line is dead"))
            status = await telegram.say("/status")

    assert "Paused: no new entries." in paused.text
    assert not any("the line is dead" in text for text in meanwhile)
    assert "PAPER · main" in shown[0]
    assert "PAUSED by" in status.text


def _with(telegram: OnTelegram, words: str) -> list[str]:
    return [m.text for m in telegram.telegram.shown(telegram.ann) if words in m.text]


async def test_trading_goes_on_through_each_fault_of_the_chats_in_turn(tmp_path, clock, binance, monkeypatch):
    monkeypatch.setattr(build, "Outbox", partial(Outbox, pace=Pace(seconds=1.0)))
    async with OnTelegram() as telegram, OnDiscord() as discord, InTheBrowser() as browser:
        group, deleted = telegram.telegram.group("Desk"), telegram.telegram.group("Old desk")
        channel = discord.discord.channel("alerts")
        telegram.telegram.threads.add((group.id, 7))
        places = [f"telegram:{group.id}/7", f"telegram:{deleted.id}", f"discord:{channel.id}", "apprise:mail"]
        routes = {"routes": {"warning": places}, "services": {"mail": "nonsense"}, "escalate_after": ""}
        faults = {
            "bot blocked": lambda: telegram.telegram.block(telegram.ann),
            "topic gone": telegram.telegram.threads.clear,
            "chat deleted": lambda: telegram.telegram.chats.pop(deleted.id),
            "permission missing": lambda: setattr(channel, "writable", False),
            "caption too long": partial(monkeypatch.setattr, telegram_api, "CAPTION_LIMIT", 10),
        }
        chats = {**telegram.sections, **discord.sections}
        async with a_house(tmp_path, clock, **chats, **on(binance), notify=routes) as house:
            await discord.connect(house)
            await browser.connect(house)
            await browser.pair(house)
            await telegram.pair(house)
            await pass_by(clock, house, minutes=4)
            for fault, happens in faults.items():
                happens()
                await house.asked("pause", fault)
                await house.asked("resume")
                await pass_by(clock, house, minutes=1)
            telegram.telegram.blocked.clear()
            telegram.telegram.say(telegram.ann, "/equity 24h")
            answered = await until(lambda: [t for t in _with(telegram, "Equity") if "today" in t])
            await pass_by(clock, house, minutes=7)
            trades = await house.facts("trades")
            await _all_told(browser, faults)
            told = "\n".join(await browser.standing())

    assert [(t["entry_at"][11:16], t["exit_at"][11:16]) for t in trades] == [("12:03", "12:15")]
    assert len(answered) == 1
    lost = ["apprise:mail", f"telegram:{telegram.ann.id}", f"telegram:{deleted.id}", f"discord:{channel.id}"]
    assert {chat: told.count(f"{chat} takes no messages any more") for chat in lost} == dict.fromkeys(lost, 1)
    assert told.count(f"A message for telegram:{group.id}/7 went elsewhere") == 1
    assert [m.text for m in telegram.telegram.shown(group) if "caption too long" in m.text]


async def _all_told(browser: InTheBrowser, faults: Iterable[str]) -> None:
    """Wait until the page names them all, and the sale after them."""
    async with asyncio.timeout(PATIENCE):
        told = ""
        while not all(words in told for words in [*faults, "Sold "]):
            await asyncio.sleep(0.1)
            told = "\n".join(await browser.standing())


# --- the exchange ---------------------------------------------------------------------------------------------


def undisturbed(binance: FakeBinance) -> None:
    """Nothing happens."""


def disconnected(binance: FakeBinance) -> None:
    """Nothing answers any more, and nobody may connect."""
    binance.fail("klines", times=10**6, status=503)
    binance.deaf = True


def silent(binance: FakeBinance) -> None:
    """Everything answers, and nothing new is in it."""
    for n in range(5, 120):
        binance.books.hide("BTCUSDT", minute(n))
        binance.books.hide("ETHUSDT", minute(n))
    binance.silent = True


def jumbled(binance: FakeBinance) -> None:
    """Every candle comes twice, and all of them in no order."""
    binance.books.mangle = lambda rows: random.Random(7).sample([*rows, *rows], 2 * len(rows))


def gapped(binance: FakeBinance) -> None:
    """One candle of one market is missing."""
    binance.books.hide("BTCUSDT", minute(7))


OUTAGES = {undisturbed: [], disconnected: ["feed"], silent: ["feed"], jumbled: [], gapped: []}


@pytest.mark.parametrize(("outage", "halted"), OUTAGES.items(), ids=[o.__name__ for o in OUTAGES])
async def test_whatever_an_exchange_does_the_same_trades_are_made(tmp_path, clock, binance, outage, halted):
    async with (
        OnTelegram() as telegram,
        a_house(tmp_path, clock, **telegram.sections, **on(binance)) as house,
    ):
        await telegram.pair(house)
        await pass_by(clock, house, minutes=4)
        held = (await house.facts("status"))["holdings"]
        outage(binance)
        await binance.drop()
        for _ in range(8):
            clock.leap(minutes=1)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.15 if halted else 1.5):  # some ticks
                    await seen(clock, house)
        lost = await house.until_it_says(lambda now: halts(now) == halted, "status")
        _mend(binance)
        clock.leap(minutes=1, seconds=5)
        await seen(clock, house)
        back = await house.facts("status")
        await pass_by(clock, house, minutes=5)
        trades = await house.facts("trades")
        await until(lambda: _with(telegram, "Sold "))  # told after all the rest
        told = [m.text for m in telegram.telegram.shown(telegram.ann)]

    assert len(held) == 1
    assert lost["holdings"][0]["quantity"] == held[0]["quantity"]
    assert halts(back) == []
    assert [(t["entry_at"][11:16], t["exit_at"][11:16]) for t in trades] == [("12:03", "12:15")]
    assert sum("No fresh prices" in text for text in told) == len(halted)
    assert sum("Prices are back; " in text for text in told) == len(halted)


def _mend(binance: FakeBinance) -> None:
    binance.mend()
    binance.books.show()
    binance.books.mangle = list
    binance.deaf = binance.silent = False


async def test_an_exchange_that_cannot_be_reached_is_told_never_simulated_and_tried_again(
    tmp_path, clock, binance
):
    binance.fail("exchangeInfo", times=10**6, status=503)

    house = House(settings_for(tmp_path, **on(binance)), clock)
    async with InTheBrowser() as browser:
        await house.until_it_said("Nothing is traded yet")
        await browser.connect(house)
        await browser.pair(house)
        before = [await browser.say(line) for line in ("/status", "/balance", "/trades", "/chart BTC/USDT")]
        health = await browser.say("/health")
        killed = await browser.say("/kill !")
        binance.mend()
        await house.until_it_said("account main is trading now.")
        status = await house.facts("status")
        candles = (await browser.say("/chart BTC/USDT 1m")).pictures
        await house.close()

    why = "The account main is not trading yet: binance"
    assert [answer.shown["title"][: len(why)] for answer in before] == [why] * 4
    assert "Something needs attention." in health.text
    assert "KILLED" in killed.text
    assert (status["exchange"], status["cash"], halts(status)) == ("binance", 10000, ["kill"])
    assert len(candles) == 1


async def test_a_kill_while_the_exchange_is_away_holds_and_sells_as_soon_as_it_is_back(
    tmp_path, clock, binance
):
    async with InTheBrowser() as browser, a_house(tmp_path, clock, **on(binance)) as house:
        await browser.connect(house)
        await browser.pair(house)
        await pass_by(clock, house, minutes=4)
        disconnected(binance)
        for endpoint in ("ticker/24hr", "ticker/price"):
            binance.fail(endpoint, times=10**6, status=503)
        killed = await browser.say("/kill !")
        waiting = await house.facts("status")
        _mend(binance)
        clock.leap(minutes=1, seconds=5)
        flat = await house.until_it_says(lambda now: not now["holdings"], "status")

    assert "KILLED" in killed.text
    assert "1 positions wait for the next price" in killed.text
    assert (len(waiting["holdings"]), halts(waiting)) == (1, ["kill"])
    assert "kill" in halts(flat)
