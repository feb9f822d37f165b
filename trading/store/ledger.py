"""Domain types to rows and back; what went in comes out equal."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import orjson

from trading.domain.account import Position
from trading.domain.events import News
from trading.domain.market import Candle, Timeframe
from trading.domain.order import Fill, Order, OrderIntent, OrderKind, OrderStatus, Reason, Side
from trading.domain.report import CashFlow, EquityPoint
from trading.domain.risk import Halt, HaltKind
from trading.domain.signal import Signal
from trading.store.columns import plain as plain_number
from trading.store.columns import storable
from trading.store.records import AuditRow, SleeveOverride, StoredEvent

Values = dict[str, Any]


def candle_row(exchange: str, candle: Candle) -> Values:
    return {
        "exchange": exchange,
        "symbol": candle.symbol,
        "timeframe": candle.timeframe.seconds,
        "opened_at": int(candle.opened_at.timestamp()),
        "open": candle.open,
        "high": candle.high,
        "low": candle.low,
        "close": candle.close,
        "volume": candle.volume,
    }


def candle(symbol: str, timeframe: Timeframe, row: Any) -> Candle:
    """From (opened_at, open, high, low, close, volume)."""
    opened_at, first, high, low, last, volume = row
    return Candle(
        symbol=symbol,
        timeframe=timeframe,
        opened_at=datetime.fromtimestamp(opened_at, UTC),
        open=first,
        high=high,
        low=low,
        close=last,
        volume=volume,
    )


def signal_row(account: str, signal: Signal) -> Values:
    return {
        "account": account,
        "sleeve": signal.sleeve,
        "symbol": signal.symbol,
        "at": signal.at,
        "exposure": signal.exposure,
    }


def signal(row: Any) -> Signal:
    return Signal(sleeve=row.sleeve, symbol=row.symbol, exposure=row.exposure, at=row.at)


def order_row(account: str, order: Order) -> Values:
    intent = order.intent
    return {
        "account": account,
        "client_id": intent.client_id,
        "sleeve": intent.sleeve,
        "symbol": intent.symbol,
        "side": intent.side.value,
        "kind": intent.kind.value,
        "amount": intent.amount,
        "limit_price": intent.limit_price,
        "reduce_only": intent.reduce_only,
        "reason": intent.reason.value,
        "price_at_decision": intent.price_at_decision,
        "decided_at": intent.decided_at,
        "status": order.status.value,
        "filled": order.filled,
        "average_price": order.average_price,
        "fee": order.fee,
        "changed_at": order.changed_at,
        "exchange_id": order.exchange_id,
        "note": order.note,
    }


def order(row: Any) -> Order:
    intent = OrderIntent(
        client_id=row.client_id,
        sleeve=row.sleeve,
        symbol=row.symbol,
        side=Side(row.side),
        kind=OrderKind(row.kind),
        amount=row.amount,
        limit_price=row.limit_price,
        reduce_only=row.reduce_only,
        reason=Reason(row.reason),
        price_at_decision=row.price_at_decision,
        decided_at=row.decided_at,
    )
    return Order(
        intent=intent,
        status=OrderStatus(row.status),
        filled=row.filled,
        average_price=row.average_price,
        fee=row.fee,
        changed_at=row.changed_at,
        exchange_id=row.exchange_id,
        note=row.note,
    )


def fill_row(account: str, fill: Fill) -> Values:
    return {
        "account": account,
        "symbol": fill.symbol,
        "id": fill.id,
        "client_id": fill.client_id,
        "sleeve": fill.sleeve,
        "side": fill.side.value,
        "amount": fill.amount,
        "price": fill.price,
        "fee": fill.fee,
        "fee_currency": fill.fee_currency,
        "at": fill.at,
        "reason": fill.reason.value,
    }


def fill(row: Any) -> Fill:
    return Fill(
        id=row.id,
        client_id=row.client_id,
        sleeve=row.sleeve,
        symbol=row.symbol,
        side=Side(row.side),
        amount=row.amount,
        price=row.price,
        fee=row.fee,
        fee_currency=row.fee_currency,
        at=row.at,
        reason=Reason(row.reason),
    )


def position_row(account: str, position: Position) -> Values:
    return {
        "account": account,
        "sleeve": position.sleeve,
        "symbol": position.symbol,
        "quantity": position.quantity,
        "entry_price": position.entry_price,
        "opened_at": position.opened_at,
        "fees": position.fees,
    }


def position(row: Any) -> Position:
    return Position(
        sleeve=row.sleeve,
        symbol=row.symbol,
        quantity=row.quantity,
        entry_price=row.entry_price,
        opened_at=row.opened_at,
        fees=row.fees,
    )


def equity_row(account: str, point: EquityPoint, cash: Decimal | None, drawdown: float | None) -> Values:
    return {
        "account": account,
        "at": point.at,
        "equity": point.equity,
        "flow": point.flow,
        "cash": cash,
        "drawdown": drawdown,
    }


def equity_point(row: Any) -> EquityPoint:
    return EquityPoint(row.at, row.equity, row.flow)


def flow_row(account: str, flow: CashFlow) -> Values:
    return {"account": account, "at": flow.at, "amount": flow.amount, "note": flow.note}


def flow(row: Any) -> CashFlow:
    return CashFlow(at=row.at, amount=row.amount, note=row.note)


def halt_row(account: str, halt: Halt) -> Values:
    return {
        "account": account,
        "kind": halt.kind.value,
        "reason": halt.reason,
        "by": halt.by,
        "since": halt.since,
    }


def halt(row: Any) -> Halt:
    return Halt(kind=HaltKind(row.kind), reason=row.reason, by=row.by, since=row.since)


def event_row(account: str, news: News) -> Values:
    facts = {f.name: plain(getattr(news, f.name)) for f in fields(news) if f.name != "at"}
    kind = kind_of(type(news))
    content = orjson.dumps([kind, facts], option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(content).hexdigest()[:32]
    return {"account": account, "at": news.at, "kind": kind, "facts": facts, "digest": digest}


def event(row: Any) -> StoredEvent:
    return StoredEvent(at=row.at, kind=row.kind, facts=row.facts)


def kind_of(news: type) -> str:
    """`SignalChanged` is kept as `signal_changed`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", news.__name__).lower()


def override(row: Any) -> SleeveOverride:
    return SleeveOverride(enabled=row.enabled, params=row.params)


def audit(row: Any) -> AuditRow:
    return AuditRow(
        at=row.at,
        person=row.person,
        place=row.place,
        account=row.account,
        line=row.line,
        outcome=row.outcome,
        seq=row.seq,
    )


def plain(value: Any) -> Any:
    """Any domain value as JSON would have it: money and times as text, types as tables of their fields."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {storable(str(key)): plain(of) for key, of in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain(one) for one in value]
    return value
