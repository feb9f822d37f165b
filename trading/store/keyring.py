"""The master key: one file, readable by its owner only, that opens everything sealed in the database."""

import base64
import binascii
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trading.domain.errors import SettingsError

FILE: Final = "master.key"  # in data_dir, unless the settings name another
SIZE: Final = 32  # bytes of a key: AES-256
_GIVEN: Final = Path("/run/secrets")  # where container engines mount secrets, readable by everybody inside
_HEAD: Final = (
    "# Tradewind's master key. Without it the stored exchange keys cannot be opened.\n"
    "# Keep a copy apart from the database and its backups: whoever has both has the keys.\n"
)


@dataclass(frozen=True, slots=True)
class MasterKey:
    """One key and the name by which sealed things remember it."""

    raw: bytes

    def __repr__(self) -> str:
        return f"MasterKey({self.id})"

    @property
    def id(self) -> str:
        """Tells keys apart and gives nothing of them away."""
        return hashlib.sha256(b"tradewind master key " + self.raw).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Keyring:
    """The current master key first, then retired ones that may still be needed."""

    path: Path
    keys: tuple[MasterKey, ...]

    @property
    def current(self) -> MasterKey:
        return self.keys[0]

    def find(self, key_id: str) -> MasterKey | None:
        """The key of this name, or None when it is not on the ring."""
        return next((key for key in self.keys if key.id == key_id), None)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The keys as texts, to be kept out of logs."""
        return tuple(text for key in self.keys for text in (_text(key.raw), key.raw.hex()))


def read(path: Path) -> Keyring | None:
    """The ring in a file; None when there is no file. Raises SettingsError for one that is no good."""
    try:
        mode, text = path.stat().st_mode, path.read_text("ascii")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise SettingsError(_not_a_key(path)) from None
    except OSError as error:
        raise SettingsError(f"The master key {path} cannot be read ({error.strerror}).") from None
    _refuse_when_shared(path, mode)
    lines = [line.strip() for line in text.splitlines()]
    keys = tuple(MasterKey(_raw(path, line)) for line in lines if line and not line.startswith("#"))
    if not keys:
        raise SettingsError(_not_a_key(path))
    return Keyring(path, tuple(dict.fromkeys(keys)))


def make(path: Path) -> Keyring:
    """A fresh ring in a file that is not there yet."""
    ring = Keyring(path, (new(),))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write(ring)
    return ring


def new() -> MasterKey:
    return MasterKey(secrets.token_bytes(SIZE))


def write(ring: Keyring) -> None:
    """Put the ring into its file, all of it or nothing, on disk when this returns. Raises SettingsError."""
    path, text = ring.path, _HEAD + "".join(f"{_text(key.raw)}\n" for key in ring.keys)
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.unlink(missing_ok=True)
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="ascii") as written:
            written.write(text)
            written.flush()
            os.fsync(written.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise SettingsError(f"The master key {path} cannot be written ({error.strerror}).") from None


def _refuse_when_shared(path: Path, mode: int) -> None:
    """Others may not write it anywhere, nor read it, except where an engine mounts it for this container."""
    shared = stat.S_IMODE(mode) & (0o022 if path.is_relative_to(_GIVEN) else 0o077)
    if shared:
        raise SettingsError(
            f"The master key {path} is open to others (mode {stat.S_IMODE(mode):03o}); run: chmod 600 {path}"
        )


def _raw(path: Path, line: str) -> bytes:
    """32 bytes, written as 64 hexadecimal digits or in base64."""
    for read_as in (bytes.fromhex, _from_base64):
        try:
            raw = read_as(line)
        except (ValueError, binascii.Error):
            continue
        if len(raw) == SIZE:
            return raw
    raise SettingsError(_not_a_key(path))


def _from_base64(line: str) -> bytes:
    return base64.b64decode(line, validate=True)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _not_a_key(path: Path) -> str:
    return (
        f"The master key {path} should hold 32 random bytes a line, in base64 or hexadecimal "
        "(openssl rand -base64 32 makes one); found something else."
    )


def advice(path: Path) -> str:
    """What to say when a key was made."""
    return (
        f"A master key was made: {path}. It opens the stored exchange keys: copy it to a safe place, "
        "and never into the same backup as the database."
    )
