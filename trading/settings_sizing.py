"""How a sleeve's budget is divided and sized: [accounts.NAME.sleeves.NAME.weights] and [... .sizing]."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from trading.domain.sizing import AtrSize, KellySize, Size, VolatilitySize, Weighing
from trading.settings_types import Part, Section, Share

Days = Annotated[float, Field(gt=0, le=365)]


class Weights(Section):
    """How the sleeve's budget is divided among its markets."""

    method: Literal["even", "equal", "inverse_volatility", "risk_parity", "minimum_variance"] = "even"
    days: Days = 30.0  # the returns it looks at
    every: Days = 1.0  # how often positions are compared with their weights
    band: Share = 0.01  # a market is traded when it is off by more than this share of the budget

    @property
    def weighing(self) -> Weighing | None:
        """None for `even`: equal parts that are never rebalanced."""
        if self.method == "even":
            return None
        return Weighing(method=self.method, days=self.days, every=self.every, band=self.band)


_HOMES = {
    "target": "volatility",
    "days": "volatility",
    "risk": "atr",
    "multiple": "atr",
    "fraction": "kelly",
    "begin": "kelly",
}


class Sizing(Section):
    """How much of its part of the budget a market may use."""

    method: Literal["full", "volatility", "atr", "kelly"] = "full"
    target: Annotated[Part, Field(gt=0, le=10)] = 0.4  # volatility: the yearly volatility aimed at
    days: Days = 20.0  # volatility: measured over these
    risk: Annotated[Part, Field(gt=0, le=1)] = 0.02  # atr: the share of the part lost at the stop's distance
    multiple: Annotated[float, Field(gt=0, le=20)] = 3.0  # atr: that distance, in average true ranges
    fraction: Annotated[Part, Field(gt=0, le=1)] = 0.25  # kelly: the part of the full Kelly stake
    begin: Annotated[Part, Field(gt=0, le=1)] = 0.1  # kelly: what is used before there are 30 closed trades

    @field_validator(*_HOMES)
    @classmethod
    def _of_this_method(cls, value: float, info: ValidationInfo) -> float:
        """A word of another method would change nothing; said as it stands anyway it does no harm."""
        name, method = info.field_name or "", info.data.get("method", _HOMES[info.field_name or ""])
        if method != _HOMES[name] and value != cls.model_fields[name].default:
            raise ValueError(f'belongs to method = "{_HOMES[name]}" and changes nothing with "{method}"')
        return value

    @property
    def size(self) -> Size | None:
        match self.method:
            case "volatility":
                return VolatilitySize(target=self.target, days=self.days)
            case "atr":
                return AtrSize(risk=self.risk, multiple=self.multiple)
            case "kelly":
                return KellySize(fraction=self.fraction, begin=self.begin)
        return None
