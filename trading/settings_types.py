"""The kinds of values in settings, each with its check and the words that say what would be right."""

import re
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from trading.domain.errors import Refused
from trading.domain.market import Timeframe


class Section(BaseModel):
    """A table of settings.toml. A misspelt limit must not be ignored, so unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


# A check raises ValueError with the middle of a sentence ("should be ..."); settings_words.py completes it.


def _timeframe(text: str) -> str:
    try:
        Timeframe.parse(text)
    except Refused:
        raise ValueError("should be a timeframe: a number and m, h, d or w, like 15m or 4h") from None
    return text


def _clock_time(text: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError("should be a time of day from 00:00 to 23:59")
    return text


def _market(text: str) -> str:
    if not re.fullmatch(r"[^\s/]+/[^\s/]+", text):
        raise ValueError("should be a market like BTC/USDT")
    return text


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9_-]{1,24}", text):
        raise ValueError("should have a name of 1 to 24 characters out of a-z, 0-9, _ and -")
    return text


def _zone(text: str) -> str:
    if text == "UTC" or text in (zones := available_timezones()):
        return text
    near = get_close_matches(text, zones, 1)
    raise ValueError(f"should be a time zone like {near[0] if near else 'Asia/Seoul'}")


def _each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    twice = [value for at, value in enumerate(values) if value in values[:at]]
    if twice:
        raise ValueError(f"should name each market once, but {twice[0]} is there twice")
    return values


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise ValueError("should be an address like https://host:port/path") from None


def _address(*schemes: str) -> AfterValidator:
    starts = [f"{scheme}://" for scheme in schemes]

    def check(text: str) -> str:
        if text and (_split(text).scheme not in schemes or not _split(text).netloc):
            raise ValueError(f"should be an address that begins with {' or '.join(starts)}")
        return text

    return AfterValidator(check)


_DATABASES = r"(sqlite(\+aiosqlite)?:///|postgresql(\+psycopg)?://)."


def _database(text: str) -> str:
    if text and not (_split(text) and re.match(_DATABASES, text)):
        raise ValueError("should begin with sqlite:/// or postgresql://")
    return text


def _not_a_flag(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("should be a number")
    return value


def of_hundred(value: Any) -> Any:
    """`3%` as 0.03; whatever else was written is left to be looked at."""
    if not isinstance(value, str) or not value.strip().endswith("%"):
        return value
    try:
        return float(Decimal(value.strip()[:-1]) / 100)
    except InvalidOperation:
        return value


def _exact(value: Any) -> Any:
    return str(value) if isinstance(value, float) else _not_a_flag(value)


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _filled(value: Any) -> Any:
    return None if value == "" else value


TimeframeText = Annotated[str, AfterValidator(_timeframe)]
TimeframeOrEmpty = Annotated[str, AfterValidator(lambda text: text and _timeframe(text))]
ClockTime = Annotated[str, AfterValidator(_clock_time)]
Name = Annotated[str, AfterValidator(_name)]
Markets = Annotated[tuple[Annotated[str, AfterValidator(_market)], ...], AfterValidator(_each_once)]
WebAddress = Annotated[str, _address("http", "https")]
SocketAddress = Annotated[str, _address("ws", "wss")]
Whole = Annotated[int, BeforeValidator(_not_a_flag)]
Port = Annotated[Whole, Field(ge=0, le=65535)]
Number = Annotated[float, BeforeValidator(_not_a_flag), Field(allow_inf_nan=False)]
Part = Annotated[Number, BeforeValidator(of_hundred)]  # of something; 3% is 0.03
Share = Annotated[Part, Field(ge=0, le=1)]
Money = Annotated[Decimal, BeforeValidator(_exact)]
MoneyOrEmpty = Annotated[Money | None, BeforeValidator(_filled)]
DatabaseAddress = Annotated[str, AfterValidator(_database)]
Zone = Annotated[str, AfterValidator(_zone)]
Secret = Annotated[
    SecretStr, BeforeValidator(lambda value: value.strip() if isinstance(value, str) else value)
]
