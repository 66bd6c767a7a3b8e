"""Jobs as they are kept: one record a job, one a release of it, one a track. Frozen values; a change makes a new one.

Rules: what is here outlasts a kill. What a running download tells (bytes, rate, sources) is asked of it, not kept.
"""

from __future__ import annotations

from typing import Final

import msgspec

from slskmesh.catalogue.objects import Release
from slskmesh.jobs.state import Phase, Spec, TrackPhase

CONTENT_BYTES: Final = 32
KEY_BYTES: Final = 16  # the name of a download from a Soulseek user (`soulseek.download_entry.key_of`)
OVER: Final = frozenset({Phase.DONE, Phase.FAILED, Phase.CANCELLED})
SERVED: Final = frozenset({TrackPhase.DONE, TrackPhase.HAVE})
SETTLED: Final = SERVED | {TrackPhase.SKIPPED, TrackPhase.FAILED}


class JobRecord(msgspec.Struct, frozen=True):
    """One job. `attempts` counts waits since something last got on; `expanded`: all its releases are known."""

    job: int
    spec: Spec
    title: str
    phase: Phase = Phase.QUEUED
    reason: str = ""
    position: int = 0
    attempts: int = 0
    expanded: bool = False
    retry_at: float | None = None
    added: float = 0.0
    updated: float = 0.0


class ReleaseRecord(msgspec.Struct, frozen=True):
    """One release of a job. `group` is set where an edition of it is yet to be chosen (then `mbid` is empty).

    `body` is the catalogue's answer, so that a job goes on without the catalogue; CANCELLED means left out.
    """

    job: int
    index: int
    mbid: str
    group: str = ""
    title: str = ""
    artist: str = ""
    date: str = ""
    phase: Phase = Phase.QUEUED
    reason: str = ""
    holders: int = 0
    publishers: int = 0
    estimate: int = 0
    body: bytes = b""

    def release(self) -> Release | None:
        """The catalogue's answer; None: not asked yet."""
        return msgspec.msgpack.decode(self.body, type=Release) if self.body else None


class TrackRecord(msgspec.Struct, frozen=True):
    """One track. `place` counts from 1 over all media; `index` is its release's.

    A download's name is its content id, or its key in the list of downloads from Soulseek users (`is_legacy`); a
    finished one's is its content id. `tried` are names of those that came out wrong, `begun` of those that this job
    started. `backend` is where the chosen one comes from ("" before that was kept), `user` who sends it there, raw.
    """

    job: int
    key: int
    index: int
    release: str
    recording: str
    place: int
    disc: int
    position: int
    title: str
    artist: str
    length: int | None = None
    phase: TrackPhase = TrackPhase.WANTED
    reason: str = ""
    content: bytes = b""
    size: int = 0
    variant: str = ""
    canonical: bool = False
    candidates: int = 0
    why: str = ""
    path: str = ""
    tried: tuple[bytes, ...] = ()
    begun: tuple[bytes, ...] = ()
    backend: str = ""
    user: str = ""

    @property
    def label(self) -> str:
        """How lines of the timeline call it: "01 First Light", "2-01 First Light"."""
        return f"{f'{self.disc}-' if self.disc > 1 else ''}{self.position:02d} {self.title}"


Record = JobRecord | ReleaseRecord | TrackRecord


def is_legacy(name: bytes) -> bool:
    """Whether a download's name is that of one from a Soulseek user."""
    return len(name) == KEY_BYTES


def encode_release(release: Release) -> bytes:
    """For `ReleaseRecord.body`."""
    return msgspec.msgpack.encode(release)
