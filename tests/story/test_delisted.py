"""A coin that the account holds is delisted: after a restart everything else is alive, and its owner is told."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.builders import a_candle
from tests.story.canary import BTC, MINUTE, SLEEVES, a_canary_house, account, quote
from tests.story.house import a_house, until
from trading.domain.events import CandlesClosed, KillReported
from trading.domain.risk import Limits

ETH = "ETH/USDT"
SLOW = {**SLEEVES, "ema_cross": {**SLEEVES["ema_cross"], "share": 0.9}}


def a_live_house(folder, binance, trading):
    mine = account(binance, mode="live", symbols=[BTC, ETH], sleeves=SLOW)
    return a_canary_house(folder, binance, trading, accounts={"main": mine})


def leave(binance, how):
    """The exchange stops trading ETH: it says so, or does not name it any more."""
    if how == "gone":
        del binance.listed["ETHUSDT"]
    else:
        binance.listed["ETHUSDT"] = replace(binance.listed["ETHUSDT"], status=how)


async def buys_both(live):
    desk, now = live.trading.room("main").desk, datetime.now(UTC)
    desk.limits = Limits(order_share=1.0, daily_loss=1.0, drawdown=1.0)
    quote(live.binance, 100.0, ETH)
    live.wanted.share = 1.0
    opened = now - MINUTE.length
    candles = tuple(a_candle(symbol=s, timeframe=MINUTE, opened_at=opened, close=100.0) for s in (BTC, ETH))
    live.trading.room("main").step(CandlesClosed(now, candles))
    await until(lambda: all(desk.book.held("ema_cross", symbol) for symbol in (BTC, ETH)))
    await until(lambda: not desk.orders.live)


@pytest.mark.parametrize("how", ["BREAK", "gone"])
async def test_an_account_that_holds_a_delisted_coin_comes_up_and_its_kill_sells_the_rest(
    tmp_path, binance, trading, how
):
    async with a_live_house(tmp_path, binance, trading) as live:
        await buys_both(live)
        before = await live.house.asked("status")
    leave(binance, how)

    async with a_live_house(tmp_path, binance, trading) as live:
        receipts, desk = [], live.trading.room("main").desk
        live.trading.listen(
            lambda _, event: receipts.append(event) if isinstance(event, KillReported) else None
        )
        await until(lambda: live.trading.real.standing("main").reconciled_at)
        status, positions = await live.house.asked("status"), await live.house.asked("positions")
        halts = {halt.kind for halt in desk.halts.all}
        await live.house.asked("kill", "enough", "!")
        await until(lambda: not live.held)
        await until(lambda: receipts)
        left = {symbol: why for symbol, _, why in receipts[-1].receipt.left}

    told = "Not traded on binance any more: ETH/USDT."
    assert told not in before.text
    assert told in status.text
    assert told in positions.text
    assert halts == set()  # nothing else is held up
    assert left[ETH] == "binance does not trade ETH/USDT now."
    assert [(one["symbol"], one["side"]) for one in binance.account.posts()][2:] == [("BTCUSDT", "SELL")]


async def test_a_delisted_coin_that_nobody_holds_is_refused_in_one_sentence(tmp_path, binance, trading):
    leave(binance, "BREAK")
    mine = account(binance, mode="paper", symbols=[BTC, ETH])

    async with a_house(tmp_path, accounts={"main": mine, "other": {"exchange": "simulated"}}):
        trouble = dict(trading().trouble)

    assert trouble["main"].startswith("binance has no market 'ETH/USDT' that this desk can trade.")
    assert "main" not in trading().rooms
