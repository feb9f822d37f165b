"""Lines at work: each runs to its end even when the page that sent it is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable

import structlog

from bot.dispatcher import Line
from bot.platforms import Handle
from bot.reply import Reply, Tone
from bot.words import Words

log = structlog.get_logger("web")

ENGLISH = Words("en")


class Lines:
    """Runs lines beside each other: /kill never waits for a backtest. The server owns and ends them."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._at_work: set[asyncio.Task[None]] = set()

    def start(
        self, line: Line, hear: Callable[[Reply], None], over: Callable[[], None], say: Words = ENGLISH
    ) -> None:
        """Begin a line; `hear` gets each reply, `over` is called once after the last, whatever happened."""
        task = asyncio.create_task(self._run(line, hear), name="web line")
        self._at_work.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._at_work.discard(task)
            if task.cancelled():
                hear(_cut_short(say))
            elif (error := task.exception()) is not None:
                log.error("line_failed", error=type(error).__name__, exc_info=error)
                hear(_sorry(say))
            over()

        task.add_done_callback(ended)

    async def replies(self, line: Line) -> AsyncIterator[Reply]:
        """Every reply to a line. Whoever stops listening does not stop the line."""
        heard: asyncio.Queue[Reply | None] = asyncio.Queue()
        self.start(line, heard.put_nowait, lambda: heard.put_nowait(None))
        while (reply := await heard.get()) is not None:
            yield reply

    async def close(self, grace: float) -> None:
        """Let what runs finish for `grace` seconds, then cancel the rest."""
        if not self._at_work:
            return
        _, late = await asyncio.wait(self._at_work, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _run(self, line: Line, hear: Callable[[Reply], None]) -> None:
        async for reply in self._handle(line):
            hear(reply)


def _cut_short(say: Words) -> Reply:
    return Reply(
        title=say("Tradewind was stopped before this was done."),
        text=say("Send /status to see where things stand."),
        tone=Tone.WARNING,
        failed=True,
    )


def _sorry(say: Words) -> Reply:
    return Reply(
        title=say("That did not work, and it is our fault."),
        text=say("Send /status to see where things stand."),
        tone=Tone.DANGER,
        failed=True,
    )
