"""No words: run the desk. Words: one command line, answered in the terminal (`main.py status --json`)."""

import asyncio
import gc
import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.asking import Line
    from bot.reply import Reply
    from trading.settings import Settings

HOME = Path(__file__).resolve().parent
WORDS = {
    "-h": "help",
    "--help": "help",
    "-V": "version",
    "--version": "version",
}  # as other programs are asked


def run() -> None:
    """The program `tradewind`, and `python main.py`."""
    code = main(sys.argv[1:])
    if len(sys.argv) > 1 and _all_is_said():
        os._exit(code)  # taking everything that was loaded apart, piece by piece, takes as long as a backtest
    sys.exit(code)


def _all_is_said() -> bool:
    """Whether nothing is left to do or to write: no thread, no process, no text."""
    from multiprocessing import active_children

    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # a full disk: Python says so in its own way
        return False
    return threading.active_count() == 1 and not active_children()


def main(words: list[str]) -> int:
    """Exit code 0, or 1 with one sentence on the error stream when it could not be done."""
    _use_own_environment()
    resource.setrlimit(
        resource.RLIMIT_CORE, (0, 0)
    )  # a crash must not leave its memory, keys and all, on disk
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # others keep what is freed
    gc.disable()  # nothing that is imported is ever garbage; `_main` lets it sweep again
    from trading.domain.errors import TradingError

    try:
        settings_file, as_json, rest = _options(words)
        return asyncio.run(_main(settings_file, as_json, rest))
    except TradingError as error:
        print(error.tell, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        gc.enable()


def _use_own_environment() -> None:
    """Go on in the project's own environment when the Python that was called has not got the packages."""
    own = HOME / ".venv" / "bin" / "python"
    try:
        import structlog  # noqa: F401
    except ModuleNotFoundError:
        if not own.exists() or Path(sys.executable) == own:
            print(
                "The packages are not installed yet: run 'make run' once (or 'make setup').", file=sys.stderr
            )
            sys.exit(1)
        os.execv(own, [str(own), str(HOME / "main.py"), *sys.argv[1:]])  # noqa: S606 - this very program, in its own environment


def _options(words: list[str]) -> tuple[Path | None, bool, list[str]]:
    """`--settings FILE` and `--json` may stand anywhere; the rest is the command line."""
    from trading.domain.errors import SettingsError

    rest, settings_file = [w for w in words if w != "--json"], None
    if "--settings" in rest:
        place = rest.index("--settings")
        if place + 1 >= len(rest):
            raise SettingsError("--settings needs a file, for instance --settings my.toml.")
        settings_file = Path(rest[place + 1])
        del rest[place : place + 2]
    return settings_file or _checkout(), "--json" in words, [WORDS.get(w, w) for w in rest[:1]] + rest[1:]


def _checkout() -> Path | None:
    """The settings beside this file, so that a kill typed from any folder means this very desk."""
    mine = HOME / "settings.toml"
    if Path("settings.toml").exists() or not (HOME / "pyproject.toml").exists() or not mine.exists():
        return None
    return mine


async def _main(settings_file: Path | None, as_json: bool, words: list[str]) -> int:
    from bot.exposed import forget
    from bot.ops import logs
    from trading.settings import load

    settings = load(settings_file)
    forget(settings.secrets)
    if words:
        logs.set_up(settings.log, None, settings.secrets)
        return await _answer(settings, as_json, words)
    from bot.app import serve

    _sweep_again()
    logs.set_up(settings.log, settings.data_dir / "logs", settings.secrets)
    try:
        await serve(settings, _say)
    finally:
        logs.close()
    return 0


def _sweep_again() -> None:
    """Collect garbage from here on, and never look again through what is loaded by now."""
    gc.freeze()
    gc.enable()


def _say(text: str) -> None:
    """A line for whoever sits at the terminal; that it has gone, or is a file on a full disk, stops nothing."""
    import structlog

    try:
        print(text, flush=True)
    except OSError as error:
        structlog.get_logger("app").warning("not_said", reason=error.strerror)


def _warn(text: str) -> None:
    """A line beside the answer, which programs read."""
    print(text, file=sys.stderr)


async def _answer(settings: "Settings", as_json: bool, words: list[str]) -> int:
    from bot.platforms import terminal

    shown = terminal.Shown(as_json, settings.data_dir / "pictures")
    if "-".join(words[:2]).startswith("keys-reset"):
        return await terminal.show(_reset(settings, yes="!" in words), shown)
    return await terminal.show(_answers(settings, terminal.line(words, pictures=not as_json)), shown)


async def _answers(settings: "Settings", line: "Line", patience: float = 20.0) -> "AsyncIterator[Reply]":
    """Ask the running desk; without one, answer here, from what is on disk.

    A desk that is just starting, or another command that answers from the same disk, is waited for: not by a kill.
    """
    from bot.app import answer_alone
    from bot.platforms import terminal
    from trading.store import lease

    ends = time.monotonic() + patience
    waits = settings.web.enabled and not line.text.startswith("/kill")
    while True:
        holder, over = lease.holder(settings.data_dir), time.monotonic() >= ends
        try:
            if holder is None:
                async for reply in answer_alone(settings, line, _warn):
                    yield reply
                return
        except lease.Held:
            if over:
                raise
        if holder is not None and (holder.get("web") or not waits):
            async for reply in terminal.ask_running_desk(holder, settings.data_dir, line):
                yield reply
            return
        if over:
            yield terminal.still_starting(holder or {})
            return
        await asyncio.sleep(0.2)


async def _reset(settings: "Settings", *, yes: bool) -> "AsyncIterator[Reply]":
    """The one command that works without the master key: because it is lost. No desk runs meanwhile."""
    from bot.reset import after_reset, before_reset
    from bot.words import Words
    from migrations.run import upgrade
    from trading.clock import wall_clock
    from trading.store import lease, reset
    from trading.store.store import Store

    say, path = Words(settings.language), settings.master_key_path
    with lease.hold(settings.data_dir):
        await upgrade(settings.database_url)
        store = await Store.open(settings.database_url, wall_clock)
        try:
            lost = await reset.lost(store, path)
            if not yes:
                yield before_reset(say, lost, path)
                return
            aside = await reset.begin_anew(store, path, settings.data_dir)
            yield after_reset(say, lost, path, aside)
        finally:
            await store.close()


if __name__ == "__main__":
    run()
