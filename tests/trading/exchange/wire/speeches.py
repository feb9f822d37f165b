"""How six venues speak: their markets, an order and its trades, and how each says no. Written by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.scripted import Scripted, Seen
from trading.execution.venue import Why

AT = 1_754_380_800_000  # milliseconds: 2025-08-05 08:00 UTC
ID = "twabcdefghijklmnopqrstuvwx"


@dataclass(frozen=True, kw_only=True)
class Speech:
    """One venue. The order is: buy 0.5 BTC for 100 each; 0.2 of it filled at 99.5 in one trade of a fee of 0.0199."""

    exchange_id: str
    symbol: str
    markets: Callable[[Scripted], None]
    place: str  # end of the path an order is posted to
    placed: Any  # its answer
    said: Callable[[Seen], tuple[Any, Any, Any]]  # id, amount and price as they were sent
    bought: Callable[[Seen], Any]  # what a market buy of 0.5 at 100 said: an amount or a cost
    buys: str  # and what that should be
    refusals: tuple[tuple[int, Any, Why], ...]
    doubts: tuple[tuple[int, Any], ...]
    sent_id: str = ID
    shows: Callable[[Scripted], None]  # the order is open, partly filled
    hides: Callable[[Scripted], None]  # there is no such order
    cancel: tuple[str, str] = ("POST", "")
    canceled: Any = None
    gone: tuple[int, Any] = (200, None)
    fee_currency: str = ""
    price: int = 100  # of the order we place; venues of won take none below 5,000 won
    options: dict[str, Any] = field(default_factory=dict)


# --- OKX --------------------------------------------------------------------------------------------------


def _okx(data: Any, code: str = "0") -> dict[str, Any]:
    return {"code": code, "msg": "", "data": data}


def _okx_refused(code: str) -> dict[str, Any]:
    return _okx([{"clOrdId": ID, "ordId": "", "sCode": code, "sMsg": "no"}], "1")


_OKX_ORDER = {
    "instType": "SPOT",
    "instId": "BTC-USDT",
    "ordId": "312269865356374016",
    "clOrdId": ID,
    "px": "100",
    "sz": "0.5",
    "side": "buy",
    "ordType": "limit",
    "accFillSz": "0.2",
    "avgPx": "99.5",
    "state": "partially_filled",
    "fee": "-0.0002",
    "feeCcy": "BTC",
    "cTime": str(AT),
    "uTime": str(AT + 5000),
}
_OKX_TRADE = {
    "instType": "SPOT",
    "instId": "BTC-USDT",
    "tradeId": "123",
    "ordId": "312269865356374016",
    "clOrdId": ID,
    "fillPx": "99.5",
    "fillSz": "0.2",
    "side": "buy",
    "feeCcy": "BTC",
    "fee": "-0.0199",
    "ts": str(AT + 4000),
}


def _okx_markets(server: Scripted) -> None:
    market = {
        "instType": "SPOT",
        "instId": "BTC-USDT",
        "baseCcy": "BTC",
        "quoteCcy": "USDT",
        "tickSz": "0.1",
        "lotSz": "0.00000001",
        "minSz": "0.00001",
        "state": "live",
    }
    server.on("GET", "/public/instruments", _okx([market]))


def _okx_shows(server: Scripted) -> None:
    done = {**_OKX_ORDER, "ordId": "9", "clOrdId": "", "state": "canceled"}
    server.on("GET", "/trade/order", _okx([_OKX_ORDER]))
    server.on("GET", "/trade/orders-pending", _okx([_OKX_ORDER]))
    server.on("GET", "/trade/orders-history", lambda q: _okx([done] if q.get("state") == "canceled" else []))
    server.on("GET", "/trade/fills-history", _okx([_OKX_TRADE]))
    held = {
        "ccy": "BTC",
        "availBal": "0.3",
        "frozenBal": "0.1",
        "eq": "0.4",
        "cashBal": "0.4",
        "availEq": "0.3",
    }
    server.on("GET", "/account/balance", _okx([{"details": [held], "uTime": str(AT)}]))


def _okx_hides(server: Scripted) -> None:
    server.on("GET", "/trade/order", _okx([], "51603"))


OKX = Speech(
    exchange_id="okx",
    symbol="BTC/USDT",
    markets=_okx_markets,
    place="/api/v5/trade/order",
    placed=_okx([{"clOrdId": ID, "ordId": "312269865356374016", "sCode": "0", "sMsg": ""}]),
    said=lambda seen: (seen.words["clOrdId"], seen.words["sz"], seen.words["px"]),
    bought=lambda seen: seen.words["sz"] if seen.words["tgtCcy"] == "base_ccy" else None,
    buys="0.5",
    refusals=(
        (200, _okx_refused("51008"), Why.FUNDS),
        (200, _okx_refused("51020"), Why.FILTER),
        (200, _okx_refused("51001"), Why.MARKET),
        (401, _okx([], "50111"), Why.KEY),
        (401, _okx([], "50110"), Why.KEY),
        (401, _okx([], "50102"), Why.CLOCK),
        (429, _okx([], "50011"), Why.RATE),
    ),
    doubts=(
        (200, _okx_refused("51016")),
        (200, _okx([], "50004")),
        (200, _okx([], "50026")),
        (200, _okx_refused("59999")),
    ),
    shows=_okx_shows,
    hides=_okx_hides,
    cancel=("POST", "/trade/cancel-order"),
    canceled=_okx([{"clOrdId": ID, "ordId": "312269865356374016", "sCode": "0", "sMsg": ""}]),
    gone=(200, _okx_refused("51400")),
    fee_currency="BTC",
    options={"password": "phrase"},
)

# --- Bybit ------------------------------------------------------------------------------------------------


def _bybit(result: Any, code: int = 0, message: str = "OK") -> dict[str, Any]:
    return {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": AT}


_BYBIT_ORDER = {
    "orderId": "fd4300ae-7847-404e-b947-b46980a4d140",
    "orderLinkId": ID,
    "symbol": "BTCUSDT",
    "price": "100.00",
    "qty": "0.500000",
    "side": "Buy",
    "orderStatus": "PartiallyFilled",
    "avgPrice": "99.5",
    "leavesQty": "0.3",
    "cumExecQty": "0.2",
    "cumExecValue": "19.9",
    "orderType": "Limit",
    "timeInForce": "GTC",
    "createdTime": str(AT),
    "updatedTime": str(AT + 5000),
}
_BYBIT_TRADE = {
    "symbol": "BTCUSDT",
    "orderType": "Limit",
    "orderLinkId": ID,
    "side": "Buy",
    "orderId": "fd4300ae-7847-404e-b947-b46980a4d140",
    "execFee": "0.0199",
    "feeCurrency": "BTC",
    "feeRate": "0.001",
    "execId": "2100000000007764263",
    "execPrice": "99.5",
    "execQty": "0.2",
    "execType": "Trade",
    "execValue": "19.9",
    "execTime": str(AT + 4000),
    "isMaker": False,
}


def _bybit_markets(server: Scripted) -> None:
    market = {
        "symbol": "BTCUSDT",
        "baseCoin": "BTC",
        "quoteCoin": "USDT",
        "status": "Trading",
        "lotSizeFilter": {
            "basePrecision": "0.000001",
            "quotePrecision": "0.00000001",
            "minOrderQty": "0.000048",
            "maxOrderQty": "71",
            "minOrderAmt": "1",
            "maxOrderAmt": "2000000",
        },
        "priceFilter": {"tickSize": "0.01"},
    }
    server.on("GET", "/v5/market/instruments-info", _bybit({"category": "spot", "list": [market]}))
    server.on("GET", "/v5/user/query-api", _bybit({"unified": 0, "uta": 1}))
    server.on("GET", "/v5/account/info", _bybit({"unifiedMarginStatus": 6}))


def _bybit_shows(server: Scripted) -> None:
    done = {**_BYBIT_ORDER, "orderId": "9", "orderLinkId": "", "orderStatus": "Cancelled"}
    server.on("GET", "/v5/order/realtime", _bybit({"category": "spot", "list": [_BYBIT_ORDER]}))
    server.on("GET", "/v5/order/history", _bybit({"category": "spot", "list": [done]}))
    server.on("GET", "/v5/execution/list", _bybit({"category": "spot", "list": [_BYBIT_TRADE]}))
    coin = {"coin": "BTC", "walletBalance": "0.4", "locked": "0.1", "equity": "0.4"}
    account = {"accountType": "UNIFIED", "coin": [coin]}
    server.on("GET", "/v5/account/wallet-balance", _bybit({"list": [account]}))


def _bybit_hides(server: Scripted) -> None:
    server.on("GET", "/v5/order/realtime", _bybit({"category": "spot", "list": []}))


BYBIT = Speech(
    exchange_id="bybit",
    symbol="BTC/USDT",
    markets=_bybit_markets,
    place="/v5/order/create",
    placed=_bybit({"orderId": "fd4300ae-7847-404e-b947-b46980a4d140", "orderLinkId": ID}),
    said=lambda seen: (seen.words["orderLinkId"], seen.words["qty"], seen.words["price"]),
    bought=lambda seen: seen.words["qty"] if seen.words["marketUnit"] == "baseCoin" else None,
    buys="0.5",
    refusals=(
        (200, _bybit({}, 170131, "Balance insufficient."), Why.FUNDS),
        (200, _bybit({}, 170140, "Order value exceeded lower limit."), Why.FILTER),
        (200, _bybit({}, 170134, "Order price has too many decimals."), Why.FILTER),
        (200, _bybit({}, 170121, "Invalid symbol."), Why.MARKET),
        (200, _bybit({}, 10002, "request timestamp exceeds the time window"), Why.CLOCK),
        (200, _bybit({}, 10005, "Permission denied"), Why.KEY),
        (200, _bybit({}, 10010, "Unmatched IP"), Why.KEY),
        (200, _bybit({}, 10006, "Too many visits."), Why.RATE),
        (403, "access too frequent", Why.RATE),
    ),
    doubts=(
        (200, _bybit({}, 170141, "Duplicate clientOrderId")),
        (200, _bybit({}, 10016, "Server error")),
        (200, _bybit({}, 999999, "surprise")),
        (200, _bybit({})),
    ),
    shows=_bybit_shows,
    hides=_bybit_hides,
    cancel=("POST", "/v5/order/cancel"),
    canceled=_bybit({"orderId": "fd4300ae-7847-404e-b947-b46980a4d140", "orderLinkId": ID}),
    gone=(200, _bybit({}, 170213, "Order does not exist.")),
    fee_currency="BTC",
)

# --- Kraken -----------------------------------------------------------------------------------------------


def _kraken(result: Any, *errors: str) -> dict[str, Any]:
    return {"error": list(errors), "result": result} if not errors else {"error": list(errors)}


def _kraken_order(client_id: str | None, status: str) -> dict[str, Any]:
    return {
        "refid": None,
        "userref": 0,
        "cl_ord_id": client_id,
        "status": status,
        "opentm": AT / 1000,
        "vol": "0.50000000",
        "vol_exec": "0.20000000",
        "cost": "19.90000",
        "fee": "0.01990",
        "price": "99.5",
        "descr": {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "100.0", "price2": "0"},
        "misc": "",
        "oflags": "fciq",
    }


def _kraken_markets(server: Scripted) -> None:
    asset = {"aclass": "currency", "decimals": 10, "display_decimals": 5, "status": "enabled"}
    pair = {
        "altname": "XBTUSD",
        "wsname": "XBT/USD",
        "aclass_base": "currency",
        "base": "XXBT",
        "aclass_quote": "currency",
        "quote": "ZUSD",
        "cost_decimals": 5,
        "pair_decimals": 1,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.4]],
        "fees_maker": [[0, 0.25]],
        "fee_volume_currency": "ZUSD",
        "ordermin": "0.00005",
        "costmin": "0.5",
        "tick_size": "0.1",
        "status": "online",
    }
    server.on("GET", "/0/public/AssetPairs", _kraken({"XXBTZUSD": pair}))
    assets = {"XXBT": {**asset, "altname": "XBT"}, "ZUSD": {**asset, "altname": "USD"}}
    server.on("GET", "/0/public/Assets", _kraken(assets))


def _kraken_shows(server: Scripted) -> None:
    def opened(words: dict[str, Any]) -> Any:
        wanted = words.get("cl_ord_id")
        found = {"OQCLML-BW3P3-BUCMWZ": _kraken_order(KRAKEN.sent_id, "open")}
        return _kraken({"open": found if wanted in (None, KRAKEN.sent_id) else {}})

    trade = {
        "ordertxid": "OQCLML-BW3P3-BUCMWZ",
        "pair": "XXBTZUSD",
        "time": (AT + 4000) / 1000,
        "type": "buy",
        "ordertype": "limit",
        "price": "99.5",
        "cost": "19.90000",
        "fee": "0.0199",
        "vol": "0.20000000",
        "margin": "0.0",
        "misc": "",
    }
    done = {**_kraken_order(None, "canceled")}
    server.on("POST", "/0/private/OpenOrders", opened)
    server.on(
        "POST",
        "/0/private/ClosedOrders",
        lambda q: _kraken({"closed": {} if "cl_ord_id" in q else {"O9": done}}),
    )
    server.on("POST", "/0/private/TradesHistory", _kraken({"trades": {"T1": trade}, "count": 1}))
    server.on("POST", "/0/private/BalanceEx", _kraken({"XXBT": {"balance": "0.4", "hold_trade": "0.1"}}))


def _kraken_hides(server: Scripted) -> None:
    server.on("POST", "/0/private/OpenOrders", _kraken({"open": {}}))
    server.on("POST", "/0/private/ClosedOrders", _kraken({"closed": {}}))


KRAKEN = Speech(
    exchange_id="kraken",
    symbol="BTC/USD",
    markets=_kraken_markets,
    place="/0/private/AddOrder",
    placed=_kraken({"descr": {"order": "buy 0.5 XBTUSD @ limit 100.0"}, "txid": ["OQCLML-BW3P3-BUCMWZ"]}),
    said=lambda seen: (seen.words["cl_ord_id"], seen.words["volume"], seen.words["price"]),
    bought=lambda seen: seen.words["volume"],
    buys="0.5",
    refusals=(
        (200, _kraken(None, "EOrder:Insufficient funds"), Why.FUNDS),
        (200, _kraken(None, "EOrder:Order minimum not met"), Why.FILTER),
        (200, _kraken(None, "EGeneral:Invalid arguments:volume"), Why.OTHER),
        (200, _kraken(None, "EQuery:Unknown asset pair"), Why.MARKET),
        (200, _kraken(None, "EService:Market in cancel_only mode"), Why.MARKET),
        (200, _kraken(None, "EAPI:Invalid nonce"), Why.CLOCK),
        (200, _kraken(None, "EGeneral:Permission denied"), Why.KEY),
        (200, _kraken(None, "EAPI:Rate limit exceeded"), Why.RATE),
        (200, _kraken(None, "EService:Deadline elapsed"), Why.OTHER),
    ),
    doubts=(
        (200, _kraken(None, "EService:Unavailable")),
        (200, _kraken(None, "EService:Busy")),
        (200, _kraken(None, "EGeneral:Internal error")),
        (200, _kraken({"descr": {}})),
    ),
    sent_id="00443214-c742-54b6-35cf-84653a56d7e9",
    shows=_kraken_shows,
    hides=_kraken_hides,
    cancel=("POST", "/0/private/CancelOrder"),
    canceled=_kraken({"count": 1}),
    gone=(200, _kraken(None, "EOrder:Unknown order")),
    fee_currency="USD",
    options={"secret": "a2V5a2V5a2V5a2V5"},
)
