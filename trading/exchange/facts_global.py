"""Binance, Bybit, OKX, Kraken and Coinbase: ids, deadlines, paths and the codes that are definite."""

from datetime import timedelta

from trading.exchange.facts import Code, Codes, Facts, LookUp, Paths, Spelling
from trading.execution.venue import IdReuse, Profile, Why

_NO_CURRENCIES = {"has": {"fetchCurrencies": False}}  # an extra question, often one that needs another right
WINDOW = timedelta(seconds=5)  # after which a request is not executed any more, where a venue lets us say so


def _all(why: Why, *codes: str) -> tuple[Code, ...]:
    return tuple(Code(code, why) for code in codes)


BINANCE = Facts(
    profile=Profile(
        name="binance",
        id_reuse=IdReuse.OPEN_UNIQUE,
        request_expiry=WINDOW,
        visibility_lag=timedelta(seconds=20),
        has_trades=True,
        has_stops=True,
        dead_man=False,
        client_id_length=36,
    ),
    options={
        "options": {
            "recvWindow": 5000,
            "adjustForTimeDifference": False,
            "fetchCurrencies": False,
            "fetchMargins": False,
        }
    },
    paths=Paths(
        order=r"/api/v3/order",
        cancel=r"/api/v3/order|/api/v3/openOrders",
        history=r"/capital/deposit/hisrec|/capital/withdraw/history",
    ),
    codes=Codes(
        where=("code",),
        text=("msg",),
        refused=(
            Code("-2010", Why.FUNDS, "insufficient balance"),
            Code("-2010", Why.MARKET, "Market is closed"),
            Code("-2010", Why.KEY, "not permitted for this account"),
            Code("-2010", Why.KEY, "action is disabled on this account"),
            Code("-2010", Why.FILTER, "Filter failure"),
            Code("-2010", Why.FILTER, "would trigger immediately"),
            Code("-2010", Why.FILTER, "would immediately match"),
            Code("-2010", Why.FILTER, "zero or less"),
            Code("-2010", Why.FILTER, "not supported for this symbol"),
            *_all(Why.FILTER, "-1013", "-1111"),
            *_all(Why.MARKET, "-1121"),
            *_all(Why.CLOCK, "-1021"),
            *_all(Why.KEY, "-1002", "-1022", "-2014", "-2015"),
            *_all(Why.RATE, "-1003", "-1015"),
            *_all(Why.OTHER, "-1100", "-1101", "-1102", "-1103", "-1104", "-1105", "-1106"),
            *_all(Why.OTHER, "-1112", "-1114", "-1115", "-1116", "-1117", "-1118", "-1130"),
        ),
        statuses={429: Why.RATE, 418: Why.RATE},
        doubtful=frozenset({"-1000", "-1001", "-1006", "-1007", "-4116"}),
        unknown_order=(("-2013", ""),),
        over=(("-2011", "Unknown order"),),
    ),
    letters=r"[\.A-Z:/a-z0-9_-]+",
    look_up=LookUp.ASK,
    ask="fetch_order",
    ask_id="origClientOrderId",
    cancel_id="origClientOrderId",
    closed=("fetch_orders",),
    page=1000,
    window=timedelta(hours=24),
    rate=8.0,
    burst=40,
)

