"""The partial file of a download: sparse data, a map of what is verified, and the way to the finished file.

Rules:
- `<downloads>/.incomplete/<content>.part` holds the data, `<content>.map` the manifest, the names and the verified
  chunks; the map is replaced as a whole. It is a hint: after a restart every chunk it claims is hashed again, and
  so is all other data the file holds, so a kill costs no verified chunk.
- The functions that touch the disk run in worker threads: `write`, `check` and `follow` in the disk thread only.
- The whole-file hash reads back what was written: a check of our own disk code. A file that fails it is kept as
  `.bad` and never offered.
- The finished file never replaces another: it is linked to a free name.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
from pathlib import Path

import msgspec

from slskmesh.errors import PeerError, StorageError
from slskmesh.library.manifest import Manifest
from slskmesh.paths import atomic_write, safe_join, sync_folder
from slskmesh.swarm.bitfield import ChunkSpace
from slskmesh.text import safe_name

INCOMPLETE = ".incomplete"
MAP_VERSION = 1
FOLLOW_STEP = 1 << 20
FOLDER_DEPTH = 12
NAME_TRIES = 1000
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_LINK = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


class MapRecord(msgspec.Struct, frozen=True):
    """What the map file holds (msgpack)."""

    version: int
    content: bytes
    name: str
    folder: str
    manifest: Manifest
    bits: bytes


def storage_error(error: OSError, path: Path) -> StorageError:
    """The sentence for a disk's failure."""
    return StorageError(f"{path}: {error.strerror or error}")


def part_paths(downloads: Path, content: bytes) -> tuple[Path, Path]:
    """Where the data and the map of a content are kept."""
    folder = downloads / INCOMPLETE
    return folder / f"{content.hex()}.part", folder / f"{content.hex()}.map"


def load_map(downloads: Path, content: bytes) -> tuple[MapRecord | None, str]:
    """The map an earlier run left, if it is whole and of this content; else None and why (empty: there is none)."""
    path = part_paths(downloads, content)[1]
    try:
        record = msgspec.msgpack.decode(path.read_bytes(), type=MapRecord)
        if record.version != MAP_VERSION or record.content != content:
            return None, "the chunk map on disk is of another kind or version"
        record.manifest.prove(content)
        ChunkSpace(record.manifest.chunks).parse(record.bits)
    except FileNotFoundError:
        return None, ""
    except OSError as error:
        raise storage_error(error, path) from error
    except (msgspec.MsgspecError, PeerError):
        return None, "the chunk map on disk is damaged"
    return record, ""


def delete_partial(downloads: Path, content: bytes) -> None:
    """Removes data and map of a content, whatever is there of them."""
    for path in part_paths(downloads, content):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error, path) from error


