"""Names of order requests: secret to make, the same whenever they are made again, and never used twice. Pure."""

import base64
import hashlib
import hmac

PREFIX = "tw"  # an order that begins so and is in no journal means a second desk on this exchange account
BITS = 120


def client_id(secret: bytes, account: str, epoch: int, intent: str, longest: int) -> str:
    """26 small letters and digits for one attempt; cut to `longest` where a venue takes fewer.

    The epoch is part of it: a database put back from a backup can never give an old id to another order.
    """
    return PREFIX + token(secret, account, str(epoch), intent)[: longest - len(PREFIX)]


def token(secret: bytes, *words: str) -> str:
    """24 letters nobody can guess who does not know the secret."""
    digest = hmac.new(secret, "\x1f".join(words).encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[: BITS // 8]).decode().lower()


def is_ours(client_id: str | None) -> bool:
    """Whether an order at the venue was named by a desk like this one."""
    return client_id is not None and client_id.startswith(PREFIX) and len(client_id) >= 16
