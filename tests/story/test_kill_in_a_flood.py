"""A kill while the exchange sends a thousand messages a second: shut, taken back, sold, and nothing else left."""

import asyncio
import json
import signal
from pathlib import Path

import pytest

from tests.story.canary import store_key
from tests.story.flood import OPEN, RESTING, SYMBOLS, Exchange, flooding, section, want_everything
from tests.story.house import House, a_house, asked, until
from tests.story.livevictim import Wants
from tests.story.process import a_machine
from trading.domain.events import KillReported


async def typed(house: House) -> None:
    await house.asked("kill", "a flood", "!")


async def by_file(house: House) -> None:
    await asyncio.to_thread(Path(house.settings.data_dir, "KILL_SWITCH").touch)


@pytest.mark.parametrize("kill", [typed, by_file])
async def test_a_kill_in_a_flood_takes_back_what_rests_sells_what_was_bought_and_sends_nothing_else(
    tmp_path, trading, kill
):
    async with Exchange() as exchange:
        exchange.open_market()
        accounts = {"main": section(exchange)}
        await store_key(tmp_path, accounts=accounts)
        async with a_house(tmp_path, accounts=accounts) as house, flooding(exchange, 1000) as flood:
            receipts = []
            trading().listen(
                lambda _, event: receipts.append(event.receipt) if isinstance(event, KillReported) else None
            )
            room = trading().room("main")
            room.desk.answers, room.desk.limits = Wants(), OPEN
            await exchange.subscribed("btcusdt@kline_1m")
            want_everything(trading())
            await until(lambda: len(exchange.account.truth.orders) == len(SYMBOLS))
            await kill(house)
            receipt = await until(lambda: next((one for one in receipts if one.open == 0), None))
            sent = flood.sent
            want_everything(trading())
            await until(lambda: flood.sent > sent + 100)

    truth = exchange.account.truth
    assert truth.open() == []
    assert [(o.symbol, o.side) for o in truth.orders.values()][len(SYMBOLS) :] == [("BTC/USDT", "sell")]
    assert {str(o.id) for o in truth.orders.values() if o.symbol in RESTING} <= set(receipt.canceled)
    assert [symbol for symbol, _ in receipt.sold] == ["BTC/USDT"]
    assert receipt.open == 0


async def test_a_signal_kills_and_the_kill_outlives_the_process(tmp_path):
    with a_machine(tmp_path) as machine:
        desk = machine.a_desk()
        desk.process.send_signal(signal.SIGUSR1)
        await until(lambda: (machine.data / "KILL_SWITCH").exists())
        killed = await asked(machine.data, "status")
        desk.stop()
        after = json.loads(machine.run("status", "--json").out.whole())

    assert [h["kind"] for h in killed.data["halts"]] == ["kill"]
    assert killed.data["halts"][0]["reason"] == "the signal SIGUSR1"
    assert [h["kind"] for h in after["halts"]] == ["kill"]
