"""Copies of a card are edited to its outcome, also when their account comes up after it."""

from decimal import Decimal
from types import SimpleNamespace

from bot.notify.canary import Canary
from bot.reply import Reply
from tests.bot.notify.desk import FakePlatform, a_database
from tests.builders import START, an_intent
from tests.fakes.clock import HandClock
from trading.domain.approval import Approval, ApprovalState
from trading.domain.errors import Refused
from trading.domain.events import ApprovalSettled
from trading.domain.notice import Shown
from trading.incidents import Incidents
from trading.store.notices import NoticeStore
from trading.store.store import Store


class Starting:
    """A desk just started: its account is not there yet."""

    def __init__(self, store: Store, clock: HandClock) -> None:
        self.incidents, self.clock, self.up = Incidents(NoticeStore(store.database), clock), clock, False
        self.real = SimpleNamespace(accounts=())

    def room(self, account: str):
        if not self.up:
            raise Refused(f"The account {account} is not trading yet: starting")
        desk = SimpleNamespace(
            instruments={"BTC/USDT": SimpleNamespace(taker_fee=Decimal("0.001"))},
            book=SimpleNamespace(equity=Decimal(10_000)),
        )
        return SimpleNamespace(desk=desk)

    def header(self, account: str) -> str:
        return f"CANARY · {account}"


def approved() -> Approval:
    return Approval(
        id="card1",
        account="main",
        intent=an_intent(),
        price_at_ask=Decimal(100),
        max_drift=0.005,
        asked_at=START,
        expires_at=START,
        kill_epoch=0,
        state=ApprovalState.APPROVED,
        decided_by="ann",
        decided_at=START,
    )


async def test_a_card_that_was_settled_while_its_account_came_up_is_redrawn_once_it_is_there(tmp_path):
    clock, telegram = HandClock(), FakePlatform("telegram")
    store = await Store.open(a_database(tmp_path), clock)
    trading = Starting(store, clock)
    sent = await telegram.send("1", Reply(title="Buy BTC/USDT?", text="Waiting for an answer."))
    copy = Shown(platform="telegram", chat="1", panel="card/card1/en UTC", ref=sent.ref)
    await trading.incidents.store.show([copy], clock())
    cards = Canary(trading, people=None, platforms={"telegram": telegram}, outbox=None)

    cards.hear("main", ApprovalSettled(clock(), approved()))
    await cards.work()
    early = telegram.messages[0].edits
    trading.up = True
    await cards.work()
    await store.close()

    assert early == 0
    assert "Approved by ann" in f"{telegram.messages[0].reply.title} {telegram.messages[0].reply.text}"
    assert telegram.messages[0].edits == 1
