"""What Telegram hands to a Mini App about who opened it: signed with the bot's token, fresh, good once."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import orjson

FRESH = timedelta(minutes=5)
AHEAD = timedelta(seconds=30)  # how far Telegram's clock may run before ours
LONGEST = 4096  # characters; Telegram's own are a quarter of this


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody Telegram vouches for. `mark` is the same whenever the same data come again."""

    user_id: str
    mark: str


def visit_of(text: str, token: str, now: datetime) -> Visit | None:
    """Who opened the Mini App; None for anything that is not signed by Telegram for this bot, fresh and whole."""
    if not token or not 0 < len(text) <= LONGEST:
        return None
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=32)
    except ValueError:
        return None
    fields = dict(pairs)
    mark = fields.pop("hash", "")
    if len(pairs) != len(fields) + 1 or not hmac.compare_digest(_signature(fields, token), mark.encode()):
        return None
    if not _is_fresh(fields.get("auth_date", ""), now):
        return None
    user_id = _user_of(fields.get("user", ""))
    return Visit(user_id, mark) if user_id else None


def _signature(fields: dict[str, str], token: str) -> bytes:
    """Every field but the hash itself, sorted, a line each; the key is the token's own signature."""
    told = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    key = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    return hmac.new(key, told.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest().encode()


def _is_fresh(auth_date: str, now: datetime) -> bool:
    if not (auth_date.isascii() and auth_date.isdigit() and len(auth_date) <= 12):
        return False
    age = now - datetime.fromtimestamp(int(auth_date), UTC)
    return -AHEAD <= age <= FRESH


def _user_of(text: str) -> str:
    """The numeric id of a person, as text; empty for bots and for what is no person."""
    try:
        user = orjson.loads(text)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(user, dict) or user.get("is_bot"):
        return ""
    number = user.get("id")
    return str(number) if isinstance(number, int) and not isinstance(number, bool) and number > 0 else ""
