"""The terms of a backtest, from words: how orders fill, how much is bought, and what must be said about it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from pydantic import ValidationError

from trading.domain.errors import Refused
from trading.domain.market import Timeframe
from trading.domain.protection import NOTHING, Protection
from trading.domain.research import Terms
from trading.domain.sizing import KellySize, Size, Weighing
from trading.execution.filling import AT_ONCE, Filling
from trading.portfolio.kelly import FEWEST_TRADES
from trading.settings_protect import Protect, agree
from trading.settings_sizing import Sizing, Weights
from trading.settings_types import Section
from trading.settings_words import sentence
from trading.strategies.parameters import nearest

Said = TypeVar("Said", bound=Section)


def filling_of(terms: Terms, base: Timeframe) -> Filling:
    """How the simulation fills. Raises Refused where the terms contradict each other or are no numbers."""
    if terms.fill not in ("next-open", "close"):
        raise Refused(f"--fill is next-open or close; found '{terms.fill}'.")
    latency = _latency(terms.latency, base)
    if terms.fill == "close" and latency:
        raise Refused(
            "A latency has no meaning with --fill close: that fills at the very moment of the decision."
        )
    _share("--volume-share", terms.volume_share)
    _share("--all-in", terms.all_in)
    if terms.all_in is not None and terms.units is not None:
        raise Refused("Give --units or --all-in, not both.")
    for name, amount in (("--units", terms.units), ("--step", terms.step)):
        if amount is not None and (not amount.is_finite() or amount <= 0):
            raise Refused(f"{name} must be an amount above zero; found {amount}.")
    return Filling(
        at_close=terms.fill == "close",
        latency=latency,
        volume_share=terms.volume_share,
        all_in=terms.all_in,
    )


def protection_of(terms: Terms, own: Protection) -> Protection:
    """What a position is held with: its own protection, and over it what was asked for. Raises Refused."""
    said = _checked("--protect", Protect, terms.protect)
    protection = NOTHING if terms.bare else said.over(own)
    agree((said,), protection)
    return protection


def weighing_of(terms: Terms) -> Weighing | None:
    """`risk_parity,every=7` as a way of dividing money. Raises Refused."""
    if not terms.weights:
        return None
    method, *others = terms.weights.split(",")
    said = _checked("--weights", Weights, {"method": method.strip(), **_pairs("--weights", others)})
    return said.weighing


def size_of(terms: Terms) -> Size | None:
    """`atr=0.02,multiple=2` as a way of sizing: the first number is the one that matters most. Raises Refused."""
    if not terms.sizing:
        return None
    method, equals, first = terms.sizing.partition("=")
    main = {"volatility": "target", "atr": "risk", "kelly": "fraction"}.get(method.strip())
    if main is None or not equals:
        raise Refused(f"--sizing is volatility=0.4, atr=0.02 or kelly=0.25; found '{terms.sizing}'.")
    value, *others = first.split(",")
    values = {"method": method.strip(), main: value, **_pairs("--sizing", others)}
    return _checked("--sizing", Sizing, values).size


def _pairs(option: str, words: Sequence[str]) -> dict[str, str]:
    wrong = next((word for word in words if "=" not in word), None)
    if wrong is not None:
        raise Refused(f"{option} takes name=value after commas; found '{wrong}'.")
    return {name.strip(): value.strip() for name, _, value in (word.partition("=") for word in words)}


def _checked(option: str, section: type[Said], values: Mapping[str, str]) -> Said:
    known = section.model_fields
    for name in values:
        if name not in known:
            raise Refused(f"{option} knows no '{name}'; {nearest(name, known)}.")
    try:
        return section.model_validate(dict(values))
    except ValidationError as error:
        wrong = sentence(error.errors()[0], lambda keys: option, section)
    raise Refused(wrong)


def notes_of(terms: Terms, protections: Sequence[Protection], sizes: Sequence[Size | None]) -> Iterator[str]:
    """One sentence for each assumption, the usual ones included."""
    if terms.fill == "close":
        yield "Orders fill at the close they were decided on, a price nobody can trade at any more."
    else:
        yield "Orders fill at the next candle's open."
    if terms.latency.strip(" 0s"):
        yield f"Orders reach the exchange late: latency {terms.latency}."
    if terms.volume_share is not None:
        yield f"No fill takes more than {terms.volume_share:%} of a candle's volume."
    name, changed = terms.held_as, ", ".join(terms.by_hand)
    if changed:
        yield f"The limits of account {name} act; changed by hand: {changed}."
    elif name:
        yield f"The limits of account {name} act, as the settings say."
    on = [p for p in protections if p.on]
    if on:
        yield "Stops and targets fill inside the candle that touches them, at their level, or at its open beyond it."
    if any(p.both_touched == "take" for p in on):
        yield "When one candle touches a stop and a target, the target counts: the kinder of two guesses."
    elif on:
        yield "When one candle touches a stop and a target, the stop counts."
    for begin in dict.fromkeys(size.begin for size in sizes if isinstance(size, KellySize)):
        yield f"Sized by its record, a strategy uses {begin:.0%} of its part until {FEWEST_TRADES} trades are closed."


def _latency(text: str, base: Timeframe) -> timedelta:
    """`2` is two candles, `30s` half a minute."""
    if not text:
        return AT_ONCE
    match = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)(s?)", text.strip())
    if match is None or (not match[2] and "." in match[1]):
        raise Refused(f"--latency is a number of candles like 2, or seconds like 30s; found '{text}'.")
    return timedelta(seconds=float(match[1])) if match[2] else base.length * int(match[1])


def _share(name: str, share: Decimal | None) -> None:
    if share is not None and not Decimal(0) < share <= 1:
        raise Refused(f"{name} is a share above 0 and up to 1, for instance 0.1 for 10 %; found {share}.")
