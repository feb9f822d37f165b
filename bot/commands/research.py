"""Would this have worked? Backtests and replays, from the chat as from the terminal."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from bot.backtests import answer
from bot.dispatcher import Ask
from bot.going import asker, going
from bot.options import Candles, Conditions, Kept, Recorded, only_in_terminal
from bot.people import OWNERS, RESEARCHERS
from bot.registry import StrategyName, command
from bot.reply import Reply
from bot.studies import best_of
from trading.domain.errors import Refused
from trading.domain.report import Report
from trading.domain.research import Question

Portfolio = Annotated[bool, "the account's own strategies as they are set, with its limits"]
Output = Annotated[Literal["json", "csv", "html"], "what --file is written as; its ending says it, too"]
Target = Annotated[Path, "write the result into this file"]

FORMS = ("json", "csv", "html")


@command(allow=RESEARCHERS, needs_account=False)
async def backtest(
    ask: Ask,
    strategy: StrategyName = "",
    *,
    portfolio: Portfolio = False,
    candles: Candles,
    conditions: Conditions,
    study: Kept = "",
    output: Output | None = None,
    file: Target | None = None,
    **params: str,
) -> AsyncIterator[Reply]:
    """Try a strategy on past candles, for instance /backtest ema_cross fast=9 slow=21."""
    question = _question(ask, strategy, portfolio, candles, conditions, params)
    note = ""
    if study:
        question, note = await _best(ask, question, study)
    async for reply in _asked(ask, "backtest", question, file, output):
        known = note and reply.progress is None
        yield replace(reply, text=f"{note}\n{reply.text}") if known else reply


@command(allow=OWNERS, needs_account=False)
async def replay(
    ask: Ask,
    strategy: StrategyName = "",
    *,
    portfolio: Portfolio = False,
    candles: Recorded,
    conditions: Conditions,
    output: Output | None = None,
    file: Target | None = None,
    **params: str,
) -> AsyncIterator[Reply]:
    """Send recorded candles through a paper account by the very code of the live session."""
    question = _question(ask, strategy, portfolio, candles, conditions, params)
    async for reply in _asked(ask, "replay", question, file, output):
        yield reply


def _question(
    ask: Ask, strategy: str, portfolio: bool, candles: Candles, conditions: Conditions, params: dict[str, str]
) -> Question:
    if bool(strategy) is portfolio:
        raise Refused(
            ask.say(
                "Name a strategy, for instance ema_cross, or say --portfolio for the account's own; one of both."
            )
        )
    return Question(
        strategy=strategy or ask.account,
        portfolio=portfolio,
        params=params,
        cash=conditions.cash,
        fee=conditions.fee,
        slippage=conditions.slippage,
        terms=conditions.terms(ask, portfolio=portfolio),
        **candles.asked(ask),
    )


async def _best(ask: Ask, question: Question, study: str) -> tuple[Question, str]:
    """What a study has found, on its candles and at its costs, unless others are asked for; and what to know of it."""
    if question.portfolio:
        raise Refused(ask.say("--study names parameters of one strategy; leave --portfolio out."))
    found, chosen_until = await best_of(ask, question.strategy, study)
    usual = Question(strategy=question.strategy, params={})
    costs = {name: getattr(question, name) for name in ("cash", "fee", "slippage")}
    note = ask.say(
        "These parameters were chosen on the candles before {day}; only what came later says anything.",
        day=f"{chosen_until:%Y-%m-%d}",
    )
    asked = replace(
        found,
        **{name: value for name, value in costs.items() if value != getattr(usual, name)},
        params={**found.params, **question.params},
        data=question.data or found.data,
        symbols=question.symbols or found.symbols,
        timeframe=question.timeframe or found.timeframe,
        start=question.start or found.start,
        end=question.end or found.end,
        terms=question.terms,
    )
    return asked, note


async def _asked(
    ask: Ask, kind: Literal["backtest", "replay"], question: Question, file: Path | None, output: str | None
) -> AsyncIterator[Reply]:
    """Progress, then the answer, once the worker is free for the next one."""
    if file:
        only_in_terminal(ask)
    form = _form(ask, file, output)
    report, job = None, ""
    async for told in ask.trading.lab.research(kind, question, ask.account, asker(ask)):
        if isinstance(told, Report):
            report = told
            continue
        job = told.job
        backtests = ask.say("Backtest of {name} …", name=question.strategy)
        replays = ask.say("Replay of {name} …", name=question.strategy)
        yield going(ask, backtests if kind == "backtest" else replays, told)
    if report is not None:
        yield await answer(ask, report, file, form, job)


def _form(ask: Ask, file: Path | None, output: str | None) -> str:
    """What the file is written as: as it is asked for, or as its name ends."""
    if output is not None and file is None:
        raise Refused(
            ask.say("Say which file --output goes into, for instance --file report.{form}.", form=output)
        )
    ending = file.suffix.lstrip(".").lower() if file is not None else ""
    return output or (ending if ending in FORMS else "json")
