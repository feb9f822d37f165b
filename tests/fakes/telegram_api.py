"""The methods of the Bot API that the fake Telegram knows, with the limits of the real one."""

import json
import re
import struct
import time
from typing import Any

from tests.fakes.telegram_chats import FakeButton, FakeChat, FakeMessage, FakeUser, Refusal
from tests.fakes.telegram_html import BadMarkup, Entity, read, units

TEXT_LIMIT, CAPTION_LIMIT, ENTITY_LIMIT = 4096, 1024, 100
PNG = b"\x89PNG\r\n\x1a\n"

Fields = dict[str, Any]
Files = dict[str, tuple[str, bytes]]


class FakeApi:
    """State and methods; `tests/fakes/telegram.py` puts a web server and people around it."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.bot = FakeUser(int(token.partition(":")[0]), "Tradewind", "tradewind_test_bot", is_bot=True)
        self.chats: dict[int, FakeChat] = {}
        self.blocked: set[int] = set()
        self.left: list[int] = []
        self.unpinnable: set[int] = set()  # chats where the bot may not pin
        self.threads: set[tuple[int, int]] = set()
        self.messages: list[FakeMessage] = []
        self.changes: list[FakeMessage] = []  # a message once for each time it was sent or edited
        self.answered: dict[str, str] = {}  # callback query -> pop-up text, "" for none
        self.open_queries: set[str] = set()
        self.hints: list[tuple[int, str]] = []
        self.menus: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.menu_buttons: dict[int, dict[str, Any]] = {}
        self.webhook: dict[str, str] = {}
        self.complaints: list[str] = []  # what Telegram would let pass, but spoil
        self.moved: dict[int, int] = {}
        self._last_id = 100

    # --- sending ------------------------------------------------------------------------------------------

    def do_sendmessage(self, fields: Fields, files: Files) -> Any:
        text, entities = self._text(fields, "text", TEXT_LIMIT, "message")
        if not text:
            raise Refusal(400, "Bad Request: message text is empty")
        return self._add(fields, kind="text", html=fields["text"], text=text, entities=entities)

    def do_sendphoto(self, fields: Fields, files: Files) -> Any:
        name, content = _upload(fields.get("photo", ""), files, "photo")
        _check_picture(content)
        return self._add_media(fields, "photo", name, content)

    def do_senddocument(self, fields: Fields, files: Files) -> Any:
        name, content = _upload(fields.get("document", ""), files, "document")
        return self._add_media(fields, "document", name, content)

    def do_sendmediagroup(self, fields: Fields, files: Files) -> Any:
        media = json.loads(fields["media"])
        if not 2 <= len(media) <= 10:
            raise Refusal(400, "Bad Request: wrong number of media in the album: 2-10 are possible")
        album, results = f"album-{self._last_id}", []
        for item in media:
            name, content = _upload(item["media"], files, "media")
            _check_picture(content)
            item |= {key: fields[key] for key in ("chat_id", "message_thread_id") if key in fields}
            results.append(self._add_media(item, "photo", name, content, album))
        return results

    def do_sendchataction(self, fields: Fields, files: Files) -> Any:
        self.hints.append((self._chat(fields).id, fields["action"]))
        return True

    # --- changing what stands -----------------------------------------------------------------------------

    def do_editmessagetext(self, fields: Fields, files: Files) -> Any:
        message = self._standing(fields)
        if message.kind != "text":
            raise Refusal(400, "Bad Request: there is no text in the message to edit")
        text, entities = self._text(fields, "text", TEXT_LIMIT, "message")
        return self._change(message, fields, fields["text"], text, entities)

    def do_editmessagecaption(self, fields: Fields, files: Files) -> Any:
        message = self._standing(fields)
        if message.kind == "text":
            raise Refusal(400, "Bad Request: there is no caption in the message to edit")
        text, entities = self._text(fields, "caption", CAPTION_LIMIT, "message caption")
        return self._change(message, fields, fields.get("caption", ""), text, entities)

    def do_editmessagemedia(self, fields: Fields, files: Files) -> Any:
        message, media = self._standing(fields), json.loads(fields["media"])
        name, content = _upload(media["media"], files, "media")
        _check_picture(content)
        text, entities = self._text(media, "caption", CAPTION_LIMIT, "message caption")
        same = content == message.content
        message.kind, message.filename, message.content = media["type"], name, content
        return self._change(message, fields, media.get("caption", ""), text, entities, same)

    def do_editmessagereplymarkup(self, fields: Fields, files: Files) -> Any:
        message = self._standing(fields)
        return self._change(message, fields, message.html, message.text, message.entities)

    def do_deletemessage(self, fields: Fields, files: Files) -> Any:
        try:
            message = self._standing(fields)
        except Refusal:
            raise Refusal(400, "Bad Request: message to delete not found") from None
        message.deleted = True
        return True

    def do_pinchatmessage(self, fields: Fields, files: Files) -> Any:
        try:
            message = self._standing(fields)
        except Refusal:
            raise Refusal(400, "Bad Request: message to pin not found") from None
        if message.chat.id in self.unpinnable:
            raise Refusal(400, "Bad Request: not enough rights to manage pinned messages in the chat")
        message.pinned = True
        return True

    # --- everything else ----------------------------------------------------------------------------------

    def do_getme(self, fields: Fields, files: Files) -> Any:
        extra = {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }
        return self.bot.json | extra

    def do_answercallbackquery(self, fields: Fields, files: Files) -> Any:
        query = fields["callback_query_id"]
        if query not in self.open_queries:
            raise Refusal(
                400, "Bad Request: query is too old and response timeout expired or query ID is invalid"
            )
        if len(fields.get("text", "")) > 200:
            raise Refusal(400, "Bad Request: MESSAGE_TOO_LONG")
        self.open_queries.discard(query)
        self.answered[query] = fields.get("text", "")
        return True

    def do_setmycommands(self, fields: Fields, files: Files) -> Any:
        commands = json.loads(fields["commands"])
        if len(commands) > 100:
            raise Refusal(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise Refusal(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise Refusal(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        scope = json.loads(fields.get("scope", '{"type": "default"}'))
        key = (str(scope.get("chat_id", scope["type"])), fields.get("language_code", ""))
        self.menus[key] = [(c["command"], c["description"]) for c in commands]
        return True

    def do_setchatmenubutton(self, fields: Fields, files: Files) -> Any:
        chat, button = self._chat(fields), json.loads(fields["menu_button"])
        if chat.type != "private":
            raise Refusal(400, "Bad Request: chat not found")
        if button["type"] == "web_app" and not button["web_app"]["url"].startswith("https://"):
            raise Refusal(
                400, "Bad Request: menu button web app url is invalid: only HTTPS links are allowed"
            )
        self.menu_buttons[chat.id] = button
        return True

    def do_setwebhook(self, fields: Fields, files: Files) -> Any:
        url, secret = fields["url"], fields.get("secret_token", "")
        if url and not url.startswith(("https://", "http://127.0.0.1")):
            raise Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
            raise Refusal(400, "Bad Request: secret token contains unallowed characters")
        self.webhook = {"url": url, "secret": secret} if url else {}
        return True

    def do_deletewebhook(self, fields: Fields, files: Files) -> Any:
        self.webhook = {}
        return True

    def do_leavechat(self, fields: Fields, files: Files) -> Any:
        self.left.append(self._chat(fields).id)
        return True

    # --- the pieces ---------------------------------------------------------------------------------------

    def _chat(self, fields: Fields) -> FakeChat:
        number = int(fields["chat_id"])
        if number in self.moved:
            description = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refusal(400, description, migrate_to_chat_id=self.moved[number])
        if number not in self.chats:
            raise Refusal(400, "Bad Request: chat not found")
        if number in self.blocked:
            private = self.chats[number].type == "private"
            why = "blocked by the user" if private else "kicked from the group chat"
            raise Refusal(403, f"Forbidden: bot was {why}")
        return self.chats[number]

    def _standing(self, fields: Fields) -> FakeMessage:
        chat, number = self._chat(fields), int(fields["message_id"])
        for message in self.messages:
            if message.id == number and message.chat == chat and not message.deleted:
                return message
        raise Refusal(400, "Bad Request: message to edit not found")

    def _text(self, fields: Fields, name: str, limit: int, what: str) -> tuple[str, list[Entity]]:
        given = fields.get(name, "")
        try:
            text, entities = read(given) if fields.get("parse_mode") == "HTML" else (given.strip(), [])
        except BadMarkup as bad:
            raise Refusal(400, f"Bad Request: can't parse entities: {bad}") from None
        if units(text) > limit:
            raise Refusal(400, f"Bad Request: {what} is too long")
        if len(entities) > ENTITY_LIMIT:
            self.complaints.append(f"{len(entities)} entities: Telegram shows the first {ENTITY_LIMIT} only")
        return text, entities

    def _add_media(
        self, fields: Fields, kind: str, name: str, content: bytes, album: str | None = None
    ) -> dict[str, Any]:
        if not content:
            raise Refusal(400, "Bad Request: file must be non-empty")
        text, entities = self._text(fields, "caption", CAPTION_LIMIT, "message caption")
        return self._add(
            fields, kind=kind, html=fields.get("caption", ""), text=text, entities=entities, album=album,
            filename=name, content=content,
        )  # fmt: skip

    def _add(self, fields: Fields, **known: Any) -> dict[str, Any]:
        chat = self._chat(fields)
        thread = int(fields["message_thread_id"]) if "message_thread_id" in fields else None
        if thread is not None and (chat.id, thread) not in self.threads:
            raise Refusal(400, "Bad Request: message thread not found")
        self._last_id += 1
        message = FakeMessage(
            id=self._last_id,
            chat=chat,
            rows=_keyboard(fields),
            thread=thread,
            date=int(time.time()),
            silent=str(fields.get("disable_notification", "false")).lower() == "true",
            **known,
        )
        self.messages.append(message)
        self.changes.append(message)
        return self.message_json(message)

    def _change(
        self,
        message: FakeMessage,
        fields: Fields,
        html: str,
        text: str,
        entities: list[Entity],
        same_content: bool = True,
    ) -> dict[str, Any]:
        rows = _keyboard(fields)
        if same_content and (text, entities, rows) == (message.text, message.entities, message.rows):
            raise Refusal(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message",
            )
        message.html, message.text, message.entities, message.rows = html, text, entities, rows
        message.edits += 1
        self.changes.append(message)
        return self.message_json(message)

    def message_json(self, message: FakeMessage) -> dict[str, Any]:
        known: dict[str, Any] = {
            "message_id": message.id,
            "date": message.date,
            "chat": message.chat.json,
            "from": self.bot.json,
        }
        file = {"file_id": f"file-{message.id}", "file_unique_id": f"unique-{message.id}"}
        if message.kind == "text":
            known["text"] = message.text
        elif message.kind == "photo":
            known["photo"] = [file | {"width": 640, "height": 400, "file_size": len(message.content)}]
        else:
            known["document"] = file | {"file_name": message.filename}
        if message.kind != "text" and message.text:
            known["caption"] = message.text
        if message.rows:
            keys = [[{"text": b.label, "callback_data": b.command} for b in row] for row in message.rows]
            known["reply_markup"] = {"inline_keyboard": keys}
        if message.thread is not None:
            known |= {"message_thread_id": message.thread, "is_topic_message": True}
        return known


def _upload(reference: str, files: Files, name: str) -> tuple[str, bytes]:
    key = reference.removeprefix("attach://") if reference.startswith("attach://") else name
    if key not in files:
        raise Refusal(400, f"Bad Request: there is no {name} in the request")
    return files[key]


def _check_picture(content: bytes) -> None:
    if len(content) > 10 * 1024 * 1024:
        raise Refusal(400, "Bad Request: PHOTO_SAVE_FILE_INVALID")
    if not content.startswith(PNG) or len(content) < 24:
        raise Refusal(400, "Bad Request: IMAGE_PROCESS_FAILED")
    wide, high = struct.unpack(">II", content[16:24])
    if wide + high > 10000 or max(wide, high) > 20 * min(wide, high):
        raise Refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")


def _keyboard(fields: Fields) -> list[list[FakeButton]]:
    markup = json.loads(fields.get("reply_markup") or "{}")
    rows = [
        [FakeButton(key["text"], key.get("callback_data", ""), key.get("style")) for key in row]
        for row in markup.get("inline_keyboard", [])
    ]
    for button in (button for row in rows for button in row):
        if not 1 <= len(button.command.encode()) <= 64:
            raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
        if not button.label:
            raise Refusal(400, "Bad Request: can't parse inline keyboard button: Text must be non-empty")
    return rows
