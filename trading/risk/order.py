"""Rules about a single order: its size and price, its cash, its double, and the pace of orders."""

from datetime import timedelta
from decimal import Decimal
from math import inf

from trading.domain.order import Side
from trading.domain.risk import per_cent
from trading.risk.rules import Case, Measure, Number, Rule, counted, exact, in_money, in_percent, of_equity

ZERO = Decimal(0)
NONE = Measure(0, 0)
ALIKE = Decimal("0.1")  # amounts that differ by less are the same order again


# --- doubles ----------------------------------------------------------------------------------------------


def _out(case: Case) -> Measure:
    return Measure(int((case.intent.sleeve, case.intent.symbol) in case.account.pending), 0)


def _out_words(case: Case, found: Measure) -> tuple[str, str]:
    return "none", "1 is out" if found.observed else "none is out"


no_double = Rule(
    name="R20 no-double",
    reason="an order for this symbol is still out",
    measure=_out,
    words=_out_words,
)


def _alike(case: Case) -> Measure | None:
    """How many orders like this one have left in the last seconds, filled or not."""
    seconds, intent = case.limits.similar_seconds, case.intent
    if seconds <= 0:
        return None
    if case.past is None:
        return Measure(None, 0)
    since = case.at - timedelta(seconds=seconds)
    same = [
        s
        for s in case.past.sent
        if s.at > since
        and (s.sleeve, s.symbol, s.side) == (intent.sleeve, intent.symbol, intent.side)
        and abs(s.amount - intent.amount) <= ALIKE * intent.amount
    ]
    return Measure(len(same), 0)


def _alike_words(case: Case, found: Measure) -> tuple[str, str]:
    observed = counted(case, found)[1]
    return f"none within {case.limits.similar_seconds:g} s", "none" if observed == "0" else observed


similar = Rule(
    name="R28 similar",
    reason="the same order has just left; this looks like a double",
    measure=_alike,
    words=_alike_words,
    setting="similar_seconds",
)


# --- size -------------------------------------------------------------------------------------------------


def _size(case: Case) -> Measure:
    limit = min(case.limits.order_share, case.own.order_share)
    return Measure(case.value if case.equity > 0 else None, exact(limit) * case.equity)


def _size_words(case: Case, found: Measure) -> tuple[str, str]:
    limit = min(case.limits.order_share, case.own.order_share)
    return per_cent(limit), of_equity(case, found)[1]


def _up_to_limit(case: Case, found: Measure) -> Decimal:
    return Decimal(found.limit) / case.intent.price_at_decision


order_share = Rule(
    name="R21 order-share",
    reason="the order is too large",
    measure=_size,
    words=_size_words,
    largest=_up_to_limit,
    setting="order_share",
)


def _needed(case: Case) -> Measure | None:
    """Entries are paid from free cash, fees included."""
    if case.intent.side is not Side.BUY:
        return None
    free = case.account.cash - case.account.committed
    return Measure(case.value * (1 + case.instrument.taker_fee), free)


def _affordable(case: Case, found: Measure) -> Decimal:
    return Decimal(found.limit) / (case.intent.price_at_decision * (1 + case.instrument.taker_fee))


cash = Rule(
    name="R22 cash",
    reason="not enough free cash",
    measure=_needed,
    words=in_money,
    largest=_affordable,
)


def _sold(case: Case) -> Measure | None:
    """On a spot account nothing is sold that is not held."""
    if case.intent.side is Side.BUY:
        return None
    key = (case.intent.sleeve, case.intent.symbol)
    held = sum((p.quantity for p in case.account.positions if (p.sleeve, p.symbol) == key), ZERO)
    return Measure(case.intent.amount, held)


def _sold_words(case: Case, found: Measure) -> tuple[str, str]:
    return f"{found.limit}", f"{found.observed}"


no_short = Rule(
    name="R23 no-short",
    reason="only what is held can be sold",
    measure=_sold,
    words=_sold_words,
)


# --- price and market -------------------------------------------------------------------------------------


def _off_market(case: Case) -> Measure | None:
    """How far the order's price lies from the newest one."""
    if case.limits.price_band == inf:
        return None
    price = case.intent.limit_price or case.intent.price_at_decision
    market = case.account.prices.get(case.intent.symbol)
    if market is None or not market.is_finite() or market <= 0 or not price.is_finite():
        return Measure(None, case.limits.price_band)
    return Measure(abs(price / market - 1), exact(case.limits.price_band))


