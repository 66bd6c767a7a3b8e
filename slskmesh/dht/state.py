"""Addresses of good contacts, kept across runs: JSON, replaced whole. They are hints: each is greeted anew."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from slskmesh.dht.networks import Address, plain
from slskmesh.errors import StorageError
from slskmesh.paths import atomic_write

_VERSION: Final = 1
CONTACTS_MAX: Final = 200
_FILE_MAX: Final = 64 * 1024


class _State(msgspec.Struct):
    version: int
    contacts: list[tuple[str, int]]


def save(path: Path, addresses: Iterable[Address]) -> None:
    """Writes at most CONTACTS_MAX addresses. StorageError: the former file stays."""
    kept = list(dict.fromkeys(addresses))[:CONTACTS_MAX]
    atomic_write(path, json.dumps({"version": _VERSION, "contacts": kept}).encode())


def load(path: Path) -> list[Address]:
    """The addresses saved; none if there is no file or it is of no use. StorageError: it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_MAX + 1)
        state = msgspec.json.decode(data, type=_State)
    except FileNotFoundError:
        return []
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return []
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error
    if state.version != _VERSION:
        return []
    return [address for entry in state.contacts[:CONTACTS_MAX] if (address := _usable(entry))]


def _usable(entry: tuple[str, int]) -> Address | None:
    try:
        return plain(entry) if 0 < entry[1] < 65536 else None
    except ValueError:
        return None
