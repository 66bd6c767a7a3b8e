"""Rooms: the server's list of them, joining and leaving one, what hangs on the wall of the one that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.events import Level
from slskmesh.engine.legacy_commands import JoinRoom, LeaveRoom, ListRooms, SetTicker
from slskmesh.engine.legacy_events import RoomsShown
from slskmesh.engine.legacy_views import RoomInfoView
from tui.panes.scenes import scenes_pane, show_scenes
from tui.viewmodel.chat import Place
from tui.viewmodel.formats import count, plural
from tui.viewmodel.spans import Line, clip
from tui.widgets.overlay import Entry, Menu, Overlay
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp


def rooms(desk: MeshApp, argument: str) -> None:
    """Asks for the rooms and opens their list, narrowed to `argument`."""
    wait = Overlay("rooms", [[("asking the server for its rooms ...", "dim")]])
    desk.open(wait)

    def shown(event: object) -> None:
        if isinstance(event, RoomsShown) and desk.overlay is wait:  # else the person left it
            desk.open(_menu(desk, event, argument))

    def failed(why: str) -> None:
        if desk.overlay is wait:
            desk.close_overlay()
        desk.say(why, Level.WARN)

    desk.inquiries.show(desk, ListRooms(), shown, failed)


def _menu(desk: MeshApp, event: RoomsShown, words: str) -> Menu:
    rows = event.rooms
    some = f" of {count(event.total)}, the fullest" if event.total > len(rows) else ""
    menu = Menu(f"{plural(len(rows), 'room')}{some}", [_entry(desk, room) for room in rows], typing=True)
    menu.hints = [("enter", "join"), ("esc", "close"), ("words", "narrow the list")]
    menu.find(words)
    return menu


def _entry(desk: MeshApp, room: RoomInfoView) -> Entry:
    note = f"private, {plural(room.users, 'user')}" if room.private else plural(room.users, "user")
    where = f"{note}, you are in it" if room.joined else note
    return Entry("", str(room.name), partial(join, desk, str(room.name)), note=where)


def room_names(desk: MeshApp) -> Sequence[str]:
    """Our rooms, to complete a command with."""
    chats = desk.state.chats
    return [str(room.name) for room in chats.rooms] if chats is not None else []


def join(desk: MeshApp, argument: str) -> None:
    """Joins a room, or asks which."""

    def submit(text: str) -> str | None:
        name = text.strip().removeprefix("#")
        if not name:
            return "the name of a room; R lists them"
        if desk.prompt.question is question:
            desk.prompt.close()
        desk.ask(JoinRoom(name))
        show_scenes(desk).aim(Place(True, name))
        return None

    question = Question(
        "join room", submit, help="its name; it is made if there is none", complete=lambda text: []
    )
    if argument:
        submit(argument)
    else:
        desk.question(question)


def part(desk: MeshApp, argument: str) -> None:
    """Leaves a room: the one named, or the one shown."""
    pane = show_scenes(desk)
    place = Place(True, argument.removeprefix("#")) if argument else pane.place_shown
    if place is None or not place.room:
        desk.say("part takes the name of a room", Level.WARN)
        return
    desk.ask(LeaveRoom(place.name))


def tickers(desk: MeshApp, argument: str) -> None:
    """What hangs on the wall of the room."""
    pane = scenes_pane(desk)
    view, place = desk.state.chat, pane.place_shown
    assert place is not None
    here = view is not None and view.room and str(view.name) == place.name
    hung = view.tickers if view is not None and here else ()
    cells = min(92, desk.size.width - 8)
    lines: list[Line] = []
    for user, text in hung:
        lines += [[(str(user), "key")], [(f"  {text}", "text")]]
    none: list[Line] = [[("nothing hangs here; :ticker TEXT hangs something up", "dim")]]
    desk.open_text(
        clip(f"{plural(len(hung), 'ticker')} in #{place.name}", cells, desk.glyphs.ellipsis), lines or none
    )


def ticker(desk: MeshApp, argument: str) -> None:
    """Sets our ticker in the room that is shown; empty takes it away."""
    place = scenes_pane(desk).place_shown
    assert place is not None
    desk.ask(SetTicker(place.name, argument))
