"""Boxes of the Scenes pane: the list of rooms and conversations, the lines of one, the line that is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events

from tui.viewmodel.buffers import Buffer, columns
from tui.viewmodel.chat import ChatLog
from tui.viewmodel.chatlines import Bottom, Shown, Window
from tui.viewmodel.formats import count
from tui.viewmodel.lineedit import LineEdit
from tui.viewmodel.spans import clip, fit, wrap
from tui.viewmodel.spans import width as line_width
from tui.viewmodel.speaking import TYPED_MAX
from tui.widgets.box import Box
from tui.widgets.canvas import Row
from tui.widgets.rowsview import ListSource, RowsBox

if TYPE_CHECKING:
    from slskmesh.engine.legacy_views import ChatLineView

TROUBLE_ROWS = 3
WHEEL = 3


class BuffersBox(RowsBox[Buffer]):
    """The list; headings are passed over."""

    def __init__(self, source: ListSource[Buffer]) -> None:
        super().__init__(source, columns, "rooms, messages", id="buffers")
        self.heading = False
        self.named_by = "name"
        self.empty = ("", "no room yet: R lists them, J joins one; W writes to somebody")
        self._way = 1

    def move(self, rows: int) -> None:
        self._way = 1 if rows >= 0 else -1
        super().move(rows)
        self._way = 1

    def _settle(self) -> None:
        total = len(self.source)
        place = max(0, min(self.cursor, total - 1))
        if total and not self.source.row(place).number:  # the first line is a heading, the last never is
            place += self._way if place else 1
        self.cursor = place
        super()._settle()
        if self.top == self.cursor and self.cursor and not self.source.row(self.cursor - 1).number:
            self.top -= 1


class ChatBox(Box):
    """The lines of one place. The cursor is a line; None: none is chosen."""

    def __init__(self, on_move: Callable[[bool], None]) -> None:
        """`on_move` hears of every move, and whether it was upwards."""
        super().__init__("nothing open", id="chat")
        self.said: ChatLog | None = None
        self.bottom: Bottom | None = None
        self.cursor: int | None = None
        self.standing = ""
        self.trouble = ""
        self.known = False  # the engine told who is there
        self.shown = Shown()
        self._on_move = on_move

    def show(self, log: ChatLog | None) -> None:
        """Another place."""
        self.said, self.bottom, self.cursor = log, None, None
        self.shown = Shown()
        self.touch()

    @property
    def line(self) -> ChatLineView | None:
        """The line under the cursor."""
        log, at = self.said, self.cursor
        return log.line(at) if log is not None and at is not None and log.first <= at < log.end else None

    def window(self) -> Window:
        """The screen as it is now."""
        width, height = self.inner
        room = max(1, height - len(self._trouble_rows(width)))
        return Window(max(30, width - 2), room, self.desk.glyphs, self.desk.clock())

    def _trouble_rows(self, width: int) -> list[Row]:
        rows = wrap(self.trouble, max(10, width - 4)) if self.trouble else []
        if len(rows) > TROUBLE_ROWS:
            rows = [
                *rows[: TROUBLE_ROWS - 1],
                " ".join(rows[TROUBLE_ROWS - 1 :]),
            ]  # the frame cuts it, and says so
        return [([(f" ! {row}", "warn")], "") for row in rows]

    def content(self, width: int, height: int) -> list[Row]:
        above = self._trouble_rows(width)
        log = self.said
        if log is None or not len(log):
            self.note = self.standing
            told = "" if log is None else "nothing was said here yet" if self.known else "asking ..."
            return [*above, ([], ""), ([(f"  {told}", "dim")], "")]
        self.shown = shown = self.window().show(log, self.bottom)
        more = f"-MORE({count(shown.more)})-" if shown.more else ""
        self.note = "  ".join(part for part in (self.standing, more) if part)
        over = "cursor" if self.active else "rest"
        rows: list[Row] = [
            ([(" ", "text"), *line], over if index == self.cursor else "") for index, line in shown.rows
        ]
        blank: list[Row] = [([], "")] * (height - len(above) - len(rows))
        if blank and log.complete and not log.place.room:
            blank[-1] = ([(" the beginning of what is kept", "faint")], "")
        return [*above, *blank, *rows]

    def span(self) -> tuple[int, int, int]:
        log, shown = self.said, self.shown
        if log is None or not shown.rows:
            return 0, 1, 1
        return shown.first - log.first, shown.last - shown.first + 1 - (1 if shown.more else 0), len(log)

    # Moving
    def scroll(self, rows: int) -> None:
        """Another part of the log."""
        if self.said is not None:
            self.bottom = self.window().scroll(self.said, self.bottom, rows)
            self._moved(rows < 0)

    def move(self, rows: int) -> None:
        """The cursor by lines; past the newest it goes and the box follows what comes."""
        log = self.said
        if log is None or not len(log):
            return
        shown, at = self.shown, self.cursor
        if at is None or not shown.first <= at <= shown.last:
            at = shown.last + 1 if rows < 0 else shown.first - 1
        at += rows
        if at >= log.end:
            self.cursor, self.bottom = None, None
        else:
            self.cursor = max(log.first, at)
            self.bottom = self.window().reveal(log, self.bottom, self.cursor)
        self._moved(rows < 0)

    def go(self, line: int) -> None:
        log = self.said
        if log is None or not len(log):
            return
        self.cursor = None if line < 0 else min(log.end - 1, log.first + line)
        self.bottom = None if self.cursor is None else self.window().reveal(log, self.bottom, self.cursor)
        self._moved(line == 0)

    def aim(self, index: int) -> None:
        """Puts the cursor on a line."""
        if self.said is not None:
            self.go(index - self.said.first)

    def follow(self) -> None:
        """Back to what comes."""
        self.bottom = self.cursor = None
        self._moved()

    def _moved(self, up: bool = False) -> None:
        self.touch()
        if self.said is not None:
            self.shown = self.window().show(self.said, self.bottom)
        self._on_move(up)

    def pick(self, line: int) -> None:
        shown = self.shown.rows
        at = line - (self.inner[1] - len(shown))
        if 0 <= at < len(shown):
            self.cursor = shown[at][0]
            self._moved()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll(WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll(-WHEEL)


class InputBox(Box):
    """The line that is typed; each place has its own, with its history."""

    def __init__(self, on_pick: Callable[[], None]) -> None:
        super().__init__("", id="say")
        self.edit = LineEdit(limit=TYPED_MAX)
        self.label = ""
        self.wrong = ""
        self._on_pick = on_pick

    def content(self, width: int, height: int) -> list[Row]:
        self.note = self.wrong
        if not self.label:
            return []
        head = clip(f" {self.label} ", width // 3, self.desk.glyphs.ellipsis)
        if not self.active and not self.edit.text:
            return [(fit([(head, "key"), ("i types here", "faint")], width), "")]
        room = width - line_width([(head, "")]) - 1
        return [(fit([(head, "key"), *self.edit.view(room, focused=self.active)], width), "")]

    def pick(self, line: int) -> None:
        self._on_pick()
