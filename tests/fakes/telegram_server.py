"""The web server of the fake Telegram: it speaks the Bot API, delivers updates, and fails as it is told."""

import asyncio
import collections
import contextlib
import itertools
import time
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.fakes.telegram_api import FakeApi
from tests.fakes.telegram_chats import Call, Fault, Refusal
from trading.settings import Telegram

TOKEN = "8201234567:AAFakeTokenForTheTestsOnly_0123456789"
WEBHOOK_TRIES = 3


class FakeServer(FakeApi):
    """Requests in, updates out. What is queued is delivered, whether the bot asked for its kind or not."""

    def __init__(self, token: str = TOKEN) -> None:
        super().__init__(token)
        self.calls: list[Call] = []
        self.webhook_answers: list[int] = []  # status codes of our posts to the bot's webhook
        self.token_is_good = True
        self._faults: dict[str, collections.deque[Fault]] = collections.defaultdict(collections.deque)
        self._pending: list[dict[str, Any]] = []
        self._sent: dict[int, dict[str, Any]] = {}
        self._news = asyncio.Event()
        self._poller = 0
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._posting: asyncio.Task[None] | None = None
        self._update_ids = itertools.count(700_000_001)

    async def __aenter__(self) -> Self:
        await self.come_back()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._posting is not None:
            self._posting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._posting
        await self.go_down()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def settings(self, **changes: Any) -> Telegram:
        """The [telegram] section that leads here."""
        known = {"token": self.token, "base_url": f"{self.url}/bot", "base_file_url": f"{self.url}/file/bot"}
        return Telegram(**(known | changes))

    async def go_down(self) -> None:
        """Close the socket and every connection, as an outage does."""
        runner, self._runner = self._runner, None
        self._poller += 1
        self._news.set()
        if runner is not None:
            await runner.cleanup()

    async def come_back(self) -> None:
        """Listen (again) at the same address."""
        app = web.Application(client_max_size=60_000_000)
        app.router.add_route("*", "/{rest:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    def fail(self, method: str, *faults: Fault) -> None:
        """The next calls of a method go wrong like this, one fault each."""
        self._faults[method.lower()].extend(faults)

    async def another_poller(self) -> None:
        """Somebody else asks for this bot's updates: the one who was waiting gets 409."""
        await self._get_updates({"timeout": "0"})

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        token, _, method = request.path.removeprefix("/bot").rpartition("/")
        if not request.path.startswith("/bot") or token != self.token or not self.token_is_good:
            return _refused(Refusal(401, "Unauthorized"))
        fields, files = await _read(request)
        method_name = method.lower()
        self.calls.append(Call(method, fields, files))
        queue = self._faults[method_name]
        fault = queue.popleft() if queue else None
        if fault is not None and not fault.performs:
            return self._faulty(request, fault)
        try:
            result = await self._perform(method_name, fields, files)
        except Refusal as refusal:
            return _refused(refusal)
        if fault is not None:
            return self._faulty(request, fault)
        return web.json_response({"ok": True, "result": result})

    async def _perform(self, method: str, fields: dict[str, Any], files: Any) -> Any:
        if method == "getupdates":
            return await self._get_updates(fields)
        do = getattr(self, f"do_{method}", None)
        if do is None:
            raise Refusal(404, "Not Found: method not found")
        return do(fields, files)

    def _faulty(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.drops:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault.page:
            return web.Response(status=fault.code, text=fault.page, content_type="text/html")
        more = {"retry_after": fault.retry_after} if fault.retry_after else {}
        return _refused(Refusal(fault.code, fault.description, **more))

    async def _get_updates(self, fields: dict[str, Any]) -> list[dict[str, Any]]:
        """Long poll: an offset confirms all updates below it, a second poller throws the first one out."""
        if self.webhook:
            raise Refusal(409, "Conflict: can't use getUpdates method while webhook is active; "
                               "use deleteWebhook to delete the webhook first")  # fmt: skip
        self._poller += 1
        me, until = self._poller, time.monotonic() + float(fields.get("timeout", 0))
        self._news.set()
        offset = int(fields.get("offset", 0))
        self._pending = [update for update in self._pending if update["update_id"] >= offset]
        while not self._pending and (left := until - time.monotonic()) > 0:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), left)
            if self._runner is None:
                raise Refusal(502, "Bad Gateway")
            if me != self._poller:
                raise Refusal(409, "Conflict: terminated by other getUpdates request; "
                                   "make sure that only one bot instance is running")  # fmt: skip
        return self._pending[: int(fields.get("limit", 100))]

    def deliver(self, **update: Any) -> int:
        """Any update at all. Returns its id."""
        number = next(self._update_ids)
        self._queue({"update_id": number, **update})
        return number

    def again(self, update_id: int) -> None:
        """The same update once more, as Telegram does when it did not hear that it arrived."""
        self._queue(self._sent[update_id])

    def _queue(self, update: dict[str, Any]) -> None:
        self._sent[update["update_id"]] = update
        self._pending.append(update)
        self._news.set()
        if self.webhook and (self._posting is None or self._posting.done()):
            self._posting = asyncio.get_running_loop().create_task(self._post_pending())

    async def _post_pending(self) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook["secret"]}
        async with aiohttp.ClientSession() as session:
            while self._pending:
                update = self._pending.pop(0)
                for _ in range(WEBHOOK_TRIES):
                    async with session.post(self.webhook["url"], json=update, headers=headers) as answer:
                        self.webhook_answers.append(answer.status)
                    if answer.status == 200:
                        break


def _refused(refusal: Refusal) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    return web.json_response(body, status=refusal.code)


async def _read(request: web.Request) -> tuple[dict[str, Any], dict[str, tuple[str, bytes]]]:
    fields: dict[str, Any] = {}
    files: dict[str, tuple[str, bytes]] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = (value.filename, value.file.read())
            value.file.close()
        else:
            fields[name] = value
    return fields, files
