"""Looking after people: roles by account, disabled persons, second factors, delegations, accounts of their own."""

import asyncio
import random
import string
from datetime import timedelta
from decimal import Decimal

import pyotp
import pytest

from tests.trading.store.test_people import HOUR, a_guest, a_place, an_owner, rows
from trading.domain.errors import Broken, Refused
from trading.domain.people import OWN_ACCOUNT, Quiet, Role
from trading.store import keyring
from trading.store.accounts import AccountStore
from trading.store.people import PeopleStore
from trading.store.store import Store

WEEK = timedelta(days=7)


@pytest.fixture
def ring(tmp_path):
    return keyring.make(tmp_path / "keys" / "master.key")


@pytest.fixture
def people(store, ring):
    return PeopleStore(
        store, ring=lambda: ring, opens=lambda: {"mode": "paper"}, taken=lambda: ("main", "taken")
    )


def codes(secret, clock, steps=0):
    return pyotp.TOTP(secret).at(int(clock().timestamp()) + 30 * steps)


# --- roles --------------------------------------------------------------------------------------------------


async def test_a_role_belongs_to_its_account(people):
    await an_owner(people)
    guest = await a_guest(people, Role.TRADER, accounts=["alpha"])
    await people.give(guest.id, "beta", Role.VIEWER)

    found = await people.find(a_place("8"))

    assert found.roles_on("alpha") == {Role.TRADER}
    assert found.roles_on("beta") == {Role.VIEWER}
    assert (found.roles_on("gamma"), found.house_roles) == (frozenset(), frozenset())


async def test_a_new_role_takes_the_place_of_the_old_one_at_the_next_question(people):
    await an_owner(people)
    guest = await a_guest(people, Role.TRADER, accounts=["alpha"])
    await people.find(a_place("8"))

    await people.give(guest.id, "alpha", Role.VIEWER)

    assert (await people.find(a_place("8"))).roles == {Role.VIEWER}


async def test_whoever_loses_their_account_means_another_of_theirs(people):
    await an_owner(people)
    guest = await a_guest(people, Role.TRADER, accounts=["alpha", "beta"])
    assert guest.account == "alpha"

    await people.take_away(guest.id, "alpha")

    found = await people.find(a_place("8"))
    assert (found.account, found.roles) == ("beta", {Role.TRADER})
    with pytest.raises(Refused, match="has no role there"):
        await people.take_away(guest.id, "alpha")


async def test_a_disabled_person_is_nobody_in_every_way(people, store):
    await an_owner(people)
    guest = await a_guest(people, Role.VIEWER)
    token = await people.new_session(guest.id, HOUR)
    another_chat = await people.new_code(guest.id, [], HOUR)
    invitation = await people.new_code(None, [Role.VIEWER], HOUR)
    await people.find(a_place("8"))

    await people.disable(guest.id)

    assert await people.find(a_place("8")) is None
    assert await people.session(token) is None
    assert await people.pair(a_place("9"), "Eve", another_chat) is None
    assert await people.pair(a_place("9"), "Eve", invitation) is None
    assert await people.chats("alerts", "main") == ["telegram:7"]
    assert [m.disabled for m in await people.everybody()] == [False, True]


async def test_an_enabled_person_is_who_they_were(people):
    await an_owner(people)
    guest = await a_guest(people, Role.VIEWER)
    await people.disable(guest.id)

    await people.enable(guest.id)

    assert await people.find(a_place("8")) == guest


@pytest.mark.parametrize("act", ["disable", "demote", "drop"])
async def test_the_last_owner_stays(people, act):
    owner = await an_owner(people)
    await a_guest(people, Role.OWNER, accounts=["alpha"])

    with pytest.raises(Refused, match="Somebody must own the desk"):
        match act:
            case "disable":
                await people.disable(owner.id)
            case "demote":
                await people.give(owner.id, "*", Role.VIEWER)
            case _:
                await people.take_away(owner.id, "*")

    assert (await people.find(a_place())).house_roles == {Role.OWNER}


@pytest.mark.parametrize("left", [Role.ADMIN, Role.TRADER, None])
async def test_whoever_ceases_to_rule_has_no_invitation_in_hand(people, left):
    await an_owner(people)
    second = await a_guest(people, Role.OWNER)
    in_hand = await people.new_code(None, [Role.OWNER], WEEK)
    way_back = await people.new_code(second.id, [], WEEK)

    await (people.give(second.id, "*", left) if left else people.take_away(second.id, "*"))

    assert await people.pair(a_place("66"), "Mallory", in_hand) is None
    assert (await people.pair(a_place("67"), "guest 8", way_back)).id == second.id


