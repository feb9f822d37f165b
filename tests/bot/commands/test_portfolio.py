"""/var, /stress, /correlation and /rebalance as people meet them, on a desk that has lived for thirty days."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.bot.desks import answered
from trading.domain.sizing import KellySize, Weighing

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def house(house):
    assert house.trading.portfolio.values("main"), "the simulated month ends with something held"
    return house


async def test_a_bad_day_in_money_and_as_a_share_by_two_ways_of_counting(house):
    reply = await answered(house, "/var")

    day = reply.data
    assert reply.title.startswith("One day in twenty costs ")
    assert day.at_risk == max(day.seen[0], day.normal[0]) > 0
    assert day.shortfall >= day.at_risk
    assert day.hours > 600
    assert {row.label for row in reply.rows} > {"As the days were", "As if normal"}


async def test_every_named_day_with_the_worst_first_and_a_picture(house):
    reply = await answered(house, "/stress")

    losses = [outcome.loss for outcome in reply.data]
    assert losses == sorted(losses, reverse=True)
    assert {"covid", "may2021", "luna", "ftx", "aug2024", "oct2025"} == {row.label for row in reply.rows}
    assert reply.images[0].png.startswith(PNG)


async def test_the_accounts_own_drawdown_limit_speaks_as_soon_as_what_it_leaves_would_be_lost(house):
    await answered(house, "/limits set drawdown 5%")
    now = house.trading.status("main")
    left = next(budget.left for budget in now.budgets if budget.name == "drawdown")
    held = sum(house.trading.portfolio.values("main").values(), Decimal(0))
    fall = int(left / held * 100) + 1
    assert left < now.equity * Decimal("0.05"), "the account is below its top already"

    before, beyond = await answered(house, f"/stress -{fall - 1}"), await answered(house, f"/stress -{fall}")

    assert "The drawdown limit would sell everything on the way." not in before.text
    assert "The drawdown limit would sell everything on the way." in beyond.text


async def test_one_day_is_drawn_with_every_market_that_is_held(house):
    reply = await answered(house, "/stress ftx")

    coins = [hit.symbol.partition("/")[0] for hit in reply.data.hits]
    assert reply.images[0].png.startswith(PNG)
    assert re.findall(r"(\w+) -", reply.images[0].alt) == ["ftx", *coins]


async def test_a_day_that_is_made_up_takes_each_coin_at_its_word(house):
    values = house.trading.portfolio.values("main")
    symbol = next(iter(values))
    coin = symbol.partition("/")[0]

    reply = await answered(house, f"/stress {coin}=-50 -10")

    expected = sum(
        (v * (Decimal("0.5") if s == symbol else Decimal("0.1")) for s, v in values.items()), Decimal(0)
    )
    assert reply.data.loss == expected
    assert reply.title.startswith("made up: -")


async def test_a_coin_that_is_not_held_is_named_and_the_others_fall_like_it(house):
    values = house.trading.portfolio.values("main")
    coins = ", ".join(hit.symbol.partition("/")[0] for hit in house.trading.portfolio.stress("main")[0].hits)

    reply = await answered(house, "/stress NOPE=-40")

    assert reply.data.loss == sum(values.values(), Decimal(0)) * Decimal("0.4")
    assert "NOPE is not held here, so its own fall costs nothing." in reply.text
    assert all(f"{coin}" in reply.text.splitlines()[2] for coin in coins.split(", "))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "/stress titanic",
            "There is no scenario 'titanic'; there are covid, may2021, luna, ftx, aug2024, oct2025.",
        ),
        (
            "/stress BTC=-300",
            "'BTC=-300' is no fall; write per cent like -20, or a coin's like BTC=-30, up to 100.",
        ),
        (
            "/stress -20 lots",
            "'lots' is no fall; write per cent like -20, or a coin's like BTC=-30, up to 100.",
        ),
    ],
)
async def test_what_is_no_day_is_refused_in_one_sentence(house, line, sentence):
    reply = await answered(house, line)

    assert reply.failed
    assert reply.title == sentence


async def test_who_moves_with_whom_as_picture_and_words(house):
    reply = await answered(house, "/correlation")

    assert reply.images[0].png.startswith(PNG)
    assert reply.text.startswith("Correlation of a pair ")
    assert [reply.data.matrix[n][n] for n in range(3)] == [1.0, 1.0, 1.0]


async def test_a_rebalance_is_shown_first_and_puts_positions_back(house):
    desk = house.trading.room("main").desk
    key = next(iter(desk.book.positions))
    desk.book.prices[key[1]] *= 2  # it ran away from the others

    asked = await answered(house, "/rebalance")
    before = len(desk.orders.live)
    done = await answered(house, asked.buttons[0][0].command)

    assert asked.title == "Put 1 positions back to their parts?"
    assert "sell " in asked.text and key[1] in asked.text
    assert before == 0
    assert done.title == "Rebalancing: the orders are out."
    assert [(o.intent.symbol, o.intent.reason) for o in desk.orders.live] == [(key[1], "rebalance")]


async def test_a_rebalance_with_nothing_to_do_says_so_and_shows_each_part(house):
    asked = await answered(house, "/rebalance")

    assert not asked.failed
    assert asked.title.startswith("Every position is where it belongs")
    assert {row.label for row in asked.rows} == set(house.trading.portfolio.values("main"))
    assert all(re.fullmatch(r"[\d.]+% → [\d.]+%", row.value) for row in asked.rows)


async def test_strategies_say_what_their_weights_and_sizes_come_to_now(house):
    desk = house.trading.room("main").desk
    names = list(desk.sleeves)
    symbols = desk.sleeves[names[0]].symbols
    weighing = Weighing(method="equal")
    desk.sleeves[names[0]] = replace(desk.sleeves[names[0]], weighing=weighing, size=KellySize(fraction=0.25))
    for symbol in symbols:
        desk.line(names[0], symbol).weight = 1 / len(symbols)
    share = desk.sleeves[names[0]].share

    thin, other = (await answered(house, "/strategies")).rows[:2]
    desk.records[names[0]] = [-0.01] * 30
    poor = (await answered(house, "/strategies")).rows[0]
    desk.records[names[0]] = [0.05, -0.02] * 300
    rich = (await answered(house, "/strategies")).rows[0]

    part = f"{share / len(symbols) * 0.1:.2%}"
    assert f"all of it would be {symbols[0]} {part}" in thin.detail
    assert thin.detail.endswith("0 of 30 trades are closed, and until then it uses 10.00% of its part")
    assert poor.detail.endswith("its 30 closed trades show no edge, so it buys nothing")
    assert rich.detail.endswith("its 600 closed trades allow 100.00% of its part")
    assert "all of it" not in other.detail
