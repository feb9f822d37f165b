"""Every rule at its boundary: just inside, exactly there, just outside."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import START, a_position, an_account, an_instrument, an_intent
from trading.domain.account import Account
from trading.domain.order import OrderIntent, Side
from trading.domain.risk import Cleared, Halt, HaltKind, RiskDecision, Verdict
from trading.risk.gate import review
from trading.risk.rules import Case, Limits

LIMITS = Limits(order_share=0.30, daily_loss=0.05, drawdown=0.15)


def asked(
    intent: OrderIntent, account: Account | None = None, halts: tuple[Halt, ...] = ()
) -> Cleared | RiskDecision:
    case = Case(
        intent=intent,
        account=account or an_account(),
        instrument=an_instrument(),
        limits=LIMITS,
        halts=halts,
    )
    return review(case)


def a_halt(kind: HaltKind) -> Halt:
    return Halt(kind=kind, reason="because", by="mina", since=START)


def test_an_ordinary_order_is_cleared_as_it_is():
    intent = an_intent(amount="10")

    assert asked(intent) == Cleared(intent)


@pytest.mark.parametrize(
    ("amount", "cleared"),
    [("29.99999", "29.99999"), ("30", "30"), ("30.00001", "30"), ("90", "30")],
)
def test_one_order_takes_thirty_per_cent_of_equity_at_most(amount, cleared):
    answer = asked(an_intent(amount=amount))

    assert isinstance(answer, Cleared)
    assert answer.intent.amount == Decimal(cleared)


def test_splitting_an_order_does_not_get_round_the_double_rule():
    account = an_account(pending=(("ema_cross", "BTC/USDT"),))

    answer = asked(an_intent(amount="1"), account)

    assert isinstance(answer, RiskDecision)
    assert answer.rule == "R20 no-double"


@pytest.mark.parametrize(
    ("equity", "rule"),
    [("9500.01", None), ("9500", "R10 daily-loss"), ("9499", "R10 daily-loss"), ("8500", "R11 drawdown")],
)
def test_loss_limits_act_at_the_limit_not_after_it(equity, rule):
    account = an_account(cash=equity)

    answer = asked(an_intent(amount="1"), account)

    assert (answer.rule if isinstance(answer, RiskDecision) else None) == rule


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (HaltKind.KILL, "R01 kill"),
        (HaltKind.PAUSE, "R02 pause"),
        (HaltKind.FEED, "R03 feed"),
        (HaltKind.STORE, "R04 journal"),
        (HaltKind.DAILY_LOSS, "R10 daily-loss"),
    ],
)
def test_whatever_is_halted_closes_entries_and_never_exits(kind, rule):
    account = an_account(positions=(a_position(quantity="1"),))
    exit_ = an_intent(side=Side.SELL, amount="1", reduce_only=True)

    entry = asked(an_intent(amount="1"), account, (a_halt(kind),))
    way_out = asked(exit_, account, (a_halt(kind),))

    assert isinstance(entry, RiskDecision)
    assert entry.rule == rule
    assert way_out == Cleared(exit_)


def test_an_entry_is_cut_to_the_free_cash_fees_included():
    account = an_account(cash="1000", committed="500", positions=(a_position(quantity="90"),))

    answer = asked(an_intent(amount="10"), account)

    assert isinstance(answer, Cleared)
    assert answer.intent.amount == Decimal("4.99500")  # 500 / (100 x 1.001), rounded down


def test_without_any_cash_the_entry_is_refused_with_the_numbers():
    account = an_account(cash="3", positions=(a_position(quantity="99.97"),))

    answer = asked(an_intent(amount="1"), account)

    assert isinstance(answer, RiskDecision)
    assert (answer.verdict, answer.rule) == (Verdict.REFUSED, "R22 cash")
    assert (answer.limit, answer.observed) == ("3.00", "100.10")


@pytest.mark.parametrize(
    ("held", "sold", "rule"),
    [("1", "1", None), ("1", "1.00001", "R23 no-short"), (None, "1", "R23 no-short")],
)
def test_only_what_is_held_can_be_sold(held, sold, rule):
    positions = (a_position(quantity=held),) if held else ()

    answer = asked(an_intent(side=Side.SELL, amount=sold, reduce_only=True), an_account(positions=positions))

    assert (answer.rule if isinstance(answer, RiskDecision) else None) == rule


@given(
    amount=st.decimals("0.00001", "500", places=5),
    cash=st.decimals("0", "20000", places=2),
    held=st.decimals("0", "100", places=5),
    committed=st.decimals("0", "5000", places=2),
)
def test_whatever_is_cleared_keeps_every_limit(amount, cash, held, committed):
    positions = (a_position(quantity=str(held)),) if held else ()
    account = replace(an_account(cash=str(cash), positions=positions), committed=committed)

    answer = asked(an_intent(amount=str(amount)), account)

    if isinstance(answer, Cleared):
        cost = answer.intent.amount * answer.intent.price_at_decision
        assert cost <= account.equity * Decimal("0.30")
        assert cost * Decimal("1.001") <= cash - committed
        assert answer.intent.amount <= amount


@given(
    amount=st.decimals("0.01", "200", places=5),
    cash=st.decimals("0", "20000", places=2),
    looser=st.floats(0.01, 1.0),
    stricter=st.floats(0.01, 1.0),
)
def test_a_stricter_limit_never_allows_more(amount, cash, looser, stricter):
    looser, stricter = max(looser, stricter), min(looser, stricter)
    amounts = []

    for share in (looser, stricter):
        case = Case(
            intent=an_intent(amount=str(amount)),
            account=an_account(cash=str(cash), peak_equity=str(cash), day_start_equity=str(cash)),
            instrument=an_instrument(),
            limits=replace(LIMITS, order_share=share),
            halts=(),
        )
        answer = review(case)
        amounts.append(answer.intent.amount if isinstance(answer, Cleared) else Decimal(0))

    assert amounts[1] <= amounts[0]
