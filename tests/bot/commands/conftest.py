"""What every test of commands may use."""

import pytest

from tests.bot.commands.houses import a_house_of_people


@pytest.fixture
async def people(tmp_path, clock):
    """A desk with its owner at the terminal, and a way to let others in."""
    async with a_house_of_people(tmp_path, clock) as people:
        yield people
