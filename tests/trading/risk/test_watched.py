"""How far each limit is used, by hand; and that no limit is said to be kept where its rule would say no."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.builders import START, a_position, an_account, an_intent
from tests.trading.risk.cases import a_case, limits, market, past, sent, walk
from trading.domain.risk import Halt, HaltKind
from trading.risk.gate import ENTRY
from trading.risk.limits import LIMITS
from trading.risk.watched import LOOKS, beyond, watched

SYMBOLS = ("BTC/USDT", "ETH/USDT")
HELD = an_account(
    cash="5000",
    positions=(
        a_position(sleeve="rsi", quantity=30),
        a_position(sleeve="macd", symbol="ETH/USDT", quantity=20),
    ),
    prices={"BTC/USDT": Decimal(100), "ETH/USDT": Decimal(100)},
)  # 3,000 and 2,000 of 10,000
LOOK = market(BTC_USDT=walk(1), ETH_USDT=walk(2))


def standing(held, **changes):
    """The account as it stands: an order of nothing."""
    fields = {"account": HELD, "market": LOOK} | changes
    return a_case(held, replace(an_intent(), amount=Decimal(0), sleeve=""), **fields)


def found(case, name, losses=None):
    return next(w for w in watched(case, SYMBOLS, losses or {}) if w.name == name)


@pytest.mark.parametrize(
    ("name", "value", "changes", "what", "observed", "used"),
    [
        ("daily_loss", 0.1, {"account": replace(HELD, day_start_equity=Decimal(10_500))}, "", "4.76%", 0.476),
        ("drawdown", 0.2, {"account": replace(HELD, peak_equity=Decimal(11_000))}, "", "9.09%", 0.4545),
        ("weekly_loss", 0.1, {"past": past(week_start_equity=Decimal(10_200))}, "", "1.96%", 0.196),
        ("monthly_loss", 0.1, {"past": past(month_start_equity=Decimal(9_000))}, "", "0%", 0.0),
        ("symbol_exposure", 0.4, {}, "BTC/USDT", "30%", 0.75),
        ("sleeve_exposure", 0.4, {}, "rsi", "30%", 0.75),
        ("strategy_exposure", 0.8, {"strategies": {"rsi": "own", "macd": "own"}}, "own", "50%", 0.625),
        ("gross_exposure", 1.0, {}, "", "50%", 0.5),
        ("positions", 4, {}, "", "2", 0.5),
        ("orders_per_hour", 4, {"past": past(sent=(sent(5), sent(6), sent(7)))}, "", "3", 0.75),
        ("fees_per_hour", 0.001, {"past": past(sent=(sent(5, fee=Decimal(5)),))}, "", "0.05%", 0.5),
    ],
)
def test_each_limit_shows_what_is_nearest_to_it(name, value, changes, what, observed, used):
    seen = found(standing(limits(**{name: value}), **changes), name)

    assert (seen.what, seen.observed, seen.broken) == (what, observed, False)
    assert seen.used == pytest.approx(used, abs=1e-3)


def test_losses_in_a_row_are_those_of_the_unluckiest_sleeve():
    seen = found(standing(limits(losses=10)), "losses", {"rsi": 4, "macd": 7})

    assert (seen.what, seen.observed, seen.used) == ("macd", "7", 0.7)


def test_a_cluster_is_shown_by_its_members_and_what_is_in_all_of_them():
    one = walk(1)
    alike = market(BTC_USDT=one, ETH_USDT=[2 * price for price in one])

    seen = found(standing(limits(cluster_exposure=0.8), market=alike), "cluster_exposure")

    assert (seen.what, seen.observed, seen.used) == ("BTC + ETH", "50%", pytest.approx(0.625))


def test_what_a_bad_day_costs_is_the_gates_own_figure():
    case = standing(limits(value_at_risk=0.1, shortfall=0.2))

    shares = [found(case, name).used for name in ("value_at_risk", "shortfall")]

    day = case.bad_day
    assert shares == [pytest.approx(day.value_at_risk / 1000), pytest.approx(day.shortfall / 2000)]


def test_of_several_markets_the_wildest_is_shown_and_one_nobody_knows_before_it():
    wild = market(BTC_USDT=walk(1), ETH_USDT=walk(2, swing=0.03))
    unknown = market(BTC_USDT=walk(1))

    seen = found(standing(limits(volatility=4.0), market=wild), "volatility")
    dark = found(standing(limits(volatility=4.0), market=unknown), "volatility")

    assert (seen.what, seen.used) == ("ETH/USDT", pytest.approx(wild.volatility("ETH/USDT") / 4))
    assert (dark.what, dark.observed, dark.used) == ("ETH/USDT", "unknown", 1.0)


def test_a_limit_about_each_order_is_used_by_nothing_and_one_that_is_off_is_not_shown():
    names = {w.name: w.used for w in watched(standing(limits(price_band=0.05)), SYMBOLS, {})}

    assert names == {"order_share": None, "price_band": None, "cluster_correlation": None}


def test_a_period_that_was_lost_is_used_up_whatever_was_won_back():
    halt = Halt(kind=HaltKind.DAILY_LOSS, reason="lost", by="risk", since=START - timedelta(hours=1))

    assert found(standing(limits(daily_loss=0.1), halts=(halt,)), "daily_loss").used == 1.0


def test_a_limit_that_is_broken_when_it_is_set_is_known_and_one_that_is_kept_is_not():
    case = standing(limits())

    broken = beyond("symbol_exposure", case, limits(symbol_exposure=0.25), SYMBOLS, {})

    assert (broken.what, broken.observed, broken.limit) == ("BTC/USDT", "30%", "25%")
    for name, value in (("symbol_exposure", 0.3), ("positions", 2), ("order_share", 0.01)):
        assert beyond(name, case, limits(**{name: value}), SYMBOLS, {}) is None


def test_every_limit_that_people_may_set_is_watched():
    assert set(LOOKS) == set(LIMITS)
    assert {limit.rule for limit in LIMITS.values()} <= {rule.name.partition(" ")[0] for rule in ENTRY}
