"""The JSON routes under fire: whatever is sent, the answer is one of few statuses and never a failure of ours."""

from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from bot.web.guard import HEADERS
from bot.web.site import application
from tests.bot.web.desk import COMMANDS, TERMINAL_TOKEN, Desk, a_person
from tests.fakes.clock import HandClock

HOST = "127.0.0.1:8080"
ANSWERS = {200, 303, 400, 401, 403, 404, 405, 409, 411, 413, 415, 422, 429}
LINE = {
    "type": "object",
    "properties": {
        "line": {"type": "string"},
        "args": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}},
        "id": {"type": "string"},
    },
}
BODIES = {
    "/api/commands/{name}": LINE,
    "/api/terminal": LINE,
    "/enter": {"type": "object", "properties": {"code": {"type": "string"}}},
    "/enter/telegram": {"type": "object", "properties": {"init_data": {"type": "string"}}},
}


class Browser:
    """Stands before the application as the owner's browser does: known host, own origin, a session's cookie."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.desk = Desk(self.clock)
        self.app = application(self.desk.build()._site(), frozenset({HOST}), f"http://{HOST}")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        self.clock.advance(timedelta(minutes=1))  # a line a minute is never too fast
        self.desk.sessions.people["good"] = a_person()  # whoever left comes back
        mine = {b"host": HOST.encode(), b"origin": f"http://{HOST}".encode(), b"cookie": b"tradewind_0=good"}
        if scope["path"] == "/api/terminal":
            mine[b"authorization"] = f"Bearer {TERMINAL_TOKEN}".encode()
        others = [(name, value) for name, value in scope["headers"] if name not in mine]
        await self.app(scope | {"headers": [*others, *mine.items()]}, receive, send)


def the_schema() -> tuple[Browser, dict[str, Any]]:
    """What the routes themselves say, with the shapes of their bodies and the commands by name."""
    browser = Browser()
    described = browser.app._app.openapi()
    described["paths"].pop("/enter/{code}", None)  # a page
    for path, body in BODIES.items():
        route = described["paths"][path]["post"]
        route["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    for parameter in described["paths"]["/api/commands/{name}"]["post"]["parameters"]:
        if parameter["name"] == "name":
            parameter["schema"] = {"type": "string", "enum": [*COMMANDS, "nope"]}
    return browser, described


BROWSER, DESCRIBED = the_schema()
schema = schemathesis.openapi.from_dict(DESCRIBED)
schema.app = BROWSER
PATHS = sorted(DESCRIBED["paths"])


@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_route_answers_anything_with_a_safe_sentence(case):
    answer = case.call()

    assert answer.status_code in ANSWERS
    assert {name: answer.headers[name][0] for name in HEADERS} == HEADERS
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path", ["/api/commands/{name}", "/api/suggest", "/api/me", "/enter", "/leave", "/healthz"]
)
def test_the_routes_that_matter_are_among_them(path):
    assert path in PATHS
