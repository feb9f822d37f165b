"""How good a try was: the figures of analysis.metrics, straight from arrays, and what a search makes of them."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trading.core.frames import Floats
from trading.domain.errors import Refused
from trading.domain.search import Figures
from trading.lab.compiled import Market, Run
from trading.strategies.parameters import nearest

OBJECTIVES = ("sharpe", "sortino", "calmar", "return_drawdown", "win_rate")
FIGURES = (*OBJECTIVES, "total_return", "cagr", "volatility", "max_drawdown", "profit_factor", "trades")
_DAY = 86400
_YEAR = 365.0
_NOTHING = 1e-12  # as in analysis.metrics


@dataclass(frozen=True, slots=True)
class Days:
    """Which candles of a market end a UTC day, and how many days there are; the same for every try."""

    rows: Any
    days: float

    @classmethod
    def of(cls, market: Market) -> "Days":
        first, last = int(market.closed[0]), int(market.closed[-1])
        inside = np.arange(first // _DAY + 1, -(-last // _DAY)) * _DAY
        rows = np.searchsorted(market.closed, np.concatenate(([first], inside, [last])), "right") - 1
        rows[0] = 0
        return cls(rows, (last - first) / _DAY)


def figures(run: Run, market: Market, days: Days) -> dict[str, float | None]:
    """What analysis.metrics would say of this run, of the numbers a search can want."""
    equity = run.equity(market)
    growth = equity / run.initial
    ends = np.concatenate(([1.0], growth[days.rows[1:]]))  # what the very first fill cost counts, too
    found = _of_days(np.diff(ends) / ends[:-1])
    fall = 1.0 - growth / np.maximum(np.maximum.accumulate(growth), 1.0)
    deepest = float(fall.max())
    deepest = deepest if deepest > _NOTHING else 0.0
    total = float(growth[-1]) - 1
    cagr = (1 + total) ** (_YEAR / days.days) - 1 if days.days >= 1 and total > -1 else None
    found |= {
        "total_return": total,
        "cagr": cagr,
        "max_drawdown": deepest,
        "calmar": cagr / deepest if cagr is not None and deepest else None,
    }
    return with_ratio(found | _of_trades(run))


def with_ratio(found: Figures) -> dict[str, float | None]:
    """The same figures, return over drawdown added."""
    total, deepest = found.get("total_return"), found.get("max_drawdown")
    return {**found, "return_drawdown": total / deepest if total is not None and deepest else None}


def _of_days(changes: Floats) -> dict[str, float | None]:
    if len(changes) < 2:
        return {"sharpe": None, "sortino": None, "volatility": None}
    mean, spread = float(changes.mean()), float(changes.std(ddof=1))
    below = math.sqrt(float(np.square(np.minimum(changes, 0.0)).mean()))
    return {
        "sharpe": mean / spread * math.sqrt(_YEAR) if spread >= _NOTHING else None,
        "sortino": mean / below * math.sqrt(_YEAR) if below >= _NOTHING else None,
        "volatility": spread * math.sqrt(_YEAR),
    }


def _of_trades(run: Run) -> dict[str, float | None]:
    """From flat to flat, as analysis.trades counts: what cash has gained between two moments without a position."""
    flat = np.rint(run.held * 1e8) == 0
    profits = np.diff(run.cash[flat], prepend=run.initial)
    won, lost = float(profits[profits > 0].sum()), -float(profits[profits < 0].sum())
    return {
        "trades": float(len(profits)),
        "win_rate": float((profits > 0).mean()) if len(profits) else None,
        "profit_factor": won / lost if lost > 0 else None,
    }


# --- what more of is better -----------------------------------------------------------------------------------

_SIGNS: Mapping[type[Any], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def check(objective: str) -> None:
    """Raise Refused when this is no name of a figure and no sum made of them."""
    try:
        tree = ast.parse(objective, mode="eval").body
    except (SyntaxError, ValueError):
        raise Refused(
            f"'{objective}' cannot be maximised; name {', '.join(OBJECTIVES)}, or write a sum of them."
        ) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in FIGURES:
            raise Refused(f"There is no figure '{node.id}' to search for; {nearest(node.id, FIGURES)}.")
        number = isinstance(node, ast.Constant) and type(node.value) in (int, float)
        plain = isinstance(node, ast.Name | ast.BinOp | ast.UnaryOp | ast.Load) or type(node) in _SIGNS
        if not (number or plain):
            raise Refused(
                f"'{objective}' cannot be maximised; only + - * / and numbers may stand between figures."
            )


def value_of(objective: str, found: Figures) -> float | None:
    """The number a search wants more of; None where it cannot be measured."""
    if objective in found:
        return found[objective]
    try:
        value = _work_out(ast.parse(objective, mode="eval").body, found)
    except (TypeError, ZeroDivisionError, OverflowError):  # a figure was not measured, or is nothing
        return None
    return value if math.isfinite(value) else None


def _work_out(node: ast.expr, found: Figures) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return operator.pos(found.get(name))  # type: ignore[arg-type]  # None is a TypeError: not measured
        case ast.UnaryOp(op=sign, operand=inner):
            return _SIGNS[type(sign)](_work_out(inner, found))
        case ast.BinOp(left=left, op=sign, right=right):
            return _SIGNS[type(sign)](_work_out(left, found), _work_out(right, found))
    raise TypeError(node)
