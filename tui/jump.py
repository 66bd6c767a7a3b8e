"""Jump letters (ctrl+o): one letter on every tab, every box on the screen and the rows of the focused list.

Rules: the letters stand until the next key, which goes where its letter is or nowhere; they are in reach of the hand
first; rows get what tabs and boxes left over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from tui.widgets.rowsview import RowsBox

if TYPE_CHECKING:
    from tui.app import MeshApp
    from tui.widgets.box import Box

LETTERS = "asdfghjklqwertyuiopzxcvbnmASDFGHJKLQWERTYUIOPZXCVBNM"


class Jump:
    """The letters that stand now; none while `on` is False."""

    def __init__(self) -> None:
        self._tabs: dict[str, str] = {}
        self._boxes: dict[Box, str] = {}
        self._rows: dict[int, str] = {}
        self._list: Box | None = None
        self._targets: dict[str, Callable[[], None]] = {}

    @property
    def on(self) -> bool:
        """Whether the next key is a letter's."""
        return bool(self._targets)

    def at_tab(self, name: str) -> str:
        """The letter of a tab."""
        return self._tabs.get(name, "")

    def at_box(self, box: Box) -> str:
        """The letter of a box."""
        return self._boxes.get(box, "")

    def at_row(self, box: Box, place: int) -> str:
        """The letter of a row of this list."""
        return self._rows.get(place, "") if box is self._list else ""

    def begin(self, desk: MeshApp) -> None:
        """Gives out the letters for what is on the screen."""
        letters = iter(LETTERS)
        for (_, name, _), letter in zip(desk.pane_titles(), letters, strict=False):
            self._tabs[name] = letter
            self._targets[letter] = lambda name=name: desk.show_pane(name)  # type: ignore[misc]
        for box, letter in zip(desk.pane.shown_boxes(), letters, strict=False):
            self._boxes[box] = letter
            self._targets[letter] = lambda box=box: desk.focus_box(box)  # type: ignore[misc]
        focused = desk.pane.box
        if isinstance(focused, RowsBox):
            self._list = focused
            for place, letter in zip(_places(focused), letters, strict=False):
                self._rows[place] = letter
                self._targets[letter] = lambda place=place: focused.go(place)  # type: ignore[misc]
        self._repaint(desk)

    def key(self, desk: MeshApp, character: str | None) -> None:
        """The key after ctrl+o."""
        go = self._targets.get(character or "")
        shown = desk.pane
        self._tabs, self._boxes, self._rows, self._targets, self._list = {}, {}, {}, {}, None
        shown.touch_boxes()
        self._repaint(desk)
        if go is not None:
            go()

    def _repaint(self, desk: MeshApp) -> None:
        desk.touch("#tabs", "#hints")
        desk.pane.touch_boxes()


def _places(box: RowsBox[object]) -> Iterable[int]:
    return range(box.top, min(len(box.source), box.top + box.page))
