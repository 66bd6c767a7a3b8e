"""The three compressed messages between users (shares, search results, one folder), read and written. Pure.

Rules:
- Each is read within bounds that hold before anything is allocated: bytes before and after decompression, files,
  lengths of texts, attributes of a file. What breaks them is a PeerError of the sender.
- Shares are read as they come, in portions; no more than one portion and one window is held.
- In shares and folders a file has its bare name; here its path is folder, backslash, name.
- Texts are UTF-8, from old clients Latin-1. Unknown attributes are passed over.
Layouts: research soulseek-facts.md; the code of a message and its length are not part of what is read here.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Generator, Iterable, Iterator
from typing import Final

from slskmesh.errors import PeerError
from slskmesh.soulseek.values import Attributes, Listing, RemoteFile, SearchAnswer

SHARES_CODE: Final = 5
SEARCH_CODE: Final = 9
FOLDER_CODE: Final = 37

SHARES_PACKED_MAX: Final = 64 << 20
SHARES_PLAIN_MAX: Final = 1 << 30
REPLY_PLAIN_MAX: Final = 16 << 20
ANSWER_FILES_MAX: Final = 5_000  # of one user to one search; clients send some hundreds at most
FOLDER_FILES_MAX: Final = 50_000
SHARES_ENTRIES_MAX: Final = 10_000_000
PORTION: Final = 1_000
_WINDOW: Final = 64 * 1024
_TEXT_MAX: Final = 16 * 1024
_ATTRIBUTES_MAX: Final = 64

_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")
_PAIR = struct.Struct("<II")


class _Short(Exception):
    """More bytes are needed."""


def _bad(what: str) -> PeerError:
    return PeerError("bad-reply", f"the user's client sent {what}")


class _Reader:
    """Fields out of a growing buffer; `_Short` leaves the position to its owner."""

    __slots__ = ("data", "pos")

    def __init__(self, data: bytes = b"") -> None:
        self.data = data
        self.pos = 0

    def u32(self) -> int:
        end = self.pos + 4
        if end > len(self.data):
            raise _Short
        value: int = _U32.unpack_from(self.data, self.pos)[0]
        self.pos = end
        return value

    def byte(self) -> int:
        if self.pos >= len(self.data):
            raise _Short
        self.pos += 1
        return self.data[self.pos - 1]

    def text(self) -> str:
        length = self.u32()
        if length > _TEXT_MAX:
            raise _bad("a name that is too long")
        end = self.pos + length
        if end > len(self.data):
            raise _Short
        raw = self.data[self.pos : end]
        self.pos = end
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.decode("latin-1")

    def file(self, folder: str, locked: bool) -> RemoteFile:
        self.byte()
        name = self.text()
        end = self.pos + 8
        if end > len(self.data):
            raise _Short
        size: int = _U64.unpack_from(self.data, self.pos)[0]
        self.pos = end
        self.text()  # the extension; clients leave it empty or wrong
        return RemoteFile(f"{folder}\\{name}" if folder else name, size, self.attributes(), locked)

    def attributes(self) -> Attributes:
        count = self.u32()
        if count == 0:
            return _NOTHING
        if count > _ATTRIBUTES_MAX:
            raise _bad("a file with too many attributes")
        end = self.pos + 8 * count
        if end > len(self.data):
            raise _Short
        found = dict(_PAIR.iter_unpack(self.data[self.pos : end]))
        self.pos = end
        vbr = found.get(2)
        return Attributes(
            found.get(0), found.get(1), None if vbr is None else bool(vbr), found.get(4), found.get(5)
        )


_NOTHING: Final = Attributes()


class SharesReader:
    """One user's shares, fed as they come. `feed` and `end` give portions of at most 1,000 files."""

    def __init__(self, user: str, *, plain_max: int = SHARES_PLAIN_MAX) -> None:
        self._user = user
        self._plain_max = plain_max
        self._zip = zlib.decompressobj()
        self._plain = 0
        self._reader = _Reader()
        self._steps = self._read()
        self._folders: list[tuple[str, tuple[RemoteFile, ...]]] = []
        self._files: list[RemoteFile] = []
        self._held = 0
        self._entries = 0
        self._whole = False

    def feed(self, packed: bytes) -> Iterator[Listing | None]:
        """Takes the next bytes; None after each window without a full portion, so that the caller can yield."""
        while packed:
            try:
                plain = self._zip.decompress(packed, _WINDOW)
            except zlib.error as error:
                raise _bad("shares that cannot be decompressed") from error
            packed = self._zip.unconsumed_tail
            self._plain += len(plain)
            if self._plain > self._plain_max:
                raise _bad("shares that are too large")
            if not plain:
                return
            reader = self._reader
            reader.data = reader.data[reader.pos :] + plain
            reader.pos = 0
            yield from self._advance()

    def end(self) -> Listing:
        """The last portion. PeerError where the shares stopped in the middle."""
        if not self._whole:
            raise _bad("shares that stop in the middle")
        return self._portion(done=True)

    def _advance(self) -> Iterator[Listing | None]:
        for full in self._steps:
            if not full:
                yield None
                return
            yield self._portion()

    def _read(self) -> Iterator[bool]:
        """Reads on; True: a portion is full, False: more bytes are needed."""
        reader = self._reader
        for locked in (False, True):
            folders = yield from self._u32()
            for _ in range(folders):
                yield from self._folder(reader, locked)
            if not locked:
                self._whole = True
                yield from self._u32()  # always 0
        while True:
            reader.pos = len(reader.data)
            yield False

    def _folder(self, reader: _Reader, locked: bool) -> Iterator[bool]:
        while True:
            start = reader.pos
            try:
                name = reader.text()
                count = reader.u32()
                break
            except _Short:
                reader.pos = start
                yield False
        self._entries += 1 + count
        if self._entries > SHARES_ENTRIES_MAX:
            raise _bad("shares that are too large")
        if not count:
            self._folders.append((name, ()))
            self._held += 1
        for _ in range(count):
            while True:
                start = reader.pos
                try:
                    self._files.append(reader.file(name, locked))
                    break
                except _Short:
                    reader.pos = start
                    yield False
            if self._held + len(self._files) >= PORTION:
                self._close(name)
                yield True
        self._close(name)
        if self._held >= PORTION:
            yield True

    def _close(self, folder: str) -> None:
        if self._files:
            self._folders.append((folder, tuple(self._files)))
            self._held += len(self._files)
            self._files = []

    def _u32(self) -> Generator[bool, None, int]:
        while True:
            try:
                return self._reader.u32()
            except _Short:
                yield False

    def _portion(self, done: bool = False) -> Listing:
        listing = Listing(self._user, tuple(self._folders), done)
        self._folders, self._held = [], 0
        return listing


