"""Marks on round numbers and on the reader's clock."""

from datetime import UTC, datetime

import pytest

from charts.ticks import number_ticks, time_ticks


def seconds(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 10, [0, 2.5, 5, 7.5, 10]),
        (9871, 10522, [10000, 10200, 10400]),
        (-3.2, 4.1, [-2, 0, 2, 4]),
        (5, 5, [5]),
        (float("-inf"), float("inf"), [float("-inf")]),
    ],
)
def test_numbers_are_round(low, high, ticks):
    assert number_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize("size", (1e-9, 0.37, 1, 42, 9.9e6, 3e17))
def test_there_are_neither_too_few_nor_too_many(size):
    assert 3 <= len(number_ticks(size * 0.2, size * 1.1)) <= 7


def test_hours_of_a_day_with_its_date_at_midnight():
    ticks = time_ticks(seconds(2025, 11, 12, 9), seconds(2025, 11, 13, 9), "UTC")

    assert [label for _, label in ticks] == ["12:00", "18:00", "13 Nov", "06:00"]


def test_midnight_is_the_readers():
    ticks = dict(time_ticks(seconds(2025, 11, 10), seconds(2025, 11, 14), "Asia/Seoul"))

    assert ticks[seconds(2025, 11, 10, 15)] == "11 Nov"


def test_weeks_months_and_years():
    def labels(*window):
        return [label for _, label in time_ticks(*window, "UTC")]

    assert labels(seconds(2025, 11, 1), seconds(2025, 12, 1)) == [
        "3 Nov",
        "10 Nov",
        "17 Nov",
        "24 Nov",
        "1 Dec",
    ]
    assert labels(seconds(2025, 10, 15), seconds(2026, 3, 15)) == ["Nov", "Dec", "2026", "Feb", "Mar"]
    assert labels(seconds(2019, 5, 1), seconds(2025, 3, 1)) == ["2020", "2022", "2024"]
    assert labels(seconds(1971, 1, 1), seconds(2199, 1, 1)) == ["2000", "2050", "2100", "2150"]


def test_clocks_that_change_keep_local_midnights():
    ticks = time_ticks(seconds(2025, 3, 28), seconds(2025, 4, 1), "Europe/Berlin")

    assert [datetime.fromtimestamp(at, UTC).hour for at, _ in ticks] == [23, 23, 22, 22]


def test_steps_are_never_smaller_than_asked_for():
    ticks = time_ticks(seconds(2025, 1, 1), seconds(2025, 1, 3), "UTC", least=86400)

    assert [label for _, label in ticks] == ["1 Jan", "2 Jan", "3 Jan"]
