"""What the settings take at each place: one value, a table, anything, or nothing at all."""

import types
import typing
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated, Any

from pydantic import BaseModel, SecretStr

from trading.toml_lines import Keys


class Kind(Enum):
    TEXT = auto()  # one value, which the environment gives as plain text
    TABLE = auto()  # a table or a list, which the environment gives as JSON
    OPEN = auto()  # anything: options that are handed on, parameters of a strategy
    UNKNOWN = auto()  # there is no such setting


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the settings. `secret`: what is found there is never shown."""

    type: Any  # None where there is no such setting
    secret: bool = False

    @property
    def kind(self) -> Kind:
        if self.type is None:
            return Kind.UNKNOWN
        if self.type is Any:
            return Kind.OPEN
        table = self.names or typing.get_origin(self.type) in (dict, tuple)
        return Kind.TABLE if table else Kind.TEXT

    @property
    def names(self) -> list[str]:
        """The settings of this table; empty for everything that is no table with fixed names."""
        return list(self.type.model_fields) if _is_model(self.type) else []

    def inside(self, key: str) -> "Spot":
        """The place one step further in."""
        if _is_model(self.type):
            info = self.type.model_fields.get(key)
            if info is None:
                return Spot(Any if self.type.model_config.get("extra") == "allow" else None, self.secret)
            plain = _plain(info.annotation)
            return Spot(plain, self.secret or not info.repr or plain is SecretStr)
        match typing.get_origin(self.type):
            case origin if origin is dict:
                return Spot(_plain(typing.get_args(self.type)[1]), self.secret)
            case origin if origin is tuple and key.isdecimal():
                return Spot(_plain(typing.get_args(self.type)[0]), self.secret)
        return Spot(Any if self.type is Any else None, self.secret)


def spot(shape: type[BaseModel], keys: Keys) -> Spot:
    """The place that `keys` name, beginning at the top of the settings."""
    here = Spot(shape)
    for key in keys:
        here = here.inside(key)
    return here


def _is_model(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, BaseModel)


def _plain(shape: Any) -> Any:
    """The type without Annotated and without `| None`."""
    while typing.get_origin(shape) is Annotated:
        shape = typing.get_args(shape)[0]
    if typing.get_origin(shape) in (typing.Union, types.UnionType):
        return _plain(next(part for part in typing.get_args(shape) if part is not types.NoneType))
    return shape
