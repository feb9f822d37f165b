"""Lines go in over the socket, replies come out, each once, whatever the connection does."""

from datetime import timedelta

from bot.reply import Reply
from tests.bot.web.desk import HEADER, a_person
from tests.bot.web.visitor import a_visitor
from trading.domain.people import Place


async def test_a_line_is_handed_on_with_its_place_and_answered(owner, desk):
    async with owner.page() as page:
        await page.say("/status", "a1")
        message = await page.reply("a1")

    (line,) = desk.lines
    assert line.text == "/status"
    assert line.place == Place(platform="web", user_id="1", chat_id="1", private=True)
    assert (line.name, line.update_id, line.sent_at) == ("mina1", "1:a1", desk.clock())
    assert {name: message[name] for name in ("header", "title", "text", "rows", "tone", "reply_to")} == {
        "header": HEADER,
        "title": "Equity 10,482.31 USDT (+1.24% today)",
        "text": "",
        "rows": [{"label": "BTC/USDT", "value": "-18.42 USDT", "detail": "0.5 at 63,120.5"}],
        "tone": "plain",
        "reply_to": "a1",
    }
    assert message["at"] == "2024-08-05T12:00:00Z"
    assert message["buttons"] == [
        [
            {"label": "Equity chart", "command": "/equity 30d", "danger": False},
            {"label": "Status", "command": "/status", "danger": False},
        ]
    ]
    assert "data" not in message


async def test_the_greeting_says_who_and_where(owner):
    async with owner.page() as page:
        hello = page.hello

    assert hello["person"] == {"name": "mina1", "language": "en", "zone": "UTC"}
    assert hello["header"] == "🧪 PAPER · main"
    assert hello["messages"] == []


async def test_a_line_typed_while_offline_tells_its_age(owner, desk):
    async with owner.page() as page:
        await page.say("/kill", "a1", age=90.5)
        await page.reply("a1")
        await page.say("/kill", "a2", age=-1e9)
        await page.reply("a2")

    assert desk.lines[0].sent_at == desk.clock() - timedelta(seconds=90.5)
    assert desk.lines[1].sent_at == desk.clock()


async def test_every_open_page_shows_the_same_chat(owner):
    async with owner.page() as one, owner.page() as two:
        await one.say("/status", "a1")
        seen_by_one, seen_by_two = await one.reply("a1"), await two.reply("a1")

    assert seen_by_one == seen_by_two


async def test_a_reload_shows_what_was_said(owner):
    async with owner.page() as page:
        await page.say("/status", "a1")
        await page.reply("a1")

    async with owner.page() as again:
        messages = again.hello["messages"]

    assert [(m["who"], m.get("line") or m["title"]) for m in messages] == [
        ("you", "/status"),
        ("desk", "Equity 10,482.31 USDT (+1.24% today)"),
    ]


async def test_one_person_s_chat_is_not_another_s(owner, desk):
    async with a_visitor(desk) as other:
        await other.sign_in(a_person(2))
        async with owner.page() as mine, other.page() as theirs:
            await mine.say("/status", "a1")
            await mine.reply("a1")
            await theirs.say("/help", "b1")
            answer = await theirs.reply("b1")

        async with other.page() as again:
            assert [m["who"] for m in again.hello["messages"]] == ["you", "desk"]
    assert answer["title"] == "There is no command /help for you."
    assert [line.place.user_id for line in desk.lines] == ["1", "2"]


async def test_a_line_sent_twice_is_asked_once(owner, desk):
    async with owner.page() as page:
        await page.say("/status", "a1")
        await page.reply("a1")
    async with owner.page() as page:
        await page.say("/status", "a1")
        taken, over = await page.next(), await page.next()

    assert taken == {"event": "taken", "id": "a1"}
    assert over == {"event": "over", "id": "a1", "replies": 1}
    assert len(desk.lines) == 1


async def test_a_line_the_dispatcher_knows_from_before_a_restart_has_no_replies(owner, desk):
    desk.seen.add("1:a1")

    async with owner.page() as page:
        await page.say("/kill !now", "a1")
        over = await page.until("over")

    assert over == {"event": "over", "id": "a1", "replies": 0}


