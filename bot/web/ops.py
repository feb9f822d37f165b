"""What machines ask: is it alive, is it ready."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bot.web.site import Site, answer


def routes(site: Site) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def alive(request: Request) -> Response:
        """200 as long as the program answers at all; `ok` says whether every check passes.

        A supervisor that restarts on a bad status must not do so because an exchange is away.
        """
        caller = await site.door.caller(request)
        return answer(_health(site, detailed=caller is not None))

    @router.get("/readyz")
    async def ready(request: Request) -> Response:
        """200 when every check passes, otherwise 503."""
        caller = await site.door.caller(request)
        health = _health(site, detailed=caller is not None)
        return answer(health, 200 if health["ok"] else 503)

    return router


def _health(site: Site, *, detailed: bool) -> dict[str, Any]:
    checks = site.checks()
    return {
        "ok": all(_passes(check) for check in checks.values()),
        "uptime_seconds": round((site.clock() - site.started_at).total_seconds(), 1),
        "checks": checks if detailed else _without_names(checks),
    }


def _without_names(checks: Mapping[str, Any]) -> dict[str, bool]:
    """One yes or no per kind of check: a stranger does not learn what accounts there are ("account main")."""
    kinds: dict[str, bool] = {}
    for name, check in checks.items():
        kind = name.partition(" ")[0]
        kinds[kind] = kinds.get(kind, True) and _passes(check)
    return kinds


def _passes(check: Any) -> bool:
    """A check is a plain yes or no, or a table whose `ok` says it."""
    return bool(check.get("ok")) if isinstance(check, Mapping) else bool(check)
