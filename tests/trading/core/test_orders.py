"""The life of an order: what may follow what, and which orders still count."""

from dataclasses import replace

import pytest

from tests.builders import an_intent, an_order
from trading.core.orders import ALLOWED, Orders
from trading.domain.errors import Broken
from trading.domain.order import OrderStatus as S


def test_an_order_is_busy_from_its_reservation_to_its_end():
    orders = Orders()
    seen = []

    for status in (S.WAITING, S.OPEN, S.PART_FILLED, S.FILLED):
        orders.apply(replace(an_order(), status=status))
        seen.append(orders.busy("ema_cross", "BTC/USDT"))

    assert seen == [True, True, True, False]
    assert orders.live == ()


def test_an_uncertain_order_still_counts():
    orders = Orders([an_order(status=S.SENDING)])

    orders.apply(an_order(status=S.UNCERTAIN))

    assert orders.busy("ema_cross", "BTC/USDT")


def test_the_same_news_twice_changes_nothing():
    orders = Orders()

    orders.apply(an_order())
    orders.apply(an_order())

    assert len(orders.live) == 1
    orders.apply(an_order(status=S.CANCELED))
    assert not orders.busy("ema_cross", "BTC/USDT")


def test_what_cannot_happen_is_broken_not_ignored():
    orders = Orders([an_order(status=S.UNCERTAIN)])

    with pytest.raises(Broken, match="went from uncertain to sending"):
        orders.apply(an_order(status=S.SENDING))


def test_uncertain_never_goes_back_to_the_wire_and_every_status_has_a_row():
    assert set(ALLOWED) == set(S)
    assert all(S.SENDING not in ALLOWED[s] for s in S if s is not S.WAITING)
    assert all(S.WAITING not in following for following in ALLOWED.values())


def test_other_symbols_are_not_busy():
    orders = Orders([an_order(an_intent(symbol="ETH/USDT"))])

    assert not orders.busy("ema_cross", "BTC/USDT")
