"""Publishes jobs and the mesh: lists at 2 Hz and soon after a command that changed them, the watched job when it
changed, the table's state once a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slskmesh.engine.beat import Beat
from slskmesh.engine.job_snapshots import job_view, row_view
from slskmesh.engine.job_views import JobsView, MeshView
from slskmesh.engine.views import View
from slskmesh.jobs.state import Phase
from slskmesh.text import sanitize

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

_LISTS_EVERY = 0.5
_OVER = (Phase.DONE, Phase.FAILED, Phase.CANCELLED)
_MESH_EVERY = 2  # of these


class JobPulse:
    """Publishes for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.lists = Beat(_LISTS_EVERY)
        self._watched = 0
        self._shown = (0, -1)
        self.open = 0  # jobs that are not over
        self._last: dict[type[View], View] = {}

    def watch(self, job: int) -> None:
        """Streams this job from now on; 0: none."""
        self._watched, self._shown = job, (0, -1)

    async def run(self) -> None:
        """Beats until cancelled."""
        beat = 0
        while True:
            states = self._engine.plane.jobs.states()
            self.open = sum(state.phase not in _OVER for state in states)
            self._put(JobsView(tuple(map(row_view, states))))
            self._job()
            if beat % _MESH_EVERY == 0:
                self._mesh()
            beat += 1
            await self.lists.rest()

    def _job(self) -> None:
        jobs, job = self._engine.plane.jobs, self._watched
        if not job:
            return
        state = next((one for one in jobs.states() if one.job == job), None)
        if state is None:
            self._watched = 0
            return
        shown = (job, jobs.revision(job))
        if shown == self._shown:
            return
        self._shown = shown
        self._put(job_view(state, jobs.releases(job), jobs.tracks(job), jobs.timeline(job)))

    def _mesh(self) -> None:
        plane = self._engine.plane
        table, shadow = plane.rendezvous.node.status(), plane.shadow.status()
        self._put(
            MeshView(
                on=plane.rendezvous.on,
                listening=sanitize(", ".join(table.listening)),
                external=sanitize(table.external),
                closed=table.closed,
                lan=table.lan,
                nodes=table.nodes,
                keys=table.keys,
                records=table.records,
                published=table.published,
                refused=table.refused,
                limited=table.limited,
                skew=round(table.skew, 1),
                shards=shadow.shards,
                releases=shadow.releases,
                catalogue=sanitize(plane.catalogue.status().text),
                calls=plane.fabric.answered,
                banned=len(plane.violations.bans()),
            )
        )

    def _put(self, view: View) -> None:
        if self._last.get(type(view)) != view:
            self._last[type(view)] = view
            self._engine.mailbox.put_view(view)
