"""/optimise as people meet it: words first, numbers of both parts, pictures, and buttons that go on."""

import pytest

from bot.dispatcher import Line
from bot.reply import Tone
from bot.searches import described
from bot.web.json import to_json
from tests.bot.desks import TERMINAL, answered, replies
from tests.trading.lab.searches import candles


@pytest.fixture
def data(tmp_path) -> str:
    """A CSV of half a year of hours."""
    path = tmp_path / "binance_BTC-USDT_1h.csv"
    candles(4000).frame.rename_axis("timestamp").to_csv(path)
    return str(path)


async def test_progress_first_then_the_verdict_with_both_parts(house, data):
    heard = await replies(
        house, f"/optimise ema_cross fast=3..20 slow=25..60 --trials 45 --min-trades 1 --data {data}"
    )

    *going, last = heard
    shares = [r.progress for r in going]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    halfway = next(r for r in going if r.progress == 20 / 45)
    assert halfway.title == "Search of ema_cross: 20 of 45 tried …"
    assert halfway.text.startswith("Best so far: Sharpe ratio ")
    assert last.progress is None
    assert last.text.startswith("Best of 45: fast=")
    assert [row.label for row in last.rows][:3] == ["Chosen on", "Out of sample", "Its usual values"]
    assert last.rows[0].detail.endswith(f"{last.data['split_at']:%Y-%m-%d}")
    assert [image.name for image in last.images] == ["search.png"]
    assert "out_of_sample" in to_json(last.data)


async def test_no_map_is_drawn_for_a_program(house, data):
    text = f"/optimise ema_cross fast=3..9 --trials 5 --min-trades 0 --data {data}"
    line = Line(text=text, place=TERMINAL, name="Mina", update_id=None, sent_at=None, pictures=False)

    *_, last = [reply async for reply in house.dispatcher.handle(line)]

    assert last.images == ()
    assert last.data["tried"] == 5


async def test_the_buttons_set_test_and_go_on(house, data):
    reply = await answered(
        house, f"/optimise ema_cross fast=3..9 --trials 5 --min-trades 0 --study mine --data {data}"
    )

    fast = reply.data["best"]["fast"]
    lines = [button.command for row in reply.buttons for button in row]
    assert lines == [
        f"/set ema_cross fast={fast}",
        "/backtest ema_cross --study mine",
        f"/shadow ema_cross fast={fast} symbols=BTC/USDT",
        "/optimise ema_cross --join mine --trials 10",
    ]
    again = await answered(house, lines[3])
    assert again.data["tried"] == 10
    assert again.data["study"] == "mine"
    done = await answered(house, lines[0])
    assert not done.failed


async def test_what_was_found_runs_in_shadow_at_a_press_of_its_button(house, data):
    reply = await answered(
        house, f"/optimise ema_cross fast=3..9 --trials 5 --min-trades 0 --study mine --data {data}"
    )
    line = next(b.command for row in reply.buttons for b in row if b.label == "Run it in shadow")

    opened = await answered(house, line)

    account = opened.data["account"]
    assert opened.title == "ema_cross runs in shadow on ema_cross-shadow."
    assert house.trading.settings.accounts[account].mode == "shadow"
    (sleeve,) = house.trading.status(account).sleeves
    assert (sleeve.strategy, sleeve.params["fast"], sleeve.share) == (
        "ema_cross",
        reply.data["best"]["fast"],
        1.0,
    )
    assert tuple(sleeve.exposures) in ((), ("BTC/USDT",))


async def test_a_backtest_of_what_was_found_is_on_the_candles_and_at_the_costs_of_the_search(house, data):
    found = await answered(
        house, f"/optimise ema_cross fast=3..9 --trials 5 --min-trades 0 --fee 0 --study mine --data {data}"
    )
    fast = found.data["best"]["fast"]

    by_study = await answered(house, "/backtest ema_cross --study mine")
    by_hand = await answered(house, f"/backtest ema_cross fast={fast} --fee 0 --data {data}")
    dearer = await answered(house, "/backtest ema_cross --study mine --fee 0.002")

    assert by_study.data["final_equity"] == by_hand.data["final_equity"] > dearer.data["final_equity"]
    split = f"{found.data['split_at']:%Y-%m-%d}"
    assert by_study.text.startswith(f"These parameters were chosen on the candles before {split};")
    assert (by_study.data["start"], by_study.data["fee_share"]) == (by_hand.data["start"], 0)


