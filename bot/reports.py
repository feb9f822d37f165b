"""The day in one picture and a few numbers, for every chat that wants it."""

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.pictures import equity_picture
from bot.reply import Button, Reply, Row, Tone
from bot.show import arrow, money, percent
from bot.words import Words
from trading.domain.people import Person
from trading.domain.view import Away

if TYPE_CHECKING:
    from charts.render import Studio
    from trading.service import Trading

SHOWN = timedelta(days=30)


async def daily_report(trading: "Trading", studio: "Studio", account: str, person: Person) -> Reply:
    """Yesterday's numbers as the caption of a month of equity and drawdown."""
    say = Words(person.language)
    now = trading.status(account)
    periods = await trading.periods(account, "day", 2, person.zone)
    day = periods[0] if periods else None
    points = await trading.equity(account, trading.clock() - SHOWN)
    trips = [t for t in await trading.trades(account) if points and t.exit_at >= points[0].at]
    picture = await equity_picture(
        studio,
        person,
        say,
        points,
        trips,
        title=say("The last 30 days · {account}", account=account),
        currency=now.currency,
    )
    rows = [Row(say("Equity"), money(now.equity, now.currency))]
    if day is not None:
        rows.append(Row(say("Trades"), str(day.trades)))
    rows.append(Row(say("Open positions"), str(len(now.holdings))))
    if trading.safe.head.seq:  # published, it proves later that nobody shortened or rewrote the audit
        rows.append(Row(say("Audit"), trading.safe.head.short))
    title = say("The day's report")
    if day is not None:
        title = say(
            "{day}: {arrow} {change}, {profit}",
            day=day.label,
            arrow=arrow(day.profit),
            change=percent(day.change),
            profit=money(day.profit, now.currency, signed=True),
        )
    return Reply(
        title=title,
        text=picture.alt,
        rows=tuple(rows),
        images=(picture,),
        header=trading.header(account),
        buttons=((Button(say("Status"), "/status"), Button(say("Trades"), "/trades")),),
    )


async def away_report(trading: "Trading", away: Away, person: Person) -> Reply:
    """What happened while the desk was not running."""
    say = Words(person.language)
    status = trading.status(away.account)
    minutes = int((away.until - away.since).total_seconds() // 60)
    rows = (
        Row(say("Candles caught up"), str(away.candles)),
        Row(say("Orders filled"), str(away.fills)),
        Row(say("Equity moved by"), money(away.profit, status.currency, signed=True)),
        Row(say("Open positions"), str(len(status.holdings))),
    )
    text = say("Still killed: nothing is bought until an owner sends /unkill.") if away.killed else ""
    return Reply(
        title=say("I was away for {minutes} min and am back.", minutes=minutes),
        text=text,
        rows=rows,
        header=trading.header(away.account),
        tone=Tone.DANGER if away.killed else Tone.PLAIN,
        buttons=((Button(say("Status"), "/status"),),),
    )
