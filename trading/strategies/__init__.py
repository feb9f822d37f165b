"""Every strategy of this folder: found by import, described, checked and evaluated through one shape.

A strategy is one file: a `Params` class and a function from candles to wanted exposure under `@strategy`.
Candles are a frame of the float columns open, high, low, close, volume; its index is the open times (UTC).
With `many=True` the function compares markets: it takes a frame for every symbol and answers for every symbol.
"""

import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass
from importlib import import_module
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from trading.domain.errors import Broken, Refused
from trading.domain.protection import NOTHING, Protection
from trading.strategies.parameters import ParamSpec, nearest, param, read_params, specs_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ParamSpec",
    "Strategy",
    "evaluate",
    "evaluate_together",
    "find",
    "param",
    "strategies",
    "strategy",
]

Exposure = Callable[["pd.DataFrame", Any], "pd.Series"]
Together = Callable[[Mapping[str, "pd.DataFrame"], Any], Mapping[str, "pd.Series"]]
Written = TypeVar("Written", bound=Callable[..., Any])
Warmup = Callable[[Any], int] | Callable[[Any, int], int]

OWN = "own_strategies."  # how modules of one's own strategies begin
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
    measure: bool = False  # what it gives is no exposure but a number in its own unit
    protection: Protection = NOTHING  # what it is held with unless somebody says otherwise
    together: Together | None = None  # of a strategy that compares markets; `exposure` is then for one alone

    @property
    def many(self) -> bool:
        """Whether it compares markets. Its exposures are then shares of the whole budget: all add up to 1 at most."""
        return self.together is not None

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


def strategy(
    name: str, *, warmup: Warmup, many: bool = False, protection: Protection = NOTHING
) -> Callable[[Written], Written]:
    """Register the function below under `name`; its first docstring line is what people read.

    `warmup` says how many bars it needs: `lambda p: ...`, or `lambda p, bar_seconds: ...` where a parameter
    is in days. With `many` the function takes a dict of frames by symbol and gives a dict of exposures.
    Raises Broken when the name is taken or the function is not fully described.
    """

    def register(function: Written) -> Written:
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
            exposure=_alone(function) if many else function,
            bars=_two_arguments(warmup),
            protection=protection,
            together=function if many else None,
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
    if _ready(strategy, params, candles) >= len(candles):
        return np.zeros(len(candles))
    with _blamed(strategy, len(candles)):
        wanted = np.array(strategy.exposure(candles, params), dtype=np.float64)
    return wanted if strategy.measure else _checked(strategy, params, wanted, candles)


def evaluate_together(
    strategy: Strategy, params: Any, candles: Mapping[str, "pd.DataFrame"]
) -> dict[str, npt.NDArray[np.float64]]:
    """As `evaluate`, for all markets at once: what a strategy that compares them needs; every other one may."""
    if strategy.together is None:
        return {symbol: evaluate(strategy, params, frame) for symbol, frame in candles.items()}
    some = {symbol: frame for symbol, frame in candles.items() if len(frame)}
    if not some:
        return {symbol: np.zeros(0) for symbol in candles}
    with _blamed(strategy, sum(map(len, some.values()))):
        answer = strategy.together(some, params)
        wanted = {symbol: np.array(answer[symbol], dtype=np.float64) for symbol in some}
    return {
        symbol: _checked(strategy, params, wanted[symbol], frame) if symbol in some else np.zeros(0)
        for symbol, frame in candles.items()
    }


@contextmanager
def _blamed(strategy: Strategy, bars: int) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        place = _place(strategy, error)
        if place:
            raise Broken(
                f"The strategy {strategy.name} failed on {bars:,} candles, in {place}: {error!r}."
            ) from error
        raise Broken(f"The strategy {strategy.name} failed on {bars:,} candles: {error!r}.") from error


def _place(strategy: Strategy, error: BaseException) -> str:
    """File and line where one of somebody's own failed; nothing for those of the house."""
    function = strategy.together or strategy.exposure
    if not function.__module__.startswith(OWN):
        return ""
    file = function.__code__.co_filename
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return f"{Path(file).name} line {lines[-1]}" if lines else Path(file).name


def _ready(strategy: Strategy, params: Any, candles: "pd.DataFrame") -> int:
    """The first candle at which it is warm."""
    from trading.indicators import bar_seconds

    return strategy.warmup(params, bar_seconds(candles)) - 1 if len(candles) else 0


def _checked(
    strategy: Strategy, params: Any, wanted: npt.NDArray[np.float64], candles: "pd.DataFrame"
) -> npt.NDArray[np.float64]:
    if wanted.shape != (len(candles),):
        raise Broken(
            f"The strategy {strategy.name} must give one column of values, one for each candle: "
            f"{len(candles):,} wanted, {wanted.size:,} found."
        )
    wanted[: _ready(strategy, params, candles)] = 0.0
    wrong = ~(np.abs(wanted) <= 1 + 1e-9)  # NaN compares false, so it is wrong too
    if wrong.any():
        at = int(wrong.argmax())
        raise Broken(
            f"The strategy {strategy.name} wants an exposure of {wanted[at]} at "
            f"{candles.index[at]:%Y-%m-%d %H:%M} UTC; it must be a number within -1 ... 1."
        )
    settled = np.round(wanted.clip(-1.0, 1.0), _DECIMALS) + 0.0  # + 0: never -0.0
    return np.asarray(settled, dtype=np.float64)


def _alone(together: Together) -> Exposure:
    """What a strategy that compares markets says of one without any other."""

    def exposure(candles: "pd.DataFrame", params: Any) -> "pd.Series":
        return together({"": candles}, params)[""]

    return exposure


def _params_class(name: str, function: Callable[..., Any]) -> type[Any]:
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
