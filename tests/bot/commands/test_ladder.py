"""Who may take an account up, what it takes, and what is refused in one sentence."""

from dataclasses import replace

import pytest

from bot.reply import Tone
from tests.fakes.vouched import vouch
from trading.domain.account import Mode
from trading.domain.ladder import Proof, Shown

BINANCE = "--exchange binance --anyway"


def cheats(people, cheater):
    """From now on the account's one strategy is this one."""
    sleeves = people.house.trading.room("main").desk.sleeves
    ((name, sleeve),) = sleeves.items()
    sleeves[name] = replace(sleeve, strategy=cheater, params=cheater.params({}))
    return name


async def test_it_says_what_is_asked_for_and_what_was_shown(people):
    reply = await people.owner.says("/mode")

    found = {proof.kind: (proof.found, proof.met) for proof in reply.data["proofs"]}
    assert reply.title == "main is in the mode paper."
    assert found[Shown.DAYS] == (0.0, False)  # the days it looked back on at its start are none
    assert found[Shown.TRADES] == (0.0, False)
    assert found[Shown.OPEN] == (1.0, True)
    assert [button.command for row in reply.buttons for button in row] == ["/mode check"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("paper", "main is in the mode paper already."),
        ("live", "An account goes live from a canary only: first /mode canary."),
        (
            "shadow",
            'The account main stands in settings.toml: write mode = "shadow" under [accounts.main] there',
        ),
        ("canary", "main has not shown enough yet: days of trading, closed trades, "),
        ("canary --anyway", "main trades the simulated market; say at which exchange: --exchange binance"),
        (f"canary {BINANCE} --name main", "The name main is taken, maybe by an account that was closed;"),
        (f"canary {BINANCE} --name Coin", "An account has a name of 1 to 24 characters"),
        ("canary --exchange binanc --anyway", "'binanc' is no exchange that ccxt"),
        ("backtest", "'backtest' does not fit; choose one of"),
    ],
)
async def test_what_is_no_step_is_refused_and_changes_nothing(people, words, sentence):
    await vouch(people.house.trading, "main")

    reply = await people.owner.says(f"/mode {words} !")

    assert reply.failed
    assert reply.title.startswith(sentence)
    assert people.house.trading.accounts == ("main",)
    assert people.house.trading.settings.accounts["main"].trading_mode is Mode.PAPER


async def test_a_halted_account_does_not_go_up_whatever_is_said(people):
    await vouch(people.house.trading, "main")
    await people.owner.says("/pause")

    reply = await people.owner.says(f"/mode canary {BINANCE} !")

    assert reply.title.startswith("main cannot go up now: ")
    assert "nothing halts it" in reply.title


# --- honest strategies --------------------------------------------------------------------------------------


async def test_before_real_money_its_strategies_are_checked_and_what_was_found_is_remembered(people):
    unchecked = await people.owner.says(f"/mode canary {BINANCE} !")
    standing = await people.owner.says("/mode")
    checked = await people.owner.presses(standing)
    below = people.owner.heard[:-1]
    again = await people.owner.says("/mode")
    asked = await people.owner.says(f"/mode canary {BINANCE}")

    assert unchecked.failed
    assert unchecked.title.endswith("are checked for knowing the future: /mode check.")
    assert (checked.title, checked.tone) == ("No strategy of main knows the future.", Tone.GOOD)
    assert all(reply.title == "Checking the strategies of main …" for reply in below)
    assert {proof.kind: proof.found for proof in again.data["proofs"]}[Shown.HONEST] == 1.0
    assert asked.data["confirm"]


async def test_a_strategy_that_cheats_gets_no_real_money_whatever_is_said(people, cheater):
    name = cheats(people, cheater)

    checked = await people.owner.says("/mode check")
    up = await people.owner.says(f"/mode canary {BINANCE} !")

    assert checked.title == f"No real money for main: {name} would not trade live as on past candles."
    assert checked.tone is Tone.DANGER
    assert f"✗ {name}: It looks into the future: its exposure at " in checked.text
    assert up.title.startswith("main cannot go up now: ")
    assert "no strategy knows the future" in up.title
    assert people.house.trading.accounts == ("main",)


async def test_a_strategy_that_was_changed_is_checked_anew(people):
    await vouch(people.house.trading, "main")
    (name,) = people.house.trading.room("main").desk.sleeves

    before = await people.owner.says(f"/mode canary {BINANCE}")
    await people.owner.says(f"/set {name} fast=7")
    after = await people.owner.says(f"/mode canary {BINANCE}")

    assert before.data["confirm"]
    assert after.failed
    assert "/mode check" in after.title


async def test_whoever_says_yes_has_read_what_luck_would_have_done_as_well(people):
    told = "Not distinguishable from luck: 41% of random entries with the same holding times did as well or better."
    await vouch(people.house.trading, "main", luck=told)
    (name,) = people.house.trading.room("main").desk.sleeves

    asked = await people.owner.says(f"/mode canary {BINANCE}")

    assert f"{name}: {told}" in asked.text.split("\n")


async def test_only_an_owner_goes_up_and_somebody_who_looks_on_knows_no_such_command(people):
    await vouch(people.house.trading, "main")
    trader, viewer = await people.invited("trader", 5), await people.invited("viewer", 6)

    up, unknown = await trader.says(f"/mode canary {BINANCE}"), await viewer.says("/mode")

    assert up.title == "Only an owner of main takes it up to real money."
    assert unknown.title.startswith("There is no command /mode for you.")


async def test_up_takes_a_second_factor_and_between_paper_and_shadow_nothing_is_asked(people):
    phone = await people.owner_on(7)
    await people.authenticator(phone)
    await phone.says("/account new swing --cash 1 !")
    await vouch(people.house.trading, "swing")

    aside = await phone.says("/mode shadow")
    up = await phone.says(f"/mode canary {BINANCE} !")

    assert aside.title == "swing is in the mode shadow now."
    assert people.house.trading.status("swing").mode is Mode.SHADOW
    assert up.data == {"needs": "code"}
    assert people.house.trading.accounts == ("main", "swing")


@pytest.mark.parametrize(
    ("kind", "found", "met"),
    [
        (Shown.DAYS, 14.0, True),
        (Shown.DAYS, 13.9, False),
        (Shown.SHARPE, 0.0, False),
        (Shown.SHARPE, 0.1, True),
        (Shown.SHARPE, None, False),
        (Shown.DRAWDOWN, 0.0999, True),
        (Shown.DRAWDOWN, 0.10, False),
    ],
)
def test_what_is_asked_is_met_or_not(kind, found, met):
    wanted = {Shown.DAYS: 14.0, Shown.SHARPE: 0.0, Shown.DRAWDOWN: 0.10}[kind]
    proof = Proof(kind=kind, found=found, wanted=wanted)

    assert proof.met is met
    assert not replace(proof, found=None).met
