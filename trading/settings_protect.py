"""What protects positions: [protect] for the house, [accounts.NAME.protect] and [... .sleeves.NAME.protect] on top."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from trading.domain.protection import Protection, Tiers
from trading.settings_types import Number, Section, Whole


def _filled(value: Any) -> Any:
    return None if value == "" else value


def _tiers(value: Any) -> Any:
    """`0.03:0.5 0.06:0.25` as pairs; whatever else was written is left to be refused."""
    if not isinstance(value, str):
        return value
    pairs = []
    for word in value.replace("+", " ").split():
        gain, _, share = word.partition(":")
        try:
            pairs.append((float(gain), float(share)))
        except ValueError:
            raise ValueError(_TIERS) from None
    return tuple(pairs)


def _rising(tiers: Tiers) -> Tiers:
    gains, shares = [gain for gain, _ in tiers], [share for _, share in tiers]
    if not all(0 < gain < 100 for gain in gains) or gains != sorted(set(gains)):
        raise ValueError(_TIERS)
    if not all(0 < share < 1 for share in shares) or sum(shares) > 1:
        raise ValueError(_TIERS)
    return tiers


_TIERS = "should be gains and shares like 0.03:0.5 0.06:0.25, gains rising, shares together 1 at most"

Off = BeforeValidator(_filled)
Below = Annotated[Annotated[Number, Field(ge=0, lt=1)] | None, Off]
Above = Annotated[Annotated[Number, Field(ge=0, le=100)] | None, Off]
Ranges = Annotated[Annotated[Number, Field(ge=0, le=100)] | None, Off]
Bars = Annotated[Annotated[Whole, Field(ge=0, le=100_000)] | None, Off]
Steps = Annotated[Annotated[Tiers, AfterValidator(_rising)] | None, BeforeValidator(_tiers), Off]


class Protect(Section):
    """What is said about protection at one place; what is left empty is taken from the place above it."""

    stop: Below = None
    atr_stop: Ranges = None
    take: Above = None
    tiers: Steps = None
    trail: Below = None
    trail_from: Above = None
    atr_trail: Ranges = None
    min_hold: Bars = None
    time_stop: Bars = None
    cool_down: Bars = None
    reenter: Annotated[bool | None, Off] = None
    both_touched: Annotated[Literal["stop", "take"] | None, Off] = None

    def over(self, protection: Protection) -> Protection:
        """These words on top of what holds otherwise."""
        return protection.with_(self.model_dump())
