"""Keys of the gateway: two files of the home, each readable by its owner alone.

Rules:
- A key is made once, by whoever needs it first; it is compared in constant time and never logged or shown in an answer.
- The read-only key reads, the other one does everything; they differ.
- A key of one's own is 16 to 255 printable ASCII characters without spaces.
"""

from __future__ import annotations

import contextlib
import enum
import hmac
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Final

from slskmesh.errors import StorageError, UserError
from slskmesh.paths import Home, atomic_write, sync_folder

SHORTEST: Final = 16
LONGEST: Final = 255
_SHAPE: Final = re.compile(rf"[!-~]{{{SHORTEST},{LONGEST}}}")
_READ_MAX: Final = LONGEST + 64  # a key with white space around it; a longer file is none


class Role(enum.Enum):
    """What the holder of a key may do."""

    READ = "readonly"
    WRITE = "readwrite"


_FILES: Final = {Role.WRITE: "api.key", Role.READ: "api.readonly.key"}


class Keys:
    """The keys in force."""

    def __init__(self, keys: dict[str, Role]) -> None:
        self._keys = {key.encode(): role for key, role in keys.items()}

    def role_of(self, key: str) -> Role | None:
        """What a key allows; None: it is none of ours. Takes the same time for every key of a length."""
        given, found = key.encode("utf-8", "replace"), None
        for known, role in self._keys.items():
            if hmac.compare_digest(known, given):
                found = role
        return found


def load_keys(home: Home) -> Keys:
    """Reads both keys, makes those that are missing. UserError: a file is no key, others can read it, both are one."""
    keys = {read_key(home, role): role for role in Role}
    if len(keys) < len(Role):
        raise UserError(
            f"{key_file(home, Role.READ)}: is the same as {_FILES[Role.WRITE]}, so it would not be read-only; "
            "remove it for a new one"
        )
    return Keys(keys)


def key_file(home: Home, role: Role) -> Path:
    """Where a role's key is kept."""
    return home.root / _FILES[role]


def new_key(home: Home, role: Role) -> str:
    """Makes a new key; the old one is good for nothing from the next start on."""
    key = secrets.token_urlsafe(32)
    atomic_write(key_file(home, role), (key + "\n").encode())
    return key


def read_key(home: Home, role: Role) -> str:
    """The key of a role, made if there is none yet. UserError: the file is no key, or others can read it."""
    path = key_file(home, role)
    try:
        mode, data = _read(path)
    except FileNotFoundError:
        return _first_key(home, role)
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error
    if stat.S_ISREG(mode) and mode & 0o077:
        raise UserError(
            f"{path}: others on this machine can read it; `chmod 600` it, or remove it for a new key"
        )
    key = data.decode("ascii", "replace").strip()
    if not stat.S_ISREG(mode) or not _SHAPE.fullmatch(key):
        raise UserError(
            f"{path}: a key is {SHORTEST} to {LONGEST} printable characters; remove it for a new one"
        )
    return key


def _read(path: Path) -> tuple[int, bytes]:
    """(mode, start of the content). OSError as the system gives it; a pipe is opened without waiting and not read."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        mode = os.fstat(handle).st_mode
        return mode, os.read(handle, _READ_MAX) if stat.S_ISREG(mode) else b""
    finally:
        os.close(handle)


def _first_key(home: Home, role: Role) -> str:
    """Makes the first key; where somebody made it meanwhile, gives that one, so that nobody holds a dead key."""
    path = key_file(home, role)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    key = secrets.token_urlsafe(32)
    atomic_write(fresh, (key + "\n").encode())
    try:
        os.link(fresh, path)
        sync_folder(path.parent)
    except FileExistsError:
        return read_key(home, role)
    except OSError as error:
        raise StorageError(f"{path}: cannot be made: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
    return key
