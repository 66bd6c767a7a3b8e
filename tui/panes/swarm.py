"""The Swarm pane: downloads from peers and from Soulseek users in one list, what is known of the one under the cursor
(its live chunk map, or its timeline), its sources, a minute of its rate, and uploads to both.

Rules: the engine streams the map and the timeline of the line under the cursor only; a folder line stands for the file
of it that comes in now. On a narrow screen the uploads take the sources' room while they have the focus.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from slskmesh.engine.commands import Watch
from slskmesh.engine.legacy_commands import WatchLegacy
from slskmesh.engine.legacy_views import (
    LegacyDownloadsView,
    LegacyDownloadView,
    LegacyUploadsView,
    ModeView,
    PeopleView,
    StatisticsView,
)
from slskmesh.engine.views import (
    ChunkMapView,
    SourceView,
    TransfersView,
    TransferView,
    UploadsView,
    View,
)
from tui.actions import engine_off
from tui.panes.base import ABSENT, Pane
from tui.panes.swarm_boxes import show_availability, show_rate, show_timeline, show_user
from tui.viewmodel import download_rows, uploads
from tui.viewmodel.columns import Column, tabbed
from tui.viewmodel.download import File
from tui.viewmodel.download_words import RESCUED
from tui.viewmodel.downloads import Downloads, Folder, Line, files_of, lead_of
from tui.viewmodel.swarm import source_role as map_role
from tui.viewmodel.timeline import as_source
from tui.viewmodel.transfers import source_columns
from tui.viewmodel.uploads import Upload
from tui.widgets.box import Box, TextBox
from tui.widgets.chunkmap import ChunkMapBox
from tui.widgets.rowsview import ListSource, RowsBox

_LISTS = {TransfersView, LegacyDownloadsView}


class SwarmPane(Pane):
    """Downloads and their swarms, uploads."""

    NAME, TITLE, DIGIT = "swarm", "Swarm", "4"

    def __init__(self) -> None:
        super().__init__()
        self.downloads = Downloads()
        self.people: ListSource[SourceView] = ListSource(lambda s: s.letter + s.short)
        self.sent: ListSource[Upload] = ListSource(uploads.key_of)
        self.list = RowsBox(self.downloads, self._columns, "downloads", id="transfers")
        self.list.empty = ("", "nothing yet: find something in Search (1) and press enter on it")
        self.list.on_cursor = self._moved
        self.list.is_marked = self.downloads.is_marked
        self.map = ChunkMapBox(id="map")
        self.timeline = TextBox("download", id="timeline", classes=ABSENT)
        self.sources = RowsBox(self.people, self._source_columns, "sources", id="sources")
        self.sources.empty = ("nobody serves this now",)
        self.copies = TextBox("availability", id="availability")
        self.uploads = RowsBox(
            self.sent, lambda: uploads.columns(self.uploads.inner[0] - 3), "uploads", id="uploads"
        )
        self.uploads.empty = ("nobody is sent anything now",)
        self.rate = TextBox("rate 60 s", id="rate")
        self._watched = ""
        self._told = ""
        self._here = False

    def make_boxes(self) -> Iterable[Box]:
        return (self.list, self.map, self.timeline, self.sources, self.copies, self.uploads, self.rate)

    def _columns(self) -> tuple[Column[Line], ...]:
        desk = self.desk
        now = desk.monotonic()
        return download_rows.columns(
            desk.glyphs, self.list.inner[0] - 3, desk.clock(), lambda key: desk.removals.left(key, now)
        )

    def _source_columns(self) -> tuple[Column[SourceView], ...]:
        sources = self.people.items
        return source_columns(
            sources, {s.letter: map_role(i) for i, s in enumerate(sources, 1)}, self.sources.inner[0] - 3
        )

    # -- what is under the cursor ------------------------------------------------------------------------------

    @property
    def counts(self) -> bool:  # type: ignore[override]
        """Digits are a count while the map has the focus ("100G")."""
        return self.map.active

    @property
    def place(self) -> str:
        """The uploads have keys of their own."""
        return "uploads" if self.uploads.active else self.NAME

    @property
    def line(self) -> Line | None:
        """The line under the cursor."""
        return self.list.current

    @property
    def file(self) -> File | None:
        """The file under the cursor; of a folder the one that stands for it."""
        line = self.line
        return lead_of(line) if line is not None else None

    @property
    def transfer(self) -> TransferView | None:
        """Its transfer from peers, as the engine showed it last."""
        file = self.file
        return file.mesh if file is not None else None

    @property
    def legacy(self) -> LegacyDownloadView | None:
        """Its download from a Soulseek user."""
        file = self.file
        return file.legacy if file is not None else None

    @property
    def front(self) -> Box:
        """The map, or the timeline of what peers have no part in."""
        return self.timeline if self.legacy is not None and self.transfer is None else self.map

    def chosen(self) -> list[File]:
        """The files of the range, else the marked ones, else those of the line under the cursor."""
        if self.list.range_start is None and self.downloads.marked:
            return self.downloads.chosen
        return list(dict.fromkeys(file for line in self.list.selected() for file in files_of(line)))

    def chose(self) -> None:
        """What was chosen has been acted on: marks and range go."""
        self.downloads.marked = set()
        self.list.range_start = None
        self.show_list()

    # -- what comes --------------------------------------------------------------------------------------------

    def entered(self) -> None:
        self._here = True
        self._watched = self._told = ""
        self.changed({TransfersView, LegacyDownloadsView, ChunkMapView, UploadsView})
        self._watch()

    def left(self) -> None:
        self._here = False
        if self._watched:
            self._watched = ""
            self.desk.ask(Watch(""), lambda reply: None)
        if self._told:
            self._told = ""
            self.desk.ask(WatchLegacy(""), lambda reply: None)

    def focus_moved(self) -> None:
        self.map.touch()
        self.set_class(self.uploads.active, "-sending")

    def resize_box(self, step: int) -> None:
        super().resize_box(step)
        self.call_after_refresh(self._resized)

    def on_resize(self) -> None:
        """Graphs and bars are as wide as their boxes."""
        self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        if self.desk.is_running:  # at its end the app has no screen to measure on
            self._show_file()

    def shown_boxes(self) -> list[Box]:
        """tab reaches the uploads also where they have no room until they are reached."""
        shown = super().shown_boxes()
        return [box for box in self.usable_boxes() if box in shown or box is self.uploads]

    def _moved(self) -> None:
        self.timeline.top = 0
        self._watch()

    def _watch(self) -> None:
        """The engine streams the map and the timeline of what is under the cursor."""
        transfer, legacy = self.transfer, self.legacy
        content, key = transfer.transfer if transfer else "", legacy.key if legacy else ""
        if self._here and engine_off(self.desk) is None:
            if content != self._watched:
                self._watched = content
                self.map.map.clear(content)
                self.desk.ask(Watch(content), lambda reply: None)
            if key != self._told:
                self._told = key
                self.desk.ask(WatchLegacy(key), lambda reply: None)
        self._show_file()

    def changed(self, types: set[type[View]]) -> None:
        state = self.desk.state
        if types & _LISTS:
            self.downloads.take(state.transfers, state.legacy)
            self.show_list()
            self._watch()
        view = state.chunkmap
        if ChunkMapView in types and view is not None and view.transfer == self._watched:
            self.map.map.take(view, self.desk.clock())
            self.map.touch()
        if types & {UploadsView, LegacyUploadsView}:
            self._show_uploads()
        if types & {ModeView, PeopleView, StatisticsView}:
            self._show_timeline()
            self._show_availability()

    def second(self) -> None:
        self._show_availability()
        self._show_rate()
        self.list.touch()  # waits and removals count down; only rows that differ are painted
        if not self.timeline.has_class(ABSENT):
            self._show_sources()
            self._show_timeline()
        if self.map.map.colour == "age":
            self.map.touch()

    # -- what is shown -----------------------------------------------------------------------------------------

    def show_list(self) -> None:
        """The list and its titles anew."""
        self.list.title = download_rows.title(self.downloads)
        self.list.note = download_rows.summary(self.downloads.stands, self.downloads.total)
        self.list.sync()

    def _show_file(self) -> None:
        file, transfer, front = self.file, self.transfer, self.front
        other = self.map if front is self.timeline else self.timeline
        front.set_class(False, ABSENT)
        other.set_class(True, ABSENT)
        if other.active:
            self.focus_box(front)
        self.map.transfer = transfer
        self.map.head = [(f"{RESCUED}  ", "accent")] if file is not None and file.rescued else []
        if transfer is None:
            self.map.title, self.map.note, self.map.foot = "chunks", "", []
        self.map.touch()
        self._show_sources()
        self._show_timeline()
        self._show_availability()
        self._show_rate()

    def _show_sources(self) -> None:
        transfer, legacy = self.transfer, self.legacy
        sources = transfer.sources if transfer is not None else ()
        if legacy is not None and not sources:
            sources = (as_source(legacy, self.desk.clock()),)
        self.people.set(sources)
        self.sources.title = f"sources {len(sources)}" if sources else "sources"
        self.sources.sync()

    def _show_timeline(self) -> None:
        file = self.file
        if file is None or file.legacy is None:
            self.timeline.show([])
        elif not self.timeline.has_class(ABSENT):
            show_timeline(self.timeline, file, self.desk, graph=not self.rate.size.height)

    def _show_availability(self) -> None:
        legacy = self.legacy
        if legacy is not None and self.transfer is None:
            counts = self.downloads.of_user.get(str(legacy.user), (0, 0))
            show_user(self.copies, legacy, counts[0], counts[1], self.desk)
        else:
            show_availability(self.copies, self.map.map, self.transfer)

    def _show_rate(self) -> None:
        show_rate(self.rate, self.file, self.desk)

    def _show_uploads(self) -> None:
        state = self.desk.state
        shown = uploads.merged(state.uploads, state.legacy_uploads, self.filter_text)
        self.sent.set(shown)
        self.uploads.title, self.uploads.note = uploads.title(shown, state.uploads, state.legacy_uploads)
        self.uploads.sync()
        self._show_rate()

    # -- what keys ask -----------------------------------------------------------------------------------------

    @property
    def rows_box(self) -> RowsBox[Any]:
        return self.uploads if self.uploads.active else self.list

    def words_of(self, row: Any) -> str:
        return row.words if isinstance(row, File | Folder) else uploads.words_of(row)

    def refilter(self) -> None:
        self.downloads.look_for(self.filter_text)
        self.show_list()
        self._watch()
        self._show_uploads()

    def sort_by(self, sort: str) -> None:
        """Another order; the one of now is reversed."""
        again = sort == self.downloads.sort
        self.downloads.arrange(sort, not self.downloads.reverse if again else False)
        self.show_list()

    def flip(self, folder: Folder) -> None:
        """Opens a folder, or folds it; the cursor stays in it."""
        if folder.open and self.line is not folder:
            self.list.cursor_key = folder.key
        self.downloads.flip(folder)
        self.show_list()
        self._watch()

    def escape(self) -> bool:
        if self.list.range_start is not None:
            self.list.range_start = None
            self.list.touch()
            return True
        if super().escape():
            return True
        if not self.list.active:
            self.focus_box(self.list)
            return True
        if self.downloads.marked:
            self.chose()
            return True
        return False

    def yanks(self) -> dict[str, str]:
        if self.uploads.active:
            upload = self.uploads.current
            return {
                "row": tabbed(self.uploads.columns(), upload) if upload is not None else "",
                "peer id": upload.peer if upload is not None and not uploads.user_of(upload) else "",  # type: ignore[union-attr]
                "user": uploads.user_of(upload),
            }
        line, file = self.line, self.file
        if line is None or file is None:
            return {}
        source = self.sources.current if self.sources.active else None
        return {
            "row": tabbed(self._source_columns(), source)
            if source is not None
            else tabbed(self._columns(), line),
            "content id": file.mesh.transfer if file.mesh is not None else "",
            "peer id": source.peer if source is not None else "",
            "user": file.user,
            "path": file.path,
        }

    def aim(self, transfer: str) -> None:
        """Puts the cursor on a download, also one that the filter hides or a folder holds."""
        self.filter_text = ""
        self.downloads.take(self.desk.state.transfers, self.desk.state.legacy)
        self.downloads.look_for("")
        self.list.cursor_key = self.downloads.show(transfer) or transfer
        self.show_list()
        self._watch()
        self.focus_box(self.list)

    def step(self, by: int) -> None:
        """Another file, from any box."""
        self.list.move(by)
