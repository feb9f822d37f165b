"""The page for those who do not see it, see it badly, or have no mouse."""

import re

import pytest
from playwright.async_api import expect

from bot.reply import Reply, Tone
from tests.bot.web.desk import HEADER, QUICK
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_chat import bubbles, paired, type_line

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CONTRAST = """
(selectors) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [x, y, z] = [r, g, b].map((c) => linear(c / 255));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const backgroundOf = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      const painted = style.backgroundImage.startsWith("linear-gradient") && style.maskImage === "none"
        ? /(rgba?\\([^)]*\\)|color\\([^)]*\\))/.exec(style.backgroundImage)[1] : style.backgroundColor;
      if (rgba(painted)[3] === 255) return rgba(painted);
    }
    return [255, 255, 255, 255];
  };
  const found = {};
  for (const selector of selectors) {
    for (const node of document.querySelectorAll(selector)) {
      const [a, b] = [light(rgba(getComputedStyle(node).color)), light(backgroundOf(node))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      found[selector] = Math.min(found[selector] ?? 99, ratio);
    }
  }
  return found;
}
"""
TEXTS = [
    ".brand",
    ".mode",
    ".mode.canary",
    ".mode.live",
    "#state-words",
    ".icon",
    ".title",
    ".title svg",
    ".text",
    ".label",
    ".value",
    ".detail",
    ".up",
    ".down",
    ".typed",
    ".act",
    ".act.danger",
    ".chip",
    ".chip.danger",
    ".you .line",
    ".you .note",
    ".meta time",
    ".footer",
    ".file",
    ".percent",
    ".send",
    "#line",
]


async def a_full_chat(desk, page):
    """Every kind of text at once."""
    await paired(desk, page)
    for line in ("/status", "/backtest ema_cross", "/kill", "/unknown", "/slow"):
        await type_line(page, line)
    for tone in Tone:
        reply = Reply(
            title=f"Up +1.5%, see /help: {tone}",
            text="-2.5% since noon",
            header=HEADER,
            tone=tone,
            footer="id 7",
            buttons=QUICK,
        )
        await desk.platform.send("1", reply)
    for header in ("🐤 CANARY · main", "LIVE · main"):
        await desk.platform.send("1", Reply(title="Another account", header=header))
    await expect(page.get_by_role("progressbar")).to_be_visible()
    await expect(bubbles(page)).to_have_count(1 + 10 + len(Tone) + 2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ko"])
async def test_every_text_stands_out_from_its_ground(desk, open_page, scheme, language):
    page = await open_page(color_scheme=scheme)
    await a_full_chat(desk, page)
    await page.evaluate(f"document.documentElement.lang = '{language}'")

    ratios = await page.evaluate(CONTRAST, TEXTS)

    assert set(ratios) == set(TEXTS)
    assert {selector: round(ratio, 2) for selector, ratio in ratios.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_entrance_stands_out_from_its_ground(desk, open_page, scheme):
    page = await open_page(color_scheme=scheme)
    await page.goto(desk.server.url("wrong"))
    await expect(page.get_by_role("alert")).not_to_be_empty()
    texts = [".brand", "h1", "#how", "label", "#code", ".go", ".problem"]

    ratios = await page.evaluate(CONTRAST, texts)

    assert set(ratios) == set(texts)
    assert {selector: round(ratio, 2) for selector, ratio in ratios.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_every_control_has_a_name_and_is_large_enough_to_hit(desk, open_page, size):
    page = await open_page(size)
    await a_full_chat(desk, page)
    await type_line(page, "/equity")
    await expect(page.get_by_role("img", name="Equity rose")).to_be_visible()

    controls = await page.locator("button:visible, a:visible, input:visible").all()
    small = []
    for control in controls:
        await expect(control).to_have_accessible_name(re.compile(r"\S"))
        box = await control.bounding_box()
        in_a_sentence = "typed" in (await control.get_attribute("class") or "")
        if box and min(box["width"], box["height"]) < 24 and not in_a_sentence:
            small.append(await control.inner_text())

    assert len(controls) > 15
    assert small == []  # WCAG 2.2: 24 px, except within a sentence


async def test_every_picture_says_what_it_shows(desk, open_page):
    page = await paired(desk, await open_page())
    await type_line(page, "/equity")
    await expect(page.locator("article img")).to_have_count(1)

    for picture in await page.locator("img").all():
        assert await picture.get_attribute("alt") is not None
    assert await page.locator("article img").get_attribute("alt") == "Equity rose from 10,000 to 10,482 USDT."


async def test_new_messages_are_read_out_and_old_ones_are_not(desk, open_page):
    page = await paired(desk, await open_page())
    log = page.get_by_role("log", name="Conversation")

    await expect(log).to_have_attribute("aria-live", "polite")
    await page.evaluate(
        """() => { window.lives = []; new MutationObserver((changes) => {
            for (const change of changes) if (change.addedNodes.length)
              window.lives.push(change.target.closest("#log").getAttribute("aria-live"));
        }).observe(document.querySelector("#log"), { childList: true }); }"""
    )
    await type_line(page, "/status")
    await expect(bubbles(page)).to_have_count(3)

    assert set(await page.evaluate("window.lives")) == {"polite"}


async def test_the_tab_key_reaches_everything_and_shows_where_it_is(desk, open_page):
    page = await paired(desk, await open_page())
    await page.evaluate("document.activeElement.blur()")

    seen = []
    for _ in range(20):
        await page.keyboard.press("Tab")
        seen.append(
            await page.evaluate(
                """() => { const a = document.activeElement, s = getComputedStyle(a);
                const called = a.id || a.dataset.line || a.dataset.fill || a.className;
                const name = a === document.body ? "" : called;
                return [name, s.outlineStyle, parseFloat(s.outlineWidth)]; }"""
            )
        )

    reached = [name for name, _, _ in seen]
    for name in ("theme", "leave", "log", "/help", "/equity 30d", "/status", "/kill", "line", "send", "skip"):
        assert name in reached
    focused = [(name, style, width) for name, style, width in seen if name]
    assert [name for name, style, width in focused if style == "none" or width < 2] == []


async def test_the_skip_link_leads_to_the_field(desk, open_page):
    page = await paired(desk, await open_page())

    await page.get_by_role("link", name="Skip to the message field").focus()
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("combobox", name="Message")).to_be_focused()


async def test_who_wants_no_motion_gets_none(desk, open_page):
    page = await paired(desk, await open_page(reduced_motion="reduce"))
    await type_line(page, "/status")
    await expect(bubbles(page)).to_have_count(3)

    durations = await page.evaluate(
        "document.getAnimations().map((a) => a.effect.getComputedTiming().activeDuration)"
    )

    assert all(duration <= 1 for duration in durations)


async def test_the_page_has_one_heading_of_each_kind_and_landmarks(desk, open_page):
    page = await paired(desk, await open_page())

    for role in ("banner", "main", "contentinfo", "log", "status"):
        await expect(page.get_by_role(role)).to_have_count(1)
    await expect(page.get_by_role("heading", level=1)).to_have_count(1)
