"""The desk as a story: candles come, the strategy speaks, orders follow, limits stop it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.builders import START, a_fill, an_intent, an_order
from tests.trading.core.desks import Script, Story, close_of
from trading.core.orders import reserved
from trading.domain.actions import Action, Publish, Submit
from trading.domain.errors import Broken
from trading.domain.events import (
    CandlesClosed,
    HaltAsked,
    HaltLifted,
    KillAsked,
    KillLifted,
    OrderChanged,
    OrderFilled,
    OrderRefused,
    PricesSeen,
    SignalChanged,
    SleeveChanged,
    SleeveFailed,
    TradingHalted,
    TradingResumed,
    WentFlat,
)
from trading.domain.order import Order, OrderStatus, Reason, Side
from trading.domain.risk import HaltKind
from trading.risk.rules import Limits
from trading.strategies import find


def test_a_signal_buys_its_share_at_the_next_open_and_sells_all_of_it_when_it_ends():
    story = Story(Script(BTC_USDT={0: 0.0, 2: 1.0, 4: 0.0}), share=0.5)

    story.candles(100, 100, 100, 110, 120, 130)

    bought, sold = story.fills
    assert (bought.side, bought.price, bought.at) == (Side.BUY, Decimal(100), close_of(2))
    assert bought.amount == Decimal("49.75124")  # 10,000 x 0.5 / 1.005 / 100, rounded down to the step
    assert (sold.side, sold.price, sold.amount) == (Side.SELL, Decimal(120), Decimal("49.75124"))
    assert story.desk.book.positions == {}
    assert story.desk.book.cash == Decimal(10000) + Decimal("49.75124") * (120 - 100) - bought.fee - sold.fee


def test_the_same_exposure_is_acted_on_once_however_the_price_moves():
    story = Story(Script(BTC_USDT={1: 1.0}))

    story.candles(100, 100, 150, 60, 200, 90)

    assert len(story.fills) == 1
    assert len(story.news(SignalChanged)) == 1


def test_a_small_change_of_mind_is_not_worth_its_fees_but_going_flat_always_is():
    story = Story(Script(BTC_USDT={1: 0.5, 2: 0.55, 3: 0.61, 4: 0.0}))

    story.candles(100, 100, 100, 100, 100, 100)

    assert [f.side for f in story.fills] == [Side.BUY, Side.BUY, Side.SELL]
    assert story.desk.book.positions == {}


def test_a_candle_seen_before_changes_nothing():
    story = Story(Script(BTC_USDT={1: 1.0}))
    story.candles(100, 100, 100)
    told, cash = len(story.told), story.desk.book.cash

    story.close(1, {"BTC/USDT": (100, 999)})
    story.close(2, {"BTC/USDT": (100, 999)})

    assert story.desk.book.prices["BTC/USDT"] == Decimal(100)
    assert [e for e in story.told[told:] if not isinstance(e, CandlesClosed)] == []
    assert story.desk.book.cash == cash


def test_two_sleeves_share_the_cash_and_keep_their_own_positions():
    story = Story(Script(BTC_USDT={1: 1.0}), sleeves=("one", "two"), share=0.5)

    story.candles(100, 100, 100)

    assert {p.sleeve: p.quantity for p in story.desk.book.positions.values()} == {
        "one": Decimal("49.75124"),
        "two": Decimal("49.75124"),
    }
    assert story.desk.book.cash > 0


def test_orders_of_one_candle_never_spend_the_same_cash_twice():
    greedy = Script(BTC_USDT={1: 1.0}, ETH_USDT={1: 1.0})
    story = Story(greedy, symbols=("BTC/USDT", "ETH/USDT"), sleeves=("one", "two"), share=1.0)

    for number in range(1, 4):
        story.close(number, {"BTC/USDT": (100, 100), "ETH/USDT": (50, 50)})

    assert story.desk.book.cash >= 0
    assert sum(f.amount * f.price + f.fee for f in story.fills) <= 10000


def test_purchases_that_are_out_keep_the_cash_for_their_fees_too():
    greedy = Limits(order_share=0.25, daily_loss=1.0, drawdown=1.0)
    story = Story(Script(BTC_USDT={1: 1.0}), sleeves=("a", "b", "c", "d"), share=1.0, limits=greedy)

    story.close(1, {"BTC/USDT": (100, 100)})
    asked = [o.intent for o in story.desk.orders.live]
    account = story.desk.account(close_of(1))

    spent = sum(i.amount * i.price_at_decision * (1 + Decimal("0.001")) for i in asked)
    assert len(asked) == 4
    assert account.committed == spent <= 10000


def test_a_kill_cancels_what_waits_sells_everything_once_and_says_when_it_is_flat():
    story = Story(Script(BTC_USDT={1: 1.0}, ETH_USDT={2: 1.0}), symbols=("BTC/USDT", "ETH/USDT"), share=0.5)
    story.close(1, {"BTC/USDT": (100, 100), "ETH/USDT": (50, 50)})
    story.close(2, {"BTC/USDT": (100, 100), "ETH/USDT": (50, 50)})  # BTC is held, an order for ETH waits

    story.session.step(KillAsked(close_of(2), "flash crash", "mina"))
    story.session.step(KillAsked(close_of(2), "flash crash", "joon"))
    story.session.step(PricesSeen(close_of(2), {"BTC/USDT": 90.0, "ETH/USDT": 45.0}))

    assert [(f.symbol, f.side, f.price) for f in story.fills] == [
        ("BTC/USDT", Side.BUY, Decimal(100)),
        ("BTC/USDT", Side.SELL, Decimal(90)),
    ]
    statuses = [e.order.status for e in story.news(OrderChanged) if e.order.intent.symbol == "ETH/USDT"]
    assert statuses == [OrderStatus.OPEN, OrderStatus.CANCELED]
    assert [(e.halt.by, e.halt.reason) for e in story.news(TradingHalted)] == [("mina", "flash crash")]
    assert len(story.news(WentFlat)) == 1


def in_doubt(story: Story) -> Order:
    """One BTC is held, and nobody knows what became of an order for another."""
    bought = a_fill(amount="1", price="100", fee="0")
    story.desk.book.apply(bought)
    story.desk.book.prices["BTC/USDT"] = Decimal(100)
    doubtful = an_order(an_intent(sleeve=bought.sleeve), status=OrderStatus.UNCERTAIN)
    story.desk.orders.apply(doubtful)
    return doubtful


def sales(actions: list[Action]) -> list[tuple[Decimal, Reason]]:
    intents = [a.cleared.intent for a in actions if isinstance(a, Submit)]
    assert all(intent.side is Side.SELL for intent in intents)
    return [(intent.amount, intent.reason) for intent in intents]


@pytest.mark.parametrize("ended", [OrderStatus.FILLED, OrderStatus.EXPIRED, OrderStatus.REFUSED])
@pytest.mark.parametrize("sold_first", [True, False])
def test_a_kill_sells_what_is_surely_held_and_later_what_an_order_in_doubt_has_bought(ended, sold_first):
    story = Story(Script())
    desk, doubtful = story.desk, in_doubt(story)
    more = ended is OrderStatus.FILLED

    at_the_kill = desk.on(KillAsked(START, "enough", "mina"))
    (sale,) = [a.cleared.intent for a in at_the_kill if isinstance(a, Submit)]

    def found() -> list[Action]:
        bought = replace(a_fill(amount="1", price="100", fee="0"), id="2")
        told = desk.on(OrderFilled(close_of(1), bought)) if more else []
        return told + desk.on(OrderChanged(close_of(1), replace(doubtful, status=ended)))

    def sold() -> list[Action]:
        fill = a_fill(id="3", client_id=sale.client_id, side=Side.SELL, amount=sale.amount, fee="0")
        told = desk.on(OrderFilled(close_of(2), fill))
        over = replace(reserved(sale), status=OrderStatus.FILLED, filled=sale.amount)
        return told + desk.on(OrderChanged(close_of(2), over))

    first, then = (sold(), found()) if sold_first else (found(), sold())

    assert sales(at_the_kill) == [(Decimal(1), Reason.KILL)]
    rest = [(Decimal(1), Reason.KILL)] if more else []
    assert sales(first) + sales(then) == rest
    flat = [a for a in [*first, *then] if isinstance(a, Publish) and isinstance(a.news, WentFlat)]
    assert len(flat) == (0 if more else 1)


def test_while_a_purchase_is_in_doubt_the_strategy_may_leave_but_not_buy_again():
    words = Script(BTC_USDT={1: 1.0, 3: 0.0})
    story = Story(words, share=0.5)
    doubtful = in_doubt(story)

    story.candles(100, 100, 100)
    before = list(story.fills)
    story.candles(100, 100, 100, first=3)
    sold = [(f.side, f.amount) for f in story.fills]
    found = replace(a_fill(amount="1", price="100", fee="0"), id="2")
    story.session.step(OrderFilled(close_of(5), found))
    story.session.step(OrderChanged(close_of(5), replace(doubtful, status=OrderStatus.FILLED)))
    story.candles(100, 100, first=6)

    assert before == []
    assert sold == [(Side.SELL, Decimal(1))]
    assert [(f.side, f.amount) for f in story.fills if f is not found][-1] == (Side.SELL, Decimal(1))
    assert story.desk.book.positions == {}


def test_a_sale_in_doubt_is_never_made_a_second_time():
    story = Story(Script())
    doubtful = in_doubt(story)
    sale = replace(doubtful.intent, client_id="tw-2", side=Side.SELL, reduce_only=True)
    story.desk.orders.apply(an_order(sale, status=OrderStatus.UNCERTAIN))

    assert sales(story.desk.on(KillAsked(START, "enough", "mina"))) == []


def test_what_is_bought_after_a_kill_by_an_order_that_seemed_over_is_sold_at_once():
    story = Story(Script())
    story.desk.book.prices["BTC/USDT"] = Decimal(100)
    story.desk.on(KillAsked(START, "enough", "mina"))

    actions = story.desk.on(OrderFilled(START, a_fill(amount="1", price="100", fee="0")))

    (sale,) = [a.cleared.intent for a in actions if isinstance(a, Submit)]
    assert (sale.side, sale.amount) == (Side.SELL, 1)


def test_after_a_kill_nothing_is_bought_until_an_owner_lifts_it():
    story = Story(Script(BTC_USDT={1: 1.0, 4: 0.0, 5: 1.0}))
    story.candles(100, 100)
    story.session.step(KillAsked(close_of(1), "enough", "mina"))

    story.candles(100, 100, 100, 100, 100, 100, first=2)
    bought_while_killed = [f for f in story.fills if f.side is Side.BUY]
    story.session.step(KillLifted(close_of(7), "mina"))
    story.candles(100, 100, first=8)

    assert bought_while_killed == []
    assert [f.side for f in story.fills] == [Side.BUY]
    assert [(e.kind, e.by) for e in story.news(TradingResumed)] == [(HaltKind.KILL, "mina")]


def test_a_lost_day_closes_entries_until_the_next_one_and_lets_exits_through():
    limits = Limits(order_share=1.0, daily_loss=0.05, drawdown=1.0)
    words = Script(BTC_USDT={1: 1.0, 4: 0.0, 5: 1.0})
    story = Story(words, limits=limits, share=1.0)

    story.candles(100, 100, 100, 94, 94, 94, 94)  # -6 % on the day, then an exit and a new wish
    sold_anyway = [f.side for f in story.fills]
    refused = story.news(OrderRefused)
    story.candles(*[94] * 20, first=7)  # midnight comes

    assert sold_anyway == [Side.BUY, Side.SELL]
    assert [e.decision.rule for e in refused] == ["R10 daily-loss"]
    assert [e.kind for e in story.news(TradingResumed)] == [HaltKind.DAILY_LOSS]
    assert [f.side for f in story.fills] == [Side.BUY, Side.SELL, Side.BUY]
    assert story.fills[2].at.date() > START.date()


def test_a_refusal_is_told_once_not_every_candle():
    story = Story(Script(BTC_USDT={1: 1.0}))
    story.session.step(HaltAsked(START, HaltKind.PAUSE, "lunch", "mina"))

    story.candles(100, 100, 100, 100, 100)
    refused = len(story.news(OrderRefused))
    story.session.step(HaltLifted(close_of(4), HaltKind.PAUSE, "mina"))
    story.candles(100, 100, first=5)

    assert refused == 1
    assert [f.side for f in story.fills] == [Side.BUY]


def test_at_the_drawdown_limit_everything_is_sold_once_and_trading_stops():
    limits = Limits(order_share=1.0, daily_loss=1.0, drawdown=0.15)
    story = Story(Script(BTC_USDT={1: 1.0}), limits=limits, share=1.0)

    story.candles(100, 100, 100, 120, 101, 100, 99)

    assert [(f.side, f.reason) for f in story.fills] == [
        (Side.BUY, Reason.SIGNAL),
        (Side.SELL, Reason.DRAWDOWN),
    ]
    halt = story.news(TradingHalted)[0].halt
    assert (halt.kind, halt.by) == (HaltKind.KILL, "risk")
    assert story.desk.book.positions == {}
    assert len(story.news(WentFlat)) == 1


def test_a_sleeve_that_is_switched_off_sells_and_stays_out():
    story = Story(Script(BTC_USDT={1: 1.0}))
    story.candles(100, 100, 100)

    story.session.step(SleeveChanged(close_of(3), "ema_cross", False, {}, "mina"))
    story.candles(100, 100, 100, 100, first=3)

    assert [(f.side, f.reason) for f in story.fills] == [
        (Side.BUY, Reason.SIGNAL),
        (Side.SELL, Reason.DISABLED),
    ]


def test_a_sleeve_nobody_knows_is_an_error_not_a_silence():
    story = Story(Script())

    with pytest.raises(Broken, match="no sleeve named ghost"):
        story.session.step(SleeveChanged(START, "ghost", True, {}, "mina"))


def test_it_is_settled_only_when_nothing_is_under_way():
    story = Story(Script(BTC_USDT={1: 1.0}))

    settled = [story.desk.settled]
    for number in (1, 2):
        story.close(number, {"BTC/USDT": (100, 100)})
        settled.append(story.desk.settled)

    assert settled == [True, False, True]


def test_a_kill_asked_between_two_minutes_does_not_sell_at_an_older_price():
    story = Story(Script(BTC_USDT={1: 1.0}))
    story.candles(100, 100, 100)

    story.session.step(KillAsked(close_of(2) + timedelta(minutes=20), "now", "mina"))
    story.close(3, {"BTC/USDT": (80, 80)})  # opened before the kill was asked for
    held_then = dict(story.desk.book.positions)
    story.close(4, {"BTC/USDT": (70, 70)})

    assert held_then != {}
    assert [f.price for f in story.fills if f.side is Side.SELL] == [Decimal(70)]


class Failing:
    """A strategy that fails for one sleeve and answers for all others."""

    def exposure(self, question, at):
        if question.params.fast == 99:
            raise Broken("The strategy ema_cross failed on 12 candles.")
        return 1.0


def test_a_strategy_that_fails_is_told_once_and_holds_up_nobody_else():
    story = Story(Failing(), sleeves=("broken", "fine"))
    broken = story.desk.sleeves["broken"]
    story.desk.sleeves["broken"] = replace(broken, params=replace(broken.params, fast=99))

    story.candles(100, 100, 100, 100)

    assert [(e.sleeve, e.reason) for e in story.news(SleeveFailed)] == [
        ("broken", "The strategy ema_cross failed on 12 candles.")
    ]
    assert [f.sleeve for f in story.fills] == ["fine"]


def test_a_position_whose_sleeve_is_gone_from_the_settings_is_sold():
    story = Story(Script(BTC_USDT={1: 1.0}), sleeves=("old", "kept"))
    story.candles(100, 100, 100)

    del story.desk.sleeves["old"]
    story.candles(100, 100, 100, first=3)

    assert [(f.sleeve, f.side, f.reason) for f in story.fills[2:]] == [("old", Side.SELL, Reason.DISABLED)]
    assert list(story.desk.book.positions) == [("kept", "BTC/USDT")]


def test_dust_below_one_step_does_not_keep_a_kill_from_being_flat():
    story = Story(Script())
    story.desk.book.apply(a_fill(amount="0.000001", price="100", fee="0"))
    story.desk.book.prices["BTC/USDT"] = Decimal(100)

    story.session.step(KillAsked(START, "enough", "mina"))

    assert len(story.news(WentFlat)) == 1
    assert story.fills == []


def test_a_buy_cut_by_the_cash_at_hand_is_completed_when_there_is_cash_again():
    words = Script(BTC_USDT={1: 1.0, 3: 0.0}, ETH_USDT={3: 1.0})
    story = Story(words, symbols=("BTC/USDT", "ETH/USDT"), share=1.0)
    sleeve = story.desk.sleeves["ema_cross"]
    chooser = find("dual_momentum")  # one that puts all on one symbol
    story.desk.sleeves["ema_cross"] = replace(sleeve, strategy=chooser, params=chooser.params({}))

    for number in range(1, 8):
        story.close(number, {"BTC/USDT": (100, 100), "ETH/USDT": (50, 50)})

    worth = story.desk.book.held("ema_cross", "ETH/USDT") * 50
    assert story.desk.book.held("ema_cross", "BTC/USDT") == 0
    assert worth > story.desk.book.equity * Decimal("0.9")


def test_the_size_limit_of_one_order_is_not_got_round_by_many():
    story = Story(
        Script(BTC_USDT={1: 1.0}), limits=Limits(order_share=0.3, daily_loss=1, drawdown=1), share=1.0
    )

    story.candles(*[100] * 10)

    assert len(story.fills) == 1
    assert story.desk.book.held("ema_cross", "BTC/USDT") * 100 <= 3000


def test_an_account_that_may_put_a_part_of_its_money_to_work_does_not_ask_for_every_rest_of_it():
    part = Limits(order_share=1.0, daily_loss=1, drawdown=1, capital_share=0.1)
    story = Story(Script(BTC_USDT={1: 1.0}), limits=part, share=1.0)

    story.candles(*[100 - n for n in range(10)])  # the cheaper it is, the more of it would pass

    assert len(story.fills) == 1


def test_the_drawdown_limit_acts_even_when_the_exit_itself_went_through_it():
    limits = Limits(order_share=1.0, daily_loss=1.0, drawdown=0.15)
    story = Story(Script(BTC_USDT={1: 1.0, 3: 0.0}), limits=limits, share=1.0)
    story.candles(100, 100, 100, 90)

    story.close(4, {"BTC/USDT": (80, 80)})

    assert story.desk.halts.killed
    assert len(story.news(WentFlat)) == 1
