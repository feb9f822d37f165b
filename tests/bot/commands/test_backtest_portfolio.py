"""/backtest --portfolio: the account's own strategies, weighed, sized, protected and limited, on past candles."""

import pytest

from tests.bot.desks import a_desk, answered, leave
from tests.trading.lab.searches import candles

SETTINGS = """
[accounts.main]
symbols = ["BTC/USDT", "ETH/USDT"]
cash = 5000
[accounts.main.sleeves.ema_cross]
share = 0.6
fast = 5
slow = 20
weights = { method = "risk_parity", days = 10, every = 2 }
sizing = { method = "volatility", target = 0.3 }
protect = { atr_stop = 3.0 }
[accounts.main.sleeves.rsi]
share = 0.4
"""


@pytest.fixture
async def house(tmp_path, clock):
    """A desk with two strategies; its owner sits at the terminal."""
    built = await a_desk(tmp_path, clock, SETTINGS)
    yield built
    await leave(built)


@pytest.fixture
def data(tmp_path) -> str:
    """A folder with hours of both markets."""
    for symbol, seed in (("BTC-USDT", 7), ("ETH-USDT", 11)):
        frame = candles(2000, seed).frame.rename_axis("timestamp")
        frame.to_csv(tmp_path / f"binance_{symbol}_1h.csv")
    return str(tmp_path)


async def test_backtest_and_replay_of_the_accounts_own_strategies_are_the_same_book(house, data):
    tried = await answered(house, f"/backtest --portfolio --data {data}")
    lived = await answered(house, f"/replay --portfolio --data {data}")

    assert tried.title.startswith("ema_cross + rsi: ")
    assert {p.name for p in tried.data["by_strategy"]} == {"ema_cross", "rsi"}
    assert len(tried.data["trades"]) > 10
    assert lived.data["final_equity"] == tried.data["final_equity"]
    assert lived.data["trades"] == tried.data["trades"]


async def test_the_limits_of_the_settings_act_and_the_report_counts_what_they_refused(house, data):
    strict = await answered(
        house, f"/backtest ema_cross,rsi --data {data} --risk on --protect atr_stop=3 --sizing atr=0.02"
    )
    free = await answered(house, f"/backtest ema_cross,rsi --data {data}")

    assert free.data["refused"] == {}
    assert strict.data["final_equity"] != free.data["final_equity"]


async def test_the_terminal_shows_the_money_and_the_weights_over_time(house, data):
    reply = await answered(house, f"/backtest --portfolio --data {data}")

    assert [image.name for image in reply.images] == ["equity.png", "allocation.png"]
    assert reply.images[1].alt.startswith("Invested ")
    assert all(coin in reply.images[1].alt for coin in ("BTC", "ETH"))


async def test_limits_that_people_changed_act_and_the_report_says_so(house, data):
    usual = await answered(house, f"/backtest --portfolio --data {data}")
    await house.trading.start()
    await answered(house, "/limits set positions 1")
    await answered(house, "/limits set daily_loss 3%")
    await answered(house, "/limits set daily_loss 5% !")  # as the settings say again

    strict = await answered(house, f"/backtest --portfolio --data {data}")
    alone = await answered(house, f"/backtest ema_cross --risk on --data {data}")

    assert "The limits of account main act, as the settings say." in usual.text
    said = "The limits of account main act; changed by hand: positions 1."
    assert said in strict.text
    assert said in alone.text
    refused = dict(strict.data["refused"])["R35 positions"]
    whose = {market: n for rule, market, n in strict.data["refused_of"] if rule == "R35 positions"}
    assert refused > 0
    assert sum(whose.values()) == refused
    row = next(row for row in strict.rows if row.label == "R35 positions")
    assert all(f"{market.partition('/')[0]} {n}" in row.detail for market, n in whose.items())
    assert "R35 positions" not in dict(usual.data["refused"])


async def test_strategies_are_tried_as_they_are_set_now(house, data):
    usual = await answered(house, f"/backtest --portfolio --data {data}")
    await house.trading.start()
    await answered(house, "/disable rsi !")
    await answered(house, "/set ema_cross slow=40 !")

    now = await answered(house, f"/backtest --portfolio --data {data}")

    assert {p.name for p in usual.data["by_strategy"]} == {"ema_cross", "rsi"}
    assert now.title.startswith("ema_cross: ")
    alone = [p for p in usual.data["by_strategy"] if p.name == "ema_cross"]
    assert len(now.data["trades"]) != alone[0].trades  # another slow average, other trades


async def test_an_accounts_own_limits_act_in_its_backtest(tmp_path, clock, data):
    own = SETTINGS + "[accounts.main.risk]\npositions = 1\n"
    house = await a_desk(tmp_path, clock, own)

    strict = await answered(house, f"/backtest --portfolio --data {data}")
    await leave(house)

    assert dict(strict.data["refused"])["R35 positions"] > 0


async def test_weights_from_the_line_divide_the_money(house, data):
    even = await answered(house, f"/backtest ema_cross --data {data}")
    weighed = await answered(
        house, f"/backtest ema_cross --data {data} --weights minimum_variance,days=10,every=1"
    )

    assert weighed.data["final_equity"] != even.data["final_equity"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--weights gut", "--weights: method should be 'even', 'equal', 'inverse_volatility', 'risk_parity'"),
        ("--weights equal,daily", "--weights takes name=value after commas; found 'daily'."),
        ("--sizing half", "--sizing is volatility=0.4, atr=0.02 or kelly=0.25; found 'half'."),
        ("--sizing kelly=2", "--sizing: fraction should be at most 1; found '2'."),
    ],
)
async def test_what_cannot_be_meant_is_refused_in_one_sentence(house, data, words, sentence):
    reply = await answered(house, f"/backtest ema_cross --data {data} {words}")

    assert reply.failed
    assert sentence in reply.title


async def test_a_strategy_or_the_portfolio_but_not_both_and_not_neither(house, data):
    for line in (f"/backtest --data {data}", f"/backtest rsi --portfolio --data {data}"):
        reply = await answered(house, line)
        assert reply.failed
        assert reply.title.startswith("Name a strategy, for instance ema_cross, or say --portfolio")
