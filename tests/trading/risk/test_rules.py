"""Every further rule at its boundary, with figures worked out by hand."""

from datetime import timedelta
from decimal import Decimal
from math import inf, nan, sqrt

import numpy as np
import pytest

from tests.builders import START, a_position, an_account, an_intent, an_order
from tests.trading.risk.cases import a_case, amount, asked, limits, market, past, rule, sent, walk
from trading.domain.depth import Depth
from trading.domain.order import OrderStatus, Side
from trading.domain.risk import Closure, Halt, HaltKind, Limits, RiskDecision, SleeveLimits
from trading.portfolio.correlation import clusters, correlation
from trading.risk.gate import ENTRY, explain

BTC = "BTC/USDT"
EXIT = an_intent(side=Side.SELL, amount="1", reduce_only=True)


# --- periods ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cash", "found"), [("9000.01", None), ("9000", "R12"), ("8000", "R12")])
def test_the_weeks_loss_acts_at_its_limit(cash, found):
    account = an_account(cash=cash)

    answer = asked(limits(weekly_loss=0.1), account=account)

    assert rule(answer) == found


@pytest.mark.parametrize(("cash", "found"), [("8500.01", None), ("8500", "R13")])
def test_the_months_loss_acts_at_its_limit(cash, found):
    assert rule(asked(limits(monthly_loss=0.15), account=an_account(cash=cash))) == found


@pytest.mark.parametrize(
    ("kind", "number", "setting"),
    [(HaltKind.WEEKLY_LOSS, "R12", "weekly_loss"), (HaltKind.MONTHLY_LOSS, "R13", "monthly_loss")],
)
def test_a_period_that_was_lost_stays_lost_when_some_is_won_back(kind, number, setting):
    halt = Halt(kind=kind, reason="lost", by="risk", since=START)

    answer = asked(limits(**{setting: 0.1}), halts=(halt,))

    assert rule(answer) == number


@pytest.mark.parametrize(("lost", "found"), [(2, None), (3, "R14"), (9, "R14")])
def test_so_many_losses_in_a_row_are_enough(lost, found):
    assert rule(asked(limits(losses=3), past=past(losses=lost))) == found


def test_a_sleeves_own_count_of_losses_is_the_stricter_one():
    own = {"ema_cross": SleeveLimits(losses=2)}

    answer = asked(limits(losses=3, sleeves=own), past=past(losses=2))

    assert rule(answer) == "R14"


# --- price and market -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "found"), [("105", None), ("105.01", "R24"), ("94.99", "R24"), ("95", None)]
)
def test_a_price_may_lie_so_far_from_the_markets(price, found):
    account = an_account(prices={BTC: Decimal(100)})

    answer = asked(limits(price_band=0.05), an_intent(price_at_decision=price), account=account)

    assert rule(answer) == found


@pytest.mark.parametrize(("size", "found"), [("2", None), ("2.1", "R25"), ("9", "R25")])
def test_the_order_book_says_what_an_order_would_cost(size, found):
    # Middle 100; 1 at 101 and 1 at 103 cost 102 on average: 2 %. One step more is dearer, 9 are not there.
    asks = ((Decimal(101), Decimal(1)), (Decimal(103), Decimal(1)), (Decimal(110), Decimal(1)))
    depth = Depth(bids=((Decimal(99), Decimal(5)),), asks=asks, at=START)

    assert rule(asked(limits(slippage=0.02), an_intent(amount=size), depth=depth)) == found


def test_without_a_book_nothing_is_said_about_slippage():
    assert rule(asked(limits(slippage=0.0))) is None


@pytest.mark.parametrize(("limit", "found"), [(0.5, "R25"), (0.99, "R25"), (1.0, None)])
def test_a_book_that_did_not_come_is_a_no_unless_there_is_no_limit(limit, found):
    nobody_knows = Depth(bids=(), asks=(), at=START)

    assert rule(asked(limits(slippage=limit), depth=nobody_knows)) == found


def test_an_order_is_cut_to_its_part_of_an_hours_trading():
    # 24 hours of 100 BTC at 100 are 10,000 an hour; a tenth of it is 1,000, which are 10 BTC.
    look = market(100.0, BTC_USDT=[100.0] * 60)

    answer = asked(limits(liquidity=0.1), an_intent(amount="20"), market=look)

    assert amount(answer) == 10


