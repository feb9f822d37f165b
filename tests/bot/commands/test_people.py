"""People share a desk: what they may, what they may not, and what takes one step more."""

from datetime import timedelta

import pytest

from tests.bot.commands.houses import Authenticator, Somebody, a_house_of_people, a_phone


def halts(people, account="main"):
    return [halt.kind for halt in people.house.trading.status(account).halts]


# --- the second person --------------------------------------------------------------------------------------


async def test_an_invited_viewer_looks_and_stops_nothing(people):
    vera = await people.invited("viewer", 5, "Vera")

    status, kill, button = [await vera.says(text) for text in ("/status", "/kill", "/kill !zzzzzz")]

    assert vera.place.user_id == "5"
    assert not status.failed
    assert status.header == "🧪 PAPER · main"
    assert (kill.failed, button.failed) == (True, True)
    assert halts(people) == []
    assert "/kill" not in [b.command for row in status.buttons for b in row]


async def test_where_the_owner_wants_it_a_viewer_may_kill(tmp_path, clock):
    async with a_house_of_people(tmp_path, clock, TRADEWIND__PEOPLE__VIEWERS_MAY_KILL="true") as people:
        vera = await people.invited("viewer", 5)

        asked = await vera.says("/kill")
        await vera.presses(asked)

        assert "kill" in halts(people)
        assert (await vera.says("/unkill !")).failed


async def test_a_traders_kill_of_what_cannot_be_reached_is_kept_and_says_so(people):
    tom = await people.invited("trader", 5, "Tom")
    desk = people.house.trading
    desk.trouble["main"] = "binance is not available just now."
    desk.rooms.pop("main")

    reply = await tom.says("/kill !")

    assert reply.title == "KILLED."
    assert reply.text.startswith("main cannot be reached now: killed the moment they can be.")
    assert await desk.store.meta("kill asked main") == '["asked by hand", "Tom"]'


async def test_an_invitation_is_good_once_and_for_its_time(people, clock):
    made = await people.owner.says("/invite trader main --for 12h !")
    clock.advance(timedelta(hours=12))
    late = Somebody(people.house, a_phone(5))

    reply = await late.says(f"/start {made.data['code']}")

    assert reply.failed
    assert await late.person() is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("viewer nope", "You cannot give the role viewer on 'nope'."),
        ("viewer main --for 1y", "A length is written 12h or 7d, at most 30d; found '1y'."),
        ("viewer main --for 31d", "A length is written 12h or 7d, at most 30d; found '31d'."),
        ("boss", "'boss' does not fit; choose one of owner, admin, trader, approver, viewer, auditor."),
    ],
)
async def test_a_wrong_invitation_gets_one_sentence(people, words, sentence):
    assert (await people.owner.says(f"/invite {words} !")).title == sentence


async def test_an_admin_cannot_make_anybody_who_moves_money(people):
    admin = await people.invited("admin all", 5)
    await people.authenticator(admin)

    for words in ("trader main", "approver main", "owner all", "admin all", "owner own"):
        assert (await admin.says(f"/invite {words}")).failed
    asked = await admin.says("/invite viewer main")

    assert asked.buttons[0][0].label == "Make the code"


async def test_a_role_that_changes_counts_from_the_next_message(people):
    tom = await people.invited("trader", 5, "Tom")
    asked = await tom.says("/disable ema_cross")

    await people.owner.says("/people role Tom viewer !")
    refused = await tom.presses(asked)
    seen = await tom.says("/status")

    assert (refused.failed, seen.failed) == (True, False)
    assert people.house.trading.status("main").sleeves[0].enabled


async def test_a_disabled_person_is_a_stranger_at_once(people):
    tom = await people.invited("trader", 5, "Tom")

    await people.owner.says("/people disable Tom !")
    reply = await tom.says("/status")
    listed = await people.owner.says("/people")

    assert reply.title.startswith("This desk is private.")
    assert [row.value for row in listed.rows if "Tom" in row.label] == ["disabled"]


