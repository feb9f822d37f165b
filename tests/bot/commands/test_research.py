"""/backtest as people meet it: words that are true, every number, pictures in chats, files in the terminal."""

import csv
import json
from dataclasses import replace
from io import BytesIO

import matplotlib.image
import pytest

from bot.app import build
from bot.dispatcher import Line
from bot.reply import Reply
from bot.web.json import to_json
from migrations.run import upgrade
from tests.bot.desks import TERMINAL, answered
from tests.trading.lab.searches import candles
from trading.domain.people import Place
from trading.settings import load
from trading.strategies import strategies

WEB = Place(platform="web", user_id="9", chat_id="9", private=True)


@pytest.fixture
async def house(house):
    """Its owner sits at a browser, too."""
    await house.people.link("web", "9", house.owner.id)
    return house


@pytest.fixture
def data(tmp_path) -> str:
    """A folder with half a year of hours of two markets."""
    folder = tmp_path / "candles"
    folder.mkdir()
    for symbol, seed in (("BTC-USDT", 7), ("ETH-USDT", 11)):
        frame = candles(2000, seed).frame.rename_axis("timestamp")
        frame.to_csv(folder / f"binance_{symbol}_1h.csv")
    return str(folder)


def values(reply: Reply) -> dict[str, str]:
    return {row.label: row.value for row in reply.rows}


async def test_the_terminal_shows_every_section_and_the_json_the_same_numbers(house, data):
    reply = await answered(house, f"/backtest ema_cross --data {data} --symbols BTC/USDT")

    shown = values(reply)
    assert {"RESULT", "RISK", "TRADES", "COSTS", "MONTHS"} < set(shown)
    found = json.loads(to_json(reply.data))
    metrics = found["metrics"]
    assert shown["Profit factor"] == f"{metrics['profit_factor']:.2f}"
    assert shown["Buy and hold"] == f"{found['benchmark']['total_return']:+.2%}"
    assert shown["A bad day"] == f"-{metrics['var_95']:.2%}"
    assert metrics["es_95"] >= metrics["var_95"] > 0
    assert 0 < metrics["exposure"] < 1
    assert metrics["turnover"] > 1
    assert float(found["slippage"]) == pytest.approx(float(found["traded"]) * 0.0005, rel=0.01)
    assert float(found["fees"]) == pytest.approx(float(found["traded"]) * 0.001, rel=1e-6)
    assert list(found["months"]) == ["2024-01", "2024-02", "2024-03"]


async def test_a_program_gets_the_numbers_and_no_picture_is_drawn_for_it(house, data):
    asked = f"/backtest ema_cross --data {data} --symbols BTC/USDT"
    for_people = Line(text=asked, place=TERMINAL, name="Mina", update_id=None, sent_at=None)

    *_, seen = [reply async for reply in house.dispatcher.handle(for_people)]
    *_, read = [reply async for reply in house.dispatcher.handle(replace(for_people, pictures=False))]

    assert [image.name for image in seen.images] == ["equity.png"]
    assert read.images == ()
    assert read.data["trades"] == seen.data["trades"] != []


async def test_a_chat_gets_pictures_each_with_its_numbers_in_words_and_a_page(house):
    reply = await answered(house, "/backtest ema_cross --symbols BTC/USDT", WEB)

    assert [image.name for image in reply.images] == ["equity.png", "trades.png", "months.png", "results.png"]
    assert all(matplotlib.image.imread(BytesIO(image.png)).shape[1] == 1280 for image in reply.images)
    assert all(image.alt.endswith(".") for image in reply.images)
    assert [file.name for file in reply.files] == ["report.html", "trades.json"]


async def test_again_asks_the_very_same_question(house):
    first = await answered(house, "/backtest ema_cross fast=5 slow=30 --symbols BTC/USDT", WEB)

    again = next(b.command for row in first.buttons for b in row if b.label == "Again")
    second = await answered(house, again, WEB)

    assert again == "/backtest ema_cross fast=5 slow=30 --symbols BTC/USDT"
    assert second.data["metrics"] == first.data["metrics"]


