"""The archive as people meet it: filled, listed, checked, mended, and asked for by its name."""

import json
from datetime import timedelta

import pandas as pd
import pytest

from bot.commands.data import _progress, _size, _time
from bot.platforms.terminal import line as typed
from bot.reply import Tone
from bot.web.json import to_json
from bot.words import Words
from tests.bot.desks import TERMINAL, a_desk, answered, leave, replies
from tests.fakes.binance import FakeBinance
from trading.domain.archive import Loading, SeriesName
from trading.domain.market import Timeframe
from trading.domain.people import Place, Role

CHAT = Place(platform="web", user_id="mina", chat_id="mina", private=True)
HOUR = timedelta(hours=1)


@pytest.fixture
async def house(house):
    """Its owner sits in a chat, too."""
    code = await house.people.new_code(house.owner.id, (), HOUR)
    await house.people.pair(CHAT, "Mina", code)
    return house


def files(house):
    return sorted(path.name for path in (house.trading.settings.data_dir / "candles").iterdir())


# --- /download --------------------------------------------------------------------------------------------


async def test_a_download_tells_how_far_it_is_and_what_it_brought(house):
    *before, reply = await replies(house, "/download BTC/USDT,eth/usdt --timeframe 1m --from 2024-08-01")

    assert [r.progress for r in before] == sorted(r.progress for r in before)
    assert before[-1].progress == 1.0
    assert before[0].title.startswith("BTC/USDT 1m: 5,000 candles so far")
    assert reply.title == "12,960 candles in the archive, 12,960 of them new"
    assert [(row.label, row.value) for row in reply.rows] == [
        ("simulated · BTC/USDT · 1m", "6,480 candles"),
        ("simulated · ETH/USDT · 1m", "6,480 candles"),
    ]
    assert reply.rows[0].detail.startswith("2024-08-01 00:00 – 2024-08-05 12:00 · no gaps · ")
    assert reply.rows[0].detail.endswith(" · 6,480 new")
    assert files(house) == ["simulated_BTC-USDT_1m.parquet", "simulated_ETH-USDT_1m.parquet"]


async def test_a_second_download_brings_only_what_is_new(house, clock):
    await answered(house, "/download BTC/USDT --from 2024-08-01")
    clock.advance(3 * HOUR)

    reply = await answered(house, "/download BTC/USDT", CHAT)

    assert reply.title == "111 candles in the archive, 3 of them new"
    assert json.loads(to_json(reply.data))["series"][0]["from"].startswith("2024-08-01T00:00")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/download ,", "Name at least one market, for instance /download BTC/USDT."),
        ("/download BTC/USDT --timeframe 1y", "'1y' is not a timeframe; write a number and m, h, d or w"),
        ("/download BTC/USD", "The simulated market has no BTC/USD; it has BTC/USDT, "),
        ("/download BTC/USDT --exchange binanse", "'binanse' is no exchange that ccxt "),
        ("/download BTC/USDT --exchange ../../etc", "'../../etc' is no exchange that ccxt "),
        ("/download BTC/USDT --from 1999-01-01", "There are no candles before 2009-01-03; found --from 1999"),
        ("/data list BTC/USDT", "Only /data check takes a market, --timeframe and --repair."),
        ("/data check XRP/USDT", "The archive has no such candles of XRP/USDT; it has nothing."),
        ("/backtest ema_cross --data archive", "The archive is empty; /download fills it, for instance "),
    ],
)
async def test_what_cannot_be_is_refused_in_a_sentence(house, line, sentence):
    reply = await answered(house, line)

    assert reply.failed
    assert reply.title.startswith(sentence)
    assert not (house.trading.settings.data_dir / "candles").exists()


async def test_nothing_before_the_market_began_is_told_and_not_made_up(house):
    reply = await answered(house, "/download BTC/USDT --from 2015-01-01 --to 2015-02-01")

    assert reply.text == "There are no candles of BTC/USDT in that time."
    assert reply.tone is Tone.WARNING


