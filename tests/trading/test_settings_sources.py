"""The environment and secret files override settings.toml, each can be pointed at, and no secret is shown."""

import json
import traceback
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.settings_refusal import refusal
from trading.domain.errors import SettingsError
from trading.settings import Settings, load

SECRET = "123456:s3cret-of-the-bot-that-nobody-may-see"


# --- the environment --------------------------------------------------------------------------------------


def test_the_environment_is_merged_into_the_file(settings_file):
    settings_file(
        '[accounts.main]\nmode = "shadow"\ntimeframe = "4h"\n'
        "[accounts.main.sleeves.rsi]\nshare = 0.2\nlow = 25\n"
    )

    settings = load(
        environ={
            "TRADEWIND__RISK__DAILY_LOSS": "0.03",
            "TRADEWIND__ACCOUNTS": '{"main": {"mode": "paper", "sleeves": {"rsi": {"high": 75}}},'
            '"two": {"cash": 1}}',
            "TRADEWIND__ACCOUNTS__MAIN__CASH": "500",
            "TRADEWIND__ACCOUNTS__MAIN__SYMBOLS": '["BTC/USDT"]',
            "TRADEWIND__WEB__ENABLED": "false",
            "UNRELATED": "x",
        }
    )

    main = settings.accounts["main"]
    assert (main.mode, main.timeframe, main.cash, main.symbols) == (
        "paper",
        "4h",
        Decimal(500),
        ("BTC/USDT",),
    )
    assert (main.sleeves["rsi"].share, main.sleeves["rsi"].params) == (0.2, {"low": 25, "high": 75})
    assert settings.accounts["two"].cash == 1
    assert settings.risk.daily_loss == 0.03
    assert settings.web.enabled is False


def test_the_environment_reaches_into_the_default_account(settings_file):
    main = load(environ={"TRADEWIND__ACCOUNTS__MAIN__CASH": "500"}).accounts["main"]

    assert (main.cash, len(main.sleeves)) == (Decimal(500), 3)


def test_null_takes_something_away(settings_file):
    environ = {"TRADEWIND__ACCOUNTS__MAIN__SLEEVES": '{"rsi": null}'}

    assert list(load(environ=environ).accounts["main"].sleeves) == ["ema_cross", "bollinger"]
    assert len(load(environ={}).accounts["main"].sleeves) == 3


def test_parameters_and_exchange_options_keep_their_types(settings_file):
    main = load(
        environ={
            "TRADEWIND__ACCOUNTS__MAIN__SLEEVES__EMA_CROSS__FAST": "9",
            "TRADEWIND__ACCOUNTS__MAIN__SLEEVES__EMA_CROSS__KIND": "slow",
            "TRADEWIND__ACCOUNTS__MAIN__EXCHANGE_OPTIONS__SANDBOX": "true",
            "TRADEWIND__ACCOUNTS__MAIN__EXCHANGE_OPTIONS__defaultType": "spot",
        }
    ).accounts["main"]

    assert main.sleeves["ema_cross"].params == {"fast": 9, "kind": "slow"}
    assert main.exchange_options == {"sandbox": True, "defaultType": "spot"}


def test_a_secret_that_looks_like_json_stays_text(settings_file):
    settings = load(environ={"TRADEWIND__TELEGRAM__WEBHOOK_SECRET": "{12}"})

    assert settings.telegram.webhook_secret.get_secret_value() == "{12}"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("RISK__DAILY_LOSS", "lots", ": risk.daily_loss should be a number; found 'lots'."),
        ("RISK__DAILY_LOSS", "", ": risk.daily_loss should be a number; found nothing."),
        ("RISK__DAYLY_LOSS", "0.1", ": there is no setting 'dayly_loss' in [risk]; did you mean daily_loss?"),
        (
            "RSK__DAILY_LOSS",
            "0.1",
            ": there is no setting 'rsk' at the top of the settings; did you mean risk?",
        ),
        ("ZONE__X", "1", ": zone should be text in quotes; found a table."),
        ("RISK", "0.1", ": risk should be a table of settings; found a number."),
        ("RISK", "low", ' should be JSON, {"name": 1} or ["a", "b"] for instance; found other text.'),
        (
            "ACCOUNTS",
            '{"main": {"mode": "x"}}',
            ": accounts.main.mode should be 'shadow', 'paper', 'canary' or 'live'; found 'x'.",
        ),
    ],
)
def test_a_wrong_variable_is_named(settings_file, name, value, sentence):
    assert refusal({f"TRADEWIND__{name}": value}) == f"TRADEWIND__{name}{sentence}"


def test_a_variable_that_spoils_what_the_file_says_is_the_one_named(settings_file):
    settings_file("[risk]\ndaily_loss = 0.05\n")

    assert refusal({"TRADEWIND__RISK__DAILY_LOSS": "9"}).startswith("TRADEWIND__RISK__DAILY_LOSS: ")


# --- secrets ----------------------------------------------------------------------------------------------


def test_a_secret_may_lie_in_a_file_of_its_own(settings_file, tmp_path):
    (tmp_path / "x").write_text(f"{SECRET}\n")

    settings = load(environ={"TRADEWIND__TELEGRAM__TOKEN_FILE": str(tmp_path / "x")})

    assert settings.telegram.token.get_secret_value() == SECRET


