"""A migrated, empty database file for each story."""

import shutil
from pathlib import Path

import pytest

from migrations.run import upgrade_now


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("live") / "migrated.db"
    upgrade_now(f"sqlite:///{path}")
    return path


@pytest.fixture
def path(tmp_path: Path, migrated_file: Path) -> Path:
    return Path(shutil.copy(migrated_file, tmp_path / "desk.db"))
