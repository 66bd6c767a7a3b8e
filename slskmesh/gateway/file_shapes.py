"""Files and directories in lists of shares as slskd's API has them, and whole lists as JSON that is made as it is sent.

Rules:
- Directories are parted by backslashes, as the network has them; the name of a file in one is its last part alone.
- What is not known is absent; no attribute is made up. Numbers of attributes are the network's.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Final

import msgspec

from slskmesh.engine.legacy_views import RemoteFileView
from slskmesh.engine.views import HitView, OwnFileView
from slskmesh.gateway.answers import Camel

_encode: Final = msgspec.json.Encoder().encode


class FileAttribute(Camel, frozen=True, kw_only=True):
    """One number that the network tells of a file."""

    type: str
    value: int


class ListedFile(Camel, frozen=True, kw_only=True):
    """One file of a directory. Bytes, seconds, kbit/s, Hz."""

    filename: str
    size: int
    code: int
    extension: str
    attribute_count: int
    attributes: list[FileAttribute]
    bit_rate: int | None = None
    length: int | None = None
    is_variable_bit_rate: bool | None = None
    sample_rate: int | None = None
    bit_depth: int | None = None


class ListedDirectory(Camel, frozen=True, kw_only=True):
    """One directory with the files in it."""

    name: str
    file_count: int
    files: list[ListedFile]


class BrowseResponse(Camel, frozen=True, kw_only=True):
    """All that a user shares; locked is what he gives to others only. `note`: why it is not all, or not of now."""

    directories: list[ListedDirectory]
    directory_count: int
    locked_directories: list[ListedDirectory]
    locked_directory_count: int
    note: str | None = None


def directory_name(folder: str) -> str:
    """A folder as the engine shows it, as the network has it."""
    return folder.replace("/", "\\")


def listed_file(file: RemoteFileView) -> ListedFile:
    """One file of a user."""
    return _listed(
        file.name, file.size, file.bitrate, file.duration, file.vbr, file.sample_rate, file.bit_depth
    )


def own_file(file: OwnFileView) -> ListedFile:
    """One file of ours."""
    return _listed(
        file.name,
        file.size,
        round(file.bitrate / 1000) or None,
        round(file.duration) or None,
        None,
        file.sample_rate or None,
        file.bit_depth or None,
    )


def found_file(hit: HitView) -> ListedFile:
    """One file that a search found, by its name alone."""
    return _listed(
        hit.name,
        hit.size,
        hit.bitrate // 1000 or None,
        round(hit.duration) or None,
        hit.vbr,
        hit.sample_rate or None,
        hit.bit_depth or None,
    )


def _listed(
    name: str,
    size: int,
    bitrate: int | None,
    duration: int | None,
    vbr: bool | None,
    sample_rate: int | None,
    bit_depth: int | None,
) -> ListedFile:
    told = {
        "BitRate": bitrate,
        "Length": duration,
        "VariableBitRate": None if vbr is None else int(vbr),
        "SampleRate": sample_rate,
        "BitDepth": bit_depth,
    }
    attributes = [FileAttribute(type=kind, value=value) for kind, value in told.items() if value is not None]
    return ListedFile(
        filename=name,
        size=size,
        code=1,
        extension=extension_of(name),
        attribute_count=len(attributes),
        attributes=attributes,
        bit_rate=bitrate,
        length=duration,
        is_variable_bit_rate=vbr,
        sample_rate=sample_rate,
        bit_depth=bit_depth,
    )


def extension_of(name: str) -> str:
    """What stands behind the last point of a name, in small letters; "" where nothing does."""
    stem, _, ending = name.rpartition(".")
    return ending.lower() if stem and " " not in ending else ""


class Directories:
    """A JSON array of directories in pieces. `count`: of those begun so far.

    Directories come in order, each in one or more portions under a key of its own; what is returned is to be sent at
    once.
    """

    def __init__(self) -> None:
        self.count = 0
        self._key: Hashable = None
        self._files = 0

    def add(self, key: Hashable, name: str, files: Iterable[ListedFile]) -> bytes:
        """Files of a directory, which goes on where the one before had the same key. No key is None."""
        return b"".join(self._add(key, name, files))

    def _add(self, key: Hashable, name: str, files: Iterable[ListedFile]) -> Iterator[bytes]:
        if key != self._key:
            yield self.end() + (b"," if self.count else b"")
            yield b'{"name":' + _encode(name) + b',"files":['
            self.count, self._key, self._files = self.count + 1, key, 0
        for file in files:
            yield (b"," if self._files else b"") + _encode(file)
            self._files += 1

    def end(self) -> bytes:
        """What ends the last one; the array's own bracket is not in it."""
        if self._key is None:
            return b""
        self._key = None
        return b'],"fileCount":%d}' % self._files
