"""Limits, reasons, meters and events as people meet them, through restarts."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.reply import Tone
from tests.bot.desks import a_desk, answered, leave
from trading.domain.errors import SettingsError
from trading.domain.events import DrawdownWarned, HaltAsked, LimitsChanged
from trading.domain.people import Place, Role
from trading.domain.risk import HaltKind

CHAT = Place(platform="web", user_id="tim", chat_id="tim", private=True)


async def a_house(tmp_path, clock, text=""):
    """A desk at work with these settings."""
    built = await a_desk(tmp_path, clock, text)
    await built.trading.start()
    return built


async def as_trader(house):
    code = await house.people.new_code(None, {Role.TRADER}, timedelta(hours=1))
    await house.people.pair(CHAT, "Tim", code)


def desk(house):
    return house.trading.room("main").desk


# --- meters -----------------------------------------------------------------------------------------------


async def test_the_meters_are_the_gates_own_numbers(house):
    status, risk = await answered(house, "/status"), await answered(house, "/risk")

    budgets = {b.name: b for b in risk.data["budgets"]}
    book = desk(house).book
    assert [b.name for b in status.data.budgets] == ["day", "week", "month", "drawdown", "exposure"]
    assert set(budgets) == {"day", "week", "month", "drawdown", "exposure", "value_at_risk", "shortfall"}
    invested = book.equity - book.cash
    assert float(budgets["exposure"].left) == pytest.approx(float(book.equity - invested))
    lost = max(float(book.peak_equity - book.equity), 0)
    assert float(budgets["drawdown"].left) == pytest.approx(float(book.peak_equity) * 0.15 - lost)
    assert [image.name for image in risk.images] == ["risk.png"]
    assert 0 < budgets["value_at_risk"].used < 1


async def test_every_limit_that_is_on_is_shown_the_most_used_first(house):
    nearest, every = await answered(house, "/risk"), await answered(house, "/risk all")

    on = {limit.name for limit in every.data["watched"]}
    assert on == {v.name for v in (await answered(house, "/limits")).data} - {"turnover"}  # which is off
    shown = {row.label for row in every.rows}
    assert {"LOSSES", "AT WORK", "BAD DAYS", "PACE", "MARKETS", "EACH ORDER", "order_share"} <= shown
    assert len(every.rows) == len(on) + 6
    meters = [row for row in nearest.rows if "limit used" in row.detail]
    shares = [int(row.detail.split("%")[0].split()[-1]) for row in meters]
    assert shares == sorted(shares, reverse=True)
    assert f"The nearest 8 of {len(on)} limits; /risk all shows every one." in nearest.text


async def test_a_limit_that_is_broken_when_it_is_set_is_said_to_be(house):
    done = await answered(house, "/limits set positions 1")
    asked = await answered(house, "/limits set positions 2")

    held = len(desk(house).book.positions)
    assert held == 3
    for reply in (done, asked):
        assert f"The account is beyond it already (positions at once: {held})." in reply.text
    assert done.tone is Tone.WARNING


async def test_a_loss_that_is_beyond_its_new_limit_says_that_entries_close(house):
    book = desk(house).book
    book.day_start_equity = book.equity / (1 - Decimal("0.006"))

    reply = await answered(house, "/limits set daily_loss 0.5%")

    assert "The account is beyond it already: 0.6% lost. Entries are closed at once." in reply.text
    assert HaltKind.DAILY_LOSS in desk(house).halts


async def test_a_kill_is_told_alone(house):
    await answered(house, "/kill")
    await answered(house, "/kill !")

    status = await answered(house, "/status")

    assert status.text.splitlines()[0].startswith("KILLED by owner")
    assert "PAUSED" not in status.text


# --- limits -----------------------------------------------------------------------------------------------


async def test_a_stricter_limit_counts_at_once_and_after_a_restart(tmp_path, clock):
    house = await a_house(tmp_path, clock)
    done = await answered(house, "/limits set daily_loss 3%")
    before = desk(house).limits.daily_loss
    await leave(house)

    again = await a_house(tmp_path, clock)
    after = desk(again).limits.daily_loss
    shown = await answered(again, "/limits")
    await leave(again)

    assert done.title == "daily_loss is 3% now; it was 5%."
    assert (before, after) == (0.03, 0.03)
    row = next(row for row in shown.rows if row.label == "daily_loss")
    assert (row.value, row.detail) == ("3%", "R10 · lost since 00:00 UTC · the house allows 5%")
    assert [v.name for v in shown.data if v.changed] == ["daily_loss"]


async def test_a_looser_limit_asks_an_owner_first(house):
    await answered(house, "/limits set positions 3")

    asked = await answered(house, "/limits set positions 5")
    still = desk(house).limits.positions
    done = await answered(house, "/limits set positions 5 !")

    assert asked.title == "positions: 3 → 5?"
    assert [b.label for b in asked.buttons[0]] == ["Allow more", "Leave it"]
    assert (still, desk(house).limits.positions) == (3, 5)
    assert done.tone is Tone.WARNING


async def test_a_trader_may_tighten_and_not_loosen(house):
    await as_trader(house)

    tightened = await answered(house, "/limits set positions 3", CHAT)
    loosened = await answered(house, "/limits set positions 5 !", CHAT)

    assert not tightened.failed
    assert loosened.failed
    assert desk(house).limits.positions == 3


async def test_nobody_sets_a_limit_looser_than_the_house(house):
    reply = await answered(house, "/limits set daily_loss 6% !")

    assert reply.failed
    assert reply.title == (
        "daily_loss may not be looser than 5%, which is set at built-in defaults; found 6%."
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/limits set dayly_loss 3%", "There is no limit 'dayly_loss'; the nearest is 'daily_loss'."),
        ("/limits show dayly_loss", "There is no limit 'dayly_loss'; the nearest is 'daily_loss'."),
        ("/limits set daily_loss lots", "daily_loss is a number from 0 to 1; found 'lots'."),
        ("/limits set daily_loss", "Say what to set: /limits set NAME VALUE. /limits lists them."),
    ],
)
async def test_what_is_wrong_with_a_line_is_told_in_one_sentence(house, line, sentence):
    reply = await answered(house, line)

    assert (reply.failed, reply.title) == (True, sentence)


async def test_a_drawdown_that_is_passed_already_asks_before_it_sells(house):
    desk(house).book.peak_equity = desk(house).book.equity * 2

    asked = await answered(house, "/limits set drawdown 10%")

    assert asked.text.startswith("The account is beyond it already: everything would be sold at once.")
    assert not desk(house).halts.killed


async def test_an_account_may_not_be_set_up_looser_than_the_house(tmp_path, clock):
    house = await a_desk(
        tmp_path, clock, "[risk]\ndaily_loss = 0.04\n[accounts.main.risk]\ndaily_loss = 0.05\n"
    )

    with pytest.raises(SettingsError) as error:
        house.trading.check()
    await leave(house)

    assert error.value.tell == (
        f"{tmp_path}/settings.toml line 4: 'daily_loss' of account main is 0.05, looser than the house's 0.04 in "
        "[risk]; make it as strict, or loosen [risk]."
    )


async def test_an_accounts_own_limit_is_its_own(tmp_path, clock):
    house = await a_house(
        tmp_path,
        clock,
        "[accounts.main.risk]\norder_share = 0.2\n[accounts.main.sleeves.rsi]\nshare = 0.2\n"
        "[accounts.main.sleeves.rsi.limits]\nexposure = 0.1\n",
    )

    limits = desk(house).limits
    refused = await answered(house, "/limits set order_share 25% !")
    await leave(house)

    assert (limits.order_share, limits.daily_loss, limits.sleeves["rsi"].exposure) == (0.2, 0.05, 0.1)
    assert "settings.toml line 2" in refused.title


# --- the day's loss --------------------------------------------------------------------------------------


async def test_a_lost_day_is_explained_by_resume_and_ends_when_its_limit_is_loosened(house):
    await answered(house, "/limits set daily_loss 0.4%")
    book, room = desk(house).book, house.trading.room("main")
    book.day_start_equity = book.equity / (1 - Decimal("0.006"))  # six in a thousand are lost today
    room.step(LimitsChanged(house.clock(), desk(house).limits, "risk"))

    resumed, closed = await answered(house, "/resume"), await answered(house, "/status")
    await answered(house, "/limits set daily_loss 1% !")
    opened, again = await answered(house, "/status"), await answered(house, "/resume")

    assert resumed.failed
    assert resumed.title.startswith(
        "This account is not paused, but entries are closed:\nENTRIES CLOSED by risk"
    )
    assert resumed.title.endswith("Ends at 00:00 UTC, or when an owner loosens daily_loss beyond the loss.")
    meters = [next(r for r in reply.rows if r.label == "Loss left today") for reply in (closed, opened)]
    assert meters[0].detail.endswith("the 0.4% limit was reached: entries are closed")
    assert meters[1].detail.endswith("60% of the 1% limit used")
    assert [halt.kind for halt in opened.data.halts] == []
    assert again.title == "This account is not paused."


async def test_the_end_of_a_pause_does_not_claim_that_entries_are_open_while_they_are_not(house):
    room = house.trading.room("main")
    room.step(
        HaltAsked(house.clock(), HaltKind.DAILY_LOSS, "today's loss -6.0% reached its limit of -5.0%", "risk")
    )
    await answered(house, "/pause")

    reply = await answered(house, "/resume")

    assert reply.title == "The pause is over, but entries stay closed."
    assert "today's loss -6.0%" in reply.text


# --- why --------------------------------------------------------------------------------------------------


async def test_a_purchase_too_small_for_the_exchange_is_said_to_be_so(house):
    sleeves = desk(house).sleeves
    name, mine = next((n, sleeve) for n, sleeve in sleeves.items() if "BTC/USDT" in sleeve.symbols)
    sleeves.clear()
    sleeves[name] = replace(mine, share=0.0002)
    desk(house).risk.asked.clear()

    reply = await answered(house, "/why BTC/USDT")

    assert reply.title.startswith(f"{name} buys no BTC/USDT: its usual ")
    assert reply.title.endswith(" that the exchange takes.")


async def test_why_names_every_rule_with_its_numbers(house):
    reply = await answered(house, "/why btc")

    assert reply.title.startswith("buy ") or reply.title.startswith("sell ")
    assert {row.label[0] for row in reply.rows} <= {"✓", "✗"}
    assert ("✓ no order out already", "none is out") in {(row.label, row.value) for row in reply.rows}


async def test_why_tells_what_blocks_and_the_smallest_change(house):
    desk(house).risk.asked.clear()  # nothing was asked yet: what would a buy meet now?
    await answered(house, "/limits set gross_exposure 0")

    reply = await answered(house, "/why BTC/USDT")

    assert reply.title.startswith("Asked now: buy ")
    assert reply.title.endswith("refused by invested in all (R34)")
    assert "usual purchase" in reply.text
    assert "✗ invested in all (R34): too much would be invested" in reply.text
    line = next(line for line in reply.text.splitlines() if line.startswith("All of it would pass with"))
    assert line.removeprefix("All of it would pass with ").startswith("/limits set gross_exposure 0.")


async def test_why_tells_the_last_order_and_what_a_purchase_now_would_meet(house):
    symbol = max(desk(house).risk.asked.values(), key=lambda f: f[0].intent.decided_at)[0].intent.symbol
    await answered(house, "/limits set orders_per_hour 0")

    reply = await answered(house, f"/why {symbol}")
    last = await answered(house, f"/why {symbol} last")

    sleeve = reply.data["last"].sleeve
    assert reply.text.startswith(f"Asked by {sleeve} ")
    assert f"Now {sleeve}'s usual purchase" in reply.text
    assert "usual purchase" in reply.text
    first, others = reply.rows[0], [row.label[0] for row in reply.rows]
    assert first.label.startswith("✗")
    assert others == sorted(others, reverse=True)  # what fails comes first
    rate = next(row for row in reply.rows if row.label == "✗ orders in an hour")
    assert (rate.value, rate.detail) == ("1", "R29 · limit 0")
    assert "✗ orders in an hour" not in {row.label for row in last.rows}


async def test_losses_and_rounds_of_a_rule_read_like_sentences(house):
    desk(house).risk.asked.clear()
    await answered(house, "/limits set order_share 0.04%")

    reply = await answered(house, "/why BTC")

    rows = {row.label[2:]: row for row in reply.rows}
    assert rows["today's loss"].detail == "R10 · limit 5% lost"
    assert rows["prices and amounts are known"].value == "none missing"
    assert rows["the same order again"].detail == "R28 · limit none within 10 s"
    assert rows["order size"].detail == "R21 · limit 0.04%"


async def test_why_of_a_market_that_is_not_traded_says_so(house):
    reply = await answered(house, "/why DOGE/USDT")

    assert reply.failed
    assert "it trades BTC/USDT, ETH/USDT, SOL/USDT" in reply.title


# --- events -----------------------------------------------------------------------------------------------


def around(clock):
    at = clock() + timedelta(minutes=10)
    later = clock() + timedelta(days=3)
    return (
        f'[calendar]\nevents = [{{ name = "CPI", at = {at:%Y-%m-%dT%H:%M:%SZ} }}, '
        f'{{ name = "FOMC", at = {later:%Y-%m-%dT%H:%M:%SZ} }}]\n'
    )


async def test_an_event_is_told_and_can_be_let_pass_for_good(tmp_path, clock):
    events = around(clock)
    house = await a_house(tmp_path, clock, events)
    clock.now += timedelta(minutes=2)
    await house.trading.tick()
    halts, planned = await answered(house, "/halts"), await answered(house, "/calendar")
    closed = HaltKind.CALENDAR in desk(house).halts

    done = await answered(house, "/halts skip")
    opened = HaltKind.CALENDAR in desk(house).halts
    await leave(house)
    again = await a_house(tmp_path, clock, events)
    clock.now += timedelta(minutes=1)
    await again.trading.tick()
    still = HaltKind.CALENDAR in desk(again).halts
    await leave(again)

    assert (closed, opened, still) == (True, False, False)
    assert halts.text.startswith("ENTRIES CLOSED by calendar since")
    assert halts.buttons[0][0].command == "/halts skip"
    assert [row.label for row in planned.rows] == ["CPI", "FOMC"]
    assert planned.buttons[1][0].command == f"/halts skip {planned.data[1].closure.id}"
    assert done.title == "CPI is let pass."


async def test_the_calendar_shows_the_event_and_the_time_around_it(tmp_path, clock):
    at = clock().replace(minute=30, second=0, microsecond=0) + timedelta(days=2)
    event = f'{{ name = "CPI", at = {at:%Y-%m-%dT%H:%M:%SZ}, before = "45m", after = "15m" }}'
    house = await a_house(tmp_path, clock, f"[calendar]\nevents = [{event}]\n")

    one = await answered(house, "/calendar")
    await answered(house, f"/halts skip {one.data[0].closure.id}")
    none = await answered(house, "/calendar")
    await leave(house)

    assert (one.title, none.title) == ("1 event ahead closes entries", "No event ahead closes entries")
    assert one.rows[0].value.endswith(f"{at:%H:%M}")
    before, after = at - timedelta(minutes=45), at + timedelta(minutes=15)
    assert f"{before:%H:%M} – " in one.rows[0].detail
    assert one.rows[0].detail.endswith(f"{after:%H:%M}")
    assert none.rows[0].detail == "let pass · entries stay open"


@pytest.mark.parametrize("line", ["/halts skip", "/halts skip abc"])
async def test_nothing_to_skip_is_told(house, line):
    reply = await answered(house, line)

    assert reply.failed
    assert "event" in reply.title


async def test_every_kind_of_halt_can_be_shown_in_both_languages(house):
    for kind in HaltKind:
        if kind is not HaltKind.KILL:
            house.trading.room("main").step(HaltAsked(house.clock(), kind, "because", "risk"))

    english = await answered(house, "/halts")
    await answered(house, "/language ko")
    korean = await answered(house, "/halts")

    assert len(english.text.splitlines()) == len(HaltKind) - 1
    assert len(korean.text.splitlines()) == len(HaltKind) - 1
    assert "ENTRIES CLOSED" not in korean.text


async def test_a_warning_of_the_ladder_is_kept_with_the_news(house):
    at = house.clock()
    house.trading.room("main").recorder.hear(DrawdownWarned(at, 0.09, 0.08, 0.15))
    await house.trading.keep_all()

    events = await house.store.events("main", kinds=["drawdown_warned"])

    assert [event.facts["step"] for event in events] == [0.08]


async def test_today_is_the_same_in_every_answer(house):
    status, daily = await answered(house, "/status"), await answered(house, "/daily")

    today = daily.data[-1]
    assert float(today.profit) == pytest.approx(float(status.data.day_profit), abs=0.01)
    assert today.change == pytest.approx(status.data.day_change, abs=1e-6)
