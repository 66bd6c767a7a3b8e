"""Walks a share: which files are there, and what they look like from outside (blocking; runs in a worker thread).

Rules:
- Paths are bytes from the file system to the database; nothing is lost to a name that is not UTF-8.
- Hidden files and folders, special files (pipes, sockets, devices), what an `exclude` pattern names, and the
  litter of other systems are left out; so are private folders: our own home holds the key.
- A link that leads out of the shares is refused and reported, always. Links to what is shared anyway are followed
  only with `follow_links`, each folder once in a walk and never one that the link itself is below.
- A folder that cannot be listed is reported and remembered in `blind`: of what is below it nothing is known, so
  nothing below it may be forgotten.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import stat
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final

Entry = tuple[bytes, os.stat_result]
Note = Callable[[bytes, str], None]

LITTER: Final = frozenset(
    (b"Thumbs.db", b"desktop.ini", b"System Volume Information", b"$RECYCLE.BIN", b"@eaDir", b"lost+found")
)
_STAMP = struct.Struct(">QqQ").pack


def stamp_of(status: os.stat_result) -> bytes:
    """24 bytes that change when a file does: size, mtime in nanoseconds, inode."""
    return _STAMP(status.st_size, status.st_mtime_ns, status.st_ino)


def reason_of(error: OSError) -> str:
    """The system's word for what went wrong, without path and number."""
    return (error.strerror or str(error) or type(error).__name__).lower()


class Filter:
    """What is never shared, by name: hidden files and folders, litter, and what `exclude` patterns name.

    A pattern with a "/" is held against the path below the share, any other against each name; as in a shell.
    """

    def __init__(self, exclude: Sequence[str] = ()) -> None:
        names = [fnmatch.translate(pattern) for pattern in exclude if "/" not in pattern]
        paths = [fnmatch.translate(pattern.strip("/")) for pattern in exclude if "/" in pattern]
        self._by_name = re.compile("|".join(names)).match if names else None
        self._by_path = re.compile("|".join(paths)).match if paths else None

    def leaves_out(self, root: bytes, path: bytes, name: bytes) -> bool:
        """Whether the entry `name` at `path`, below `root`, is left out."""
        if name.startswith(b".") or name in LITTER:
            return True
        if self._by_name is not None and self._by_name(os.fsdecode(name)):
            return True
        return self._by_path is not None and bool(self._by_path(os.fsdecode(path[len(root) :].lstrip(b"/"))))

    def leaves_out_path(self, root: bytes, path: bytes) -> bool:
        """Whether `path`, or a folder between it and `root`, is left out."""
        while len(path) > len(root):
            folder, name = os.path.split(path)
            if self.leaves_out(root, path, name):
                return True
            path = folder
        return False


def inside(path: bytes, tree: bytes) -> bool:
    """Whether `path` is `tree` or below it; both real and absolute."""
    return path == tree or path.startswith(tree.rstrip(b"/") + b"/")


class Walk:
    """One walk over one share at `root` (absolute). `shares`: real paths of all shares, this one among them.

    `private`: real paths of folders that are left out wherever they turn up.
    """

    def __init__(
        self,
        root: bytes,
        shares: Sequence[bytes],
        note: Note,
        *,
        rules: Filter | None = None,
        follow_links: bool = False,
        private: Sequence[bytes] = (),
        pulse: Callable[[], None] = lambda: None,
    ) -> None:
        self.root = root
        self.blind: list[bytes] = []
        self._shares = shares
        self._followed: set[bytes] = set()
        self._note = note
        self._rules = rules or Filter()
        self._follow = follow_links
        self._private = frozenset(private)
        self._private_names = {os.path.basename(path) for path in private}
        self._pulse = pulse

    def entries(self) -> Iterator[Entry]:
        """Every file to share, in no order. `pulse` is called once a folder and may raise to end the walk."""
        stack = [self.root]
        while stack:
            folder = stack.pop()
            self._pulse()
            try:
                with os.scandir(folder) as listing:
                    yield from self._folder(listing, stack)
            except OSError as exc:
                self.blind.append(folder)
                self._note(folder, f"cannot be listed: {reason_of(exc)}")

    def _folder(self, listing: Iterator[os.DirEntry[bytes]], stack: list[bytes]) -> Iterator[Entry]:
        for item in listing:
            if self._rules.leaves_out(self.root, item.path, item.name):
                continue
            try:
                if item.is_symlink():
                    if self._takes(item):
                        status = item.stat()
                    else:
                        continue
                elif item.is_dir(follow_symlinks=False):
                    if not self._is_private(item):
                        stack.append(item.path)
                    continue
                else:
                    status = item.stat(follow_symlinks=False)
            except OSError as exc:
                self._lost(item, exc)
                continue
            if stat.S_ISREG(status.st_mode):
                yield item.path, status
            elif stat.S_ISDIR(status.st_mode):
                stack.append(item.path)

    def _is_private(self, item: os.DirEntry[bytes]) -> bool:
        return item.name in self._private_names and os.path.realpath(item.path) in self._private

    def _lost(self, item: os.DirEntry[bytes], error: OSError) -> None:
        if error.errno == errno.ENOENT and not item.is_symlink():
            return  # deleted since the folder was listed
        word = (
            "link points to nothing" if error.errno == errno.ENOENT else f"cannot be read: {reason_of(error)}"
        )
        self._note(item.path, word)

    def _takes(self, item: os.DirEntry[bytes]) -> bool:
        """Whether the link `item` is to be followed; notes why not. Raises OSError where it leads nowhere."""
        target = os.path.realpath(item.path, strict=True)
        share = next((share for share in self._shares if inside(target, share)), None)
        if share is None:
            self._note(item.path, "link leaves the share; not followed")
            return False
        if any(inside(target, path) for path in self._private):
            return False
        if not self._follow or target in self._followed or self._rules.leaves_out_path(share, target):
            return False
        if inside(os.path.realpath(os.path.dirname(item.path)), target):
            self._note(item.path, "link leads back to a folder it is in; not followed")
            return False
        if item.is_dir():
            self._followed.add(target)
        return True
