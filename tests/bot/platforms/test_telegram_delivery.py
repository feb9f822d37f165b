"""What goes out: flood limits are waited for, losses sent again, refusals told apart, big things shown."""

import asyncio

import pytest

from bot.platforms import telegram_delivery
from bot.platforms.telegram_delivery import Blocked, Undelivered
from bot.reply import Button, File, Image, Reply, Row, Tone
from tests.bot.platforms.telegram_desk import HEADER, Desk, Pauses, picture, running
from tests.fakes.telegram import FakeTelegram, Fault

NEWS = Reply(title="The day in numbers", header=HEADER)
NASTY = "<b>&\"'</i> \N{RIGHT-TO-LEFT OVERRIDE}evil"


@pytest.fixture
async def telegram():
    async with FakeTelegram() as server:
        yield server
        assert server.complaints == []


@pytest.fixture
def pauses():
    return Pauses()


@pytest.fixture
async def platform(telegram, pauses):
    async with running(telegram, Desk(), pause=pauses) as running_platform:
        yield running_platform


@pytest.fixture
def ann(telegram):
    return telegram.person("Ann")


# --- limits and losses ------------------------------------------------------------------------------------


async def test_a_flood_limit_is_waited_for_and_the_message_sent_once(telegram, platform, pauses, ann):
    telegram.fail("sendMessage", Fault.flood(7), Fault.flood(3))

    await platform.send(str(ann.id), NEWS)

    assert pauses.seconds == [7.0, 3.0]
    assert len(telegram.shown(ann)) == 1


async def test_a_flood_limit_really_passes_before_the_next_try(telegram, ann):
    telegram.fail("sendMessage", Fault.flood(1))

    async with running(telegram, Desk()) as platform:
        started = telegram.now()
        await platform.send(str(ann.id), NEWS)
        took = telegram.now() - started

    assert took >= 1
    assert len(telegram.shown(ann)) == 1


async def test_a_flood_limit_beyond_two_minutes_is_handed_back(telegram, platform, pauses, ann):
    telegram.fail("sendMessage", Fault.flood(90), Fault.flood(90))

    with pytest.raises(ConnectionError, match="pause of 90 s"):
        await platform.send(str(ann.id), NEWS)

    assert pauses.seconds == [90.0]


async def test_while_a_long_flood_limit_lasts_its_chat_is_asked_nothing_and_others_are(
    telegram, platform, ann, monkeypatch
):
    monkeypatch.setattr(telegram_delivery, "LONGEST_WAIT", 0.5)
    ben = telegram.person("Ben")
    shown = await platform.send(str(ann.id), NEWS)
    telegram.fail("sendMessage", Fault.flood(1))
    with pytest.raises(ConnectionError, match="pause of 1 s"):
        await platform.send(str(ann.id), NEWS)
    asked = sent(telegram)

    with pytest.raises(ConnectionError, match="left alone for 1 s more"):
        await platform.send(str(ann.id), NEWS)
    with pytest.raises(ConnectionError, match="left alone"):
        await platform.edit(str(ann.id), shown.ref, Reply(title="Other news", header=HEADER))
    unasked = sent(telegram)
    await platform.send(str(ben.id), NEWS)
    await asyncio.sleep(1.05)
    await platform.send(str(ann.id), NEWS)

    assert unasked == asked
    assert (len(telegram.shown(ann)), len(telegram.shown(ben))) == (2, 1)


def sent(telegram: FakeTelegram) -> int:
    """How often Telegram was asked to show something."""
    return len(telegram.calls_of("sendMessage", "editMessageText"))


@pytest.mark.parametrize("fault", [Fault.server_error(500), Fault.server_error(502), Fault.dropped()])
async def test_what_the_servers_or_the_network_lost_is_sent_again(telegram, platform, ann, fault):
    telegram.fail("sendMessage", fault, fault, fault)

    await platform.send(str(ann.id), NEWS)

    assert len(telegram.shown(ann)) == 1


async def test_three_more_tries_are_enough(telegram, platform, pauses, ann):
    telegram.fail("sendMessage", *[Fault.server_error()] * 4)

    with pytest.raises(Undelivered, match="Internal Server Error"):
        await platform.send(str(ann.id), NEWS)

    assert len(telegram.calls_of("sendMessage")) == 4
    assert [0.5 <= pauses.seconds[0] <= 1, 1 <= pauses.seconds[1] <= 2, 2 <= pauses.seconds[2] <= 4] == [
        True
    ] * 3


async def test_a_message_whose_answer_got_lost_may_come_twice_but_never_not_at_all(telegram, platform, ann):
    telegram.fail("sendMessage", Fault.answer_lost())

    await platform.send(str(ann.id), NEWS)

    assert len(telegram.shown(ann)) == 2


async def test_somebody_who_blocked_the_bot_is_told_apart(telegram, platform, ann):
    telegram.block(ann)

    with pytest.raises(Blocked, match="blocked by the user"):
        await platform.send(str(ann.id), NEWS)

    assert len(telegram.calls_of("sendMessage")) == 1
    assert issubclass(Blocked, ConnectionError)


