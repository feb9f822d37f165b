"""Where replies appear on Discord: as the answer to a slash command, to a press, or to a direct message.

Discord wants to be told within 3 seconds who may see an answer, so it is decided before the answer is known:

- In direct messages everything is shown as it is; nobody else reads there.
- A slash command that only reads, or that asks first, is answered to its asker alone; one that acts, to all.
- A press replaces the message its button sits on when only the presser sees that message, when the command
  acts, or when its reply is not private. Otherwise the answer is a new message for the presser alone.
- A yes on a question that only the presser sees takes the question's buttons away; the outcome is public.
- A refusal is shown to its asker alone and never replaces what others see.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import discord
import structlog

from bot.platforms.discord_client import Interaction
from bot.platforms.discord_markup import Card, Say, draw
from bot.registry import Command
from bot.reply import Reply

log = structlog.get_logger("discord")

TOKEN_FOR = timedelta(minutes=14, seconds=30)  # Discord ends an interaction after 15 minutes
EDIT_EVERY = timedelta(seconds=2)  # progress may not be quicker; Discord slows down who edits more often
OUTAGE = (discord.DiscordException, aiohttp.ClientError, OSError)
GONE = (*OUTAGE, RuntimeError)  # RuntimeError is what a closed aiohttp session raises

Edit = Callable[..., Awaitable[Any]]  # puts something else into a message
Late = Callable[[str, Reply], Awaitable[Any]]  # DiscordPlatform.send


class Screen:
    """Shows the replies to one line in their order: progress is edited in place, an answer stays."""

    def __init__(self, clock: Callable[[], datetime], say: Say) -> None:
        self._clock = clock
        self._say = say
        self._progress: Edit | None = None  # the message that shows progress, to be replaced by what follows
        self._shown_at: datetime | None = None

    @property
    def used(self) -> bool:
        return self._shown_at is not None

    async def show(self, reply: Reply) -> None:
        """Show it. Progress sooner than 2 s after the last is left out. Never raises for an outage."""
        now = self._clock()
        if (
            reply.progress is not None
            and self._progress
            and self._shown_at
            and now - self._shown_at < EDIT_EVERY
        ):
            return
        first = not self.used
        self._shown_at = now
        try:
            await self._put(reply, first)
        except GONE as error:
            log.warning(
                "discord_answer_failed", error=type(error).__name__, code=getattr(error, "code", None)
            )
            await self._late(reply)

    async def _put(self, reply: Reply, first: bool) -> None:
        head, *others = draw(reply, self._say)
        edit = self._progress or (await self._take_over(reply) if first else None)
        if edit is None:
            edit = await self._new(head, reply)
        else:
            await edit(**head.instead())
        for card in others:
            await self._new(card, reply)
        self._progress = edit if reply.progress is not None else None

    async def _take_over(self, reply: Reply) -> Edit | None:
        """The message that the first reply goes into; None for a new one."""
        return None

    async def _new(self, card: Card, reply: Reply) -> Edit:
        raise RuntimeError(f"{type(self).__name__} cannot show a new message")

    async def _late(self, reply: Reply) -> None:
        """The ordinary way failed: try another, or leave it."""


class Chat(Screen):
    """Answers to text in a direct message."""

    def __init__(self, channel: discord.abc.Messageable, clock: Callable[[], datetime], say: Say) -> None:
        super().__init__(clock, say)
        self._channel = channel

    async def _new(self, card: Card, reply: Reply) -> Edit:
        return (await self._channel.send(**card.fresh())).edit


class Answer(Screen):
    """Answers to an interaction; by `late` once its 15 minutes are over or Discord has forgotten it."""

    def __init__(
        self,
        interaction: Interaction,
        meant: tuple[Command | None, bool],
        late: Late,
        clock: Callable[[], datetime],
        say: Say,
    ) -> None:
        super().__init__(clock, say)
        command, yes = meant
        self._interaction = interaction
        self._send_late = late
        self._acknowledged = False
        self._began = clock()
        self._in_server = interaction.guild_id is not None
        self._confirmed = command is not None and command.confirm is not None and yes
        self._acts = command is not None and command.acts and (command.confirm is None or yes)

    async def acknowledge(self) -> None:
        """Tell Discord within 3 s that we heard. If that fails we obey all the same, and answer late."""
        try:
            await self._acknowledge()
            self._acknowledged = True
        except GONE as error:
            log.warning(
                "discord_acknowledge_failed", error=type(error).__name__, code=getattr(error, "code", None)
            )

    async def close(self) -> None:
        """Nothing more will come."""

    async def _acknowledge(self) -> None:
        await self._interaction.response.defer()

    async def _put(self, reply: Reply, first: bool) -> None:
        if not self._acknowledged or self._clock() - self._began > TOKEN_FOR:
            await self._late(reply)
            return
        await super()._put(reply, first)

    def _alone(self, reply: Reply) -> bool:
        """Whether a new message is for the asker alone."""
        return self._in_server

    async def _new(self, card: Card, reply: Reply) -> Edit:
        followup = self._interaction.followup
        return (await followup.send(**card.fresh(), ephemeral=self._alone(reply), wait=True)).edit

    async def _late(self, reply: Reply) -> None:
        if reply.progress is not None:
            return
        chat = str(self._interaction.channel_id)
        try:
            await self._send_late(f"dm:{self._interaction.user.id}" if self._alone(reply) else chat, reply)
        except ConnectionError as error:
            log.warning("discord_answer_lost", reason=str(error))


class SlashAnswer(Answer):
    """Answers to a slash command: "thinking …" at once, then the reply in its place."""

    @property
    def _private(self) -> bool:
        return self._in_server and not self._acts

    async def _acknowledge(self) -> None:
        await self._interaction.response.defer(ephemeral=self._private, thinking=True)

    async def _take_over(self, reply: Reply) -> Edit | None:
        if not (self._alone(reply) and not self._private):
            return self._interaction.edit_original_response
        await self._interaction.delete_original_response()  # it would show the refusal to everybody
        return None

    def _alone(self, reply: Reply) -> bool:
        return self._in_server and (self._private or reply.failed)

    async def close(self) -> None:
        """Without an answer (a line seen before, a stranger's second) "thinking …" must not stay for ever."""
        if self.used or not self._acknowledged:
            return
        try:
            await self._interaction.delete_original_response()
        except GONE as error:
            log.info("discord_cleanup_failed", error=type(error).__name__)


class PressAnswer(Answer):
    """Answers to a press: its message changes in place, unless that would show others too much."""

    @property
    def _lonely(self) -> bool:
        """Nobody but the presser sees the message the button sits on."""
        message = self._interaction.message
        return not self._in_server or (message is not None and message.flags.ephemeral)

    @property
    def _goes_public(self) -> bool:
        """A question that only the presser saw was answered with yes."""
        return self._in_server and self._lonely and self._confirmed

    async def _acknowledge(self) -> None:
        if self._goes_public:
            await self._interaction.response.edit_message(view=None)
            return
        await self._interaction.response.defer()

    async def _take_over(self, reply: Reply) -> Edit | None:
        if self._goes_public:
            return None
        overdue_question = reply.failed and self._lonely and self._confirmed
        ours_to_change = not reply.failed and (self._lonely or self._acts or not reply.private)
        return self._interaction.edit_original_response if overdue_question or ours_to_change else None

    def _alone(self, reply: Reply) -> bool:
        return self._in_server and (reply.failed or not self._goes_public)
