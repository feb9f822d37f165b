"""What every test of the chat's side may use."""

import pytest

from tests.bot.desks import a_desk, leave


@pytest.fixture
async def house(tmp_path, clock):
    """A desk on the simulated market, thirty days old; its owner sits at the terminal."""
    built = await a_desk(tmp_path, clock)
    await built.trading.start()
    yield built
    await leave(built)
