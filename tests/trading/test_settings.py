"""settings.toml is read and checked; what is wrong with it is said in one sentence, with its line."""

from decimal import Decimal

import pytest

from tests.trading.settings_refusal import refusal
from trading.build import sleeves_of
from trading.domain.sizing import AtrSize, Weighing
from trading.settings import load


def test_without_a_file_there_is_a_paper_account_on_the_simulated_market(settings_file):
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


def test_an_account_of_the_file_replaces_the_default_one(settings_file):
    settings_file(
        '[accounts.mine]\nexchange = "upbit"\nsymbols = ["BTC/KRW"]\n[accounts.mine.sleeves.rsi]\nfast = 3\n'
    )

    settings = load(environ={})

    assert list(settings.accounts) == ["mine"]
    assert settings.accounts["mine"].sleeves["rsi"].params == {"fast": 3}


def test_money_is_exact(settings_file):
    settings_file("[accounts.main]\ncash = 0.1\nfee = 0.0007\n")

    main = load(environ={}).accounts["main"]

    assert (main.cash, main.fee) == (Decimal("0.1"), Decimal("0.0007"))


def test_an_empty_fee_is_the_exchanges_own(settings_file):
    settings_file('[accounts.main]\nfee = ""\n')

    assert load(environ={}).accounts["main"].fee is None


def test_a_named_file_is_read_from_anywhere(settings_file, tmp_path):
    (tmp_path / "other.toml").write_text('zone = "Asia/Seoul"\n')

    assert load(tmp_path / "other.toml", {}).zone == "Asia/Seoul"


def test_the_data_folder_is_counted_from_the_settings_file(tmp_path):
    (tmp_path / "desk.toml").write_text('data_dir = "book"\n')
    (tmp_path / "bare.toml").write_text("")

    assert load(tmp_path / "desk.toml", {}).data_dir == tmp_path / "book"
    assert load(tmp_path / "bare.toml", {}).data_dir == tmp_path / "data"


def test_a_file_saved_by_a_windows_editor_is_read(settings_file):
    path = settings_file("")
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
            "[simulated]\nx = 1",
            "line 2: there is no setting 'x' in [simulated]; known are seed.",
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
        ("[risk]\norder_share = inf", "line 2: risk.order_share should be a number; found inf."),
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
def test_a_wrong_line_is_named_with_what_was_found_and_what_is_right(settings_file, text, sentence):
    settings_file(text)

    assert refusal() == f"settings.toml {sentence}".replace("settings.toml settings.toml", "settings.toml")


def test_disabled_sleeves_take_no_share(settings_file):
    settings_file(
        "[accounts.main.sleeves.a]\nshare = 1\n[accounts.main.sleeves.b]\nshare = 1\nenabled = false\n"
    )

    assert len(load(environ={}).accounts["main"].sleeves) == 2


def test_shares_that_add_up_to_one_in_decimal_are_fine(settings_file):
    settings_file("".join(f"[accounts.main.sleeves.s{n}]\nshare = 0.1\n" for n in range(10)))

    assert len(load(environ={}).accounts["main"].sleeves) == 10


def test_a_named_file_must_exist(tmp_path):
    path = tmp_path / "mine.toml"

    assert refusal(path=path) == f"The settings file {path} does not exist; name one that does."


def test_a_folder_is_not_a_settings_file(tmp_path):
    assert refusal(path=tmp_path) == f"The settings file {tmp_path} is a folder; name a file."


def test_a_file_in_another_encoding_is_named(settings_file):
    settings_file("").write_bytes(b'zone = "\xff"')

    assert refusal() == "The settings file settings.toml is not UTF-8 text; save it as UTF-8."


# --- derived ----------------------------------------------------------------------------------------------


def test_the_database_lies_in_the_data_folder_unless_another_is_named(settings_file, tmp_path):
    settings_file('data_dir = "there"\n')

    assert load(environ={}).database_url == f"sqlite:///{tmp_path / 'there' / 'tradewind.db'}"
    assert load(environ={"TRADEWIND__DATABASE__URL": "postgresql://db/x"}).database_url == "postgresql://db/x"


def test_a_tilde_is_the_home_folder(settings_file, monkeypatch):
    monkeypatch.setenv("HOME", "/somewhere")

    assert str(load(environ={"TRADEWIND__DATA_DIR": "~/desk"}).data_dir) == "/somewhere/desk"


# --- who is told what ---------------------------------------------------------------------------------------


def test_a_route_may_name_a_place_a_service_or_an_address(settings_file):
    path = settings_file(
        '[notify.places]\nlog = "discord:123"\n'
        '[notify.services]\nmail = "mailtos://user:hunter2@example.org"\n'
        '[notify.routes]\ninfo = ["log"]\ncritical = ["log @owner", "apprise:mail", "telegram:-100123/7 @here"]\n'
    )

    settings = load(path, {})

    assert settings.notify.routes.critical[1] == "apprise:mail"
    assert "mailtos://user:hunter2@example.org" in settings.secrets
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('routes.info = ["nowhere"]', "has no place or service for the route 'nowhere'"),
        ('routes.info = ["apprise:mail"]', "has no place or service for the route 'apprise:mail'"),
        ('routes.info = ["telegram:1 @everyone"]', "at most @here or @owner after it"),
        ('places.log = "slack:1"', "should be an address like telegram:-1001234567890/7"),
        ('escalate_after = "soon"', "should be a length of time like 30s, 10m or 2h"),
        ('rules.order_refusd = "off"', "should be one of the alert rules"),
        ('routes.loud = ["telegram:owner"]', "there is no setting 'loud'"),
    ],
)
def test_a_wrong_way_to_tell_is_said_at_the_start(settings_file, text, said):
    path = settings_file(f"[notify]\n{text}\n")

    assert said in refusal(path=path)


def test_a_sleeve_may_be_weighed_and_sized(settings_file):
    settings_file(
        "[accounts.main.sleeves.rsi]\nsizing = { method = 'atr', risk = 0.01 }\n"
        "[accounts.main.sleeves.rsi.weights]\nmethod = 'risk_parity'\nevery = 7\n"
    )

    sleeve = sleeves_of(load(environ={}), "main")["rsi"]

    assert sleeve.weighing == Weighing(method="risk_parity", days=30, every=7, band=0.01)
    assert sleeve.size == AtrSize(risk=0.01, multiple=3)
    assert len(sleeve.questions()) == 3 * len(sleeve.symbols)


def test_an_unknown_way_of_weighing_is_refused(settings_file):
    settings_file("[accounts.main.sleeves.rsi.weights]\nmethod = 'gut'\n")

    assert refusal() == (
        "settings.toml line 2: accounts.main.sleeves.rsi.weights.method should be 'even', 'equal', "
        "'inverse_volatility', 'risk_parity' or 'minimum_variance'; found 'gut'."
    )
