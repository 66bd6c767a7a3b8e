"""Where a running engine is attached to: a unix socket below its home, for its own user alone.

Rules:
- The folder is 0700, the socket 0600, and each side looks who the other one is (SO_PEERCRED).
- A home may lie as deep as it likes: the socket is reached through the opened folder, not by its long path.
- Whoever holds the home owns the socket: one that is found there was left by a process that died.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from slskmesh.errors import StorageError
from slskmesh.paths import Home

FOLDER: Final = "run"
NAME: Final = "attach.sock"
_BACKLOG: Final = 16
_CREDENTIALS: Final = struct.Struct("3i")  # process, user, group


def socket_path(home: Home) -> Path:
    """The socket's place, for people; it may be too long to connect to."""
    return home.root / FOLDER / NAME


def listen_at(home: Home) -> socket.socket:
    """A listening socket, in the place of one that a dead process left. The home is held. StorageError: cannot be."""
    path = socket_path(home)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir(mode=0o700)
        with _opened(path.parent) as folder:
            path.unlink(missing_ok=True)
            os.fchmod(
                listener.fileno(), 0o600
            )  # before it has a name: never open to others, not for a moment
            listener.bind(f"{folder}/{NAME}")
            os.chmod(f"{folder}/{NAME}", 0o600)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise StorageError(f"{path}: cannot listen there: {error.strerror or error}") from error
    return listener


def connect_to(home: Home, timeout: float) -> socket.socket:
    """A connected socket. OSError: there is none, or nobody answers, or it is another user's."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.settimeout(timeout)
        with _opened(socket_path(home).parent) as folder:
            line.connect(f"{folder}/{NAME}")
        if not is_ours(line):
            raise PermissionError("another user listens there")
    except BaseException:
        line.close()
        raise
    return line


class Line(Protocol):
    """A connected socket of any library."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        """As the system's."""


def is_ours(line: Line) -> bool:
    """Whether the process on the other side is of the same user."""
    told = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(told)[1] == os.geteuid())


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[str]:
    """A short name of a folder that is ours alone. OSError: it is not, or is none."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(handle)
        if found.st_uid != os.geteuid():
            raise PermissionError("the folder is another user's")
        if stat.S_IMODE(found.st_mode) != 0o700:
            os.fchmod(handle, 0o700)
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)
