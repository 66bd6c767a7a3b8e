"""The log of a home: what the program did and which fault of ours ended it; no names of peers, files or searches.

The file is readable by its owner only and bounded: two files of at most half a megabyte.
"""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler

from slskmesh.errors import StorageError
from slskmesh.paths import Home

_MAX_BYTES = 500_000


class _OwnerOnly(RotatingFileHandler):
    def _open(self) -> object:  # type: ignore[override]
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return open(handle, self.mode, encoding=self.encoding)


def log_to(home: Home, *, turn: bool = True) -> None:
    """Sends this process's log to the home's file. StorageError if it cannot be opened.

    `turn`: this process keeps the file within its bound; of several that write, only the one that holds the home does.
    """
    try:
        bound = _MAX_BYTES if turn else 0
        handler = _OwnerOnly(home.log, maxBytes=bound, backupCount=1, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{home.log}: cannot be opened: {error.strerror or error}") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("slskmesh")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.propagate = False
