"""The day in pictures, words and a few numbers, and what happened while nobody was there."""

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.pictures import around_pictures, equity_picture
from bot.reply import Button, Image, Reply, Row, Tone
from bot.reviews import mattered, portion_row, review_title
from bot.show import money, percent
from bot.words import Words
from trading.domain.order import OrderStatus
from trading.domain.people import Person
from trading.domain.review import Review
from trading.domain.view import Away

if TYPE_CHECKING:
    from charts.render import Studio
    from trading.service import Trading

SHOWN = timedelta(days=30)
MOST_PORTIONS = 4  # strategies, and markets, in a day's message
MOST_LOOKED_AT = 500  # orders and events of the time away
ENDED_BADLY = (OrderStatus.EXPIRED, OrderStatus.REFUSED)


async def daily_report(trading: "Trading", studio: "Studio", account: str, person: Person) -> Reply:
    """Yesterday in words and numbers, with pictures of the last 30 days, the months, and who earned the day."""
    say = Words(person.language)
    now = trading.status(account)
    found = await trading.reports.review(account, "day", person.zone)
    rows = [Row(say("Equity now"), money(now.equity, now.currency))]
    if found is not None:
        rows.append(Row(say("Trades"), str(len(found.trades))))
        slipped = f"{money(found.fees, now.currency)} · {money(found.slippage, now.currency)}"
        rows.append(Row(say("Fees and slippage"), slipped))
        portions = (*found.by_strategy[:MOST_PORTIONS], *found.by_symbol[:MOST_PORTIONS])
        rows += [portion_row(portion, found, say) for portion in portions]
    invested = percent(found.invested, signed=False) if found is not None else ""
    rows.append(Row(say("Open positions now"), str(len(now.holdings)), invested))
    if trading.safe.head.seq:  # published, it proves later that nobody shortened or rewrote the audit
        rows.append(Row(say("Audit"), trading.safe.head.short))
    return Reply(
        title=review_title(found, say) if found is not None else say("The day's report"),
        text="\n".join(mattered(found, say)) if found is not None else "",
        rows=tuple(rows),
        images=await _pictures(trading, studio, account, person, found),
        header=trading.header(account),
        buttons=((Button(say("Status"), "/status"), Button(say("Trades"), "/trades")),),
    )


async def _pictures(
    trading: "Trading", studio: "Studio", account: str, person: Person, found: Review | None
) -> tuple[Image, ...]:
    """Equity over drawdown, a bar a day, the table of months, and who earned the day."""
    say = Words(person.language)
    points = await trading.equity(account, trading.clock() - SHOWN)
    trips = [t for t in await trading.trades(account) if points and t.exit_at >= points[0].at]
    title = say("The last 30 days · {account}", account=account)
    currency = trading.status(account).currency
    equity = await equity_picture(studio, person, say, points, trips, title=title, currency=currency)
    days = await trading.periods(account, "day", SHOWN.days, person.zone)
    more: tuple[Image, ...] = ()
    if found is not None:
        more = await around_pictures(studio, person, say, found, days, title=title)
    return (equity, *more)


async def away_report(trading: "Trading", away: Away, person: Person) -> Reply:
    """What happened while the desk was not running: filled, expired, refused, missed."""
    say = Words(person.language)
    status = trading.status(away.account)
    minutes = int((away.until - away.since).total_seconds() // 60)
    orders = [o for o in await trading.orders(away.account, MOST_LOOKED_AT) if o.changed_at >= away.since]
    events = await trading.events(away.account, away.since, MOST_LOOKED_AT)
    ended = Counter(order.status for order in orders)
    counted = (
        (say("Orders filled"), away.fills, True),
        (say("Orders expired"), ended[OrderStatus.EXPIRED], False),
        (say("Orders refused"), ended[OrderStatus.REFUSED], False),
        (say("Entries refused by risk rules"), sum(e.kind == "order_refused" for e in events), False),
        (say("Candles missed and caught up"), away.candles, True),
    )
    rows = [Row(label, str(n)) for label, n, always in counted if n or always]
    rows += [
        Row(o.intent.symbol, say(o.status), say.again(o.note)) for o in orders if o.status in ENDED_BADLY
    ][:5]
    rows.append(Row(say("Equity moved by"), money(away.profit, status.currency, signed=True)))
    rows.append(Row(say("Open positions"), str(len(status.holdings))))
    stopped = [e for e in events if e.kind == "trading_halted"]
    lines = [say("Still killed: nothing is bought until an owner sends /unkill.")] if away.killed else []
    if stopped and not away.killed:
        lines.append(
            say("Entries were closed meanwhile ({n}×); /alerts and /status say why.", n=len(stopped))
        )
    return Reply(
        title=say("I was away for {minutes} min and am back.", minutes=minutes),
        text="\n".join(lines),
        rows=tuple(rows),
        header=trading.header(away.account),
        tone=Tone.DANGER if away.killed else Tone.PLAIN,
        buttons=((Button(say("Status"), "/status"), Button(say("Orders"), "/orders")),),
    )
