"""Fills, balances and hands that trade beside the desk: booked once, explained, never made up."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.venue import Fault, a_profile
from tests.fakes.virtual import live_through
from tests.trading.execution.livedesk import BTC, a_live_desk, a_world
from trading.domain.errors import Refused
from trading.domain.events import CashMoved, DifferenceFound, OrderFilled, Reconciled
from trading.domain.live import Answered, AttemptState
from trading.domain.order import OrderStatus, Side
from trading.domain.risk import HaltKind
from trading.execution.venue import Standing, VenueTransfer


def test_a_fill_that_is_listed_twice_is_booked_once(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)
            await desk.pass_time(3600)  # every sweep since has listed it again

            assert len(desk.news(OrderFilled)) == 1
            assert desk.books_agree()

    live_through(story())


def test_two_fills_alike_to_the_millisecond_are_both_booked(path):
    async def story():
        async with a_live_desk(path, a_world(fills_at_once=False)) as desk:
            desk.close(exposure=1.0)
            (order,) = await desk.until(lambda: desk.world.open)
            desk.world.fill(order.exchange_id, Decimal(10))
            desk.world.fill(order.exchange_id, Decimal(10))
            await desk.until(lambda: desk.held == 20)

            assert desk.orders[0].status is OrderStatus.PART_FILLED

    live_through(story())


def test_a_fill_after_the_cancel_is_booked_all_the_same(path):
    async def story():
        async with a_live_desk(path, a_world(fills_at_once=False)) as desk:
            desk.close(exposure=1.0)
            (order,) = await desk.until(lambda: desk.world.open)
            desk.world.end(order.exchange_id, Standing.CANCELED)
            await desk.until(lambda: desk.orders[0].status is OrderStatus.CANCELED)

            desk.world.fill(order.exchange_id, Decimal(3))
            await desk.until(lambda: desk.held == 3, within=700)
            assert desk.books_agree()

    live_through(story())


def test_a_fill_that_is_seen_before_the_answer_waits_for_its_order(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.venue.faults.append(Fault.HANGS)
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.world.made)
            await desk.pass_time(3)
            await desk.live.sweeper.sweep()
            assert desk.held == 0
            assert len(desk.live.sweeper.held) == 1

            await desk.until(lambda: desk.held)
            assert desk.live.sweeper.held == []
            assert desk.books_agree()

    live_through(story())


@pytest.mark.parametrize("currency", ["BTC", "USDT", "BNB"])
def test_a_fee_in_any_coin_keeps_the_books_equal_to_the_exchange(path, currency):
    async def story():
        totals = {"USDT": Decimal(10000), "BNB": Decimal(1000)}
        async with a_live_desk(path, a_world(fee_in=currency, totals=totals)) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)
            desk.close(exposure=0.0, price="110")
            await desk.until(lambda: desk.desk.book.fills == 2)
            await desk.pass_time(900)

            assert desk.books_agree()
            assert desk.news(DifferenceFound) == []
            assert desk.live.seat.balances["USDT"] == desk.desk.book.cash
            assert not desk.halted(HaltKind.EXCHANGE)

    live_through(story())


def test_more_filled_than_was_sent_stops_entries(path):
    async def story():
        async with a_live_desk(path, a_world(fills_at_once=False)) as desk:
            desk.close(exposure=1.0)
            (order,) = await desk.until(lambda: desk.world.open)
            desk.world.fill(order.exchange_id, order.amount + 1)
            await desk.until(lambda: desk.halted(HaltKind.BROKEN))

    live_through(story())


def test_a_trade_by_hand_is_neither_profit_nor_loss(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.world.by_hand(Side.BUY, "2")
            await desk.until(lambda: desk.news(CashMoved)[1:], within=700)

            book = desk.desk.book
            assert desk.held == 0  # what a person buys is theirs
            assert book.cash == Decimal("9799.8")
            assert book.equity == book.peak_equity == book.day_start_equity
            assert desk.books_agree()
            assert any("by hand" in line for event in desk.news(Reconciled) for line in event.found)
            assert desk.news(DifferenceFound) == []

    live_through(story())


def test_a_deposit_that_nobody_tells_of_becomes_a_card_and_is_never_booked_by_itself(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.world.totals["USDT"] += 500
            (found,) = await desk.until(lambda: desk.news(DifferenceFound), within=1000)
            card = found.difference
            assert (card.asset, card.theirs - card.ours, card.cause) == ("USDT", 500, "a deposit")
            assert desk.desk.book.cash == 10000

            desk.close(exposure=1.0)
            await desk.pass_time(30)
            assert desk.world.sent == []
            assert card.id in desk.orders[-1].note

            await desk.live.answer(card.id, Answered.TRANSFER, "ann")
            assert desk.desk.book.cash == 10500
            assert desk.desk.book.equity == desk.desk.book.peak_equity
            desk.close()
            await desk.until(lambda: desk.held)
            with pytest.raises(Refused):
                await desk.live.answer(card.id, Answered.TRANSFER, "bob")

    live_through(story())


def test_a_difference_that_is_left_alone_is_not_asked_about_again(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.world.totals["USDT"] -= 7
            (found,) = await desk.until(lambda: desk.news(DifferenceFound), within=1000)
            await desk.live.answer(found.difference.id, Answered.IGNORE, "ann")
            await desk.pass_time(3600)

            assert len(desk.news(DifferenceFound)) == 1
            assert desk.live.seat.frozen == {}
            assert desk.desk.book.cash == 10000

    live_through(story())


def test_a_balance_that_lags_for_a_moment_is_no_difference(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.world.totals["USDT"] += 500
            await desk.live.reconcile()
            await desk.pass_time(5)
            desk.world.totals["USDT"] -= 500
            await desk.pass_time(3600)

            assert desk.news(DifferenceFound) == []

    live_through(story())


def test_a_deposit_that_the_venue_tells_of_is_written_down_without_a_question(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            at = desk.loop.wall()

            async def transfers(since):
                return [VenueTransfer(id="d1", asset="USDT", amount=Decimal(500), at=at)]

            desk.venue.transfers = transfers
            world.totals["USDT"] += 500
            await desk.live.reconcile()
            await desk.pass_time(3600)

            assert desk.desk.book.cash == 10500
            assert desk.news(DifferenceFound) == []
            assert desk.books_agree()

    live_through(story())


def test_an_order_with_a_desks_name_that_is_in_no_journal_stops_entries(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.world.by_hand(Side.BUY, "1", client_id="twabcdefghijklmnopqrstuvwx")
            await desk.until(lambda: desk.halted(HaltKind.BROKEN), within=700)

            halt = next(h for h in desk.desk.halts.all if h.kind is HaltKind.BROKEN)
            assert "in no journal" in halt.reason

    live_through(story())


def test_reconciling_twice_changes_nothing_and_a_perfect_state_leaves_no_row(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)
            await desk.until(lambda: not desk.live.seat.out)
            before = len(desk.told), await desk.live.seat.journal.flows("main")

            first = await desk.live.reconcile(deep=True)
            second = await desk.live.reconcile(deep=True)

            assert first.clean and second.clean
            assert (first.found, second.found) == ([], [])
            assert (len(desk.told), await desk.live.seat.journal.flows("main")) == before

    live_through(story())


def test_a_clock_that_is_off_closes_entries(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.world.offset = timedelta(hours=1)
            await desk.live.reconcile()

            halt = next(h for h in desk.desk.halts.all if h.kind is HaltKind.EXCHANGE)
            assert "3600.0 s behind the one of fakex" in halt.reason

    live_through(story())


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    faults=st.lists(st.sampled_from([f for f in Fault if f is not Fault.HANGS]), max_size=6),
    exposures=st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=6),
    prices=st.lists(st.integers(80, 120), min_size=6, max_size=6),
    failing=st.integers(0, 4),
    lag=st.sampled_from([0, 2]),
)
def test_whatever_happens_to_orders_the_books_equal_the_exchange_in_the_end(
    migrated_file, tmp_path_factory, faults, exposures, prices, failing, lag
):
    path = tmp_path_factory.mktemp("any") / "desk.db"
    path.write_bytes(migrated_file.read_bytes())

    async def story():
        world = a_world(profile=a_profile(visibility_lag=timedelta(seconds=lag)))
        async with a_live_desk(path, world) as desk:
            desk.venue.faults.extend(faults)
            for exposure, price in zip(exposures, prices, strict=False):
                desk.venue.failing += failing
                desk.close(exposure=exposure, price=str(price))
                await desk.pass_time(120)
            desk.venue.faults.clear()
            desk.venue.failing = 0
            await desk.until(lambda: not desk.live.seat.out)
            await desk.pass_time(60)

            assert desk.books_agree()
            assert desk.desk.book.cash == world.totals["USDT"]
            assert desk.held == world.totals.get("BTC", 0)
            ours = [t.attempt for t in desk.live.seat.tracked.values()]
            assert all(not a.state.is_out for a in ours)
            ids = [order.client_id for order in (r.order for r in world.orders.values())]
            assert len(ids) == len(set(ids)) <= len(ours)
            assert {a.client_id for a in ours if a.state is AttemptState.CLOSED} == set(ids)
            assert not desk.halted(HaltKind.BROKEN)

    live_through(story())


def test_what_a_person_sells_of_the_bots_coins_is_asked_about_and_then_no_longer_held(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)
            bought = desk.held
            desk.world.by_hand(Side.SELL, str(bought - 10))
            (found,) = await desk.until(lambda: desk.news(DifferenceFound), within=2000)
            card = found.difference
            assert (card.asset, card.theirs, card.ours) == ("BTC", Decimal(10), bought)
            assert card.cause == "less than the bot holds: sold or withdrawn by hand"
            equity = desk.desk.book.equity

            await desk.live.answer(card.id, Answered.TRANSFER, "ann")

            book = desk.desk.book
            assert desk.held == 10
            assert book.equity == equity - (bought - 10) * 100
            assert book.peak_equity - book.equity < 15  # the fees, and nothing that looks like a loss
            assert desk.live.seat.frozen == {}
            await desk.pass_time(3600)
            assert len(desk.news(DifferenceFound)) == 1
            desk.close(exposure=0.0)
            await desk.until(lambda: desk.held == 0)
            assert desk.books_agree()

    live_through(story())


def test_coins_that_were_withdrawn_are_gone_from_the_book_through_a_restart(path):
    async def story():
        world = a_world()
        async with a_live_desk(path, world) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)
            world.totals["BTC"] = Decimal(0)
            (found,) = await desk.until(lambda: desk.news(DifferenceFound), within=2000)
            await desk.live.answer(found.difference.id, Answered.TRANSFER, "ann")
            assert desk.held == 0

        async with a_live_desk(path, world) as reborn:
            await reborn.pass_time(1000)
            assert reborn.held == 0
            assert reborn.books_agree()
            assert reborn.news(DifferenceFound) == []
            assert not reborn.halted(HaltKind.EXCHANGE)

    live_through(story())


def test_a_look_at_one_order_asks_for_the_trades_of_its_symbol_alone(path):
    async def story():
        symbols = (BTC, "ETH/USDT")
        prices = dict.fromkeys(symbols, Decimal(100))
        async with a_live_desk(path, a_world(prices=prices), symbols=symbols) as desk:
            asked = []
            real = desk.venue.trades

            async def trades(wanted, since):
                asked.append(tuple(wanted))
                return await real(wanted, since)

            desk.venue.trades = trades
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held)
            assert set(asked) == {(BTC,)}

            await desk.live.reconcile()
            assert asked[-1] == symbols

    live_through(story())


def test_how_an_account_stands_is_told_at_any_time(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            before = desk.live.standing
            desk.venue.faults.append(Fault.LOST_REQUEST)
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.live.standing.uncertain)
            desk.world.totals["USDT"] += 500
            await desk.until(lambda: desk.live.standing.frozen, within=2000)

            assert (before.open, before.uncertain, before.epoch, before.fenced) == (0, 0, 1, "")
            assert before.reconciled_at is not None
            assert [symbol for symbol, _ in desk.live.standing.frozen] == [BTC]

    live_through(story())


def test_what_is_over_since_long_ago_is_let_go_of_and_missed_by_nobody(path):
    async def story():
        async with a_live_desk(path, a_world()) as desk:
            desk.close(exposure=1.0)
            await desk.until(lambda: desk.held and not desk.live.seat.out)
            desk.loop.now += 10 * 86400
            await desk.live.reconcile(deep=True)

            assert desk.live.seat.tracked == {}
            assert desk.books_agree()
            assert not desk.halted(HaltKind.BROKEN)
            desk.close(exposure=0.0)
            await desk.until(lambda: desk.held == 0)

    live_through(story())
