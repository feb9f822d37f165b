"""No form of a known secret, and nothing that looks like one, is left in a text."""

import base64
import html
import json
import random
import sys
import unicodedata
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ops.redact import HIDDEN, forget, names_a_secret, one_line, protect, redact


@pytest.fixture(autouse=True)
def nothing_known():
    forget()
    yield
    forget()


def every_character_percent_encoded(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


ENCODINGS = {
    "plain": str,
    "url": lambda text: quote(text, safe=""),
    "url path": quote,
    "form": quote_plus,
    "url twice": lambda text: quote(quote(text, safe=""), safe=""),
    "url, all of it": every_character_percent_encoded,
    "json": json.dumps,
    "json, as it is": lambda text: json.dumps(text, ensure_ascii=False),
    "json in json": lambda text: json.dumps(json.dumps({"a": text})),
    "repr": repr,
    "repr of repr": lambda text: repr(repr(text)),
    "ascii": ascii,
    "bytes": lambda text: repr(text.encode()),
    "html": html.escape,
    "html numbers": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for urls": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 in a url": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "control characters shown": one_line,
}

secrets = st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=40).filter(
    lambda text: text not in HIDDEN and "█" not in text
)
around = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
@given(secret=secrets, before=around, after=around)
def test_a_known_secret_never_survives_anywhere_in_any_encoding(encode, secret, before, after):
    forget()
    protect(secret)

    left = redact(before + encode(secret) + after)

    assert HIDDEN in left
    assert encode(secret) not in left.replace(HIDDEN, "█")


@given(secret=secrets, before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_a_secret_inside_something_larger_in_base64_is_cut_out(secret, before, after):
    forget()
    protect(secret)
    whole = base64.b64encode(before + secret.encode() + after).decode()

    left = redact(f"header: {whole}.")

    assert left.startswith("header: ")
    assert HIDDEN in left
    assert len(left) - len(HIDDEN) - len("header: .") <= len(whole) - len(secret.encode()) * 8 // 6 + 3


@given(st.lists(secrets, min_size=2, max_size=5, unique=True))
def test_several_secrets_are_all_hidden(many):
    forget()
    protect(*many)

    left = redact(" ".join(many)).replace(HIDDEN, "█")

    assert not [secret for secret in many if secret in left]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200), secrets)
def test_redacting_twice_changes_nothing_more(text, secret):
    forget()
    protect(secret)

    once = redact(f"{text} token={text} ?key={secret}")

    assert redact(once) == once


def test_ordinary_lines_are_left_alone():
    protect("123456:s3cret-of-the-bot", "another-one")
    lines = [
        "sell 0.0142 BTC/USDT at 65432.10, fee 0.93 USDT",
        "Telegram: token rejected; the platform is off",
        "GET http://127.0.0.1:8080/api/status 200 in 12 ms",
        "candle 2024-08-05T12:00:00+00:00 BTC/USDT 1m o=1 h=2 l=0.5 c=1.5",
        '{"at": "2026-11-21T12:57:23.061634Z", "event": "order_filled", "amount": "0.123"}',
        "trading.strategies.ema_cross.exposure of bot.platforms.telegram_inbox",
        "6a204bd89f3c8348afd5c77c717a097a is the hash",
        "Basic authentication is not offered",
    ]

    assert [redact(line) for line in lines] == lines


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/bot123456789:AAF-x_yz0123456789abcdefghijklmnop/getMe", f"/bot{HIDDEN}/getMe"),
        ("bot123456789%3AAAF-x_yz0123456789abcdefghijklmnop", f"bot{HIDDEN}"),
        ("as MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz-_012345 says", f"as {HIDDEN} says"),
        ("Authorization: Bearer abc.DEF-123_456", f"Authorization: Bearer {HIDDEN}"),
        ("b'basic dXNlcjpwYXNz'", f"b'basic {HIDDEN}'"),
        ("postgresql://bot:p%40ss:w@db/trade", f"postgresql://bot:{HIDDEN}@db/trade"),
        ("GET /v1?symbol=BTC&apiKey=abc123&limit=5", f"GET /v1?symbol=BTC&apiKey={HIDDEN}&limit=5"),
        ("/v1?signature=00ff&x=1", f"/v1?signature={HIDDEN}&x=1"),
        ('{"apiKey": "k", "symbol": "BTC"}', f'{{"apiKey": "{HIDDEN}", "symbol": "BTC"}}'),
        ("{'password': 'hunter two', 'a': 1}", f"{{'password': '{HIDDEN}', 'a': 1}}"),
        (r'"{\"token\": \"abc\"}"', rf'"{{\"token\": \"{HIDDEN}\"}}"'),
        ("token=abc, next", f"token={HIDDEN}, next"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def", HIDDEN),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_hidden_without_being_known(text, left):
    assert redact(text) == left


@pytest.mark.parametrize(
    "name", ["token", "bot_token", "apiKey", "api_key", "PASSWORD", "webhook_secret", "set_cookie"]
)
def test_fields_named_like_secrets_are_known(name):
    assert names_a_secret(name)


@pytest.mark.parametrize("name", ["event", "symbol", "key", "tokens_left", "account"])
def test_other_fields_are_not(name):
    assert not names_a_secret(name)


def test_a_very_short_secret_does_not_black_out_everything():
    protect("a", "abc", "")

    assert redact("a banana in abc") == "a banana in abc"


def test_every_control_and_direction_character_is_written_out():
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    characters = [
        chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in hidden
    ]

    shown = one_line("".join(characters))

    assert shown.isascii()
    assert shown.isprintable()


@given(st.text())
def test_other_characters_are_left_as_they_are(text):
    safe = "".join(c for c in text if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})

    assert one_line(safe) == safe
    assert json.loads(one_line(json.dumps(text, ensure_ascii=False))) == text


def test_many_secrets_do_not_make_lines_slow_to_match():
    """A long line of escapes next to a secret full of them is still matched in a moment, not in hours."""
    protect("\\" * 30, *(f"secret-{number}-{random.Random(number).random()}" for number in range(20)))

    assert HIDDEN in redact("\\" * 5000 + "%25" * 2000)
