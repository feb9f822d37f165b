"""E-mail, Slack, SMS and the rest by apprise, here a webhook on this machine."""

import logging

import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.platforms import Closed, PlatformOff
from bot.platforms.apprise import ApprisePlatform
from bot.reply import Image, Reply, Row, Tone

pytest.importorskip("apprise", reason="the extra `notify` is not installed")

NEWS = Reply(
    title="No fresh prices",
    text="Seen 41×.",
    rows=(Row("why", "silence", "since noon"),),
    images=(Image(b"", "a.png", "Equity fell."),),
    header="PAPER · main",
    footer="#abcde",
    tone=Tone.DANGER,
)


class Hook:
    """A webhook that keeps what it is sent, and can refuse it."""

    def __init__(self) -> None:
        self.got: list[dict] = []
        self.status = 200

    async def __aenter__(self) -> "Hook":
        app = web.Application()
        app.router.add_post("/desk", self._take)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.got.append(await request.json())
        return web.Response(status=self.status)

    @property
    def address(self) -> SecretStr:
        return SecretStr(f"json://user:hunter2@127.0.0.1:{self.port}/desk")


async def test_title_words_and_what_pictures_show_arrive():
    async with Hook() as hook:
        await ApprisePlatform({"hook": hook.address}).send("hook", NEWS)

    (got,) = hook.got
    assert (got["title"], got["type"]) == ("PAPER · main · No fresh prices", "failure")
    assert got["message"] == "Seen 41×.\n\nwhy  silence\n   since noon\n\nEquity fell.\n\n#abcde"


async def test_a_service_that_refuses_is_tried_again_by_the_outbox_and_its_address_is_never_shown(caplog):
    caplog.set_level(logging.DEBUG)
    async with Hook() as hook:
        hook.status = 500
        with pytest.raises(ConnectionError) as refused:
            await ApprisePlatform({"hook": hook.address}).send("hook", NEWS)

    assert str(refused.value) == "notify.services.hook did not take the message."
    assert not isinstance(refused.value, Closed)
    assert "hunter2" not in caplog.text


async def test_an_address_that_means_nothing_is_told_once_and_the_others_work():
    async with Hook() as hook:
        platform = ApprisePlatform({"sms": SecretStr("nonsense://x"), "hook": hook.address})
        with pytest.raises(PlatformOff, match=r"^notify\.services\.sms has an address that apprise does not"):
            await platform.run()
        with pytest.raises(Closed, match=r"notify\.services\.sms has an address"):
            await platform.send("sms", NEWS)
        await platform.send("hook", NEWS)

    assert len(hook.got) == 1
