"""The Jobs pane: the list of jobs, and the one under the cursor by tracks, plan and events.

A discography or crate shows its releases first; enter goes into the tracks of one, esc comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from slskmesh.engine.commands import WatchJob
from slskmesh.engine.job_views import JobReleaseView, JobRowView, JobsView, JobView, TrackView
from slskmesh.engine.views import View
from tui.actions import engine_off
from tui.panes.base import ABSENT, Pane
from tui.viewmodel.columns import Column, tabbed
from tui.viewmodel.job_tracks import (
    TABS,
    event_lines,
    head,
    next_try,
    plan_columns,
    plan_head,
    release_columns,
    tabs,
    track_columns,
    wanted,
)
from tui.viewmodel.job_tracks import words_of as track_words
from tui.viewmodel.jobs import WORK, columns, order, summary, words_of
from tui.widgets.box import Box, TextBox
from tui.widgets.rowsview import ListSource, RowsBox


class JobsPane(Pane):
    """Jobs by MusicBrainz id."""

    NAME, TITLE, DIGIT = "jobs", "Jobs", "3"

    def __init__(self) -> None:
        super().__init__()
        self.sort, self.reverse = WORK, False
        self.tab = TABS[0]
        self.release = ""  # whose tracks are shown, of a job with several releases
        self.inside = False
        self._watched = 0
        self._shown = 0
        self._here = False
        self.items: ListSource[JobRowView] = ListSource(lambda row: str(row.job))
        self._tracks: ListSource[TrackView] = ListSource(lambda track: str(track.key))
        self._releases: ListSource[JobReleaseView] = ListSource(lambda release: release.mbid)
        self.list = RowsBox(self.items, self._columns, "jobs", id="jobs")
        self.list.empty = (
            "",
            "no job yet: c begins one, or find a release in Search (1, t) and press A on it",
        )
        self.list.on_cursor = self._watch
        self.list.named_by = "target"
        self.tracks = RowsBox(self._tracks, self._track_columns, id="job-tracks")
        self.releases = RowsBox(
            self._releases, lambda: release_columns(self.desk.glyphs), id="job-releases", classes=ABSENT
        )
        self.plan = RowsBox(self._tracks, plan_columns, id="job-plan", classes=ABSENT)
        self.tracks.named_by = self.plan.named_by = "track"
        self.releases.named_by = "release"
        self.events = TextBox(id="job-events", classes=ABSENT)

    def make_boxes(self) -> Iterable[Box]:
        return (self.list, self.tracks, self.releases, self.plan, self.events)

    def _columns(self) -> tuple[Column[JobRowView], ...]:
        return columns(self.desk.glyphs, self.desk.clock(), self.list.inner[0])

    def _track_columns(self) -> tuple[Column[TrackView], ...]:
        return track_columns(self.desk.glyphs, next_try(self.row, self.desk.clock()))

    # What is shown
    @property
    def row(self) -> JobRowView | None:
        """The job under the cursor."""
        return self.list.current

    @property
    def view(self) -> JobView | None:
        """The same in detail, once the engine has told of it."""
        view, row = self.desk.state.job, self.row
        return view if view is not None and row is not None and view.row.job == row.job else None

    @property
    def several(self) -> bool:
        """Whether the job has releases to choose from."""
        view = self.view
        return view is not None and (len(view.releases) > 1 or view.row.kind != "mb_release")

    @property
    def front(self) -> Box:
        """The detail box that is shown."""
        if self.tab == "events":
            return self.events
        if self.several and not self.inside:
            return self.releases
        return self.plan if self.tab == "plan" else self.tracks

    @property
    def track(self) -> TrackView | None:
        """The track under the cursor, where a list of tracks has the focus."""
        if self.box is self.tracks and self.front is self.tracks:
            return self.tracks.current
        return self.plan.current if self.box is self.plan and self.front is self.plan else None

    def entered(self) -> None:
        self._here = True
        self._watched = 0
        self.changed({JobsView, JobView})
        self._watch()

    def left(self) -> None:
        self._here = False
        if self._watched:
            self._watched = 0
            self.desk.ask(WatchJob(0), lambda reply: None)

    def _watch(self) -> None:
        """The engine tells of the job under the cursor."""
        row = self.row
        job = row.job if row is not None else 0
        if self._here and job != self._watched and engine_off(self.desk) is None:
            self._watched = job
            self.desk.ask(WatchJob(job), lambda reply: None)
        if job != self._shown:
            self._shown = job
            self.release, self.inside = "", False
            for box in (self.tracks, self.releases, self.plan):
                box.cursor, box.top, box.cursor_key = 0, 0, ""
            self.events.top = 0
        self._show_job()

    def changed(self, types: set[type[View]]) -> None:
        if JobsView in types:
            rows = self.desk.state.jobs
            self.items.set(order(rows, self.filter_text, self.sort, self.reverse))
            self.list.title = f"jobs {len(rows)}" if rows else "jobs"
            self.list.note = summary(rows, self.sort, self.reverse, len(self.items), self.filter_text)
            self.list.sync()
        if types & {JobsView, JobView}:
            self._show_job()

    def second(self) -> None:
        if any(row.retry_at is not None for row in self.desk.state.jobs):
            self.list.touch()
            self._show_job()

    def _show_job(self) -> None:
        row, view = self.row, self.view
        front = self.front
        for box in (self.tracks, self.releases, self.plan, self.events):
            box.set_class(box is not front, ABSENT)
        self.desk.touch("#hints")
        if self.box is not self.list and self.box.has_class(ABSENT):
            self.focus_box(front)
        front.note = tabs(self.tab) if row is not None else ""
        if row is None or view is None:
            front.title = "job" if row is None else f"job {row.job}"
            self._fill((), ())
            return
        now = self.desk.clock()
        cells = self.list.inner[0] - 2
        self.tracks.lead = self.releases.lead = head(view, now, cells)
        self.plan.lead = plan_head(view, cells)
        shown = wanted(view, self.release if self.inside else "")
        self._fill(shown, view.releases)
        front.title = f"job {row.job} {self._heading(view)}"
        if front is self.events:
            self.events.show(event_lines(view.lines, self.list.inner[0] - 2))
        else:
            assert isinstance(front, RowsBox)
            front.sync()

    def _fill(self, tracks: Iterable[TrackView], releases: Iterable[JobReleaseView]) -> None:
        self._tracks.set(tuple(tracks))
        self._releases.set(tuple(releases))
        if not len(self._tracks) and not len(self._releases):
            for box in (self.tracks, self.plan, self.releases):
                box.lead, box.empty = [], ("",)
            self.events.show([])
        else:
            self.tracks.empty = self.plan.empty = ("", "its tracks are not known yet")
            self.releases.empty = ("", "its releases are not known yet")
        self.front.touch()

    def _heading(self, view: JobView) -> str:
        if self.inside and self.release:
            name = next((r.title for r in view.releases if r.mbid == self.release), None)
            return str(name if name is not None else view.row.title)
        return str(view.row.title)

    # Moving between the boxes
    def show_tab(self, tab: str) -> None:
        """Tracks, plan or events."""
        focused = self.box is not self.list
        self.tab = tab
        self._show_job()
        if focused:
            self.focus_box(self.front)

    def step_tab(self, by: int) -> None:
        """The next tab, or the one before."""
        self.show_tab(TABS[(TABS.index(self.tab) + by) % len(TABS)])

    def go_in(self, release: str = "") -> None:
        """From the list to the job's tracks or releases, from a release to its tracks."""
        if release:
            self.release, self.inside = release, True
            for box in (self.tracks, self.plan):
                box.cursor, box.top, box.cursor_key = 0, 0, ""
            self._show_job()
        elif self.tab == "events":
            self.show_tab(TABS[0])
        self.focus_box(self.front)

    def aim(self, job: int) -> None:
        """Puts the cursor on a job."""
        self.list.cursor_key = str(job)
        self.list.sync()

    def escape(self) -> bool:
        if super().escape():
            return True
        if self.inside:
            self.inside = False
            self._show_job()
            self.focus_box(self.front)
            return True
        if self.box is not self.list:
            self.focus_box(self.list)
            return True
        return False

    # Lists
    @property
    def rows_box(self) -> RowsBox[Any]:
        box = self.box
        return box if isinstance(box, RowsBox) else self.list

    def words_of(self, row: Any) -> str:
        if isinstance(row, JobRowView):
            return words_of(row)
        if isinstance(row, TrackView):
            return track_words(row)
        return f"{row.title} {row.artist} {row.year} {row.phase.value}".casefold()

    def refilter(self) -> None:
        self.changed({JobsView})

    def yanks(self) -> dict[str, str]:
        row, track = self.row, self.track
        if track is not None:
            shown = plan_columns() if self.box is self.plan else self._track_columns()
            return {
                "row": tabbed(shown, track),
                "content id": track.content,
                "path": str(track.path),
                "MusicBrainz id": track.recording,
            }
        if self.box is self.releases and self.releases.current is not None:
            release = self.releases.current
            columns_ = release_columns(self.desk.glyphs)
            return {"row": tabbed(columns_, release), "MusicBrainz id": release.mbid}
        if row is None:
            return {}
        return {"row": tabbed(self._columns(), row), "MusicBrainz id": row.target}
