"""Faults of everything that stops: risk and kill, cards, stops at the exchange."""

from dataclasses import replace

from tests.simulation.mutant import Change, mutant
from trading.domain.order import OrderStatus
from trading.execution import killing, sending
from trading.execution.approval import Approvals
from trading.execution.killing import Killing
from trading.execution.resting import Stops
from trading.execution.sending import Sender
from trading.store import journal

# --- risk and kill ------------------------------------------------------------------------------------------


@mutant
def an_order_in_doubt_does_not_count() -> list[Change]:
    counted = ("waiting", "sending", "open", "part_filled", "canceling")
    return [(OrderStatus, "is_live", property(lambda status: status.value in counted))]


@mutant
def a_kill_cancels_nothing_and_sells_nothing() -> list[Change]:
    return [(Killing, "may_sell", lambda self, symbol: False), (Killing, "ask", lambda self: None)]


@mutant
def a_kill_leaves_what_turns_up_after_it() -> list[Change]:
    def taken_back(self, one):
        return one.attempt.client_id in self._confirmed

    return [(Killing, "_taken_back", taken_back)]


@mutant
def a_kill_sells_what_others_bought() -> list[Change]:
    request = sending._request

    def all_of_it(attempt):
        made = request(attempt)
        return replace(made, amount=made.amount * 3) if killing.is_liquidation(attempt.intent) else made

    return [(sending, "_request", all_of_it)]


@mutant
def a_sale_that_was_refused_is_tried_as_it_was() -> list[Change]:
    async def smaller(self, intent, why):
        return None

    return [(Sender, "_smaller", smaller)]


# --- cards --------------------------------------------------------------------------------------------------


@mutant
def a_card_may_be_used_twice() -> list[Change]:
    def end_pending(connection, account, approval, values):
        return True

    return [(journal, "_end_pending", end_pending)]


@mutant
def the_price_may_have_moved_anywhere() -> list[Change]:
    async def carry_out(self, card, by):
        card.approval = replace(card.approval, max_drift=9.0)
        return await _carry_out(self, card, by)

    return [(Approvals, "_carry_out", carry_out)]


_carry_out = Approvals._carry_out


@mutant
def a_yes_is_looked_at_when_it_is_pressed_and_not_when_it_leaves() -> list[Change]:
    return [(Approvals, "_last_look", lambda self, card: card.wish.intent)]


@mutant
def a_card_never_lapses() -> list[Change]:
    ask = Approvals._ask

    def lasting(self, intent, price):
        approval = ask(self, intent, price)
        self._cards[approval.id].deadline = 1e12
        return approval

    return [(Approvals, "_ask", lasting)]


@mutant
def silence_is_a_yes() -> list[Change]:
    return [(Approvals, "wants", lambda self, intent: False)]


@mutant
def a_card_survives_a_kill() -> list[Change]:
    return [
        (Approvals, "withdraw_all", lambda self, why: []),
        (Approvals, "_check_open", lambda self, card: None),
        (Sender, "against", lambda self, intent, consent=None: None),
        (journal, "_check_halts", lambda connection, account: None),
    ]


# --- stops --------------------------------------------------------------------------------------------------

_put, _resting, _kills_take_back = Stops._put, Stops._resting, Killing._to_cancel


def _whatever_is_held(self, intent, own=None):
    return self._held(intent)


@mutant
def a_sale_leaves_beside_a_stop() -> list[Change]:
    return [(Stops, "hold", lambda self, intent: False), (Sender, "_left", _whatever_is_held)]


@mutant
def the_next_stop_does_not_wait_for_the_end_of_the_last() -> list[Change]:
    """It is taken back, and taken for gone."""

    def resting(self):
        found = _resting(self)
        return {key: [one for one in stops if self._again.get(one.attempt.client_id) is None]
                for key, stops in found.items()}  # fmt: skip

    return [(Stops, "_resting", resting), (Sender, "_left", _whatever_is_held)]


@mutant
def a_stop_that_is_gone_is_not_missed() -> list[Change]:
    async def put(self, stop):
        if stop.key not in self._last:
            await _put(self, stop)

    return [(Stops, "_put", put)]


@mutant
def a_stop_in_doubt_does_not_count() -> list[Change]:
    def resting(self):
        found = _resting(self)
        return {
            key: [one for one in stops if not one.attempt.state.is_doubtful] for key, stops in found.items()
        }

    return [(Stops, "_resting", resting), (Sender, "_left", _whatever_is_held)]


@mutant
def a_kill_leaves_the_stops() -> list[Change]:
    def cancel(self):
        return [one for one in _kills_take_back(self) if one.attempt.stop_price is None]

    return [(Killing, "_to_cancel", cancel), (Stops, "hold", lambda self, intent: False),
            (Sender, "_left", _whatever_is_held)]  # fmt: skip
