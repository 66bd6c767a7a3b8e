"""The chunk map's box: the view-model's lines, a cursor that moves by chunk, the legend in the lower border."""

from __future__ import annotations

from slskmesh.engine.views import TransferView
from tui.viewmodel.formats import count, percent
from tui.viewmodel.spans import Line
from tui.viewmodel.spans import width as line_width
from tui.viewmodel.swarm import SwarmMap, geometry, legend
from tui.viewmodel.transfers import map_title, reason, without_map
from tui.widgets.box import Box
from tui.widgets.canvas import Row

HEAD = 1


class ChunkMapBox(Box):
    """The map of the watched transfer."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("chunks", id=id)
        self.map = SwarmMap()
        self.transfer: TransferView | None = None
        self.head: Line = []  # before the transfer's own reason

    def _shape(self) -> tuple[int, int]:
        width, height = self.inner
        return width - 1, max(1, height - HEAD)

    def content(self, width: int, height: int) -> list[Row]:
        transfer, glyphs = self.transfer, self.desk.glyphs
        if transfer is None:
            return [
                ([], ""),
                ([("  no download chosen; find something in Search (1) and press enter", "dim")], ""),
            ]
        cells, rows = self._shape()
        shape = geometry(self.map.chunks, cells, rows, self.map.zoomed)
        self.title, self.note = map_title(transfer, shape.per_cell, self.map.zoomed)
        user = next((source.letter for source in transfer.sources if not source.peer), "")
        feet = (legend(glyphs, user), legend(glyphs, user)[:6] if user else [])
        self.foot = next((foot for foot in feet if line_width(foot) <= width - 6), [])
        out: list[Row] = [([(" ", "text"), *self.head, *reason(transfer)], "")]
        if not self.map.chunks or self.map.transfer != transfer.transfer:
            self.note, self.foot = percent(transfer.done, transfer.size).strip(), []
            return [*out, ([], ""), *[([(" ", "text"), *line], "") for line in without_map(transfer)]]
        lines = self.map.lines(cells, rows, transfer.sources, glyphs, self.desk.clock(), self.active)
        return out + [([(" ", "text"), *line], "") for line in lines]

    def span(self) -> tuple[int, int, int]:
        cells, rows = self._shape()
        shape = geometry(self.map.chunks, cells, rows, self.map.zoomed)
        return self.map.top, shape.rows, shape.total_rows

    def move(self, rows: int) -> None:
        cells, height = self._shape()
        shape = geometry(self.map.chunks, cells, height, self.map.zoomed)
        self.map.move(rows * shape.cols * shape.per_cell)
        self.touch()

    def sideways(self, columns: int) -> None:
        cells, height = self._shape()
        self.map.move(columns * geometry(self.map.chunks, cells, height, self.map.zoomed).per_cell)
        self.touch()

    def go(self, line: int) -> None:
        """Goes to a chunk by number (-1: the last)."""
        self.map.cursor = 0
        self.map.move(self.map.chunks if line < 0 else line)
        self.touch()

    def where(self) -> str:
        """The cursor in words."""
        return f"chunk {count(self.map.chunk_at(self.map.cursor))}" if self.map.chunks else ""