BYBIT = Facts(
    profile=Profile(
        name="bybit",
        id_reuse=IdReuse.BURNED,
        request_expiry=WINDOW,
        visibility_lag=timedelta(seconds=20),
        has_trades=True,
        # There are some that lock the coins. But they are cancelled by other words than orders, in an account that is
        # not unified they sell under another id, and one that the market has passed waits for a rise, not refused.
        has_stops=False,
        dead_man=False,
        client_id_length=36,
    ),
    options={
        **_NO_CURRENCIES,
        "options": {
            "recvWindow": 5000,
            "fetchMarkets": {"types": ["spot"]},
            "fetchOrder": {"acknowledged": True},
        },
    },
    paths=Paths(
        order=r"/v5/order/create",
        cancel=r"/v5/order/cancel",
        history=r"/v5/asset/deposit/query-record|/v5/asset/withdraw/query-record",
    ),
    codes=Codes(
        where=("retCode",),
        text=("retMsg",),
        refused=(
            *_all(Why.FUNDS, "110004", "110007", "110012", "170131", "170033"),
            *_all(Why.FILTER, "110003", "110017", "170130", "170132", "170133", "170134", "170135", "170136"),
            *_all(Why.FILTER, "170137", "170140", "170124", "170193", "170194", "170217", "170218"),
            *_all(Why.MARKET, "10029", "170121", "170116", "170117", "110066"),
            *_all(Why.CLOCK, "10002"),
            *_all(Why.KEY, "10003", "10004", "10005", "10007", "10009", "10010", "10024", "33004"),
            *_all(Why.RATE, "10006", "10018"),
            *_all(Why.OTHER, "10001"),
        ),
        statuses={403: Why.RATE, 429: Why.RATE},
        doubtful=frozenset({"10000", "10016", "110072", "170141", "170007"}),
        unknown_order=(("170213", ""), ("110001", "")),
        empty="result.list",
        over=(("170213", ""), ("110001", ""), ("170142", ""), ("170143", "")),
    ),
    letters=r"[A-Za-z0-9_-]+",
    warm=("is_unified_enabled",),
    look_up=LookUp.ASK,
    ask="fetch_order",
    ask_id="orderLinkId",
    cancel_id="orderLinkId",
    closed=("fetch_canceled_and_closed_orders",),
    page=50,
    window=timedelta(days=7),
    rate=8.0,
    burst=10,
)

OKX = Facts(
    profile=Profile(
        name="okx",
        id_reuse=IdReuse.BURNED,
        request_expiry=WINDOW,
        visibility_lag=timedelta(seconds=20),
        has_trades=True,
        # There are some, but as orders of another kind: each sells under an id that nobody has heard of.
        has_stops=False,
        dead_man=False,  # it has one, but it is all-or-nothing for an account that people share with us
        client_id_length=32,
    ),
    options={
        **_NO_CURRENCIES,
        "options": {
            "createOrder": "privatePostTradeOrder",
            "fetchMarkets": {"types": ["spot"]},
        },
    },
    paths=Paths(
        order=r"/api/v5/trade/order",
        cancel=r"/api/v5/trade/cancel-order",
        history=r"/api/v5/asset/deposit-history|/api/v5/asset/withdrawal-history",
    ),
    codes=Codes(
        where=("data.0.sCode", "code"),
        text=("data.0.sMsg", "msg"),
        refused=(
            *_all(Why.FUNDS, "51008", "51119", "51127", "51131"),
            *_all(
                Why.FILTER, "51000", "51002", "51005", "51006", "51020", "51111", "51112", "51116", "51120"
            ),
            *_all(Why.FILTER, "51121", "51136", "51137", "51201", "51202", "51203"),
            *_all(Why.MARKET, "51001", "51021", "51022", "51023", "51024", "51027", "51028", "51030"),
            *_all(Why.CLOCK, "50102", "50112", "50036"),
            *_all(Why.KEY, "50100", "50101", "50103", "50104", "50105", "50106", "50107", "50108", "50110"),
            *_all(Why.KEY, "50111", "50113", "50114", "50119", "50120", "50121"),
            *_all(Why.RATE, "50011", "50061"),
            *_all(Why.OTHER, "50000", "50002", "50006", "50014", "51010"),
        ),
        statuses={429: Why.RATE},
        doubtful=frozenset({"50001", "50004", "50013", "50026", "51016", "51149"}),
        unknown_order=(("51603", ""),),
        over=(("51400", ""), ("51401", ""), ("51402", ""), ("51410", "")),
    ),
    expiry_header="expTime",
    look_up=LookUp.ASK,
    ask="fetch_order",
    ask_id="clOrdId",
    cancel_id="clOrdId",
    closed=("fetch_canceled_orders", "fetch_closed_orders"),
    page=100,
    rate=20.0,
    burst=40,
)