@pytest.mark.parametrize(("least", "found"), [(240_000, None), (240_001, "R27")])
def test_so_much_must_be_traded_in_a_day(least, found):
    look = market(100.0, BTC_USDT=[100.0] * 60)

    assert rule(asked(limits(turnover=least), market=look)) == found


@pytest.mark.parametrize(("aside", "found"), [(1.0001, None), (0.9999, "R15")])
def test_a_wild_market_is_left_alone(aside, found):
    # 24 returns of +1 % and -1 % in turn: a deviation of 0.01 * sqrt(24/23) an hour, times sqrt(8760) a year.
    closes = [100.0]
    for number in range(80):
        closes.append(closes[-1] * (1.01 if number % 2 else 0.99))
    yearly = 0.01 * sqrt(24 / 23) * sqrt(8760)

    answer = asked(limits(volatility=yearly * aside), market=market(BTC_USDT=closes))

    assert rule(answer) == found


# --- pace -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds_ago", "size", "symbol", "found"),
    [
        (5, "1", BTC, "R28"),
        (10, "1", BTC, None),
        (5, "1.2", BTC, None),
        (5, "1.05", BTC, "R28"),
        (5, "1", "ETH/USDT", None),
    ],
)
def test_the_same_order_is_not_sent_twice_in_a_moment(seconds_ago, size, symbol, found):
    before = sent(seconds_ago / 60, amount=Decimal(size), symbol=symbol)

    assert rule(asked(limits(similar_seconds=10), past=past(sent=(before,)))) == found


@pytest.mark.parametrize(("already", "found"), [(2, None), (3, "R29")])
def test_so_many_entries_in_an_hour(already, found):
    orders = tuple(sent(n + 1) for n in range(already))

    assert rule(asked(limits(orders_per_hour=3), past=past(sent=orders))) == found


@pytest.mark.parametrize(("paid", "found"), [("9.9", None), ("9.91", "R30")])
def test_so_much_for_fees_in_an_hour(paid, found):
    # 0.1 % of 10,000 are 10; this order costs 0.1 of it.
    orders = (sent(30, fee=Decimal(paid)),)

    assert rule(asked(limits(fees_per_hour=0.001), past=past(sent=orders))) == found


# --- exposure ---------------------------------------------------------------------------------------------

HELD = (
    a_position(sleeve="rsi", quantity="20"),
    a_position(sleeve="ema_cross", symbol="ETH/USDT", quantity="10"),
)
RICH = an_account(cash="7000", positions=HELD, prices={BTC: Decimal(100), "ETH/USDT": Decimal(100)})


@pytest.mark.parametrize(
    ("held", "let_pass"),
    [
        ({"symbol_exposure": 0.30}, "10"),  # 2,000 of BTC are held by another sleeve
        ({"sleeve_exposure": 0.30}, "20"),  # ema_cross has 1,000 in ETH
        ({"gross_exposure": 0.50}, "20"),  # 3,000 are invested
        ({"gross_exposure": 0.30}, "0"),
        ({"capital_share": 0.35}, "5"),
    ],
)
def test_an_order_is_cut_to_the_room_that_is_left(held, let_pass):
    answer = asked(limits(**held), an_intent(amount="40"), account=RICH)

    assert amount(answer) == Decimal(let_pass)


def test_sleeves_of_one_strategy_count_together():
    strategies = {"ema_cross": "trend", "rsi": "trend"}

    together = asked(
        limits(strategy_exposure=0.4), an_intent(amount="40"), account=RICH, strategies=strategies
    )
    apart = asked(limits(strategy_exposure=0.4), an_intent(amount="40"), account=RICH)

    assert (amount(together), amount(apart)) == (10, 30)


@pytest.mark.parametrize("status", [s for s in OrderStatus if s.is_live])
def test_every_order_that_may_still_fill_counts_fully(status):
    out = an_order(an_intent(client_id="tw-2", sleeve="rsi", amount="20"), status=status, filled="5")

    answer = asked(limits(symbol_exposure=0.30), an_intent(amount="40"), live=(out,))

    assert amount(answer) == 15  # 30 less the 15 that may still come


def test_an_order_on_its_way_out_gives_no_room():
    sale = an_order(an_intent(side=Side.SELL, sleeve="rsi", amount="20", reduce_only=True))

    answer = asked(limits(gross_exposure=0.40), an_intent(amount="40"), account=RICH, live=(sale,))

    assert amount(answer) == 10  # of 4,000, 3,000 are held until they are sold


