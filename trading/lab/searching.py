"""Searches beside the desk: in a process of their own, or, for a command line, in a thread."""

import asyncio
import multiprocessing
import queue
import signal
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from trading.domain.errors import Refused, TradingError
from trading.domain.search import SearchProgress, SearchQuestion, SearchResult
from trading.lab.search import USUAL, Search, checked
from trading.lab.studies import Studies
from trading.lab.workers import give_way
from trading.market.archive import Recorded
from trading.settings import Settings
from trading.store.address import Address
from trading.strategies.own import folders, load_folder

POLL_SECONDS = 0.2
GRACE_SECONDS = 20.0  # for tries that are under way
GONE = "The search process ended before it was done."
Told = SearchProgress | SearchResult | str  # a text is why there is no result


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """All that a process needs to take part in a search."""

    asked: SearchQuestion
    recorded: tuple[Recorded, ...]
    studies: str  # the address of the database
    cache: Path
    own: tuple[str, ...] = ()  # folders of strategies


def rejoined(asked: SearchQuestion, studies: str) -> SearchQuestion:
    """The question a study was begun with, where it is joined; the same question otherwise."""
    if not asked.join:
        return asked
    store = Studies(studies)
    try:
        found = store.joined(asked.study)
    finally:
        store.close()
    question = asked.question
    if question.strategy != found["strategy"]:
        raise Refused(f"The study {asked.study} searches {found['strategy']}, not {question.strategy}.")
    return replace(
        asked,
        question=replace(
            question,
            params=found["params"],
            timeframe=found["timeframe"],
            symbols=tuple(found["symbols"]),
            data=question.data or (Path(found["data"]) if found["data"] else None),
            start=_moment(found["from"]),
            end=_moment(found["to"]),
            cash=Decimal(found["cash"]),
            fee=Decimal(found["fee"]),
            slippage=Decimal(found["slippage"]),
        ),
        method=found["method"],
        objectives=tuple(found["objective"]),
        min_trades=found["min-trades"],
        max_drawdown=found["max-drawdown"],
        trials=asked.trials or found["trials"] or USUAL,
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def place(settings: Settings) -> str:
    """Where this house keeps its studies: with its PostgreSQL, or in a file of its own."""
    if Address.parse(settings.database_url).path is None:
        return settings.database_url
    return f"sqlite:///{settings.data_dir.absolute() / 'studies.db'}"


async def run(order: Order, *, own_process: bool) -> AsyncGenerator[SearchProgress | SearchResult, None]:
    """Progress now and then, and the result. Raises Refused; what was tried is kept, whatever happens."""
    reader = _from_process if own_process else _from_thread
    async with aclosing(reader(order)) as heard:
        async for told in heard:
            if told == GONE:
                name = order.asked.study
                raise Refused(f"{GONE} What it tried is kept; --join {name} goes on with it.")
            if isinstance(told, str):
                raise Refused(told)
            yield told


async def _from_process(order: Order) -> AsyncGenerator[Told, None]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    worker = context.Process(target=_in_process, args=(theirs, order), name="search")
    await asyncio.to_thread(worker.start)  # it hands the candles over, and waits until they are taken
    theirs.close()
    newest: Told = SearchProgress(study=order.asked.study, done=0, of=order.asked.trials or USUAL, best=None)
    try:
        while True:
            newest = await asyncio.to_thread(_heard, ours, worker) or newest
            yield newest  # said again while there is no news, so that whoever listens can leave
            if not isinstance(newest, SearchProgress):
                return
    finally:
        ours.close()
        await asyncio.to_thread(_end, worker)


def _heard(ours: Any, worker: BaseProcess) -> Told | None:
    """What the process says, or that it is no more; None when it has said nothing for a while."""
    alive = worker.is_alive()  # asked first: what it said before it ended is still heard
    try:
        if ours.poll(POLL_SECONDS):
            told: Told = ours.recv()
            return told
    except EOFError:
        alive = False
    return None if alive else GONE


def _end(worker: BaseProcess) -> None:
    worker.terminate()
    worker.join(GRACE_SECONDS)
    if worker.is_alive():
        worker.kill()
        worker.join()


def _in_process(tell: Any, order: Order) -> None:
    stop = threading.Event()
    give_way()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())  # its own processes are let go of on the way out
    try:
        for folder in order.own:
            load_folder(folder)
        tell.send(_search(order, tell.send, stop.is_set))
    except TradingError as error:
        tell.send(error.tell)
    except BrokenPipeError:
        return  # nobody listens any more


async def _from_thread(order: Order) -> AsyncGenerator[Told, None]:
    told: queue.SimpleQueue[Told] = queue.SimpleQueue()
    stop = threading.Event()
    working = asyncio.get_running_loop().run_in_executor(None, _in_thread, order, told.put, stop)
    try:
        while not (working.done() and told.empty()):
            if told.empty():
                await asyncio.wait([working], timeout=POLL_SECONDS)
                continue
            yield told.get()
        await working
    finally:
        stop.set()


def _in_thread(order: Order, tell: Callable[[Told], None], stop: threading.Event) -> None:
    try:
        tell(_search(order, tell, stop.is_set))
    except TradingError as error:
        tell(error.tell)


def _search(order: Order, note: Callable[[Told], None], stopped: Callable[[], bool]) -> SearchResult:
    studies = Studies(order.studies)
    try:
        return Search(
            asked=order.asked,
            recorded=order.recorded,
            studies=studies,
            note=note,
            stopped=stopped,
            cache=order.cache,
        ).run()
    finally:
        studies.close()


def order_for(asked: SearchQuestion, recorded: tuple[Recorded, ...], settings: Settings) -> Order:
    """What the processes of this search are given; raises Refused where the question is not right."""
    cache = settings.data_dir.absolute() / "numba"
    return Order(asked=checked(asked), recorded=recorded, studies=place(settings), cache=cache, own=folders())
