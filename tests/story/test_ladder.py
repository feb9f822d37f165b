"""From paper to real money in one conversation: shown, asked, a key, the first card, live, and down again at once."""

import aiohttp
import pytest

from tests.fakes.vouched import vouch
from tests.story.canary import BTC, CanaryHouse, account, under_the_floor
from tests.story.house import a_house, at_a_quicker_beat, until
from trading.domain.account import Mode
from trading.domain.keys import Purpose

LUCK = (
    "Not distinguishable from luck: 41% of random entries with the same holding times did as well or better."
)


@pytest.fixture
def trading(monkeypatch):
    at_a_quicker_beat(monkeypatch, retry_markets=0.5)
    return under_the_floor(monkeypatch)


async def test_a_paper_account_gets_a_canary_beside_it_that_goes_live_and_back_with_what_it_holds(
    tmp_path, binance, trading
):
    accounts = {"main": account(binance, mode="paper")}
    async with a_house(tmp_path, accounts=accounts) as house:
        unchecked = await house.asked("mode", "canary", "--anyway", "!")
        await vouch(trading(), "main", luck=LUCK)
        standing = await house.asked("mode")
        too_soon = await house.asked("mode", "canary", "!")
        too_far = await house.asked("mode", "live", "--anyway", "!")
        asked = await house.asked("mode", "canary", "--anyway")
        begun = await house.asked("mode", "canary", "--anyway", "!")
        await trading().safe.add_key(
            "main-coin", Purpose.TRADE, "a-key-of-the-test", "a-secret-of-it", "", "a test"
        )
        await until(lambda: "main-coin" in trading().rooms)
        await house.asked("use", "main-coin")
        await vouch(trading(), "main-coin")
        coin = CanaryHouse(house, trading(), binance, name="main-coin")
        coin.moves(101.3)  # so that its fee, taken in coin, leaves a rest that nobody can sell
        coin.wants(1.0)
        card = await coin.card()
        await house.asked("approve", card.id)
        await until(lambda: coin.held > 0)
        held = coin.held

        live = await house.asked("mode", "live", "--anyway", "!")
        modes = [trading().status("main-coin").mode, trading().header("main-coin")]
        kept = coin.held
        coin.wants(0.0)
        await until(lambda: coin.held == 0)
        positions, traded, balance = [await house.asked(word) for word in ("positions", "trades", "balance")]
        back = await house.asked("mode", "canary")
        coin.wants(1.0)
        asked_again = await coin.card(beside=card.id)
        to_paper = await house.asked("mode", "paper")

    assert unchecked.title.endswith("are checked for knowing the future: /mode check.")
    assert standing.title == "main is in the mode paper."
    assert [row.label[0] for row in standing.rows].count("✗") >= 2
    assert too_soon.failed
    assert "has not shown enough yet: " in too_soon.title
    assert too_far.title == "An account goes live from a canary only: first /mode canary."
    assert asked.title == "Begin with real money: the canary main-coin?"
    assert "It has not shown: " in asked.text
    assert LUCK in asked.text
    assert begun.data["trouble"]
    assert "python main.py keys add main-coin" in begun.text
    assert held == kept > 0
    assert not live.failed
    assert modes == [Mode.LIVE, "🔴 LIVE · main-coin"]
    assert positions.title == "No open positions."
    assert positions.footer.startswith("Dust, less than the exchange takes: BTC/USDT 0.0000")
    assert traded.title.startswith("1 closed trades")
    assert [row.label for row in balance.rows] == ["Free cash", "BTC"]
    assert back.title == "main-coin is in the mode canary now."
    assert asked_again.intent.symbol == BTC
    assert "cannot go on on paper" in to_paper.title


async def test_where_two_own_the_desk_one_alone_takes_nothing_live(tmp_path, binance, trading):
    accounts = {"main": account(binance, mode="paper")}
    async with a_house(tmp_path, accounts=accounts) as house:
        second = await house.asked("invite", "owner", "all", "!")
        async with aiohttp.ClientSession() as browser:
            entering = {"json": {"code": second.data["code"]}, "headers": {"Origin": house.address}}
            await browser.post(f"{house.address}/enter", **entering)
        await vouch(trading(), "main")
        await house.asked("mode", "canary", "--anyway", "!")
        await trading().safe.add_key(
            "main-coin", Purpose.TRADE, "a-key-of-the-test", "a-secret-of-it", "", "a test"
        )
        await until(lambda: "main-coin" in trading().rooms)
        await house.asked("use", "main-coin")
        await vouch(trading(), "main-coin")

        live = await house.asked("mode", "live", "--anyway", "!")
        mode = trading().status("main-coin").mode

    assert live.data["needs"] == "second person"
    assert mode is Mode.CANARY


async def test_after_a_restart_the_canary_is_what_it_became(tmp_path, binance, trading):
    accounts = {"main": account(binance, mode="paper")}
    async with a_house(tmp_path, accounts=accounts) as house:
        await vouch(trading(), "main")
        await house.asked("mode", "canary", "--name", "gold", "--anyway", "!")
        await trading().safe.add_key(
            "gold", Purpose.TRADE, "a-key-of-the-test", "a-secret-of-it", "", "a test"
        )
        await until(lambda: "gold" in trading().rooms)
        await house.asked("use", "gold")
        await vouch(trading(), "gold")
        await house.asked("mode", "live", "--anyway", "!")

    async with a_house(tmp_path, accounts=accounts) as house:
        await until(lambda: "gold" in trading().rooms)
        again = await house.asked("mode")
        closed = await house.asked("account", "close", "gold", "!")
        left = trading().real.accounts

    assert again.title == "gold is in the mode live."
    assert closed.title.startswith("gold is closed with")
    assert left == ()


async def test_a_key_that_may_withdraw_keeps_the_canary_from_trading(tmp_path, binance, trading):
    binance.account.key.may_withdraw = True
    async with a_house(tmp_path, accounts={"main": account(binance, mode="paper")}) as house:
        await vouch(trading(), "main")
        await house.asked("mode", "canary", "--anyway", "!")
        await trading().safe.add_key(
            "main-coin", Purpose.TRADE, "a-key-of-the-test", "a-secret-of-it", "", "a test"
        )
        await until(lambda: "may move money out" in trading().trouble.get("main-coin", ""))
        accounts = await house.asked("accounts")

    row = next(row for row in accounts.rows if row.label == "main-coin")
    assert "The key for binance may move money out" in row.detail
    assert binance.account.posts() == []
