"""Settings come from a file, the environment and secret files; what is wrong is said in one sentence."""

import json
import traceback
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.domain.errors import SettingsError
from trading.settings import Settings, load

SECRET = "123456:s3cret-of-the-bot-that-nobody-may-see"


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Writes settings.toml into an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        path = tmp_path / "settings.toml"
        path.write_text(text)
        return path

    return write


def refusal(environ=None, path=None):
    with pytest.raises(SettingsError) as refused:
        load(path, environ or {})
    return refused.value.tell


# --- the file ---------------------------------------------------------------------------------------------


def test_without_a_file_there_is_a_paper_account_on_the_simulated_market(file):
    settings = load(environ={})

    main = settings.accounts["main"]
    assert (main.mode, main.exchange, main.timeframe, main.cash) == (
        "paper",
        "simulated",
        "1h",
        Decimal(10000),
    )
    assert main.symbols == ("BTC/USDT", "ETH/USDT", "SOL/USDT")
    assert {n: s.share for n, s in main.sleeves.items()} == {"ema_cross": 0.25, "rsi": 0.2, "bollinger": 0.2}


def test_an_account_of_the_file_replaces_the_default_one(file):
    file(
        '[accounts.mine]\nexchange = "upbit"\nsymbols = ["BTC/KRW"]\n[accounts.mine.sleeves.rsi]\nfast = 3\n'
    )

    settings = load(environ={})

    assert list(settings.accounts) == ["mine"]
    assert settings.accounts["mine"].sleeves["rsi"].params == {"fast": 3}


def test_money_is_exact(file):
    file("[accounts.main]\ncash = 0.1\nfee = 0.0007\n")

    main = load(environ={}).accounts["main"]

    assert (main.cash, main.fee) == (Decimal("0.1"), Decimal("0.0007"))


def test_an_empty_fee_is_the_exchanges_own(file):
    file('[accounts.main]\nfee = ""\n')

    assert load(environ={}).accounts["main"].fee is None


def test_a_named_file_is_read_from_anywhere(file, tmp_path):
    (tmp_path / "other.toml").write_text('zone = "Asia/Seoul"\n')

    assert load(tmp_path / "other.toml", {}).zone == "Asia/Seoul"


