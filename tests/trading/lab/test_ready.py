"""What is compiled at installation is what searches run on."""

import pytest

from tests.trading.lab.searches import HOUR, a_search, candles, found
from trading.domain.protection import NOTHING
from trading.lab.compiled import Market, Rules, fastest, trade, wanted
from trading.lab.ready import make_ready
from trading.limits import limits_of
from trading.settings_protect import Protect
from trading.settings_risk import Risk
from trading.strategies import find


def signatures() -> list[set]:
    gear = fastest()
    return [set(loop.signatures) for loop in (gear.average, gear.crossing, gear.trade)]


def test_a_search_and_a_trial_on_later_candles_find_their_loops_compiled(tmp_path):
    pytest.importorskip("numba")
    make_ready()
    made = signatures()

    result = found(a_search(trials=3), f"sqlite:///{tmp_path / 'studies.db'}")

    assert len(result.tries) == 3
    assert all(made)
    assert signatures() == made


def test_protected_trades_run_on_the_same_loop():
    pytest.importorskip("numba")
    make_ready()
    made, market = signatures(), Market.of(candles(), HOUR)
    strategy = find("ema_cross")
    protection = Protect(atr_trail=3.0, take=0.05).over(NOTHING)
    rules = Rules(cash=1000.0, fee=0.001, slippage=0.0, limits=limits_of(Risk()), protection=protection)

    run = trade(market, wanted(market, strategy, strategy.params({})), rules)

    assert len(run.bars) > 0
    assert signatures() == made
