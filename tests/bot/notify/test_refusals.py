"""What is said of orders that an exchange refused: each once, and nothing of those that go on in smaller pieces."""

from bot.notify.wording import notice_for
from bot.words import Words
from tests.builders import an_order, at
from trading.domain.events import OrderChanged
from trading.domain.order import OrderStatus

REFUSED = an_order(
    status=OrderStatus.REFUSED, note="fakex says that size or price do not fit the market's rules"
)


def test_an_order_that_was_refused_is_told():
    told = notice_for("main", OrderChanged(at(0), REFUSED), Words("en"))

    assert told.title.startswith("Order for BTC/USDT refused: ")


def test_a_sale_that_goes_on_in_smaller_pieces_is_not_told_as_refused():
    assert notice_for("main", OrderChanged(at(0), REFUSED, too_large=True), Words("en")) is None
