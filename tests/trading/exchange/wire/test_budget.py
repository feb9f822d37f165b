"""How many requests may leave, and for whom some are kept."""

from trading.exchange.budget import Budget


class Time:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_orders_leave_half_of_the_bucket_to_cancels():
    budget = Budget(rate=1.0, burst=10, clock=Time())

    orders = 0
    while not budget.wait(reserved=False):
        budget.take()
        orders += 1
    cancels = 0
    while not budget.wait(reserved=True):
        budget.take()
        cancels += 1

    assert (orders, cancels) == (5, 5)


def test_the_bucket_fills_with_time():
    clock = Time()
    budget = Budget(rate=2.0, burst=10, clock=clock)
    for _ in range(10):
        budget.take()

    assert budget.wait(reserved=True) == 0.5
    clock.now += 0.5
    assert budget.wait(reserved=True) == 0.0
    assert budget.wait(reserved=False) == 2.5


def test_silence_holds_for_everybody_and_is_never_cut_short():
    clock = Time()
    budget = Budget(rate=10.0, burst=10, clock=clock)

    budget.hush(30.0)
    budget.hush(1.0)

    assert budget.wait(reserved=True) == budget.wait(reserved=False) == 30.0
    clock.now += 30.0
    assert budget.wait(reserved=True) == 0.0


def test_a_venue_that_does_not_say_how_long_is_left_alone_for_a_while():
    budget = Budget(rate=10.0, burst=10, clock=Time())

    budget.hush(None)

    assert budget.wait(reserved=True) >= 5.0
