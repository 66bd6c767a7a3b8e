"""Searches as clients of slskd know them: from hits of the façade to its shapes. Pure.

Rules:
- A user's files are under his name, a peer's under "mesh:" and the beginning of its id (`names.mesh_user`). Remote
  paths are whole and as the engine shows them, so that what is given back is found again.
- What is not known of a file is absent. `uploadSpeed` of a peer is 0: it does not say. Its slot counts as free, for
  peers share what they send among all who ask.
- Files a user gives to others only are apart, in `lockedFiles`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

import msgspec

from slskmesh.engine.views import HitView
from slskmesh.gateway.answers import Camel
from slskmesh.gateway.file_shapes import extension_of
from slskmesh.gateway.names import mesh_user

IN_PROGRESS: Final = "InProgress"
TIMED_OUT: Final = "Completed, TimedOut"
RESPONSES_REACHED: Final = "Completed, ResponseLimitReached"
FILES_REACHED: Final = "Completed, FileLimitReached"
CANCELLED: Final = "Completed, Cancelled"
ERRORED: Final = "Completed, Errored"

_MOST: Final = 2**31 - 1  # as slskd counts
_FEW: Final = 1_000  # a smaller timeout is meant in seconds
_TIMEOUT_MAX: Final = 120.0  # seconds of any search
_encode: Final = msgspec.json.Encoder().encode
Limit = Annotated[int, msgspec.Meta(ge=1, le=_MOST)]
Count = Annotated[int, msgspec.Meta(ge=0, le=_MOST)]


class SearchRequest(Camel, frozen=True, kw_only=True):
    """What is searched for, and when it is enough.

    `searchTimeout`: for how long nobody may have answered when the search is over, milliseconds; below 1,000 seconds.
    With `filterResponses` users are left out who have fewer files or are slower (bytes/s) than the minimum, or have
    more waiting in their queue than the maximum. `id`: a UUID, made where it is missing.
    """

    search_text: str
    id: str | None = None
    file_limit: Limit = 10_000
    filter_responses: bool = True
    maximum_peer_queue_length: Count = 1_000_000
    minimum_peer_upload_speed: Count = 0
    minimum_response_file_count: Count = 1
    response_limit: Limit = 100
    search_timeout: Annotated[int, msgspec.Meta(ge=5, le=_MOST)] = 15_000


class SearchFile(Camel, frozen=True, kw_only=True):
    """One file that was found. `filename` is the whole remote path; bytes, kbit/s, bits, seconds, Hz."""

    filename: str
    size: int
    code: int
    extension: str
    is_locked: bool
    bit_rate: int | None = None
    bit_depth: int | None = None
    length: int | None = None
    sample_rate: int | None = None
    is_variable_bit_rate: bool | None = None


class SearchResponse(Camel, frozen=True, kw_only=True):
    """What one user has of it; `upload_speed` in bytes/s."""

    username: str
    token: int
    has_free_upload_slot: bool
    upload_speed: int
    queue_length: int
    file_count: int
    files: list[SearchFile]
    locked_file_count: int
    locked_files: list[SearchFile]


class Search(Camel, frozen=True, kw_only=True):
    """One search and how it stands; counts grow while it goes on. `responses` is empty unless it is asked for."""

    id: str
    search_text: str
    token: int
    state: str
    is_complete: bool
    started_at: str
    ended_at: str | None = None
    file_count: int
    locked_file_count: int
    response_count: int
    responses: list[SearchResponse]


def quiet_seconds(timeout: int) -> float:
    """A `searchTimeout` in seconds: slskd's words say seconds, its code takes milliseconds, so programs send both."""
    return min(max(timeout / 1_000 if timeout >= _FEW else float(timeout), 1.0), _TIMEOUT_MAX)


def whole(search: Search, responses: bytes) -> bytes:
    """The JSON of a search whose responses are JSON already; its own are empty."""
    assert not search.responses and search.__struct_fields__[-1] == "responses"
    return _encode(search).removesuffix(b"[]}") + responses + b"}"


def username_of(hit: HitView) -> str:
    """Under whose name a hit is shown."""
    return str(hit.user) if hit.via == "soulseek" else mesh_user(hit.peer)


def search_file(filename: str, hit: HitView) -> SearchFile:
    """One file, given its remote path."""
    return SearchFile(
        filename=filename,
        size=hit.size,
        code=1,
        extension=extension_of(hit.name),
        is_locked=hit.locked,
        bit_rate=round(hit.bitrate / 1_000) or None,
        bit_depth=hit.bit_depth or None,
        length=round(hit.duration) or None,
        sample_rate=hit.sample_rate or None,
        is_variable_bit_rate=hit.vbr,
    )


def search_response(username: str, token: int, files: Iterable[tuple[str, HitView]]) -> SearchResponse:
    """What one user has, given his hits by their remote paths; at least one."""
    opened: list[SearchFile] = []
    locked: list[SearchFile] = []
    for filename, hit in files:
        (locked if hit.locked else opened).append(search_file(filename, hit))
        last = hit  # the newest word of him counts
    return SearchResponse(
        username=username,
        token=token,
        has_free_upload_slot=last.free_slot if last.free_slot is not None else last.via == "mesh",
        upload_speed=last.speed or 0,
        queue_length=last.queue or 0,
        file_count=len(opened),
        files=opened,
        locked_file_count=len(locked),
        locked_files=locked,
    )
