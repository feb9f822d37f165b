"""The headline of honesty checks is the worst news, and what is offered next fits a button."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from bot.honesty import headline, next_questions
from bot.words import Words
from trading.domain.honesty import Check, Honesty, Landscape, Spread, Trial, Verdict

ENGLISH = Words("en")
NAMES = {
    "look_ahead": Check.BIAS,
    "warm_up": Check.BIAS,
    "answers": Check.BIAS,
    "random_entries": Check.LUCK,
    "buy_and_hold": Check.LUCK,
    "sharpe": Check.SHARPE,
    "other_orders": Check.MONTECARLO,
    "other_starts": Check.MONTECARLO,
    "walk_forward": Check.WALKFORWARD,
    "sensitivity": Check.SENSITIVITY,
}


def found_with(failed: set[str], names: Iterable[str] = NAMES, **changes) -> Honesty:
    verdicts = tuple(
        Verdict(name=name, check=NAMES[name], passed=name not in failed, sentence="So it is.", numbers={})
        for name in names
    )
    return Honesty(
        strategy="x",
        params={},
        symbol="BTC/USDT",
        timeframe="1h",
        bars=1000,
        start=datetime(2024, 1, 1, tzinfo=UTC),
        end=datetime(2024, 2, 1, tzinfo=UTC),
        verdicts=verdicts,
        seconds=1.0,
        **changes,
    )


@pytest.mark.parametrize(
    ("failed", "names", "title"),
    [
        ({"look_ahead", "sharpe"}, NAMES, "x looks into the future: believe none of its results"),
        ({"answers"}, ["answers"], "x gives answers that cannot be traded"),
        ({"warm_up"}, NAMES, "x needs a longer warm-up: live it would trade differently"),
        ({"random_entries", "walk_forward"}, NAMES, "x: not distinguishable from luck"),
        ({"walk_forward", "sensitivity"}, NAMES, "x: passed 8 of 10 checks"),
        (
            {"buy_and_hold"},
            ["random_entries", "buy_and_hold"],
            "x: its timing is no luck, but not surely better than holding",
        ),
        (
            {"other_starts"},
            ["other_orders", "other_starts"],
            "x: other trades or other dates would have hurt",
        ),
        ({"walk_forward"}, ["walk_forward"], "x: too little of the gain came again"),
        ({"sensitivity"}, ["sensitivity"], "x: its parameters stand on no plateau"),
        (set(), NAMES, "x: nothing points to luck"),
    ],
)
def test_the_headline_is_the_worst_news(failed, names, title):
    assert headline(found_with(failed, names), ENGLISH) == title


def offered(trial: Trial, found: Honesty) -> list[str]:
    return [button.command for row in next_questions(found, trial, ENGLISH) for button in row]


def a_trial(**changes) -> Trial:
    return Trial(**{"strategy": "x", "params": {"fast": "9"}} | changes)


def test_after_the_check_of_bias_comes_luck():
    trial = a_trial(checks=(Check.BIAS,))

    assert offered(trial, found_with(set())) == ["/honesty x fast=9", "/backtest x fast=9"]


def test_after_everything_comes_the_map():
    pictures = {
        "spread": Spread(outcomes=(0.1,), ours=0.2),
        "landscape": Landscape(
            x_name="fast", xs=(9.0,), y_name="", ys=(0.0,), scores=((1.0,),), chosen=(0, 0)
        ),
    }

    commands = offered(a_trial(), found_with(set(), **pictures))

    assert commands == ["/honesty x fast=9 --check sensitivity", "/backtest x fast=9"]


def test_a_line_too_long_for_a_button_is_left_out():
    long = {"fast": "9", "slow": "21", "hold": "200", "band": "0.0000000000000001", "other": "123456"}

    assert offered(a_trial(params=long), found_with(set())) == []
