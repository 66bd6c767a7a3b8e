"""Takes one file in: opens it once, hashes it, reads its tags, and makes the row the database keeps.

Rules:
- Hash and tags are of the same bytes: one descriptor, and the file is unchanged from first to last read.
- The tags of a file that fits one block are read from memory, not from the disk again.
- What peers will see (folder, name, tags) is made harmless here, before it is stored.
"""

from __future__ import annotations

import functools
import os
from typing import IO, NamedTuple

from slskmesh.errors import StorageError
from slskmesh.library import hashing, kinds, tags
from slskmesh.library.domain import NOTHING, Domain, Tags
from slskmesh.library.manifest import ContentId, Manifest
from slskmesh.library.walk import stamp_of
from slskmesh.text import SafeStr, sanitize
from slskmesh.wire import limits


class Taken(NamedTuple):
    """One file as it goes into the database. `problem` is what a person should know, "" for nothing."""

    path: bytes
    stamp: bytes
    folder: SafeStr
    name: SafeStr
    domain: Domain
    tags: Tags
    manifest: Manifest
    content: ContentId
    problem: str = ""


@functools.lru_cache(maxsize=256)
def _folder(root: bytes, folder: bytes) -> SafeStr:
    parts = [os.path.basename(root) or b"share", *folder[len(root) :].split(b"/")]
    return sanitize(
        "/".join(sanitize(part, limits.FILE_NAME_MAX) for part in parts if part), limits.FOLDER_MAX
    )


def virtual_place(root: bytes, path: bytes) -> tuple[SafeStr, SafeStr]:
    """(folder, name) under which peers see the file at `path` of the share at `root`: the share's own name first."""
    folder, name = os.path.split(path)
    return _folder(root, folder), sanitize(name, limits.FILE_NAME_MAX) or SafeStr("_")


def take(
    root: bytes, path: bytes, *, follow_link: bool = False, pulse: hashing.Pulse = lambda _: None
) -> Taken:
    """Reads the file at `path`. Raises StorageError (its text is the reason alone) where that cannot be done.

    `pulse(n)` is told of every n bytes read and may raise to stop.
    """
    with hashing.open_regular(path, follow_link=follow_link) as (fd, status):
        size = status.st_size
        if not 0 < size <= limits.FILE_MAX:
            raise StorageError("is larger than 64 GiB" if size else "became empty")
        manifest, block = hashing.manifest_of_file(fd, size, pulse)
        read = _describe(path, block, size) if size <= hashing.BLOCK else _describe_open(path, fd, size)
        hashing.check_unchanged(fd, status)
    return _taken(root, path, status, manifest, read)


def take_known(root: bytes, path: bytes, manifest: Manifest) -> Taken:
    """As `take`, for a file whose manifest was proved when it was written: only its tags are read."""
    with hashing.open_regular(path) as (fd, status):
        if status.st_size != manifest.size:
            raise StorageError(f"has {status.st_size} bytes where {manifest.size} were verified")
        read = _describe_open(path, fd, status.st_size)
        hashing.check_unchanged(fd, status)
    return _taken(root, path, status, manifest, read)


def _taken(
    root: bytes, path: bytes, status: os.stat_result, manifest: Manifest, read: tuple[Domain, Tags, str]
) -> Taken:
    domain, found, problem = read
    folder, name = virtual_place(root, path)
    return Taken(
        path, stamp_of(status), folder, name, domain, found, manifest, manifest.content_id(), problem
    )


def _describe_open(path: bytes, fd: int, size: int) -> tuple[Domain, Tags, str]:
    os.lseek(fd, 0, os.SEEK_SET)
    with os.fdopen(os.dup(fd), "rb") as file:
        return _describe(path, file, size)


def _describe(path: bytes, source: memoryview | IO[bytes], size: int) -> tuple[Domain, Tags, str]:
    """Domain, tags and what went wrong with them. `source`: the whole file in memory, or open."""
    if isinstance(source, memoryview):
        head = bytes(source[: kinds.HEAD])
    else:
        head = source.read(kinds.HEAD)
        source.seek(0)
    suffix = kinds.suffix_of(os.path.basename(path))
    kind = kinds.kind_of(head, suffix)
    bare = Tags(format=sanitize(suffix.upper(), 16) if suffix else NOTHING)
    if not kind:
        return (Domain.GENERIC if kind is None else Domain.MUSIC), bare, ""
    try:
        return Domain.MUSIC, tags.read_tags(kind, source, size), ""
    except tags.TagsError as exc:
        if suffix in kinds.BY_SUFFIX:
            return Domain.MUSIC, bare, str(exc)
        return Domain.GENERIC, bare, ""
