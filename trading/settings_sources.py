"""Where settings come from: settings.toml, then secret files, then the environment, merged into one table."""

import copy
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from trading.domain.errors import SettingsError
from trading.settings_shape import Kind, spot
from trading.toml_lines import Keys, lines

PREFIX: Final = "TRADEWIND__"
DEFAULT_FILE: Final = Path("settings.toml")


@dataclass(slots=True)
class Gathered:
    """All settings as plain data, and where each was found."""

    data: dict[str, Any] = field(default_factory=dict)
    origins: dict[Keys, str] = field(default_factory=dict)
    file: Path | None = None  # settings.toml or what was named; None where there is none

    def where(self, keys: Keys) -> str:
        """`settings.toml line 41`, the variable's name, or the nearest table that says something about it."""
        for depth in range(len(keys), 0, -1):
            if keys[:depth] in self.origins:
                return self.origins[keys[:depth]]
        inside = (origin for known, origin in self.origins.items() if known[: len(keys)] == keys)
        return next(inside, "built-in defaults")

    def put(self, keys: Keys, value: Any, origin: str) -> None:
        """Merge one value in. Tables are merged; `None` (JSON's null) takes a setting away again."""
        table = self.data
        for depth, key in enumerate(keys[:-1], 1):
            if not isinstance(table.get(key), dict):
                self._replace(table, keys[:depth], {}, origin)
            table = table[key]
        self._merge(table, keys, value, origin)

    def _merge(self, table: dict[str, Any], keys: Keys, value: Any, origin: str) -> None:
        if not isinstance(value, dict) or not isinstance(table.get(keys[-1]), dict):
            self._replace(table, keys, {} if isinstance(value, dict) else value, origin)
        if not isinstance(value, dict):
            return
        self.origins[keys] = origin
        for key, inner in value.items():
            self._merge(table[keys[-1]], (*keys, key), inner, origin)

    def _replace(self, table: dict[str, Any], keys: Keys, value: Any, origin: str) -> None:
        """What was said about this place before, and about everything inside it, no longer counts."""
        self.origins = {known: told for known, told in self.origins.items() if known[: len(keys)] != keys}
        self.origins[keys] = origin
        if value is None:
            table.pop(keys[-1], None)
        else:
            table[keys[-1]] = value


def gather(
    file: Path | None, environ: Mapping[str, str], shape: type[BaseModel], defaults: dict[str, Any]
) -> Gathered:
    """Everything that was said about the settings; what is said later wins. Raises SettingsError."""
    gathered = _from_file(file)
    for name, value in defaults.items():
        if not gathered.data.get(name):
            gathered.data[name] = copy.deepcopy(value)
    spoken = _from_environment(environ, shape)
    for keys, value, origin in _from_folder(gathered, spoken, shape):
        gathered.put(keys, value, origin)
    for keys, value, origin in spoken:
        gathered.put(keys, value, origin)
    return gathered


# --- the file ---------------------------------------------------------------------------------------------


def _from_file(file: Path | None) -> Gathered:
    path = file or DEFAULT_FILE
    if file is None and not path.exists():
        return Gathered()
    text = _read(path, f"The settings file {path}")
    broken = ""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        broken = _syntax(path, str(error))
    if broken:  # raised out here, so that no text of the file travels along with the error
        raise SettingsError(broken)
    if isinstance(folder := data.get("data_dir", "data"), str):  # counted from the file, wherever one stands
        data["data_dir"] = str(path.parent / Path(folder).expanduser())
    return Gathered(data, {keys: f"{path} line {line}" for keys, line in lines(text).items()}, path)


def _syntax(path: Path, said: str) -> str:
    match = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", said, re.DOTALL)
    if match is None:
        said = said.removesuffix(" (at end of document)")
        return f"{path} ends too early ({said}); close the last quote or bracket."
    return f"{path} line {match[2]}: this is not TOML at column {match[3]} ({match[1]}); write name = value."


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problem = "does not exist; name one that does."
    except IsADirectoryError:
        problem = "is a folder; name a file."
    except UnicodeDecodeError:
        problem = "is not UTF-8 text; save it as UTF-8."
    except OSError as error:
        problem = f"cannot be read ({error.strerror}); make it readable for the user who runs this."
    raise SettingsError(f"{what} {problem}")


# --- environment and secret files -------------------------------------------------------------------------

Spoken = tuple[Keys, Any, str]


def _from_environment(environ: Mapping[str, str], shape: type[BaseModel]) -> list[Spoken]:
    spoken: dict[Keys, Spoken] = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        keys, text = keys_of(name), environ[name]
        if keys[-1].endswith("_file") and spot(shape, keys).kind is Kind.UNKNOWN:
            keys = (*keys[:-1], keys[-1].removesuffix("_file"))
            text = _read(Path(text), f"{name}: the file it names").strip()
        if keys in spoken:
            raise SettingsError(f"{spoken[keys][2]} and {name} both set {'.'.join(keys)}; keep one of them.")
        spoken[keys] = (keys, _understood(text, spot(shape, keys).kind, name), name)
    return sorted(spoken.values(), key=lambda one: len(one[0]))  # a table before what is inside it


def _from_folder(gathered: Gathered, spoken: list[Spoken], shape: type[BaseModel]) -> list[Spoken]:
    """Files named like the variables, with or without the prefix. Files about other things are left alone."""
    said = (gathered.data.get("secrets_dir"), gathered.where(("secrets_dir",)))
    folder, where = next(
        ((value, origin) for keys, value, origin in spoken if keys == ("secrets_dir",)), said
    )
    if not isinstance(folder, str) or not folder:
        return []
    path = Path(folder).expanduser()
    found: list[Spoken] = []
    if not path.is_dir():
        raise SettingsError(f"{where}: secrets_dir should be a folder; found '{folder}', which is none.")
    for file in sorted(path.iterdir()):
        keys = keys_of(file.name)
        ours = file.name.upper().startswith(PREFIX) or (len(keys) > 1 and keys[0] in shape.model_fields)
        if ours and file.is_file() and not file.name.startswith("."):
            text = _read(file, f"The secret file {file}").strip()
            found.append((keys, _understood(text, spot(shape, keys).kind, str(file)), str(file)))
    return found


def keys_of(name: str) -> Keys:
    """`TRADEWIND__RISK__DAILY_LOSS` is risk.daily_loss. A part with small letters in it stays as it is."""
    if name.upper().startswith(PREFIX):
        name = name[len(PREFIX) :]
    return tuple(part.lower() if part.isupper() else part for part in name.split("__"))


def _understood(text: str, kind: Kind, origin: str) -> Any:
    """The value that `text` stands for: JSON for tables and lists, and plain text for everything else."""
    if kind in (Kind.TEXT, Kind.UNKNOWN):
        return text
    try:
        return json.loads(text)
    except ValueError:
        if kind is Kind.OPEN:
            return text
    raise SettingsError(
        f'{origin} should be JSON, {{"name": 1}} or ["a", "b"] for instance; found other text.'
    )
