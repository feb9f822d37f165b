"""Better parameters, found on the first candles and judged on the last: in words first."""

import re
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated, Any, Literal

from bot.dispatcher import Ask
from bot.going import asker, end_button, going
from bot.options import Candles, Frame, Kept, Money, Symbols
from bot.people import RESEARCHERS, TRADERS
from bot.registry import StrategyName, command
from bot.reply import Button, Reply, Tone
from bot.searches import answer, described, objective_value
from bot.studies import best_of
from charts.search import worded
from trading.domain.errors import Refused
from trading.domain.jobs import Going
from trading.domain.people import Role
from trading.domain.research import Question
from trading.domain.search import SearchProgress, SearchQuestion, SearchResult
from trading.domain.view import SleeveView

Method = Annotated[
    Literal["grid", "random", "bayes", "genetic"],
    "how the next try is chosen: grid, random, bayes or genetic",
]
Trials = Annotated[int, "how many sets of parameters are tried; 200 when nothing is said"]
Objective = Annotated[
    str, "sharpe, sortino, calmar, return_drawdown, win_rate, or a sum of them; several by commas"
]
MinTrades = Annotated[int, "sets with fewer closed trades do not count"]
MaxDrawdown = Annotated[Decimal, "sets that fell deeper do not count, as a share: 0.2 is 20 %"]
StudyName = Annotated[str, "the name under which the search is kept and can be gone on with"]
Joined = Annotated[str, "go on with the study of this name, beside others or after an interruption"]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@command(allow=RESEARCHERS, needs_account=False)
async def optimise(
    ask: Ask,
    strategy: StrategyName,
    *,
    method: Method = "random",
    trials: Trials | None = None,
    objective: Objective = "sharpe",
    min_trades: MinTrades = 10,
    max_drawdown: MaxDrawdown | None = None,
    study: StudyName = "",
    join: Joined = "",
    candles: Candles,
    money: Money,
    **params: str,
) -> AsyncIterator[Reply]:
    """Look for better parameters, for instance /optimise ema_cross fast=5..30 slow=30..100."""
    if join and study:
        raise Refused(ask.say("Give --study to begin a search or --join to go on with one, not both."))
    name = join or study or f"{strategy[:16]}-{ask.now:%m%d-%H%M%S}"  # short enough for a button
    if not NAME.fullmatch(name):
        raise Refused(
            ask.say(
                "'{name}' is no name for a study: use up to 40 letters, digits, dots and dashes.", name=name
            )
        )
    asked = SearchQuestion(
        question=Question(
            strategy=strategy,
            params=params,
            cash=money.cash,
            fee=money.fee,
            slippage=money.slippage,
            **candles.asked(ask),
        ),
        method=method,
        trials=trials,
        objectives=tuple(part.strip() for part in objective.split(",") if part.strip()),
        min_trades=min_trades,
        max_drawdown=None if max_drawdown is None else float(max_drawdown),
        study=name,
        join=bool(join),
    )
    job = ""
    async for told in ask.trading.lab.search(asked, ask.account, asker(ask)):
        if isinstance(told, Going):
            job = told.job
            yield going(ask, ask.say("Search of {name} …", name=strategy), told)
        elif isinstance(told, SearchResult):
            yield await answer(ask, told)
        else:
            yield _progress(ask, strategy, told, asked.objectives, job)


def _progress(ask: Ask, strategy: str, told: SearchProgress, objectives: tuple[str, ...], job: str) -> Reply:
    text = ""
    if told.best is not None:
        text = ask.say(
            "Best so far: {what} {value} with {params}.",
            what=worded(objectives[0], ask.say),
            value=objective_value(told.best.values[0], objectives[0]),
            params=described(told.best.params),
        )
    title = ask.say(
        "Search of {name}: {done} of {of} tried …", name=strategy, done=f"{told.done:,}", of=f"{told.of:,}"
    )
    kept = ask.say("Kept as {study}: --join {study} goes on with it.", study=told.study)
    return Reply(title=title, text=text, progress=told.share, buttons=end_button(ask, job), footer=kept)


@command(allow=TRADERS, needs_account=False, scope="any", acts=True)
async def shadow(
    ask: Ask,
    strategy: StrategyName,
    *,
    symbols: Symbols = "",
    timeframe: Frame = "",
    study: Kept = "",
    **params: str,
) -> Reply:
    """Try parameters in a shadow account: live prices, orders written down and never sent."""
    if study:
        found, _ = await best_of(ask, strategy, study)
        params = {**found.params, **params}
        symbols, timeframe = symbols or ",".join(found.symbols), timeframe or found.timeframe or ""
    known = ask.trading.lab.about(strategy, params)
    wanted = {p["name"]: p["value"] for p in known["parameters"]}
    shadows = [name for name in ask.trading.lab.shadows() if name in ask.mine(TRADERS)]
    for account in (name for name in shadows if name in ask.trading.rooms):
        sleeves = ask.trading.status(account).sleeves
        sleeve = next((s for s in sleeves if s.strategy == known["name"]), None)
        if sleeve is not None:
            return await _retuned(ask, account, sleeve, {name: str(value) for name, value in wanted.items()})
    return await _opened(ask, known["name"], wanted, symbols, timeframe)


async def _retuned(ask: Ask, account: str, sleeve: SleeveView, wanted: dict[str, str]) -> Reply:
    """A shadow account trades this strategy already: from now on with these parameters."""
    await ask.trading.set_params(account, sleeve.name, wanted, by=ask.person.name)
    if not sleeve.enabled:
        await ask.trading.switch(account, sleeve.name, True, by=ask.person.name)
    return _in_shadow(ask, account, sleeve.name, ask.say("They count from the next candle on."))


async def _opened(ask: Ask, strategy: str, params: dict[str, Any], symbols: str, timeframe: str) -> Reply:
    """A new shadow account with this strategy alone, all of its paper money in it."""
    wanted: dict[str, Any] = {"mode": "shadow", "sleeves": {strategy: {"share": 1.0, **params}}}
    if symbols:
        wanted["symbols"] = [s.strip().upper() for s in symbols.split(",") if s.strip()]
    if timeframe:
        wanted["timeframe"] = timeframe
    account = _free_name(ask, strategy)
    house = Role.OWNER in ask.person.house_roles
    await ask.trading.opening.open(account, wanted, ask.person.id, limit=not house)
    if not house:
        await ask.people.give(ask.person.id, account, Role.OWNER)
    text = ask.say(
        "The account {name} is new; /use {name} makes it the one your commands mean.", name=account
    )
    return _in_shadow(ask, account, strategy, text)


def _in_shadow(ask: Ask, account: str, strategy: str, text: str) -> Reply:
    return Reply(
        title=ask.say("{name} runs in shadow on {account}.", name=strategy, account=account),
        text="\n".join(
            (text, ask.say("Its orders are written down and never sent; compare them in a few weeks."))
        ),
        header=ask.trading.header(account),
        buttons=((Button(ask.say("Show it"), f"/use {account}"), Button(ask.say("Accounts"), "/accounts")),),
        tone=Tone.GOOD,
        data={"account": account, "strategy": strategy},
    )


def _free_name(ask: Ask, strategy: str) -> str:
    """`ema_cross-shadow`, or with a number where that is taken or was."""
    taken = {*ask.trading.accounts, *ask.trading.opening.closed}
    stem = strategy.lower()[:14]
    names = [f"{stem}-shadow", *(f"{stem}-shadow{n}" for n in range(2, 100))]
    return next(name for name in names if name not in taken)
