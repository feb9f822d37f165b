"""The web chat as a person meets it: open the link, talk, press, look, lose the connection, come back."""

from dataclasses import replace

import pytest
from playwright.async_api import expect

from bot.reply import Button, Reply, Row, Tone
from tests.bot.web.desk import a_person
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def paired(desk, page, person=None):
    """Open the one-time link and wait for the greeting."""
    await page.goto(desk.server.url(desk.code("good", person)))
    await expect(page.locator("article.desk")).to_have_count(1)
    return page


async def type_line(page, line):
    await page.locator("#line").fill(line)
    await page.keyboard.press("Enter")


def bubbles(page):
    return page.locator("article.said")


async def test_the_link_signs_in_and_the_desk_greets_by_itself(desk, open_page):
    page = await paired(desk, await open_page())

    await expect(page).to_have_url(f"{desk.server.address}/")
    await expect(page.get_by_role("heading", name="Your desk is running.")).to_be_visible()
    await expect(page.locator(".bar .mode")).to_have_text("PAPER · main")
    await expect(page.get_by_role("status")).to_have_text("Connected")
    assert [line.text for line in desk.lines] == ["/start"]


async def test_without_a_session_the_page_says_where_the_link_is_and_takes_the_code(desk, open_page):
    page = await open_page()
    desk.code("K7PQ-2M")

    await page.goto(desk.server.address)
    await expect(page.locator("main")).to_contain_text("the link that Tradewind printed in its terminal")
    await page.get_by_label("Pairing code").fill("wrong")
    await page.get_by_role("button", name="Open the desk").click()
    await expect(page.get_by_role("alert")).to_contain_text("This code is not good")
    await expect(page.get_by_label("Pairing code")).to_be_focused()
    await page.get_by_label("Pairing code").fill("K7PQ-2M")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="Your desk is running.")).to_be_visible()


async def test_a_link_used_before_says_so_and_asks_for_a_code(desk, open_page):
    page = await open_page()

    await page.goto(desk.server.url("used-before"))

    await expect(page.get_by_role("alert")).to_contain_text("used already, too old, or mistyped")
    await expect(page.get_by_label("Pairing code")).to_have_value("used-before")


async def test_a_command_by_keyboard_alone(desk, open_page):
    page = await paired(desk, await open_page())

    await expect(page.get_by_role("combobox", name="Message")).to_be_focused()
    await page.keyboard.type("/sta")
    await expect(page.get_by_role("option")).to_have_text(
        ["/startWhere things stand.", "/statusMode, equity, open positions."]
    )
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("option", name="/status")).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("combobox", name="Message")).to_have_value("/status ")
    await page.keyboard.press("Enter")

    await expect(page.locator(".you .line")).to_have_text("/status")
    await expect(bubbles(page).last.locator(".value")).to_have_text("-18.42 USDT")
    await expect(bubbles(page).last.locator(".value .down")).to_have_text("-18.42")


async def test_changes_are_coloured_and_ranges_are_not(desk, open_page):
    page = await paired(desk, await open_page())
    text = "It must be within -1 ... 1, or -9 ... -2, and moved by -3.5% to +4%, in all -6."

    coloured = await page.evaluate(
        """async (text) => {
            const { rich } = await import("/static/bubbles.js");
            return [...rich(text).querySelectorAll("span")].map((span) => span.className + " " + span.textContent);
        }""",
        text,
    )

    assert coloured == ["down -3.5%", "up +4%", "down -6."]


async def test_words_are_completed_from_the_desk(desk, open_page):
    page = await paired(desk, await open_page())

    await page.keyboard.type("/chart e")
    await expect(page.get_by_role("option")).to_have_text(["ETH/USDTthe symbol"])
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("combobox")).to_have_value("/chart ETH/USDT ")
    await page.keyboard.press("Control+A")
    await page.keyboard.type("/equity ")
    await expect(page.get_by_role("option")).to_have_text(["7dthe window", "30dthe window"])
    await page.keyboard.press("Escape")

    await expect(page.get_by_role("option")).to_have_count(0)
    await expect(page.get_by_role("combobox")).to_have_attribute("aria-expanded", "false")


async def test_the_arrow_brings_back_what_was_sent(desk, open_page):
    page = await paired(desk, await open_page())
    await type_line(page, "/status")
    await type_line(page, "/help")
    field = page.get_by_role("combobox", name="Message")
    await field.fill("half a")
    await page.keyboard.press("Escape")

    seen = []
    for key in ("ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown"):
        await page.keyboard.press(key)
        seen.append(await field.input_value())

    assert seen == ["/help", "/status", "/status", "/help", "half a"]


