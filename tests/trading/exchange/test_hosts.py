"""Options of an exchange may not lead requests, and the keys that travel with them, to strangers."""

import pytest

from trading.boot import check_exchange
from trading.domain.errors import Refused, SettingsError
from trading.exchange.hosts import check_options, own_hosts
from trading.settings import load


@pytest.mark.parametrize(
    "options",
    [
        {"urls": {"api": {"public": "https://api.binance.com.evil.example/api/v3"}}},
        {"urls": {"api": "https://evilbinance.com"}},
        {"urls": {"api": {"ws": {"spot": "wss://stream.evil.example/ws"}}}},
        {"hostname": "evil.example"},
        {"httpsProxy": "http://proxy.evil.example:3128"},
        {"aiohttp_proxy": "proxy.evil.example:3128"},
        {"proxyUrl": "https://cors.evil.example/?"},
        {"options": {"somewhere": ["https://evil.example"]}},
        {"urls": {"api": "https://api.binance.com@evil.example/"}},
        {"urls": {"api": "https://[::ffff:8.8.8.8]/"}},
    ],
)
def test_another_host_is_refused(options):
    with pytest.raises(Refused, match="which is no address of binance; take it out"):
        check_options("binance", options, ())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sandbox": True, "options": {"defaultType": "spot"}, "timeout": 5000},
        {"urls": {"api": {"public": "https://api.binance.com/api/v3"}}},
        {"urls": {"api": {"public": "https://api4.binance.com/api/v3"}}},
        {"urls": {"api": "http://127.0.0.1:9000/"}, "httpProxy": "http://localhost:3128"},
        {"urls": {"api": "http://[::1]:9000/"}},
    ],
)
def test_the_exchange_itself_and_this_machine_are_allowed(options):
    check_options("binance", options, ())


def test_what_the_settings_vouch_for_is_allowed():
    check_options("binance", {"httpsProxy": "http://proxy.office.example:3128"}, ["proxy.office.example"])


def test_a_shared_ending_is_not_a_domain():
    with pytest.raises(Refused, match=r"evil\.co\.kr"):
        check_options("coinone", {"urls": {"api": "https://evil.co.kr"}}, ())

    check_options("coinone", {"urls": {"api": "https://api.coinone.co.kr"}}, ())


@pytest.mark.parametrize("exchange", ["binance", "upbit", "bithumb", "bybit", "okx", "kraken", "coinbase"])
def test_what_ccxt_knows_of_an_exchange_is_read_off_it(exchange):
    hosts = own_hosts(exchange)

    assert hosts
    assert [host for host in hosts if "{" in host or "/" in host or "." not in host] == []


@pytest.mark.parametrize("name", ["apiKey", "secret", "password"])
def test_a_key_in_the_options_is_refused_without_showing_it(name):
    with pytest.raises(Refused, match="holds a key in plain text") as told:
        check_options("binance", {name: "hunter2hunter2"}, ())

    assert "hunter2" not in str(told.value)


def test_showing_requests_is_refused():
    with pytest.raises(Refused, match="verbose prints requests with their keys"):
        check_options("binance", {"verbose": True}, ())


async def test_the_desk_does_not_start_with_a_strange_host(tmp_path):
    account = '{"exchange": "binance", "exchange_options": {"hostname": "evil.example"}}'
    settings = load(None, {"TRADEWIND__DATA_DIR": str(tmp_path), "TRADEWIND__ACCOUNTS__MAIN": account})

    with pytest.raises(
        SettingsError, match=r"TRADEWIND__ACCOUNTS__MAIN: exchange_options lead to evil\.example"
    ):
        check_exchange(settings, "main")
