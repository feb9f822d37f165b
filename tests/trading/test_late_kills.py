"""A kill of accounts that cannot be reached is not lost: it is done once they come up, and only once."""

import pytest

from tests.trading.test_running import FAST, clock, store, trading_of
from trading.domain.errors import Refused

__all__ = ["clock", "store"]

ACCOUNT = {"symbols": ["BTC/USDT"], "sleeves": FAST}


@pytest.fixture
def away_until():
    """No account comes up until this is called."""

    async def not_now(*_):
        raise Refused("the exchange does not answer.")

    patched = pytest.MonkeyPatch()
    patched.setattr("trading.running.open_room", not_now)
    yield patched.undo
    patched.undo()


async def test_it_is_done_the_moment_the_account_can_be_reached(store, clock, tmp_path, away_until):
    trading = await trading_of(store, clock, tmp_path, {"main": ACCOUNT, "other": ACCOUNT})
    await trading.kill("a flash crash", "Tom", ("main",))
    away = dict(trading.trouble)

    away_until()
    await trading.retry()
    (halt,) = trading.status("main").halts

    assert away.keys() == {"main", "other"}
    assert (halt.kind, halt.reason, halt.by) == ("kill", "a flash crash", "Tom")
    assert trading.status("other").halts == ()
    assert not trading.kill_file.exists()
    await trading.close()


async def test_it_outlasts_a_restart_and_a_lifted_one_does_not_come_back(store, clock, tmp_path, away_until):
    trading = await trading_of(store, clock, tmp_path, {"main": ACCOUNT})
    await trading.kill("a flash crash", "Tom", ("main",))
    await trading.close()
    away_until()

    again = await trading_of(store, clock, tmp_path, {"main": ACCOUNT})
    killed = again.status("main").killed
    await again.unkill("Ann", ("main",))
    await again.close()
    later = await trading_of(store, clock, tmp_path, {"main": ACCOUNT})

    assert killed
    assert not later.status("main").killed
    await later.close()


async def test_an_account_that_joins_a_market_at_work_is_killed_too(store, clock, tmp_path):
    trading = await trading_of(store, clock, tmp_path, {"main": ACCOUNT})
    trading.settings.accounts["late"] = trading.settings.accounts["main"]
    await trading.kill("a flash crash", "Tom", ("main", "late"))

    await trading.admit("late")

    assert [trading.status(name).killed for name in ("main", "late")] == [True, True]
    await trading.close()
