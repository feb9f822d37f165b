"""Ranges read from words, and cut into points."""

import numpy as np
import pytest

from trading.domain.errors import Refused
from trading.lab.spaces import grid, space_of
from trading.strategies import find

EMA = find("ema_cross")


def test_a_range_is_searched_and_everything_else_is_fixed():
    spans, fixed = space_of(EMA, {"fast": "5..30", "slow": "30..100..10", "band": "0.01"})

    assert [(s.name, s.low, s.high, s.step) for s in spans] == [("fast", 5, 30, None), ("slow", 30, 100, 10)]
    assert fixed == {"band": 0.01, "hold": 200}


def test_without_a_range_everything_that_is_not_fixed_is_searched():
    spans, fixed = space_of(EMA, {"hold": "100"})

    assert [s.name for s in spans] == ["fast", "slow", "band"]
    assert fixed == {"hold": 100}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"fast": "9", "slow": "21", "band": "0", "hold": "5"}, "nothing to search"),
        ({"fast": "9..9"}, "nothing to search"),
        ({"fast": "9..9", "band": "0.01..0.01"}, "nothing to search"),
        ({"fast": "30..5"}, "must rise"),
        ({"fast": "5..500"}, "within 2 ... 100"),
        ({"fast": "5..30..0"}, "step of fast must be above zero"),
        ({"fast": "5..30..2.5"}, "step of fast must be above zero"),
        ({"fast": "5..30..5..5"}, "write fast as 5..30"),
        ({"fast": "..30"}, "fast must be a whole number"),
        ({"fats": "5..30"}, "nearest is 'fast'"),
    ],
)
def test_a_space_that_cannot_be_searched_is_refused(words, said):
    with pytest.raises(Refused, match=said):
        space_of(EMA, words)


def test_a_grid_spreads_evenly_and_stays_within_the_tries():
    spans, _ = space_of(EMA, {"fast": "5..25", "slow": "30..100..10"})

    points = grid(spans, 50)

    assert len(points) == len({tuple(p.values()) for p in points}) <= 50
    assert len(points) > 40
    assert {min(p["fast"] for p in points), max(p["fast"] for p in points)} == {5, 25}
    assert {p["slow"] for p in points} <= set(range(30, 101, 10))


def test_a_small_grid_is_whole():
    spans, _ = space_of(EMA, {"fast": "5..7", "slow": "30..50..10"})

    assert len(grid(spans, 1000)) == 9


def test_every_drawn_value_is_allowed():
    spans, _ = space_of(
        EMA, {"fast": "5..30..5", "slow": "30..100", "band": "0.001..0.05", "hold": "1..5000"}
    )
    dice = np.random.default_rng(1)

    drawn = [{s.name: s.draw(dice) for s in spans} for _ in range(200)]

    assert all(EMA.values(EMA.params(values)) == values for values in drawn)
    assert {values["fast"] for values in drawn} == {5, 10, 15, 20, 25, 30}
    assert (
        np.median([values["hold"] for values in drawn]) < 500
    )  # by ratio: small ones are as likely as large ones
