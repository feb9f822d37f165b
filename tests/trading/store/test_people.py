"""Who is who: codes make persons, roles belong to accounts, and a change holds from the next question on."""

import asyncio
from datetime import timedelta

import pytest

from trading.domain.errors import Refused
from trading.domain.people import Place, Role
from trading.store.people import TOPICS, PeopleStore

HOUR = timedelta(hours=1)
EVERYWHERE = frozenset({"reports", "alerts", "trades"})


def a_place(user="7", platform="telegram", chat=None):
    return Place(platform=platform, user_id=user, chat_id=chat or user, private=True)


async def an_owner(people, place=None, name="Mina"):
    return await people.pair(place or a_place(), name, await people.new_code(None, [Role.OWNER], HOUR))


async def a_guest(people, *roles, accounts=("*",), user="8"):
    code = await people.new_code(None, roles, HOUR, accounts=accounts)
    return await people.pair(a_place(user), f"guest {user}", code)


async def rows(store, table):
    return await store.database.read(lambda c: c.exec_driver_sql(f"SELECT * FROM {table}").all())


# --- pairing ------------------------------------------------------------------------------------------------


async def test_a_desk_begins_without_an_owner(people):
    assert await people.owner() is None
    assert await people.find(a_place()) is None


async def test_the_first_code_makes_its_sender_the_owner(store):
    people = PeopleStore(store, account="paper", language="ko", zone="Asia/Seoul")

    person = await an_owner(people)

    assert (person.name, person.roles) == ("Mina", frozenset({Role.OWNER}))
    assert (person.account, person.language, person.zone) == ("paper", "ko", "Asia/Seoul")
    assert await people.owner() == person
    assert await people.find(a_place()) == person


async def test_a_code_works_once(people):
    code = await people.new_code(None, [Role.OWNER], HOUR)
    await people.pair(a_place("7"), "Mina", code)

    assert await people.pair(a_place("8"), "Eve", code) is None
    assert await people.find(a_place("8")) is None


async def test_of_many_who_send_a_code_at_the_same_moment_one_gets_in(people):
    code = await people.new_code(None, [Role.OWNER], HOUR)

    answers = await asyncio.gather(*(people.pair(a_place(str(n)), f"p{n}", code) for n in range(10)))

    assert len([person for person in answers if person is not None]) == 1


async def test_a_code_expires(people, clock):
    code = await people.new_code(None, [Role.OWNER], HOUR)
    clock.advance(HOUR)

    assert await people.pair(a_place(), "Mina", code) is None


async def test_a_code_may_be_typed_carelessly(people):
    code = await people.new_code(None, [Role.OWNER], HOUR)

    person = await people.pair(
        a_place(), "Mina", code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    )

    assert person is not None


async def test_once_there_is_an_owner_the_codes_of_earlier_starts_are_void(people):
    printed_before, printed_now = [await people.new_code(None, [Role.OWNER], HOUR) for _ in range(2)]
    await people.pair(a_place("7"), "Mina", printed_now)

    assert await people.pair(a_place("8"), "Eve", printed_before) is None


async def test_an_owner_may_invite_a_second_owner(people):
    await an_owner(people)

    second = await a_guest(people, Role.OWNER)

    assert second.roles == {Role.OWNER}
    assert (await people.owner()).name == "Mina"


async def test_a_code_for_somebody_known_adds_another_platform(people):
    mina = await an_owner(people)
    code = await people.new_code(mina.id, [], HOUR)
    discord = a_place("99", "discord")

    person = await people.pair(discord, "mina#1", code)

    assert person == mina
    assert await people.find(discord) == mina
    assert await people.find(a_place()) == mina


async def test_a_platform_id_belongs_to_whoever_paired_it_last(people):
    await an_owner(people)
    guest = await a_guest(people, Role.VIEWER, user="8")
    code = await people.new_code(guest.id, [], HOUR)

    await people.pair(a_place("7"), "Mina", code)

    assert await people.find(a_place("7")) == guest
    assert await people.chats("alerts", "main") == ["telegram:7", "telegram:8"]


async def test_a_code_for_nobody_or_without_a_role_is_not_made(people):
    with pytest.raises(Refused, match="There is no person 5"):
        await people.new_code(5, [], HOUR)
    with pytest.raises(Refused, match="needs a role and an account"):
        await people.new_code(None, [], HOUR)
    with pytest.raises(Refused, match="needs a role and an account"):
        await people.new_code(None, [Role.VIEWER], HOUR, accounts=[])


