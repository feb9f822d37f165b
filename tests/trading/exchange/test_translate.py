"""Answers and errors of ccxt in our words."""

import math
from decimal import Decimal

import ccxt
import pytest
from ccxt.base import errors
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import NOON
from trading.domain.errors import ExchangeSaidNo, Uncertain
from trading.domain.market import Timeframe
from trading.exchange.quirks import PLAIN, quirk
from trading.exchange.translate import (
    DECIMAL_PLACES,
    SIGNIFICANT_DIGITS,
    TICK_SIZE,
    SlowDown,
    candles,
    depth,
    failure,
    instrument,
    last_price,
    nearest,
    wants_price,
)

MINUTE = Timeframe(60)
T = int(NOON.timestamp()) * 1000


def a_market(**changes):
    """What ccxt says of BTC/USDT on an exchange with tick sizes."""
    return {
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "maker": 0.0008,
        "taker": 0.001,
        "precision": {"amount": 1e-05, "price": 0.01},
        "limits": {"amount": {"min": 0.0001}, "cost": {"min": 5.0}},
    } | changes


def upbit_market(symbol):
    """What ccxt says of a market of Upbit: the right fee, steps of 1e-8 and no minimums."""
    base, quote = symbol.split("/")
    nothing = {"min": None, "max": None}
    return {
        "symbol": symbol,
        "base": base,
        "quote": quote,
        "id": f"{quote}-{base}",
        "spot": True,
        "maker": 0.0005,
        "taker": 0.0005,
        "precision": {"amount": 1e-08, "price": 1e-08},
        "limits": {"amount": nothing, "price": nothing, "cost": nothing},
    }


def row(minute=0, open_=100.0, high=102.0, low=99.0, close=101.0, volume=7.0):
    return [T + minute * 60_000, open_, high, low, close, volume]


class TestInstruments:
    def test_tick_sizes_are_taken_as_they_are(self):
        made = instrument(a_market(), TICK_SIZE, PLAIN, None)

        assert (made.symbol, made.base, made.quote) == ("BTC/USDT", "BTC", "USDT")
        assert (made.price_step, made.amount_step) == (Decimal("0.01"), Decimal("0.00001"))
        assert (made.min_amount, made.min_cost) == (Decimal("0.0001"), Decimal("5.0"))
        assert (made.maker_fee, made.taker_fee) == (Decimal("0.0008"), Decimal("0.001"))

    def test_decimal_places_become_steps(self):
        market = a_market(precision={"amount": 0, "price": 3})

        made = instrument(market, DECIMAL_PLACES, PLAIN, None)

        assert (made.price_step, made.amount_step) == (Decimal("0.001"), Decimal(1))

    @pytest.mark.parametrize(
        ("price", "step"), [(64_123.0, "1E+1"), (150.0, "0.1"), (0.62, "0.0001"), (0.0000012, "1E-8")]
    )
    def test_significant_digits_become_the_step_at_the_current_price(self, price, step):
        market = a_market(precision={"amount": 4, "price": 4})

        made = instrument(market, SIGNIFICANT_DIGITS, PLAIN, price)

        assert made.price_step == Decimal(step)
        assert made.amount_step == Decimal("0.0001")

    def test_what_is_not_said_is_fine_free_of_minimums_and_costs_the_usual(self):
        made = instrument(a_market(precision={}, limits={}, maker=None, taker=None), TICK_SIZE, PLAIN, None)

        assert made.price_step == made.amount_step == made.min_amount == Decimal("0.00000001")
        assert made.min_cost == 0
        assert made.maker_fee == made.taker_fee == Decimal("0.001")

    def test_the_largest_order_is_the_least_of_all_limits_it_names(self):
        limits = {"amount": {"min": 0.0001, "max": 9000.0}, "market": {"min": 0.0, "max": 80.5}}
        told = instrument(a_market(limits=limits | {"cost": {"max": 4000.0}}), TICK_SIZE, PLAIN, None)
        silent = instrument(a_market(limits=limits | {"market": {"max": 0.0}}), TICK_SIZE, PLAIN, None)
        free = instrument(a_market(), TICK_SIZE, PLAIN, None)

        assert [told.most(Decimal(price)) for price in (10, 100)] == [Decimal("80.5"), Decimal(40)]
        assert silent.most(Decimal(100)) == 9000
        assert free.most(Decimal(100)) is None

    def test_a_rebate_stays_a_rebate(self):
        assert instrument(a_market(maker=-0.0001), TICK_SIZE, PLAIN, None).maker_fee == Decimal("-0.0001")

    @pytest.mark.parametrize("mode", [DECIMAL_PLACES, SIGNIFICANT_DIGITS, TICK_SIZE])
    def test_the_numbers_are_those_of_ccxt(self, mode):
        assert mode in (ccxt.DECIMAL_PLACES, ccxt.SIGNIFICANT_DIGITS, ccxt.TICK_SIZE)
        assert (DECIMAL_PLACES, SIGNIFICANT_DIGITS, TICK_SIZE) == (
            ccxt.DECIMAL_PLACES,
            ccxt.SIGNIFICANT_DIGITS,
            ccxt.TICK_SIZE,
        )


