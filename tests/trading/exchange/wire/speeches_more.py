"""Coinbase, Upbit and Bithumb, which take market buys by what they may cost."""

from typing import Any

from tests.fakes.scripted import Scripted
from tests.trading.exchange.wire.speeches import AT, BYBIT, ID, KRAKEN, OKX, Speech
from trading.execution.venue import Why

_SEEN_AT = "2025-08-05T08:00:00Z"
_KOREA = "2025-08-05T17:00:00+09:00"

# --- Coinbase ---------------------------------------------------------------------------------------------

_CB_ORDER = {
    "order_id": "8d5a5a6d-9c7b-4b7a-8b0e-0a4e9a1c8d11",
    "product_id": "BTC-USD",
    "order_configuration": {
        "limit_limit_gtc": {"base_size": "0.5", "limit_price": "100", "post_only": False}
    },
    "side": "BUY",
    "client_order_id": ID,
    "status": "OPEN",
    "time_in_force": "GOOD_UNTIL_CANCELLED",
    "created_time": _SEEN_AT,
    "filled_size": "0.2",
    "average_filled_price": "99.5",
    "filled_value": "19.9",
    "total_fees": "0.0199",
    "order_type": "LIMIT",
}
_CB_FILL = {
    "entry_id": "e1",
    "trade_id": "t1",
    "order_id": "8d5a5a6d-9c7b-4b7a-8b0e-0a4e9a1c8d11",
    "trade_time": "2025-08-05T08:00:04Z",
    "trade_type": "FILL",
    "price": "99.5",
    "size": "0.2",
    "commission": "0.0199",
    "product_id": "BTC-USD",
    "liquidity_indicator": "TAKER",
    "size_in_quote": False,
    "side": "BUY",
}


def _coinbase_markets(server: Scripted) -> None:
    product = {
        "product_id": "BTC-USD",
        "price": "100",
        "base_increment": "0.00000001",
        "quote_increment": "0.01",
        "quote_min_size": "1",
        "base_min_size": "0.00000001",
        "price_increment": "0.01",
        "base_currency_id": "BTC",
        "quote_currency_id": "USD",
        "product_type": "SPOT",
        "trading_disabled": False,
        "status": "online",
        "is_disabled": False,
    }
    server.on("GET", "/brokerage/products", {"products": [product], "num_products": 1})
    server.on("GET", "/brokerage/market/products", {"products": [product], "num_products": 1})
    server.on("GET", "/brokerage/transaction_summary", {"fee_tier": {}})


def _coinbase_shows(server: Scripted) -> None:
    done = {**_CB_ORDER, "order_id": "9", "client_order_id": "", "status": "CANCELLED"}
    pick = {"OPEN": [_CB_ORDER], "": [_CB_ORDER, done]}
    server.on(
        "GET", "/orders/historical/batch", lambda q: {"orders": pick[q.get("order_status", "")], "cursor": ""}
    )
    server.on("GET", f"/orders/historical/{_CB_ORDER['order_id']}", {"order": _CB_ORDER})
    server.on("GET", "/orders/historical/fills", {"fills": [_CB_FILL], "cursor": ""})
    held = {
        "uuid": "1",
        "currency": "BTC",
        "available_balance": {"value": "0.3", "currency": "BTC"},
        "hold": {"value": "0.1", "currency": "BTC"},
        "active": True,
        "type": "ACCOUNT_TYPE_CRYPTO",
    }
    server.on("GET", "/brokerage/accounts", {"accounts": [held], "has_next": False, "cursor": ""})


def _coinbase_hides(server: Scripted) -> None:
    server.on("GET", "/orders/historical/batch", {"orders": [], "cursor": ""})


def _coinbase_refused(error: str, reason: str = "") -> dict[str, Any]:
    said = {"error": error, "message": "no", "error_details": "", "preview_failure_reason": reason}
    return {"success": False, "error_response": said}