async def test_a_line_goes_on_when_its_page_is_gone(owner, desk):
    async with owner.page() as page:
        await page.say("/slow", "a1")
        await page.until("message")
    async with owner.page() as page:
        assert page.hello["messages"][-1]["progress"] == 0.5
        await page.say("/slow", "a1")
        assert (await page.next())["event"] == "taken"

        desk.gate.set()
        message = await page.reply("a1")

    assert message["title"] == "Done at last"
    assert len(desk.lines) == 1


async def test_a_slow_line_holds_up_no_other(owner, desk):
    async with owner.page() as page:
        await page.say("/slow", "a1")
        await page.say("/status", "a2")
        message = await page.reply("a2")

    assert message["title"].startswith("Equity")


async def test_progress_moves_on_in_one_bubble(owner):
    async with owner.page() as page:
        await page.say("/backtest ema_cross", "a1")
        last = await page.reply("a1")
    async with owner.page() as again:
        messages = again.hello["messages"]

    assert [m["who"] for m in messages] == ["you", "desk"]
    assert messages[1]["id"] == last["id"]
    assert last["progress"] is None
    file = await owner.get(last["files"][0]["url"])
    assert await file.read() == b"a,b\n1,2\n"
    assert file.headers["Content-Disposition"] == "attachment; filename*=UTF-8''trades.csv"
    assert file.headers["Content-Type"] == "application/octet-stream"


async def test_a_press_changes_the_bubble_it_hangs_on(owner, desk):
    async with owner.page() as page:
        await page.say("/kill", "a1")
        asked = await page.reply("a1")
        await page.say("/kill !now", "a2", pressed=True, on=asked["id"])
        done = await page.reply("a2")
    async with owner.page() as again:
        messages = again.hello["messages"]

    assert done["id"] == asked["id"]
    assert [m.get("line") or m["title"] for m in messages] == ["/kill", "Stopped. Nothing is open."]
    assert desk.lines[1].update_id == "1:a2"


async def test_a_press_that_brings_a_picture_leaves_the_words_alone(owner):
    async with owner.page() as page:
        await page.say("/status", "a1")
        words = await page.reply("a1")
        await page.say("/equity 30d", "a2", pressed=True, on=words["id"])
        picture = await page.reply("a2")
        await page.say("/status", "a3", pressed=True, on=picture["id"])
        after = await page.reply("a3")
    async with owner.page() as again:
        titles = [m["title"] for m in again.hello["messages"] if m["who"] == "desk"]

    assert len({words["id"], picture["id"], after["id"]}) == 3
    assert titles == [words["title"], picture["title"], after["title"]]


async def test_a_press_on_a_message_from_before_a_restart_still_works(owner):
    async with owner.page() as page:
        await page.say("/status", "a1", pressed=True, on="0123abcd-7")
        message = await page.reply("a1")

    assert message["id"] != "0123abcd-7"
    assert message["title"].startswith("Equity")


async def test_a_picture_is_fetched_by_its_address(owner):
    async with owner.page() as page:
        await page.say("/equity", "a1")
        (picture,) = (await page.reply("a1"))["images"]

    answer = await owner.get(picture["url"])

    assert answer.headers["Content-Type"] == "image/png"
    assert (await answer.read()).startswith(b"\x89PNG")
    assert picture["alt"] == "Equity rose from 10,000 to 10,482 USDT."
    assert (picture["width"], picture["height"]) == (72, 40)


async def test_a_notice_reaches_every_page_and_waits_for_the_next(owner, desk):
    async with owner.page() as page:
        await desk.platform.send("1", Reply(title="Sold 0.01 BTC", header=HEADER))
        told = await page.until("message")
    await desk.platform.send("1", Reply(title="Bought 0.01 BTC", header=HEADER))
    async with owner.page() as later:
        kept = later.hello["messages"]

    assert told["message"]["title"] == "Sold 0.01 BTC"
    assert [m["title"] for m in kept] == ["Sold 0.01 BTC", "Bought 0.01 BTC"]
