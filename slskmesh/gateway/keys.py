"""Keys of the gateway: two files of the home, each readable by its owner alone.

Rules: a key is made with the gateway's first start; it is compared in constant time and never logged or shown in an
answer. The read-only key reads, the other one does everything. A key of one's own is 16 to 255 printable characters.
"""

from __future__ import annotations

import enum
import hmac
import os
import secrets
import stat
from typing import Final

from slskmesh.errors import StorageError, UserError
from slskmesh.paths import Home, atomic_write

SHORTEST: Final = 16
LONGEST: Final = 255


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
    """Reads both keys, makes those that are missing. UserError: a file is no key, or others can read it."""
    return Keys({read_key(home, role): role for role in (Role.READ, Role.WRITE)})


def new_key(home: Home, role: Role) -> str:
    """Makes a new key; the old one is good for nothing from the next start on."""
    key = secrets.token_urlsafe(32)
    atomic_write(home.root / _FILES[role], (key + "\n").encode())
    return key


def read_key(home: Home, role: Role) -> str:
    """The key of a role, made if there is none yet. UserError: the file is no key, or others can read it."""
    path = home.root / _FILES[role]
    try:
        with open(path, "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(LONGEST + 2)
    except FileNotFoundError:
        return new_key(home, role)
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error
    if mode & 0o077:
        raise UserError(
            f"{path}: others on this machine can read it; `chmod 600` it, or remove it for a new key"
        )
    key = data.decode("ascii", "replace").strip()
    if not SHORTEST <= len(key) <= LONGEST or not key.isascii() or not key.isprintable() or " " in key:
        raise UserError(
            f"{path}: a key is {SHORTEST} to {LONGEST} printable characters; remove it for a new one"
        )
    return key
