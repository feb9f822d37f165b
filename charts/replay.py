"""One trade again: the candles around it, its levels from the entry on, and what came of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from charts.candles import candles_figure
from charts.format import Say, money, percent, plain, price, span
from charts.render import png
from charts.theme import Theme
from trading.domain.market import Candle
from trading.domain.replay import Level
from trading.domain.report import RoundTrip

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def replay_chart(
    candles: Sequence[Candle],
    *,
    trip: RoundTrip,
    title: str,
    zone: str,
    theme: Theme,
    levels: Sequence[Level] = (),
    say: Say = plain,
) -> bytes:
    """The PNG of `replay_figure`."""
    return png(replay_figure(candles, trip=trip, title=title, zone=zone, theme=theme, levels=levels, say=say))


def replay_figure(
    candles: Sequence[Candle],
    *,
    trip: RoundTrip,
    title: str,
    zone: str,
    theme: Theme,
    levels: Sequence[Level] = (),
    say: Say = plain,
) -> "Figure":
    """Entry and exit are marked and joined; the head says what the trade made, not what the market did."""
    return candles_figure(
        candles,
        title=title,
        zone=zone,
        theme=theme,
        trips=[trip],
        overlays=_lines(candles, trip, levels, say),
        told=trip,
        say=say,
    )


def alt_text(
    candles: Sequence[Candle],
    *,
    trip: RoundTrip,
    zone: str,
    levels: Sequence[Level] = (),
    say: Say = plain,
) -> str:
    """The picture in words, with the same numbers."""
    if not candles:
        return say("No candles to show yet.")
    quote = trip.symbol.partition("/")[2].partition(":")[0]
    sentence = say("{symbol} from {entry} to {exit} in {span}: {change}, {profit} after fees.").format(
        symbol=trip.symbol,
        entry=price(trip.entry_price, quote),
        exit=price(trip.exit_price, quote),
        span=span((trip.exit_at - trip.entry_at).total_seconds(), say),
        change=percent(trip.return_share),
        profit=money(trip.pnl, quote, signed=True),
    )
    named = [f"{say(level.kind)} {price(level.price, quote)}" for level in levels]
    return f"{sentence} " + say("Levels: {list}.").format(list=", ".join(named)) if named else sentence


def _lines(
    candles: Sequence[Candle], trip: RoundTrip, levels: Sequence[Level], say: Say
) -> dict[str, list[float]]:
    """Each level from the candle of the entry on; of several targets each has a number."""
    targets, found = 0, {}
    for level in levels:
        name = say("stop") if level.kind == "stop" else say("target")
        targets += level.kind == "target"
        if level.kind == "target" and targets > 1:
            name = f"{name} {targets}"
        found[name] = [
            level.price if c.opened_at + c.timeframe.length > trip.entry_at else float("nan") for c in candles
        ]
    return found
