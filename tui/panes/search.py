"""The Search pane: a query, the results as they stream in, the release and the sources of the row under the cursor.

Three modes share the pane: text asks connected neighbours, release and mbid ask MusicBrainz and then the table of peers
(releases.py). Each keeps what it found while another is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from slskmesh.engine.commands import Search, StopSearch
from slskmesh.engine.events import Found, Level, Reply, SearchEnded
from slskmesh.engine.legacy_events import BrowseProgress
from slskmesh.engine.views import View
from tui.actions import needs_peers
from tui.panes.base import ABSENT, Pane
from tui.panes.releases import ReleaseSearch
from tui.panes.search_boxes import HeldRows, QueryBox
from tui.viewmodel.columns import Column, tabbed
from tui.viewmodel.formats import plural
from tui.viewmodel.groups import Group, Groups, Item
from tui.viewmodel.lookups import MODES, is_pasted
from tui.viewmodel.results import SLICE, Results, Row
from tui.viewmodel.search import columns, empty, folded_columns, note, release_lines, source_lines
from tui.widgets.box import Box, TextBox
from tui.widgets.rowsview import RowsBox

REST_SECONDS = 2.0
PUBLISH_SECONDS = 0.5
FILTER_AT_ONCE = 5_000


class SearchPane(Pane):
    """Search over connected neighbours."""

    NAME, TITLE, DIGIT = "search", "Search", "1"

    def __init__(self) -> None:
        super().__init__()
        self.first = 1
        self.results = Results()
        self.asked = 0
        self.words = ""
        self.facets: frozenset[str] = frozenset()
        self.last: SearchEnded | None = None
        self.mode = MODES[0]
        self.folded = False
        self.moved_at = -REST_SECONDS
        self._publishing = False
        self._filtering = False
        self.query_box = QueryBox()
        self.list = HeldRows(self.results, columns, "results", self._hold, id="results")
        self.list.empty = empty("", None, False)
        self.groups = Groups()
        self.fold_list = HeldRows(
            self.groups, self._folded_columns, "releases", self._hold, id="folded", classes=ABSENT
        )
        self.list.on_cursor = self.fold_list.on_cursor = self.show_row
        self.list.is_marked = self.fold_list.is_marked = lambda key: key in self.results.marked
        self.releases = ReleaseSearch(self)
        self.release = TextBox("release", id="release")
        self.sources = TextBox("sources", id="source")

    def make_boxes(self) -> Iterable[Box]:
        lists = (self.list, self.fold_list, self.releases.entities, self.releases.tracks)
        return (self.query_box, *lists, self.release, self.sources)

    def _folded_columns(self) -> tuple[Column[Item], ...]:
        return folded_columns(self.groups, self.desk.glyphs)

    def _hold(self) -> None:
        self.results.freeze(True)
        self.moved_at = self.desk.monotonic()

    # Modes
    @property
    def front(self) -> RowsBox[Any]:
        """The list that is shown."""
        if self.mode != "text":
            return self.releases.front
        return self.fold_list if self.folded else self.list

    @property
    def place(self) -> str:
        if self.mode == "text":
            return self.NAME
        return "release" if self.releases.inside else "releases"

    def set_mode(self, mode: str) -> None:
        """Text, release or mbid; what each found stays."""
        if mode != self.mode:
            self.mode, self.filter_text = mode, ""
            self.results.refilter("", self.facets)
            if not self.releases.lookup.text:
                self.releases.lookup.mode = mode
            self.query_box.show_mode(mode)
        self.lay_out()

    def fold(self) -> None:
        """Shows the results as releases, or as files again."""
        self.folded = not self.folded
        self.lay_out()

    def lay_out(self) -> None:
        """Puts the list of the mode into its place."""
        front, focused = self.front, self.box
        for box in (self.list, self.fold_list, self.releases.entities, self.releases.tracks):
            box.set_class(box is not front, ABSENT)
        if focused is not self.query_box and focused is not front and focused.has_class(ABSENT):
            self.focus_box(front)
        self.publish()
        self.show_row()

    def next_box(self, step: int) -> None:
        """Over the lists and boxes; i goes into the query line."""
        super().next_box(step)
        if self.query_box.active:
            super().next_box(step)

    # The query
    @property
    def typing(self) -> bool:  # type: ignore[override]
        """Whether printable keys go into the query."""
        return self.query_box.typing

    def type_query(self, on: bool) -> None:
        """Enters or leaves the query line."""
        self.query_box.typing = on
        self.focus_box(self.query_box if on else self.front)
        self.query_box.touch()
        self.desk.touch("#hints")

    def focus_moved(self) -> None:
        self.query_box.typing = self.query_box.active
        self.desk.touch("#hints")

    def type_key(self, key: str, character: str | None) -> bool:
        edit = self.query_box.edit
        if key == "enter":
            self.start(edit.text)
        elif key in {"escape", "shift+tab"}:
            self.type_query(False)
        elif key == "tab":
            self.next_mode()
        elif key in {"up", "ctrl+p", "down", "ctrl+n"}:
            edit.recall(-1 if key in {"up", "ctrl+p"} else 1)
        elif not edit.key(key, character):
            return False
        self.query_box.touch()
        return True

    def paste(self, text: str) -> None:
        if not self.typing:
            if not is_pasted(text):
                return
            self.query_box.edit.set("")
            self.type_query(True)
        self.query_box.edit.insert(text)
        if self.mode != "mbid" and is_pasted(self.query_box.edit.text):
            self.set_mode("mbid")
        self.query_box.touch()

    def next_mode(self) -> None:
        """Text, release, mbid, round."""
        self.set_mode(MODES[(MODES.index(self.mode) + 1) % len(MODES)])

    def start(self, text: str) -> None:
        """Begins a query of the mode that is on; the one before ends. A pasted id is looked up in any mode."""
        words = " ".join(text.split())
        if not words:
            self.type_query(False)
            return
        if is_pasted(words):
            self.set_mode("mbid")
        if self.mode == "text":
            self._start_text(words)
            return
        if self.releases.start(words, self.mode):
            self.filter_text = ""
            self.query_box.edit.set(words)
            self.query_box.edit.remember()
            self.type_query(False)

    def _start_text(self, words: str) -> None:
        reason = needs_peers(self.desk)
        if reason is not None:
            self.desk.say(f"search: {reason}", Level.WARN)
            return
        edit = self.query_box.edit
        edit.set(words)
        edit.remember()
        if self.asked and self.last is None:
            self.desk.ask(StopSearch(self.asked), lambda reply: None)
        self.words, self.last, self.asked = words, None, 0
        self.results = Results(
            sort=self.results.sort, reverse=self.results.reverse, facets=self.results.facets
        )
        self.list.source = self.results
        for box in (self.list, self.fold_list):
            box.cursor_key, box.cursor, box.top, box.range_start = "", 0, 0, None
        self.filter_text = ""
        self.desk.ask(Search(words), self._answered, self._sent)
        self.type_query(False)
        self.publish()

    def _sent(self, request: int) -> None:
        self.asked = request

    def _answered(self, reply: Reply) -> None:
        if not reply.ok and reply.request == self.asked:
            self.last = SearchEnded(self.asked, 0, 0, 0, 0, reply.text)
            self.desk.say(str(reply.text), Level.ERROR)
            self.publish()

    # What comes in
    def found(self, event: Found) -> None:
        """More hits; the list is published at most twice a second."""
        if event.query != self.asked or not self.asked:
            return
        first = not self.results.rows
        self.results.add(event.hits)
        if first:
            self.publish()
        elif not self._publishing:
            self._publishing = True
            self.set_timer(PUBLISH_SECONDS, self._published)

    def _published(self) -> None:
        self._publishing = False
        self.publish()

    def publish(self) -> None:
        """Shows the results as they are."""
        if self.mode != "text":
            self.releases.show()
            return
        searching = bool(self.words) and self.last is None
        self.list.note = note(self.results, self.last, searching)
        self.list.empty = empty(self.words, self.last, bool(self.results.narrowed and self.results.rows))
        if self.folded:
            self.groups.update(self.results)
            self.fold_list.note, self.fold_list.empty = self.list.note, self.list.empty
            self.fold_list.title = plural(self.groups.releases, "release")
        self.front.sync()
        if not self.results.rows:
            self.show_row()
        self.query_box.touch()

    def ended(self, event: SearchEnded) -> None:
        """The query is over."""
        if event.query == self.asked:
            self.last = event
            self.results.dropped += event.dropped
            self.publish()

    def browsed(self, event: BrowseProgress) -> None:
        """How far the list of a user's shares is."""

    def second(self) -> None:
        if (
            self.results.frozen
            and self.desk.monotonic() - self.moved_at > REST_SECONDS
            and self.list.range_start is None
            and self.fold_list.range_start is None
        ):
            self.results.freeze(False)
            self.publish()

    def changed(self, types: set[type[View]]) -> None:
        """The engine's other views do not change the results."""

    @property
    def row(self) -> Row | None:
        """The file under the cursor; of a folded release its first."""
        if not self.folded:
            return self.list.current
        item = self.fold_list.current
        return item.rows[0] if isinstance(item, Group) else item

    @property
    def group(self) -> Group | None:
        """The release under the cursor of the folded list, or that of the file under it."""
        item = self.fold_list.current if self.folded else None
        return self.groups.group_of(item) if item is not None else None

    def show_row(self) -> None:
        """The boxes follow the cursor."""
        self.desk.touch("#hints")
        if self.mode != "text":
            lines, self.sources.title, more = self.releases.boxes()
            self.release.show(lines)
            self.sources.show(more)
            return
        row = self.row
        if row is None:
            self.sources.title = "sources"
            self.release.show([])
            self.sources.show([])
            return
        group = self.group
        self.release.show(release_lines(self.results, row, group.rows if group is not None else None))
        self.sources.title = plural(len(row.copies), "source")
        self.sources.show(source_lines(row, [self.desk.state.peer(c.peer) for c in row.copies[:6]]))

    # Filter, sort, marks
    @property
    def rows_box(self) -> RowsBox[Any]:
        return self.front

    def words_of(self, row: Any) -> str:
        if isinstance(row, Group):
            return " ".join(one.words for one in row.rows[:50])
        return row.words if isinstance(row, Row) else self.releases.words_of(row)

    def toggle_facet(self, name: str) -> None:
        """Switches a facet."""
        self.facets = self.facets ^ {name}
        self.query_box.touch()
        self.refilter()

    def refilter(self) -> None:
        if self.mode != "text":
            self.publish()
        elif len(self.results.rows) <= FILTER_AT_ONCE:
            self._refilter()
        elif not self._filtering:
            self._filtering = True
            self.set_timer(0.15, self._refilter)

    def _refilter(self) -> None:
        self._filtering = False
        self.results.refilter(self.filter_text, self.facets)
        self.publish()

    def sort(self, name: str, reverse: bool) -> None:
        """Another order; long lists are sorted in slices, between which keys are handled."""
        slices = self.results.resort(name, reverse)
        if len(self.results.rows) <= SLICE:
            for _ in slices:
                pass
            self.publish()
        else:
            self._sort_on(slices.__next__)

    def _sort_on(self, step: Callable[[], None]) -> None:
        try:
            step()
        except StopIteration:
            self.publish()
            return
        self.set_timer(0.001, lambda: self._sort_on(step))

    def chosen(self) -> list[Row]:
        """The marked rows, else the range or the row under the cursor."""
        results = self.results
        if results.marked:
            return [results.rows[key] for key in results.marked if key in results.rows]
        return self.selected()

    def selected(self) -> list[Row]:
        """The files of the range, else of the line under the cursor: a folded release stands for all of its files."""
        if not self.folded:
            return self.list.selected()
        found: dict[str, Row] = {}
        for item in self.fold_list.selected():
            found |= {row.key: row for row in (item.rows if isinstance(item, Group) else [item])}
        return list(found.values())

    def yanks(self) -> dict[str, str]:
        if self.mode != "text":
            return self.releases.yanks()
        chosen = self.chosen()
        return {
            "row": "\n".join(tabbed(columns(), row) for row in chosen),
            "content id": "\n".join(row.hit.content for row in chosen),
            "peer id": "\n".join(dict.fromkeys(row.hit.peer for row in chosen)),
            "path": "\n".join(f"{row.hit.folder}/{row.hit.name}".strip("/") for row in chosen),
            "MusicBrainz id": "\n".join(filter(None, (row.hit.recording for row in chosen))),
        }

    def escape(self) -> bool:
        if self.mode != "text":
            return (not self.filter_text and not self.size_step and self.releases.back()) or super().escape()
        if self.front.range_start is not None:
            self.front.range_start = None
            self.front.touch()
            return True
        if self.results.marked:
            self.results.marked = set()
            self.publish()
            return True
        return super().escape()
