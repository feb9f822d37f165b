"""Every command as a route, and the road the terminal takes to the running desk."""

import base64
import json

import pytest

from tests.bot.web.desk import HEADER, TERMINAL_TOKEN, a_person, a_picture
from trading.domain.people import Place, Role

BEARER = {"Authorization": f"Bearer {TERMINAL_TOKEN}"}


async def terminal(visitor, line):
    body = json.dumps({"line": line})
    answer = await visitor.send("/api/terminal", body, **BEARER, **{"Content-Type": "application/json"})
    return answer, [json.loads(row) for row in (await answer.text()).splitlines()]


async def test_a_command_answers_its_facts_and_its_words(owner, desk):
    answer = await owner.post("/api/commands/status", {})

    assert answer.status == 200
    body = await answer.json()
    assert body["data"] == {"equity": "10482.31"}
    assert (body["title"], body["header"]) == ("Equity 10,482.31 USDT (+1.24% today)", HEADER)
    assert desk.lines[0].place == Place(platform="web", user_id="1", chat_id="1", private=True)
    assert desk.lines[0].sent_at == desk.clock()


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({}, "/backtest"),
        ({"line": "ema_cross fast=9"}, "/backtest ema_cross fast=9"),
        ({"line": "/backtest ema_cross"}, "/backtest ema_cross"),
        ({"args": {"strategy": "ema_cross"}}, "/backtest strategy=ema_cross"),
        ({"args": {"strategy": "a b"}}, "/backtest 'strategy=a b'"),
        (
            {
                "args": {
                    "strategy": "rsi",
                    "fast": 9,
                    "band": 1e-05,
                    "from": "2024-08-05",
                    "x": None,
                    "on": True,
                }
            },
            "/backtest strategy=rsi fast=9 band=0.00001 from=2024-08-05 on=on",
        ),
    ],
)
async def test_a_body_becomes_the_line_somebody_would_have_typed(owner, desk, body, line):
    await owner.post("/api/commands/backtest", body)

    assert [heard.text for heard in desk.lines] == [line]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"args": {"window": [7]}}, "window should be a text, a number or true/false; found list."),
        ({"args": {"wnidow": 7}}, "/equity has no word 'wnidow'. Usage: /equity [7d|30d]"),
        ({"args": [7]}, '"args" is an object with the words by name, for instance symbol and BTC/USDT.'),
        ({"line": 7}, '"line" is a text of 1 to 4000 characters, for instance "/status".'),
        ({"line": " "}, '"line" is a text of 1 to 4000 characters, for instance "/status".'),
        ({"line": "7d", "id": "not an id"}, '"id" has 1 to 64 letters, digits, hyphens or underscores.'),
    ],
)
async def test_a_wrong_body_gets_one_sentence(owner, desk, body, sentence):
    answer = await owner.post("/api/commands/equity", body)

    assert answer.status == 400
    assert await answer.json() == {"error": sentence}
    assert desk.lines == []


async def test_a_line_with_an_id_counts_once(owner, desk):
    first = await owner.post("/api/commands/kill", {"line": "!now", "id": "k1"})
    second = await owner.post("/api/commands/kill", {"line": "!now", "id": "k1"})

    assert [line.update_id for line in desk.lines] == ["1:k1", "1:k1"]
    assert (first.status, second.status) == (200, 409)
    assert (await second.json())["title"] == "This line was taken before; nothing was done twice."


async def test_the_last_of_several_replies_is_the_answer(owner):
    answer = await owner.post("/api/commands/backtest", {"line": "ema_cross"})

    body = await answer.json()
    assert body["title"] == "12.4% with 84 trades"
    assert base64.b64decode(body["files"][0]["content"]) == b"a,b\n1,2\n"


async def test_a_failed_command_says_so_by_its_status(owner):
    answer = await owner.post("/api/commands/help", {})

    assert answer.status == 422
    assert (await answer.json())["failed"] is True


async def test_a_dispatcher_that_breaks_gives_an_apology_without_details(owner):
    answer = await owner.post("/api/commands/status", {"line": "/status"})
    broken, rows = await terminal(owner, "/broken")

    assert answer.status == 200
    assert broken.status == 200
    assert rows[0]["title"] == "That did not work, and it is our fault."
    assert "disk full" not in json.dumps(rows)