COINBASE = Speech(
    exchange_id="coinbase",
    symbol="BTC/USD",
    markets=_coinbase_markets,
    place="/api/v3/brokerage/orders",
    placed={
        "success": True,
        "success_response": {
            "order_id": _CB_ORDER["order_id"],
            "product_id": "BTC-USD",
            "side": "BUY",
            "client_order_id": ID,
        },
    },
    said=lambda seen: (
        seen.words["client_order_id"],
        *(
            seen.words["order_configuration"]["limit_limit_gtc"][name]
            for name in ("base_size", "limit_price")
        ),
    ),
    bought=lambda seen: seen.words["order_configuration"]["market_market_ioc"]["quote_size"],
    buys="50",
    refusals=(
        (200, _coinbase_refused("INSUFFICIENT_FUND"), Why.FUNDS),
        (200, _coinbase_refused("UNKNOWN_FAILURE_REASON", "PREVIEW_INSUFFICIENT_FUND"), Why.FUNDS),
        (200, _coinbase_refused("INVALID_PRICE_PRECISION"), Why.FILTER),
        (200, _coinbase_refused("INVALID_PRODUCT_ID"), Why.MARKET),
        (401, "Unauthorized", Why.KEY),
        (403, {"error": "PERMISSION_DENIED", "message": "no"}, Why.KEY),
        (429, "slow down", Why.RATE),
    ),
    doubts=(
        (200, _coinbase_refused("UNKNOWN_FAILURE_REASON")),
        (200, {"success": False}),
        (400, {"error": "surprise"}),
    ),
    shows=_coinbase_shows,
    hides=_coinbase_hides,
    cancel=("POST", "/orders/batch_cancel"),
    canceled={"results": [{"success": True, "failure_reason": "", "order_id": _CB_ORDER["order_id"]}]},
    gone=(
        200,
        {"results": [{"success": False, "failure_reason": "UNKNOWN_CANCEL_ORDER", "order_id": "8d5a5a6d"}]},
    ),
    fee_currency="USD",
)

# --- Upbit and Bithumb ------------------------------------------------------------------------------------


def _no(name: str | int) -> dict[str, Any]:
    return {"error": {"name": name, "message": "no"}}


_UPBIT_ORDER = {
    "uuid": "cdd92199-2897-4e14-9448-f923320408ad",
    "side": "bid",
    "ord_type": "limit",
    "price": "100",
    "state": "wait",
    "market": "KRW-BTC",
    "created_at": _KOREA,
    "volume": "0.5",
    "remaining_volume": "0.3",
    "reserved_fee": "0.05",
    "remaining_fee": "0.0301",
    "paid_fee": "0.0199",
    "locked": "30.0301",
    "executed_volume": "0.2",
    "trades_count": 1,
    "identifier": ID,
}
_UPBIT_TRADE = {
    "market": "KRW-BTC",
    "uuid": "9e8f8eba-7050-4837-8969-cfc272cbe083",
    "price": "99.5",
    "volume": "0.2",
    "funds": "19.9",
    "side": "bid",
    "created_at": "2025-08-05T17:00:04+09:00",
}


def _upbit_markets(server: Scripted) -> None:
    server.on("GET", "/v1/market/all", [{"market": "KRW-BTC", "korean_name": "B", "english_name": "Bitcoin"}])


def _upbit_shows(server: Scripted) -> None:
    detailed = {**_UPBIT_ORDER, "trades": [_UPBIT_TRADE]}
    done = {**_UPBIT_ORDER, "uuid": "9", "identifier": None, "state": "cancel", "executed_volume": "0"}
    server.on("GET", "/v1/order", detailed)
    server.on("GET", "/v1/orders/open", [_UPBIT_ORDER])
    server.on("GET", "/v1/orders/closed", lambda q: [done] if q["state"] == "cancel" else [])
    held = {
        "currency": "BTC",
        "balance": "0.3",
        "locked": "0.1",
        "avg_buy_price": "0",
        "unit_currency": "KRW",
    }
    server.on("GET", "/v1/accounts", [held])


def _upbit_hides(server: Scripted) -> None:
    server.on("GET", "/v1/order", _no("order_not_found"), 404)