price_band = Rule(
    name="R24 price-band",
    reason="the order's price is too far from the market's",
    measure=_off_market,
    words=in_percent,
    setting="price_band",
)


def _slips(case: Case) -> Measure | None:
    """What the order book says the order would cost; nothing where no book was asked for."""
    if case.limits.slippage >= 1 or case.depth is None:
        return None
    limit = exact(case.limits.slippage)
    return Measure(case.depth.slippage(case.intent.side, case.intent.amount), limit)


slippage = Rule(
    name="R25 slippage",
    reason="the order book is too thin for this order",
    measure=_slips,
    words=in_percent,
    setting="slippage",
)


def _traded(case: Case) -> float | None:
    """What is traded of the symbol in an hour, lately."""
    return None if case.market is None else case.market.hourly_turnover(case.intent.symbol)


def _part_of_trading(case: Case) -> Measure | None:
    if case.limits.liquidity == inf:
        return None
    traded = _traded(case)
    if traded is None:
        return Measure(None, case.limits.liquidity)
    return Measure(case.value, Decimal(repr(traded)) * exact(case.limits.liquidity))


def _part_words(case: Case, found: Measure) -> tuple[str, str]:
    limit = f"{per_cent(case.limits.liquidity)} of an hour"
    usual = _hour(found, case.limits.liquidity)
    if found.observed is None or not usual:
        return limit, "unknown"
    return limit, per_cent(float(found.observed) / usual)


def _hour(found: Measure, share: float) -> float:
    return float(found.limit) / share if share else 0.0


liquidity = Rule(
    name="R26 liquidity",
    reason="the order is too large for what is usually traded in an hour",
    measure=_part_of_trading,
    words=_part_words,
    largest=_up_to_limit,
    setting="liquidity",
)


def _quiet(case: Case) -> Measure | None:
    """How much of the least trading there is lacking."""
    least = case.limits.turnover
    if least <= 0:
        return None
    traded = _traded(case)
    return Measure(None if traded is None else least - traded * 24, 0.0)


def _quiet_words(case: Case, found: Measure) -> tuple[str, str]:
    least = case.limits.turnover
    return (
        f"{least:.0f} a day",
        "unknown" if found.observed is None else f"{least - float(found.observed):.0f}",
    )


turnover = Rule(
    name="R27 turnover",
    reason="too little of this symbol is traded",
    measure=_quiet,
    words=_quiet_words,
    setting="turnover",
)


def _wild(case: Case) -> Measure | None:
    if case.limits.volatility == inf:
        return None
    found: Number | None = None
    if case.market is not None:
        found = case.market.volatility(case.intent.symbol)
    return Measure(found, case.limits.volatility)


def _wild_words(case: Case, found: Measure) -> tuple[str, str]:
    limit, observed = in_percent(case, found)
    return f"{limit} a year", observed


volatility = Rule(
    name="R15 volatility",
    reason="the market is too wild",
    measure=_wild,
    words=_wild_words,
    setting="volatility",
)


# --- pace -------------------------------------------------------------------------------------------------


def _orders(case: Case) -> Measure | None:
    if case.limits.orders_per_hour == inf:
        return None
    return Measure(None if case.past is None else len(case.past.sent) + 1, case.limits.orders_per_hour)


order_rate = Rule(
    name="R29 order-rate",
    reason="too many orders within an hour",
    measure=_orders,
    words=counted,
    setting="orders_per_hour",
)


def _fees(case: Case) -> Measure | None:
    limit = case.limits.fees_per_hour
    if limit == inf:
        return None
    if case.past is None:
        return Measure(None, limit)
    paid = sum((s.fee for s in case.past.sent), case.value * case.instrument.taker_fee)
    return Measure(paid, exact(limit) * case.equity)


def _fee_words(case: Case, found: Measure) -> tuple[str, str]:
    observed = "unknown"
    if found.observed is not None and case.equity > 0:
        observed = per_cent(float(found.observed) / float(case.equity))
    return per_cent(case.limits.fees_per_hour), observed


fee_rate = Rule(
    name="R30 fee-rate",
    reason="too much was spent on fees within an hour",
    measure=_fees,
    words=_fee_words,
    setting="fees_per_hour",
)
