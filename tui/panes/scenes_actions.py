"""What a person can do in the Scenes pane, and the commands for rooms and messages that act from anywhere.

Rules: the same names after `:` and `/`; leaving a room and dropping what was said ask first; a key about a user means
the one chosen among the people or lines, else the one of the conversation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from slskmesh.engine.events import Level, Reply
from slskmesh.engine.legacy_commands import (
    ForgetConversation,
    LeaveRoom,
    Withdraw,
)
from slskmesh.engine.legacy_views import ChatLineView
from tui.actions import EVERYWHERE, Action, engine_off
from tui.panes import people_actions as people
from tui.panes.asking import OnText, asking, short, sure
from tui.panes.rooms import join, part, room_names, rooms, ticker, tickers
from tui.panes.scenes import scenes_pane, show_scenes
from tui.viewmodel.chat import Place
from tui.viewmodel.chatlines import links, plain
from tui.viewmodel.formats import plural
from tui.viewmodel.spans import clip
from tui.viewmodel.speaking import split_name
from tui.widgets.overlay import Entry, Menu

if TYPE_CHECKING:
    from tui.app import MeshApp

COPY_LINES = 500
PLACE = "scenes"


def _off(desk: MeshApp) -> str | None:
    if scenes_pane(desk).place_shown is None:
        return "no room and no conversation is open: R lists rooms, W writes to somebody"
    return engine_off(desk)


def _no_room(desk: MeshApp) -> str | None:
    place = scenes_pane(desk).place_shown
    if place is None or not place.room:
        return "this is no room"
    return engine_off(desk)


# Typing and going
def _type(desk: MeshApp, argument: str) -> None:
    scenes_pane(desk).typed.start()


def _enter(desk: MeshApp, argument: str) -> None:
    """On a person: writes to him; else types here."""
    pane = scenes_pane(desk)
    if pane.box is pane.people and pane.person:
        people.message(desk, pane.person)
    else:
        pane.typed.start()


def _active(desk: MeshApp, argument: str) -> None:
    here = desk.pane_name == "scenes"
    pane = show_scenes(desk)
    pane.buffers.update(desk.state.chats)
    place = pane.buffers.active(pane.place_shown if here else None)
    if place is None:
        desk.say("nothing new anywhere else")
    pane.aim(place)


def _no_unread(desk: MeshApp) -> str | None:
    log = scenes_pane(desk).chat.said
    return None if log is not None and log.marker is not None else "nothing unread here"


def _unread(desk: MeshApp, argument: str) -> None:
    chat = scenes_pane(desk).chat
    assert chat.said is not None and chat.said.marker is not None
    chat.aim(chat.said.marker)


def _step(by: int, desk: MeshApp, argument: str) -> None:
    pane = scenes_pane(desk)
    pane.aim(pane.buffers.step(pane.place_shown, by))


def _by_number(desk: MeshApp, argument: str) -> None:
    """The digit of the key; 0 is the tenth."""
    digit = desk.router.key.removeprefix("alt+")
    scenes_pane(desk).go_to(int(digit) if digit.isdigit() and digit != "0" else 10)


def _ask_number(desk: MeshApp, argument: str) -> None:
    scenes_pane(desk).typed.ask_number()


# Reading
def _mark_read(desk: MeshApp, argument: str) -> None:
    pane = scenes_pane(desk)
    row = pane.buffer
    if pane.chat.said is not None:
        pane.chat.said.unmark()
        pane.chat.touch()
    if row is not None and row.unread:
        pane.mark_read(row)


def _copy(desk: MeshApp, argument: str) -> None:
    """What y copies: the line under the cursor or the newest, its links, the name, all that is shown of the place."""
    pane = scenes_pane(desk)
    log = pane.chat.said
    line = pane.chat.line or (log.line(log.end - 1) if log is not None and len(log) else None)
    entries: list[Entry] = []

    def entry(key: str, what: str, text: str) -> None:
        shown = clip(text.replace("\n", " / "), 48, desk.glyphs.ellipsis)
        off = "" if text else f"there is no {what} here"
        entries.append(Entry(key, what, partial(desk.copy, text, f"the {what}"), off, shown, (key,)))

    entry("y", "text", str(line.text) if line is not None else "")
    entry("l", "line", plain(line) if line is not None else "")
    for number, link in enumerate(links(str(line.text)) if line is not None else [], 1):
        entry(str(number), "link", link)
    entry("u", "user", pane.person or (str(line.user) if line is not None else ""))
    everything = "\n".join(map(plain, log.lines(COPY_LINES))) if log is not None else ""
    lines = min(COPY_LINES, len(log)) if log is not None else 0
    entries.append(
        Entry(
            "t",
            "all lines",
            partial(desk.copy, everything, plural(lines, "line"), show=False),
            "" if lines else "nothing was said here",
            plural(lines, "line"),
            ("t",),
        )
    )
    desk.open(Menu("copy", entries))


# Taking a message back
def _waiting(desk: MeshApp) -> ChatLineView | None:
    """The message under the cursor that waits to be sent, else the newest that does."""
    pane = scenes_pane(desk)
    if pane.chat.line is not None and pane.chat.line.kind == "waiting":
        return pane.chat.line
    log = pane.chat.said
    lines = log.lines() if log is not None and not log.place.room else ()
    return next((line for line in reversed(list(lines)) if line.kind == "waiting"), None)


def _none_waits(desk: MeshApp) -> str | None:
    return engine_off(desk) or (None if _waiting(desk) is not None else "no message here waits to be sent")


def _withdraw(desk: MeshApp, argument: str) -> None:
    pane, line = scenes_pane(desk), _waiting(desk)
    place, log = pane.place_shown, pane.chat.said
    assert line is not None and place is not None and log is not None

    def answered(reply: Reply) -> None:
        if not reply.ok:
            desk.say(str(reply.text), Level.WARN)
            return
        log.remove(line.number)
        pane.chat.follow()
        desk.say(str(reply.text) or "taken back; it was not sent", Level.GOOD)

    desk.ask(Withdraw(place.name, line.number), answered)


# Leaving
def _close(desk: MeshApp, argument: str) -> None:
    """Leaves the room; drops one that was left, or a conversation."""
    pane = scenes_pane(desk)
    row = pane.buffer
    if row is None:
        return
    name = short(desk, row.place.name)
    if row.place.room and row.room is not None and (row.room.joined or row.room.wanted):
        sure(desk, f"leave #{name}? What was said stays readable", LeaveRoom(row.place.name))
    elif row.place.room:
        words = f"take #{name} off the list, with what was said there?"
        sure(desk, words, LeaveRoom(row.place.name, forget=True))
    elif row.talk is None:
        pane.close_talk(row.place.name)
    else:
        waiting = f" {plural(row.waiting, 'message')} would not be sent." if row.waiting else ""
        words = f"drop the conversation with {name} and what was said?{waiting}"
        sure(desk, words, ForgetConversation(row.place.name))


def _who(desk: MeshApp, argument: str) -> None:
    """The people of the room; where there is no room for the box it gets the whole pane."""
    pane = scenes_pane(desk)
    pane.typed.stop()
    pane.focus_box(pane.people)
    if not pane.people.display or not pane.people.size.height:
        pane.resize_box(2)


# Saying
def message(desk: MeshApp, argument: str) -> None:
    """A message to a user; without text goes to the conversation."""
    known = [*people.names(desk)]
    if "scenes" in desk.panes:
        known += scenes_pane(desk).everybody
    name, text = split_name(argument, known)
    if not text:
        people.message(desk, name)
        return
    show_scenes(desk).aim(Place(False, name))
    scenes_pane(desk).typed.say(Place(False, name), [text])


def _message(desk: MeshApp, argument: str) -> None:
    asking("write to", "a user's name", message, people.names)(desk, argument)


def _me(desk: MeshApp, argument: str) -> None:
    """Says that one does something."""
    pane = scenes_pane(desk)
    place = pane.place_shown
    assert place is not None
    if argument:
        pane.typed.say(place, [f"/me {argument}"])
    else:
        desk.say("me takes what you do", Level.WARN)


# Users
def _nobody(desk: MeshApp) -> str | None:
    if not scenes_pane(desk).person:
        return "nobody is chosen: tab to the people or the lines, then j and k"
    return engine_off(desk)


def _no_browse(desk: MeshApp) -> str | None:
    return _nobody(desk) or people.no_browse(desk)


def _with(act: OnText) -> Callable[[MeshApp, str], None]:
    def run(desk: MeshApp, argument: str) -> None:
        act(desk, scenes_pane(desk).person)

    return run


def _scene(
    id: str,
    title: str,
    keys: tuple[str, ...],
    run: Callable[[MeshApp, str], None],
    why_not: Callable[[MeshApp], str | None] = _off,
    hint: str = "",
    *,
    command: str = "",
    argument: str = "",
    on_row: bool = False,
) -> Action:
    return Action(
        f"scene-{id}", title, keys, run, PLACE, why_not, command, argument, hint=hint, on_row=on_row
    )


_DIGITS = tuple(f"alt+{digit}" for digit in "1234567890")

ACTIONS = (
    _scene("type", "type here", ("i",), _type, hint="type"),
    _scene("enter", "type here; on somebody of the room: write to them", ("enter",), _enter),
    _scene("unread", "to the first unread line", ("alt+u",), _unread, _no_unread, "unread"),
    _scene("rooms", "list the server's rooms", ("R",), rooms, engine_off, "rooms"),
    _scene("join", "join a room by its name", ("J",), join, engine_off, "join"),
    _scene("write", "write to somebody", ("W",), _message, engine_off, "write"),
    _scene("read", "mark it as read", ("m",), _mark_read, on_row=True),
    _scene("copy", "copy text, a link, a name, or all lines (OSC 52)", ("y",), _copy, _off, "copy"),
    _scene(
        "withdraw", "take back a message that waits to be sent", ("d",), _withdraw, _none_waits, "take back"
    ),
    _scene(
        "close", "leave the room, or drop the conversation (asks)", ("c",), _close, hint="leave", on_row=True
    ),
    _scene(
        "tickers", "what hangs on the room's wall", ("t",), tickers, _no_room, command="topic", on_row=True
    ),
    _scene("who", "the people of the room", ("p",), _who, _no_room, "people", command="who", on_row=True),
    _scene("whois", "ask who this user is", ("w",), _with(people.whois), _nobody, "who", on_row=True),
    _scene(
        "buddy", "put this user on the list of buddies", ("a",), _with(people.add_buddy), _nobody, on_row=True
    ),
    _scene(
        "browse",
        "browse what this user shares",
        ("o",),
        _with(people.browse),
        _no_browse,
        "browse",
        on_row=True,
    ),
    _scene("ignore", "ignore this user", ("I",), _with(people.ignore), _nobody, on_row=True),
    _scene("ban", "ban this user (asks from what)", ("B",), _with(people.ban), _nobody, on_row=True),
    _scene("previous", "room or conversation before", ("alt+up",), partial(_step, -1)),
    _scene("next", "room or conversation after", ("alt+down",), partial(_step, 1)),
    _scene("number", "room or conversation 1 to 10", _DIGITS, _by_number),
    _scene("two-digits", "room or conversation by two digits", ("alt+j",), _ask_number),
    _scene(
        "ticker",
        "hang up a ticker in the room; without text take it down",
        (),
        ticker,
        _no_room,
        command="ticker",
        argument="text",
    ),
    _scene("me", "say that you do something", (), _me, command="me", argument="what"),
)

COMMANDS = (
    Action(
        "scene-active",
        "next room or conversation with something new",
        ("alt+a",),
        _active,
        EVERYWHERE,
        engine_off,
    ),
    Action("join", "join a room", (), join, EVERYWHERE, engine_off, "join", "room", room_names),
    Action("part", "leave a room", (), part, EVERYWHERE, engine_off, "part", "room", room_names),
    Action("msg", "write to a user", (), _message, EVERYWHERE, engine_off, "msg", "name text", people.names),
    Action("rooms", "list the server's rooms", (), rooms, EVERYWHERE, engine_off, "rooms", "words"),
    *people.COMMANDS,
)
