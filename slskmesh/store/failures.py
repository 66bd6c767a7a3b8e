"""Which database errors are the machine's fault. The one place that turns them into errors of this project.

What is not named here (a constraint that failed, bad SQL) goes on as it is: the job's own business, or our fault.
A commit that failed for want of room undoes its transaction by itself; peewee's own rollback then fails too and hides
why, so an error is judged with those it was raised over.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import peewee

from slskmesh.errors import StorageError

_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and try again",
    sqlite3.SQLITE_IOERR: "the disk failed to read or write it",
    sqlite3.SQLITE_READONLY: "it is read-only; check its permissions and its file system",
    sqlite3.SQLITE_PERM: "access is denied; check its permissions",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that its folder exists and can be written",
    sqlite3.SQLITE_BUSY: "another program holds it locked",
    sqlite3.SQLITE_LOCKED: "another program holds it locked",
    sqlite3.SQLITE_NOMEM: "there is no memory left for it",
    sqlite3.SQLITE_CORRUPT: "it is damaged; put a backup back, or move it away to start a new one",
    sqlite3.SQLITE_NOTADB: "it is not a database; move it away to start a new one",
}


def translated(error: BaseException, path: Path) -> BaseException:
    """A StorageError with `error` as its cause where the machine failed, else `error` itself."""
    reason, under = _REASONS.get(_code(error)), error.__context__
    while reason is None and under is not None:
        reason, under = _REASONS.get(_code(under)), under.__context__
    if reason is None:
        return error
    storage = StorageError(f"{path}: {reason}")
    storage.__cause__ = error
    return storage


def _code(error: BaseException) -> int:
    """SQLite's primary result code, -1 where there is none."""
    driver = error.orig if isinstance(error, peewee.PeeweeException) and hasattr(error, "orig") else error
    if isinstance(driver, sqlite3.Error) and hasattr(driver, "sqlite_errorcode"):
        return driver.sqlite_errorcode & 0xFF
    return -1
