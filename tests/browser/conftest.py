"""A real browser in front of a desk that serves."""

import os
import shutil
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from tests.bot.web.desk import Desk, running

PHONE = {"width": 360, "height": 760}
DESKTOP = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def chromium_path():
    pytest.importorskip("playwright", reason="playwright is not installed (dependency group e2e)")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("there is no chromium on the PATH (Debian: apt-get install chromium)")
    return path


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(chromium_path):
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]  # chromium has no sandbox for root
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=sandbox)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def desk():
    """Its clock goes, unlike those of other tests: a browser lives in real time."""
    desk = Desk(lambda: datetime.now(UTC))
    async with running(desk, desk.build()):
        yield desk


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser):
    """Opens a page as somebody would: `await open_page(DESKTOP)`. An error in a script fails the test."""
    errors, contexts = [], []

    async def open_one(size=DESKTOP, **options):
        options = {"locale": "en-GB", "color_scheme": "light", "reduced_motion": "reduce"} | options
        context = await browser.new_context(viewport=size, **options)
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if "Content Security" in m.text else None)
        return page

    yield open_one
    for context in contexts:
        await context.close()
    assert errors == []
