"""The page for exchange keys: for whoever trades and sits at this machine; it shows nothing again."""

from urllib.parse import urlencode

import pytest

from tests.bot.web.desk import a_person
from trading.domain.people import Role, Session

KEY, SECRET = "Kp4vNq8LrT2xWz6YbC1dEf3GhJ5mQs7U", "Zx9yXw8vUt7sRq6pOn5mLk4jIh3gFe2dCb1aAz0Y"
FORM = {"account": "main", "purpose": "trade", "key": KEY, "secret": SECRET, "passphrase": ""}
TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


async def sent(visitor, form, **headers):
    return await visitor.send("/keys", urlencode(form), **{"Origin": visitor.home} | TYPE | headers)


async def test_the_form_becomes_a_line_with_the_key_beside_it(owner, desk):
    answer = await sent(owner, FORM)

    line = desk.lines[-1]
    assert (line.text, line.place.local) == ("/keys-add main !", True)
    assert (line.secrets["key"], line.secrets["secret"]) == (KEY, SECRET)
    assert KEY not in repr(line)
    assert SECRET not in await answer.text()


async def test_a_key_for_looking_says_so(owner, desk):
    await sent(owner, FORM | {"purpose": "read"})

    assert desk.lines[-1].text == "/keys-add main --read-only !"


async def test_a_refusal_stands_on_the_page_and_the_account_is_kept(owner):
    answer = await sent(owner, FORM | {"account": "other"})

    text = await answer.text()
    assert answer.status == 422
    assert 'class="problem" role="alert">There is no command' in text
    assert 'value="other"' in text


@pytest.mark.parametrize("account", ["", "main; /kill !", "main !", "<b>", "a" * 300 + "/"])
async def test_an_account_is_a_name_and_no_line(owner, desk, account):
    answer = await sent(owner, FORM | {"account": account})

    assert (answer.status, desk.lines) == (400, [])


async def test_the_page_is_never_kept_by_a_browser_and_asks_for_no_password_manager(owner):
    answer = await owner.get("/keys")

    text = await answer.text()
    assert answer.headers["cache-control"] == "no-store"
    assert text.count('type="password"') == 3
    assert 'autocomplete="off"' in text
    assert "{{" not in text


async def test_a_korean_reads_korean(visitor):
    await visitor.sign_in(a_person(language="ko"))

    text = await (await visitor.get("/keys")).text()

    assert 'lang="ko"' in text
    assert "거래소 키 입력" in text


async def test_without_a_session_there_is_no_page(visitor, desk):
    shown, stored = await visitor.get("/keys"), await sent(visitor, FORM)

    assert (shown.status, stored.status, desk.lines) == (401, 401, [])


async def test_a_browser_that_a_chat_let_in_is_not_this_machine(owner, desk, monkeypatch):
    async def from_telegram(token):
        return Session(person=a_person(), origin="telegram")

    monkeypatch.setattr(desk.sessions, "session", from_telegram)

    shown, stored = await owner.get("/keys"), await sent(owner, FORM)

    assert (shown.status, stored.status, desk.lines) == (403, 403, [])


async def test_who_only_looks_puts_in_no_keys(visitor, desk):
    await visitor.sign_in(a_person(role=Role.VIEWER))

    answer = await sent(visitor, FORM)

    assert (answer.status, desk.lines) == (403, [])


async def test_another_page_cannot_send_the_form(owner, desk):
    answer = await sent(owner, FORM, Origin="https://evil.example")

    assert (answer.status, desk.lines) == (403, [])


async def test_a_pasted_key_is_not_in_the_chat_that_others_tabs_see(owner, desk):
    async with owner.page() as page:
        await page.socket.send_json({"line": SECRET, "id": "one", "on": None})
        await page.until("over")
    async with owner.page() as later:
        shown = str(later.hello)

    assert desk.lines[-1].text == SECRET  # the dispatcher sees it, and refuses it
    assert "[a key, not kept]" in shown
    assert SECRET not in shown.replace(f"There is no command {SECRET} for you.", "")