KRAKEN = Facts(
    profile=Profile(
        name="kraken",
        id_reuse=IdReuse.OPEN_UNIQUE,
        request_expiry=WINDOW,
        visibility_lag=timedelta(seconds=20),
        has_trades=True,
        has_stops=True,
        dead_man=False,  # its timer cancels stops as well
        client_id_length=26,
    ),
    paths=Paths(
        order=r"/0/private/AddOrder",
        cancel=r"/0/private/CancelOrder",
        reads=r"/0/private/(BalanceEx|Balance|OpenOrders|ClosedOrders|QueryOrders|TradesHistory|GetApiKeyInfo)",
    ),
    codes=Codes(
        where=("error.0",),
        refused=(
            *_all(Why.FUNDS, "EOrder:Insufficient funds"),
            *_all(Why.FILTER, "EOrder:Order minimum not met", "EOrder:Cost minimum not met"),
            *_all(Why.FILTER, "EOrder:Invalid price", "EOrder:Tick size check failed"),
            *_all(Why.MARKET, "EQuery:Unknown asset pair", "EService:Market in cancel_only mode"),
            *_all(Why.MARKET, "EService:Market in post_only mode", "EService:Market in limit_only mode"),
            *_all(Why.CLOCK, "EAPI:Invalid nonce"),
            *_all(Why.KEY, "EAPI:Invalid key", "EAPI:Invalid signature", "EGeneral:Permission denied"),
            *_all(Why.KEY, "EOrder:Trading agreement required", "EAccount:Invalid permissions"),
            *_all(Why.RATE, "EAPI:Rate limit exceeded", "EOrder:Rate limit exceeded"),
            *_all(Why.RATE, "EGeneral:Temporary lockout", "EOrder:Orders limit exceeded"),
            *_all(Why.OTHER, "EGeneral:Invalid arguments", "EService:Deadline elapsed"),
        ),
        unknown_order=(("EOrder:Unknown order", ""),),
        over=(("EOrder:Unknown order", ""),),
    ),
    spelling=Spelling.UUID,
    counts=True,
    deadline="deadline",
    look_up=LookUp.LISTS,
    ask_id="clientOrderId",
    cancel_id="clientOrderId",
    page=50,
    until=("end", 1000),
    rate=1.0,
    burst=15,
)

COINBASE = Facts(
    profile=Profile(
        name="coinbase",
        id_reuse=IdReuse.IDEMPOTENT,
        request_expiry=None,
        visibility_lag=timedelta(seconds=30),
        has_trades=True,
        # Only with a limit, which a fall leaves behind.
        has_stops=False,
        dead_man=False,
        client_id_length=36,
    ),
    options={
        **_NO_CURRENCIES,
        "options": {
            "adjustForTimeDifference": False,
            "fetchBalance": "v3PrivateGetBrokerageAccounts",
            "createMarketBuyOrderRequiresPrice": False,
        },
    },
    paths=Paths(
        order=r"/api/v3/brokerage/orders",
        cancel=r"/api/v3/brokerage/orders/batch_cancel",
    ),
    codes=Codes(
        where=("error_response.preview_failure_reason", "error_response.error", "error"),
        text=("error_response.message", "message"),
        refused=(
            *_all(Why.FUNDS, "INSUFFICIENT_FUND", "INSUFFICIENT_FUNDS", "PREVIEW_INSUFFICIENT_FUND"),
            *_all(
                Why.FILTER, "INVALID_LIMIT_PRICE_POST_ONLY", "INVALID_LIMIT_PRICE", "INVALID_PRICE_PRECISION"
            ),
            *_all(Why.FILTER, "INVALID_SIZE_PRECISION", "PREVIEW_INVALID_SIZE_PRECISION"),
            *_all(Why.FILTER, "PREVIEW_INVALID_QUOTE_SIZE_PRECISION", "PREVIEW_INVALID_PRICE_PRECISION"),
            *_all(Why.FILTER, "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL", "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE"),
            *_all(Why.FILTER, "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL", "PREVIEW_INVALID_LIMIT_PRICE"),
            *_all(Why.FILTER, "PREVIEW_INVALID_QUOTE_SIZE_TOO_LARGE"),
            *_all(Why.MARKET, "INVALID_PRODUCT_ID", "ORDER_ENTRY_DISABLED", "UNTRADABLE_PRODUCT"),
            *_all(Why.KEY, "PERMISSION_DENIED", "UNAUTHENTICATED", "INELIGIBLE_PAIR"),
            *_all(Why.OTHER, "INVALID_REQUEST", "INVALID_ARGUMENT", "UNSUPPORTED_ORDER_CONFIGURATION"),
        ),
        statuses={401: Why.KEY, 429: Why.RATE},
        unknown_order=(("NOT_FOUND", ""),),
        over=(("UNKNOWN_CANCEL_ORDER", ""), ("DUPLICATE_CANCEL_REQUEST", "")),
    ),
    create_id="client_order_id",
    letters=r"[A-Za-z0-9_-]+",
    buys_by_cost=True,
    look_up=LookUp.SCAN,
    closed=("fetch_orders",),
    page=250,
    rate=10.0,
    burst=20,
)
