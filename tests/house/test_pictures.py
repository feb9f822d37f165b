"""The pictures of the READMEs and the gallery are there, are small, and say in words what they show."""

import re

import pytest

from charts.theme import WIDTH
from tests.house.code import ROOT

PAGES = ("README.md", "README.ko.md", "docs/gallery.md")
IMAGE = re.compile(r"<img\s[^>]*>")
FIELD = re.compile(r'(\w+)="([^"]*)"')
TAKEN = sorted((ROOT / "docs" / "pictures").glob("*.png"))


def images(page: str) -> list[dict[str, str]]:
    """Every picture of a page by its fields: src, width, alt."""
    return [dict(FIELD.findall(tag)) for tag in IMAGE.findall((ROOT / page).read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_a_page_shows_is_there(page):
    folder = (ROOT / page).parent
    shown = images(page)

    assert shown
    assert [image["src"] for image in shown if not (folder / image["src"]).is_file()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_is_said_in_words_too(page):
    assert [image["src"] for image in images(page) if len(image.get("alt", "")) < 20] == []


def test_the_korean_readme_shows_the_same_screens_in_korean():
    english, korean = ([image["src"] for image in images(page)] for page in PAGES[:2])

    assert [source.replace(".png", "-ko.png") for source in english] == korean


def test_the_gallery_shows_every_picture_that_was_taken():
    shown = {image["src"] for image in images("docs/gallery.md")}

    assert shown == {f"pictures/{path.name}" for path in TAKEN}


def test_pictures_are_small_and_sharp():
    assert [path.name for path in TAKEN if path.stat().st_size > 150_000] == []
    assert sum(path.stat().st_size for path in TAKEN) < 4_000_000
    assert [path.name for path in TAKEN if width(path.read_bytes()) < WIDTH // 2] == []


def width(png: bytes) -> int:
    """Pixels, as a PNG's own head has them."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(png[16:20])
