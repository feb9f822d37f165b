"""What people changed of an account's limits and calendar, and what was found of its strategies: facts of the house."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from trading.store.store import Store
from trading.store.tables import MetaRow
from trading.store.writing import put


async def kept_limits(store: Store, account: str) -> dict[str, float]:
    """Limits a person set, by name."""
    return dict(await _read(store, _limits(account), {}))


async def keep_limits(store: Store, account: str, limits: Mapping[str, float]) -> None:
    """Let these be all limits that people set on this account."""
    before, after = await kept_limits(store, account), dict(limits)
    await _keep(store, _limits(account), f"{before} → {after}", after)


async def skipped_closures(store: Store, account: str) -> tuple[str, ...]:
    """Ids of the events of the calendar that a person let pass."""
    return tuple(await _read(store, _skipped(account), []))


async def keep_skipped(store: Store, account: str, ids: Collection[str]) -> None:
    """Let these be all events that are let pass."""
    before, after = list(await skipped_closures(store, account)), list(ids)
    await _keep(store, _skipped(account), f"{before} → {after}", after)


async def kept_vetted(store: Store, account: str) -> dict[str, dict[str, Any]]:
    """What honesty checks found of an account's strategies, by the name of the sleeve."""
    return dict(await _read(store, _vetted(account), {}))


async def keep_vetted(store: Store, account: str, found: Mapping[str, Mapping[str, Any]]) -> None:
    """Let this be what was found, of all of them."""
    honest = sum(bool(one["honest"]) for one in found.values())
    plain = {name: dict(one) for name, one in found.items()}
    await _keep(store, _vetted(account), f"{honest} of {len(found)} honest", plain)


async def _keep(store: Store, key: str, outcome: str, value: Any) -> None:
    """Together with its row in the audit."""
    row = {"key": key, "value": json.dumps(value)}
    await store.note_change(key, outcome, lambda connection: put(connection, MetaRow, [row]))


async def _read(store: Store, key: str, otherwise: Any) -> Any:
    text = await store.meta(key)
    return otherwise if text is None else json.loads(text)


def _limits(account: str) -> str:
    return f"account {account} limits"


def _skipped(account: str) -> str:
    return f"account {account} skipped events"


def _vetted(account: str) -> str:
    return f"account {account} vetted strategies"
