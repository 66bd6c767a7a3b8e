"""Jobs by MusicBrainz id, as the documents' API has them; below /api/v0/jobs the same, as slskdN has it.

Rules:
- A job's id is the engine's number as a string. What its phase does not allow is 409 with the engine's words.
- DELETE cancels; with `remove` the job goes off the list, too. Finished files stay in any case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine.commands import (
    AddJob,
    CancelJob,
    LookUp,
    PauseJob,
    RemoveJob,
    ResumeJob,
    RetryJob,
    ShowSpecs,
)
from slskmesh.engine.events import LookedUp, SpecsShown
from slskmesh.engine.job_views import JobPhase, JobRowView, JobsView
from slskmesh.gateway.answers import GatewayError, answer
from slskmesh.gateway.bodies import read_body
from slskmesh.gateway.documents_shapes import (
    Accepted,
    DiscographyRequest,
    Job,
    JobList,
    LabelCrateRequest,
    MbReleaseRequest,
    discography_job,
    job_shape,
    label_job,
    label_of,
    listed,
    number_of,
    release_job,
    status_of,
)
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.legacy_asking import done
from slskmesh.gateway.rights import Routes
from slskmesh.mbid import Mbid
from slskmesh.text import sanitize

routes = Routes("/api/jobs", "jobs")
aliases = Routes("/api/v0/jobs", "jobs_v0")
PAGE_MAX: Final = 100
_LABELS_SEEN: Final = 25
_OVER: Final = (JobPhase.DONE, JobPhase.FAILED, JobPhase.CANCELLED)
_NONE: Final = {404: "There is no such job"}
_UNFIT: Final = {**_NONE, 409: "The job's status does not allow it"}
_Change = Callable[[int], PauseJob | ResumeJob | RetryJob | CancelJob | RemoveJob]


# -- adding ------------------------------------------------------------------------------------------------------------


async def add_release(request: Request, gate: GateDep) -> Response:
    """Fetches a release, or some of its tracks."""
    return await _added(gate, release_job(await read_body(request, MbReleaseRequest)))


async def add_discography(request: Request, gate: GateDep) -> Response:
    """Fetches an artist's releases."""
    return await _added(gate, discography_job(await read_body(request, DiscographyRequest)))


async def add_label_crate(request: Request, gate: GateDep) -> Response:
    """Fetches releases of a label. A label that is only named is looked up; the name has to be one label's alone."""
    asked = await read_body(request, LabelCrateRequest)
    label, name = label_of(asked)
    return await _added(gate, label_job(asked, label or await _label(gate, name), name))


async def _label(gate: Gate, name: str) -> Mbid:
    found = await gate.engine.asked(LookUp(name, "label", _LABELS_SEEN), LookedUp)
    same = [one for one in found.entities if one.title.casefold() == name.casefold()]
    if len(same) == 1:
        return Mbid(same[0].mbid)
    if found.note and not found.entities:
        raise GatewayError(503, f"the label cannot be looked up: {found.note}")
    if not same:
        raise GatewayError(404, f"MusicBrainz knows no label called {sanitize(name, 60)}; give its id")
    ids = ", ".join(one.mbid for one in same[:5])
    raise GatewayError(400, f"{len(same)} labels are called so; give the id: {ids}")


async def _added(gate: Gate, command: AddJob) -> Response:
    reply = await gate.engine.ask(command)
    return answer(Accepted(job_id=reply.value, status="pending"))


# -- looking -----------------------------------------------------------------------------------------------------------


async def jobs(
    gate: GateDep,
    type: str = "",
    status: str = "",
    limit: int = PAGE_MAX,
    offset: int = 0,
    sort: str = "",
    sortBy: str = "",
    sortOrder: str = "",
) -> Response:
    """Jobs, the newest first unless `sort` names a field ("-" before it: from the last to the first)."""
    if not 1 <= limit <= PAGE_MAX or not 0 <= offset <= 1 << 31:
        raise GatewayError(400, f"limit: from 1 to {PAGE_MAX}; offset: from 0")
    found = listed((await gate.engine.view(JobsView)).jobs, type, status, _order(sort, sortBy, sortOrder))
    page = found[offset : offset + limit]
    shapes = await _shapes(gate, page)
    return answer(JobList(jobs=shapes, total=len(found), has_more=offset + len(page) < len(found)))