async def test_whoami_says_what_one_may(people):
    vera = await people.invited("viewer", 5, "Vera")

    reply = await vera.says("/whoami")

    assert reply.data["roles"] == {"main": ["viewer"]}
    assert {"status", "balance", "backtest"} <= set(reply.data["may"])
    assert not {"kill", "pause", "people", "invite", "logs", "audit", "set"} & set(reply.data["may"])


# --- what raises risk ---------------------------------------------------------------------------------------


async def test_from_a_phone_without_a_second_factor_no_kill_is_lifted(people):
    phone = await people.owner_on(1)
    await phone.says("/kill !")

    refused = await phone.presses(await phone.says("/unkill"))
    lifted = await people.owner.says("/unkill !")

    assert "a yes from this chat alone is not enough" in refused.title
    assert lifted.title == "The kill is lifted. Strategies act on their next candle."


async def test_with_a_second_factor_it_takes_its_six_digits(people):
    phone = await people.owner_on(1)
    shown = await people.authenticator(people.owner)
    await phone.says("/kill !")

    asked = await phone.presses(await phone.says("/unkill"))
    wrong = await phone.says("/code 000000")
    still = halts(people)
    lifted = await phone.says(shown.code())

    assert asked.data == {"needs": "code"}
    assert wrong.failed
    assert "kill" in still
    assert lifted.title.startswith("The kill is lifted.")
    assert halts(people) == []


async def test_digits_are_good_in_the_chat_that_asked_and_for_a_while(people, clock):
    phone, other = await people.owner_on(1), await people.owner_on(2)
    shown = await people.authenticator(people.owner)
    await phone.says("/kill !")
    await phone.says("/unkill !")

    elsewhere = await other.says(f"/code {shown.code()}")
    clock.advance(timedelta(seconds=121))
    late = await phone.says(f"/code {shown.code()}")

    assert elsewhere.title == late.title == "Nothing waits for a code here. Send the command first."
    assert "kill" in halts(people)


async def test_digits_say_yes_to_one_line_and_which_is_shown(people):
    phone = await people.owner_on(1)
    shown = await people.authenticator(people.owner)
    await phone.says("/kill !")

    mine = await phone.says("/unkill !")
    again = await phone.says("/unkill !")
    slipped_in = await phone.says("/invite owner all !")
    digits = await phone.says(shown.code())

    assert mine.text == again.text
    assert mine.text.startswith("For /unkill: send the six digits")
    assert slipped_in.failed
    assert "neither is done: /unkill and /invite owner all" in slipped_in.title
    assert digits.failed
    assert "kill" in halts(people)


async def test_a_browser_that_a_chat_let_in_is_no_second_step(people):
    phone = await people.owner_on(1)
    code = (await phone.says("/link")).data["code"]
    printed = (await people.owner.says("/link")).data["code"]

    origins = [
        (await people.house.people.enter(a_phone(number), "x", one)).origin
        for number, one in ((90, code), (91, printed))
    ]

    assert origins == ["telegram", "terminal"]


async def test_an_invitation_from_the_terminal_lets_no_browser_in_as_this_machine(people):
    made = await people.owner.says("/invite trader !")

    entered = await people.house.people.enter(a_phone(90), "Tom", made.data["code"])

    assert entered.person.name == "Tom"
    assert entered.origin == "invitation"


async def test_a_secret_is_shown_at_this_machine_only(people):
    phone = await people.owner_on(1)

    refused, shown = await phone.says("/totp"), await people.owner.says("/totp")

    assert "on the desk's own machine only" in refused.title
    assert shown.once
    assert shown.data["secret"] in shown.title


