"""What several stories stand on: an exchange with money in it, what is under the floor of a house, a phone, a page."""

import pytest

from tests.story.canary import a_binance, under_the_floor
from tests.story.chats import InTheBrowser, OnTelegram


@pytest.fixture
def trading(monkeypatch):
    """Whatever the house that is built next trades with."""
    return under_the_floor(monkeypatch)


@pytest.fixture
async def binance():
    async with a_binance() as binance:
        yield binance


@pytest.fixture
async def telegram():
    async with OnTelegram() as telegram:
        yield telegram


@pytest.fixture
async def browser():
    async with InTheBrowser() as browser:
        yield browser
