"""An account that should not trade real money does not start to: one sentence says why, and nothing is sent."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes.binance import FakeBinance
from tests.story.canary import a_binance, account, store_key
from tests.story.house import House, settings_for
from trading.clock import wall_clock


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong, and what is said about it."""

    says: str
    at_the_exchange: Callable[[FakeBinance], None] = lambda binance: None
    key: str = "a-key-of-the-test"
    settings: dict[str, Any] = field(default_factory=dict)


def an_hour_ahead(binance: FakeBinance) -> None:
    binance.clock = binance.account.now = lambda: wall_clock() + timedelta(hours=1)


CASES = {
    "a wrong key": Wrong("binance does not accept the key.", key="a-key-of-another"),
    "a key that was deleted": Wrong(
        "binance does not accept the key.", lambda b: setattr(b.account.key, "revoked", True)
    ),
    "a key that may withdraw": Wrong(
        "The key for binance may move money out;", lambda b: setattr(b.account.key, "may_withdraw", True)
    ),
    "a key that may not trade": Wrong(
        "The key for binance may not trade;", lambda b: setattr(b.account.key, "may_trade", False)
    ),
    "a clock that is off by an hour": Wrong("This machine's clock is 3600 s off binance's;", an_hour_ahead),
    "a market the exchange has not got": Wrong(
        "binance has no market 'BTCC/USDT' that this desk can trade. Did you mean BTC/USDT?",
        settings={"symbols": ["BTCC/USDT"]},
    ),
    "no money": Wrong(
        "There is no USDT in this exchange account", lambda b: b.account.truth.give("USDT", "-10000")
    ),
    "an exchange that does not answer": Wrong(
        "binance is not available just now.", lambda b: b.fail("exchangeInfo", times=99, status=503)
    ),
}


@pytest.mark.parametrize("mode", ["canary", "live"])
@pytest.mark.parametrize("wrong", CASES.values(), ids=CASES.keys())
async def test_it_does_not_start_and_one_sentence_says_why(tmp_path, wrong, mode):
    async with a_binance() as binance:
        wrong.at_the_exchange(binance)
        sections = {"accounts": {"main": account(binance, mode=mode, **wrong.settings)}}
        await store_key(tmp_path, wrong.key, **sections)
        house = House(settings_for(tmp_path, **sections), wall_clock)
        try:
            said = await house.until_it_said("account main is not trading yet: ")
            await house.until_it_said("Nothing is traded yet")
        finally:
            await house.close()

    sentence = said.removeprefix("account main is not trading yet: ")
    assert sentence.startswith(wrong.says)
    assert "\n" not in sentence
    assert "a-secret-of-it" not in said
    assert binance.account.posts() == []
