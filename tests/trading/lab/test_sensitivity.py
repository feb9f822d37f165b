"""Neighbours stay within their range, and a spike is told from a plateau."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.honesty import Landscape
from trading.lab.sensitivity import around, grid_around, landscape_of, neighbours, sensitivity_verdict
from trading.strategies import ParamSpec, find, strategies


def a_spec(**changes: Any) -> ParamSpec:
    fields = {"name": "n", "type": float, "default": 1.0, "low": 0.0, "high": 100.0, "help": "a number"}
    return ParamSpec(**fields | changes)


def a_map(centre: float | None, others: float | None, **changes: Any) -> Landscape:
    """Three by three, the chosen one in the middle."""
    rows = [[others] * 3 for _ in range(3)]
    rows[1][1] = centre
    fields = {
        "x_name": "fast",
        "xs": (8.0, 9.0, 10.0),
        "y_name": "slow",
        "ys": (20.0, 21.0, 22.0),
        "scores": tuple(map(tuple, rows)),
        "chosen": (1, 1),
    }
    return Landscape(**fields | changes)


@given(low=st.integers(-50, 50), wide=st.integers(1, 500), share=st.floats(0, 1))
def test_neighbours_are_whole_within_the_range_sorted_and_hold_the_chosen(low, wide, share):
    value = low + round(wide * share)
    spec = a_spec(type=int, low=low, high=low + wide)

    found = neighbours(spec, value)

    assert value in found
    assert list(found) == sorted(set(found))
    assert all(low <= v <= low + wide and isinstance(v, int) for v in found)
    assert len(found) <= 7


def test_neighbours_of_nothing_lie_a_little_of_the_range_away():
    assert neighbours(a_spec(low=0.0, high=0.05), 0.0) == (0.0, 0.004, 0.008, 0.012)


def test_a_switch_has_no_neighbours():
    assert neighbours(a_spec(type=bool, low=None, high=None), True) == (True,)


@pytest.mark.parametrize("name", strategies())
def test_every_variant_of_every_strategy_is_allowed_and_the_chosen_one_is_among_them(name):
    strategy = find(name)

    grid = grid_around(strategy, strategy.params())

    assert grid is not None
    assert len(grid.values) == len(grid.xs) * len(grid.ys) >= 3
    assert strategy.params(grid.values[grid.chosen]) == strategy.params()
    assert all(strategy.params(values) is not None for values in grid.values)


def test_rows_and_columns_are_where_their_values_say():
    strategy = find("ema_cross")
    grid = grid_around(strategy, strategy.params())

    found = landscape_of(grid, [float(v["fast"] * 1000 + v["slow"]) for v in grid.values])

    assert (found.x_name, found.y_name) == ("fast", "slow")
    for row, slow in enumerate(found.ys):
        for column, fast in enumerate(found.xs):
            assert found.scores[row][column] == fast * 1000 + slow
    row, column = found.chosen
    assert (found.xs[column], found.ys[row]) == (9.0, 21.0)


def test_a_plateau_passes_and_says_so():
    verdict = sensitivity_verdict(a_map(1.0, 0.9))

    assert verdict.passed
    assert verdict.sentence == (
        "A plateau: neighbours of fast=9 slow=21 have a Sharpe ratio of 0.90, the point itself 1.00."
    )


def test_a_spike_does_not():
    verdict = sensitivity_verdict(a_map(1.0, 0.1))

    assert not verdict.passed
    assert verdict.sentence.startswith("A spike: neighbours of fast=9 slow=21 have a Sharpe ratio of 0.10")


@pytest.mark.parametrize("centre", [-0.5, 0.0, None])
def test_a_point_that_earns_nothing_is_neither(centre):
    verdict = sensitivity_verdict(a_map(centre, 2.0))

    assert not verdict.passed
    assert verdict.sentence.startswith("The chosen point fast=9 slow=21 earns nothing here")


def test_neighbours_that_never_traded_count_as_nothing():
    assert not sensitivity_verdict(a_map(1.0, None)).passed


def test_a_corner_has_three_neighbours_and_a_single_row_two():
    assert len(around(a_map(1.0, 0.9, chosen=(0, 0)))) == 3
    one_row = a_map(1.0, 0.9, ys=(0.0,), y_name="", scores=((0.9, 1.0, 0.8),), chosen=(0, 1))
    assert around(one_row) == [0.9, 0.8]
    assert "neighbours of fast=9 have" in sensitivity_verdict(one_row).sentence
