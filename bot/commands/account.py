"""What the account holds and has done."""

from typing import Annotated

from bot.dispatcher import Ask
from bot.people import READERS
from bot.registry import command
from bot.reply import Button, Reply, Row
from bot.show import amount, holding_row, moment, money, percent, trade_row, untraded_lines
from trading.domain.protection import RestingStop
from trading.domain.report import RoundTrip
from trading.domain.view import Status

PAGE = 8  # rows that still read well on a phone
OPENED = 3  # of them have a button of their own


@command(allow=READERS)
async def balance(ask: Ask) -> Reply:
    """Cash, what the positions are worth, and the sum of both."""
    now = ask.trading.status(ask.account)
    held = sum((h.value for h in now.holdings), now.cash * 0)
    rows = [Row(ask.say("Free cash"), money(now.cash, now.currency))]
    rows += [
        Row(h.symbol.partition("/")[0], money(h.value, now.currency), f"{amount(h.quantity)} · {h.sleeve}")
        for h in now.holdings
    ]
    rows += [
        Row(
            h.symbol.partition("/")[0],
            money(h.value, now.currency),
            f"{amount(h.quantity)} · {ask.say('smaller than the exchange takes')}",
        )
        for h in now.dust
    ]
    return Reply(
        title=ask.say("Equity {equity}", equity=money(now.equity, now.currency)),
        text=ask.say(
            "{share} of it is invested, at prices of the last close.",
            share=percent(float(held / now.equity) if now.equity else 0.0, signed=False),
        ),
        rows=tuple(rows),
        buttons=((Button(ask.say("Refresh"), "/balance"), Button(ask.say("Positions"), "/positions")),),
        data={
            "account": now.account,
            "currency": now.currency,
            "equity": now.equity,
            "cash": now.cash,
            "holdings": now.holdings,
        },
    )


@command(allow=READERS)
async def positions(ask: Ask) -> Reply:
    """Every open position with its profit at the last close."""
    now = ask.trading.status(ask.account)
    buttons = ((Button(ask.say("Refresh"), "/positions"), Button(ask.say("Trades"), "/trades")),)
    if not now.holdings:
        return Reply(
            title=ask.say("No open positions."),
            text=ask.say("Strategies buy when their signal says so; /strategies shows what they want now."),
            footer=_dust(ask, now),
            buttons=buttons,
            data=(),
        )
    total = sum((h.unrealised for h in now.holdings), now.cash * 0)
    return Reply(
        title=ask.say(
            "Open positions: {n}, {profit} open profit",
            n=len(now.holdings),
            profit=money(total, now.currency, signed=True),
        ),
        text="\n".join(untraded_lines(now, ask)),
        rows=tuple(holding_row(h, now, ask) for h in now.holdings),
        footer="\n".join(line for line in (*_stops(ask, now.account), _dust(ask, now)) if line),
        buttons=buttons,
        data=now.holdings,
    )


def _dust(ask: Ask, now: Status) -> str:
    """Rests that nobody can sell; empty where there is none."""
    found = [f"{h.symbol} {amount(h.quantity)}" for h in now.dust]
    return ask.say("Dust, less than the exchange takes: {rests}", rests=", ".join(found)) if found else ""


def _stops(ask: Ask, account: str) -> tuple[str, str]:
    """The stops that rest at an exchange, and those that the desk minds itself; empty where there is none."""
    standing = ask.trading.real.standing(account)
    if standing is None:
        return "", ""
    there, here = _listed(standing.stops), _listed(standing.watched)
    return (
        ask.say("Stops at the exchange: {stops}", stops=there) if there else "",
        ask.say("Watched by the desk at each close: {stops}", stops=here) if here else "",
    )


def _listed(stops: tuple[RestingStop, ...]) -> str:
    return ", ".join(f"{s.symbol} {amount(s.amount)} @ {amount(s.price)}" for s in stops)


@command(allow=READERS)
async def orders(ask: Ask, page: Annotated[int, "which page"] = 1) -> Reply:
    """The newest orders and what became of them."""
    number = max(page, 1)
    found = await ask.trading.orders(ask.account, PAGE + 1, (number - 1) * PAGE)
    if not found:
        return Reply(title=ask.say("No orders here yet."), data=())
    currency = ask.trading.status(ask.account).currency
    rows = tuple(
        Row(
            f"{ask.say(str(o.intent.side))} {o.intent.symbol}",
            ask.say(str(o.status)),
            ask.say(
                "{amount} at {price}; {sleeve}, {reason}, {at}",
                amount=amount(o.filled or o.intent.amount),
                price=money(o.average_price or o.intent.price_at_decision, currency),
                sleeve=o.intent.sleeve,
                reason=ask.say(str(o.intent.reason)),
                at=moment(o.changed_at, ask.person.zone, ask.say),
            ),
        )
        for o in found[:PAGE]
    )
    title = ask.say("Orders, newest first")
    return Reply(
        title=title, rows=rows, buttons=_pages("/orders", number, len(found) > PAGE), data=found[:PAGE]
    )


@command(allow=READERS)
async def trades(ask: Ask, page: Annotated[int, "which page"] = 1) -> Reply:
    """Closed trades, newest first, with their profit after fees."""
    closed = tuple(reversed(await ask.trading.trades(ask.account)))
    if not closed:
        return Reply(
            title=ask.say("No closed trades yet."),
            text=ask.say("A trade appears here once its position was sold; /positions shows open ones."),
            data=(),
        )
    currency = ask.trading.status(ask.account).currency
    last_page = -(-len(closed) // PAGE)
    number = min(max(page, 1), last_page)
    shown = closed[(number - 1) * PAGE : number * PAGE]
    won = sum(t.pnl > 0 for t in closed)
    return Reply(
        title=ask.say(
            "{n} closed trades, {won} won, {profit} after fees",
            n=len(closed),
            won=percent(won / len(closed), signed=False),
            profit=money(sum((t.pnl for t in closed), closed[0].pnl * 0), currency, signed=True),
        ),
        rows=tuple(trade_row(t, currency, ask) for t in shown),
        footer=ask.say("page {n} of {last}", n=number, last=last_page),
        buttons=(*_opened(closed, number), *_pages("/trades", number, number < last_page)),
        data=closed,
    )


def _opened(closed: tuple[RoundTrip, ...], page: int) -> tuple[tuple[Button, ...], ...]:
    """A button for each of the newest few of a page, that shows it as a picture; trades are counted from the first."""
    first = (page - 1) * PAGE
    shown = enumerate(closed[first : first + PAGE][:OPENED], first)
    numbers = [(len(closed) - place, trip) for place, trip in shown]
    return (tuple(Button(f"#{n} {t.symbol.partition('/')[0]}", f"/trade {n}") for n, t in numbers),)


def _pages(line: str, number: int, more: bool) -> tuple[tuple[Button, ...], ...]:
    turn = []
    if number > 1:
        turn.append(Button(f"‹ {number - 1}", f"{line} {number - 1}"))
    if more:
        turn.append(Button(f"{number + 1} ›", f"{line} {number + 1}"))
    return (tuple(turn),) if turn else ()