async def test_somebody_far_away_gets_a_second_factor_through_an_owner_at_this_machine(people):
    phone, far = await people.owner_on(1), await people.invited("trader", 5, "Tom")

    told = await far.says("/totp")
    from_a_chat = await phone.says("/totp for Tom")
    shown = await people.owner.says("/totp for Tom")
    code = Authenticator(shown.data["secret"], people.clock).code()
    nobody_elses = await phone.says(f"/totp {code}")
    counts_before = await people.house.people.has_factor((await far.person()).id)
    done = await far.says(f"/totp {code}")

    assert "python main.py totp for Tom" in told.title
    assert "on the desk's own machine only" in from_a_chat.title
    assert shown.once
    assert (nobody_elses.failed, counts_before, done.failed) == (True, False, False)
    assert await people.house.people.has_factor((await far.person()).id)


async def test_a_lost_authenticator_is_ended_by_an_owner_at_this_machine(people):
    far = await people.invited("trader", 5, "Tom")
    await people.authenticator(far)

    refused = await far.says("/totp off owner !")
    asked = await people.owner.says("/totp off Tom")
    ended = await people.owner.presses(asked)

    assert "at the desk's own machine" in refused.title
    assert asked.title == "End Tom's second factor?"
    assert ended.title == "Tom has no second factor any more."
    assert not await people.house.people.has_factor((await far.person()).id)


async def test_no_code_and_no_secret_is_written_down(people):
    shown = await people.authenticator(people.owner)
    phone = await people.owner_on(1)
    await phone.says("/kill !")
    await phone.says("/unkill !")
    code = shown.code()
    await phone.says(code)

    lines = [row.line for row in await people.house.store.audits(limit=50)]

    assert "…" in lines
    assert [line for line in lines if code in line or shown.secret in line] == []


async def test_what_lowers_risk_takes_no_step(people):
    phone = await people.owner_on(1)
    tom = await people.invited("trader", 5, "Tom")

    replies = [await phone.says(text) for text in ("/pause", "/people drop Tom !", "/kill !")]

    assert [reply.failed for reply in replies] == [False, False, False]
    assert (await tom.says("/status")).failed


# --- two owners ---------------------------------------------------------------------------------------------


async def test_where_two_own_the_desk_one_alone_lifts_no_kill(people):
    second = await people.invited("owner all", 5, "Second")
    await people.authenticator(second)
    asked_of = []

    async def tell(person, reply):
        asked_of.append((person.name, reply))

    people.house.dispatcher.steps.tell = tell
    await people.owner.says("/kill !")

    waiting = await people.owner.says("/unkill !")
    own = await people.owner.says(f"{waiting.data['agree']} !")
    still = halts(people)

    assert waiting.data["needs"] == "second person"
    assert [name for name, _ in asked_of] == ["Second"]
    assert asked_of[0][1].buttons[0][0].command == waiting.data["agree"]
    assert own.title == "It takes two: somebody else must agree to what you asked for."
    assert "kill" in still


async def test_the_second_owner_agrees_with_a_step_of_their_own_and_once(people):
    second = await people.invited("owner all", 5, "Second")
    shown = await people.authenticator(second)
    await people.owner.says("/kill !")
    agree = (await people.owner.says("/unkill !")).data["agree"]

    asked = await second.says(agree)
    needs = await second.presses(asked)
    done = await second.says(shown.code())
    again = await second.says(agree)

    assert asked.title == "Agree to this? /unkill"
    assert needs.data == {"needs": "code"}
    assert done.title.startswith("The kill is lifted.")
    assert halts(people) == []
    assert again.failed
    outcomes = [row.outcome for row in await people.house.store.audits(limit=5)]
    assert "done (agreed to by Second)" in outcomes


async def test_rights_are_asked_again_when_the_second_one_agrees(people):
    second = await people.invited("owner all", 5, "Second")
    shown = await people.authenticator(second)
    await people.owner.says("/kill !")
    await second.says("/unkill !")
    waiting = await second.says(shown.code())

    demoted = await people.owner.says("/people role Second viewer all !")
    refused = await people.owner.says(f"{waiting.data['agree']} !")

    assert not demoted.failed
    assert refused.title.startswith("There is no command /unkill for you.")
    assert "kill" in halts(people)


