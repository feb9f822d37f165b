"""The settings of what is told to whom: routes, places, services, rules."""

import re
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from trading.domain.alerts import RULES
from trading.settings_types import Name, Secret, Section, Share

_PLACE = (
    r"telegram:(owner|-?[0-9]{1,19}(/[0-9]{1,10})?|@\w{1,64})|discord:(owner|(dm:)?[0-9]{1,20})|web:owner"
)
_ADDRESS = re.compile(_PLACE)
_MENTIONS = ("@here", "@owner")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Severities = Literal["info", "warning", "critical", "emergency"]


def duration(text: str) -> timedelta | None:
    """`90s`, `10m`, `2h`, `7d`; None for anything else."""
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]]) if found else None


def _duration(text: str) -> str:
    if text and duration(text) is None:
        raise ValueError("should be a length of time like 30s, 10m or 2h, or empty")
    return text


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError(
            "should be an address like telegram:-1001234567890/7 (group and topic), discord:123456789012345678 "
            "(channel or thread), discord:dm:123456789012345678, telegram:owner or discord:owner"
        )
    return text


def _route(text: str) -> str:
    where, *mentions = text.split()[:3] or [""]
    if len(mentions) > 1 or (mentions and mentions[0] not in _MENTIONS) or not where:
        raise ValueError("should be a place, and at most @here or @owner after it")
    return text


def _rule(text: str) -> str:
    if text not in RULES:
        raise ValueError(f"should be one of the alert rules {', '.join(RULES)}")
    return text


Duration = Annotated[str, AfterValidator(_duration)]
Address = Annotated[str, AfterValidator(_address)]
Routes = tuple[Annotated[str, AfterValidator(_route)], ...]
RuleName = Annotated[str, AfterValidator(_rule)]


class NotifyRoutes(Section):
    """Where news goes beside the chats that chose it with /notify: by severity, and by topic."""

    info: Routes = ()
    warning: Routes = ()
    critical: Routes = ()
    emergency: Routes = ()
    trades: Routes = ()
    alerts: Routes = ()
    reports: Routes = ()

    @property
    def all(self) -> tuple[str, ...]:
        fields = (
            self.info,
            self.warning,
            self.critical,
            self.emergency,
            self.trades,
            self.alerts,
            self.reports,
        )
        return tuple(route for routes in fields for route in routes)


class Notify(Section):
    """Who is told what."""

    escalate_after: Duration = "5m"  # empty: nobody is called
    escalate_to: Routes = ()
    near: Share = 0.8  # of a loss limit: then it is time to say so
    places: dict[Name, Address] = Field({})
    routes: NotifyRoutes = NotifyRoutes()
    rules: dict[RuleName, Severities | Literal["off"]] = Field({})
    services: dict[Name, Secret] = Field({}, repr=False)

    @property
    def patience(self) -> timedelta | None:
        """How long an alert waits for an acknowledgement before somebody is called."""
        return duration(self.escalate_after)

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> Self:
        for route in (*self.routes.all, *self.escalate_to):
            where = route.split()[0]
            service = where.removeprefix("apprise:")
            known = where in self.places or _ADDRESS.fullmatch(where)
            if not known and (service == where or service not in self.services):
                raise ValueError(
                    f"has no place or service for the route {where!r}; name it in notify.places, or give the "
                    "address itself"
                )
        return self
