"""A kill of accounts that cannot be reached is not lost: it is done once they come up, and only once."""

import pytest

from tests.trading.test_running import FAST, clock, store, trading_of
from trading.domain.errors import Refused

__all__ = ["clock", "store"]

ACCOUNT = {"symbols": ["BTC/USDT"], "sleeves": FAST}


async def _not_now(*_):
    raise Refused("the exchange does not answer.")


@pytest.fixture
def away_until():
    """No account comes up until this is called."""
    patched = pytest.MonkeyPatch()
    patched.setattr("trading.running.open_room", _not_now)
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


@pytest.mark.parametrize("whose", [None, ("main",)])
async def test_a_kill_that_waits_for_its_account_is_not_called_none(
    store, clock, tmp_path, away_until, whose
):
    trading = await trading_of(store, clock, tmp_path, {"main": ACCOUNT, "other": ACCOUNT})
    with pytest.raises(Refused, match="Nothing is killed"):
        await trading.unkill("Ann", whose)
    await trading.kill("a flash crash", "Tom", whose)

    with pytest.raises(Refused, match=r"main cannot be reached yet .*; lift the kill once it is back"):
        await trading.unkill("Ann", whose)

    away_until()
    await trading.retry()
    await trading.unkill("Ann", whose)
    assert trading.status("main").halts == ()
    await trading.close()


async def test_a_kill_of_its_last_life_is_not_lifted_while_the_account_is_away(
    store, clock, tmp_path, away_until
):
    away_until()
    before = await trading_of(store, clock, tmp_path, {"main": ACCOUNT})
    await before.kill("a flash crash", "Tom", ("main",))
    await before.close()
    away = pytest.MonkeyPatch()
    away.setattr("trading.running.open_room", _not_now)

    trading = await trading_of(store, clock, tmp_path, {"main": ACCOUNT})
    with pytest.raises(Refused, match="main cannot be reached yet"):
        await trading.unkill("Ann", ("main",))

    away.undo()
    await trading.retry()
    assert trading.status("main").killed
    await trading.close()


async def test_an_account_that_joins_a_market_at_work_is_killed_too(store, clock, tmp_path):
    trading = await trading_of(store, clock, tmp_path, {"main": ACCOUNT})
    trading.settings.accounts["late"] = trading.settings.accounts["main"]
    await trading.kill("a flash crash", "Tom", ("main", "late"))

    await trading.admit("late")

    assert [trading.status(name).killed for name in ("main", "late")] == [True, True]
    await trading.close()
