"""What people changed of an account's limits and calendar, as facts of the house."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from trading.store.store import Store


async def kept_limits(store: Store, account: str) -> dict[str, float]:
    """Limits a person set, by name."""
    return dict(await _read(store, _limits(account), {}))


async def keep_limits(store: Store, account: str, limits: Mapping[str, float]) -> None:
    """Let these be all limits that people set on this account."""
    await store.set_meta(_limits(account), json.dumps(dict(limits)))


async def skipped_closures(store: Store, account: str) -> tuple[str, ...]:
    """Ids of the events of the calendar that a person let pass."""
    return tuple(await _read(store, _skipped(account), []))


async def keep_skipped(store: Store, account: str, ids: Collection[str]) -> None:
    """Let these be all events that are let pass."""
    await store.set_meta(_skipped(account), json.dumps(list(ids)))


async def _read(store: Store, key: str, otherwise: Any) -> Any:
    text = await store.meta(key)
    return otherwise if text is None else json.loads(text)


def _limits(account: str) -> str:
    return f"account {account} limits"


def _skipped(account: str) -> str:
    return f"account {account} skipped events"
