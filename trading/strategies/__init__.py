"""Every strategy of this folder: found by import, described, checked and evaluated through one shape.

A strategy is one file: a `Params` class and a function from candles to wanted exposure under `@strategy`.
Candles are a frame of the float columns open, high, low, close, volume; its index is the open times (UTC).
"""

import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, is_dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trading.domain.errors import Broken, Refused
from trading.strategies.parameters import ParamSpec, nearest, param, read_params, specs_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ParamSpec", "Strategy", "evaluate", "find", "param", "strategies", "strategy"]

Exposure = Callable[["pd.DataFrame", Any], "pd.Series"]
Warmup = Callable[[Any], int] | Callable[[Any, int], int]

_DECIMALS = 6  # exposures closer than this are the same wish
_registered: dict[str, "Strategy"] = {}
_discovered: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A named function from candles to wanted exposure (-1 ... 1), with typed parameters.

    It knows nothing but the candles it is shown: the last value over the last `warmup` bars is the value over
    the whole history, whatever came before.
    """

    name: str
    summary: str
    Params: type[Any]
    parameters: tuple[ParamSpec, ...]
    exposure: Exposure
    bars: Callable[[Any, int], int]

    def params(self, values: Mapping[str, Any] | None = None) -> Any:
        """Checked parameters from words, settings or numbers; raises Refused in one sentence."""
        return self.Params(**read_params(self.name, self.parameters, values or {}))

    def values(self, p: Any) -> dict[str, int | float | bool]:
        """The plain values of `p`; `params(values(p)) == p`."""
        return {spec.name: getattr(p, spec.name) for spec in self.parameters}

    def warmup(self, p: Any, bar_seconds: int) -> int:
        """How many bars of this length the newest exposure needs, its own bar included."""
        return self.bars(p, bar_seconds)

    def describe(self, p: Any) -> dict[str, Any]:
        """Name, meaning and every parameter with its value and range, as plain data for JSON."""
        return {
            "name": self.name,
            "summary": self.summary,
            "parameters": [
                {
                    "name": spec.name,
                    "type": spec.type.__name__,
                    "value": getattr(p, spec.name),
                    "default": spec.default,
                    "low": spec.low,
                    "high": spec.high,
                    "help": spec.help,
                }
                for spec in self.parameters
            ],
        }


def strategy(name: str, *, warmup: Warmup) -> Callable[[Exposure], Exposure]:
    """Register the function below under `name`; its first docstring line is what people read.

    `warmup` says how many bars it needs: `lambda p: ...`, or `lambda p, bar_seconds: ...` where a parameter
    is in days. Raises Broken when the name is taken or the function is not fully described.
    """

    def register(function: Exposure) -> Exposure:
        if name in _registered:
            raise Broken(f"Two strategies are called {name}.")
        summary = (inspect.getdoc(function) or "").partition("\n")[0]
        if not summary:
            raise Broken(f"The strategy {name} needs a docstring that says what it does.")
        kind = _params_class(name, function)
        _registered[name] = Strategy(
            name=name,
            summary=summary,
            Params=kind,
            parameters=specs_of(kind),
            exposure=function,
            bars=_two_arguments(warmup),
        )
        return function

    return register


def strategies() -> dict[str, Strategy]:
    """Every strategy by name, sorted. The first call imports the folder, and with it pandas."""
    if not _discovered:
        found = [module.name for module in pkgutil.iter_modules(__path__)]
        for module in found:
            import_module(f"{__name__}.{module}")
        _discovered.extend(found)
    return dict(sorted(_registered.items()))


def find(name: str) -> Strategy:
    """The strategy called `name`; raises Refused with the nearest name there is."""
    known = strategies()
    if name not in known:
        raise Refused(f"There is no strategy '{name}'; {nearest(name, known)}.")
    return known[name]


def evaluate(strategy: Strategy, params: Any, candles: "pd.DataFrame") -> npt.NDArray[np.float64]:
    """The wanted exposure at every candle: finite, within -1 ... 1, rounded to 1e-6, 0 until warmed up.

    Never changes `candles`. Raises Broken, naming the strategy, when it fails or its answer breaks the rules.
    """
    from trading.indicators import bar_seconds

    ready = strategy.warmup(params, bar_seconds(candles)) - 1 if len(candles) else 0
    if ready >= len(candles):
        return np.zeros(len(candles))
    try:
        wanted = np.array(strategy.exposure(candles, params), dtype=np.float64)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Broken(f"The strategy {strategy.name} failed on {len(candles)} candles: {error!r}.") from error
    if wanted.shape != (len(candles),):
        raise Broken(f"The strategy {strategy.name} gave {wanted.shape} values for {len(candles)} candles.")
    wanted[:ready] = 0.0
    wrong = ~(np.abs(wanted) <= 1 + 1e-9)  # NaN compares false, so it is wrong too
    if wrong.any():
        at = int(wrong.argmax())
        raise Broken(
            f"The strategy {strategy.name} wants an exposure of {wanted[at]} at {candles.index[at]}; "
            "it must be a number within -1 ... 1."
        )
    settled = np.round(wanted.clip(-1.0, 1.0), _DECIMALS) + 0.0  # + 0: never -0.0
    return np.asarray(settled, dtype=np.float64)


def _params_class(name: str, function: Exposure) -> type[Any]:
    arguments = [a.annotation for a in inspect.signature(function).parameters.values()]
    kind = arguments[1] if len(arguments) == 2 else None
    if isinstance(kind, str):
        kind = getattr(import_module(function.__module__), kind, None)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        raise Broken(f"The strategy {name} must be a function of candles and its own Params dataclass.")
    return kind


def _two_arguments(warmup: Warmup) -> Callable[[Any, int], int]:
    if len(inspect.signature(warmup).parameters) == 2:
        return warmup  # type: ignore[return-value]
    return lambda p, _: warmup(p)  # type: ignore[call-arg]
