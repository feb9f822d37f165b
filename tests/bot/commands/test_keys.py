"""Exchange keys as people meet them: put in at the machine, shown masked, pasted ones caught; and the audit."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.app import House
from bot.dispatcher import Line
from bot.leaks import KEPT_INSTEAD
from bot.reply import Reply, Tone
from bot.reports import daily_report
from bot.words import Words
from tests.bot.desks import a_desk, leave
from trading.domain.errors import Refused
from trading.domain.keys import Purpose
from trading.domain.people import Place, Role
from trading.realmoney import RealMoney

TERMINAL = Place(platform="terminal", user_id="local", chat_id="local", private=True, local=True)
CHAT = Place(platform="telegram", user_id="7", chat_id="7", private=True)
GROUP = Place(platform="telegram", user_id="7", chat_id="-9", private=False)
STRANGER = Place(platform="telegram", user_id="8", chat_id="8", private=True)
KEY, SECRET = "Kp4vNq8LrT2xWz6YbC1dEf3GhJ5mQs7U", "Zx9yXw8vUt7sRq6pOn5mLk4jIh3gFe2dCb1aAz0Y"
GIVEN = {"key": KEY, "secret": SECRET, "passphrase": ""}
ACCOUNTS = '{"real": {"exchange": "binance", "symbols": ["BTC/USDT"], "sleeves": {}}}'


@pytest.fixture
async def house(tmp_path, clock):
    """A desk with a simulated account and one at an exchange; its owner is at the terminal and on Telegram."""
    built = await a_desk(tmp_path, clock, TRADEWIND__ACCOUNTS=ACCOUNTS)
    await built.people.link(CHAT.platform, CHAT.user_id, built.owner.id)
    yield built
    await leave(built)


async def answered(house: House, text: str, place: Place = TERMINAL, **secrets: str) -> Reply | None:
    line = Line(text=text, place=place, name="Mina", update_id=None, sent_at=None, secrets=secrets)
    replies = [reply async for reply in house.dispatcher.handle(line)]
    return replies[-1] if replies else None


async def rows_of_the_audit(house: House) -> list[tuple[str, str]]:
    return [(row.line, row.outcome) for row in await house.store.audits(limit=50)]


async def test_a_key_is_put_in_at_the_machine_and_shown_by_its_end(house):
    stored = await answered(house, "/keys add real !", **GIVEN)
    listed = await answered(house, "/keys", CHAT)

    assert stored.title == f"Stored: trade key at binance …{KEY[-4:]}"
    assert (listed.rows[0].label, listed.rows[0].value) == ("real", f"trade key at binance …{KEY[-4:]}")
    assert (await house.trading.safe.credentials("real", Purpose.TRADE)).secret == SECRET
    assert SECRET not in str((stored, listed, await rows_of_the_audit(house)))


async def test_a_key_for_looking_is_kept_beside_the_one_for_trading(house):
    await answered(house, "/keys add real !", **GIVEN)
    await answered(house, "/keys add real --read-only !", **GIVEN | {"secret": "another" * 3})

    listed = await answered(house, "/keys")

    assert [row.value.split()[0] for row in listed.rows] == ["read", "trade"]


async def test_no_chat_takes_a_key_even_when_it_comes_beside_the_line(house):
    asked = await answered(house, "/keys add real", CHAT, **GIVEN)
    said_yes = await answered(house, "/keys add real !", CHAT, **GIVEN)

    assert (asked.failed, said_yes.failed) == (True, True)
    assert "never typed in a chat" in asked.title
    assert (await answered(house, "/keys")).data == []


@pytest.mark.parametrize(
    ("line", "secrets", "said"),
    [
        ("/keys add real !", {}, "No key was given"),
        (
            "/keys add real !",
            {"key": KEY, "secret": "short"},
            "The secret should have 8 to 4096 characters; found 5",
        ),
        ("/keys add real !", {"key": "two words here", "secret": SECRET}, "A key is one word"),
        ("/keys add nobody !", GIVEN, "There is no account nobody whose keys are yours"),
    ],
)
async def test_what_cannot_be_a_key_is_refused_in_one_sentence(house, line, secrets, said):
    reply = await answered(house, line, **secrets)

    assert reply.failed
    assert said in reply.title


async def test_the_simulated_market_needs_no_key(house):
    house.trading.settings.accounts["real"] = house.trading.settings.accounts["real"].model_copy(
        update={"exchange": "simulated"}
    )

    reply = await answered(house, "/keys add real !", **GIVEN)

    assert "needs no key" in reply.title


async def test_a_key_of_another_exchange_opens_nothing(house):
    await answered(house, "/keys add real !", **GIVEN)
    house.trading.settings.accounts["real"] = house.trading.settings.accounts["real"].model_copy(
        update={"exchange": "kraken"}
    )

    with pytest.raises(Refused, match="is for binance, and the account trades at kraken now"):
        await house.trading.safe.credentials("real", Purpose.TRADE)


@pytest.mark.parametrize(
    "squeezed", ["{begin}{body}{end}", "{begin}\\n{body}\\n{end}\\n", "{begin} {body} {end}"]
)
async def test_a_private_key_in_pem_gets_its_line_ends_back(house, squeezed):
    body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg" * 2
    pem = squeezed.format(begin="-----BEGIN PRIVATE KEY-----", body=body, end="-----END PRIVATE KEY-----")

    await answered(house, "/keys add real !", key=KEY, secret=pem)

    kept = (await house.trading.safe.credentials("real", Purpose.TRADE)).secret
    assert kept.splitlines() == [
        "-----BEGIN PRIVATE KEY-----",
        body[:64],
        body[64:],
        "-----END PRIVATE KEY-----",
    ]


async def test_removing_asks_first_and_works_from_a_chat(house):
    await answered(house, "/keys add real !", **GIVEN)

    asked = await answered(house, "/keys remove real", CHAT)
    before = (await answered(house, "/keys")).data
    done = await answered(house, asked.buttons[0][0].command, CHAT)

    assert asked.title == f"Forget the trade key …{KEY[-4:]} of real?"
    assert len(before) == 1
    assert done.title == "The key is forgotten."
    assert (await answered(house, "/keys")).data == []


async def test_somebody_who_only_looks_sees_no_keys_and_changes_none(house):
    await answered(house, "/keys add real !", **GIVEN)
    viewer = await house.people.new_code(None, {Role.VIEWER}, timedelta(hours=1))
    await answered(house, f"/start {viewer}", STRANGER)

    told = [await answered(house, text, STRANGER) for text in ("/keys", "/keys remove real !", "/audit")]

    assert all(reply.failed and "There is no command" in reply.title for reply in told)


async def test_the_master_key_is_rotated_at_the_machine_only(house):
    await answered(house, "/keys add real !", **GIVEN)
    before = house.trading.safe.vault.ring.current.id

    from_chat = await answered(house, "/keys rotate", CHAT)
    after = await answered(house, "/keys rotate")

    assert from_chat.failed
    assert after.data["master_key"] != before
    assert (await house.trading.safe.credentials("real", Purpose.TRADE)).secret == SECRET


# --- pasted keys --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [f"{KEY} {SECRET}", f"/keys add real {KEY} {SECRET}", f"/kyes add {SECRET}"])
async def test_a_pasted_key_is_not_kept_and_its_message_is_to_go(house, text):
    for place in (CHAT, GROUP, TERMINAL, STRANGER):
        reply = await answered(house, text, place)

        written = await rows_of_the_audit(house)
        assert (reply.unsay, reply.failed, reply.tone) == (True, True, Tone.DANGER)
        assert "Make it worthless now" in reply.text
        assert ("Others read along here." in reply.text) == (place is GROUP)
        assert written[0] == (KEPT_INSTEAD, "refused: a key was pasted")
        assert KEY not in str((reply, written))
        assert SECRET not in str((reply, written))


async def test_where_no_bot_may_delete_it_the_sender_is_told_to_do_it_first_of_all(house):
    on_discord = Place(platform="discord", user_id="5", chat_id="55", private=True)

    there, elsewhere = [await answered(house, SECRET, place) for place in (on_discord, CHAT)]

    assert there.text.startswith("No bot can delete your message here. Delete it yourself now")
    assert "No bot can" not in elsewhere.text


async def test_a_kill_is_obeyed_even_with_a_key_in_its_reason(house):
    await house.trading.start()

    asked = await answered(house, f"/kill they have my key {SECRET}", CHAT)

    assert not asked.unsay
    assert "/kill" in asked.buttons[0][0].command
    assert SECRET not in str(asked) + str(await rows_of_the_audit(house))


# --- the audit ----------------------------------------------------------------------------------------------


async def test_the_audit_tells_who_asked_for_what(house):
    await answered(house, "/whoami", CHAT)

    reply = await answered(house, "/audit 1")

    assert reply.rows[0].value == "/whoami"
    assert reply.rows[0].detail == "owner · telegram:7 · done"


async def test_a_wrong_number_of_rows_is_refused(house):
    replies = [await answered(house, f"/audit {what}") for what in ("0", "51", "-1", "²", "lots")]

    assert all(reply.failed and "between 1 and 50" in reply.title for reply in replies)


async def test_a_head_from_a_report_proves_later_that_nothing_was_changed(house):
    await answered(house, "/whoami")
    published = house.trading.safe.head.short

    good = await answered(house, f"/audit verify {published}")
    forged = await answered(house, f"/audit verify {published[:-3]}fff")
    wrong = await answered(house, "/audit verify nonsense")

    assert (
        good.text == "Every row is as it was written, and none is missing. The published head is among them."
    )
    assert forged.failed
    assert forged.text == "row 1 is not the one that was published"
    assert "A published head looks like" in wrong.title


async def test_tampering_by_hand_is_told_in_both_languages(house, tmp_path):
    for _ in range(3):
        await answered(house, "/whoami")
    with closing(sqlite3.connect(tmp_path / "tradewind.db")) as hands:
        hands.execute("UPDATE audit SET line = '/status' WHERE seq = 2")
        hands.commit()

    english = await answered(house, "/audit verify")
    await house.people.set_language(house.owner.id, "ko")
    korean = await answered(house, "/audit verify")

    assert (english.title, english.text) == (
        "The audit was tampered with.",
        "row 2 was changed, put in or moved",
    )
    assert korean.title == Words("ko")("The audit was tampered with.") != english.title
    assert korean.text == "2행이 바뀌었거나 끼워졌거나 옮겨졌습니다"


async def test_the_daily_report_publishes_the_head(house):
    await house.trading.start()
    await answered(house, "/whoami")

    report = await daily_report(house.trading, house.studio, "main", replace(house.owner, account="main"))

    assert [row.value for row in report.rows if row.label == "Audit"] == [house.trading.safe.head.short]


async def test_a_key_that_is_forgotten_while_its_account_trades_is_said_to_be_used_on(house, monkeypatch):
    await answered(house, "/keys add real !", **GIVEN)
    monkeypatch.setattr(RealMoney, "accounts", ("real",))

    gone = await answered(house, "/keys remove real !")

    assert "real trades on with the key it connected with until the desk starts again;" in gone.text
