"""Searches and downloads in the shapes of the documents' API. Pure.

| state of a transfer, as slskd has it | status |
|---|---|
| Requested; Queued, Locally; Queued, Remotely | queued |
| Initializing, InProgress | running |
| Completed, Succeeded | completed |
| Completed, Cancelled; Completed, Aborted | cancelled |
| any other | failed |

Rules: bytes, milliseconds, kilobits per second; what is not known is absent. Files that a user gives to others only are
left out of what a search found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from msgspec import Meta

from slskmesh.engine.views import HitView
from slskmesh.gateway import orders
from slskmesh.gateway import transfer_shapes as states
from slskmesh.gateway.answers import GatewayError, Snake
from slskmesh.gateway.file_shapes import extension_of
from slskmesh.gateway.transfer_shapes import Transfer
from slskmesh.text import sanitize

GLOBAL: Final = "global"
_STATUS: Final = {
    states.REQUESTED: "queued",
    states.HERE: "queued",
    states.THERE: "queued",
    states.INITIALIZING: "running",
    states.RUNNING: "running",
    states.SUCCEEDED: "completed",
    states.CANCELLED: "cancelled",
    states.ABORTED: "cancelled",
    states.ERRORED: "failed",
    states.REJECTED: "failed",
}
STATUSES: Final = frozenset(_STATUS.values())


class SearchWanted(Snake, frozen=True, kw_only=True):
    """What is searched for. `type` is "global"; `limit` is of files."""

    query: str
    type: str = GLOBAL
    limit: Annotated[int, Meta(ge=1, le=1000)] = 200


class FoundFile(Snake, frozen=True, kw_only=True):
    """One file; `path` is the whole remote path."""

    path: str
    size_bytes: int
    bitrate: int | None = None
    length_ms: int | None = None
    ext: str


class FoundAt(Snake, frozen=True, kw_only=True):
    """What one user or peer has."""

    user: str
    speed_kbps: int | None = None
    files: list[FoundFile]


class SearchResults(Snake, frozen=True, kw_only=True):
    """What was found. `search_id` is that of the same search below /api/v0."""

    search_id: str
    query: str
    results: list[FoundAt]


class DownloadItem(Snake, frozen=True, kw_only=True):
    """One file of a user, as a search showed it. `size_bytes` is needed where no search of late did.

    `target_dir` is below the downloads folder, relative to it or whole. A file keeps its own name: `target_filename`
    may only repeat it.
    """

    user: str
    remote_path: str
    target_dir: str | None = None
    target_filename: str | None = None
    size_bytes: Annotated[int, Meta(ge=0)] | None = None


class DownloadsWanted(Snake, frozen=True, kw_only=True):
    """What is to be fetched."""

    items: Annotated[list[DownloadItem], Meta(min_length=1, max_length=1000)]


class NotOrdered(Snake, frozen=True, kw_only=True):
    """A file that could not be ordered, and why."""

    user: str
    remote_path: str
    error: str


class DownloadsMade(Snake, frozen=True, kw_only=True):
    """The downloads' ids in the order of the items, without those in `failed`."""

    download_ids: list[str]
    failed: list[NotOrdered] | None = None


class Download(Snake, frozen=True, kw_only=True):
    """One download. `progress` is from 0 to 1; `local_path` is there when it is finished."""

    id: str
    user: str
    remote_path: str
    local_path: str | None = None
    status: str
    progress: float
    bytes_total: int
    bytes_transferred: int
    error: str | None = None


class DownloadList(Snake, frozen=True, kw_only=True):
    """All downloads."""

    downloads: list[Download]


def found(users: Iterable[tuple[str, Mapping[str, HitView]]], limit: int) -> list[FoundAt]:
    """What each user has, at most `limit` files in all."""
    results = []
    for user, files in users:
        some = [(path, hit) for path, hit in files.items() if not hit.locked][:limit]
        limit -= len(some)
        if some:
            speed = some[-1][1].speed
            shown = [_file(path, hit) for path, hit in some]
            results.append(
                FoundAt(user=user, speed_kbps=None if speed is None else speed * 8 // 1000, files=shown)
            )
    return results


def _file(path: str, hit: HitView) -> FoundFile:
    return FoundFile(
        path=path,
        size_bytes=hit.size,
        bitrate=round(hit.bitrate / 1000) or None,
        length_ms=round(hit.duration * 1000) or None,
        ext=extension_of(hit.name),
    )


def download_shape(transfer: Transfer, path: str) -> Download:
    """One download, and where it stands once it is finished."""
    return Download(
        id=transfer.id,
        user=transfer.username,
        remote_path=transfer.filename,
        local_path=path or None,
        status=status_of(transfer.state),
        progress=round(transfer.percent_complete / 100, 4),
        bytes_total=transfer.size,
        bytes_transferred=transfer.bytes_transferred,
        error=transfer.exception,
    )


def status_of(state: str) -> str:
    """See the head of this file."""
    return _STATUS.get(state, "failed")


def destination_of(item: DownloadItem, root: str) -> str:
    """Where an item goes below the downloads folder `root`; empty: where such a file goes by itself.

    GatewayError 400: it leads elsewhere, or asks for another name.
    """
    name = orders.parts_of(orders.check_path(item.remote_path))[-1]
    if item.target_filename not in (None, "", name):
        raise GatewayError(400, f"target_filename: a file keeps its name, which is {sanitize(name, 100)}")
    target = item.target_dir or ""
    if root and target.startswith(root.rstrip("/") + "/"):
        target = target[len(root.rstrip("/")) + 1 :]
        if not target.strip("/"):
            return ""
    return orders.destination_of(target) if target else ""