def read_search(packed: bytes) -> SearchAnswer:
    """The answer of a search."""
    reader = _Reader(_plain(packed))
    try:
        user, token = reader.text(), reader.u32()
        files = _files(reader, ANSWER_FILES_MAX, locked=False)
        free, speed, queue = bool(reader.byte()), reader.u32(), reader.u32()
        if len(reader.data) - reader.pos >= 8:
            reader.u32()
            files += _files(reader, ANSWER_FILES_MAX - len(files), locked=True)
    except _Short:
        raise _bad("search results that stop in the middle") from None
    return SearchAnswer(token, user, tuple(files), free, speed, queue)


def _files(reader: _Reader, limit: int, *, locked: bool, folder: str = "") -> list[RemoteFile]:
    count = reader.u32()
    files = [reader.file(folder, locked) for _ in range(min(count, limit))]
    if count > limit:
        raise _bad("more files than are taken in")
    return files


def read_folder(packed: bytes) -> tuple[int, str, Listing]:
    """Ticket, folder asked for, what is in it and below. The listing's user is empty: the message does not say."""
    reader = _Reader(_plain(packed))
    left = FOLDER_FILES_MAX
    folders = []
    try:
        ticket, asked = reader.u32(), reader.text()
        for _ in range(reader.u32()):
            name = reader.text()
            files = _files(reader, left, locked=False, folder=name)
            left -= len(files) + 1
            if left < 0:
                raise _bad("more files than are taken in")
            folders.append((name, tuple(files)))
    except _Short:
        raise _bad("a folder that stops in the middle") from None
    return ticket, asked, Listing("", tuple(folders), True)


