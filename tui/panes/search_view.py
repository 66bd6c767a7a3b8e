"""What the Search pane's views have in common: results, releases at MusicBrainz, the shares of one user.

Rules: one view is shown at a time, each keeps what it found and its own filter; a key press never costs the whole list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui.viewmodel.spans import Line
from tui.widgets.rowsview import RowsBox

if TYPE_CHECKING:
    from tui.panes.search import SearchPane


class SearchView:
    """One of them."""

    left = "release"  # title of the box at the left below the list
    filter_text: str = ""  # of the list that is shown

    def __init__(self, pane: SearchPane) -> None:
        self.pane = pane

    @property
    def lists(self) -> tuple[RowsBox[Any], ...]:
        """All its lists, of which one is shown; each view has its own."""
        return ()

    @property
    def front(self) -> RowsBox[Any]:
        """The list that is shown."""
        return self.lists[0]

    @property
    def place(self) -> str:
        """Whose keys act now (actions.PANE_OF): the pane's, where a view has none of its own."""
        return self.pane.NAME

    def show(self) -> None:
        """Shows what is known."""

    def boxes(self) -> tuple[list[Line], str, list[Line]]:
        """Lines of the box at the left below the list; title and lines of the one at the right."""
        return [], "", []

    def escape(self) -> bool:
        """esc, before the filter goes; True where it did something."""
        return False

    def leave(self) -> bool:
        """esc, after the filter went; True where it did something."""
        return False

    def filter(self, text: str) -> None:
        """Shows only what passes."""
        self.filter_text = text
        self.show()

    def words_of(self, row: Any) -> str:
        """What words are sought in."""
        return ""

    def finds(self, text: str) -> Callable[[Any], bool]:
        """Whether n and N stop at a row."""
        terms = text.casefold().split()
        return lambda row: all(term in self.words_of(row) for term in terms)

    def yanks(self) -> dict[str, str]:
        """What y copies."""
        return {}

    def second(self) -> None:
        """A second has gone by."""
