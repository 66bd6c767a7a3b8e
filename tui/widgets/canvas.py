"""The base of every widget here: lines made whole, painted only where they differ from what is on the screen.

Rules: `touch` asks for a repaint and is cheap to call often (calls until the repaint are one); a repaint refreshes one
region per run of changed rows and never asks for a layout; nothing is painted while the widget is not shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.viewmodel.spans import Line, fit
from tui.widgets.paint import strip

if TYPE_CHECKING:
    from tui.app import MeshApp

Row = tuple[Line, str]  # a line and its overlay ("" for none)


class Canvas(Widget, can_focus=False):
    """A widget that is a list of lines."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: list[Row] = []
        self._painted = Size(0, 0)
        self._stale = False

    @property
    def desk(self) -> MeshApp:
        """The app, by its own type."""
        return cast("MeshApp", self.app)

    def rows(self, width: int, height: int) -> list[Row]:
        """The lines of the whole widget; overridden."""
        return []

    def touch(self) -> None:
        """Something shown may have changed."""
        if not self._stale and self.is_attached:
            self._stale = True
            self.call_later(self._repaint)

    def repaint_all(self) -> None:
        """Everything looks different now: theme or charset."""
        self._painted = Size(0, 0)
        self.refresh()

    def _make(self) -> list[Row]:
        width, height = self.size
        made = [
            (fit(line, width, self.desk.glyphs.ellipsis), over)
            for line, over in self.rows(width, height)[:height]
        ]
        blank: Row = ([(" " * width, "text")], "")
        return made + [blank] * (height - len(made))

    def _repaint(self) -> None:
        self._stale = False
        width, height = self.size
        if not width or not height or not self.is_on_screen:
            self._painted = Size(0, 0)
            return
        if self._painted != self.size:
            self.refresh()
            return
        old, self._rows = self._rows, self._make()
        changed = [y for y in range(height) if old[y] != self._rows[y]]
        if changed:
            self.refresh(*_regions(changed, width))

    def render_line(self, y: int) -> Strip:
        """One line, from what the last repaint made."""
        if self._painted != self.size:
            self._rows = self._make()
            self._painted = self.size
        if y >= len(self._rows):
            return Strip.blank(self.size.width, self.desk.palette.base)
        line, over = self._rows[y]
        return strip(line, over, self.desk.palette, self.desk.glyphs)


def _regions(changed: list[int], width: int) -> list[Region]:
    regions: list[Region] = []
    start = last = changed[0]
    for y in changed[1:]:
        if y != last + 1:
            regions.append(Region(0, start, width, last - start + 1))
            start = y
        last = y
    regions.append(Region(0, start, width, last - start + 1))
    return regions
