"""What a person can do with releases found at MusicBrainz, and with the tracks of one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tui.actions import Action, engine_off
from tui.panes import addjob, newjob
from tui.panes.search_actions import MODE_TITLE, next_mode, type_query

if TYPE_CHECKING:
    from tui.app import MeshApp


def _no_entity(desk: MeshApp) -> str | None:
    if desk.search.view is not desk.search.releases:
        return "only in the modes release and mbid (t changes it)"
    if desk.search.releases.entity is None:
        return "no release is chosen"
    return engine_off(desk)


def _no_release(desk: MeshApp) -> str | None:
    reason = _no_entity(desk)
    entity = desk.search.releases.entity
    if reason is None and entity is not None and entity.kind != "release":
        return f"this is {'an' if entity.kind == 'artist' else 'a'} {entity.kind}; A makes a job of it"
    return reason


def _no_track(desk: MeshApp) -> str | None:
    reason = _no_entity(desk)
    if reason is None and desk.search.releases.tracks.current is None:
        return "its tracks are not known"
    return reason


def _open(desk: MeshApp, argument: str) -> None:
    releases = desk.search.releases
    entity = releases.entities.current
    if entity is not None and entity.kind == "release":
        releases.open(entity)
    elif entity is not None:
        newjob.add(desk, entity)


def _again(desk: MeshApp, argument: str) -> None:
    releases = desk.search.releases
    entity = releases.entity
    assert entity is not None
    releases.ask(entity)


def _job(desk: MeshApp, argument: str) -> None:
    entity = desk.search.releases.entity
    assert entity is not None
    newjob.add(desk, entity)


def _job_on_conditions(desk: MeshApp, argument: str) -> None:
    releases = desk.search.releases
    entity = releases.entity
    assert entity is not None
    marked = tuple(sorted(releases.lookup.marked)) if releases.inside else ()
    addjob.ask_conditions(desk, entity, marked)


def _job_of_tracks(desk: MeshApp, argument: str) -> None:
    releases = desk.search.releases
    entity, places = releases.entity, tuple(track.place for track in releases.chosen())
    assert entity is not None
    newjob.add(desk, entity, places)
    releases.lookup.marked = set()
    releases.show()


def _mark(desk: MeshApp, argument: str) -> None:
    releases = desk.search.releases
    track = releases.tracks.current
    if track is not None:
        releases.lookup.flip(track.place)
        releases.tracks.move(1)
        releases.show()


def _invert(desk: MeshApp, argument: str) -> None:
    releases = desk.search.releases
    plan = releases.lookup.plan
    if plan is not None:
        releases.lookup.marked = {track.place for track in plan.tracks} - releases.lookup.marked
        releases.show()


def _details(desk: MeshApp, argument: str) -> None:
    title, lines = desk.search.releases.details()
    desk.open_text(title, lines)


def _find(mode: str, desk: MeshApp, argument: str) -> None:
    """`:release TEXT` and `:resolve ID`."""
    desk.show_pane("search")
    desk.search.set_mode(mode)
    if argument:
        desk.search.start(argument)
    else:
        desk.search.type_query(True)


def _both(where: str) -> tuple[Action, Action, Action, Action]:
    """The actions that both lists have."""
    return (
        Action(
            f"{where}-conditions",
            "make a job of it on conditions: codec, lossless, rate, folder, tracks ...",
            ("O",),
            _job_on_conditions,
            where,
            _no_entity,
            hint="conditions",
            on_row=True,
        ),
        Action(f"{where}-type", "type a query", ("i",), type_query, where, hint="search"),
        Action(f"{where}-mode", MODE_TITLE, ("t",), next_mode, where, hint="mode"),
        Action(
            f"{where}-open",
            "show everything about this row",
            ("o",) if where == "releases" else ("enter", "o"),
            _details,
            where,
            _no_entity,
            hint="open",
            on_row=True,
        ),
    )


ACTIONS = (
    Action(
        "resolve",
        "show its tracks and who has them; an artist or label: make a job",
        ("enter",),
        _open,
        "releases",
        _no_entity,
        hint="who has it",
        on_row=True,
    ),
    Action(
        "releases-job",
        "make a job of it",
        ("A", "a"),
        _job,
        "releases",
        _no_entity,
        hint="job",
        on_row=True,
    ),
    *_both("releases"),
    Action(
        "release-job",
        "make a job of the whole release",
        ("A",),
        _job,
        "release",
        _no_entity,
        hint="job",
        on_row=True,
    ),
    Action(
        "tracks-job",
        "make a job of this track, or of those marked",
        ("a",),
        _job_of_tracks,
        "release",
        _no_track,
        hint="tracks",
        on_row=True,
    ),
    Action(
        "mark-track", "mark this track", ("space",), _mark, "release", _no_track, hint="mark", on_row=True
    ),
    Action("invert-tracks", "invert marks", ("asterisk",), _invert, "release", _no_track),
    Action("ask-again", "ask again who has it", ("r",), _again, "release", _no_release, hint="ask again"),
    *_both("release"),
    Action(
        "find-release",
        "find a release at MusicBrainz",
        (),
        partial(_find, "release"),
        "everywhere",
        engine_off,
        "release",
        "text",
    ),
    Action(
        "resolve-id",
        "who has the release of this id",
        (),
        partial(_find, "mbid"),
        "everywhere",
        engine_off,
        "resolve",
        "id",
    ),
    Action(
        "job",
        "begin a job: a release, artist: or label: name, or ids; then conditions",
        (),
        newjob.new_job,
        "everywhere",
        engine_off,
        "job",
        "id or text, conditions",
        complete=newjob.completions,
    ),
)
