"""Describing a strategy, reading its parameters and checking its answers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import trading.strategies as catalogue
from tests.builders import candles, walk
from trading.domain.errors import Broken, Refused
from trading.strategies import Strategy, evaluate, find, param, strategies, strategy


@dataclass(frozen=True, slots=True)
class Params:
    length: int = param(10, low=2, high=50, help="bars looked at")
    share: float = param(0.5, low=0.0, high=1.0, help="how much to hold")
    short: bool = param(False, help="sell short as well")


@pytest.fixture(autouse=True)
def _forgets_what_tests_register() -> Iterator[None]:
    strategies()
    before = dict(catalogue._registered)
    yield
    catalogue._registered.clear()
    catalogue._registered.update(before)


def constant(value: object, *, warmup: int = 1) -> Strategy:
    """A strategy that always answers `value`, or what `value` makes of its candles."""

    @strategy("constant", warmup=lambda p: warmup)
    def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
        """Wants the same whatever happens."""
        return value(candles) if callable(value) else pd.Series(value, index=candles.index, dtype=float)

    return find("constant")


def test_a_strategy_is_found_by_name_with_its_first_sentence():
    found = find("ema_cross")

    assert found.name == "ema_cross"
    assert (
        found.summary
        == "Fully invested while the fast exponential average leads the slow one, otherwise out."
    )


def test_a_misspelt_strategy_is_refused_with_the_nearest():
    with pytest.raises(Refused) as refused:
        find("ema_crss")

    assert refused.value.tell == "There is no strategy 'ema_crss'; the nearest is 'ema_cross'."


def test_a_strategy_nothing_is_like_is_refused_with_the_list():
    with pytest.raises(Refused, match="There is no strategy 'zzz'; there is adx_trend, bollinger, boll"):
        find("zzz")


def test_the_caller_cannot_change_the_catalogue():
    strategies().clear()

    assert "ema_cross" in strategies()


def test_parameters_are_read_from_words_numbers_and_defaults():
    found = constant(0.0)

    p = found.params({"length": "20", "share": 1, "short": "on"})

    assert p == Params(length=20, share=1.0, short=True)
    assert isinstance(p.share, float)
    assert found.params() == Params()
    assert found.params({"length": 7.0}) == Params(length=7)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"lenght": 3}, "constant has no parameter 'lenght'; the nearest is 'length'."),
        ({"colour": 3}, "constant has no parameter 'colour'; there is length, share, short."),
        ({"length": "many"}, "constant: length must be a whole number (2 ... 50), not 'many'."),
        ({"length": 3.5}, "constant: length must be a whole number (2 ... 50), not '3.5'."),
        ({"length": True}, "constant: length must be a whole number (2 ... 50), not 'True'."),
        ({"length": None}, "constant: length must be a whole number (2 ... 50), not 'None'."),
        ({"length": 51}, "constant: length must be within 2 ... 50, not 51."),
        ({"length": "1"}, "constant: length must be within 2 ... 50, not 1."),
        ({"length": "1e400"}, "constant: length must be a whole number (2 ... 50), not '1e400'."),
        ({"share": "nan"}, "constant: share must be a number (0 ... 1), not 'nan'."),
        ({"share": 1.0001}, "constant: share must be within 0 ... 1, not 1.0001."),
        ({"short": "maybe"}, "constant: short must be a switch (true or false), not 'maybe'."),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_sentence(values, sentence):
    found = constant(0.0)

    with pytest.raises(Refused) as refused:
        found.params(values)

    assert refused.value.tell == sentence


def test_a_description_is_plain_data_with_values_and_ranges():
    found = constant(0.0)

    told = found.describe(Params(length=20))

    assert told["name"] == "constant"
    assert told["summary"] == "Wants the same whatever happens."
    assert told["parameters"][0] == {
        "name": "length",
        "type": "int",
        "value": 20,
        "default": 10,
        "low": 2,
        "high": 50,
        "help": "bars looked at",
    }
    assert told["parameters"][2]["low"] is None


def test_warmup_may_depend_on_the_length_of_a_bar():
    @strategy("in_days", warmup=lambda p, bar: p.length * 86400 // bar)
    def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
        """Counts in days."""
        return candles["close"]

    found = find("in_days")

    assert found.warmup(Params(length=2), 3600) == 48
    assert found.warmup(Params(length=2), 86400) == 2


def test_answers_before_the_warmup_are_nothing():
    found = constant(1.0, warmup=4)

    assert evaluate(found, Params(), candles([1, 2, 3, 4, 5])).tolist() == [0, 0, 0, 1, 1]


def test_too_few_candles_are_answered_without_asking():
    found = constant(1.0, warmup=6)

    assert evaluate(found, Params(), candles([1, 2, 3, 4, 5])).tolist() == [0] * 5


def test_answers_are_rounded_to_a_millionth_and_never_minus_zero():
    found = constant(-0.00000004)

    answer = evaluate(found, Params(), candles([1, 2]))

    assert np.signbit(answer).tolist() == [False, False]
    assert evaluate(constant_again(0.12345678), Params(), candles([1, 2])).tolist() == [0.123457, 0.123457]


def constant_again(value: float) -> Strategy:
    del catalogue._registered["constant"]
    return constant(value)


def test_a_hair_above_one_is_one():
    assert evaluate(constant(1 + 1e-12), Params(), candles([1, 2])).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), "wants an exposure of nan at 2024-01-01 02:00 UTC; "),
        (float("inf"), "wants an exposure of inf"),
        (1.5, "wants an exposure of 1.5"),
        (-1.1, "wants an exposure of -1.1"),
        (lambda frame: frame["close"][:-1] * 0, "one for each candle: 4 wanted, 3 found"),
        (lambda frame: frame, "one for each candle: 4 wanted, 20 found"),
        (lambda frame: None, "one for each candle: 4 wanted, 1 found"),
        (lambda frame: frame["price"], "failed on 4 candles: KeyError"),
        (lambda frame: frame["close"].nothing(), "failed on 4 candles: AttributeError"),
        (lambda frame: 1 // 0, "failed on 4 candles: ZeroDivisionError"),
        (lambda frame: ["up"] * 4, "failed on 4 candles: ValueError"),
    ],
)
def test_an_answer_against_the_rules_is_broken_and_named(value, said):
    found = constant(value, warmup=3)

    with pytest.raises(Broken, match=f"The strategy constant (must give one column of values, )?{said}"):
        evaluate(found, Params(), candles([1, 2, 3, 4]))


def test_two_strategies_cannot_share_a_name():
    constant(0.0)

    with pytest.raises(Broken, match="Two strategies are called constant"):
        constant(1.0)


def test_a_strategy_must_say_what_it_does():
    with pytest.raises(Broken, match="mute needs a docstring"):

        @strategy("mute", warmup=lambda p: 1)
        def exposure(candles: pd.DataFrame, p: Params) -> pd.Series:
            return candles["close"]


def test_a_strategy_must_have_its_own_params():
    with pytest.raises(Broken, match="loose must be a function of candles and its own Params"):

        @strategy("loose", warmup=lambda p: 1)
        def exposure(candles: pd.DataFrame, p: dict) -> pd.Series:
            """Takes anything."""
            return candles["close"]


def test_a_strategy_may_quote_its_annotations():
    @strategy("quoted", warmup=lambda p: 1)
    def exposure(candles: "pd.DataFrame", p: "Params") -> "pd.Series":
        """Has quotes around its types."""
        return candles["close"] * 0

    assert find("quoted").Params is Params


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: param(5, low=6, high=9, help="too small"), "needs a range that holds its default 5"),
        (lambda: param(5, help="no range"), "needs a range that holds its default 5"),
        (lambda: param(5, low=1, high=9, help=""), "needs a line that says what it means"),
    ],
)
def test_a_parameter_that_is_not_well_formed_is_broken(make, said):
    @dataclass(frozen=True)
    class Wrong:
        length: int = make()

    with pytest.raises(Broken, match=f"length {said}"):

        @strategy("wrong", warmup=lambda p: 1)
        def exposure(candles: pd.DataFrame, p: Wrong) -> pd.Series:
            """Cannot be described."""
            return candles["close"]


def test_a_parameter_of_words_is_broken():
    @dataclass(frozen=True)
    class Wrong:
        kind: str = param("fast", low=0, high=1, help="a word")

    with pytest.raises(Broken, match="kind must be int, float or bool"):

        @strategy("wordy", warmup=lambda p: 1)
        def exposure(candles: pd.DataFrame, p: Wrong) -> pd.Series:
            """Cannot be described."""
            return candles["close"]


def test_evaluating_leaves_the_candles_as_they_were():
    frame = walk(600)
    before = frame.copy(deep=True)

    evaluate(find("ema_cross"), find("ema_cross").params(), frame)

    pd.testing.assert_frame_equal(frame, before)
