"""A settings file in an empty folder."""

import pytest


@pytest.fixture
def settings_file(tmp_path, monkeypatch):
    """Writes settings.toml into an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        path = tmp_path / "settings.toml"
        path.write_text(text)
        return path

    return write
