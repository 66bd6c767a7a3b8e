"""The desk for what is asked for once instead of being watched. Rules as in `engine/desk.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from slskmesh.engine import show_commands as cmd
from slskmesh.engine.commands import Command
from slskmesh.engine.job_snapshots import job_view
from slskmesh.engine.legacy_snapshots import download_view
from slskmesh.engine.views import ChunkMapView
from slskmesh.errors import UserError

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]


class ShowDesk:
    """Carries out these commands for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.table: dict[type[Command], Handler] = {
            cmd.ShowMap: self._map,
            cmd.ShowJob: self._job,
            cmd.ShowLegacy: self._legacy,
        }

    async def _map(self, request: int, command: cmd.ShowMap) -> str:
        downloads, content = self._engine.downloads, _bytes(command.transfer)
        if downloads.state(content) is None:
            raise UserError("there is no such transfer")
        state = downloads.chunk_map(content)
        view = None
        if state is not None:
            view = ChunkMapView(state.content.hex(), state.states, state.owners, state.copies)
        self._engine.hub.put_event(cmd.MapShown(request, view))
        return ""

    async def _job(self, request: int, command: cmd.ShowJob) -> str:
        jobs = self._engine.plane.jobs
        state = next((one for one in jobs.states() if one.job == command.job), None)
        if state is None:
            raise UserError("there is no such job")
        job = state.job
        view = job_view(state, jobs.releases(job), jobs.tracks(job), jobs.timeline(job))
        self._engine.hub.put_event(cmd.JobShown(request, view))
        return ""

    async def _legacy(self, request: int, command: cmd.ShowLegacy) -> str:
        legacy, key = self._engine.legacy, _bytes(command.key)
        state = next((one for one in legacy.downloads.views() if one.key == key), None)
        if state is None:
            raise UserError("there is no such transfer")
        content = legacy.rescue.content_of(key) if key in legacy.rescue.rescues() else None
        view = download_view(state, legacy.downloads.timeline(key), content)
        self._engine.hub.put_event(cmd.LegacyShown(request, view))
        return ""


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise UserError("a transfer is named by hexadecimal digits") from error
