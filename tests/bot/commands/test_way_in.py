"""Whose browser was their only chat gets a new way in from those who look after people; nobody becomes another."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.entrance import enter
from tests.bot.commands.houses import Somebody, a_phone
from trading.domain.people import Place


@pytest.fixture
def told(people):
    """Who hears what beside the answers."""
    heard = []

    async def tell(person, reply):
        heard.append((person.name, reply.title))

    people.house.dispatcher.steps.tell = tell
    return heard


async def a_browser(people, code):
    return await enter(people.house.people, code, "browser")


async def test_whoever_has_only_a_browser_comes_in_again_as_the_same_person(people, clock, told):
    invitation = await people.owner.says("/invite viewer !")
    first = await a_browser(people, invitation.data["code"])
    clock.advance(timedelta(days=60))

    asked = await people.owner.says("/people link browser")
    made = await people.owner.presses(asked)
    again = await a_browser(people, made.data["code"])
    once_more = await a_browser(people, made.data["code"])

    assert asked.title == "Make a new way in for browser?"
    assert (again.person.id, again.origin) == (first.person.id, "invitation")
    assert once_more is None
    assert made.once
    assert told == [("browser", "owner made a new way in for you; its code works once.")]


async def test_it_lapses_after_a_day(people, clock):
    await people.invited("viewer", 5, "Vera")
    made = await people.owner.says("/people link Vera !")

    clock.advance(timedelta(days=1))

    assert await a_browser(people, made.data["code"]) is None


async def test_out_of_a_chat_it_takes_the_second_step_and_is_for_nobody_who_rules(people, told):
    vera = await people.invited("viewer", 5, "Vera")
    await people.invited("admin all", 6, "Ada")
    phone = await people.owner_on(1)

    without = await phone.says("/people link Vera !")
    shown = await people.authenticator(people.owner)
    ruler = await phone.says("/people link Ada")
    await phone.says("/people link Vera !")
    made = await phone.says(shown.code())

    assert "a yes from this chat alone is not enough" in without.title
    assert "python main.py people link Ada" in ruler.title
    assert (await a_browser(people, made.data["code"])).person == await vera.person()


async def test_nobody_who_may_not_look_after_people_gets_one(people):
    await people.invited("viewer", 5, "Vera")
    tom, ada = await people.invited("trader all", 6, "Tom"), await people.invited("admin all", 7, "Ada")
    at_home = Somebody(
        people.house, Place(platform="web", user_id="7", chat_id="7", private=True, local=True)
    )
    await people.house.people.link("web", "7", (await ada.person()).id)

    by_trader = await tom.says("/people link Vera !")
    by_admin = await at_home.says("/people link Tom !")

    assert by_trader.failed
    assert by_admin.title == "That is for those who may give Tom these roles."


async def test_it_is_not_shown_where_others_read(people):
    await people.invited("viewer", 5, "Vera")
    phone = await people.owner_on(1)
    group = Somebody(people.house, replace(a_phone(1), chat_id="-100", private=False))

    refused = await group.says("/people link Vera")

    assert not (await phone.says("/people link Vera")).failed
    assert refused.title == "A way in is a key to the desk; ask for it in a private chat."
