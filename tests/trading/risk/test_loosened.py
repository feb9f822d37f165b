"""A loss limit that an owner loosens while its halt holds: what it allows now closes nothing any more."""

from decimal import Decimal

import pytest

from tests.trading.core.desks import Script, Story, close_of
from tests.trading.risk.cases import limits
from trading.core import guard
from trading.domain.events import KillAsked, LimitsChanged, TradingResumed
from trading.domain.risk import HaltKind
from trading.risk.budget import budgets
from trading.risk.gate import review
from trading.risk.why import why

KINDS = {
    "daily_loss": HaltKind.DAILY_LOSS,
    "weekly_loss": HaltKind.WEEKLY_LOSS,
    "monthly_loss": HaltKind.MONTHLY_LOSS,
}


def lost(name: str, *closes: float) -> Story:
    """Everything in one market at 100, 3 % may be lost, and then these prices."""
    story = Story(Script(BTC_USDT={1: 1.0}), limits=limits(**{name: 0.03}), share=1.0, fee="0")
    return story.candles(100, 100, 100, *closes)


def change(story: Story, **held: float) -> None:
    story.session.step(LimitsChanged(close_of(9), limits(**held), "mina"))


@pytest.mark.parametrize("name", KINDS)
def test_a_limit_loosened_beyond_the_loss_opens_entries_at_once(name):
    story = lost(name, 96)
    halted = KINDS[name] in story.desk.halts

    change(story, **{name: 0.05})

    assert halted
    assert KINDS[name] not in story.desk.halts
    assert [(event.kind, event.by) for event in story.news(TradingResumed)] == [(KINDS[name], "mina")]


@pytest.mark.parametrize("name", KINDS)
def test_a_limit_loosened_to_less_than_the_loss_opens_nothing(name):
    story = lost(name, 94)

    change(story, **{name: 0.05})

    halt = next(h for h in story.desk.halts.all if h.kind is KINDS[name])
    assert halt.reason.endswith("reached its limit of -5%")  # the one that holds now
    assert halt.since == close_of(3)
    assert story.news(TradingResumed) == []


@pytest.mark.parametrize("name", KINDS)
def test_neither_a_stricter_limit_nor_another_one_opens_what_was_lost_and_won_back(name):
    story = lost(name, 96, 99)

    change(story, **{name: 0.02})
    change(story, **{name: 0.02, "positions": 3})

    assert KINDS[name] in story.desk.halts


def test_why_names_the_limit_that_would_open_a_lost_day():
    story = lost("daily_loss", 96)
    now = guard.wanted(story.desk, "ema_cross", "BTC/USDT")

    told = why(now, review(now), limits(daily_loss=1.0), real=False)

    day = next(reading for reading in told.readings if not reading.passed)
    assert (day.rule, day.needed, day.allowed) == (
        "R10 daily-loss",
        "0.0399",
        True,
    )  # 398.02 of 10,000 are lost


def test_after_a_kill_the_days_halt_is_gone_when_its_limit_was_loosened_meanwhile():
    story = lost("daily_loss", 96)
    story.session.step(KillAsked(close_of(9), "asked by hand", "mina"))

    change(story, daily_loss=0.05)

    assert [halt.kind for halt in story.desk.halts.all] == [HaltKind.KILL]


def test_the_meter_of_a_limit_that_was_reached_says_so_whatever_was_won_back():
    story = lost("daily_loss", 96, 99)

    closed = next(b for b in budgets(guard.standing(story.desk)) if b.name == "day")
    change(story, daily_loss=0.05)
    opened = next(b for b in budgets(guard.standing(story.desk)) if b.name == "day")

    assert (closed.reached, closed.used, closed.left) == (True, 1.0, 0)
    assert not opened.reached
    assert opened.used == pytest.approx(0.2, abs=0.01)
    assert opened.left == pytest.approx(Decimal(400), abs=5)
