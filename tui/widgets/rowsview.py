"""A list of any length: a cursor that is a row's key, marks, columns that fit the width.

Rules: only the rows on the screen are ever laid out; the cursor stays on its row when the order changes, and its row
stays where it is on the screen; the list never copies its source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from tui.viewmodel.columns import Column, header, layout, tabbed
from tui.viewmodel.spans import Line, wrap
from tui.widgets.box import Box
from tui.widgets.canvas import Row

T = TypeVar("T")


class Source(Protocol[T]):
    """What a list shows: rows by place, places by key."""

    def __len__(self) -> int: ...
    def row(self, position: int) -> T: ...
    def key(self, row: T) -> str: ...
    def position(self, key: str) -> int | None: ...


class ListSource(Generic[T]):
    """A short list as a source; `key` names a row."""

    def __init__(self, key: Callable[[T], str]) -> None:
        self._key = key
        self.items: Sequence[T] = ()
        self._places: dict[str, int] = {}

    def set(self, items: Sequence[T]) -> None:
        """Shows other rows."""
        self.items = items
        self._places = {self._key(item): at for at, item in enumerate(items)}

    def __len__(self) -> int:
        return len(self.items)

    def row(self, position: int) -> T:
        """The row at a place."""
        return self.items[position]

    def key(self, row: T) -> str:
        """The name of a row."""
        return self._key(row)

    def position(self, key: str) -> int | None:
        """The place of a row."""
        return self._places.get(key)


class RowsBox(Box, Generic[T]):
    """A list box over a source."""

    def __init__(
        self,
        source: Source[T],
        columns: Callable[[], tuple[Column[T], ...]],
        title: str = "",
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(title, id=id, classes=classes)
        self.source = source
        self.columns = columns
        self.cursor = 0
        self.cursor_key = ""
        self.top = 0
        self.heading = True
        self.lead: list[Line] = []  # lines above the list that do not scroll
        self.empty: Sequence[str] = ()
        self.named_by = ""  # title of the column that names a row; none: the first that says something
        self.is_marked: Callable[[str], bool] = lambda key: False
        self.on_cursor: Callable[[], None] = lambda: None
        self.range_start: int | None = None

    @property
    def current(self) -> T | None:
        """The row under the cursor."""
        return self.source.row(self.cursor) if self.cursor < len(self.source) else None

    def selected(self) -> list[T]:
        """The rows of a range begun with v, else the row under the cursor."""
        if self.range_start is None:
            return [] if self.current is None else [self.current]
        low, high = sorted((min(self.range_start, len(self.source) - 1), self.cursor))
        return [self.source.row(at) for at in range(max(0, low), high + 1)]

    @property
    def page(self) -> int:
        """Rows on the screen."""
        return max(1, self.inner[1] - self._above)

    @property
    def _above(self) -> int:
        return len(self.lead) + (1 if self.heading else 0)

    def sync(self) -> None:
        """The source changed: the cursor stays on its row and the row on its line, where it still exists."""
        old = self.cursor
        place = self.source.position(self.cursor_key) if self.cursor_key else None
        if place is not None:
            self.cursor = place
            self.top += place - old
        self._settle()
        self.touch()

    def _settle(self) -> None:
        total = len(self.source)
        self.cursor = max(0, min(self.cursor, total - 1))
        lowest = max(0, total - self.page)
        self.top = max(0, min(self.top, lowest, self.cursor))
        if self.cursor >= self.top + self.page:
            self.top = self.cursor - self.page + 1
        key = self.source.key(self.source.row(self.cursor)) if total else ""
        if key != self.cursor_key:
            self.cursor_key = key
            self.on_cursor()

    def move(self, rows: int) -> None:
        self.cursor += rows
        self._settle()
        self.touch()

    def go(self, line: int) -> None:
        self.cursor = len(self.source) - 1 if line < 0 else line
        self._settle()
        self.touch()

    def pick(self, line: int) -> None:
        row = line - self._above
        if 0 <= row < self.page and self.top + row < len(self.source):
            self.go(self.top + row)

    def span(self) -> tuple[int, int, int]:
        return self.top, self.page, len(self.source)

    @property
    def name_of_row(self) -> str:
        """The row under the cursor in a few words: its first cell that says something."""
        row = self.current
        if row is None:
            return ""
        columns = self.columns()
        chosen = tuple(column for column in columns if column.title == self.named_by) or columns
        cells = (tabbed((column,), row).strip() for column in chosen)
        return next((text for text in cells if len(text) > 1), "")

    def table(self, most: int) -> tuple[str, int]:
        """The list as a tab-separated table of at most `most` bytes, and how many rows it holds."""
        columns = self.columns()
        lines = ["\t".join(column.title.strip() for column in columns)]
        used = len(lines[0]) + 1
        for place in range(len(self.source)):
            line = tabbed(columns, self.source.row(place))
            used += len(line.encode()) + 1
            if used > most:
                break
            lines.append(line)
        return "\n".join(lines), len(lines) - 1

    def seek(self, step: int, matches: Callable[[T], bool], limit: int) -> bool | None:
        """Goes to the next row (`step` 1) or the one before (-1) that matches, round the ends.

        True where it moved, False where no other row matches, None where `limit` rows were looked at in vain.
        """
        total = len(self.source)
        for far in range(1, min(total, limit + 1)):
            place = (self.cursor + step * far) % total
            if matches(self.source.row(place)):
                self.go(place)
                return True
        return None if total > limit + 1 else False

    def content(self, width: int, height: int) -> list[Row]:
        glyphs = self.desk.glyphs
        columns = self.columns()
        total = len(self.source)
        above: list[Row] = [([(" ", "text"), *line], "") for line in self.lead]
        if not total:
            told = [part for text in self.empty for part in wrap(text, width - 4)]
            return [*above, ([], ""), *(([("  " + part, "dim")], "") for part in told)]
        if self.top > max(0, total - self.page) or self.cursor >= self.top + self.page:
            self._settle()
        out = above
        if self.heading:
            out.append(([("  ", "head"), *header(columns, width - 3, glyphs)], ""))
        low, high = sorted((self.range_start, self.cursor)) if self.range_start is not None else (-1, -2)
        for place in range(self.top, min(total, self.top + self.page)):
            row = self.source.row(place)
            here = place == self.cursor
            letter = self.desk.jump.at_row(self, place)
            sign = letter or (glyphs.cursor if here else " ")
            marked = self.is_marked(self.source.key(row))
            lead: Line = [(sign, "mark" if letter else "key"), (glyphs.marked if marked else " ", "mark")]
            line = [*lead, *layout(columns, row, width - 3, glyphs)]
            ranged = low <= place <= high
            over = ("cursor" if self.active else "rest") if here else ("rest" if ranged else "")
            out.append((line, over))
        return out
