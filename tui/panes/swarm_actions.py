"""What a person can do in the Swarm pane.

Rules: what deletes data asks first; every removal waits ten seconds for an undo (viewmodel/removals.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slskmesh.engine.commands import Move, Pause, Resume
from slskmesh.engine.views import TransferState
from tui.actions import Action, engine_off
from tui.panes.base import WHOLE
from tui.panes.swarm import SwarmPane
from tui.viewmodel.formats import plural, size
from tui.viewmodel.spans import Line
from tui.viewmodel.swarm import COLOURS, ORDERS, chunk_details
from tui.viewmodel.transfers import CAN_PAUSE, CAN_RESUME, reason
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp


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


def _no_remove(desk: MeshApp) -> str | None:
    transfer = _pane(desk).transfer
    if transfer is not None and desk.removals.left(transfer.transfer, desk.monotonic()) is not None:
        return "it goes already; U keeps it"
    return _none(desk)


def _remove(desk: MeshApp, argument: str) -> None:
    transfer = _pane(desk).transfer
    assert transfer is not None
    pause = transfer.state in CAN_PAUSE

    def sure(answer: str) -> None:
        if pause:
            desk.ask(Pause(transfer.transfer), lambda reply: None)
        desk.remove(transfer.transfer, str(transfer.name), paused=pause)

    if transfer.state is TransferState.DONE or not transfer.done:
        sure("")
        return
    text = f"{transfer.name}: remove it and delete {size(transfer.done)} fetched so far?"
    desk.question(Question(text, sure, confirm=True))


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
    whole = pane.map.active and pane.size_step == WHOLE
    pane.focus_box(pane.list if whole else pane.map)
    pane.resize_box(0 if whole else WHOLE)


def _goto(desk: MeshApp, argument: str) -> None:
    if not argument.strip().isdigit():
        desk.say("goto takes a chunk number")
        return
    pane = _pane(desk)
    pane.map.map.zoomed = True
    pane.focus_box(pane.map)
    pane.map.go(int(argument))


ACTIONS = (
    Action("pause", "pause this download", ("p",), _pause, "swarm", _no_pause, hint="pause", on_row=True),
    Action(
        "resume",
        "go on with it, or try again",
        ("r",),
        _resume,
        "swarm",
        _no_resume,
        hint="resume",
        on_row=True,
    ),
    Action(
        "remove",
        "remove it (asks where data goes; U undoes)",
        ("d",),
        _remove,
        "swarm",
        _no_remove,
        hint="remove",
        on_row=True,
    ),
    Action(
        "open-swarm",
        "show details of the chunk or download",
        ("enter",),
        _open,
        "swarm",
        _none,
        hint="details",
        on_row=True,
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
    Action("full-map", "give the map the whole pane", ("m",), _full, "swarm", _none, hint="map", on_row=True),
    Action(
        "earlier",
        "move it up in the queue",
        ("K",),
        lambda desk, _: _move(-1, desk),
        "swarm",
        _no_move,
        on_row=True,
    ),
    Action(
        "later",
        "move it down in the queue",
        ("J",),
        lambda desk, _: _move(1, desk),
        "swarm",
        _no_move,
        on_row=True,
    ),
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
