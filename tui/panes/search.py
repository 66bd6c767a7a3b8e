"""The Search pane: a query, the results as they stream in, the release and the sources of the row under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from slskmesh.engine.commands import Search, StopSearch
from slskmesh.engine.events import Found, Level, Reply, SearchEnded
from slskmesh.engine.views import View
from tui.actions import needs_peers
from tui.panes.base import Pane
from tui.viewmodel.columns import tabbed
from tui.viewmodel.facets import switches
from tui.viewmodel.formats import plural
from tui.viewmodel.lineedit import LineEdit
from tui.viewmodel.results import SLICE, Results, Row
from tui.viewmodel.search import columns, empty, note, release_lines, source_lines
from tui.viewmodel.spans import fit, spread
from tui.viewmodel.spans import width as line_width
from tui.widgets.box import Box, TextBox
from tui.widgets.canvas import Row as Painted
from tui.widgets.rowsview import RowsBox

QUERY_MAX = 256
QUERY_LEAST = 40  # cells of the query line that facets never take
REST_SECONDS = 2.0
PUBLISH_SECONDS = 0.5
FILTER_AT_ONCE = 5_000


class QueryBox(Box):
    """The query line."""

    def __init__(self) -> None:
        super().__init__("search", id="query")
        self.edit = LineEdit(limit=QUERY_MAX)
        self.typing = False

    def content(self, width: int, height: int) -> list[Painted]:
        lead = (f" {self.desk.glyphs.cursor} ", "key")
        facets = self.desk.search.facets
        right = switches(facets, width - min(width // 2, QUERY_LEAST), self.desk.glyphs)
        room = width - line_width(right)
        if not self.typing and not self.edit.text:
            return [(spread([lead, ("i types a query", "faint")], right, width), "")]
        return [([*fit([lead, *self.edit.view(room - 4, focused=self.typing)], room), *right], "")]

    def pick(self, line: int) -> None:
        self.desk.perform("search-type")


class ResultsBox(RowsBox[Row]):
    """The results; moving holds the order still for a moment."""

    moved_at = -REST_SECONDS

    def _hold(self) -> None:
        results = self.source
        assert isinstance(results, Results)
        self.sync()
        results.freeze(True)
        self.moved_at = self.desk.monotonic()

    def move(self, rows: int) -> None:
        self._hold()
        super().move(rows)

    def go(self, line: int) -> None:
        self._hold()
        super().go(line)


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
        self._publishing = False
        self._filtering = False
        self.query_box = QueryBox()
        self.list = ResultsBox(self.results, columns, "results", id="results")
        self.list.empty = empty("", None, False)
        self.list.on_cursor = self._show_row
        self.list.is_marked = lambda key: key in self.results.marked
        self.release = TextBox("release", id="release")
        self.sources = TextBox("sources", id="source")

    def make_boxes(self) -> Iterable[Box]:
        return (self.query_box, self.list, self.release, self.sources)

    # The query
    @property
    def typing(self) -> bool:  # type: ignore[override]
        """Whether printable keys go into the query."""
        return self.query_box.typing

    def type_query(self, on: bool) -> None:
        """Enters or leaves the query line."""
        self.query_box.typing = on
        self.focus_box(self.query_box if on else self.list)
        self.query_box.touch()
        self.desk.touch("#hints")

    def focus_moved(self) -> None:
        self.query_box.typing = self.query_box.active
        self.desk.touch("#hints")

    def type_key(self, key: str, character: str | None) -> bool:
        edit = self.query_box.edit
        if key == "enter":
            self.start(edit.text)
        elif key in {"escape", "tab", "shift+tab"}:
            self.type_query(False)
        elif key in {"up", "ctrl+p", "down", "ctrl+n"}:
            edit.recall(-1 if key in {"up", "ctrl+p"} else 1)
        elif not edit.key(key, character):
            return False
        self.query_box.touch()
        return True

    def paste(self, text: str) -> None:
        self.query_box.edit.insert(text)
        self.query_box.touch()

    def start(self, text: str) -> None:
        """Begins a query; the one before ends."""
        words = " ".join(text.split())
        reason = needs_peers(self.desk)
        if not words:
            self.type_query(False)
            return
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
        self.list.source, self.list.cursor_key, self.list.cursor, self.list.top = self.results, "", 0, 0
        self.list.range_start = None
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
        searching = bool(self.words) and self.last is None
        self.list.note = note(self.results, self.last, searching)
        self.list.empty = empty(self.words, self.last, bool(self.results.narrowed and self.results.rows))
        self.list.sync()
        if not self.results.rows:
            self._show_row()

    def ended(self, event: SearchEnded) -> None:
        """The query is over."""
        if event.query == self.asked:
            self.last = event
            self.results.dropped += event.dropped
            self.publish()

    def second(self) -> None:
        if (
            self.results.frozen
            and self.desk.monotonic() - self.list.moved_at > REST_SECONDS
            and self.list.range_start is None
        ):
            self.results.freeze(False)
            self.publish()

    def changed(self, types: set[type[View]]) -> None:
        """The engine's other views do not change the results."""

    def _show_row(self) -> None:
        row = self.list.current
        self.desk.touch("#hints")
        if row is None:
            self.release.title, self.sources.title = "release", "sources"
            self.release.show([])
            self.sources.show([])
            return
        self.release.title = "release"
        self.release.show(release_lines(self.results, row))
        self.sources.title = plural(len(row.copies), "source")
        self.sources.show(source_lines(row, [self.desk.state.peer(c.peer) for c in row.copies[:6]]))

    # Filter, sort, marks
    @property
    def rows_box(self) -> RowsBox[Row]:
        return self.list

    def words_of(self, row: Row) -> str:
        return row.words

    def toggle_facet(self, name: str) -> None:
        """Switches a facet."""
        self.facets = self.facets ^ {name}
        self.query_box.touch()
        self.refilter()

    def refilter(self) -> None:
        if len(self.results.rows) <= FILTER_AT_ONCE:
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
        return self.list.selected()

    def yanks(self) -> dict[str, str]:
        chosen = self.chosen()
        return {
            "row": "\n".join(tabbed(columns(), row) for row in chosen),
            "content id": "\n".join(row.hit.content for row in chosen),
            "peer id": "\n".join(dict.fromkeys(row.hit.peer for row in chosen)),
            "path": "\n".join(f"{row.hit.folder}/{row.hit.name}".strip("/") for row in chosen),
        }

    def escape(self) -> bool:
        if self.list.range_start is not None:
            self.list.range_start = None
            self.list.touch()
            return True
        if self.results.marked:
            self.results.marked = set()
            self.publish()
            return True
        return super().escape()
