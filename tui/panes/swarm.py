"""The Swarm pane: downloads, the live chunk map of the one under the cursor, its sources, availability, rate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Move, Pause, Remove, Resume, Watch
from slskmesh.engine.views import (
    ChunkMapView,
    SourceView,
    TransferState,
    TransfersView,
    TransferView,
    UploadsView,
    View,
)
from tui.actions import Action, engine_off
from tui.panes.base import Pane
from tui.viewmodel.columns import Column
from tui.viewmodel.formats import clock, count, graph, plural, rate, size
from tui.viewmodel.spans import Line
from tui.viewmodel.swarm import COLOURS, ORDERS, availability, chunk_details
from tui.viewmodel.swarm import source_role as map_role
from tui.viewmodel.transfers import CAN_PAUSE, CAN_RESUME, columns, reason, source_columns, summary
from tui.widgets.box import Box, TextBox
from tui.widgets.chunkmap import ChunkMapBox
from tui.widgets.prompt import Question
from tui.widgets.rowsview import ListSource, RowsBox

if TYPE_CHECKING:
    from tui.app import MeshApp


class SwarmPane(Pane):
    """Downloads and their swarms."""

    NAME, TITLE, DIGIT = "swarm", "Swarm", "4"

    def __init__(self) -> None:
        super().__init__()
        self.items: ListSource[TransferView] = ListSource(lambda t: t.transfer)
        self.people: ListSource[SourceView] = ListSource(lambda s: s.letter + s.peer)
        self.list = RowsBox(self.items, lambda: columns(self.desk.glyphs), "transfers", id="transfers")
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

    def _source_columns(self) -> tuple[Column[SourceView], ...]:
        transfer = self.transfer
        sources = transfer.sources if transfer is not None else ()
        return source_columns({s.letter: map_role(i) for i, s in enumerate(sources, 1)})

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
            wanted = [
                t
                for t in self.desk.state.transfers
                if all(w in f"{t.name} {t.folder}".casefold() for w in terms)
            ]
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

    def filter(self, words: Sequence[str] | str) -> None:
        self.filter_text = words if isinstance(words, str) else " ".join(words)
        self.changed({TransfersView})

    def escape(self) -> bool:
        if super().escape():
            return True
        if self.has_class("-map"):
            self.remove_class("-map")
            return True
        if not self.list.active:
            self.focus_box(self.list)
            return True
        return False

    def yank(self) -> str:
        transfer = self.transfer
        return str(transfer.path or transfer.name) if transfer is not None else ""

    def step(self, by: int) -> None:
        """Another file, from any box."""
        self.list.move(by)


def _short(number: int) -> str:
    return str(number) if number < 1000 else f"{number // 1000}k"


def _pane(desk: MeshApp) -> SwarmPane:
    pane = desk.panes["swarm"]
    assert isinstance(pane, SwarmPane)
    return pane


def _none(desk: MeshApp) -> str | None:
    if _pane(desk).transfer is None:
        return "no download is chosen"
    return engine_off(desk)


def _in_state(desk: MeshApp, states: frozenset[TransferState], word: str) -> str | None:
    reason = _none(desk)
    transfer = _pane(desk).transfer
    if reason is None and transfer is not None and transfer.state not in states:
        return f"it is {transfer.state.value}, not {word}"
    return reason


def _no_pause(desk: MeshApp) -> str | None:
    return _in_state(desk, CAN_PAUSE, "running")


def _no_resume(desk: MeshApp) -> str | None:
    return _in_state(desk, CAN_RESUME, "paused or failed")


def _no_move(desk: MeshApp) -> str | None:
    return _in_state(desk, CAN_PAUSE | CAN_RESUME, "waiting")


def _no_map(desk: MeshApp) -> str | None:
    return _none(desk) or (None if _pane(desk).map.map.chunks else "the chunk map is not known yet")


def _pause(desk: MeshApp, argument: str) -> None:
    for transfer in _pane(desk).list.selected():
        desk.ask(Pause(transfer.transfer))


def _resume(desk: MeshApp, argument: str) -> None:
    for transfer in _pane(desk).list.selected():
        desk.ask(Resume(transfer.transfer))


def _remove(desk: MeshApp, argument: str) -> None:
    transfer = _pane(desk).transfer
    assert transfer is not None
    done = transfer.state is TransferState.DONE
    what = (
        "take off the list (the file stays)"
        if done
        else f"remove and delete {size(transfer.done)} fetched so far"
    )

    def sure(answer: str) -> None:
        desk.ask(Remove(transfer.transfer))

    desk.question(Question(f"{transfer.name}: {what}?", sure, confirm=True))


def _move(by: int, desk: MeshApp) -> None:
    transfer = _pane(desk).transfer
    assert transfer is not None
    desk.ask(Move(transfer.transfer, by))


def _zoom(desk: MeshApp, argument: str) -> None:
    box = _pane(desk).map
    box.map.zoomed = not box.map.zoomed
    box.touch()


def _cycle(values: tuple[str, ...], now: str) -> str:
    return values[(values.index(now) + 1) % len(values)]


def _colour(desk: MeshApp, argument: str) -> None:
    box = _pane(desk).map
    box.map.colour = argument if argument in COLOURS else _cycle(COLOURS, box.map.colour)
    box.touch()
    desk.say(f"map coloured by {box.map.colour}")


def _order(desk: MeshApp, argument: str) -> None:
    box = _pane(desk).map
    box.map.order = argument if argument in ORDERS else _cycle(ORDERS, box.map.order)
    box.touch()
    desk.say("map in the file's order" if box.map.order == "file" else "map with the rarest chunks first")


def _open(desk: MeshApp, argument: str) -> None:
    pane = _pane(desk)
    transfer = pane.transfer
    assert transfer is not None
    if pane.map.active and pane.map.map.chunks:
        view = pane.map.map
        chunk = view.chunk_at(view.cursor)
        rows = chunk_details(view, chunk, transfer.chunk_size, transfer.size, transfer.sources, desk.clock())
        desk.open_text(f"chunk {chunk}", [[(f" {label:<10}", "dim"), (text, "text")] for label, text in rows])
        return
    lines: list[Line] = [reason(transfer), []]
    rows = [
        ("name", str(transfer.name)),
        ("folder", str(transfer.folder) or "(downloads)"),
        (
            "size",
            f"{transfer.size:,} bytes, {plural(transfer.chunks, 'chunk')} of {size(transfer.chunk_size)}",
        ),
        ("have", f"{transfer.done:,} bytes, {plural(transfer.chunks_done, 'chunk')}"),
        ("wasted", size(transfer.wasted)),
        ("content", transfer.transfer),
        ("file", str(transfer.path) or "not finished"),
    ]
    lines += [[(f"{label:<9}", "dim"), (text, "text")] for label, text in rows]
    lines.append([])
    for source in transfer.sources:
        lines.append(
            [
                (f"{source.letter} ", "accent"),
                (f"{source.short} {source.name}  ", "text"),
                (source.state, "dim"),
            ]
        )
    desk.open_text("download", lines)


def _full(desk: MeshApp, argument: str) -> None:
    pane = _pane(desk)
    pane.toggle_class("-map")
    pane.focus_box(pane.map if pane.has_class("-map") else pane.list)


def _goto(desk: MeshApp, argument: str) -> None:
    if not argument.strip().isdigit():
        desk.say("goto takes a chunk number")
        return
    pane = _pane(desk)
    pane.map.map.zoomed = True
    pane.focus_box(pane.map)
    pane.map.go(int(argument))


ACTIONS = (
    Action("pause", "pause this download", ("p",), _pause, "swarm", _no_pause, hint="pause"),
    Action("resume", "go on with it, or try again", ("r",), _resume, "swarm", _no_resume, hint="resume"),
    Action("remove", "remove it (asks)", ("d",), _remove, "swarm", _none, hint="remove"),
    Action(
        "open-swarm",
        "show details of the chunk or download",
        ("enter",),
        _open,
        "swarm",
        _none,
        hint="details",
    ),
    Action("zoom", "zoom the map: whole file or 1:1", ("z",), _zoom, "swarm", _no_map, hint="zoom"),
    Action(
        "colour",
        "colour the map by state, source or age",
        ("c",),
        _colour,
        "swarm",
        _no_map,
        hint="colour",
    ),
    Action("order", "order the map by place or rarity", ("o",), _order, "swarm", _no_map, hint="order"),
    Action("full-map", "give the map the whole pane", ("m",), _full, "swarm", _none, hint="map"),
    Action("earlier", "move it up in the queue", ("K",), lambda desk, _: _move(-1, desk), "swarm", _no_move),
    Action("later", "move it down in the queue", ("J",), lambda desk, _: _move(1, desk), "swarm", _no_move),
    Action(
        "previous-file",
        "previous download",
        ("left_square_bracket",),
        lambda desk, _: _pane(desk).step(-1),
        "swarm",
    ),
    Action(
        "next-file", "next download", ("right_square_bracket",), lambda desk, _: _pane(desk).step(1), "swarm"
    ),
    Action(
        "goto",
        "go to a chunk (or 100G on the map)",
        (),
        _goto,
        "swarm",
        _no_map,
        command="goto",
        argument="chunk",
    ),
)
