"""Boxes that open over a pane: text to read, a menu to choose from.

Rules: one at a time; esc or q closes it; it takes every key while it is open, except the ones that always act.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tui.viewmodel.spans import Line, fit, spread, width
from tui.widgets.box import TextBox
from tui.widgets.canvas import Row

_MOVES = {
    "j": 1,
    "down": 1,
    "ctrl+n": 1,
    "k": -1,
    "up": -1,
    "ctrl+p": -1,
    "ctrl+d": 10,
    "pagedown": 15,
    "ctrl+u": -10,
    "pageup": -15,
}


class Overlay(TextBox):
    """A box of text over the pane. `keys` are extra keys it answers; `remake` gives the lines as they are by now.

    `margin` is the lines of the screen it leaves free at least.
    """

    margin = 6

    def __init__(
        self,
        title: str,
        lines: list[Line],
        *,
        keys: dict[str, Callable[[], None]] | None = None,
        remake: Callable[[], list[Line]] | None = None,
    ) -> None:
        super().__init__(title, classes="overlay")
        self.hints = [("esc", "close"), ("j k", "scroll")]
        self.lines = lines
        self.active = True
        self.keys = keys or {}
        self.remake = remake
        self.cells = min(100, max(44, max((width(line) for line in lines), default=0) + 6))
        self.height_wanted = len(lines) + 2

    def key(self, key: str, character: str | None) -> bool:
        """Handles one key; True where it was used."""
        if key in {"escape", "q"}:
            self.desk.close_overlay()
        elif key in self.keys:
            self.keys[key]()
        elif key in _MOVES:
            self.move(_MOVES[key])
        elif key in {"g", "home"}:
            self.go(0)
        elif key in {"G", "end"}:
            self.go(-1)
        else:
            return False
        return True

    def freshen(self) -> None:
        """A second went by, or newer views came: what is counted or may have changed is shown anew."""
        if self.remake is not None and (lines := self.remake()) != self.lines:
            self.show(lines)

    def height_in(self, cells: int) -> int:
        """The height it would like when it is `cells` wide."""
        return max(self.height_wanted, len(self.flowed_in(cells - 4)) + 2)

    def paste(self, text: str) -> None:
        """Text boxes take no text."""


@dataclass(slots=True)
class Entry:
    """One line of a menu. `off` is the reason why it cannot be chosen now.

    `hot` are keys that run it at once; with `stay` the menu is still open afterwards.
    """

    key: str
    title: str
    run: Callable[[], None] | None
    off: str = ""
    note: str = ""
    hot: tuple[str, ...] = ()
    stay: bool = False


class Menu(Overlay):
    """A list to choose from: typing filters it, enter runs the row, a greyed row says why it is off."""

    def __init__(self, title: str, entries: Sequence[Entry], *, typing: bool = False) -> None:
        super().__init__(title, [])
        self.hints = [("enter", "run"), ("esc", "close"), ("j k", "move"), ("/", "find")]
        self.entries = list(entries)
        self.filter = ""
        self.typing = typing
        self.cursor = 0
        self.said = ""
        self._hot = {key: entry for entry in entries for key in entry.hot}
        self.shown: list[Entry] = []
        longest = max((len(e.title) + len(e.key) + len(e.off or e.note) for e in entries), default=20)
        self.cells = min(96, max(50, longest + 20))
        self.height_wanted = len(self.entries) + 4
        self._refilter()

    def find(self, words: str) -> None:
        """Narrows the list to rows with these words."""
        self.filter = words
        self._refilter()

    def _refilter(self) -> None:
        terms = self.filter.casefold().split()
        self.shown = [
            e
            for e in self.entries
            if not terms or (e.run is not None and all(t in f"{e.title} {e.note}".casefold() for t in terms))
        ]
        self.cursor = 0
        self._step(0)

    def _step(self, by: int) -> None:
        """Moves to the next row that is one: headings are passed over."""
        if not any(e.run for e in self.shown):
            return
        place = max(0, min(len(self.shown) - 1, self.cursor + by))
        step = 1 if by >= 0 else -1
        while 0 <= place < len(self.shown) and self.shown[place].run is None:
            place += step
        if not 0 <= place < len(self.shown):
            place = self.cursor
            while self.shown[place].run is None:
                place += -step
        self.cursor = place
        self.said = ""

    def key(self, key: str, character: str | None) -> bool:
        if key == "escape" and self.typing and self.filter:
            self.filter = ""
            self._refilter()
        elif key in {"escape"} or (key == "q" and not self.typing):
            self.desk.close_overlay()
        elif key == "enter" or (key == "space" and not self.typing and self.stays):
            self._choose()
        elif not self.typing and key in self._hot:
            self._run(self._hot[key])
        elif key in _MOVES and not (self.typing and len(key) == 1):
            self._step(_MOVES[key])
        elif key == "backspace" and self.typing:
            self.filter = self.filter[:-1]
            self._refilter()
        elif key == "slash" and not self.typing:
            self.typing = True
        elif self.typing and character and character.isprintable() and len(self.filter) < 60:
            self.filter += character
            self._refilter()
        else:
            return False
        self.touch()
        return True

    def pick(self, line: int) -> None:
        place = self._first() + line - 1
        if 0 <= place < len(self.shown) and self.shown[place].run is not None:
            self.cursor = place
            self._choose()

    def _choose(self) -> None:
        if not self.shown or self.shown[self.cursor].run is None:
            return
        self._run(self.shown[self.cursor])

    @property
    def stays(self) -> bool:
        """Whether the row under the cursor is a switch."""
        return bool(self.shown) and self.shown[self.cursor].stay

    def _run(self, entry: Entry) -> None:
        if entry.off:
            self.said = entry.off
            self.touch()
            return
        if not entry.stay:
            self.desk.close_overlay()
        assert entry.run is not None
        entry.run()
        self.touch()

    def _first(self) -> int:
        page = max(1, self.inner[1] - 2)
        return max(0, min(self.cursor - page // 2, len(self.shown) - page))

    def span(self) -> tuple[int, int, int]:
        return self._first(), max(1, self.inner[1] - 2), len(self.shown)

    def move(self, rows: int) -> None:
        self._step(rows)
        self.touch()

    def content(self, width: int, height: int) -> list[Row]:
        head: Line = [(" find: ", "dim"), (self.filter, "text"), (" ", "caret" if self.typing else "text")]
        if not self.typing:
            head = [(" / finds by name, enter runs, esc closes", "dim")]
        out: list[Row] = [(head, "")]
        first = self._first()
        for place, entry in enumerate(self.shown[first : first + height - 2], first):
            out.append(self._entry(entry, place == self.cursor, width))
        out += [([], "")] * (height - 1 - len(out))
        out.append((fit([(f" {self.said}", "warn")], width), ""))
        return out

    def _entry(self, entry: Entry, here: bool, cells: int) -> Row:
        if entry.run is None:
            return [(f" {entry.title}", "title")], ""
        sign = self.desk.glyphs.cursor if here else " "
        role = "faint" if entry.off else "text"
        left: Line = [(f"{sign} ", "key"), (f"{entry.key:<12}", "faint" if entry.off else "hint-key")]
        left.append((entry.title, role))
        right: Line = [(f"{entry.off or entry.note} ", "faint" if entry.off else "dim")]
        return spread(left, right, cells), "cursor" if here else ""
