"""Client order ids in the spelling that a venue takes, and back. Pure."""

import re
import uuid

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"  # base32 in small letters
_PLAIN = re.compile(r"([a-z0-9]{2})([a-z2-7]{24})")  # two letters of ours and 120 bits
_SHORT = 18  # as many characters of free text as a venue of UUIDs takes


class Misfit(ValueError):
    """An id that this venue has no spelling for."""


def plain(client_id: str, longest: int, allowed: str) -> str:
    """The id as it is; Misfit when it is longer than `longest` or has characters that are not `allowed`."""
    if not 0 < len(client_id) <= longest:
        raise Misfit(f"the client id has {len(client_id)} characters, 1 to {longest} are allowed")
    if not re.fullmatch(allowed, client_id):
        raise Misfit("the client id has a character that this venue does not take")
    return client_id


def as_uuid(client_id: str) -> str:
    """An id of 26 letters as a UUID that still holds all of it; free text stays as it is when it is short.

    The last byte tells them apart from UUIDs of others: it is a sum over the id's own bytes.
    """
    match = _PLAIN.fullmatch(client_id)
    if match is None:
        return plain(client_id, _SHORT, r"[\x21-\x7e]+")
    bits = 0
    for letter in match[2]:
        bits = bits * 32 + _ALPHABET.index(letter)
    known = bits.to_bytes(15, "big")
    return str(uuid.UUID(bytes=known + bytes([_mark(known)])))


def from_uuid(text: str, prefix: str) -> str:
    """The id of 26 letters that `as_uuid` was given, or the text itself when it is none of ours."""
    bare = text.replace("-", "")
    if not re.fullmatch(r"[0-9a-fA-F]{32}", bare):
        return text
    raw = bytes.fromhex(bare)
    if raw[15] != _mark(raw[:15]):
        return text
    bits, letters = int.from_bytes(raw[:15], "big"), []
    for _ in range(24):
        bits, letter = divmod(bits, 32)
        letters.append(_ALPHABET[letter])
    return prefix + "".join(reversed(letters))


def _mark(known: bytes) -> int:
    total = 0x54
    for byte in known:
        total = (total * 31 + byte) % 256
    return total