def decompress(packed: bytes, limit: int = REPLY_PLAIN_MAX) -> bytes:
    """The whole of a small compressed message; PeerError over `limit` bytes, of which no more are ever held."""
    unzip = zlib.decompressobj()
    try:
        plain = unzip.decompress(packed, limit + 1)
    except zlib.error as error:
        raise _bad("a message that cannot be decompressed") from error
    if len(plain) > limit:
        raise _bad("a message that is too large")
    if not unzip.eof:
        raise _bad("a message that stops in the middle")
    return plain


def _plain(packed: bytes) -> bytes:
    return decompress(packed)


# -- writing ----------------------------------------------------------------------------------------------------------


def _text(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    return _U32.pack(len(raw)) + raw


def _file(file: RemoteFile, name: str) -> bytes:
    told = file.attributes
    vbr = None if told.vbr is None else int(told.vbr)
    pairs = [
        (key, value)
        for key, value in enumerate(
            (told.bitrate, told.duration, vbr, None, told.sample_rate, told.bit_depth)
        )
        if value is not None
    ]
    return b"".join(
        (
            b"\x01",
            _text(name),
            _U64.pack(file.size),
            _text(""),
            _U32.pack(len(pairs)),
            *(_PAIR.pack(key, min(value, 0xFFFFFFFF)) for key, value in pairs),
        )
    )


def _framed(code: int, packed: bytes) -> bytes:
    return _PAIR.pack(len(packed) + 4, code) + packed


def write_search(user: str, answer: SearchAnswer) -> bytes:
    """The message, its length and code included. `user` is this side's name."""
    parts = [_text(user), _U32.pack(answer.token)]
    for locked in (False, True):
        files = [file for file in answer.files if file.locked is locked]
        parts.append(_U32.pack(len(files)))
        parts += [_file(file, file.path) for file in files]
        if not locked:
            tail = struct.pack("<?III", answer.free_slot, _clip(answer.speed), _clip(answer.queue), 0)
            parts.append(tail)
    return _framed(SEARCH_CODE, zlib.compress(b"".join(parts)))


def write_folder(ticket: int, asked: str, folders: Iterable[tuple[str, list[RemoteFile]]]) -> bytes:
    """The message that answers a folder request."""
    listed = list(folders)
    parts = [_U32.pack(ticket), _text(asked), _U32.pack(len(listed))]
    for name, files in listed:
        parts += [_text(name), _U32.pack(len(files)), *(_file(file, file.name) for file in files)]
    return _framed(FOLDER_CODE, zlib.compress(b"".join(parts)))


def write_shares(folders: list[tuple[str, list[RemoteFile]]]) -> bytes:
    """The message that answers a browse; compressed folder by folder; slow for large shares."""
    zipper = zlib.compressobj(6)
    packed = bytearray()
    for locked in (False, True):
        chosen = [entry for entry in folders if _is_locked(entry) is locked]
        packed += zipper.compress(_U32.pack(len(chosen)))
        for name, files in chosen:
            body = b"".join(_file(file, file.name) for file in files)
            packed += zipper.compress(_text(name) + _U32.pack(len(files)) + body)
        if not locked:
            packed += zipper.compress(_U32.pack(0))
    packed += zipper.flush()
    return _framed(SHARES_CODE, bytes(packed))


def _is_locked(entry: tuple[str, list[RemoteFile]]) -> bool:
    return bool(entry[1]) and entry[1][0].locked


def _clip(value: int) -> int:
    return max(0, min(value, 0xFFFFFFFF))
