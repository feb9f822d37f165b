"""Rules that others publish, on candles made here: our engine against a loop of ten lines."""

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from bench._published_rules import crossing, held_for, long_and_short, one_coin, run
from tests.trading.lab.searches import candles
from trading.analysis.trades import split_trips
from trading.domain.research import Terms

MARKET = candles(3000)
OPEN, CLOSE = MARKET.frame["open"].to_numpy(), MARKET.frame["close"].to_numpy()
COINS = Decimal("0.01")


def looped(wanted: np.ndarray, share: float, step: float, fee: float) -> list[tuple[float, float]]:
    """Cash and coins after every bar: bought with `share` of the cash at the next open, sold at the one after."""
    cash, held, found = 1_000_000.0, 0.0, []
    for bar in range(len(CLOSE)):
        if bar and wanted[bar - 1] and not held:
            held = np.floor(cash * share / (OPEN[bar] * (1 + fee)) / step + 1e-9) * step
            cash -= held * OPEN[bar] * (1 + fee)
        elif bar and held and not wanted[bar - 1]:
            cash += held * OPEN[bar] * (1 - fee)
            held = 0.0
        found.append((cash, held))
    return found


@pytest.mark.parametrize(("fast", "slow"), [(5, 20), (13, 50), (30, 100)])
def test_whole_steps_of_all_the_cash_at_the_next_open(fast, slow):
    rule = crossing(fast, slow)
    terms = Terms(all_in=Decimal("0.9999"), step=COINS)

    found = run(rule, slow, MARKET, "1000000", "0.002", terms)

    by_hand = looped(rule(MARKET.frame).to_numpy(), 0.9999, float(COINS), 0.002)
    expected = np.array([cash + held * close for (cash, held), close in zip(by_hand, CLOSE, strict=True)])
    np.testing.assert_allclose(found.equity, expected, rtol=1e-9)
    assert float(found.report.final_equity) == pytest.approx(expected[-1], rel=1e-9)
    assert len(found.report.trades) > 10


def test_one_coin_filled_at_the_close_it_was_decided_on():
    found = run(one_coin, 100, MARKET, "1000000", "0.001", Terms(fill="close", units=Decimal(1)))

    wanted = one_coin(MARKET.frame).to_numpy()
    turns = np.flatnonzero(np.diff(np.concatenate(([0.0], wanted))) != 0)
    signs = np.where(np.arange(len(turns)) % 2 == 0, -1, 1)
    made = float((signs * CLOSE[turns]).sum() - 0.001 * CLOSE[turns].sum())
    assert float(found.report.final_equity) == pytest.approx(1_000_000 + made, abs=1e-4)
    assert len(found.room.recorder.fills) == len(turns)


def test_bought_at_one_close_and_sold_at_another():
    found = run(held_for(1, 11), 1, MARKET, "1000000", "0.0005", Terms(fill="close", units=Decimal(10)))

    first, last = CLOSE[0], CLOSE[10]
    expected = 1_000_000 + 10 * (last - first) - 0.0005 * 10 * (first + last)
    assert float(found.report.final_equity) == pytest.approx(expected, abs=1e-5)


def test_always_long_or_short_turns_round_at_one_price():
    fills = list(long_and_short(MARKET.frame, 5, 20, Decimal(10_000), COINS))

    trips, still_open = split_trips(fills)
    assert len(trips) > 20
    assert not still_open
    for earlier, later in pairwise(trips):
        assert (earlier.exit_at, earlier.exit_price) == (later.entry_at, later.entry_price)
        assert earlier.side is not later.side
