"""Strategies are examined before real money follows them; what was found is remembered until one of them changes."""

import hashlib
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trading.core.sleeve import Sleeve
from trading.domain.honesty import Check, Honesty, Trial, Verdict
from trading.domain.jobs import Asker, Going
from trading.domain.ladder import Vetted
from trading.store.changes import keep_vetted, kept_vetted

if TYPE_CHECKING:
    from trading.service import Trading

LOOK_BACK = timedelta(days=90)
FEWEST, MOST = 2_000, 8_000  # candles of each market


@dataclass(slots=True)
class Vetting:
    """Hung on Trading's ladder as `trading.ladder.vetting`."""

    house: "Trading"

    async def known(self, account: str) -> tuple[Vetted, ...] | None:
        """What was found of every strategy that is on; None where one of them is new or has changed since."""
        kept = await kept_vetted(self.house.store, account)
        found = []
        for sleeve in self._at_work(account):
            mine = kept.get(sleeve.name)
            if mine is None or mine["print"] != print_of(sleeve):
                return None
            found.append(_read(sleeve.name, mine))
        return tuple(found)

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
                    found.append((print_of(sleeve), _judged(sleeve, told, self.house.clock())))
                else:
                    yield replace(told, share=(number + told.share) / len(sleeves))
        kept = {one.sleeve: {"print": mark, **_written(one)} for mark, one in found}
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


def _written(one: Vetted) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "sleeve"} | {
        "at": one.at.isoformat()
    }


def _read(sleeve: str, kept: dict[str, Any]) -> Vetted:
    plain = {name: value for name, value in kept.items() if name != "print"}
    return Vetted(sleeve=sleeve, **plain | {"at": datetime.fromisoformat(plain["at"])})
