"""Strategies are examined before real money follows them; what was found is remembered until one of them changes."""

import hashlib
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trading.core.sleeve import Sleeve
from trading.domain.errors import Refused
from trading.domain.honesty import Check, Honesty, Trial, Verdict
from trading.domain.jobs import Asker, Going
from trading.domain.ladder import Vetted
from trading.store.changes import keep_vetted, kept_vetted
from trading.store.store import Store

if TYPE_CHECKING:
    from trading.build import Room
    from trading.seating import Seats
    from trading.service import Trading

LOOK_BACK = timedelta(days=90)
FEWEST, MOST = 2_000, 8_000  # candles of each market


@dataclass(slots=True)
class Vetting:
    """Hung on Trading's ladder as `trading.ladder.vetting`."""

    house: "Trading"

    async def known(self, account: str) -> tuple[Vetted, ...] | None:
        """What was found of every strategy that is on; None where one of them is new or has changed since."""
        found = [await vetted(self.house.store, account, sleeve) for sleeve in self._at_work(account)]
        known = tuple(one for one in found if one is not None)
        return known if len(known) == len(found) else None

    async def before(
        self, account: str, sleeve: str, words: Mapping[str, str] | None, asker: Asker | None = None
    ) -> AsyncIterator[Going | Vetted]:
        """What has to be known before real money follows a strategy that is switched on, or set to these words:
        progress while it is examined, then what was found. Nothing where no real money would follow it otherwise.

        Raises Refused where there are too few candles to tell, for one that cheats, and for what cannot be set.
        """
        house = self.house
        changed = (
            house.switched(account, sleeve, True) if words is None else house.tuned(account, sleeve, words)
        )
        if not follows_otherwise(house.seats, house.room(account), changed):
            return
        store = house.store
        if await vetted(store, account, changed) is None:
            async for told in house.lab.examine(self._trial(changed), account, asker):
                if isinstance(told, Honesty):
                    found = {changed.name: _kept(changed, _judged(changed, told, self.house.clock()))}
                    await keep_vetted(store, account, await kept_vetted(store, account) | found)
                else:
                    yield told
        yield await check_vetted(store, account, changed)

    async def look(
        self, account: str, asker: Asker | None = None
    ) -> AsyncIterator[Going | tuple[Vetted, ...]]:
        """Examine them all on the candles of the account's market: progress, then what was found of each.

        Raises Refused where there are too few candles to tell.
        """
        found, sleeves = [], self._at_work(account)
        for number, sleeve in enumerate(sleeves):
            async for told in self.house.lab.examine(self._trial(sleeve), account, asker):
                if isinstance(told, Honesty):
                    found.append((sleeve, _judged(sleeve, told, self.house.clock())))
                else:
                    yield replace(told, share=(number + told.share) / len(sleeves))
        kept = {sleeve.name: _kept(sleeve, one) for sleeve, one in found}
        await keep_vetted(self.house.store, account, kept)
        yield tuple(one for _, one in found)

    def _at_work(self, account: str) -> list[Sleeve]:
        return [sleeve for sleeve in self.house.room(account).desk.sleeves.values() if sleeve.enabled]

    def _trial(self, sleeve: Sleeve) -> Trial:
        length = sleeve.timeframe.length
        back = min(max(LOOK_BACK, FEWEST * length), MOST * length)
        values: dict[str, Any] = dict(sleeve.strategy.values(sleeve.params))
        return Trial(
            strategy=sleeve.strategy.name,
            params=values,
            symbols=sleeve.symbols,
            timeframe=str(sleeve.timeframe),
            start=self.house.clock() - back,
            checks=(Check.BIAS, Check.LUCK),
        )


async def vetted(store: Store, account: str, sleeve: Sleeve) -> Vetted | None:
    """What was found of a strategy as it is here; None where nobody has looked at it like this."""
    mine = (await kept_vetted(store, account)).get(sleeve.name)
    return _read(sleeve.name, mine) if mine is not None and mine["print"] == print_of(sleeve) else None


def follows_otherwise(seats: "Seats", room: "Room", changed: Sleeve) -> bool:
    """Whether real money would follow a strategy in another way than it does."""
    return changed.enabled and changed != room.desk.sleeves[changed.name] and seats.real(room)


async def check_vetted(store: Store, account: str, sleeve: Sleeve) -> Vetted:
    """Raise Refused for a strategy that real money must not follow as it is here."""
    found = await vetted(store, account, sleeve)
    if found is None:
        raise Refused(
            f"Real money follows a strategy only as it was checked, and {sleeve.name} was not checked like this; "
            "ask for it once more."
        )
    if not found.honest:
        raise Refused(
            f"No real money for {sleeve.name}: it would not trade live as on past candles. {found.bias}"
        )
    return found


def _judged(sleeve: Sleeve, found: Honesty, at: datetime) -> Vetted:
    bias = found.of(Check.BIAS)
    worst = next((verdict for verdict in bias if not verdict.passed), bias[0])
    luck = next((verdict for verdict in found.of(Check.LUCK) if verdict.name == "random_entries"), None)
    return Vetted(
        sleeve=sleeve.name,
        honest=all(verdict.passed for verdict in bias),
        bias=worst.sentence,
        skill=luck is not None and luck.passed,
        luck=_sentence(luck),
        at=at,
    )


def _sentence(verdict: Verdict | None) -> str:
    return verdict.sentence if verdict is not None else ""


def print_of(sleeve: Sleeve) -> str:
    """Changes with whatever could change what the strategy does: parameters, markets, its own code."""
    module = sys.modules.get(sleeve.strategy.exposure.__module__)
    file = Path(getattr(module, "__file__", None) or "")
    code = file.read_bytes() if file.is_file() else b""
    values = sorted(sleeve.strategy.values(sleeve.params).items())
    words = f"{sleeve.strategy.name} {values} {sleeve.symbols} {sleeve.timeframe}"
    return hashlib.sha256(words.encode() + code).hexdigest()[:32]


def _kept(sleeve: Sleeve, one: Vetted) -> dict[str, Any]:
    return {"print": print_of(sleeve), **_written(one)}


def _written(one: Vetted) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "sleeve"} | {
        "at": one.at.isoformat()
    }


def _read(sleeve: str, kept: dict[str, Any]) -> Vetted:
    plain = {name: value for name, value in kept.items() if name != "print"}
    return Vetted(sleeve=sleeve, **plain | {"at": datetime.fromisoformat(plain["at"])})
