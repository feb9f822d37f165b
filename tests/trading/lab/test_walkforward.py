"""Windows neither overlap nor leave a hole, choices see the past only, and luck is what does not come again."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.lab.walkforward import (
    Window,
    edges,
    forward_verdict,
    stitched,
    walk_forward,
    windows,
    yearly,
)


@given(
    first=st.integers(0, 50),
    bars=st.integers(100, 3000),
    count=st.integers(1, 12),
    anchored=st.booleans(),
)
def test_judged_stretches_are_equal_follow_each_other_and_reach_the_end(first, bars, count, anchored):
    plan = windows(first, bars, count, anchored=anchored)

    if not plan:
        assert (bars - first) // 2 // count < 2 + 1
        return
    assert len(plan) == count
    assert plan[-1].end == bars
    assert len({w.end - w.test for w in plan}) == 1
    assert all(a.end == b.test for a, b in itertools.pairwise(plan))
    assert all(first <= w.train < w.test < w.end for w in plan)


def test_anchored_pasts_begin_at_the_start_and_rolling_ones_keep_their_length():
    rolling, anchored = (windows(10, 1010, 5, anchored=a) for a in (False, True))

    assert {w.test - w.train for w in rolling} == {500}
    assert {w.train for w in anchored} == {10}
    assert [w.test for w in rolling] == [w.test for w in anchored] == [510, 610, 710, 810, 910]


def test_too_few_candles_give_no_windows():
    assert windows(0, 12, 6, anchored=False) == []
    assert windows(0, 100, 0, anchored=False) == []


def at_edges(plan, *curves):
    return [np.asarray(curve)[edges(plan)] for curve in curves]


PLAN = [Window(0, 5, 7), Window(2, 7, 9)]
EARLY = np.array([1, 1.2, 1.4, 1.6, 1.8, 1.0, 0.9, 0.8, 0.8])  # best before row 5, bad from there on
LATE = np.array([1, 1, 1, 1, 1, 1.5, 2.0, 2.5, 3.0])


def test_the_choice_is_made_by_the_past_and_judged_by_what_follows():
    found = walk_forward(at_edges(PLAN, EARLY, LATE), PLAN, rows_a_year=1)

    assert found.chosen == (0, 1)
    assert found.inside[0] == pytest.approx(np.log(1.8) / 4)
    assert found.outside == pytest.approx((np.log(0.9 / 1.8) / 2, np.log(3.0 / 2.0) / 2))


def test_what_happens_later_never_changes_an_earlier_choice():
    other = np.concatenate((LATE[:7], [0.01, 0.01]))

    first, second = (walk_forward(at_edges(PLAN, EARLY, late), PLAN, 1) for late in (LATE, other))

    assert first.chosen == second.chosen
    assert first.inside == second.inside
    assert first.outside[0] == second.outside[0]


def test_luck_is_the_share_of_the_gain_that_did_not_come_again():
    steady = np.exp(np.arange(20) * 0.01)
    lucky = np.exp(np.minimum(np.arange(20), 10) * 0.01)
    plan = windows(0, 20, 2, anchored=True)

    assert walk_forward(at_edges(plan, steady), plan, 1).luck == pytest.approx(0.0)
    half = walk_forward(at_edges(plan, lucky), plan, 1)
    assert half.luck == pytest.approx(1 - half.efficiency)
    assert half.luck > 0.8


def test_no_gain_in_hindsight_has_no_share_of_luck():
    falling = np.exp(-np.arange(20) * 0.01)
    plan = windows(0, 20, 2, anchored=True)

    found = walk_forward(at_edges(plan, falling), plan, 1)

    assert found.efficiency is None
    verdict = forward_verdict(found, -0.1)
    assert verdict.sentence == "Even in hindsight none of its variants made money here."
    assert not verdict.passed


def test_the_verdict_says_before_after_and_how_much_was_luck():
    steady = np.exp(np.arange(200) * 0.001)
    plan = windows(0, 200, 4, anchored=False)

    verdict = forward_verdict(walk_forward(at_edges(plan, steady), plan, 365), 0.1)

    assert verdict.passed
    assert (
        verdict.sentence
        == "Chosen in hindsight it made +44.1% a year, afterwards +44.1%: 0% of the gain was luck."
    )
    assert verdict.numbers["efficiency"] == pytest.approx(1.0)


def test_a_loss_after_all_is_not_passed_however_efficient():
    steady = np.exp(np.arange(200) * 0.001)
    plan = windows(0, 200, 4, anchored=False)

    assert not forward_verdict(walk_forward(at_edges(plan, steady), plan, 365), -0.01).passed


def test_each_window_gets_the_exposures_of_its_own_choice():
    one, two = np.zeros(9), np.ones(9)

    assert stitched([one, two], PLAN, (0, 1)).tolist() == [0, 0, 1, 1]


def test_a_growth_beyond_all_numbers_stays_a_number():
    assert yearly(np.log(1.1)) == pytest.approx(0.1)
    assert np.isfinite(yearly(1e6))
