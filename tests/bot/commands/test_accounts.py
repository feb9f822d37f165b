"""Accounts that people open, use and close; one person's are nobody else's."""

import asyncio

import pytest

from bot.dispatcher import Line
from tests.bot.commands.houses import Somebody, a_house_of_people, a_phone
from trading.domain.account import Mode


async def test_a_new_account_trades_at_once_and_after_a_restart(tmp_path, clock):
    async with a_house_of_people(tmp_path, clock) as people:
        asked = await people.owner.says("/account new swing --cash 500 --symbols btc/usdt")
        opened = await people.owner.presses(asked)
        status = await people.owner.says("/status")

    async with a_house_of_people(tmp_path, clock) as people:
        again = await people.owner.says("/status")

    assert asked.buttons[0][0].label == "Open swing"
    assert (opened.header, opened.failed) == ("🧪 PAPER · swing", False)
    assert (status.header, status.data.start_cash) == ("🧪 PAPER · swing", 500)
    assert (again.header, again.data.equity) == ("🧪 PAPER · swing", status.data.equity)


async def test_it_joins_the_market_that_is_open_and_steps_with_it(people, clock):
    await people.owner.says("/account new swing !")
    trading = people.house.trading

    clock.advance(120)
    await trading.tick()

    assert len(trading.floors) == 1
    seen = {name: trading.status(name).last_candle_at for name in ("main", "swing")}
    assert seen["main"] == seen["swing"] == clock().replace(second=0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("main", "The name main is taken, maybe by an account that was closed; choose another."),
        ("Swing!", "An account has a name of 1 to 24 characters out of a-z, 0-9, _ and -; found 'Swing!'."),
        ("own", "An account has a name of 1 to 24 characters out of a-z, 0-9, _ and -; found 'own'."),
        ("swing --mode live", "A new account begins on paper or in shadow"),
        ("swing --mode canary", "A new account begins on paper or in shadow"),
        ("swing --exchange binanc", "'binanc' is no exchange that ccxt"),
        ("swing --symbols BTC/USDT,BTC/KRW", "An account has one currency; found KRW, USDT."),
        ("swing --symbols NOPE/USDT", "has no NOPE/USDT"),
        ("swing --cash 0", "The account swing cannot be so: cash"),
        ("swing --timeframe soon", "The account swing cannot be so: timeframe"),
    ],
)
async def test_what_cannot_trade_is_not_opened(people, words, sentence):
    reply = await people.owner.says(f"/account new {words} !")

    assert reply.failed
    assert sentence in reply.title
    assert people.house.trading.accounts == ("main",)
    assert list(people.house.trading.rooms) == ["main"]
    assert people.house.trading.trouble == {}


async def test_a_closed_account_is_gone_and_its_name_with_it(people):
    await people.owner.says("/account new swing !")
    await people.owner.says("/use main")

    closed = await people.owner.says("/account close swing !")
    again = await people.owner.says("/account new swing !")
    refused = await people.owner.says("/account close main !")

    assert closed.title.startswith("swing is closed with")
    assert people.house.trading.accounts == ("main",)
    assert "The name swing is taken" in again.title
    assert refused.title == "The account main stands in settings.toml; take it out there."
    assert people.house.trading.status("main").halts == ()  # nothing was sold for an account that cannot go


async def test_whoever_meant_a_closed_account_means_another_of_theirs_with_the_rights_there(people):
    tom = await people.invited("trader", 5, "Tom")
    await tom.says("/account new mine !")
    before = (await tom.person()).roles

    await people.owner.says("/account close mine !")
    reply = await tom.says("/whoami")

    assert "owner" in {str(role) for role in before}
    assert reply.data["account"] == "main"
    assert reply.data["roles"] == {"main": ["trader"]}
    assert "delegate" not in reply.data["may"]


async def test_one_persons_account_does_not_exist_for_another(people):
    min, vera = await people.invited("owner own", 5, "Min"), await people.invited("viewer", 6, "Vera")

    seen = {}
    for who, name in ((min, "main"), (vera, "min")):
        health, accounts = await who.says("/health"), await who.says("/accounts")
        used, listed = await who.says(f"/use {name}"), await who.says("/people")
        seen[name] = name in str((health.data, accounts.data, listed.data))
        assert used.title.startswith(f"There is no account '{name}' for you")

    assert seen == {"main": False, "min": False}
    assert (await min.says("/status")).header == "🧪 PAPER · min"
    assert (await min.says("/logs")).failed
    assert (await min.says("/audit")).failed


