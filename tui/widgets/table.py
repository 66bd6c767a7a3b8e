"""A list of rows in a box over the pane: a cursor that stays on its row, some lines above and below the list.

Rules: as for every box over a pane (overlay.py); only the rows on the screen are laid out; the rows are asked for anew
whenever something may have changed, so what is shown is never older than a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from tui.viewmodel.columns import Column, header, layout
from tui.viewmodel.spans import Line, wrap
from tui.widgets.canvas import Row
from tui.widgets.overlay import Overlay

T = TypeVar("T")
LEAST = 10  # rows of the list the box would like


class Table(Overlay, Generic[T]):
    """See the head of this file. `rows` gives the rows, `key` names one, `above` and `below` are lines beside them."""

    def __init__(
        self,
        title: str,
        rows: Callable[[], Sequence[T]],
        columns: Callable[[], tuple[Column[T], ...]],
        key: Callable[[T], str],
        *,
        keys: dict[str, Callable[[], None]],
        empty: str = "",
    ) -> None:
        super().__init__(title, [], keys=keys)
        self.columns = columns
        self.cursor = 0
        self.empty = empty
        self.above: Callable[[], list[Line]] = list
        self.below: Callable[[T], list[Line]] = lambda row: []
        self.cells = 100
        self._key_of = key
        self._source = rows
        self.shown: Sequence[T] = rows()

    @property
    def current(self) -> T | None:
        """The row under the cursor."""
        return self.shown[self.cursor] if self.cursor < len(self.shown) else None

    def freshen(self) -> None:
        """Asks for the rows anew; the cursor stays on its row where it still exists."""
        row = self.current
        self.shown = self._source()
        if row is not None:
            self.aim(self._key_of(row))
        self._to(self.cursor)

    def aim(self, key: str) -> None:
        """Puts the cursor on a row."""
        self.cursor = next((at for at, row in enumerate(self.shown) if self._key_of(row) == key), self.cursor)
        self.touch()

    def key(self, key: str, character: str | None) -> bool:
        if key in self.keys:
            self.keys[key]()
            return True
        return super().key(key, character)

    def _to(self, place: int) -> None:
        self.cursor = max(0, min(place, len(self.shown) - 1))
        self.touch()

    def move(self, rows: int) -> None:
        self._to(self.cursor + rows)

    def go(self, line: int) -> None:
        self._to(len(self.shown) - 1 if line < 0 else line)

    def pick(self, line: int) -> None:
        place = self._first(self._room()) + line - len(self.above()) - 1
        if line > len(self.above()) and 0 <= place < len(self.shown):
            self._to(place)

    def height_in(self, cells: int) -> int:
        return max(LEAST, len(self.shown)) + len(self.above()) + self._tail() + 3

    def span(self) -> tuple[int, int, int]:
        return self._first(self._room()), self._room(), max(1, len(self.shown))

    def _tail(self) -> int:
        row = self.current
        return len(self.below(row)) if row is not None else 0

    def _room(self) -> int:
        return max(1, self.inner[1] - len(self.above()) - 1 - self._tail())

    def _first(self, room: int) -> int:
        return max(0, min(self.cursor - room // 2, len(self.shown) - room))

    def content(self, width: int, height: int) -> list[Row]:
        glyphs = self.desk.glyphs
        out: list[Row] = [([(" ", "text"), *line], "") for line in self.above()]
        row = self.current
        if row is None:
            told = wrap(self.empty, width - 4)
            return [*out, ([], ""), *(([(f"  {part}", "dim")], "") for part in told)]
        columns = self.columns()
        out.append(([("  ", "head"), *header(columns, width - 3, glyphs)], ""))
        room = self._room()
        first = self._first(room)
        for place, one in enumerate(self.shown[first : first + room], first):
            here = place == self.cursor
            sign = glyphs.cursor if here else " "
            out.append(
                ([(f"{sign} ", "key"), *layout(columns, one, width - 3, glyphs)], "cursor" if here else "")
            )
        below = self.below(row)
        out += [([], "")] * (height - len(below) - len(out))
        return [*out, *(([(" ", "text"), *line], "") for line in below)]
