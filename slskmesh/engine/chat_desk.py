"""The desk for rooms and private messages. Rules as in `engine/desk.py`.

Messages are written and rooms wanted without a session too; what is said in a room is said now or refused with words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import trio

from slskmesh.engine import commands as cmd
from slskmesh.engine import legacy_commands as legacy
from slskmesh.engine.hub import viewer_of
from slskmesh.engine.legacy_events import ChatLines, ChatShown, RoomsShown
from slskmesh.engine.legacy_snapshots import (
    member_view,
    message_line,
    raw_of,
    room_info,
    room_line,
    shown,
    tickers_shown,
)
from slskmesh.errors import UserError
from slskmesh.soulseek import people_rows
from slskmesh.soulseek.letters import MESSAGES_KEPT, Message
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.social import Social
from slskmesh.soulseek.values import RoomInfo, UserState
from slskmesh.work import LocalBudget

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

ROOMS_SHOWN: Final = 2_000
EARLIER_MAX: Final = 500
SHOWN_MAX: Final = 1_000  # lines of one chat at once
_LAST: Final = 1 << 62  # a number that no message has
_LIST_SECONDS: Final = 20.0  # for the server to send its rooms
_IN_SECONDS: Final = 5.0  # from the server's yes to being told who is in a room

Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]


class ChatDesk:
    """Carries out these commands for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.table: dict[type[cmd.Command], Handler] = {
            legacy.ListRooms: self._list_rooms,
            legacy.JoinRoom: self._join,
            legacy.LeaveRoom: self._leave,
            legacy.Say: self._say,
            legacy.SetTicker: self._ticker,
            legacy.Whisper: self._whisper,
            legacy.Withdraw: self._withdraw,
            legacy.ForgetConversation: self._forget,
            legacy.WatchChat: self._watch,
            legacy.ShowChat: self._show,
            legacy.MarkRead: self._read,
            legacy.Earlier: self._earlier,
        }

    @property
    def _social(self) -> Social:
        return self._engine.legacy.social

    # -- rooms ---------------------------------------------------------------------------------------------------

    async def _list_rooms(self, request: int, command: legacy.ListRooms) -> str:
        rooms, online = self._social.rooms, self._engine.legacy.client.online
        if online:
            await self._ask_rooms()
        elif not rooms.listed:
            raise Offline("the server's rooms are not known without a session: connect first")
        listed = sorted(rooms.listed, key=lambda room: (-room.users, room.name))
        self._engine.hub.put_event(self._rooms_shown(request, listed))
        count = f"{len(listed):,} rooms"
        return count if online else f"{count}, as the server told them last"

    async def _ask_rooms(self) -> None:
        rooms = self._social.rooms
        before = rooms.listed
        await self._engine.legacy.client.rooms(LocalBudget())
        with trio.move_on_after(_LIST_SECONDS):
            while rooms.listed is before:
                await self._social.change()
        if rooms.listed is before and not before:
            raise Offline("the server did not send its rooms; try again")

    def _rooms_shown(self, request: int, listed: list[RoomInfo]) -> RoomsShown:
        joined = {room.name for room in self._social.rooms.standings() if room.joined}
        first = listed[:ROOMS_SHOWN]
        return RoomsShown(request, tuple(room_info(room, room.name in joined) for room in first), len(listed))

    async def _join(self, request: int, command: legacy.JoinRoom) -> str:
        rooms, room = self._social.rooms, self._room(command.room)
        try:
            await rooms.join(room, LocalBudget())
        except Offline:
            pass  # it is wanted from now on, and joined with the next login
        with trio.move_on_after(_IN_SECONDS):
            while self._engine.legacy.client.online and not self._is_in(room):
                await self._social.change()
        return f"in {shown(room)}" if self._is_in(room) else f"{shown(room)} is joined with the next login"

    def _is_in(self, room: str) -> bool:
        return any(one.name == room and one.joined for one in self._social.rooms.standings())

    async def _leave(self, request: int, command: legacy.LeaveRoom) -> str:
        room = self._room(command.room)
        if command.forget:
            await self._social.rooms.forget(room)
            self._engine.legacy_pulse.chats.forgot(True, room)
            return f"left {shown(room)}; what was said there is forgotten"
        await self._social.rooms.leave(room)
        return f"left {shown(room)}"

    async def _say(self, request: int, command: legacy.Say) -> str:
        await self._social.rooms.say(self._room(command.room), command.text, LocalBudget())
        return ""

    async def _ticker(self, request: int, command: legacy.SetTicker) -> str:
        await self._social.rooms.ticker(self._room(command.room), command.text, LocalBudget())
        return "ticker set" if command.text else "ticker taken away"

    def _room(self, name: str) -> str:
        rooms = self._social.rooms
        listed = (room.name for room in rooms.listed)
        return raw_of(name, [*(room.name for room in rooms.standings()), *listed])

    # -- messages ------------------------------------------------------------------------------------------------

    async def _whisper(self, request: int, command: legacy.Whisper) -> tuple[str, str]:
        message = self._social.mail.send(self._user(command.user), command.text)
        waits = "" if self._engine.legacy.client.online else "it is sent with the next login"
        return waits, str(message.number)

    async def _withdraw(self, request: int, command: legacy.Withdraw) -> str:
        if not self._social.mail.withdraw(self._user(command.user), command.number):
            raise UserError("this message is on its way already")
        return "taken back"

    async def _forget(self, request: int, command: legacy.ForgetConversation) -> str:
        user = self._user(command.user)
        self._social.mail.forget(user)
        self._engine.legacy_pulse.chats.forgot(False, user)
        return f"the conversation with {shown(user)} is forgotten"

    def _user(self, name: str) -> str:
        return raw_of(name, (talk.user for talk in self._social.mail.standings()))

    # -- what is looked at ---------------------------------------------------------------------------------------

    async def _watch(self, request: int, command: legacy.WatchChat) -> str:
        name = (self._room if command.room else self._user)(command.name) if command.name else ""
        await self._engine.legacy_pulse.chats.watch(viewer_of(request), command.room, name)
        return ""

    async def _read(self, request: int, command: legacy.MarkRead) -> str:
        if command.room:
            self._social.rooms.read(self._room(command.name))
        else:
            user, left = self._user(command.name), 0
            if command.upto is not None:
                after = [one for one in await self._messages(user) if one.number > command.upto]
                left = sum(not one.own for one in after)
            self._social.mail.read(user, left)
        return ""

    async def _show(self, request: int, command: legacy.ShowChat) -> str:
        limit = max(1, min(command.limit, SHOWN_MAX))
        told = await (self._room_shown if command.room else self._talk_shown)(request, command.name, limit)
        self._engine.hub.put_event(told)
        return ""

    async def _room_shown(self, request: int, name: str, limit: int) -> ChatShown:
        rooms, room = self._social.rooms, self._room(name)
        lines = rooms.lines(room)[-limit:]  # UserError: it is none of ours
        [standing] = [one for one in rooms.standings() if one.name == room]
        return ChatShown(
            request,
            True,
            shown(room),
            standing.joined,
            tuple(map(room_line, lines)),
            standing.unread,
            standing.private,
            tuple(member_view(*one) for one in rooms.members(room)),
            tickers_shown(rooms.tickers(room)),
        )

    async def _talk_shown(self, request: int, name: str, limit: int) -> ChatShown:
        user = self._user(name)
        if all(talk.user != user for talk in self._social.mail.standings()):
            raise UserError(f"there are no messages with {shown(user)}")
        messages = await self._messages(user, limit=limit)
        unread = next((talk.unread for talk in self._social.mail.standings() if talk.user == user), 0)
        there = self._social.watches.state(user) in (UserState.ONLINE, UserState.AWAY)
        me = self._engine.legacy.account.name
        lines = tuple(message_line(message, user, me) for message in messages)
        return ChatShown(request, False, shown(user), there, lines, unread)

    async def _earlier(self, request: int, command: legacy.Earlier) -> str:
        user, limit = self._user(command.user), max(1, min(command.limit, EARLIER_MAX))
        messages = await self._messages(user, command.before, limit)
        me = self._engine.legacy.account.name
        lines = tuple(message_line(message, user, me) for message in messages)
        told = ChatLines(False, shown(user), lines, earlier=True, query=request)
        self._engine.hub.tell(viewer_of(request), told)
        return f"{len(lines)} earlier" if lines else "nothing earlier is kept"

    async def _messages(self, user: str, before: int = _LAST, limit: int = MESSAGES_KEPT) -> list[Message]:
        """The latest messages with a user before a number, oldest first, from disk and memory."""
        stored = await self._engine.store.run(people_rows.load_messages, user, before, limit)
        found = {message.number: message for message in stored}
        found |= {
            message.number: message
            for message in self._social.mail.messages(user)  # what is in memory may not be written yet
            if message.number < before
        }
        return [found[number] for number in sorted(found)[-limit:]]
