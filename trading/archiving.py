"""The archive of this house: where it lies, which market fills it, and what stands for it in a question."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from trading.boot import market_for
from trading.clock import Clock
from trading.domain.archive import Checked, Download, Downloaded, Loading, Series, SeriesName, is_archive
from trading.domain.errors import Refused
from trading.domain.market import Candle, Timeframe
from trading.domain.research import Question
from trading.lab.ask import load
from trading.market.archive import Recorded
from trading.market.download import Downloader
from trading.market.feed import Market
from trading.market.rates import daily_closes
from trading.market.repair import inspect, repair
from trading.market.shelf import Shelf
from trading.settings import AccountSettings, Settings

FOLDER = "candles"  # in the data folder


@dataclass(slots=True)
class Archive:
    """Recorded candles under the data folder. One per process."""

    settings: Settings
    clock: Clock
    _shelf: Shelf = field(init=False)

    def __post_init__(self) -> None:
        self._shelf = Shelf(self.settings.data_dir / FOLDER)

    @property
    def folder(self) -> str:
        """Where it lies, without where on the desk's computer that is: chats read it."""
        return f"{self.settings.data_dir.name}/{FOLDER}"

    async def download(self, asked: Download) -> AsyncGenerator[Loading | Downloaded, None]:
        """Fetch what is missing, from the exchange that is asked for."""
        market = self._market(asked.exchange)
        try:
            async with aclosing(Downloader(market, self._shelf).run(asked)) as told:
                async for news in told:
                    yield news
        finally:
            await market.close()

    async def held(self) -> list[Series]:
        """Everything there is."""

        def look() -> list[Series]:
            return [self._shelf.described(name) for name in self._shelf.names()]

        return await asyncio.to_thread(look)

    async def check(
        self, symbol: str, timeframe: Timeframe | None, *, mend: bool
    ) -> AsyncGenerator[Loading | Checked, None]:
        """Whether it is sound: all of it, or one symbol. With `mend`, what is wrong is fetched anew."""
        markets: dict[
            str, Market
        ] = {}  # one for all series, so that it knows when its exchange is out of reach
        try:
            for name in await asyncio.to_thread(self._named, symbol, timeframe):
                checked = await asyncio.to_thread(inspect, self._shelf, name)
                if not mend or checked.sound:
                    yield checked
                    continue
                if name.exchange not in markets:
                    markets[name.exchange] = self._market(name.exchange)
                async with aclosing(repair(self._shelf, markets[name.exchange], name)) as told:
                    async for news in told:
                        yield news
        finally:
            for market in markets.values():
                await market.close()

    def load(self, question: Question, exchange: str) -> tuple[Recorded, ...]:
        """The candles a question names: a file, a folder, or `archive` and `archive:binance` for this one.

        Of several exchanges in the archive, `archive` alone means `exchange`.
        """
        if question.data is None or not is_archive(question.data):
            return load(question)
        chosen = str(question.data).partition(":")[2]
        there = self._shelf.exchanges()
        if not there:
            raise Refused("The archive is empty; /download fills it, for instance /download BTC/USDT.")
        if not chosen:
            chosen = exchange if exchange in there else there[0]
            if chosen != exchange and len(there) > 1:
                raise Refused(
                    f"The archive holds {', '.join(there)}; write one of them, as in archive:{there[0]}."
                )
        if chosen not in there:
            raise Refused(f"The archive holds {', '.join(there)}, but nothing of {chosen}.")
        with self._shelf.unplaced():
            return load(question, self._shelf.folder, chosen)

    async def won_rates(self, currency: str) -> dict[str, Decimal]:
        """What one of it costs in won at Upbit at 09:00 in Seoul, by day; raises Refused for a file beyond reading."""
        name = SeriesName("upbit", f"{currency}/KRW", Timeframe.parse("1d"))
        return await asyncio.to_thread(daily_closes, self._shelf, name)

    async def between(
        self, exchange: str, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> list[Candle]:
        """The recorded candles with start <= opened_at < end; none where this series was never downloaded."""
        name = SeriesName(exchange, symbol, timeframe)

        def look() -> list[Candle]:
            return self._shelf.between(name, start, end) if name in self._shelf.names() else []

        return await asyncio.to_thread(look)

    def _named(self, symbol: str, timeframe: Timeframe | None) -> list[SeriesName]:
        names = self._shelf.names()
        found = [n for n in names if symbol in ("", n.symbol) and timeframe in (None, n.timeframe)]
        if symbol and not found:
            there = ", ".join(dict.fromkeys(name.symbol for name in names)) or "nothing"
            raise Refused(f"The archive has no such candles of {symbol}; it has {there}.")
        return found

    def _market(self, exchange: str) -> Market:
        """An exchange as an account knows it (its address, its limits), but never its test network: prices are real."""
        accounts = self.settings.accounts.values()
        known = next((a for a in accounts if a.exchange == exchange), AccountSettings(exchange=exchange))
        options = {key: value for key, value in known.exchange_options.items() if key != "sandbox"}
        asked = known.model_copy(update={"exchange_options": options})
        return market_for(asked, self.settings, self.clock, _told_by_its_answer)


def _told_by_its_answer(_state: object, _reason: str) -> None:
    """Who waits for candles reads in the answer why none came; a line in the log would say it twice."""
