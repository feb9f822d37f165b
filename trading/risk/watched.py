"""How far every limit is used as the account stands: where there are several figures, the one nearest the limit."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from math import inf, isfinite

from trading.domain.risk import Group, HaltKind, Limits, Watched
from trading.risk.limits import LIMITS, Limit
from trading.risk.rules import Case
from trading.risk.system import is_judged

Found = Mapping[str, float | None]  # what a limit looks at -> its figure; None: not known
Look = Callable[[Case, Collection[str], Mapping[str, int]], Found]

HALTS = {
    "daily_loss": HaltKind.DAILY_LOSS,
    "weekly_loss": HaltKind.WEEKLY_LOSS,
    "monthly_loss": HaltKind.MONTHLY_LOSS,
}
NEVER_AT_ALL = frozenset({"daily_loss", "weekly_loss", "monthly_loss", "drawdown", "slippage"})  # 100 %: off
ACT_WHEN_REACHED = frozenset({"daily_loss", "weekly_loss", "monthly_loss", "drawdown", "losses"})


def watched(case: Case, symbols: Collection[str], losses: Mapping[str, int]) -> tuple[Watched, ...]:
    """Every limit that is on, as the account stands (`case` is an order of nothing), in the order of the rules' table.

    `symbols` are the markets that are traded, `losses` how often each sleeve lost in a row.
    """
    return tuple(
        _watched(limit, case, symbols, losses) for limit in LIMITS.values() if is_on(limit, case.limits)
    )


def is_on(limit: Limit, limits: Limits) -> bool:
    """Whether this limit can ever act."""
    value = getattr(limits, limit.name)
    if limit.more_is_stricter:
        return bool(value > 0)
    return bool(value < (1.0 if limit.name in NEVER_AT_ALL else inf))


def beyond(
    name: str, case: Case, limits: Limits, symbols: Collection[str], losses: Mapping[str, int]
) -> Watched | None:
    """This limit, where the account is beyond it already under these limits; None where it keeps it."""
    limit = LIMITS["cluster_exposure" if name == "cluster_correlation" else name]
    if not is_on(limit, limits):
        return None
    found = _watched(limit, replace(case, limits=limits, halts=()), symbols, losses)
    return found if found.broken else None


def _watched(limit: Limit, case: Case, symbols: Collection[str], losses: Mapping[str, int]) -> Watched:
    group, look = LOOKS[limit.name]
    value = float(getattr(case.limits, limit.name))
    found: Found = {"": None} if look else {}
    if look is not None and is_judged(case.account):
        seen = look(case, symbols, losses)
        found = {
            what: figure if figure is not None and isfinite(figure) else None for what, figure in seen.items()
        }
    used = {what: _used(limit, value, figure) for what, figure in found.items()}
    worst = max(used, key=lambda what: used[what], default=None)
    observed = found[worst] if worst is not None else None
    closed = any(halt.kind is HALTS.get(limit.name) for halt in case.halts)
    return Watched(
        name=limit.name,
        rule=limit.rule,
        help=limit.help,
        group=group,
        limit=limit.show(value),
        observed="" if worst is None else "unknown" if observed is None else limit.show(observed),
        used=None if look is None else 1.0 if closed else used[worst] if worst is not None else 0.0,
        what=worst or "",
        broken=observed is not None and _is_broken(limit, value, observed),
    )


def _used(limit: Limit, value: float, figure: float | None) -> float:
    """What is not known is used up, and so is a limit of nothing."""
    if figure is None or value <= 0:
        return 1.0
    if limit.more_is_stricter:
        return min(value / figure, 1.0) if figure > 0 else 1.0
    return min(max(figure / value, 0.0), 1.0)


def _is_broken(limit: Limit, value: float, figure: float) -> bool:
    if limit.more_is_stricter:
        return figure < value
    return figure >= value > 0 if limit.name in ACT_WHEN_REACHED else figure > value


# --- what each limit looks at -------------------------------------------------------------------------------


def _lost(case: Case, start: Decimal | None) -> Found:
    if start is None or start <= 0:
        return {"": None}
    return {"": max(float(1 - case.equity / start), 0.0)}


def _shares(case: Case, values: Mapping[str, Decimal]) -> Found:
    if case.equity <= 0:
        return dict.fromkeys(values or ("",), None)
    return {what: float(value / case.equity) for what, value in values.items()} or {"": 0.0}


def _clusters(case: Case) -> Found:
    held, level = case.totals[0], case.limits.cluster_correlation
    if case.market is None:
        return {"": None} if held else {"": 0.0}
    groups: dict[str, Decimal] = {}
    for symbol in held:
        members = case.market.linked(symbol, tuple(held), level)
        if members is None:
            return {symbol: None}
        groups[" + ".join(m.partition("/")[0] for m in members)] = sum((held[m] for m in members), Decimal(0))
    return _shares(case, groups)


def _strategies(case: Case) -> Found:
    values: dict[str, Decimal] = {}
    for sleeve, value in case.totals[1].items():
        strategy = case.strategies.get(sleeve, sleeve)
        values[strategy] = values.get(strategy, Decimal(0)) + value
    return _shares(case, values)


def _bad_day(case: Case, figure: str) -> Found:
    day = case.bad_day
    if not case.totals[0]:
        return {"": 0.0}
    if day is None or case.equity <= 0:
        return {"": None}
    return {"": float(getattr(day, figure)) / float(case.equity)}


def _markets(case: Case, symbols: Collection[str], figure: str, times: float = 1.0) -> Found:
    found: dict[str, float | None] = {}
    for symbol in symbols:
        known = None if case.market is None else getattr(case.market, figure)(symbol)
        found[symbol] = None if known is None else known * times
    return found


def _sent(case: Case) -> Found:
    return {"": None if case.past is None else float(len(case.past.sent))}


def _fees(case: Case) -> Found:
    if case.past is None or case.equity <= 0:
        return {"": None}
    return {"": float(sum((sent.fee for sent in case.past.sent), Decimal(0)) / case.equity)}


LOOKS: dict[str, tuple[Group, Look | None]] = {
    "daily_loss": (Group.LOSSES, lambda case, s, n: _lost(case, case.account.day_start_equity)),
    "weekly_loss": (
        Group.LOSSES,
        lambda case, s, n: _lost(case, case.past.week_start_equity if case.past else None),
    ),
    "monthly_loss": (
        Group.LOSSES,
        lambda case, s, n: _lost(case, case.past.month_start_equity if case.past else None),
    ),
    "drawdown": (Group.LOSSES, lambda case, s, n: _lost(case, case.account.peak_equity)),
    "losses": (Group.LOSSES, lambda case, s, n: {sleeve: float(count) for sleeve, count in n.items()}),
    "symbol_exposure": (Group.AT_WORK, lambda case, s, n: _shares(case, case.totals[0])),
    "sleeve_exposure": (Group.AT_WORK, lambda case, s, n: _shares(case, case.totals[1])),
    "strategy_exposure": (Group.AT_WORK, lambda case, s, n: _strategies(case)),
    "gross_exposure": (Group.AT_WORK, lambda case, s, n: _shares(case, {"": case.totals[2]})),
    "positions": (Group.AT_WORK, lambda case, s, n: {"": float(len(case.exposures))}),
    "cluster_exposure": (Group.AT_WORK, lambda case, s, n: _clusters(case)),
    "value_at_risk": (Group.BAD_DAY, lambda case, s, n: _bad_day(case, "value_at_risk")),
    "shortfall": (Group.BAD_DAY, lambda case, s, n: _bad_day(case, "shortfall")),
    "orders_per_hour": (Group.PACE, lambda case, s, n: _sent(case)),
    "fees_per_hour": (Group.PACE, lambda case, s, n: _fees(case)),
    "volatility": (Group.MARKETS, lambda case, s, n: _markets(case, s, "volatility")),
    "turnover": (Group.MARKETS, lambda case, s, n: _markets(case, s, "hourly_turnover", 24.0)),
    # The rest is about each order alone.
    "order_share": (Group.ORDERS, None),
    "price_band": (Group.ORDERS, None),
    "slippage": (Group.ORDERS, None),
    "liquidity": (Group.ORDERS, None),
    "similar_seconds": (Group.ORDERS, None),
    "cluster_correlation": (Group.ORDERS, None),
}
