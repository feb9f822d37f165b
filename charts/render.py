"""From figure to PNG bytes, and the one thread that draws so that the loop never waits for a picture."""

import asyncio
import gc
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")


def png(figure: "Figure") -> bytes:
    """The figure as PNG. The same figure always gives the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    page = BytesIO()
    canvas = FigureCanvasAgg(figure)
    canvas.print_png(page, metadata={"Software": None}, pil_kwargs={"compress_level": 4})  # type: ignore[no-untyped-call]
    return page.getvalue()


def _swept(draw: Callable[[], bytes]) -> bytes:
    """Draws, then sweeps: a figure refers to itself, so its megabytes would lie about for long."""
    page = draw()
    gc.collect(1)  # the young generations only: milliseconds
    return page


class Studio:
    """Draws one picture after another in a thread of its own; the drawing library is first loaded there."""

    def __init__(self, cache: Path | None = None) -> None:
        """`cache` is the folder for the list of installed fonts; None leaves it where matplotlib puts it."""
        if cache is not None:
            os.environ.setdefault("MPLCONFIGDIR", str(cache))
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="charts")

    async def draw(self, function: Callable[P, bytes], /, *args: P.args, **kwargs: P.kwargs) -> bytes:
        """What `function(*args, **kwargs)` draws; its errors are raised here."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, _swept, partial(function, *args, **kwargs))

    def close(self) -> None:
        """Forget the pictures that wait; the one being drawn is finished, and nobody waits for it."""
        self._thread.shutdown(wait=False, cancel_futures=True)
