"""The Swarm pane: downloads, the live chunk map of the one under the cursor, its sources, availability, rate."""

from __future__ import annotations

from collections.abc import Iterable

from slskmesh.engine.commands import Watch
from slskmesh.engine.views import (
    ChunkMapView,
    SourceView,
    TransfersView,
    TransferView,
    UploadsView,
    View,
)
from tui.actions import engine_off
from tui.panes.base import Pane
from tui.viewmodel.columns import Column, tabbed
from tui.viewmodel.formats import clock, count, graph, plural, rate, size
from tui.viewmodel.spans import Line
from tui.viewmodel.swarm import availability
from tui.viewmodel.swarm import source_role as map_role
from tui.viewmodel.transfers import columns, source_columns, summary, words_of
from tui.widgets.box import Box, TextBox
from tui.widgets.chunkmap import ChunkMapBox
from tui.widgets.rowsview import ListSource, RowsBox


class SwarmPane(Pane):
    """Downloads and their swarms."""

    NAME, TITLE, DIGIT = "swarm", "Swarm", "4"

    def __init__(self) -> None:
        super().__init__()
        self.items: ListSource[TransferView] = ListSource(lambda t: t.transfer)
        self.people: ListSource[SourceView] = ListSource(lambda s: s.letter + s.peer)
        self.list = RowsBox(self.items, self._transfer_columns, "transfers", id="transfers")
        self.list.empty = ("", "nothing yet: find something in Search (1) and press enter on it")
        self.list.on_cursor = self._watch
        self.map = ChunkMapBox(id="map")
        self.sources = RowsBox(self.people, self._source_columns, "sources", id="sources")
        self.sources.empty = ("nobody serves this now",)
        self.copies = TextBox("availability", id="availability")
        self.rate = TextBox("rate 60 s", id="rate")
        self._watched = ""
        self._here = False

    def make_boxes(self) -> Iterable[Box]:
        return (self.list, self.map, self.sources, self.copies, self.rate)

    def _transfer_columns(self) -> tuple[Column[TransferView], ...]:
        now = self.desk.monotonic()
        return columns(self.desk.glyphs, lambda key: self.desk.removals.left(key, now))

    def _source_columns(self) -> tuple[Column[SourceView], ...]:
        transfer = self.transfer
        sources = transfer.sources if transfer is not None else ()
        return source_columns(
            sources, {s.letter: map_role(i) for i, s in enumerate(sources, 1)}, self.sources.inner[0] - 3
        )

    @property
    def counts(self) -> bool:  # type: ignore[override]
        """Digits are a count while the map has the focus ("100G")."""
        return self.map.active

    @property
    def transfer(self) -> TransferView | None:
        """The download under the cursor, as the engine showed it last."""
        return self.list.current

    def entered(self) -> None:
        self._here = True
        self._watched = ""
        self.changed({TransfersView, ChunkMapView})
        self._watch()

    def left(self) -> None:
        self._here = False
        if self._watched:
            self._watched = ""
            self.desk.ask(Watch(""), lambda reply: None)

    def focus_moved(self) -> None:
        self.map.touch()

    def _watch(self) -> None:
        """The engine streams the map of the download under the cursor."""
        transfer = self.transfer
        key = transfer.transfer if transfer is not None else ""
        if self._here and key != self._watched and engine_off(self.desk) is None:
            self._watched = key
            self.map.map.clear(key)
            self.desk.ask(Watch(key), lambda reply: None)
        self._show_transfer()

    def changed(self, types: set[type[View]]) -> None:
        if TransfersView in types:
            terms = self.filter_text.casefold().split()
            wanted = [t for t in self.desk.state.transfers if all(w in words_of(t) for w in terms)]
            self.items.set(wanted)
            self.list.note = summary(self.desk.state.transfers)
            self.list.sync()
            self._show_transfer()
        view = self.desk.state.chunkmap
        if ChunkMapView in types and view is not None and view.transfer == self._watched:
            self.map.map.take(view, self.desk.clock())
            self.map.touch()
        if UploadsView in types:
            self._show_rate()

    def second(self) -> None:
        self._show_availability()
        self._show_rate()
        if len(self.desk.removals):
            self.list.touch()
        if self.map.map.colour == "age":
            self.map.touch()

    def _show_transfer(self) -> None:
        transfer = self.transfer
        self.map.transfer = transfer
        if transfer is None:
            self.map.title, self.map.note, self.map.foot = "chunks", "", []
        self.map.touch()
        sources = transfer.sources if transfer is not None else ()
        self.people.set(sources)
        self.sources.title = f"sources {len(sources)}" if sources else "sources"
        self.sources.sync()
        self._show_availability()
        self._show_rate()

    def _show_availability(self) -> None:
        view, transfer = self.map.map, self.transfer
        if transfer is None or not view.chunks:
            self.copies.show([])
            return
        found = availability(view.states, view.copies)
        self.copies.note = f"{count(found.wanted)} still wanted"
        heads = "".join(f"{n if n < 8 else '8+':>4}" for n in range(9))
        values = "".join(f"{_short(n):>4}" for n in found.counts)
        rarest = ", ".join(str(i) for i in found.rarest) or "none"
        self.copies.show(
            [
                [("copies", "dim"), (heads[2:], "dim")],
                [("chunks", "dim"), (values[2:], "text")],
                [("rarest  ", "dim"), (rarest, "warn" if found.counts[0] else "text")],
                [
                    ("end game ", "dim"),
                    ("on" if transfer.endgame else "off", "accent" if transfer.endgame else "text"),
                ],
                [
                    ("wasted  ", "dim"),
                    (f"{size(transfer.wasted)}", "text"),
                    (f"  bad {transfer.bad_chunks}", "dim"),
                ],
            ]
        )

    def _show_rate(self) -> None:
        transfer = self.transfer
        if transfer is None:
            self.rate.show([])
            return
        rates = self.desk.state.transfer_rates.get(transfer.transfer)
        samples = list(rates.samples) if rates is not None else []
        width, height = self.rate.inner
        lines: list[Line] = [
            [(row, "good")]
            for row in graph(samples, min(60, width - 2), max(1, height - 1), self.desk.glyphs)
        ]
        lines.append(
            [
                (f"{rate(transfer.rate)}", "text"),
                (f"   eta {clock(transfer.eta)}", "dim"),
                (self._uploads(), "dim"),
            ]
        )
        self.rate.show(lines)

    def _uploads(self) -> str:
        view = self.desk.state.uploads
        sending = [u for u in view.uploads if u.rate >= 1] if view is not None else []
        return (
            f"   up {plural(len(sending), 'stream')} {rate(sum(u.rate for u in sending))}" if sending else ""
        )

    @property
    def rows_box(self) -> RowsBox[TransferView]:
        return self.list

    def words_of(self, row: TransferView) -> str:
        return words_of(row)

    def refilter(self) -> None:
        self.changed({TransfersView})

    def escape(self) -> bool:
        if super().escape():
            return True
        if not self.list.active:
            self.focus_box(self.list)
            return True
        return False

    def yanks(self) -> dict[str, str]:
        transfer = self.transfer
        if transfer is None:
            return {}
        source = self.sources.current if self.sources.active else None
        return {
            "row": tabbed(self._source_columns(), source)
            if source is not None
            else tabbed(self._transfer_columns(), transfer),
            "content id": transfer.transfer,
            "peer id": source.peer if source is not None else "",
            "path": str(transfer.path),
        }

    def aim(self, transfer: str) -> None:
        """Puts the cursor on a download, also one that the filter hides."""
        self.filter_text = ""
        self.list.cursor_key = transfer
        self.changed({TransfersView})
        self.focus_box(self.list)

    def step(self, by: int) -> None:
        """Another file, from any box."""
        self.list.move(by)


def _short(number: int) -> str:
    return str(number) if number < 1000 else f"{number // 1000}k"
