"""The Scenes pane: rooms and private messages of Soulseek, the lines of the one under the cursor, who is in the room.

Rules:
- The place under the cursor is the one that is shown and watched; it is watched only while the pane is on the screen.
- It counts as read when the person had its newest lines before the eyes for a second.
- While a line is typed the focus stays where it was; every place keeps its own unfinished line.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Level, Reply
from slskmesh.engine.legacy_commands import Earlier, MarkRead, WatchChat
from slskmesh.engine.legacy_views import ChatsView, ChatView, ModeView, PeopleView
from slskmesh.engine.views import View
from tui.actions import engine_off
from tui.panes.base import ABSENT, Pane
from tui.panes.scenes_boxes import BuffersBox, ChatBox, InputBox
from tui.panes.scenes_typing import Typing
from tui.viewmodel.buffers import Buffer, Buffers, key_of, standing, title, trouble
from tui.viewmodel.chat import EARLIER, FOREIGN, Place
from tui.viewmodel.chatlines import plain
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import plural
from tui.widgets.box import Box
from tui.widgets.rowsview import ListSource, RowsBox

if TYPE_CHECKING:
    from tui.app import MeshApp

SEEN_SECONDS = 1.0
TALK = "-talk"  # class of the pane while a conversation is shown: nobody stands beside it


class ScenesPane(Pane):
    """Rooms and private messages."""

    NAME, TITLE, DIGIT = "scenes", "Scenes", "2"
    kept_free = 3  # the line that is typed

    def __init__(self) -> None:
        super().__init__()
        self.buffers = Buffers()
        self.place_shown: Place | None = None
        self._rows: ListSource[Buffer] = ListSource(lambda row: row.key)
        self._users: ListSource[str] = ListSource(lambda name: name)
        self.everybody: tuple[str, ...] = ()  # in the room that is shown
        self.buddies: frozenset[str] = frozenset()
        self._words: dict[str, str] = {}  # a filter by box id
        self._wanted: Place | None = None  # shown as soon as the engine knows it
        self._here = False
        self._shown_at = 0.0
        self._read: tuple[Place, int] | None = None
        self.list = BuffersBox(self._rows)
        self.list.on_cursor = self._cursor_moved
        self.chat = ChatBox(self._scrolled)
        self.people = RowsBox(self._users, self._people_columns, "people", id="room-users")
        self.people.heading = False
        self.people.is_marked = self._is_buddy
        self.people.empty = ("", "nobody is known to be here")
        self.typed = Typing(self, InputBox(lambda: self.desk.perform("scene-type")))

    def make_boxes(self) -> Iterable[Box]:
        return (self.list, self.chat, self.people)

    def compose(self) -> ComposeResult:
        """The boxes, and the line that is typed, which never has the focus."""
        yield from super().compose()
        yield self.typed.box

    # What is shown
    @property
    def buffer(self) -> Buffer | None:
        """The line of the place that is shown."""
        return self.buffers.find(self.place_shown)

    def entered(self) -> None:
        self._here = True
        before = self.place_shown
        self.changed({ChatsView, ChatView, PeopleView})
        if before is not None and before == self.place_shown:
            self._watch(before)

    def left(self) -> None:
        self._here = False
        self.typed.stop()
        self._attend()
        self._quietly(WatchChat(""))

    def changed(self, types: set[type[View]]) -> None:
        if ChatsView in types:
            self._take_chats()
        people = self.desk.state.people
        if PeopleView in types and people is not None:
            self.buddies = frozenset(str(one.name) for one in people.buddies)
        if types & {ChatView, PeopleView}:
            self._take_people()
        if types & {ChatsView, ModeView, ChatView}:
            self._show_standing()

    def _take_chats(self) -> None:
        for place in self.buffers.update(self.desk.state.chats, self._words.get("buffers", "")):
            self.desk.chats.drop(place)
            self.typed.forget(place)
            if place == self.place_shown:
                self.place_shown = None
        self._rows.set(self.buffers.rows)
        if self._wanted is not None and self._rows.position(key_of(self._wanted)) is not None:
            self.list.cursor_key, self._wanted = key_of(self._wanted), None
            self.list.sync()
            self._cursor_moved()
        self.list.sync()
        if self.place_shown is None:
            self._cursor_moved()

    def _cursor_moved(self) -> None:
        """The place under the cursor is shown."""
        row = self.list.current
        place = row.place if row is not None and row.number else None
        if place == self.place_shown:
            return
        self._attend(False)
        self.place_shown = place
        self._watch(place)
        self.typed.turn(place)
        self.people.cursor, self.people.cursor_key = 0, ""
        self._take_people()
        self._show_standing()
        self.desk.touch("#hints")

    def _watch(self, place: Place | None) -> None:
        self._shown_at, self._read = self.desk.monotonic(), None
        if place is None:
            self.chat.show(None)
            return
        log = self.desk.chats.log(place)
        row = self.buffers.find(place)
        log.watched(row.unread if row is not None else 0)
        self.chat.show(log)
        self._attend()
        if self._here:
            self._quietly(WatchChat(place.name, place.room))

    def _show_standing(self) -> None:
        row = self.buffer
        self.chat.title = title(self.place_shown)
        self.chat.standing = standing(row) if row is not None else ""
        self.chat.trouble = trouble(row, self.desk.state.mode) if row is not None else ""
        self.chat.known = self._here_view is not None or (row is not None and not (row.room or row.talk))
        self.chat.touch()

    @property
    def _here_view(self) -> ChatView | None:
        """Who is in the place that is shown, once the engine told."""
        view, place = self.desk.state.chat, self.place_shown
        same = view is not None and place is not None and (view.room, str(view.name)) == place
        return view if same else None

    def _take_people(self) -> None:
        """Who is in the room: buddies first."""
        place, view = self.place_shown, self._here_view
        talk = place is None or not place.room
        self.set_class(talk, TALK)
        self.people.set_class(talk, ABSENT)
        if talk and self.box is self.people:
            self.focus_box(self.chat)
        self.everybody = view.users if view is not None else ()
        terms = self._words.get("room-users", "").casefold().split()
        found = [name for name in self.everybody if all(term in name.casefold() for term in terms)]
        self._users.set(sorted(found, key=lambda name: (not self._is_buddy(name), name.casefold())))
        friends = sum(map(self._is_buddy, self.everybody))
        self.people.title = f"people {len(self.everybody)}"
        self.people.note = f"*{friends}" if friends else ""
        self.people.foot = []
        if view is not None and view.tickers:
            self.people.foot = [(f" t {plural(len(view.tickers), 'ticker')} ", "dim")]
        self.people.sync()

    def _is_buddy(self, name: str) -> bool:
        return name in self.buddies

    def _people_columns(self) -> tuple[Column[str], ...]:
        mode = self.desk.state.mode
        me = str(mode.username) if mode is not None else ""
        return (Column("name", 4, lambda name: Cell(name, "key" if name == me else "text"), weight=1),)

    def second(self) -> None:
        self._mark_seen()

    def said(self) -> None:
        self.chat.touch()

    # Reading
    def _attend(self, there: bool | None = None) -> None:
        log = self.chat.said
        if log is not None:
            log.attend(self._here and self.chat.bottom is None if there is None else there)

    def _scrolled(self, up: bool) -> None:
        """Another part of the log is shown; who goes up to its top gets earlier messages."""
        self._attend()
        log, place = self.chat.said, self.place_shown
        if not up or log is None or place is None or not self.chat.shown.at_top:
            return
        oldest = log.oldest
        if log.complete or log.full or log.asking or not oldest or engine_off(self.desk) is not None:
            return
        log.asking = True

        def answered(reply: Reply) -> None:
            if not reply.ok:
                log.asking = False
                self.desk.say(str(reply.text), Level.WARN)

        self.desk.ask(Earlier(place.name, oldest, EARLIER), answered)

    def _mark_seen(self) -> None:
        log, row = self.chat.said, self.buffer
        if log is None or row is None or not row.unread or not log.begun:
            return
        seen = self.desk.monotonic() - self._shown_at >= SEEN_SECONDS
        if self._here and seen and self.chat.bottom is None:
            self.mark_read(row)

    def mark_read(self, row: Buffer) -> None:
        """The person saw what is new there."""
        if self._read != (row.place, row.unread):
            self._read = (row.place, row.unread)
            self._quietly(MarkRead(row.place.name, row.place.room))

    def _quietly(self, command: Command) -> None:
        if engine_off(self.desk) is None:
            self.desk.ask(command, lambda reply: None)

    # Going somewhere
    def aim(self, place: Place | None) -> None:
        """Shows a place; one the engine does not know yet as soon as it does."""
        if place is None:
            return
        if not place.room and self.buffers.find(place) is None:
            self.buffers.open(place.name)
        self._words.pop("buffers", None)
        self._wanted = place
        if self._here:
            self._take_chats()

    def go_to(self, number: int) -> None:
        """Shows the place of a number."""
        place = self.buffers.numbered(number)
        if place is None:
            self.desk.say(f"there is no {number} in the list", Level.WARN)
        self.aim(place)

    def close_talk(self, user: str) -> None:
        """A conversation that was only opened goes from the list."""
        self.buffers.close(user)
        self._take_chats()

    # Typing
    @property
    def typing(self) -> bool:  # type: ignore[override]
        """Whether printable keys go into the line."""
        return self.typed.on

    @property
    def typing_hints(self) -> list[tuple[str, str]]:  # type: ignore[override]
        return self.typed.hints

    def type_key(self, key: str, character: str | None) -> bool:
        return self.typed.key(key, character)

    def paste(self, text: str) -> None:
        self.typed.paste(text)

    # Who and what is chosen
    @property
    def person(self) -> str:
        """The user that keys are about: in the list of people, of the line under the cursor, of the conversation."""
        line = self.chat.line
        if self.box is self.people:
            return self.people.current or ""
        if self.box is self.chat and line is not None and line.kind in FOREIGN:
            return str(line.user)
        place = self.place_shown
        return place.name if place is not None and not place.room else ""

    @property
    def rows_box(self) -> RowsBox[Any]:
        return self.people if self.box is self.people else self.list

    def words_of(self, row: Any) -> str:
        return (row.place.name if isinstance(row, Buffer) else str(row)).casefold()

    @property
    def filter_text(self) -> str:  # type: ignore[override]
        """The words the focused list is narrowed to."""
        return self._words.get(self.rows_box.id or "", "") if self.box is not self.chat else ""

    def filter(self, text: str) -> None:
        """Narrows the focused list; in the lines goes to the newest one with these words."""
        self.sought = text or self.sought
        if self.box is self.chat:
            if text:
                self.chat.follow()
                self.seek(-1)
            return
        self._words[self.rows_box.id or ""] = text
        if self.box is self.people:
            self._take_people()
        else:
            self._take_chats()

    def seek(self, step: int) -> bool | None:
        log = self.chat.said
        if self.box is not self.chat or log is None:
            return super().seek(step)
        terms = self.sought.casefold().split()
        at = self.chat.cursor if self.chat.cursor is not None else log.end
        ring = [*range(at + step, log.end if step > 0 else log.first - 1, step)]
        ring += range(log.first, at) if step > 0 else range(log.end - 1, at, -1)
        for index in ring:
            words = plain(log.line(index)).casefold()
            if all(term in words for term in terms):
                self.chat.aim(index)
                return True
        return False

    def escape(self) -> bool:
        if self.box is self.chat and (self.chat.cursor is not None or self.chat.bottom is not None):
            self.chat.follow()
            return True
        return super().escape()

    def yanks(self) -> dict[str, str]:
        line = self.chat.line
        return {"row": plain(line)} if line is not None else {}


def scenes_pane(desk: MeshApp) -> ScenesPane:
    """The pane, which was visited before."""
    pane = desk.panes["scenes"]
    assert isinstance(pane, ScenesPane)
    return pane


def show_scenes(desk: MeshApp) -> ScenesPane:
    """The pane, on the screen."""
    desk.show_pane("scenes")
    return scenes_pane(desk)