@pytest.mark.parametrize(("most", "found"), [(3, None), (2, "R35")])
def test_so_many_positions_at_once(most, found):
    assert rule(asked(limits(positions=most), account=RICH)) == found


def test_a_sleeves_own_limits_are_the_stricter_ones():
    own = {"ema_cross": SleeveLimits(order_share=0.1, exposure=0.15)}

    size = asked(limits(sleeves=own), an_intent(amount="40"))
    room = asked(limits(sleeves=own), an_intent(amount="40"), account=RICH)

    assert (amount(size), amount(room)) == (10, 5)


# --- together ---------------------------------------------------------------------------------------------


def test_what_moves_together_is_one_cluster():
    one = walk(1)
    look = market(BTC_USDT=one, ETH_USDT=[2 * price for price in one])
    other = market(BTC_USDT=one, ETH_USDT=walk(2))
    held = limits(cluster_exposure=0.4, cluster_correlation=0.8)
    account = an_account(
        cash="8000", positions=HELD[1:], prices={BTC: Decimal(100), "ETH/USDT": Decimal(200)}
    )

    together = asked(held, an_intent(amount="40"), account=account, market=look)
    apart = asked(held, an_intent(amount="40"), account=account, market=other)

    assert (amount(together), amount(apart)) == (20, 40)


def test_a_cluster_reaches_as_far_as_its_chain():
    """SOL goes with ETH and ETH with BTC: what is in BTC counts, although SOL and BTC look apart."""
    btc, sol = walk(1), walk(2)
    eth = list(np.sqrt(np.multiply(btc, sol)))
    look = market(BTC_USDT=btc, ETH_USDT=eth, SOL_USDT=sol)
    positions = tuple(a_position(symbol=symbol, quantity=20) for symbol in (BTC, "ETH/USDT"))
    prices = dict.fromkeys((BTC, "ETH/USDT", "SOL/USDT"), Decimal(100))
    account = an_account(cash="6000", positions=positions, prices=prices)
    held = limits(cluster_exposure=0.5, cluster_correlation=0.5)

    answer = asked(held, an_intent(symbol="SOL/USDT", amount="40"), account=account, market=look)

    assert (
        look.correlation("SOL/USDT", BTC)
        < 0.5
        < min(look.correlation("SOL/USDT", "ETH/USDT"), look.correlation("ETH/USDT", BTC))
    )
    assert amount(answer) == 10  # with 4,000 of 10,000 in the chain; SOL and ETH alone would leave 30


