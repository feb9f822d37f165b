"""Chance, measured: published and hand-computed values, and what must hold whatever the dice show."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.analysis.luck import (
    Shape,
    best_of_luck,
    deepest,
    deflated_sharpe,
    mean_is_luck,
    probabilistic_sharpe,
    random_stays,
    reshuffled,
    shape_of,
    share_as_good,
    sharpe_of,
    track_record,
)


def dice(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def a_shape(**changes) -> Shape:
    return Shape(**{"count": 1250, "sharpe": 2.5 / math.sqrt(250), "skew": -3.0, "kurtosis": 10.0} | changes)


# --- Sharpe ratios ----------------------------------------------------------------------------------------


def test_the_published_example_of_the_deflated_ratio_is_reproduced():
    """Bailey and López de Prado 2014: 100 trials, variance 1/2 a year, 1,250 days, Sharpe 2.5 a year of 250 days."""
    variance = 0.5 / 250

    assert best_of_luck(100, variance) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(a_shape(), 100, variance) == pytest.approx(0.9004, abs=5e-5)


def test_the_published_remark_that_46_trials_would_have_been_enough_doubt_is_reproduced():
    assert deflated_sharpe(a_shape(), 46, 0.5 / 250) == pytest.approx(0.9505, abs=5e-4)


def test_a_normal_track_of_known_length_has_the_probability_of_a_normal_table():
    """Sharpe 0.1 over 101 normal periods: z = 0.1 x 10 / sqrt(1 + 0.01 / 2)."""
    shape = a_shape(count=101, sharpe=0.1, skew=0.0, kurtosis=3.0)

    assert probabilistic_sharpe(shape) == pytest.approx(0.840741, abs=1e-6)


def test_losses_with_long_tails_make_the_same_ratio_less_sure():
    calm = a_shape(count=101, sharpe=0.1, skew=0.0, kurtosis=3.0)
    wild = a_shape(count=101, sharpe=0.1, skew=-2.0, kurtosis=12.0)

    assert probabilistic_sharpe(wild) < probabilistic_sharpe(calm)


def test_a_track_record_of_the_needed_length_is_just_as_sure_as_was_asked():
    needed = track_record(a_shape(), confidence=0.95)

    found = probabilistic_sharpe(a_shape(count=needed))

    assert found == pytest.approx(0.95, abs=1e-12)


def test_no_track_record_is_long_enough_for_a_loser():
    assert track_record(a_shape(sharpe=-0.1)) is None


def test_one_trial_deflates_nothing():
    assert deflated_sharpe(a_shape(), 1, 0.5) == probabilistic_sharpe(a_shape())


def test_the_best_of_many_skilless_variants_is_as_good_as_expected():
    tried = dice().normal(0, 0.05, (4000, 100)).max(axis=1)

    assert best_of_luck(100, 0.05**2) == pytest.approx(float(tried.mean()), rel=0.02)


def test_shape_and_probability_agree_with_the_library_for_statistics():
    stats = pytest.importorskip("scipy.stats")
    changes = dice().standard_t(4, 500) * 0.01 + 0.001

    shape = shape_of(changes)

    assert shape.skew == pytest.approx(float(stats.skew(changes)))
    assert shape.kurtosis == pytest.approx(float(stats.kurtosis(changes, fisher=False)))
    doubt = math.sqrt(1 - shape.skew * shape.sharpe + (shape.kurtosis - 1) / 4 * shape.sharpe**2)
    z = shape.sharpe * math.sqrt(499) / doubt
    assert probabilistic_sharpe(shape) == pytest.approx(float(stats.norm.cdf(z)))


def test_the_yearly_ratio_by_hand():
    assert sharpe_of(np.array([0.01, 0.02, 0.03])) == pytest.approx(2 * math.sqrt(365))


@pytest.mark.parametrize("changes", [[], [0.1, 0.2], [0.0] * 10, [0.01] * 10])
def test_what_never_moves_or_hardly_began_has_no_ratio(changes):
    assert shape_of(np.array(changes)) is None
    assert sharpe_of(np.array(changes)) is None


# --- random entries ---------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=20),
    spare=st.integers(0, 200),
    first=st.integers(0, 50),
    seed=st.integers(0, 1000),
)
def test_random_histories_have_the_same_stays_apart_and_within_the_candles(lengths, spare, first, seed):
    bars = first + 1 + sum(lengths) + len(lengths) - 1 + spare

    starts, ends, which = random_stays(np.array(lengths), bars, first, 20, dice(seed))

    assert (np.sort(ends - starts, axis=1) == sorted(lengths)).all()
    assert (np.array(lengths)[which] == ends - starts).all()
    assert (starts[:, 0] >= first).all()
    assert (ends[:, -1] <= bars - 1).all()
    assert (starts[:, 1:] > ends[:, :-1]).all()


def test_where_there_is_no_room_to_move_there_are_no_random_histories():
    starts, ends, which = random_stays(np.array([10]), 10, 0, 5, dice())

    assert starts.shape == ends.shape == which.shape == (5, 0)


def test_random_entries_lie_everywhere():
    starts, _, _ = random_stays(np.array([1]), 102, 0, 20_000, dice())

    assert (starts.min(), starts.max()) == (0, 100)
    assert starts.mean() == pytest.approx(50, abs=1)


def test_our_own_result_is_counted_among_chances():
    assert share_as_good(np.array([1.0, 2.0, 3.0]), 2.5) == 0.5
    assert share_as_good(np.zeros(999), 1.0) == 0.001
    assert share_as_good(np.ones(999), 1.0) == 1.0


def test_results_of_next_to_nothing_are_still_told_apart():
    assert share_as_good(np.array([1e-15, 2e-15, 4e-15]), 3e-15) == 0.5
    assert share_as_good(np.array([-0.2, -0.1]), -0.1) == pytest.approx(2 / 3)


# --- order and drawing ------------------------------------------------------------------------------------


def test_drawn_anew_the_ends_lie_around_the_same_mean_and_falls_vary_with_order():
    factors = np.array([1.1, 0.95] * 20)

    ends, falls = reshuffled(factors, 4000, dice())

    assert np.log(ends).mean() == pytest.approx(np.log(factors).sum(), abs=0.05)
    assert falls.min() >= 0.05 - 1e-12
    assert falls.max() <= 1 - 0.95**20 + 1e-12
    assert falls.std() > 0.01


def test_the_deepest_fall_by_hand():
    curves = np.array([[1.0, 2.0, 1.0, 3.0, 2.4], [1.0, 1.1, 1.2, 1.3, 1.4]])

    assert deepest(curves).tolist() == pytest.approx([0.5, 0.0])


def test_the_same_seed_throws_the_same_dice():
    factors = np.array([1.1, 0.9, 1.02])

    once, again, other = (reshuffled(factors, 10, dice(seed))[0].tolist() for seed in (1, 1, 2))

    assert once == again != other


def test_a_clear_gain_is_no_luck_and_noise_is():
    noise = dice(3).normal(0, 0.01, 400)

    assert mean_is_luck(noise - noise.mean() + 0.003, 500, dice()) < 0.01
    assert 0.3 < mean_is_luck(noise - noise.mean(), 500, dice()) < 0.7
    assert mean_is_luck(noise - noise.mean() - 0.003, 500, dice()) > 0.99
    assert mean_is_luck(np.zeros(50), 500, dice()) == 1.0


def test_noise_is_called_skill_about_as_often_as_promised():
    called = [mean_is_luck(dice(seed).normal(0, 0.01, 100), 200, dice(seed)) <= 0.05 for seed in range(200)]

    assert 0.01 < np.mean(called) < 0.12
