"""Layout: whatever a reply says, its pages are inside Telegram's limits, well-formed, and say all of it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.platforms.telegram_markup import (
    CAPTION_LIMIT,
    ENTITY_LIMIT,
    MOST_PAGES,
    TEXT_LIMIT,
    escape,
    lay_out,
    plain,
    shorten,
    width,
)
from bot.reply import Button, File, Image, Reply, Row, Tone
from tests.fakes.telegram_html import read

HEADER = "🧪 PAPER · main"
PICTURE = Image(b"png", "equity.png", "Equity rose.")

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)
long_words = st.one_of(words, st.text(alphabet="ab <&>🚀\n", min_size=500, max_size=9000))
rows = st.builds(Row, words, words, words)
replies = st.builds(
    Reply,
    title=st.one_of(words, st.text(alphabet="x🚀 &", min_size=1000, max_size=5000)),
    text=long_words,
    rows=st.lists(rows, max_size=120).map(tuple),
    images=st.sampled_from([(), (PICTURE,), (PICTURE, PICTURE)]),
    tone=st.sampled_from(Tone),
    header=st.sampled_from(["", HEADER, "<" * 500]),
    footer=words,
    progress=st.sampled_from([None, 0.0, 0.5, 1.0]),
)


@settings(max_examples=60, deadline=None)
@given(replies)
def test_every_message_is_well_formed_and_inside_the_limits(reply):
    sheet = lay_out(reply)

    assert len(sheet.pages) <= MOST_PAGES
    for page in sheet.pages:
        text, entities = read(page)
        assert width(text) <= TEXT_LIMIT
        assert len(entities) <= ENTITY_LIMIT
    caption, entities = read(sheet.caption)
    assert width(caption) <= CAPTION_LIMIT
    assert len(entities) <= ENTITY_LIMIT


@settings(max_examples=60, deadline=None)
@given(replies)
def test_nothing_that_was_to_be_said_is_lost(reply):
    sheet = lay_out(reply)

    said = plain(sheet.caption) + "".join(map(plain, sheet.pages))
    said += "".join(file.content.decode() for file in sheet.files)
    shown = "".join(said.split())
    for part in [row.label for row in reply.rows] + [row.detail for row in reply.rows] + [reply.footer]:
        for word in plain(escape(part)).split():
            assert word in shown


@given(st.text(max_size=200))
def test_escaped_text_is_shown_as_it_was_written(text):
    shown, entities = read(escape(text))

    assert entities == []
    assert shown == plain(escape(text)).strip()


def test_only_what_cannot_be_seen_is_taken_out_of_a_text():
    hidden = "a\N{RIGHT-TO-LEFT OVERRIDE}b\x00c\x1b[31md\N{LEFT-TO-RIGHT ISOLATE}e\nf\tg"

    assert escape(hidden) == "abc[31mde\nf\tg"
    assert escape("한국어 <b> & €") == "한국어 &lt;b&gt; &amp; €"
    assert escape("broken \ud83d surrogate") == "broken ? surrogate"


@pytest.mark.parametrize(
    ("tone", "title"),
    [(Tone.PLAIN, "Done"), (Tone.GOOD, "✅ Done"), (Tone.WARNING, "⚠️ Done"), (Tone.DANGER, "🛑 Done")],
)
def test_a_tone_is_a_sign_before_the_title(tone, title):
    page = lay_out(Reply(title="Done", tone=tone)).pages[0]

    assert plain(page) == title


def test_a_word_longer_than_a_message_is_cut_between_characters():
    rockets = "🚀" * 3000

    pages = lay_out(Reply(title="Up", text=rockets)).pages

    assert len(pages) == 2
    assert "".join(plain(page) for page in pages).count("🚀") == 3000


def test_a_huge_answer_is_laid_out_at_once():
    started = time.thread_time()

    sheet = lay_out(Reply(title="Log", text="x" * 3_000_000))

    assert time.thread_time() - started < 2  # of work, whatever else the machine does
    assert (len(sheet.pages), len(sheet.files[0].content)) == (1, 3_000_005)


def test_a_paragraph_is_cut_between_words():
    text = " ".join(["word"] * 1500)

    pages = lay_out(Reply(title="Long", text=text)).pages

    assert [plain(page).endswith("word") for page in pages] == [True, True]
    assert sum(plain(page).count("word") for page in pages) == 1500


def test_a_row_stays_with_its_detail():
    rows = tuple(Row(f"label {n}", "value", "detail " * 6) for n in range(100))

    pages = lay_out(Reply(title="Rows", rows=rows)).pages

    assert len(pages) == 3
    for page in pages:
        assert plain(page).count("label") == plain(page).count("value")
        assert not plain(page).split("\n")[1].startswith("   ")


def test_a_page_with_more_formatting_than_telegram_shows_becomes_two():
    rows = tuple(Row("a", "b", "c") for _ in range(60))

    pages = lay_out(Reply(title="Rows", rows=rows)).pages

    assert [len(read(page)[1]) for page in pages] == [99, 22]


def test_an_answer_in_korean_gets_a_plain_name_for_its_file():
    reply = Reply(title="로그", text="\n".join(["줄 " * 40] * 200))

    assert [file.name for file in lay_out(reply).files] == ["answer.txt"]


def test_files_of_the_reply_come_before_the_file_of_the_text():
    reply = Reply(title="Log", text="word " * 4000, files=(File("trades.csv", b"x"),))

    assert [file.name for file in lay_out(reply).files] == ["trades.csv", "log.txt"]


def test_a_description_too_long_for_a_caption_ends_in_a_sign():
    caption = lay_out(Reply(title="T", images=(Image(b"", "x.png", "word " * 200),))).caption

    assert plain(caption).endswith("word…")
    assert width(plain(caption)) < 500


def test_shortened_text_keeps_to_the_limit_as_telegram_counts():
    assert shorten("short", 10) == "short"
    assert shorten("🚀🚀🚀🚀", 5) == "🚀🚀…"


def test_buttons_keep_their_rows():
    rows = ((Button("A", "/a"), Button("B", "/b")), (Button("Stop", "/kill", danger=True),))

    keyboard = lay_out(Reply(title="T", buttons=rows)).keyboard

    assert keyboard is not None
    labels = [[(key.text, key.callback_data, key.style) for key in row] for row in keyboard.inline_keyboard]
    assert labels == [[("A", "/a", None), ("B", "/b", None)], [("Stop", "/kill", "danger")]]
    assert lay_out(Reply(title="T")).keyboard is None
