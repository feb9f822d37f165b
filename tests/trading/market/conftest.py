"""A feed that reads a market made by hand."""

import pytest

from tests.trading.market.tape import MINUTE, A, B, Tape
from trading.market.live import LiveFeed


@pytest.fixture
def tape():
    return Tape()


@pytest.fixture
def feed(tape, clock):
    return LiveFeed(tape, (A, B), MINUTE, clock)
