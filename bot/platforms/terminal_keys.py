"""Keys are read from the terminal without being shown, or from standard input; never from the command line."""

import getpass
import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

BEGIN, END = "-----BEGIN", "-----END"


def asks_for_a_key(words: Sequence[str]) -> bool:
    """Whether this is `keys add ACCOUNT`, complete but for the key itself."""
    plain = [word for word in words if not word.startswith("--") and word != "!"]
    plain[:1] = [plain[0].lstrip("/")] if plain else []
    return (plain[:2] == ["keys", "add"] and len(plain) == 3) or (
        plain[:1] == ["keys-add"] and len(plain) == 2
    )


def read_key(stdin: TextIO | None = None) -> dict[str, str]:
    """What a person types or pastes, not shown; or the lines of a file or another program: key, secret, and a
    passphrase where the exchange has one."""
    stdin = stdin or sys.stdin
    if stdin.isatty():
        key = _typed("API key (not shown): ")
        secret = _whole(_typed("Secret (not shown): "), iter(lambda: _typed(""), END))
        passphrase = _typed("Passphrase (empty when the exchange has none): ")
    else:
        lines = (line.strip() for line in stdin)
        key = next(lines, "")
        secret = _whole(next(lines, ""), lines)
        passphrase = next(lines, "")
    return {"key": key, "secret": secret, "passphrase": passphrase}


def _typed(prompt: str) -> str:
    try:
        return getpass.getpass(prompt, stream=sys.stderr).strip()
    except EOFError:
        return ""


def _whole(first: str, more: Iterator[str]) -> str:
    """A secret of several lines, such as a private key in PEM, ends with a line that says so."""
    lines = [first]
    while lines[0].startswith(BEGIN) and END not in lines[-1]:
        line = next(more, None)
        if line is None:
            break
        lines.append(line)
    return "\n".join(lines)
