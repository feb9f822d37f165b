"""Secrets that a story plants in every place where a desk is given one, and a search for them in any form."""

import base64
import random
import string
from pathlib import Path
from urllib.parse import quote

DICE = random.Random(20250310)
ALNUM = string.ascii_letters + string.digits


def random_text(count: int) -> str:
    return "".join(DICE.choice(ALNUM) for _ in range(count))


class Planted:
    """Named secrets; `found_in` says which of them a text or file gives away, plain or encoded."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}

    def plant(self, name: str, value: str = "") -> str:
        self.secrets[name] = value or random_text(40)
        return self.secrets[name]

    def found_in(self, content: bytes | str) -> list[str]:
        raw = content.encode(errors="replace") if isinstance(content, str) else content
        return [name for name, secret in self.secrets.items() if any(form in raw for form in forms(secret))]

    def found_under(self, folder: Path, but: tuple[str, ...]) -> dict[str, list[str]]:
        """Every file in a folder that gives something away; `but` are the files whose very content it is."""
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in but]
        assert files, f"there is nothing in {folder}"
        found = {str(path.relative_to(folder)): self.found_in(path.read_bytes()) for path in files}
        return {name: secrets for name, secrets in found.items() if secrets}


def forms(secret: str) -> set[bytes]:
    raw = secret.encode()
    spoken = {secret, quote(secret, safe=""), raw.hex(), raw.hex().upper(), secret[:24]}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw)
        certain = encoded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6].decode()
        spoken |= {certain, certain.translate(str.maketrans("+/", "-_"))}
    return {form.encode() for form in spoken}