async def test_who_never_ruled_takes_nobodys_invitation_along(people):
    await an_owner(people)
    guest = await a_guest(people, Role.TRADER)
    code = await people.new_code(None, [Role.VIEWER], WEEK)

    await people.take_away(guest.id, "*")

    assert await people.pair(a_place("66"), "Bob", code) is not None


@pytest.mark.parametrize("name", ["Mina", "MINA", "Ｍｉｎａ", " mina ", "Mi\u200bna"])
async def test_nobody_comes_in_under_the_name_of_another(people, name):
    await an_owner(people)

    late = await people.pair(a_place("9"), name, await people.new_code(None, [Role.VIEWER], WEEK))
    later = await people.pair(a_place("10"), name, await people.new_code(None, [Role.VIEWER], WEEK))

    assert [late.name[-2:], later.name[-2:]] == [" 2", " 3"]


@pytest.mark.postgres
async def test_desks_that_share_a_database_know_at_once_what_another_has_changed(postgres_url, clock):
    store = await Store.open(postgres_url, clock)
    here, elsewhere = PeopleStore(store), PeopleStore(store)
    await an_owner(here)
    guest = await a_guest(here, Role.TRADER)
    known = await elsewhere.find(a_place("8"))

    await here.give(guest.id, "*", Role.VIEWER)
    lowered = await elsewhere.find(a_place("8"))
    await here.disable(guest.id)
    gone = await elsewhere.find(a_place("8"))
    await store.close()

    assert (known.roles, lowered.roles, gone) == ({Role.TRADER}, {Role.VIEWER}, None)


async def test_owners_are_those_of_the_account_and_of_all(people):
    owner = await an_owner(people)
    guest = await a_guest(people, Role.OWNER, accounts=["alpha"])

    assert await people.owners("alpha") == [owner, guest]
    assert await people.owners("*") == [owner]


async def test_quiet_hours_go_over_midnight_by_the_persons_own_clock(people, clock):
    owner = await an_owner(people)
    await people.set_zone(owner.id, "Asia/Seoul")
    quiet = Quiet(*(clock().replace(hour=h, minute=0).time() for h in (22, 7)))

    found = await people.set_quiet(owner.id, quiet)
    gone = await people.set_quiet(owner.id, None)

    noon_in_london = clock().replace(hour=12)  # 21:00 in Seoul
    assert (str(found.quiet), gone.quiet) == ("22:00-07:00", None)
    assert [quiet.holds(noon_in_london + timedelta(hours=h), "Asia/Seoul") for h in (0, 1, 9, 10)] == [
        False,
        True,
        True,
        False,
    ]


# --- sessions -----------------------------------------------------------------------------------------------


async def test_a_browser_that_a_chat_let_in_ends_when_it_is_not_used(people, clock):
    owner = await an_owner(people)
    visit = await people.new_session(owner.id, WEEK, "telegram")
    at_home, invited = [await people.new_session(owner.id, WEEK, to) for to in ("terminal", "invitation")]

    for _ in range(3):
        clock.advance(timedelta(minutes=29))
        assert (await people.session(visit)).origin == "telegram"
    clock.advance(timedelta(minutes=31))

    assert await people.session(visit) is None
    assert [(await people.session(token)).origin for token in (at_home, invited)] == [
        "terminal",
        "invitation",
    ]
    assert {one.origin for one in await people.open_sessions(owner.id)} == {"terminal", "invitation"}


async def test_whoever_was_invited_stays_signed_in_by_coming_back(people, clock):
    await an_owner(people)
    code = await people.new_code(None, [Role.VIEWER], WEEK, origin="telegram")
    invited = await people.enter(a_place("9"), "browser", code)
    token = await people.new_session(invited.person.id, timedelta(days=30), invited.origin)

    for _ in range(4):
        clock.advance(timedelta(days=29))
        assert await people.session(token) is not None
    clock.advance(timedelta(days=31))

    assert await people.session(token) is None


async def test_the_machines_own_browser_is_not_renewed(people, clock):
    owner = await an_owner(people)
    token = await people.new_session(owner.id, timedelta(days=30))
    clock.advance(timedelta(days=29))
    await people.session(token)

    clock.advance(timedelta(days=2))

    assert await people.session(token) is None


