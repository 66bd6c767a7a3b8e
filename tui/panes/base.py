"""What every pane is: some boxes, one of them focused, and what it does when views change.

Rules: a pane holds no engine state of its own beyond what it shows; `changed` is told the types of the views that came
and touches only the boxes they concern.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Container

from slskmesh.engine.views import View
from tui.widgets.box import Box
from tui.widgets.rowsview import RowsBox

if TYPE_CHECKING:
    from tui.app import MeshApp

WHOLE = 2
ABSENT = "-absent"  # class of a box that shares its room with another, which is shown now
SOUGHT_MAX = 20_000  # rows that n looks at before it gives up: a key press never takes long


class Pane(Container):
    """Base of the panes."""

    NAME: ClassVar[str] = ""
    TITLE: ClassVar[str] = ""
    DIGIT: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__(id=f"pane-{self.NAME}", classes="pane")
        self.boxes: list[Box] = []
        self.first = 0
        self.size_step = 0

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
        self.boxes[self.first].add_class("-on")
        yield from self.boxes

    @property
    def box(self) -> Box:
        """The focused box; before the pane is on the screen for the first time, the one that will have the focus."""
        self.boxes = self.boxes or list(self.make_boxes())
        return next((box for box in self.boxes if box.active), self.boxes[self.first])

    def focus_box(self, box: Box) -> None:
        """Puts the focus on one of its boxes."""
        if box not in self.boxes or box.active:
            return
        for other in self.boxes:
            if other.active:
                other.active = False
                other.remove_class("-on")
                other.touch()
        box.active = True
        box.add_class("-on")
        box.touch()
        self.focus_moved()

    def focus_moved(self) -> None:
        """Another box has the focus."""

    def next_box(self, step: int) -> None:
        """tab and shift+tab, over the boxes that are on the screen, or over all where one has it alone."""
        shown = self.usable_boxes() if self.size_step == WHOLE else self.shown_boxes()
        if shown:
            at = shown.index(self.box) if self.box in shown else -step
            self.focus_box(shown[(at + step) % len(shown)])

    def usable_boxes(self) -> list[Box]:
        """The boxes that may have the focus now."""
        return [box for box in self.boxes if not box.has_class(ABSENT)]

    def shown_boxes(self) -> list[Box]:
        """Those of them that are on the screen."""
        return [box for box in self.usable_boxes() if box.display and box.size.height]

    def resize_box(self, step: int) -> None:
        """The focused box: as laid out (0), grown (1), alone (2)."""
        self.size_step = step % (WHOLE + 1)
        self.set_class(self.size_step == 1, "-grown")
        self.set_class(self.size_step == WHOLE, "-whole")

    def touch_boxes(self) -> None:
        """Every box may look different."""
        for box in self.boxes:
            box.touch()

    # What the app tells a pane
    def entered(self) -> None:
        """It is on the screen now."""

    def left(self) -> None:
        """It is off the screen now."""

    def changed(self, types: set[type[View]]) -> None:
        """Newer views of these types have come."""

    def said(self) -> None:
        """Lines came in the watched room or conversation."""

    def second(self) -> None:
        """A second has gone by."""

    # What keys ask of a pane
    @property
    def place(self) -> str:
        """Whose keys act now: the pane's own, or those of one of its lists (actions.PANE_OF)."""
        return self.NAME

    kept_free = 0  # lines at its lower end that no toast covers
    typing = False
    typing_hints: ClassVar[list[tuple[str, str]]] = [
        ("enter", "search"),
        ("tab", "mode"),
        ("esc", "lists"),
        ("up", "earlier"),
        ("^u", "clear"),
    ]
    counts = False
    filter_text = ""
    sought = ""

    def type_key(self, key: str, character: str | None) -> bool:
        """A key while `typing`."""
        return False

    def paste(self, text: str) -> None:
        """Pasted text."""

    def escape(self) -> bool:
        """esc in the normal context; True where it did something."""
        if self.size_step:
            self.resize_box(0)
            return True
        if self.filter_text:
            self.filter("")
            return True
        return False

    @property
    def rows_box(self) -> RowsBox[Any]:
        """The list that `/`, n, N and y are about; overridden."""
        raise LookupError(f"the {self.NAME} pane has no list")

    def words_of(self, row: Any) -> str:
        """What a filter looks at in a row, case folded."""
        return ""

    def filter(self, text: str) -> None:
        """Shows only rows with these words (empty: all); n and N find them after that, too."""
        self.filter_text = text
        self.sought = text or self.sought
        self.refilter()

    def refilter(self) -> None:
        """The filter's words changed; overridden."""

    def seek(self, step: int) -> bool | None:
        """Goes to the next or previous row with the words sought last (`RowsBox.seek`)."""
        terms = self.sought.casefold().split()
        if self.filter_text:
            return self.rows_box.seek(step, lambda row: True, SOUGHT_MAX)
        return self.rows_box.seek(step, lambda row: all(t in self.words_of(row) for t in terms), SOUGHT_MAX)

    def yanks(self) -> dict[str, str]:
        """What y copies: "row", "content id", "peer id", "path", "MusicBrainz id" to text, empty for none."""
        return {}
