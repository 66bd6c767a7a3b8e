"""A download from a Soulseek user as jobs see it: in the swarm's terms and our words; how long it may wait. Pure.

Rules:
- What the network says of an end is classed already (`soulseek.retry`); its words go into no line of a job. A user's
  name stands in a source's `user` alone.
- A download that peers finish (`acquire.rescue`) is stopped in the list meanwhile; to a job it goes on.
- Who sends something of ours now is waited for: the rest of an album comes after it. Else a file may stand still for
  WAIT_SECONDS in a queue or on the way, for AWAY_SECONDS where its user is away or cannot be reached.
"""

from __future__ import annotations

from typing import Final

from slskmesh.soulseek.download_entry import LegacyDownload
from slskmesh.soulseek.retry import ELSEWHERE, Trouble
from slskmesh.soulseek.values import TransferPhase
from slskmesh.swarm.source import LEGACY, LEGACY_LETTER
from slskmesh.swarm.state import DownloadState, Phase, SourceState
from slskmesh.text import sanitize

WAIT_SECONDS: Final = 300.0
AWAY_SECONDS: Final = 60.0
_ADAPTER: Final = "disk:"  # so the client begins its own words for a full disk; anybody can send the same
_REASON_MAX: Final = 200
_PHASES: Final = {
    TransferPhase.QUEUED: Phase.QUEUED,
    TransferPhase.REQUESTED: Phase.QUEUED,
    TransferPhase.CONNECTING: Phase.FINDING,
    TransferPhase.ACTIVE: Phase.ACTIVE,
    TransferPhase.DONE: Phase.DONE,
    TransferPhase.PAUSED: Phase.PAUSED,
    TransferPhase.ABORTED: Phase.QUEUED,  # the list asks again
    TransferPhase.FAILED: Phase.FAILED,
}
_TROUBLES: Final = {
    Trouble.OFFLINE: "its Soulseek user is away",
    Trouble.NETWORK: "its Soulseek user cannot be reached",
    Trouble.LIMIT: "its Soulseek user takes no more requests now",
    Trouble.GONE: "its Soulseek user does not share it any more",
    Trouble.REFUSED: "its Soulseek user does not give it",
    Trouble.CHANGED: "it has another size at its Soulseek user now",
    Trouble.DISK: "the client could not go on with it",
}
_MOVING: Final = frozenset({TransferPhase.CONNECTING, TransferPhase.ACTIVE})
_AWAY: Final = frozenset({Trouble.OFFLINE, Trouble.NETWORK})


def state_of(view: LegacyDownload, rescued: bool) -> DownloadState:
    """The same in the swarm's terms; bytes that are here count as done, though nothing vouches for them yet."""
    phase = Phase.ACTIVE if rescued and view.phase is TransferPhase.PAUSED else _PHASES[view.phase]
    has = phase is not Phase.FAILED
    source = SourceState(
        LEGACY_LETTER, LEGACY, view.phase.value, view.rate, view.done, has=int(has), user=view.user
    )
    return DownloadState(
        content=view.key,
        name=view.name,
        folder=view.folder,
        size=view.size,
        done=view.done,
        phase=phase,
        reason="peers finish it" if rescued else reason_of(view),
        rate=view.rate,
        eta=view.eta,
        sources=(source,),
        added=view.added,
        finished=view.finished,
        path=view.local,
    )


def reason_of(view: LegacyDownload) -> str:
    """Why it stands where it stands, in words of ours; empty while it comes."""
    if view.phase is TransferPhase.REQUESTED:
        return (
            f"place {view.place:,} in its user's queue" if view.place is not None else "in its user's queue"
        )
    if view.phase is TransferPhase.FAILED and is_ours(view):
        return str(sanitize(view.reason, _REASON_MAX))
    if view.trouble in _TROUBLES and view.phase in (TransferPhase.QUEUED, TransferPhase.FAILED):
        return _TROUBLES[view.trouble]
    return "waits for its turn" if view.phase is TransferPhase.QUEUED else ""


def is_ours(view: LegacyDownload) -> bool:
    """Whether it failed for this machine's disk, by the list's own word; the user could have said so too."""
    return view.trouble is Trouble.DISK and not view.reason.lower().startswith(_ADAPTER)


def is_over_there(view: LegacyDownload) -> bool:
    """Whether it will never come from there."""
    return view.phase is TransferPhase.FAILED and view.trouble in ELSEWHERE


def is_alive(view: LegacyDownload) -> bool:
    """Whether it may still come, be it that somebody resumes it."""
    return view.phase is not TransferPhase.FAILED


def is_moving(view: LegacyDownload) -> bool:
    """Whether it comes, or is here."""
    return view.phase in _MOVING or view.phase is TransferPhase.DONE


def patience(view: LegacyDownload, sends: bool) -> float | None:
    """For how many seconds it may stand still before another source is tried; `sends`: its user sends us something."""
    if view.phase in _MOVING:
        return WAIT_SECONDS
    if view.trouble in _AWAY:
        return AWAY_SECONDS
    return None if sends else WAIT_SECONDS
