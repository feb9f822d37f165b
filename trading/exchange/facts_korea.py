"""Upbit and Bithumb: ids that are burned, no deadlines, no list of trades, market buys by what they may cost."""

from dataclasses import replace
from datetime import timedelta

from trading.exchange.facts import Code, Codes, Facts, LookUp, Paths
from trading.execution.venue import IdReuse, Profile, Why


def _all(why: Why, *codes: str) -> tuple[Code, ...]:
    return tuple(Code(code, why) for code in codes)


_REFUSED = (
    *_all(Why.FUNDS, "insufficient_funds_bid", "insufficient_funds_ask", "insufficient_funds"),
    *_all(Why.FILTER, "under_min_total_bid", "under_min_total_ask", "under_min_total_market_bid"),
    *_all(Why.FILTER, "under_min_total_market_ask", "over_max_total_bid", "over_max_total_ask"),
    *_all(Why.FILTER, "invalid_price_bid", "invalid_price_ask", "invalid_price", "invalid_volume_bid"),
    *_all(Why.FILTER, "invalid_volume_ask", "invalid_volume", "validation_error", "invalid_parameter"),
    *_all(Why.MARKET, "market_offline", "notfoundmarket", "market_does_not_exist"),
    *_all(Why.KEY, "invalid_access_key", "jwt_verification", "expired_access_key", "expired_jwt"),
    *_all(Why.KEY, "no_authorization_ip", "no_authorization_i_p", "no_authorization_token", "out_of_scope"),
    *_all(Why.KEY, "NotAllowIP", "thirdparty_agreement_required", "invalid_query_payload", "nonce_used"),
    *_all(Why.RATE, "too_many_requests"),
)

UPBIT = Facts(
    profile=Profile(
        name="upbit",
        id_reuse=IdReuse.BURNED,
        request_expiry=None,
        visibility_lag=timedelta(seconds=30),
        has_trades=False,
        has_stops=False,  # we know of none
        dead_man=False,
        client_id_length=36,
    ),
    options={"options": {"createMarketBuyOrderRequiresPrice": False}},
    paths=Paths(order=r"/v1/orders", cancel=r"/v1/order", history=r"/v1/deposits|/v1/withdraws"),
    codes=Codes(
        where=("error.name",),
        text=("error.message",),
        refused=_REFUSED,
        statuses={401: Why.KEY, 429: Why.RATE},
        unknown_order=(("order_not_found", ""),),
        over=(("order_not_found", ""), ("order_not_cancelable", "")),
    ),
    letters=r"[A-Za-z0-9_-]+",
    buys_by_cost=True,
    look_up=LookUp.ASK,
    ask="private_get_order",
    ask_id="identifier",
    cancel="private_delete_order",
    cancel_id="identifier",
    closed=("fetch_closed_orders", "fetch_canceled_orders"),
    page=100,
    window=timedelta(days=7),
    rate=7.0,
    burst=7,
)

BITHUMB = replace(
    UPBIT,
    profile=replace(UPBIT.profile, name="bithumb"),
    paths=Paths(order=r"/v2/orders", cancel=r"/v2/order|/v1/order"),
    letters=r"[A-Za-z0-9_-]+",
    ask="private_get_v1_order",
    ask_id="client_order_id",
    cancel="cancel_order",
    cancel_id="clientOrderId",
    window=None,
    paged="page",
)
