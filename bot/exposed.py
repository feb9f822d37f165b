"""What others on this machine could read of the settings' secrets: the file they stand in, and the environment."""

import os
import stat
import tomllib
from collections.abc import Collection, Iterator, MutableMapping
from pathlib import Path
from typing import Any

from bot.words import Words
from trading.settings import PREFIX, Settings

_MEMORY = Path("/proc/self/mem")  # Linux: this very process, as a file
_WHERE = Path("/proc/self/stat")
_ENVIRONMENT = (47, 48)  # of its words behind the name of the program: where the environment begins and ends
_LARGEST = 16 * 1024 * 1024  # bytes; Linux allows six


def warning(settings: Settings) -> str:
    """One sentence for whoever starts the desk; empty when nothing is open to others."""
    path = settings.file
    if path is None or os.name != "posix":
        return ""
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & stat.S_IROTH or not _holds_a_secret(path, settings.secrets):
        return ""
    say = Words(settings.language)
    return say(
        "A secret stands in {path}, which everybody on this machine can read (mode {mode}): "
        "chmod o-rwx {path}",
        path=path,
        mode=f"{mode:o}",
    )


def _holds_a_secret(path: Path, secrets: Collection[str]) -> bool:
    texts = list(_texts(tomllib.loads(path.read_text(encoding="utf-8-sig"))))
    return any(secret in text for secret in secrets for text in texts)


def _texts(value: Any) -> Iterator[str]:
    """Every text in a table, however deep."""
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)


# --- the environment ----------------------------------------------------------------------------------------


def forget(secrets: Collection[str], environ: MutableMapping[str, str] = os.environ) -> bool:
    """Take every variable that holds a secret out of this process, once it was read: whoever starts from here does
    not inherit it, and `ps` does not show it. False where the system does not let us overwrite what it shows."""
    held = [
        (name, value)
        for name, value in environ.items()
        if name.startswith(PREFIX) and any(secret in value for secret in secrets)
    ]
    for name, _ in held:
        del environ[name]
    if not held or not _MEMORY.exists():
        return not held
    try:
        _overwrite([os.fsencode(f"{name}={value}") for name, value in held])
    except OSError:
        return False
    return True


def _overwrite(variables: list[bytes]) -> None:
    """What a process was started with lies in its memory, and is what others are shown."""
    words = _WHERE.read_text().rpartition(")")[2].split()
    begin, end = (int(words[place]) for place in _ENVIRONMENT)
    if not 0 < end - begin <= _LARGEST:
        raise OSError("the system does not say where the environment is")
    with _MEMORY.open("r+b", buffering=0) as memory:
        memory.seek(begin)
        shown = memory.read(end - begin)
        for variable in variables:
            at = (b"\0" + shown).find(b"\0" + variable + b"\0")
            if at >= 0:
                value = variable.index(b"=") + 1
                memory.seek(begin + at + value)
                memory.write(bytes(len(variable) - value))
