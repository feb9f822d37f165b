"""One strategy or several in one backtest: whose parameters are whose, what each trades, how long all warm up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from trading.core.sleeve import Sleeve
from trading.domain.errors import Refused
from trading.domain.market import Timeframe
from trading.domain.research import Part, Question
from trading.strategies import find
from trading.strategies.parameters import nearest


def parts_of(question: Question) -> tuple[Part, ...]:
    """What a question asks to trade; raises Refused for names and parameters there are not.

    Of several strategies a parameter goes to every one that has it, `ema_cross.fast` to that one alone.
    """
    if question.parts:
        return question.parts
    names = [name.strip() for name in question.strategy.split(",") if name.strip()]
    if len(names) < 2:
        strategy = find(question.strategy.strip(", "))
        return (Part(name=strategy.name, strategy=strategy.name, params=dict(question.params), share=1.0),)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise Refused(f"{twice} is named twice; name each strategy once.")
    for name in names:
        find(name)
    share = 1 / len(names)
    return tuple(
        Part(name=name, strategy=name, params=params, share=share)
        for name, params in _shared_out(names, question.params).items()
    )


def of_account(question: Question, sleeves: Iterable[Sleeve], account: str) -> Question:
    """The question with the account's own sleeves as its parts, those that are on; on other markets where it names any.

    Raises Refused when none is on.
    """
    mine = [sleeve for sleeve in sleeves if sleeve.enabled]
    if not mine:
        raise Refused(f"No strategy of account {account} is on, so there is nothing to try.")
    parts = tuple(
        Part(
            name=sleeve.name,
            strategy=sleeve.strategy.name,
            params=sleeve.strategy.values(sleeve.params),
            share=sleeve.share,
            symbols=() if question.symbols else sleeve.symbols,
            timeframe=str(sleeve.timeframe),
            weighing=sleeve.weighing,
            size=sleeve.size,
            protection=sleeve.protection,
        )
        for sleeve in mine
    )
    symbols = question.symbols or tuple(dict.fromkeys(s for part in parts for s in part.symbols))
    frames = {part.timeframe for part in parts}
    timeframe = question.timeframe or (frames.pop() if len(frames) == 1 else None)
    return replace(question, strategy=account, parts=parts, symbols=symbols, timeframe=timeframe)


def _shared_out(names: Sequence[str], params: Mapping[str, str]) -> dict[str, dict[str, str]]:
    has = {name: {spec.name for spec in find(name).parameters} for name in names}
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    for word, value in params.items():
        owner, dot, parameter = word.rpartition(".")
        if dot and owner not in names:
            raise Refused(f"{owner} is not among {', '.join(names)}, so {word} belongs to none of them.")
        mine = [name for name in ([owner] if dot else names) if parameter in has[name]]
        if not mine:
            known = sorted(set().union(*has.values()))
            raise Refused(
                f"None of {', '.join(names)} has a parameter '{parameter}'; {nearest(parameter, known)}."
            )
        for name in mine:
            found[name][parameter] = value
    return found


def sleeves_of(parts: Sequence[Part], symbols: Sequence[str], timeframe: Timeframe) -> tuple[Sleeve, ...]:
    """The parts with their parameters checked, ready to trade."""
    made = []
    for part in parts:
        strategy = find(part.strategy)
        made.append(
            Sleeve(
                name=part.name,
                strategy=strategy,
                params=strategy.params(part.params),
                symbols=part.symbols or tuple(symbols),
                timeframe=Timeframe.parse(part.timeframe) if part.timeframe else timeframe,
                share=part.share,
                enabled=True,
                weighing=part.weighing,
                size=part.size,
                protection=strategy.protection if part.protection is None else part.protection,
            )
        )
    return tuple(made)


def warm_up(question: Question, base: Timeframe) -> timedelta:
    """How much history all strategies of a question need before they can speak."""
    usual = Timeframe.parse(question.timeframe) if question.timeframe else base
    needs = []
    for sleeve in sleeves_of(parts_of(question), ("any",), usual):
        bars = max(asked.warmup for asked in sleeve.questions())
        needs.append(sleeve.timeframe.length * (bars + 1))  # one more: the first may have begun before
    return max(needs)
