"""`slskmesh rooms list|join|leave|read`, `slskmesh say` and `slskmesh message`: rooms and private messages of Soulseek.

JSON:
- rooms list: {"room", "users", "private", "joined"}, fullest first, then {"ended": true, "rooms", "total"};
- rooms join and leave: {"room", "did", "users"};
- a line that was said (rooms read, message USER): {"where", "number", "at", "user", "text", "kind", "why"};
- say: {"room", "said"};
- message USER TEXT: {"user", "number", "state"}, "sent", or "waiting" (code 4) for the next login;
- message: {"user", "unread", "waiting", "last", "text", "state"} for each conversation.
Times in Unix seconds.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from slskmesh.cli.answers import Answers
from slskmesh.cli.engine_run import running, wait_online
from slskmesh.cli.exit_codes import WAITING
from slskmesh.cli.output import Output
from slskmesh.engine.console import Console, TimedOut
from slskmesh.engine.events import Event
from slskmesh.engine.legacy_commands import JoinRoom, LeaveRoom, ListRooms, MarkRead, Say, WatchChat, Whisper
from slskmesh.engine.legacy_events import ChatLines, RoomsShown
from slskmesh.engine.legacy_views import ChatLineView, ChatsView, ConversationView, ModeView, RoomView
from slskmesh.errors import SlskmeshError

LOOK_TIMEOUT: Final = 15.0  # seconds for the engine to show its lists
JOIN_TIMEOUT: Final = 20.0  # seconds for the server to let us in, or to give our line back
SEND_TIMEOUT: Final = 20.0  # seconds for a message to be handed to the server
_TEXT: Final = 200  # characters of a conversation's last message in a list


class Lines:
    """The lines of one room or conversation; `event` is to be a console's `on_event`."""

    def __init__(self, on_line: Callable[[ChatLineView], None] = lambda line: None) -> None:
        self.lines: dict[int, ChatLineView] = {}
        self.came = False
        self._on_line = on_line
        self._where: tuple[bool, str] | None = None

    def watch(self, console: Console, name: str, *, room: bool) -> None:
        """Has the engine stream it, beginning with what is kept of it."""
        self._where = (room, name)
        console.ask(WatchChat(name, room))

    def event(self, event: Event) -> None:
        """Takes one event."""
        if isinstance(event, ChatLines) and (event.room, event.name) == self._where:
            self.came = True
            for line in event.lines:
                if self.lines.get(line.number) != line:
                    self.lines[line.number] = line
                    self._on_line(line)


def list_rooms(home: Path, limit: int, patience: float, out: Output) -> int:
    """Prints the server's rooms; returns 1 if there are none."""
    answers = Answers()
    with running(home, answers.event) as console:
        wait_online(home, console, patience)
        answer = answers.ask(console, ListRooms(), RoomsShown, "the list of rooms")
    for room in answer.rooms[:limit]:
        fields = {"room": room.name, "users": room.users, "private": room.private, "joined": room.joined}
        out.row(fields, f"{room.users:6d}  {room.name}{'  (joined)' if room.joined else ''}")
    if out.as_json:
        out.row({"ended": True, "rooms": min(limit, len(answer.rooms)), "total": answer.total}, "")
    out.say(f"{answer.total} rooms")
    return 0 if answer.total else 1


def join_room(home: Path, room: str, patience: float, out: Output) -> None:
    """Joins a room and stays a member of it, at later starts too. SlskmeshError with the server's reason."""
    with running(home) as console:
        wait_online(home, console, patience)
        view = _enter(console, room)
    out.row(
        {"room": view.name, "did": "joined", "users": view.users}, f"joined {view.name}: {view.users} users"
    )


def leave_room(home: Path, room: str, forget: bool, out: Output) -> None:
    """Leaves a room; `forget`: drops what was said there, too. Needs no server. Refused with the engine's words."""
    with running(home) as console:
        text = str(console.ask(LeaveRoom(room, forget)).text)
    out.row({"room": room, "did": "left", "users": 0}, text or f"left {room}")


def read_room(home: Path, room: str, watch: bool, patience: float, out: Output) -> int:
    """Prints what is kept of a room; with `watch` joins it and goes on until a signal. 1: nothing was said."""
    lines = Lines(lambda line: _show(room, line, out))
    with running(home, lines.event) as console:
        if watch:
            wait_online(home, console, patience)
            _enter(console, room)
        _read(console, lines, room, room=True, watch=watch)
    return 0 if lines.lines else 1


