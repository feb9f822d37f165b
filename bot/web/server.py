"""The local web chat: one server in our own loop, on this machine only."""

import asyncio
import contextlib
import errno
import ipaddress
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bot.platforms import Handle
from bot.registry import Command
from bot.web.chats import Chats
from bot.web.lines import Lines
from bot.web.session import Door, Enter, SessionBook, Visit
from trading.domain.errors import SettingsError
from trading.settings import Web

if TYPE_CHECKING:  # FastAPI takes a third of a second to import: only a process that serves pays for it
    import uvicorn

    from bot.web.site import Site, Suggest

GRACE = 3  # seconds that open answers get when the server stops
LARGEST_FRAME = 64 * 1024  # bytes of one WebSocket message
PING_SECONDS = 20.0


class WebServer:
    """Serves the page, its WebSocket and the JSON routes.

    Binds to this machine only: it speaks no TLS, so an address that others can reach is refused at the start,
    unless the settings name the https address of a proxy that does.
    """

    def __init__(
        self,
        *,
        settings: Web,
        handle: Handle,
        sessions: SessionBook,
        enter: Enter,
        commands: Mapping[str, Command],
        suggest: "Suggest",
        checks: Callable[[], Mapping[str, Any]],
        header: Callable[[str], str],
        clock: Callable[[], datetime],
        terminal_token: str = "",
        visit: Visit | None = None,
    ) -> None:
        """`header`: mode and account as every message starts. `enter`: uses up a login code.

        `visit`: knows somebody by what Telegram says of them; None where there is no bot.
        """
        self.chats = Chats(clock)
        self._settings = settings
        self._sessions = sessions
        self._enter = enter
        self._commands = commands
        self._suggest = suggest
        self._checks = checks
        self._header = header
        self._clock = clock
        self._terminal_token = terminal_token
        self._visit = visit
        self._lines = Lines(handle)
        self._socket: socket.socket | None = None

    def bind(self) -> None:
        """Take the port, so that browsers may knock already. Raises SettingsError when that fails."""
        if self._socket is None:
            _refuse_when_open(self._settings)
            self._socket = _listening(self._settings.host, self._settings.port)

    def close(self) -> None:
        """Give the port back; `run` does so by itself."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def port(self) -> int:
        """The port it listens on; with `port = 0` known once `bind` was called."""
        return int(self._socket.getsockname()[1]) if self._socket else self._settings.port

    @property
    def address(self) -> str:
        """Where the page is, without a slash at the end."""
        return f"http://{_in_url(self._settings.host)}:{self.port}"

    def url(self, token: str) -> str:
        """The one-time link that signs a browser in."""
        return f"{self._settings.public_url.rstrip('/') or self.address}/enter/{token}"

    async def run(self) -> None:
        """Serve until cancelled; then let open lines finish and tell each page goodbye (code 1012)."""
        self.bind()
        listener = self._socket
        assert listener is not None
        server = self._server()
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="web server")
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            await self._lines.close(GRACE)
            server.should_exit = True
            await serving
            await self._lines.close(0)
            raise
        finally:
            self.close()

    def _server(self) -> "uvicorn.Server":
        import uvicorn

        from bot.web.connections import Patient
        from bot.web.site import application

        class EmbeddedServer(uvicorn.Server):
            """Leaves signals to the process it is part of."""

            @contextlib.contextmanager
            def capture_signals(self) -> Iterator[None]:
                yield

        config = uvicorn.Config(
            application(self._site(), self._known_hosts(), self.address, _public_host(self._settings)),
            loop="none",
            http=Patient,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="websockets-sansio",
            ws_max_size=LARGEST_FRAME,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PING_SECONDS,
            timeout_graceful_shutdown=GRACE,
        )
        return EmbeddedServer(config)

    def _site(self) -> "Site":
        from bot.web.site import Site

        door = Door(
            sessions=self._sessions,
            terminal_token=self._terminal_token,
            clock=self._clock,
            port=self.port,
            public_host=_public_host(self._settings),
        )
        return Site(
            door=door,
            chats=self.chats,
            lines=self._lines,
            enter=self._enter,
            visit=self._visit,
            commands=self._commands,
            suggest=self._suggest,
            checks=self._checks,
            header=self._header,
            clock=self._clock,
            started_at=self._clock(),
        )

    def _known_hosts(self) -> frozenset[str]:
        """What a browser may call us; a name that strangers point at us (DNS rebinding) is not there."""
        names = {"127.0.0.1", "localhost", "[::1]", _in_url(self._settings.host).lower()}
        hosts = {f"{name}:{self.port}" for name in names} | ({_public_host(self._settings)} - {""})
        return frozenset(hosts | names) if self.port == 80 else frozenset(hosts)


def _public_host(settings: Web) -> str:
    """What a browser calls us behind the proxy; empty without one."""
    return urlsplit(settings.public_url).netloc.lower()


def _refuse_when_open(settings: Web) -> None:
    """Codes and cookies never cross a network in the clear."""
    url = settings.public_url
    if url and (not url.startswith("https://") or urlsplit(url).path not in ("", "/")):
        raise SettingsError(
            f"web.public_url is {url}: it should be the https address of a proxy that leads here, without a path, "
            "like https://desk.example.org."
        )
    if not url and not _is_loopback(settings.host):
        raise SettingsError(
            f"web.host is {settings.host}, which other machines can reach, and the web chat speaks no TLS itself: "
            "set web.host to 127.0.0.1, or put the https address of a proxy before it into web.public_url."
        )


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens already: whoever connects before we serve waits in its queue."""
    address = "127.0.0.1" if host == "localhost" else host
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SettingsError(_why_not(error, host, port)) from None
    listener.setblocking(False)
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"Port {port} on {host} is taken: set web.port to a free one (0 picks one)."
        case errno.EACCES:
            return f"Port {port} needs administrator rights: set web.port to a number from 1024 to 65535."
    return f"Nothing can listen on {host}, port {port} ({error.strerror}): set web.host to 127.0.0.1."


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
