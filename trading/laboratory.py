"""Research: would it have worked, is it honest, what would be better; answered by worker processes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import inf
from time import perf_counter
from typing import Any, TypeVar

from trading.archiving import Archive
from trading.boot import market_for
from trading.clock import Clock
from trading.core.sleeve import Sleeve
from trading.domain.errors import Refused
from trading.domain.honesty import Check, Honesty, Trial
from trading.domain.jobs import Asker, Going
from trading.domain.market import Timeframe
from trading.domain.report import Report
from trading.domain.research import Example, Question, Terms
from trading.domain.search import SearchProgress, SearchQuestion, SearchResult
from trading.lab import searching, several
from trading.lab.ask import from_candles, warmed
from trading.lab.example import example
from trading.lab.queue import Queue, Stopped
from trading.lab.several import warm_up
from trading.lab.workers import Answer, Kind, Workers
from trading.limits import limits_for
from trading.market.archive import Recorded
from trading.modes import MODES
from trading.risk.limits import LIMITS
from trading.settings import Settings
from trading.strategies import find, strategies

T = TypeVar("T")

MOST_CANDLES = 600_000  # a year of minutes of one symbol
LOOK_BACK = timedelta(days=90)  # how far a backtest looks back when nothing else is said


@dataclass(slots=True)
class Laboratory:
    """Everything one may ask of the past. Work is done by other processes; trading never waits for it."""

    settings: Settings
    clock: Clock
    archive: Archive
    kept: Callable[[str], Awaitable[Mapping[str, float]]]  # limits that people set on an account, by name
    sleeves: Callable[[str], Awaitable[Mapping[str, Sleeve]]]  # an account's, as they are set now
    workers: Workers = field(default_factory=Workers)
    queue: Queue = field(init=False)

    def __post_init__(self) -> None:
        mine = self.settings.research
        self.queue = Queue(self.clock, places=mine.workers, per_person=mine.per_person)

    async def research(
        self, kind: Kind, question: Question, account: str, asker: Asker | None = None
    ) -> AsyncIterator[Going | Report]:
        """Would this have worked? Progress, then the report.

        A backtest steps the desk over all candles at once; a replay sends them through a paper account by the code
        of the live session. Without recorded candles: those of the account's market.
        """
        if question.terms.risk:
            question = replace(question, terms=await self._held(question, account))
        if question.portfolio:
            question = several.of_account(question, (await self.sleeves(account)).values(), account)
        async with aclosing(self._research(kind, question, account, asker)) as heard:
            async for answer in heard:
                if not isinstance(answer, Honesty):
                    yield answer

    async def _held(self, question: Question, account: str) -> Terms:
        """With the limits this account is held to now; a sleeve's own where its own sleeves are tried."""
        kept = await self.kept(account)
        usual = limits_for(self.settings, account)
        limits = replace(limits_for(self.settings, account, kept), capital_share=inf)
        by_hand = [
            f"{name} {limit.show(getattr(limits, name))}"
            for name, limit in LIMITS.items()
            if getattr(limits, name) != getattr(usual, name)
        ]
        if not question.portfolio:
            limits = replace(limits, sleeves={})
        return replace(question.terms, limits=limits, held_as=account, by_hand=tuple(by_hand))

    async def examine(
        self, trial: Trial, account: str, asker: Asker | None = None
    ) -> AsyncIterator[Going | Honesty]:
        """Is it honest, or luck? Progress, then every verdict, against the limits of this house."""
        trial = replace(trial, drawdown_limit=self.settings.risk.drawdown)
        async with aclosing(self._research("honesty", trial, account, asker)) as heard:
            async for answer in heard:
                if not isinstance(answer, Report):
                    yield answer

    async def search(
        self, asked: SearchQuestion, account: str, asker: Asker | None = None
    ) -> AsyncIterator[Going | SearchProgress | SearchResult]:
        """Better parameters: progress now and then, then what was found. What was tried outlives its process."""
        asked = await self.begun(asked)
        question = replace(asked.question, params={})
        if question.data is not None:
            recorded = await asyncio.to_thread(self.archive.load, question, self._exchange(account))
        else:
            end = question.end or self.clock()
            question = replace(question, start=question.start or end - LOOK_BACK, end=end)
            recorded = await self._recorded(question, account)
        asked = replace(asked, question=replace(question, params=asked.question.params))
        order = await asyncio.to_thread(searching.order_for, asked, recorded, self.settings)

        def work(_: str) -> AsyncGenerator[SearchProgress | SearchResult, None]:
            return searching.run(order, own_process=self.workers.own_process)

        async with aclosing(self._queued(asker, f"search {question.strategy}", work)) as heard:
            try:
                async for told in heard:
                    yield told
            except Stopped as stopped:
                said = f"{stopped.tell} What it tried is kept; --join {asked.study} goes on with it."
                raise Refused(said) from None

    async def begun(self, asked: SearchQuestion) -> SearchQuestion:
        """With `join`, what the study was begun with; raises Refused when there is none of that name."""
        return await asyncio.to_thread(searching.rejoined, asked, searching.place(self.settings))

    def _research(
        self, kind: Kind, question: Question, account: str, asker: Asker | None
    ) -> AsyncGenerator[Going | Answer, None]:
        async def work(job: str) -> AsyncGenerator[Going | Answer, None]:
            started = perf_counter()
            mine, recorded = await self._candles(question, account, warm=kind != "honesty")
            told = self.workers.run(kind, mine, recorded, perf_counter() - started, job)
            async with aclosing(told) as heard:
                async for answer in heard:
                    yield answer

        called = "biascheck" if isinstance(question, Trial) and question.checks == (Check.BIAS,) else kind
        return self._queued(asker, f"{called} {question.strategy}", work)

    def _queued(
        self, asker: Asker | None, what: str, work: Callable[[str], AsyncGenerator[T, None]]
    ) -> AsyncGenerator[Going | T, None]:
        """In its turn; at once where nobody asked by name, or where there is nobody to wait for."""
        if asker is None or not self.workers.own_process:
            return work("")
        return self.queue.run(asker, what, work)

    async def _candles(
        self, question: Question, account: str, *, warm: bool
    ) -> tuple[Question, tuple[Recorded, ...]]:
        """The candles a question is about; with `warm`, those before its start that its signals need, too."""
        if question.data is not None:
            wide = replace(question, start=None) if warm else question
            recorded = await asyncio.to_thread(self.archive.load, wide, self._exchange(account))
        else:
            question = replace(question, start=question.start or (question.end or self.clock()) - LOOK_BACK)
            recorded = await self._recorded(question, account, warm=warm)
        return question, warmed(question, recorded) if warm else recorded

    def _exchange(self, account: str) -> str:
        return self.settings.accounts[account].exchange

    async def _recorded(
        self, question: Question, account: str, *, warm: bool = False
    ) -> tuple[Recorded, ...]:
        mine = self.settings.accounts[account]
        timeframe = Timeframe.parse(question.timeframe or mine.timeframe)
        end = question.end or self.clock()
        start = question.start or end - LOOK_BACK
        symbols = question.symbols or mine.symbols
        asked = max((end - start) // timeframe.length, 0) * len(symbols)
        if asked > MOST_CANDLES:
            raise Refused(
                f"That is {asked:,} candles, and a chat may ask for {MOST_CANDLES:,}; choose a longer timeframe, fewer "
                "symbols or less time, or fill the archive with /download and use --data archive."
            )
        start -= warm_up(question, timeframe) if warm else timedelta(0)
        market = market_for(mine, self.settings, self.clock)
        try:
            await market.instruments(symbols)
            candles = {s: await market.candles(s, timeframe, start, end) for s in symbols}
        finally:
            await market.close()
        return await asyncio.to_thread(from_candles, candles, timeframe)

    def shadows(self) -> tuple[str, ...]:
        """The accounts whose orders are written down and never sent."""
        accounts = self.settings.accounts.items()
        return tuple(name for name, account in accounts if MODES[account.trading_mode].records)

    def catalogue(self) -> dict[str, str]:
        """Every strategy this house knows, and what it does in one sentence."""
        return {name: strategy.summary for name, strategy in strategies().items()}

    def about(self, strategy: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """What a strategy does and its parameters with ranges; raises Refused for an unknown name."""
        found = find(strategy)
        return found.describe(found.params(params))

    async def example(self, strategy: str, params: Mapping[str, Any], account: str) -> Example:
        """What a strategy wants on candles of the built-in market, in the account's timeframe where that can be."""
        found = find(strategy)
        mine = self.settings.accounts.get(account)
        timeframe = Timeframe.parse(mine.timeframe if mine else "1h")
        return await example(found, found.params(params), timeframe, self.settings.simulated.seed, self.clock)
