"""Streams the rooms and conversations that front ends watch: who is there, and each line once.

Rules:
- A watched chat begins with one `ChatLines` of all that is kept in memory. A message that was sent comes once more
  under its number. New lines ten times a second, who is there with the lists, each only when it changed.
- Each front end watches one chat at a time; it alone is told.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import trio

from slskmesh.engine.legacy_events import ChatLines
from slskmesh.engine.legacy_snapshots import message_line, room_line, shown, tickers_shown
from slskmesh.engine.legacy_views import ChatLineView, ChatView
from slskmesh.errors import UserError
from slskmesh.soulseek.letters import Message
from slskmesh.soulseek.values import UserState

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine
    from slskmesh.engine.legacy import Legacy

LINES_MAX: Final = 1_000  # in one event
_LINES_EVERY: Final = 0.1


class _Chat:
    """What one front end watches, and what of it was told."""

    def __init__(self, viewer: int, room: bool, name: str) -> None:
        self.viewer, self.room, self.name = viewer, room, name
        self.newest = 0
        self.told: dict[int, Message] = {}
        self.version: object = None  # of the rooms when it was last looked at
        self.view: ChatView | None = None
        self.people: tuple[list[str], list[tuple[str, str]]] = ([], [])

    @property
    def whose(self) -> str:
        """On whose behalf the user of the conversation is watched."""
        return f"chat {self.viewer}"


class ChatPulse:
    """Publishes watched chats for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._chats: dict[int, _Chat] = {}  # by front end
        self._watching = trio.Event()

    @property
    def _legacy(self) -> Legacy:
        return self._engine.legacy

    async def watch(self, viewer: int, room: bool, name: str) -> None:
        """Streams this room or conversation from now on, beginning with what is kept of it; empty: none."""
        former = self._chats.pop(viewer, None)
        watches = self._legacy.social.watches
        if name:
            chat = self._chats[viewer] = _Chat(viewer, room, name)
            self._who_is_there(chat)
            self._lines(chat, begin=True)
            self._watching.set()
        if former is not None and not former.room:
            await watches.off(former.name, former.whose)
        if name and not room:
            with contextlib.suppress(UserError):  # too many are watched: how he is stays unknown
                await watches.on(name, chat.whose)

    def forgot(self, room: bool, name: str) -> None:
        """What was said there is gone: its lines are counted anew."""
        for viewer, chat in self._chats.items():
            if (chat.room, chat.name) == (room, name):
                self._chats[viewer] = _Chat(viewer, room, name)

    def show(self) -> None:
        """Tells who is in the watched rooms, where that changed."""
        for chat in self._chats.values():
            self._who_is_there(chat)

    async def run(self) -> None:
        """Streams lines until cancelled."""
        social = self._legacy.social
        seen: dict[str, int] = {}
        while True:
            if not self._chats:
                self._watching = trio.Event()
                await self._watching.wait()
            if social.versions == seen:
                await social.change()
            seen = dict(social.versions)
            for chat in list(self._chats.values()):
                self._lines(chat)
            await trio.sleep(_LINES_EVERY)

    def _lines(self, chat: _Chat, begin: bool = False) -> None:
        """Tells what is new in a chat; `begin`: all of it, also where that is nothing."""
        lines = self._room_lines(chat) if chat.room else self._message_lines(chat)
        for at in range(0, max(len(lines), int(begin)), LINES_MAX):
            event = ChatLines(chat.room, shown(chat.name), tuple(lines[at : at + LINES_MAX]))
            self._engine.hub.tell(chat.viewer, event)

    def _room_lines(self, chat: _Chat) -> Sequence[ChatLineView]:
        try:
            lines = self._legacy.social.rooms.lines(chat.name, chat.newest)
        except UserError:
            lines, chat.newest = (), 0  # forgotten; should we join it anew, its lines are counted anew
        if lines:
            chat.newest = lines[-1].number
        return list(map(room_line, lines))

    def _message_lines(self, chat: _Chat) -> Sequence[ChatLineView]:
        messages = self._legacy.social.mail.messages(chat.name)
        fresh = [message for message in messages if chat.told.get(message.number) != message]
        chat.told = {message.number: message for message in messages}
        me = self._legacy.account.name
        return [message_line(message, chat.name, me) for message in fresh]

    def _who_is_there(self, chat: _Chat) -> None:
        """Who is in the watched room, and what hangs on its wall."""
        social = self._legacy.social
        if not chat.room:
            there = social.watches.state(chat.name) in (UserState.ONLINE, UserState.AWAY)
            self._put(chat, ChatView(False, shown(chat.name), there))
            return
        if chat.version == social.versions["rooms"]:
            return
        chat.version = social.versions["rooms"]
        joined = any(room.name == chat.name and room.joined for room in social.rooms.standings())
        try:
            people = social.rooms.users(chat.name), social.rooms.tickers(chat.name)
        except UserError:
            people = [], []
        if chat.view is not None and people == chat.people and chat.view.joined == joined:
            return
        chat.people = people
        users, tickers = people
        view = ChatView(True, shown(chat.name), joined, tuple(map(shown, users)), tickers_shown(tickers))
        self._put(chat, view)

    def _put(self, chat: _Chat, view: ChatView) -> None:
        if chat.view != view:
            chat.view = view
            self._engine.hub.tell(chat.viewer, view)
