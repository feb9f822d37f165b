"""Numbers keep their digits, times their zone, and nothing turns into nonsense."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path

import numpy as np
import pytest

from bot.web.json import to_json


class Side(StrEnum):
    BUY = "buy"


class Size(Enum):
    SMALL = 1


@dataclass(frozen=True, slots=True)
class Fill:
    side: Side
    price: Decimal
    at: datetime


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.1"), "0.1"),
        (Decimal("12345678.123456789012345678"), "12345678.123456789012345678"),
        (Decimal("-0.00000001"), "-0.00000001"),
        (Decimal("100.00"), "100.00"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E+50"), "1E+50"),
        (Decimal("NaN"), "null"),
        (Decimal("-Infinity"), "null"),
        (float("nan"), "null"),
        (float("inf"), "null"),
        (0.1, "0.1"),
        (np.float64(0.25), "0.25"),
        (np.int64(7), "7"),
        (np.array([1.5, 2.0]), "[1.5,2.0]"),
        (datetime(2024, 8, 5, 12, tzinfo=UTC), '"2024-08-05T12:00:00Z"'),
        (datetime(2024, 8, 5, 21, tzinfo=timezone(timedelta(hours=9))), '"2024-08-05T12:00:00Z"'),
        (timedelta(minutes=1.5), "90.0"),
        (Side.BUY, '"buy"'),
        (Size.SMALL, "1"),
        (frozenset({"b", "a"}), '["a","b"]'),
        ((1, "two", None), '[1,"two",null]'),
        ({Side.BUY: 1}, '{"buy":1}'),
        (Path("data/candles.csv"), '"data/candles.csv"'),
        ("수익", '"수익"'),
    ],
)
def test_each_kind_of_value_has_one_form(value, text):
    assert to_json(value) == text


def test_a_number_read_back_as_decimal_is_the_number_that_was_written():
    written = [Decimal("0.1"), Decimal("12345678.123456789012345678"), Decimal("1E-18")]

    read = json.loads(to_json(written), parse_float=Decimal)

    assert read == written


def test_money_is_text_where_that_is_asked_for():
    assert to_json({"cash": Decimal("0.10")}, money_as_text=True) == '{"cash":"0.10"}'


def test_dataclasses_are_objects_all_the_way_down():
    fill = Fill(Side.BUY, Decimal("63120.50"), datetime(2024, 8, 5, tzinfo=UTC))

    assert to_json((fill,)) == '[{"side":"buy","price":63120.50,"at":"2024-08-05T00:00:00Z"}]'


def test_indented_json_is_the_same_value():
    assert to_json({"a": [Decimal("0.1")]}, indent=True) == '{\n  "a": [\n    0.1\n  ]\n}'


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(TypeError) as error:
        to_json(datetime(2024, 8, 5))

    assert "a time needs a zone" in str(error.value.__cause__)


def test_a_type_nobody_taught_is_refused():
    with pytest.raises(TypeError) as error:
        to_json(object())

    assert "object has no JSON form" in str(error.value.__cause__)
