"""How facts about an account are worded; the same in every command."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from bot.reply import Row
from charts.format import moment, money, percent, price, whole_percent
from trading.domain.order import Side
from trading.domain.people import Person
from trading.domain.report import RoundTrip
from trading.domain.risk import Halt, per_cent
from trading.domain.view import Budget, Holding, Status

if TYPE_CHECKING:
    from bot.dispatcher import Ask
    from bot.words import Words

__all__ = [
    "account_rows",
    "amount",
    "budget_row",
    "budget_rows",
    "halt_lines",
    "meter",
    "moment",
    "money",
    "percent",
    "price",
    "reason_of",
    "since",
    "untraded_lines",
    "whole_percent",
]


class Reader(Protocol):
    """For whom something is worded: an Ask, or whoever a panel belongs to."""

    @property
    def say(self) -> "Words": ...
    @property
    def person(self) -> Person: ...
    @property
    def now(self) -> datetime: ...


BAR = 10  # squares in a meter
HOUSE = (
    "risk",
    "calendar",
    "file",
    "feed",
    "journal",
    "the desk",
)  # who closes entries without being a person


def amount(value: Decimal) -> str:
    """A quantity as the exchange prints it: no exponent, no trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def since(at: datetime, now: datetime, say: "Words") -> str:
    """`4 s`, `12 min`, `3 h`, `5 d`: how long ago."""
    seconds = max(int((now - at).total_seconds()), 0)
    if seconds >= 86400:
        return say("{n} d", n=seconds // 86400)
    if seconds >= 3600:
        return say("{n} h", n=seconds // 3600)
    return say("{n} min", n=seconds // 60) if seconds >= 60 else say("{n} s", n=seconds)


def meter(used: float) -> str:
    """A bar that fills as a limit is used up."""
    full = round(min(max(used, 0.0), 1.0) * BAR)
    return "▰" * full + "▱" * (BAR - full)


def arrow(value: float | Decimal) -> str:
    return "▲" if value > 0 else "▼" if value < 0 else "•"


def status_line(now: Status, ask: "Reader") -> str:
    """`Equity 10,214.31 USDT ▲ +0.42% today`."""
    return ask.say(
        "Equity {equity} {arrow} {change} today",
        equity=money(now.equity, now.currency),
        arrow=arrow(now.day_change),
        change=percent(now.day_change),
    )


def reason_of(halt: Halt, say: "Words") -> str:
    """Why entries are closed, in the reader's language; what a person typed stays as it is."""
    return say.again(halt.reason) if halt.by in HOUSE else say.exactly(halt.reason)


def untraded_lines(now: Status, ask: "Reader") -> list[str]:
    """What the account has that its exchange does not trade any more, and who must see to it; often nothing."""
    if not now.untraded:
        return []
    told = ask.say(
        "Not traded on {exchange} any more: {symbols}. Nothing more of it is bought, and it cannot be sold from here; "
        "deal with it at the exchange.",
        exchange=now.exchange,
        symbols=", ".join(now.untraded),
    )
    return [told]


def halt_lines(now: Status, ask: "Reader") -> list[str]:
    """What is stopped, by whom, why, since when, and what ends it."""
    ends = {
        "kill": ask.say("An owner's /unkill ends it."),
        "pause": ask.say("/resume ends it."),
        "daily_loss": ask.say("Ends at 00:00 UTC, or when an owner loosens daily_loss beyond the loss."),
        "weekly_loss": ask.say(
            "Ends on Monday, 00:00 UTC, or when an owner loosens weekly_loss beyond the loss."
        ),
        "monthly_loss": ask.say(
            "Ends on the first of the month, 00:00 UTC, or when an owner loosens monthly_loss beyond the loss."
        ),
        "calendar": ask.say("Ends by itself; /halts skip ends it now."),
        "exchange": ask.say("Ends by itself when the exchange answers again."),
        "feed": ask.say("Ends by itself when prices are fresh."),
        "store": ask.say("Ends by itself when the disk can be written."),
        "broken": ask.say("Look at /logs; then /resume ends it."),
    }
    names = {
        "kill": ask.say("KILLED"),
        "pause": ask.say("PAUSED"),
        "daily_loss": ask.say("ENTRIES CLOSED"),
        "weekly_loss": ask.say("ENTRIES CLOSED"),
        "monthly_loss": ask.say("ENTRIES CLOSED"),
        "calendar": ask.say("ENTRIES CLOSED"),
        "exchange": ask.say("EXCHANGE FAILS"),
        "feed": ask.say("NO FRESH PRICES"),
        "store": ask.say("CANNOT WRITE"),
        "broken": ask.say("SOMETHING IS BROKEN"),
    }
    return [
        ask.say(
            "{name} by {by} since {since}: {reason}. {ends}",
            name=names[h.kind],
            by=ask.say.exactly(h.by),
            since=moment(h.since, ask.person.zone, ask.say),
            reason=reason_of(h, ask.say).rstrip("."),
            ends=ends[h.kind],
        )
        for h in _that_matter(now.halts)
    ]


def _that_matter(halts: Sequence[Halt]) -> Sequence[Halt]:
    """A kill alone, where there is one: the pause that its question began says nothing more."""
    return [h for h in halts if h.kind == "kill"] or halts


def account_rows(now: Status, ask: "Reader") -> tuple[Row, ...]:
    currency = now.currency
    return (
        Row(ask.say("Today"), f"{money(now.day_profit, currency, signed=True)}"),
        Row(ask.say("Free cash"), money(now.cash, currency)),
        Row(ask.say("Below the top"), percent(-now.drawdown) if now.drawdown else "0.00%"),
    )


def budget_rows(now: Status, ask: "Reader") -> tuple[Row, ...]:
    """What may still be lost and put to work before the desk's rules act: money and a bar."""
    return tuple(budget_row(b, now.currency, ask) for b in now.budgets)


def budget_row(budget: Budget, currency: str, ask: "Reader") -> Row:
    """One limit: what is left of it, and how much is used."""
    names = {
        "day": ask.say("Loss left today"),
        "week": ask.say("Loss left this week"),
        "month": ask.say("Loss left this month"),
        "drawdown": ask.say("Drawdown left"),
        "exposure": ask.say("Exposure left"),
        "capital": ask.say("Capital left"),
        "value_at_risk": ask.say("Value at risk left"),
        "shortfall": ask.say("Shortfall left"),
    }
    return _budget_row(budget, names[budget.name], currency, ask)


def _budget_row(budget: Budget, name: str, currency: str, ask: "Reader") -> Row:
    bar, limit = meter(budget.used), per_cent(budget.limit)
    if budget.reached:
        detail = ask.say("{bar} the {limit} limit was reached: entries are closed", bar=bar, limit=limit)
        return Row(name, money(budget.left, currency), detail)
    detail = ask.say(
        "{bar} {used} of the {limit} limit used", bar=bar, used=whole_percent(budget.used), limit=limit
    )
    return Row(name, money(budget.left, currency), detail)


def holding_row(holding: Holding, now: Status, ask: "Ask") -> Row:
    cost = holding.entry_price * abs(holding.quantity)
    change = float(holding.unrealised / cost) if cost else 0.0
    return Row(
        holding.symbol,
        f"{arrow(change)} {percent(change)}  {money(holding.unrealised, now.currency, signed=True)}",
        ask.say(
            "{amount} at {entry}, now {price}; {sleeve}, {age}",
            amount=amount(holding.quantity),
            entry=price(holding.entry_price, now.currency),
            price=price(holding.price, now.currency),
            sleeve=holding.sleeve,
            age=since(holding.opened_at, ask.now, ask.say),
        ),
    )


def trade_row(trip: RoundTrip, currency: str, ask: "Ask") -> Row:
    side = ask.say("long") if trip.side is Side.BUY else ask.say("short")
    return Row(
        trip.symbol,
        f"{arrow(trip.pnl)} {percent(trip.return_share)}  {money(trip.pnl, currency, signed=True)}",
        ask.say(
            "{side} {amount}: {entry} → {exit}; {sleeve}, {reason}, {at}",
            side=side,
            amount=amount(trip.amount),
            entry=price(trip.entry_price, currency),
            exit=price(trip.exit_price, currency),
            sleeve=trip.sleeve,
            reason=ask.say(str(trip.reason)),
            at=moment(trip.exit_at, ask.person.zone, ask.say),
        ),
    )