# --- /data ------------------------------------------------------------------------------------------------


async def test_the_list_tells_what_is_there(house):
    empty = await answered(house, "/data")
    await answered(house, "/download BTC/USDT,ETH/USDT --from 2024-08-01")

    reply = await answered(house, "/data", CHAT)

    assert (empty.title, empty.data) == ("The archive is empty.", [])
    assert reply.title.startswith("2 series, 216 candles, ")
    assert [series["symbol"] for series in reply.data] == ["BTC/USDT", "ETH/USDT"]
    assert reply.data[0]["gaps"] == []
    assert reply.data[0]["bytes"] > 1000


async def test_a_check_finds_and_a_repair_mends(house):
    await answered(house, "/download BTC/USDT,ETH/USDT --from 2024-08-01")
    path = house.trading.settings.data_dir / "candles" / "simulated_BTC-USDT_1h.parquet"
    whole = pd.read_parquet(path)
    broken = pd.concat([whole.drop(index=[5, 6]), whole.iloc[[9]]]).sort_values("timestamp")
    broken.loc[20, "high"] = 1.0
    broken.to_parquet(path, index=False)

    listed = await answered(house, "/data", CHAT)
    found = await answered(house, "/data check", CHAT)
    mended = await answered(house, found.buttons[0][0].command, CHAT)
    again = await answered(house, "/data check BTC/USDT")

    assert "simulated_BTC-USDT_1h.parquet, row 9" in listed.text
    assert str(path.parent) not in listed.text
    assert found.title == "1 of 2 series have faults or gaps"
    twice, impossible, gaps = found.text.split("\n")
    assert twice == "BTC/USDT 1h: 1 candles are there twice."
    assert impossible.startswith(
        "BTC/USDT 1h: 1 candles cannot be, the first at 2024-08-01 20:00:00 UTC: open "
    )
    assert gaps == "BTC/USDT 1h: gaps at 2024-08-01 05:00 (-2) UTC."
    assert mended.title == "3 candles came again, 0 stayed missing"
    assert again.title == "1 series checked: all sound"
    assert pd.read_parquet(path).equals(whole)


async def test_a_viewer_may_look_but_not_change(house, clock):
    await answered(house, "/download BTC/USDT --from 2024-08-01")
    place = Place(platform="web", user_id="guest", chat_id="guest", private=True)
    code = await house.people.new_code(None, (Role.VIEWER,), HOUR)
    await house.people.pair(place, "Guest", code)

    looked, mended, fetched = [
        await answered(house, line, place)
        for line in ("/data check", "/data check --repair", "/download BTC/USDT")
    ]

    assert not looked.failed
    assert mended.title == "Only owners and traders may change the archive; leave --repair out."
    assert fetched.title.startswith("There is no command /download for you.")


async def test_koreans_read_it_in_korean(house):
    await house.people.set_language(house.owner.id, "ko")

    every = [
        await answered(house, line)
        for line in ("/data", "/download BTC/USDT --from 2024-08-01", "/data", "/data check", "/download ,")
    ]

    said = [text for reply in every for text in (reply.title, *(row.value for row in reply.rows))]
    assert [text for text in said if not any("가" <= letter <= "힣" for letter in text)] == []


# --- by its name ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [TERMINAL, CHAT], ids=["terminal", "chat"])
@pytest.mark.parametrize("command", ["backtest", "replay", "biascheck"])
async def test_research_reads_the_archive_by_its_name(house, command, place):
    await answered(house, "/download BTC/USDT,ETH/USDT --from 2024-06-01")

    reply = await answered(house, f"/{command} ema_cross --data archive --symbols BTC/USDT", place)

    assert not reply.failed, reply.title
    assert json.loads(to_json(reply.data))["bars"] == 1572


