"""Folders that cannot be written and disks that are full, also where the tests run as root."""

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def a_folder_for_everybody() -> Iterator[Path]:
    """A new folder whose parents anybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="tw-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def without_privileges() -> Iterator[None]:
    """What runs inside runs as somebody whom permissions stop."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """As good as a full disk, for files that grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
