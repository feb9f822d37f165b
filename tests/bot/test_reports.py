"""What somebody reads who comes back: everything that happened meanwhile, and nothing that happened before."""

from datetime import timedelta
from decimal import Decimal

from bot.reports import away_report
from tests.builders import an_intent, an_order
from trading.domain.events import OrderRefused, TradingHalted
from trading.domain.order import OrderStatus
from trading.domain.risk import Halt, HaltKind, RiskDecision, Verdict
from trading.domain.view import Away
from trading.store.store import Step


def step(at, *, orders=(), news=()) -> Step:
    return Step(account="main", at=at, orders=tuple(orders), news=tuple(news))


async def test_coming_back_tells_what_was_filled_expired_refused_and_missed(house):
    now = house.clock()
    since = now - timedelta(hours=2)
    before, during = since - timedelta(minutes=1), since + timedelta(minutes=5)
    refused = an_intent(client_id="tw-9", symbol="ETH/USDT", decided_at=during)
    no = RiskDecision(
        verdict=Verdict.REFUSED, intent=refused, rule="R01", limit="1", observed="2", reason="too large"
    )
    halt = Halt(kind=HaltKind.DAILY_LOSS, reason="5 %", by="risk", since=during)
    orders = [
        an_order(
            an_intent(client_id="old", decided_at=before), status=OrderStatus.EXPIRED, changed_at=before
        ),
        an_order(
            an_intent(client_id="late", decided_at=during),
            status=OrderStatus.EXPIRED,
            changed_at=during,
            note="nobody approved it in time",
        ),
        an_order(an_intent(client_id="no", decided_at=during), status=OrderStatus.REFUSED, changed_at=during),
    ]
    await house.store.write(
        [step(during, orders=orders, news=[OrderRefused(during, no), TradingHalted(during, halt)])]
    )
    away = Away(
        account="main", since=since, until=now, candles=120, fills=3, profit=Decimal("12.5"), killed=False
    )

    reply = await away_report(house.trading, away, house.owner)

    facts = [(row.label, row.value) for row in reply.rows]
    assert facts[:5] == [
        ("Orders filled", "3"),
        ("Orders expired", "1"),
        ("Orders refused", "1"),
        ("Entries refused by risk rules", "1"),
        ("Candles missed and caught up", "120"),
    ]
    assert ("BTC/USDT", "expired", "nobody approved it in time") in [
        (row.label, row.value, row.detail) for row in reply.rows
    ]
    assert reply.text == "Entries were closed meanwhile (1×); /alerts and /status say why."


async def test_a_quiet_time_away_is_four_lines(house):
    now = house.clock()
    away = Away(
        account="main",
        since=now - timedelta(hours=2),
        until=now,
        candles=120,
        fills=0,
        profit=Decimal(0),
        killed=False,
    )

    reply = await away_report(house.trading, away, house.owner)

    assert [row.label for row in reply.rows] == [
        "Orders filled",
        "Candles missed and caught up",
        "Equity moved by",
        "Open positions",
    ]
    assert reply.text == ""
