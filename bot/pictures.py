"""Pictures for chats: the same numbers drawn, worded as alt text, in the asker's language and colours."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.reply import Image
from charts import allocation as allocation_page
from charts import attribution as attribution_page
from charts import candles as candles_page
from charts import compare as compare_page
from charts import correlation as correlation_page
from charts import drawdown as drawdown_page
from charts import equity as equity_page
from charts import exposure as exposure_page
from charts import luck as luck_page
from charts import replay as replay_page
from charts import returns as returns_page
from charts import risk as risk_page
from charts import sensitivity as sensitivity_page
from charts import slippage as slippage_page
from charts import stress as stress_page
from charts.attribution import Earned
from charts.theme import Name, Theme, theme
from trading.domain.honesty import Landscape, Spread
from trading.domain.market import Candle
from trading.domain.order import Fill
from trading.domain.people import Person
from trading.domain.portfolio import Likeness, Outcome
from trading.domain.replay import Replay, Rival
from trading.domain.report import Allocation, EquityPoint, Report, RoundTrip
from trading.domain.review import Review
from trading.domain.view import Period

if TYPE_CHECKING:
    from bot.words import Words
    from charts.render import Studio


def theme_for(person: Person, look: Name | None = None) -> Theme:
    """Light or dark as the person likes it, or as `look` says.

    Koreans read red as up; everybody else gets colours that are told apart without red and green.
    """
    chosen: Name = look or ("light" if person.theme == "light" else "dark")
    return theme(chosen, "korean" if person.language == "ko" else "safe")


async def equity_picture(
    studio: "Studio",
    person: Person,
    say: "Words",
    points: Sequence[EquityPoint],
    trades: Sequence[RoundTrip],
    *,
    title: str,
    currency: str,
    holding: Sequence[EquityPoint] = (),
) -> Image:
    """Equity over drawdown, cash flows marked; with `holding`, beside what buying once would have been."""
    png = await studio.draw(
        equity_page.equity_chart,
        points,
        title=title,
        currency=currency,
        zone=person.zone,
        theme=theme_for(person),
        trades=trades,
        holding=holding,
        say=say,
    )
    alt = equity_page.alt_text(
        points, currency=currency, zone=person.zone, trades=trades, holding=holding, say=say
    )
    return Image(png, "equity.png", alt)


async def drawdown_picture(
    studio: "Studio", person: Person, say: "Words", points: Sequence[EquityPoint], *, title: str
) -> Image:
    """How far below the top the account was, the deepest falls labelled."""
    png = await studio.draw(
        drawdown_page.drawdown_chart, points, title=title, zone=person.zone, theme=theme_for(person), say=say
    )
    return Image(png, "drawdown.png", drawdown_page.alt_text(points, zone=person.zone, say=say))


async def candles_picture(
    studio: "Studio",
    person: Person,
    say: "Words",
    candles: Sequence[Candle],
    fills: Sequence[Fill],
    *,
    title: str,
) -> Image:
    """Candles with every buy and sale marked."""
    png = await studio.draw(
        candles_page.candles_chart,
        candles,
        title=title,
        zone=person.zone,
        theme=theme_for(person),
        fills=fills,
        say=say,
    )
    return Image(png, "chart.png", candles_page.alt_text(candles, zone=person.zone, fills=fills, say=say))


async def replay_picture(
    studio: "Studio", person: Person, say: "Words", found: Replay, *, title: str
) -> Image:
    """One trade among the candles around it, with its levels."""
    words: dict[str, Any] = {"trip": found.trip, "levels": found.levels, "zone": person.zone, "say": say}
    draw = replay_page.replay_chart
    png = await studio.draw(draw, found.candles, title=title, theme=theme_for(person), **words)
    return Image(png, "trade.png", replay_page.alt_text(found.candles, **words))


async def compare_picture(
    studio: "Studio", person: Person, say: "Words", rivals: Sequence[Rival], *, title: str
) -> Image:
    """Strategies or accounts from 100 on one scale."""
    curves = {one.name: one.points for one in rivals}
    draw = compare_page.compare_chart
    look = theme_for(person)
    png = await studio.draw(draw, curves, title=title, zone=person.zone, theme=look, say=say)
    return Image(png, "compare.png", compare_page.alt_text(curves, say=say))


async def allocation_picture(
    studio: "Studio",
    person: Person,
    say: "Words",
    shares: Sequence[Allocation],
    *,
    title: str,
    look: Name | None = None,
) -> Image:
    """What the money was in over time."""
    draw = allocation_page.allocation_chart
    words: dict[str, Any] = {"zone": person.zone, "say": say}
    png = await studio.draw(draw, shares, title=title, theme=theme_for(person, look), **words)
    return Image(png, "allocation.png", allocation_page.alt_text(shares, **words))


async def backtest_pictures(
    studio: "Studio", person: Person, say: "Words", report: Report, *, title: str
) -> tuple[Image, ...]:
    """Trades among candles, months, what the money was in, single trades; those that have something to show."""
    look = theme_for(person)
    same: dict[str, Any] = {"title": title, "theme": look, "say": say}
    images = []
    if report.glimpse and report.trades:
        symbol = report.glimpse[0].symbol
        trips = [trip for trip in report.trades if trip.symbol == symbol]
        words: dict[str, Any] = {"zone": person.zone, "trips": trips, "say": say}
        named = f"{report.strategy} · {symbol} · {report.timeframe}"
        png = await studio.draw(candles_page.candles_chart, report.glimpse, title=named, theme=look, **words)
        images.append(Image(png, "trades.png", candles_page.alt_text(report.glimpse, **words)))
    months = {(month.year, month.month): month.change for month in report.months}
    if len(months) > 1:
        png = await studio.draw(returns_page.monthly_heatmap, months, **same)
        images.append(Image(png, "months.png", returns_page.monthly_alt_text(months, say=say)))
    if report.allocation:
        images.append(await allocation_picture(studio, person, say, report.allocation, title=title))
    if len(report.trades) > 1:
        shares = [trip.return_share for trip in report.trades]
        png = await studio.draw(returns_page.distribution, shares, **same)
        images.append(Image(png, "results.png", returns_page.distribution_alt_text(shares, say=say)))
    return tuple(images)


async def exposure_picture(
    studio: "Studio",
    person: Person,
    say: "Words",
    candles: Sequence[Candle],
    wanted: Sequence[float],
    *,
    title: str,
) -> Image:
    """What a strategy wants on these candles."""
    png = await studio.draw(
        exposure_page.exposure_chart,
        candles,
        wanted,
        title=title,
        zone=person.zone,
        theme=theme_for(person),
        say=say,
    )
    return Image(png, "exposure.png", exposure_page.alt_text(candles, wanted, say=say))


async def luck_picture(
    studio: "Studio", person: Person, say: "Words", spread: Spread, *, title: str
) -> Image:
    """What chance earned, and where our own result lies."""
    png = await studio.draw(luck_page.luck_chart, spread, title=title, theme=theme_for(person), say=say)
    return Image(png, "luck.png", luck_page.alt_text(spread, say=say))


async def sensitivity_picture(
    studio: "Studio", person: Person, say: "Words", landscape: Landscape, *, title: str
) -> Image:
    """How good the parameters around the chosen ones are."""
    draw = sensitivity_page.sensitivity_chart
    png = await studio.draw(draw, landscape, title=title, theme=theme_for(person), say=say)
    return Image(png, "sensitivity.png", sensitivity_page.alt_text(landscape, say=say))


async def correlation_picture(
    studio: "Studio", person: Person, say: "Words", likeness: Likeness, *, title: str
) -> Image:
    """Who moves with whom."""
    draw = correlation_page.correlation_chart
    png = await studio.draw(draw, likeness, title=title, theme=theme_for(person), say=say)
    return Image(png, "correlation.png", correlation_page.alt_text(likeness, say=say))


async def stress_picture(
    studio: "Studio",
    person: Person,
    say: "Words",
    outcomes: Sequence[Outcome],
    room: float,
    *,
    title: str,
) -> Image:
    """What bad days would cost, and where the drawdown limit would have sold."""
    png = await studio.draw(
        stress_page.stress_chart,
        outcomes,
        title=title,
        room=room,
        theme=theme_for(person),
        say=say,
    )
    return Image(png, "stress.png", stress_page.alt_text(outcomes, room=room, say=say))


async def risk_picture(
    studio: "Studio", person: Person, say: "Words", meters: Sequence[risk_page.Meter], *, title: str
) -> Image:
    """How much of every limit is used."""
    png = await studio.draw(risk_page.risk_chart, meters, title=title, theme=theme_for(person), say=say)
    return Image(png, "risk.png", risk_page.alt_text(meters, say=say))


async def review_pictures(
    studio: "Studio", person: Person, say: "Words", found: Review, look: Name | None = None
) -> tuple[Image, ...]:
    """Equity over drawdown, days, months, who earned it, how trades are spread, what was held, what slipped.

    Those with something to show.
    """
    colours = theme_for(person, look)
    title = f"{found.account} · {found.label}"
    shown = found.equity
    png = await studio.draw(
        equity_page.equity_chart,
        shown,
        title=title,
        currency=found.currency,
        zone=person.zone,
        theme=colours,
        trades=found.trades,
        say=say,
    )
    words = equity_page.alt_text(
        shown, currency=found.currency, zone=person.zone, trades=found.trades, say=say
    )
    images = [Image(png, "equity.png", words)]
    images += await around_pictures(studio, person, say, found, found.days, title=title, look=look)
    shares = [trip.return_share for trip in found.trades]
    if len(shares) > 1:
        png = await studio.draw(returns_page.distribution, shares, title=title, theme=colours, say=say)
        images.append(Image(png, "results.png", returns_page.distribution_alt_text(shares, say=say)))
    if found.allocation:
        images.append(await allocation_picture(studio, person, say, found.allocation, title=title, look=look))
    if found.slips:
        known: dict[str, Any] = {"currency": found.currency, "zone": person.zone, "say": say}
        png = await studio.draw(
            slippage_page.slippage_chart, found.slips, title=title, theme=colours, **known
        )
        images.append(Image(png, "slippage.png", slippage_page.alt_text(found.slips, **known)))
    return tuple(images)


async def around_pictures(
    studio: "Studio",
    person: Person,
    say: "Words",
    found: Review,
    periods: Sequence[Period],
    *,
    title: str,
    look: Name | None = None,
) -> tuple[Image, ...]:
    """A bar a day, the table of months, who earned it: those with something to show."""
    same: dict[str, Any] = {"theme": theme_for(person, look), "say": say}
    images = []
    days = [(day.start.date(), float(day.profit)) for day in periods]
    if len(days) > 1:
        png = await studio.draw(returns_page.daily_bars, days, title=title, currency=found.currency, **same)
        alt = returns_page.daily_alt_text(days, currency=found.currency, say=say)
        images.append(Image(png, "days.png", alt))
    months = {(month.year, month.month): month.change for month in found.months}
    if len(months) > 1:
        png = await studio.draw(returns_page.monthly_heatmap, months, title=found.account, **same)
        images.append(Image(png, "months.png", returns_page.monthly_alt_text(months, say=say)))
    groups = ((say("Strategies"), found.by_strategy), (say("Markets"), found.by_symbol))
    earned = [Earned(group, p.name, float(p.profit)) for group, portions in groups for p in portions]
    if found.trades:
        png = await studio.draw(
            attribution_page.attribution_chart,
            earned,
            title=f"{found.account} · {found.label}",
            currency=found.currency,
            **same,
        )
        alt = attribution_page.alt_text(earned, currency=found.currency, say=say)
        images.append(Image(png, "attribution.png", alt))
    return tuple(images)
