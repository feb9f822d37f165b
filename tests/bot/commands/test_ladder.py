"""Who may take an account up, what it takes, and what is refused in one sentence."""

from dataclasses import replace

import pytest

from tests.bot.commands.houses import a_house_of_people
from trading.domain.account import Mode
from trading.domain.ladder import Proof, Shown

BINANCE = "--exchange binance --anyway"


@pytest.fixture
async def people(tmp_path, clock):
    async with a_house_of_people(tmp_path, clock) as people:
        yield people


async def test_it_says_what_is_asked_for_and_what_was_shown(people):
    reply = await people.owner.says("/mode")

    found = {proof.kind: (proof.found, proof.met) for proof in reply.data["proofs"]}
    assert reply.title == "main is in the mode paper."
    assert found[Shown.DAYS] == (0.0, False)  # the days it looked back on at its start are none
    assert found[Shown.TRADES] == (0.0, False)
    assert found[Shown.OPEN] == (1.0, True)
    assert reply.buttons == ()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("paper", "main is in the mode paper already."),
        ("live", "An account goes live from a canary only: first /mode canary."),
        ("shadow", "The account main stands in settings.toml; set its mode there."),
        ("canary", "main has not shown enough yet: days of trading, closed trades, "),
        ("canary --anyway", "main trades the simulated market; say at which exchange: --exchange binance"),
        (f"canary {BINANCE} --name main", "The name main is taken, maybe by an account that was closed;"),
        (f"canary {BINANCE} --name Coin", "An account has a name of 1 to 24 characters"),
        ("canary --exchange binanc --anyway", "'binanc' is no exchange that ccxt"),
        ("backtest", "'backtest' is not a to; choose one of"),
    ],
)
async def test_what_is_no_step_is_refused_and_changes_nothing(people, words, sentence):
    reply = await people.owner.says(f"/mode {words} !")

    assert reply.failed
    assert reply.title.startswith(sentence)
    assert people.house.trading.accounts == ("main",)
    assert people.house.trading.settings.accounts["main"].trading_mode is Mode.PAPER


async def test_a_halted_account_does_not_go_up_whatever_is_said(people):
    await people.owner.says("/pause")

    reply = await people.owner.says(f"/mode canary {BINANCE} !")

    assert reply.title.startswith("main cannot go up now: ")
    assert "nothing halts it" in reply.title


async def test_only_an_owner_goes_up_and_somebody_who_looks_on_knows_no_such_command(people):
    trader, viewer = await people.invited("trader", 5), await people.invited("viewer", 6)

    up, unknown = await trader.says(f"/mode canary {BINANCE}"), await viewer.says("/mode")

    assert up.title == "Only an owner of main takes it up to real money."
    assert unknown.title.startswith("There is no command /mode for you.")


async def test_up_takes_a_second_factor_and_between_paper_and_shadow_nothing_is_asked(people):
    phone = await people.owner_on(7)
    await people.authenticator(phone)
    await phone.says("/account new swing --cash 1 !")

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
