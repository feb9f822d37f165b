"""The archive of candles: fill it, look at it, check it and mend it."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Literal

from bot.dispatcher import Ask
from bot.options import Frame, From, To
from bot.people import RESEARCHERS, TRADERS
from bot.registry import command
from bot.reply import Button, Reply, Row, Tone
from bot.words import Words
from trading.domain.archive import Checked, Download, Downloaded, Loading, Series
from trading.domain.errors import Refused
from trading.domain.market import Timeframe

Markets = Annotated[str, "which markets, separated by commas"]
Exchange = Annotated[str, "an exchange by its ccxt id, or simulated; without it, the account's"]
What = Annotated[Literal["list", "check"], "list what is there, or check whether it is sound"]
One = Annotated[str, "one market instead of all"]
Mend = Annotated[bool, "fetch from the exchange again what is wrong or missing"]

PAGE = 20  # series in one answer
GAPS = 3  # of so many gaps the times are told


@command(allow=TRADERS, needs_account=False)
async def download(
    ask: Ask,
    symbols: Markets,
    *,
    exchange: Exchange = "",
    timeframe: Frame = "1h",
    from_: From | None = None,
    to: To | None = None,
) -> AsyncIterator[Reply]:
    """Fetch past candles into the archive, for instance /download BTC/USDT --from 2024-01-01."""
    asked = Download(
        exchange=exchange or ask.trading.settings.accounts[ask.account].exchange,
        symbols=_split(symbols),
        timeframe=Timeframe.parse(timeframe),
        start=from_,
        end=to,
    )
    if not asked.symbols:
        raise Refused(ask.say("Name at least one market, for instance /download BTC/USDT."))
    done: list[Downloaded] = []
    async with aclosing(ask.trading.archive.download(asked)) as told:
        async for news in told:
            if isinstance(news, Loading):
                yield _progress(ask.say, news)
                continue
            done.append(news)
    yield _downloaded(ask.say, done, asked)


@command(allow=RESEARCHERS, needs_account=False)
async def data(
    ask: Ask, what: What = "list", symbol: One = "", *, timeframe: Frame = "", repair: Mend = False
) -> AsyncIterator[Reply]:
    """What the archive of candles holds; /data check finds what is wrong with it."""
    if what == "list":
        if symbol or timeframe or repair:
            raise Refused(ask.say("Only /data check takes a market, --timeframe and --repair."))
        yield _listed(ask.say, await ask.trading.archive.held())
        return
    if repair and not ask.person.roles & TRADERS:
        raise Refused(ask.say("Only owners and traders may change the archive; leave --repair out."))
    frame = Timeframe.parse(timeframe) if timeframe else None
    found: list[Checked] = []
    async with aclosing(ask.trading.archive.check(symbol.upper(), frame, mend=repair)) as told:
        async for news in told:
            if isinstance(news, Loading):
                yield _progress(ask.say, news)
                continue
            found.append(news)
    yield _checked(ask.say, found, repair)


# --- how it is told -----------------------------------------------------------------------------------------


def _progress(say: Words, now: Loading) -> Reply:
    name = f"{now.name.symbol} {now.name.timeframe}"
    if now.waiting:
        title = say("{name}: waiting. {why}", name=name, why=say.again(now.waiting))
    elif now.seconds_left is None:
        title = say("{name}: {n} candles so far", name=name, n=f"{now.candles:,}")
    else:
        left = _time(say, now.seconds_left)
        title = say("{name}: {n} candles so far, {left} left", name=name, n=f"{now.candles:,}", left=left)
    return Reply(title=title, progress=now.share)


def _downloaded(say: Words, done: list[Downloaded], asked: Download) -> Reply:
    total, new = sum(d.series.candles for d in done if d.series), sum(d.fetched for d in done)
    missing = sum(d.series.missing for d in done if d.series)
    stopped = next((d for d in done if d.trouble), None)
    empty = [d for d in done if d.series is None and not d.trouble]
    notes = [say("There are no candles of {symbol} in that time.", symbol=d.name.symbol) for d in empty]
    if missing:
        notes.append(say("Nothing was filled in; /data check --repair asks the exchange once more."))
    if stopped is not None:
        title = say("Stopped early; {new} new candles are kept", new=f"{new:,}")
        notes.insert(0, say.again(stopped.trouble))
        notes.append(say("Send the same line again to go on from there."))
    else:
        title = say("{total} candles in the archive, {new} of them new", total=f"{total:,}", new=f"{new:,}")
    return Reply(
        title=title,
        text="\n".join(notes),
        rows=tuple(_row(say, d.series, d.fetched) for d in done if d.series)[:PAGE],
        buttons=((Button(say("Archive"), "/data"), Button(say("Check it"), "/data check")),),
        tone=Tone.WARNING if stopped or empty or missing else Tone.GOOD,
        failed=stopped is not None,
        data={
            "exchange": asked.exchange,
            "candles": total,
            "new": new,
            "missing": missing,
            "stopped": stopped.trouble if stopped else None,
            "series": [_facts(d.series) | {"new": d.fetched} for d in done if d.series],
        },
    )


def _listed(say: Words, held: list[Series]) -> Reply:
    if not held:
        text = say("/download fills it, for instance /download BTC/USDT.")
        return Reply(title=say("The archive is empty."), text=text, data=[])
    size = _size(sum(series.size for series in held))
    candles = f"{sum(series.candles for series in held):,}"
    notes = [say.again(series.trouble) for series in held if series.trouble]
    notes += [say("{n} more are not shown here; --json has all.", n=len(held) - PAGE)] if held[PAGE:] else []
    return Reply(
        title=say("{n} series, {candles} candles, {size}", n=len(held), candles=candles, size=size),
        text="\n".join(notes),
        rows=tuple(_row(say, series) for series in held[:PAGE]),
        buttons=((Button(say("Check it"), "/data check"),),),
        tone=Tone.WARNING if any(series.trouble for series in held) else Tone.PLAIN,
        data=[_facts(series) for series in held],
    )


def _checked(say: Words, found: list[Checked], repair: bool) -> Reply:
    ill = [c for c in found if not c.sound]
    again = sum(c.repaired or 0 for c in found)
    lost = sum(c.still_missing for c in found)
    failed = any(c.trouble or (repair and c.series.trouble) for c in found)
    if not found:
        title = say("The archive is empty.")
    elif not ill:
        title = say("{n} series checked: all sound", n=len(found))
    elif not repair:
        title = say("{ill} of {n} series have faults or gaps", ill=len(ill), n=len(found))
    else:
        title = say("{again} candles came again, {lost} stayed missing", again=f"{again:,}", lost=f"{lost:,}")
    buttons = ((Button(say("Repair"), "/data check --repair"), Button(say("Archive"), "/data")),)
    return Reply(
        title=title,
        text="\n".join(line for c in ill[:PAGE] for line in _faults(say, c)),
        rows=tuple(_row(say, c.series) for c in found[:PAGE]),
        buttons=buttons if ill and not repair else ((Button(say("Archive"), "/data"),),),
        tone=Tone.WARNING if failed or lost or (ill and not repair) else Tone.GOOD,
        failed=failed,
        data=[_facts(c.series) | _fault_facts(c) for c in found],
    )


def _faults(say: Words, checked: Checked) -> list[str]:
    """What is wrong with one series, in few lines."""
    series, name = checked.series, f"{checked.series.name.symbol} {checked.series.name.timeframe}"
    if series.trouble:
        return [say.again(series.trouble)]
    lines = []
    if checked.duplicates:
        lines.append(say("{name}: {n} candles are there twice.", name=name, n=checked.duplicates))
    if checked.misplaced:
        lines.append(say("{name}: {n} rows stand at a wrong place or time.", name=name, n=checked.misplaced))
    if checked.impossible:
        lines.append(
            say(
                "{name}: {n} candles cannot be, the first at {first}.",
                name=name,
                n=checked.impossible,
                first=checked.first,
            )
        )
    if series.gaps:
        shown = ", ".join(f"{gap.start:%Y-%m-%d %H:%M} (-{gap.missing})" for gap in series.gaps[:GAPS])
        more = " …" if series.gaps[GAPS:] else ""
        lines.append(say("{name}: gaps at {gaps} UTC.", name=name, gaps=f"{shown}{more}"))
    if checked.trouble:
        lines.append(say("{name} was left as it is: {why}", name=name, why=say.again(checked.trouble)))
    return lines


def _row(say: Words, series: Series, new: int | None = None) -> Row:
    name = f"{series.name.exchange} · {series.name.symbol} · {series.name.timeframe}"
    if series.start is None or series.end is None:
        return Row(name, say("damaged"), _size(series.size))
    gaps = say("{n} gaps, {missing} candles missing", n=len(series.gaps), missing=f"{series.missing:,}")
    detail = [
        f"{series.start:%Y-%m-%d %H:%M} – {series.end:%Y-%m-%d %H:%M}",
        gaps if series.gaps else say("no gaps"),
        _size(series.size),
    ]
    detail += [say("{n} new", n=f"{new:,}")] if new is not None else []
    return Row(name, say("{n} candles", n=f"{series.candles:,}"), " · ".join(detail))


def _facts(series: Series) -> dict[str, object]:
    """For programs."""
    return {
        "exchange": series.name.exchange,
        "symbol": series.name.symbol,
        "timeframe": str(series.name.timeframe),
        "from": series.start,
        "to": series.end,
        "candles": series.candles,
        "gaps": [{"from": gap.start, "to": gap.end, "missing": gap.missing} for gap in series.gaps],
        "missing": series.missing,
        "bytes": series.size,
        "trouble": series.trouble or None,
    }


def _fault_facts(checked: Checked) -> dict[str, object]:
    return {
        "sound": checked.sound,
        "duplicates": checked.duplicates,
        "impossible": checked.impossible,
        "misplaced": checked.misplaced,
        "repaired": checked.repaired,
        "still_missing": checked.still_missing,
        "trouble": checked.trouble or checked.series.trouble or None,
    }


def _time(say: Words, seconds: float) -> str:
    if seconds >= 5400:
        return say("{n} h", n=round(seconds / 3600))
    return say("{n} min", n=round(seconds / 60)) if seconds >= 90 else say("{n} s", n=round(seconds))


def _size(count: int) -> str:
    if count >= 10**6:
        return f"{count / 10**6:.1f} MB"
    return f"{count / 1000:.0f} kB" if count >= 1000 else f"{count} B"


def _split(symbols: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(s.strip().upper() for s in symbols.split(",") if s.strip()))