class Part:
    """The open partial file of one download."""

    def __init__(self, downloads: Path, content: bytes, manifest: Manifest, name: str, folder: str) -> None:
        """Opens or makes the file at its full size, sparse."""
        self.downloads = downloads
        self.content = content
        self.manifest = manifest
        self.name = name
        self.folder = folder
        self.space = ChunkSpace(manifest.chunks)
        self.path, self.map_path = part_paths(downloads, content)
        self._sha = hashlib.sha256()
        self._hashed = 0  # bytes
        self._prefix = 0  # chunks written without a gap from the beginning
        self._beyond: set[int] = set()
        self._scratch = bytearray()
        self._file = -1
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(self.path, flags, 0o666)
            if os.fstat(self._file).st_size != manifest.size:
                os.ftruncate(self._file, manifest.size)
        except OSError as error:
            self.close()
            raise self._failed(error) from error

    def close(self) -> None:
        """Closes the file; nothing is deleted."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    # -- chunks ------------------------------------------------------------------------------------------------

    def accept(self, index: int, data: memoryview) -> bool:
        """Verifies and writes one chunk; False, and nothing written, if the bytes are not that chunk."""
        if not self.manifest.matches(index, data):
            return False
        try:
            at, end = index * self.manifest.chunk_size, len(data)
            done = os.pwrite(self._file, data, at)
            while done < end:
                done += os.pwrite(self._file, data[done:], at + done)
            if os.fstat(self._file).st_nlink == 0:
                raise StorageError(f"{self.path}: the partial file was deleted; resume to start it again")
        except OSError as error:
            raise self._failed(error) from error
        self._mark(index)
        return True

    def found(self, claimed: bytes | None) -> list[int]:
        """Chunks worth checking: those the map claims and those that lie in written parts of the file."""
        bits = int.from_bytes(claimed, "big") if claimed is not None else 0
        at, size, step = 0, self.manifest.size, self.manifest.chunk_size
        try:
            while at < size:
                try:
                    start = os.lseek(self._file, at, os.SEEK_DATA)
                except OSError as error:
                    if error.errno == errno.ENXIO:  # only a hole is left
                        break
                    raise
                at = os.lseek(self._file, start, os.SEEK_HOLE)
                first, last = start // step, (at - 1) // step
                bits |= ((1 << (last - first + 1)) - 1) << (self.space.width - 1 - last)
        except OSError as error:
            raise self._failed(error) from error
        return list(self.space.walk(bits))

    def check(self, chunks: list[int]) -> int:
        """The set of those chunks whose bytes on disk are right."""
        good = 0
        for index in chunks:
            data = self._read(index * self.manifest.chunk_size, self.manifest.chunk_length(index))
            if self.manifest.matches(index, data):
                good |= self.space.bit(index)
                self._mark(index)
        return good

    def _mark(self, index: int) -> None:
        if index != self._prefix:
            self._beyond.add(index)
            return
        self._prefix += 1
        while self._prefix in self._beyond:
            self._beyond.remove(self._prefix)
            self._prefix += 1

    def _read(self, at: int, length: int) -> memoryview:
        if len(self._scratch) < length:
            self._scratch = bytearray(length)
        view = memoryview(self._scratch)[:length]
        try:
            got = os.preadv(self._file, [view], at)
            while got < length:
                more = os.preadv(self._file, [view[got:]], at + got)
                if not more:
                    raise StorageError(f"{self.path}: the partial file was cut short; resume to mend it")
                got += more
        except OSError as error:
            raise self._failed(error) from error
        return view

    # -- map ---------------------------------------------------------------------------------------------------

    def save_map(self, bits: int) -> None:
        """Writes the map with this set of verified chunks."""
        record = MapRecord(
            MAP_VERSION, self.content, self.name, self.folder, self.manifest, self.space.pack(bits)
        )
        try:
            atomic_write(self.map_path, msgspec.msgpack.encode(record))
        except StorageError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in _NO_SPACE:
                raise self._failed(error.__cause__) from error
            raise

    # -- finish ------------------------------------------------------------------------------------------------

    def follow(self) -> bool:
        """Hashes a little more of the gapless beginning; False if there is nothing to do now."""
        end = min(self._prefix * self.manifest.chunk_size, self.manifest.size)
        step = min(FOLLOW_STEP, end - self._hashed)
        if step <= 0 or self._file < 0:
            return False
        try:
            self._sha.update(self._read(self._hashed, step))
        except StorageError:
            return False  # the next write or the end meets the same trouble and reports it
        self._hashed += step
        return True

    def whole(self, steps: int = 8) -> bool | None:
        """Takes some steps of the whole-file hash; None: not done yet, else whether it is the manifest's."""
        for _ in range(steps):
            if self._hashed == self.manifest.size:
                return self._sha.digest() == self.manifest.sha256
            step = min(FOLLOW_STEP, self.manifest.size - self._hashed)
            self._sha.update(self._read(self._hashed, step))
            self._hashed += step
        return None

    def quarantine(self) -> Path:
        """Sets the data aside as `.bad`, removes the map; returns where the data is now."""
        bad = self.path.with_suffix(".bad")
        try:
            os.replace(self.path, bad)
            self.map_path.unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error) from error
        return bad

    def place(self) -> Path:
        """Moves the whole file to a free name below the downloads folder; returns where it stands.

        A file of that name with the same bytes is taken as the result.
        """
        try:
            os.fsync(self._file)
            folder = self._target_folder()
            for number in range(1, NAME_TRIES):
                target = safe_join(folder, numbered(safe_name(self.name), number))
                if self._link(target) or self._same(target):
                    self.path.unlink(missing_ok=True)
                    sync_folder(folder)
                    self.map_path.unlink(missing_ok=True)
                    return target
        except OSError as error:
            raise self._failed(error) from error
        raise StorageError(f"{folder}: too many files are named like {safe_name(self.name)}")

    def _target_folder(self) -> Path:
        words = [word for word in self.folder.replace("\\", "/").split("/") if word.strip(" .")]
        folder = self.downloads
        if words:
            folder = safe_join(self.downloads, *(safe_name(word) for word in words[:FOLDER_DEPTH]))
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _link(self, target: Path) -> bool:
        try:
            os.link(self.path, target, follow_symlinks=False)
            return True
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
        try:  # no hard links here: reserve the name, then replace the reservation
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        except FileExistsError:
            return False
        os.replace(self.path, target)
        return True

    def _same(self, target: Path) -> bool:
        with contextlib.suppress(FileNotFoundError, IsADirectoryError, PermissionError):
            if target.is_symlink() or target.stat().st_size != self.manifest.size:
                return False
            with open(target, "rb") as file:
                return hashlib.file_digest(file, "sha256").digest() == self.manifest.sha256
        return False

    def _failed(self, error: OSError) -> StorageError:
        if error.errno not in _NO_SPACE:
            return storage_error(error, self.path)
        need = self.manifest.size
        with contextlib.suppress(OSError):
            need -= os.fstat(self._file).st_blocks * 512 if self._file >= 0 else 0
            need -= shutil.disk_usage(self.downloads).free
        return StorageError(
            f"disk full: free {max(1, -(-need // 1_000_000))} MB at {self.downloads}, then resume"
        )


def numbered(name: str, number: int) -> str:
    """`name` for number 1, else "stem (number).ext", never longer than 255 bytes."""
    if number == 1:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension) > 16:
        stem, dot, extension = name, "", ""
    tail = f" ({number}){dot}{extension}"
    return stem.encode()[: 255 - len(tail.encode())].decode(errors="ignore") + tail
