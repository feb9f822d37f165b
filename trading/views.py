"""From a working session to the plain picture of it that chats show."""

from collections.abc import Collection

from trading.build import Room
from trading.core import guard, targets
from trading.core.sleeve import Sleeve
from trading.domain.sizing import KellySize
from trading.domain.view import Holding, Record, SleeveView, Status
from trading.portfolio.kelly import FEWEST_TRADES
from trading.risk.budget import budgets
from trading.settings import AccountSettings


def status_of(
    room: Room, settings: AccountSettings, trouble: str | None, untraded: Collection[str] = ()
) -> Status:
    """The account as of its newest candle."""
    desk, book = room.desk, room.desk.book
    equity, (holdings, dust) = book.equity, _held(room)
    return Status(
        account=room.name,
        mode=room.mode,
        exchange=settings.exchange,
        currency=book.currency,
        equity=equity,
        cash=book.cash,
        start_cash=settings.cash,
        day_profit=equity - book.day_start_equity,
        day_change=float(equity / book.day_start_equity - 1) if book.day_start_equity else 0.0,
        drawdown=float(1 - equity / book.peak_equity) if book.peak_equity else 0.0,
        holdings=holdings,
        dust=dust,
        halts=desk.halts.all,
        orders_out=len(desk.orders.live),
        budgets=budgets(guard.standing(desk)),
        sleeves=_sleeves(room),
        last_candle_at=desk.last_candle_at,
        trouble=trouble,
        untraded=tuple(untraded),
    )


def _held(room: Room) -> tuple[tuple[Holding, ...], tuple[Holding, ...]]:
    """What can be sold, and the rests that cannot."""
    instruments, held = room.desk.instruments, _holdings(room)
    dust = tuple(h for h in held if instruments[h.symbol].is_dust(h.quantity, h.price))
    return tuple(h for h in held if h not in dust), dust


def _holdings(room: Room) -> tuple[Holding, ...]:
    prices = room.desk.book.prices
    return tuple(
        Holding(
            sleeve=p.sleeve,
            symbol=p.symbol,
            quantity=p.quantity,
            entry_price=p.entry_price,
            price=prices[p.symbol],
            value=p.quantity * prices[p.symbol],
            unrealised=p.unrealised(prices[p.symbol]),
            opened_at=p.opened_at,
        )
        for p in room.desk.book.positions.values()
    )


def _sleeves(room: Room) -> tuple[SleeveView, ...]:
    lines = room.desk.lines
    return tuple(
        SleeveView(
            name=s.name,
            strategy=s.strategy.name,
            summary=s.strategy.summary,
            enabled=s.enabled,
            share=s.share,
            symbols=s.symbols,
            timeframe=str(s.timeframe),
            params=dict(s.strategy.values(s.params)),
            exposures={
                symbol: lines[s.name, symbol].wanted for symbol in s.symbols if (s.name, symbol) in lines
            },
            parts={symbol: targets.part(room.desk, s, symbol) for symbol in s.symbols}
            if s.weighing or s.size
            else {},
            record=_record(room, s),
        )
        for s in room.desk.sleeves.values()
    )


def _record(room: Room, sleeve: Sleeve) -> Record | None:
    if not isinstance(sleeve.size, KellySize):
        return None
    trades = len(room.desk.records.get(sleeve.name, ()))
    return Record(trades, FEWEST_TRADES, targets.by_record(room.desk, sleeve, sleeve.size))
