"""Files and directories in lists of shares as slskd's API has them, and whole lists as JSON that is made as it is sent.

Rules:
- Directories are parted by backslashes, as the network has them; the name of a file in one is its last part alone.
- What is not known is absent; no attribute is made up. Numbers of attributes are the network's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from slskmesh.engine.legacy_views import RemoteFileView
from slskmesh.engine.views import OwnFileView
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

    Directories come in order, each in one or more portions; what is returned is to be sent at once.
    """

    def __init__(self) -> None:
        self.count = 0
        self._open: str | None = None
        self._files = 0

    def add(self, name: str, files: Iterable[ListedFile], *, goes_on: bool = False) -> bytes:
        """Files of a directory; `goes_on`: of the one that was added last, which so is not a second one."""
        return b"".join(self._add(name, files, goes_on))

    def _add(self, name: str, files: Iterable[ListedFile], goes_on: bool) -> Iterator[bytes]:
        if not goes_on or self._open != name:
            yield self._close()
            yield b"%s{%s:%s,%s:[" % (b"," if self.count else b"", b'"name"', _encode(name), b'"files"')
            self.count, self._open, self._files = self.count + 1, name, 0
        for file in files:
            yield (b"," if self._files else b"") + _encode(file)
            self._files += 1

    def end(self) -> bytes:
        """What ends it but for the array's own bracket."""
        return self._close()

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return b'],"fileCount":%d}' % self._files
