"""No words: run the desk. Words: one command line, answered in the terminal (`main.py status --json`)."""

import asyncio
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    sys.exit(main(sys.argv[1:]))


def main(words: list[str]) -> int:
    """Exit code 0, or 1 with one sentence on the error stream when it could not be done."""
    _use_own_environment()
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
    from bot.ops import logs
    from trading.settings import load

    settings = load(settings_file)
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


async def _answer(settings: "Settings", as_json: bool, words: list[str]) -> int:
    """Ask the running desk; without one, answer here, from what is on disk."""
    from bot.platforms import terminal
    from trading.store import lease

    _sweep_again()

    shown = terminal.Shown(as_json, settings.data_dir / "pictures")
    line = terminal.line(words, pictures=not as_json)
    holder = lease.holder(settings.data_dir)
    if holder is None:
        gc.disable()
        from bot.app import answer_alone

        _sweep_again()
        return await terminal.show(answer_alone(settings, line), shown)
    return await terminal.show(terminal.ask_running_desk(holder, settings.data_dir, line), shown)


if __name__ == "__main__":
    run()
