"""What a study has found, as a question that other commands go on with."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.going import asker
from trading.domain.errors import Refused
from trading.domain.research import Question
from trading.domain.search import Number, SearchQuestion, SearchResult

if TYPE_CHECKING:
    from bot.dispatcher import Ask


async def best_of(ask: "Ask", strategy: str, study: str) -> tuple[Question, datetime]:
    """The best parameters of a study, on the very candles it searches, and when those it was chosen on end.

    Raises Refused while it has none.
    """
    asked = SearchQuestion(
        question=Question(strategy=strategy, params={}),
        method="",
        trials=1,  # those there are already: nothing new is tried
        objectives=(),
        min_trades=0,
        max_drawdown=None,
        study=study,
        join=True,
    )
    begun = await ask.trading.lab.begun(asked)
    async for told in ask.trading.lab.search(asked, ask.account, asker(ask)):
        if isinstance(told, SearchResult) and told.best is not None:
            params = {name: _typed(value) for name, value in told.best.params.items()}
            mine = replace(begun.question, params=params, symbols=told.symbols, timeframe=told.timeframe)
            return mine, told.split_at
    raise Refused(ask.say("Nothing that the study {study} has tried fits.", study=study))


def _typed(value: Number) -> str:
    return str(value).lower()  # true and false, as people type them
