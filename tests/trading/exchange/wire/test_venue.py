"""An account on Binance, through the real ccxt and real sockets: what leaves, what comes back."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.trading.exchange.wire.conftest import ID, QUICK, an_order
from trading.clock import wall_clock
from trading.domain.order import OrderKind, Side
from trading.exchange.venue import CcxtVenue
from trading.execution.venue import (
    Accepted,
    Balance,
    Denied,
    Doubtful,
    Standing,
    Unreachable,
    Why,
)

HOUR = timedelta(hours=1)


def recently():
    return datetime.now(UTC) - HOUR


# --- placing ----------------------------------------------------------------------------------------------


async def test_an_order_is_one_request_that_says_exactly_what_was_meant(venue, binance):
    answer = await venue.send(an_order(amount=Decimal("0.12345"), limit_price=Decimal("99.99")))

    (words,) = binance.account.posts()
    assert isinstance(answer, Accepted)
    assert (words["symbol"], words["side"], words["type"]) == ("BTCUSDT", "BUY", "LIMIT")
    assert (words["quantity"], words["price"], words["newClientOrderId"]) == ("0.12345", "99.99", ID)
    assert words["recvWindow"] == "5000"


async def test_nothing_is_asked_between_the_decision_and_the_order(venue, binance):
    before = sum(binance.asked.values())

    await venue.send(an_order())

    assert sum(binance.asked.values()) == before + 1


async def test_a_cold_venue_warms_up_first_and_still_sends_once(open_venue, binance):
    assert isinstance(await open_venue().send(an_order()), Accepted)
    assert binance.asked["exchangeInfo"] == 1
    assert len(binance.account.posts()) == 1


async def test_a_market_order_is_filled_and_its_trades_tell_amounts_and_fees_to_the_last_digit(
    venue, binance
):
    binance.account.truth.quote(
        "BTC/USDT", [], [(Decimal("100.01"), Decimal("0.3")), (Decimal("100.03"), Decimal("1"))]
    )

    sent = await venue.send(an_order(kind=OrderKind.MARKET, limit_price=None))
    seen = await venue.order("BTC/USDT", ID, None)
    first, second = await venue.trades(["BTC/USDT"], recently())

    assert isinstance(sent, Accepted) and seen.exchange_id == sent.exchange_id
    assert (seen.standing, seen.filled, seen.average_price) == (
        Standing.FILLED,
        Decimal("0.5"),
        Decimal("100.018"),
    )
    assert (first.amount, first.price, first.fee, first.fee_currency) == (
        Decimal("0.3"),
        Decimal("100.01"),
        Decimal("0.0003"),
        "BTC",
    )
    assert (second.amount, second.price, second.side) == (Decimal("0.2"), Decimal("100.03"), Side.BUY)
    assert first.exchange_id == sent.exchange_id


async def test_numbers_with_eighteen_digits_come_through_whole(venue, binance):
    binance.account.truth.give("SHIB", "123456789012345678.12345678")

    assert (await venue.balances())["SHIB"].total == Decimal("123456789012345678.12345678")


async def test_a_protective_stop_rests_at_the_venue(venue, binance):
    answer = await venue.send(
        an_order(side=Side.SELL, kind=OrderKind.MARKET, limit_price=None, stop_price=Decimal("95.5"))
    )

    (words,) = binance.account.posts()
    assert isinstance(answer, Accepted)
    assert (words["type"], words["stopPrice"], words["quantity"]) == ("STOP_LOSS", "95.5", "0.5")

    binance.account.move("BTC/USDT", "95")

    assert (await venue.order("BTC/USDT", ID, None)).standing is Standing.FILLED


async def test_a_stop_that_the_market_has_passed_is_refused_and_one_taken_back_frees_its_coins(
    venue, binance
):
    stop = an_order(side=Side.SELL, kind=OrderKind.MARKET, limit_price=None, stop_price=Decimal("95.5"))
    await venue.send(stop)
    free = binance.account.truth.free["BTC"]

    taken_back = await venue.cancel("BTC/USDT", ID, None)
    binance.account.move("BTC/USDT", "95")
    answer = await venue.send(replace(stop, client_id="tw" + 24 * "b"))

    assert isinstance(taken_back, Accepted)
    assert binance.account.truth.free["BTC"] == free + Decimal("0.5")
    assert isinstance(answer, Denied) and answer.why is Why.FILTER


async def test_the_sandbox_is_the_test_network_and_nothing_else(binance):
    options = binance.exchange_options(apiKey="key", secret="secret", sandbox=True)
    nowhere = {name: "http://127.0.0.1:9/api/v3" for name in options["urls"]["api"] if name != "ws"}
    options["urls"] = {"api": nowhere, "test": options["urls"]["test"]}
    venue = CcxtVenue("binance", options, wall_clock, patience=QUICK)

    answer = await venue.send(an_order())
    await venue.close()

    assert isinstance(answer, Accepted)
    assert len(binance.account.posts()) == 1


# --- what a venue may answer ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("but", "why"),
    [
        ({"amount": Decimal("50")}, Why.FUNDS),
        ({"symbol": "QQQ/USDT"}, Why.MARKET),
    ],
)
async def test_a_refusal_is_definite_and_says_why(venue, binance, but, why):
    answer = await venue.send(an_order(**but))

    assert isinstance(answer, Denied) and answer.why is why
    assert binance.account.truth.orders == {}


@pytest.mark.parametrize(
    ("but", "sentence"),
    [
        (
            {"limit_price": Decimal("100.001")},
            "binance takes prices in steps of 0.01; 100.001 would be 100.",
        ),
        (
            {"amount": Decimal("0.500001")},
            "binance takes BTC in steps of 0.00001; 0.500001 is between two.",
        ),
        (
            {"amount": Decimal("0.01")},
            "binance takes orders from 5 USDT on; this one is worth 1.",
        ),
        (
            {"amount": Decimal("100.5")},
            "binance takes at most 100 BTC in one order; 100.5 is more.",
        ),
    ],
)
async def test_what_does_not_fit_the_market_stays_at_home_with_one_sentence(venue, binance, but, sentence):
    answer = await venue.send(an_order(**but))

    assert answer == Denied(Why.FILTER, sentence)
    assert binance.account.posts() == []


async def test_rules_that_changed_are_learned_from_the_refusal(venue, binance):
    binance.listed["BTCUSDT"] = replace(binance.listed["BTCUSDT"], tick="0.10000000")
    binance.account.truth.rules["BTC/USDT"] = replace(
        binance.account.truth.rules["BTC/USDT"], tick=Decimal("0.1")
    )
    odd = an_order(limit_price=Decimal("99.99"))

    by_the_venue, by_us = await venue.send(odd), await venue.send(odd)

    assert (by_the_venue.why, by_us.why) == (Why.FILTER, Why.FILTER)
    assert "0.1;" in by_us.reason
    assert len(binance.account.posts()) == 1


async def test_a_largest_order_that_has_become_smaller_is_learned_from_the_refusal(venue, binance):
    binance.listed["BTCUSDT"] = replace(binance.listed["BTCUSDT"], most="0.4")
    rules = binance.account.truth.rules
    rules["BTC/USDT"] = replace(rules["BTC/USDT"], most=Decimal("0.4"))
    much = an_order(kind=OrderKind.MARKET, limit_price=None, reference_price=Decimal(100))

    by_the_venue, by_us = await venue.send(much), await venue.send(much)

    assert (by_the_venue.why, by_us.why) == (Why.FILTER, Why.FILTER)
    assert by_us.reason == "binance takes at most 0.4 BTC in one order; 0.5 is more."
    assert len(binance.account.posts()) == 1


FAULTS = {
    "bad gateway": {"status": 502, "body": "<html>bad gateway</html>"},
    "broken body": {"status": 200, "body": '{"orderId": 12'},
    "empty body": {"status": 200, "body": ""},
    "an order without a number": {"status": 200, "body": '{"symbol":"BTCUSDT","status":"NEW","side":"BUY"}'},
    "status unknown": {"status": 503, "body": '{"code":-1007,"msg":"Timeout. Execution status unknown."}'},
    "unexpected": {"status": 400, "body": '{"code":-1006,"msg":"Execution status unknown."}'},
    "a code of no list": {"status": 400, "body": '{"code":-9999,"msg":"surprise"}'},
    "redirect": {"status": 307, "headers": {"Location": "/api/v3/order"}},
    "connection cut": {"drop": True},
    "silence": {"hang": True},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_lost_answer_is_doubtful_and_asked_once(open_venue, binance, fault, after):
    venue = open_venue(timeout=300)
    await venue.warm_up()
    binance.fail("POST order", times=9, after=after, **fault)

    answer = await venue.send(an_order())

    assert isinstance(answer, Doubtful)
    assert binance.asked["order"] == 1
    assert len(binance.account.truth.orders) == int(after)
    found = await venue.order("BTC/USDT", ID, None)
    assert (found is not None) == after


async def test_a_duplicate_id_is_doubtful_never_refused(venue, binance):
    await venue.send(an_order(limit_price=Decimal(90)))

    again = await venue.send(an_order(limit_price=Decimal(90)))

    assert isinstance(again, Doubtful)


async def test_a_server_that_is_not_there_was_sent_nothing(open_venue, binance):
    venue = open_venue()
    await venue.warm_up()
    await binance.go_away()

    answer = await venue.send(an_order())

    assert isinstance(answer, Denied) and answer.why is Why.NOT_SENT


async def test_markets_that_cannot_be_loaded_keep_an_order_at_home(open_venue, binance):
    binance.fail("exchangeInfo", times=9, status=500)

    answer = await open_venue().send(an_order())

    assert isinstance(answer, Denied) and answer.why is Why.NOT_SENT
    assert binance.account.posts() == []


@pytest.mark.parametrize("wrong", [{"secret": "other"}, {"apiKey": "other"}])
async def test_a_wrong_key_is_told_without_its_secret(open_venue, binance, wrong):
    answer = await open_venue(**wrong).send(an_order())

    assert isinstance(answer, Denied) and answer.why is Why.KEY
    assert "other" not in answer.reason and "secret" not in answer.reason


async def test_a_clock_an_hour_off_is_told_and_nothing_placed(venue, binance, monkeypatch):
    exchange = await venue._counter.warm()
    monkeypatch.setattr(
        exchange, "milliseconds", lambda: int(datetime.now(UTC).timestamp() * 1000) - 3_600_000
    )

    answer = await venue.send(an_order())

    assert isinstance(answer, Denied) and answer.why is Why.CLOCK
    assert binance.account.truth.orders == {}


# --- too many requests ------------------------------------------------------------------------------------


async def test_after_a_429_orders_stay_at_home_and_the_ban_never_comes(venue, binance):
    binance.account.limits.hush(binance.clock(), timedelta(seconds=60))

    first = await venue.send(an_order())
    rest = [await venue.send(an_order(client_id=f"tw{n}")) for n in range(20)]

    assert all(isinstance(a, Denied) and a.why is Why.RATE for a in [first, *rest])
    assert len(binance.account.posts()) == 1
    assert not binance.account.limits.banned


async def test_when_orders_are_asked_to_wait_questions_wait_too(venue, binance):
    binance.fail("POST order", status=429, body="{}", headers={"Retry-After": "30"})
    await venue.send(an_order())

    with pytest.raises(Unreachable, match="left alone"):
        await venue.balances()
    assert binance.asked["account"] == 0


async def test_a_session_that_nobody_watches_proves_nothing(venue, binance, monkeypatch):
    exchange = await venue._counter.warm()
    monkeypatch.setattr(venue._wire, "_watch", lambda exchange: exchange.open(True))
    await binance.go_away()

    answer = await venue.send(an_order())

    assert isinstance(answer, Doubtful)
    assert exchange.session.trace_configs == []


async def test_a_cancel_waits_for_the_silence_to_end_and_goes_out(venue, binance):
    await venue.send(an_order(limit_price=Decimal(90)))
    binance.account.limits.hush(binance.clock(), timedelta(seconds=1))
    await venue.send(an_order(client_id="twother"))

    assert isinstance(await venue.cancel("BTC/USDT", ID, None), Accepted)
    assert not binance.account.limits.banned


# --- cancelling -------------------------------------------------------------------------------------------


async def test_cancels_by_our_id_and_by_theirs(venue, binance):
    await venue.send(an_order(limit_price=Decimal(90)))
    other = await venue.send(an_order(client_id="twother", limit_price=Decimal(91)))

    assert isinstance(await venue.cancel("BTC/USDT", ID, None), Accepted)
    assert isinstance(await venue.cancel("BTC/USDT", "twother", other.exchange_id), Accepted)
    assert binance.account.truth.open() == []


async def test_cancelling_what_is_closed_is_accepted_and_what_never_was_is_not(venue):
    await venue.send(an_order())

    assert isinstance(await venue.cancel("BTC/USDT", ID, None), Accepted)
    never = await venue.cancel("BTC/USDT", "twnever", None)
    assert isinstance(never, Denied) and never.reason == "binance knows no such order."


@pytest.mark.parametrize("after", [False, True])
async def test_a_lost_answer_to_a_cancel_is_doubtful(venue, binance, after):
    await venue.send(an_order(limit_price=Decimal(90)))
    binance.fail("DELETE order", status=502, after=after)

    assert isinstance(await venue.cancel("BTC/USDT", ID, None), Doubtful)
    assert bool(binance.account.truth.open()) != after


# --- reading ----------------------------------------------------------------------------------------------


async def test_no_such_order_is_an_answer_and_an_error_is_not(venue, binance):
    assert await venue.order("BTC/USDT", "twnever", None) is None

    binance.fail("GET order", times=9, status=500)
    with pytest.raises(Unreachable):
        await venue.order("BTC/USDT", "twnever", None)

    binance.mend()
    binance.fail("GET order", times=9, status=200, body="{}")
    with pytest.raises(Unreachable):
        await venue.order("BTC/USDT", "twnever", None)


async def test_open_and_closed_orders_whoever_placed_them(venue, binance):
    binance.account.by_hand("BTC/USDT", "sell", "0.1", "120")
    await venue.send(an_order(limit_price=Decimal(90)))
    await venue.send(an_order(client_id="twdone"))

    opened = await venue.open_orders(["BTC/USDT", "ETH/USDT"])
    closed = await venue.closed_orders(["BTC/USDT"], recently())

    assert [o.side for o in opened] == [Side.SELL, Side.BUY]
    assert [o.client_id for o in opened][1] == ID
    assert [(o.client_id, o.standing) for o in closed] == [("twdone", Standing.FILLED)]


async def test_partial_fills_then_cancel(venue, binance):
    sent = await venue.send(an_order(limit_price=Decimal(90)))
    binance.account.truth.fill(int(sent.exchange_id), "0.2")

    half = await venue.order("BTC/USDT", ID, None)
    await venue.cancel("BTC/USDT", ID, None)
    ended = await venue.order("BTC/USDT", ID, None)

    assert (half.standing, half.filled) == (Standing.OPEN, Decimal("0.2"))
    assert (ended.standing, ended.filled, ended.average_price) == (
        Standing.CANCELED,
        Decimal("0.2"),
        Decimal(90),
    )


async def test_money_in_orders_is_told_apart(venue):
    await venue.send(an_order(limit_price=Decimal(90)))

    assert (await venue.balances())["USDT"] == Balance(Decimal("955.00"), Decimal("45.00"))


async def test_deposits_and_withdrawals_that_are_through(venue, binance):
    binance.account.truth.carry("USDT", "250.5")
    binance.account.truth.carry("BTC", "-0.1")

    assert [(t.asset, t.amount) for t in await venue.transfers(recently())] == [
        ("USDT", Decimal("250.5")),
        ("BTC", Decimal("-0.1")),
    ]


async def test_a_key_that_may_not_see_transfers_sees_none_and_an_outage_is_told(venue, binance):
    no = '{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}'
    binance.fail("capital/deposit/hisrec", times=9, status=401, body=no)
    assert await venue.transfers(recently()) == []

    binance.fail("capital/withdraw/history", times=9, status=500)
    with pytest.raises(Unreachable):
        await venue.transfers(recently())


async def test_balances_that_make_no_sense_are_no_balances(venue, binance):
    binance.fail("account", times=9, status=200, body="{}")

    with pytest.raises(Unreachable):
        await venue.balances()


async def test_more_trades_than_one_answer_holds_are_all_found(venue, binance):
    venue._lookups._facts = replace(venue.facts, page=3)
    for _ in range(8):
        binance.account.by_hand("BTC/USDT", "buy", "0.1")
        await asyncio.sleep(0.55)

    trades = await venue.trades(["BTC/USDT"], datetime.now(UTC) - timedelta(days=3))

    assert len({trade.id for trade in trades}) == len(trades) == 8


async def test_the_clock_is_measured_and_small_errors_are_made_up_for(venue, binance):
    wall = binance.clock
    binance.clock = binance.account.now = binance.account.truth.now = lambda: wall() + timedelta(seconds=20)

    offset = await venue.clock_offset()

    assert abs(offset - timedelta(seconds=20)) < timedelta(seconds=1)
    assert isinstance(await venue.send(an_order()), Accepted)
