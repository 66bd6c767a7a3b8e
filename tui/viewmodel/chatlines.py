"""How lines of a room or conversation stand on the screen: time, name, words in the width there is; days, unread.

Rules:
- Only lines on the screen are laid out, and each once for a width: a key, a new line or another size costs a screen.
- A place on the screen is the index of the last line shown and how many of its rows are cut off below, so it stays
  while lines come and go; None is the newest line, whatever it is.
- What a line is is told by a sign or a word, not only by colour: `!` stands before a line that names the person.
"""

from __future__ import annotations

import re
import time
import zlib
from dataclasses import dataclass
from functools import lru_cache

from slskmesh.engine.legacy_views import ChatLineView
from tui.viewmodel.chat import ChatLog
from tui.viewmodel.formats import count, wall
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.spans import Line, clip, width, wrap

TIME = 6  # cells, with a blank behind
ROWS_MAX = 500  # of one line
_LINK = re.compile(r"(?:https?://|ftp://|slsk://|www\.|magnet:\?)[^\s<>\"]+", re.IGNORECASE)
_TAIL = ".,;:!?)]}'"
_OWN = frozenset({"own", "unsent", "waiting", "sent", "refused"})

Bottom = tuple[int, int]  # index of a line, rows of it below the screen


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a log is on the screen: its rows with the index each belongs to, and how many lines are below."""

    rows: tuple[tuple[int, Line], ...] = ()
    first: int = 0
    last: int = -1
    more: int = 0
    at_top: bool = True


@dataclass(frozen=True, slots=True)
class Window:
    """A screen of `cells` by `height` over a log."""

    cells: int
    height: int
    glyphs: Glyphs
    now: float

    def show(self, log: ChatLog, bottom: Bottom | None) -> Shown:
        """The rows that end at `bottom`, and no more than fit."""
        if not len(log) or self.height < 1:
            return Shown()
        last, cut = self._held(log, bottom)
        rows: list[tuple[int, Line]] = []
        index = last
        while index >= log.first and len(rows) < self.height:
            own = self.rows_of(log, index)
            kept = own[: len(own) - cut] if index == last else own
            rows[:0] = [(index, line) for line in kept]
            index -= 1
        at_top = index < log.first and len(rows) <= self.height
        rows = rows[-self.height :]
        first = rows[0][0] if rows else log.first
        return Shown(tuple(rows), first, last, log.end - 1 - last + (1 if cut else 0), at_top)

    def scroll(self, log: ChatLog, bottom: Bottom | None, by: int) -> Bottom | None:
        """The place `by` rows further down (negative: up)."""
        if not len(log):
            return None
        index, cut = self._held(log, bottom)
        cut -= by
        while cut < 0:
            if index + 1 >= log.end:
                return None
            index += 1
            cut += len(self.rows_of(log, index))
        while cut >= (rows := len(self.rows_of(log, index))):
            if index <= log.first:
                break
            cut -= rows
            index -= 1
        if index == log.end - 1 and cut <= 0:
            return None
        return self._not_above(log, (index, min(cut, rows - 1)))

    def reveal(self, log: ChatLog, bottom: Bottom | None, index: int) -> Bottom | None:
        """The place nearest to `bottom` where the line of `index` is on the screen."""
        shown = self.show(log, bottom)
        if shown.first < index < shown.last or (index == shown.last and not self._held(log, bottom)[1]):
            return bottom
        if index >= shown.last:
            return None if index >= log.end - 1 else (index, 0)
        rows = len(self.rows_of(log, index))
        at, left = index, self.height - rows
        while left > 0 and at + 1 < log.end:
            at += 1
            left -= len(self.rows_of(log, at))
        return self._not_above(log, (at, max(0, -left) if at > index else 0))

    def _held(self, log: ChatLog, bottom: Bottom | None) -> Bottom:
        """`bottom` as it is in the log of now."""
        if bottom is not None and bottom[0] < log.first:
            bottom = self._not_above(log, (log.first, 0))
        if bottom is None or bottom[0] >= log.end:
            return log.end - 1, 0
        return bottom[0], min(bottom[1], len(self.rows_of(log, bottom[0])) - 1)

    def _not_above(self, log: ChatLog, bottom: Bottom) -> Bottom | None:
        """`bottom`, or lower where the screen would have room above the first line."""
        index, cut = bottom
        have = len(self.rows_of(log, index)) - cut
        while index > log.first and have < self.height:
            index -= 1
            have += len(self.rows_of(log, index))
        missing = self.height - have
        index, cut = bottom
        while missing > 0:
            step = min(missing, cut)
            missing, cut = missing - step, cut - step
            if missing and index + 1 >= log.end:
                return None
            if missing:
                index += 1
                cut = len(self.rows_of(log, index))
        return None if index == log.end - 1 and not cut else (index, cut)

    def rows_of(self, log: ChatLog, index: int) -> list[Line]:
        """All rows of one line: the day where it is another one, the mark of what is unread, the line itself."""
        line = log.line(index)
        out: list[Line] = []
        day = _day(line.at)
        other = _day(log.line(index - 1).at) if index > log.first else _day(self.now)
        if day != other:
            out.append(self._ruled(_date(line.at), "dim"))
        if index == log.marker:
            lines = f"unread: {count(log.fresh)} new since {wall(line.at)}"
            out.append(self._ruled(lines, "mark"))
        return [*out, *laid_out(line, self.cells, self.glyphs)]

    def _ruled(self, words: str, role: str) -> Line:
        rule = self.glyphs.rule
        left = f"{rule * 3} {clip(words, max(1, self.cells - 8), self.glyphs.ellipsis)} "
        return [(left + rule * max(0, self.cells - width([(left, role)])), role)]


def name_cells(cells: int) -> int:
    """The width of the column of names."""
    return max(8, min(16, cells // 6))


@lru_cache(maxsize=1024)
def laid_out(line: ChatLineView, cells: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """One line in rows of at most `cells` cells; the rows behind the first stand below its words."""
    name, name_role, sign, text, role = _parts(line)
    column = name_cells(cells)
    room = max(10, cells - TIME - column - 3)
    shown = clip(name, column, glyphs.ellipsis)
    head: Line = [
        (f"{wall(line.at)} ", "dim"),
        (" " * (column - width([(shown, "")])) + shown, name_role),
        (f" {sign or glyphs.frame.down} ", "mark" if sign else "faint"),
    ]
    gap: Line = [(" " * (TIME + column), "text"), (f" {glyphs.frame.down} ", "faint")]
    parts: list[Line] = [[(row, role)] for row in wrap(text, room, ROWS_MAX)]
    more = _after(line)
    for row in wrap(more, room, ROWS_MAX) if more else ():
        if width(parts[-1]) + width([(row, "")]) + 1 <= room:
            parts[-1] += [(f" {row}", _after_role(line))]
        else:
            parts.append([(row, _after_role(line))])
    return tuple([*(head if at == 0 else gap), *part] for at, part in enumerate(parts))


def _parts(line: ChatLineView) -> tuple[str, str, str, str, str]:
    """Name, its role, the sign behind it ("": the usual one), words and their role."""
    user, text, kind = str(line.user), str(line.text), line.kind
    if kind == "mode":
        return "slskmesh", "warn", "!", text, "warn"
    if kind == "fault":
        return user or "server", "warn", "!", text, "warn"
    own = kind in _OWN
    role = {"mention": "mark", "waiting": "dim", "unsent": "warn", "refused": "warn"}.get(kind, "text")
    sign = "!" if kind == "mention" else ""
    name, name_role = ("you", "key") if own else (user, name_role_of(user))
    if text.startswith("/me "):
        return "*", name_role, sign, f"{name} {text[4:]}", role
    return name, name_role, sign, text, role


def name_role_of(user: str) -> str:
    """The colour of a name, the same everywhere."""
    return f"src{zlib.crc32(user.encode('utf-8', 'replace')) % 8}"


def _after(line: ChatLineView) -> str:
    """What is to be said of a line behind its words."""
    why = f": {line.why}" if line.why else ""
    return {
        "unsent": "(the line was lost before it came back; it may not have been heard)",
        "kept": "(waited on the server for you)",
        "waiting": "(waits to be sent; d takes it back)",
        "refused": f"(not sent{why})",
    }.get(line.kind, "")


def _after_role(line: ChatLineView) -> str:
    return "bad" if line.kind == "refused" else "dim"


def _day(at: float) -> tuple[int, int]:
    day = time.localtime(at)
    return day.tm_year, day.tm_yday


def _date(at: float) -> str:
    return time.strftime("%A %Y-%m-%d", time.localtime(at))


def plain(line: ChatLineView) -> str:
    """A line as it is copied."""
    name, _, _, text, _ = _parts(line)
    return f"{wall(line.at)} {name}: {text}"


def links(text: str) -> list[str]:
    """Addresses in a text, in order, without the sentence's own signs behind them."""
    return list(dict.fromkeys(found.rstrip(_TAIL) for found in _LINK.findall(text)))
