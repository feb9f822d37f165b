"""Takes the pictures of docs/ from the product itself: a fresh desk, its own answers, a real browser.

Run it by `make pictures`. Needs Debian's chromium and ghostscript.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright
from pypdf import PdfReader

from docs.gallery_page import Shot, draw_charts, page
from docs.screens import Bubble, discord, telegram
from tests.story.chats import OnDiscord, OnTelegram
from tests.story.house import House, RunningClock, a_house, until

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"
PHONE = {"width": 390, "height": 844}
NOW = datetime(2026, 11, 14, 15, 20, tzinfo=UTC)  # three positions are open and one entry was refused
LIMITS = {"gross_exposure": 0.25, "daily_loss": 0.03, "order_share": 0.1}
LARGEST, LARGEST_OF_ALL = 150_000, 4_000_000  # bytes

LINES = {
    "status": "/status",
    "risk": "/risk",
    "why": "/why BTC/USDT",
    "stress": "/stress",
    "stress-ftx": "/stress ftx",
    "backtest": "/backtest ema_cross fast=9 slow=21",
    "equity": "/equity 30d",
    "chart": "/chart BTC/USDT 1h",
    "report": "/report daily",
    "kill": "/kill",
}
ON_DISCORD = ("status", "stress")
IN_KOREAN = ("status", "risk", "why", "stress-ftx")  # in the web chat and on Telegram


async def main() -> None:
    """Every picture and the page that shows them, in one run."""
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir()
    async with async_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        shots = await on_phones(browser)
        shots += await on_discord(browser)
        await browser.close()
    shots += draw_charts(PICTURES)
    for shot in shots:
        squeeze(PICTURES / f"{shot.name}.png")
    sizes = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    if max(sizes.values()) > LARGEST or sum(sizes.values()) > LARGEST_OF_ALL:
        raise SystemExit(f"The pictures are too large for a repository: {sizes}")
    (HERE / "gallery.md").write_text(page(shots), encoding="utf-8")


async def on_phones(browser: Browser) -> list[Shot]:
    """The same desk in the web chat and on Telegram."""
    async with OnTelegram() as chat, a_desk(chat.sections) as house:
        web = [shot async for shot in in_the_browser(browser, house)]
        await house.asked("resume")  # what was asked for last, a kill, has closed entries
        await chat.pair(house)
        told = [await on_telegram(browser, chat, name, line) for name, line in LINES.items()]
        await house.asked("resume")
        report = await of_a_report(chat)
        return web + told + report + await in_korean(browser, house, chat)


async def of_a_report(chat: OnTelegram) -> list[Shot]:
    """Every page of the weekly report, which came as a document."""
    await chat.say("/report weekly", quiet=2.0)

    def document() -> bytes:
        said = chat.telegram.shown(chat.ann)
        return next((m.content for m in said if m.kind == "document" and m.filename.endswith(".pdf")), b"")

    pdf = await until(document, within=60)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "week.pdf").write_bytes(pdf)
        drawing = ["-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=png16m", "-r240", "-dDownScaleFactor=3"]
        program = await asyncio.create_subprocess_exec(
            "gs", *drawing, f"-sOutputFile={PICTURES}/report-%d.png", f"{folder}/week.pdf"
        )
        if await program.wait():
            raise SystemExit("Ghostscript could not draw the pages of the report.")
    pages = [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]
    return [
        Shot(
            name=f"report-{number}",
            section="Report",
            caption=f"page {number}",
            alt=f"A weekly report, page {number}: {beginning(words, lines=4)}",
            width=270,
        )
        for number, words in enumerate(pages, 1)
    ]


async def in_korean(browser: Browser, house: House, chat: OnTelegram) -> list[Shot]:
    """The main screens once more, for README.ko.md."""
    await house.asked("language", "ko")
    found = [await on_telegram(browser, chat, name, LINES[name], tongue="ko") for name in IN_KOREAN]
    context = await browser.new_context(
        viewport=PHONE, device_scale_factor=2, color_scheme="dark", locale="ko-KR"
    )
    window = await context.new_page()
    await window.goto(f"{house.address}/enter/{(await house.facts('link'))['code']}")
    await window.wait_for_selector("[role=log] article", timeout=60_000)
    found += [await in_the_chat(window, name, LINES[name], tongue="ko") for name in IN_KOREAN]
    await context.close()
    return found


@asynccontextmanager
async def a_desk(sections: dict[str, Any]) -> AsyncIterator[House]:
    """A house in a folder of its own that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        limits = {"main": {"risk": LIMITS}}
        async with a_house(Path(folder), RunningClock(NOW), accounts=limits, **sections) as house:
            yield house


async def in_the_browser(browser: Browser, house: House) -> AsyncIterator[Shot]:
    """The web chat on a phone, scrolled so that the question is on top."""
    context = await browser.new_context(viewport=PHONE, device_scale_factor=2, color_scheme="dark")
    window = await context.new_page()
    await window.goto(house.link)
    await window.wait_for_selector("[role=log] article", timeout=60_000)
    await window.wait_for_timeout(1500)
    await window.screenshot(path=PICTURES / "web-welcome.png")
    yield Shot(
        name="web-welcome",
        section="Web chat",
        caption="the first page",
        alt=f"Web chat on a phone: {await last(window)}",
        width=270,
    )
    for name, line in LINES.items():
        yield await in_the_chat(window, name, line)
    await context.close()


