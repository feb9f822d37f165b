"""Every setting, typed and checked at the start: settings.toml, then secret files, then the environment."""

import os
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import (
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from trading.domain.account import Mode
from trading.domain.errors import SettingsError
from trading.settings_notify import Notify as Notify
from trading.settings_notify import duration as duration
from trading.settings_protect import Protect
from trading.settings_risk import CalendarSettings, Canary, Risk, SleeveRisk
from trading.settings_sizing import Sizing, Weights
from trading.settings_sources import PREFIX as PREFIX
from trading.settings_sources import Gathered, gather
from trading.settings_types import (
    ClockTime,
    DatabaseAddress,
    Markets,
    Money,
    MoneyOrEmpty,
    Name,
    Port,
    Secret,
    Section,
    Share,
    SocketAddress,
    TimeframeOrEmpty,
    TimeframeText,
    WebAddress,
    Whole,
    Zone,
)
from trading.settings_words import sentence
from trading.toml_lines import Keys


class Database(Section):
    url: DatabaseAddress = Field("", repr=False)  # empty: a SQLite file in data_dir


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"
    size_mb: Whole = Field(10, ge=1)  # a log file that reaches this size is set aside ...
    files: Whole = Field(5, ge=1)  # ... and so many of them are kept


class Telegram(Section):
    token: Secret = SecretStr("")
    base_url: WebAddress = "https://api.telegram.org/bot"
    base_file_url: WebAddress = "https://api.telegram.org/file/bot"
    webhook_url: WebAddress = ""  # empty: polling
    webhook_secret: Secret = SecretStr("")
    webhook_listen: str = "127.0.0.1"
    webhook_port: Port = 8443


class Discord(Section):
    token: Secret = SecretStr("")
    api_base: WebAddress = "https://discord.com/api/v10"
    gateway_url: SocketAddress = ""  # empty: the one the API names
    guild_id: Whole = 0  # 0: commands are registered everywhere (Discord takes up to an hour)


class Web(Section):
    enabled: bool = True
    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: WebAddress = ""  # empty: reached from this machine only


class People(Section):
    """What the table of rights leaves to the owner of the house."""

    viewers_may_kill: bool = False


class Research(Section):
    """Backtests, checks and searches asked for in chats; each runs in a process of its own."""

    workers: Whole = Field(2, ge=1)  # at once; the others wait
    per_person: Whole = Field(3, ge=1)  # one person's, waiting and at work


class Simulated(Section):
    """The built-in market: same seed, same prices, at any time and on any machine."""

    seed: Whole = 7


class Sleeve(Section):
    """A strategy inside an account. Other names in the table are the strategy's own parameters."""

    model_config = ConfigDict(extra="allow")

    strategy: str = ""  # empty: the name of the table
    share: Share = 0.5
    symbols: Markets = ()  # empty: the account's
    timeframe: TimeframeOrEmpty = ""  # empty: the account's
    enabled: bool = True
    weights: Weights = Weights()
    sizing: Sizing = Sizing()
    protect: Protect = Protect()
    limits: SleeveRisk = SleeveRisk()

    @property
    def params(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class AccountSettings(Section):
    mode: Literal["shadow", "paper", "canary", "live"] = "paper"
    exchange: str = Field("simulated", min_length=1)
    exchange_options: dict[str, Any] = Field({}, repr=False)  # handed to ccxt; keys are stored sealed instead
    allow_hosts: tuple[
        str, ...
    ] = ()  # further hosts that exchange_options may lead to: a proxy, for instance
    sandbox: bool = False
    approve_above: MoneyOrEmpty = Field(None, ge=0)  # None (written as ""): a live account never asks
    symbols: Markets = Field(("BTC/USDT", "ETH/USDT", "SOL/USDT"), min_length=1)
    timeframe: TimeframeText = "1h"
    cash: Money = Field(Decimal(10000), gt=0)
    fee: MoneyOrEmpty = Field(None, ge=0, lt=1)  # None (written as ""): the exchange's own
    slippage: Money = Field(Decimal("0.0005"), ge=0, lt=1)
    report_at: ClockTime = "00:05"
    risk: Risk = Risk()  # what is set here counts in place of the house's, which it may only make stricter
    calendar: bool = True
    protect: Protect = Protect()
    sleeves: dict[Name, Sleeve] = Field({})

    @property
    def trading_mode(self) -> Mode:
        return Mode(self.mode)

    @model_validator(mode="before")
    @classmethod
    def _to_the_sandbox(cls, data: Any) -> Any:
        """The test network is another market: said once, it holds for prices, orders and the books' identity."""
        if isinstance(data, dict) and data.get("sandbox") is True:
            return {**data, "exchange_options": {**data.get("exchange_options", {}), "sandbox": True}}
        return data

    @model_validator(mode="after")
    def _sleeves_fit(self) -> Self:
        total = sum(Decimal(str(sleeve.share)) for sleeve in self.sleeves.values() if sleeve.enabled)
        if total > 1:
            raise ValueError(f"gives its sleeves shares that add up to {total}, which should be at most 1")
        for name, sleeve in self.sleeves.items():
            strange = [symbol for symbol in sleeve.symbols if symbol not in self.symbols]
            if strange:
                raise ValueError(f"has no {strange[0]} in its symbols, where sleeves.{name} needs it")
        return self


DEFAULT_ACCOUNTS: dict[str, Any] = {
    "main": {"sleeves": {"ema_cross": {"share": 0.25}, "rsi": {"share": 0.2}, "bollinger": {"share": 0.2}}}
}


class Settings(Section):
    """All of settings.toml."""

    data_dir: Path = Path("data")
    secrets_dir: str = ""
    master_key_file: str = ""  # what opens stored exchange keys; empty: master.key in data_dir
    strategies_dir: str = ""  # a folder of strategies of one's own; empty: none
    language: Literal["en", "ko"] = "en"
    zone: Zone = "UTC"
    database: Database = Database()
    log: Log = Log()
    web: Web = Web()
    people: People = People()
    telegram: Telegram = Telegram()
    discord: Discord = Discord()
    notify: Notify = Notify()
    simulated: Simulated = Simulated()
    research: Research = Research()
    risk: Risk = Risk()
    protect: Protect = Protect()
    canary: Canary = Canary()
    calendar: CalendarSettings = CalendarSettings()
    accounts: dict[Name, AccountSettings] = Field({}, validate_default=True)

    _gathered: Gathered = PrivateAttr(default_factory=Gathered)

    @field_validator("accounts", mode="before")
    @classmethod
    def _at_least_one(cls, accounts: Any) -> Any:
        return DEFAULT_ACCOUNTS if accounts == {} else accounts

    @field_validator("data_dir")
    @classmethod
    def _from_home(cls, path: Path) -> Path:
        return path.expanduser()

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite:///{self.data_dir.absolute() / 'tradewind.db'}"

    @property
    def master_key_path(self) -> Path:
        return (
            Path(self.master_key_file).expanduser() if self.master_key_file else self.data_dir / "master.key"
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value these settings hold, to be kept out of logs and messages."""
        texts = [s.token.get_secret_value() for s in (self.telegram, self.discord)]
        password = urlsplit(self.database.url).password or ""
        texts += [self.telegram.webhook_secret.get_secret_value(), password, unquote(password)]
        texts += [address.get_secret_value() for address in self.notify.services.values()]
        for account in self.accounts.values():
            texts += [str(v) for k, v in account.exchange_options.items() if re.search(_HIDDEN_OPTION, k)]
        return tuple({text for text in texts if text})

    @property
    def file(self) -> Path | None:
        """The settings file that was read, if there was one."""
        return self._gathered.file

    def where(self, keys: Keys) -> str:
        """Where it was set: `settings.toml line 41`, a variable's name, a file's, or `built-in defaults`."""
        return self._gathered.where(keys)


_HIDDEN_OPTION = re.compile(
    "key|secret|password|token|uid|login", re.IGNORECASE
)  # ccxt's names for credentials


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this start. Raises SettingsError: one sentence about the first thing that is wrong.

    `path` must exist when it is given; without it, ./settings.toml is read if there is one.
    """
    gathered = gather(path, environ, Settings, {"accounts": DEFAULT_ACCOUNTS})
    try:
        settings = Settings.model_validate(gathered.data)
    except ValidationError as error:
        wrong = sentence(error.errors()[0], gathered.where, Settings)
    else:
        settings._gathered = gathered
        return settings
    raise SettingsError(wrong)  # out here, so that pydantic's error and its input do not travel along
