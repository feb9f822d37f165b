"""A loopback server that speaks Upbit's REST: ids that burn, market buys by cost, no list of trades, won ticks."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.fakes.binance_books import Books
from tests.fakes.faults import Faults
from tests.fakes.matching import Deal, Matching, No, Placed, Rules, State
from tests.fakes.walk import Walk, arguments, toml
from trading.clock import wall_clock

KOREA = timezone(timedelta(hours=9))
TICKS = (  # price units of the won market: from this price on, this step
    ("1000000", "1000"),
    ("500000", "500"),
    ("100000", "100"),
    ("50000", "50"),
    ("10000", "10"),
    ("5000", "5"),
    ("100", "1"),
    ("10", "0.1"),
    ("1", "0.01"),
    ("0", "0.0001"),
)
LISTED = tuple(
    Rules(
        base=base,
        quote="KRW",
        tick=Decimal(1),
        step=Decimal("0.00000001"),
        least=Decimal(5000),
        fee=Decimal("0.0005"),
    )
    for base in ("BTC", "ETH", "XRP")
)
SECRET = "a secret that is long enough for a signature"
_SAYS = {
    "market": (404, "notfoundmarket", "마켓이 존재하지 않습니다."),
    "step": (400, "invalid_volume", "주문 수량 단위를 잘못 입력하셨습니다."),
    "duplicate": (400, "duplicated_identifier", "이미 사용된 identifier 입니다."),
    "unknown": (404, "order_not_found", "주문을 찾지 못했습니다."),
    "closed": (404, "order_not_found", "주문을 찾지 못했습니다."),
}
_SAYS_BY_SIDE = {
    "funds": (400, "insufficient_funds", "주문가능한 금액이 부족합니다."),
    "tick": (400, "invalid_price", "주문 가격 단위를 잘못 입력하셨습니다."),
    "least": (400, "under_min_total", "최소주문금액 이상으로 주문해주세요."),
}
_STATE = {State.OPEN: "wait", State.FILLED: "done", State.CANCELED: "cancel", State.EXPIRED: "cancel"}

__all__ = ["LISTED", "SECRET", "FakeUpbit"]


class Refusal(Exception):
    """Answered with a status and the name of an error."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(name)
        self.status, self.name, self.message = status, name, message


class WonMatching(Matching):
    """Prices sit on a ladder of steps."""

    def tick(self, symbol: str, price: Decimal) -> Decimal:
        return next(Decimal(step) for start, step in TICKS if price >= Decimal(start))