async def test_commands_are_listed_with_their_words_for_completion(owner):
    commands = {command["name"]: command for command in await (await owner.get("/api/commands")).json()}

    assert "migrate" not in commands
    assert commands["kill"]["asks_first"] is True
    assert commands["backtest"] == {
        "name": "backtest",
        "group": "tests",
        "help": "Try a strategy.",
        "usage": "/backtest STRATEGY [--from FROM] [name=value …]",
        "asks_first": False,
        "takes_params": True,
        "parameters": [
            {
                "name": "strategy",
                "help": "the strategy",
                "type": "str",
                "required": True,
                "default": None,
                "choices": [],
                "source": "strategies",
                "option": False,
            },
            {
                "name": "from",
                "help": "the from",
                "type": "str",
                "required": False,
                "default": None,
                "choices": [],
                "source": None,
                "option": True,
            },
        ],
    }


async def test_a_viewer_is_told_there_is_no_kill(owner, desk):
    viewer = a_person(role=Role.VIEWER)
    desk.sessions.people = dict.fromkeys(desk.sessions.people, viewer)

    listed = {command["name"] for command in await (await owner.get("/api/commands")).json()}
    answer = await owner.post("/api/commands/kill", {})

    assert "kill" not in listed
    assert answer.status == 404
    assert await answer.json() == {
        "error": "There is no command kill for you; GET /api/commands lists what there is."
    }
    assert desk.lines == []


async def test_values_are_suggested_from_their_source(owner):
    symbols = await (await owner.get("/api/suggest?source=symbols&typed=b")).json()
    unknown = await (await owner.get("/api/suggest?source=nothing")).json()

    incomplete = await owner.get("/api/suggest")

    assert symbols == ["BTC/USDT", "ETH/USDT"]
    assert unknown == []
    assert (incomplete.status, await incomplete.json()) == (400, {"error": "source: Field required."})


@pytest.mark.parametrize("path", ["/api/me", "/api/commands", "/api/suggest?source=symbols", "/kept/x"])
async def test_nobody_reads_without_a_session(visitor, path):
    assert (await visitor.get(path)).status == 401


@pytest.mark.parametrize("path", ["/api/commands/status", "/api/terminal", "/leave"])
async def test_nobody_asks_without_a_session(desk, visitor, path):
    assert (await visitor.post(path, {"line": "/status"})).status == 401
    assert desk.lines == []


async def test_lines_over_the_api_share_the_session_s_limit(owner, desk):
    answers = [await owner.post("/api/commands/status", {}) for _ in range(21)]

    assert [answer.status for answer in answers] == [200] * 20 + [429]
    assert await answers[-1].json() == {"error": "Too many lines at once; try again in 0.1 s."}
    assert len(desk.lines) == 20


async def test_the_terminal_hears_every_reply_as_it_comes(desk, visitor):
    answer, rows = await terminal(visitor, "/backtest ema_cross")

    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert [row["progress"] for row in rows] == [0.1, 0.6, None]
    assert desk.lines[0].place == Place(platform="terminal", user_id="local", chat_id="local", private=True)
    assert desk.lines[0].name == "terminal"


async def test_the_terminal_hears_progress_before_the_work_is_done(desk, visitor):
    async with visitor.http.post(
        visitor.home + "/api/terminal", json={"line": "/slow"}, headers=BEARER
    ) as answer:
        first = json.loads(await answer.content.readline())
        desk.gate.set()
        second = json.loads(await answer.content.readline())

    assert (first["title"], second["title"]) == ("Working", "Done at last")


async def test_the_terminal_gets_pictures_whole_and_facts_too(desk, visitor):
    _, (picture,) = await terminal(visitor, "/equity")
    _, (status,) = await terminal(visitor, "/status")

    assert base64.b64decode(picture["images"][0]["png"]) == a_picture()
    assert status["data"] == {"equity": "10482.31"}


async def test_the_terminal_knows_every_command(desk, visitor):
    commands = await (await visitor.get("/api/commands", **BEARER)).json()

    assert "migrate" in {command["name"] for command in commands}


async def test_a_browser_cannot_take_the_terminal_s_road(owner, desk):
    answer = await owner.post("/api/terminal", {"line": "/migrate"})

    assert answer.status == 403
    assert desk.lines == []


async def test_a_page_elsewhere_cannot_use_even_a_stolen_terminal_token(desk, visitor):
    answer = await visitor.post("/api/terminal", {"line": "/status"}, Origin="http://evil.example", **BEARER)

    assert answer.status == 403
    assert desk.lines == []
