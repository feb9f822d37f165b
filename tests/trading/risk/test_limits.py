"""Limits by name: read, shown, compared; and why an order did not pass, with the change that would let it."""

from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import an_account, an_intent
from tests.trading.risk.cases import a_case, asked, limits, past, rule
from trading.domain.errors import Refused
from trading.domain.risk import Cleared, Limits, Verdict
from trading.limits import limits_of
from trading.risk.gate import ENTRY, review
from trading.risk.limits import LIMITS, changed, limit_named, looser_than
from trading.risk.why import largest_passing, why
from trading.settings_risk import Risk

HOUSE = limits_of(Risk())


def test_every_limit_can_be_set_by_name_and_belongs_to_a_rule():
    settable = set(Risk.model_fields) - {"drawdown_warnings"}
    numbers = {r.name.split()[0] for r in ENTRY}

    assert set(LIMITS) == settable
    assert {limit.rule for limit in LIMITS.values()} <= numbers
    assert settable <= {f.name for f in fields(Limits)}
    assert {r.setting for r in ENTRY} - {""} <= set(LIMITS)


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS)
def test_the_default_may_be_set_and_is_no_looser_than_itself(limit):
    default = getattr(HOUSE, limit.name)

    assert limit.read(limit.write(default)) == default
    assert not limit.looser(default, default)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("daily_loss", "3%", 0.03),
        ("daily_loss", "0.03", 0.03),
        ("positions", "4", 4.0),
        ("turnover", "1e6", 1e6),
    ],
)
def test_limits_are_read_as_people_write_them(name, text, value):
    assert LIMITS[name].read(text) == value


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("daily_loss", "many", "daily_loss is a number from 0 to 1; found 'many'."),
        ("daily_loss", "3", "daily_loss is a number from 0 to 1; found '3'."),
        ("daily_loss", "-0.1", "daily_loss is a number from 0 to 1; found '-0.1'."),
        ("daily_loss", "nan", "daily_loss is a number from 0 to 1; found 'nan'."),
        ("positions", "2.5", "positions is a whole number from 0 to 10000; found '2.5'."),
        ("positions", "٣", "positions is a whole number from 0 to 10000; found '٣'."),
    ],
)
def test_what_is_no_limit_is_told_with_what_would_be(name, text, sentence):
    with pytest.raises(Refused) as refused:
        LIMITS[name].read(text)

    assert refused.value.tell == sentence


def test_a_limit_is_found_by_its_name_or_its_rule():
    assert limit_named("Daily-Loss").name == "daily_loss"
    assert limit_named("r35").name == "positions"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("dayly_loss", "There is no limit 'dayly_loss'; the nearest is 'daily_loss'."),
        ("xyz", "There is no limit 'xyz'; /limits lists them."),
    ],
)
def test_the_nearest_limit_is_offered(name, sentence):
    with pytest.raises(Refused) as refused:
        limit_named(name)

    assert refused.value.tell == sentence


@given(name=st.sampled_from(sorted(LIMITS)), share=st.floats(0, 1))
def test_one_limit_looser_than_the_house_is_found(name, share):
    limit = LIMITS[name]
    value = limit.low + (limit.high - limit.low) * share

    found = looser_than(changed(HOUSE, {name: value}), HOUSE)

    assert (found is not None) == limit.looser(value, getattr(HOUSE, name))


# --- why --------------------------------------------------------------------------------------------------


def explained(held: Limits, intent=None, house: Limits = HOUSE, **more):
    case = a_case(held, intent, **more)
    return case, why(case, review(case), house, real=True)


def test_a_refusal_names_the_rule_its_numbers_and_the_limit_that_would_do():
    held = limits(positions=0)

    _case, found = explained(held)

    blocked = next(r for r in found.readings if not r.passed)
    assert found.verdict is Verdict.REFUSED
    assert found.largest is None
    assert (blocked.rule, blocked.limit, blocked.observed) == ("R35 positions", "0", "1")
    assert (blocked.setting, blocked.needed, blocked.allowed) == ("positions", "1", True)


@pytest.mark.parametrize(
    ("held", "more", "needed"),
    [
        (
            {"daily_loss": 0.02},
            {"account": an_account(cash="9700")},
            "0.0301",
        ),  # it acts the moment it is reached
        ({"weekly_loss": 0.02}, {"account": an_account(cash="9700")}, "0.0301"),
        ({"losses": 2}, {"past": past(losses=3)}, "4"),
        ({"price_band": 0.05}, {"account": an_account(prices={"BTC/USDT": Decimal(80)})}, "0.25"),
    ],
)
def test_the_smallest_change_that_would_pass(held, more, needed):
    _, found = explained(limits(**held), **more)

    blocked = next(r for r in found.readings if not r.passed)
    assert blocked.needed == needed
    again = asked(limits(**{blocked.setting: float(needed)}), **more)
    assert rule(again) is None


def test_a_change_beyond_the_house_is_told_as_one():
    house = changed(HOUSE, {"daily_loss": 0.02})

    _, found = explained(limits(daily_loss=0.02), house=house, account=an_account(cash="9700"))

    assert [r.allowed for r in found.readings if not r.passed] == [False]


def test_a_smaller_order_that_would_pass_is_found():
    # Slippage cuts nothing by itself, so only a smaller order helps: fees of 0.1 % may be 5 of 10,000.
    case = a_case(limits(fees_per_hour=0.0005), an_intent(amount="80"))

    largest = largest_passing(case)

    assert rule(review(case)) == "R30"
    assert largest is not None
    assert largest.amount == 50


def test_an_order_that_was_cut_says_to_what():
    case, found = explained(limits(gross_exposure=0.2), an_intent(amount="40"))

    assert found.verdict is Verdict.TRIMMED
    assert found.largest is not None
    assert found.largest.amount == 20
    assert isinstance(review(case), Cleared)


def test_what_passed_is_told_with_every_number():
    _, found = explained(HOUSE, market=None, past=past())

    assert found.verdict is Verdict.REFUSED  # the house's limits look at past candles, and there are none
    assert {r.observed for r in found.readings if not r.passed} == {"unknown"}
