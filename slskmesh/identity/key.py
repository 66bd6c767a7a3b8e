"""The identity file: one Ed25519 key, made once, kept for good.

Rules:
- A file that is there is never replaced: damaged or open to others, it is refused with the reason.
- It is written whole or not at all, mode 0600, and holds what `ssl` loads directly (certificate + key, PEM).
- The seed never shows in `repr`, logs or errors.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from slskmesh.errors import StorageError, UserError
from slskmesh.identity import signing
from slskmesh.identity.certificate import identity_pem, seed_of_pem
from slskmesh.identity.peerid import PeerId
from slskmesh.paths import atomic_write

_FILE_MAX: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Identity:
    """This node's peer id, the secret seed behind it (32 bytes) and the file that `ssl` loads."""

    peer: PeerId
    seed: bytes = field(repr=False)
    path: Path

    def sign(self, domain: signing.Domain, body: bytes) -> bytes:
        """64 bytes of signature over `body` under `domain`."""
        return signing.sign(self.seed, domain, body)


def load_or_create(path: Path) -> Identity:
    """The identity at `path`, made if there is none. UserError: refused; StorageError: not read or written.

    The caller holds the home (`paths.Home.hold`), so two processes never make it at once.
    """
    pem = _read(path)
    if pem is None:
        seed = os.urandom(signing.SEED_BYTES)
        _write(path, identity_pem(seed))
    else:
        try:
            seed = seed_of_pem(pem)
        except UserError as error:
            raise UserError(
                f"{path}: {error}; put a good copy back, or move the file away to become a new peer"
            ) from error
    return Identity(signing.public_key(seed), seed, path)


def _write(path: Path, pem: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{path.parent}: cannot be made: {error.strerror or error}") from error
    atomic_write(path, pem, 0o600)


def _open_now(path: str, flags: int) -> int:
    """Does not wait for a writer where the path is a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _read(path: Path) -> bytes | None:
    try:
        with open(path, "rb", opener=_open_now) as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise UserError(f"{path}: is not a file")
            if info.st_mode & 0o077:
                raise UserError(f"{path}: others can read this secret key; run: chmod 600 '{path}'")
            return file.read(_FILE_MAX)
    except FileNotFoundError:
        return None
    except IsADirectoryError as error:
        raise UserError(f"{path}: is not a file") from error
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error
