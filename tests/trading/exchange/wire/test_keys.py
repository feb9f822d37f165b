"""What a key may do, and who is told before real money moves."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.trading.exchange.wire.conftest import QUICK
from trading.clock import wall_clock
from trading.exchange.keys import KeyFacts, fitness, key_facts
from trading.exchange.probing import inspect, probe

NOW = datetime(2026, 11, 21, tzinfo=UTC)

TOLD = {
    "binance": (
        {"ipRestrict": True, "enableSpotAndMarginTrading": True, "enableWithdrawals": False},
        KeyFacts(may_trade=True, may_withdraw=False, bound_to_ip=True),
    ),
    "binance sends money": (
        {"ipRestrict": False, "enableSpotAndMarginTrading": False, "permitsUniversalTransfer": True},
        KeyFacts(may_trade=False, may_withdraw=True, bound_to_ip=False),
    ),
    "okx": (
        {"data": [{"perm": "read_only,trade", "ip": "203.0.113.7"}]},
        KeyFacts(may_trade=True, may_withdraw=False, bound_to_ip=True),
    ),
    "okx withdraws": (
        {"data": [{"perm": "read_only,withdraw", "ip": ""}]},
        KeyFacts(may_trade=False, may_withdraw=True, bound_to_ip=False),
    ),
    "bybit": (
        {
            "result": {
                "readOnly": 0,
                "permissions": {"Spot": ["SpotTrade"], "Wallet": []},
                "ips": ["203.0.113.7"],
            }
        },
        KeyFacts(may_trade=True, may_withdraw=False, bound_to_ip=True),
    ),
    "bybit read only": (
        {
            "result": {
                "readOnly": 1,
                "permissions": {"Spot": ["SpotTrade"], "Wallet": ["AccountTransfer"]},
                "ips": ["*"],
                "expiredAt": "2026-12-21T07:21:25Z",
            }
        },
        KeyFacts(
            may_trade=False,
            may_withdraw=True,
            bound_to_ip=False,
            ends_at=datetime(2026, 12, 21, 7, 21, 25, tzinfo=UTC),
        ),
    ),
    "kraken": (
        {"result": {"permissions": ["query-funds", "modify-trades"], "ip_allowlist": []}},
        KeyFacts(may_trade=True, may_withdraw=False, bound_to_ip=False),
    ),
    "coinbase": (
        {"can_view": True, "can_trade": True, "can_transfer": True},
        KeyFacts(may_trade=True, may_withdraw=True),
    ),
    "upbit": (
        [{"access_key": "x", "expire_at": "2026-12-01T00:00:00+09:00"}],
        KeyFacts(bound_to_ip=True, ends_at=datetime.fromisoformat("2026-12-01T00:00:00+09:00")),
    ),
    "bithumb": ([{"access_key": "x"}, {"access_key": "y"}], KeyFacts()),
}


@pytest.mark.parametrize("case", TOLD)
def test_each_venue_tells_what_its_key_may_do(case):
    raw, known = TOLD[case]

    assert key_facts(case.split()[0], raw) == known


@pytest.mark.parametrize("raw", [None, {}, [], "", {"result": None}, {"data": []}])
@pytest.mark.parametrize("venue", ["binance", "okx", "bybit", "kraken", "coinbase"])
def test_an_answer_that_makes_no_sense_is_not_taken_for_a_permission(venue, raw):
    assert key_facts(venue, raw) == KeyFacts()


def test_a_harmless_key_has_nothing_against_it():
    found = fitness("binance", KeyFacts(may_trade=True, may_withdraw=False, bound_to_ip=True), NOW)

    assert (found.against, found.warnings, found.capped) == ((), (), False)


def test_an_open_key_is_warned_about_and_capped():
    found = fitness("binance", KeyFacts(may_trade=True, may_withdraw=False, bound_to_ip=False), NOW)

    assert found.against == () and found.capped
    assert found.warnings == (
        "The key for binance works from any address; bind it to this machine's to trade at full size.",
    )


def test_what_a_venue_does_not_tell_is_the_owners_to_know():
    found = fitness("upbit", KeyFacts(bound_to_ip=True, ends_at=NOW + timedelta(days=3)), NOW)

    assert found.against == ()
    assert found.warnings == (
        "upbit does not tell what the key may do; make sure that it may not move money out.",
        "The key for upbit ends on 2026-11-24; make a new one there before that.",
    )


# --- the real thing ---------------------------------------------------------------------------------------


async def look(binance, symbols=("BTC/USDT",), **more):
    options = binance.exchange_options(**({"apiKey": "key", "secret": "secret"} | more))
    return await inspect("binance", options, symbols, wall_clock, patience=QUICK)


async def test_a_good_key_starts(binance):
    found = await look(binance)

    assert (found.against, found.warnings) == ((), ())
    assert found.key == KeyFacts(may_trade=True, may_withdraw=False, bound_to_ip=True)
    assert binance.account.posts() == []


async def test_the_probe_alone(binance):
    binance.account.key.may_withdraw = True
    options = binance.exchange_options(apiKey="key", secret="secret")

    assert (await probe("binance", options, wall_clock)).may_withdraw


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            {"may_withdraw": True},
            "The key for binance may move money out; make one that may only read and trade, and use that.",
        ),
        ({"may_trade": False}, "The key for binance may not trade; allow spot trading for it there."),
        (
            {"revoked": True},
            "binance does not accept the key."
            " Check the key, its secret and the addresses it may be used from at binance.",
        ),
    ],
)
async def test_a_bad_key_keeps_real_money_out_with_one_sentence(binance, spoil, sentence):
    for name, value in spoil.items():
        setattr(binance.account.key, name, value)

    found = await look(binance)

    assert found.against == (sentence,)
    assert binance.account.posts() == []


async def test_a_wrong_secret_never_shows(binance):
    (told,) = (await look(binance, secret="hunter2")).against

    assert told.startswith("binance does not accept the key.")
    assert "hunter2" not in told


async def test_a_clock_an_hour_off_is_told_with_its_seconds(binance):
    binance.clock = lambda: wall_clock() + timedelta(hours=1)

    (told,) = (await look(binance)).against

    assert told.startswith("This machine's clock is 36") and told.endswith("set it by a time server.")


async def test_a_market_that_is_not_traded_is_told(binance):
    found = await look(binance, symbols=("BTC/USDT", "LUNA/USDT"))

    assert found.against == ("binance does not trade LUNA/USDT; take it out of this account's symbols.",)


async def test_an_exchange_that_does_not_answer_is_no_permission(binance):
    binance.fail("account/apiRestrictions", times=9, status=500)

    assert (await look(binance)).against == ("binance is not available just now.",)


@pytest.mark.parametrize(
    ("exchange_id", "options", "beginning"),
    [
        ("simulated", {}, "The simulated exchange has no real money;"),
        ("binanse", {"apiKey": "k", "secret": "s"}, "'binanse' is no exchange that ccxt"),
        ("binance", {}, "This account has no key for binance."),
    ],
)
async def test_settings_that_cannot_be_meant(exchange_id, options, beginning):
    (told,) = (await inspect(exchange_id, options, ("BTC/USDT",), wall_clock)).against

    assert told.startswith(beginning)
