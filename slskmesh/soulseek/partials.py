"""The partial file of a legacy download, and its way to the finished one. Runs in worker threads.

Rules:
- `<downloads>/.incomplete/<key>.legacy` holds the bytes from the beginning, nothing else; its length is how far it is.
- The network has no checksums. So before a partial file is gone on with by another source, or after a restart, its
  last TAIL bytes are cut off into `<key>.tail` and fetched again: what comes must be the same (`tail_holds`), else all
  of it is another file's and is thrown away. A partial file of TAIL bytes or less is simply begun anew.
- The finished file never replaces another: it gets a free name of its own, " (2)" and so on. Which one is written down
  before it is taken (`Target.path`, by the caller), so that after a kill it is known for what it is.
- Every path comes from `safe_join` below the downloads folder, whatever the remote names are.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import struct
from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple

from slskmesh.errors import StorageError
from slskmesh.paths import atomic_write, safe_join, sweep_temporary, sync_folder
from slskmesh.soulseek.folders import numbered
from slskmesh.text import safe_name

INCOMPLETE: Final = ".incomplete"
TAIL: Final = 64 << 10
NAME_TRIES: Final = 1_000
_SPARE: Final = 16 << 20  # bytes that stay free on the disk
_OURS = re.compile(r"([0-9a-f]{32})\.(?:legacy|tail)")
_START: Final = struct.Struct("<Q")
_NO_LINK = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


def part_path(root: Path, key: bytes) -> Path:
    """Where the bytes of a download are kept."""
    return root / INCOMPLETE / f"{key.hex()}.legacy"


def _tail_path(root: Path, key: bytes) -> Path:
    return root / INCOMPLETE / f"{key.hex()}.tail"


def _failed(error: OSError, path: Path) -> StorageError:
    return StorageError(f"{path}: {error.strerror or error}")


def length(root: Path, key: bytes) -> int:
    """Bytes that are there."""
    try:
        return part_path(root, key).stat().st_size
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise _failed(error, part_path(root, key)) from error


class Ready(NamedTuple):
    """A partial file that can be gone on with: its bytes, and where it can be compared (0: nothing to compare)."""

    there: int
    tail_end: int


def prepare(root: Path, key: bytes, size: int, *, recheck: bool) -> Ready:
    """Makes a partial file ready to be gone on with.

    Too long for the file: begun anew. Whole: left as it is. StorageError: no room for the rest, or the disk fails.
    """
    part = part_path(root, key)
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        there = length(root, key)
        if there > size:
            discard(root, key)
            there = 0
        elif recheck and (there < size or _tail_path(root, key).exists()):
            there = _cut(root, key, there)
        start, kept = _read_tail(_tail_path(root, key))
        free = shutil.disk_usage(root).free
        if size - there + _SPARE > free:
            need = -(-(size - there + _SPARE - free) // 1_000_000)
            raise StorageError(f"disk full: free {need} MB at {root}, then resume")
        if size == 0:
            part.touch()
    except OSError as error:
        raise _failed(error, part) from error
    return Ready(there, start + len(kept))


def _cut(root: Path, key: bytes, there: int) -> int:
    """Sets the last bytes aside. They are on the disk before they are cut, so a kill between loses nothing."""
    part, tail = part_path(root, key), _tail_path(root, key)
    start, kept = _read_tail(tail)
    if kept and there < start:
        tail.unlink()
        kept = b""
    if not kept and there <= TAIL:
        part.unlink(missing_ok=True)
        return 0
    with open(part, "r+b") as file:
        if not kept:
            start = there - TAIL
            file.seek(start)
            atomic_write(tail, _START.pack(start) + file.read(TAIL))
        file.truncate(start)
    return start


def _read_tail(tail: Path) -> tuple[int, bytes]:
    """Where the bytes set aside begin, and they; empty where there are none."""
    try:
        raw = tail.read_bytes()
    except FileNotFoundError:
        return 0, b""
    if len(raw) <= _START.size:
        return 0, b""
    (start,) = _START.unpack_from(raw)
    return start, raw[_START.size :]


def tail_holds(root: Path, key: bytes) -> bool | None:
    """Compares what came again with what was set aside, and forgets it where they agree.

    None: not all of it has come yet, and nothing differs so far.
    """
    part, tail = part_path(root, key), _tail_path(root, key)
    try:
        start, kept = _read_tail(tail)
        with open(part, "rb") as file:
            file.seek(start)
            again = file.read(len(kept))
        if not kept.startswith(again):
            return False
        if len(again) < len(kept):
            return None
        tail.unlink(missing_ok=True)
        return True
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _failed(error, part) from error


def discard(root: Path, key: bytes) -> None:
    """Deletes what there is of an unfinished download."""
    try:
        for path in (part_path(root, key), _tail_path(root, key)):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise _failed(error, part_path(root, key)) from error


# -- the finished file ------------------------------------------------------------------------------------------------


def free_name(root: Path, folder: str, name: str) -> Path:
    """A path for a finished file that nothing has yet. `folder` lies below `root`, its parts safe already.

    UserError: the folder leads out of `root`.
    """
    target = root
    try:
        if folder:
            target = safe_join(root, *(safe_name(part) for part in folder.split("/")))
        target.mkdir(parents=True, exist_ok=True)
        for number in range(1, NAME_TRIES):
            path = safe_join(target, numbered(safe_name(name), number))
            if not os.path.lexists(path):
                return path
    except OSError as error:
        raise _failed(error, target) from error
    raise StorageError(f"{target}: too many files are named like {safe_name(name)}")


def is_placed(root: Path, key: bytes, size: int, target: Path) -> bool:
    """Whether an earlier run has put the finished file there, after `target` was written down."""
    part = part_path(root, key)
    with contextlib.suppress(OSError):
        if target.is_symlink() or target.stat().st_size != size:
            return False
        return not part.exists() or part.samefile(target)
    return False


def place(root: Path, key: bytes, target: Path) -> bool:
    """Puts the finished file at `target`, durably; False: something is there by now. The partial name stays for
    `discard` until the list knows of it, where the file system has hard links.
    """
    part = part_path(root, key)
    try:
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        try:
            os.link(part, target, follow_symlinks=False)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            if not _put(part, target):
                return False
        sync_folder(target.parent)
        return True
    except OSError as error:
        raise _failed(error, target) from error


def _put(part: Path, target: Path) -> bool:
    """Without hard links: reserves the name, then replaces the reservation."""
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666))
    except FileExistsError:
        return False
    os.replace(part, target)
    return True


def look_over(root: Path, unfinished: Collection[bytes], finished: Collection[bytes]) -> dict[bytes, int]:
    """Bytes that are there of unfinished downloads; deletes what is left of finished ones. What belongs to no download
    stays: adding it again goes on with it.
    """
    folder = root / INCOMPLETE
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _failed(error, folder) from error
    sweep_temporary(folder, lambda stem: _OURS.fullmatch(stem) is not None)
    found = {bytes.fromhex(match[1]) for match in map(_OURS.fullmatch, names) if match}
    for key in found.intersection(finished):
        discard(root, key)
    return {key: length(root, key) for key in found.intersection(unfinished)}
