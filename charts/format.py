"""Numbers and dates as words: the one way they are written in pictures and captions."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from charts.words import MONTHS

Say = Callable[[str], str]
Number = float | int | Decimal

UNKNOWN = "—"
_WHOLE = frozenset({"KRW", "JPY", "VND", "IDR", "CLP"})
_CENTS = frozenset(
    {
        *("USD", "USDT", "USDC", "BUSD", "FDUSD", "TUSD", "DAI", "EUR", "GBP", "CHF", "AUD", "CAD"),
        *("NZD", "SGD", "HKD", "CNY", "TRY", "BRL", "INR", "THB", "MXN", "PLN", "ZAR"),
    }
)
_WESTERN = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))
_EASTERN = ((1e12, "T"), (1e8, "100M"), (1e4, "10K"))  # languages that count in ten-thousands: 만, 억, 조
_FULL_DIGITS = 1e15  # beyond this nobody reads digits any more, and a float no longer holds them
_LARGEST = 1e18


def plain(text: str) -> str:
    """Says everything in English, which is how the code says it."""
    return text


def whole_percent(used: float) -> str:
    """Rounded down, so that nothing is said to be used up before it is."""
    return f"{int(used * 100 + 1e-9)}%"


def money(value: Number, currency: str, *, signed: bool = False) -> str:
    """`10,214.31 USDT`: full digits, the currency always named; `—` when there is no number."""
    return f"{amount(value, currency, signed=signed)} {currency}".rstrip()


def amount(value: Number, currency: str, *, signed: bool = False) -> str:
    """As `money`, without the currency's name. KRW has no decimals, USDT two, coins up to eight digits."""
    if not math.isfinite(value):
        return UNKNOWN
    if abs(float(value)) >= _FULL_DIGITS:
        return compact(float(value), signed=signed)
    code = currency.upper()
    if code in _WHOLE:
        return _digits(value, 0, signed)
    if code in _CENTS:
        return _digits(value, 2, signed)
    return _trimmed(_digits(value, min(8, max(0, 8 - _whole_digits(value))), signed))


def price(value: Number, currency: str, *, short: bool = False) -> str:
    """About five digits that matter: 97,123.45 (97,123 if `short`) and 0.000012345, never an exponent."""
    if not math.isfinite(value):
        return UNKNOWN
    if abs(float(value)) >= _FULL_DIGITS:
        return compact(float(value))
    if value == 0:
        return "0"
    if abs(float(value)) >= (100 if currency.upper() in _WHOLE else 1000 if short else math.inf):
        return _digits(value, 0, signed=False)
    text = _digits(value, min(18, max(5 - _whole_digits(value), 2)), signed=False)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


def percent(share: float, *, signed: bool = True) -> str:
    """`+2.14%` for 0.0214. The sign is always there, except for nothing at all."""
    value = share * 100
    if not math.isfinite(value):
        return UNKNOWN
    if abs(value) >= 1e9:
        return f"{compact(value, signed=signed)}%"
    decimals = 2 if abs(value) < 1000 else 1 if abs(value) < 10000 else 0
    return f"{_digits(value, decimals, signed)}%"


def basis_points(share: float, *, signed: bool = True) -> str:
    """`+7.2 bp` for 0.00072: hundredths of one per cent."""
    value = share * 1e4
    if not math.isfinite(value):
        return UNKNOWN
    if abs(value) >= 1e9:
        return f"{compact(value, signed=signed)} bp"
    return f"{_digits(value, 1 if abs(value) < 1000 else 0, signed=signed)} bp"


def compact(value: float, say: Say = plain, *, signed: bool = False) -> str:
    """`1.2M` for 1,234,567. A language that counts in ten-thousands translates `10K`, `100M` and `T`."""
    if not math.isfinite(value):
        return UNKNOWN
    if abs(value) >= _LARGEST:
        return f"{'<-' if value < 0 else '>'}999,999{say('T')}"
    for size, name in _units(say):
        if abs(value) >= size:
            scaled = value / size
            decimals = 0 if abs(scaled) >= 100 else 1
            return _trimmed(_digits(scaled, decimals, signed)) + name
    return _trimmed(_digits(value, 2, signed))