async def test_a_page_that_only_listens_does_not_use_its_session(people, clock):
    owner = await an_owner(people)
    visit = await people.new_session(owner.id, WEEK, "telegram")

    for _ in range(3):
        clock.advance(timedelta(minutes=9))
        assert await people.session(visit, used=False) is not None
    clock.advance(timedelta(minutes=4))

    assert await people.session(visit, used=False) is None


async def test_all_browsers_can_be_signed_out_at_once(people):
    owner, guest = await an_owner(people), await a_guest(people, Role.VIEWER)
    mine = [await people.new_session(owner.id, WEEK) for _ in range(3)]
    theirs = await people.new_session(guest.id, WEEK)

    assert await people.end_sessions(owner.id) == 3

    assert [await people.session(token) for token in mine] == [None] * 3
    assert (await people.session(theirs)).person == guest


async def test_a_code_that_a_chat_asked_for_lets_no_browser_in_as_the_machines_own(people):
    owner = await an_owner(people)
    printed = await people.new_code(owner.id, [], HOUR)
    asked_for = await people.new_code(owner.id, [], HOUR, origin="telegram")

    origins = [(await people.enter(a_place("w", "web"), "x", code)).origin for code in (printed, asked_for)]

    assert origins == ["terminal", "telegram"]


# --- second factors -----------------------------------------------------------------------------------------


async def test_a_second_factor_counts_from_its_first_good_code_on(people, clock):
    owner = await an_owner(people)

    secret = await people.begin_factor(owner.id)
    before = await people.has_factor(owner.id)
    used = await people.use_factor(owner.id, codes(secret, clock))

    assert (before, used, await people.has_factor(owner.id)) == (False, True, True)
    with pytest.raises(Refused, match="There is a second factor already"):
        await people.begin_factor(owner.id)


async def test_a_code_is_good_once_and_one_before_it_never_again(people, clock):
    owner = await an_owner(people)
    secret = await people.begin_factor(owner.id)
    now, before = codes(secret, clock), codes(secret, clock, -1)

    answers = [await people.use_factor(owner.id, code) for code in (now, now, before)]

    assert answers == [True, False, False]


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_a_clock_may_be_half_a_minute_off(people, clock, steps, good):
    owner = await an_owner(people)
    secret = await people.begin_factor(owner.id)

    assert await people.use_factor(owner.id, codes(secret, clock, steps)) is good


async def test_five_wrong_codes_make_deaf_for_ten_minutes(people, clock):
    owner = await an_owner(people)
    secret = await people.begin_factor(owner.id)
    wrong = "000000" if codes(secret, clock) != "000000" else "111111"
    for code in (wrong, "12345", "１２３４５６", "abcdef", wrong):
        assert not await people.use_factor(owner.id, code)

    at_once = await people.use_factor(owner.id, codes(secret, clock))
    clock.advance(timedelta(minutes=10))
    later = await people.use_factor(owner.id, codes(secret, clock))

    assert (at_once, later) == (False, True)


async def test_many_guesses_at_the_same_moment_are_no_more_than_five(people, clock):
    owner = await an_owner(people)
    secret = await people.begin_factor(owner.id)
    wrong = "000000" if codes(secret, clock) != "000000" else "111111"

    guessed = await asyncio.gather(
        *(people.use_factor(owner.id, code) for code in [wrong] * 20 + [codes(secret, clock)])
    )

    assert not any(guessed)


async def test_the_secret_lies_sealed_to_its_person(people, store, clock):
    owner, guest = await an_owner(people), await a_guest(people, Role.VIEWER)
    secret = await people.begin_factor(owner.id)

    kept = await rows(store, "second_factor")
    await store.database.write(
        lambda c: c.exec_driver_sql(f"UPDATE second_factor SET person_id = {guest.id}")
    )

    assert secret not in str(kept)
    with pytest.raises(Broken, match="another master key"):
        await people.use_factor(guest.id, codes(secret, clock))


async def test_a_factor_survives_a_renewed_master_key(people, clock, ring, store, tmp_path):
    owner = await an_owner(people)
    secret = await people.begin_factor(owner.id)
    both = keyring.Keyring(ring.path, (keyring.new(), ring.current))

    renewed = PeopleStore(store, ring=lambda: both)
    count = await renewed.rewrap_factors()
    alone = PeopleStore(store, ring=lambda: keyring.Keyring(ring.path, both.keys[:1]))

    assert count == 1
    assert await alone.use_factor(owner.id, codes(secret, clock))


