"""A day of a canary account on a real socket: every order asks on Telegram and in the web chat, and is sent once."""

import asyncio
from decimal import Decimal

import pytest

from bot.notify import canary as cards
from tests.story.canary import a_canary_house
from tests.story.chats import PNG
from tests.story.house import until
from trading.domain.approval import ApprovalState
from trading.domain.events import ApprovalSettled


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(cards, "REDRAW_SECONDS", 1.0)


async def at_home(house, telegram, browser):
    """Ann is there twice: on her phone and in the browser."""
    await browser.connect(house)
    await browser.pair(house)
    await telegram.pair(house, (await house.facts("link"))["code"])


def copies(telegram, card):
    """Ann's copies of a card on Telegram, as they stand now."""
    return [m for m in telegram.telegram.shown(telegram.ann) if f"#{card.id}" in m.text]


async def on_phone(telegram, card, words):
    """The one copy on the phone, once these words stand in it."""
    return await until(lambda: next((m for m in copies(telegram, card) if words in m.text), None))


async def on_page(browser, card, words):
    """The card on the page, once these words stand in it."""
    return await browser.told(lambda m: m["footer"] == f"#{card.id}" and words in m["title"] + m["text"])


async def press(telegram, card, label):
    """Press a button under the copy on the phone."""
    (copy,) = copies(telegram, card)
    button = next(b for b in copy.buttons if b.label == label)
    stands = telegram.telegram.message_json(copy)
    telegram.telegram.press(telegram.ann, label, message=stands, data=button.command)


async def test_a_card_in_two_chats_is_answered_once_and_sent_once(
    tmp_path, binance, telegram, browser, trading
):
    async with a_canary_house(tmp_path, binance, trading, **telegram.sections) as canary:
        await at_home(canary.house, telegram, browser)
        code = (await canary.house.facts("invite", "viewer", "!"))["code"]
        vera = telegram.telegram.person("Vera")
        await telegram.telegram.ask(vera, f"/start {code}")
        canary.wants(1.0)
        card = await canary.card()
        asked = (await on_phone(telegram, card, "Buy 10 BTC/USDT")).text
        shown = await on_page(browser, card, "Buy 10 BTC/USDT")
        by_vera = await telegram.telegram.ask(vera, f"/approve {card.id}")
        sent_before = binance.account.posts()

        await press(telegram, card, "Approve")
        phone = await on_phone(telegram, card, "Filled")
        page = await on_page(browser, card, "Filled")
        again = await browser.say(f"/approve {card.id}")
        await until(canary.books_agree)
        telegram.telegram.say(telegram.ann, "/chart BTC/USDT 1m")
        chart = await until(
            lambda: next((m for m in telegram.telegram.shown(telegram.ann) if m.kind == "photo"), None)
        )
        orders = await canary.house.facts("orders")

    assert "Nothing is sent without a yes" in asked
    assert [b["label"] for row in shown["buttons"] for b in row][:2] == ["Approve", "Reject"]
    assert "is not yours to answer" in by_vera.text
    assert sent_before == []
    assert len(binance.account.posts()) == len(binance.account.truth.orders) == 1
    assert "Approved by" in phone.text
    assert phone.labels == []
    assert (page["id"], page["buttons"]) == (shown["id"], [])
    assert len(copies(telegram, card)) == 1
    assert "does not wait for an answer any more" in again.text
    assert [row["status"] for row in orders] == ["filled"]
    assert chart.content.startswith(PNG)


