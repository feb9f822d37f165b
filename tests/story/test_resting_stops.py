"""Stops that rest at an exchange on a real socket: the real ccxt, the whole house, and whoever was quicker."""

from dataclasses import replace
from decimal import Decimal

from tests.fakes.matching import State
from tests.story.canary import BTC, SLEEVES, a_canary_house, account
from tests.story.house import until

PROTECTED = {**SLEEVES, "ema_cross": {**SLEEVES["ema_cross"], "protect": {"stop": 0.05}}}


def a_live_house(folder, binance, trading):
    mine = account(binance, mode="live", sleeves=PROTECTED)
    return a_canary_house(folder, binance, trading, accounts={"main": mine})


def sleeping(binance):
    return [order for order in binance.account.truth.open(BTC) if order.stop is not None]


def sold(binance):
    return sum((d.amount for d in binance.account.truth.deals if d.side == "sell"), Decimal(0))


async def holding(live):
    """Bought, and the stop is at the exchange."""
    live.wants(1.0)
    (stop,) = await until(lambda: sleeping(live.binance))
    return stop


async def test_a_stop_rests_at_the_exchange_and_what_it_sells_is_booked_once(tmp_path, binance, trading):
    async with a_live_house(tmp_path, binance, trading) as live:
        stop = await holding(live)
        locked = binance.account.truth.locked["BTC"]
        positions = await live.house.asked("positions")
        live.moves(94.0)
        live.wants(1.0)  # the desk sees its level touched before it has heard of the fill
        await until(lambda: live.held == 0)
        (trade,) = await live.house.until_it_says(len, "trades")
        await until(live.books_agree)
        requests = binance.account.posts()

    assert (stop.amount, stop.woke_at, stop.state) == (locked, Decimal("95.00"), State.FILLED)
    assert positions.footer == "Stops at the exchange: BTC/USDT 29.97 @ 95"
    assert trade["reason"] == "stop"
    assert sold(binance) == stop.amount
    assert len(requests) == 2  # one purchase, one stop: the desk's own sale never left


async def test_a_stop_that_sold_while_the_desk_was_away_is_booked_when_it_is_back(tmp_path, binance, trading):
    async with a_live_house(tmp_path, binance, trading) as live:
        stop = await holding(live)
    async with a_live_house(tmp_path, binance, trading) as live:
        live.wants(1.0)
        await until(lambda: live.trading.real.standing("main").reconciled_at)
        still = sleeping(binance)
    binance.account.move(BTC, Decimal(94))
    async with a_live_house(tmp_path, binance, trading) as live:
        await until(lambda: live.held == 0)
        await until(live.books_agree)
        (trade,) = await live.house.facts("trades")

    assert [order.id for order in still] == [stop.id]
    assert trade["reason"] == "stop"
    assert sold(binance) == stop.amount
    assert len(binance.account.posts()) == 2


async def test_a_kill_takes_the_stop_back_and_sells_what_it_protected(tmp_path, binance, trading):
    binance.account.truth.give("BTC", "3")  # a person's own
    async with a_live_house(tmp_path, binance, trading) as live:
        stop = await holding(live)
        await live.house.asked("kill", "a drill", "!")
        await until(lambda: sold(binance))
        await until(lambda: not live.held)
        state, amount = stop.state, stop.amount

    assert state is State.CANCELED
    assert sold(binance) == amount
    assert binance.account.truth.total("BTC") >= 3
    assert sleeping(binance) == []


async def test_a_stop_that_somebody_takes_back_is_put_there_again(tmp_path, binance, trading):
    async with a_live_house(tmp_path, binance, trading) as live:
        stop = await holding(live)
        binance.account.truth.cancel(stop)
        (again,) = await until(lambda: sleeping(binance))

    assert (again.amount, again.stop) == (stop.amount, stop.stop)
    assert again.client_id != stop.client_id
    assert sold(binance) == 0


async def test_of_a_position_larger_than_one_order_a_part_rests_and_the_page_says_who_minds_the_rest(
    tmp_path, binance, trading
):
    async with a_live_house(tmp_path, binance, trading) as live:
        stop = await holding(live)
        instruments = live.trading.room("main").desk.instruments
        instruments[BTC] = replace(instruments[BTC], max_amount=Decimal(20))  # as its rules are from today on
        binance.account.truth.cancel(stop)
        (part,) = await until(lambda: sleeping(binance))
        await until(lambda: live.trading.real.standing("main").stops)
        positions = await live.house.asked("positions")
        live.moves(94.0)
        live.wants(1.0)
        await until(lambda: live.held == 0)
        await until(live.books_agree)

    assert (stop.amount, part.amount, part.woke_at) == (Decimal("29.97"), Decimal(20), Decimal("95.00"))
    assert positions.footer == (
        "Stops at the exchange: BTC/USDT 20 @ 95\nWatched by the desk at each close: BTC/USDT 9.97 @ 95"
    )
    assert sold(binance) == Decimal("29.97")