# --- delegations --------------------------------------------------------------------------------------------


async def test_a_delegation_is_good_up_to_its_sum_and_its_day(people, clock):
    owner = await an_owner(people)
    guest = await a_guest(people, Role.VIEWER, accounts=["alpha"])
    await people.delegate(owner, guest.id, "alpha", Decimal(200), clock() + WEEK)

    async def may(amount, account="alpha", later=timedelta()):
        return await people.may_approve(guest, account, Decimal(amount), clock() + later)

    assert (await may(200), await may("200.01"), await may(-300)) == (True, False, False)
    assert (await may(1, "beta"), await may(1, later=WEEK)) == (False, False)


async def test_owners_and_approvers_need_no_delegation(people, clock):
    owner = await an_owner(people)
    approver = await a_guest(people, Role.APPROVER, accounts=["alpha"])

    assert await people.may_approve(owner, "alpha", Decimal(10**9), clock())
    assert await people.may_approve(approver, "alpha", Decimal(10**9), clock())
    assert not await people.may_approve(approver, "beta", Decimal(1), clock())


@pytest.mark.parametrize("end", ["taken back", "giver demoted", "person disabled", "no role any more"])
async def test_a_delegation_ends_with_what_it_stands_on(people, clock, end):
    await an_owner(people)
    giver = await a_guest(people, Role.OWNER, accounts=["alpha"], user="8")
    guest = await a_guest(people, Role.VIEWER, accounts=["alpha"], user="9")
    await people.delegate(giver, guest.id, "alpha", Decimal(200), clock() + WEEK)
    assert await people.may_approve(guest, "alpha", Decimal(1), clock())

    match end:
        case "taken back":
            assert await people.end_delegation(guest.id, "alpha")
        case "giver demoted":
            await people.give(giver.id, "alpha", Role.VIEWER)
        case "person disabled":
            await people.disable(guest.id)
        case _:
            await people.take_away(guest.id, "alpha")

    assert not await people.may_approve(guest, "alpha", Decimal(1), clock())


async def test_somebody_without_a_role_there_is_handed_nothing(people, clock):
    owner = await an_owner(people)
    guest = await a_guest(people, Role.VIEWER, accounts=["alpha"])

    with pytest.raises(Refused, match="has no role on beta; invite them"):
        await people.delegate(owner, guest.id, "beta", Decimal(1), clock() + WEEK)


# --- accounts of their own ----------------------------------------------------------------------------------


async def test_an_invitation_to_an_own_account_opens_it_under_a_free_name(people, store):
    await an_owner(people)
    guests = [
        await people.pair(
            a_place(str(n)), name, await people.new_code(None, [Role.OWNER], HOUR, accounts=[OWN_ACCOUNT])
        )
        for n, name in enumerate(("Min Kim", "min kim", "Taken", "김민수", "x" * 60), start=20)
    ]

    opened = await AccountStore(store).all()

    names = [guest.account for guest in guests]
    assert names == ["min-kim", "min-kim-2", "taken-2", f"person-{guests[3].id}", "x" * 20]
    assert [one.name for one in opened] == names
    assert [guest.roles for guest in guests] == [{Role.OWNER}] * 5
    assert all(guest.house_roles == frozenset() for guest in guests)


async def test_ten_thousand_made_up_codes_open_nothing_and_write_nothing(store, people):
    await people.new_code(None, [Role.OWNER], HOUR)
    before = await rows(store, "pairing")

    answers = [await people.pair(a_place(str(n)), "Eve", f"AAAAA-BBBBB-{n:05}") for n in range(10_000)]

    assert set(answers) == {None}
    assert await rows(store, "pairing") == before
    assert await people.everybody() == []


async def test_of_ten_thousand_forged_session_tokens_none_is_anybody(people):
    owner = await an_owner(people)
    good, dice = await people.new_session(owner.id, WEEK), random.Random(7)
    letters = string.ascii_letters + string.digits + "-_"

    def forged() -> str:
        place = dice.randrange(len(good))
        near = good[:place] + dice.choice(letters) + good[place + 1 :]
        return dice.choice(
            (near, good[:place], good + "A", good.swapcase(), "".join(dice.choices(letters, k=43)))
        )

    found = [await people.session(token) for _ in range(10_000) if (token := forged()) != good]

    assert len(found) > 9_000
    assert set(found) == {None}
    assert (await people.session(good)).person == owner