@pytest.mark.parametrize("name", ["telegram__token", "TELEGRAM__TOKEN", "TRADEWIND__TELEGRAM__TOKEN"])
def test_a_folder_of_secrets_is_read(settings_file, tmp_path, name):
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / name).write_text(f"{SECRET}\n")
    (folder / "another_service").write_text("not ours")
    (folder / "..data").mkdir()
    settings_file(f'secrets_dir = "{folder}"\n[telegram]\ntoken = "of the file"\n')

    settings = load(environ={})

    assert settings.telegram.token.get_secret_value() == SECRET
    assert settings.where(("telegram", "token")) == str(folder / name)


def test_the_environment_wins_over_the_folder(settings_file, tmp_path):
    (tmp_path / "discord__token").write_text("of the folder")

    settings = load(environ={"TRADEWIND__SECRETS_DIR": str(tmp_path), "TRADEWIND__DISCORD__TOKEN": "mine"})

    assert settings.discord.token.get_secret_value() == "mine"


def test_a_misspelt_secret_file_is_named(settings_file, tmp_path):
    (tmp_path / "telegram__tokn").write_text(SECRET)

    said = refusal({"TRADEWIND__SECRETS_DIR": str(tmp_path)})

    assert (
        said
        == f"{tmp_path / 'telegram__tokn'}: there is no setting 'tokn' in [telegram]; did you mean token?"
    )


def test_a_missing_secret_file_is_named_by_its_variable_only(settings_file):
    said = refusal({"TRADEWIND__TELEGRAM__TOKEN_FILE": SECRET})

    assert said == "TRADEWIND__TELEGRAM__TOKEN_FILE: the file it names does not exist; name one that does."


def test_a_missing_secrets_folder_is_named(settings_file):
    settings_file('\nsecrets_dir = "nowhere"\n')

    assert (
        refusal() == "settings.toml line 2: secrets_dir should be a folder; found 'nowhere', which is none."
    )


def test_a_secret_given_twice_is_refused(settings_file, tmp_path):
    (tmp_path / "x").write_text(SECRET)
    environ = {"TRADEWIND__TELEGRAM__TOKEN": "a", "TRADEWIND__TELEGRAM__TOKEN_FILE": str(tmp_path / "x")}

    said = refusal(environ)

    both = "TRADEWIND__TELEGRAM__TOKEN and TRADEWIND__TELEGRAM__TOKEN_FILE"
    assert said == f"{both} both set telegram.token; keep one of them."


def test_no_secret_is_in_the_printed_settings(settings_file):
    settings_file('[telegram]\ntoken = "s3cret-1"\n[database]\nurl = "postgresql://bot:s3cret%2F2@db/x"\n')
    environ = {
        "TRADEWIND__ACCOUNTS__MAIN__EXCHANGE_OPTIONS__SECRET": "s3cret-3",
        "TRADEWIND__DISCORD__TOKEN": "s3cret-4",
        "TRADEWIND__TELEGRAM__WEBHOOK_SECRET": "s3cret-5",
    }

    settings = load(environ=environ)

    assert "s3cret" not in f"{settings} {settings!r}"
    assert sorted(settings.secrets) == [
        "s3cret%2F2",
        "s3cret-1",
        "s3cret-3",
        "s3cret-4",
        "s3cret-5",
        "s3cret/2",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[telegram]\ntoken = ['SECRET']",
        "[telegram]\ntoken = {a = 'SECRET'}",
        "[telegram]\ntokn = 'SECRET'",
        "telegram = 'SECRET'",
        "[web]\nport = 'SECRET'",
        "zone = 'SECRET'",
        "[database]\nurl = 'mysql://SECRET@x/y'",
        "[accounts.main]\nexchange_options = 'SECRET'",
        "[telegram]\ntoken = 'SECRET",
    ],
)
def test_no_secret_is_in_an_error_even_in_the_wrong_place(settings_file, text):
    settings_file(text.replace("SECRET", SECRET))

    with pytest.raises(SettingsError) as refused:
        load(environ={})

    shown = "".join(traceback.format_exception(refused.value)) + repr(vars(refused.value))
    assert refused.value.__context__ is None
    assert not [SECRET[at : at + 8] for at in range(len(SECRET) - 7) if SECRET[at : at + 8] in shown]


@given(
    st.sampled_from(
        ["", "__TELEGRAM", "__TELEGRAM__TOKEN__X", "__WEB__PORT", "__ACCOUNTS", "__LOG__LEVEL", "__X"]
    )
)
def test_no_variable_shows_its_secret_in_an_error(name):
    said = refusal({f"TRADEWIND{name or '__'}": SECRET})

    assert SECRET not in said
    assert said.startswith("TRADEWIND__")


# --- where ------------------------------------------------------------------------------------------------


def test_where_tells_the_line_the_variable_or_the_defaults(settings_file):
    settings_file("[accounts.main.sleeves.ema_cross]\n\nfast = 900\n")

    settings = load(environ={"TRADEWIND__ACCOUNTS": json.dumps({"main": {"sleeves": {"rsi": {"low": 5}}}})})

    assert settings.where(("accounts", "main", "sleeves", "ema_cross", "fast")) == "settings.toml line 3"
    assert settings.where(("accounts", "main", "sleeves", "ema_cross", "slow")) == "settings.toml line 1"
    assert settings.where(("accounts", "main", "sleeves", "rsi", "low")) == "TRADEWIND__ACCOUNTS"
    assert settings.where(("risk", "drawdown")) == "built-in defaults"
    assert Settings().where(("risk",)) == "built-in defaults"
