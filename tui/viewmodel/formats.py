"""Numbers as a person reads them, in few cells. All take plain numbers; None and nonsense become `--`.

Sizes and rates are binary multiples with the letters k, M, G, T; at most five cells wide ("1023k", "22.0M").
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.spans import Line

UNKNOWN = "--"
_UNITS = "kMGTP"


def size(count: float | None) -> str:
    """Bytes: "0", "512", "1.5k", "22.0M", "212G"."""
    if count is None or not math.isfinite(count) or count < 0:
        return UNKNOWN
    if count < 1000:
        return str(int(count))
    value = float(count)
    for unit in _UNITS:
        value /= 1024
        if value < 99.95:
            return f"{value:.1f}{unit}"
        if value < 999.5:
            return f"{value:.0f}{unit}"
    return f"{value:.0f}{_UNITS[-1]}"


def rate(per_second: float | None) -> str:
    """Bytes per second: "812k/s", "65 B/s"; nothing moving is "0"."""
    if per_second is None:
        return UNKNOWN
    if per_second < 1:
        return "0"
    return f"{int(per_second)} B/s" if per_second < 1000 else size(per_second) + "/s"


def clock(seconds: float | None) -> str:
    """A duration: "0:07", "4:07", "1:02:03", "3d 4h"."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return UNKNOWN
    whole = round(seconds)
    minutes, secs = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days > 99:
        return ">99d"
    if days:
        return f"{days}d {hours}h"
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def length(seconds: float) -> str:
    """A track's playing time; 0 is unknown and shown as nothing."""
    return clock(seconds) if seconds > 0 else ""


def ago(then: float | None, now: float) -> str:
    """How long ago: "now", "40s", "12m", "5h", "3d"."""
    if then is None:
        return UNKNOWN
    gone = max(0.0, now - then)
    if gone < 5:
        return "now"
    for step, letter in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if gone >= step:
            return f"{int(gone // step)}{letter}"
    return f"{int(gone)}s"


def wall(when: float, *, seconds: bool = False) -> str:
    """Local time of day: "12:41" or "12:41:03"."""
    return time.strftime("%H:%M:%S" if seconds else "%H:%M", time.localtime(when))


def millis(seconds: float | None) -> str:
    """A round-trip time: "48ms", "<1ms", "1.2s"."""
    if seconds is None:
        return UNKNOWN
    if seconds < 0.0005:
        return "<1ms"
    return f"{seconds * 1000:.0f}ms" if seconds < 1 else f"{seconds:.1f}s"


def count(number: int) -> str:
    """A count with thousands separated: "8,412"."""
    return f"{number:,}"


def plural(number: int, one: str, many: str = "") -> str:
    """ "1 peer", "4 peers"."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def percent(part: float, whole: float) -> str:
    """ " 37%"; only the whole is 100."""
    if whole <= 0:
        return "  0%"
    share = 100 if part >= whole else min(99, int(part * 100 / whole))
    return f"{share:3d}%"


def bar(part: float, whole: float, cells: int, glyphs: Glyphs, role: str = "good") -> Line:
    """A progress bar of exactly `cells` cells."""
    if cells <= 0:
        return []
    share = 0.0 if whole <= 0 else min(1.0, max(0.0, part / whole))
    full = int(share * cells)
    if full == 0 and part > 0:
        full = 1
    head = 1 if 0 < full < cells else 0
    return [
        (glyphs.bar_full * (full - head) + glyphs.bar_head * head, role),
        (glyphs.bar_empty * (cells - full), "faint"),
    ]


def sparkline(samples: Sequence[float], cells: int, glyphs: Glyphs, top: float | None = None) -> str:
    """The newest `cells` samples as one row of ramp signs, filled from the left with blanks."""
    tail = list(samples[-cells:]) if cells > 0 else []
    peak = max(top or 0.0, max(tail, default=0.0))
    ramp = glyphs.ramp
    last = len(ramp) - 1
    signs = [
        ramp[0] if peak <= 0 or v <= 0 else ramp[max(1, min(last, math.ceil(v / peak * last)))] for v in tail
    ]
    return ramp[0] * (cells - len(signs)) + "".join(signs)


def graph(samples: Sequence[float], cells: int, rows: int, glyphs: Glyphs) -> list[str]:
    """The samples as a graph of `rows` rows, top row first."""
    tail = list(samples[-cells:]) if cells > 0 else []
    peak = max(tail, default=0.0)
    steps = len(glyphs.ramp) - 1
    heights = [0 if peak <= 0 else round(max(0.0, v) / peak * rows * steps) for v in tail]
    lines = []
    for row in range(rows - 1, -1, -1):
        signs = "".join(glyphs.ramp[max(0, min(steps, h - row * steps))] for h in heights)
        lines.append(glyphs.ramp[0] * (cells - len(tail)) + signs)
    return lines
