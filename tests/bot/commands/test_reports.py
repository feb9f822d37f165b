"""/report and /export on a desk that has lived for a month: what is said, drawn, printed and filled in agrees."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

import bot.reviews
import bot.yearly
from bot.app import House
from bot.reply import Reply
from charts.format import money
from charts.theme import theme
from tests.bot.desks import answered
from tests.charts.gallery import pixels
from trading.analysis.review import Known, review

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n"


def file(reply: Reply, ending: str) -> io.BytesIO:
    return io.BytesIO(next(f.content for f in reply.files if f.name.endswith(ending)))


async def test_the_week_in_words_numbers_pictures_pages_and_a_workbook(house):
    reply = await answered(house, "/report weekly")

    week = reply.data
    weeks = await house.trading.periods("main", "week", 2, "UTC")
    assert (week.label, week.profit, week.change) == (weeks[0].label, weeks[0].profit, weeks[0].change)
    assert sum(day.profit for day in week.days) == pytest.approx(week.profit)
    assert len(week.days) == 7
    for portions in (week.by_strategy, week.by_symbol):
        assert sum(p.profit for p in portions) == sum(t.pnl for t in week.trades)
    assert [image.name for image in reply.images] == [
        f"{name}.png"
        for name in ("equity", "days", "months", "attribution", "results", "allocation", "slippage")
    ]
    assert all(image.png.startswith(PNG) and image.alt for image in reply.images)
    assert sum(slip.cost for slip in week.slips) == week.slippage
    slipped = next(row for row in reply.rows if row.label == "Slippage on average")
    assert slipped.value == "5.0 bp worse"  # which is how a simulated fill is made
    assert slipped.detail.startswith("at worst 5.")
    assert {s for point in week.allocation for s in point.shares} >= {t.symbol for t in week.trades}
    assert 0 < max(sum(point.shares.values()) for point in week.allocation) < 1
    assert [f.name for f in reply.files] == ["main-2024-W31.pdf", "main-2024-W31.xlsx"]


async def test_pages_and_workbook_hold_the_numbers_of_the_message(house):
    reply = await answered(house, "/report weekly")

    week, pdf = reply.data, PdfReader(file(reply, ".pdf"))
    said = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    assert reply.title.replace("▲ ", "").replace("▼ ", "") in said.replace("▲ ", "").replace("▼ ", "")
    for portion in (*week.by_strategy, *week.by_symbol):
        assert money(portion.profit, "USDT", signed=True) in said
    book = load_workbook(file(reply, ".xlsx"))
    trades = list(book["Trades"].iter_rows(min_row=2, values_only=True))
    assert [row[8] for row in trades] == pytest.approx([float(t.pnl) for t in week.trades])
    curve = list(book["Equity"].iter_rows(min_row=2, values_only=True))
    assert curve[-1][1] == pytest.approx(week.last_equity)
    slips = list(book["Slippage"].iter_rows(min_row=2, values_only=True))
    assert sum(row[8] for row in slips) == pytest.approx(float(week.slippage))
    strategies = {row[0]: row[2] for row in book["Strategies"].iter_rows(min_row=2, values_only=True)}
    assert strategies == pytest.approx({p.name: float(p.profit) for p in week.by_strategy})


class NoCandles:
    """An exchange that is away, and an empty archive."""

    async def candles(self, *_):
        return []


async def test_without_candles_the_week_is_told_without_what_was_held_and_everything_else_is_there(house):
    house.trading.replays = NoCandles()

    reply = await answered(house, "/report weekly")

    assert reply.data.allocation == ()
    assert [image.name for image in reply.images][-2:] == ["results.png", "slippage.png"]
    assert len(reply.files) == 2


async def test_a_month_names_its_best_and_worst(house):
    reply = await answered(house, "/report monthly")

    month = reply.data
    best = max(month.trades, key=lambda t: t.pnl)
    assert month.label == "2024-07"
    assert f"What gained most: {best.symbol} {money(best.pnl, 'USDT', signed=True)}" in reply.text
    assert reply.footer.endswith("· UTC")


async def test_a_deposit_is_money_and_not_a_gain(house):
    before = (await answered(house, "/report weekly")).data
    middle = before.equity[len(before.equity) // 2].at
    trading = house.trading
    points = [
        replace(p, equity=p.equity + 5000, flow=p.flow + (5000 if p.at == middle else 0))
        if p.at >= middle
        else p
        for p in await trading.equity("main")
    ]
    known = Known(
        status=trading.status("main"),
        points=points,
        fills=await trading.fills("main"),
        orders=(),
        prices=dict(trading.room("main").desk.book.prices),
        refused=(),
        stops=(),
    )
    after = review(known, "week", "UTC", trading.clock())

    assert after.flow == 5000
    assert float(after.profit) == pytest.approx(float(before.profit))
    assert 0 < after.change < before.change  # the same gain on more money is less of it


async def test_korean_pages_in_the_readers_own_zone(house):
    await answered(house, "/language ko")
    await answered(house, "/zone Asia/Seoul")

    reply = await answered(house, "/report weekly")

    assert "가장 좋은 날" in reply.text
    assert reply.footer == "7월 29일 00:00 – 8월 5일 00:00 · Asia/Seoul"
    said = " ".join(page.extract_text() for page in PdfReader(file(reply, ".pdf")).pages)
    assert "숫자로" in said
    assert "거래" in load_workbook(file(reply, ".xlsx")).sheetnames


async def test_the_day_has_its_pictures_who_earned_it_and_what_mattered(house):
    reply = await answered(house, "/report daily")

    day = (await house.trading.periods("main", "day", 2, "UTC"))[0]
    found = await house.trading.reports.review("main", "day", "UTC")
    assert reply.title.startswith(f"{day.label}: ")
    assert money(day.profit, "USDT", signed=True) in reply.title
    expected = ["equity.png", "days.png", "months.png", *(["attribution.png"] if found.trades else [])]
    assert [image.name for image in reply.images] == expected
    assert {"Equity now", "Trades", "Fees and slippage", "Open positions now"} <= {
        row.label for row in reply.rows
    }
    assert {p.name for p in found.by_strategy} <= {row.label for row in reply.rows}
    assert reply.text


async def test_without_the_extra_the_report_says_what_is_missing(house, monkeypatch):
    monkeypatch.setattr(bot.reviews, "can_print", lambda: False)
    monkeypatch.setattr(bot.reviews, "can_fill", lambda: False)

    reply = await answered(house, "/report weekly")

    assert reply.files == ()
    assert reply.text.endswith("which is not installed (make extra-reports).")
    assert len(reply.images) == 7


async def test_a_years_trades_as_csv_and_workbook(house):
    reply = await answered(house, "/export 2024")

    closed = await house.trading.trades("main")
    rows = list(csv.DictReader(io.StringIO(file(reply, ".csv").getvalue().decode("utf-8-sig"))))
    assert [Decimal(row["Profit (USDT)"]) for row in rows] == [t.pnl for t in closed]
    fills = list(load_workbook(file(reply, ".xlsx"))["Fills"].iter_rows(min_row=2, values_only=True))
    assert len(fills) == len(await house.trading.fills("main"))


async def test_the_tax_file_adds_up_to_what_is_said(house):
    reply = await answered(house, "/export 2024 tax")

    rows = list(csv.DictReader(io.StringIO(file(reply, ".csv").getvalue().decode("utf-8-sig"))))
    for method, label in (
        ("first in, first out", "First in, first out"),
        ("moving average", "Moving average"),
    ):
        total = sum(Decimal(row[f"Gain ({method})"]) for row in rows)
        assert money(total, "USDT", signed=True) == next(r.value for r in reply.rows if r.label == label)


# --- in won ---------------------------------------------------------------------------------------------------


def rates_in_the_archive(house: House, days: int = 400, without: tuple[int, ...] = ()) -> None:
    """Daily candles of Upbit from 2024 on: the close of the n-th of them is 1,300 + n won."""
    folder = house.trading.settings.data_dir / "candles"
    folder.mkdir(exist_ok=True)
    rows = ["timestamp,open,high,low,close,volume"]
    for n in range(days):
        if n not in without:
            won = 1300 + n
            rows.append(f"{(FIRST + timedelta(days=n)).isoformat()},{won},{won},{won},{won},1")
    (folder / "upbit_USDT-KRW_1d.csv").write_text("\n".join(rows) + "\n")


def in_seoul(moment: str) -> int:
    """The number of the candle that closes at 09:00 in Seoul on the day of this moment."""
    day = datetime.fromisoformat(moment).astimezone(ZoneInfo("Asia/Seoul")).date()
    return (day - FIRST.date()).days - 1


def sale_rows(reply: Reply) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file(reply, ".csv").getvalue().decode("utf-8-sig"))))


async def test_without_rates_nothing_is_in_won_and_the_command_that_fetches_them_is_named(house):
    reply = await answered(house, "/export 2024 tax")

    fills = await house.trading.fills("main")
    first = fills[0].at.astimezone(ZoneInfo("Asia/Seoul")).date()
    assert "Nothing is converted into won." in reply.text
    assert f"Sales that need the USDT rate of {first}, " in reply.text
    command = f"/download USDT/KRW --exchange upbit --timeframe 1d --from {first - timedelta(days=1)}"
    assert f"{command} fetches it where Upbit has it." in reply.text
    assert not any("won" in head for head in sale_rows(reply)[0])


async def test_with_rates_every_sale_is_in_won_and_the_file_adds_up_to_what_is_said(house):
    rates_in_the_archive(house)

    reply = await answered(house, "/export 2024 tax")

    rows = sale_rows(reply)
    for row in rows:
        won = Decimal(row["Proceeds"]) * (1300 + in_seoul(row["Sold"]))
        assert abs(Decimal(row["Proceeds in won"]) - won) <= Decimal("0.5")
    said = {row.label: row for row in reply.rows}
    for method, label in (
        ("first in, first out", "First in, first out"),
        ("moving average", "Moving average"),
    ):
        total = sum(Decimal(row[f"Gain in won ({method})"]) for row in rows)
        assert said[f"{label}, in won"].value == money(total, "KRW", signed=True)
    assert said["Proceeds in won"].detail == f"{len(rows)} of {len(rows)} sales"
    assert "Upbit's price of 09:00 on its day in Seoul." in reply.text
    assert "not in won" not in reply.text


async def test_a_day_without_a_rate_leaves_its_sales_empty_and_is_named(house):
    sold = in_seoul(sale_rows(await answered(house, "/export 2024 tax"))[-1]["Sold"])
    rates_in_the_archive(house, without=(sold,))

    reply = await answered(house, "/export 2024 tax")

    day = (FIRST + timedelta(days=sold + 1)).date()
    assert sale_rows(reply)[-1]["Gain in won (moving average)"] == ""
    assert (
        f"Sales that need the USDT rate of {day} are not in won; /data check USDT/KRW --timeframe 1d --repair"
        in reply.text
    )
    book = load_workbook(file(reply, ".xlsx"))["Sales"]
    assert list(book.iter_rows(values_only=True))[-1][10:] == (None,) * 5


async def test_rates_that_cannot_be_read_are_told_and_the_rest_of_the_file_stands(house):
    rates_in_the_archive(house)
    path = house.trading.settings.data_dir / "candles" / "upbit_USDT-KRW_1d.csv"
    path.write_text(path.read_text().replace(",1303,1303,1303,1303,", ",1303,1303,1303,many,"))

    reply = await answered(house, "/export 2024 tax")

    assert "upbit_USDT-KRW_1d.csv, row 4: close is 'many', not a number." in reply.text
    assert str(path.parent) not in reply.text
    assert "/download" not in reply.text
    assert sale_rows(reply)


async def test_won_in_korean(house):
    rates_in_the_archive(house, days=1)
    await answered(house, "/language ko")

    reply = await answered(house, "/export 2024 tax")

    assert "원화로 환산한 금액이 없습니다." in reply.text
    assert "/download USDT/KRW --exchange upbit --timeframe 1d --from" in reply.text


async def test_a_tax_file_without_the_extra_is_still_a_csv(house, monkeypatch):
    monkeypatch.setattr(bot.yearly, "can_fill", lambda: False)

    reply = await answered(house, "/export 2024 tax")

    assert [f.name for f in reply.files] == ["main-2024-tax.csv"]
    assert "extra 'reports'" in reply.text


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/export 2026", "Name a year from 2009 to 2024; found 2026."),
        ("/export 1999 tax", "Name a year from 2009 to 2024; found 1999."),
        ("/export 2023", "Nothing was traded in 2023 by account main."),
        ("/export 2023 tax", "Nothing was sold in 2023 by account main."),
        ("/report hourly", "'hourly' does not fit; choose one of daily, weekly, monthly."),
    ],
)
async def test_what_cannot_be_reported_is_said_in_a_sentence(house, line, sentence):
    reply = await answered(house, line)

    assert reply.title == sentence
    assert reply.failed


@pytest.mark.parametrize(
    "hours",
    [
        "22:00-07:00",
        "22:00 07:00",
        "22:00 - 7:00",
        "22:00–07:00",
        "22:00~07:00",
        "22:00 to 07:00",
        "'22:00 07:00'",
    ],
)
async def test_quiet_hours_are_understood_however_the_two_are_parted(house, hours):
    reply = await answered(house, f"/quiet {hours}")

    assert reply.title == "Quiet from 22:00 to 07:00 (UTC)."
    assert reply.data["quiet"] == "22:00-07:00"


@pytest.mark.parametrize(
    "hours", ["22:00", "at night", "24:00-07:00", "22:60-07:00", "07:00 07:00", "22:00-07:00-"]
)
async def test_what_are_no_quiet_hours_is_answered_with_the_form_that_is_right(house, hours):
    reply = await answered(house, f"/quiet {hours}")

    assert reply.title == f"Quiet hours are written 22:00-07:00, or off; found '{hours}'."


async def test_pictures_are_light_for_who_wants_them_so_and_pages_always(house):
    dark = await answered(house, "/equity 30d")

    said = await answered(house, "/theme light")
    light = await answered(house, "/equity 30d")
    week = await answered(house, "/report weekly")

    assert said.title == "Your pictures are light."
    assert _corner(dark.images[0].png) == _rgb(theme("dark").background)
    assert {_corner(image.png) for image in (*light.images, *week.images)} == {
        _rgb(theme("light").background)
    }


def _corner(png: bytes) -> tuple[int, ...]:
    """The colour of the paper."""
    return tuple(round(float(part) * 255) for part in pixels(png)[2, 2, :3])


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[n : n + 2], 16) for n in (1, 3, 5))
