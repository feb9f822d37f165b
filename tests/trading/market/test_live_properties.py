"""Whatever a market answers and when, each candle it shows in the end leaves the feed once and in order."""

import asyncio
import random
from datetime import datetime, timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.builders import a_candle
from tests.fakes.clock import NOON, HandClock
from trading.domain.errors import ExchangeSaidNo, Uncertain
from trading.domain.market import Timeframe
from trading.market.live import LiveFeed

MINUTE = Timeframe(60)
SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
GRACE = timedelta(seconds=10)


class Unruly:
    """A market whose answers are late, doubled, out of order, incomplete, or errors, as a seed decides.

    It keeps two promises only: a candle shows up no earlier than the one before it of the same symbol, and
    one that has shown up is left out of at most one answer.
    """

    name = "unruly"

    def __init__(self, seed: int, symbols: tuple[str, ...], minutes: int, clock: HandClock) -> None:
        self.dice, self.clock, self.calm = random.Random(seed), clock, False
        self.nerves = self.dice.choice((0.0, 0.05, 0.3, 0.6))  # how often it fails
        self.leaky = self.dice.choice((0.0, 0.1, 0.5))  # how often a candle is left out
        self.shown_at: dict[tuple[str, datetime], datetime] = {}
        self.left_out: set[tuple[str, datetime]] = set()
        for symbol in symbols:
            self._plan(symbol, minutes)

    def _plan(self, symbol: str, minutes: int) -> None:
        gaps, lag = self.dice.choice((0.0, 0.1, 0.6)), self.dice.choice((0, 3, 30, 600))
        shown = NOON
        for minute in range(minutes):
            opened = NOON + timedelta(minutes=minute)
            if self.dice.random() >= gaps:
                shown = max(shown, opened + MINUTE.length + timedelta(seconds=self.dice.random() * lag))
                self.shown_at[symbol, opened] = shown

    async def candles(self, symbol, timeframe, start, end):
        for _ in range(self.dice.randrange(3)):
            await asyncio.sleep(0)
        if not self.calm and self.dice.random() < self.nerves:
            raise self.dice.choice((Uncertain("unruly broke."), ExchangeSaidNo("unruly will not.")))
        found = [
            a_candle(symbol=symbol, timeframe=MINUTE, opened_at=o) for o in self._visible(symbol, start, end)
        ]
        if not self.calm and self.dice.random() < 0.3:
            found += found[:: self.dice.randrange(1, 4)]
            self.dice.shuffle(found)
        return found

    def _visible(self, symbol, start, end):
        for (name, opened), shown in self.shown_at.items():
            if name != symbol or not start <= opened < end or shown > self.clock.now:
                continue
            key = (name, opened)
            if not self.calm and key not in self.left_out and self.dice.random() < self.leaky:
                self.left_out.add(key)
                continue
            yield opened


def restarted(feed: LiveFeed, market: Unruly, clock: HandClock) -> LiveFeed:
    again = LiveFeed(market, feed.symbols, MINUTE, clock, grace=GRACE)
    again.start_from(feed.cursor)
    return again


async def live_through(seed: int, count: int, minutes: int, steps: list[float], restarts: set[int]):
    """Pull at every step, then until the market has calmed down and shown all it has. All pulls' groups."""
    clock = HandClock()
    market = Unruly(seed, SYMBOLS[:count], minutes, clock)
    feed = LiveFeed(market, SYMBOLS[:count], MINUTE, clock, grace=GRACE)
    pulls = []
    for number, step in enumerate(steps):
        clock.advance(step)
        if number in restarts:
            feed = restarted(feed, market, clock)
        pulls.append((clock.now, await feed.pull()))
    market.calm = True
    for _ in range(3):
        clock.now = max(clock.now, NOON + timedelta(minutes=minutes + 11)) + GRACE
        pulls.append((clock.now, await feed.pull()))
    return market, feed, pulls


lives = given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 3),
    minutes=st.integers(0, 25),
    steps=st.lists(st.sampled_from((0.0, 0.4, 1.0, 5.0, 10.0, 29.0, 60.0, 61.0, 300.0)), max_size=40),
    restarts=st.sets(st.integers(0, 39), max_size=3),
)


@settings(max_examples=300, deadline=None)
@lives
async def test_each_candle_leaves_exactly_once_and_in_its_symbols_order(
    seed, count, minutes, steps, restarts
):
    market, _, pulls = await live_through(seed, count, minutes, steps, restarts)

    for symbol in SYMBOLS[:count]:
        given_out = [
            c.opened_at for _, groups in pulls for g in groups for c in g.candles if c.symbol == symbol
        ]
        assert given_out == [opened for name, opened in market.shown_at if name == symbol]


@settings(max_examples=150, deadline=None)
@lives
async def test_groups_are_true_and_in_order(seed, count, minutes, steps, restarts):
    market, _, pulls = await live_through(seed, count, minutes, steps, restarts)

    for pulled_at, groups in pulls:
        closes = [group.at for group in groups]
        assert closes == sorted(set(closes))
        for group in groups:
            assert group.candles
            assert {c.closed_at for c in group.candles} == {group.at}
            assert len({c.symbol for c in group.candles}) == len(group.candles)
            assert all(market.shown_at[c.symbol, c.opened_at] <= pulled_at for c in group.candles)
            event("a late group" if pulled_at > group.at + GRACE else "a group in time")


@settings(max_examples=150, deadline=None)
@lives
async def test_losses_and_returns_of_the_feed_take_turns(seed, count, minutes, steps, restarts):
    _, feed, _ = await live_through(seed, count, minutes, steps, set())

    told = [type(news).__name__ for news in feed.news()]

    assert told == ["FeedLost", "FeedRestored"] * (len(told) // 2) + ["FeedLost"] * (len(told) % 2)
