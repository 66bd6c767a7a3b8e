"""The server's rooms, the fullest first: words narrow the list, enter joins one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.events import Level
from slskmesh.engine.legacy_commands import ListRooms
from slskmesh.engine.legacy_events import RoomsShown
from slskmesh.engine.legacy_views import RoomInfoView
from tui.viewmodel.formats import count, plural
from tui.widgets.overlay import Entry, Menu, Overlay

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
    from tui.panes.scenes_actions import join

    note = f"private, {plural(room.users, 'user')}" if room.private else plural(room.users, "user")
    where = f"{note}, you are in it" if room.joined else note
    return Entry("", str(room.name), partial(join, desk, str(room.name)), note=where)