async def test_a_token_revoked_in_between_is_an_undelivered_message(telegram, platform, ann):
    telegram.fail("sendMessage", Fault(401, "Unauthorized"))

    with pytest.raises(Undelivered, match="Unauthorized"):
        await platform.send(str(ann.id), NEWS)

    assert len(telegram.calls_of("sendMessage")) == 1


async def test_a_chat_that_does_not_exist_is_an_undelivered_message(telegram, platform):
    with pytest.raises(Undelivered, match="Chat not found"):
        await platform.send("-42", NEWS)


async def test_a_group_that_became_a_supergroup_is_followed(telegram, platform):
    old, new = telegram.group("Desk", type="group"), telegram.group("Desk")
    telegram.moved[old.id] = new.id

    await platform.send(str(old.id), NEWS)

    assert telegram.text(new) == f"{HEADER}\nThe day in numbers"


async def test_an_answer_to_a_topic_that_is_gone_goes_to_the_general_one(telegram, ann):
    group = telegram.group("Desk")

    async with running(telegram, Desk()):
        telegram.say(ann, "/status", chat=group, message_thread_id=7, is_topic_message=True)
        telegram.threads.clear()
        await telegram.wait_for(lambda: telegram.shown(group))

    assert telegram.last(group).thread is None


async def test_markup_that_telegram_cannot_read_is_sent_as_plain_text(telegram, platform, ann, capsys):
    telegram.fail("sendMessage", Fault.bad_markup())

    await platform.send(str(ann.id), Reply(title="1 < 2 & 3", header=HEADER))

    message = telegram.last(ann)
    assert message.text == f"{HEADER}\n1 < 2 & 3"
    assert message.entities == []
    assert "telegram_markup_refused" in capsys.readouterr().out


# --- words ------------------------------------------------------------------------------------------------


async def test_a_reply_shows_header_verdict_text_rows_and_footer_in_this_order(telegram, platform, ann):
    reply = Reply(
        header=HEADER,
        title="2 positions",
        tone=Tone.GOOD,
        text="All inside their limits.",
        rows=(Row("BTC/USDT", "+1.2%", "0.0142 at 61,000"), Row("ETH/USDT", "-0.8%")),
        footer="12:00 UTC",
    )

    await platform.send(str(ann.id), reply)

    message = telegram.last(ann)
    assert message.text == (
        "🧪 PAPER · main\n✅ 2 positions\n\nAll inside their limits.\n\n"
        "• BTC/USDT  +1.2%\n   0.0142 at 61,000\n• ETH/USDT  -0.8%\n\n12:00 UTC"
    )
    assert [(entity.tag, entity.text) for entity in message.entities] == [
        ("b", "2 positions"),
        ("b", "+1.2%"),
        ("i", "0.0142 at 61,000"),
        ("b", "-0.8%"),
        ("i", "12:00 UTC"),
    ]


async def test_hostile_names_are_shown_as_they_are_and_change_nothing(telegram, platform, ann):
    row = Row(NASTY, NASTY, NASTY)
    reply = Reply(
        header=NASTY, title=NASTY, text=NASTY, rows=(row,), footer=NASTY, images=(picture(alt=NASTY * 2),)
    )

    await platform.send(str(ann.id), reply)

    message = telegram.last(ann)
    assert message.text.count("<b>&\"'</i> evil") == 9
    assert {entity.tag for entity in message.entities} == {"b", "i"}
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in message.html


async def test_a_long_text_comes_in_pages_that_all_name_mode_and_account(telegram, platform, ann):
    lines = [f"line {n}: {'word ' * 15}".strip() for n in range(90)]
    keys = ((Button("Refresh", "/status"),),)

    await platform.send(str(ann.id), Reply(title="Log", header=HEADER, text="\n".join(lines), buttons=keys))

    pages = telegram.shown(ann)
    assert [page.text.splitlines()[0] for page in pages] == [f"{HEADER} · 1/2", f"{HEADER} · 2/2"]
    assert [page.labels for page in pages] == [[], ["Refresh"]]
    shown = [line for page in pages for line in page.text.splitlines() if line.startswith("line")]
    assert shown == lines


async def test_more_than_three_pages_come_as_a_file_with_a_summary(telegram, platform, ann):
    lines = [f"line {n}: {'word ' * 15}".strip() for n in range(400)]
    reply = Reply(title="Log", header=HEADER, text="\n".join(lines), buttons=((Button("Refresh", "/logs"),),))

    await platform.send(str(ann.id), reply)

    summary, document = telegram.shown(ann)
    assert summary.text.splitlines() == [HEADER, "Log", "", *lines[:4], "", "📄 log.txt"]
    assert summary.labels == ["Refresh"]
    assert (document.kind, document.filename) == ("document", "log.txt")
    assert document.content.decode() == "\n".join([HEADER, "Log", "", *lines])


# --- pictures and files -----------------------------------------------------------------------------------