def axis(values: Sequence[float], say: Say = plain) -> list[str]:
    """Evenly spaced numbers beside an axis: one unit for all, and as many decimals as tell them apart."""
    largest = max((abs(value) for value in values), default=0.0)
    if largest >= _LARGEST:
        return [compact(value, say) for value in values]
    step = min((abs(b - a) for a, b in pairwise(values)), default=largest) or 1.0
    size, name = _axis_unit(largest, step, say)
    decimals = min(18, _step_decimals(step / size))
    return [_digits(value / size, decimals, signed=False) + name if value else "0" for value in values]


def _axis_unit(largest: float, step: float, say: Say) -> tuple[float, str]:
    if largest < 1e7:
        return 1.0, ""
    return next(
        ((size, name) for size, name in _units(say) if size <= largest and step / size >= 0.01), (1.0, "")
    )


def _units(say: Say) -> tuple[tuple[float, str], ...]:
    """Thousands, millions, billions; or ten-thousands, where the language has a word for them."""
    if say("10K") == "10K":
        return _WESTERN
    return tuple((size, say(name)) for size, name in _EASTERN)


def _step_decimals(step: float) -> int:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    marks = step * 10**decimals
    return decimals if math.isclose(marks, round(marks), rel_tol=1e-6) else decimals + 1


def day(at: datetime | date, zone: str = "UTC", say: Say = plain, *, year: bool = False) -> str:
    """`12 Nov`, or `12 Nov 2025`, in the reader's zone."""
    local = at.astimezone(ZoneInfo(zone)) if isinstance(at, datetime) else at
    pattern = say("{day} {month} {year}") if year else say("{day} {month}")
    return pattern.format(day=local.day, month=month(local.month, say), year=local.year)


def day_within(at: float, start: float, end: float, zone: str, say: Say = plain) -> str:
    """As `day`, of seconds; with its year where the picture shows more than one."""
    local, seconds = ZoneInfo(zone), (at, start, end)
    then, first, last = (datetime.fromtimestamp(s, UTC).astimezone(local) for s in seconds)
    return day(then, zone, say, year=first.year != last.year)


def month(number: int, say: Say = plain) -> str:
    """`Nov` for 11."""
    return say(MONTHS[number - 1])


def moment(at: datetime, zone: str, say: Say = plain) -> str:
    """`12 Nov 14:00` in the reader's zone."""
    return f"{day(at, zone, say)} {at.astimezone(ZoneInfo(zone)):%H:%M}"


def window(start: float, end: float, zone: str, say: Say = plain) -> str:
    """The exact window of a picture and whose clock it is: `12 Nov 09:00 – 19 Nov 09:00 · Asia/Seoul`."""
    first, last = (datetime.fromtimestamp(seconds, UTC) for seconds in (start, end))
    local = ZoneInfo(zone)
    if first.astimezone(local).year != last.astimezone(local).year:
        return f"{day(first, zone, say, year=True)} – {day(last, zone, say, year=True)} · {zone}"
    return f"{moment(first, zone, say)} – {moment(last, zone, say)} · {zone}"


def span(seconds: float, say: Say = plain) -> str:
    """`7 days`, `3 hours`, `5 minutes`: the largest unit of which there are at least two, or one day."""
    for size, one, many in (
        (86400, "1 day", "{n} days"),
        (3600, "1 hour", "{n} hours"),
        (60, "1 minute", "{n} minutes"),
    ):
        count = round(seconds / size)
        if count >= 2 or (count == 1 and seconds >= size):
            return say(one) if count == 1 else say(many).format(n=f"{count:,}")
    return say("less than a minute")


def _digits(value: Number, decimals: int, signed: bool) -> str:
    text = f"{value:+,.{decimals}f}" if signed else f"{value:,.{decimals}f}"
    return text.lstrip("+-") if not text.strip("+-0.,") else text


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _whole_digits(value: Number) -> int:
    """Digits before the point; 0 for 0.5 and -2 for 0.00123."""
    return math.floor(math.log10(abs(float(value)))) + 1 if value else 1
