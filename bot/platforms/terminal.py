"""The command line: one line of words, answered in the terminal, by the running desk or by this process."""

import asyncio
import json
import os
import shlex
import sys
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.dispatcher import Line
from bot.platforms.terminal_keys import asks_for_a_key, read_key
from bot.reply import Button, File, Image, Reply, Row
from bot.web.json import to_json
from bot.web.session import TERMINAL
from trading.domain.archive import is_archive

KILL_FILE = "KILL_SWITCH"
TOKEN_FILE = "terminal.token"  # noqa: S105 - a file name
KILL_SECONDS = 10.0  # a desk that has not answered a kill by then gets it as a file
FILE_OPTIONS = ("data", "file")


@dataclass(frozen=True, slots=True)
class Shown:
    """How the terminal shows answers: as JSON for programs, or for people."""

    as_json: bool
    folder: Path  # where pictures are put


async def show(replies: AsyncIterator[Reply], shown: Shown) -> int:
    """Print answers as they come; the exit code, 0 unless the last one failed."""
    last: Reply | None = None
    under_way: Reply | None = None
    try:
        with _Bar() as bar:
            async for reply in replies:
                if reply.progress is not None:
                    under_way = reply
                    bar.move(reply.title, reply.progress)
                    continue
                last = reply
    except asyncio.CancelledError:  # Ctrl+C
        if under_way is not None:
            _left(under_way)
        raise
    if last is None:
        return 1
    try:
        if shown.as_json:
            data = {"error": last.title, "detail": last.text} if last.failed else last.data
            print(
                to_json(data if data is not None else {"title": last.title, "text": last.text}, indent=True)
            )
        else:
            _print(last, shown.folder)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has had enough (`| head`): what is left to say goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1 if last.failed else 0


def line(words: list[str], *, pictures: bool = True) -> Line:
    """What was typed behind main.py, as any chat would have sent it; a key that belongs to it is asked for."""
    text = shlex.join(_absolute(words))
    text = text if text.startswith("/") else f"/{text}"
    typed = Line(text=text, place=TERMINAL, name="terminal", update_id=None, sent_at=None, pictures=pictures)
    return replace(typed, text=f"{text} !", secrets=read_key()) if asks_for_a_key(words) else typed


async def ask_running_desk(holder: Mapping[str, Any], data_dir: Path, asked: Line) -> AsyncIterator[Reply]:
    """The answers of the desk that runs on this machine. A kill reaches it even when its web chat is off."""
    import aiohttp

    if not holder.get("web"):
        yield (
            _by_file(data_dir)
            if asked.text.startswith("/kill")
            else Reply(
                title="The desk is running, but its web chat is off (web.enabled), so it cannot be asked from here.",
                failed=True,
            )
        )
        return
    headers = {"Authorization": f"Bearer {(data_dir / TOKEN_FILE).read_text()}"}
    kills = asked.text.startswith("/kill")
    timeout = aiohttp.ClientTimeout(total=KILL_SECONDS if kills else None, sock_connect=5)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http:
            async with http.post(
                f"{holder['web']}/api/terminal",
                json={"line": asked.text, "secrets": dict(asked.secrets)},
                headers=headers,
            ) as answer:
                if answer.status != 200:
                    yield Reply(
                        title=f"The running desk answered {answer.status}; is it of another version?",
                        failed=True,
                    )
                    return
                async for row in _rows(answer.content.iter_any()):
                    yield _reply(json.loads(row))
    except (aiohttp.ClientError, TimeoutError) as error:
        if kills:
            yield _by_file(data_dir)
            return
        yield Reply(title=f"The running desk does not answer ({type(error).__name__}).", failed=True)


def still_starting(holder: Mapping[str, Any]) -> Reply:
    """For a desk that holds the folder and cannot be asked yet."""
    since = f" since {holder['since']}" if "since" in holder else ""
    return Reply(
        title=f"Process {holder.get('pid', '?')} works on this data folder{since} and cannot be asked yet: the desk is "
        "still starting, or another command is at work. Ask again in a moment.",
        failed=True,
    )


