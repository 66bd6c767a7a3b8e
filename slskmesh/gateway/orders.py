"""What programs order, read and made safe: remote paths, folders for them, ids. Pure.

Rules:
- A remote path is refused where a part of it leads upwards or is no name; it is never mended.
- A file goes below the downloads folder into the last folder of its remote path, under that very name; with a
  destination of its own into that. A destination is relative and leads nowhere else.
"""

from __future__ import annotations

import re
import uuid
from typing import Final

from slskmesh.gateway.answers import GatewayError
from slskmesh.text import sanitize

PATH_MAX: Final = 4_096
FILES_MAX: Final = 5_000
DESTINATION_MAX: Final = 400
DEPTH_MAX: Final = 12
_DRIVE: Final = re.compile(r"[A-Za-z]:")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")


def parts_of(path: str) -> list[str]:
    """The parts of a path, whichever stroke parts them."""
    return path.replace("/", "\\").split("\\")


def check_path(path: str) -> str:
    """A remote path as it came. GatewayError 400: it leads upwards, or is no path of a file."""
    parts = parts_of(path)
    if not parts[-1].strip() or len(path) > PATH_MAX:
        raise GatewayError(400, f"a file has a name, and {PATH_MAX:,} characters with its folders at most")
    if any(part.strip() in (".", "..") for part in parts) or _CONTROL.search(path):
        raise GatewayError(400, f"{sanitize(path)}: a file's path has no part that leads elsewhere")
    return path


def folder_of(path: str) -> str:
    """Where the file of a remote path goes below the downloads folder: the last folder it is in."""
    parts = [part for part in parts_of(path)[:-1] if part.strip(" .")]
    return parts[-1] if parts else ""


def destination_of(text: str) -> str:
    """A folder below the downloads folder, its parts parted by "/". GatewayError 400: it is none."""
    parts = parts_of(text)
    bad = (
        not text.strip()
        or len(text) > DESTINATION_MAX
        or len(parts) > DEPTH_MAX
        or _DRIVE.match(parts[0].strip())
        or _CONTROL.search(text)
        or text.strip()[0] in "/\\~"
    )
    parts = parts[:-1] if parts[-1] == "" else parts  # a stroke at the end
    if bad or any(not part.strip(" .") for part in parts):
        raise GatewayError(400, "destination: a folder below the downloads folder, given relative to it")
    return "/".join(parts)


def guid_of(text: str, what: str) -> str:
    """An id as it is written commonly. GatewayError 400: it is none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise GatewayError(400, f"{what}: this is no id") from None
