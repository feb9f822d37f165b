"""How a search is told: whether what it found holds, where the numbers come from, and what to do next."""

from collections.abc import Mapping
from typing import Any

from bot.dispatcher import Ask
from bot.pictures import theme_for
from bot.reply import LONGEST_COMMAND, Button, Image, Reply, Row, Tone
from bot.show import percent
from charts import search as pictures
from charts.format import UNKNOWN
from charts.search import Spot
from trading.domain.errors import Refused
from trading.domain.search import Figures, Number, SearchResult
from trading.domain.view import SleeveView

HOLDS = 0.5  # share of the result that has to be there out of sample
FEW = 10  # trades out of sample that say little


async def answer(ask: Ask, found: SearchResult) -> Reply:
    """The reply to a search that is done, or as far as it came."""
    before, after = found.best.values[0] if found.best else None, found.outside_value
    holds = before is not None and after is not None and after > 0 and after >= HOLDS * before
    return Reply(
        title=_title(ask, found, before, after, holds),
        text="\n".join([*_lines(ask, found, after), *(ask.say.again(note) for note in found.notes)]),
        rows=_rows(ask, found),
        images=await _images(ask, found) if ask.pictures else (),
        buttons=_buttons(ask, found),
        tone=Tone.GOOD if holds else Tone.WARNING,
        data=search_data(found),
    )


def search_data(found: SearchResult) -> dict[str, Any]:
    """The result for programs; of all tries only those on the front."""
    best = found.best
    return {
        "study": found.study,
        "strategy": found.strategy,
        "symbols": found.symbols,
        "timeframe": found.timeframe,
        "method": found.method,
        "objectives": found.objectives,
        "tried": len(found.tries),
        "fitting": sum(one.fits for one in found.tries),
        "start": found.start,
        "split_at": found.split_at,
        "end": found.end,
        "best": None if best is None else dict(best.params),
        "in_sample": {} if best is None else dict(best.figures),
        "out_of_sample": dict(found.outside),
        "usual_out_of_sample": dict(found.usual),
        "front": [{"params": dict(one.params), "values": one.values} for one in found.front],
        "importance": dict(found.importance),
        "space": {name: list(span) for name, span in found.space.items()},
        "seconds": found.seconds,
        "notes": found.notes,
    }


def described(params: Mapping[str, Number]) -> str:
    """`fast=9 slow=21`: as it is typed."""
    return " ".join(f"{name}={_word(value)}" for name, value in params.items())


def objective_value(value: float | None, objective: str) -> str:
    """As the picture says it, too: a share in per cent."""
    return UNKNOWN if value is None else pictures.valued(value + 0.0, objective)


def _word(value: Number) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _title(ask: Ask, found: SearchResult, before: float | None, after: float | None, holds: bool) -> str:
    name = found.strategy
    if found.best is None:
        return ask.say("{name}: none of {n} tries fits", name=name, n=len(found.tries))
    if after is None:
        return ask.say("{name}: found, but not traded out of sample", name=name)
    if holds:
        return ask.say("{name}: what was found holds on later candles", name=name)
    if after > 0:
        return ask.say("{name}: much of what was found was luck", name=name)
    return ask.say("{name}: what was found does not hold on later candles", name=name)


def _lines(ask: Ask, found: SearchResult, after: float | None) -> list[str]:
    say = ask.say
    if found.best is None:
        return [
            say(
                "Every try had too few trades, fell too deep or needs more candles; ask for less or give more candles."
            )
        ]
    lines = [
        say(
            "Best of {n}: {params}. {what} {before} on the candles it was chosen on, {after} on those from {day} on.",
            n=f"{len(found.tries):,}",
            params=described({name: found.best.params[name] for name in found.space}),
            what=pictures.worded(found.objectives[0], say),
            before=objective_value(found.best.values[0], found.objectives[0]),
            after=objective_value(after, found.objectives[0]),
            day=f"{found.split_at:%Y-%m-%d}",
        )
    ]
    usual = found.usual_value
    if usual is not None and (after is None or usual >= after):
        lines.append(
            say(
                "The strategy's usual values did no worse there ({value}): keep them.",
                value=objective_value(usual, found.objectives[0]),
            )
        )
    trades = found.outside.get("trades") or 0
    if trades == 1:
        lines.append(say("Only 1 trade there: too few to tell skill from luck."))
    elif trades < FEW:
        lines.append(say("Only {n} trades there: too few to tell skill from luck.", n=int(trades)))
    return lines


