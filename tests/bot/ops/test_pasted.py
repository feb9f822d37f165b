"""A pasted key is recognised whatever venue it is of; what people really say is not taken for one."""

import base64
import random
import string
import time

import pytest

from bot.ops.pasted import is_pasted_key
from bot.registry import discover

DICE = random.Random(11)
ALNUM = string.ascii_letters + string.digits


def some(signs: str, count: int) -> str:
    return "".join(DICE.choice(signs) for _ in range(count))


def hexes(count: int) -> str:
    return some("0123456789abcdef", count)


def a_uuid() -> str:
    return f"{hexes(8)}-{hexes(4)}-{hexes(4)}-{hexes(4)}-{hexes(12)}"


def base64ed(count: int) -> str:
    return base64.b64encode(DICE.randbytes(count)).decode()


VENUES = {
    "binance": lambda: some(ALNUM, 64),
    "binance, PEM": lambda: f"-----BEGIN PRIVATE KEY-----\n{base64ed(48)}\n-----END PRIVATE KEY-----",
    "bybit, key": lambda: some(ALNUM, 18),
    "bybit, secret": lambda: some(ALNUM, 36),
    "okx": lambda: f"{a_uuid()} {hexes(32).upper()}",
    "kraken, key": lambda: base64ed(42),
    "kraken, secret": lambda: base64ed(64),
    "coinbase": lambda: f"organizations/{a_uuid()}/apiKeys/{a_uuid()}",
    "kucoin": lambda: f"{hexes(24)} {a_uuid()}",
    "upbit": lambda: some(ALNUM, 40),
    "bithumb": lambda: hexes(48),
    "coinone": lambda: f"{a_uuid()} {a_uuid()}",
    "bitget": lambda: f"bg_{hexes(32)}",
    "gate": lambda: hexes(32),
    "mexc": lambda: f"mx0vgl{some(ALNUM, 12)}",
    "htx": lambda: f"{hexes(8)}-{hexes(8)}-{hexes(8)}-{hexes(5)}",
    "hyperliquid": lambda: f"0x{hexes(64)}",
    "telegram": lambda: f"{DICE.randrange(10**9, 10**10)}:AA{some(ALNUM + '_-', 33)}",
    "discord": lambda: f"{some(ALNUM, 26)}.G{some(ALNUM, 5)}.{some(ALNUM + '_-', 38)}",
}
ROUND = ("{}", "/keys add main {}", "my api key is {} ok?", "apiKey={}", '"secret": "{}"', "키: {}", "<{}>")


@pytest.mark.parametrize("venue", VENUES)
def test_a_key_is_recognised_whatever_stands_around_it(venue):
    missed = [
        text for words in ROUND for _ in range(60) if not is_pasted_key(text := words.format(VENUES[venue]()))
    ]

    share = 0.1 if venue == "bybit, key" else 0.01  # so short a one may by chance have no digit, like a word
    assert len(missed) <= share * 60 * len(ROUND), missed[:3]


@pytest.mark.parametrize(
    "words", ["/keys add main {}", "keys-add main --read-only '{}'", "/KEYS_ADD@desk main {} !"]
)
def test_behind_the_command_that_stores_keys_even_a_plain_one_is_recognised(words):
    assert is_pasted_key(words.format("mykey2024"))
    assert not is_pasted_key(words.format("!1a2b3c"))


SAID = [
    "/status",
    "/start 7K3M9-QXT2W-4HPD8",
    "/start 7k3m9qxt2w4hpd8",
    "/backtest ema_cross fast=12 slow=26 --from 2024-01-01T00:00 --data archive --symbols BTC/USDT",
    "/set volume_profile lookback_candles=144 threshold_for_trending_market=0.35",
    "/kill the market is crashing and I want out of absolutely everything right now!!!",
    "/kill flash crash !1a2b3c",
    "/audit verify 1203-9f3ab2c4d5e6f708",
    "/why tw-main-ema_cross-BTCUSDT-20240805T120000-entry",
    "/why twk5q7zn2mfa4xw3bdp6tqhy2e",
    "/why tw7h3kd5p2q6xw4z2mfa3bdnye",
    "/order 3b0d2c1e-9a7f-4c55-8e1d-0f6a2b3c4d5e",
    "/export --file /srv/tradewind/reports/2024-august-report.csv",
    "/backtest --data /Users/Mina/Documents/Tradewind2024/archive/BTCUSDT.parquet",
    "python main.py backtest ema_cross --json",
    "시장이 급락해서 모두 팔고 싶습니다. 키 교환은 나중에 하겠습니다",
    "donaudampfschifffahrtsgesellschaftskapitaen",
    "ABSOLUTELYNOTAKEYBUTSHOUTINGFORALONGTIME",
    "1000000000000000000000000000000000",
    "2024-08-05T12:00:00+00:00 2024-08-06T12:00:00+00:00",
    "/optimise ema_cross trials=500 objective=calmar resume=ema_cross_2024_binance_1h",
    "https://docs.example.com/en/latest/getting-started/installation.html",
    "the token bucket is full and the secret of success is patience",
]


@pytest.mark.parametrize("line", SAID)
def test_what_people_say_is_not_taken_for_a_key(line):
    assert not is_pasted_key(line)


def test_no_usage_line_of_ours_is_taken_for_a_key():
    assert [c.usage for c in discover().values() if is_pasted_key(f"{c.usage} {c.help}")] == []


@pytest.mark.parametrize(
    "text", ["a1B" * 1400, "-" * 4000, "/" * 4000, "eyJ" * 1300, "a." * 2000, "1:" * 2000]
)
def test_no_line_takes_long_to_look_through(text):
    began = time.thread_time()

    is_pasted_key(text)

    assert time.thread_time() - began < 0.5  # of work; a pattern that tries everything takes minutes
