"""From settings, and from what people changed since, to the limits an account is held to."""

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from trading.domain.account import Mode
from trading.domain.errors import SettingsError
from trading.domain.risk import Limits, SleeveLimits
from trading.modes import MODES, Stake
from trading.risk.limits import LIMITS, changed, looser_than
from trading.settings import Settings, Sleeve
from trading.settings_risk import Risk


def limits_of(risk: Risk) -> Limits:
    """A table of limits as the rules read it."""
    return Limits(**risk.model_dump())


def limits_for(settings: Settings, account: str, overrides: Mapping[str, float] | None = None) -> Limits:
    """What this account is held to: the house's limits, its own, and what people changed since.

    Raises SettingsError when the account's own are looser than the house's. What was changed at run time and has
    become looser than the settings since is left out: the settings win.
    """
    mine, house = settings.accounts[account], limits_of(settings.risk)
    own = {name: getattr(mine.risk, name) for name in mine.risk.model_fields_set}
    limits = limits_of(settings.risk.model_copy(update=own))
    wrong = looser_than(limits, house)
    if wrong is not None:
        found, most = getattr(limits, wrong.name), getattr(house, wrong.name)
        raise SettingsError(
            f"{settings.where(('accounts', account, 'risk', wrong.name))}: '{wrong.name}' of account {account} is "
            f"{found:g}, looser than the house's {most:g} in [risk]; make it as strict, or loosen [risk]."
        )
    kept = {n: v for n, v in (overrides or {}).items() if n in LIMITS and not _looser(n, v, limits)}
    sleeves = {name: _of_sleeve(sleeve) for name, sleeve in mine.sleeves.items()}
    capital = settings.canary.capital_share if is_capped(mine.trading_mode) else inf
    return replace(changed(limits, kept), sleeves=sleeves, capital_share=capital)


def halved(limits: Limits) -> Limits:
    """The same for a key that others could use, too: half of what may be at work."""
    return replace(limits, capital_share=min(limits.capital_share, 1.0) / 2)


def is_capped(mode: Mode) -> bool:
    """Whether accounts of this mode put only a part of their money to work."""
    return mode in MODES and MODES[mode].stake is Stake.CAPPED


def _of_sleeve(sleeve: Sleeve) -> SleeveLimits:
    own = sleeve.limits
    return SleeveLimits(order_share=own.order_share, exposure=own.exposure, losses=own.losses)


def _looser(name: str, value: float, house: Limits) -> bool:
    return LIMITS[name].looser(value, getattr(house, name))
