"""What a backtest or a replay is asked to do, and how its report is made; one shape for both."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from trading.analysis.reports import report
from trading.analysis.trades import still_running
from trading.build import Room, room
from trading.core.frames import Columns, Floats, Ints
from trading.core.sleeve import Answers, Sleeve
from trading.domain.account import Mode
from trading.domain.errors import Refused
from trading.domain.market import Instrument, Timeframe
from trading.domain.report import Report
from trading.domain.research import USUAL_TERMS, Terms
from trading.lab.telling import notes, rival, stretch
from trading.lab.terms import filling_of, notes_of, protection_of, size_of, weighing_of
from trading.market.archive import Recorded
from trading.risk.rules import Limits
from trading.strategies import Strategy

NO_LIMITS = Limits(order_share=1.0, daily_loss=1.0, drawdown=1.0)
EQUITY_SECONDS = 900  # equity is noted this often, as in a live account, and after every fill
FINE = Decimal("1e-8")  # recorded candles do not tell the exchange's steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One strategy over recorded candles, or several `sleeves`; then `strategy` is the first of them.

    `timeframe` is the strategy's, at least that of the candles. Nothing is traded before `begin`: what is recorded
    before it warms the signals up.
    """

    strategy: Strategy
    params: Any
    recorded: tuple[Recorded, ...]
    timeframe: Timeframe
    cash: Decimal
    fee: Decimal
    slippage: Decimal
    limits: Limits = NO_LIMITS
    sleeves: tuple[Sleeve, ...] = ()
    begin: datetime | None = None
    terms: Terms = USUAL_TERMS

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
    def parts(self) -> tuple[Sleeve, ...]:
        """Everything that trades: the whole of the money in one sleeve, or the several there are."""
        return tuple(self._on_terms(sleeve) for sleeve in self.sleeves or (self._alone(),))

    def _on_terms(self, sleeve: Sleeve) -> Sleeve:
        terms = self.terms
        return replace(
            sleeve,
            units=terms.units,
            all_in=terms.all_in,
            protection=protection_of(terms, sleeve.protection),
            weighing=weighing_of(terms) or sleeve.weighing,
            size=size_of(terms) or sleeve.size,
        )

    def _alone(self) -> Sleeve:
        return Sleeve(
            name=self.strategy.name,
            strategy=self.strategy,
            params=self.params,
            symbols=self.symbols,
            timeframe=self.timeframe,
            share=1.0,
            enabled=True,
            protection=self.strategy.protection,
        )

    @property
    def traded(self) -> tuple[Recorded, ...]:
        """The candles that are traded; those before them only warm up."""
        if self.begin is None:
            return self.recorded
        return tuple(replace(r, frame=r.frame[r.frame.index >= self.begin]) for r in self.recorded)

    @property
    def bars(self) -> int:
        """Candles that are traded, of the strategy's own length."""
        shift, size = self.timeframe.floor_seconds(0), self.timeframe.seconds
        opened = [Columns.of_frame(r.frame).opened for r in self.traded]
        return sum(int(np.count_nonzero(np.diff((times - shift) // size, prepend=-1))) for times in opened)

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
        filling_of(self.terms, self.base)
        self._check_history()

    def _check_history(self) -> None:
        for sleeve in self.parts:
            need = sleeve.strategy.warmup(sleeve.params, sleeve.timeframe.seconds)
            if not self.base.divides(sleeve.timeframe):
                raise Refused(
                    f"{sleeve.timeframe} candles of {sleeve.name} cannot be built from {self.base} candles."
                )
            for r in self.recorded:
                have = len(r.frame) * self.base.seconds // sleeve.timeframe.seconds
                if r.symbol in sleeve.symbols and have <= need:
                    raise Refused(
                        f"{sleeve.strategy.name} needs {need} candles of {sleeve.timeframe} before its first signal; "
                        f"{r.symbol} has {have}."
                    )

    def open_room(self, mode: Mode, answers: Answers) -> Room:
        """The account this job trades."""
        return room(
            "backtest",
            mode=mode,
            currency=self.currency,
            cash=self.cash,
            fee=self.fee,
            slippage=self.slippage,
            instruments={s: plain_instrument(s, self.fee, self.terms.step or FINE) for s in self.symbols},
            sleeves={sleeve.name: sleeve for sleeve in self.parts},
            limits=self.limits,
            answers=answers,
            equity_every=timedelta(seconds=self.base.seconds * -(-EQUITY_SECONDS // self.base.seconds)),
            filling=filling_of(self.terms, self.base),
        )

    def report(self, done: Room, seconds: Mapping[str, float]) -> Report:
        """Open positions stay open and are valued at the last close; only closed trades are listed."""
        book, traded, fills, trips = done.desk.book, self.traded, done.recorder.deals, done.desk.trips
        start = min(r.frame.index[0].to_pydatetime() for r in traded)
        return report(
            strategy=" + ".join(sleeve.name for sleeve in self.parts),
            symbols=self.symbols,
            timeframe=self.timeframe,
            bars=self.bars,
            start=start,
            end=max(r.frame.index[-1].to_pydatetime() for r in traded) + self.base.length,
            initial_equity=self.cash,
            final_equity=book.equity,
            fills=fills,
            trips=None if trips.ended is None else (tuple(trips.ended), still_running(trips)),
            equity=tuple(done.recorder.equity),
            seconds=dict(seconds),
            notes=[
                *notes_of(self.terms, [s.protection for s in self.parts], [s.size for s in self.parts]),
                *notes(self.recorded, self.begin, self._warm_at(start)),
            ],
            sleeves=[sleeve.name for sleeve in self.parts],
            prices=book.prices,
            fee_share=self.fee,
            slippage_share=self.slippage,
            benchmark=rival(traded, float(self.cash), float(self.fee), float(self.slippage)),
            closes={r.symbol: _closes(r) for r in traded},
            news=tuple(done.recorder.news),
            glimpse=stretch(self.recorded, self.timeframe, fills),
        )

    def _warm_at(self, start: datetime) -> datetime | None:
        """When the last of the strategies could speak, where that is after the start."""
        first = min(r.frame.index[0].to_pydatetime() for r in self.recorded)
        needs = [s.timeframe.length * s.strategy.warmup(s.params, s.timeframe.seconds) for s in self.parts]
        ready: datetime = first + max(needs)
        return ready if ready > start + self.timeframe.length else None


def _closes(recorded: Recorded) -> tuple[Ints, Floats]:
    """When a market's candles closed, and at what."""
    columns = Columns.of_frame(recorded.frame)
    return columns.opened + recorded.timeframe.seconds, columns.close


def plain_instrument(symbol: str, fee: Decimal, step: Decimal = FINE) -> Instrument:
    """Steps fine enough to leave prices as recorded, and no minimums."""
    base, _, quote = symbol.partition("/")
    return Instrument(
        symbol=symbol,
        base=base,
        quote=quote or "USDT",
        price_step=FINE,
        amount_step=step,
        min_amount=Decimal(0),
        min_cost=Decimal(0),
        maker_fee=fee,
        taker_fee=fee,
    )