async def test_a_korean_syllable_in_the_making_is_not_sent(desk, open_page):
    page = await paired(desk, await open_page())
    before = len(desk.lines)

    await page.get_by_role("combobox", name="Message").fill("현")
    await page.evaluate(
        """() => document.querySelector("#line").dispatchEvent(new KeyboardEvent("keydown",
            { key: "ArrowUp", isComposing: true, bubbles: true, cancelable: true }))"""
    )

    await expect(page.get_by_role("combobox", name="Message")).to_have_value("현")
    assert len(desk.lines) == before


async def test_a_danger_asks_first_and_its_bubble_becomes_the_answer(desk, open_page):
    page = await paired(desk, await open_page())

    await page.get_by_role("button", name="Careful: Kill").click()
    sure = bubbles(page).last
    await expect(sure.get_by_role("heading")).to_have_text("Careful: Sure? Stop everything.")
    danger = sure.get_by_role("button", name="Careful: Sell everything and stop")
    safe = sure.get_by_role("button", name="Leave it")
    shapes = [await button.evaluate("b => getComputedStyle(b).borderRadius") for button in (danger, safe)]
    await danger.focus()
    await page.keyboard.press("Enter")

    await expect(sure.get_by_role("heading")).to_have_text("Problem: Stopped. Nothing is open.")
    await expect(sure.get_by_role("button")).to_have_count(0)
    await expect(bubbles(page)).to_have_count(3)
    await expect(sure).to_be_focused()
    assert shapes[0] != shapes[1]
    assert [line.text for line in desk.lines] == ["/start", "/kill", "/kill !now"]


async def test_a_button_brings_a_picture_that_can_be_enlarged(desk, open_page):
    page = await paired(desk, await open_page())

    await page.get_by_role("button", name="Equity chart").click()
    picture = page.get_by_role("img", name="Equity rose from 10,000 to 10,482 USDT.")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("i => i.decode().then(() => i.naturalWidth)") == 72
    await page.get_by_role("button", name="Enlarge picture").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await expect(page.get_by_role("dialog")).to_contain_text("Equity rose from 10,000 to 10,482 USDT.")
    await page.keyboard.press("Escape")

    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.get_by_role("button", name="Enlarge picture")).to_be_focused()
    await expect(bubbles(page).first).to_contain_text("Your desk is running.")


async def test_progress_moves_in_one_bubble(desk, open_page):
    page = await paired(desk, await open_page())

    await type_line(page, "/slow")
    bar = page.get_by_role("progressbar")
    await expect(bar).to_have_attribute("value", "50")
    await expect(bubbles(page).last).to_have_attribute("aria-busy", "true")
    desk.gate.set()

    await expect(bubbles(page).last.get_by_role("heading")).to_have_text("Done at last")
    await expect(bar).to_have_count(0)
    await expect(bubbles(page).last).to_have_attribute("aria-busy", "false")


async def test_a_command_named_in_an_answer_can_be_pressed(desk, open_page):
    page = await paired(desk, await open_page())

    await page.get_by_role("button", name="/help", exact=True).click()

    await expect(page.get_by_role("combobox", name="Message")).to_have_value("/help ")
    await expect(page.get_by_role("combobox", name="Message")).to_be_focused()


async def test_hostile_text_stays_text(desk, open_page):
    page = await paired(desk, await open_page())
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"

    await type_line(page, hostile)
    await desk.platform.send("1", Reply(title=hostile, text=hostile, header=hostile))

    await expect(bubbles(page).last.get_by_role("heading")).to_have_text(hostile)
    assert await page.locator("article img, article script").count() == 0


async def test_korean_people_get_a_korean_page(desk, open_page):
    page = await paired(desk, await open_page(PHONE, locale="ko-KR"), a_person(language="ko"))

    await expect(page.locator("html")).to_have_attribute("lang", "ko")
    await expect(page.get_by_role("status")).to_have_text("연결됨")
    await expect(page.get_by_role("button", name="현황")).to_be_visible()
    await type_line(page, "/status")
    down = page.locator(".value .down")
    await expect(down).to_have_css("color", "rgb(26, 86, 184)")  # a fall is blue in Korea


