"""What may be watched, asked for once: commands and their events, for front ends that serve many (the gateway).

Same rules as `engine/commands.py` and `engine/events.py`. Nothing here changes what anybody watches.
"""

from __future__ import annotations

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Event
from slskmesh.engine.job_views import JobView
from slskmesh.engine.legacy_views import LegacyDownloadView
from slskmesh.engine.views import ChunkMapView


class ShowMap(Command, frozen=True):
    """The chunk map of a download as it stands. Answered by one `MapShown` event."""

    transfer: str


class ShowJob(Command, frozen=True):
    """One job with its tracks and timeline. Answered by one `JobShown` event."""

    job: int


class ShowLegacy(Command, frozen=True):
    """One download from a Soulseek user with its timeline. Answered by one `LegacyShown` event."""

    key: str


class MapShown(Event, frozen=True):
    """A chunk map; `map` is None where the download has none now (it waits, or is over)."""

    query: int
    map: ChunkMapView | None = None


class JobShown(Event, frozen=True):
    """One job."""

    query: int
    job: JobView


class LegacyShown(Event, frozen=True):
    """One download from a Soulseek user."""

    query: int
    download: LegacyDownloadView
