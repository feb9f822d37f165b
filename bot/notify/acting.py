"""Where the line came from that is being obeyed: what it causes is no news to the chat that asked for it."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from contextvars import ContextVar

from bot.dispatcher import Line
from bot.platforms import Handle
from bot.reply import Reply

ACTING: ContextVar[str] = ContextVar("acting", default="")  # the address of the chat; empty: nobody asked


def remembering(handle: Handle) -> Handle:
    """The same road for lines; while one is obeyed, ACTING says from which chat it came."""

    async def remembered(line: Line) -> AsyncIterator[Reply]:
        ACTING.set(line.place.address)
        async with aclosing(handle(line)) as replies:  # type: ignore[type-var]
            async for reply in replies:
                yield reply

    return remembered
