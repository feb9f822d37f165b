"""Money stays exact, times stay in UTC, and text can always be stored."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from tests.trading.store.shapes import amounts
from trading.store.columns import Money, UtcTime, plain, storable

DIALECTS = [sqlite.dialect(), postgresql.dialect()]
each = pytest.mark.parametrize("dialect", DIALECTS, ids=["sqlite", "postgres"])


@given(amounts)
def test_a_number_in_digits_is_the_same_number(amount):
    text = plain(amount)

    assert Decimal(text) == amount
    assert "E" not in text
    assert not ("." in text and text.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1E+3", "1000"),
        ("0.100000000000000000", "0.1"),
        ("-0.00", "0"),
        ("-1.50", "-1.5"),
        ("1E-8", "0.00000001"),
        ("99999999999.000000001", "99999999999.000000001"),
        ("100", "100"),
        ("0.1234567890123456789012345678901234567890", "0.123456789012345678901234567890123456789"),
    ],
)
def test_a_number_is_written_the_way_people_write_it(amount, text):
    assert plain(Decimal(amount)) == text


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_no_amount_of_money_is_refused(amount):
    with pytest.raises(ValueError, match="is not an amount of money"):
        plain(Decimal(amount))


@each
def test_money_is_the_same_decimal_after_a_visit_to_the_database(dialect):
    kept = Money().process_bind_param(Decimal("1.500"), dialect)

    back = Money().process_result_value(kept, dialect)

    assert str(back) == "1.5"
    assert Money().process_bind_param(None, dialect) is None
    assert Money().process_result_value(None, dialect) is None


@each
def test_a_padded_number_of_the_database_comes_back_short(dialect):
    assert str(Money().process_result_value("0.100000000000000000", dialect)) == "0.1"


@each
def test_a_time_of_any_zone_comes_back_in_utc(dialect):
    seoul = datetime(2024, 1, 1, 9, 30, tzinfo=timezone(timedelta(hours=9)))

    back = UtcTime().process_result_value(UtcTime().process_bind_param(seoul, dialect), dialect)

    assert back == seoul
    assert back.tzinfo is UTC
    assert back.hour == 0


@each
def test_no_time_is_no_time(dialect):
    assert UtcTime().process_bind_param(None, dialect) is None
    assert UtcTime().process_result_value(None, dialect) is None


@each
def test_a_time_without_a_zone_is_refused(dialect):
    with pytest.raises(ValueError, match="has no time zone"):
        UtcTime().process_bind_param(datetime(2024, 1, 1), dialect)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("/status", "/status"),
        ("a\0b", "a\ufffdb"),
        ("half \ud83d", "half \ufffd"),
        ("\udc00\ud83d", "\ufffd\ufffd"),
        ("한국어 😀", "한국어 😀"),
        ("\ud83d\ude00", "😀"),
    ],
)
def test_text_is_kept_as_far_as_a_database_can(typed, kept):
    assert storable(typed) == kept


@given(st.text(st.characters()))
def test_any_text_can_be_stored(text):
    kept = storable(text)

    assert kept.encode().decode() == kept
    assert "\0" not in kept
