"""How honesty checks are told: the verdict, a few sentences, a table of numbers and one picture."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.dispatcher import Ask
from bot.pictures import luck_picture, sensitivity_picture
from bot.reply import LONGEST_COMMAND, Button, Image, Reply, Row, Tone
from bot.show import percent
from bot.words import Words
from trading.domain.honesty import Check, Honesty, Number, Trial, Verdict

_LEFT_TO_ROWS = {"buy_and_hold", "other_starts", "answers"}  # told in the table while there are many others
_MANY = 4


async def answer(ask: Ask, found: Honesty, trial: Trial) -> Reply:
    """One reply for whatever was checked."""
    return Reply(
        title=headline(found, ask.say),
        text="\n".join([*_lines(ask, found), *(ask.say.again(note) for note in found.notes)]),
        rows=tuple(_row(ask, verdict) for verdict in found.verdicts),
        images=await _picture(ask, found),
        buttons=next_questions(found, trial, ask.say),
        tone=Tone.GOOD if found.passed else Tone.WARNING,
        data=honesty_data(found),
    )


def honesty_data(found: Honesty) -> dict[str, Any]:
    """The verdicts for programs; thousands of thrown dice are left to the picture."""
    return {
        "strategy": found.strategy,
        "params": found.params,
        "symbol": found.symbol,
        "timeframe": found.timeframe,
        "bars": found.bars,
        "start": found.start,
        "end": found.end,
        "passed": found.passed,
        "verdicts": [
            {
                "check": v.check,
                "name": v.name,
                "passed": v.passed,
                "sentence": v.sentence,
                "numbers": v.numbers,
            }
            for v in found.verdicts
        ],
        "landscape": found.landscape,
        "seconds": found.seconds,
        "notes": found.notes,
    }


def headline(found: Honesty, say: Words) -> str:
    """The worst news in one line; good news only when there is no bad."""
    failed = {v.name for v in found.verdicts if not v.passed}
    name, many = found.strategy, len(found.verdicts)
    if "look_ahead" in failed:
        return say("{name} looks into the future: believe none of its results", name=name)
    if "answers" in failed:
        return say("{name} gives answers that cannot be traded", name=name)
    if "warm_up" in failed:
        return say("{name} needs a longer warm-up: live it would trade differently", name=name)
    if failed & {"random_entries", "sharpe"}:
        return say("{name}: not distinguishable from luck", name=name)
    if failed == {"buy_and_hold"} and many <= _MANY:
        return say("{name}: its timing is no luck, but not surely better than holding", name=name)
    if {v.check for v in found.verdicts} == {Check.MONTECARLO} and failed:
        return say("{name}: other trades or other dates would have hurt", name=name)
    if many == 1 and "walk_forward" in failed:
        return say("{name}: too little of the gain came again", name=name)
    if many == 1 and "sensitivity" in failed:
        return say("{name}: its parameters stand on no plateau", name=name)
    if failed:
        return say("{name}: passed {n} of {many} checks", name=name, n=many - len(failed), many=many)
    if all(v.check is Check.BIAS for v in found.verdicts):
        return say("{name} is free of look-ahead, and its warm-up is enough", name=name)
    return say("{name}: nothing points to luck", name=name)


def _in_words(ask: "Ask", sentence: str) -> str:
    """A verdict in the reader's language; the market it is about stays before it."""
    market, colon, rest = sentence.partition(": ")
    if colon and "/" in market and " " not in market:
        return f"{market}: {ask.say.again(rest)}"
    return ask.say.again(sentence)


def _lines(ask: Ask, found: Honesty) -> list[str]:
    """A sentence for each check; where there are many, sound ones share a line and details stay in the table."""
    bias = found.of(Check.BIAS)
    many = len(found.verdicts) > _MANY
    lines = []
    told = list(found.verdicts)
    if many and bias and all(v.passed for v in bias):
        lines.append("✓ " + ask.say("It does not look ahead, and its warm-up is long enough."))
        told = [v for v in told if v.check is not Check.BIAS]
    if many:
        told = [v for v in told if v.name not in _LEFT_TO_ROWS or (v.check is Check.BIAS and not v.passed)]
    return lines + [f"{_sign(v)} {_in_words(ask, v.sentence)}" for v in told]


def _sign(verdict: Verdict) -> str:
    return "✓" if verdict.passed else "✗"


# --- the table --------------------------------------------------------------------------------------------


