"""Small searches over candles made here."""

from pathlib import Path
from typing import Any

from tests.builders import walk
from trading.domain.market import Timeframe
from trading.domain.research import Question
from trading.domain.search import SearchProgress, SearchQuestion, SearchResult
from trading.lab.search import Search, checked
from trading.lab.studies import Studies
from trading.market.archive import Recorded

HOUR = Timeframe(3600)


def candles(bars: int = 3000, seed: int = 7, symbol: str = "BTC/USDT") -> Recorded:
    frame = walk(bars, seed, swing=0.008)
    frame.index = frame.index.as_unit("s").tz_localize("UTC") if frame.index.tz is None else frame.index
    return Recorded(symbol=symbol, timeframe=HOUR, frame=frame, gaps=(), source=Path("made here"))


def a_search(
    params: dict[str, str] | None = None, strategy: str = "ema_cross", **changes: Any
) -> SearchQuestion:
    """Twelve pairs of averages, anywhere, for the best Sharpe ratio."""
    fields: dict[str, Any] = {
        "question": Question(
            strategy=strategy, params=params or {"fast": "3..20", "slow": "25..60", "hold": "300"}
        ),
        "method": "random",
        "trials": 12,
        "objectives": ("sharpe",),
        "min_trades": 1,
        "max_drawdown": None,
        "study": "first",
        "join": False,
    }
    return SearchQuestion(**fields | changes)


def found(
    asked: SearchQuestion, url: str, recorded: tuple[Recorded, ...] = (), **changes: Any
) -> SearchResult:
    """The search, done here and now."""
    studies = Studies(url)
    try:
        how = {"note": quiet, "processes": 1} | changes
        return Search(checked(asked), recorded or (candles(),), studies, **how).run()
    finally:
        studies.close()


def quiet(_: SearchProgress) -> None:
    """Nobody watches."""