class FakeUpbit(Faults):
    """`async with FakeUpbit(clock) as upbit:` and give ccxt `upbit.exchange_options()`. Its truth is in `truth`."""

    def __init__(self, clock: Callable[[], datetime], key: str = "key", secret: str = SECRET) -> None:
        super().__init__()
        self.clock, self.key, self.secret = clock, key, secret
        self.truth = WonMatching(LISTED, clock, fee_in_quote=True, reuse="burned")
        self.books = Books()
        self.pinned: set[str] = set()
        self.asked: Counter[str] = Counter()
        self.heard: list[tuple[str, str, dict[str, Any]]] = []
        self._nonces: set[str] = set()
        self._listening: dict[web.WebSocketResponse, set[str]] = {}
        self.base = ""

    # --- running ----------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        return await self.start(0)

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        for socket in list(self._listening):
            await socket.close()
        await self._runner.cleanup()

    async def start(self, port: int) -> Self:
        app = web.Application()
        app.router.add_route("*", "/v1/{name:.+}", self._answer)
        app.router.add_get("/websocket/v1{private:(/private)?}", self._socket)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.base = f"127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        return self

    def exchange_options(self, **more: Any) -> dict[str, Any]:
        """What makes ccxt's upbit talk to this server and to nobody else."""
        rest, socket = f"http://{self.base}", f"ws://{self.base}/websocket/v1"
        return {
            "urls": {"api": {"public": rest, "private": rest, "ws": socket}},
            "timeout": 2000,
            "rateLimit": 1,
            "timeout_on_exit": 1,
            **more,
        }

    # --- for tests --------------------------------------------------------------------------------------------

    def move(self, symbol: str, price: Decimal | str | int) -> None:
        """From now on this market trades at the test's price."""
        self.pinned.add(symbol)
        self.truth.move(symbol, Decimal(price))

    def by_hand(self, symbol: str, side: str, **how: Decimal) -> Placed:
        """The owner trades with Upbit's own app."""
        return self.truth.place(symbol, side, **how)

    def posts(self) -> list[dict[str, Any]]:
        return [words for method, name, words in self.heard if (method, name) == ("POST", "orders")]

    # --- requests ---------------------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked[name] += 1
        fault = self.next_fault(request.method, name)
        if fault is not None and not fault.after:
            if not fault.slow:
                return await self.misbehave(request, fault)
            await asyncio.sleep(fault.slow)
        try:
            words = await self._words(request)
            answer = web.json_response(self._handled(request, name, words), status=self._status(request))
        except Refusal as no:
            told = {"error": {"name": no.name, "message": no.message}}
            answer = web.json_response(told, status=no.status)
        return await self.misbehave(request, fault) if fault is not None and fault.after else answer

    def _status(self, request: web.Request) -> int:
        return 201 if request.method == "POST" else 200

    async def _words(self, request: web.Request) -> dict[str, Any]:
        text = await request.text()
        return json.loads(text) if text else dict(request.query)

    def _handled(self, request: web.Request, name: str, words: dict[str, Any]) -> Any:
        self._follow_candles()
        public = {"market/all": self._markets, "ticker": self._tickers, "orderbook": self._orderbooks}
        if name in public:
            return public[name](words)
        if name.startswith("candles/"):
            return self._candles(name, words)
        self.heard.append((request.method, name, words))
        self._check_token(request, words)
        signed = {
            ("POST", "orders"): self._place,
            ("DELETE", "order"): self._cancel,
            ("GET", "order"): self._order,
            ("GET", "orders/open"): self._open,
            ("GET", "orders/closed"): self._closed,
            ("GET", "accounts"): self._accounts,
            ("GET", "api_keys"): self._keys,
            ("GET", "deposits"): lambda words: self._carried(1),
            ("GET", "withdraws"): lambda words: self._carried(-1),
        }
        if (request.method, name) not in signed:
            raise Refusal(404, "not_found", f"no endpoint {name}")
        return signed[request.method, name](words)

    def _check_token(self, request: web.Request, words: dict[str, Any]) -> None:
        """The key, the signature, a nonce never seen before, and the hash of exactly these words."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        claims = _claims(token, self.secret)
        if claims is None:
            raise Refusal(401, "jwt_verification", "Jwt 토큰 검증에 실패했습니다.")
        if claims.get("access_key") != self.key:
            raise Refusal(401, "invalid_access_key", "잘못된 엑세스 키입니다.")
        if claims["nonce"] in self._nonces:
            raise Refusal(401, "nonce_used", "이미 요청한 nonce 값이 다시 사용되었습니다.")
        self._nonces.add(claims["nonce"])
        said = "&".join(f"{name}={value}" for name, value in words.items())
        if words and claims.get("query_hash") != hashlib.sha512(said.encode()).hexdigest():
            raise Refusal(401, "invalid_query_payload", "Jwt의 query를 검증하는데 실패하였습니다.")

    # --- orders -----------------------------------------------------------------------------------------------

    def _place(self, words: dict[str, Any]) -> dict[str, Any]:
        side = {"bid": "buy", "ask": "sell"}[words["side"]]
        price = Decimal(words["price"]) if "price" in words else None
        volume = Decimal(words["volume"]) if "volume" in words else None
        kind = words["ord_type"]
        if (kind, side, volume is None) not in {
            ("limit", "buy", False),
            ("limit", "sell", False),
            ("price", "buy", True),
            ("market", "sell", False),
        }:
            raise Refusal(400, "validation_error", "잘못된 파라미터")
        try:
            order = self.truth.place(
                _symbol(words["market"]),
                side,
                amount=volume,
                price=price if kind == "limit" else None,
                cost=price if kind == "price" else None,
                client_id=words.get("identifier", ""),
            )
        except No as no:
            raise _refusal(no, words["side"]) from None
        return self._told(order)

    def _cancel(self, words: dict[str, Any]) -> dict[str, Any]:
        try:
            return self._told(self.truth.cancel(self._find(words)))
        except No as no:
            raise _refusal(no, "") from None

    def _order(self, words: dict[str, Any]) -> dict[str, Any]:
        if (order := self._find(words)) is None:
            raise Refusal(*_SAYS["unknown"])
        return self._told(order) | {"trades": [_trade(deal) for deal in reversed(order.deals)]}

    def _find(self, words: dict[str, Any]) -> Placed | None:
        if "uuid" in words:
            return next((o for o in self.truth.orders.values() if _uuid(o.id) == words["uuid"]), None)
        return self.truth.find(client_id=words["identifier"])

    def _open(self, words: dict[str, Any]) -> list[dict[str, Any]]:
        symbol = _symbol(words["market"]) if "market" in words else None
        return [self._told(order) for order in self.truth.open(symbol)][: int(words.get("limit", 100))]

    def _closed(self, words: dict[str, Any]) -> list[dict[str, Any]]:
        first, last = int(words.get("start_time", 0)), int(words.get("end_time", 10**15))
        if "start_time" in words and "end_time" in words and last - first > 7 * 86_400_000:
            raise Refusal(400, "validation_error", "조회 기간은 최대 7일입니다.")
        wanted = words.get("state", "done")
        found = [
            order
            for order in reversed(self.truth.orders.values())
            if order.state is not State.OPEN
            and self._state(order) == wanted
            and ("market" not in words or order.symbol == _symbol(words["market"]))
            and first <= order.at.timestamp() * 1000 <= last
        ]
        return [self._told(order) for order in found[: int(words.get("limit", 100))]]

    def _accounts(self, words: dict[str, Any]) -> list[dict[str, Any]]:
        coins = sorted({*self.truth.free, *self.truth.locked})
        return [
            {
                "currency": coin,
                "balance": str(self.truth.free.get(coin, 0)),
                "locked": str(self.truth.locked.get(coin, 0)),
                "avg_buy_price": "0",
                "unit_currency": "KRW",
            }
            for coin in coins
        ]

    def _carried(self, sign: int) -> list[dict[str, Any]]:
        return [
            {
                "type": "deposit" if sign > 0 else "withdraw",
                "uuid": f"94332e99-3a87-4a35-ad98-{number:012d}",
                "currency": coin,
                "txid": f"t{number}",
                "state": "ACCEPTED" if sign > 0 else "DONE",
                "created_at": _korean(at),
                "done_at": _korean(at),
                "amount": str(abs(amount)),
                "fee": "0",
            }
            for number, (coin, amount, at) in enumerate(self.truth.carried)
            if amount * sign > 0
        ]

    def _keys(self, words: dict[str, Any]) -> list[dict[str, Any]]:
        ends = (self.clock() + timedelta(days=300)).astimezone(KOREA)
        return [{"access_key": self.key, "expire_at": ends.isoformat(timespec="seconds")}]

    def _state(self, order: Placed) -> str:
        """A market buy that could not spend its last won ends as cancelled."""
        if order.cost is not None and order.state is State.FILLED and order.spent < order.cost:
            return "cancel"
        return _STATE[order.state]

    def _told(self, order: Placed) -> dict[str, Any]:
        kind = "limit" if order.kind == "limit" else "price" if order.cost is not None else "market"
        price = order.price if kind == "limit" else order.cost
        return {
            "uuid": _uuid(order.id),
            "side": "bid" if order.side == "buy" else "ask",
            "ord_type": kind,
            "price": None if price is None else str(price),
            "state": self._state(order),
            "market": _market(order.symbol),
            "created_at": _korean(order.at),
            "volume": None if order.amount is None else str(order.amount),
            "remaining_volume": None if order.amount is None else str(order.left),
            "reserved_fee": "0",
            "remaining_fee": "0",
            "paid_fee": str(order.fees),
            "locked": str(order.locked),
            "executed_volume": str(order.filled),
            "trades_count": len(order.deals),
            "identifier": order.client_id,
        }

    # --- market data ------------------------------------------------------------------------------------------

    def _markets(self, words: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"market": _market(symbol), "korean_name": rules.base, "english_name": rules.base}
            for symbol, rules in self.truth.rules.items()
        ]

    def _tickers(self, words: dict[str, Any]) -> list[dict[str, Any]]:
        now = int(self.clock().timestamp() * 1000)
        asked = words.get("markets", "").split(",")
        return [
            {
                "market": market,
                "trade_price": float(self.truth.prices[_symbol(market)]),
                "trade_timestamp": now,
                "timestamp": now,
            }
            for market in asked
            if _symbol(market) in self.truth.prices
        ]

    def _orderbooks(self, words: dict[str, Any]) -> list[dict[str, Any]]:
        now = int(self.clock().timestamp() * 1000)
        books = []
        for market in words.get("markets", "").split(","):
            last = float(self.truth.prices.get(_symbol(market), 0))
            unit = {"ask_price": last, "bid_price": last, "ask_size": 1.0, "bid_size": 1.0}
            books.append({"market": market, "timestamp": now, "orderbook_units": [unit]})
        return books

    def _candles(self, name: str, words: dict[str, Any]) -> list[dict[str, Any]]:
        minutes = {"days": 1440, "weeks": 10080}.get(name.split("/")[1]) or int(name.rsplit("/", 1)[-1])
        interval = {1: "1m", 3: "3m", 5: "5m", 15: "15m", 30: "30m", 60: "1h", 240: "4h", 1440: "1d"}[minutes]
        now = int(self.clock().timestamp() * 1000)
        until = min(_ms(words["to"]) - 1, now) if "to" in words else now
        rows = self.books.klines(words["market"], interval, None, until, min(int(words.get("count", 1)), 200))
        return [_candle(words["market"], row, minutes) for row in reversed(rows)]

    def _follow_candles(self) -> None:
        for symbol in self.truth.rules:
            last = None if symbol in self.pinned else self.books.last(_market(symbol), self.clock())
            if last is not None and self.truth.prices.get(symbol) != Decimal(str(last)):
                self.truth.move(symbol, str(last))

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        """The public stream; of trades only."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._listening[socket] = set()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    asked = json.loads(message.data)
                    trades = [
                        part for part in asked if isinstance(part, dict) and part.get("type") == "trade"
                    ]
                    self._listening[socket] = {code for part in trades for code in part.get("codes", ())}
        finally:
            del self._listening[socket]
        return socket

    async def push_trade(self, symbol: str, price: Decimal | int, amount: float = 0.1) -> None:
        """Tell everybody who listens of a trade of now."""
        now = int(self.clock().timestamp() * 1000)
        trade = {
            "type": "trade",
            "code": _market(symbol),
            "timestamp": now,
            "trade_timestamp": now,
            "trade_price": float(price),
            "trade_volume": amount,
            "ask_bid": "BID",
            "sequential_id": now,
            "stream_type": "REALTIME",
        }
        for socket, codes in list(self._listening.items()):
            if _market(symbol) in codes and not socket.closed:
                await socket.send_json(trade)

    @property
    def listeners(self) -> int:
        """How many sockets have asked for trades."""
        return sum(bool(codes) for codes in self._listening.values())


