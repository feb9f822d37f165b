"""The fake Binance's signed side: keys, orders, trades, balances, limits, and the user's own stream."""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from tests.fakes.matching import Deal, Matching, No, Placed, Rules, State

Answer = Callable[[dict[str, str]], Any]

_SAYS = {
    "funds": (-2010, "Account has insufficient balance for requested action."),
    "market": (-2010, "Market is closed."),
    "tick": (-1013, "Filter failure: PRICE_FILTER"),
    "step": (-1013, "Filter failure: LOT_SIZE"),
    "least": (-1013, "Filter failure: NOTIONAL"),
    "most": (-1013, "Filter failure: MARKET_LOT_SIZE"),
    "duplicate": (-2010, "Duplicate order sent."),
    "trigger": (-2010, "Stop price would trigger immediately."),
    "unknown": (-2011, "Unknown order sent."),
    "closed": (-2011, "Unknown order sent."),
}
_STATUS = {State.FILLED: "FILLED", State.CANCELED: "CANCELED", State.EXPIRED: "EXPIRED"}


class Rejected(Exception):
    """Answered with a status and one of Binance's error codes."""

    def __init__(self, code: int, msg: str, status: int = 400, headers: dict[str, str] | None = None) -> None:
        super().__init__(msg)
        self.code, self.msg, self.status, self.headers = code, msg, status, headers or {}


@dataclass
class Key:
    """An API key and what it may do."""

    name: str = "key"
    secret: str = "secret"
    may_trade: bool = True
    may_withdraw: bool = False
    may_transfer: bool = False
    bound_to_ip: bool = True
    revoked: bool = False


@dataclass
class Limits:
    """Requests a minute. Whoever goes on after a 429 is banned."""

    a_minute: int | None = None
    asked: list[datetime] = field(default_factory=list)
    quiet_until: datetime | None = None
    ignored: int = 0
    banned: bool = False

    def ask(self, now: datetime) -> None:
        if self.quiet_until is not None and now < self.quiet_until:
            self.ignored += 1
            self.banned = self.banned or self.ignored >= 5
            raise self._told(now)
        self.asked = [at for at in self.asked if now - at < timedelta(minutes=1)] + [now]
        if self.a_minute is not None and len(self.asked) > self.a_minute:
            self.hush(now, timedelta(seconds=2))
            raise self._told(now)

    def hush(self, now: datetime, length: timedelta) -> None:
        self.quiet_until, self.ignored, self.asked = now + length, 0, []

    def _told(self, now: datetime) -> Rejected:
        left = max(int((self.quiet_until - now).total_seconds() + 0.999), 1)
        status = 418 if self.banned else 429
        return Rejected(-1003, "Too many requests.", status, {"Retry-After": str(left)})