class TestUpbit:
    def test_ccxt_still_says_of_upbit_what_this_test_assumes(self):
        parsed = ccxt.upbit().parse_market({"market": "KRW-BTC", "english_name": "Bitcoin"})

        assumed = upbit_market("BTC/KRW")
        assert {name: parsed[name] for name in ("symbol", "maker", "taker", "precision")} == {
            name: assumed[name] for name in ("symbol", "maker", "taker", "precision")
        }
        assert parsed["limits"]["cost"]["min"] is None

    @pytest.mark.parametrize(
        ("price", "step"),
        [
            (152_340_000.0, "1000"),
            (1_000_000.0, "1000"),
            (999_999.0, "500"),
            (250_000.0, "100"),
            (64_000.0, "50"),
            (10_000.0, "10"),
            (9_999.0, "5"),
            (4_321.0, "1"),
            (830.0, "1"),
            (99.9, "0.1"),
            (1.5, "0.01"),
            (0.012, "0.0001"),
            (0.0000005, "0.00000001"),
        ],
    )
    def test_the_won_price_step_follows_the_price(self, price, step):
        made = instrument(upbit_market("BTC/KRW"), TICK_SIZE, quirk("upbit"), price)

        assert made.price_step == Decimal(step)

    def test_a_won_instrument_rounds_as_the_exchange_prints(self):
        made = instrument(upbit_market("BTC/KRW"), TICK_SIZE, quirk("upbit"), 152_340_000.0)

        assert made.min_cost == Decimal(5000)
        assert made.taker_fee == Decimal("0.0005")
        assert made.price(152_340_499.0) == Decimal(152_340_000)
        assert made.amount(0.123456789) == Decimal("0.12345678")

    def test_only_markets_with_a_ladder_want_a_price(self):
        assert wants_price(upbit_market("BTC/KRW"), TICK_SIZE, quirk("upbit"))
        assert not wants_price(upbit_market("ETH/BTC"), TICK_SIZE, quirk("upbit"))
        assert not wants_price(a_market(), TICK_SIZE, PLAIN)
        assert wants_price(a_market(), SIGNIFICANT_DIGITS, PLAIN)

    def test_without_a_price_the_step_is_the_one_ccxt_knows(self):
        assert instrument(upbit_market("BTC/KRW"), TICK_SIZE, quirk("upbit"), None).price_step == Decimal(
            "1E-8"
        )