def test_a_file_saved_by_a_windows_editor_is_read(file):
    path = file("")
    path.write_bytes(b'\xef\xbb\xbfzone = "Asia/Seoul"\r\n[risk]\r\ndaily_loss = 2\r\n')

    assert refusal() == "settings.toml line 3: risk.daily_loss should be at most 1; found 2."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[risk]\ndayly_loss = 1",
            "line 2: there is no setting 'dayly_loss' in [risk]; did you mean daily_loss?",
        ),
        ("zome = 'UTC'", "line 1: there is no setting 'zome' at the top of the settings; did you mean zone?"),
        (
            "[web]\nzone = 'UTC'",
            "line 2: there is no setting 'zone' in [web]; it belongs at the top, before the first table.",
        ),
        (
            "[risk]\ngateway_url = ''",
            "line 2: there is no setting 'gateway_url' in [risk]; it belongs in [discord].",
        ),
        (
            "[risk]\nx = 1",
            "line 2: there is no setting 'x' in [risk]; known are order_share, daily_loss, drawdown.",
        ),
        (
            "[acounts.main]\n",
            "line 1: there is no setting 'acounts' at the top of the settings; did you mean accounts?",
        ),
        (
            "[accounts.main]\n\n[accounts.main.sleeve.rsi]\n",
            "line 3: there is no setting 'sleeve' in [accounts.main]; did you mean sleeves?",
        ),
        ("[risk]\n\ndaily_loss = 'much'", "line 3: risk.daily_loss should be a number; found 'much'."),
        ("[risk]\ndaily_loss = true", "line 2: risk.daily_loss should be a number; found true."),
        ("[risk]\ndaily_loss = nan", "line 2: risk.daily_loss should be a number; found nan."),
        ("[protect]\ntake_profit = inf", "line 2: protect.take_profit should be a number; found inf."),
        ("risk = 5", "line 1: risk should be a table of settings; found a number."),
        ("risk = 'low'", "line 1: risk should be a table of settings; found text."),
        ("[web]\nport = 70000", "line 2: web.port should be at most 65535; found 70000."),
        ("[web]\nport = 80.5", "line 2: web.port should be a whole number; found 80.5."),
        ("[web]\nenabled = 'maybe'", "line 2: web.enabled should be true or false; found 'maybe'."),
        (
            "[log]\nlevel = 'loud'",
            "line 2: log.level should be 'debug', 'info', 'warning' or 'error'; found 'loud'.",
        ),
        ("zone = 'Asia/Soul'", "line 1: zone should be a time zone like Asia/Seoul; found 'Asia/Soul'."),
        ("zone = 4", "line 1: zone should be text in quotes; found 4."),
        ("zone = ['UTC']", "line 1: zone should be text in quotes; found a list."),
        (
            "[telegram]\nbase_url = 'api.example.org'",
            "line 2: telegram.base_url should be an address that begins with http:// or https://; "
            "found 'api.example.org'.",
        ),
        (
            "[discord]\napi_base = 'http://[x'",
            "line 2: discord.api_base should be an address like https://host:port/path; found 'http://[x'.",
        ),
        ("[accounts.main]\ncash = 0", "line 2: accounts.main.cash should be more than 0; found 0."),
        ("[accounts.main]\nfee = 1", "line 2: accounts.main.fee should be less than 1; found 1."),
        (
            "[accounts.main]\nexchange = ''",
            "line 2: accounts.main.exchange should not be empty; found nothing.",
        ),
        ("[accounts.main]\nsymbols = []", "line 2: accounts.main.symbols should not be empty."),
        (
            "[accounts.main]\nsymbols = 'BTC/USDT'",
            'line 2: accounts.main.symbols should be a list like ["BTC/USDT", "ETH/USDT"]; found text.',
        ),
        (
            "[accounts.main]\nsymbols = [\n'BTC/USDT',\n'BTCUSDT',\n]",
            "line 4: accounts.main.symbols.1 should be a market like BTC/USDT; found 'BTCUSDT'.",
        ),
        (
            "[accounts.main]\nsymbols = ['BTC/USDT', 'BTC/USDT']",
            "line 2: accounts.main.symbols should name each market once, but BTC/USDT is there twice.",
        ),
        (
            "[accounts.main]\ntimeframe = '15'",
            "line 2: accounts.main.timeframe should be a timeframe: a number and m, h, d or w, "
            "like 15m or 4h; found '15'.",
        ),
        (
            "[accounts.main]\nreport_at = '24:00'",
            "line 2: accounts.main.report_at should be a time of day from 00:00 to 23:59; found '24:00'.",
        ),
        (
            "accounts = {main = {mode = 'life'}}",
            "line 1: accounts.main.mode should be 'shadow', 'paper', 'canary' or 'live'; found 'life'.",
        ),
        (
            "\n[accounts.Mine]",
            "line 2: accounts.Mine should have a name of 1 to 24 characters out of a-z, 0-9, _ and -.",
        ),
        (
            '[accounts."a\\nb"]',
            "line 1: accounts.a\\nb should have a name of 1 to 24 characters out of a-z, 0-9, _ and -.",
        ),
        (
            "[accounts.main.sleeves.a]\nshare = 0.7\n[accounts.main.sleeves.b]\nshare = 0.31",
            "line 1: accounts.main gives its sleeves shares that add up to 1.01, which should be at most 1.",
        ),
        (
            "[accounts.main.sleeves.a]\nsymbols = ['XRP/USDT']",
            "line 1: accounts.main has no XRP/USDT in its symbols, where sleeves.a needs it.",
        ),
        (
            "[risk]\ndaily_loss 5",
            "line 2: this is not TOML at column 12 (Expected '=' after a key in a key/value pair); "
            "write name = value.",
        ),
        (
            "[web]\nport = [1,",
            "settings.toml ends too early (Invalid value); close the last quote or bracket.",
        ),
    ],
)
def test_a_wrong_line_is_named_with_what_was_found_and_what_is_right(file, text, sentence):
    file(text)

    assert refusal() == f"settings.toml {sentence}".replace("settings.toml settings.toml", "settings.toml")


def test_disabled_sleeves_take_no_share(file):
    file("[accounts.main.sleeves.a]\nshare = 1\n[accounts.main.sleeves.b]\nshare = 1\nenabled = false\n")

    assert len(load(environ={}).accounts["main"].sleeves) == 2


def test_shares_that_add_up_to_one_in_decimal_are_fine(file):
    file("".join(f"[accounts.main.sleeves.s{n}]\nshare = 0.1\n" for n in range(10)))

    assert len(load(environ={}).accounts["main"].sleeves) == 10


def test_a_named_file_must_exist(tmp_path):
    path = tmp_path / "mine.toml"

    assert refusal(path=path) == f"The settings file {path} does not exist; name one that does."


def test_a_folder_is_not_a_settings_file(tmp_path):
    assert refusal(path=tmp_path) == f"The settings file {tmp_path} is a folder; name a file."


def test_a_file_in_another_encoding_is_named(file):
    file("").write_bytes(b'zone = "\xff"')

    assert refusal() == "The settings file settings.toml is not UTF-8 text; save it as UTF-8."


# --- the environment --------------------------------------------------------------------------------------


