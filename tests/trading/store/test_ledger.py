"""What goes into the database comes out equal, on SQLite and on PostgreSQL."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import START, an_intent
from tests.trading.store import shapes
from trading.domain.events import News, OrderRefused, SignalChanged
from trading.domain.risk import RiskDecision, Verdict
from trading.domain.signal import Signal
from trading.store import ledger
from trading.store.store import SleeveOverride, Step

accounts = (f"account {n}" for n in count())
ANY_TIME = datetime(9000, 1, 1, tzinfo=UTC)
round_trip = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def each_once(values, key):
    return list({key(value): value for value in values}.values())


@round_trip
@given(orders=st.lists(shapes.orders, max_size=4), fills=st.lists(shapes.fills, max_size=4))
async def test_orders_and_fills_come_back_as_they_were(store, orders, fills):
    account = next(accounts)
    orders = each_once(orders, lambda order: order.client_id)
    fills = each_once(fills, lambda fill: (fill.symbol, fill.id))

    await store.write([Step(account=account, at=START, orders=tuple(orders), fills=tuple(fills))])

    assert sorted(await store.orders(account), key=lambda o: o.client_id) == sorted(
        orders, key=lambda o: o.client_id
    )
    assert await store.fills(account) == sorted(fills, key=lambda fill: fill.at)


@round_trip
@given(
    st.lists(shapes.positions, max_size=4),
    st.lists(shapes.halts, max_size=4),
    st.lists(shapes.flows, max_size=4),
)
async def test_positions_halts_and_flows_come_back_as_they_were(store, positions, halts, flows):
    account = next(accounts)
    positions = each_once(positions, lambda position: (position.sleeve, position.symbol))
    flows = each_once(flows, lambda flow: (flow.at.astimezone(UTC), flow.amount, flow.note))
    step = Step(account=account, at=START, positions=tuple(positions), halts=tuple(halts), flows=tuple(flows))

    await store.write([step])

    back = {(position.sleeve, position.symbol): position for position in await store.positions(account)}
    assert back == {(position.sleeve, position.symbol): position for position in positions}
    assert await store.halts(account) == tuple(halts)
    assert set(await store.flows(account)) == set(flows)


@round_trip
@given(
    st.lists(shapes.signals, max_size=4), st.lists(shapes.points, max_size=4), shapes.amounts, shapes.numbers
)
async def test_signals_and_equity_come_back_as_they_were(store, signals, points, cash, drawdown):
    account = next(accounts)
    signals = each_once(signals, lambda signal: (signal.sleeve, signal.symbol, signal.at.astimezone(UTC)))
    points = each_once(points, lambda point: point.at.astimezone(UTC))
    steps = [Step(account=account, at=START, equity=one, cash=cash, drawdown=drawdown) for one in points]

    await store.write([Step(account=account, at=START, signals=tuple(signals)), *steps])

    assert sorted(map(by_all, await store.signals(account))) == sorted(map(by_all, signals))
    assert await store.equity(account) == sorted(points, key=lambda point: point.at)


def by_all(signal: Signal):
    return signal.at.astimezone(UTC), signal.sleeve, signal.symbol, signal.exposure


@round_trip
@given(shapes.news)
async def test_news_comes_back_as_plain_facts(store, news):
    account = next(accounts)

    await store.write([Step(account=account, at=START, news=(news,))])

    (event,) = await store.events(account)
    assert (event.at, event.kind) == (news.at, ledger.kind_of(type(news)))
    assert event.facts == json.loads(json.dumps(ledger.event_row(account, news)["facts"]))


@round_trip
@given(shapes.candle_rows())
async def test_candles_come_back_as_they_were(store, candles):
    exchange = next(accounts)

    await store.save_candles(exchange, candles)

    for timeframe in {candle.timeframe for candle in candles}:
        back = await store.candles(exchange, "BTC/USDT", timeframe, datetime.fromtimestamp(0, UTC), ANY_TIME)
        assert back == candles


@round_trip
@given(
    st.none() | st.booleans(),
    st.dictionaries(
        shapes.texts, st.integers(-(2**53), 2**53) | shapes.numbers | st.booleans() | shapes.texts
    ),
)
async def test_a_sleeve_comes_back_as_it_was_set(store, enabled, params):
    account = next(accounts)
    override = SleeveOverride(enabled=enabled, params=params)

    await store.save_sleeve(account, "ema_cross", override)

    assert await store.sleeves(account) == {"ema_cross": override}


def test_every_kind_of_news_has_a_name_of_its_own():
    names = {ledger.kind_of(kind) for kind in get_args(News)}

    assert names == {
        "approval_asked",
        "approval_settled",
        "difference_answered",
        "difference_found",
        "drawdown_warned",
        "feed_lost",
        "feed_restored",
        "kill_reported",
        "order_parked",
        "order_refused",
        "reconciled",
        "signal_changed",
        "sleeve_failed",
        "stop_missing",
        "stop_replaced",
        "stop_rests",
        "trading_halted",
        "trading_resumed",
        "went_flat",
    }


def test_facts_are_written_out_in_plain_words():
    decision = RiskDecision(
        verdict=Verdict.REFUSED,
        intent=an_intent(amount="1.50"),
        rule="order_share",
        limit="30 %",
        observed="42 %",
        reason="too large",
    )

    row = ledger.event_row("main", OrderRefused(START, decision))

    assert row["facts"]["decision"]["verdict"] == "refused"
    assert row["facts"]["decision"]["intent"]["amount"] == "1.5"
    assert row["facts"]["decision"]["intent"]["decided_at"] == "2024-01-01T00:00:00+00:00"
    assert "at" not in row["facts"]


def test_whatever_a_fact_is_made_of_becomes_plain():
    prices = {"BTC/USDT": Decimal("1E+2"), "half \ud83d": [Verdict.REFUSED, START, None, True]}

    assert ledger.plain((prices,)) == [
        {"BTC/USDT": "100", "half \ufffd": ["refused", "2024-01-01T00:00:00+00:00", None, True]}
    ]


def test_the_same_news_has_the_same_digest_and_other_news_another():
    signal = Signal(sleeve="rsi", symbol="BTC/USDT", exposure=1.0, at=START)
    first = ledger.event_row("main", SignalChanged(START, signal, 0.0))
    again = ledger.event_row("main", SignalChanged(START + timedelta(0), signal, 0.0))
    other = ledger.event_row("main", SignalChanged(START, signal, 0.5))

    assert first["digest"] == again["digest"] != other["digest"]