class TestCandles:
    def test_rows_become_candles_in_order_and_each_once(self):
        made, rejected = candles([row(2), row(0), row(1), row(2, volume=8.0)], "BTC/USDT", MINUTE, "x")

        assert [(c.opened_at.minute, c.volume) for c in made] == [(0, 7.0), (1, 7.0), (2, 8.0)]
        assert (made[0].symbol, made[0].timeframe, made[0].opened_at) == ("BTC/USDT", MINUTE, NOON)
        assert (made[0].open, made[0].high, made[0].low, made[0].close) == (100.0, 102.0, 99.0, 101.0)
        assert rejected == 0

    @pytest.mark.parametrize(
        "bad",
        [
            row(open_=math.nan),
            row(high=math.inf),
            row(high=1e30),
            row(low=0.0),
            row(close=-5.0),
            row(close=None),
            row(high=98.0),
            row(high=100.5),
            row(low=100.5),
            row(volume=-1.0),
            row(volume=math.nan),
            row(volume=1e30),
            [T + 1, 100.0, 102.0, 99.0, 101.0, 7.0],
            [T + 30_000, 100.0, 102.0, 99.0, 101.0, 7.0],
            [None, 100.0, 102.0, 99.0, 101.0, 7.0],
            [T, 100.0],
            "not a row",
            None,
        ],
        ids=str,
    )
    def test_what_cannot_have_been_traded_is_thrown_away(self, bad):
        made, rejected = candles([bad, row(1)], "BTC/USDT", MINUTE, "x")

        assert [c.opened_at.minute for c in made] == [1]
        assert rejected == 1

    def test_no_volume_is_no_volume(self):
        made, rejected = candles([row(volume=None)], "BTC/USDT", MINUTE, "x")

        assert (made[0].volume, rejected) == (0.0, 0)

    @pytest.mark.parametrize("factor", [1000.0, 0.001])
    def test_a_leap_that_the_next_candle_takes_back_is_thrown_away(self, factor):
        leap = row(1, 100 * factor, 102 * factor, 99 * factor, 101 * factor)

        made, rejected = candles([row(0), leap, row(2)], "BTC/USDT", MINUTE, "x")

        assert [c.opened_at.minute for c in made] == [0, 2]
        assert rejected == 1

    def test_a_leap_waits_until_the_next_candle_confirms_it(self):
        leap, after = row(1, 1e5, 1.02e5, 0.99e5, 1.01e5), row(2, 1e5, 1.02e5, 0.99e5, 1.01e5)

        first, _ = candles([row(0), leap], "BTC/USDT", MINUTE, "x")
        second, _ = candles([row(0), leap, after], "BTC/USDT", MINUTE, "x")

        assert [c.opened_at.minute for c in first] == [0]
        assert [c.opened_at.minute for c in second] == [0, 1, 2]

    @pytest.mark.parametrize("answer", ["<html>", {"msg": "hello"}, None, ["<", "h"], [[1]]], ids=str)
    def test_something_else_than_candles_is_uncertain(self, answer):
        with pytest.raises(Uncertain, match=r"^kraken sent an answer that makes no sense\.$"):
            candles(answer, "BTC/USDT", MINUTE, "kraken")

    def test_no_rows_are_no_candles(self):
        assert candles([], "BTC/USDT", MINUTE, "x") == ([], 0)

    numbers = st.one_of(st.none(), st.integers(-10, 10), st.floats(), st.just(100.0), st.text(max_size=2))

    @given(st.lists(st.one_of(st.lists(numbers, max_size=7), st.builds(row, st.integers(0, 9)), numbers)))
    def test_no_answer_ever_yields_an_impossible_candle(self, rows):
        try:
            made, _ = candles(rows, "BTC/USDT", MINUTE, "x")
        except Uncertain:
            return

        assert [c.opened_at for c in made] == sorted({c.opened_at for c in made})
        for c in made:
            assert 0 < c.low <= min(c.open, c.close) <= max(c.open, c.close) <= c.high < math.inf
            assert 0 <= c.volume < math.inf


