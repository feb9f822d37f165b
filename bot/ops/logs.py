"""Log lines: one per event, for people or machines, on the terminal and in a file, without any secret."""

import json
import logging
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.ops.logfile import File, Stderr, files_of
from bot.ops.redact import HIDDEN, forget, names_a_secret, one_line, protect, redact
from bot.ops.seal import Checked
from bot.ops.seal import check as check_files
from trading.domain.errors import SettingsError
from trading.settings import Log

__all__ = ["check", "close", "events", "protect", "redact", "seal", "set_up", "tail"]

FILE: Final = "tradewind.log"
_READ_BACK: Final = 1_000_000  # bytes of a file that /logs looks through
_FIRST: Final = ("at", "level", "logger", "event")
_DEEPEST: Final = 8  # levels of nesting in a value
_LEVELS: Final = ("debug", "info", "warning", "error", "critical")

# Libraries that talk about every request, with its URL and sometimes with its headers.
_TALKATIVE: Final = (
    *("httpx", "httpx2", "httpcore", "httpcore2", "telegram", "discord", "ccxt", "apscheduler", "uvicorn"),
    *("uvicorn.access", "uvicorn.error", "aiohttp", "aiosqlite", "sqlalchemy", "alembic", "asyncio"),
    *("websockets", "urllib3", "matplotlib", "PIL", "fontTools", "numba", "tzlocal"),
)

_folder: Path | None = None
_key = b""
_handlers: list[logging.Handler] = []
_hooks: tuple[Any, Any, Any] | None = None


def set_up(log: Log, folder: Path | None, secrets: Iterable[str] = ()) -> None:
    """Send every line of ours and of the libraries to stderr and into `folder` (None: to stderr only).

    From here on no secret that was registered by `protect` reaches either, not even in a traceback.
    Raises SettingsError when the folder cannot be written.
    """
    global _folder
    close()
    protect(*secrets)
    _folder = folder
    handlers: list[logging.Handler] = [Stderr()]
    handlers[0].setFormatter(_Formatter(_as_json if log.format == "json" else _as_text))
    if folder is not None:
        handlers.append(_file(folder, log))
        handlers[1].setFormatter(_Formatter(_as_json))
    level = logging.getLevelNamesMapping()[log.level.upper()]
    root = logging.getLogger()
    root.setLevel(level)
    for handler in handlers:
        root.addHandler(handler)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    _handlers.extend(handlers)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    _listen_to_crashes()


def close() -> None:
    """Undo set_up: let go of the file, forget the secrets."""
    global _folder, _hooks, _key
    _key = b""
    for handler in _handlers:
        logging.getLogger().removeHandler(handler)
        handler.close()
    _handlers.clear()
    if _hooks is not None:
        sys.excepthook, sys.unraisablehook, threading.excepthook = _hooks
        logging.captureWarnings(False)
        _hooks = None
    _folder = None
    forget()
    structlog.reset_defaults()


def seal(key: bytes) -> None:
    """From here on the lines of the log files are sealed with this key, so that nobody can rewrite them."""
    global _key
    _key = key
    for handler in _handlers:
        if isinstance(handler, File):
            handler.begin(key)


def check(folder: Path) -> Checked:
    """Whether the log files in a folder are as they were written; of those that this process writes, also whether
    none of the newest lines is missing."""
    writing = next((h for h in _handlers if isinstance(h, File) and folder == _folder), None)
    return writing.check() if writing else check_files(files_of(folder / FILE), _key)


def tail(n: int, level: str | None = None) -> list[str]:
    """The last `n` lines at `level` or above, oldest first, each a single redacted line for people."""
    return [redact(_head(event)) for event in _newest(n, level)]


def events(n: int, level: str | None = None) -> list[dict[str, str]]:
    """The same lines for programs: what each says by name, as redacted text."""
    return [{name: redact(str(value)) for name, value in event.items()} for event in _newest(n, level)]


def _newest(n: int, level: str | None) -> list[EventDict]:
    least = _LEVELS.index(level) if level else 0
    found: list[EventDict] = []
    for path in [_folder / FILE, _folder / f"{FILE}.1"] if _folder else []:
        for line in reversed(_last_lines(path)):
            if len(found) == n:
                break
            event = _read(line)
            if (event.get("logger"), event.get("event")) == ("log", "continues"):
                continue
            if _LEVELS.index(event["level"]) >= least:
                found.append(event)
    return found[::-1]


