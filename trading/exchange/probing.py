"""Before real money moves: is this the right key, the right clock, the right markets? Only questions are asked."""

from collections.abc import Collection, Mapping
from typing import Any

from trading.clock import Clock
from trading.domain.errors import ExchangeSaidNo, Refused, Uncertain
from trading.exchange.keys import (
    QUESTIONS,
    Fitness,
    KeyFacts,
    fitness,
    key_facts,
    objection,
    unknown_markets,
)
from trading.exchange.resilience import Patience
from trading.exchange.venue import CcxtVenue
from trading.exchange.wire import Errand, trip
from trading.execution.venue import Unreachable


async def probe(exchange_id: str, options: Mapping[str, Any], clock: Clock) -> KeyFacts:
    """What the key in these options may do. Raises ExchangeSaidNo for a key that is not accepted, or Uncertain."""
    venue = CcxtVenue(exchange_id, options, clock)
    try:
        return await ask_about_key(venue)
    finally:
        await venue.close()


async def inspect(
    exchange_id: str,
    options: Mapping[str, Any],
    symbols: Collection[str],
    clock: Clock,
    *,
    patience: Patience | None = None,
) -> Fitness:
    """Everything that speaks for or against real money in this account. Never raises for what may be answered."""
    if exchange_id == "simulated":
        reason = "The simulated exchange has no real money; give the account a real one, or the mode paper."
        return Fitness(KeyFacts(), (reason,), ())
    if not options.get("apiKey") and not options.get("secret"):
        reason = f"This account has no key for {exchange_id}."
        return Fitness(KeyFacts(), (reason,), ())
    try:
        venue = CcxtVenue(exchange_id, options, clock, patience=patience)
    except Refused as error:
        return Fitness(KeyFacts(), (error.tell,), ())
    try:
        offset = await venue.clock_offset()
        if wrong := fitness(exchange_id, KeyFacts(may_withdraw=False), clock(), offset).against:
            return Fitness(KeyFacts(), wrong, ())
        markets = await venue.markets()
        key = KeyFacts(may_withdraw=False) if options.get("sandbox") else await ask_about_key(venue)
        await venue.balances()
    except (Uncertain, ExchangeSaidNo) as error:
        return Fitness(KeyFacts(), (objection(exchange_id, error),), ())
    except Unreachable as error:
        return Fitness(KeyFacts(), (str(error),), ())
    finally:
        await venue.close()
    found = fitness(exchange_id, key, clock())
    missing = unknown_markets(exchange_id, symbols, markets)
    return Fitness(key, found.against + missing, found.warnings)


async def ask_about_key(venue: CcxtVenue) -> KeyFacts:
    """The venue's own words about the key, where it has any."""
    question = QUESTIONS.get(venue.profile.name)
    if question is None:
        return KeyFacts()
    with trip(Errand.READ):
        raw = await venue.reads.read(question[0])
    return key_facts(venue.profile.name, raw)