class BinanceAccount:
    """One account: its money and orders are in `truth`, what it was asked to do in `heard`."""

    def __init__(self, rules: list[Rules], now: Callable[[], datetime], last: Callable[[str], Any]) -> None:
        self.truth = Matching(rules, now, fee_in_quote=False, reuse="open")
        self.now, self._last = now, last
        self.key, self.limits = Key(), Limits()
        self.pinned: set[str] = set()  # symbols whose price is the test's, not that of the candles
        self.heard: list[tuple[str, str, dict[str, str]]] = []  # method, endpoint, words
        self.markets = {one.symbol.replace("/", ""): one for one in rules}

    # --- for tests --------------------------------------------------------------------------------------------

    def move(self, symbol: str, price: Decimal | str) -> None:
        """From now on this market trades at the test's price."""
        self.pinned.add(symbol)
        self.truth.move(symbol, price)

    def by_hand(self, symbol: str, side: str, amount: str, price: str | None = None) -> Placed:
        """The owner trades with the exchange's own app."""
        self._follow_candles()
        return self.truth.place(symbol, side, amount=Decimal(amount), price=Decimal(price) if price else None)

    def posts(self) -> list[dict[str, str]]:
        """The words of every order request that came in."""
        return [words for method, name, words in self.heard if (method, name) == ("POST", "order")]

    # --- the endpoints ----------------------------------------------------------------------------------------

    def routes(self) -> dict[tuple[str, str], Callable[[web.Request], Awaitable[web.Response]]]:
        return {
            ("POST", "order"): self._signed(self._place, trades=True),
            ("DELETE", "order"): self._signed(self._cancel, trades=True),
            ("DELETE", "openOrders"): self._signed(self._cancel_all, trades=True),
            ("GET", "order"): self._signed(self._order),
            ("GET", "openOrders"): self._signed(self._open),
            ("GET", "allOrders"): self._signed(self._all),
            ("GET", "myTrades"): self._signed(self._trades),
            ("GET", "account"): self._signed(self._account),
            ("GET", "account/apiRestrictions"): self._signed(self._restrictions),
            ("GET", "capital/deposit/hisrec"): self._signed(lambda words: self._carried(words, 1)),
            ("GET", "capital/withdraw/history"): self._signed(lambda words: self._carried(words, -1)),
        }

    def _signed(
        self, answer: Answer, *, trades: bool = False
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            text = request.query_string or await request.text()
            words = dict(parse_qsl(text, keep_blank_values=True))
            self.heard.append((request.method, request.match_info["name"], words))
            self.limits.ask(self.now())
            self.check_key(request.headers.get("X-MBX-APIKEY", ""), text, words, trades=trades)
            self._follow_candles()
            try:
                return web.json_response(answer(words))
            except No as no:
                raise Rejected(*_SAYS[no.why]) from None

        return handle

    def check_key(self, name: str, text: str, words: dict[str, str], *, trades: bool) -> None:
        """Key, signature over the words as they came, and time."""
        if name != self.key.name or self.key.revoked:
            raise Rejected(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        payload = re.sub(r"&?signature=[^&]*", "", text)
        expected = hmac.new(self.key.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, unquote(words.get("signature", ""))):
            raise Rejected(-1022, "Signature for this request is not valid.")
        now, stamped = self._ms(self.now()), int(words["timestamp"])
        if stamped > now + 1000 or now - stamped > int(words.get("recvWindow", 5000)):
            raise Rejected(-1021, "Timestamp for this request is outside of the recvWindow.")
        if trades and not self.key.may_trade:
            raise Rejected(-2015, "Invalid API-key, IP, or permissions for action.", 401)

    def _place(self, words: dict[str, str]) -> dict[str, Any]:
        symbol, kind = self._symbol(words), words["type"]
        price = Decimal(words["price"]) if "LIMIT" in kind else None
        order = self.truth.place(
            symbol,
            words["side"].lower(),
            amount=self._exact(words, "quantity"),
            price=price,
            cost=self._exact(words, "quoteOrderQty"),
            stop=self._exact(words, "stopPrice"),
            client_id=words.get("newClientOrderId", ""),
            at_once=words.get("timeInForce") in ("IOC", "FOK"),
        )
        fills = [
            {
                "price": str(deal.price),
                "qty": str(deal.amount),
                "commission": str(deal.fee),
                "commissionAsset": deal.fee_coin,
                "tradeId": deal.id,
            }
            for deal in order.deals
        ]
        return self._told(order) | {"transactTime": self._ms(order.at), "fills": fills}

    def _exact(self, words: dict[str, str], name: str) -> Decimal | None:
        if name not in words:
            return None
        number = Decimal(words[name])
        if -number.normalize().as_tuple().exponent > 8:
            raise Rejected(-1111, f"Parameter '{name}' has too much precision.")
        return number

    def _cancel(self, words: dict[str, str]) -> dict[str, Any]:
        return self._told(self.truth.cancel(self._find(words)))

    def _cancel_all(self, words: dict[str, str]) -> list[dict[str, Any]]:
        standing = self.truth.open(self._symbol(words))
        if not standing:
            raise No("unknown")
        return [self._told(self.truth.cancel(order)) for order in standing]

    def _order(self, words: dict[str, str]) -> dict[str, Any]:
        if (order := self._find(words)) is None:
            raise Rejected(-2013, "Order does not exist.")
        return self._told(order)

    def _find(self, words: dict[str, str]) -> Placed | None:
        symbol = self._symbol(words)
        if "orderId" in words:
            found = self.truth.find(id=int(words["orderId"]))
        else:
            found = self.truth.find(client_id=words["origClientOrderId"])
        return found if found is not None and found.symbol == symbol else None

    def _open(self, words: dict[str, str]) -> list[dict[str, Any]]:
        return [self._told(o) for o in self.truth.open(self._symbol(words) if "symbol" in words else None)]

    def _all(self, words: dict[str, str]) -> list[dict[str, Any]]:
        symbol, between = self._symbol(words), self._between(words)
        found = [o for o in self.truth.orders.values() if o.symbol == symbol and between(o.at)]
        return [self._told(order) for order in found[: int(words.get("limit", 500))]]

    def _trades(self, words: dict[str, str]) -> list[dict[str, Any]]:
        symbol, between = self._symbol(words), self._between(words)
        found = [deal for deal in self.truth.deals if deal.symbol == symbol and between(deal.at)]
        return [self._deal(deal) for deal in found[: int(words.get("limit", 500))]]

    def _between(self, words: dict[str, str]) -> Callable[[datetime], bool]:
        first, last = int(words.get("startTime", 0)), int(words.get("endTime", 10**15))
        if "startTime" in words and "endTime" in words and last - first > 86_400_000:
            raise Rejected(-1127, "More than 24 hours between startTime and endTime.")
        return lambda at: first <= self._ms(at) <= last

    def _account(self, words: dict[str, str]) -> dict[str, Any]:
        coins = sorted({*self.truth.free, *self.truth.locked})
        held = [
            {
                "asset": coin,
                "free": str(self.truth.free.get(coin, 0)),
                "locked": str(self.truth.locked.get(coin, 0)),
            }
            for coin in coins
        ]
        return {
            "canTrade": self.key.may_trade,
            "accountType": "SPOT",
            "uid": 354937868,
            "balances": held,
        }

    def _restrictions(self, words: dict[str, str]) -> dict[str, Any]:
        return {
            "ipRestrict": self.key.bound_to_ip,
            "createTime": self._ms(self.now()),
            "enableReading": True,
            "enableSpotAndMarginTrading": self.key.may_trade,
            "enableWithdrawals": self.key.may_withdraw,
            "enableInternalTransfer": self.key.may_transfer,
            "permitsUniversalTransfer": self.key.may_transfer,
            "enableFutures": False,
            "enableMargin": False,
        }

    def _carried(self, words: dict[str, str], sign: int) -> list[dict[str, Any]]:
        between = self._between({name: text for name, text in words.items() if name == "startTime"})
        return [
            {
                "id": f"carried-{number}",
                "amount": str(abs(amount)),
                "coin": coin,
                "network": coin,
                "status": 1 if sign > 0 else 6,
                "address": "x",
                "txId": f"t{number}",
                "insertTime": self._ms(at),
                "applyTime": at.strftime("%Y-%m-%d %H:%M:%S"),
                "transactionFee": "0",
                "transferType": 0,
            }
            for number, (coin, amount, at) in enumerate(self.truth.carried)
            if amount * sign > 0 and between(at)
        ]

    # --- in Binance's words -----------------------------------------------------------------------------------

    def report(self, order: Placed, deal: Deal | None) -> dict[str, Any]:
        """An executionReport of the user's stream."""
        told = self._told(order)
        kind = "TRADE" if deal else "NEW" if told["status"] == "NEW" else told["status"]
        return {
            "e": "executionReport",
            "E": self._ms(self.now()),
            "s": told["symbol"],
            "c": told["clientOrderId"],
            "C": "",
            "S": told["side"],
            "o": told["type"],
            "f": told["timeInForce"],
            "q": told["origQty"],
            "p": told["price"],
            "P": told["stopPrice"],
            "x": kind,
            "X": told["status"],
            "r": "NONE",
            "i": told["orderId"],
            "l": str(deal.amount if deal else 0),
            "z": told["executedQty"],
            "L": str(deal.price if deal else 0),
            "n": str(deal.fee if deal else 0),
            "N": deal.fee_coin if deal else None,
            "T": self._ms(order.changed),
            "t": deal.id if deal else -1,
            "w": order.state is State.OPEN,
            "m": bool(deal and deal.maker),
            "O": self._ms(order.at),
            "Z": told["cummulativeQuoteQty"],
            "Y": str(deal.amount * deal.price if deal else 0),
            "Q": "0",
        }

    def _told(self, order: Placed) -> dict[str, Any]:
        kind = order.kind.upper()
        stop = order.stop or order.woke_at
        if stop is not None:
            kind = "STOP_LOSS" if order.price is None else "STOP_LOSS_LIMIT"
        partly = "PARTIALLY_FILLED" if order.filled else "NEW"
        return {
            "symbol": order.symbol.replace("/", ""),
            "orderId": order.id,
            "orderListId": -1,
            "clientOrderId": order.client_id,
            "price": str(order.price or 0),
            "origQty": str(order.filled if order.amount is None else order.amount),
            "executedQty": str(order.filled),
            "cummulativeQuoteQty": str(order.spent),
            "status": _STATUS.get(order.state, partly),
            "timeInForce": "GTC",
            "type": kind,
            "side": order.side.upper(),
            "stopPrice": str(stop or 0),
            "time": self._ms(order.at),
            "updateTime": self._ms(order.changed),
            "isWorking": order.stop is None,
        }

    def _deal(self, deal: Deal) -> dict[str, Any]:
        return {
            "symbol": deal.symbol.replace("/", ""),
            "id": deal.id,
            "orderId": deal.order,
            "price": str(deal.price),
            "qty": str(deal.amount),
            "quoteQty": str(deal.amount * deal.price),
            "commission": str(deal.fee),
            "commissionAsset": deal.fee_coin,
            "time": self._ms(deal.at),
            "isBuyer": deal.side == "buy",
            "isMaker": deal.maker,
            "isBestMatch": True,
        }

    def _symbol(self, words: dict[str, str]) -> str:
        if (rules := self.markets.get(words.get("symbol", ""))) is None:
            raise Rejected(-1121, "Invalid symbol.")
        return rules.symbol

    def _follow_candles(self) -> None:
        """The market trades where the newest candle is."""
        for market, rules in self.markets.items():
            last = None if rules.symbol in self.pinned else self._last(market)
            if last is not None and self.truth.prices.get(rules.symbol) != Decimal(f"{last:.8f}"):
                self.truth.move(rules.symbol, f"{last:.8f}")

    def _ms(self, at: datetime) -> int:
        return int(at.timestamp() * 1000)