def _rows(ask: Ask, found: SearchResult) -> tuple[Row, ...]:
    say = ask.say
    first = f"{found.start:%Y-%m-%d} – {found.split_at:%Y-%m-%d}"
    last = f"{found.split_at:%Y-%m-%d} – {found.end:%Y-%m-%d}"
    rows = []
    if found.best is not None:
        rows += [
            Row(say("Chosen on"), _figures(ask, found.best.figures), first),
            Row(say("Out of sample"), _figures(ask, found.outside), last),
        ]
    rows.append(Row(say("Its usual values"), _figures(ask, found.usual), last))
    rows += [
        Row(
            ", ".join(pictures.worded(name, say) for name in found.objectives),
            " · ".join(map(objective_value, one.values, found.objectives)),
            described({name: one.params[name] for name in found.space}),
        )
        for one in found.front[:5]
    ]
    if found.importance:
        weights = ", ".join(f"{name} {share:.0%}" for name, share in list(found.importance.items())[:4])
        rows.append(Row(say("What matters"), weights))
    rows.append(
        Row(
            say("Study"),
            found.study,
            say("{n} tried in {seconds} s", n=f"{len(found.tries):,}", seconds=f"{found.seconds:.1f}"),
        )
    )
    return tuple(rows)


def _figures(ask: Ask, figures: Figures) -> str:
    total, fall = figures.get("total_return"), figures.get("max_drawdown")
    if total is None:
        return "—"
    return ask.say(
        "{change}, Sharpe {sharpe}, deepest fall {fall}, {n} trades",
        change=percent(total),
        sharpe=objective_value(figures.get("sharpe"), "sharpe"),
        fall=percent(-(fall or 0.0)),
        n=int(figures.get("trades") or 0),
    )


# --- pictures and buttons -------------------------------------------------------------------------------------


async def _images(ask: Ask, found: SearchResult) -> tuple[Image, ...]:
    say, look = ask.say, theme_for(ask.person)
    title = f"{found.strategy} · {', '.join(found.symbols)} · {found.timeframe}"
    x, y = _axes(found)
    spots = [
        Spot(float(one.params[x]), float(one.params[y]) if y else 0.0, one.values[0])
        for one in found.tries
        if one.fits and one.values[0] is not None
    ]
    same: dict[str, Any] = {"names": (x, y), "explains": found.importance, "objective": found.objectives[0]}
    png = await ask.studio.draw(pictures.map_chart, spots, title=title, theme=look, say=say, **same)
    images = [Image(png, "search.png", pictures.map_alt_text(spots, say=say, **same))]
    if len(found.objectives) > 1:
        best = {id(one) for one in found.front}
        pairs = [
            Spot(one.values[0] or 0.0, one.values[1] or 0.0, float(id(one) in best))
            for one in found.tries
            if one.fits
        ]
        names = (found.objectives[0], found.objectives[1])
        png = await ask.studio.draw(
            pictures.front_chart, pairs, names=names, title=title, theme=look, say=say
        )
        images.append(Image(png, "front.png", pictures.front_alt_text(pairs, names=names, say=say)))
    return tuple(images)


def _axes(found: SearchResult) -> tuple[str, str]:
    """The two parameters that matter most, or the first two there are."""
    names = list(dict.fromkeys([*found.importance, *found.space]))
    return names[0], names[1] if len(names) > 1 else ""


def _buttons(ask: Ask, found: SearchResult) -> tuple[tuple[Button, ...], ...]:
    say, offered = ask.say, []
    if found.best is not None:
        words = described({name: found.best.params[name] for name in found.space})
        sleeve = _sleeve(ask, found.strategy)
        if sleeve is not None:
            offered.append((say("Set them"), f"/set {sleeve.name} {words}"))
        offered.append((say("Backtest them"), f"/backtest {found.strategy} --study {found.study}"))
        offered.append((say("Run it in shadow"), _shadow_line(ask, found, words)))
    offered.append(
        (say("Go on"), f"/optimise {found.strategy} --join {found.study} --trials {2 * len(found.tries)}")
    )
    fitting = [Button(label, line) for label, line in offered if len(line.encode()) <= LONGEST_COMMAND]
    return tuple(tuple(fitting[n : n + 2]) for n in range(0, len(fitting), 2))


def _shadow_line(ask: Ask, found: SearchResult, words: str) -> str:
    """With the markets and candles of the search, where those are not the account's own; or by the study's name."""
    line = f"/shadow {found.strategy} {words}"
    mine = ask.trading.settings.accounts.get(ask.account)
    if mine is None or tuple(found.symbols) != tuple(mine.symbols):
        line += f" symbols={','.join(found.symbols)}"
    if mine is None or found.timeframe != mine.timeframe:
        line += f" timeframe={found.timeframe}"
    return (
        line if len(line.encode()) <= LONGEST_COMMAND else f"/shadow {found.strategy} --study {found.study}"
    )


def _sleeve(ask: Ask, strategy: str) -> SleeveView | None:
    """The account's sleeve that this is about; None where there is no such account or sleeve."""
    try:
        sleeves = ask.trading.status(ask.account).sleeves
    except Refused:
        return None
    return next((sleeve for sleeve in sleeves if sleeve.strategy == strategy), None)