UPBIT = Speech(
    exchange_id="upbit",
    symbol="BTC/KRW",
    markets=_upbit_markets,
    place="/v1/orders",
    placed={**_UPBIT_ORDER, "executed_volume": "0"},
    said=lambda seen: (seen.words["identifier"], seen.words["volume"], seen.words["price"]),
    bought=lambda seen: seen.words["price"] if seen.words["ord_type"] == "price" else None,
    buys="10000",
    price=20_000,
    refusals=(
        (400, _no("insufficient_funds_bid"), Why.FUNDS),
        (400, _no("under_min_total_bid"), Why.FILTER),
        (400, _no("invalid_price_bid"), Why.FILTER),
        (404, _no("notfoundmarket"), Why.MARKET),
        (401, _no("invalid_access_key"), Why.KEY),
        (401, _no("no_authorization_ip"), Why.KEY),
        (403, _no("out_of_scope"), Why.KEY),
        (429, _no("too_many_requests"), Why.RATE),
    ),
    doubts=(
        (400, _no("duplicated_identifier")),
        (400, _no("surprise")),
        (500, _no("server_error")),
    ),
    shows=_upbit_shows,
    hides=_upbit_hides,
    cancel=("DELETE", "/v1/order"),
    canceled=_UPBIT_ORDER,
    gone=(404, _no("order_not_found")),
    fee_currency="KRW",
)

_BITHUMB_ORDER = {
    "uuid": "C0101000003152406454",
    "side": "bid",
    "ord_type": "limit",
    "price": "100",
    "state": "wait",
    "market": "KRW-BTC",
    "created_at": _KOREA,
    "volume": "0.5",
    "remaining_volume": "0.3",
    "reserved_fee": "0.05",
    "remaining_fee": "0.0301",
    "paid_fee": "0.0199",
    "locked": "30.03",
    "executed_volume": "0.2",
    "executed_funds": "19.9",
    "trades_count": 1,
    "client_order_id": ID,
}


def _bithumb_markets(server: Scripted) -> None:
    server.on("GET", "/v1/market/all", [{"market": "KRW-BTC", "korean_name": "B", "english_name": "Bitcoin"}])
    server.on("GET", "/v1/ticker", [{"market": "KRW-BTC", "trade_price": 100, "trade_timestamp": AT}])


def _bithumb_shows(server: Scripted) -> None:
    detailed = {**_BITHUMB_ORDER, "trades": [_UPBIT_TRADE]}
    done = {**_BITHUMB_ORDER, "uuid": "9", "client_order_id": None, "state": "cancel", "executed_volume": "0"}
    done |= {"remaining_volume": "0.5", "paid_fee": "0"}
    pick = {"wait": [_BITHUMB_ORDER], "cancel": [done], "done": []}
    server.on("GET", "/v1/order", detailed)
    server.on("GET", "/v1/orders", lambda q: pick[q["state"]])
    held = {
        "currency": "BTC",
        "balance": "0.3",
        "locked": "0.1",
        "avg_buy_price": "0",
        "unit_currency": "KRW",
    }
    server.on("GET", "/v1/accounts", [held])


BITHUMB = Speech(
    exchange_id="bithumb",
    symbol="BTC/KRW",
    markets=_bithumb_markets,
    place="/v2/orders",
    placed={
        "order_id": "C0101000003152406454",
        "market": "KRW-BTC",
        "side": "bid",
        "order_type": "limit",
        "created_at": _KOREA,
    },
    said=lambda seen: (seen.words["client_order_id"], seen.words["volume"], seen.words["price"]),
    bought=lambda seen: seen.words["price"] if seen.words["order_type"] == "price" else None,
    buys="50",
    refusals=UPBIT.refusals,
    doubts=((400, _no("duplicate_client_order_id")), (400, _no("surprise")), (500, _no("server_error"))),
    shows=_bithumb_shows,
    hides=_upbit_hides,
    cancel=("DELETE", "/v2/order"),
    canceled={"order_id": "C0101000003152406454", "created_at": _KOREA},
    gone=(404, _no("order_not_found")),
    fee_currency="KRW",
)

SPEECHES = (OKX, BYBIT, KRAKEN, COINBASE, UPBIT, BITHUMB)