async def test_the_name_gives_the_same_answer_as_the_folder(house):
    await answered(house, "/download BTC/USDT --from 2024-06-01")
    folder = house.trading.settings.data_dir / "candles"

    by_name = await answered(house, "/backtest ema_cross --data archive")
    by_path = await answered(house, f"/backtest ema_cross --data {folder}")

    assert by_name.rows[:-1] == by_path.rows[:-1]  # the last says how long it took


async def test_of_several_exchanges_the_accounts_own_is_meant_or_the_one_that_is_named(house):
    await answered(house, "/download BTC/USDT --from 2024-06-01")
    folder = house.trading.settings.data_dir / "candles"
    frame = pd.read_parquet(folder / "simulated_BTC-USDT_1h.parquet")
    for exchange in ("binance", "upbit"):
        frame.iloc[:1000].to_parquet(folder / f"{exchange}_BTC-USDT_1h.parquet", index=False)

    own, named, unknown = [
        await answered(house, f"/backtest ema_cross --data {word}", CHAT)
        for word in ("archive", "archive:upbit", "archive:kraken")
    ]
    (folder / "simulated_BTC-USDT_1h.parquet").unlink()
    neither = await answered(house, "/backtest ema_cross --data archive", CHAT)

    assert (own.data["bars"], named.data["bars"]) == (1572, 1000)
    assert unknown.title == "The archive holds binance, simulated, upbit, but nothing of kraken."
    assert neither.title == "The archive holds binance, upbit; write one of them, as in archive:binance."


@pytest.mark.parametrize("word", ["/etc", "archive/x", "archives", "~/archive"])
@pytest.mark.parametrize("command", ["backtest", "replay", "biascheck", "honesty"])
async def test_no_other_name_reaches_the_files_of_the_computer_from_a_chat(house, command, word):
    reply = await answered(house, f"/{command} ema_cross --data {word}", CHAT)

    assert reply.failed
    assert reply.title.startswith("Files of the desk's computer can be named in its terminal only")


async def test_the_name_is_not_for_writing(house):
    reply = await answered(house, "/backtest ema_cross --file archive", CHAT)

    assert reply.title.startswith("Files of the desk's computer can be named in its terminal only")


