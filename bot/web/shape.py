"""A Reply in the shape programs and the page read it."""

import struct
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from bot.reply import File, Image, Reply

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def reply_shape(
    reply: Reply,
    *,
    picture: Callable[[Image], dict[str, Any]],
    attachment: Callable[[File], dict[str, Any]],
) -> dict[str, Any]:
    """What is shown of a reply, without its `data`; the two functions say what pictures and files become."""
    return {
        "header": reply.header,
        "title": reply.title,
        "text": reply.text,
        "rows": [{"label": row.label, "value": row.value, "detail": row.detail} for row in reply.rows],
        "images": [picture(image) for image in reply.images],
        "files": [attachment(file) for file in reply.files],
        "buttons": [
            [{"label": button.label, "command": button.command, "danger": button.danger} for button in row]
            for row in reply.buttons
        ],
        "footer": reply.footer,
        "tone": reply.tone.value,
        "progress": reply.progress,
        "failed": reply.failed,
    }


def whole_reply(reply: Reply) -> dict[str, Any]:
    """A reply for programs: pictures and files travel inside as base64, and `data` comes with it."""
    shape = reply_shape(reply, picture=_picture_inside, attachment=_file_inside)
    return shape | {"data": reply.data}


def picture_size(png: bytes) -> tuple[int, int] | None:
    """Width and height from a PNG's first chunk, so that the page can leave room before it has loaded."""
    if len(png) < 24 or not png.startswith(PNG_SIGNATURE):
        return None
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def _picture_inside(image: Image) -> dict[str, Any]:
    return {"name": image.name, "alt": image.alt, "png": b64encode(image.png).decode()}


def _file_inside(file: File) -> dict[str, Any]:
    return {"name": file.name, "content": b64encode(file.content).decode()}
