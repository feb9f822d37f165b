"""The quick answer about an ordinary entry is the gate's own, or none at all."""

from collections import deque
from decimal import Decimal

from hypothesis import event, given
from hypothesis import strategies as st

from tests.builders import a_position, an_account, an_instrument, an_intent
from tests.trading.risk.cases import a_case, limits, market, past, sent, walk
from trading.domain.risk import Cleared
from trading.risk.gate import review
from trading.risk.surely import Before, Lately, Standing, cleared

CLOSES = {"BTC_USDT": walk(1), "ETH_USDT": walk(2)}
SHARES = st.sampled_from([0.05, 0.2, 0.5, 1.0])
SETTINGS = st.fixed_dictionaries(
    {"order_share": SHARES},
    optional={
        "symbol_exposure": SHARES,
        "gross_exposure": SHARES,
        "cluster_exposure": SHARES,
        "positions": st.integers(0, 3),
        "losses": st.integers(1, 4),
        "orders_per_hour": st.integers(1, 4),
        "fees_per_hour": st.sampled_from([0.0001, 0.01]),
        "similar_seconds": st.sampled_from([10.0, 600.0]),
        "price_band": st.just(0.05),
        "volatility": st.sampled_from([0.5, 4.0]),
        "turnover": st.sampled_from([1000.0, 1e9]),
        "liquidity": st.sampled_from([0.001, 0.1, 1.0]),
        "value_at_risk": st.sampled_from([0.01, 0.1, 0.5]),
        "shortfall": st.sampled_from([0.02, 0.15, 0.5]),
    },
)
NOTHING = Before(sent=(), losses=0, lately=None, bad_day=0.0)
RICH = Standing(equity=Decimal(10_000), cash=Decimal(10_000), at_work=0.0, positions=1, before=NOTHING)


@given(
    held=SETTINGS,
    amount=st.decimals("0.00001", "120", places=5),
    cash=st.decimals("10", "10000", places=2),
    other=st.decimals("0", "100", places=3),
    minutes=st.lists(st.floats(0.01, 59.9), max_size=4),
    losses=st.integers(0, 4),
)
def test_it_says_what_the_gate_says_or_nothing(held, amount, cash, other, minutes, losses):
    look, intent, instrument = market(**CLOSES), an_intent(amount=amount), an_instrument()
    position = (a_position(symbol="ETH/USDT", quantity=other),) if other else ()
    account = an_account(
        cash=cash, positions=position, prices={"BTC/USDT": Decimal(100), "ETH/USDT": Decimal(50)}
    )
    before = deque(sorted((sent(ago) for ago in minutes), key=lambda entry: entry.at))
    case = a_case(
        limits(**held), intent, account=account, market=look, past=past(sent=tuple(before), losses=losses)
    )
    own, worth = look.tail({"BTC/USDT": 1.0}), other * 50
    elsewhere = look.tail({"ETH/USDT": float(worth)})
    known = Standing(
        equity=account.equity,
        cash=cash,
        at_work=float(worth),
        positions=len(position) + 1,
        before=Before(
            sent=before,
            losses=losses,
            lately=Lately(look.volatility("BTC/USDT"), look.hourly_turnover("BTC/USDT"), own.shortfall),
            bad_day=elsewhere.shortfall,
        ),
    )

    quick, slow = cleared(intent, instrument, limits(**held), known), review(case)

    event("said" if quick else "nothing said")
    if quick is not None:
        assert slow == Cleared(quick)


def test_an_ordinary_entry_is_answered_and_a_large_one_cut():
    small, large = an_intent(amount=Decimal(1)), an_intent(amount=Decimal(99))

    answers = [cleared(asked, an_instrument(), limits(order_share=0.5), RICH) for asked in (small, large)]

    assert [answer.amount for answer in answers] == [1, 50]


def test_what_the_past_must_allow_is_left_to_the_gate_where_it_is_not_known():
    assert cleared(an_intent(), an_instrument(), limits(volatility=9.0), RICH) is None