@pytest.mark.parametrize(
    "words", [["--data", "archive:upbit"], ["--data=archive:upbit"], ["data=archive:upbit"]]
)
def test_the_terminal_leaves_the_name_alone(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert typed(["backtest", "ema_cross", *words]).text == f"/backtest ema_cross {' '.join(words)}"
    assert str(tmp_path) in typed(["backtest", "ema_cross", "--file", "archive"]).text


async def test_a_symbol_that_is_missing_is_told_without_the_place_on_the_computer(house):
    await answered(house, "/download BTC/USDT --from 2024-06-01")

    reply = await answered(house, "/backtest ema_cross --data archive --symbols XRP/USDT", CHAT)

    assert reply.title == "archive has no candles of XRP/USDT; it has BTC/USDT."


# --- with an exchange -------------------------------------------------------------------------------------


async def test_an_account_of_an_exchange_downloads_from_it_as_the_settings_say(tmp_path, clock):
    async with FakeBinance(clock) as binance:
        binance.history(clock.now - 5 * HOUR, 301)
        options = json.dumps(
            {"main": {"exchange": "binance", "exchange_options": binance.exchange_options()}}
        )
        house = await a_desk(tmp_path, clock, TRADEWIND__ACCOUNTS=options)
        try:
            reply = await answered(house, "/download BTC/USDT --timeframe 1m --from 2024-08-05T07:00")
            binance.books.mangle = lambda rows: []
            binance.fail("klines", times=10**6, status=403, body='{"code":-2015,"msg":"no"}')
            clock.advance(600)
            stopped = await answered(house, "/download BTC/USDT --timeframe 1m")
        finally:
            await leave(house)

    assert reply.title == "300 candles in the archive, 300 of them new"
    assert stopped.failed
    assert stopped.title == "Stopped early; 0 new candles are kept"
    assert stopped.text.endswith("Send the same line again to go on from there.")
    assert stopped.rows[0].value == "300 candles"


async def test_gaps_are_told_and_what_cannot_be_repaired_is_left_as_it_is(tmp_path, clock):
    async with FakeBinance(clock) as binance:
        binance.history(clock.now - 5 * HOUR, 301)
        for n in (10, 20, 30, 40):
            binance.books.hide("BTCUSDT", clock.now - 4 * HOUR + timedelta(minutes=n))
        options = json.dumps(
            {"main": {"exchange": "binance", "exchange_options": binance.exchange_options()}}
        )
        house = await a_desk(tmp_path, clock, TRADEWIND__ACCOUNTS=options)
        try:
            fetched = await answered(house, "/download BTC/USDT --timeframe 1m --from 2024-08-05T07:00")
            binance.fail("klines", times=10**6, status=403, body='{"code":-2015,"msg":"no"}')
            refused = await answered(house, "/data check --repair")
            binance.mend()
            binance.books.show()
            binance.books.hide("BTCUSDT", clock.now - 4 * HOUR + timedelta(minutes=20))
            mended = await answered(house, "/data check btc/usdt --timeframe 1m --repair")
        finally:
            await leave(house)

    gaps = "BTC/USDT 1m: gaps at 2024-08-05 08:10 (-1), 2024-08-05 08:20 (-1), 2024-08-05 08:30 (-1) … UTC."
    assert fetched.text == "Nothing was filled in; /data check --repair asks the exchange once more."
    assert "4 gaps, 4 candles missing" in fetched.rows[0].detail
    assert refused.failed
    assert refused.text.split("\n") == [
        gaps,
        "BTC/USDT 1m was left as it is: binance does not accept the key.",
    ]
    assert mended.title == "3 candles came again, 1 stayed missing"
    assert (mended.data[0]["missing"], mended.tone) == (1, Tone.WARNING)


async def test_half_a_file_and_strange_rows_are_told(house):
    await answered(house, "/download BTC/USDT,ETH/USDT --from 2024-08-01")
    folder = house.trading.settings.data_dir / "candles"
    half, strange = folder / "simulated_BTC-USDT_1h.parquet", folder / "simulated_ETH-USDT_1h.parquet"
    half.write_bytes(half.read_bytes()[:300])
    pd.read_parquet(strange).iloc[::-1].to_parquet(strange, index=False)

    reply = await answered(house, "/data check")
    fetched = await answered(house, "/download ETH/USDT")

    whole, backwards = reply.text.split("\n")
    assert whole.startswith("simulated_BTC-USDT_1h.parquet is not a whole Parquet file")
    assert backwards == "ETH/USDT 1h: 107 rows stand at a wrong place or time."
    assert reply.rows[0].value == "damaged"
    assert fetched.title == "ETH/USDT 1h is damaged in the archive; /data check tells how."


async def test_an_empty_archive_has_nothing_to_check(house):
    reply = await answered(house, "/data check --repair")

    assert (reply.title, reply.failed) == ("The archive is empty.", False)


def test_a_wait_is_shown_with_its_reason():
    name = SeriesName("binance", "BTC/USDT", Timeframe(60))
    waiting = Loading(name=name, share=0.2, candles=5, waiting="The connection to binance broke.")

    said = [_progress(Words(language), waiting).title for language in ("en", "ko")]

    assert said[0] == "BTC/USDT 1m: waiting. The connection to binance broke."
    assert said[1].startswith("BTC/USDT 1m: 기다리는 중. binance")
    assert "broke" not in said[1]


# --- wording ----------------------------------------------------------------------------------------------


def test_times_and_sizes_are_short():
    say = Words("en")

    assert [_time(say, s) for s in (3, 89, 90, 5399, 7200)] == ["3 s", "89 s", "2 min", "90 min", "2 h"]
    assert [_size(n) for n in (999, 1000, 123_456, 21_400_000)] == ["999 B", "1 kB", "123 kB", "21.4 MB"]
