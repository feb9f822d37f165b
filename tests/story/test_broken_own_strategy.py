"""A strategy file that cannot be run keeps a desk from starting, and nobody from looking at it or stopping it."""

import pytest

import main
from bot.platforms import terminal
from tests.story.house import a_house, settings_for
from trading.domain.errors import SettingsError
from trading.strategies import own


@pytest.fixture(autouse=True)
def _forgets_the_folder(monkeypatch):
    monkeypatch.setattr(own, "_loaded", {})


async def typed(settings, *words):
    return [reply async for reply in main._answers(settings, terminal.line(list(words)))][-1]


async def test_status_and_kill_are_answered_and_the_broken_file_is_told(tmp_path, capsys):
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o755)
    settings = settings_for(tmp_path, strategies_dir=folder)
    async with a_house(tmp_path, strategies_dir=folder):
        pass
    (folder / "half.py").write_text("def half(:\n")
    told = f"{folder}/half.py line 1: invalid syntax; correct the file or take it out of the folder.\n"

    status = await typed(settings, "status")
    said = capsys.readouterr().err
    kill = await typed(settings, "kill", "!")
    after = await typed(settings, "status")
    with pytest.raises(SettingsError, match=r"half\.py line 1: invalid syntax"):
        await typed(settings, "backtest", "ema_cross")

    assert "KILLED" not in status.text
    assert said == told
    assert not kill.failed
    assert after.text.startswith("KILLED")
    assert (tmp_path / "data" / "KILL_SWITCH").exists()