async def test_a_line_too_long_for_a_button_names_the_study_instead(house, data):
    asked = "/optimise macd_adaptive --trials 3 --min-trades 0 --study mine"
    reply = await answered(house, f"{asked} --data {data}")
    line = next(b.command for row in reply.buttons for b in row if b.label == "Run it in shadow")

    opened = await answered(house, line)

    assert line == "/shadow macd_adaptive --study mine"
    (sleeve,) = house.trading.status(opened.data["account"]).sleeves
    best = reply.data["best"]
    assert {name: sleeve.params[name] for name in best} == best
    assert house.trading.settings.accounts[opened.data["account"]].symbols == ("BTC/USDT",)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/backtest ema_cross --study nosuch", "There is no study 'nosuch' to join"),
        ("/shadow rsi --study mine", "The study mine searches ema_cross, not rsi."),
        ("/backtest ema_cross --study mine", "Nothing that the study mine has tried fits."),
        ("/backtest --portfolio --study mine", "--study names parameters of one strategy"),
    ],
)
async def test_a_study_that_says_nothing_is_refused_in_one_sentence(house, data, line, said):
    await answered(house, f"/optimise ema_cross --trials 2 --min-trades 9999 --study mine --data {data}")

    refused = await answered(house, line)

    assert refused.failed
    assert refused.title.startswith(said)


async def test_a_shadow_account_that_trades_it_already_takes_the_new_parameters(house):
    await answered(house, "/shadow ema_cross fast=5 symbols=BTC/USDT")

    again = await answered(house, "/shadow ema_cross fast=12")

    assert again.data["account"] == "ema_cross-shadow"
    assert [name for name in house.trading.accounts if "shadow" in name] == ["ema_cross-shadow"]
    (sleeve,) = house.trading.status("ema_cross-shadow").sleeves
    assert sleeve.params["fast"] == 12


async def test_a_shadow_account_that_cannot_trade_leaves_nothing_behind(house):
    refused = await answered(house, "/shadow ema_cross fast=5 symbols=NOPE/USDT")

    assert refused.failed
    assert not [name for name in house.trading.accounts if "shadow" in name]


async def test_several_objectives_show_the_front(house, data):
    reply = await answered(
        house,
        "/optimise ema_cross fast=3..20 slow=25..60 --trials 20 --min-trades 1 "
        f"--objective sharpe,-max_drawdown --data {data}",
    )

    assert [image.name for image in reply.images] == ["search.png", "front.png"]
    assert reply.data["front"]


async def test_nothing_that_fits_is_said_as_it_is(house, data):
    reply = await answered(
        house, f"/optimise ema_cross fast=3..9 --trials 5 --min-trades 5000 --study none --data {data}"
    )

    assert reply.title == "ema_cross: none of 5 tries fits"
    assert reply.tone is Tone.WARNING
    assert not reply.failed
    assert [button.label for row in reply.buttons for button in row] == ["Go on"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("ema_cross fast=9 slow=21 band=0 hold=50", "There is nothing to search"),
        ("ema_cross fast=5..30 --study a --join b", "not both"),
        ("ema_cross --join nowhere", "There is no study 'nowhere' to join"),
        ("ema_cross fast=5..30 --study ../x", "no name for a study"),
        ("ema_cros fast=5..30", "nearest is 'ema_cross'"),
        ("ema_cross fast=5..30 --objective sharp", "nearest is 'sharpe'"),
        ("ema_cross fast=5..30 --max-drawdown 20", "--max-drawdown is a share"),
    ],
)
async def test_what_cannot_be_searched_is_refused_in_a_sentence(house, data, words, said):
    reply = await answered(house, f"/optimise {words} --data {data}")

    assert reply.failed
    assert said in reply.title


def test_parameters_are_written_as_they_are_typed():
    assert described({"fast": 9, "band": 0.0125, "deep": True}) == "fast=9 band=0.0125 deep=true"
