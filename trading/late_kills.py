"""Kills of accounts that could not be reached when they were asked for: written down, and done once they come up."""

import json

from trading.store.store import Store


async def remember(store: Store, account: str, reason: str, by: str) -> None:
    """On disk when this returns."""
    await store.set_meta(_key(account), json.dumps([reason, by]))


async def asked(store: Store, account: str) -> tuple[str, str] | None:
    """Why and by whom the account was killed while it was away; None when nobody did."""
    told = await store.meta(_key(account))
    if not told:
        return None
    reason, by = json.loads(told)
    return reason, by


async def done(store: Store, account: str) -> None:
    """The account knows it by itself now."""
    await store.set_meta(_key(account), "")


def _key(account: str) -> str:
    return f"kill asked {account}"
