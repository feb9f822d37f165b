"""Every setting, typed and checked at the start: settings.toml, then the environment, then secret files."""

import difflib
import os
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from trading.domain.account import Mode
from trading.domain.errors import Refused, SettingsError
from trading.domain.market import Timeframe

PREFIX = "TRADEWIND__"


def _timeframe(text: str) -> str:
    try:
        Timeframe.parse(text)
    except Refused as refused:
        raise ValueError(refused.tell) from None
    return text


def _exact(value: Any) -> Any:
    return str(value) if isinstance(value, float) else value


TimeframeText = Annotated[str, AfterValidator(_timeframe)]
Money = Annotated[Decimal, BeforeValidator(_exact)]
Share = Annotated[float, Field(ge=0, le=1)]
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Section(BaseModel):
    """A table of settings.toml. A misspelt limit must not be ignored, so unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(Section):
    url: str = ""  # empty: a SQLite file in data_dir


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class Telegram(Section):
    token: SecretStr = SecretStr("")
    base_url: str = "https://api.telegram.org/bot"
    base_file_url: str = "https://api.telegram.org/file/bot"
    webhook_url: str = ""  # empty: polling
    webhook_secret: SecretStr = SecretStr("")
    webhook_listen: str = "127.0.0.1"
    webhook_port: int = Field(8443, ge=0, le=65535)


class Discord(Section):
    token: SecretStr = SecretStr("")
    api_base: str = "https://discord.com/api/v10"
    gateway_url: str = ""  # empty: the one the API names
    guild_id: int = 0  # 0: commands are registered everywhere (Discord takes up to an hour)


class Web(Section):
    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)


class Simulated(Section):
    """The built-in market: same seed, same prices, at any time and on any machine."""

    seed: int = 7


class Sleeve(BaseModel):
    """A strategy inside an account. Other names in the table are the strategy's own parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)

    strategy: str = ""  # empty: the name of the table
    share: Share = 0.5
    symbols: tuple[str, ...] = ()  # empty: the account's
    timeframe: Annotated[str, AfterValidator(lambda t: _timeframe(t) if t else t)] = ""  # empty: the account's
    enabled: bool = True

    @property
    def params(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class AccountSettings(Section):
    mode: Literal["shadow", "paper", "canary", "live"] = "paper"
    exchange: str = "simulated"
    exchange_options: dict[str, Any] = {}
    symbols: tuple[str, ...] = Field(("BTC/USDT", "ETH/USDT"), min_length=1)
    timeframe: TimeframeText = "15m"
    cash: Money = Field(Decimal(10000), gt=0)
    fee: Money | None = Field(None, ge=0, lt=1)  # None: the exchange's own
    slippage: Money = Field(Decimal("0.0005"), ge=0, lt=1)
    report_at: ClockTime = "00:05"
    sleeves: dict[str, Sleeve] = {}

    @property
    def trading_mode(self) -> Mode:
        return Mode(self.mode)


class Risk(Section):
    order_share: Share = 0.30
    daily_loss: Share = 0.05
    drawdown: Share = 0.15


class Protect(Section):
    """Exits that depend on the position, shared by all strategies; 0 switches one off."""

    stop: Share = 0.0
    take_profit: float = Field(0.0, ge=0)
    trailing_stop: Share = 0.0


class Settings(BaseSettings):
    """All of settings.toml."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix=PREFIX, env_nested_delimiter="__")

    data_dir: Path = Path("data")
    secrets_dir: str = ""
    language: Literal["en", "ko"] = "en"
    zone: str = "UTC"
    database: Database = Database()
    log: Log = Log()
    web: Web = Web()
    telegram: Telegram = Telegram()
    discord: Discord = Discord()
    simulated: Simulated = Simulated()
    risk: Risk = Risk()
    protect: Protect = Protect()
    accounts: dict[str, AccountSettings] = {}

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite:///{self.data_dir.absolute() / 'tradewind.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        raise NotImplementedError