def _row(ask: Ask, verdict: Verdict) -> Row:
    say, numbers = ask.say, verdict.numbers
    names = {
        "look_ahead": say("Look-ahead"),
        "warm_up": say("Warm-up"),
        "answers": say("Answers"),
        "random_entries": say("Random entries"),
        "buy_and_hold": say("Buy and hold"),
        "sharpe": say("Sharpe ratio"),
        "other_orders": say("Trades drawn anew"),
        "other_starts": say("Other start dates"),
        "walk_forward": say("Walk forward"),
        "sensitivity": say("Neighbours"),
    }
    value, detail = _numbers(ask, verdict.name, numbers) if numbers else ("—", "")
    return Row(f"{_sign(verdict)} {names[verdict.name]}", value, detail)


def _numbers(ask: Ask, name: str, n: Mapping[str, Number]) -> tuple[str, str]:
    say = ask.say
    match name:
        case "look_ahead" if "cuts" in n:
            return say("{n} cuts", n=n["cuts"]), say("over {n} candles", n=f"{n['bars']:,}")
        case "look_ahead":
            return str(n["candle"]), f"{_figure(n['known'])} → {_figure(n['later'])}"
        case "warm_up":
            needs = (
                say("needs about {n}", n=n["needs"]) if n["needs"] is not None else say("no number would do")
            )
            return say("{n} candles", n=n["warmup"]), needs
        case "answers" if "changes" in n:
            return say("{n} changes of exposure", n=f"{n['changes']:,}"), ""
        case "answers":
            return str(n["candle"]), ""
        case "random_entries" if "p_value" in n:
            span = f"{_share(n['random_5'])} … {_share(n['random_95'])}"
            return (
                f"p = {_figure(n['p_value'], 3)}",
                f"{_share(n['ours'])}; {say('chance {span}', span=span)}",
            )
        case "buy_and_hold":
            pair = f"{_share(n['ours'])}; {say('holding {change}', change=_share(n['holding']))}"
            return f"p = {_figure(n['p_value'], 3)}", pair
        case "sharpe" if "deflated" in n:
            sure = say("skill {share}", share=f"{n['deflated']:.1%}")
            if n["days_needed"] is None:
                return f"{_figure(n['sharpe'])} · {sure}", say("more days would not make it sure")
            days = f"{n['days_needed']:,.0f}"
            return f"{_figure(n['sharpe'])} · {sure}", say("needs {n} days to be sure", n=days)
        case "other_orders" | "other_starts":
            loss = say("loss {share}", share=f"{n['loss_probability']:.0%}")
            breach = say("over the limit {share}", share=f"{n['breach_probability']:.0%}")
            ends = f"{_share(n['end_5'])} … {_share(n['end_50'])} … {_share(n['end_95'])}"
            return f"{loss} · {breach}", ends
        case "walk_forward":
            share = "—" if n["efficiency"] is None else f"{n['efficiency']:.0%}"
            pair = f"{_share(n['inside_yearly'])} → {_share(n['outside_yearly'])}"
            return say("efficiency {share}", share=share), say("{pair} a year", pair=pair)
        case "sensitivity":
            span = f"{_figure(n['neighbours_worst'])} … {_figure(n['neighbours_best'])}"
            beside = say("beside it {score}", score=_figure(n["neighbours_median"]))
            return f"{_figure(n['sharpe'])} · {beside}", span
    return "", ""


def _figure(value: Number, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if isinstance(value, int | float) else "—"


def _share(value: Number) -> str:
    return percent(float(value)) if isinstance(value, int | float) else "—"


# --- the picture and what to ask next ----------------------------------------------------------------------


async def _picture(ask: Ask, found: Honesty) -> tuple[Image, ...]:
    """Chance where dice were thrown, else the map."""
    title = f"{found.strategy} · {found.symbol} · {found.timeframe}"
    if found.spread is not None:
        return (await luck_picture(ask.studio, ask.person, ask.say, found.spread, title=title),)
    if found.landscape is not None:
        return (await sensitivity_picture(ask.studio, ask.person, ask.say, found.landscape, title=title),)
    return ()


def next_questions(found: Honesty, trial: Trial, say: Words) -> tuple[tuple[Button, ...], ...]:
    """What one may want to know next, about the same parameters; a line too long for a button is left out."""
    words = " ".join([found.strategy, *(f"{name}={value}" for name, value in trial.params.items())])
    offered: Sequence[tuple[str, str]] = [(say("Backtest"), f"/backtest {words}")]
    if trial.checks == (Check.BIAS,):
        offered = [(say("Skill or luck?"), f"/honesty {words}"), *offered]
    elif found.spread is not None and found.landscape is not None:
        offered = [(say("Map of neighbours"), f"/honesty {words} --check sensitivity"), *offered]
    fitting = [Button(label, line) for label, line in offered if len(line.encode()) <= LONGEST_COMMAND]
    return (tuple(fitting),) if fitting else ()
