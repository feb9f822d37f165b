"""Blacks out secrets in text, however they are encoded, and keeps a value from passing for several lines."""

import base64
import html
import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

HIDDEN: Final = "[hidden]"
SHORTEST: Final = 4  # a shorter secret cannot be told from ordinary text

_NAMES: Final = (
    "apikey",
    "api_key",
    "token",
    "secret",
    "signature",
    "password",
    "passphrase",
    "authorization",
)
_NAMED: Final = rf"(?<![a-z])(?:{'|'.join(_NAMES)})[a-z]*"

# What looks like a secret is one, whether it was ever registered or not. The first column is a quick look
# whether it is worth while: one of these must be in the text (in small letters).
_SHAPES: Final = tuple(
    (needs, re.compile(pattern), replacement)
    for needs, pattern, replacement in (
        ((":", "%3a"), r"(?<!\d)\d{6,}(?::|%3[aA])[\w-]{30,}", HIDDEN),  # Telegram's bot tokens
        ((".",), r"[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}", HIDDEN),  # Discord's
        (("eyj",), r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*", HIDDEN),  # signed JSON tokens
        (
            ("bearer", "basic"),
            r"\b((?i:Bearer|Basic)(?:\s+|%20))(?=\S*[A-Z0-9+/=])[\w.~+/=:%-]{8,}",
            rf"\1{HIDDEN}",
        ),
        (("://",), r"(://[^\s/:@]*:)[^\s/\"']+@", rf"\1{HIDDEN}@"),  # user:password@host
        (
            ("?", "&"),
            r"(?i)([?&][\w.-]*(?:key|token|secret|sign|code|auth)[\w.-]*=)[^&\s\"'#<>\\]+",
            rf"\1{HIDDEN}",
        ),
        (_NAMES, rf"(?i)({_NAMED}\\*[\"']?\s*[=:]\s*\\*[\"'])[^\"'\\]+", rf"\1{HIDDEN}"),
        (_NAMES, rf"(?i)({_NAMED}=)(?![\[\"'\\])[^\s\"'&,;)}}\]\\]+", rf"\1{HIDDEN}"),
    )
)
_SECRET_NAME: Final = re.compile(
    r"(?i)(?:^|_)(?:token|secret|password|passphrase|api_?key|private_?key|authorization|cookie|signature)$"
)
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)


@dataclass(frozen=True, slots=True)
class _Known:
    """The registered secrets: as plain texts to look for quickly, and as a pattern that finds every form."""

    values: frozenset[str] = frozenset()
    plain: tuple[str, ...] = ()
    shortest: int = sys.maxsize

    def hide_in(self, text: str) -> str:
        if len(text) < self.shortest:
            return text
        if _ESCAPED.search(text) or any(form in text for form in self.plain):
            return _every_form(self.values).sub(HIDDEN, text)
        return text


@lru_cache(maxsize=1)
def _every_form(values: frozenset[str]) -> re.Pattern[str]:
    """Made when it is first needed: many a process never meets a text that could hold one."""
    return re.compile("|".join(map(_any_form, sorted(values, key=lambda value: (-len(value), value)))))


_ESCAPED: Final = re.compile(r"[\\%&+]")  # without any of these, a secret can only stand there as it is
_known = _Known()


def protect(*values: str) -> None:
    """From now on these values appear in no line, however encoded. Very short ones cannot be hidden."""
    global _known
    known = _known.values | {value for value in values if len(value) >= SHORTEST}
    if known != _known.values:
        plain = {form for value in known for form in _plain_forms(value)}
        _known = _Known(known, tuple(plain), min(map(len, plain)))


def forget() -> None:
    """Forget every registered value (tests, and a start with other settings)."""
    global _known
    _known = _Known()
    _every_form.cache_clear()


def redact(text: str) -> str:
    """The text without secrets. Doing it twice changes nothing more."""
    text = _known.hide_in(text)
    small = text.lower()
    for needs, shape, replacement in _SHAPES:
        if any(need in small for need in needs):
            text = shape.sub(replacement, text)
    return text


def names_a_secret(name: str) -> bool:
    """Whether a field of this name is hidden whatever it holds."""
    return _SECRET_NAME.search(name) is not None


def one_line(text: str) -> str:
    """The text with line ends, terminal codes and direction marks written out as \\uXXXX."""
    return _UNSAFE.sub(lambda match: _SHOWN.get(match[0]) or _units(match[0]), text)


# --- the forms of one secret ------------------------------------------------------------------------------


def _plain_forms(secret: str) -> list[str]:
    raw = _bytes(secret)
    encoded = [_certain_base64(raw, offset) for offset in range(3)]
    urlsafe = [form.translate(str.maketrans("+/", "-_")) for form in encoded]
    return [secret, raw.hex(), raw.hex().upper(), *encoded, *urlsafe]


def _any_form(secret: str) -> str:
    """A pattern for the secret, each character of which may be escaped, or all of it in base64 or hex."""
    raw = _bytes(secret)
    forms = ["".join(_character(character) for character in secret), f"(?i:{raw.hex()})"]
    for offset in range(3):
        certain = _certain_base64(raw, offset)
        forms.append("".join(_EITHER.get(character, re.escape(character)) for character in certain))
    return "|".join(f"(?:{form})" for form in forms)


def _character(character: str) -> str:
    """One character as itself, percent-encoded, or escaped the way JSON, Python and HTML do."""
    raw = _bytes(character)
    code = ord(character)
    forms = [
        r"\\{0,8}" + re.escape(character),
        "(?i:" + "".join(f"%(?:25){{0,3}}{byte:02x}" for byte in raw) + ")",
        "(?i:" + "".join(rf"\\{{1,8}}x{byte:02x}" for byte in raw) + ")",
        "(?i:" + _units(character).replace("\\", r"\\{1,8}") + ")",
        rf"(?i:\\{{1,8}}(?:x{code:02x}|U{code:08x}))",
        rf"(?i:&#(?:0*{code}|x0*{code:x});)",
    ]
    if character in _SHORT_ESCAPES:
        forms.append(r"\\{1,8}" + _SHORT_ESCAPES[character])
    if (entity := html.escape(character)) != character:
        forms.append(re.escape(entity))
    if character == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(forms)})"


_SHORT_ESCAPES: Final = {
    "\n": "n",
    "\r": "r",
    "\t": "t",
    "\b": "b",
    "\f": "f",
    "\v": "v",
    "\a": "a",
    "\0": "0",
}
_SHOWN: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_EITHER: Final = {"+": r"(?:[+-]|%2[bB])", "/": r"(?:\\?[/_]|%2[fF])"}


def _certain_base64(raw: bytes, offset: int) -> str:
    """What of the base64 text is certain, whatever stands before (offset: bytes modulo 3) and after."""
    encoded = base64.b64encode(b"\0" * offset + raw).decode()
    return encoded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _units(character: str) -> str:
    r"""The character as JSON would escape it: \uXXXX, or two of them."""
    raw = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{raw[at]:02x}{raw[at + 1]:02x}" for at in range(0, len(raw), 2))