async def test_the_pages_own_words_change_with_the_language(desk, open_page):
    page = await paired(desk, await open_page(PHONE))
    sessions = desk.sessions.people
    sessions.update({token: replace(person, language="ko") for token, person in sessions.items()})

    await type_line(page, "/language ko")

    await expect(page.get_by_role("status")).to_have_text("연결됨")
    await expect(page.get_by_role("button", name="현황")).to_be_visible()
    await expect(page.locator(".you .line")).to_have_text("/language ko")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_nothing_is_wider_than_the_screen(desk, open_page, size):
    page = await paired(desk, await open_page(size))
    for line in ("/status", "/equity", "/kill", "/backtest x", "w" * 300):
        await type_line(page, line)
    await desk.platform.send("1", Reply(title="k" * 200, text="v" * 300, header="🧪 PAPER · " + "n" * 60))
    await expect(bubbles(page)).to_have_count(12)

    widths = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    scroller = await page.locator("#scroller").evaluate("s => [s.scrollWidth, s.clientWidth]")

    assert widths[0] == size["width"]
    assert scroller[0] <= scroller[1]


def a_panel(title, *, stays=True, tone=Tone.PLAIN):
    buttons = ((Button("Status", "/status"),),) if stays else ()
    rows = (Row("Loss left today", "300.00 USDT"), Row("Health", "✓ last candle 12:00"))
    return Reply(title=title, rows=rows, header="🧪 PAPER · main", buttons=buttons, stays=stays, tone=tone)


async def test_the_panel_stays_in_sight_is_opened_by_keyboard_and_goes_when_it_ends(desk, open_page):
    page = await paired(desk, await open_page(PHONE))
    panel = (await desk.platform.send("1", a_panel("Equity 9,000.00 USDT"))).ref
    for number in range(30):
        await desk.platform.send("1", Reply(title=f"notice {number}"))
    await expect(bubbles(page)).to_have_count(32)
    shelf = page.get_by_role("region", name="Kept in sight")
    line = shelf.locator("summary")

    await expect(bubbles(page).nth(1)).not_to_be_in_viewport()
    await expect(line).to_be_in_viewport()
    tall = await line.evaluate("s => s.getBoundingClientRect().height")
    await line.focus()
    await page.keyboard.press("Enter")
    await expect(shelf.get_by_text("300.00 USDT")).to_be_in_viewport()
    await desk.platform.edit("1", panel, a_panel("Equity 9,100.00 USDT", tone=Tone.WARNING))
    await expect(line).to_contain_text("Careful: Equity 9,100.00 USDT")
    await expect(line).to_be_focused()
    await expect(shelf.get_by_text("300.00 USDT")).to_be_visible()
    await shelf.get_by_role("button", name="Status").click()
    await expect(bubbles(page).last.locator(".value")).to_have_text("-18.42 USDT")
    await page.reload()
    await expect(line).to_contain_text("Equity 9,100.00 USDT")
    await desk.platform.edit("1", panel, a_panel("Equity 9,100.00 USDT", stays=False))

    await expect(shelf).to_be_hidden()
    assert tall >= 44


async def test_panels_of_two_accounts_say_whose_they_are_within_the_screen(desk, open_page):
    page = await paired(desk, await open_page(PHONE))
    for account in ("main", "a" * 40):
        panel = replace(a_panel("Equity 123,456,789.00 USDT ▲ +0.16% today"), header=f"🧪 PAPER · {account}")
        await desk.platform.send("1", panel)
    lines = page.locator("#pinned summary")
    await expect(lines).to_have_count(2)

    await expect(lines.first.locator(".mode")).to_have_text("PAPER · main")
    widths = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    boxes = [await lines.nth(n).bounding_box() for n in range(2)]
    assert widths[0] == PHONE["width"]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"] for box in boxes)


async def test_the_theme_follows_the_device_until_somebody_chooses(desk, open_page):
    page = await paired(desk, await open_page())
    light = await page.screenshot()
    await page.emulate_media(color_scheme="dark")
    dark = await page.screenshot()
    toggle = page.locator("#theme")
    await expect(toggle).to_have_accessible_name("Theme: as the device. Switch to light")

    await toggle.click()
    await expect(page.locator("body")).to_have_css("background-color", "rgb(243, 245, 244)")
    await toggle.click()
    await expect(page.locator("body")).to_have_css("background-color", "rgb(12, 18, 20)")
    await page.emulate_media(color_scheme="light")
    await page.reload()

    assert light != dark
    await expect(page.locator("body")).to_have_css("background-color", "rgb(12, 18, 20)")
    await expect(toggle).to_have_accessible_name("Theme: dark. Switch to the device's")