async def in_the_chat(window: Page, name: str, line: str, *, tongue: str = "") -> Shot:
    """One line and its answer."""
    await ask(window, line)
    name, section = named("web", name, tongue), "Web chat" if not tongue else "한국어"
    await window.screenshot(path=PICTURES / f"{name}.png")
    alt = f"Web chat on a phone, {line}: {await last(window)}"
    return Shot(name=name, section=section, caption=f"<code>{line}</code>", alt=alt, width=270)


def named(where: str, name: str, tongue: str) -> str:
    return "-".join(part for part in (where, name, tongue) if part)


async def ask(window: Page, line: str) -> None:
    """Type a line, wait for its answer to stand still, and bring it into view."""
    before = await window.locator("[role=log] .desk").count()
    await window.keyboard.type(line)
    await window.keyboard.press("Enter")
    async with asyncio.timeout(60):
        while await window.locator("[role=log] .desk").count() == before:
            await window.wait_for_timeout(100)
        while "Stop it" in await window.locator("[role=log] .desk").last.inner_text():
            await window.wait_for_timeout(200)
    await window.wait_for_timeout(2000)
    await window.locator("[role=log] .you").last.evaluate(
        "node => document.querySelector('#scroller').scrollTop"
        " += node.getBoundingClientRect().top - document.querySelector('#scroller').getBoundingClientRect().top - 8"
    )
    await window.wait_for_timeout(500)


async def last(window: Page) -> str:
    """What the newest answer says before its rows."""
    parts = window.locator("[role=log] .desk").last.locator(".title > span:not(.unseen), .text")
    return beginning("\n".join(await parts.all_inner_texts()), lines=4)


def beginning(words: str, *, lines: int = 2) -> str:
    """The first lines after the account's name, for those who cannot see the picture."""
    said = [line.strip("• ") for line in words.splitlines() if line.strip() and " · main" not in line]
    return "; ".join(" ".join(line.split()).rstrip(".;") for line in said[:lines]) + "."


async def on_telegram(browser: Browser, chat: OnTelegram, name: str, line: str, *, tongue: str = "") -> Shot:
    """What the desk really sent to a (fake) Telegram, in bubbles."""
    before = len(chat.telegram.shown(chat.ann))

    def whole() -> list[Any]:
        said = chat.telegram.shown(chat.ann)[before:]
        return [] if any({"Stop it", "중단"} & set(message.labels) for message in said) else said

    await chat.say(line, quiet=1.0)
    said = await until(whole, within=60)
    bubbles = [
        Bubble(
            body=message.html,
            image=message.content if message.kind == "photo" else b"",
            rows=tuple(tuple(button.label for button in row) for row in message.rows),
        )
        for message in said
    ]
    window = await browser.new_page(viewport=PHONE, device_scale_factor=2)
    await window.set_content(telegram(line, bubbles))
    name, section = named("telegram", name, tongue), "Telegram" if not tongue else "한국어"
    await window.screenshot(path=PICTURES / f"{name}.png")
    await window.close()
    words = beginning("\n".join(message.text for message in said))
    alt = f"Telegram on a phone, {line}: {words}"
    return Shot(name=name, section=section, caption=f"<code>{line}</code>", alt=alt, width=270)


async def on_discord(browser: Browser) -> list[Shot]:
    """What the desk really answered to slash commands of a (fake) Discord."""
    shots = []
    async with OnDiscord() as chat, a_desk(chat.sections) as house:
        await chat.connect(house)
        await chat.pair(house)
        for name in ON_DISCORD:
            line = LINES[name]
            answer = await chat.say(line, quiet=1.0)
            message = answer.shown
            rows = [[(b["label"], b["style"]) for b in row["components"]] for row in message.components]
            images = [upload.content for upload in message.images]
            window = await browser.new_page(viewport={"width": 620, "height": 300}, device_scale_factor=1.5)
            await window.set_content(discord("Ann", line, message.embeds, images, rows))
            await window.screenshot(path=PICTURES / f"discord-{name}.png", full_page=True)
            await window.close()
            alt = f"Discord, {line}: {beginning(message.text)}"
            shots.append(
                Shot(
                    name=f"discord-{name}",
                    section="Discord",
                    caption=f"<code>{line}</code>",
                    alt=alt,
                    width=420,
                )
            )
    return shots


def squeeze(path: Path) -> None:
    """The same picture in 256 colours, when that is smaller."""
    before, after = path.read_bytes(), BytesIO()
    few = Image.open(path).convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(after, "PNG", optimize=True)
    if len(after.getvalue()) < len(before):
        path.write_bytes(after.getvalue())


if __name__ == "__main__":
    asyncio.run(main())
