"""What earlier runs left in the folder of partial files: half-written maps, and files no download claims.

Rules: only a half-written map is removed, for its old version still stands. What holds fetched data is never deleted
here: the person is told of it, and either adds the download again or deletes the file. Runs in a worker thread.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import msgspec

from slskmesh.paths import sweep_temporary
from slskmesh.swarm.partial import INCOMPLETE, MapRecord, part_paths, storage_error

_SHOWN = 3
_MAP_MAX = 4 << 20  # bytes; the longest manifest takes 2 MiB
_PARTIAL = re.compile(r"([0-9a-f]{64})\.(?:part|map|bad)")
_CONTENT = re.compile(r"[0-9a-f]{64}")


def look_over(downloads: Path, known: Collection[bytes]) -> str:
    """Tidies one downloads folder; a sentence on what belongs to none of the `known` contents, else empty.

    StorageError: the folder cannot be read.
    """
    folder = downloads / INCOMPLETE
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise storage_error(error, folder) from error
    sweep_temporary(folder, lambda stem: _CONTENT.fullmatch(stem) is not None)
    found = {bytes.fromhex(match[1]) for match in map(_PARTIAL.fullmatch, names) if match}
    stray = sorted(found.difference(known))
    if not stray:
        return ""
    shown = ", ".join(_name(downloads, content) for content in stray[:_SHOWN])
    rest = f" and {len(stray) - _SHOWN} more" if len(stray) > _SHOWN else ""
    files = "file" if len(stray) == 1 else "files"
    return (
        f"{len(stray)} unfinished {files} without a download in {folder}: {shown}{rest}; "
        "add the download again to go on with it, or delete what you do not want"
    )


def _name(downloads: Path, content: bytes) -> str:
    """What a partial file is to become, as its map tells; else its own name."""
    data, chunk_map = part_paths(downloads, content)
    try:
        if chunk_map.stat().st_size <= _MAP_MAX:
            return msgspec.msgpack.decode(chunk_map.read_bytes(), type=MapRecord).name
    except (OSError, msgspec.MsgspecError):
        pass  # the map is only asked for a better name
    return data.name