def _refusal(no: No, side: str) -> Refusal:
    if no.why in _SAYS_BY_SIDE:
        status, name, message = _SAYS_BY_SIDE[no.why]
        return Refusal(status, f"{name}_{side}", message)
    return Refusal(*_SAYS[no.why])


def _claims(token: str, secret: str) -> dict[str, Any] | None:
    """What a JSON web token says, if this secret has signed it."""
    signed, _, signature = token.rpartition(".")
    expected = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    if not signed or not hmac.compare_digest(expected, _decoded(signature)):
        return None
    return json.loads(_decoded(signed.split(".")[1]))


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _trade(deal: Deal) -> dict[str, Any]:
    return {
        "market": _market(deal.symbol),
        "uuid": f"9e8f8eba-7050-4837-8969-{deal.id:012d}",
        "price": str(deal.price),
        "volume": str(deal.amount),
        "funds": str(deal.amount * deal.price),
        "side": "bid" if deal.side == "buy" else "ask",
        "created_at": _korean(deal.at),
    }


def _candle(market: str, row: list[Any], minutes: int) -> dict[str, Any]:
    opened = datetime.fromtimestamp(row[0] / 1000, UTC)
    return {
        "market": market,
        "candle_date_time_utc": opened.strftime("%Y-%m-%dT%H:%M:%S"),
        "candle_date_time_kst": opened.astimezone(KOREA).strftime("%Y-%m-%dT%H:%M:%S"),
        "opening_price": float(row[1]),
        "high_price": float(row[2]),
        "low_price": float(row[3]),
        "trade_price": float(row[4]),
        "timestamp": row[6],
        "candle_acc_trade_price": 1000.0,
        "candle_acc_trade_volume": float(row[5]),
        "unit": minutes,
    }


