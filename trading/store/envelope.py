"""Sealed texts: AES-256-GCM with a data key of its own for each, which the master key wraps."""

import base64
import os
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trading.store.keyring import SIZE, Keyring, MasterKey

NONCE: Final = 12  # bytes; random, so one key may seal about four billion times: a data key seals once


class NotOurs(Exception):
    """It cannot be opened: changed, moved to another place, or sealed with another key."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What lies in the database: which master key, the wrapped data key, the sealed text."""

    key_id: str
    wrapped: str
    sealed: str


def seal(ring: Keyring, text: str, place: str) -> Envelope:
    """Seal a text to its place: it opens nowhere else."""
    data_key = AESGCM.generate_key(SIZE * 8)
    sealed = _encrypt(data_key, text.encode(), _about("text", place))
    return Envelope(ring.current.id, _wrap(ring.current, data_key, place), sealed)


def open_(ring: Keyring, envelope: Envelope, place: str) -> str:
    """The text again. Raises NotOurs when a single bit, its place or the key is another one."""
    data_key = _unwrap(ring, envelope, place)
    return _decrypt(data_key, envelope.sealed, _about("text", place)).decode()


def rewrap(ring: Keyring, envelope: Envelope, place: str) -> Envelope:
    """The same sealed text under the current master key."""
    data_key = _unwrap(ring, envelope, place)
    return Envelope(ring.current.id, _wrap(ring.current, data_key, place), envelope.sealed)


def _wrap(master: MasterKey, data_key: bytes, place: str) -> str:
    return _encrypt(master.raw, data_key, _about(f"key {master.id}", place))


def _unwrap(ring: Keyring, envelope: Envelope, place: str) -> bytes:
    master = ring.find(envelope.key_id)
    if master is None:
        raise NotOurs
    return _decrypt(master.raw, envelope.wrapped, _about(f"key {master.id}", place))


def _encrypt(key: bytes, plain: bytes, about: bytes) -> str:
    nonce = os.urandom(NONCE)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plain, about)).decode()


def _decrypt(key: bytes, text: str, about: bytes) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
        return AESGCM(key).decrypt(raw[:NONCE], raw[NONCE:], about)
    except (InvalidTag, ValueError):
        raise NotOurs from None


def _about(what: str, place: str) -> bytes:
    return f"tradewind 1|{what}|{place}".encode()
