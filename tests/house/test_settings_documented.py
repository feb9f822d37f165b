"""settings.toml is the manual of the settings: all of them, with their defaults, each explained."""

import re
import tomllib

import pytest
from pydantic import BaseModel

from tests.house.code import ROOT
from trading.settings import AccountSettings, Settings, Sleeve, load
from trading.settings_risk import SleeveRisk
from trading.settings_sizing import Sizing, Weights
from trading.toml_lines import lines

FILE = ROOT / "settings.toml"
TEXT = FILE.read_text()
LINES = lines(TEXT)
KEYS = [keys for keys in LINES if not keys[-1].isdecimal()]  # without the entries of lists


def documented(section: type[BaseModel]) -> set[str]:
    """The names that settings.toml gives a value in every table of this class together."""
    found = set()
    for keys in KEYS:
        if class_of(keys[:-1]) is section:
            found.add(keys[-1])
    return found


def class_of(keys: tuple[str, ...]) -> type[BaseModel] | None:
    match keys:
        case ():
            return Settings
        case ("accounts", _):
            return AccountSettings
        case ("accounts", _, "sleeves", _):
            return Sleeve
        case ("accounts", _, "sleeves", _, "weights"):
            return Weights
        case ("accounts", _, "sleeves", _, "limits"):
            return SleeveRisk
        case ("accounts", _, "sleeves", _, "sizing"):
            return Sizing
        case (name,) if name != "accounts":
            return Settings.model_fields[name].annotation
    return None


SECTIONS = [Settings, AccountSettings, Sleeve, Sizing, Weights, SleeveRisk] + [
    info.annotation
    for info in Settings.model_fields.values()
    if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)
]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.__name__)
def test_every_setting_is_in_the_file_and_the_file_knows_no_other(section):
    assert documented(section) == set(section.model_fields)


def test_the_file_holds_the_defaults():
    beside_it = Settings().model_copy(update={"data_dir": FILE.parent / "data"})

    assert load(FILE, {}).model_dump() == beside_it.model_dump()


def test_every_setting_is_explained_beside_it():
    written = TEXT.splitlines()
    values = [keys for keys in KEYS if not re.match(r"\s*\[", written[LINES[keys] - 1])]

    silent = [".".join(keys) for keys in values if not re.search(r"#\s*\S.*\S", written[LINES[keys] - 1])]

    assert values
    assert silent == []


def test_the_file_holds_no_secret():
    found = tomllib.loads(TEXT)

    assert (found["telegram"]["token"], found["telegram"]["webhook_secret"], found["discord"]["token"]) == (
        "",
        "",
        "",
    )
    assert load(FILE, {}).secrets == ()
