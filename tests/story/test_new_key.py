"""A key is replaced while its account trades: the desk goes on with the new one, or with the old one and says so."""

from decimal import Decimal

from bot.dispatcher import Line
from bot.platforms import terminal
from tests.fakes.binance_account import Key
from tests.story.canary import a_canary_house
from tests.story.house import until
from trading.domain.approval import ApprovalState
from trading.domain.people import Place
from trading.store import lease

HERE = Place(platform="terminal", user_id="local", chat_id="local", private=True, local=True)
NEW = {"key": "a-key-of-tomorrow", "secret": "another-secret-of-it"}


async def adds_the_new_key(canary):
    """What `python main.py keys add main` asks of the running desk."""
    folder = canary.house.settings.data_dir
    line = Line(text="/keys add main !", place=HERE, name="Mina", update_id=None, sent_at=None, secrets=NEW)
    replies = [reply async for reply in terminal.ask_running_desk(lease.holder(folder), folder, line)]
    return replies[-1]


async def test_the_desk_goes_on_with_a_new_key_without_a_restart(tmp_path, binance, trading):
    async with a_canary_house(tmp_path, binance, trading) as canary:
        canary.wants(1.0)
        first = await canary.card()
        await canary.house.asked("approve", first.id)
        await until(lambda: canary.held)
        canary.wants(0.0)
        before = await canary.card(beside=first.id)

        binance.account.key = Key(name=NEW["key"], secret=NEW["secret"])  # the old one is worth nothing now
        added = await adds_the_new_key(canary)
        old_card = await canary.house.asked("approve", before.id)
        kept = {
            card.id: card.state
            for card in await canary.trading.real.of("main").seat.journal.approvals("main")
        }
        held = canary.held
        canary.wants(0.0)
        after = await canary.card(beside=before.id)
        await canary.house.asked("approve", after.id)
        await until(lambda: canary.held == 0)
        await until(canary.books_agree)
        await canary.trading.keep_all()
        fills = await canary.trading.fills("main")

    assert "main trades with it from now on; cards from before are void." in added.text
    assert "does not wait for an answer any more" in old_card.title
    assert kept[before.id] is ApprovalState.WITHDRAWN
    assert held > 0
    assert len(fills) == len(binance.account.truth.deals) == 2
    assert [order.side for order in binance.account.truth.orders.values()] == ["buy", "sell"]
    assert binance.account.truth.total("BTC") == Decimal(0)


async def test_a_new_key_that_is_not_accepted_leaves_the_old_one_at_work(tmp_path, binance, trading):
    async with a_canary_house(tmp_path, binance, trading) as canary:
        added = await adds_the_new_key(canary)
        canary.wants(1.0)
        card = await canary.card()
        await canary.house.asked("approve", card.id)
        await until(lambda: canary.held)

    assert "It is not in use: binance does not accept the key." in added.text