class TestErrors:
    def every_error(self):
        return [kind for kind in vars(errors).values() if isinstance(kind, type)]

    def test_every_error_of_ccxt_has_a_sentence_and_keeps_its_text_to_itself(self):
        text = 'binance GET https://api.example/x?signature=abc {"code":-1} apiKey=topsecret'

        for kind in self.every_error():
            said = failure(kind(text), "binance")

            assert isinstance(said, ExchangeSaidNo | Uncertain)
            assert "binance" in said.tell
            assert said.tell.endswith(".")
            assert not [w for w in ("http", "signature", "code", "topsecret", "{") if w in said.tell]

    def test_refusals_are_definite_and_failures_are_not(self):
        for kind in self.every_error():
            said = failure(kind("x"), "binance")

            if kind is ccxt.ExchangeClosedByUser or not issubclass(kind, ccxt.ExchangeError):
                assert isinstance(said, Uncertain), kind
            else:
                assert isinstance(said, ExchangeSaidNo), kind

    @pytest.mark.parametrize(
        ("error", "sentence"),
        [
            (ccxt.RequestTimeout("x"), "upbit did not answer in time."),
            (TimeoutError(), "upbit did not answer in time."),
            (ccxt.OnMaintenance("x"), "upbit is down for maintenance."),
            (ccxt.ExchangeNotAvailable("x"), "upbit is not available just now."),
            (ccxt.BadSymbol("x"), "upbit does not know this market."),
            (ccxt.AuthenticationError("x"), "upbit does not accept the key."),
            (ccxt.PermissionDenied("x"), "upbit does not allow this key to do that."),
            (ConnectionResetError("x"), "The connection to upbit broke."),
            (KeyError("x"), "upbit sent an answer that makes no sense."),
        ],
        ids=repr,
    )
    def test_the_sentences(self, error, sentence):
        assert failure(error, "upbit").tell == sentence

    @pytest.mark.parametrize("kind", [ccxt.RateLimitExceeded, ccxt.DDoSProtection])
    def test_too_many_requests_carry_the_wait_that_was_asked_for(self, kind):
        said = failure(kind("x"), "upbit", 12.0)

        assert isinstance(said, SlowDown)
        assert said.wait == 12.0
        assert said.tell == "upbit asks to be left alone for 12 s: too many requests."
        assert failure(kind("x"), "upbit").tell == "upbit asks to be left alone: too many requests."

    def test_a_transfer_that_broke_off_is_uncertain_although_ccxt_calls_it_a_refusal(self):
        try:
            try:
                raise ConnectionResetError("half an answer")
            except ConnectionResetError as broken:
                raise ccxt.ExchangeError("binance GET https://…") from broken
        except ccxt.ExchangeError as error:
            said = failure(error, "binance")

        assert isinstance(said, Uncertain)


class TestNames:
    @pytest.mark.parametrize(
        ("asked", "meant"),
        [("BTC/USD", "BTC/USDT"), ("btc/usdt", "BTC/USDT"), ("ETHH/USDT", "ETH/USDT"), ("QQQ/XYZ", None)],
    )
    def test_the_same_coin_comes_before_a_similar_spelling(self, asked, meant):
        assert nearest(asked, ("ETH/USDT", "BTC/USDT", "SOL/KRW")) == meant


@pytest.mark.parametrize(
    ("ticker", "price"),
    [
        ({"last": 5.0, "close": 6.0}, 5.0),
        ({"last": None, "close": 6}, 6.0),
        ({"last": 0.0, "close": None}, None),
        ({"last": math.nan}, None),
        ({}, None),
        ("<html>", None),
        (None, None),
    ],
    ids=str,
)
def test_a_price_is_the_last_trade_or_nothing(ticker, price):
    assert last_price(ticker) == price


# --- order books --------------------------------------------------------------------------------------------


def test_a_book_is_put_in_order_and_offers_that_cannot_be_are_left_out():
    rows = [
        [99.5, 2.0],
        [99.9, 1.0, 1700000000000],
        [0.0, 5.0],
        [98.0, float("nan")],
        [97.0],
        None,
        ["96", 1.0],
    ]
    sold = [[101.0, 3.0], [100.1, 0.5], [102.0, 0.0]]

    found = depth({"bids": rows, "asks": sold}, NOON, "binance")

    assert found.bids == ((Decimal("99.9"), Decimal(1)), (Decimal("99.5"), Decimal(2)))
    assert found.asks == ((Decimal("100.1"), Decimal("0.5")), (Decimal(101), Decimal(3)))
    assert found.at == NOON


@pytest.mark.parametrize(
    "book",
    [None, [], {}, {"bids": [], "asks": None}, {"bids": [[101.0, 1.0]], "asks": [[100.0, 1.0]]}],
    ids=["nothing", "a list", "no sides", "one side", "crossed"],
)
def test_what_cannot_be_a_book_is_uncertain(book):
    with pytest.raises(Uncertain, match=r"^binance sent an answer that makes no sense\.$"):
        depth(book, NOON, "binance")