async def test_ten_wrong_codes_make_deaf_for_ten_minutes(people, clock):
    code = await people.new_code(None, [Role.OWNER], HOUR)
    for _ in range(10):
        assert await people.pair(a_place(), "Eve", "AAAAA-BBBBB-CCCCC") is None

    at_once = await people.pair(a_place(), "Eve", code)
    clock.advance(timedelta(minutes=9, seconds=59))
    soon = await people.pair(a_place(), "Eve", code)
    clock.advance(timedelta(seconds=1))
    later = await people.pair(a_place(), "Eve", code)

    assert (at_once, soon) == (None, None)
    assert later is not None


async def test_one_who_guesses_does_not_lock_out_another(people):
    code = await people.new_code(None, [Role.OWNER], HOUR)
    for _ in range(20):
        await people.pair(a_place("666"), "Eve", "wrong")

    assert await people.pair(a_place("7"), "Mina", code) is not None


async def test_neither_codes_nor_tokens_are_kept_only_their_hashes(store, people):
    code = await people.new_code(None, [Role.OWNER], HOUR)
    owner = await people.pair(a_place(), "Mina", code)
    token = await people.new_session(owner.id, HOUR)

    kept = str(await rows(store, "pairing")) + str(await rows(store, "session"))

    assert code not in kept
    assert code.replace("-", "") not in kept
    assert token not in kept


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("  Mina \n Kim ", "Mina Kim"),
        ("", "telegram"),
        ("x" * 200, "x" * 64),
        ("a\0\ud83d\u202eb", "ab"),
        (" \n", "telegram"),
    ],
)
async def test_a_name_is_kept_short_and_on_one_line(people, name, kept):
    assert (await an_owner(people, name=name)).name == kept


# --- roles --------------------------------------------------------------------------------------------------


async def test_roles_are_those_of_the_current_account_and_of_all_accounts(store, people):
    guest = await a_guest(people, Role.VIEWER, accounts=["alpha", "beta"])
    await store.database.write(
        lambda c: c.exec_driver_sql(
            f"INSERT INTO grants (person_id, account, role) VALUES ({guest.id}, 'beta', 'trader'), "
            f"({guest.id}, '*', 'auditor')"
        )
    )

    on_beta = await people.set_account(guest.id, "beta")
    on_alpha = await people.set_account(guest.id, "alpha")

    assert guest.account == "alpha"
    assert on_beta.roles == {Role.VIEWER, Role.TRADER, Role.AUDITOR}
    assert on_alpha.roles == {Role.VIEWER, Role.AUDITOR}


async def test_an_account_one_has_no_role_on_cannot_be_chosen(people):
    guest = await a_guest(people, Role.VIEWER, accounts=["alpha"])

    with pytest.raises(Refused, match="There is no account 'beta' for you"):
        await people.set_account(guest.id, "beta")

    assert (await people.person(guest.id)).account == "alpha"


async def test_what_a_person_sets_holds_from_the_next_line_on(people):
    owner = await an_owner(people)
    await people.find(a_place())

    await people.set_language(owner.id, "ko")
    await people.set_zone(owner.id, "Asia/Seoul")
    await people.set_theme(owner.id, "light")
    await people.set_account(owner.id, "second")

    found = await people.find(a_place())
    assert (found.language, found.zone, found.account) == ("ko", "Asia/Seoul", "second")
    assert (owner.theme, found.theme) == ("dark", "light")


class LateStore:
    """A store whose next answer is old when it arrives."""

    def __init__(self, store):
        self.clock, self.database, self._database = store.clock, self, store.database
        self.where = store.database.where
        self.read, self.let_go = asyncio.Event(), asyncio.Event()
        self.late = False

    async def rows(self, query):
        late, self.late = self.late, False
        found = await self._database.rows(query)
        if late:
            self.read.set()
            await self.let_go.wait()
        return found

    async def write(self, job):
        return await self._database.write(job)


async def test_an_answer_that_was_old_when_it_arrived_is_not_remembered(store, people):
    owner = await an_owner(people)
    late = LateStore(store)
    people = PeopleStore(late)

    late.late = True
    asked = asyncio.ensure_future(people.person(owner.id))
    await late.read.wait()
    await people.set_language(owner.id, "ko")
    late.let_go.set()
    await asked

    assert (await people.person(owner.id)).language == "ko"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "a\0b", "/etc/localtime", "Asia"])
async def test_a_zone_that_does_not_exist_is_refused(people, zone):
    owner = await an_owner(people)

    with pytest.raises(Refused, match="is not a time zone; write one like Asia/Seoul"):
        await people.set_zone(owner.id, zone)


async def test_nobody_can_be_changed(people):
    with pytest.raises(Refused, match="There is no person 5"):
        await people.set_language(5, "ko")
    with pytest.raises(Refused, match="There is no person 5"):
        await people.link("terminal", "me", 5)
    assert await people.person(5) is None


async def test_a_platform_id_can_be_linked_without_a_code(people):
    owner = await an_owner(people)

    await people.link("terminal", "local", owner.id)

    assert await people.find(a_place("local", "terminal")) == owner