@pytest.mark.parametrize("level", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("seed", range(5))
def test_a_cluster_is_the_one_that_the_correlation_room_finds(seed, level):
    dice, names = np.random.default_rng(seed), tuple(f"C{n}/USDT" for n in range(6))
    waves = dice.normal(0, 0.01, (3, 200))
    moves = [waves[dice.integers(3, size=2)].sum(axis=0) for _ in names]
    closes = [100 * np.exp(np.cumsum(move)) for move in moves]
    look = market(**{n.replace("/", "_"): c for n, c in zip(names, closes, strict=True)})

    found = {look.linked(name, names, level) for name in names}

    returns = np.stack([np.diff(c) / c[:-1] for c in closes], axis=1)
    assert found == set(clusters(names, correlation(returns), level))


def test_value_at_risk_is_the_worse_of_history_and_normal():
    closes = walk(3, 400)
    returns = np.diff(closes) / closes[:-1]
    seen = -np.quantile(returns, 0.05) * sqrt(24)
    normal = returns.std(ddof=1) * sqrt(24) * 1.6448536 - returns.mean() * 24
    cost = max(seen, normal) * 3000 / 10_000  # of 30 BTC at 100
    intent, look = an_intent(amount="30"), market(BTC_USDT=closes)

    assert rule(asked(limits(value_at_risk=cost * 1.001), intent, market=look)) is None
    assert rule(asked(limits(value_at_risk=cost * 0.999), intent, market=look)) == "R38"


def test_shortfall_is_what_the_worst_candles_cost_on_average():
    closes = [100.0]
    for number in range(100):
        closes.append(
            closes[-1] * (0.90 if number % 10 == 0 else 1.01)
        )  # a tenth of all candles falls by 10 %
    look = market(BTC_USDT=closes)
    cost = 0.10 * sqrt(24) * 0.1  # 10 BTC at 100 are a tenth of the equity

    assert rule(asked(limits(shortfall=cost * 1.001), an_intent(amount="10"), market=look)) is None
    assert rule(asked(limits(shortfall=cost * 0.999), an_intent(amount="10"), market=look)) == "R39"


# --- nothing known, nothing bought ------------------------------------------------------------------------

NEEDY = {
    "weekly_loss": 0.5,
    "monthly_loss": 0.5,
    "losses": 5,
    "volatility": 9.0,
    "liquidity": 9.0,
    "turnover": 1.0,
    "similar_seconds": 1,
    "orders_per_hour": 9,
    "fees_per_hour": 0.9,
    "cluster_exposure": 9.0,
    "value_at_risk": 9.0,
    "shortfall": 9.0,
}


@pytest.mark.parametrize("name", NEEDY)
def test_what_a_rule_needs_and_does_not_get_closes_entries_and_never_exits(name):
    held = limits(**{name: NEEDY[name]})
    account = an_account(cash="9900", positions=(a_position(quantity="1"),))

    entry = asked(held, account=account, past=None, market=None)
    out = asked(held, EXIT, account=account, past=None, market=None)

    assert isinstance(entry, RiskDecision)
    assert rule(out) is None


@pytest.mark.parametrize("wrong", [nan, 0.0])
@pytest.mark.parametrize("name", ["volatility", "liquidity", "value_at_risk", "shortfall"])
def test_candles_that_are_not_numbers_close_entries(name, wrong):
    look = market(volume=wrong if name == "liquidity" else 10.0, BTC_USDT=[*walk(1), wrong, 100.0])

    assert isinstance(asked(limits(**{name: 9.0}), market=look), RiskDecision)


def test_too_few_candles_say_nothing():
    assert rule(asked(limits(value_at_risk=9.0), market=market(BTC_USDT=walk(1, 48)))) == "R38"
    assert rule(asked(limits(value_at_risk=9.0), market=market(BTC_USDT=walk(1, 49)))) is None


@pytest.mark.parametrize("price", ["NaN", "0", "-5", "Infinity"])
def test_an_order_at_no_price_is_refused_before_anything_is_worked_out(price):
    assert rule(asked(limits(), an_intent(price_at_decision=price))) == "R08"


def test_a_position_without_a_price_closes_entries_and_can_still_be_sold():
    account = an_account(cash="5000", positions=(a_position(quantity="1"),), prices={"ETH/USDT": Decimal(1)})

    assert rule(asked(limits(), account=account)) == "R08"
    assert rule(asked(limits(), EXIT, account=account)) is None


def test_an_account_that_owes_more_than_it_has_buys_nothing():
    account = an_account(cash="-100")

    assert isinstance(asked(limits(), account=account), RiskDecision)


# --- events, and the whole list ---------------------------------------------------------------------------


def test_around_an_event_nothing_is_bought_and_everything_can_be_sold():
    event = Closure(id="abc123", name="FOMC", since=START, until=START + timedelta(hours=2))
    account = an_account(cash="9900", positions=(a_position(quantity="1"),))

    entry = asked(limits(), account=account, closure=event)

    assert isinstance(entry, RiskDecision)
    assert (entry.rule, entry.observed) == ("R06 calendar", "FOMC until 2024-01-01 02:00 UTC")
    assert rule(asked(limits(), EXIT, account=account, closure=event)) is None


def test_every_rule_has_a_number_of_its_own():
    numbers = [r.name.split()[0] for r in ENTRY]

    assert len(numbers) == len(set(numbers)) == 34


def test_every_rule_is_explained_in_order_also_behind_the_one_that_refuses():
    case = a_case(limits(gross_exposure=0.2, positions=0, price_band=0.1), an_intent(amount="40"))

    readings = explain(case)

    assert [r.rule for r in readings if not r.passed] == ["R35 positions", "R34 gross-exposure"]
    shown = {r.rule: (r.limit, r.observed) for r in readings}
    assert shown["R34 gross-exposure"] == ("20%", "40%")
    assert shown["R35 positions"] == ("0", "1")
    assert shown["R24 price-band"] == ("10%", "0%")


def test_a_limit_of_all_means_no_limit():
    assert Limits(order_share=1, daily_loss=1, drawdown=1).plain
    assert not limits(positions=inf, losses=3).plain
