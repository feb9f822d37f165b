"""The latch and the crossings: what they remember, and what they forget."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.strategies.shapes import crossed_above, crossed_below, kept, latch, recent

NAN = float("nan")
events = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60)


def flags(text: str) -> pd.Series:
    """`..x.` as a series of False, False, True, False."""
    return pd.Series([mark == "x" for mark in text], dtype=bool)


def latched(enter: str, leave: str, hold: int) -> str:
    return "".join("1" if value else "0" for value in latch(flags(enter), flags(leave), hold))


def one_by_one(pairs: list[tuple[bool, bool]], hold: int) -> list[float]:
    """The promise, read word for word: look back over `hold` bars for the last event."""
    found = []
    for now in range(len(pairs)):
        last = [pair for pair in pairs[max(0, now - hold + 1) : now + 1] if any(pair)][-1:]
        found.append(1.0 if last and not last[0][1] else 0.0)
    return found


@pytest.mark.parametrize(
    ("enter", "leave", "hold", "inside"),
    [
        (".x.....", "....x..", 9, "0111000"),
        (".x.....", ".......", 3, "0111000"),
        (".x.x...", ".......", 3, "0111110"),
        ("x......", "x......", 9, "0000000"),
        ("x.x....", ".x.....", 9, "1011111"),
        ("x......", ".......", 1, "1000000"),
        (".......", "x.x.x..", 9, "0000000"),
        ("", "", 5, ""),
    ],
)
def test_latch_holds_until_it_leaves_or_forgets(enter, leave, hold, inside):
    assert latched(enter, leave, hold) == inside


@settings(deadline=None)
@given(pairs=events, hold=st.integers(1, 70))
def test_latch_is_the_last_event_within_its_memory(pairs, hold):
    enter, leave = (pd.Series([pair[n] for pair in pairs], dtype=bool) for n in (0, 1))

    assert latch(enter, leave, hold).tolist() == one_by_one(pairs, hold)


@settings(deadline=None)
@given(pairs=events.filter(bool), before=events, hold=st.integers(1, 70))
def test_latch_forgets_everything_older_than_hold(pairs, before, hold):
    padded = [*before, *([(False, False)] * hold), *pairs]
    columns = [pd.Series([pair[n] for pair in padded], dtype=bool) for n in (0, 1)]
    alone = [pd.Series([pair[n] for pair in pairs], dtype=bool) for n in (0, 1)]

    assert latch(*columns, hold).tolist()[-len(pairs) :] == latch(*alone, hold).tolist()


@pytest.mark.parametrize(
    ("event", "bars", "found"),
    [
        (".x.....", 1, ".x....."),
        (".x.....", 3, ".xxx..."),
        ("x..x...", 3, "xxxxxx."),
        (".......", 3, "......."),
    ],
)
def test_recent_is_true_for_so_many_bars(event, bars, found):
    assert recent(flags(event), bars).tolist() == flags(found).tolist()


def test_kept_is_the_first_value_of_each_period_and_unknown_in_the_one_that_may_be_cut():
    line = pd.Series([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])

    found = kept(line, np.array([7, 7, 8, 8, 8, 11]))

    assert found.tolist() == pytest.approx([NAN, NAN, 3.0, 3.0, 3.0, 6.0], nan_ok=True)
    assert kept(line[:0], np.array([], dtype=np.int64)).tolist() == []


def test_a_crossing_is_one_bar_and_needs_a_known_bar_before():
    line = pd.Series([NAN, 5.0, 3.0, 3.0, 5.0, 5.0, NAN, 6.0, 2.0])

    assert crossed_above(line, 4.0).tolist() == [False] * 4 + [True] + [False] * 4
    assert crossed_below(line, 4.0).tolist() == [False, False, True] + [False] * 5 + [True]


def test_touching_the_level_is_not_crossing_it():
    line = pd.Series([3.0, 4.0, 3.0, 4.0, 4.1])

    assert crossed_above(line, 4.0).tolist() == [False, False, False, False, True]


def test_two_lines_cross_where_one_overtakes_the_other():
    fast, slow = pd.Series([1.0, 2.0, 4.0, 3.0]), pd.Series([NAN, 3.0, 3.0, 3.5])

    assert crossed_above(fast, slow).tolist() == [False, False, True, False]
    assert crossed_below(fast, slow).tolist() == [False, False, False, True]
