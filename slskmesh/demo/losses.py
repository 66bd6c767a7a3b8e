"""Whether anything that was under way vanished: what the lists hold now beside what they held. Pure.

Rules:
- Downloads from legacy users and from peers, jobs, rooms one is a member of, and conversations, each by its key.
- What failed or was given up counts as gone; what is queued, runs, rests or is done does not.
"""

from __future__ import annotations

from typing import Final

from slskmesh.engine.job_views import JobPhase, JobsView
from slskmesh.engine.legacy_views import ChatsView, LegacyDownloadsView, LegacyPhase
from slskmesh.engine.views import TransferState, TransfersView, View

Things = frozenset[tuple[str, str]]

_LEGACY_ENDS: Final = (LegacyPhase.FAILED, LegacyPhase.ABORTED)
_JOB_ENDS: Final = (JobPhase.FAILED, JobPhase.CANCELLED)


def held(*views: View | None) -> Things:
    """Everything that these views say is there, as (kind, key)."""
    found: set[tuple[str, str]] = set()
    for view in views:
        if isinstance(view, LegacyDownloadsView):
            found |= {("legacy", d.key) for d in view.downloads if d.phase not in _LEGACY_ENDS}
        elif isinstance(view, TransfersView):
            found |= {("peers", t.transfer) for t in view.transfers if t.state is not TransferState.FAILED}
        elif isinstance(view, JobsView):
            found |= {("job", str(job.job)) for job in view.jobs if job.phase not in _JOB_ENDS}
        elif isinstance(view, ChatsView):
            found |= {("room", room.name) for room in view.rooms if room.wanted}
            found |= {("messages", one.user) for one in view.conversations}
    return frozenset(found)


class Losses:
    """Keeps everything that was ever seen. What a person takes off a list by himself is not for it."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()

    def look(self, things: Things) -> None:
        """Notes what is there."""
        self._seen |= things

    def lost(self, things: Things) -> int:
        """How much of what was seen is not there."""
        return len(self._seen - things)
