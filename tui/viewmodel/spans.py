"""Lines of coloured text as plain data: what view-models make and widgets paint.

A span is (text, role); the roles are the fields of `tui.widgets.paint.Palette` ("text", "dim", "good", ...), so a
view-model never knows a colour. Widths are terminal cells.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size

Span = tuple[str, str]
Line = list[Span]

_CONTROL = dict.fromkeys(
    (*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)),
    "\ufffd",
)


def width(line: Iterable[Span]) -> int:
    """Cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


def text_of(line: Iterable[Span]) -> str:
    """The bare text of a line."""
    return "".join(text for text, _ in line)


def inert(text: str) -> str:
    """`text` with anything that could steer a terminal replaced: the last fence, behind `slskmesh.text.sanitize`."""
    return text if text.isprintable() else text.translate(_CONTROL)


def clip(text: str, cells: int, ellipsis: str) -> str:
    """`text` in at most `cells` cells, cut with the ellipsis where it is longer."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1).rstrip() + ellipsis if cells > 1 else ellipsis[:cells]


def clip_start(text: str, cells: int, ellipsis: str) -> str:
    """Like `clip`, keeping the end: for paths."""
    if cell_len(text) <= cells:
        return text
    kept = text
    while kept and cell_len(kept) > cells - 1:
        kept = kept[1:]
    return ellipsis + kept if cells > 0 else ""


def pad(text: str, cells: int, ellipsis: str, *, right: bool = False) -> str:
    """`text` in exactly `cells` cells."""
    cut = clip(text, cells, ellipsis)
    fill = " " * (cells - cell_len(cut))
    return fill + cut if right else cut + fill


def fit(line: Line, cells: int, ellipsis: str = "…", fill: str = "text") -> Line:
    """The line in exactly `cells` cells: cut in its last visible span, or filled with blanks of role `fill`."""
    out: Line = []
    left = cells
    for text, role in line:
        used = cell_len(text)
        if used > left:
            if left > 0:
                out.append((clip(text, left, ellipsis), role))
                left -= cell_len(out[-1][0])
            break
        out.append((text, role))
        left -= used
    if left > 0:
        out.append((" " * left, fill))
    return out


def spread(left: Line, right: Line, cells: int, ellipsis: str = "…") -> Line:
    """`left` and `right` at the two ends of a line; `right` goes where both do not fit."""
    room = cells - width(right)
    if room < width(left) + 1:
        return fit(left, cells, ellipsis)
    return [*fit(left, room, ellipsis), *right]


def wrap(text: str, cells: int, limit: int = 100) -> list[str]:
    """`text` broken between words into lines of at most `cells` cells; a longer word is broken anywhere."""
    cells = max(1, cells)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        current = ""
        for word in paragraph.split(" "):
            if cell_len(word) > cells:
                if current:
                    lines.append(current)
                    current = ""
                *whole, word = _pieces(word, cells)
                lines += whole
            joined = f"{current} {word}" if current else word
            if cell_len(joined) > cells:
                lines.append(current)
                current = word
            else:
                current = joined
        lines.append(current)
    return lines[:limit]


def _pieces(word: str, cells: int) -> list[str]:
    """A word in parts of at most `cells` cells, in one pass over it; a mark stays with what it stands on."""
    parts: list[str] = []
    start = used = 0
    for at, char in enumerate(word):
        size = cell_len(char)
        if size and used + size > cells and at > start:
            parts.append(word[start:at])
            start, used = at, 0
        used += size
    return [*parts, word[start:]]
