"""What a person can do with the chunk map of the Swarm pane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import Action, engine_off
from tui.panes.base import WHOLE
from tui.panes.swarm import SwarmPane
from tui.viewmodel.swarm import COLOURS, ORDERS, chunk_details

if TYPE_CHECKING:
    from tui.app import MeshApp

PLACE = "swarm"


def pane_of(desk: MeshApp) -> SwarmPane:
    """The pane."""
    pane = desk.panes["swarm"]
    assert isinstance(pane, SwarmPane)
    return pane


def _no_map(desk: MeshApp) -> str | None:
    pane = pane_of(desk)
    if pane.transfer is None:
        return (
            "no download is chosen" if pane.file is None else "peers have no part in it: it has no chunk map"
        )
    return engine_off(desk) or (None if pane.map.map.chunks else "the chunk map is not known yet")


def _none(desk: MeshApp) -> str | None:
    return "no download is chosen" if pane_of(desk).file is None else engine_off(desk)


def zoom(desk: MeshApp, argument: str) -> None:
    """The whole file, or a chunk a cell."""
    box = pane_of(desk).map
    box.map.zoomed = not box.map.zoomed
    box.touch()


def _cycle(values: tuple[str, ...], now: str) -> str:
    return values[(values.index(now) + 1) % len(values)]


def _colour(desk: MeshApp, argument: str) -> None:
    box = pane_of(desk).map
    box.map.colour = argument if argument in COLOURS else _cycle(COLOURS, box.map.colour)
    box.touch()
    desk.say(f"map coloured by {box.map.colour}")


def _order(desk: MeshApp, argument: str) -> None:
    box = pane_of(desk).map
    box.map.order = argument if argument in ORDERS else _cycle(ORDERS, box.map.order)
    box.touch()
    desk.say("map in the file's order" if box.map.order == "file" else "map with the rarest chunks first")


def open_chunk(desk: MeshApp) -> bool:
    """Shows the chunk under the map's cursor; False where the map has not the focus."""
    pane = pane_of(desk)
    view, transfer = pane.map.map, pane.transfer
    if not pane.map.active or not view.chunks or transfer is None:
        return False
    chunk = view.chunk_at(view.cursor)
    rows = chunk_details(view, chunk, transfer.chunk_size, transfer.size, transfer.sources, desk.clock())
    desk.open_text(f"chunk {chunk}", [[(f" {label:<10}", "dim"), (text, "text")] for label, text in rows])
    return True


def _full(desk: MeshApp, argument: str) -> None:
    pane = pane_of(desk)
    front = pane.front
    whole = front.active and pane.size_step == WHOLE
    pane.focus_box(pane.list if whole else front)
    pane.resize_box(0 if whole else WHOLE)


def _goto(desk: MeshApp, argument: str) -> None:
    if not argument.strip().isdigit():
        desk.say("goto takes a chunk number")
        return
    pane = pane_of(desk)
    pane.map.map.zoomed = True
    pane.focus_box(pane.map)
    pane.map.go(int(argument))


MAP_ACTIONS = (
    Action(
        "colour",
        "colour the map by state, source or age",
        ("c",),
        _colour,
        PLACE,
        _no_map,
        hint="colour",
    ),
    Action("order", "order the map by place or rarity", ("o",), _order, PLACE, _no_map, hint="order"),
    Action(
        "full-map",
        "give the map or timeline the whole pane",
        ("m",),
        _full,
        PLACE,
        _none,
        hint="map",
        on_row=True,
    ),
    Action(
        "previous-file",
        "previous download",
        ("left_square_bracket",),
        lambda desk, _: pane_of(desk).step(-1),
        PLACE,
    ),
    Action(
        "next-file", "next download", ("right_square_bracket",), lambda desk, _: pane_of(desk).step(1), PLACE
    ),
    Action(
        "goto",
        "go to a chunk (or 100G on the map)",
        (),
        _goto,
        PLACE,
        _no_map,
        command="goto",
        argument="chunk",
    ),
)
