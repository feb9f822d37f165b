"""Strategies of an account that trades real money: nothing is switched on or tuned there before it was checked."""

from dataclasses import replace

import pytest

from bot.reply import Tone
from tests.fakes.vouched import vouch
from trading.domain.errors import Refused
from trading.domain.honesty import Honesty
from trading.laboratory import Laboratory
from trading.seating import Seats


@pytest.fixture
async def people(people, monkeypatch):
    """Their account is taken for one with real money."""
    monkeypatch.setattr(Seats, "real", lambda self, room: True)
    return people


@pytest.fixture
def examined(monkeypatch):
    """The parameters of every strategy that was examined."""
    seen, examine = [], Laboratory.examine

    async def remembered(self, trial, account, asker=None):
        seen.append(trial.params)
        async for told in examine(self, trial, account, asker):
            yield told

    monkeypatch.setattr(Laboratory, "examine", remembered)
    return seen


def sleeves(people):
    return people.house.trading.room("main").desk.sleeves


def the_one(people):
    ((_, sleeve),) = sleeves(people).items()
    return sleeve


async def test_what_is_set_is_checked_before_real_money_follows_it(people, examined):
    name = the_one(people).name

    set_ = await people.owner.says(f"/set {name} fast=7")
    below = people.owner.heard[:-1]

    assert set_.title == f"{name} is set."
    assert the_one(people).params.fast == 7
    assert [params["fast"] for params in examined] == [7]
    assert below and all(reply.title == f"Checking {name} …" for reply in below)


async def test_what_was_checked_once_is_not_checked_again(people, examined):
    name = the_one(people).name
    await people.owner.says(f"/set {name} fast=7")

    off = await people.owner.says(f"/disable {name} !")
    on = await people.owner.says(f"/enable {name}")

    assert (off.title, on.title) == (f"{name} is off.", f"{name} is on.")
    assert the_one(people).enabled
    assert len(examined) == 1


async def test_while_it_is_off_it_is_tuned_freely_and_checked_when_it_is_switched_on(people, examined):
    name = the_one(people).name
    await people.owner.says(f"/disable {name} !")

    await people.owner.says(f"/set {name} fast=7")
    before = list(examined)
    on = await people.owner.says(f"/enable {name}")

    assert before == []
    assert [params["fast"] for params in examined] == [7]
    assert on.title == f"{name} is on."


async def test_a_strategy_that_cheats_is_not_switched_on_and_nothing_is_changed(people, cheater):
    sleeve = the_one(people)
    sleeves(people)[sleeve.name] = replace(sleeve, strategy=cheater, params=cheater.params({}), enabled=False)

    reply = await people.owner.says(f"/enable {sleeve.name}")

    assert reply.failed
    assert reply.title.startswith(
        f"No real money for {sleeve.name}: it would not trade live as on past candles. It looks into the future:"
    )
    assert not the_one(people).enabled


async def test_what_luck_would_have_done_as_well_is_told(people):
    told = "Not distinguishable from luck: 41% of random entries with the same holding times did as well or better."
    sleeve = the_one(people)
    await people.owner.says(f"/disable {sleeve.name} !")
    await vouch(people.house.trading, "main", luck=told)

    on = await people.owner.says(f"/enable {sleeve.name}")

    assert on.tone is Tone.WARNING
    assert told in on.text.split("\n")


async def test_a_check_that_is_ended_changes_nothing(people, monkeypatch):
    async def ended(self, trial, account, asker=None):
        raise Refused("It was stopped.")
        yield Honesty

    monkeypatch.setattr(Laboratory, "examine", ended)
    before = the_one(people)

    reply = await people.owner.says(f"/set {before.name} fast=7")

    assert (reply.failed, reply.title) == (True, "It was stopped.")
    assert the_one(people) == before


async def test_whoever_asks_past_the_check_is_refused(people):
    trading, name = people.house.trading, the_one(people).name

    with pytest.raises(Refused, match=f"{name} was not checked like this; ask for it once more"):
        await trading.set_params("main", name, {"fast": "7"}, by="a program")
    await trading.switch("main", name, False, by="a program")  # out is never refused
    with pytest.raises(Refused, match="only as it was checked"):
        await trading.switch("main", name, True, by="a program")

    assert not the_one(people).enabled


async def test_on_paper_nothing_is_checked(people, examined, monkeypatch):
    monkeypatch.setattr(Seats, "real", lambda self, room: False)
    name = the_one(people).name

    reply = await people.owner.says(f"/set {name} fast=7")

    assert reply.title == f"{name} is set."
    assert examined == []
