"""Is it honest, or is it luck? Checks of a strategy, in words first."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from bot.dispatcher import Ask
from bot.going import asker, going
from bot.honesty import answer
from bot.options import Candles, Costs
from bot.people import RESEARCHERS
from bot.registry import StrategyName, command
from bot.reply import Reply
from trading.domain.errors import Refused
from trading.domain.honesty import Check, Honesty, Trial

Which = Annotated[
    Literal["all", "bias", "luck", "sharpe", "montecarlo", "walkforward", "sensitivity"],
    "one check instead of all of them",
]
Trials = Annotated[int, "how many variants you tried before this one; 0 counts those of the map"]
Runs = Annotated[int, "how often the dice are thrown"]
Seed = Annotated[int, "the same seed throws the same dice"]
Windows = Annotated[int, "stretches of the walk forward"]
Anchored = Annotated[bool, "each choice looks at everything before, not at the last stretch only"]

MOST_RUNS = 20_000


@command(allow=RESEARCHERS, needs_account=False)
async def biascheck(
    ask: Ask,
    strategy: StrategyName,
    *,
    candles: Candles,
    **params: str,
) -> AsyncIterator[Reply]:
    """Whether a strategy looks into the future, and whether its warm-up is long enough."""
    trial = Trial(
        strategy=strategy,
        params=params,
        **candles.asked(ask),
        checks=(Check.BIAS,),
    )
    async for reply in _asked(ask, trial):
        yield reply


@command(allow=RESEARCHERS, needs_account=False)
async def honesty(
    ask: Ask,
    strategy: StrategyName,
    *,
    check: Which = "all",
    candles: Candles,
    costs: Costs,
    trials: Trials = 0,
    runs: Runs = 1000,
    seed: Seed = 1,
    windows: Windows = 5,
    anchored: Anchored = False,
    **params: str,
) -> AsyncIterator[Reply]:
    """Skill or luck? Every check of a strategy, for instance /honesty ema_cross fast=9."""
    _check_numbers(ask, trials, runs, seed, windows)
    trial = Trial(
        strategy=strategy,
        params=params,
        **candles.asked(ask),
        fee=costs.fee,
        slippage=costs.slippage,
        checks=tuple(Check) if check == "all" else (Check(check),),
        trials=trials,
        runs=runs,
        seed=seed,
        windows=windows,
        anchored=anchored,
    )
    async for reply in _asked(ask, trial):
        yield reply


async def _asked(ask: Ask, trial: Trial) -> AsyncIterator[Reply]:
    async for found in ask.trading.lab.examine(trial, ask.account, asker(ask)):
        if isinstance(found, Honesty):
            yield await answer(ask, found, trial)
            continue
        yield going(ask, ask.say("Checking {name} …", name=trial.strategy), found)


def _check_numbers(ask: Ask, trials: int, runs: int, seed: int, windows: int) -> None:
    rules = (
        ("trials", trials, 0, 10**9),
        ("runs", runs, 100, MOST_RUNS),
        ("seed", seed, 0, 2**32),
        ("windows", windows, 1, 50),
    )
    for name, value, low, high in rules:
        if not low <= value <= high:
            raise Refused(
                ask.say(
                    "--{name} must be within {low} ... {high}, not {value}.",
                    name=name,
                    low=low,
                    high=high,
                    value=value,
                )
            )
