"""Signing in, staying in, signing out; and nobody else gets in."""

from datetime import datetime, timedelta

import pytest

from bot.pace import Bucket
from tests.bot.web.desk import TERMINAL_TOKEN, a_person
from tests.bot.web.visitor import a_visitor
from tests.fakes.clock import NOON
from trading.domain.people import Role


async def test_a_link_opened_by_a_preview_is_not_used_up(desk, visitor):
    desk.code("good")

    first = await visitor.get("/enter/good")
    second = await visitor.get("/enter/good")

    assert (first.status, second.status) == (200, 200)
    assert 'value="good"' in await second.text()
    assert desk.entered == []
    assert "good" in desk.codes


async def test_a_code_opens_a_session_of_thirty_days_once(desk, visitor):
    desk.code("good")

    answer = await visitor.post("/enter", {"code": " good "})
    again = await visitor.post("/enter", {"code": "good"})

    assert answer.status == 200
    assert desk.entered == [("good", "browser"), ("good", "browser")]
    assert desk.sessions.lasts == [timedelta(days=30)]
    assert again.status == 403
    assert await again.json() == {
        "error": "This code is not good: used already, too old, or mistyped. The terminal shows a fresh one."
    }


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(desk, visitor):
    desk.code("good")

    answer = await visitor.post("/enter", {"code": "good"})

    port = desk.server.port
    assert answer.headers["Set-Cookie"] == (
        f"tradewind_{port}=session-0-of-1; HttpOnly; Max-Age=2592000; Path=/; SameSite=strict"
    )


async def test_the_form_works_without_scripts(desk, visitor):
    desk.code("good")
    form = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}

    answer = await visitor.send("/enter", {"code": "good"}, **form)

    assert str(answer.url) == f"{visitor.home}/"
    assert 'id="composer"' in await answer.text()


async def test_the_form_says_why_a_code_is_no_good_and_keeps_no_markup(desk, visitor):
    form = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}

    answer = await visitor.send("/enter", {"code": "<b>x"}, **form)

    assert answer.status == 403
    assert "This code is not good" in await answer.text()
    page = await (await visitor.get("/enter/%22%3E%3Cb%3E")).text()
    assert "&quot;&gt;&lt;b&gt;" in page
    assert "<b>" not in page


@pytest.mark.parametrize("code", [None, 7, "", "   ", "x" * 201, ["good"]])
async def test_what_is_no_code_never_reaches_the_book(desk, visitor, code):
    answer = await visitor.post("/enter", {"code": code})

    assert answer.status == 403
    assert desk.entered == []


async def test_after_ten_wrong_codes_whoever_guesses_is_told_to_wait(desk, visitor):
    tries = [await visitor.post("/enter", {"code": "wrong"}) for _ in range(11)]
    desk.clock.advance(6)
    after = await visitor.post("/enter", {"code": "wrong"})

    assert [answer.status for answer in tries] == [403] * 10 + [429]
    assert "Too many attempts" in (await tries[-1].json())["error"]
    assert after.status == 403


async def test_whoever_has_a_good_code_comes_in_however_many_strangers_guess(desk, visitor):
    desk.code("good")
    desk.visits["signed"] = a_person(3)
    for _ in range(12):
        await visitor.post("/enter", {"code": "wrong"})
        await visitor.post("/enter/telegram", {"init_data": "forged"})

    by_code = await visitor.post("/enter", {"code": "good"})
    by_telegram = await visitor.post("/enter/telegram", {"init_data": "signed"})

    assert (by_code.status, by_telegram.status) == (200, 200)


async def test_home_is_the_entrance_until_somebody_signed_in(owner, desk):
    async with a_visitor(desk) as stranger:
        entrance = await (await stranger.get("/")).text()
    home = await (await owner.get("/")).text()

    assert 'id="code"' in entrance
    assert 'id="composer"' not in entrance
    assert 'id="composer"' in home


async def test_the_page_speaks_the_person_s_language_and_the_entrance_the_browser_s(desk, visitor):
    entrance = await (await visitor.get("/", **{"Accept-Language": "ko-KR,ko;q=0.9"})).text()
    await visitor.sign_in()
    desk.sessions.people = dict.fromkeys(desk.sessions.people, a_person(language="ko"))
    home = await (await visitor.get("/")).text()

    assert '<html lang="ko">' in entrance
    assert '<html lang="ko">' in home


async def test_signing_out_ends_the_session_everywhere(owner, desk):
    async with owner.page() as page:
        answer = await owner.post("/leave", {})
        code = await page.closed()

    assert answer.status == 200
    assert code == 4401
    assert desk.sessions.people == {}
    assert (await owner.get("/api/me")).status == 401


@pytest.mark.parametrize(
    "authorization",
    ["Bearer wrong", "Bearer ", "Bearer", f"Basic {TERMINAL_TOKEN}", TERMINAL_TOKEN, "Bearer ü"],
)
async def test_a_wrong_token_is_nobody_even_with_a_good_cookie(owner, authorization):
    assert (await owner.get("/api/me")).status == 200
    assert (await owner.get("/api/me", Authorization=authorization)).status == 401


async def test_a_guessed_cookie_is_nobody(desk, visitor):
    answer = await visitor.get("/api/me", Cookie=f"tradewind_{desk.server.port}=guess")

    assert answer.status == 401
    assert await answer.json() == {"error": "Sign in first: open the link that Tradewind's terminal shows."}


async def test_one_person_never_sees_another_s_pictures(owner, desk):
    async with owner.page() as page:
        await page.say("/equity", "a1")
        url = (await page.reply("a1"))["images"][0]["url"]

    async with a_visitor(desk) as other:
        await other.sign_in(a_person(2, role=Role.VIEWER))

        assert (await owner.get(url)).status == 200
        assert (await other.get(url)).status == 404


def test_a_bucket_lets_a_burst_through_and_then_its_pace():
    bucket = Bucket(2, 0.5, NOON)

    waits = [bucket.wait(NOON) for _ in range(3)]

    assert waits == [0.0, 0.0, 2.0]
    assert bucket.wait(NOON + timedelta(seconds=2)) == 0.0
    assert bucket.wait(NOON + timedelta(seconds=3)) == 1.0


def test_a_clock_set_back_neither_fills_nor_empties_a_bucket():
    bucket = Bucket(1, 1.0, NOON)
    bucket.wait(NOON)

    earlier: datetime = NOON - timedelta(hours=1)

    assert bucket.wait(earlier) == 1.0
