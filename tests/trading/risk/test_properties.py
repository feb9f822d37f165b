"""Whatever happens, whatever is held and set: what is let pass keeps every limit, and stricter never allows more."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.builders import a_position, an_account, an_intent, an_order
from tests.trading.core.desks import Script, Story
from tests.trading.risk.cases import a_case, limits, market, walk
from trading.domain.order import OrderStatus
from trading.domain.risk import Cleared
from trading.risk.gate import explain, review
from trading.risk.limits import LIMITS
from trading.risk.portfolio import NEARLY, shortfall, value_at_risk

LOOK = market(BTC_USDT=walk(1), ETH_USDT=walk(2))
SHARES = st.sampled_from([0.05, 0.1, 0.25, 0.5, 1.0])
MONEY = st.decimals("0", "10000", places=2)
AMOUNTS = st.decimals("0.00001", "300", places=5)
SETTINGS = st.fixed_dictionaries(
    {
        "order_share": SHARES,
        "weekly_loss": SHARES,
        "symbol_exposure": SHARES,
        "sleeve_exposure": SHARES,
        "strategy_exposure": SHARES,
        "gross_exposure": SHARES,
        "cluster_exposure": SHARES,
        "cluster_correlation": st.sampled_from([0.0, 0.05, 0.9]),
        "liquidity": SHARES,
        "positions": st.integers(0, 4),
        "value_at_risk": st.sampled_from([0.005, 0.02, 0.1]),
        "shortfall": st.sampled_from([0.01, 0.03, 0.2]),
        "capital_share": SHARES,
    }
)
BOOKS = st.builds(
    lambda cash, btc, eth, out, filled, status: {
        "account": an_account(
            cash=cash,
            positions=tuple(
                a_position(sleeve=sleeve, symbol=symbol, quantity=held)
                for sleeve, symbol, held in (("rsi", "BTC/USDT", btc), ("ema_cross", "ETH/USDT", eth))
                if held
            ),
            prices={"BTC/USDT": Decimal(100), "ETH/USDT": Decimal(50)},
        ),
        "live": (
            an_order(
                an_intent(client_id="x", sleeve="rsi", amount=out), status=status, filled=out * filled / 4
            ),
        ),
        "market": LOOK,
        "strategies": {"rsi": "trend", "ema_cross": "trend"},
    },
    MONEY,
    st.decimals("0", "100", places=3),
    st.decimals("0", "100", places=3),
    st.decimals("0.001", "50", places=3),
    st.integers(0, 3),
    st.sampled_from([s for s in OrderStatus if s.is_live]),
)


@given(book=BOOKS, held=SETTINGS, amount=AMOUNTS)
def test_what_is_let_pass_keeps_every_limit(book, held, amount):
    case = a_case(limits(**held), an_intent(amount=amount), **book)

    answer = review(case)

    if isinstance(answer, Cleared):
        done = replace(case, intent=answer.intent)
        assert answer.intent.amount <= amount
        assert [r for r in explain(done) if not r.passed] == []
        at_work = sum(case.exposures.values()) + answer.intent.amount * 100
        assert at_work <= min(held["gross_exposure"], held["capital_share"]) * float(case.equity) * (
            1 + 1e-12
        )


@given(book=BOOKS, held=SETTINGS, amount=AMOUNTS, name=st.sampled_from(sorted(LIMITS)), share=st.floats(0, 1))
def test_a_stricter_limit_never_allows_more(book, held, amount, name, share):
    limit, loose = LIMITS[name], limits(**held)
    if name == "cluster_correlation":
        return  # who belongs together is no measure of how much
    value = getattr(loose, name)
    stricter = value + share * 100 if limit.more_is_stricter else min(value, limit.high) * share
    case = a_case(loose, an_intent(amount=amount), **book)

    allowed = [review(one) for one in (case, replace(case, limits=replace(loose, **{name: stricter})))]

    amounts = [a.intent.amount if isinstance(a, Cleared) else Decimal(0) for a in allowed]
    assert amounts[1] <= amounts[0]


@given(book=BOOKS, held=SETTINGS, amount=AMOUNTS)
def test_an_order_whose_fate_is_unknown_never_gives_room(book, held, amount):
    """With it or without it: what is uncertain only ever takes away."""
    intent = an_intent(amount=amount)

    with_it = review(a_case(limits(**held), intent, **book))
    without = review(a_case(limits(**held), intent, **book | {"live": ()}))

    amounts = [a.intent.amount if isinstance(a, Cleared) else Decimal(0) for a in (with_it, without)]
    assert amounts[0] <= amounts[1]


@given(values=st.dictionaries(st.sampled_from(["BTC/USDT", "ETH/USDT"]), st.floats(0.01, 1e6), min_size=1))
def test_the_quick_bound_is_never_below_the_exact_figure(values):
    look = market(BTC_USDT=walk(1), ETH_USDT=walk(2))

    most, day = look.at_most(values), look.tail(values)

    assert max(day.value_at_risk, day.shortfall) <= most * (1 + 1e-9)


NAMES = ("BTC/USDT", "ETH/USDT", "SOL/USDT")
# A market that stands still but for a few hours, in which the same moves come again and again.
STILL = st.dictionaries(st.integers(0, 59), st.sampled_from([-0.5, -0.5, -0.2, -0.01, 0.01]), max_size=12)


def still_but_for(moves):
    steps = [1 + moves.get(hour, 0.0) for hour in range(60)]
    return list(100 * np.cumprod([1.0, *steps]))


@settings(deadline=None)
@given(
    moves=st.tuples(STILL, STILL, STILL),
    held=st.tuples(st.integers(0, 60), st.integers(0, 60)),
    amount=st.integers(1, 50),
    share=st.floats(0.5, 1.0),
    name=st.sampled_from(["value_at_risk", "shortfall"]),
)
@example(
    moves=({5: -0.5, 9: -0.5}, {20: -0.5, 33: -0.5}, {}),  # two crashes each, never in the same hour
    held=(20, 0),
    amount=20,
    share=1.0,
    name="shortfall",
)
def test_what_is_quickly_let_pass_is_let_pass_by_the_whole_rule(moves, held, amount, share, name):
    """The limit lies just where the quick answer turns: even there it must not be kinder than the rule."""
    closes = {n.replace("/", "_"): still_but_for(m) for n, m in zip(NAMES, moves, strict=True)}
    positions = tuple(
        a_position(sleeve="rsi", symbol=symbol, quantity=Decimal(quantity))
        for symbol, quantity in zip(NAMES[1:], held, strict=True)
        if quantity
    )
    account = an_account(cash=Decimal(10_000), positions=positions, prices=dict.fromkeys(NAMES, Decimal(100)))
    free = a_case(limits(), an_intent(amount=Decimal(amount)), account=account, market=market(**closes))
    edge = free.worst_day / float(free.equity) / NEARLY * (1 + 1e-12)
    rule = {"value_at_risk": value_at_risk, "shortfall": shortfall}[name]

    judged = [replace(free, limits=limits(**{name: limit})) for limit in (edge, edge * share)]

    assert rule.surely(judged[0])
    assert all(rule.holds(rule.measure(case)) for case in judged if rule.surely(case))


@settings(max_examples=30, deadline=None)
@given(
    wishes=st.dictionaries(
        st.integers(1, 40), st.sampled_from([0.0, 0.3, 0.6, 1.0]), min_size=1, max_size=12
    ),
    swings=st.lists(st.sampled_from([0.9, 0.97, 1.0, 1.02, 1.1]), min_size=40, max_size=40),
    order_share=SHARES,
    symbol=SHARES,
    gross=SHARES,
)
def test_through_any_market_no_entry_ever_breaks_a_limit(wishes, swings, order_share, symbol, gross):
    """Prices may carry a position beyond a limit; what is bought never does."""
    held = limits(order_share=order_share, symbol_exposure=symbol, gross_exposure=gross)
    story = Story(Script(BTC_USDT=wishes), limits=held, share=1.0, fee="0")
    price, asked = 100.0, {}

    for number, swing in enumerate(swings):
        story.close(number, {"BTC/USDT": (price, price * swing)})
        price *= swing
        asked |= {case.intent.client_id: (case, answer) for case, answer in story.desk.risk.asked.values()}

    for case, answer in asked.values():
        if isinstance(answer, Cleared) and not answer.intent.reduce_only:
            worth = answer.intent.amount * answer.intent.price_at_decision
            before = sum(case.exposures.values(), Decimal(0))
            assert worth <= case.equity * Decimal(str(order_share))
            assert before + worth <= case.equity * Decimal(str(min(symbol, gross)))
