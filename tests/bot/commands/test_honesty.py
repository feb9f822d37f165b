"""The honesty checks as people meet them: words first, a table, one picture, and refusals they can act on."""

import json
from datetime import timedelta

from bot.dispatcher import Line
from bot.reply import Tone
from bot.web.json import to_json
from tests.bot.desks import answered, replies
from trading.domain.people import Place


async def test_an_honest_strategy_passes_and_the_next_question_is_offered(house):
    reply = await answered(house, "/biascheck ema_cross fast=8 hold=40")

    assert reply.title == "ema_cross is free of look-ahead, and its warm-up is enough"
    assert reply.tone is Tone.GOOD
    assert [line[0] for line in reply.text.split("\n")] == ["✓", "✓", "✓"]
    assert [row.label for row in reply.rows] == ["✓ Look-ahead", "✓ Warm-up", "✓ Answers"]
    assert reply.buttons[0][0].command == "/honesty ema_cross fast=8 hold=40"


async def test_a_cheater_is_named_with_the_first_candle_that_shows_it(house, cheater):
    reply = await answered(house, f"/biascheck {cheater.name}")

    assert reply.title == "knows_tomorrow looks into the future: believe none of its results"
    assert reply.tone is Tone.WARNING
    assert "✗ It looks into the future: its exposure at " in reply.text
    row = next(row for row in reply.rows if row.label == "✗ Look-ahead")
    assert row.value in reply.text
    assert reply.data["passed"] is False
    assert not reply.failed  # the check worked; the strategy did not


async def test_a_cheaters_luck_does_not_change_its_verdict(house, cheater):
    reply = await answered(house, f"/honesty {cheater.name} --runs 100")

    assert reply.title == "knows_tomorrow looks into the future: believe none of its results"


async def test_everything_is_told_in_few_lines_a_table_and_one_picture(house):
    every = await replies(house, "/honesty ema_cross hold=40 --runs 200")

    *before, reply = every
    assert [r.progress for r in before] == sorted(r.progress for r in before)
    assert all(r.title == "Checking ema_cross …" for r in before)
    verdicts = [line for line in reply.text.split("\n") if line[0] in "✓✗"]
    assert 3 <= len(verdicts) <= 6
    assert len(reply.rows) == 10
    assert [image.name for image in reply.images] == ["luck.png"]
    assert reply.images[0].alt.startswith("Ours ")
    assert reply.buttons[0][0].command == "/honesty ema_cross hold=40 --check sensitivity"


async def test_one_check_alone_is_told_alone(house):
    reply = await answered(house, "/honesty ema_cross hold=40 --check sensitivity")

    assert [row.label[2:] for row in reply.rows] == ["Neighbours"]
    assert [image.name for image in reply.images] == ["sensitivity.png"]


async def test_every_check_can_be_asked_for_alone(house):
    for check in ("luck", "sharpe", "montecarlo", "walkforward"):
        reply = await answered(house, f"/honesty ema_cross hold=40 --check {check} --runs 100")

        assert not reply.failed
        assert {v["check"] for v in reply.data["verdicts"]} == {check}


async def test_the_answer_for_programs_is_whole_and_without_thousands_of_throws(house):
    reply = await answered(house, "/honesty ema_cross hold=40 --runs 200")

    data = json.loads(to_json(reply.data))
    assert set(data["verdicts"][0]) == {"check", "name", "passed", "sentence", "numbers"}
    assert data["passed"] is False
    assert data["params"]["hold"] == 40
    assert "spread" not in data


async def test_the_same_question_has_the_same_answer(house):
    line = "/honesty ema_cross hold=40 --check montecarlo --runs 200"

    first, second, other = [await answered(house, text) for text in (line, line, f"{line} --seed 2")]

    assert first.data["verdicts"] == second.data["verdicts"] != other.data["verdicts"]


async def test_koreans_read_it_in_korean(house):
    await house.people.set_language(house.owner.id, "ko")

    reply = await answered(house, "/honesty ema_cross hold=40 --runs 100")

    said = [reply.title, *reply.text.split("\n"), *(row.label for row in reply.rows), reply.images[0].alt]
    assert [text for text in said if not any("가" <= letter <= "힣" for letter in text)] == []


REFUSED = {
    "/honesty ema_cros": "There is no strategy 'ema_cros'; the nearest is 'ema_cross'.",
    "/biascheck ema_cross fats=9": "ema_cross has no parameter 'fats'; the nearest is 'fast'.",
    "/honesty ema_cross fast=900": "ema_cross: fast must be within 2 ... 100, not 900.",
    "/honesty ema_cross --runs 5": "--runs must be within 100 ... 20000, not 5.",
    "/honesty ema_cross --windows 0": "--windows must be within 1 ... 50, not 0.",
    "/honesty ema_cross --trials -1": "--trials must be within 0 ... 1000000000, not -1.",
    "/biascheck ema_cross --data /nowhere": "There is no file or folder /nowhere.",
}


async def test_what_cannot_be_checked_is_refused_in_a_sentence(house):
    found = {line: await answered(house, line) for line in REFUSED}

    assert {line: reply.title for line, reply in found.items()} == REFUSED
    assert all(reply.failed for reply in found.values())


async def test_too_few_candles_are_refused_with_both_numbers(house):
    reply = await answered(house, "/biascheck ema_cross hold=2000")

    assert reply.failed
    assert reply.title.startswith("ema_cross needs 2336 candles of 1h before its first signal; ")


async def test_files_of_the_computer_are_for_its_terminal(house):
    web = Place(platform="web", user_id="local", chat_id="local", private=True)
    code = await house.people.new_code(house.owner.id, (), timedelta(hours=1))
    await house.people.pair(web, "Mina", code)
    line = Line(text="/honesty ema_cross --data /etc", place=web, name="Mina", update_id=None, sent_at=None)

    reply = [found async for found in house.dispatcher.handle(line)][-1]

    assert reply.title == (
        "Files of the desk's computer can be named in its terminal only; for here, put candles into "
        f"{house.trading.settings.data_dir.name}/candles on it, in a file named like binance_BTC-USDT_1h.parquet, "
        "and write --data archive."
    )


async def test_the_limit_is_the_houses_own(house):
    reply = await answered(house, "/honesty ema_cross hold=40 --check montecarlo --runs 100")

    limit = reply.data["verdicts"][0]["numbers"]["limit"]
    assert limit == house.trading.settings.risk.drawdown
