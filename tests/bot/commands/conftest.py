"""What every test of commands may use."""

import pytest

from tests.bot.commands.houses import a_house_of_people
from tests.trading.lab import cheaters
from trading import strategies as catalogue


@pytest.fixture
async def people(tmp_path, clock):
    """A desk with its owner at the terminal, and a way to let others in."""
    async with a_house_of_people(tmp_path, clock) as people:
        yield people


@pytest.fixture
def cheater():
    """A strategy among the others that knows tomorrow's price."""
    catalogue.strategies()
    catalogue._registered["knows_tomorrow"] = cheaters.a_strategy(cheaters.knows_tomorrow)
    yield catalogue.find("knows_tomorrow")
    del catalogue._registered["knows_tomorrow"]
