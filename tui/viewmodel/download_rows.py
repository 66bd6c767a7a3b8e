"""Columns of the list of downloads, its titles, and its order as they are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.download import File, Stand, Sum
from tui.viewmodel.download_words import STAND_ROLES, about, reason, state_cell, via
from tui.viewmodel.downloads import SORTS, Downloads, Folder, Line
from tui.viewmodel.formats import clock, count, percent, rate, size
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.spans import text_of

_BAR = 11
_WIDE = 90
_COUNTED = (
    (Stand.RUNNING, "running"),
    (Stand.WAITING, "waiting"),
    (Stand.FAILED, "failed"),
    (Stand.PAUSED, "paused"),
)


def columns(
    glyphs: Glyphs, cells: int, now: float, removing: Callable[[str], float | None]
) -> tuple[Column[Line], ...]:
    """The list in `cells` cells. `removing` tells the seconds until a download goes, None for one that stays."""

    def name(line: Line) -> str:
        if isinstance(line, Folder):
            return f"{glyphs.opened if line.open else glyphs.folded} {line.title}"
        return f"  {line.name}" if line.below else line.name

    def bar(line: Line) -> Cell:
        found = value(line)
        full = min(_BAR, int(found.share * _BAR))
        body = glyphs.bar_full * full + glyphs.bar_empty * (_BAR - full)
        return Cell(f"{body} {percent(found.done, found.size)}", STAND_ROLES[found.stand])

    def gone(line: Line) -> float | None:
        return removing(line.key if isinstance(line, File) else line.lead.key)

    def moving(line: Line) -> bool:
        return value(line).rate >= 1

    return (
        Column("name", 16, name, weight=4, copy=about),
        Column("via", 12, lambda line: Cell(via(line), "dim"), weight=2),
        Column("folder", 10, lambda line: Cell(above(line), "dim"), weight=1, level=112),
        Column("progress", _BAR + 5, bar, copy=_share)
        if cells >= _WIDE
        else Column("%", 4, lambda line: Cell(_share(line), STAND_ROLES[value(line).stand]), right=True),
        Column("size", 6, lambda line: size(value(line).size), right=True, level=_WIDE),
        Column("rate", 7, lambda line: rate(value(line).rate) if moving(line) else "", right=True),
        Column("eta", 7, lambda line: clock(value(line).eta) if moving(line) else "", right=True),
        Column("state", 16, lambda line: state_cell(line, now, gone(line))),
        Column("reason", 24, lambda line: Cell(_why(line, now), "dim"), weight=3, level=140),
    )


def value(line: Line) -> File | Sum:
    """What a line's numbers are of."""
    return line.sum if isinstance(line, Folder) else line


def above(line: Line) -> str:
    """The folder a line stands in."""
    return line.path.rpartition("/")[0] if isinstance(line, Folder) else "" if line.below else line.folder


def _share(line: Line) -> str:
    return percent(value(line).done, value(line).size).strip()


def _why(line: Line, now: float) -> str:
    return text_of(reason(line, now)).partition(": ")[2] if isinstance(line, File) else ""


def summary(stands: Mapping[Stand, int], total: int) -> str:
    """The list's right-hand title: "3 running, 1 failed, 2 of 8 done"."""
    parts = [f"{count(stands[stand])} {word}" for stand, word in _COUNTED if stands[stand]]
    return ", ".join([*parts, f"{count(stands[Stand.DONE])} of {count(total)} done"]) if total else ""


def title(downloads: Downloads) -> str:
    """The list's title: how many, which are shown, in which order."""
    text = f"downloads {count(downloads.total)}" if downloads.total else "downloads"
    if downloads.filter:
        text += f" /{downloads.filter}"
    if downloads.sort != SORTS[0] or downloads.reverse:
        text += f" by {downloads.sort}" + (", reversed" if downloads.reverse else "")
    if downloads.marked:
        text += f", {count(len(downloads.marked))} marked"
    return text
