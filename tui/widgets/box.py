"""A framed box: title in the border, scroll thumb on its right side, told as focused by the frame's sign and colour.

Rules: the frame is painted here and nowhere else; a focused box differs by its frame's signs too (`=` in ASCII), so
that focus reads without colour. The inside is `content`, two cells narrower and two lines lower than the box.
"""

from __future__ import annotations

from textual import events

from tui.viewmodel.glyphs import Frame
from tui.viewmodel.spans import Line, clip, fit, width, wrap
from tui.widgets.canvas import Canvas, Row

LABEL_MAX = 12  # cells of a label beside which text goes on


class Box(Canvas):
    """A box with a title. `note` stands at the right of the top border, `foot` in the bottom border."""

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.title = title
        self.note = ""
        self.foot: Line = []
        self.active = False

    def content(self, width: int, height: int) -> list[Row]:
        """The lines inside the frame; overridden."""
        return []

    def span(self) -> tuple[int, int, int]:
        """First shown line, shown lines, all lines: for the thumb."""
        return 0, 1, 1

    # What the movement keys do; a box without a cursor ignores them.
    def move(self, rows: int) -> None:
        """Moves by lines."""

    def sideways(self, columns: int) -> None:
        """Moves by columns."""

    def go(self, line: int) -> None:
        """Goes to a line (-1: the last)."""

    @property
    def inner(self) -> tuple[int, int]:
        """Width and height inside the frame."""
        return max(0, self.size.width - 2), max(0, self.size.height - 2)

    def rows(self, width: int, height: int) -> list[Row]:
        if width < 4 or height < 2:
            return []
        glyphs = self.desk.glyphs
        frame = glyphs.focus if self.active else glyphs.frame
        role = "frame-focus" if self.active else "frame"
        inside = self.content(width - 2, height - 2)[: height - 2]
        blank: Row = ([(" " * (width - 2), "text")], "")
        inside += [blank] * (height - 2 - len(inside))
        thumb = self._thumb(height - 2)
        out: list[Row] = [(self._top(width, frame, role), "")]
        for y, (line, over) in enumerate(inside):
            right = (glyphs.thumb, "thumb") if y in thumb else (frame.down, role)
            body = fit(line, width - 2, glyphs.ellipsis)
            if over:
                body = [(text, f"{span}|{over}") for text, span in body]
            out.append(([(frame.down, role), *body, right], ""))
        out.append((self._bottom(width, frame, role), ""))
        return out

    def _top(self, width_: int, frame: Frame, role: str) -> Line:
        ellipsis = self.desk.glyphs.ellipsis
        room = width_ - 6
        title = clip(self.title, room, ellipsis)
        left: Line = [(frame.top_left + frame.across, role)]
        letter = self.desk.jump.at_box(self)
        if letter:
            left.append((f"[{letter}]", "mark"))
            title = clip(self.title, room - 3, ellipsis)
        if title:
            left += [(" ", role), (title, "title" if self.active else "dim"), (" ", role)]
        note = self.note
        free = width_ - width(left) - 2
        if note and free >= 12:
            note = clip(note, free - 3, ellipsis)
            right: Line = [(" ", role), (note, "dim"), (" ", role), (frame.across + frame.top_right, role)]
        else:
            right = [(frame.across + frame.top_right, role)]
        return [*left, (frame.across * (width_ - width(left) - width(right)), role), *right]

    def _bottom(self, width_: int, frame: Frame, role: str) -> Line:
        right: Line = [(frame.across + frame.bottom_right, role)]
        if self.foot and width(self.foot) <= width_ - 6:
            right = [*self.foot, *right]
        return [
            (frame.bottom_left, role),
            (frame.across * (width_ - 1 - width(right)), role),
            *right,
        ]

    def _thumb(self, height: int) -> range:
        first, shown, total = self.span()
        if total <= shown or height < 2:
            return range(0)
        length = max(1, height * shown // total)
        start = min(height - length, round(first * (height - length) / max(1, total - shown)))
        return range(start, start + length)

    def on_click(self, event: events.Click) -> None:
        """A click focuses the box and picks the line."""
        self.desk.focus_box(self)
        self.pick(event.y - 1)

    def pick(self, line: int) -> None:
        """The person clicked this line inside the frame."""

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel moves by three."""
        event.stop()
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel moves by three."""
        event.stop()
        self.move(-3)


class TextBox(Box):
    """Lines of text that scroll where they do not fit."""

    def __init__(self, title: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(title, id=id, classes=classes)
        self.lines: list[Line] = []
        self.top = 0
        self._flow: tuple[int, list[Line], list[Line]] = (0, [], [])  # width, lines, the same as they stand

    def show(self, lines: list[Line]) -> None:
        """Shows other lines; the place is kept where it still exists."""
        self.lines = lines
        self._flow = (0, [], [])
        self.move(0)
        self.touch()

    def flowed(self) -> list[Line]:
        """The lines as they stand in this width: text is broken between words, beside its label where it has one."""
        return self.flowed_in(max(10, self.inner[0] - 2))

    def flowed_in(self, cells: int) -> list[Line]:
        """The lines as they stand in `cells` cells; made once for a width, so that a key costs the screen alone."""
        if self._flow[0] != cells or self._flow[1] is not self.lines:
            self._flow = (cells, self.lines, self._flowing(cells))
        return self._flow[2]

    def _flowing(self, cells: int) -> list[Line]:
        out: list[Line] = []
        for line in self.lines:
            if width(line) <= cells:
                out.append(line)
            elif len(line) == 1:
                out += [[(part, line[0][1])] for part in wrap(line[0][0], cells)]
            elif (
                len(line) == 2
                and line[0][1] == "dim"
                and (label := width(line[:1])) <= min(LABEL_MAX, cells // 2)
            ):
                head, (text, role) = line
                first, *rest = wrap(text, cells - label)
                out += [[head, (first, role)], *([(" " * label, "dim"), (part, role)] for part in rest)]
            else:
                out.append(line)
        return out

    def content(self, width: int, height: int) -> list[Row]:
        lines = self.flowed()
        self.top = max(0, min(self.top, len(lines) - height))
        return [([(" ", "text"), *line], "") for line in lines[self.top : self.top + height]]

    def span(self) -> tuple[int, int, int]:
        return self.top, self.inner[1], len(self.flowed())

    def move(self, rows: int) -> None:
        self.top = max(0, min(self.top + rows, len(self.flowed()) - self.inner[1]))
        self.touch()

    def go(self, line: int) -> None:
        self.top = 0
        self.move(len(self.lines) if line < 0 else line)
