"""What Discord refuses: the documented limits of messages and commands, as its servers check them."""

import re
from typing import Any

COMMAND_NAME = re.compile(r"^[-_a-z0-9]{1,32}$")


class Rejected(Exception):
    """Discord's answer to a bad request."""

    def __init__(self, why: str, code: int = 50035, status: int = 400) -> None:
        super().__init__(why)
        self.status = status
        self.body = {
            "message": "Invalid Form Body" if code == 50035 else why,
            "code": code,
            "errors": {"_why": why},
        }


def check_message(payload: dict[str, Any], uploads: dict[str, bytes]) -> None:
    """`payload` as the message will be after the request; `uploads` all its attachments by name."""
    _at_most(payload.get("content") or "", 2000, "content")
    embeds, components = payload.get("embeds") or [], payload.get("components") or []
    if len(embeds) > 10:
        raise Rejected(f"{len(embeds)} embeds")
    if sum(_check_embed(embed, uploads) for embed in embeds) > 6000:
        raise Rejected("embeds have more than 6000 characters together")
    _check_components(components)
    if len(uploads) > 10:
        raise Rejected(f"{len(uploads)} attachments")
    if any(len(content) > 10 * 1024 * 1024 for content in uploads.values()):
        raise Rejected("Request entity too large", code=40005, status=413)
    for attachment in payload.get("attachments") or []:
        _at_most(attachment.get("description") or "", 1024, "attachment description")
    if not (payload.get("content") or embeds or uploads):
        raise Rejected("Cannot send an empty message", code=50006)


def _at_most(text: str, limit: int, what: str) -> int:
    if len(text) > limit:
        raise Rejected(f"{what} has {len(text)} of {limit} characters")
    return len(text)


def _check_embed(embed: dict[str, Any], uploads: dict[str, bytes]) -> int:
    fields = embed.get("fields") or []
    if len(fields) > 25:
        raise Rejected(f"{len(fields)} fields")
    size = _at_most(embed.get("title") or "", 256, "embed title")
    size += _at_most(embed.get("description") or "", 4096, "embed description")
    size += _at_most((embed.get("footer") or {}).get("text") or "", 2048, "embed footer")
    size += _at_most((embed.get("author") or {}).get("name") or "", 256, "embed author")
    for field in fields:
        if not field["name"] or not field["value"]:
            raise Rejected("an embed field is empty")
        size += _at_most(field["name"], 256, "field name") + _at_most(field["value"], 1024, "field value")
    url = (embed.get("image") or {}).get("url", "")
    if url.startswith("attachment://") and url.removeprefix("attachment://") not in uploads:
        raise Rejected(f"the embed shows {url}, which is not attached")
    return size


def _check_components(rows: list[dict[str, Any]]) -> None:
    if len(rows) > 5:
        raise Rejected(f"{len(rows)} rows of components")
    seen: set[str] = set()
    for row in rows:
        if row["type"] != 1 or not 1 <= len(row["components"]) <= 5:
            raise Rejected(f"a row of {len(row['components'])} components")
        for button in row["components"]:
            custom_id = button.get("custom_id") or ""
            if not 1 <= len(custom_id) <= 100:
                raise Rejected(f"a custom_id of {len(custom_id)} characters")
            if custom_id in seen:
                raise Rejected("Component custom id cannot be duplicated")
            seen.add(custom_id)
            if not button.get("label"):
                raise Rejected("a button without label")
            _at_most(button["label"], 80, "button label")


def check_commands(commands: list[dict[str, Any]], *, in_guild: bool) -> None:
    if len(commands) > 100:
        raise Rejected("more than 100 commands", code=30032)
    names = [command["name"] for command in commands]
    if len(set(names)) != len(names):
        raise Rejected("Application command names must be unique")
    for command in commands:
        _check_named(command)
        if in_guild and ("contexts" in command or "integration_types" in command):
            raise Rejected("contexts are for global commands")
        options = command.get("options") or []
        if len(options) > 25:
            raise Rejected(f"/{command['name']} has {len(options)} options")
        if len({option["name"] for option in options}) != len(options):
            raise Rejected(f"/{command['name']} has two options of one name")
        required = [option.get("required", False) for option in options]
        if required != sorted(required, reverse=True):
            raise Rejected(f"/{command['name']}: required options must come first")
        if sum(map(_check_option, options)) + len(command["name"]) + len(command["description"]) > 8000:
            raise Rejected(f"/{command['name']} is longer than 8000 characters")


def _check_named(thing: dict[str, Any]) -> None:
    if not COMMAND_NAME.match(thing["name"]):
        raise Rejected(f"{thing['name']!r} is no name")
    for text in (thing["description"], *(thing.get("description_localizations") or {}).values()):
        if not 1 <= len(text) <= 100:
            raise Rejected(f"{thing['name']} has a description of {len(text)} characters")


def _check_option(option: dict[str, Any]) -> int:
    _check_named(option)
    choices = option.get("choices") or []
    if option["type"] not in (3, 4, 5, 10):
        raise Rejected(f"{option['name']} has type {option['type']}")
    if len(choices) > 25 or (choices and option.get("autocomplete")):
        raise Rejected(f"{option['name']} has {len(choices)} choices")
    size = len(option["name"]) + len(option["description"])
    for choice in choices:
        if not 1 <= len(choice["name"]) <= 100:
            raise Rejected(f"{option['name']} has a bad choice")
        size += len(choice["name"]) + _at_most(str(choice["value"]), 100, "choice value")
    return size
