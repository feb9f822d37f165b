"""Numbers and dates as people write them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from charts.format import (
    amount,
    axis,
    basis_points,
    compact,
    day,
    day_within,
    moment,
    money,
    percent,
    price,
    span,
    window,
)
from tests.charts import korean

NAN = float("nan")


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (10214.309, "USDT", "10,214.31 USDT"),
        (Decimal("10214.305"), "USD", "10,214.30 USD"),
        (14_523_456.7, "KRW", "14,523,457 KRW"),
        (-0.001, "EUR", "0.00 EUR"),
        (0.123456789, "BTC", "0.12345679 BTC"),
        (1.5, "BTC", "1.5 BTC"),
        (12345.678912, "ETH", "12,345.679 ETH"),
        (0, "BTC", "0 BTC"),
        (0.00000001, "BTC", "0.00000001 BTC"),
        (NAN, "USDT", "— USDT"),
        (float("inf"), "KRW", "— KRW"),
        (2.5e15, "KRW", "2,500T KRW"),
        (-1e300, "BTC", "<-999,999T BTC"),
    ],
)
def test_money_names_its_currency_and_has_its_decimals(value, currency, text):
    assert money(value, currency) == text


def test_a_signed_amount_always_shows_its_sign_but_nothing_has_none():
    assert amount(5, "USDT", signed=True) == "+5.00"
    assert amount(Decimal(-5), "KRW", signed=True) == "-5"
    assert amount(0.001, "USDT", signed=True) == "0.00"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0214, "+2.14%"),
        (-0.008, "-0.80%"),
        (0.0, "0.00%"),
        (-0.000001, "0.00%"),
        (-1.0, "-100.00%"),
        (12.3456, "+1,234.6%"),
        (123.456, "+12,346%"),
        (1e12, "+100T%"),
        (NAN, "—"),
    ],
)
def test_a_percentage_carries_its_sign(share, text):
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (97123.456, "USDT", "97,123.46"),
        (2.45, "USDT", "2.45"),
        (0.2451, "USDT", "0.2451"),
        (0.000012345678, "USDT", "0.000012346"),
        (3.0, "USDT", "3.00"),
        (145_123_456.4, "KRW", "145,123,456"),
        (85.3, "KRW", "85.30"),
        (0.8512, "KRW", "0.8512"),
        (0.0, "KRW", "0"),
        (NAN, "USDT", "—"),
        (1e300, "USDT", ">999,999T"),
    ],
)
def test_a_price_has_the_digits_that_matter(value, currency, text):
    assert price(value, currency) == text


def test_a_short_price_drops_the_cents_of_large_prices_only():
    assert price(97123.456, "USDT", short=True) == "97,123"
    assert price(2.4567, "USDT", short=True) == "2.4567"


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([9800.0, 10000.0, 10200.0], ["9,800", "10,000", "10,200"]),
        ([0.0, 2.5, 5.0], ["0", "2.5", "5.0"]),
        ([0.000012, 0.000014], ["0.000012", "0.000014"]),
        ([97_500_000.0, 98_000_000.0], ["97.5M", "98.0M"]),
        ([100_000_000.0, 100_500_000.0], ["100.0M", "100.5M"]),
        ([-1e18, 0.0, 1e18], ["<-999,999T", "0", ">999,999T"]),
        ([5.0], ["5"]),
        ([], []),
    ],
)
def test_the_labels_of_an_axis_tell_its_marks_apart(values, labels):
    assert axis(values) == labels


def test_a_korean_axis_counts_in_ten_thousands():
    assert axis([15_000_000.0, 17_500_000.0], korean.say) == ["1,500만", "1,750만"]
    assert axis([100_000_000.0, 150_000_000.0], korean.say) == ["1.0억", "1.5억"]
    assert axis([100_000_000.0, 100_500_000.0], korean.say) == ["10,000만", "10,050만"]


def test_compact_numbers_have_one_unit():
    assert [compact(value) for value in (999, 1234, 1_234_567, -2.5e9)] == ["999", "1.2K", "1.2M", "-2.5B"]
    assert compact(123_456_789, korean.say) == "1.2억"
    assert compact(NAN) == "—"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.000724, "+7.2 bp"),
        (-0.0001, "-1.0 bp"),
        (0.0, "0.0 bp"),
        (0.5, "+5,000 bp"),
        (1e9, "+10T bp"),
        (NAN, "—"),
    ],
)
def test_basis_points_are_hundredths_of_a_per_cent(share, text):
    assert basis_points(share) == text


def test_days_and_moments_are_in_the_readers_zone():
    late = datetime(2025, 11, 11, 23, 30, tzinfo=UTC)

    assert day(late) == "11 Nov"
    assert day(late, "Asia/Seoul") == "12 Nov"
    assert day(late, "Asia/Seoul", korean.say, year=True) == "2025년 11월 12일"
    assert day(date(2025, 11, 11)) == "11 Nov"
    assert moment(late, "Asia/Seoul") == "12 Nov 08:30"


def test_a_window_names_its_zone_and_its_years_where_they_differ():
    start, end = (datetime(2025, 11, d, tzinfo=UTC).timestamp() for d in (12, 19))
    later = datetime(2026, 2, 1, tzinfo=UTC).timestamp()

    assert window(start, end, "Asia/Seoul") == "12 Nov 09:00 – 19 Nov 09:00 · Asia/Seoul"
    assert window(start, later, "UTC") == "12 Nov 2025 – 1 Feb 2026 · UTC"


def test_a_day_among_several_years_names_its_own():
    start, at, later = (
        datetime(*d, tzinfo=UTC).timestamp() for d in ((2025, 1, 1), (2025, 12, 31, 20), (2026, 2, 1))
    )

    assert day_within(at, start, at, "UTC") == "31 Dec"
    assert day_within(at, start, later, "UTC") == "31 Dec 2025"
    assert day_within(at, start, later, "Asia/Seoul") == "1 Jan 2026"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (7 * 86400, "7 days"),
        (86400, "1 day"),
        (20 * 3600, "20 hours"),
        (3600, "1 hour"),
        (300, "5 minutes"),
        (60, "1 minute"),
        (0, "less than a minute"),
        (4167 * 86400, "4,167 days"),
    ],
)
def test_a_span_is_said_in_its_largest_unit(seconds, text):
    assert span(seconds) == text
