"""From difference to order: sides, steps, minimums, identities."""

from decimal import Decimal

import pytest

from tests.builders import START, an_instrument, at
from trading.core.plan import client_id, intent_for, worth_acting
from trading.domain.order import OrderIntent, Reason, Side


def plan(target: str, held: str, **changes: object) -> OrderIntent | None:
    fields = {"price": Decimal(100), "reason": Reason.SIGNAL, "at": START, "instrument": an_instrument()}
    return intent_for(
        account="main", sleeve="s", target=Decimal(target), held=Decimal(held), **(fields | changes)
    )


@pytest.mark.parametrize(
    ("target", "held", "side", "amount", "reduces"),
    [
        ("2", "0", Side.BUY, "2", False),
        ("2", "0.5", Side.BUY, "1.5", False),
        ("0.5", "2", Side.SELL, "1.5", True),
        ("0", "2", Side.SELL, "2", True),
        ("-1", "2", Side.SELL, "2", True),  # through flat first
        ("0", "-2", Side.BUY, "2", True),
        ("1.000009", "0", Side.BUY, "1", False),  # rounded down to the step
    ],
)
def test_the_order_closes_the_difference(target, held, side, amount, reduces):
    intent = plan(target, held)

    assert intent is not None
    assert (intent.side, intent.amount, intent.reduce_only) == (side, Decimal(amount), reduces)


@pytest.mark.parametrize(("target", "held"), [("1", "1"), ("0.000009", "0"), ("0.04", "0"), ("1.04", "1")])
def test_what_is_below_the_step_or_the_minimum_is_not_ordered(target, held):
    assert plan(target, held) is None


def test_an_exit_below_the_minimum_is_still_asked_for():
    assert plan("0", "0.04") is not None


def test_the_same_decision_has_the_same_id_and_any_other_decision_another():
    parts = ("main", "ema", "BTC/USDT", Side.BUY, Reason.SIGNAL, START)
    others = [
        ("other", *parts[1:]),
        (parts[0], "rsi", *parts[2:]),
        (*parts[:2], "ETH/USDT", *parts[3:]),
        (*parts[:3], Side.SELL, *parts[4:]),
        (*parts[:4], Reason.KILL, parts[5]),
        (*parts[:5], at(1)),
    ]

    assert client_id(*parts) == client_id(*parts)
    assert len({client_id(*parts), *(client_id(*o) for o in others)}) == 7
    assert len(client_id(*parts)) == 26  # short enough for every exchange we know


@pytest.mark.parametrize(
    ("wanted", "acted", "worth"),
    [
        (1.0, 1.0, False),
        (0.55, 0.5, False),
        (0.60, 0.5, True),
        (0.0, 0.05, True),
        (0.05, 0.0, True),
        (-0.05, 0.05, True),
    ],
)
def test_the_no_trade_band_never_keeps_anybody_in(wanted, acted, worth):
    assert worth_acting(wanted, acted) is worth
