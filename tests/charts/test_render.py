"""Drawing off the loop, with a library that is loaded only when the first picture is wanted."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import weakref

import pytest

from charts.equity import equity_chart, equity_figure
from charts.render import Studio, png
from charts.theme import theme
from tests.charts.gallery import pixels, points

LAZY = """
import asyncio, sys, threading
from charts import candles, compare, drawdown, equity, months, returns, theme
from charts.render import Studio
assert "matplotlib" not in sys.modules, "loaded too early"

def draw():
    assert threading.current_thread() is not threading.main_thread()
    assert "matplotlib" not in sys.modules
    return equity.equity_chart([], title="t", currency="USDT", zone="UTC", theme=theme.theme())

async def main():
    studio = Studio()
    png = await studio.draw(draw)
    studio.close()
    assert png.startswith(b"\\x89PNG")

asyncio.run(main())
assert "matplotlib" in sys.modules
assert "matplotlib.pyplot" not in sys.modules, "pyplot keeps figures for ever"
print("drawn")
"""


@pytest.fixture
def studio():
    opened = Studio()
    yield opened
    opened.close()


def test_the_library_is_loaded_in_the_studio_and_never_pyplot():
    done = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True, timeout=120)

    assert done.stdout.strip() == "drawn", done.stderr


async def test_a_picture_is_drawn_with_its_words(studio):
    png = await studio.draw(equity_chart, points(50), title="t", currency="USDT", zone="UTC", theme=theme())

    assert pixels(png).any()


async def test_the_loop_goes_on_while_a_picture_is_drawn(studio):
    seen_by_loop = threading.Event()

    def draw() -> bytes:
        return b"drawn" if seen_by_loop.wait(20) else b"the loop stood still"

    drawing = asyncio.create_task(studio.draw(draw))
    for _ in range(3):
        await asyncio.sleep(0.001)
    seen_by_loop.set()

    assert await drawing == b"drawn"


async def test_one_picture_at_a_time_in_the_order_asked_for(studio):
    drawn, threads = [], set()

    def draw(number: int) -> bytes:
        threads.add(threading.get_ident())
        drawn.append(number)
        return bytes([number])

    answers = await asyncio.gather(*(studio.draw(draw, number) for number in range(5)))

    assert answers == [bytes([number]) for number in range(5)]
    assert drawn == [0, 1, 2, 3, 4]
    assert len(threads) == 1


async def test_an_error_reaches_who_asked_and_the_next_picture_is_drawn(studio):
    def fail() -> bytes:
        raise ValueError("no such zone")

    with pytest.raises(ValueError, match="no such zone"):
        await studio.draw(fail)

    assert await studio.draw(lambda: b"next") == b"next"


async def test_a_drawn_figure_does_not_lie_about(studio):
    drawn = []

    def draw() -> bytes:
        figure = equity_figure(points(50), title="t", currency="USDT", zone="UTC", theme=theme())
        drawn.append(weakref.ref(figure))
        return png(figure)

    gc.disable()
    try:
        await studio.draw(draw)
    finally:
        gc.enable()

    assert drawn[0]() is None


async def test_closing_forgets_the_pictures_that_wait():
    studio, begun, finish = Studio(), threading.Event(), threading.Event()

    def first() -> bytes:
        begun.set()
        finish.wait(20)
        return b"first"

    drawing = asyncio.create_task(studio.draw(first))
    waiting = asyncio.create_task(studio.draw(lambda: b"second"))
    await asyncio.to_thread(begun.wait, 20)

    studio.close()
    finish.set()

    assert await drawing == b"first"
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_the_list_of_fonts_is_kept_where_it_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("MPLCONFIGDIR", "elsewhere")
    monkeypatch.delenv("MPLCONFIGDIR")

    Studio(tmp_path / "fonts").close()

    assert os.environ["MPLCONFIGDIR"] == str(tmp_path / "fonts")
