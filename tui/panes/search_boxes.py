"""Boxes of the Search pane: the query line, and the lists of results that hold still while the person moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tui.viewmodel.columns import Column
from tui.viewmodel.facets import switches
from tui.viewmodel.lineedit import LineEdit
from tui.viewmodel.lookups import AT_MUSICBRAINZ, MODES, placeholder
from tui.viewmodel.spans import fit, spread
from tui.viewmodel.spans import width as line_width
from tui.widgets.box import Box
from tui.widgets.canvas import Row as Painted
from tui.widgets.rowsview import RowsBox, Source

QUERY_MAX = 256
QUERY_LEAST = 40  # cells of the query line that facets never take
T = TypeVar("T")


class QueryBox(Box):
    """The query line; its border tells the mode."""

    def __init__(self) -> None:
        super().__init__("search", id="query")
        self.edit = LineEdit(limit=QUERY_MAX)
        self.typing = False
        self.show_mode(MODES[0])

    def show_mode(self, mode: str) -> None:
        """Another mode is on."""
        self.mode = mode
        self.note = " ".join(f"[{name}]" if name == mode else name for name in MODES)
        self.touch()

    def content(self, width: int, height: int) -> list[Painted]:
        lead = (f" {self.desk.glyphs.cursor} ", "key")
        hits = self.desk.search.hits
        most = width - min(width // 2, QUERY_LEAST)
        right = (
            switches(hits.facets, hits.results.counts, most, self.desk.glyphs)
            if self.mode not in AT_MUSICBRAINZ
            else []
        )
        room = width - line_width(right)
        if not self.typing and not self.edit.text:
            return [(spread([lead, (placeholder(self.mode), "faint")], right, width), "")]
        return [([*fit([lead, *self.edit.view(room - 4, focused=self.typing)], room), *right], "")]

    def pick(self, line: int) -> None:
        self.desk.perform("search-type")


class HeldRows(RowsBox[T]):
    """A list that tells when the person moves in it."""

    def __init__(
        self,
        source: Source[T],
        columns: Callable[[], tuple[Column[T], ...]],
        title: str,
        hold: Callable[[], None],
        *,
        id: str,
        classes: str = "",
    ) -> None:
        super().__init__(source, columns, title, id=id, classes=classes)
        self._hold = hold

    def move(self, rows: int) -> None:
        self.sync()
        self._hold()
        super().move(rows)

    def go(self, line: int) -> None:
        self.sync()
        self._hold()
        super().go(line)