def test_the_environment_is_merged_into_the_file(file):
    file(
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


def test_the_environment_reaches_into_the_default_account(file):
    main = load(environ={"TRADEWIND__ACCOUNTS__MAIN__CASH": "500"}).accounts["main"]

    assert (main.cash, len(main.sleeves)) == (Decimal(500), 3)


def test_null_takes_something_away(file):
    environ = {"TRADEWIND__ACCOUNTS__MAIN__SLEEVES": '{"rsi": null}'}

    assert list(load(environ=environ).accounts["main"].sleeves) == ["ema_cross", "bollinger"]
    assert len(load(environ={}).accounts["main"].sleeves) == 3


def test_parameters_and_exchange_options_keep_their_types(file):
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


def test_a_secret_that_looks_like_json_stays_text(file):
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
def test_a_wrong_variable_is_named(file, name, value, sentence):
    assert refusal({f"TRADEWIND__{name}": value}) == f"TRADEWIND__{name}{sentence}"


def test_a_variable_that_spoils_what_the_file_says_is_the_one_named(file):
    file("[risk]\ndaily_loss = 0.05\n")

    assert refusal({"TRADEWIND__RISK__DAILY_LOSS": "9"}).startswith("TRADEWIND__RISK__DAILY_LOSS: ")


# --- secrets ----------------------------------------------------------------------------------------------


def test_a_secret_may_lie_in_a_file_of_its_own(file, tmp_path):
    (tmp_path / "x").write_text(f"{SECRET}\n")

    settings = load(environ={"TRADEWIND__TELEGRAM__TOKEN_FILE": str(tmp_path / "x")})

    assert settings.telegram.token.get_secret_value() == SECRET


@pytest.mark.parametrize("name", ["telegram__token", "TELEGRAM__TOKEN", "TRADEWIND__TELEGRAM__TOKEN"])
def test_a_folder_of_secrets_is_read(file, tmp_path, name):
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / name).write_text(f"{SECRET}\n")
    (folder / "another_service").write_text("not ours")
    (folder / "..data").mkdir()
    file(f'secrets_dir = "{folder}"\n[telegram]\ntoken = "of the file"\n')

    settings = load(environ={})

    assert settings.telegram.token.get_secret_value() == SECRET
    assert settings.where(("telegram", "token")) == str(folder / name)


def test_the_environment_wins_over_the_folder(file, tmp_path):
    (tmp_path / "discord__token").write_text("of the folder")

    settings = load(environ={"TRADEWIND__SECRETS_DIR": str(tmp_path), "TRADEWIND__DISCORD__TOKEN": "mine"})

    assert settings.discord.token.get_secret_value() == "mine"


def test_a_misspelt_secret_file_is_named(file, tmp_path):
    (tmp_path / "telegram__tokn").write_text(SECRET)

    said = refusal({"TRADEWIND__SECRETS_DIR": str(tmp_path)})

    assert (
        said
        == f"{tmp_path / 'telegram__tokn'}: there is no setting 'tokn' in [telegram]; did you mean token?"
    )


def test_a_missing_secret_file_is_named_by_its_variable_only(file):
    said = refusal({"TRADEWIND__TELEGRAM__TOKEN_FILE": SECRET})

    assert said == "TRADEWIND__TELEGRAM__TOKEN_FILE: the file it names does not exist; name one that does."


def test_a_missing_secrets_folder_is_named(file):
    file('\nsecrets_dir = "nowhere"\n')

    assert (
        refusal() == "settings.toml line 2: secrets_dir should be a folder; found 'nowhere', which is none."
    )


def test_a_secret_given_twice_is_refused(file, tmp_path):
    (tmp_path / "x").write_text(SECRET)
    environ = {"TRADEWIND__TELEGRAM__TOKEN": "a", "TRADEWIND__TELEGRAM__TOKEN_FILE": str(tmp_path / "x")}

    said = refusal(environ)

    both = "TRADEWIND__TELEGRAM__TOKEN and TRADEWIND__TELEGRAM__TOKEN_FILE"
    assert said == f"{both} both set telegram.token; keep one of them."


def test_no_secret_is_in_the_printed_settings(file):
    file('[telegram]\ntoken = "s3cret-1"\n[database]\nurl = "postgresql://bot:s3cret%2F2@db/x"\n')
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
def test_no_secret_is_in_an_error_even_in_the_wrong_place(file, text):
    file(text.replace("SECRET", SECRET))

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


def test_where_tells_the_line_the_variable_or_the_defaults(file):
    file("[accounts.main.sleeves.ema_cross]\n\nfast = 900\n")

    settings = load(environ={"TRADEWIND__ACCOUNTS": json.dumps({"main": {"sleeves": {"rsi": {"low": 5}}}})})

    assert settings.where(("accounts", "main", "sleeves", "ema_cross", "fast")) == "settings.toml line 3"
    assert settings.where(("accounts", "main", "sleeves", "ema_cross", "slow")) == "settings.toml line 1"
    assert settings.where(("accounts", "main", "sleeves", "rsi", "low")) == "TRADEWIND__ACCOUNTS"
    assert settings.where(("risk", "drawdown")) == "built-in defaults"
    assert Settings().where(("risk",)) == "built-in defaults"


# --- derived ----------------------------------------------------------------------------------------------


def test_the_database_lies_in_the_data_folder_unless_another_is_named(file, tmp_path):
    file('data_dir = "there"\n')

    assert load(environ={}).database_url == f"sqlite:///{tmp_path / 'there' / 'tradewind.db'}"
    assert load(environ={"TRADEWIND__DATABASE__URL": "postgresql://db/x"}).database_url == "postgresql://db/x"


def test_a_tilde_is_the_home_folder(file, monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")

    assert str(load(environ={"TRADEWIND__DATA_DIR": "~/desk"}).data_dir) == "/somewhere/desk"
