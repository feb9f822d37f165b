"""Numbers that are none: entries are closed with a clear sentence, exits stay open, and every meter still answers."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.builders import a_position, an_account, an_intent
from tests.trading.risk.cases import a_case, limits, market, walk
from trading.domain.order import Side
from trading.domain.risk import Cleared
from trading.risk.budget import budgets, tails
from trading.risk.gate import review
from trading.risk.rules import NOT_KNOWN
from trading.risk.watched import watched
from trading.risk.why import why

BTC, ETH = "BTC/USDT", "ETH/USDT"
PRICES = {BTC: Decimal(100), ETH: Decimal(100)}
STRICT = limits(
    daily_loss=0.05,
    drawdown=0.15,
    volatility=4.0,
    liquidity=0.25,
    symbol_exposure=1.0,
    gross_exposure=1.0,
    cluster_exposure=1.0,
    value_at_risk=0.1,
    shortfall=0.15,
)
MISSING = "a price or an amount is missing, so nothing can be judged"


def account(**changes):
    """7,000 and thirty BTC at 100, held by rsi."""
    fields = {"cash": "7000", "positions": (a_position(sleeve="rsi", quantity=30),), "prices": PRICES}
    return an_account(**fields | changes)


def entry(held=None, closes=None, **changes):
    look = market(BTC_USDT=walk(1) if closes is None else closes, ETH_USDT=walk(2))
    return a_case(STRICT, replace(an_intent(), **changes), account=held or account(), market=look)


def standing(case):
    return replace(case, intent=replace(case.intent, amount=Decimal(0), sleeve=""))


UNPRICED = account(positions=(a_position(sleeve="rsi", quantity=30), a_position(symbol="SOL/USDT")))
NONES = {
    "a missing price": (entry(UNPRICED), "R08 numbers", MISSING),
    "a price that is NaN": (entry(account(prices=PRICES | {BTC: Decimal("NaN")})), "R08 numbers", MISSING),
    "a price of nothing": (entry(account(prices=PRICES | {BTC: Decimal(0)})), "R08 numbers", MISSING),
    "an amount that is NaN": (entry(amount=Decimal("NaN")), "R08 numbers", MISSING),
    "cash that is NaN": (entry(account(cash="NaN")), "R08 numbers", MISSING),
    "negative equity": (entry(account(cash="-7000")), "R11 drawdown", "the drawdown limit is reached"),
    "candles that are NaN": (entry(closes=[*walk(1)[:-1], float("nan")]), "R15 volatility", NOT_KNOWN),
    "candles of nothing": (entry(closes=[0.0] * 200), "R15 volatility", NOT_KNOWN),
    "a market nobody knows": (entry(closes=walk(1)[:10]), "R15 volatility", NOT_KNOWN),
    "one that stands still": (
        entry(account(positions=(a_position(symbol=ETH, quantity=30),)), closes=[100.0] * 200),
        "R36 cluster",
        NOT_KNOWN,
    ),
}


@pytest.mark.parametrize(("case", "rule", "sentence"), NONES.values(), ids=NONES)
def test_an_entry_is_refused_in_one_clear_sentence(case, rule, sentence):
    answer = review(case)

    assert (answer.rule, answer.reason) == (rule, sentence)
    assert "nan" not in answer.observed.lower()


@pytest.mark.parametrize("case", [case for case, _, _ in NONES.values()], ids=NONES)
def test_an_exit_passes_all_the_same(case):
    held = case.account.positions[0]
    exit_ = an_intent(side=Side.SELL, amount="1", reduce_only=True, sleeve=held.sleeve, symbol=held.symbol)

    assert isinstance(review(replace(case, intent=exit_)), Cleared)


@pytest.mark.parametrize("case", [case for case, _, _ in NONES.values()], ids=NONES)
def test_the_meters_and_the_reasons_answer_and_promise_nothing(case):
    stands, answer = standing(case), review(case)

    told = why(case, answer, STRICT, real=True)
    meters = (*budgets(stands), *tails(stands))
    every = watched(stands, (BTC,), {})

    assert told.largest is None
    assert all(0 <= meter.used <= 1 and meter.left.is_finite() for meter in meters)
    assert all(w.used is None or 0 <= w.used <= 1 for w in every)
    assert all("nan" not in w.observed.lower() for w in every)


def test_an_account_whose_prices_are_not_known_has_nothing_left():
    stands = standing(entry(UNPRICED))

    assert {(b.used, b.left) for b in (*budgets(stands), *tails(stands))} == {(1.0, Decimal(0))}
    assert {w.observed for w in watched(stands, (BTC,), {}) if w.used is not None} == {"unknown"}


def test_one_asset_alone_is_judged_like_many():
    assert isinstance(review(entry(account(prices={BTC: Decimal(100)}))), Cleared)
