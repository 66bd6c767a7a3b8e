"""The fixed rows: banner on top, tabs below it, status and hints at the bottom, and the notice for a small terminal.

Rules: each is one row (but the last), is never cut mid-word where a part can be left out whole, and asks for no layout.
"""

from __future__ import annotations

from textual import events

from tui.viewmodel.banner import banner, few_searches
from tui.viewmodel.formats import count, plural, rate, size, sparkline, wall
from tui.viewmodel.spans import Line, fit, spread, width
from tui.viewmodel.state import State
from tui.widgets.canvas import Canvas, Row

SPARK = 8
UNREAD_MAX = 999


class BannerBar(Canvas):
    """Row 0."""

    def rows(self, width: int, height: int) -> list[Row]:
        desk = self.desk
        line, _ = banner(desk.state, desk.clock(), width, desk.glyphs.ellipsis)
        return [(line, "")]

    def on_click(self) -> None:
        """A click explains the state."""
        self.desk.perform("mode-details")


def _waiting(state: State) -> str:
    """What nobody read yet: "(2!)" is meant for the person, "(14)" was said in rooms."""
    if state.loud:
        return f"({min(state.loud, UNREAD_MAX)}!)"
    return f"({min(state.unread, UNREAD_MAX)})" if state.unread else ""


class TabBar(Canvas):
    """Row 1: the panes that exist, each with its key."""

    def _labels(self) -> list[tuple[str, str, str]]:
        out = []
        for digit, name, title in self.desk.pane_titles():
            on = name == self.desk.pane_name
            sign = self.desk.jump.at_tab(name) or digit
            if name == "scenes":
                title += _waiting(self.desk.state)
            out.append((name, f" {sign} {title} ", "tab-on" if on else "tab"))
        return out

    def rows(self, width: int, height: int) -> list[Row]:
        line: Line = []
        for name, label, role in self._labels():
            text = f"[{label.strip()}]" if name == self.desk.pane_name else label
            line += [(text, role), (" ", "text")]
        right: Line = [("slskmesh ", "faint")]
        return [(spread(line, right, width), "")]

    def on_click(self, event: events.Click) -> None:
        """A click opens the pane."""
        x = 0
        for name, label, _ in self._labels():
            if x <= event.x < x + len(label):
                self.desk.show_pane(name)
                return
            x += len(label) + 1


class StatusBar(Canvas):
    """Rates with their last seconds, transfers, slots, disk, what was dropped, the time of day."""

    def rows(self, width_: int, height: int) -> list[Row]:
        desk = self.desk
        status, state, glyphs = desk.state.status, desk.state, desk.glyphs
        narrow = width_ < 100
        left: Line = [(" ", "text"), (f"{glyphs.down} {rate(status.down_rate):<7}", "text")]
        left.append((" " + sparkline(list(state.down.samples), SPARK, glyphs), "good"))
        left.append((f" {glyphs.up} {rate(status.up_rate):<7}", "text"))
        if not narrow:
            left.append((" " + sparkline(list(state.up.samples), SPARK, glyphs), "accent"))
        jobs = f"{plural(status.jobs, 'job')} " if status.jobs else ""
        parts = [
            f"{jobs}{plural(status.transfers, 'transfer')}",
            f"slots {status.uploads}/{status.upload_slots}",
        ]
        if left_over := few_searches(state.mode):
            parts.insert(0, left_over)
        if state.attached and state.ended is None:
            parts.insert(0, "attached")
        elif state.others and not state.attached:
            parts.insert(0, f"{state.others} attached")
        if state.dropped:
            parts.insert(0, f"{count(state.dropped)} left out")
        if status.disk_free is not None:
            parts.append(f"disk {size(status.disk_free)} free")
        if status.loop_lag > 0.25:
            parts.append(f"lag {status.loop_lag * 1000:.0f}ms")
        right: Line = [(wall(desk.clock()) + " ", "dim")]
        for part in parts:
            if width(left) + len(part) + 3 + width(right) >= width_:
                break
            left += [(f" {glyphs.frame.down} ", "faint"), (part, "dim")]
        return [(spread(left, right, width_), "")]


class HintBar(Canvas):
    """The last row: keys that matter here, whole hints only, always ending with the one for all keys."""

    def rows(self, width_: int, height: int) -> list[Row]:
        hints = self.desk.hints()
        tail: Line = [("?", "hint-key"), (" keys", "dim")]
        line: Line = []
        for key, label in hints:
            part: Line = [(key, "hint-key"), (f" {label}  ", "dim")]
            if width(line) + width(part) + width(tail) > width_:
                break
            line += part
        pending = self.desk.keys_pending()
        if pending:
            return [(spread([*line, *tail], [(pending + " ", "key")], width_), "")]
        return [(fit([*line, *tail], width_), "")]


class TooSmall(Canvas):
    """What stands in place of the panes on a terminal below 80x24."""

    def rows(self, width: int, height: int) -> list[Row]:
        app = self.desk.size
        line: Line = [(f"needs 80x24, have {app.width}x{app.height}", "warn")]
        leaves = "detaches" if self.desk.state.attached else "quits"
        return [([], ""), (line, ""), ([(f"ctrl+q {leaves}", "dim")], "")]
