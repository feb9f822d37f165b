"""What an account has of symbols that its exchange does not trade any more: known, told, and in nobody's way."""

from collections.abc import Collection

from trading.build import Room
from trading.domain.market import Instrument
from trading.market.feed import Market, MayEnd
from trading.store.store import Store


async def had(store: Store, account: str) -> tuple[str, ...]:
    """The symbols that an account holds, or has orders out for, as of the disk."""
    held = [position.symbol for position in await store.positions(account)]
    out = [order.intent.symbol for order in await store.orders(account, live_only=True, limit=1000)]
    return tuple(dict.fromkeys((*held, *out)))


async def rules(market: Market, wanted: Collection[str], has: Collection[str]) -> dict[str, Instrument]:
    """Of all these symbols. Raises Refused for one that is wanted and cannot be traded, unless the account has it."""
    symbols, kept = tuple(dict.fromkeys((*wanted, *has))), set(has)
    if not isinstance(market, MayEnd):
        return await market.instruments(symbols)
    found = await market.instruments([symbol for symbol in symbols if symbol not in kept])
    found |= await market.held([symbol for symbol in symbols if symbol in kept])
    return {symbol: found[symbol] for symbol in symbols}


def untraded(market: Market, room: Room) -> tuple[str, ...]:
    """What the account has that is not traded now."""
    if not isinstance(market, MayEnd):
        return ()
    desk, ended = room.desk, market.untraded()
    has = {p.symbol for p in desk.book.positions.values()} | {o.intent.symbol for o in desk.orders.live}
    return tuple(sorted(has.intersection(ended)))


def gone(market: Market) -> frozenset[str]:
    """What its exchange cannot be asked about any more."""
    return frozenset(market.gone()) if isinstance(market, MayEnd) else frozenset()