async def _rows(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines of any length as they come: a reply with pictures and pages is one of a megabyte."""
    begun: list[bytes] = []
    async for chunk in chunks:
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            row = b"".join((*begun, end))
            begun = []
            if row.strip():
                yield row
        begun.append(rest)
    if row := b"".join(begun).strip():
        yield row


def _absolute(words: list[str]) -> list[str]:
    """Files are named from where the person stands, whichever process answers."""
    out: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name.lstrip("-") in FILE_OPTIONS:
            word = f"{name}={_place(name, value)}"
        elif out and out[-1].lstrip("-") in FILE_OPTIONS and out[-1].startswith("--"):
            word = _place(out[-1], word)
        out.append(word)
    return out


def _place(option: str, value: str) -> str:
    """A path from where the person stands; `--data archive` is a name and no path."""
    return value if option.lstrip("-") == "data" and is_archive(value) else str(Path(value).absolute())


def _by_file(data_dir: Path) -> Reply:
    (data_dir / KILL_FILE).write_text("asked in the terminal\n")
    return Reply(title="The KILL_SWITCH file is written; the running desk obeys it within a second.")


def _reply(shape: dict[str, Any]) -> Reply:
    """A reply as the running desk's JSON says it."""
    return Reply(
        header=shape["header"],
        title=shape["title"],
        text=shape["text"],
        rows=tuple(Row(**row) for row in shape["rows"]),
        images=tuple(Image(b64decode(i["png"]), i["name"], i["alt"]) for i in shape["images"]),
        files=tuple(File(f["name"], b64decode(f["content"])) for f in shape["files"]),
        buttons=tuple(tuple(Button(**button) for button in row) for row in shape["buttons"]),
        footer=shape["footer"],
        progress=shape["progress"],
        failed=shape["failed"],
        data=shape.get("data"),
    )


def _left(reply: Reply) -> None:
    """What becomes of work whose end nobody waited for: the running desk goes on with it, this process does not."""
    ends = [_typed(button) for row in reply.buttons for button in row]
    said = "The desk goes on with it" if ends else "Interrupted"
    print(
        f"{said}: {reply.title}", *([reply.footer] if reply.footer else ()), *ends, sep="\n", file=sys.stderr
    )


def _typed(button: Button) -> str:
    return f"  [{button.label}] python main.py {_quoted(button.command)}"


def _print(reply: Reply, folder: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    class Quiet(Console):
        """Leaves it to us that nobody reads any more; by itself it would end the program as failed."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    console = Quiet(stderr=reply.failed, highlight=False)
    if reply.header:
        console.print(Text(reply.header, style="dim"))
    console.print(Text(reply.title, style="bold"))
    if reply.text:
        console.print(Text(reply.text))
    if reply.rows:
        table = Table.grid(padding=(0, 2))
        for row in reply.rows:
            table.add_row(Text(row.label), Text(row.value, style="bold"), Text(row.detail, style="dim"))
        console.print(table)
    for image in reply.images:
        console.print(Text(f"picture: {_keep(folder, image.name, image.png)}", style="dim"))
    for file in reply.files:
        console.print(Text(f"file: {_keep(folder, file.name, file.content)}", style="dim"))
    for button in (b for row in reply.buttons for b in row):
        console.print(Text(_typed(button), style="dim"))
    if reply.footer:
        console.print(Text(reply.footer, style="dim"))


def _quoted(command: str) -> str:
    """As a shell takes it word for word; `!` means something of its own in some."""
    return " ".join(f"'{word}'" if "!" in word else shlex.quote(word) for word in command.lstrip("/").split())


def _keep(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


class _Bar:
    """A progress bar on the error stream, only where somebody watches."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "_Bar":
        return self

    def move(self, title: str, share: float) -> None:
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(title, total=1.0)
        self._bar.update(self._task, completed=share, description=title)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
