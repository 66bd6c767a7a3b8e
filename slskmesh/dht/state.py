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
    contacts: list[tuple[str, int, int]]  # host, port, Unix seconds of the last answer


def save(path: Path, contacts: Iterable[tuple[Address, float]]) -> None:
    """Writes the latest CONTACTS_MAX of (address, wall time of its last answer). StorageError: nothing changed."""
    latest = dict(sorted(contacts, key=lambda one: one[1]))
    kept = [(*address, int(at)) for address, at in reversed(latest.items())][:CONTACTS_MAX]
    atomic_write(path, json.dumps({"version": _VERSION, "contacts": kept}).encode())


def load(path: Path) -> list[Address]:
    """The addresses saved, the latest first; none if there is no file or it is of no use. StorageError: unreadable."""
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
    latest = sorted(state.contacts, key=lambda one: -one[2])[:CONTACTS_MAX]
    return [address for entry in latest if (address := _usable(entry))]


def _usable(entry: tuple[str, int, int]) -> Address | None:
    try:
        return plain(entry[:2]) if 0 < entry[1] < 65536 else None
    except ValueError:
        return None
