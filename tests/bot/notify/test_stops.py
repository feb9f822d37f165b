"""What is said of stops at an exchange: once when one is missing, again when it rests, and when a hand was in it."""

from decimal import Decimal

from bot.notify.wording import notice_for
from bot.words import Words
from tests.builders import at
from trading.domain.events import StopMissing, StopReplaced, StopRests
from trading.domain.notice import Severity
from trading.domain.order import Reason
from trading.domain.protection import RestingStop

STOP = RestingStop(
    sleeve="ema_cross", symbol="BTC/USDT", amount=Decimal(2), price=Decimal("95.00"), reason=Reason.STOP
)
ENGLISH, KOREAN = Words("en"), Words("ko")


def test_a_missing_stop_is_one_alert_that_ends_when_it_rests():
    missing = notice_for("main", StopMissing(at(0), STOP, "not enough coins"), ENGLISH)
    rests = notice_for("main", StopRests(at(1), STOP), ENGLISH)

    assert missing.title == "BTC/USDT has no stop at the exchange; the desk watches 95 at each close"
    assert missing.facts == (("why", "not enough coins"),)
    assert missing.key == rests.key
    assert (missing.over, rests.over, rests.told) == (False, True, False)


def test_a_stop_that_somebody_took_back_is_told_each_time():
    first = notice_for("main", StopReplaced(at(0), STOP), ENGLISH)
    second = notice_for("main", StopReplaced(at(1), STOP), KOREAN)

    assert first.title == "The stop of BTC/USDT was gone from the exchange; a new one rests at 95"
    assert first.severity is Severity.WARNING
    assert first.key != second.key
    assert "95" in second.title and second.title != first.title
