"""Takes the README's pictures from the product itself: a fresh desk, a real browser, nothing retouched.

Run from the project's folder: `.venv/bin/python -m docs.take_pictures`. Needs Debian's chromium.
"""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path

from playwright.async_api import Page, async_playwright

from bot.app import serve
from trading.settings import Settings

HERE = Path(__file__).parent / "pictures"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1100, "height": 760}


async def say(page: Page, line: str) -> None:
    """Type a line, wait for its answer to stand still."""
    before = await page.locator("[role=log] > *").count()
    await page.keyboard.type(line)
    await page.keyboard.press("Enter")
    for _ in range(100):
        await page.wait_for_timeout(100)
        if await page.locator("[role=log] > *").count() >= before + 2:
            break
    await page.wait_for_timeout(900)


async def main() -> None:
    """Every picture of the README, in one run."""
    HERE.mkdir(exist_ok=True)
    lines: list[str] = []
    stop = asyncio.Event()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"data_dir": folder, "web": {"port": 0}})
        desk = asyncio.create_task(serve(settings, lines.append, stop))
        while not any("is trading" in line for line in lines):
            await asyncio.sleep(0.1)
        link = next(found[0] for line in lines if (found := re.search(r"http\S+/enter/\S+", line)))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            context = await browser.new_context(viewport=PHONE, device_scale_factor=2, color_scheme="dark")
            page = await context.new_page()
            await page.goto(link)
            await page.wait_for_selector("[role=log]", timeout=15_000)
            await page.wait_for_timeout(1500)
            await page.screenshot(path=HERE / "welcome-phone.png")
            for line, name in (
                ("/status", "chat-phone"),
                ("/trades", "trades-phone"),
                ("/kill", "kill-phone"),
            ):
                await say(page, line)
                await page.screenshot(path=HERE / f"{name}.png")
            await page.set_viewport_size(DESK)
            await page.emulate_media(color_scheme="light")
            await say(page, "/chart BTC/USDT 1h")
            await page.wait_for_timeout(1500)
            await page.screenshot(path=HERE / "chat-desk.png")
            await page.set_viewport_size(PHONE)
            await page.emulate_media(color_scheme="dark")
            for line, name in (("/equity 30d", "equity"), ("/chart BTC/USDT 1h", "chart")):
                await say(page, line)
                await page.wait_for_timeout(1500)
                picture = page.locator("[role=log] img").last
                source = await picture.get_attribute("src")
                answer = await page.request.get(f"{page.url.rstrip('/')}{source}")
                (HERE / f"{name}.png").write_bytes(await answer.body())
            await browser.close()
        stop.set()
        await desk


if __name__ == "__main__":
    asyncio.run(main())
