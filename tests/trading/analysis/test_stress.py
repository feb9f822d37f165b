"""Stress: the named days held against the candles, and books worked out by hand."""

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from trading.analysis.stress import SCENARIOS, of_falls, of_scenario

CANDLES = Path(__file__).parents[4] / "shared" / "data"
STRETCHES = {
    "covid": ("2020-03-11", "2020-03-14"),
    "may2021": ("2021-05-18", "2021-05-20"),
    "luna": ("2022-05-05", "2022-05-13"),
    "ftx": ("2022-11-05", "2022-11-10"),
    "aug2024": ("2024-08-02", "2024-08-06"),
}
FIGURES = [(name, coin, fall) for name in STRETCHES for coin, fall in SCENARIOS[name].falls.items()]


@pytest.mark.skipif(not CANDLES.exists(), reason="needs the recorded candles in ../shared/data")
@pytest.mark.parametrize(("name", "coin", "fall"), FIGURES)
def test_a_named_day_fell_as_far_as_the_candles_say(name, coin, fall):
    frame = "1m" if name == "aug2024" else "1h"
    candles = pd.read_parquet(CANDLES / f"binance_{coin}-USDT_{frame}.parquet")
    first, last = STRETCHES[name]

    day = candles.set_index("timestamp")[first:last]

    assert 1 - (day.low / day.high.cummax()).min() == pytest.approx(fall, abs=0.006)


def test_a_book_on_the_day_ftx_stopped_paying_out():
    values = {"BTC/USDT": Decimal(2000), "SOL/USDT": Decimal(1000)}

    day = of_scenario(SCENARIOS["ftx"], values, Decimal(10000))

    assert [(h.symbol, h.loss) for h in day.hits] == [
        ("SOL/USDT", Decimal("680.00")),
        ("BTC/USDT", Decimal("540.00")),
    ]
    assert day.loss == Decimal("1220.00")
    assert day.share == pytest.approx(0.122)


def test_a_coin_nobody_knew_then_falls_like_the_worst_that_survived():
    assert SCENARIOS["luna"].fall("PEPE") == 0.66
    assert SCENARIOS["aug2024"].fall("SOL") == 0.34
    assert SCENARIOS["luna"].fall("USDC") == 0.0
    assert SCENARIOS["luna"].fall("UST") == 0.78


def test_a_made_up_day_takes_its_own_falls_and_the_usual_one_for_the_rest():
    values = {"BTC/KRW": Decimal(1_000_000), "ETH/KRW": Decimal(500_000)}

    day = of_falls({"BTC": 0.3}, 0.1, values, Decimal(3_000_000))

    assert day.loss == Decimal("350000")


def test_a_coin_nobody_gave_a_fall_for_falls_like_the_worst_that_was_given():
    values = {"BTC/USDT": Decimal(1000), "ETH/USDT": Decimal(1000), "USDC/USDT": Decimal(1000)}

    day = of_falls({"BTC": 0.3, "SOL": 0.4}, None, values, Decimal(3000))

    assert [(h.symbol, h.loss, h.known) for h in day.hits] == [
        ("ETH/USDT", Decimal(400), False),
        ("BTC/USDT", Decimal(300), True),
        ("USDC/USDT", Decimal(0), True),
    ]


def test_a_day_says_which_coins_it_does_not_know():
    values = {"BTC/USDT": Decimal(1000), "PEPE/USDT": Decimal(1000), "USDC/USDT": Decimal(1000)}

    day = of_scenario(SCENARIOS["ftx"], values, Decimal(3000))

    assert {hit.symbol: hit.known for hit in day.hits} == {
        "PEPE/USDT": False,
        "BTC/USDT": True,
        "USDC/USDT": True,
    }


def test_a_short_position_gains_and_an_empty_book_loses_nothing():
    short = of_falls({}, 0.2, {"BTC/USDT": Decimal(-500)}, Decimal(1000))
    empty = of_falls({}, 0.2, {}, Decimal(0))

    assert short.loss == Decimal("-100")
    assert (empty.loss, empty.share) == (0, 0.0)
