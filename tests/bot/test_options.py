"""Options that several commands share: written once, read like any other."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bot.options import Candles, Conditions, Costs, Recorded
from bot.registry import bind, discover
from trading.domain.errors import Refused


def test_shared_options_come_together_and_the_rest_is_as_declared():
    words = ["rsi", "--from", "2024-01-01", "--fee", "0.002", "symbols=BTC/USDT", "--latency=2", "period=10"]

    arguments = bind(discover()["backtest"], words)

    assert arguments == {
        "strategy": "rsi",
        "candles": Candles(from_=datetime(2024, 1, 1, tzinfo=UTC), symbols="BTC/USDT"),
        "conditions": Conditions(fee=Decimal("0.002"), latency="2"),
        "period": "10",
    }


def test_what_one_command_can_do_without_another_may_need():
    commands = discover()

    with pytest.raises(Refused, match="/replay needs data"):
        bind(commands["replay"], ["rsi"])
    arguments = bind(commands["replay"], ["rsi", "--data", "candles.csv"])

    assert arguments["candles"] == Recorded(data=Path("candles.csv"))


def test_an_option_of_another_command_is_unknown():
    honesty = discover()["honesty"]

    with pytest.raises(Refused, match="/honesty has no option --cash"):
        bind(honesty, ["rsi", "--cash", "1"])

    assert bind(honesty, ["rsi"]) == {"strategy": "rsi", "candles": Candles(), "costs": Costs()}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rsi", "length=9", "length=10"], "length is there twice, with '9' and '10'; write it once."),
        (["rsi", "--seed", "1", "--seed=2"], "--seed is there twice, with '1' and '2'; write it once."),
        (["strategy=rsi", "strategy=cci"], "strategy is there twice, with 'rsi' and 'cci'; write it once."),
    ],
)
def test_what_is_said_twice_is_asked_about_and_not_guessed(words, said):
    with pytest.raises(Refused) as refused:
        bind(discover()["honesty"], words)

    assert refused.value.tell == said
