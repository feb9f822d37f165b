"""Reloads, restarts, lost connections and ended sessions, as a person meets them."""

import re

import pytest
from playwright.async_api import expect

from bot.reply import Reply
from tests.bot.web.desk import running
from tests.browser.test_chat import bubbles, paired, type_line

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_picture_that_is_no_longer_kept_leaves_its_words(desk, open_page):
    page = await paired(desk, await open_page())
    await type_line(page, "/equity")
    await expect(page.get_by_role("img", name="Equity rose")).to_be_visible()

    desk.server.chats.keepsakes._kept.clear()
    await page.reload()

    await expect(page.locator(".gone")).to_have_text(
        "This picture is no longer kept. It showed: Equity rose from 10,000 to 10,482 USDT."
    )


async def test_a_reload_keeps_the_conversation(desk, open_page):
    page = await paired(desk, await open_page())
    await type_line(page, "/status")
    await expect(bubbles(page)).to_have_count(3)
    before = await bubbles(page).all_inner_texts()

    await page.reload()

    await expect(bubbles(page)).to_have_count(3)
    assert await bubbles(page).all_inner_texts() == before
    assert len(desk.lines) == 2


async def test_after_a_restart_the_page_comes_back_and_sends_what_waited(desk, open_page):
    page = await paired(desk, await open_page())
    await type_line(page, "/status")
    await expect(bubbles(page)).to_have_count(3)
    port = desk.server.port

    await desk.stop()
    await expect(page.get_by_role("status")).to_have_text(re.compile("No connection|Reconnecting"))
    await type_line(page, "/help")
    await expect(page.locator(".you.waiting .note")).to_contain_text("Waits for the connection")
    await type_line(page, "/kill")
    await page.locator(".you.waiting").last.get_by_role("button", name="Don't send").click()
    async with running(desk, desk.build(port=port)):
        await expect(page.get_by_role("status")).to_have_text("Connected", timeout=15_000)

        await expect(bubbles(page).last).to_contain_text("There is no command /help for you.")
        await expect(page.locator(".you.waiting")).to_have_count(0)
        await expect(bubbles(page)).to_have_count(5)
    assert [line.text for line in desk.lines] == ["/start", "/status", "/help"]
    assert desk.lines[2].sent_at < desk.clock()


async def test_a_line_the_desk_had_before_it_was_killed_is_explained(desk, open_page, monkeypatch):
    page = await paired(desk, await open_page())
    port = desk.server.port
    await type_line(page, "/slow")
    await expect(page.get_by_role("progressbar")).to_be_visible()

    monkeypatch.setattr("bot.web.lines.Lines.close", a_killed_process_closes_nothing)
    await desk.stop()
    async with running(desk, desk.build(port=port)):
        await expect(page.get_by_role("status")).to_have_text("Connected", timeout=15_000)
        await expect(bubbles(page).last).to_contain_text("The desk had this line before it restarted")

        await expect(page.get_by_role("progressbar")).to_have_count(0)
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert [line.text for line in desk.lines] == ["/start", "/slow", "/slow"]
    assert desk.lines[1].update_id == desk.lines[2].update_id


async def a_killed_process_closes_nothing(lines, grace):
    return


async def test_a_notice_comes_by_itself_and_is_counted_when_nobody_looks(desk, open_page):
    page = await paired(desk, await open_page())
    show = "state => Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })"

    await page.evaluate(show, "hidden")
    await desk.platform.send("1", Reply(title="Sold 0.01 BTC at 63,120.5", header="LIVE · other"))
    await expect(page.get_by_role("heading", name="Sold 0.01 BTC at 63,120.5")).to_be_visible()
    await expect(page).to_have_title("(1) Tradewind")
    await page.evaluate(show, "visible")
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    await expect(page).to_have_title("Tradewind")
    await expect(page.locator(".bar .mode")).to_have_text("PAPER · main")  # the notice was another account's


async def test_signing_out_leads_back_to_the_entrance(desk, open_page):
    page = await paired(desk, await open_page())

    await page.get_by_role("button", name="Sign out").click()

    await expect(page.get_by_label("Pairing code")).to_be_visible()
    assert desk.sessions.people == {}


async def test_an_ended_session_leads_back_to_the_entrance(desk, open_page):
    page = await paired(desk, await open_page())

    desk.sessions.forget()
    await type_line(page, "/status")

    await expect(page.get_by_label("Pairing code")).to_be_visible()
    assert [line.text for line in desk.lines] == ["/start"]
