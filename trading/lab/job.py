"""What a backtest or a replay is asked to do, and how its report is made; one shape for both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from trading.analysis.reports import report
from trading.build import Room, room
from trading.core.sleeve import Answers, Sleeve
from trading.domain.account import Mode
from trading.domain.errors import Refused
from trading.domain.market import Instrument, Timeframe
from trading.domain.report import Report
from trading.market.archive import Recorded
from trading.risk.rules import Limits
from trading.strategies import Strategy

NO_LIMITS = Limits(order_share=1.0, daily_loss=1.0, drawdown=1.0)
EQUITY_SECONDS = 900  # equity is noted this often, as in a live account, and after every fill
FINE = Decimal("1e-8")  # recorded candles do not tell the exchange's steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One strategy over recorded candles. `timeframe` is the strategy's, at least that of the candles."""

    strategy: Strategy
    params: Any
    recorded: tuple[Recorded, ...]
    timeframe: Timeframe
    cash: Decimal
    fee: Decimal
    slippage: Decimal
    limits: Limits = NO_LIMITS

    @property
    def base(self) -> Timeframe:
        return self.recorded[0].timeframe

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(r.symbol for r in self.recorded)

    @property
    def currency(self) -> str:
        return self.symbols[0].partition("/")[2] or "USDT"

    @property
    def bars(self) -> int:
        return sum(len(r.frame) for r in self.recorded)

    def check(self) -> None:
        """Raise Refused, in one sentence, when this job cannot give a result."""
        frames = {str(r.timeframe) for r in self.recorded}
        if len(frames) > 1:
            raise Refused(
                f"The candles have different timeframes ({', '.join(sorted(frames))}); give one of them at a time."
            )
        if not self.base.divides(self.timeframe):
            raise Refused(
                f"{self.timeframe} candles cannot be built from {self.base} candles; choose a multiple of {self.base}."
            )
        quotes = {s.partition("/")[2] for s in self.symbols}
        if len(quotes) > 1:
            raise Refused(f"One account has one currency; the candles are in {', '.join(sorted(quotes))}.")
        need = self.strategy.warmup(self.params, self.timeframe.seconds)
        for r in self.recorded:
            have = len(r.frame) * self.base.seconds // self.timeframe.seconds
            if have <= need:
                raise Refused(
                    f"{self.strategy.name} needs {need} candles of {self.timeframe} before its first signal; "
                    f"{r.symbol} has {have}."
                )

    def open_room(self, mode: Mode, answers: Answers) -> Room:
        """The account this job trades: the whole of it in one sleeve."""
        sleeve = Sleeve(
            name=self.strategy.name,
            strategy=self.strategy,
            params=self.params,
            symbols=self.symbols,
            timeframe=self.timeframe,
            share=1.0,
            enabled=True,
        )
        return room(
            "backtest",
            mode=mode,
            currency=self.currency,
            cash=self.cash,
            fee=self.fee,
            slippage=self.slippage,
            instruments={r.symbol: plain_instrument(r.symbol, self.fee) for r in self.recorded},
            sleeves={sleeve.name: sleeve},
            limits=self.limits,
            answers=answers,
            equity_every=timedelta(seconds=self.base.seconds * -(-EQUITY_SECONDS // self.base.seconds)),
        )

    def report(self, done: Room, seconds: Mapping[str, float]) -> Report:
        """Open positions stay open and are valued at the last close; only closed trades are listed."""
        book = done.desk.book
        return report(
            strategy=self.strategy.name,
            symbols=self.symbols,
            timeframe=self.timeframe,
            bars=self.bars,
            start=min(r.frame.index[0].to_pydatetime() for r in self.recorded),
            end=max(r.frame.index[-1].to_pydatetime() for r in self.recorded) + self.base.length,
            initial_equity=self.cash,
            final_equity=book.equity,
            fills=tuple(done.recorder.fills),
            equity=tuple(done.recorder.equity),
            seconds=dict(seconds),
            notes=tuple(_notes(self.recorded)),
        )


def plain_instrument(symbol: str, fee: Decimal) -> Instrument:
    """Steps fine enough to leave prices as recorded, and no minimums."""
    base, _, quote = symbol.partition("/")
    return Instrument(
        symbol=symbol,
        base=base,
        quote=quote or "USDT",
        price_step=FINE,
        amount_step=FINE,
        min_amount=Decimal(0),
        min_cost=Decimal(0),
        maker_fee=fee,
        taker_fee=fee,
    )


def _notes(recorded: Sequence[Recorded]) -> list[str]:
    notes = ["Orders fill at the next candle's open."]
    for r in recorded:
        missing = sum(gap.missing for gap in r.gaps)
        if missing:
            notes.append(
                f"{r.symbol}: {missing} candles are missing in {len(r.gaps)} gaps; nothing was filled in."
            )
    return notes
