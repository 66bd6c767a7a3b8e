"""Names of Soulseek users as they are kept here: a keyed hash with a secret that only this machine has.

Rules:
- The same user has the same pseudonym as long as the secret stands, so that statistics add up; without the secret
  nobody can tell who it is, nor compare it with what other machines keep.
- The secret is 32 random bytes in a file of the home, readable by its owner only. Deleting it makes strangers of all.
- Pseudonyms stay on this machine as well: nothing publishes them.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

from slskmesh.errors import StorageError, UserError
from slskmesh.paths import atomic_write

FILE: Final = "pseudonyms.key"
SECRET_BYTES: Final = 32
BYTES: Final = 16
_PERSON: Final = b"slskmesh user 1"


class Pseudonyms:
    """Names to pseudonyms of BYTES bytes."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"a secret has {SECRET_BYTES} bytes, not {len(secret)}")
        self._secret = secret

    def of(self, user: str) -> bytes:
        """The pseudonym of a user; names are case-sensitive on the network."""
        name = user.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(name, digest_size=BYTES, key=self._secret, person=_PERSON).digest()


def load_secret(path: Path) -> bytes:
    """The secret at `path`, made at the first call. Blocking. StorageError; UserError: the file is no secret."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        secret = secrets.token_bytes(SECRET_BYTES)
        atomic_write(path, secret, 0o600)
        return secret
    except OSError as error:
        raise StorageError(f"{path}: cannot be opened: {error.strerror or error}") from error
    try:
        if os.fstat(handle).st_mode & 0o077:
            os.fchmod(handle, 0o600)
        secret = os.read(handle, SECRET_BYTES + 1)
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error
    finally:
        os.close(handle)
    if len(secret) != SECRET_BYTES:
        raise UserError(
            f"{path}: is not what was written there; delete it to begin with new pseudonyms "
            "(what was seen of users so far counts as others' then)"
        )
    return secret
