"""How it went: by trade, day, week, month and strategy."""

from collections import defaultdict
from decimal import Decimal
from typing import Annotated

from bot.dispatcher import Ask
from bot.people import READERS
from bot.registry import command
from bot.reply import Button, Reply, Row
from bot.show import arrow, money, percent
from trading.domain.errors import Refused
from trading.domain.report import RoundTrip
from trading.domain.view import Period

ZERO = Decimal(0)


@command(allow=READERS)
async def profit(ask: Ask) -> Reply:
    """Profit since the start: closed trades, open positions, fees; deposits are not profit."""
    now, figures = ask.trading.status(ask.account), await ask.trading.figures(ask.account)
    closed = await ask.trading.trades(ask.account)
    won = sum((t.pnl for t in closed), ZERO)
    opened = sum((h.unrealised for h in now.holdings), ZERO)
    gain = now.equity - figures.paid_in
    rows = (
        Row(
            ask.say("Closed trades"),
            money(won, now.currency, signed=True),
            ask.say("{n} trades", n=len(closed)),
        ),
        Row(
            ask.say("Open positions"), money(opened, now.currency, signed=True), ask.say("at the last close")
        ),
        Row(ask.say("Fees paid"), money(figures.fees, now.currency)),
        Row(ask.say("Deepest fall"), percent(-abs(figures.metrics.get("max_drawdown") or 0.0))),
        Row(
            ask.say("Sharpe ratio"),
            _ratio(figures.metrics.get("sharpe")),
            ask.say("yearly, from daily equity"),
        ),
        Row(
            ask.say("Profit factor"),
            _ratio(figures.metrics.get("profit_factor")),
            ask.say("gains over losses"),
        ),
        Row(ask.say("Average trade"), _share(figures.metrics.get("expectancy"), now.currency)),
    )
    return Reply(
        title=ask.say(
            "{arrow} {gain} ({change}) since the start",
            arrow=arrow(gain),
            gain=money(gain, now.currency, signed=True),
            change=percent(figures.total_return),
        ),
        rows=rows,
        buttons=((Button(ask.say("Equity"), "/equity 30d"), Button(ask.say("By strategy"), "/performance")),),
        data={
            "profit": gain,
            "closed": won,
            "open": opened,
            "fees": figures.fees,
            "metrics": figures.metrics,
        },
    )


@command(allow=READERS)
async def daily(ask: Ask, days: Annotated[int, "how many days"] = 7) -> Reply:
    """Profit per day."""
    return await _periods(ask, "day", days, ask.say("Profit per day"))


@command(allow=READERS)
async def weekly(ask: Ask, weeks: Annotated[int, "how many weeks"] = 8) -> Reply:
    """Profit per week."""
    return await _periods(ask, "week", weeks, ask.say("Profit per week"))


@command(allow=READERS)
async def monthly(ask: Ask, months: Annotated[int, "how many months"] = 6) -> Reply:
    """Profit per month."""
    return await _periods(ask, "month", months, ask.say("Profit per month"))


@command(allow=READERS)
async def performance(ask: Ask) -> Reply:
    """Profit by strategy and by symbol, closed trades only."""
    currency = ask.trading.status(ask.account).currency
    closed = await ask.trading.trades(ask.account)
    if not closed:
        return Reply(title=ask.say("No closed trades yet."), data={"strategies": {}, "symbols": {}})
    by_sleeve, by_symbol = _grouped(closed, "sleeve"), _grouped(closed, "symbol")
    rows = [_group_row(name, trips, currency, ask) for name, trips in by_sleeve]
    rows += [_group_row(name, trips, currency, ask) for name, trips in by_symbol]
    best = by_sleeve[0][0]
    return Reply(
        title=ask.say("Best strategy so far: {name}", name=best),
        rows=tuple(rows),
        data={
            "strategies": {n: sum((t.pnl for t in ts), ZERO) for n, ts in by_sleeve},
            "symbols": {n: sum((t.pnl for t in ts), ZERO) for n, ts in by_symbol},
        },
    )


async def _periods(ask: Ask, length: str, count: int, title: str) -> Reply:
    if not 1 <= count <= 366:
        raise Refused(ask.say("Choose between 1 and 366; found {count}.", count=count))
    currency = ask.trading.status(ask.account).currency
    periods = await ask.trading.periods(ask.account, length, count, ask.person.zone)
    total = sum((p.profit for p in periods), ZERO)
    return Reply(
        title=f"{title}: {money(total, currency, signed=True)}",
        rows=tuple(_period_row(p, currency, ask) for p in reversed(periods)),
        footer=ask.say("days begin at midnight, {zone}", zone=ask.person.zone),
        buttons=((Button(ask.say("Equity"), "/equity 30d"),),),
        data=periods,
    )


def _period_row(period: Period, currency: str, ask: Ask) -> Row:
    value = f"{arrow(period.profit)} {percent(period.change)}  {money(period.profit, currency, signed=True)}"
    return Row(period.label, value, ask.say("{n} trades", n=period.trades))


def _grouped(trips: tuple[RoundTrip, ...], by: str) -> list[tuple[str, list[RoundTrip]]]:
    groups: dict[str, list[RoundTrip]] = defaultdict(list)
    for trip in trips:
        groups[getattr(trip, by)].append(trip)
    return sorted(groups.items(), key=lambda item: sum((t.pnl for t in item[1]), ZERO), reverse=True)


def _group_row(name: str, trips: list[RoundTrip], currency: str, ask: Ask) -> Row:
    total = sum((t.pnl for t in trips), ZERO)
    won = sum(t.pnl > 0 for t in trips) / len(trips)
    return Row(
        name,
        f"{arrow(total)} {money(total, currency, signed=True)}",
        ask.say("{n} trades, {won} won", n=len(trips), won=percent(won, signed=False)),
    )


def _ratio(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def _share(value: float | None, currency: str) -> str:
    return "—" if value is None else money(value, currency, signed=True)
