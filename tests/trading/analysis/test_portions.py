"""Who earned it: portions add up to the whole, by symbol as by strategy."""

from decimal import Decimal

from tests.builders import a_fill, at
from trading.analysis.portions import by_strategy, by_symbol
from trading.analysis.trades import split_trips
from trading.domain.order import Side

PRICES = {"BTC/USDT": Decimal(130), "ETH/USDT": Decimal(10)}
FILLS = (
    a_fill(price="100", fee="0.1"),
    a_fill(side=Side.SELL, price="120", fee="0.12", at=at(2)),
    a_fill(sleeve="rsi", symbol="ETH/USDT", price="12", fee="0.012", at=at(3)),
    a_fill(sleeve="rsi", symbol="ETH/USDT", side=Side.SELL, price="9", fee="0.009", at=at(4)),
    a_fill(sleeve="rsi", price="125", fee="0.125", at=at(5)),
)


def test_every_symbol_has_its_trades_and_what_it_still_holds():
    trips, held = split_trips(FILLS)

    bitcoin, ether, silent = by_symbol(("BTC/USDT", "ETH/USDT", "SOL/USDT"), trips, held, PRICES)

    assert (bitcoin.trades, bitcoin.profit, bitcoin.open_profit) == (1, Decimal("19.78"), Decimal("4.875"))
    assert bitcoin.fees == Decimal("0.345")
    assert (ether.trades, ether.profit, ether.win_rate) == (1, Decimal("-3.021"), 0.0)
    assert (silent.trades, silent.profit, silent.fees, silent.best) == (0, Decimal(0), Decimal(0), None)


def test_all_portions_add_up_to_the_money_that_was_made():
    trips, held = split_trips(FILLS)
    made = sum(trip.pnl for trip in trips) + sum(trip.worth(PRICES[trip.symbol]) for trip in held)

    symbols = by_symbol(("BTC/USDT", "ETH/USDT"), trips, held, PRICES)
    strategies = by_strategy(("ema_cross", "rsi"), trips, held, PRICES)

    assert sum(p.profit + p.open_profit for p in symbols) == made
    assert sum(p.profit + p.open_profit for p in strategies) == made
    assert [p.trades for p in strategies] == [1, 1]
