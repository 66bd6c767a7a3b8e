"""Transfers as clients of slskd know them: from the engine's views to its shapes. Pure.

| the engine says | state |
|---|---|
| queued here; paused by the person | Queued, Locally |
| waits in the user's queue; no peer sends a missing chunk | Queued, Remotely |
| connecting; peers are asked who has it; what is on disk is checked | Initializing |
| bytes come, or are being checked and put in place | InProgress |
| done | Completed, Succeeded |
| stopped by a program (`OrderView.cancelled`) | Completed, Cancelled |
| the user will not give it | Completed, Rejected |
| failed in any other way | Completed, Errored |

Rules:
- A download from a Soulseek user that peers finish is one transfer, his, with the bytes of both sides.
- `averageSpeed` is the speed of now, of a finished one its size over the time since it was asked for. `enqueuedAt`,
  `startedAt` and, where the engine does not tell, `endedAt` are when the gateway first saw it in the user's queue, in
  progress, over.
- Times are ISO-8601 in UTC with "Z", spans "hh:mm:ss.fffffff"; what is not known is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple

from slskmesh.engine.legacy_views import LegacyDownloadView, LegacyPhase, LegacyUploadView
from slskmesh.engine.order_commands import OrderView
from slskmesh.engine.views import TransferState, TransferView, UploadView
from slskmesh.gateway.answers import Camel
from slskmesh.gateway.names import mesh_user, uuid_of_key
from slskmesh.gateway.social_shapes import iso

REQUESTED: Final = "Requested"
HERE: Final = "Queued, Locally"
THERE: Final = "Queued, Remotely"
INITIALIZING: Final = "Initializing"
RUNNING: Final = "InProgress"
SUCCEEDED: Final = "Completed, Succeeded"
CANCELLED: Final = "Completed, Cancelled"
ABORTED: Final = "Completed, Aborted"
ERRORED: Final = "Completed, Errored"
REJECTED: Final = "Completed, Rejected"
STATES: Final = frozenset(
    {
        *(REQUESTED, HERE, THERE, INITIALIZING, RUNNING),
        *(SUCCEEDED, CANCELLED, ABORTED, ERRORED, REJECTED),
    }
)
NOBODY: Final = "mesh"  # the user of a download from peers of which no source is known
_KEY: Final = 32  # hexadecimal digits of a transfer's name
_SPAN_MAX: Final = 900_000_000_000.0  # seconds; some 29,000 years
_DAY: Final = 86_400

_LEGACY: Final = {
    LegacyPhase.QUEUED: HERE,
    LegacyPhase.REQUESTED: THERE,
    LegacyPhase.CONNECTING: INITIALIZING,
    LegacyPhase.ACTIVE: RUNNING,
    LegacyPhase.DONE: SUCCEEDED,
    LegacyPhase.PAUSED: HERE,
    LegacyPhase.ABORTED: ABORTED,
    LegacyPhase.FAILED: ERRORED,
}
_MESH: Final = {
    TransferState.QUEUED: HERE,
    TransferState.FINDING: INITIALIZING,
    TransferState.CHECKING: INITIALIZING,
    TransferState.ACTIVE: RUNNING,
    TransferState.STALLED: THERE,
    TransferState.FINISHING: RUNNING,
    TransferState.DONE: SUCCEEDED,
    TransferState.PAUSED: HERE,
    TransferState.FAILED: ERRORED,
}


class Transfer(Camel, frozen=True, kw_only=True):
    """One download or upload. `direction`: "Download", "Upload"; bytes, bytes/s, per cent."""

    id: str
    batch_id: str | None = None
    username: str
    direction: str
    filename: str
    size: int
    start_offset: int
    state: str
    state_description: str
    requested_at: str
    enqueued_at: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    bytes_transferred: int
    average_speed: float
    place_in_queue: int | None = None
    exception: str | None = None
    attempts: int
    next_attempt_at: str | None = None
    removed: bool
    bytes_remaining: int
    elapsed_time: str | None = None
    percent_complete: float
    remaining_time: str | None = None


class TransferDirectory(Camel, frozen=True, kw_only=True):
    """Transfers of files of one remote folder."""

    directory: str
    file_count: int
    files: tuple[Transfer, ...]


class UserTransfers(Camel, frozen=True, kw_only=True):
    """Transfers with one user."""

    username: str
    directories: tuple[TransferDirectory, ...]


class Facts(NamedTuple):
    """What there is to say of a transfer, whatever it is. Unix seconds; None is unknown."""

    key: str  # 32 hexadecimal digits
    user: str
    file: str
    size: int
    done: int
    state: str
    requested: float
    upload: bool = False
    rate: float = 0.0
    eta: float | None = None
    enqueued: float | None = None
    started: float | None = None
    ended: float | None = None
    place: int | None = None
    reason: str = ""
    tries: int = 0
    next_try: float | None = None
    batch: str = ""
    ordered: bool = False  # by a program


def span(seconds: float) -> str:
    """A length of time as "hh:mm:ss.fffffff", from a day on with the days before it: "1.02:03:04.0000000"."""
    whole, ticks = divmod(round(min(max(seconds, 0.0), _SPAN_MAX) * 10_000_000), 10_000_000)
    days, rest = divmod(whole, _DAY)
    text = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}.{ticks:07d}"
    return f"{days}.{text}" if days else text


def is_over(state: str) -> bool:
    """Whether nothing more comes of it by itself."""
    return state.startswith("Completed")


def folder_of(file: str) -> str:
    """The folder of a remote path."""
    return file.rpartition("\\")[0]


def transfer(facts: Facts, now: float) -> Transfer:
    """The shape of these facts."""
    size, over = facts.size, is_over(facts.state)
    done = size if facts.state == SUCCEEDED else min(max(facts.done, 0), size)
    started, ended = facts.started, facts.ended if over else None
    speed, left = facts.rate, facts.eta
    if facts.state == SUCCEEDED and ended is not None:
        speed = size / max(ended - facts.requested, 0.001)
    if over or facts.state != RUNNING:
        left = None
    elif left is None and speed > 0:
        left = (size - done) / speed
    return Transfer(
        id=uuid_of_key(facts.key),
        batch_id=facts.batch or None,
        username=facts.user,
        direction="Upload" if facts.upload else "Download",
        filename=facts.file,
        size=size,
        start_offset=0,
        state=facts.state,
        state_description=facts.state,
        requested_at=iso(facts.requested),
        enqueued_at=None if facts.enqueued is None else iso(facts.enqueued),
        started_at=None if started is None else iso(started),
        ended_at=None if ended is None else iso(ended),
        bytes_transferred=done,
        average_speed=float(speed),
        place_in_queue=facts.place,
        exception=facts.reason or None,
        attempts=facts.tries,
        next_attempt_at=None if facts.next_try is None else iso(facts.next_try),
        removed=False,
        bytes_remaining=size - done,
        elapsed_time=None if started is None else span((now if ended is None else ended) - started),
        percent_complete=100.0 if done >= size and (size or over) else 100.0 * done / size if size else 0.0,
        remaining_time=None if left is None else span(left),
    )


# -- downloads from Soulseek users -------------------------------------------------------------------------------------


def legacy_state(view: LegacyDownloadView, twin: TransferView | None, cancelled: bool) -> str:
    """The state of a download from a Soulseek user; `twin` is what peers finish it with."""
    if view.phase is LegacyPhase.DONE:
        return SUCCEEDED
    if twin is not None:
        state = _twin_state(twin)
        rests = view.phase is LegacyPhase.FAILED or (
            view.phase is LegacyPhase.PAUSED and twin.state is not TransferState.PAUSED
        )
        if rests or state == RUNNING:
            return state
    if view.phase is LegacyPhase.PAUSED and cancelled:
        return CANCELLED
    if view.phase is LegacyPhase.FAILED and view.elsewhere:
        return REJECTED
    return _LEGACY[view.phase]


def _twin_state(twin: TransferView) -> str:
    """A rescue is no end: neither its failure, after which the user is asked again, nor its last step."""
    state = _MESH[twin.state]
    return HERE if state == ERRORED else RUNNING if state == SUCCEEDED else state


def legacy_file(view: LegacyDownloadView) -> str:
    """The remote path of a download as search hits show it."""
    folder = view.remote.replace("/", "\\")
    return f"{folder}\\{view.name}" if folder else str(view.name)


def legacy_facts(
    view: LegacyDownloadView, twin: TransferView | None, order: OrderView | None, waits: str = ""
) -> Facts:
    """A download from a Soulseek user. `waits`: why nobody is asked now, while that is so."""
    state = legacy_state(view, twin, order is not None and order.cancelled)
    done = view.done if twin is None else max(view.done, twin.done)
    rate = view.rate if view.phase is LegacyPhase.ACTIVE else 0.0
    if twin is not None:
        rate += twin.rate
    waiting = state == HERE and view.phase is LegacyPhase.QUEUED
    return Facts(
        key=view.key,
        user=str(view.user if order is None else order.user),
        file=legacy_file(view) if order is None else str(order.file),
        size=view.size,
        done=done,
        state=state,
        requested=view.added if order is None else order.at,
        rate=rate,
        eta=view.eta if twin is None else twin.eta,
        ended=view.finished,
        place=view.place if state == THERE else None,
        reason="" if state == SUCCEEDED else str(view.reason) or (waits if waiting else ""),
        tries=view.tries,
        next_try=view.next_try,
        batch="" if order is None else order.batch,
        ordered=order is not None,
    )


# -- downloads from peers ----------------------------------------------------------------------------------------------


def mesh_state(view: TransferView, cancelled: bool) -> str:
    """The state of a download from peers."""
    return CANCELLED if cancelled and view.state is TransferState.PAUSED else _MESH[view.state]


def first_source(view: TransferView) -> str:
    """The name of the first peer that sends it; empty: none does now."""
    return next((mesh_user(source.peer) for source in view.sources if source.peer), "")


def mesh_facts(view: TransferView, order: OrderView | None, user: str) -> Facts:
    """A download from peers, of `user` where no program ordered it."""
    folder = view.folder.replace("/", "\\")
    file = f"{folder}\\{view.name}" if folder else str(view.name)
    state = mesh_state(view, order is not None and order.cancelled)
    return Facts(
        key=view.transfer[:_KEY],
        user=user or NOBODY if order is None else str(order.user),
        file=file if order is None else str(order.file),
        size=view.size,
        done=view.done,
        state=state,
        requested=view.added if order is None else order.at,
        rate=view.rate,
        eta=view.eta,
        ended=view.finished,
        reason=str(view.reason) if state in (ERRORED, THERE) else "",
        batch="" if order is None else order.batch,
        ordered=order is not None,
    )


# -- uploads -----------------------------------------------------------------------------------------------------------


def legacy_upload_facts(view: LegacyUploadView, seen: float) -> Facts:
    """An upload to a Soulseek user, which the gateway saw first at `seen`."""
    folder = view.folder.replace("/", "\\")
    file = f"{folder}\\{view.name}" if folder else str(view.name)
    # what waits, waits in our own queue
    state = HERE if view.phase is LegacyPhase.REQUESTED else _LEGACY[view.phase]
    key = f"{view.key % (1 << 128):0{_KEY}x}"
    return Facts(key, str(view.user), file, view.size, view.done, state, seen, upload=True, rate=view.rate)


def mesh_upload_key(view: UploadView) -> str:
    """The name of a stream to a peer: the same for the same peer and file."""
    words = f"{view.peer}\0{view.name}\0{view.size}".encode()
    return hashlib.sha256(words).hexdigest()[:_KEY]


def mesh_upload_facts(view: UploadView, seen: float) -> Facts:
    """A stream that a peer opened on us, which the gateway saw first at `seen`."""
    state = RUNNING if view.state == "sending" else HERE
    key, user = mesh_upload_key(view), mesh_user(view.peer)
    return Facts(key, user, str(view.name), view.size, view.sent, state, seen, upload=True, rate=view.rate)


# -- lists -------------------------------------------------------------------------------------------------------------


def grouped(transfers: Iterable[Transfer]) -> tuple[UserTransfers, ...]:
    """By user and remote folder, each in the order it is met first."""
    users: dict[str, dict[str, list[Transfer]]] = {}
    for one in transfers:
        users.setdefault(one.username, {}).setdefault(folder_of(one.filename), []).append(one)
    return tuple(
        UserTransfers(
            username=user,
            directories=tuple(
                TransferDirectory(directory=folder, file_count=len(files), files=tuple(files))
                for folder, files in folders.items()
            ),
        )
        for user, folders in users.items()
    )


def failed_key(user: str, file: str, size: int) -> str:
    """A name for an order that came to nothing."""
    return hashlib.sha256(f"{user}\0{file}\0{size}".encode("utf-8", "replace")).hexdigest()[:_KEY]
