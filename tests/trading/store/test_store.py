"""What the house remembers: a tick is kept whole or not at all, and read back in a stated order."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.builders import (
    HOUR,
    START,
    a_candle,
    a_fill,
    a_flow,
    a_position,
    a_series,
    an_intent,
    an_order,
    at,
)
from trading.domain.errors import Broken
from trading.domain.events import FeedLost, FeedRestored
from trading.domain.order import OrderStatus
from trading.domain.report import EquityPoint
from trading.domain.risk import Halt, HaltKind
from trading.domain.signal import Signal
from trading.store.store import AuditRow, SleeveOverride, Step, Store, StoredEvent

PAUSE = Halt(kind=HaltKind.PAUSE, reason="lunch", by="mina", since=START)
KILL = Halt(kind=HaltKind.KILL, reason="flash crash", by="mina", since=START)


def a_full_step(account="main"):
    return Step(
        account=account,
        at=START,
        signals=(Signal(sleeve="rsi", symbol="BTC/USDT", exposure=0.5, at=START),),
        orders=(an_order(),),
        fills=(a_fill(),),
        news=(FeedLost(START, "no data for 5 min"),),
        positions=(a_position(),),
        equity=EquityPoint(START, 10_000.0),
        cash=Decimal("9899.9"),
        drawdown=0.01,
        flows=(a_flow(),),
        halts=(PAUSE,),
        snapshot={"cash": "9899.9"},
    )


async def everything(store, account="main"):
    return (
        await store.signals(account),
        await store.orders(account),
        await store.fills(account),
        await store.events(account),
        await store.positions(account),
        await store.equity(account),
        await store.flows(account),
        await store.halts(account),
        await store.snapshot(account),
    )


async def audit(store, line, **changes):
    fields = {"at": START, "person": "mina", "place": "telegram:7", "account": "main", "outcome": "done"}
    await store.audit(line=line, **fields | changes)


async def test_an_account_nobody_wrote_about_is_empty(store):
    assert await everything(store) == ([], [], [], [], (), [], [], (), None)


async def test_a_step_leaves_all_of_it_behind(store):
    await store.write([a_full_step()])

    assert await everything(store) == (
        [Signal(sleeve="rsi", symbol="BTC/USDT", exposure=0.5, at=START)],
        [an_order()],
        [a_fill()],
        [StoredEvent(at=START, kind="feed_lost", facts={"reason": "no data for 5 min"})],
        (a_position(),),
        [EquityPoint(START, 10_000.0)],
        [a_flow()],
        (PAUSE,),
        (START, {"cash": "9899.9"}),
    )


async def test_writing_the_same_step_again_changes_nothing(store):
    await store.write([a_full_step()])
    before = await everything(store)

    await store.write([a_full_step(), a_full_step()])

    assert await everything(store) == before


async def test_one_account_says_nothing_about_another(store):
    await store.write([a_full_step("ann")])

    assert await everything(store, "bob") == ([], [], [], [], (), [], [], (), None)


async def test_a_tick_that_fails_anywhere_leaves_nothing_of_any_account(store):
    torn = Step(account="bob", at=START, fills=(a_fill(amount=Decimal("NaN")),))

    with pytest.raises(Broken, match="Nothing was half-written"):
        await store.write([a_full_step("ann"), torn])

    assert await everything(store, "ann") == ([], [], [], [], (), [], [], (), None)


async def test_the_store_goes_on_after_a_failure(store):
    with pytest.raises(Broken):
        await store.write([Step(account="main", at=START, equity=EquityPoint(START, "a lot"))])

    await store.write([a_full_step()])

    assert await store.fills("main") == [a_fill()]


async def test_of_an_order_the_last_state_stays(store):
    sent = an_order(status=OrderStatus.SENDING)
    filled = an_order(status=OrderStatus.FILLED, filled="1", average_price="100", exchange_id="x-1")

    await store.write([Step(account="main", at=START, orders=(sent, an_order()))])
    await store.write([Step(account="main", at=START, orders=(filled,))])

    assert await store.orders("main") == [filled]


async def test_a_fill_is_booked_once_whatever_is_said_about_it_later(store):
    await store.write([Step(account="main", at=START, fills=(a_fill(), a_fill(price="101")))])
    await store.write([Step(account="main", at=START, fills=(a_fill(price="102"),))])

    assert await store.fills("main") == [a_fill()]


async def test_the_same_number_on_another_market_or_account_is_another_fill(store):
    other_market = a_fill(symbol="ETH/USDT", at=at(1))

    await store.write([Step(account="main", at=START, fills=(a_fill(), other_market))])
    await store.write([Step(account="ann", at=START, fills=(a_fill(),))])

    assert await store.fills("main") == [a_fill(), other_market]
    assert await store.fills("ann") == [a_fill()]


async def test_positions_and_halts_stay_until_a_step_names_new_ones(store):
    await store.write([a_full_step()])
    await store.write([Step(account="main", at=at(1))])
    kept = await store.positions("main"), await store.halts("main")

    await store.write([Step(account="main", at=at(2), positions=(), halts=(KILL, PAUSE))])

    assert kept == ((a_position(),), (PAUSE,))
    assert (await store.positions("main"), await store.halts("main")) == ((), (KILL, PAUSE))


async def test_two_steps_of_an_account_in_one_tick_end_as_the_later_one(store):
    first = Step(account="main", at=START, positions=(a_position(),), halts=(KILL,), snapshot={"n": 1})
    second = Step(
        account="main", at=at(1), positions=(a_position(quantity="2"),), halts=(), snapshot={"n": 2}
    )

    await store.write([first, second])

    assert await store.positions("main") == (a_position(quantity="2"),)
    assert await store.halts("main") == ()
    assert await store.snapshot("main") == (at(1), {"n": 2})


async def test_orders_come_newest_first_a_page_at_a_time(store):
    orders = [an_order(an_intent(client_id=f"tw-{n}", decided_at=at(n))) for n in range(5)]
    await store.write([Step(account="main", at=START, orders=tuple(orders))])

    assert await store.orders("main", limit=2) == [orders[4], orders[3]]
    assert await store.orders("main", limit=2, offset=2) == [orders[2], orders[1]]


async def test_live_orders_are_those_money_may_still_move_for(store):
    states = {status: an_order(an_intent(client_id=status.value), status=status) for status in OrderStatus}
    await store.write([Step(account="main", at=START, orders=tuple(states.values()))])

    live = await store.orders("main", live_only=True)

    assert {order.status for order in live} == {status for status in OrderStatus if status.is_live}


async def test_fills_come_oldest_first_from_since_until_before_until(store):
    fills = [a_fill(id=f"f-{n}", at=at(n)) for n in range(5)]
    await store.write([Step(account="main", at=START, fills=tuple(reversed(fills)))])

    assert await store.fills("main") == fills
    assert await store.fills("main", since=at(1), until=at(3)) == fills[1:3]


async def test_equity_and_flows_come_oldest_first(store):
    steps = [Step(account="main", at=at(n), equity=EquityPoint(at(n), 100.0 + n, 1.0)) for n in (2, 0, 1)]
    flows = (a_flow(at=at(2), amount="-5"), a_flow(at=at(1)))
    await store.write([*steps, Step(account="main", at=START, flows=flows)])

    assert [point.equity for point in await store.equity("main")] == [100.0, 101.0, 102.0]
    assert await store.equity("main", since=at(1), until=at(2)) == [EquityPoint(at(1), 101.0, 1.0)]
    assert await store.flows("main", since=at(1)) == [flows[1], flows[0]]
    assert await store.flows("main", since=at(2)) == [flows[0]]


async def test_signals_come_newest_first(store):
    signals = [Signal(sleeve="rsi", symbol="BTC/USDT", exposure=n / 10, at=at(n)) for n in range(4)]
    await store.write([Step(account="main", at=START, signals=tuple(signals))])

    assert await store.signals("main", limit=2) == [signals[3], signals[2]]


async def test_news_can_be_asked_for_by_kind_and_time(store):
    news = (FeedLost(at(0), "wire"), FeedRestored(at(1), 3), FeedLost(at(2), "wire"), FeedRestored(at(3), 5))
    await store.write([Step(account="main", at=START, news=news)])

    restored = await store.events("main", kinds={"feed_restored"})
    later = await store.events("main", since=at(1), limit=2)

    assert [event.facts for event in restored] == [{"missed": 5}, {"missed": 3}]
    assert [(event.at, event.kind) for event in later] == [(at(3), "feed_restored"), (at(2), "feed_lost")]
    assert await store.events("main", kinds=[]) == []


async def test_what_a_person_set_for_a_sleeve_is_replaced_as_a_whole(store):
    await store.save_sleeve("main", "rsi", SleeveOverride(enabled=False, params={"length": 9, "low": 25.5}))
    await store.save_sleeve("main", "macd", SleeveOverride(params={"fast": 8}))
    await store.save_sleeve("main", "rsi", SleeveOverride(enabled=True))

    assert await store.sleeves("main") == {
        "rsi": SleeveOverride(enabled=True),
        "macd": SleeveOverride(params={"fast": 8}),
    }
    assert await store.sleeves("ann") == {}


async def test_candles_are_corrected_and_a_gap_stays_a_gap(store):
    first, second, third, fourth = a_series([100, 101, 102, 103])
    await store.save_candles("binance", [first, second, fourth])
    await store.save_candles("binance", [a_candle(opened_at=second.opened_at, close=150.0)])

    found = await store.candles("binance", "BTC/USDT", HOUR, START, at(10))

    assert [(candle.opened_at, candle.close) for candle in found] == [
        (at(0), 100.0),
        (at(1), 150.0),
        (at(3), 103.0),
    ]
    assert await store.candles("upbit", "BTC/USDT", HOUR, START, at(10)) == []
    assert third.opened_at not in {candle.opened_at for candle in found}


async def test_candles_are_taken_from_start_until_before_end(store):
    series = a_series([100, 101, 102, 103])
    await store.save_candles("binance", series)
    blink = timedelta(microseconds=1)

    assert await store.candles("binance", "BTC/USDT", HOUR, at(1), at(3)) == series[1:3]
    assert await store.candles("binance", "BTC/USDT", HOUR, at(1) + blink, at(3) + blink) == series[2:4]


async def test_single_facts_and_shown_panels_are_replaced(store):
    for number in ("1", "2"):
        await store.set_meta("started", number)
        await store.save_message("telegram", "7", "status:main", number)

    assert await store.meta("started") == "2"
    assert await store.meta("never set") is None
    assert await store.message("telegram", "7", "status:main") == "2"
    assert await store.message("telegram", "8", "status:main") is None


async def test_an_update_is_new_only_once_however_many_ask_at_the_same_time(store):
    answers = await asyncio.gather(*(store.first_time("telegram", "42") for _ in range(20)))

    assert sorted(answers) == [False] * 19 + [True]
    assert await store.first_time("discord", "42")


async def test_an_update_is_still_known_after_a_restart_and_forgotten_after_a_week(url, clock):
    store = await Store.open(url, clock)
    await store.first_time("telegram", "42")
    await store.close()

    clock.advance(timedelta(days=6))
    store = await Store.open(url, clock)
    after_six_days = await store.first_time("telegram", "42")
    await store.close()
    clock.advance(timedelta(days=2))
    store = await Store.open(url, clock)
    after_eight_days = await store.first_time("telegram", "42")
    await store.close()

    assert (after_six_days, after_eight_days) == (False, True)


async def test_the_audit_is_read_newest_first(store):
    for n in range(4):
        await audit(store, f"/status {n}", at=at(n))

    newest, before = await store.audits(limit=2)

    assert newest == AuditRow(
        at=at(3), person="mina", place="telegram:7", account="main", line="/status 3", outcome="done", seq=4
    )
    assert before.line == "/status 2"


async def test_hostile_lines_are_written_down_as_far_as_they_can_be(store):
    await audit(store, "/note \0 \ud83d '; DROP TABLE audit; --", person="\udc00", account=None)
    await audit(store, "x" * 5000)

    long, hostile = await store.audits()

    assert (hostile.line, hostile.person) == ("/note \ufffd \ufffd '; DROP TABLE audit; --", "\ufffd")
    assert len(long.line) == 1000


async def test_a_kill_is_kept_whatever_its_reason_is_made_of(store):
    kill = Halt(kind=HaltKind.KILL, reason="panic \ud83d\0", by="mina", since=START)
    state = {"halts": [{"reason": kill.reason}], "long": 2**70}

    await store.write([Step(account="main", at=START, halts=(kill,), snapshot=state)])

    assert (await store.halts("main"))[0].reason == "panic \ufffd\ufffd"
    kept = await store.snapshot("main")
    assert kept is not None
    assert kept[1]["halts"][0]["reason"].startswith("panic \ufffd")


async def test_a_snapshot_keeps_its_order_and_its_numbers(store):
    state = {"z": 1, "a": [0.1, 1e-300, -0.0], "m": {"price": "0.1000"}}

    await store.write([Step(account="main", at=START, snapshot=state)])

    kept = await store.snapshot("main")
    assert kept == (START, state)
    assert list(kept[1]) == ["z", "a", "m"]


async def test_what_is_no_json_is_refused_and_the_old_snapshot_stays(store):
    await store.write([Step(account="main", at=START, snapshot={"n": 1})])

    with pytest.raises(Broken, match="cannot keep"):
        await store.write([Step(account="main", at=at(1), snapshot={"n": {1, 2}})])

    assert await store.snapshot("main") == (START, {"n": 1})


async def test_a_hundred_accounts_are_written_together(store):
    steps = [
        Step(account=f"a{n}", at=START, equity=EquityPoint(START, float(n)), snapshot={"n": n})
        for n in range(100)
    ]

    await store.write(steps)

    assert await store.snapshot("a99") == (START, {"n": 99})
    assert await store.equity("a50") == [EquityPoint(START, 50.0)]


async def test_nothing_to_write_is_no_trouble(store):
    await store.write([])
    await store.save_candles("binance", [])

    assert await store.candles("binance", "BTC/USDT", HOUR, START, at(1)) == []


async def test_everything_is_there_after_a_restart(url, clock):
    store = await Store.open(url, clock)
    await store.write([a_full_step()])
    before = await everything(store)
    await store.close()

    store = await Store.open(url, clock)
    after = await everything(store)
    await store.close()

    assert after == before
