"""Everything that can go wrong on the way to a fake exchange, on demand."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Fault:
    """What an endpoint does instead of answering, for so many requests; `after`: when it has done its work."""

    times: int
    after: bool = False
    drop: bool = False
    status: int = 500
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    slow: float = 0.0


class Faults:
    """Endpoints are named by the end of their path, with their method where it matters: "POST order"."""

    def __init__(self) -> None:
        self._faults: dict[str, list[Fault]] = {}
        self._stopping = asyncio.Event()

    def fail(self, name: str, *, times: int = 1, **how: Any) -> None:
        """Let an endpoint fail: status, body, headers, or `drop=True`, or `hang=True`, or `slow=seconds`.

        With `after=True` it does its work first, and fails to say so.
        """
        self._faults.setdefault(name, []).append(Fault(times=times, **how))

    def mend(self) -> None:
        """Take back every fault."""
        self._faults.clear()

    def next_fault(self, method: str, name: str) -> Fault | None:
        return self._next(f"{method} {name}") or self._next(name)

    def _next(self, name: str) -> Fault | None:
        waiting = self._faults.get(name, [])
        while waiting and waiting[0].times <= 0:
            waiting.pop(0)
        if not waiting:
            return None
        waiting[0].times -= 1
        return waiting[0]

    async def misbehave(self, request: web.Request, fault: Fault) -> web.Response:
        if fault.drop and request.transport is not None:
            request.transport.abort()
        if fault.hang:
            await self._stopping.wait()
        kind = "application/json" if fault.body[:1] in "{[" else "text/html"
        return web.Response(status=fault.status, text=fault.body, headers=fault.headers, content_type=kind)
