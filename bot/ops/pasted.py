"""Recognises keys, secrets and tokens that somebody pasted into a chat, where they must never be."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

# Shapes that nothing else has.
_CERTAIN: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"-----BEGIN [A-Z ]*PRIVATE KEY",  # RSA, Ed25519 and EC keys: Binance, Coinbase, Kraken
        r"organizations/[0-9a-f-]{36}/apiKeys/",  # Coinbase
        r"(?<!\d)\d{6,}:[\w-]{30,}",  # Telegram's bot tokens
        r"(?<![\w.-])[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}",  # Discord's
        r"(?<!\w)eyJ[\w-]{8,}\.[\w-]+\.[\w-]*",  # signed JSON tokens
        r"(?<!\w)bg_[0-9a-f]{32}(?!\w)",  # Bitget
        r"(?<!\w)mx0[0-9A-Za-z]{10,}(?!\w)",  # MEXC
        r"(?<!\w)[0-9a-f]{8}-[0-9a-z]{8}-[0-9a-f]{8}-[0-9a-f]{4,6}(?!\w)",  # HTX
        r"(?<!\w)0x[0-9a-fA-F]{64}(?!\w)",  # private keys of chains: Hyperliquid
    )
)
_UUID: Final = re.compile(r"(?<![\w-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])", re.IGNORECASE)
_SAYS: Final = re.compile(r"api.?key|secret|passphrase|private.?key|token|시크릿|비밀|키", re.IGNORECASE)
_ADDING: Final = re.compile(r"\s*/?keys[\s_-]+add(?:@\w+)?\s+\S+", re.IGNORECASE)  # and the account it is for
_RUN: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9]{20,}")

LONG: Final = 30  # characters: no word, name or code of ours is that long and that mixed
SHORT: Final = 18  # Bybit's keys; must have capitals, small letters and digits to be no word
RANDOM: Final = 2.8  # bits a sign; a run that repeats itself has fewer
GIVEN: Final = 8  # behind "/keys add ACCOUNT" somebody means to give one, however plain it is
JUMPY: Final = 0.25  # how often a random run goes from capital to small letter to digit; words hardly do


def is_pasted_key(text: str) -> bool:
    """Whether the text holds what only a key, secret or token looks like. Rather once too often."""
    if any(shape.search(text) for shape in _CERTAIN) or _is_given(text):
        return True
    uuids = _UUID.findall(text)
    said = _SAYS.search(text) is not None
    rest = _UUID.sub(" ", text)
    if len(uuids) >= 2 or (uuids and said):  # Coinone, OKX, KuCoin; one alone may be the number of an order
        return True
    return any(_is_random(run, beside_words=said or bool(uuids)) for run in _runs(rest))


def _is_given(text: str) -> bool:
    """Whether the line asks to store a key and has one in it."""
    adding = _ADDING.match(text)
    rest = [word.strip("'\"") for word in text[adding.end() :].split()] if adding else []
    return any(len(word) >= GIVEN and word[0] != "-" and re.search(r"\d", word) for word in rest)


def _runs(text: str) -> Iterator[str]:
    """Long words out of the signs of base64; paths of files and folders are taken apart."""
    for run in _RUN.findall(text):
        if "/" in run and not _PLAIN.search(run):
            yield from (part for part in run.split("/") if len(part) >= SHORT)
        else:
            yield run


def _is_random(run: str, *, beside_words: bool) -> bool:
    kinds = [_kind(sign) for sign in run if sign.isalnum()]
    found = set(kinds)
    if "digit" not in found or not {"upper", "lower"} & found or _bits(run) < RANDOM:
        return False
    if re.fullmatch(r"[0-9a-f]{24,}|[0-9A-F]{24,}", run):
        return True
    jumps = sum(before != after for before, after in pairwise(kinds)) / len(run)
    if jumps < JUMPY:
        return False
    mixed = {"upper", "lower"} <= found
    return len(run) >= LONG or (mixed and (beside_words or (len(run) >= SHORT and "-" not in run)))


def _kind(sign: str) -> str:
    if sign.isdigit():
        return "digit"
    return "upper" if sign.isupper() else "lower"


def _bits(run: str) -> float:
    """Shannon's entropy of the signs, in bits each."""
    return -sum(n / len(run) * math.log2(n / len(run)) for n in Counter(run).values())