async def test_people_are_known_after_a_restart(store, people):
    owner = await an_owner(people)

    again = PeopleStore(store)

    assert await again.find(a_place()) == owner
    assert await again.owner() == owner


# --- web sessions -------------------------------------------------------------------------------------------


async def test_a_session_is_its_person_until_it_ends(people, clock):
    owner = await an_owner(people)
    token = await people.new_session(owner.id, HOUR)

    during = await people.session(token)
    clock.advance(HOUR)
    after = await people.session(token)

    assert (during.person, during.origin, after) == (owner, "terminal", None)
    assert await people.session("made up") is None


async def test_a_session_can_be_ended_at_once(people):
    owner = await an_owner(people)
    one, other = [await people.new_session(owner.id, HOUR) for _ in range(2)]

    await people.end_session(one)

    assert await people.session(one) is None
    assert (await people.session(other)).person == owner


async def test_a_session_knows_when_it_was_last_used(store, people, clock):
    owner = await an_owner(people)
    token = await people.new_session(owner.id, HOUR)
    started = clock()
    seen_at = "SELECT seen_at FROM session"

    clock.advance(timedelta(minutes=4))
    await people.session(token)
    soon = await store.database.read(lambda c: str(c.exec_driver_sql(seen_at).scalar()))
    clock.advance(timedelta(minutes=1))
    await people.session(token)
    later = await store.database.read(lambda c: str(c.exec_driver_sql(seen_at).scalar()))

    assert soon.startswith(f"{started:%Y-%m-%d %H:%M:%S}")
    assert later.startswith(f"{clock():%Y-%m-%d %H:%M:%S}")


async def test_sessions_that_ended_are_not_kept(store, people, clock):
    owner = await an_owner(people)
    await people.new_session(owner.id, HOUR)
    clock.advance(HOUR)

    await people.new_session(owner.id, HOUR)

    assert len(await rows(store, "session")) == 1


# --- chats --------------------------------------------------------------------------------------------------


async def test_a_paired_chat_hears_of_everything(people):
    await an_owner(people)

    assert TOPICS == EVERYWHERE
    assert await people.chat_topics("telegram:7") == EVERYWHERE
    assert [await people.chats(topic, "main") for topic in sorted(TOPICS)] == [["telegram:7"]] * 3


async def test_a_chat_hears_only_of_what_it_asked_for(people):
    owner = await an_owner(people)

    await people.subscribe("telegram:7", owner.id, "*", {"alerts"})

    assert await people.chats("alerts", "main") == ["telegram:7"]
    assert await people.chats("trades", "main") == []
    assert await people.chat_topics("telegram:7") == {"alerts"}


async def test_the_entry_for_an_account_goes_before_the_one_for_all(people):
    owner = await an_owner(people)

    await people.subscribe("telegram:7", owner.id, "noisy", set())

    assert await people.chats("trades", "noisy") == []
    assert await people.chats("trades", "main") == ["telegram:7"]
    assert await people.chat_topics("telegram:7", "noisy") == set()
    assert await people.chat_topics("telegram:7", "main") == EVERYWHERE


async def test_a_chat_hears_nothing_of_an_account_its_person_may_not_see(people):
    guest = await a_guest(people, Role.VIEWER, accounts=["alpha"])

    await people.subscribe("telegram:8", guest.id, "beta", {"alerts"})

    assert await people.chats("alerts", "alpha") == ["telegram:8"]
    assert await people.chats("alerts", "beta") == []


async def test_chats_can_be_asked_for_by_role(people):
    await an_owner(people)
    await a_guest(people, Role.ADMIN)

    assert await people.chats("alerts", "main") == ["telegram:7", "telegram:8"]
    assert await people.chats("alerts", "main", roles={Role.OWNER, Role.VIEWER}) == ["telegram:7"]


async def test_a_chat_is_told_in_the_language_of_its_person(people):
    mina = await an_owner(people)
    guest = await a_guest(people, Role.VIEWER, accounts=["alpha"])
    await people.set_language(mina.id, "ko")
    await people.subscribe("telegram:8", guest.id, "alpha", {"alerts"})

    alerts = await people.readers("alerts", "alpha")
    reports = await people.readers("reports", "alpha")

    assert [(address, person.language) for address, person in alerts] == [
        ("telegram:7", "ko"),
        ("telegram:8", "en"),
    ]
    assert [address for address, _ in reports] == ["telegram:7"]


async def test_a_topic_that_does_not_exist_is_refused(people):
    owner = await an_owner(people)

    with pytest.raises(Refused, match="'gossip' is not a topic; the topics are alerts, reports, trades"):
        await people.subscribe("telegram:7", owner.id, "*", {"alerts", "gossip"})

    assert await people.chat_topics("telegram:7") == EVERYWHERE
