"""What is worked out for all moments at once is never kinder than what the rules work out for one."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trading.core.frames import Columns
from trading.core.signals import Board
from trading.domain.market import Timeframe
from trading.lab.foresee import Foresight
from trading.risk.market import Market

HOUR = 3600
NAME = "BTC/USDT"


def board(seed: int, bars: int, swing: float, crash: float) -> Board:
    """Hours of a market that falls once, in the middle."""
    dice = np.random.default_rng(seed)
    moves = dice.normal(0, swing, bars)
    moves[bars // 2] -= crash
    close, opened = 100 * np.exp(np.cumsum(moves)), np.arange(bars, dtype=np.int64) * HOUR
    made = Board(Timeframe(HOUR), keep_all=True)
    made.watch(NAME)
    made.extend(NAME, Columns(opened, close, close, close, close, dice.gamma(2.0, 5.0, bars)))
    return made


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    bars=st.integers(1, 1600),
    swing=st.sampled_from([0.0, 1e-6, 0.01, 0.1]),
    crash=st.sampled_from([0.0, 0.3]),
    share=st.floats(0, 1),
)
@example(1, 900, 0.01, 0.3, 1.0)
def test_no_figure_is_kinder_than_the_rules_own(seed, bars, swing, crash, share):
    known = board(seed, bars, swing, crash)
    at = int(bars * HOUR * share)

    found = Foresight(known, (NAME,)).lately(NAME, at)

    look = Market(lambda name: known.history(name, at), HOUR)
    assert (found is None) == (look.volatility(NAME) is None)
    if found is not None:
        assert found.volatility >= look.volatility(NAME)
        assert np.isclose(found.hourly_turnover, look.hourly_turnover(NAME), rtol=1e-12)
        assert found.worst_day >= look.at_most({NAME: 1.0})


def test_markets_with_other_hours_are_not_added_up():
    known = board(1, 200, 0.01, 0.0)
    other = board(2, 100, 0.01, 0.0)
    known.watch("ETH/USDT")
    known.extend("ETH/USDT", other.kept(NAME)[0])

    together = Foresight(known, (NAME, "ETH/USDT"))

    assert not together.aligned
    assert together.of(NAME, {"ETH/USDT": 100}, 200 * HOUR)[0] is None
    assert together.of(NAME, {}, 200 * HOUR)[0] is not None