def _order(sort: str, by: str, order: str) -> str:
    """The one order that is asked for, in either way. GatewayError 400: it is none."""
    if sort or not (by or order):
        return sort or "-created_at"
    if order.lower() not in ("", "asc", "desc"):
        raise GatewayError(400, "sortOrder: asc or desc")
    return ("" if order.lower() == "asc" else "-") + (by or "created_at").removeprefix("-")


async def job(id: str, gate: GateDep) -> Response:
    """One job with how far it is."""
    return answer((await _shapes(gate, [await _row(gate, id)]))[0])


async def _shapes(gate: Gate, rows: list[JobRowView]) -> list[Job]:
    shown = await gate.engine.asked(ShowSpecs(tuple(row.job for row in rows)), SpecsShown)
    specs = {spec.job: spec for spec in shown.specs}
    shapes = [job_shape(row, specs[row.job]) for row in rows if row.job in specs]
    if len(rows) == 1 and not shapes:  # it went meanwhile
        raise GatewayError(404, "there is no such job")
    return shapes


async def _row(gate: Gate, id: str) -> JobRowView:
    number = number_of(id)
    for row in (await gate.engine.view(JobsView)).jobs:
        if row.job == number:
            return row
    raise GatewayError(404, "there is no such job")


# -- changing ----------------------------------------------------------------------------------------------------------


async def cancel(id: str, gate: GateDep, remove: bool = False) -> Response:
    """Cancels a job, and with `remove` takes it off the list. Finished files stay."""
    row = await _row(gate, id)
    if not remove:
        return await _changed(gate, id, CancelJob)
    if row.phase not in _OVER:
        await done(gate, CancelJob(row.job), 409)
    await done(gate, RemoveJob(row.job), 409)
    return answer(
        Accepted(job_id=id, status=status_of(row.phase if row.phase in _OVER else JobPhase.CANCELLED))
    )


async def cancel_job(id: str, gate: GateDep) -> Response:
    """Cancels a job. Finished files stay, unfinished ones are removed."""
    return await _changed(gate, id, CancelJob)


async def pause(id: str, gate: GateDep) -> Response:
    """Stops a job and its transfers; what is there stays."""
    return await _changed(gate, id, PauseJob)


async def resume(id: str, gate: GateDep) -> Response:
    """Goes on with a job that is paused, or failed."""
    return await _changed(gate, id, ResumeJob)


async def retry(id: str, gate: GateDep) -> Response:
    """Tries everything of a job again that is not done."""
    return await _changed(gate, id, RetryJob)


async def _changed(gate: Gate, id: str, change: _Change) -> Response:
    number = (await _row(gate, id)).job
    await done(gate, change(number), 409)
    return answer(Accepted(job_id=str(number), status=status_of((await _row(gate, id)).phase)))


for _at in (routes, aliases):
    _adds = {"gives": Accepted, "also": {400: "It cannot be: the answer tells what is wrong"}}
    _at.post("/mb-release", takes=MbReleaseRequest, **_adds)(add_release)
    _at.post("/discography", takes=DiscographyRequest, **_adds)(add_discography)
    _at.post(
        "/label-crate",
        takes=LabelCrateRequest,
        gives=Accepted,
        also={404: "There is no label of this name", 503: "MusicBrainz cannot be asked for it"},
    )(add_label_crate)
    _at.get("", gives=JobList)(jobs)
    _at.get("/{id}", gives=Job, also=_NONE)(job)
    _at.delete("/{id}", gives=Accepted, also=_UNFIT)(cancel)
    _at.post("/{id}/cancel", gives=Accepted, also=_UNFIT)(cancel_job)
    _at.post("/{id}/pause", gives=Accepted, also=_UNFIT)(pause)
    _at.post("/{id}/resume", gives=Accepted, also=_UNFIT)(resume)
    _at.post("/{id}/retry", gives=Accepted, also=_UNFIT)(retry)
