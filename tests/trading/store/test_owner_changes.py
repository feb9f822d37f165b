"""Changes of who rules, a day after they were asked for: each holds and waits no more, or neither."""

from datetime import timedelta

import pytest

from tests.trading.store.test_people import a_guest, an_owner
from trading.domain.errors import Broken
from trading.domain.people import EVERY_ACCOUNT, Role
from trading.store.audit import Chain

DAY = timedelta(hours=24)


async def an_announced_trader(people):
    """Somebody who becomes an owner a day from now."""
    owner = await an_owner(people)
    guest = await a_guest(people, Role.TRADER)
    return guest, await people.announce(owner, "role", guest.id, EVERY_ACCOUNT, Role.OWNER)


async def test_what_is_due_holds_once_and_waits_no_more(people, clock):
    guest, change = await an_announced_trader(people)
    clock.advance(DAY)

    held, again = await people.ripen(), await people.ripen()

    assert [(one.id, reason) for one, reason in held] == [(change.id, "")]
    assert again == []
    assert (await people.person(guest.id)).house_roles == {Role.OWNER}


async def test_what_is_called_off_in_the_very_moment_does_not_hold(people, clock):
    guest, change = await an_announced_trader(people)
    clock.advance(DAY)
    seen = await people.changes()
    await people.call_off(change.id)

    async def a_moment_ago():
        return seen

    people.changes = a_moment_ago
    held = await people.ripen()

    assert held == []
    assert (await people.person(guest.id)).house_roles == {Role.TRADER}


async def test_a_change_that_cannot_be_written_down_still_waits(people, clock, monkeypatch):
    guest, change = await an_announced_trader(people)
    clock.advance(DAY)

    def full(*_):
        raise Broken("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(Chain, "append", full)
        with pytest.raises(Broken):
            await people.ripen()
    before, waits = (await people.person(guest.id)).house_roles, await people.changes()
    await people.ripen()

    assert (before, [one.id for one in waits]) == ({Role.TRADER}, [change.id])
    assert (await people.person(guest.id)).house_roles == {Role.OWNER}
    assert await people.changes() == []


async def test_what_nobody_may_do_any_more_is_told_and_gone(people, clock):
    owner, second = await an_owner(people), await a_guest(people, Role.OWNER, user="9")
    guest = await a_guest(people, Role.TRADER)
    await people.announce(second, "role", guest.id, EVERY_ACCOUNT, Role.ADMIN)
    await people.announce(owner, "disable", owner.id, EVERY_ACCOUNT)
    await people.give(second.id, EVERY_ACCOUNT, Role.VIEWER)
    clock.advance(DAY)

    told = [reason for _, reason in await people.ripen()]

    assert told == [
        "guest 9, who asked for it, is no owner any more.",
        "Somebody must own the desk; make another person its owner first.",
    ]
    assert await people.changes() == []
    assert (await people.person(guest.id)).house_roles == {Role.TRADER}
