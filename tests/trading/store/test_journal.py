"""The live executor's journal on both databases: what is committed together, and who is locked out."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import START, a_fill, an_intent, an_order
from tests.trading.store.shapes import amounts, intents, made, times
from trading.domain.approval import Approval, ApprovalState
from trading.domain.errors import Refused
from trading.domain.live import Attempt, AttemptState, Difference, ExternalFlow, Fenced, FlowKind
from trading.domain.order import OrderStatus
from trading.domain.risk import Halt, HaltKind
from trading.execution.journal import LEASE_LASTS, Consent, Start
from trading.store import live_ledger
from trading.store.highwater import HighWater
from trading.store.journal import SqlJournal
from trading.store.records import Step

NEVER = START - timedelta(days=1)


@pytest.fixture
def journal(store):
    return SqlJournal(store.database)


def an_attempt(number: int = 1, **changes) -> Attempt:
    fields = {
        "account": "main",
        "client_id": f"tw{number}",
        "intent": an_intent(client_id=f"intent-{number}"),
        "epoch": 1,
        "state": AttemptState.SENDING,
        "sent_at": START,
        "changed_at": START,
    }
    return Attempt(**(fields | changes))


def a_start(lease, number: int = 1, **changes) -> Start:
    attempt = an_attempt(number, **changes)
    order = an_order(attempt.intent, status=OrderStatus.SENDING)
    return Start(attempt=attempt, order=order, lease=lease, at=START)


def a_card(**changes) -> Approval:
    fields = {
        "id": "card1",
        "account": "main",
        "intent": an_intent(),
        "price_at_ask": Decimal(100),
        "max_drift": 0.005,
        "asked_at": START,
        "expires_at": START + timedelta(minutes=10),
        "kill_epoch": 0,
    }
    return Approval(**(fields | changes))


async def taken(journal, holder: str = "here"):
    return await journal.take("main", "binance 1", holder, START, 0)


async def test_the_secret_is_made_once(journal):
    first = await journal.secret()

    assert await journal.secret() == first
    assert len(first) == 32


async def test_each_taking_raises_the_epoch_and_locks_out_the_one_before(journal):
    old = await taken(journal)
    new = await taken(journal)

    assert (old.epoch, new.epoch) == (1, 2)
    with pytest.raises(Fenced, match="was taken over by here"):
        await journal.extend(old, START)
    with pytest.raises(Fenced):
        await journal.begin(a_start(old))
    with pytest.raises(Fenced):
        await journal.settle(an_attempt(), old)
    assert await journal.attempts("main", NEVER) == []


async def test_another_holder_waits_until_the_lease_is_over_or_given_back(journal):
    mine = await taken(journal)
    with pytest.raises(Refused, match="traded by another desk"):
        await taken(journal, "there")

    later = await journal.take("main", "binance 1", "there", START + LEASE_LASTS, 0)
    await journal.release(later, START)
    back = await taken(journal)

    assert [mine.epoch, later.epoch, back.epoch] == [1, 2, 3]


async def test_two_keys_of_one_exchange_account_meet_at_one_lease_and_other_accounts_do_not(journal):
    await taken(journal)

    other = await journal.take("second", "binance 2", "there", START, 0)

    assert other.epoch == 1
    with pytest.raises(Refused):
        await journal.take("second", "binance 1", "there", START, 0)


async def test_an_older_database_is_noticed(journal):
    lease = await journal.take("main", "binance 1", "here", START, 7)

    assert (lease.epoch, lease.rolled_back) == (8, True)


async def test_what_leaves_is_written_with_its_order_in_one_go(journal, store):
    lease = await taken(journal)

    assert await journal.begin(a_start(lease)) is None

    assert await journal.attempts("main", NEVER) == [an_attempt()]
    assert [o.status for o in await store.orders("main")] == [OrderStatus.SENDING]


async def test_a_decision_is_sent_once_whatever_its_attempt_is_called(journal):
    lease = await taken(journal)
    await journal.begin(a_start(lease))

    again = await journal.begin(a_start(lease, client_id="twx"))

    assert again == "this decision was sent before"
    assert len(await journal.attempts("main", NEVER)) == 1


@pytest.mark.parametrize("kind", [k for k in HaltKind if k not in (HaltKind.FEED, HaltKind.STORE)])
async def test_while_halted_only_what_reduces_may_leave(journal, store, kind):
    lease = await taken(journal)
    halt = Halt(kind=kind, reason="stop", by="ann", since=START)
    await store.write([Step(account="main", at=START, halts=(halt,))])

    refused = await journal.begin(a_start(lease))
    sale = an_attempt(2, intent=an_intent(client_id="intent-2", reduce_only=True))
    passed = await journal.begin(Start(attempt=sale, order=an_order(sale.intent), lease=lease, at=START))

    assert refused == f"entries are closed ({kind}): stop"
    assert passed is None
    assert await journal.attempts("main", NEVER) == [sale]


async def test_a_yes_is_used_up_with_the_order_it_lets_leave(journal):
    lease = await taken(journal)
    await journal.save_approval(a_card())
    start = replace(a_start(lease), consent=Consent(approval="card1", by="ann"))

    first = await journal.begin(start)
    second = await journal.begin(replace(start, attempt=an_attempt(2)))

    assert (first, second) == (None, "the card was answered before")
    (card,) = await journal.approvals("main")
    assert (card.state, card.decided_by, card.decided_at) == (ApprovalState.APPROVED, "ann", START)
    assert [a.client_id for a in await journal.attempts("main", NEVER)] == ["tw1"]


async def test_a_card_that_ended_stays_as_it_ended(journal):
    await journal.save_approval(a_card())

    first = await journal.end_approval(a_card(state=ApprovalState.REJECTED, decided_by="bob"))
    second = await journal.end_approval(a_card(state=ApprovalState.LAPSED))

    assert (first, second) == (True, False)
    assert [a.decided_by for a in await journal.approvals("main", ApprovalState.REJECTED)] == ["bob"]


async def test_what_is_out_is_known_however_old_it_is(journal):
    lease = await taken(journal)
    for number, state in enumerate(AttemptState):
        await journal.settle(an_attempt(number, state=state, sent_at=START - timedelta(days=99)), lease)

    found = await journal.attempts("main", NEVER)

    assert {a.state for a in found} == {s for s in AttemptState if s.is_out}


async def test_a_name_that_was_ever_given_is_known_for_ever(journal):
    lease = await taken(journal)
    long_ago = START - timedelta(days=999)
    await journal.settle(an_attempt(state=AttemptState.CLOSED, sent_at=long_ago), lease)

    assert await journal.named("main", ["tw1", "tw2"]) == {"tw1"}
    assert await journal.named("other", ["tw1"]) == frozenset()


def a_flow(ref: str, amount: str, asset: str = "USDT") -> ExternalFlow:
    return ExternalFlow(
        account="main", ref=ref, asset=asset, amount=Decimal(amount), kind=FlowKind.TRANSFER, at=START
    )


async def test_a_flow_is_kept_once_by_its_name(journal):
    first = await journal.add_flows([a_flow("a", "1"), a_flow("b", "2")])
    again = await journal.add_flows([a_flow("b", "2"), a_flow("c", "3")])

    assert [f.ref for f in first] == ["a", "b"]
    assert [f.ref for f in again] == ["c"]
    assert await journal.flows("main") == [a_flow("a", "1"), a_flow("b", "2"), a_flow("c", "3")]


async def test_what_balances_should_be_is_added_up_to_the_last_digit(journal, store):
    await journal.add_flows([a_flow("opening USDT", "10000"), a_flow("opening BNB", "3", "BNB")])
    fills = (
        a_fill(id="1", amount="0.1", price="30000.3", fee="0.0001", fee_currency="BTC"),
        a_fill(id="2", amount="0.1", price="30000.3", fee="0.002", fee_currency="BNB"),
    )
    await store.write([Step(account="main", at=START, fills=fills)])

    assert await journal.moved("main") == {
        "USDT": Decimal("3999.94"),
        "BTC": Decimal("0.1999"),
        "BNB": Decimal("2.998"),
    }


async def test_a_difference_is_open_until_it_is_answered(journal):
    asked = Difference(
        id="d1",
        account="main",
        asset="BTC",
        symbols=("BTC/USDT",),
        theirs=Decimal(1),
        ours=Decimal(2),
        cause="a withdrawal",
        at=START,
    )
    await journal.save_difference(asked)
    assert await journal.differences("main", unanswered=True) == [asked]

    answered = replace(asked, answered_by="ann", answered_at=START)
    await journal.save_difference(answered)

    assert await journal.differences("main", unanswered=True) == []
    assert await journal.differences("main", unanswered=False) == [answered]


async def test_the_cursor_is_where_it_was_put(journal):
    assert await journal.cursor("main") is None

    await journal.set_cursor("main", START)

    assert await journal.cursor("main") == START


def test_the_high_water_mark_outlives_the_database(tmp_path):
    HighWater(tmp_path).write("binance 1", 4)
    HighWater(tmp_path).write("upbit 1", 2)

    assert (HighWater(tmp_path).read("binance 1"), HighWater(tmp_path).read("kraken 1")) == (4, 0)
    assert (tmp_path / "epochs.json").stat().st_mode & 0o777 == 0o600


class Row:
    """As a database hands it back."""

    def __init__(self, values):
        self.__dict__.update(values)


attempts = made(Attempt, intent=intents, stop_price=st.none() | amounts, sent_at=times, changed_at=times)
approvals = made(
    Approval, intent=intents, price_at_ask=amounts, asked_at=times, expires_at=times, decided_at=times
)
flows = made(ExternalFlow, amount=amounts, at=times)
differences = made(Difference, theirs=amounts, ours=amounts, at=times, answered_at=st.none() | times)


@given(attempts, approvals, flows, differences)
def test_what_goes_into_a_row_comes_out_equal(attempt, approval, flow, difference):
    assert live_ledger.attempt(Row(live_ledger.attempt_row(attempt))) == attempt
    assert live_ledger.approval(Row(live_ledger.approval_row(approval))) == approval
    assert live_ledger.external_flow(Row(live_ledger.flow_row(flow))) == flow
    assert live_ledger.difference(Row(live_ledger.difference_row(difference))) == difference