def say_line(home: Path, room: str, text: str, patience: float, out: Output) -> None:
    """Says a line in a room, which is joined for it. SlskmeshError: it did not come back from the server."""
    lines = Lines()
    with running(home, lines.event) as console:
        wait_online(home, console, patience)
        _enter(console, room)
        lines.watch(console, room, room=True)
        with contextlib.suppress(TimedOut):
            console.wait_for(lambda: lines.came, 1.0, "what was said before")
        before = set(lines.lines)
        console.ask(Say(room, text))

        def back() -> bool:
            new = [line for number, line in lines.lines.items() if number not in before]
            fault = next((line for line in new if line.kind in ("fault", "unsent")), None)
            if fault is not None:
                raise SlskmeshError(str(fault.why or fault.text) or "the line was not delivered")
            return any(line.kind == "own" for line in new)

        console.wait_for(back, JOIN_TIMEOUT, "the line to come back from the server")
    out.row({"room": room, "said": text}, f"said in {room}")


def send_message(home: Path, user: str, text: str, patience: float, out: Output) -> int:
    """Writes to a user; returns 4 if the message waits for the next login. SlskmeshError: it was refused."""
    lines = Lines()
    with running(home, lines.event) as console:
        with contextlib.suppress(SlskmeshError):
            wait_online(home, console, patience)
        number = int(console.ask(Whisper(user, text)).value)
        lines.watch(console, user, room=False)

        def gone() -> bool:
            return number in lines.lines and lines.lines[number].kind in ("sent", "refused")

        with contextlib.suppress(TimedOut):
            console.wait_for(gone, SEND_TIMEOUT if _served(console) else 0.0, "the message to be sent")
        line = lines.lines.get(number)
    if line is not None and line.kind == "refused":
        raise SlskmeshError(str(line.why) or "the message was refused")
    sent = line is not None and line.kind == "sent"
    words = f"sent to {user}" if sent else f"kept for {user}: it is sent with the next login"
    out.row({"user": user, "number": number, "state": "sent" if sent else "waiting"}, words)
    return 0 if sent else WAITING


def _served(console: Console) -> bool:
    view = console.latest(ModeView)
    return view is not None and view.phase == "online"


def read_messages(home: Path, user: str, watch: bool, patience: float, out: Output) -> int:
    """Prints the conversation with a user; with `watch` goes on until a signal. 1: there is none."""
    lines = Lines(lambda line: _show(user, line, out))
    with running(home, lines.event) as console:
        if watch:
            wait_online(home, console, patience)
        _read(console, lines, user, room=False, watch=watch)
    return 0 if lines.lines else 1


def list_conversations(home: Path, out: Output) -> int:
    """Prints every conversation, the latest first; 1: there is none."""
    with running(home) as console:
        view = console.wait_view(ChatsView, lambda view: True, LOOK_TIMEOUT, "the conversations")
    for one in view.conversations:
        out.row(_conversation_fields(one), _conversation_text(one))
    if not view.conversations:
        out.say("no messages")
    return 0 if view.conversations else 1


def _conversation_fields(one: ConversationView) -> dict[str, object]:
    names = ("user", "unread", "waiting", "last", "text", "state")
    return {name: getattr(one, name) for name in names}


def _conversation_text(one: ConversationView) -> str:
    when = time.strftime("%d %b %H:%M", time.localtime(one.last)) if one.last else ""
    marks = [f"{one.unread} new"] if one.unread else []
    marks += [f"{one.waiting} not sent yet"] if one.waiting else []
    return f"{when}  {one.user}  ({one.state})  {', '.join(marks)}  {one.text[:_TEXT]}".rstrip()


def _enter(console: Console, room: str) -> RoomView:
    """Joins a room and waits until we are in it."""
    console.ask(JoinRoom(room))
    found: list[RoomView] = []

    def inside() -> bool:
        view = console.latest(ChatsView)
        found[:] = [one for one in (view.rooms if view is not None else ()) if one.name == room]
        if found and found[0].fault and not found[0].joined:
            raise SlskmeshError(f"{room}: {found[0].fault}")
        return bool(found) and found[0].joined

    console.wait_for(inside, JOIN_TIMEOUT, f"the server to let us into {room}")
    return found[0]


def _read(console: Console, lines: Lines, name: str, *, room: bool, watch: bool) -> None:
    lines.watch(console, name, room=room)
    if watch:
        console.wait_for(lambda: False, None, "a signal")
    with contextlib.suppress(TimedOut):
        console.wait_for(lambda: lines.came, 2.0, "what was said")
    if lines.came:
        console.ask(MarkRead(name, room))


def _show(where: str, line: ChatLineView, out: Output) -> None:
    fields = {"where": where, "number": line.number, "at": line.at, "user": line.user, "text": line.text}
    when = time.strftime("%d %b %H:%M:%S", time.localtime(line.at))
    mark = {"waiting": "  (not sent yet)", "unsent": "  (not delivered)", "refused": f"  ({line.why})"}.get(
        line.kind, ""
    )
    out.row({**fields, "kind": line.kind, "why": line.why}, f"{when}  <{line.user}> {line.text}{mark}")
