"""What an API key may do, as its exchange tells it, and whether a desk may start with it."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from trading.domain.errors import ExchangeSaidNo, Refused, Uncertain

_FAR_OFF = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """What is known of a key; None where its exchange does not tell."""

    may_trade: bool | None = None
    may_withdraw: bool | None = None  # or send money out in any other way
    bound_to_ip: bool | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fitness:
    """Whether real money may be put behind a key: reasons against it, and what its owner should know."""

    key: KeyFacts
    against: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def capped(self) -> bool:
        """Whether the key is open to more than it should be, so that half of the money may be at work."""
        return self.key.bound_to_ip is False


Reader = Callable[[Any], KeyFacts]

# The question that a venue answers about the key which asks it.
QUESTIONS: dict[str, tuple[str, Reader]] = {
    "binance": ("sapi_get_account_apirestrictions", lambda raw: _binance(raw)),
    "okx": ("private_get_account_config", lambda raw: _okx(raw)),
    "bybit": ("private_get_v5_user_query_api", lambda raw: _bybit(raw)),
    "kraken": ("private_post_getapikeyinfo", lambda raw: _kraken(raw)),
    "coinbase": ("v3_private_get_brokerage_key_permissions", lambda raw: _coinbase(raw)),
    "upbit": ("private_get_api_keys", lambda raw: _listed(raw, bound_to_ip=True)),
    "bithumb": ("private_get_v1_api_keys", lambda raw: _listed(raw, bound_to_ip=None)),
}


def key_facts(exchange_id: str, raw: Any) -> KeyFacts:
    """A venue's answer about a key in our words; nothing is known of what it does not say."""
    _, read = QUESTIONS[exchange_id]
    try:
        return read(raw)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return KeyFacts()


def fitness(name: str, key: KeyFacts, now: datetime, offset: timedelta | None = None) -> Fitness:
    """What speaks against real money behind this key, one sentence each."""
    against: list[str] = []
    warnings: list[str] = []
    if key.may_withdraw:
        against.append(
            f"The key for {name} may move money out; make one that may only read and trade, and use that."
        )
    if key.may_trade is False:
        against.append(f"The key for {name} may not trade; allow spot trading for it there.")
    if offset is not None and abs(offset) > _FAR_OFF:
        against.append(
            f"This machine's clock is {abs(offset).total_seconds():.0f} s off {name}'s; set it by a time server."
        )
    if key.ends_at is not None and key.ends_at <= now:
        against.append(f"The key for {name} ended on {key.ends_at:%Y-%m-%d}; make a new one there.")
    if key.may_withdraw is None:
        warnings.append(
            f"{name} does not tell what the key may do; make sure that it may not move money out."
        )
    if key.bound_to_ip is False:
        warnings.append(
            f"The key for {name} works from any address; bind it to this machine's to trade at full size."
        )
    if key.ends_at is not None and now < key.ends_at <= now + timedelta(days=14):
        warnings.append(
            f"The key for {name} ends on {key.ends_at:%Y-%m-%d}; make a new one there before that."
        )
    return Fitness(key, tuple(against), tuple(warnings))


def unknown_markets(name: str, wanted: Collection[str], markets: Mapping[str, Any]) -> tuple[str, ...]:
    """One sentence for each symbol that this venue does not trade now."""
    return tuple(
        _untraded(name, symbol)
        for symbol in wanted
        if symbol not in markets or markets[symbol].get("active") is False or not markets[symbol].get("spot")
    )


def _untraded(name: str, symbol: str) -> str:
    return f"{name} does not trade {symbol}; take it out of this account's symbols."


def objection(name: str, error: Uncertain | ExchangeSaidNo | Refused) -> str:
    """Why a key could not even be asked about, in one sentence without a word of it."""
    if isinstance(error, ExchangeSaidNo):
        return f"{error.tell} Check the key, its secret and the addresses it may be used from at {name}."
    return error.tell


def _binance(raw: Any) -> KeyFacts:
    outward = ("enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer")
    ends = int(raw.get("tradingAuthorityExpirationTime") or 0)
    return KeyFacts(
        may_trade=bool(raw["enableSpotAndMarginTrading"]),
        may_withdraw=any(bool(raw.get(name)) for name in outward),
        bound_to_ip=bool(raw["ipRestrict"]),
        ends_at=datetime.fromtimestamp(ends / 1000, UTC) if ends else None,
    )


def _okx(raw: Any) -> KeyFacts:
    row = raw["data"][0]
    rights = {right.strip() for right in str(row["perm"]).split(",")}
    return KeyFacts(
        may_trade="trade" in rights, may_withdraw="withdraw" in rights, bound_to_ip=bool(row.get("ip"))
    )


def _bybit(raw: Any) -> KeyFacts:
    row = raw["result"]
    rights = {right for group in row["permissions"].values() for right in group or ()}
    outward = {"Withdraw", "AccountTransfer", "SubMemberTransfer", "SubMemberTransferList"}
    ends = str(row.get("expiredAt") or "")
    return KeyFacts(
        may_trade="SpotTrade" in rights and int(row["readOnly"]) == 0,
        may_withdraw=bool(rights & outward),
        bound_to_ip=bool(row.get("ips")) and row["ips"] != ["*"],
        ends_at=datetime.fromisoformat(ends) if ends and not ends.startswith("0") else None,
    )


def _kraken(raw: Any) -> KeyFacts:
    row = raw["result"]
    rights = " ".join(str(right).lower() for right in row["permissions"])
    ends = int(row.get("valid_until") or 0)
    return KeyFacts(
        may_trade=any(word in rights for word in ("modify", "create", "trade")),
        may_withdraw="withdraw" in rights,
        bound_to_ip=bool(row["ip_allowlist"]) if "ip_allowlist" in row else None,
        ends_at=datetime.fromtimestamp(ends, UTC) if ends else None,
    )


def _coinbase(raw: Any) -> KeyFacts:
    return KeyFacts(may_trade=bool(raw["can_trade"]), may_withdraw=bool(raw["can_transfer"]))


def _listed(raw: Any, *, bound_to_ip: bool | None) -> KeyFacts:
    """Upbit and Bithumb list an account's keys and when each ends; nothing of what they may do."""
    rows = json.loads(raw) if isinstance(raw, str) else raw
    ends = [datetime.fromisoformat(str(row["expire_at"])) for row in rows if row.get("expire_at")]
    return KeyFacts(bound_to_ip=bound_to_ip, ends_at=min(ends) if len(ends) == 1 else None)