async def test_after_a_drift_nothing_is_sent_and_both_chats_are_asked_again(
    tmp_path, binance, telegram, browser, trading
):
    async with a_canary_house(tmp_path, binance, trading, **telegram.sections) as canary:
        await at_home(canary.house, telegram, browser)
        canary.wants(1.0)
        card = await canary.card()
        await on_phone(telegram, card, "Buy")
        canary.moves(101.0)

        await press(telegram, card, "Approve")
        old_phone = await on_phone(telegram, card, "Nothing was sent")
        again = await canary.card(beside=card.id)
        old_page = await on_page(browser, card, "the price moved +1.00% since the question")
        new_page = await on_page(browser, again, "Buy")
        sent_before = binance.account.posts()
        answer = await browser.say(new_page["buttons"][0][0]["command"])
        await on_phone(telegram, again, "Filled")
        await until(canary.books_agree)
        (in_the_end,) = copies(telegram, card)

    assert "Filled" not in in_the_end.text
    assert old_phone.labels == []
    assert old_page["buttons"] == []
    assert sent_before == []
    assert "Approved by" in answer.text
    (order,) = binance.account.truth.orders.values()
    assert order.spent <= Decimal(1000)  # a tenth of the equity, at the new price, too


async def test_silence_sends_nothing_and_a_kill_takes_the_card_back(
    tmp_path, binance, telegram, browser, trading
):
    canary_section = {"canary": {"ask_for": "10s"}}
    settled = []
    async with a_canary_house(tmp_path, binance, trading, **telegram.sections, **canary_section) as canary:
        canary.trading.listen(
            lambda _, event: settled.append(event.approval) if isinstance(event, ApprovalSettled) else None
        )
        await at_home(canary.house, telegram, browser)
        canary.wants(1.0)
        silent = await canary.card()
        lapsed = await on_page(browser, silent, "Nobody answered; nothing was sent.")
        on_the_phone = await on_phone(telegram, silent, "Nobody answered; nothing was sent.")
        late = await browser.say(f"/approve {silent.id}")
        canary.wants(1.0)
        card = await canary.card(beside=silent.id)
        await on_phone(telegram, card, "Buy")
        await canary.house.asked("kill", "enough for today", "!")
        phone = await on_phone(telegram, card, "Withdrawn")
        page = await on_page(browser, card, "Withdrawn")
        pressed_late = await browser.say(f"/approve {card.id}")
        await asyncio.sleep(0.5)

    assert {a.id: a.state for a in settled} == {
        silent.id: ApprovalState.LAPSED,
        card.id: ApprovalState.WITHDRAWN,
    }
    assert "until you press" not in str(lapsed["rows"])
    assert lapsed["buttons"] == page["buttons"] == []
    assert on_the_phone.labels == phone.labels == []
    assert all("does not wait for an answer" in a.text for a in (late, pressed_late))
    assert binance.account.posts() == []


async def test_a_kill_with_an_order_in_doubt_finds_it_sells_it_and_gives_a_receipt(
    tmp_path, binance, telegram, browser, trading
):
    async with a_canary_house(tmp_path, binance, trading, **telegram.sections) as canary:
        await at_home(canary.house, telegram, browser)
        canary.wants(1.0)
        card = await canary.card()
        await on_phone(telegram, card, "Buy")
        binance.fail("POST order", after=True, hang=True)
        binance.fail("GET order", times=3, status=502)
        telegram.telegram.press(telegram.ann, "Approve")
        await until(lambda: binance.account.truth.orders)
        asked = await canary.house.asked("kill", "in doubt")
        killed = await canary.house.asked("kill", "in doubt", "!")
        receipt = await until(
            lambda: next((m for m in telegram.telegram.shown(telegram.ann) if "The kill is" in m.text), None)
        )
        await until(canary.books_agree)
        held, halts = canary.held, [h.kind.value for h in canary.trading.status("main").halts]

    bought, sold = binance.account.truth.orders.values()
    assert "Orders in doubt: 1. What they bought is sold as soon as it is known." in asked.text
    assert "a receipt follows" in killed.text
    assert (bought.side, sold.side) == ("buy", "sell")
    assert "The kill is done" in receipt.text
    assert "BTC/USDT" in receipt.text
    assert held == 0
    assert "kill" in halts
    assert len(binance.account.posts()) == 2
