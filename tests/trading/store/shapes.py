"""Any value of the domain, as hypothesis makes them up."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from trading.domain.account import Position
from trading.domain.events import (
    FeedLost,
    FeedRestored,
    OrderRefused,
    SignalChanged,
    TradingHalted,
    TradingResumed,
    WentFlat,
)
from trading.domain.market import Candle, Timeframe
from trading.domain.order import Fill, Order, OrderIntent, OrderKind, OrderStatus, Reason, Side
from trading.domain.report import CashFlow, EquityPoint
from trading.domain.risk import Halt, HaltKind, RiskDecision, Verdict
from trading.domain.signal import Signal

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
amounts = st.decimals(-(10**20), 10**20, allow_nan=False) | st.sampled_from(
    [
        Decimal(text)
        for text in ("0", "-0", "1E+3", "1.500", "1E-18", "0.3333333333333333333333333333", "1E-40")
    ]
)
zones = st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-3, minutes=-30))])
times = st.datetimes(datetime(1971, 1, 1), datetime(2190, 1, 1), timezones=zones)
numbers = st.floats(allow_nan=False, allow_infinity=False)


def made(of: type, **fields: Any) -> st.SearchStrategy[Any]:
    return st.builds(of, **fields)


signals = made(Signal, sleeve=texts, symbol=texts, exposure=numbers, at=times)
intents = made(
    OrderIntent,
    client_id=texts,
    sleeve=texts,
    symbol=texts,
    side=st.sampled_from(Side),
    kind=st.sampled_from(OrderKind),
    amount=amounts,
    limit_price=st.none() | amounts,
    reduce_only=st.booleans(),
    reason=st.sampled_from(Reason),
    price_at_decision=amounts,
    decided_at=times,
)
orders = made(
    Order,
    intent=intents,
    status=st.sampled_from(OrderStatus),
    filled=amounts,
    average_price=st.none() | amounts,
    fee=amounts,
    changed_at=times,
    exchange_id=st.none() | texts,
    note=texts,
)
fills = made(
    Fill,
    id=texts,
    client_id=texts,
    sleeve=texts,
    symbol=texts,
    side=st.sampled_from(Side),
    amount=amounts,
    price=amounts,
    fee=amounts,
    fee_currency=texts,
    at=times,
    reason=st.sampled_from(Reason),
)
positions = made(
    Position, sleeve=texts, symbol=texts, quantity=amounts, entry_price=amounts, opened_at=times, fees=amounts
)
points = made(EquityPoint, at=times, equity=numbers, flow=numbers)
flows = made(CashFlow, at=times, amount=amounts, note=texts)
halts = made(Halt, kind=st.sampled_from(HaltKind), reason=texts, by=texts, since=times)
decisions = made(
    RiskDecision,
    verdict=st.sampled_from(Verdict),
    intent=intents,
    rule=texts,
    limit=texts,
    observed=texts,
    reason=texts,
)
news = st.one_of(
    made(SignalChanged, at=times, signal=signals, before=numbers),
    made(OrderRefused, at=times, decision=decisions),
    made(TradingHalted, at=times, halt=halts),
    made(TradingResumed, at=times, kind=st.sampled_from(HaltKind), by=texts),
    made(WentFlat, at=times, reason=texts, equity=amounts),
    made(FeedLost, at=times, reason=texts),
    made(FeedRestored, at=times, missed=st.integers(0, 10**6)),
)
timeframes = st.sampled_from([Timeframe(60), Timeframe(900), Timeframe(86400)])


@st.composite
def candle_rows(draw: st.DrawFn) -> list[Candle]:
    """Candles of one market, in order, each once."""
    timeframe = draw(timeframes)
    opens = draw(st.lists(st.integers(0, 10**5), unique=True, max_size=8))
    return [
        Candle(
            symbol="BTC/USDT",
            timeframe=timeframe,
            opened_at=datetime.fromtimestamp(n * timeframe.seconds, UTC),
            **{name: draw(numbers) for name in ("open", "high", "low", "close", "volume")},
        )
        for n in sorted(opens)
    ]
