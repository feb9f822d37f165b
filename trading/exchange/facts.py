"""What a desk must know of a venue before it may order there; data only, the most careful guess for strangers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from trading.execution.venue import IdReuse, Profile, Why


class LookUp(StrEnum):
    """How an order is found by our own id."""

    ASK = "ask"  # one question that names it
    LISTS = "lists"  # the lists of open and closed orders, asked for this id
    SCAN = "scan"  # the same lists, read through


class Spelling(StrEnum):
    """How a venue wants client ids."""

    PLAIN = "plain"
    UUID = "uuid"


@dataclass(frozen=True, slots=True)
class Code:
    """A raw code of a refusal, with a piece of its text where the code alone says too little."""

    code: str
    why: Why
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """How a venue says no. Whatever is not listed here leaves an order doubtful."""

    where: tuple[str, ...] = ()  # paths in the body, the most telling first: "data.0.sCode"
    text: tuple[str, ...] = ()  # paths of its words
    refused: tuple[Code, ...] = ()
    statuses: Mapping[int, Why] = field(default_factory=dict)  # HTTP answers that are definite by themselves
    doubtful: frozenset[str] = frozenset()  # never definite, whatever comes along: duplicates, lost answers
    unknown_order: tuple[tuple[str, str], ...] = ()  # (code, text) of "there is no such order"
    over: tuple[tuple[str, str], ...] = ()  # (code, text) of "this one cannot be cancelled any more"
    empty: str = ""  # path of a list that is empty when there is no such order


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Regular expressions for the ends of paths; whatever is not a GET must match one. Empty: not known."""

    order: str = ""
    cancel: str = ""
    reads: str = ""  # questions that this venue wants as POST
    history: str = (
        ""  # lists of deposits and withdrawals: the only such words that may be spoken, and only as GET
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One venue, as our orders meet it."""

    profile: Profile
    known: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    paths: Paths = Paths()
    codes: Codes = Codes()
    create_id: str = "clientOrderId"  # what ccxt calls our id when an order is placed
    spelling: Spelling = Spelling.PLAIN
    letters: str = r"[A-Za-z0-9]+"
    counts: bool = False  # refuses a request whose number is not above that of the one before
    deadline: str = ""  # parameter that tells until when the order may be executed
    expiry_header: str = ""  # or the header that does
    buys_by_cost: bool = False  # market buys name what may be spent, not how much is wanted
    warm: tuple[str, ...] = ()  # what ccxt wants to know before the first order
    look_up: LookUp = LookUp.SCAN
    ask: str = ""  # ccxt method that answers the one question
    ask_id: str = ""  # and its parameter; for LISTS the parameter of both lists
    cancel: str = "cancel_order"  # ccxt method that cancels by our id
    cancel_id: str = ""  # and its parameter; empty: only by the venue's
    open: tuple[str, ...] = ("fetch_open_orders",)
    closed: tuple[str, ...] = ("fetch_closed_orders",)
    page: int = 100  # rows in one answer; as many mean that there may be more
    window: timedelta | None = None  # the longest stretch of time in one question
    until: tuple[str, int] = ("until", 1)  # parameter that ends the stretch, and its unit in milliseconds
    paged: str = ""  # or the parameter that turns pages, where a stretch cannot be ended
    rate: float = 5.0  # order requests a second
    burst: int = 10


CAREFUL = Facts(
    known=False,
    profile=Profile(
        name="",
        id_reuse=IdReuse.OPEN_UNIQUE,
        request_expiry=None,
        visibility_lag=timedelta(seconds=60),
        has_trades=True,
        has_stops=False,
        dead_man=False,
        client_id_length=26,
    ),
    rate=2.0,
    burst=4,
)
