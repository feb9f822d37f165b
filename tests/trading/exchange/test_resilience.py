"""Trying again, keeping away, and not asking what is dead."""

import asyncio

import pytest

from trading.domain.errors import ExchangeSaidNo, Uncertain
from trading.exchange.resilience import Backoff, Breaker, BreakerState, Patience, Resting, persist
from trading.exchange.translate import SlowDown


class HandSteady:
    """A monotonic clock that a test moves on."""

    seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def steady():
    return HandSteady()


class Told(list):
    def __call__(self, state, reason):
        self.append((str(state), reason))


def a_breaker(steady, told=None):
    return Breaker("upbit", told if told is not None else Told(), clock=steady)


def fail(breaker, times=1, error=None):
    for _ in range(times):
        with pytest.raises(Uncertain):
            with breaker.guard():
                raise error or Uncertain("upbit did not answer in time.")


class Script:
    """A read that goes as written: an exception is raised, anything else is answered."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.asked = 0

    async def __call__(self):
        self.asked += 1
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


class Pauses(list):
    """A sleep that only notes how long, and moves the clock by as much."""

    def __init__(self, steady):
        self.steady = steady

    async def __call__(self, seconds):
        self.append(seconds)
        self.steady.seconds += seconds


def keep(read, steady, pauses, patience=None):
    return persist(read, patience or Patience(), clock=steady, sleep=pauses, roll=lambda: 1.0)


# --- the breaker ------------------------------------------------------------------------------------------


def test_four_failures_and_a_success_leave_it_closed(steady):
    breaker = a_breaker(steady)

    fail(breaker, 4)
    with breaker.guard():
        pass
    fail(breaker, 4)

    assert breaker.state is BreakerState.CLOSED


def test_five_failures_in_a_row_open_it_and_nobody_asks_for_a_minute(steady):
    told = Told()
    breaker = a_breaker(steady, told)

    fail(breaker, 5)
    steady.seconds += 59.9

    with pytest.raises(Resting, match=r"^upbit failed 5 times in a row, so it is asked again in 0 s\.$"):
        with breaker.guard():
            pytest.fail("the exchange was asked")
    assert told == [("open", "upbit did not answer in time.")]


def test_a_definite_no_is_an_answer(steady):
    breaker = a_breaker(steady)
    fail(breaker, 4)

    with pytest.raises(ExchangeSaidNo):
        with breaker.guard():
            raise ExchangeSaidNo("upbit does not know this market.")
    fail(breaker, 4)

    assert breaker.state is BreakerState.CLOSED


async def test_exactly_one_of_many_callers_probes_when_the_rest_is_over(steady):
    told, breaker = Told(), None
    breaker = a_breaker(steady, told)
    fail(breaker, 5)
    steady.seconds += 60
    answer, inside = asyncio.Event(), []

    async def caller(number):
        with breaker.guard():
            inside.append(number)
            await answer.wait()

    callers = [asyncio.create_task(caller(n)) for n in range(20)]
    await asyncio.sleep(0)
    assert inside == [0]
    assert breaker.state is BreakerState.HALF_OPEN

    answer.set()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)

    assert sum(isinstance(o, Resting) for o in outcomes) == 19
    assert breaker.state is BreakerState.CLOSED
    assert [state for state, _ in told] == ["open", "half_open", "closed"]


def test_a_failed_probe_opens_it_for_another_minute(steady):
    breaker = a_breaker(steady)
    fail(breaker, 5)
    steady.seconds += 60

    fail(breaker, 1)
    steady.seconds += 59

    with pytest.raises(Resting):
        with breaker.guard():
            pytest.fail("the exchange was asked")
    steady.seconds += 1
    with breaker.guard():
        pass
    assert breaker.state is BreakerState.CLOSED


async def test_a_probe_that_is_cancelled_hands_its_place_on(steady):
    breaker = a_breaker(steady)
    fail(breaker, 5)
    steady.seconds += 60

    async def hang():
        with breaker.guard():
            await asyncio.Event().wait()

    probe = asyncio.create_task(hang())
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)

    with breaker.guard():
        pass
    assert breaker.state is BreakerState.CLOSED


async def test_an_answer_to_an_old_question_does_not_decide_the_probe(steady):
    breaker = a_breaker(steady)
    late = asyncio.Event()

    async def old(error):
        with breaker.guard():
            await late.wait()
            if error:
                raise Uncertain("too late")

    stragglers = [asyncio.create_task(old(error)) for error in (True, False)]
    await asyncio.sleep(0)
    fail(breaker, 5)
    steady.seconds += 60
    with breaker.guard():
        late.set()
        await asyncio.gather(*stragglers, return_exceptions=True)
        assert breaker.state is BreakerState.HALF_OPEN

    assert breaker.state is BreakerState.CLOSED


def test_everybody_keeps_away_as_long_as_the_exchange_asked(steady):
    breaker = a_breaker(steady)
    fail(breaker, error=SlowDown("slow down", 30.0))

    with pytest.raises(SlowDown, match=r"^upbit asked to be left alone for another 30 s\.$") as refused:
        with breaker.guard():
            pytest.fail("the exchange was asked")
    assert refused.value.wait == 30.0

    steady.seconds += 30
    with breaker.guard():
        pass


# --- asking again -----------------------------------------------------------------------------------------


async def test_a_read_is_tried_three_times_with_growing_pauses(steady):
    pauses, read = Pauses(steady), Script(Uncertain("a"), Uncertain("b"), "prices")

    assert await keep(read, steady, pauses) == "prices"
    assert (read.asked, pauses) == (3, [0.5, 1.0])


async def test_after_the_third_failure_it_is_over(steady):
    pauses, read = Pauses(steady), Script(*[Uncertain("a")] * 9)

    with pytest.raises(Uncertain):
        await keep(read, steady, pauses)

    assert read.asked == 3


@pytest.mark.parametrize("final", [ExchangeSaidNo("no"), Resting("open")], ids=repr)
async def test_a_definite_no_and_an_open_breaker_are_not_asked_again(steady, final):
    pauses, read = Pauses(steady), Script(final, "never")

    with pytest.raises(type(final)):
        await keep(read, steady, pauses)

    assert (read.asked, pauses) == (1, [])


async def test_what_failed_is_raised_even_when_the_breaker_opened_meanwhile(steady):
    pauses, read = Pauses(steady), Script(Uncertain("upbit broke."), Resting("left alone"))

    with pytest.raises(Uncertain, match=r"^upbit broke\.$"):
        await keep(read, steady, pauses)


async def test_the_exchanges_own_wait_is_kept(steady):
    pauses, read = Pauses(steady), Script(SlowDown("slow", 7.0), "prices")

    await keep(read, steady, pauses)

    assert pauses == [7.0]


async def test_a_wait_beyond_all_patience_ends_it_at_once(steady):
    pauses, read = Pauses(steady), Script(SlowDown("slow", 120.0), "never")

    with pytest.raises(SlowDown):
        await keep(read, steady, pauses)

    assert (read.asked, pauses) == (1, [])


async def test_no_try_begins_after_the_total_time(steady):
    async def slow():
        steady.seconds += 15
        raise Uncertain("slow")

    pauses = Pauses(steady)
    with pytest.raises(Uncertain):
        await keep(slow, steady, pauses)

    assert pauses == [0.5]


def test_jitter_spreads_the_pauses_between_half_and_all():
    error = Uncertain("x")

    assert [Patience().pause(n, error, lambda: 0.0) for n in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert [Patience().pause(n, error, lambda: 1.0) for n in (1, 2, 9)] == [0.5, 1.0, 10.0]


# --- reconnecting -----------------------------------------------------------------------------------------


def test_a_storm_of_disconnects_calms_down_to_one_a_minute(steady):
    backoff, pauses = Backoff(clock=steady, roll=lambda: 1.0), []

    for _ in range(10):
        backoff.connected()
        steady.seconds += 2
        pauses.append(backoff.pause())

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_a_connection_that_lasted_starts_afresh(steady):
    backoff = Backoff(clock=steady, roll=lambda: 1.0)
    for _ in range(10):
        backoff.pause()

    backoff.connected()
    steady.seconds += 60

    assert backoff.pause() == 1