async def test_a_picture_carries_the_answer_its_description_and_the_buttons(telegram, platform, ann):
    equity = picture(alt="Equity rose from 10,000 to 10,420.")
    reply = Reply(
        title="+4.2% in 7 days",
        header=HEADER,
        images=(equity,),
        buttons=((Button("30 days", "/equity 30d"),),),
    )

    await platform.send(str(ann.id), reply)

    photo = telegram.last(ann)
    assert (photo.kind, photo.filename, photo.content) == ("photo", "equity.png", equity.png)
    assert photo.text == f"{HEADER}\n+4.2% in 7 days\n\n🖼 Equity rose from 10,000 to 10,420."
    assert photo.labels == ["30 days"]
    assert len(telegram.shown(ann)) == 1


async def test_what_the_answer_says_already_is_not_said_again_under_its_picture(telegram, platform, ann):
    rose = "Equity rose from 10,000 to 10,420."
    reply = Reply(title="+4.2% in 7 days", text=rose, header=HEADER, images=(picture(alt=rose),))

    await platform.send(str(ann.id), reply)

    assert telegram.last(ann).text == f"{HEADER}\n+4.2% in 7 days\n\n{rose}"


async def test_what_does_not_fit_under_a_picture_follows_as_text_with_the_buttons(telegram, platform, ann):
    rows = tuple(Row(f"symbol {n}", "+1.2%", "a detail of some length") for n in range(40))
    reply = Reply(
        title="40 positions",
        header=HEADER,
        images=(picture(),),
        rows=rows,
        buttons=((Button("Next", "/next"),),),
    )

    await platform.send(str(ann.id), reply)

    photo, text = telegram.shown(ann)
    assert photo.text.startswith(f"{HEADER}\n40 positions\n\n• symbol 0")
    assert photo.text.endswith("🖼 Equity rose.")
    assert text.text.startswith(f"{HEADER}\n• symbol ")
    assert (photo.labels, text.labels) == ([], ["Next"])
    assert sum(message.text.count("• symbol") for message in (photo, text)) == 40


async def test_several_pictures_are_an_album_after_the_words_and_the_buttons_sit_on_the_words(
    telegram, platform, ann
):
    images = tuple(picture(f"{name}.png", f"This is {name}.") for name in ("equity", "drawdown", "returns"))

    await platform.send(
        str(ann.id), Reply(title="The month", images=images, buttons=((Button("PDF", "/report"),),))
    )

    text, *album = telegram.shown(ann)
    assert [photo.filename for photo in album] == ["equity.png", "drawdown.png", "returns.png"]
    assert [photo.text for photo in album] == ["This is equity.", "This is drawdown.", "This is returns."]
    assert len({photo.album for photo in album}) == 1
    assert (text.text, text.labels) == ("The month", ["PDF"])


async def test_an_album_is_sent_again_whole_after_a_flood_limit(telegram, platform, ann):
    images = (picture("equity.png", "🚀" * 900), picture("drawdown.png", ""))
    telegram.fail("sendMediaGroup", Fault.flood(2))

    await platform.send(str(ann.id), Reply(title="The day", images=images))

    _, rockets, bare = telegram.shown(ann)
    assert rockets.text == "🚀" * 199 + "…"
    assert (bare.text, bare.content) == ("", picture().png)


async def test_eleven_pictures_are_an_album_of_ten_and_a_picture(telegram, platform, ann):
    images = tuple(picture(f"{n}.png") for n in range(11))

    await platform.send(str(ann.id), Reply(title="Everything", images=images))

    shown = telegram.shown(ann)
    assert [message.kind for message in shown] == ["text"] + ["photo"] * 11
    assert len({photo.album for photo in shown[1:11]}) == 1
    assert shown[11].album is None


async def test_a_picture_too_big_for_a_photo_goes_as_a_file(telegram, platform, ann):
    small = picture()
    big = Image(small.png + b"\0" * 10_000_000, "big.png", "Everything at once.")

    await platform.send(str(ann.id), Reply(title="Big", images=(big,)))

    document = telegram.last(ann)
    assert (document.kind, document.filename) == ("document", "big.png")
    assert document.text == "Big\n\n🖼 Everything at once."


async def test_a_picture_of_a_shape_telegram_refuses_goes_as_a_file(telegram, platform, ann):
    await platform.send(str(ann.id), Reply(title="Long", images=(picture(wide=2100, high=10),)))

    assert telegram.last(ann).kind == "document"


async def test_a_picture_refused_for_another_reason_is_an_undelivered_message(telegram, platform, ann):
    telegram.fail("sendPhoto", Fault(400, "Bad Request: not enough rights to send photos to the chat"))

    with pytest.raises(Undelivered, match="Not enough rights"):
        await platform.send(str(ann.id), Reply(title="Nothing", images=(picture(),)))


async def test_files_follow_the_text(telegram, platform, ann):
    files = (File("trades.csv", b"symbol,pnl\n"), File("report.pdf", b"%PDF-1.7"))

    await platform.send(str(ann.id), Reply(title="The report", files=files))

    assert [(m.kind, m.filename, m.content) for m in telegram.shown(ann)] == [
        ("text", "", b""),
        ("document", "trades.csv", b"symbol,pnl\n"),
        ("document", "report.pdf", b"%PDF-1.7"),
    ]