async def test_several_strategies_and_markets_are_told_apart(house, data):
    reply = await answered(house, f"/backtest ema_cross,rsi rsi.length=10 --data {data}")

    assert reply.title.startswith("ema_cross + rsi: ")
    assert [portion.name for portion in reply.data["by_strategy"]] == ["ema_cross", "rsi"]
    assert {"ema_cross", "rsi", "BTC/USDT", "ETH/USDT"} < set(values(reply))


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ("", "fees and slippage are in"),
        ("--slippage 0", "fees are in, slippage and the future are not"),
        ("--fee 0", "slippage is in, fees and the future are not"),
        ("--fee 0 --slippage 0", "without fees or slippage"),
    ],
)
async def test_what_is_said_about_costs_is_true(house, data, costs, said):
    reply = await answered(house, f"/backtest ema_cross --data {data} --symbols BTC/USDT {costs}")

    assert said in reply.text


async def test_a_longer_timeframe_counts_its_own_candles(house, data):
    reply = await answered(house, f"/backtest sma_cross --data {data} --symbols BTC/USDT --timeframe 4h")

    assert reply.title.endswith("over 500 candles")


@pytest.mark.parametrize("asked", ["/backtest", "/replay", "/backtest --volume-share 0.5"])
async def test_more_money_than_can_be_counted_is_one_sentence(house, data, asked):
    command, _, rest = asked.partition(" ")

    reply = await answered(
        house, f"{command} ema_cross --cash {10**24} --data {data} --symbols BTC/USDT {rest}"
    )

    assert reply.title.count(".") == 1
    assert "more than can be counted to the last digit" in reply.title


async def test_a_start_is_warmed_up_on_the_candles_before_it(house, data):
    reply = await answered(house, f"/backtest ema_cross --data {data} --symbols BTC/USDT --from 2024-03-01")

    assert reply.data["start"].isoformat() == "2024-03-01T00:00:00+00:00"
    assert "warm up" not in reply.text


# --- files --------------------------------------------------------------------------------------------------


async def test_a_page_stands_alone_and_has_every_number_and_trade(house, data, tmp_path):
    file = tmp_path / "report.html"

    reply = await answered(house, f"/backtest ema_cross --data {data} --symbols BTC/USDT --file {file}")

    page = file.read_text()
    assert "Written to" in reply.text
    assert page.count("<img ") == page.count("data:image/png;base64,") == 4
    assert "http" not in page.replace("data:image", "")
    assert 'name="viewport"' in page
    for row in reply.rows:
        assert row.value.replace("&", "&amp;") in page or row.label == "Took"
    assert page.count("<tr>") == len(reply.data["trades"]) + 1


async def test_a_name_cannot_put_markup_into_the_page(house, data, tmp_path):
    bad = tmp_path / "candles" / "binance_BTC-USDT_1h.csv"
    bad.rename(tmp_path / "<script>x.csv")
    file = tmp_path / "report.html"

    await answered(house, f"/backtest ema_cross --data '{tmp_path / '<script>x.csv'}' --file {file}")

    page = file.read_text()
    assert "<script>" not in page.lower()
    assert "&lt;SCRIPT&gt;" in page or "&lt;script&gt;" in page


async def test_a_csv_has_a_line_for_each_trade(house, data, tmp_path):
    file = tmp_path / "trades.csv"

    reply = await answered(house, f"/backtest ema_cross --data {data} --symbols BTC/USDT --file {file}")

    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert len(rows) == len(reply.data["trades"])
    assert rows[0]["strategy"] == "ema_cross"


async def test_an_output_without_a_file_is_told(house, data):
    reply = await answered(house, f"/backtest ema_cross --data {data} --output html")

    assert reply.failed
    assert reply.title == "Say which file --output goes into, for instance --file report.html."


# --- strategies ---------------------------------------------------------------------------------------------


async def test_every_strategy_shows_what_it_wants_and_its_parameters(house):
    for name, strategy in strategies().items():
        reply = await answered(house, f"/strategies {name}")

        (picture,) = reply.images
        assert "changes of mind: 0" not in picture.alt, name
        assert matplotlib.image.imread(BytesIO(picture.png)).shape[1] == 1280
        assert [row.label.partition(" = ")[0] for row in reply.rows] == [p.name for p in strategy.parameters]


async def test_a_strategy_can_be_read_about_while_nothing_trades(tmp_path, clock):
    settings = load(None, {"TRADEWIND__DATA_DIR": str(tmp_path)})
    await upgrade(settings.database_url)
    built = await build(settings, clock)

    one = await answered(built, "/strategies donchian")
    listed = await answered(built, "/strategies")

    assert [image.name for image in one.images] == ["exposure.png"]
    assert "donchian" in listed.text
    await built.trading.close()
    built.studio.close()
    await built.store.close()
