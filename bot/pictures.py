"""Pictures for chats: the same numbers drawn, worded as alt text, in the asker's language and colours."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.reply import Image
from charts import candles as candles_page
from charts import drawdown as drawdown_page
from charts import equity as equity_page
from charts import luck as luck_page
from charts import sensitivity as sensitivity_page
from charts.theme import Theme, theme
from trading.domain.honesty import Landscape, Spread
from trading.domain.market import Candle
from trading.domain.order import Fill
from trading.domain.people import Person
from trading.domain.report import EquityPoint, RoundTrip

if TYPE_CHECKING:
    from bot.words import Words
    from charts.render import Studio


def theme_for(person: Person) -> Theme:
    """Koreans read red as up; everybody else gets colours that are told apart without red and green."""
    return theme("dark", "korean" if person.language == "ko" else "safe")


async def equity_picture(
    studio: "Studio",
    person: Person,
    say: "Words",
    points: Sequence[EquityPoint],
    trades: Sequence[RoundTrip],
    *,
    title: str,
    currency: str,
) -> Image:
    """Equity over drawdown, cash flows marked."""
    png = await studio.draw(
        equity_page.equity_chart,
        points,
        title=title,
        currency=currency,
        zone=person.zone,
        theme=theme_for(person),
        trades=trades,
        say=say,
    )
    alt = equity_page.alt_text(points, currency=currency, zone=person.zone, trades=trades, say=say)
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
