"""Replies as Discord messages: what people see, and that Discord takes every one of them."""

import random

import pytest

from bot.platforms.discord_markup import BYTES, Card, draw, escape
from bot.reply import Button, File, Image, Reply, Row, Tone
from tests.fakes.discord_limits import Rejected, check_message
from tests.fakes.discord_world import visible

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
NASTY = "*_~`|<>[](){}#+-=.!\\@everyone <@123456789012345678> 漢字 한글 😀 word "


def say(sentence: str, **values: object) -> str:
    return sentence.format(**values)


def checked(reply: Reply) -> list[Card]:
    """The reply drawn, every message of it held against Discord's limits."""
    cards = draw(reply, say)
    for card in cards:
        fresh = card.fresh()
        shown = {
            "embeds": [e.to_dict() for e in fresh["embeds"]],
            "components": fresh["view"].to_components() if "view" in fresh else [],
        }
        check_message(shown, {a.name: a.content for a in card.attachments})
    return cards


def seen(cards: list[Card]) -> str:
    return "\n".join(visible(e.description or "") for card in cards for e in card.embeds)


def test_a_reply_is_one_embed_in_the_order_people_know():
    reply = Reply(
        title="+1.2 % today",
        header="🧪 PAPER · main",
        text="Two positions.\n\nNothing waits.",
        rows=(Row("BTC/USDT", "0.012", "entered at 61,200"), Row("ETH/USDT", "0.4")),
        footer="id 7 · 12:00 UTC",
        tone=Tone.GOOD,
    )

    (card,) = checked(reply)

    (embed,) = card.embeds
    assert embed.author.name == "🧪 PAPER · main"
    assert embed.title == "✅ +1.2 % today"
    assert embed.description == (
        "Two positions.\n\nNothing waits.\n\n**BTC/USDT** 0.012\n-# entered at 61,200\n**ETH/USDT** 0.4"
    )
    assert embed.footer.text == "id 7 · 12:00 UTC"


def test_a_tone_is_a_colour_and_a_sign():
    embeds = [checked(Reply(title="x", tone=tone))[0].embeds[0] for tone in Tone]

    assert len({e.colour.value for e in embeds}) == len(Tone)
    assert [e.title for e in embeds] == ["x", "✅ x", "⚠️ x", "⛔ x"]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain words, 1.5 % -0.8 BTC/USDT", "plain words, 1.5 % -0.8 BTC/USDT"),
        ("ema_cross *x* ~y~ `z` |s|", r"ema\_cross \*x\* \~y\~ \`z\` \|s\|"),
        ("[a **b**](http://evil)", r"\[a \*\*b\*\*\](http://evil)"),
        ("<@1> <#2> <t:3:R> </x:4> <:e:5>", r"\<@1> \<#2> \<t:3:R> \</x:4> \<:e:5>"),
        ("back\\slash", r"back\\slash"),
        (
            "# a\n## b\n-# c\n- d\n+ e\n> f\n>>> g\n12. h",
            "\\# a\n\\## b\n\\-# c\n\\- d\n\\+ e\n\\> f\n\\>>> g\n12\\. h",
        ),
        ("#tag -5 1.5", "#tag -5 1.5"),
        ("@everyone", "@\u200beveryone"),
    ],
)
def test_markup_is_shown_and_never_obeyed(text, escaped):
    assert escape(text) == escaped


def test_a_row_stays_one_row_whatever_its_words_hold():
    (card,) = checked(Reply(title="x", rows=(Row("a\nb", "c\n# d", "e\n\nf"),)))

    assert card.embeds[0].description == "**a b** c # d\n-# e\n-# f"


def test_a_title_too_long_for_a_title_is_whole_in_the_text():
    title = "'x' is not a strategy; choose one of " + ", ".join(f"strategy_{n}" for n in range(40))

    (card,) = checked(Reply(title=title))

    assert len(card.embeds[0].title) <= 256
    assert card.embeds[0].title.endswith("…")
    assert visible(card.embeds[0].description) == title


def test_long_lists_are_split_between_rows_and_lose_none():
    rows = tuple(Row(f"row-{n}", "v" * 60, "d" * 60) for n in range(70))

    cards = checked(
        Reply(title="Trades", header="🧪 PAPER", rows=rows, footer="end", buttons=((Button("n", "/n"),),))
    )

    assert [c.embeds[0].author.name for c in cards] == ["🧪 PAPER · 1/3", "🧪 PAPER · 2/3", "🧪 PAPER · 3/3"]
    assert [c.embeds[0].title for c in cards] == ["Trades", None, None]
    assert [bool(c.buttons) for c in cards] == [False, False, True]
    assert [c.embeds[0].footer.text for c in cards] == [None, None, "end"]
    assert seen(cards).split().count("d" * 60) == 70
    assert all(f"row-{n} " in seen(cards) for n in range(70))


