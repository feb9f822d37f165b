"""/trade and /compare as people meet them, on a desk that has traded for thirty days."""

import re
from decimal import Decimal

import pytest

from bot.app import build
from bot.dispatcher import Line
from migrations.run import upgrade
from tests.bot.commands.houses import a_house_of_people
from trading.domain.archive import SeriesName
from trading.domain.errors import Uncertain
from trading.domain.people import Place
from trading.market.shelf import Shelf
from trading.settings import load

TERMINAL = Place(platform="terminal", user_id="local", chat_id="local", private=True, local=True)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def says(tmp_path, clock):
    """A desk on the simulated market; its owner sits at the terminal. The desk itself is `says.house`."""
    settings = load(None, {"TRADEWIND__DATA_DIR": str(tmp_path)})
    await upgrade(settings.database_url)
    house = await build(settings, clock)
    await house.trading.start()

    async def ask(text):
        line = Line(text=text, place=TERMINAL, name="Mina", update_id=None, sent_at=None)
        return [reply async for reply in house.dispatcher.handle(line)][-1]

    ask.house = house
    yield ask
    await house.trading.close()
    house.studio.close()
    await house.store.close()


async def test_the_newest_trade_is_shown_among_the_candles_before_and_after_it(says):
    newest = (await says("/trades")).data[0]

    reply = await says("/trade")

    replay, (image,) = reply.data, reply.images
    assert replay.trip == newest
    assert image.png.startswith(PNG)
    assert sum(c.opened_at < newest.entry_at for c in replay.candles) >= 24
    assert replay.candles[-1].opened_at >= newest.exit_at - replay.timeframe.length
    assert newest.symbol in image.alt


async def test_result_reason_fees_and_holding_time_are_there_in_words(says):
    reply = await says("/trade 1")

    rows, trip = {row.label: row.value for row in reply.rows}, reply.data.trip
    assert rows["Result"].endswith(" USDT") and (trip.pnl > 0) == rows["Result"].startswith("+")
    assert rows["Fees"] == f"{trip.fees:,.2f} USDT"
    assert {"Reason", "Held", "Entry", "Exit"} <= rows.keys()


async def test_every_button_under_the_list_opens_the_trade_it_names(says):
    listed = await says("/trades")

    for button, trip in zip(listed.buttons[0], listed.data, strict=False):
        shown = await says(button.command)
        assert shown.data.trip == trip
        assert button.label == f"#{shown.data.number} {trip.symbol.partition('/')[0]}"


async def test_a_number_keeps_its_trade_on_every_page_and_a_market_means_its_newest(says):
    second = await says("/trades 2")
    eighth_newest = second.data[8]

    opened = await says(second.buttons[0][0].command)
    by_market = await says(f"/trade {eighth_newest.symbol.partition('/')[0].lower()}")

    assert opened.data.trip == eighth_newest
    assert by_market.data.trip == next(t for t in second.data if t.symbol == eighth_newest.symbol)


@pytest.mark.parametrize("which", ["0", "999999", "DOGECOIN", "-1"])
async def test_a_trade_there_is_not_is_refused_in_a_sentence(says, which):
    reply = await says(f"/trade {which}")

    assert not reply.images
    assert re.search("There is no trade|No trade of", reply.title + reply.text)


async def test_where_nobody_knows_the_candles_any_more_it_says_so_and_tells_the_rest(says, monkeypatch):
    async def gone(*_):
        raise Uncertain("the exchange does not answer")

    market = says.house.trading.floor_of("main").market
    monkeypatch.setattr(market, "candles", gone)

    reply = await says("/trade")

    assert not reply.images
    assert reply.text.startswith("The 1h candles around this trade are not to be had")
    assert len(reply.rows) == 6


async def test_what_the_archive_holds_is_drawn_where_the_market_is_silent(says, monkeypatch):
    market, known = says.house.trading.floor_of("main").market, (await says("/trade")).data
    name = says.house.trading.exchange_of("main")
    shelf = Shelf(says.house.settings.data_dir / "candles")
    shelf.add(SeriesName(name, known.trip.symbol, known.timeframe), known.candles)

    async def gone(*_):
        raise Uncertain("the exchange does not answer")

    monkeypatch.setattr(market, "candles", gone)

    again = await says("/trade")

    assert again.data.candles == known.candles


async def test_strategies_side_by_side_add_up_to_what_the_closed_trades_made(says):
    reply = await says("/compare all")

    trips = await says.house.trading.trades("main")
    begun = float(reply.data[0].points[0].equity)
    made = sum(one.change for one in reply.data) * begun
    assert made == pytest.approx(float(sum((t.pnl for t in trips), Decimal(0))), rel=1e-6)
    assert sum(one.trades for one in reply.data) == len(trips)
    assert {row.label for row in reply.rows} == set(says.house.trading.room("main").desk.sleeves)
    assert reply.images[0].png.startswith(PNG)


async def test_the_best_comes_first_and_the_window_counts(says):
    whole, week = await says("/compare all"), await says("/compare 7d")

    assert [one.change for one in whole.data] == sorted((one.change for one in whole.data), reverse=True)
    assert sum(one.trades for one in week.data) < sum(one.trades for one in whole.data)


async def test_accounts_side_by_side_are_only_those_one_may_read(tmp_path, clock):
    async with a_house_of_people(tmp_path, clock) as people:
        await people.owner.says("/account new second !")
        viewer = await people.invited("viewer main", 7)

        owners, viewers = (
            await people.owner.says("/compare 30d accounts"),
            await viewer.says("/compare 30d accounts"),
        )

    assert {row.label for row in owners.rows} == {"main", "second"}
    assert [row.label for row in viewers.rows] == ["main"]


async def test_a_wrong_span_is_refused(says):
    reply = await says("/compare yesterday")

    assert "'yesterday' is not a span" in reply.title + reply.text


async def test_without_a_running_desk_the_trade_is_told_and_a_chart_says_where_to_ask(says, monkeypatch):
    monkeypatch.setattr(says.house.trading, "floors", {})

    trade, chart = await says("/trade"), await says("/chart BTC/USDT")

    assert trade.text.startswith("The 1h candles around this trade") and len(trade.rows) == 6
    assert "ask the running desk in its chat" in chart.title + chart.text
