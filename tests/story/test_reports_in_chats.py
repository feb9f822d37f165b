"""A week's report as people get it: words, pictures, and a PDF and a workbook that can be opened."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from tests.story.chats import OnDiscord, OnTelegram
from tests.story.house import RunningClock, a_house, until

NOON = datetime(2025, 3, 10, 12, 0, 5, tzinfo=UTC)
NAMES = ["main-2025-W10.pdf", "main-2025-W10.xlsx"]


@pytest.fixture
async def files(tmp_path):
    """What came as documents, by chat."""
    async with OnTelegram() as telegram, OnDiscord() as discord:
        chats = {**telegram.sections, **discord.sections}
        async with a_house(tmp_path, RunningClock(NOON), **chats) as house:
            await discord.connect(house)
            await telegram.pair(house)
            await discord.pair(house, (await house.facts("link"))["code"])
            await telegram.say("/report weekly")
            documents = await until(lambda: _documents(telegram), within=60)
            await discord.say("/report weekly", quiet=1.0)
            uploads = await until(lambda: _uploads(discord), within=60)
    return {
        "telegram": {file.filename: file.content for file in documents},
        "discord": {file.name: file.content for file in uploads},
    }


def _documents(telegram: OnTelegram) -> list:
    found = [m for m in telegram.telegram.shown(telegram.ann) if m.kind == "document"]
    return found if len(found) == len(NAMES) else []


def _uploads(discord: OnDiscord) -> list:
    found = [file for m in discord.discord.messages for file in m.files if file.name in NAMES]
    return found if len(found) == len(NAMES) else []


async def test_a_pdf_and_a_workbook_arrive_whole_on_telegram_and_discord(files):
    for chat, sent in files.items():
        assert sorted(sent) == NAMES, chat
        pages = PdfReader(BytesIO(sent[NAMES[0]])).pages
        book = load_workbook(BytesIO(sent[NAMES[1]]))
        assert "2025-W10" in pages[0].extract_text(), chat
        assert book.sheetnames == ["Trades", "Equity", "Days", "Slippage", "Strategies", "Markets"], chat
