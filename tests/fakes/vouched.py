"""Strategies that are taken at their word: tests of other things need not examine them."""

from trading.service import Trading
from trading.store.changes import keep_vetted
from trading.vetting import print_of


async def vouch(trading: Trading, account: str, *, luck: str = "") -> None:
    """As if every strategy of this account had been found honest just now; `luck` speaks against their skill."""
    found = {
        sleeve.name: {
            "print": print_of(sleeve),
            "honest": True,
            "bias": "It does not look ahead: cut off at 9 candles it never said anything else.",
            "skill": not luck,
            "luck": luck,
            "at": trading.clock().isoformat(),
        }
        for sleeve in trading.room(account).desk.sleeves.values()
    }
    await keep_vetted(trading.store, account, found)
