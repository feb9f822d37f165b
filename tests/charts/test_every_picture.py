"""What holds for all pictures: readable on a phone, honest words, both languages, any title."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from charts import fonts
from charts.theme import PHONE, SMALLEST, WIDTH, theme
from charts.words import KEYS, MONTHS
from tests.charts import korean
from tests.charts.gallery import PICTURES, Picture, crossed, outside, pixels, sentences, texts

CHARTS = Path(fonts.__file__).parent
TITLE = "PAPER · main · 30 days"
each = pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES.keys())
each_language = pytest.mark.parametrize("say", (str, korean.say), ids=("english", "korean"))


def figure(picture: Picture, data=None, *, title=TITLE, look=None, say=str):
    shown = picture.data if data is None else data
    return picture.figure(shown, title=title, theme=look or theme(), say=say, **picture.same, **picture.drawn)


@cache
def read(picture: Picture, say=str):
    """The figure of the usual data and everything that can be read in it, drawn once for several tests."""
    drawn = figure(picture, say=say)
    return drawn, texts(drawn)


def draw(picture: Picture, data=None, *, title=TITLE, look=None, say=str) -> bytes:
    shown = picture.data if data is None else data
    return picture.png(shown, title=title, theme=look or theme(), say=say, **picture.same, **picture.drawn)


def fewer(picture: Picture):
    """The data without its last item."""
    if isinstance(picture.data, dict):
        return dict(list(picture.data.items())[:-1])
    return picture.data[:-1]


@each
def test_a_picture_is_a_png_of_the_promised_width_and_not_tall(picture):
    shape = pixels(draw(picture)).shape

    assert shape[1] == WIDTH
    assert 400 < shape[0] < 1.2 * WIDTH


@each
def test_the_same_data_give_the_same_bytes_and_other_data_another_picture(picture):
    first, again, other = draw(picture), draw(picture), draw(picture, fewer(picture))

    assert first == again
    assert first != other


@each
@pytest.mark.parametrize("look", ("light", "dark"))
def test_the_background_is_the_themes(picture, look):
    corner = pixels(draw(picture, look=theme(look)))[2, 2, :3]

    expected = [int(theme(look).background[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    np.testing.assert_allclose(corner, expected, atol=0.01)


@each
@each_language
def test_every_letter_is_large_enough_on_a_phone(picture, say):
    drawn, shown = read(picture, say)

    sizes = [found.get_fontsize() * drawn.dpi / 72 * PHONE / WIDTH for found in shown]

    assert len(sizes) > 5
    assert min(sizes) >= SMALLEST


@each
@each_language
def test_no_text_leaves_the_page_or_stands_on_another(picture, say):
    drawn, shown = read(picture, say)

    assert outside(drawn, shown) == []
    assert crossed(shown) == []


@each
def test_the_wide_letters_of_the_fallback_font_find_room_too(picture, only_latin):
    drawn = figure(picture)
    shown = texts(drawn)

    assert outside(drawn, shown) == []
    assert crossed(shown) == []


@each
def test_without_data_it_says_so_kindly(picture):
    shown = sentences(figure(picture, picture.nothing))

    assert "No data yet" in shown
    assert TITLE in shown
    assert picture.words(picture.nothing, say=str, **picture.same).endswith(" yet.")


@each
def test_the_headline_numbers_are_also_in_the_caption(picture):
    caption = picture.words(picture.data, say=str, **picture.same)
    largest = max(read(picture)[1], key=lambda found: found.get_fontsize()).get_text()
    shown = [
        text
        for text in (found.get_text() for found in read(picture)[1])
        if text.endswith("%") and text[0] in "+-"
    ]

    if picture is not PICTURES["compare"]:
        assert largest in caption
    else:
        assert shown and all(change in caption for change in shown)


@each
@each_language
def test_everything_said_is_among_the_words_to_translate(picture, say):
    said = set()

    def listen(sentence: str) -> str:
        said.add(sentence)
        return say(sentence)

    for data in (picture.data, picture.nothing):
        figure(picture, data, say=listen)
        picture.words(data, say=listen, **picture.same)

    assert said
    assert said <= set(KEYS)


def test_the_korean_words_used_here_are_complete_and_keep_their_blanks():
    assert set(korean.KOREAN) == set(KEYS)
    for english, translated in korean.KOREAN.items():
        assert sorted(blanks(english)) == sorted(blanks(translated)), english


def test_every_word_to_translate_is_still_said_somewhere():
    sources = "".join(path.read_text() for path in CHARTS.glob("*.py") if path.name != "words.py")

    assert [key for key in KEYS if key not in MONTHS and f'"{key}"' not in sources] == []


def blanks(sentence: str) -> list[str]:
    return [part.partition("}")[0] for part in sentence.split("{")[1:]]


@each
def test_a_title_is_shown_as_it_is_written_never_as_markup(picture):
    shown = sentences(figure(picture, title=r"$\frac{a}{b}$ & <b>x</b>"))

    assert r"$\frac{a}{b}$ & <b>x</b>" in shown
    assert draw(picture, title=r"$\frac{a}{b$ \n ^_ {") != draw(picture)


@each
def test_a_hostile_title_stays_on_one_line_within_the_page(picture):
    title = "first\nsecond\t\x00\ud800 🧪 " + "long " * 100

    drawn = figure(picture, title=title)

    shown = next(found for found in texts(drawn) if found.get_text().startswith("first second long"))
    assert shown.get_text().endswith("…")
    assert shown.get_window_extent().x1 <= WIDTH


@each
def test_korean_is_drawn_with_korean_letters(picture):
    if fonts.stack()[0] not in fonts.KOREAN:
        pytest.skip("no font with Korean letters is installed here")

    shown = sentences(figure(picture, title="모의투자 · 본계좌", say=korean.say))

    assert "모의투자 · 본계좌" in shown
    assert draw(picture, title="모의투자") != draw(picture, title="본계좌")


@each
def test_without_a_korean_font_it_says_it_in_english(picture, only_latin):
    shown = sentences(figure(picture, title="모의투자", say=korean.say))

    assert not any("가" <= letter <= "힣" for text in shown for letter in text)
    assert "모의투자" not in shown
    assert draw(picture, title="모의투자 main", say=korean.say)


@pytest.fixture
def only_latin(monkeypatch):
    """A machine whose only font is the one that comes with matplotlib."""

    def forget() -> None:
        for cached in (fonts.stack, fonts.properties, fonts._has):
            cached.cache_clear()

    monkeypatch.setattr(fonts, "KOREAN", ())
    forget()
    yield
    monkeypatch.undo()
    forget()


def test_every_number_is_written_without_an_exponent():
    shown = [
        text
        for picture in PICTURES.values()
        for text in sentences(figure(replace(picture, same=picture.same | _coins(picture))))
    ]

    assert not [text for text in shown if "e-" in text or "e+" in text]


def _coins(picture: Picture) -> dict[str, str]:
    return {"currency": "BTC"} if "currency" in picture.same else {}
