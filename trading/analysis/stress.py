"""What the present book would lose on days that happened, and on days somebody makes up.

The falls of the named days are from the highest to the lowest price within the stretch, on the largest market of
each coin (hourly candles of Binance; minute candles in August 2024; October 2025 as the press reported it, rounded).
A coin without a figure of its own falls like the worst of the others, the coins that died that day left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from trading.domain.portfolio import Hit, Outcome

DIED = frozenset({"LUNA", "UST"})
MONEY = frozenset({"USDT", "USDC", "USD", "KRW", "EUR", "FDUSD", "DAI"})  # what is counted in does not fall


@dataclass(frozen=True, slots=True)
class Scenario:
    """A day that happened: how far each coin fell, as a share of its price."""

    name: str
    when: str
    falls: Mapping[str, float]

    def fall(self, coin: str) -> float:
        """How far a coin fell, or as much as the worst of the others when it is not known."""
        if coin in MONEY and coin not in self.falls:
            return 0.0
        others = (fall for name, fall in self.falls.items() if name not in DIED)
        return self.falls.get(coin, max(others))


SCENARIOS = {
    s.name: s
    for s in (
        Scenario(
            "covid",
            "2020-03-11 – 2020-03-14",
            {"BTC": 0.53, "ETH": 0.58, "LTC": 0.53},
        ),
        Scenario(
            "may2021",
            "2021-05-18 – 2021-05-20",
            {"BTC": 0.35, "ETH": 0.47, "BNB": 0.48, "SOL": 0.55, "XRP": 0.50, "ADA": 0.53, "DOGE": 0.59,
             "DOT": 0.58, "AVAX": 0.54, "LINK": 0.53, "LTC": 0.54, "TRX": 0.48, "LUNA": 0.52},
        ),
        Scenario(
            "luna",
            "2022-05-05 – 2022-05-13",
            {"BTC": 0.33, "ETH": 0.39, "BNB": 0.47, "SOL": 0.61, "XRP": 0.49, "ADA": 0.56, "DOGE": 0.50,
             "DOT": 0.56, "AVAX": 0.66, "LINK": 0.55, "LTC": 0.49, "TRX": 0.32, "LUNA": 1.0, "UST": 0.78},
        ),
        Scenario(
            "ftx",
            "2022-11-05 – 2022-11-10",
            {"BTC": 0.27, "ETH": 0.36, "BNB": 0.35, "SOL": 0.68, "XRP": 0.38, "ADA": 0.29, "DOGE": 0.48,
             "DOT": 0.28, "AVAX": 0.42, "LINK": 0.39, "LTC": 0.35, "TRX": 0.20},
        ),
        Scenario(
            "aug2024",
            "2024-08-02 – 2024-08-06",
            {"BTC": 0.25, "ETH": 0.34},
        ),
        Scenario(
            "oct2025",
            "2025-10-10",
            {"BTC": 0.15, "ETH": 0.20, "BNB": 0.25, "SOL": 0.30, "XRP": 0.45, "DOGE": 0.50},
        ),
    )
}  # fmt: skip


def of_scenario(scenario: Scenario, values: Mapping[str, Decimal], equity: Decimal) -> Outcome:
    """The book of `values` (symbol -> what is held of it in money; negative when short) on that day."""
    hits = (
        _hit(symbol, scenario.fall(_coin(symbol)), value, _coin(symbol) in {*scenario.falls, *MONEY})
        for symbol, value in values.items()
    )
    return Outcome(scenario.name, scenario.when, _worst_first(hits), equity)


def of_falls(
    falls: Mapping[str, float], usual: float | None, values: Mapping[str, Decimal], equity: Decimal
) -> Outcome:
    """The book on a day somebody makes up: these falls by coin, `usual` for every other.

    Without a usual fall, a coin nobody named falls like the worst of those that were: hoping is no test.
    """
    others = max(falls.values(), default=0.0) if usual is None else usual
    hits = []
    for symbol, value in values.items():
        coin = _coin(symbol)
        own = falls.get(coin, 0.0 if coin in MONEY else others)
        hits.append(_hit(symbol, own, value, usual is not None or coin in {*falls, *MONEY}))
    return Outcome("made up", "", _worst_first(hits), equity)


def _hit(symbol: str, fall: float, value: Decimal, known: bool) -> Hit:
    return Hit(symbol, fall, value, value * Decimal(str(fall)), known)


def _worst_first(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    return tuple(sorted(hits, key=lambda hit: (-hit.loss, hit.symbol)))


def _coin(symbol: str) -> str:
    return symbol.partition("/")[0]
