"""The door to ccxt: lazy, and true to the settings."""

import decimal
import logging
import subprocess
import sys

import ccxt
import pytest

from trading.domain.errors import Refused
from trading.exchange import library
from trading.exchange.client import CcxtMarket


def test_the_ids_are_those_of_ccxt():
    assert library.known_ids() == set(ccxt.exchanges)


@pytest.mark.parametrize(
    ("typed", "sentence_end"),
    [
        ("binanse", "Did you mean 'binance'?"),
        ("Upbit", "Did you mean 'upbit'?"),
        ("???", "write one of its ids."),
    ],
)
def test_an_unknown_exchange_is_refused_at_once_with_the_nearest(clock, typed, sentence_end):
    with pytest.raises(Refused) as refused:
        CcxtMarket(typed, {}, clock)

    assert refused.value.tell.startswith(f"'{typed}' is no exchange that ccxt {ccxt.__version__} knows")
    assert refused.value.tell.endswith(sentence_end)


def test_importing_and_making_a_market_loads_neither_ccxt_nor_aiohttp():
    script = (
        "import sys\n"
        "from trading.clock import wall_clock\n"
        "from trading.exchange.client import CcxtMarket\n"
        "CcxtMarket('kraken', {}, wall_clock)\n"
        "print([name for name in ('ccxt', 'aiohttp', 'uvloop') if name in sys.modules])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.strip() == "[]"


async def test_options_reach_ccxt_as_they_are_and_stay_as_they_were():
    await library.load()
    options = {"timeout": 1234, "urls": {"api": {"public": "http://here"}}, "options": {"mine": {"a": [1]}}}

    exchange = library.open_exchange("binance", options)
    exchange.options["mine"]["a"].append(2)

    assert (exchange.timeout, exchange.urls["api"]["public"]) == (1234, "http://here")
    assert exchange.urls["api"]["private"].startswith("https://")
    assert exchange.options["fetchMarkets"]["types"] == ["spot"]
    assert options["options"] == {"mine": {"a": [1]}}


async def test_the_settings_win_over_what_we_add():
    await library.load()

    exchange = library.open_exchange("binance", {"options": {"fetchMarkets": {"types": ["linear"]}}})

    assert exchange.options["fetchMarkets"]["types"] == ["linear"]


async def test_sandbox_switches_to_the_test_network():
    await library.load()

    exchange = library.open_exchange("binance", {"sandbox": True})

    assert exchange.urls["api"]["public"] == exchange.urls["test"]["public"]
    assert not hasattr(exchange, "sandbox")


async def test_a_sandbox_that_does_not_exist_is_refused():
    await library.load()

    with pytest.raises(Refused, match=r"^ccxt knows no sandbox of bithumb; take `sandbox` out"):
        library.open_exchange("bithumb", {"sandbox": True})


@pytest.mark.parametrize("timeout", ["soon", 0, -1, None])
async def test_a_timeout_that_is_none_is_refused(timeout):
    await library.load()

    with pytest.raises(
        Refused, match=r"^exchange_options\.timeout is .*; write milliseconds, such as 10000\.$"
    ):
        library.open_exchange("kraken", {"timeout": timeout})


async def test_exchanges_without_a_stream_in_ccxt_open_too():
    await library.load()

    exchange = library.open_exchange("bitbank", {})

    assert exchange.id == "bitbank"
    assert not exchange.has.get("watchOHLCV")


async def test_ccxt_never_logs_its_request_headers(caplog):
    caplog.set_level(logging.DEBUG)
    await library.load()
    exchange = library.open_exchange("binance", {"apiKey": "topsecret"})

    assert not exchange.logger.isEnabledFor(logging.DEBUG)


async def test_what_ccxt_rounds_leaves_our_own_rounding_alone():
    await library.load()
    exchange = library.open_exchange("binance", {})

    with decimal.localcontext(decimal.Context(rounding=decimal.ROUND_HALF_EVEN, traps=[])) as ours:
        rounded = exchange.decimal_to_precision("0.125", ccxt.ROUND, 2, ccxt.DECIMAL_PLACES)

        assert rounded == "0.13"
        assert ours.rounding == decimal.ROUND_HALF_EVEN
        assert not ours.traps[decimal.Underflow]
    await exchange.close()
