"""A desk that serves, and somebody who visits it."""

import pytest

from tests.bot.web.desk import an_open_desk
from tests.bot.web.visitor import a_visitor


@pytest.fixture
async def desk(clock):
    async with an_open_desk(clock) as desk:
        yield desk


@pytest.fixture
async def visitor(desk):
    async with a_visitor(desk) as visitor:
        yield visitor


@pytest.fixture
async def owner(visitor):
    """A visitor who is signed in as the owner."""
    await visitor.sign_in()
    return visitor
