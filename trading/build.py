"""From settings to a session at work: sleeves checked by their strategies, desk, executor, recorder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import structlog

from trading.core.book import Book
from trading.core.desk import Desk
from trading.core.sleeve import Answers, Sleeve
from trading.domain.account import Mode
from trading.domain.errors import Refused, SettingsError, TradingError
from trading.domain.events import DeskEvent, Event, HaltAsked
from trading.domain.market import Instrument, Timeframe
from trading.domain.risk import HaltKind
from trading.execution.filling import USUAL, Filling
from trading.execution.port import Executor
from trading.modes import wiring
from trading.recorder import Recorder
from trading.risk.rules import Limits
from trading.session import Session
from trading.settings import AccountSettings, Settings
from trading.settings_protect import agree
from trading.strategies import find

log = structlog.get_logger("build")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One account at work: its session, what it leaves behind, and what it was set up with."""

    name: str
    mode: Mode
    session: Session
    recorder: Recorder

    @property
    def executor(self) -> Executor:
        return self.session.executor

    @property
    def desk(self) -> Desk:
        return self.session.desk

    def step(self, event: DeskEvent) -> None:
        """Step this account. An invariant that fails is its own affair: it buys nothing more, the others go on."""
        try:
            self.session.step(event)
        except Exception as error:
            if HaltKind.BROKEN in self.desk.halts:  # told in full once; it may fail again every minute
                log.error("desk_failed_again", account=self.name, error=type(error).__name__)
            elif isinstance(error, Refused):
                log.error("desk_stopped", account=self.name, error=error.tell)
            else:
                log.exception("desk_failed", account=self.name)
            self.session.recover()
            reason = error.tell if isinstance(error, TradingError) else f"{type(error).__name__} in the desk"
            self.session.step(HaltAsked(event.at, HaltKind.BROKEN, reason, "the desk"))


def room(
    name: str,
    *,
    mode: Mode,
    currency: str,
    cash: Decimal,
    fee: Decimal | None,
    slippage: Decimal,
    instruments: Mapping[str, Instrument],
    sleeves: Mapping[str, Sleeve],
    limits: Limits,
    answers: Answers,
    equity_every: timedelta,
    filling: Filling = USUAL,
    listeners: tuple[Callable[[Event], None], ...] = (),
) -> Room:
    """Wire one account by hand; the same way for every mode."""
    book = Book(name, currency, cash)
    desk = Desk(book=book, instruments=instruments, limits=limits, answers=answers, sleeves=dict(sleeves))
    recorder = Recorder(desk, equity_every)
    executor = wiring(mode, name).executor(
        instruments, fee=fee, slippage=slippage, cash=lambda: book.cash, filling=filling
    )
    session = Session(desk, executor, recorder.hear, listeners)
    return Room(name=name, mode=mode, session=session, recorder=recorder)


def sleeves_of(settings: Settings, account: str) -> dict[str, Sleeve]:
    """The account's sleeves, every parameter checked; raises SettingsError naming the line."""
    mine = settings.accounts[account]
    return {name: _sleeve(settings, account, mine, name) for name in mine.sleeves}


def _sleeve(settings: Settings, account: str, mine: AccountSettings, name: str) -> Sleeve:
    sleeve, path = mine.sleeves[name], ("accounts", account, "sleeves", name)
    try:
        strategy = find(sleeve.strategy or name)
    except Refused as refused:
        where = settings.where((*path, "strategy") if sleeve.strategy else path)
        raise SettingsError(f"{where}: {refused.tell}") from None
    try:
        params = strategy.params(sleeve.params)
    except Refused as refused:
        raise SettingsError(f"{settings.where(path)}: {refused.tell}") from None
    said = (sleeve.protect, mine.protect, settings.protect)
    protection = sleeve.protect.over(mine.protect.over(settings.protect.over(strategy.protection)))
    try:
        agree(said, protection)
    except Refused as refused:
        raise SettingsError(f"{settings.where((*path, 'protect'))}: {refused.tell}") from None
    return Sleeve(
        name=name,
        strategy=strategy,
        params=params,
        symbols=sleeve.symbols or mine.symbols,
        timeframe=Timeframe.parse(sleeve.timeframe or mine.timeframe),
        share=sleeve.share,
        enabled=sleeve.enabled,
        weighing=sleeve.weights.weighing,
        size=sleeve.sizing.size,
        protection=protection,
    )