async def test_a_kill_by_somebody_with_one_account_stops_that_one(people):
    tom = await people.invited("owner own", 5, "Tom")
    trading = people.house.trading

    asked = await tom.says("/kill")
    paused = {name: [h.kind for h in trading.status(name).halts] for name in trading.accounts}
    killed = await tom.presses(asked)

    assert "main" not in asked.text
    assert paused == {"main": [], "tom": ["pause"]}
    assert killed.data["accounts"] == ["tom"]
    assert [trading.status(name).killed for name in ("main", "tom")] == [False, True]
    assert not trading.kill_file.exists()


async def test_a_kill_by_the_owner_of_the_desk_stops_everything(people):
    tom = await people.invited("owner own", 5, "Tom")
    await people.authenticator(tom)

    await people.owner.says("/kill !")

    trading = people.house.trading
    assert [trading.status(name).killed for name in ("main", "tom")] == [True, True]
    assert trading.kill_file.exists()


async def test_who_owns_one_account_cannot_lift_the_kill_of_the_desk(people):
    tom = await people.invited("owner own", 5, "Tom")
    shown = await people.authenticator(tom)
    await people.owner.says("/kill !")

    await tom.says("/unkill !")
    refused = await tom.says(shown.code())

    assert refused.title == "The whole desk is killed; only an owner of every account lifts that."
    assert people.house.trading.status("tom").killed


async def test_the_ladder_moves_an_account_to_another_mode_with_its_books(people):
    await people.owner.says("/account new swing !")
    trading = people.house.trading
    await trading.kill("sold", "mina", ("swing",))
    before = trading.status("swing").equity

    await trading.opening.move("swing", Mode.SHADOW)

    assert trading.header("swing") == "👥 SHADOW · swing"
    assert trading.status("swing").equity == before


async def test_another_market_of_the_same_exchange_is_another_account(tmp_path, clock):
    sandbox = '{"main": {"exchange_options": {"sandbox": true}}}'
    async with a_house_of_people(tmp_path, clock):
        pass

    async with a_house_of_people(tmp_path, clock, TRADEWIND__ACCOUNTS=sandbox) as people:
        trouble = people.house.trading.trouble["main"]
        paper_again = await people.owner.says("/status")

    assert trouble.startswith("The account main was begun on simulated and cannot go on as one on simulated ")
    assert paper_again.failed


async def test_twelve_people_with_an_account_each_talk_at_the_same_time(people):
    guests = []
    for number in range(12):
        guests.append(await people.invited("owner own", 100 + number, f"guest {number}"))

    async def life(guest: Somebody) -> set[str]:
        heads = set()
        for text in ("/status", "/balance", "/trades", "/pause", "/resume", "/positions"):
            heads.add((await guest.says(text)).header)
        return heads

    heads = await asyncio.gather(*(life(guest) for guest in guests))

    assert heads == [{f"🧪 PAPER · guest-{number}"} for number in range(12)]
    assert len(people.house.trading.floors) == 1


async def test_nobody_reaches_another_ones_account_by_any_word(people):
    """Every command with the other one's account in every word it takes."""
    tom = await people.invited("owner own", 5, "Tom")
    trading = people.house.trading
    before = trading.status("main")

    for one in people.house.dispatcher.commands.values():
        words = " ".join("main" for p in one.parameters if not p.option)
        line = Line(text=f"/{one.name} {words} !", place=a_phone(5), name="x", update_id=None, sent_at=None)
        shown = [reply async for reply in people.house.dispatcher.handle(line)]
        assert [reply.header for reply in shown if "main" in reply.header] == [], one.name
        people.clock.advance(60)

    after = trading.status("main")
    assert (after.halts, after.sleeves, after.mode) == (before.halts, before.sleeves, before.mode)
    assert "main" in trading.accounts
    assert (await tom.person()).roles_on("main") == frozenset()
