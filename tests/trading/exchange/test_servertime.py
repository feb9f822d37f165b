"""Whose time it is: the exchange's, by way of two clocks of ours."""

from datetime import timedelta

import pytest

from tests.fakes.clock import HandClock
from trading.exchange.connection import Connection
from trading.exchange.servertime import ServerTime

HOUR = timedelta(hours=1)


@pytest.fixture
async def a_time(binance):
    """Make a ServerTime: `wall` is our clock; the monotonic one runs with the server's."""
    opened = []

    def make(wall, **options):
        steady = lambda: binance.clock().timestamp()  # noqa: E731
        connection = Connection("binance", binance.exchange_options(**options), clock=steady)
        opened.append(connection)
        return ServerTime(connection, wall, steady)

    yield make
    for connection in opened:
        await connection.close()


async def test_before_it_is_measured_it_is_our_own(a_time, clock):
    ours = a_time(HandClock(clock.now - HOUR))

    assert ours.now() == clock.now - HOUR
    assert ours.offset == 0


async def test_it_is_the_exchanges_and_goes_on_by_the_steady_clock(a_time, clock):
    wall = HandClock(clock.now - HOUR)
    time = a_time(wall)

    await time.measure_if_due()
    assert time.now() == clock.now
    assert time.offset == 3600

    clock.advance(100)
    assert time.now() == clock.now


async def test_it_is_measured_every_ten_minutes(a_time, binance, clock):
    time = a_time(clock)

    for _ in range(3):
        await time.measure_if_due()
    assert binance.asked["time"] == 1

    clock.advance(599)
    await time.measure_if_due()
    assert binance.asked["time"] == 1

    clock.advance(1)
    await time.measure_if_due()
    assert binance.asked["time"] == 2


async def test_a_leap_of_our_clock_is_measured_at_once_and_only_once(a_time, binance, clock):
    wall = HandClock(clock.now)
    time = a_time(wall)
    await time.measure_if_due()

    wall.now -= HOUR
    for _ in range(3):
        await time.measure_if_due()

    assert binance.asked["time"] == 2
    assert time.now() == clock.now


async def test_an_exchange_that_does_not_answer_is_asked_again_after_a_minute(a_time, binance, clock):
    binance.fail("time", times=1, status=500)
    time = a_time(clock)

    for _ in range(3):
        await time.measure_if_due()
    assert (binance.asked["time"], time.now()) == (1, clock.now)

    clock.advance(60)
    await time.measure_if_due()
    assert binance.asked["time"] == 2


async def test_a_slow_answer_counts_only_while_there_is_no_better_one(a_time, binance, clock):
    wall = HandClock(clock.now - HOUR)
    time = a_time(wall)

    async def slowly(request):
        answer = await binance._time(request)
        clock.advance(10)
        wall.advance(10)
        return answer

    binance.route("GET", "time", slowly)
    await time.measure_if_due()
    assert time.uncertainty == timedelta(seconds=5)
    assert abs(time.now() - clock.now) == timedelta(seconds=5)

    binance.route("GET", "time", binance._time)
    clock.advance(60)
    wall.advance(60)
    await time.measure_if_due()
    assert (time.now(), time.uncertainty) == (clock.now, timedelta(0))

    binance.route("GET", "time", slowly)
    clock.advance(600)
    wall.advance(600)
    await time.measure_if_due()
    assert (time.now(), time.uncertainty) == (clock.now, timedelta(0))


async def test_an_exchange_without_a_clock_leaves_us_ours(clock):
    connection = Connection("upbit", {}, clock=lambda: clock.now.timestamp())
    time = ServerTime(connection, clock, lambda: clock.now.timestamp())

    await time.measure_if_due()
    clock.advance(5)

    assert time.now() == clock.now
    await connection.close()
