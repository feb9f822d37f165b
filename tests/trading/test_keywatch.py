"""Keys behind real money are looked at every day: what becomes dangerous closes entries, what is open is capped."""

from datetime import timedelta

import pytest

from bot.keynews import look_at_keys
from tests.fakes.binance import FakeBinance
from tests.trading.test_seating import store, trading_of, world  # noqa: F401 - fixtures
from trading.clock import wall_clock
from trading.domain.errors import Refused, Uncertain
from trading.domain.keys import Credentials, Looked, Purpose
from trading.domain.people import Person
from trading.domain.risk import HaltKind
from trading.keywatch import asks_exchange
from trading.settings import Settings

GOOD = Looked("main", (), (), False)
WITHDRAWS = Looked("main", ("The key for binance may move money out.",), (), False)
OPEN = Looked("main", (), ("The key for binance works from any address.",), True)
ANN = Person(id=1, name="Ann", roles=frozenset(), language="en", zone="UTC", account="main")


class Exchange:
    """Says of the key what the test wants."""

    def __init__(self) -> None:
        self.says: Looked | Exception = GOOD
        self.asked = 0

    async def __call__(self, account: str) -> Looked:
        self.asked += 1
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


class Day:
    """A clock that a test sets forward, over the desk's own."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self):
        return wall_clock() + self.ahead


@pytest.fixture
async def live(store, tmp_path, world):  # noqa: F811
    """An account with real money, its exchange, and the clock."""
    trading = await trading_of(store, tmp_path, world)
    exchange, day = Exchange(), Day()
    trading.keywatch.ask = exchange
    trading.clock = day
    live = trading.seats._taken["main"]
    trading.seats.lives["main"] = live
    yield trading, exchange, day
    await trading.close()


def halts(trading):
    return {halt.kind for halt in trading.status("main").halts}


async def test_a_good_key_is_looked_at_once_a_day_and_nobody_is_told(live):
    trading, exchange, day = live

    news = [await trading.keywatch.look() for _ in range(3)]
    day.ahead = timedelta(hours=24)
    news.append(await trading.keywatch.look())

    assert (exchange.asked, news) == (2, [[], [], [], []])
    assert HaltKind.BROKEN not in halts(trading)


async def test_a_key_that_may_withdraw_from_today_on_closes_entries_and_is_told(live):
    trading, exchange, day = live
    told = []
    await trading.keywatch.look()
    exchange.says, day.ahead = WITHDRAWS, timedelta(hours=24)

    async def tell(account, topic, word, severity):
        told.append((account, topic, await word(ANN)))

    await look_at_keys(trading, tell)
    await look_at_keys(trading, tell)

    assert HaltKind.BROKEN in halts(trading)
    assert [(account, topic, reply.title) for account, topic, reply in told] == [
        ("main", "alerts", "Entries of main are closed: its exchange key is not safe.")
    ]
    assert told[0][2].text == WITHDRAWS.against[0]


async def test_a_key_that_works_from_anywhere_puts_half_to_work_until_it_does_not(live):
    trading, exchange, day = live
    exchange.says = OPEN
    await trading.keywatch.look()
    open_share = trading.room("main").desk.limits.capital_share
    await trading.risks.set_limit("main", "daily_loss", "2%", "ann")
    kept = trading.room("main").desk.limits.capital_share

    exchange.says, day.ahead = GOOD, timedelta(hours=24)
    (news,) = await trading.keywatch.look()

    assert (open_share, kept) == (0.5, 0.5)
    assert trading.room("main").desk.limits.capital_share > 1
    assert news == GOOD


async def test_an_exchange_that_does_not_answer_says_nothing_of_the_key(live):
    trading, exchange, day = live
    exchange.says = Uncertain("binance did not answer.")

    first = await trading.keywatch.look()
    exchange.says, day.ahead = WITHDRAWS, timedelta(hours=1)
    second = await trading.keywatch.look()

    assert (first, second) == ([], [WITHDRAWS])


class NoKeys:
    """The keys of these accounts stand in their options."""

    async def credentials(self, account: str, purpose: Purpose) -> Credentials:
        raise Refused(f"There is no {purpose} key for account {account}.")


@pytest.mark.parametrize(
    ("right", "value", "against", "capped"),
    [
        ("may_withdraw", True, "may move money out", False),
        ("revoked", True, "does not accept the key", False),
        ("bound_to_ip", False, "", True),
    ],
)
async def test_it_is_the_exchange_that_is_asked(right, value, against, capped):
    async with FakeBinance(wall_clock) as binance:
        setattr(binance.account.key, right, value)
        options = binance.exchange_options(apiKey="key", secret="secret")
        mine = {"mode": "live", "exchange": "binance", "symbols": ["BTC/USDT"], "exchange_options": options}
        settings = Settings.model_validate({"accounts": {"main": mine}})

        found = await asks_exchange(settings, NoKeys(), wall_clock)("main")

    assert against in "".join(found.against)
    assert (bool(found.against), found.capped) == (bool(against), capped)
