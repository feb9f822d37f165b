"""The same trouble a thousand times is one line of an answer."""

from types import SimpleNamespace

import pytest
import structlog

from bot.commands.errors import errors
from bot.ops import logs
from bot.words import Words
from trading.domain.errors import Refused
from trading.settings import Log


@pytest.fixture
def log(tmp_path):
    logs.set_up(Log(), tmp_path / "logs", ["hunter2hunter2"])
    yield structlog.get_logger
    logs.close()


def an_ask(clock, language="en"):
    return SimpleNamespace(say=Words(language), now=clock())


async def test_trouble_is_counted_by_its_kind_the_newest_first(log, clock):
    for n in range(300):
        log("exchange").warning("market_not_reached", reason=f"try {n}")
    log("desk").error("broken", error="KeyError: 'x'")
    log("desk").error("broken", error="ValueError: y")
    log("desk").info("candle_closed")

    reply = await errors(an_ask(clock))

    assert reply.title == "3 kinds of trouble, 302 lines"
    assert [(row.label, row.value.split(",")[0]) for row in reply.rows] == [
        ("desk: broken ValueError", "1 times"),
        ("desk: broken KeyError", "1 times"),
        ("exchange: market_not_reached", "300 times"),
    ]
    assert reply.rows[2].detail == "try 299"


async def test_no_secret_is_in_an_example(log, clock):
    log("desk").error("broken", reason="password hunter2hunter2 refused")

    reply = await errors(an_ask(clock))

    assert "hunter2" not in str(reply)


async def test_a_calm_log_says_so(log, clock):
    log("desk").info("candle_closed")

    assert (await errors(an_ask(clock))).title == "Nothing went wrong lately."
    assert (await errors(an_ask(clock, "ko"))).title == "최근에 잘못된 것이 없습니다."


@pytest.mark.parametrize("most", [0, -1, 26])
async def test_a_wrong_number_is_refused(log, clock, most):
    with pytest.raises(Refused, match="between 1 and 25 kinds"):
        await errors(an_ask(clock), most)
