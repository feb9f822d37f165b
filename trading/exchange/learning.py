"""Markets and their rules, loaded so that no venue can make a question of it that changes something."""

from trading.domain.errors import ExchangeSaidNo
from trading.exchange.connection import Connection
from trading.exchange.outgoing import NotWhatWasMeant
from trading.exchange.wire import Errand, trip


async def learn(reads: Connection, *methods: str) -> None:
    """Load the markets if they are not known, and ask what else the first order needs. Raises as `read` does."""
    if not (await reads.exchange()).markets:
        await learn_anew(reads)
    for method in methods:
        await _ask(reads, method)


async def learn_anew(reads: Connection) -> None:
    """Load the markets, known or not."""
    await _ask(reads, "load_markets", True)


async def _ask(reads: Connection, method: str, *words: bool) -> None:
    with trip(Errand.LEARN):
        try:
            await reads.read(method, *words)
        except NotWhatWasMeant as stopped:
            raise ExchangeSaidNo(f"Nothing was sent to {(await reads.exchange()).id}: {stopped}.") from None