async def test_what_was_agreed_to_is_done_where_it_was_asked_for(people):
    second = await people.invited("owner all", 5, "Second")
    shown = await people.authenticator(second)
    await people.owner.says("/account new swing --symbols BTC/USDT !")
    await people.owner.says("/use main")
    agree = (await people.owner.says("/invite owner !")).data["agree"]

    await people.owner.says("/use swing")
    asked = await second.says(agree)
    await second.presses(asked)
    done = await second.says(shown.code())

    assert asked.text.startswith("owner asked for it while their commands meant the account main.")
    assert done.data["accounts"] == ["main"]


async def test_digits_do_what_was_asked_for_where_it_was_asked_for(people):
    phone = await people.owner_on(1)
    shown = await people.authenticator(phone)
    await people.owner.says("/account new swing --symbols BTC/USDT !")
    await people.owner.says("/use main")

    await phone.says("/invite trader !")
    await people.owner.says("/use swing")
    done = await phone.says(shown.code())

    assert done.data["accounts"] == ["main"]


async def test_where_two_own_the_desk_one_alone_tightens_limits_and_loosens_none(people):
    await people.invited("owner all", 5, "Second")

    tightened = await people.owner.says("/limits set positions 3 !")
    loosened = await people.owner.says("/limits set positions 5 !")
    shown = await people.owner.says("/limits")

    assert not tightened.failed
    assert loosened.data["needs"] == "second person"
    assert [limit.value for limit in shown.data if limit.name == "positions"] == [3]


async def test_an_agreement_lapses(people, clock):
    second = await people.invited("owner all", 5, "Second")
    await people.authenticator(second)
    await people.owner.says("/kill !")
    agree = (await people.owner.says("/unkill !")).data["agree"]
    clock.advance(timedelta(minutes=16))

    assert (await second.says(agree)).title.endswith("it was done, or has lapsed.")


# --- approving for somebody else ----------------------------------------------------------------------------


async def test_a_delegation_in_words(people, clock):
    await people.invited("viewer", 5, "Vera")

    done = await people.owner.says(
        "/delegate Vera up to 200 USDT until 2026-02-03 !".replace(
            "2026-02-03", f"{clock() + timedelta(days=3):%Y-%m-%d}"
        )
    )
    listed = await people.owner.says("/delegate")
    ended = await people.owner.says("/delegate off Vera")

    assert done.title.startswith("Vera may approve orders up to 200.00 USDT each, until")
    assert [(row.label, row.value) for row in listed.rows] == [("Vera", "200.00 USDT")]
    assert not ended.failed
    assert (await people.owner.says("/delegate")).rows == ()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("Vera up to 200 KRW until Sunday", "The account main counts in USDT; found KRW."),
        ("Vera up to lots until Sunday", "Write it so: /delegate PERSON up to 200 USDT until Sunday"),
        ("Vera up to 1e9 until Sunday", "Write it so: /delegate PERSON up to 200 USDT until Sunday"),
        ("Nobody up to 200 until Sunday", "'Nobody' is nobody else with a role on main."),
        ("owner up to 200 until Sunday", "'owner' is nobody else with a role on main."),
        ("Vera up to 200 until whenever", "Until when? Write Sunday or 2026-12-01; found 'whenever'."),
        (
            "Vera up to 200 until 2001-01-01",
            "A delegation lasts at most 30 days and ends in the future; found '2001-01-01'.",
        ),
    ],
)
async def test_a_wrong_delegation_gets_one_sentence(people, words, sentence):
    await people.invited("viewer", 5, "Vera")

    assert (await people.owner.says(f"/delegate {words}")).title == sentence


async def test_the_hurry_of_one_person_is_slowed_and_a_kill_of_theirs_is_not(people):
    tom = await people.invited("trader", 5)

    replies = [await tom.says("/version") for _ in range(60)]
    kill = await tom.says("/kill !")

    assert [reply.failed for reply in replies[:30]] == [False] * 30
    assert replies[-1].title.startswith("Too many lines at once")
    assert not kill.failed
    assert "kill" in halts(people)
