"""Strategies of your own: Python files in a folder named in settings, found by name like those of the house.

Such a file is written like any other strategy: a `Params` class and one function under `@strategy`. It is run
with all rights of the desk, so a file that anybody else could have written is not run.
"""

import os
import stat
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType

from trading.domain.errors import SettingsError, TradingError
from trading.strategies import OWN, Strategy, _registered, strategies

_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_LONGEST = 200  # characters of a reason; the rest is in the file


@dataclass(frozen=True, slots=True)
class _File:
    source: bytes
    names: tuple[str, ...]  # of its strategies


_loaded: dict[Path, dict[Path, _File]] = {}  # folder -> file -> what it gave


def load_folder(folder: str | Path) -> None:
    """Make the strategies of every *.py in `folder` known; "" is none. Files that begin with _ are left alone.

    A file is run once, and again only when its text has changed. Raises SettingsError in one sentence (file,
    line, why) for the first that others could have written, that is broken, or whose name is taken; nothing of
    that file is known then, and everything of the others.
    """
    if not str(folder):
        return
    strategies()  # names of the house come first
    home = Path(folder).expanduser().absolute()
    if not home.is_dir():
        raise SettingsError(f"strategies_dir: there is no folder {home}; name one, or leave it empty.")
    _trust(home, os.stat(home).st_mode)
    known = _loaded.setdefault(home, {})
    found = [path for path in sorted(home.glob("*.py")) if not path.name.startswith(("_", "."))]
    for gone in set(known) - set(found):
        _forget(known.pop(gone).names)
    broken: list[SettingsError] = []
    for path in found:
        try:
            source = _read(path)
            if path not in known or known[path].source != source:
                known[path] = _run(path, source, known.get(path))
        except SettingsError as error:
            broken.append(error)
    if broken:
        raise broken[0]


def folders() -> tuple[str, ...]:
    """The folders loaded so far: what another process has to load to know the same strategies."""
    return tuple(str(folder) for folder in _loaded)


def _read(path: Path) -> bytes:
    """The file's text, from the very file whose permissions were looked at."""
    real = path.resolve()
    if not real.is_file():
        raise SettingsError(f"{path} is not a file; take it out of the folder.")
    _trust(real.parent, os.stat(real.parent).st_mode)
    try:
        with real.open("rb") as file:
            _trust(path, os.fstat(file.fileno()).st_mode)
            return file.read()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None


def _trust(path: Path, mode: int) -> None:
    if os.name == "posix" and mode & _OTHERS:
        raise SettingsError(
            f"{path} can be written by others (mode {stat.S_IMODE(mode):o}), so its code is not run; "
            f"take that right away: chmod go-w {path}"
        )


def _run(path: Path, source: bytes, old: _File | None) -> _File:
    """Run the file; its strategies, or SettingsError and everything as before."""
    before = dict(_registered)
    module = ModuleType(f"{OWN}{path.stem}")
    module.__file__ = str(path)
    if old is not None:
        _forget(old.names)
    rest = set(_registered)
    with _Blamed(path, before):
        sys.modules[module.__name__] = module  # where dataclasses look for the types they name
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102
        names = tuple(sorted(set(_registered) - rest))
        if not names:
            raise SettingsError("it has no strategy (a function under @strategy)")
    return _File(source, names)


def _forget(names: tuple[str, ...]) -> None:
    for name in names:
        _registered.pop(name, None)


class _Blamed(AbstractContextManager[None]):
    """Whatever goes wrong inside becomes one sentence about the file, and the catalogue is as before."""

    def __init__(self, path: Path, before: dict[str, Strategy]) -> None:
        self._path, self._before = path, before

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            return
        _registered.clear()
        _registered.update(self._before)
        if isinstance(error, Exception | SystemExit):
            line = _line(self._path, error, trace)
            where = f"{self._path} line {line}" if line else f"{self._path}"
            raise SettingsError(
                f"{where}: {_why(error)}; correct the file or take it out of the folder."
            ) from None


def _line(path: Path, error: BaseException, trace: TracebackType | None) -> int | None:
    """The line of the file that was last at work."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _why(error: BaseException) -> str:
    if isinstance(error, TradingError):
        text = error.tell
    elif isinstance(error, SyntaxError):
        text = error.msg
    else:
        text = f"{type(error).__name__}: {error}"
    return text.partition("\n")[0][:_LONGEST].rstrip(" .:")
