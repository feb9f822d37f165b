"""On which line of a TOML text each key stands, so that a wrong setting can be pointed at."""

import tomllib
from typing import Final

Keys = tuple[str, ...]

_BARE_END: Final = frozenset(",]}#\n")


def lines(text: str) -> dict[Keys, int]:
    """The line of every key, table and list entry (entries count from "0"). `text` must be valid TOML."""
    return _Scanner(text.replace("\r\n", "\n")).scan()


class _Scanner:
    """Walks over a text that tomllib has accepted, so it looks for keys and never for mistakes."""

    def __init__(self, text: str) -> None:
        self._text = text + "\n"
        self._at = 0
        self._found: dict[Keys, int] = {}
        self._tables: dict[Keys, int] = {}  # how often [[name]] was seen

    def scan(self) -> dict[Keys, int]:
        table: Keys = ()
        while self._skip():
            if self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._found

    def _header(self) -> Keys:
        repeated = self._text.startswith("[[", self._at)
        self._at += 2 if repeated else 1
        name = self._key()
        self._note(name)
        self._at += 2 if repeated else 1
        if not repeated:
            return name
        count = self._tables.get(name, 0)
        self._tables[name] = count + 1
        self._note((*name, str(count)))
        return (*name, str(count))

    def _pair(self, table: Keys) -> None:
        name = (*table, *self._key())
        self._note(name)
        self._at += 1  # the equals sign
        self._value(name)

    def _key(self) -> Keys:
        """A dotted key; leaves the cursor on what follows it."""
        parts = [self._part()]
        while self._blank() == ".":
            self._at += 1
            parts.append(self._part())
        return tuple(parts)

    def _part(self) -> str:
        self._blank()
        start = self._at
        if self._peek() in "\"'":
            self._string()
            return str(tomllib.loads(f"key = {self._text[start : self._at]}")["key"])
        while self._peek().isalnum() or self._peek() in "-_":
            self._at += 1
        return self._text[start : self._at]

    def _value(self, name: Keys) -> None:
        match self._blank():
            case '"' | "'":
                self._string()
            case "[":
                self._list(name)
            case "{":
                self._inline_table(name)
            case _:
                while self._peek() not in _BARE_END:
                    self._at += 1

    def _string(self) -> None:
        quote = self._peek()
        end = quote * 3 if self._text.startswith(quote * 3, self._at) else quote
        self._at += len(end)
        while not self._text.startswith(end, self._at):
            self._at += 2 if quote == '"' and self._peek() == "\\" else 1
        self._at += len(end)
        if len(end) == 3:  # up to two more quotes may belong to the text
            while self._peek() == quote:
                self._at += 1

    def _list(self, name: Keys) -> None:
        self._at += 1
        count = 0
        while self._skip() and self._peek() != "]":
            entry = (*name, str(count))
            self._note(entry)
            self._value(entry)
            count += 1
            if self._skip() and self._peek() == ",":
                self._at += 1
        self._at += 1

    def _inline_table(self, name: Keys) -> None:
        self._at += 1
        while self._skip() and self._peek() != "}":
            self._pair(name)
            if self._skip() and self._peek() == ",":
                self._at += 1
        self._at += 1

    def _note(self, name: Keys) -> None:
        line = self._text.count("\n", 0, self._at) + 1
        for depth in range(1, len(name) + 1):
            self._found.setdefault(name[:depth], line)

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else "\n"

    def _blank(self) -> str:
        while self._peek() in " \t":
            self._at += 1
        return self._peek()

    def _skip(self) -> bool:
        """Pass blanks, line ends and comments; False at the end of the text."""
        while self._at < len(self._text):
            if self._peek() == "#":
                self._at = self._text.index("\n", self._at)
            elif self._peek() not in " \t\n":
                return True
            else:
                self._at += 1
        return False