def test_more_than_three_messages_become_a_file_with_a_summary():
    text = "\n".join(f"line {n} of the log_file" for n in range(2000))

    (card,) = checked(Reply(title="Logs", header="🧪 PAPER", text=text))

    assert "line 0 of the log_file" in seen([card])
    assert seen([card]).endswith("The whole answer is in the file below.")
    (answer,) = card.attachments
    assert answer.name == "answer.txt"
    assert answer.content.decode() == f"🧪 PAPER\nLogs\n{text}\n"


def test_a_word_without_end_is_cut_and_lost_nowhere():
    cards = checked(Reply(title="x", text="*" * 5000))

    assert seen(cards).replace("\n", "") == "*" * 5000


def test_buttons_keep_their_rows_and_each_command_stands_once():
    reply = Reply(
        title="x",
        buttons=(
            (Button("Sell", "/kill !", danger=True), Button("Leave it", "/status")),
            (Button("Status", "/status"),),
            (Button("L" * 100, "/long"),),
        ),
    )

    (card,) = checked(reply)

    assert [[b.command for b in row] for row in card.buttons] == [["/kill !", "/status"], ["/long"]]


async def test_buttons_carry_their_line_and_keep_nothing_in_memory():
    (card,) = checked(
        Reply(title="x", buttons=((Button("Sell", "/kill !", danger=True), Button("L" * 100, "/l")),))
    )

    view = card.fresh()["view"]

    first, second = view.children
    assert (first.custom_id, first.label, first.style.name) == ("/kill !", "Sell", "danger")
    assert (second.custom_id, len(second.label), second.style.name) == ("/l", 80, "secondary")
    assert view.timeout is None
    assert view.is_finished()  # the library stores only unfinished views


def test_buttons_without_room_are_lines_to_type():
    buttons = tuple((Button(f"b{n}", f"/b {n}"),) for n in range(27))

    (card,) = checked(Reply(title="x", buttons=buttons))

    assert [len(row) for row in card.buttons] == [5, 5, 5, 5, 5]
    assert seen([card]) == "b25: /b 25\nb26: /b 26"


def test_pictures_stand_in_embeds_with_names_that_embeds_can_point_to():
    images = tuple(Image(PNG + bytes([n]), "한글 chart?.png", f"picture {n}") for n in range(12))

    first, second = checked(Reply(title="x", images=images, files=(File("../../etc/passwd", b"x"),)))

    assert [len(first.attachments), len(second.attachments)] == [10, 3]
    assert len({a.name for a in (*first.attachments, *second.attachments)}) == 13
    assert len(first.embeds) == 10
    assert first.embeds[0].title == "x"
    assert first.embeds[0].image.url == f"attachment://{first.attachments[0].name}"
    assert second.attachments[-1].name == "etc-passwd"
    assert [a.upload().description for a in first.attachments[:2]] == ["picture 0", "picture 1"]


def test_a_file_too_large_for_discord_is_named_instead():
    (card,) = checked(Reply(title="x", files=(File("all.csv", bytes(BYTES + 1)), File("some.csv", b"1"))))

    assert [a.name for a in card.attachments] == ["some.csv"]
    assert seen([card]) == "all.csv is larger than the 10 MB Discord takes, so it is missing here."


def test_progress_is_a_bar():
    (card,) = checked(Reply(title="Searching", text="12 of 40", progress=0.3))

    assert card.embeds[0].description == "▰▰▰▱▱▱▱▱▱▱ 30%\n12 of 40"


@pytest.mark.parametrize("seed", range(60))
def test_no_reply_breaks_a_limit(seed):
    chance = random.Random(seed)

    def words(most: int) -> str:
        length = chance.choice((0, 1, most // 3, most))
        return "".join(chance.choice((NASTY, "\n", "x" * 40, " ")) for _ in range(length // 20 + 1))[:length]

    reply = Reply(
        title=words(600) or "x",
        text=words(9000),
        header=words(400),
        footer=words(3000),
        rows=tuple(Row(words(300), words(300), words(3000)) for _ in range(chance.choice((0, 1, 8, 50)))),
        buttons=tuple(
            tuple(Button(words(120), f"/b {chance.randrange(60)}") for _ in range(chance.randrange(4)))
            for _ in range(chance.choice((0, 1, 12)))
        ),
        images=tuple(Image(PNG, words(90), words(2000)) for _ in range(chance.choice((0, 1, 11)))),
        files=tuple(File(words(90), b"x") for _ in range(chance.choice((0, 2)))),
        tone=chance.choice(list(Tone)),
        progress=chance.choice((None, 0.0, 0.5, 7.0)),
    )

    cards = checked(reply)

    assert cards


def test_the_limits_are_really_checked():
    with pytest.raises(Rejected):
        check_message({"embeds": [{"title": "x" * 257}]}, {})
    with pytest.raises(Rejected):
        check_message({"embeds": [{"image": {"url": "attachment://nothing.png"}}]}, {})
