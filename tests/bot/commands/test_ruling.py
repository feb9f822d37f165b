"""Who rules the desk changes a day after it was asked for, and every owner may call it off until then."""

from datetime import timedelta

import pytest

from bot.ruling import tend
from trading.domain.people import Role

DAY = timedelta(hours=24)


@pytest.fixture
def told(people):
    """Who is told what, and what the desk tells while it looks after its owners."""
    heard = []

    async def tell(person, reply):
        heard.append((person.name, reply.title, [b.command for row in reply.buttons for b in row]))

    people.house.dispatcher.steps.tell = tell
    return heard


async def look(people):
    await tend(people.house.people, people.house.dispatcher.steps.tell)


async def two_owners(people):
    """The desk's first owner on a phone, and a second one, both with an authenticator."""
    second = await people.invited("owner all", 5, "Second")
    phone = await people.owner_on(1)
    return phone, second, await people.authenticator(people.owner), await people.authenticator(second)


async def agreed(somebody, text, code):
    """What comes of a line that takes the second factor."""
    await somebody.says(f"{text} !")
    return await somebody.says(code)


async def test_an_owner_made_in_a_chat_is_one_a_day_later(people, clock, told):
    phone, shown = await people.owner_on(1), await people.authenticator(people.owner)
    tom = await people.invited("trader", 5, "Tom")

    asked = await agreed(phone, "/people role Tom owner all", shown.code())
    await look(people)
    before = (await tom.person()).house_roles
    clock.advance(DAY)
    await look(people)
    after = (await tom.person()).house_roles

    assert asked.title.startswith("Tom becomes owner of every account on ")
    assert [(name, title.split(" of ")[0], buttons) for name, title, buttons in told[:1]] == [
        ("owner", "Tom becomes owner", ["/people cancel 1"])
    ]
    assert (before, after) == (frozenset(), {Role.OWNER})
    assert {name for name, title, _ in told[1:]} == {"owner", "Tom"}
    assert all(title.startswith("It holds now: ") for _, title, _ in told[1:])


async def test_it_says_so_once_whatever_happens(people, told):
    phone, shown = await people.owner_on(1), await people.authenticator(people.owner)
    await people.invited("trader", 5, "Tom")
    await agreed(phone, "/people role Tom admin all", shown.code())

    await look(people)
    await look(people)

    assert len(told) == 1


async def test_one_stolen_chat_takes_nobodys_desk_away(people, clock, told):
    phone, second, _, thief = await two_owners(people)

    await agreed(second, "/people disable owner", thief.code())
    await look(people)
    still = await phone.says("/status")
    off = await phone.says("/people cancel 1")
    clock.advance(DAY)
    await look(people)
    after = await phone.says("/status")

    assert {name for name, *_ in told[:2]} == {"owner", "Second"}
    assert (still.failed, off.failed, after.failed) == (False, False, False)
    assert [title.split(":")[0] for _, title, _ in told[2:]] == ["Called off by owner"] * 2


async def test_an_owner_is_not_taken_out_of_a_chat_without_the_second_step(people):
    await people.invited("owner all", 5, "Second")
    phone = await people.owner_on(1)

    refused = [
        await phone.says(f"/people {words} !")
        for words in ("drop Second account=all", "disable Second", "role Second viewer all")
    ]

    assert [("a yes from this chat alone is not enough" in reply.title) for reply in refused] == [True] * 3


async def test_at_the_desks_own_machine_it_holds_at_once(people, clock):
    second = await people.invited("owner all", 5, "Second")

    done = await people.owner.says("/people disable Second !")

    assert not done.failed
    assert await second.person() is None


async def test_an_owner_who_ceases_to_be_one_has_no_way_back_in_hand(people):
    second = await people.invited("owner all", 5, "Second")
    in_hand = await second.house.people.new_code(None, [Role.OWNER], DAY)

    done = await people.owner.says("/people role Second viewer all !")

    assert done.text == "Unused invitations are void now, too."
    assert await people.house.people.pair(people.owner.place, "Mallory", in_hand) is None


async def test_whoever_is_invited_to_rule_looks_on_for_a_day(people, clock, told):
    phone, shown = await people.owner_on(1), await people.authenticator(people.owner)
    made = await agreed(phone, "/invite owner all", shown.code())
    tom = await people.owner_on(5)
    tom.place = tom.place.__class__(platform="telegram", user_id="77", chat_id="77", private=True)

    await tom.says(f"/start {made.data['code']}")
    before = (await tom.person()).house_roles
    await look(people)
    clock.advance(DAY)
    await look(people)
    after = (await tom.person()).house_roles

    assert "they only look on" in made.text
    assert (before, after) == ({Role.VIEWER}, {Role.OWNER})
    assert told[0][0] == "owner"


async def test_whoever_was_taken_out_meanwhile_does_not_come_back_as_an_owner(people, clock, told):
    phone, shown = await people.owner_on(1), await people.authenticator(people.owner)
    tom = await people.invited("trader", 5, "Tom")
    await agreed(phone, "/people role Tom owner all", shown.code())

    await people.owner.says("/people disable Tom !")
    clock.advance(DAY)
    await look(people)
    await people.owner.says("/people enable Tom !")

    assert (await tom.person()).any_roles == {Role.TRADER}


async def test_whoever_owns_nothing_any_more_has_asked_in_vain(people, clock, told):
    _, second, _, theirs = await two_owners(people)
    tom = await people.invited("trader", 9, "Tom")
    asked = await agreed(second, "/people role Tom admin main", theirs.code())
    shown = asked.data.get("agree")
    await people.owner.says(f"{shown} !")
    await look(people)

    await people.owner.says("/people disable Second !")
    clock.advance(DAY)
    await look(people)

    assert (await tom.person()).roles == {Role.TRADER}
    assert told[-1][1].startswith("It did not happen: Tom becomes admin")


async def test_only_owners_call_it_off(people, told):
    phone, shown = await people.owner_on(1), await people.authenticator(people.owner)
    admin = await people.invited("admin all", 6, "Ada")
    await people.invited("trader", 5, "Tom")
    await agreed(phone, "/people role Tom owner all", shown.code())

    refused = await admin.says("/people cancel 1")
    listed = await admin.says("/people")
    unknown = await phone.says("/people cancel 2")

    assert refused.title == "No change of yours to call off has the number '1'; /people lists them."
    assert "Waits: Tom becomes owner of every account" in listed.text
    assert unknown.failed
