"""Colours that can be read and told apart."""

import pytest

from charts.theme import PHONE, SMALLEST, WIDTH, contrast, theme

LOOKS = [theme(name, palette) for name in ("light", "dark") for palette in ("western", "korean", "safe")]
each = pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.name}-{look.palette}")


@each
def test_words_stand_out_from_the_background(look):
    assert contrast(look.text, look.background) >= 12
    assert contrast(look.muted, look.background) >= 4.5
    assert contrast(look.warn, look.background) >= 4.5
    assert min(contrast(colour, look.background) for colour in (look.up, look.down, look.accent)) >= 4.5
    assert min(contrast(colour, look.background) for colour in look.series) >= 4.5


@each
def test_text_on_a_coloured_patch_can_be_read(look):
    for fill in (look.up, look.down, look.blend(look.up, 0.4), look.blend(look.down, 0.15), look.grid):
        assert contrast(look.on(fill), fill) >= 4.5


def test_up_and_down_are_what_each_reader_expects():
    def kind(colour):
        red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
        return max((red, "red"), (green, "green"), (blue, "blue"))[1]

    assert [kind(theme("dark", "western").up), kind(theme("dark", "western").down)] == ["green", "red"]
    assert [kind(theme("light", "korean").up), kind(theme("light", "korean").down)] == ["red", "blue"]


@pytest.mark.parametrize("name", ("light", "dark"))
def test_the_safe_palette_differs_in_blue_which_nearly_everybody_sees(name):
    up, down = (int(colour[5:7], 16) for colour in (theme(name).up, theme(name).down))

    assert up - down > 120


@each
def test_gain_loss_and_nothing_have_their_colours(look):
    assert [look.towards(value) for value in (0.1, -0.1, 0)] == [look.up, look.down, look.muted]


@each
def test_the_smallest_type_can_be_read_on_a_phone(look):
    assert min(look.small, look.body, look.title, look.hero) * PHONE / WIDTH >= SMALLEST


def test_a_blend_lies_between_the_colour_and_the_background():
    look = theme("light")

    assert look.blend("#000000", 0) == "#ffffff"
    assert look.blend("#000000", 1) == "#000000"
    assert look.blend("#000000", 0.5) == "#808080"
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
