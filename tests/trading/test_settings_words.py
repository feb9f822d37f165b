"""Words about sizes, weights and protection that cannot be meant are refused in one sentence; per cent are read."""

from dataclasses import replace

import pytest

from tests.trading.settings_refusal import refusal
from trading.build import sleeves_of
from trading.domain.errors import Refused, SettingsError
from trading.domain.protection import NOTHING, Protection
from trading.domain.research import Terms
from trading.domain.sizing import AtrSize, KellySize, VolatilitySize
from trading.lab.terms import notes_of, protection_of, size_of, weighing_of
from trading.settings import load


@pytest.fixture
def settings_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text: str):
        path = tmp_path / "settings.toml"
        path.write_text(text)
        return path

    return write


SLEEVE = "[accounts.main.sleeves.rsi]\n[accounts.main.sleeves.rsi."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "sizing]\nmethod = 'kelly'\ntarget = 0.3",
            'line 4: accounts.main.sleeves.rsi.sizing.target belongs to method = "volatility" and changes nothing '
            'with "kelly"; found 0.3.',
        ),
        (
            "sizing]\nfraction = 0.5",
            'line 3: accounts.main.sleeves.rsi.sizing.fraction belongs to method = "kelly" and changes nothing with '
            '"full"; found 0.5.',
        ),
        (
            "sizing]\nmethod = 'kelly'\nbegin = 0",
            "line 4: accounts.main.sleeves.rsi.sizing.begin should be more than 0; found 0.",
        ),
        (
            "protect]\ntiers = '0.06:0.5 0.03:0.25'",
            "line 3: accounts.main.sleeves.rsi.protect.tiers should have gains above 0 that rise, like 0.03:0.5 "
            "0.06:0.25; found 0.03 after 0.06.",
        ),
        (
            "protect]\ntiers = '0.03:0.7 0.06:0.7'",
            "line 3: accounts.main.sleeves.rsi.protect.tiers should have shares that are 1 at most together, like "
            "0.03:0.5 0.06:0.25; found 1.4.",
        ),
        (
            "protect]\ntiers = 'soon'",
            "line 3: accounts.main.sleeves.rsi.protect.tiers should be pairs of gain and share like 0.03:0.5 "
            "0.06:0.25; found 'soon'.",
        ),
    ],
)
def test_what_is_said_wrongly_of_a_sleeve_is_named_where_it_stands(settings_file, text, sentence):
    settings_file(SLEEVE + text)

    assert refusal() == f"settings.toml {sentence}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "trail_from = 0.05",
            "trail_from = 0.05 belongs to a trail, and there is none; set trail, or leave it out.",
        ),
        (
            "time_stop = 3\nmin_hold = 12",
            "time_stop = 3 would sell before min_hold = 12 lets it; make it the longer one.",
        ),
    ],
)
def test_words_that_contradict_each_other_are_refused_at_the_start_and_in_a_backtest(
    settings_file, text, sentence
):
    settings_file(f"{SLEEVE}protect]\n{text}")
    words = dict(line.split(" = ") for line in text.splitlines())

    with pytest.raises(SettingsError) as at_start:
        sleeves_of(load(environ={}), "main")
    with pytest.raises(Refused) as asked:
        protection_of(Terms(protect=words), NOTHING)

    assert at_start.value.tell.endswith(f": {sentence}") and at_start.value.tell.startswith(
        "settings.toml line "
    )
    assert asked.value.tell == sentence


def test_a_trail_may_begin_where_the_house_says_and_be_switched_off_below(settings_file):
    settings_file(f"[protect]\ntrail_from = 0.05\n{SLEEVE}protect]\ntrail = 0.02\n[accounts.main.sleeves.macd]\n"
                  "[accounts.main.sleeves.macd.protect]\ntrail = 0\n")  # fmt: skip

    sleeves = sleeves_of(load(environ={}), "main")

    assert [(s.protection.trail, s.protection.trail_from) for s in sleeves.values()] == [
        (0.02, 0.05),
        (0.0, 0.05),
    ]


def test_words_of_another_method_that_say_the_usual_do_no_harm(settings_file):
    settings_file(
        SLEEVE + "sizing]\nmethod = 'full'\ntarget = 0.4\ndays = 20.0\nrisk = 0.02\nfraction = 0.25"
    )

    assert sleeves_of(load(environ={}), "main")["rsi"].size is None


def test_per_cent_are_read_in_settings_and_after_every_option(settings_file):
    settings_file(f"[risk]\ndaily_loss = '3%'\n{SLEEVE}protect]\nstop = '0.7%'\ntiers = '3%:50% 6%:25%'\n")

    settings = load(environ={"TRADEWIND__RISK__DRAWDOWN": "12%", "TRADEWIND__RISK__GROSS_EXPOSURE": "150%"})
    sleeve = sleeves_of(settings, "main")["rsi"]

    assert (settings.risk.daily_loss, settings.risk.drawdown) == (0.03, 0.12)
    assert settings.risk.gross_exposure == 1.5
    expected = Protection(stop=0.007, tiers=((0.03, 0.5), (0.06, 0.25)))
    assert (
        replace(sleeve.protection, stop=0.007) == sleeve.protection
        and sleeve.protection.tiers == expected.tiers
    )
    assert protection_of(Terms(protect={"stop": "0.7%", "tiers": "3%:50%+6%:25%"}), NOTHING) == expected
    assert size_of(Terms(sizing="atr=2%,multiple=2")) == AtrSize(risk=0.02, multiple=2.0)
    assert size_of(Terms(sizing="volatility=40%")) == VolatilitySize(target=0.4)
    assert size_of(Terms(sizing="kelly=25%,begin=5%")) == KellySize(fraction=0.25, begin=0.05)


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        (Terms(weights="risk_parity,foo=1"), "--weights knows no 'foo'; there is band, days, every, method."),
        (Terms(weights="risk_parity,evry=1"), "--weights knows no 'evry'; the nearest is 'every'."),
        (Terms(weights="risk_parity,days=0"), "--weights: days should be more than 0.0; found '0'."),
        (Terms(sizing="kelly=0.2,risk=0.5"),
         '--sizing: risk belongs to method = "atr" and changes nothing with "kelly"; found \'0.5\'.'),
        (Terms(protect={"stop": "much"}), "--protect: stop should be a number; found 'much'."),
        (Terms(protect={"stop": "many%"}), "--protect: stop should be a number; found 'many%'."),
    ],
)  # fmt: skip
def test_what_no_option_knows_is_named_with_what_it_knows(terms, sentence):
    with pytest.raises(Refused) as refused:
        protection_of(terms, NOTHING), weighing_of(terms), size_of(terms)

    assert refused.value.tell == sentence


def test_a_backtest_says_with_how_little_a_record_begins():
    sizes = [KellySize(fraction=0.25, begin=0.05), None]

    assert list(notes_of(Terms(), [], sizes))[-1] == (
        "Sized by its record, a strategy uses 5% of its part until 30 trades are closed."
    )
