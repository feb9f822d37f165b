"""Kelly: the textbook's coin, a search by brute force, and never much from little."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.portfolio.kelly import FEWEST_TRADES, kelly, stake

RECORDS = st.lists(st.floats(-0.9, 2.0).filter(lambda r: abs(r) > 1e-4), min_size=1, max_size=120)


def test_a_coin_that_wins_six_times_in_ten_is_worth_a_fifth():
    assert kelly([1.0] * 6 + [-1.0] * 4) == pytest.approx(0.2)


def test_two_to_one_at_even_chances_is_worth_a_quarter():
    assert kelly([2.0, -1.0]) == pytest.approx(0.25)


@given(RECORDS)
def test_nothing_that_is_tried_grows_faster(record):
    best = kelly(record)
    if not 0 < best < 1000:
        return
    r = np.array(record)
    tried = np.linspace(0, -1 / r.min(), 400, endpoint=False)

    growth = np.log1p(np.outer(tried, r)).mean(axis=1).max()

    assert np.log1p(best * r * (1 - 1e-12)).mean() >= growth - 1e-9


@given(RECORDS)
def test_a_stake_is_a_share_and_nothing_without_an_edge(record):
    share = stake(record, 0.5, 0.07)

    assert 0 <= share <= 1
    if len(record) < FEWEST_TRADES:
        assert share == 0.07
    elif np.mean(record) <= 0:
        assert share == 0


@given(st.lists(st.floats(-0.9, 2.0), max_size=FEWEST_TRADES - 1))
def test_thin_evidence_has_no_say_however_good_or_bad(record):
    assert stake(record, 1.0, 0.05) == 0.05


def test_more_evidence_stakes_more():
    record = [0.03, -0.02, 0.04, -0.03, 0.02]

    stakes = [stake(record * n, 0.1, 0.05) for n in (6, 12, 60)]

    assert 0 < stakes[0] < stakes[1] < stakes[2] <= 1


def test_a_record_without_a_loss_is_not_believed():
    record = [0.01 + 0.001 * (i % 3) for i in range(FEWEST_TRADES)]

    unlucky = [*record, -max(record)]

    assert stake(record, 0.01, 0.1) == pytest.approx(0.01 * 0.5 * kelly(unlucky))
