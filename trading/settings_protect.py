"""What protects positions: [protect] for the house, [accounts.NAME.protect] and [... .sleeves.NAME.protect] on top."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from trading.domain.errors import Refused
from trading.domain.protection import Protection, Tiers
from trading.settings_types import Number, Part, Section, Whole, of_hundred


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
            pairs.append((float(of_hundred(gain)), float(of_hundred(share))))
        except ValueError:
            raise ValueError(f"should be pairs of gain and share like {_LIKE}; found {word[:32]!r}") from None
    return tuple(pairs)


def _rising(tiers: Tiers) -> Tiers:
    before, whole = 0.0, 0.0
    for gain, share in tiers:
        if not before < gain < 100:
            raise ValueError(
                f"should have gains above 0 that rise, like {_LIKE}; found {gain:g} after {before:g}"
            )
        if not 0 < share < 1:
            raise ValueError(f"should have shares between 0 and 1, like {_LIKE}; found {share:g}")
        before, whole = gain, whole + share
    if whole > 1 + 1e-9:
        raise ValueError(f"should have shares that are 1 at most together, like {_LIKE}; found {whole:g}")
    return tiers


_LIKE = "0.03:0.5 0.06:0.25"

Off = BeforeValidator(_filled)
Below = Annotated[Annotated[Part, Field(ge=0, lt=1)] | None, Off]
Above = Annotated[Annotated[Part, Field(ge=0, le=100)] | None, Off]
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


def agree(said: Sequence[Protect], protection: Protection) -> None:
    """Raises Refused when these words, all together, cannot be meant."""
    p = protection
    if not p.trail and any(one.trail_from for one in said) and all(one.trail is None for one in said):
        raise Refused(
            f"trail_from = {p.trail_from:g} belongs to a trail, and there is none; set trail, or leave it out."
        )
    if 0 < p.time_stop < p.min_hold:
        raise Refused(
            f"time_stop = {p.time_stop} would sell before min_hold = {p.min_hold} lets it; make it the longer one."
        )
