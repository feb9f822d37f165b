"""kill -9 between the request and its answer, for real: adopted, one order, one fill, books to the last digit."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fakes.binance import FakeBinance
from tests.story.house import PATIENCE
from tests.story.livevictim import MINUTE, LiveVictim
from trading.clock import wall_clock


@pytest.fixture
async def binance():
    async with FakeBinance(wall_clock) as exchange:
        exchange.account.key.name, exchange.account.key.secret = "a-key-of-the-test", "a-secret-of-it"
        exchange.account.truth.give("USDT", "10000")
        now = MINUTE.floor(wall_clock())
        for n in range(1, 120):
            exchange.write("BTC/USDT", now - n * timedelta(minutes=1), 100.0)
        exchange.account.move("BTC/USDT", Decimal(100))
        yield exchange


def options(binance: FakeBinance):
    found = binance.exchange_options()
    return {k: v for k, v in found.items() if k not in ("apiKey", "secret")}


async def next_life(folder, binance):
    victim = LiveVictim(folder, options(binance), buys=False)
    try:
        await victim.says("up")
        return await victim.says("settled")
    finally:
        victim.end()


def agree(facts, binance: FakeBinance) -> None:
    """Ours against theirs, to the last digit."""
    truth = binance.account.truth
    assert facts["fills"] == len(truth.deals)
    assert facts["held"] == facts["balances"].get("BTC", 0) == truth.total("BTC")
    assert facts["cash"] == facts["balances"]["USDT"] == truth.total("USDT")
    assert "broken" not in facts["halts"]
    assert "exchange" not in facts["halts"]


@pytest.mark.parametrize("carried_out", [True, False], ids=["carried out", "lost"])
async def test_a_desk_that_is_killed_before_the_answer_knows_the_truth_in_its_next_life(
    tmp_path, binance, carried_out
):
    binance.fail("POST order", after=carried_out, hang=True)
    victim = LiveVictim(tmp_path, options(binance), buys=True)
    await victim.says("up")
    async with asyncio.timeout(PATIENCE):
        while not binance.asked["order"]:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.1)
    victim.end()
    binance.mend()

    facts = await next_life(tmp_path, binance)

    assert len(binance.account.truth.orders) == carried_out
    assert [state for _, state in facts["attempts"]] == ["closed" if carried_out else "dead"]
    agree(facts, binance)


@pytest.mark.parametrize("milliseconds", [10, 60])
async def test_a_desk_that_is_killed_at_any_moment_buys_once_at_most(tmp_path, binance, milliseconds):
    victim = LiveVictim(tmp_path, options(binance), buys=True)
    await victim.says("up")
    await asyncio.sleep(milliseconds / 1000)
    victim.end()

    facts = await next_life(tmp_path, binance)

    assert len(binance.account.truth.orders) <= 1
    agree(facts, binance)
