"""Columns of a list: which ones fit a width, and a row's cells laid out on them.

Rules: a column with `level` above what the width allows is left out whole, never cut mid-word; the room that is left
goes to the flexible columns by their weight; every laid-out row is exactly as wide as asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.spans import Line, fit, pad

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text and the role it is painted in."""

    text: str
    role: str = "text"


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column. `width` is its least width; `weight` > 0 lets it grow; `level` is the width it needs to appear.

    `copy` is what a copied table holds, where that is not the cell's text.
    """

    title: str
    width: int
    cell: Callable[[T], Cell | str]
    right: bool = False
    weight: int = 0
    level: int = 0
    copy: Callable[[T], str] | None = None


@lru_cache(maxsize=64)
def _widths(spec: tuple[tuple[int, int], ...], room: int) -> tuple[int, ...]:
    taken = sum(width for width, _ in spec)
    free = max(0, room - taken)
    weights = sum(weight for _, weight in spec)
    out = []
    for width, weight in spec:
        share = free * weight // weights if weights else 0
        out.append(width + share)
    rest = free - (sum(out) - taken)
    for index, (_, weight) in enumerate(spec):
        if weight and rest > 0:
            out[index] += rest
            rest = 0
    return tuple(out)


def chosen(columns: tuple[Column[T], ...], cells: int) -> tuple[tuple[Column[T], int], ...]:
    """The columns shown at this width, each with its cells; one blank stands between two."""
    shown = tuple(column for column in columns if column.level <= cells)
    room = cells - max(0, len(shown) - 1)
    widths = _widths(tuple((column.width, column.weight) for column in shown), room)
    return tuple(zip(shown, widths, strict=True))


def header(columns: tuple[Column[T], ...], cells: int, glyphs: Glyphs) -> Line:
    """The titles, laid out like the rows."""
    line: Line = []
    for index, (column, width) in enumerate(chosen(columns, cells)):
        gap = " " if index else ""
        line.append((gap + pad(column.title, width, glyphs.ellipsis, right=column.right), "head"))
    return fit(line, cells, glyphs.ellipsis, "head")


def layout(columns: tuple[Column[T], ...], row: T, cells: int, glyphs: Glyphs) -> Line:
    """One row."""
    line: Line = []
    for index, (column, width) in enumerate(chosen(columns, cells)):
        value = column.cell(row)
        text, role = (value, "text") if isinstance(value, str) else (value.text, value.role)
        gap = " " if index else ""
        line.append((gap + pad(text, width, glyphs.ellipsis, right=column.right), role))
    return fit(line, cells, glyphs.ellipsis)


def tabbed(columns: tuple[Column[T], ...], row: T) -> str:
    """One row as a line of a tab-separated table, all columns."""
    cells = []
    for column in columns:
        value = column.copy(row) if column.copy is not None else column.cell(row)
        text = value if isinstance(value, str) else value.text
        cells.append(text.replace("\t", " "))
    return "\t".join(cells)
