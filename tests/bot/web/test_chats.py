"""What a chat keeps, what it lets go, and what a slow page is told."""

from bot.reply import File, Image, Reply
from bot.web.chats import KEPT_MESSAGES, Chats, Keepsake, Keepsakes, Tab
from tests.bot.web.desk import a_picture


def a_keepsake(size: int = 10, chat_id: str = "1") -> Keepsake:
    return Keepsake(chat_id=chat_id, name="x.png", content=b"x" * size, media_type="image/png")


def test_the_oldest_keepsakes_go_when_there_are_too_many_bytes():
    keepsakes = Keepsakes(most_bytes=25)

    first, second, third = (keepsakes.keep(a_keepsake()) for _ in range(3))

    assert keepsakes.find(first, "1") is None
    assert keepsakes.find(second, "1") is not None
    assert keepsakes.find(third, "1") is not None


def test_a_keepsake_larger_than_all_room_is_not_kept():
    keepsakes = Keepsakes(most_bytes=25)

    large = keepsakes.keep(a_keepsake(size=26))
    small = keepsakes.keep(a_keepsake(size=25))

    assert keepsakes.find(large, "1") is None
    assert keepsakes.find(small, "1") is not None


def test_names_of_keepsakes_cannot_be_guessed():
    keepsakes = Keepsakes()

    names = {keepsakes.keep(a_keepsake()) for _ in range(100)}

    assert len(names) == 100
    assert {len(name) for name in names} == {24}  # 18 random bytes


def test_a_chat_keeps_its_last_messages_in_order(clock):
    chat = Chats(clock).chat("1")

    for number in range(KEPT_MESSAGES + 5):
        chat.show(Reply(title=str(number)))

    assert [message["title"] for message in chat.messages] == [str(n) for n in range(5, KEPT_MESSAGES + 5)]
    assert [message["order"] for message in chat.messages] == sorted(m["order"] for m in chat.messages)


def test_an_edited_message_keeps_its_place(clock):
    chat = Chats(clock).chat("1")
    first = chat.show(Reply(title="first"))
    chat.show(Reply(title="second"))

    edited = chat.show(Reply(title="first, edited"), on=first)

    assert edited == first
    assert [message["title"] for message in chat.messages] == ["first, edited", "second"]


def test_an_edit_of_a_message_that_is_gone_is_a_new_message(clock):
    chat = Chats(clock).chat("1")

    shown = chat.show(Reply(title="late"), on="long-gone")

    assert shown != "long-gone"
    assert [message["title"] for message in chat.messages] == ["late"]


def test_only_words_of_the_desk_may_be_edited(clock):
    chat = Chats(clock).chat("1")
    words = chat.show(Reply(title="words"))
    picture = chat.show(Reply(title="picture", images=(Image(a_picture(), "a.png", "a slope"),)))
    file = chat.show(Reply(title="file", files=(File("a.csv", b"1"),)))
    chat.take("mine", "/status", pressed=False)

    assert chat.is_words_only(words)
    assert not chat.is_words_only(picture)
    assert not chat.is_words_only(file)
    assert not chat.is_words_only("you-mine")
    assert not chat.is_words_only("nowhere")


def test_a_line_cannot_take_the_place_of_a_message_of_the_desk(clock):
    chat = Chats(clock).chat("1")
    shown = chat.show(Reply(title="Stopped."))

    chat.take(shown, "/status", pressed=False)

    assert [message["who"] for message in chat.messages] == ["desk", "you"]


def test_a_picture_is_told_with_its_size_and_words(clock):
    chat = Chats(clock).chat("1")

    chat.show(Reply(title="Equity", images=(Image(a_picture(72, 40), "equity.png", "a slope"),)))

    (picture,) = chat.messages[0]["images"]
    assert (picture["width"], picture["height"], picture["alt"]) == (72, 40, "a slope")


async def test_a_slow_page_gets_only_the_last_state_of_each_message(clock):
    chat, tab = Chats(clock).chat("1"), Tab("session")
    chat.tabs.add(tab)

    shown = chat.show(Reply(title="0 %", progress=0.0))
    for percent in range(1, 1000):
        chat.show(Reply(title=f"{percent} %", progress=percent / 1000), on=shown)

    events = await tab.next(patience=1)
    assert [event["message"]["title"] for event in events] == ["999 %"]


async def test_a_page_that_is_told_nothing_stops_waiting():
    assert await Tab("session").next(patience=0.01) == []


def test_a_message_of_an_earlier_run_is_found_again_under_its_name(clock):
    before = Chats(clock).chat("1").show(Reply(title="panel"))
    chat = Chats(clock).chat("1")
    chat.show(Reply(title="hello"))

    found = chat.find_again(Reply(title="panel, later"), before)

    assert found
    assert [(m["id"] == before, m["title"]) for m in chat.messages] == [
        (False, "hello"),
        (True, "panel, later"),
    ]
    assert chat.is_words_only(before)


def test_a_message_this_run_has_let_go_is_not_found_again(clock):
    chat = Chats(clock).chat("1")
    first = chat.show(Reply(title="first"))
    for number in range(KEPT_MESSAGES):
        chat.show(Reply(title=str(number)))

    assert not chat.find_again(Reply(title="first, later"), first)
    assert "first, later" not in [message["title"] for message in chat.messages]


def test_what_is_pinned_is_not_pushed_out(clock):
    chat = Chats(clock).chat("1")
    panel = chat.show(Reply(title="panel"))
    chat.pin(panel)

    for number in range(2 * KEPT_MESSAGES):
        chat.show(Reply(title=str(number)))

    assert len(chat.messages) == KEPT_MESSAGES
    assert chat.messages[0]["title"] == "panel"
    assert chat.is_words_only(panel)
