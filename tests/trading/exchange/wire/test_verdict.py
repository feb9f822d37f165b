"""Raw answers to an order and what they mean: certain only where the venue's own list says so."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.exchange.atlas import FACTS, facts_of
from trading.exchange.facts import CAREFUL
from trading.exchange.verdict import Heard, refusal, says_over, says_unknown, says_wait
from trading.execution.venue import Denied, Doubtful, IdReuse, Why

BINANCE = FACTS["binance"]
every = pytest.mark.parametrize("facts", [*FACTS.values(), facts_of("gate")], ids=lambda f: f.profile.name)


def binance(code: int, text: str = "", status: int = 400) -> Heard:
    return Heard(True, status, json.dumps({"code": code, "msg": text}))


@pytest.mark.parametrize(
    ("code", "text", "why"),
    [
        (-2010, "Account has insufficient balance for requested action.", Why.FUNDS),
        (-2010, "Market is closed.", Why.MARKET),
        (-2010, "This symbol is not permitted for this account.", Why.KEY),
        (-1013, "Filter failure: NOTIONAL", Why.FILTER),
        (-1111, "Precision is over the maximum defined for this asset.", Why.FILTER),
        (-1021, "Timestamp for this request is outside of the recvWindow.", Why.CLOCK),
        (-2015, "Invalid API-key, IP, or permissions for action.", Why.KEY),
        (-1015, "Too many new orders.", Why.RATE),
        (-1121, "Invalid symbol.", Why.MARKET),
    ],
)
def test_binance_says_no(code, text, why):
    answer = refusal(BINANCE, binance(code, text))

    assert isinstance(answer, Denied) and answer.why is why


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (-2010, "Duplicate order sent."),
        (-2010, "Something nobody has seen before."),
        (-1006, "An unexpected response was received from the message bus."),
        (-1007, "Timeout waiting for response from backend server."),
        (-1000, "An unknown error occurred while processing the request."),
        (-4116, "clientOrderId is duplicated"),
    ],
)
def test_binance_says_what_may_mean_anything(code, text):
    assert isinstance(refusal(BINANCE, binance(code, text)), Doubtful)


def test_a_refusal_with_a_server_error_around_it_is_doubtful():
    assert isinstance(refusal(BINANCE, binance(-2010, "insufficient balance", status=503)), Doubtful)


@every
@given(status=st.one_of(st.none(), st.integers(500, 599)), body=st.text(max_size=60))
def test_no_answer_and_server_errors_are_always_doubtful(facts, status, body):
    assert isinstance(refusal(facts, Heard(True, status, body)), Doubtful)


@every
@given(status=st.sampled_from([200, 201, 204, 302, 400, 404, 409]), body=st.text(max_size=60))
def test_a_body_that_says_nothing_is_doubtful(facts, status, body):
    assert isinstance(refusal(facts, Heard(True, status, body)), Doubtful)


@every
def test_what_never_left_is_certain(facts):
    answer = refusal(facts, Heard(False))

    assert isinstance(answer, Denied) and answer.why is Why.NOT_SENT


@every
def test_no_code_is_both_certain_and_doubtful(facts):
    certain = {code.code for code in facts.codes.refused}

    assert not certain & facts.codes.doubtful


def test_an_order_that_is_not_there_is_told_by_code_and_never_by_an_error():
    assert says_unknown(BINANCE, binance(-2013, "Order does not exist."))
    assert not says_unknown(BINANCE, binance(-2013, "Order does not exist.", status=502))
    assert not says_unknown(BINANCE, binance(-1021))
    assert not says_unknown(BINANCE, Heard(True, None))
    assert not says_unknown(BINANCE, Heard(True, 404, "<html>"))
    assert says_over(BINANCE, binance(-2011, "Unknown order sent."))
    assert not says_over(BINANCE, binance(-2011, "Order was not canceled due to cancel restrictions."))


def test_who_asks_for_silence():
    assert says_wait(BINANCE, Heard(True, 429, "")) and says_wait(BINANCE, Heard(True, 418, ""))
    assert says_wait(BINANCE, binance(-1003)) and not says_wait(
        BINANCE, binance(-2010, "insufficient balance")
    )
    assert says_wait(FACTS["kraken"], Heard(True, 200, '{"error":["EAPI:Rate limit exceeded"]}'))


def test_a_stranger_gets_the_most_careful_facts():
    stranger = facts_of("gate")

    assert stranger.profile.name == "gate" and not stranger.known
    assert stranger.profile.request_expiry is None
    assert stranger.profile.id_reuse is IdReuse.OPEN_UNIQUE
    assert stranger.profile.visibility_lag >= max(f.profile.visibility_lag for f in FACTS.values())
    assert stranger.rate <= min(f.rate for f in FACTS.values() if f.profile.name != "kraken")
    assert CAREFUL.profile.name == ""