# --- where lines go ---------------------------------------------------------------------------------------


def _file(folder: Path, log: Log) -> File:
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        return File(folder / FILE, log.size_mb * 1_000_000, log.files)
    except (FileExistsError, NotADirectoryError):
        problem = "there is a file in the way"
    except OSError as error:
        problem = str(error.strerror)
    raise SettingsError(
        f"Logs cannot be written to {folder} ({problem}); set data_dir to a folder that can be."
    )


def _listen_to_crashes() -> None:
    """What Python would print by itself takes the same road, so that it is redacted and kept."""
    global _hooks
    _hooks = (sys.excepthook, sys.unraisablehook, threading.excepthook)
    log = structlog.get_logger("python")

    def crashed(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            log.critical("crashed", exc_info=(kind, error, trace))

    def unraisable(seen: Any) -> None:
        log.error("error_nobody_could_catch", exc_info=seen.exc_value, place=repr(seen.object))

    def thread_crashed(seen: Any) -> None:
        log.error("thread_crashed", exc_info=seen.exc_value, thread=seen.thread.name if seen.thread else "")

    sys.excepthook, sys.unraisablehook, threading.excepthook = crashed, unraisable, thread_crashed
    logging.captureWarnings(True)


# --- what a line looks like -------------------------------------------------------------------------------


def _name_error(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What was raised, in one field, for whoever does not want to read the traceback."""
    info = event.get("exc_info")
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event.setdefault("error", f"{type(error).__name__}: {error}".removesuffix(": "))
    return event


def _clean(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    cleaned: EventDict = _without_secrets(event)
    return cleaned


def _without_secrets(value: Any, depth: int = 0) -> Any:
    """Plain data with every text redacted; what is nested too deeply, or in itself, becomes text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict) and depth < _DEEPEST:
        pairs = [(str(key), inner) for key, inner in value.items()]
        return {redact(k): HIDDEN if names_a_secret(k) else _without_secrets(v, depth + 1) for k, v in pairs}
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [_without_secrets(inner, depth + 1) for inner in value]
    text = redact(str(value))
    return value if isinstance(value, int | float) and text == str(value) else text


_SHARED: Final[list[Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
]


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """The last station of every line, whoever wrote it: nothing is put into words that was not redacted."""

    def __init__(self, render: Processor) -> None:
        super().__init__(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder()],
            processors=[
                self.remove_processors_meta,
                _name_error,
                structlog.processors.format_exc_info,
                _clean,
                render,
            ],
        )


def _as_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    ordered = {name: event.pop(name, "") for name in _FIRST} | dict(event)
    return one_line(json.dumps(ordered, ensure_ascii=False))


def _as_text(_: WrappedLogger, __: str, event: EventDict) -> str:
    """One line for a person; a traceback follows indented, so that nothing in it can pass for a line."""
    trace = str(event.pop("exception", ""))
    return _head(event) + "".join(f"\n    | {one_line(line)}" for line in trace.split("\n") if trace)


def _head(event: EventDict) -> str:
    at, level, name, what = (str(event.get(key, "")) for key in _FIRST)
    fields = "".join(
        f" {key}={_shown(value)}" for key, value in event.items() if key not in (*_FIRST, "exception")
    )
    return one_line(f"{at[:19].replace('T', ' ')} {level:<8} {name}: {what}{fields}")


def _shown(value: Any) -> str:
    if isinstance(value, str) and value.isprintable() and value and not set(value) & set(" \"'=\\"):
        return value
    return json.dumps(value, ensure_ascii=False)


# --- reading them back ------------------------------------------------------------------------------------


def _last_lines(path: Path) -> list[str]:
    if not path.exists():
        return []
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _READ_BACK))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return lines[1:] if size > _READ_BACK else lines


def _read(line: str) -> EventDict:
    """The event of a line; a line cut short by a crash is shown as it is."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if isinstance(event, dict) and event.get("level") in _LEVELS:
        event.pop("seal", None)
        return event
    return {"level": "error", "logger": FILE, "event": line}