def _uuid(number: int) -> str:
    return f"cdd92199-2897-4e14-9448-{number:012d}"


def _market(symbol: str) -> str:
    base, quote = symbol.split("/")
    return f"{quote}-{base}"


def _symbol(market: str) -> str:
    quote, base = market.split("-")
    return f"{base}/{quote}"


def _korean(at: datetime) -> str:
    return at.astimezone(KOREA).isoformat(timespec="seconds")


def _ms(text: str) -> int:
    at = datetime.fromisoformat(text.replace(" ", "T"))
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


async def main() -> None:
    """An exchange to try a desk on: a market that wanders, 10 million won, one key."""
    words = arguments("A fake Upbit on this machine.", 9101)
    server = FakeUpbit(wall_clock, key="fake-upbit-key")
    prices = {"BTC/KRW": 90_000_000.0, "ETH/KRW": 3_500_000.0, "XRP/KRW": 800.0}
    walk = Walk(
        write=lambda symbol, opened, bar: server.books.write(_market(symbol), opened, bar),
        trade=server.move,
        push=lambda symbol, _, __: server.push_trade(symbol, server.truth.prices[symbol]),
        tick=_on_tick,
        prices=prices,
        seed=words.seed,
    )
    server.truth.give("KRW", "10000000")
    walk.history(words.days)
    await server.start(words.port)
    print(f"A fake Upbit listens on {server.base}. Key: {server.key}, secret: {server.secret}.")
    print('Set exchange = "upbit" for an account and give it these options:\n')
    print(toml(server.exchange_options(), "accounts.NAME.exchange_options"), flush=True)
    await walk.live()


def _on_tick(symbol: str, price: float) -> Decimal:
    exact = Decimal(str(price))
    step = next(Decimal(step) for start, step in TICKS if exact >= Decimal(start))
    return (exact / step).quantize(Decimal(1)) * step


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
