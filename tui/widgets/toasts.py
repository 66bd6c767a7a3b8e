"""The toasts at the lower right, over everything else.

Rules: as wide and high as their texts need and never more than LINES lines each; they go by a timer, not by a key.
"""

from __future__ import annotations

from slskmesh.engine.events import Level
from slskmesh.text import SafeStr
from tui.viewmodel.spans import clip, pad, wrap
from tui.viewmodel.toasts import Toast, Toasts
from tui.widgets.canvas import Canvas, Row

LINES = 2
CELLS = 64
BELOW = 2  # status and hints
_SIGNS = {Level.INFO: " ", Level.GOOD: " ", Level.WARN: "!", Level.ERROR: "X"}
_ROLES = {Level.WARN: "toast-warn", Level.ERROR: "toast-bad"}


class ToastStack(Canvas):
    """The toasts; hidden while there are none."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.toasts = Toasts()

    def say(self, text: SafeStr, level: Level, *, asked: bool) -> None:
        """Shows a text for a moment. `asked`: it answers something the person did."""
        if self.toasts.add(text, level, self.desk.monotonic(), asked=asked):
            self.settle()

    def settle(self) -> None:
        """Takes the room the texts need, and comes back when the next one goes."""
        width, height = self.desk.size
        shown = self.toasts.shown
        self.display = bool(shown)
        if not shown:
            return
        cells = min(CELLS, width - 2)
        rows = sum(len(self._lines(toast, cells)) for toast in shown)
        self.styles.width, self.styles.height = cells, rows
        free = self.desk.pane.kept_free if self.desk.panes else 0
        self.styles.offset = (width - cells, max(0, height - rows - BELOW - free))
        self.touch()
        until = self.toasts.next_end
        if until is not None:
            self.set_timer(max(0.05, until - self.desk.monotonic()), self._expire)

    def _expire(self) -> None:
        if self.toasts.expire(self.desk.monotonic()):
            self.settle()

    def _lines(self, toast: Toast, cells: int) -> list[str]:
        lines = wrap(str(toast), cells - 4)
        if len(lines) > LINES:
            lines = [
                *lines[: LINES - 1],
                clip(" ".join(lines[LINES - 1 :]), cells - 4, self.desk.glyphs.ellipsis),
            ]
        return lines

    def rows(self, width: int, height: int) -> list[Row]:
        out: list[Row] = []
        for toast in self.toasts.shown:
            role = _ROLES.get(toast.level, "toast")
            for at, text in enumerate(self._lines(toast, width)):
                sign = _SIGNS[toast.level] if at == 0 else " "
                line = f" {sign} {pad(text, width - 4, self.desk.glyphs.ellipsis)} "
                out.append(([(line, role)], ""))
        return out
