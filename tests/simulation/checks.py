"""What must hold at every request on the wire, and at the end: the invariants, read from both sides' own books."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson

from tests.fakes.inline import InlineDatabase
from tests.fakes.venue import World
from tests.trading.execution.livedesk import BTC, LiveDesk
from trading.core.stops import stops
from trading.domain.live import AttemptState
from trading.domain.order import Side
from trading.domain.risk import HaltKind
from trading.execution.identity import is_ours
from trading.execution.resting import can_rest
from trading.execution.venue import IdReuse, Request, Standing, VenueOrder

SHARE = Decimal("0.5")  # of the equity, that the sleeve may have at work
LONGEST_WAIT = 190.0  # seconds from decision to wire, where nobody is asked
SENT_WITHIN, ASKED_FOR = 120.0, 90.0  # where a person is: so many, and so many for each card of that decision
PRESSED_WITHIN = 20.0  # seconds from a press in time to the wire, when everything is slow
SLACK = Decimal("1.15")  # prices move between decision and arrival; a second order would be twice as much


@dataclass
class Checks:
    """Sees every request before it leaves, and both sides' books at the end."""

    world: World
    asks: bool
    hands: bool  # somebody trades by hand: an order in doubt may then be a person's question
    broken: list[str] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)  # intent -> requests
    used: Counter[str] = field(default_factory=Counter)  # approval -> requests
    killed: bool = False

    def say(self, rule: str, what: str) -> None:
        self.broken.append(f"{rule}: {what} (at {self.world.monotonic():.2f})")

    # --- on the wire ------------------------------------------------------------------------------------

    def leaving(self, desk: LiveDesk, request: Request) -> None:
        """A request is about to leave this desk."""
        row = _attempt(desk.database, request.client_id)
        if row is None or row["state"] != "sending":
            self.say("I7 ink before wire", f"{request.client_id} left without a committed SENDING row: {row}")
            return
        self._same_bytes(request, row)
        newest = _one(desk.database, "select max(epoch) from lease")
        if row["epoch"] != newest:
            self.say("I14 one writer", f"epoch {row['epoch']} sent although {newest} had taken over")
        self.sent[row["intent_id"]] += 1
        if self.sent[row["intent_id"]] > 1:
            self.say("I1 at most once", f"the intent {row['intent_id']} was sent twice")
        if not request.reduce_only:
            self._entry(desk, request, row)
        elif request.side is Side.SELL:
            self._sale(request)

    def _sale(self, request: Request) -> None:
        """With everything that may sell already, never more than was bought and not sold."""
        held = self._ours_filled()
        lies = sum(o.amount - o.filled for o in self.world.open if o.side is Side.SELL and self._is_ours(o))
        if request.amount + lies > held:
            self.say(
                "I5 only what the desk bought",
                f"{request.amount} sold, {held} held, {lies} may be sold already",
            )

    def _is_ours(self, order: VenueOrder) -> bool:
        return is_ours(order.client_id) or order.exchange_id in self.world.nameless

    def _same_bytes(self, request: Request, row: dict[str, Any]) -> None:
        intent = _intent(row)
        ours = (intent["symbol"], intent["side"], Decimal(intent["amount"]), intent["reduce_only"])
        theirs = (request.symbol, request.side.value, request.amount, request.reduce_only)
        if ours != theirs:
            self.say("I8 the gated bytes", f"{theirs} left where {ours} was cleared")

    def _entry(self, desk: LiveDesk, request: Request, row: dict[str, Any]) -> None:
        if desk.halted(HaltKind.KILL) or self.killed:
            self.say("I4 nothing after a kill", f"{request.side} {request.amount} left")
        if desk.halted(HaltKind.PAUSE) or desk.live.seat.fenced:
            self.say("I4 nothing while entries are closed", f"{request.side} {request.amount} left")
        intent = _intent(row)
        age = (self.world.wall() - datetime.fromisoformat(intent["decided_at"])).total_seconds()
        cards = desk.database.look("select intent from approval") if self.asks else []
        asked = sum(_intent(card)["client_id"] == intent["client_id"] for card in cards)
        if age > (SENT_WITHIN + ASKED_FOR * asked if self.asks else LONGEST_WAIT):
            self.say("I17 nothing old", f"decided {age:.0f} s ago")
        if self.asks:
            self._card(desk, request, row)
        worth = self._ours() + self._in_doubt(desk, request) + request.amount
        cap = SHARE * SLACK * self._equity() / self.world.prices[request.symbol]
        if request.side is Side.BUY and worth > cap:
            self.say("I9 never more than the cap", f"{worth} BTC might be held where {cap:.5f} are allowed")

    def _card(self, desk: LiveDesk, request: Request, row: dict[str, Any]) -> None:
        name = row["approval"] or "none"
        self.used[name] += 1
        found = desk.database.look("select * from approval where id = :id", id=name)
        if not found or found[0]["state"] != "approved" or self.used[name] > 1:
            self.say("I11 one yes, one order", f"the card {name} is {found and found[0]['state']}")
            return
        card = found[0]
        drift = abs(self.world.prices[request.symbol] / Decimal(card["price_at_ask"]) - 1)
        if drift > Decimal(str(card["max_drift"])) + Decimal("1e-9"):
            self.say("I11 inside the price bound", f"{drift:.2%} away from the question")
        late = (self.world.wall() - _time(card["expires_at"])).total_seconds()
        if late > PRESSED_WITHIN:
            self.say("I11 in time", f"sent {late:.0f} s after the card had lapsed")

    def _ours(self) -> Decimal:
        """What our orders have bought and not sold, and what of them may still be bought, by the exchange's books."""
        held = Decimal(0)
        for resting in self.world.orders.values():
            order = resting.order
            if self._is_ours(order):
                could = (
                    order.amount
                    if order.standing.value == "open" and order.side is Side.BUY
                    else order.filled
                )
                held += order.side.sign * could
        return held - self._fees_in_coins()

    def _fees_in_coins(self) -> Decimal:
        """What the exchange has kept of the coins that our orders bought."""
        ours = (t for t in self.world.made if self._is_ours(self.world.orders[t.exchange_id].order))
        return sum((t.fee for t in ours if t.fee_currency == "BTC"), Decimal(0))

    def _in_doubt(self, desk: LiveDesk, request: Request) -> Decimal:
        """What the desk has asked for without an answer, and the exchange has not got by now: it may still come."""
        there = {resting.order.client_id for resting in self.world.orders.values()}
        query = "select client_id, intent from attempt where state in ('sending', 'uncertain', 'parked')"
        intents = [
            _intent(row)
            for row in desk.database.look(query)
            if row["client_id"] != request.client_id and row["client_id"] not in there
        ]
        bought = (Decimal(i["amount"]) for i in intents if i["side"] == Side.BUY.value)
        return sum(bought, Decimal(0))

    def _equity(self) -> Decimal:
        totals = self.world.totals
        return totals.get("USDT", Decimal(0)) + totals.get("BTC", Decimal(0)) * self.world.prices[BTC]

    # --- at the end -------------------------------------------------------------------------------------

    def at_the_end(self, desk: LiveDesk) -> None:
        """After the calm: every order known, every fill booked once, books equal to the last digit."""
        self._fills(desk)
        self._money(desk)
        self._settled(desk)
        self._stops(desk)
        if self.killed and not desk.halted(HaltKind.KILL):
            self.say("I6 killed stays killed", "the kill is gone")
        if (
            self.killed
            and self._ours_filled() >= desk.desk.instruments[BTC].min_amount
            and not self._excused(desk)
        ):
            self.say("I16 a kill sells", f"{self._ours_filled()} BTC are still held")

    def _stops(self, desk: LiveDesk) -> None:
        """No position without its stop, no stop without its position, wherever stops can rest."""
        if self._ours_filled() < 0:
            self.say("I5 only what the desk bought", f"{-self._ours_filled()} more were sold than bought")
        sleeping = [one for one in self.world.stops if self._is_ours(one.order)]
        there = sorted((one.order.amount, one.stop) for one in sleeping)
        unsure = self._parked(desk) or not self._answered(desk) or desk.halted(HaltKind.BROKEN)
        wanted = sorted((stop.amount, stop.price) for stop in stops(desk.desk))
        if unsure or not can_rest(self.world.profile) or self._excused(desk):
            wanted = there if unsure else []
        elif any(price >= self.world.prices[BTC] for _, price in wanted):
            return  # the market is below it: the desk sells at its next close
        elif (
            most := self.world.most
        ) is not None:  # what does not fit into one order, the desk watches itself
            known = desk.desk.instruments[BTC].max_amount
            fits = [stop if stop in there else (min(stop[0], known or stop[0]), stop[1]) for stop in wanted]
            wanted = [stop for stop in fits if stop[0] <= most or stop in there]
        if [amount for amount, _ in there] != [amount for amount, _ in wanted]:
            self.say("I5 a stop for each position", f"{there} rest where {wanted} should")

    def _fills(self, desk: LiveDesk) -> None:
        named = {row["exchange_id"] for row in desk.database.look("select exchange_id from attempt")}
        parked = bool(self._parked(desk))
        theirs = {
            t.id: t.amount
            for t in self.world.made
            if is_ours(self.world.orders[t.exchange_id].order.client_id)
            or t.exchange_id in self.world.nameless
        }
        ours = [(r["id"], Decimal(r["amount"])) for r in desk.database.look("select id, amount from fill")]
        if len(ours) != len({name for name, _ in ours}):
            self.say("I2 each fill once", f"booked twice: {ours}")
        if dict(ours) != theirs and not (parked and set(dict(ours)) <= set(theirs)):
            self.say("I2 no fill lost", f"ours {dict(ours)}, theirs {theirs}, named {named}")

    def _money(self, desk: LiveDesk) -> None:
        if self._parked(desk) or not self._answered(desk):
            return
        if not desk.books_agree():
            self.say(
                "I3 the ledger is the exchange", f"{desk.live.seat.balances} against {self.world.totals}"
            )
        if desk.desk.book.cash != self.world.totals["USDT"]:
            self.say("I3 cash", f"{desk.desk.book.cash} against {self.world.totals['USDT']}")

    def _settled(self, desk: LiveDesk) -> None:
        doubtful = [one.attempt for one in desk.live.seat.out if one.attempt.state is not AttemptState.PARKED]
        resting = {o.exchange_id for o in self.world.open}
        stuck = [a for a in doubtful if a.exchange_id not in resting]
        if stuck:
            self.say("I16 nothing stuck", f"{[(a.client_id, a.state.value, a.note) for a in stuck]}")
        if desk.halted(HaltKind.BROKEN):
            self.say("I16 not broken", str([h.reason for h in desk.desk.halts.all]))
        if desk.halted(HaltKind.EXCHANGE) and not self._parked(desk):
            self.say("I16 open again", str([h.reason for h in desk.desk.halts.all]))
        if self._parked(desk) and not self._may_park():
            self.say("I16 nothing parked without need", str(self._parked(desk)))

    def nothing_buys_any_more(self, since: datetime) -> None:
        """An account that was killed long ago has no purchase out that has been there for as long."""
        left = [
            o for o in self.world.open if self._is_ours(o) and o.side is Side.BUY and o.created_at < since
        ]
        if left:
            self.say("I16 a kill takes everything back", f"{[o.exchange_id for o in left]} are still open")

    def taken_back(self, killed_at: datetime | None) -> int:
        """How many purchases reached the exchange after a kill and were taken back."""
        late = [r.order for r in self.world.orders.values() if killed_at and r.order.created_at > killed_at]
        return sum(o.standing is Standing.CANCELED and o.side is Side.BUY and self._is_ours(o) for o in late)

    def lapsed(self, desk: LiveDesk) -> int:
        """How many cards nobody answered."""
        return int(_one(desk.database, "select count(*) from approval where state = 'lapsed'"))

    # --- inside -----------------------------------------------------------------------------------------

    def _ours_filled(self) -> Decimal:
        held = Decimal(0)
        for resting in self.world.orders.values():
            if self._is_ours(resting.order):
                held += resting.order.side.sign * resting.order.filled
        return held - self._fees_in_coins()

    def _excused(self, desk: LiveDesk) -> bool:
        """Somebody sold by hand what the desk had bought, or a parked order keeps it."""
        too_little = desk.desk.instruments[BTC].min_amount
        return bool(self._parked(desk)) or self.world.totals.get("BTC", Decimal(0)) < too_little

    def _may_park(self) -> bool:
        if self.hands:
            return True
        return self.world.profile.request_expiry is None or self.world.profile.id_reuse is IdReuse.NONE

    def _parked(self, desk: LiveDesk) -> list[str]:
        return [a.client_id for a in desk.live.parked]

    def _answered(self, desk: LiveDesk) -> bool:
        return not desk.database.look("select id from difference where answered_at is null")


def _time(value: Any) -> datetime:
    """As it was read: text or a time without a zone, which is UTC."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _intent(row: dict[str, Any]) -> dict[str, Any]:
    """As it was read: text, or taken apart already."""
    kept = row["intent"]
    return dict(orjson.loads(kept) if isinstance(kept, str | bytes) else kept)


def _attempt(database: InlineDatabase, client_id: str) -> dict[str, Any] | None:
    found = database.look("select * from attempt where client_id = :id", id=client_id)
    return found[0] if found else None


def _one(database: InlineDatabase, query: str) -> Any:
    (row,) = database.look(query)
    (value,) = row.values()
    return value
