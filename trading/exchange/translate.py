"""ccxt's answers and errors in our words. Pure: no network, no clock, and ccxt itself is never imported."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, TypeGuard

from trading.domain.depth import Depth, Level
from trading.domain.errors import ExchangeSaidNo, Uncertain
from trading.domain.market import MOST_VOLUME, Candle, Instrument, Timeframe, is_price
from trading.exchange.quirks import Quirk

DECIMAL_PLACES, SIGNIFICANT_DIGITS, TICK_SIZE = 2, 3, 4  # ccxt's numbers for its ways of writing precision

_FINEST = Decimal("0.00000001")  # where an exchange names no step
_USUAL_FEE = Decimal("0.001")  # where ccxt knows no fee: nothing would flatter a paper account
_SPIKE = 10.0  # a candle this many times off that the next one takes back was never traded

# The first name that is among an error's classes decides; nearer classes stand before their parents.
_UNKNOWN = {
    "OnMaintenance": "{name} is down for maintenance.",
    "RequestTimeout": "{name} did not answer in time.",
    "TimeoutError": "{name} did not answer in time.",
    "InvalidNonce": "{name} says that our clock is off.",
    "ExchangeNotAvailable": "{name} is not available just now.",
    "ExchangeClosedByUser": "The connection to {name} was closed.",
    "BadResponse": "{name} sent an answer that makes no sense.",
    "NetworkError": "The connection to {name} broke.",
    "OperationFailed": "{name} could not do it just now.",
    "ClientError": "The connection to {name} broke.",
    "OSError": "The connection to {name} broke.",
    "UnsubscribeError": "{name} could not do it just now.",
}
_DEFINITE = {
    "PermissionDenied": "{name} does not allow this key to do that.",
    "AccountSuspended": "{name} has suspended the account.",
    "AuthenticationError": "{name} does not accept the key.",
    "BadSymbol": "{name} does not know this market.",
    "NotSupported": "{name} does not offer this.",
    "RestrictedLocation": "{name} does not serve this place.",
    "MarketClosed": "{name} says that the market is closed.",
    "InsufficientFunds": "{name} says that there is not enough money.",
    "OrderNotFound": "{name} knows no such order.",
    "InvalidOrder": "{name} does not take such an order.",
    "BadRequest": "{name} did not understand the request.",
    "ExchangeError": "{name} refused.",
}


class SlowDown(Uncertain):
    """Too many requests. `wait` is how many seconds the exchange wants to be left alone, where it said so."""

    def __init__(self, tell: str, wait: float | None) -> None:
        super().__init__(tell)
        self.wait = wait


def failure(error: BaseException, name: str, wait: float | None = None) -> ExchangeSaidNo | Uncertain:
    """What an error of ccxt means, in one sentence that never repeats payloads, keys or addresses."""
    kinds = _kinds(error)
    if kinds & {"RateLimitExceeded", "DDoSProtection"}:
        asked = f" for {wait:.0f} s" if wait else ""
        return SlowDown(f"{name} asks to be left alone{asked}: too many requests.", wait)
    if "ExchangeError" in kinds and error.__cause__ is not None and "ExchangeClosedByUser" not in kinds:
        kinds = _kinds(error.__cause__)  # ccxt files a transfer that broke off as a refusal
    for kind, tell in _UNKNOWN.items():
        if kind in kinds:
            return Uncertain(tell.format(name=name))
    for kind, tell in _DEFINITE.items():
        if kind in kinds:
            return ExchangeSaidNo(tell.format(name=name))
    return Uncertain(_UNKNOWN["BadResponse"].format(name=name))


def _kinds(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def wants_price(market: Mapping[str, Any], mode: int, quirk: Quirk) -> bool:
    """Whether the price step depends on how high the price is."""
    return mode == SIGNIFICANT_DIGITS or market["quote"] in quirk.ladders


def instrument(market: Mapping[str, Any], mode: int, quirk: Quirk, price: float | None) -> Instrument:
    """A ccxt market as an Instrument; `price` is the last one, for steps that depend on it."""
    precision, limits = market.get("precision") or {}, market.get("limits") or {}
    quote = str(market["quote"])
    last = _number(price)
    amount_mode = DECIMAL_PLACES if mode == SIGNIFICANT_DIGITS else mode
    amount_step = _step(precision.get("amount"), amount_mode, None)
    min_amount = _number((limits.get("amount") or {}).get("min")) or amount_step
    min_cost = _number((limits.get("cost") or {}).get("min")) or quirk.min_cost.get(quote, Decimal(0))
    most = [_number((limits.get(kind) or {}).get("max")) for kind in ("amount", "market")]
    ladder = quirk.ladders.get(quote, ())
    price_step = next((step for start, step in ladder if last is not None and last >= start), None)
    return Instrument(
        symbol=str(market["symbol"]),
        base=str(market["base"]),
        quote=quote,
        price_step=price_step or _step(precision.get("price"), mode, last),
        amount_step=amount_step,
        min_amount=max(min_amount, amount_step),
        min_cost=min_cost,
        maker_fee=_fee(market.get("maker")),
        taker_fee=_fee(market.get("taker")),
        max_amount=min((amount for amount in most if amount is not None), default=None),
        max_cost=_number((limits.get("cost") or {}).get("max")),
    )


def gone(symbol: str) -> Instrument:
    """What is sure of a market that is not listed any more: its coins, and the finest steps."""
    base, _, rest = symbol.partition("/")
    return Instrument(
        symbol=symbol,
        base=base,
        quote=rest.partition(":")[0],
        price_step=_FINEST,
        amount_step=_FINEST,
        min_amount=_FINEST,
        min_cost=Decimal(0),
        maker_fee=_USUAL_FEE,
        taker_fee=_USUAL_FEE,
    )


def candles(
    rows: Any, symbol: str, timeframe: Timeframe, name: str, level: float | None = None
) -> tuple[list[Candle], int]:
    """OHLCV rows as candles, in order and each once, and how many had to be thrown away.

    `level` is the close before the first row, where it is known.

    Thrown away is what cannot have been traded: a price that is missing, not above zero or beyond any market, a
    high below the low, a time off the grid, a leap that the next candle takes back. Raises Uncertain when
    what came are not candles at all.
    """
    if not isinstance(rows, list):
        raise Uncertain(_UNKNOWN["BadResponse"].format(name=name))
    shaped = [row for row in rows if _is_shaped(row, timeframe)]
    if rows and not shaped:
        raise Uncertain(_UNKNOWN["BadResponse"].format(name=name))
    good = {row[0]: row for row in shaped if _is_possible(row)}
    ordered = [good[opened] for opened in sorted(good)]
    kept = _without_spikes(ordered, level)
    impossible = len(rows) - sum(1 for row in shaped if row[0] in good)
    return [_candle(row, symbol, timeframe) for row in kept], impossible + len(ordered) - len(kept)


def last_price(ticker: Any) -> float | None:
    """The last traded price of a ccxt ticker, or None where it has none that is possible."""
    if not isinstance(ticker, Mapping):
        return None
    prices = (ticker.get("last"), ticker.get("close"))
    return next((float(price) for price in prices if _is_price(price)), None)


def depth(book: Any, at: datetime, name: str) -> Depth:
    """A ccxt order book, read at `at`; raises Uncertain for one that cannot be: no lists, or sides that cross."""
    senseless = Uncertain(_UNKNOWN["BadResponse"].format(name=name))
    if not isinstance(book, Mapping):
        raise senseless
    bought, sold = book.get("bids"), book.get("asks")
    if not isinstance(bought, list) or not isinstance(sold, list):
        raise senseless
    bids, asks = sorted(_levels(bought), reverse=True), sorted(_levels(sold))
    if bids and asks and bids[0][0] > asks[0][0]:
        raise senseless
    return Depth(bids=tuple(bids), asks=tuple(asks), at=at)


def _levels(rows: list[Any]) -> list[Level]:
    """Offers with a price and an amount that can be."""
    shaped = (row for row in rows if isinstance(row, list | tuple) and len(row) >= 2)
    return [
        (price, amount)
        for row in shaped
        if _is_price(row[0]) and _is_amount(row[1])
        for price, amount in [(Decimal(str(row[0])), Decimal(str(row[1])))]
    ]


def _candle(row: Any, symbol: str, timeframe: Timeframe) -> Candle:
    opened, open_, high, low, close, volume = row[:6]
    return Candle(
        symbol=symbol,
        timeframe=timeframe,
        opened_at=datetime.fromtimestamp(opened // 1000, UTC),
        open=float(open_),
        high=float(high),
        low=float(low),
        close=float(close),
        volume=float(volume or 0),
    )


def _is_shaped(row: Any, timeframe: Timeframe) -> bool:
    """Whether this is a row of six whose time is one at which a candle opens."""
    if not isinstance(row, list | tuple) or len(row) < 6:
        return False
    opened = row[0]
    if not isinstance(opened, int) or isinstance(opened, bool) or opened < 0:
        return False
    return timeframe.floor_seconds(opened // 1000) * 1000 == opened


def _is_price(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and is_price(value)


def _is_amount(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and 0 < value <= MOST_VOLUME


def _is_possible(row: Any) -> bool:
    open_, high, low, close, volume = row[1:6]
    if not all(_is_price(price) for price in (open_, high, low, close)):
        return False
    if volume not in (None, 0) and not _is_amount(volume):
        return False
    return bool(low <= min(open_, close) and max(open_, close) <= high)


def _without_spikes(rows: list[Any], level: float | None) -> list[Any]:
    """Rows without leaps. A newest one that leaps has to wait until the next confirms it or takes it back."""
    kept: list[Any] = []
    for i, row in enumerate(rows):
        after = rows[i + 1] if i + 1 < len(rows) else None
        if level is None or not _leaps(level, row) or (after is not None and _leaps(level, after)):
            kept.append(row)
            level = row[4]
    return kept


def _leaps(level: float, row: Any) -> bool:
    return bool(row[2] > level * _SPIKE or row[3] < level / _SPIKE)


def _number(value: Any) -> Decimal | None:
    """An exact number out of what ccxt parsed, or None where it is missing, not finite or not above zero."""
    if value is None or isinstance(value, bool):
        return None
    number = Decimal(str(value))
    return number if number.is_finite() and number > 0 else None


def _step(precision: Any, mode: int, price: Decimal | None) -> Decimal:
    if mode == TICK_SIZE:
        return _number(precision) or _FINEST
    if precision is None:
        return _FINEST
    digits = int(precision)
    if mode == DECIMAL_PLACES:
        return Decimal(1).scaleb(-digits)
    if price is None:
        return _FINEST
    return max(Decimal(1).scaleb(price.adjusted() - digits + 1), _FINEST)


def _fee(value: Any) -> Decimal:
    return _USUAL_FEE if value is None else Decimal(str(value))


def nearest(symbol: str, known: Iterable[str]) -> str | None:
    """The known symbol a person most likely meant: the same coin before a similar spelling."""
    wanted, names = symbol.strip().upper(), list(known)
    same_coin = [name for name in names if name.split("/")[0] == wanted.split("/")[0]]
    for pool, likeness in ((same_coin, 0.0), (names, 0.6)):
        if found := get_close_matches(wanted, pool, 1, cutoff=likeness):
            return found[0]
    return None
