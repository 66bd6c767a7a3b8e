"""What a person can do in the Jobs pane.

Rules: what ends a job or takes it off the list asks first and says what stays on disk; an action that cannot be done
in the state of now says so.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.commands import CancelJob, MoveJob, PauseJob, RemoveJob, ResumeJob, RetryJob
from slskmesh.engine.job_views import JobPhase, JobReleaseView
from tui.actions import Action, engine_off
from tui.panes import newjob
from tui.panes.jobs import JobsPane
from tui.panes.swarm import SwarmPane
from tui.viewmodel.job_tracks import details, next_try
from tui.viewmodel.jobs import CAN_PAUSE, CAN_RETRY, OVER, SORTS, WORK, stays
from tui.widgets.overlay import Entry, Menu
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp


def _pane(desk: MeshApp) -> JobsPane:
    pane = desk.panes["jobs"]
    assert isinstance(pane, JobsPane)
    return pane


def _none(desk: MeshApp) -> str | None:
    if _pane(desk).row is None:
        return "no job is chosen"
    return engine_off(desk)


def _no_pause(desk: MeshApp) -> str | None:
    reason, row = _none(desk), _pane(desk).row
    if reason is None and row is not None and row.phase not in CAN_PAUSE and row.phase is not JobPhase.PAUSED:
        return f"it is {row.phase.value}"
    return reason


def _no_retry(desk: MeshApp) -> str | None:
    reason, row = _none(desk), _pane(desk).row
    if reason is None and row is not None and row.phase not in CAN_RETRY:
        more = "; p goes on with it" if row.phase is JobPhase.PAUSED else ""
        return f"it is {row.phase.value}{more}"
    return reason


def _no_move(desk: MeshApp) -> str | None:
    pane = _pane(desk)
    reason, row = _none(desk), pane.row
    if reason is None and row is not None and row.phase in OVER:
        return f"it is {row.phase.value}"
    if reason is None and (pane.sort != WORK or pane.reverse):
        return "the list is not in the order of work (s)"
    return reason


def _pause(desk: MeshApp, argument: str) -> None:
    row = _pane(desk).row
    assert row is not None
    desk.ask(ResumeJob(row.job) if row.phase is JobPhase.PAUSED else PauseJob(row.job))


def _retry(desk: MeshApp, argument: str) -> None:
    row = _pane(desk).row
    assert row is not None
    desk.ask(RetryJob(row.job))


def _remove(desk: MeshApp, argument: str) -> None:
    pane = _pane(desk)
    row = pane.row
    assert row is not None
    over = row.phase in OVER

    def sure(answer: str) -> None:
        desk.ask(RemoveJob(row.job) if over else CancelJob(row.job))

    verb = "take it off the list" if over else "cancel it"
    desk.question(Question(f"{row.title}: {verb}? {stays(row, pane.view)}", sure, confirm=True))


def _move(by: int, desk: MeshApp, argument: str) -> None:
    row = _pane(desk).row
    assert row is not None
    desk.ask(MoveJob(row.job, by * (desk.router.take_count() or 1)), lambda reply: None)


def _open(desk: MeshApp, argument: str) -> None:
    pane = _pane(desk)
    row, track = pane.row, pane.track
    assert row is not None
    if track is not None:
        desk.open_text("track", details(track, next_try(row, desk.clock())))
    elif pane.box is pane.releases and isinstance(pane.releases.current, JobReleaseView):
        pane.go_in(pane.releases.current.mbid)
    elif pane.box is pane.list:
        pane.go_in()


def _content(desk: MeshApp) -> str:
    """The transfer of the track under the cursor; from the list, of the first track that is fetched."""
    pane = _pane(desk)
    if pane.track is not None:
        return pane.track.content
    view = pane.view
    tracks = [track for track in view.tracks if track.content] if view is not None else []
    busy = [track for track in tracks if track.phase == "transfer"]
    return next((track.content for track in [*busy, *tracks]), "")


def _no_map(desk: MeshApp) -> str | None:
    reason = _none(desk)
    if reason is None and not _content(desk):
        return "no transfer has begun for it"
    if reason is None and desk.state.transfer(_content(desk)) is None:
        return "its transfer is not in the list of downloads"
    return reason


def _map(desk: MeshApp, argument: str) -> None:
    content = _content(desk)
    desk.show_pane("swarm")
    pane = desk.panes["swarm"]
    assert isinstance(pane, SwarmPane)
    pane.aim(content)


def _no_path(desk: MeshApp) -> str | None:
    track = _pane(desk).track
    if track is None:
        return "choose a track (enter, then j and k)"
    return None if track.path else "it is not finished"


def _copy_path(desk: MeshApp, argument: str) -> None:
    track = _pane(desk).track
    assert track is not None
    desk.copy(str(track.path), "the path")


def _events(desk: MeshApp, argument: str) -> None:
    pane = _pane(desk)
    pane.show_tab("tracks" if pane.tab == "events" else "events")


def _tab(by: int, desk: MeshApp, argument: str) -> None:
    _pane(desk).step_tab(by)


def _sort(desk: MeshApp, argument: str) -> None:
    pane = _pane(desk)

    def by(name: str) -> None:
        pane.sort, pane.reverse = name, False
        pane.refilter()

    desk.open(
        Menu(
            "sort jobs by",
            [Entry("", n, partial(by, n), note="now" if n == pane.sort else "") for n in SORTS],
        )
    )


def _reverse(desk: MeshApp, argument: str) -> None:
    pane = _pane(desk)
    pane.reverse = not pane.reverse
    pane.refilter()


ACTIONS = (
    Action(
        "job-new",
        "begin a job: a release, an artist, a label",
        ("c",),
        newjob.new_job,
        "jobs",
        engine_off,
        hint="new job",
    ),
    Action(
        "job-open",
        "go into it: tracks, a release's tracks, a track",
        ("enter",),
        _open,
        "jobs",
        _none,
        hint="tracks",
        on_row=True,
    ),
    Action(
        "job-pause",
        "pause this job, or go on with it",
        ("p",),
        _pause,
        "jobs",
        _no_pause,
        hint="pause",
        on_row=True,
    ),
    Action(
        "job-retry",
        "try what is missing again, now",
        ("r",),
        _retry,
        "jobs",
        _no_retry,
        hint="retry",
        on_row=True,
    ),
    Action(
        "job-remove",
        "cancel it, or take it off the list (asks)",
        ("d",),
        _remove,
        "jobs",
        _none,
        hint="remove",
        on_row=True,
    ),
    Action(
        "job-map",
        "show the chunk map of its transfer",
        ("m",),
        _map,
        "jobs",
        _no_map,
        hint="map",
        on_row=True,
    ),
    Action(
        "job-events",
        "show the timeline, or the tracks again",
        ("e",),
        _events,
        "jobs",
        _none,
        hint="events",
        on_row=True,
    ),
    Action(
        "job-earlier",
        "move it up in the order of work",
        ("K",),
        partial(_move, -1),
        "jobs",
        _no_move,
        on_row=True,
    ),
    Action(
        "job-later",
        "move it down in the order of work",
        ("J",),
        partial(_move, 1),
        "jobs",
        _no_move,
        on_row=True,
    ),
    Action(
        "job-path", "copy the path of the finished file", ("o",), _copy_path, "jobs", _no_path, on_row=True
    ),
    Action("job-sort", "sort the jobs", ("s",), _sort, "jobs", hint="sort"),
    Action("job-reverse", "reverse the order", ("S",), _reverse, "jobs"),
    Action(
        "tab-before",
        "tracks, plan, events: the one before",
        ("left_square_bracket",),
        partial(_tab, -1),
        "jobs",
    ),
    Action(
        "tab-next",
        "tracks, plan, events: the next one",
        ("right_square_bracket",),
        partial(_tab, 1),
        "jobs",
        hint="next tab",
    ),
)
