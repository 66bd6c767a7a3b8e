"""What every pane is: some boxes, one of them focused, and what it does when views change.

Rules: a pane holds no engine state of its own beyond what it shows; `changed` is told the types of the views that came
and touches only the boxes they concern.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Container

from slskmesh.engine.views import View
from tui.widgets.box import Box

if TYPE_CHECKING:
    from tui.app import MeshApp


class Pane(Container):
    """Base of the panes."""

    NAME: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""
    DIGIT: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__(id=f"pane-{self.NAME}", classes="pane")
        self.boxes: list[Box] = []
        self.first = 0

    @property
    def desk(self) -> MeshApp:
        """The app, by its own type."""
        return cast("MeshApp", self.app)

    def make_boxes(self) -> Iterable[Box]:
        """The boxes, in tab order; overridden."""
        return ()

    def compose(self) -> ComposeResult:
        """Mounts the boxes."""
        self.boxes = list(self.make_boxes())
        self.boxes[self.first].active = True
        yield from self.boxes

    @property
    def box(self) -> Box:
        """The focused box."""
        return next((box for box in self.boxes if box.active), self.boxes[self.first])

    def focus_box(self, box: Box) -> None:
        """Puts the focus on one of its boxes."""
        if box not in self.boxes or box.active:
            return
        for other in self.boxes:
            if other.active:
                other.active = False
                other.touch()
        box.active = True
        box.touch()
        self.focus_moved()

    def focus_moved(self) -> None:
        """Another box has the focus."""

    def next_box(self, step: int) -> None:
        """tab and shift+tab, over the boxes that are on the screen."""
        shown = [box for box in self.boxes if box.display and box.size.height]
        if shown:
            at = shown.index(self.box) if self.box in shown else -step
            self.focus_box(shown[(at + step) % len(shown)])

    # What the app tells a pane
    def entered(self) -> None:
        """It is on the screen now."""

    def left(self) -> None:
        """It is off the screen now."""

    def changed(self, types: set[type[View]]) -> None:
        """Newer views of these types have come."""

    def second(self) -> None:
        """A second has gone by."""

    # What keys ask of a pane
    typing = False
    counts = False
    filter_text = ""

    def type_key(self, key: str, character: str | None) -> bool:
        """A key while `typing`."""
        return False

    def paste(self, text: str) -> None:
        """Pasted text while `typing`."""

    def escape(self) -> bool:
        """esc in the normal context; True where it did something."""
        if self.filter_text:
            self.filter(())
            return True
        return False

    def filter(self, words: Sequence[str] | str) -> None:
        """Shows only rows with these words (empty: all)."""

    def yank(self) -> str:
        """What y copies."""
        return ""

    def touch_all(self) -> None:
        """Everything may look different."""
        for box in self.boxes:
            box.repaint_all()
