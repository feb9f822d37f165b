"""What every test of a platform may use."""

import pytest

from tests.fakes.discord import FakeDiscord


@pytest.fixture
async def discord(monkeypatch):
    """A Discord on loopback that is not sent a single malformed request; the desk tries again soon."""
    monkeypatch.setattr("bot.platforms.discord.FIRST_RETRY", 0.05)
    async with FakeDiscord() as fake:
        yield fake
        assert fake.rejected == []
