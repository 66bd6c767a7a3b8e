"""Rooms of the Soulseek network: which we are in, and everything the server says of them.

Rules:
- A room somebody joins stays wanted until it is left, over restarts and lost lines: it is joined again at each login.
- A line is said now or not at all (a room's talk has moved on by the time the server is back): while we are not in
  the room it is refused with words, and what is on the screen stays there.
- Why the server does not let us in comes as a private message of the user "server": it is shown in that room.
- At most 100 rooms; the oldest of those that were left go first, a wanted one never.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from slskmesh.errors import PeerError, SlskmeshError, UserError
from slskmesh.soulseek import speech
from slskmesh.soulseek.chatter import NAME_MAX, KeptRoom, Room, RoomLine, RoomStanding
from slskmesh.soulseek.port import Client, Offline
from slskmesh.soulseek.speech import FloodGuard, bounded
from slskmesh.soulseek.values import (
    LegacyEvent,
    Member,
    RoomInfo,
    RoomJoined,
    RoomLeft,
    RoomSaid,
    RoomsListed,
    RoomTicker,
    RoomUser,
    ServerChanged,
    UserChanged,
    Whispered,
)
from slskmesh.text import sanitize
from slskmesh.work import LocalBudget, Origin

ROOMS_MAX: Final = 100
LISTED_MAX: Final = 50_000
WORDS_FOR: Final = 10.0  # seconds after an answer in which the server's words on it may still come

Heard = Callable[[str, RoomLine], None]


class RoomChanges(msgspec.Struct, frozen=True):
    """What is to be written."""

    rooms: tuple[KeptRoom, ...]
    removed: tuple[str, ...] = ()


class Rooms:
    """All rooms. `me` is our name ("": none yet), `mutes` whose lines are left out, `on_line` hears of each new one."""

    def __init__(
        self,
        client: Client,
        clock: Callable[[], float],
        guard: FloodGuard,
        *,
        me: Callable[[], str],
        mutes: Callable[[str], bool] = lambda user: False,
        on_line: Heard = lambda room, line: None,
        on_change: Callable[[], None] = lambda: None,
        restored: Iterable[KeptRoom] = (),
    ) -> None:
        self.listed: tuple[RoomInfo, ...] = ()  # the server's list, as it was last sent
        self._client = client
        self._clock = clock
        self._guard = guard
        self._me = me
        self._mutes = mutes
        self._on_line = on_line
        self._on_change = on_change
        self._rooms = {kept.name: Room(kept) for kept in restored}
        self._dirty: set[str] = set()
        self._removed: set[str] = set()
        self._asked: dict[str, float] = {}  # rooms we asked for -> until when words on it may come

    # -- what the person does ----------------------------------------------------------------------------------

    async def join(self, name: str, budget: LocalBudget) -> None:
        """Joins a room, now or with the next login. UserError: the server does not let us, in its own words."""
        room = self._room(speech.room_name(name))
        if room is None:
            raise UserError(f"{ROOMS_MAX} rooms are joined already; leave one first")
        room.wanted, room.fault = True, ""
        self._changed(room)
        if not room.joined and self._client.online:
            try:
                await self._enter(room, budget)
            except UserError as error:
                room.wanted = False
                self._changed(room)
                raise UserError(str(sanitize(room.fault)) if room.fault else str(error)) from error

    async def leave(self, name: str) -> None:
        """Leaves a room; what was said there stays until it is forgotten."""
        room = self._known(name)
        room.wanted, room.fault = False, ""
        was = room.joined
        room.ended()
        self._changed(room)
        if was:
            try:
                await self._client.leave(name)
            except Offline:
                pass  # so we are in no room

    async def forget(self, name: str) -> None:
        """Leaves a room and drops what was said there."""
        await self.leave(name)
        self._drop(name)
        self._on_change()

    async def say(self, name: str, text: str, budget: LocalBudget) -> None:
        """Says a line. UserError, SayingRefused: it was not said."""
        speech.line(text)
        room = self._there(name)
        self._guard.take(f"#{name}", text)
        room.sent(text, self._clock())  # before: it may be back before this call is
        try:
            await self._client.say(name, text, budget)
        except SlskmeshError as error:
            room.unsent(text)
            if isinstance(error, Offline):
                raise _not_there(name) from error
            raise

    async def ticker(self, name: str, text: str, budget: LocalBudget) -> None:
        """Sets our ticker in a room; empty takes it away."""
        speech.ticker(text)
        self._there(name)
        self._guard.take(f"^{name}", text)
        try:
            await self._client.ticker(name, text, budget)
        except Offline as error:
            raise _not_there(name) from error

    def read(self, name: str) -> None:
        """The person saw what is new."""
        if (room := self._rooms.get(name)) is not None and room.read():
            self._changed(room)

    # -- what the server says ----------------------------------------------------------------------------------

    def on_event(self, event: LegacyEvent) -> bool:
        """Takes an event in; False: it is none of a room."""
        if isinstance(event, ServerChanged):
            self._offline()  # with a login too: a new session is in no room
            return False
        if isinstance(event, Whispered):
            return event.user == speech.SERVER and self._refused(event)
        return self._take_in(event)

    @functools.singledispatchmethod
    def _take_in(self, event: LegacyEvent) -> bool:
        return False

    @_take_in.register
    def _(self, event: RoomsListed) -> bool:
        self.listed = event.rooms[:LISTED_MAX]
        private = {info.name: info.private for info in self.listed}
        for room in self._rooms.values():
            if private.get(room.name, room.private) != room.private:
                room.private = not room.private
                self._dirty.add(room.name)
        self._on_change()
        return True

    @_take_in.register
    def _(self, event: RoomJoined) -> bool:
        room = self._room(bounded(event.room, NAME_MAX), wanted=False)
        if room is not None:
            room.entered(event.users, event.tickers, event.members)
            self._changed(room)
        return True

    @_take_in.register
    def _(self, event: RoomLeft) -> bool:
        room = self._rooms.get(event.room)
        if room is not None and room.joined:
            room.ended()
            if room.wanted:
                self._fault(room, "the server took us out of this room")
            self._changed(room)
        return True

    @_take_in.register
    def _(self, event: RoomUser) -> bool:
        room = self._rooms.get(event.room)
        if room is not None and room.joined:
            if event.there:
                room.came(event.user, event.member)
            else:
                room.went(event.user)
            self._on_change()
        return True

    @_take_in.register
    def _(self, event: UserChanged) -> bool:
        changed = [room for room in self._rooms.values() if room.is_now(event.user, event.state)]
        if changed:
            self._on_change()
        return False

    @_take_in.register
    def _(self, event: RoomTicker) -> bool:
        room = self._rooms.get(event.room)
        if room is not None and room.joined:
            room.hung(event.user, event.text)
            self._on_change()
        return True

    @_take_in.register
    def _(self, event: RoomSaid) -> bool:
        room = self._rooms.get(event.room)
        me = self._me()
        if room is not None and (event.user == me or not self._mutes(event.user)):
            self._on_line(room.name, room.said(event.user, event.text, event.when, me))
            self._changed(room)
        return True

    async def rejoin(self) -> None:
        """Joins all wanted rooms again, after a login. Ends early if the line is lost meanwhile."""
        for name in [room.name for room in self._rooms.values() if room.wanted and not room.joined]:
            room = self._rooms.get(name)
            if room is None or not room.wanted or room.joined:
                continue
            try:
                await self._enter(room, LocalBudget(Origin.AUTOMATION))
            except Offline:
                return
            except (UserError, PeerError) as error:
                if not room.fault:
                    self._fault(room, str(error))
                    self._changed(room)

    # -- how it stands -----------------------------------------------------------------------------------------

    def standings(self) -> list[RoomStanding]:
        """All rooms, in the order they were joined."""
        return [room.standing() for room in self._rooms.values()]

    def users(self, name: str) -> list[str]:
        """Who is in a room, in the order they came."""
        return list(self._known(name).users)

    def members(self, name: str) -> list[tuple[str, Member | None]]:
        """The same with what the server tells of each."""
        return list(self._known(name).users.items())

    def tickers(self, name: str) -> list[tuple[str, str]]:
        """User and text of what hangs in a room."""
        return list(self._known(name).tickers.items())

    def lines(self, name: str, after: int = 0) -> Sequence[RoomLine]:
        """Lines with greater numbers than `after`, oldest first."""
        known = self._known(name).lines
        if known and known[-1].number <= after:
            return ()
        return [said for said in known if said.number > after]

    def take_changes(self) -> RoomChanges | None:
        """What changed since the last call."""
        if not self._dirty and not self._removed:
            return None
        rooms = tuple(self._rooms[name].take() for name in self._dirty if name in self._rooms)
        changes = RoomChanges(rooms, tuple(self._removed))
        self._dirty.clear()
        self._removed.clear()
        return changes

    def put_back(self, changes: RoomChanges) -> None:
        """What `take_changes` gave could not be written."""
        for kept in changes.rooms:
            if (room := self._rooms.get(kept.name)) is not None:
                room.put_back(kept)
                self._dirty.add(kept.name)
        self._removed.update(changes.removed)

    # -- inside ------------------------------------------------------------------------------------------------

    async def _enter(self, room: Room, budget: LocalBudget) -> None:
        self._asked[room.name] = math.inf
        try:
            await self._client.join(room.name, budget)
        finally:
            self._asked[room.name] = self._clock() + WORDS_FOR
        if not room.wanted:  # left while the answer was on its way
            await self.leave(room.name)

    def _offline(self) -> None:
        for room in self._rooms.values():
            if room.joined:
                room.ended()
                self._dirty.add(room.name)
        self._on_change()

    def _refused(self, event: Whispered) -> bool:
        """Whether the server's words are about a room we asked for; then they are shown there."""
        now = self._clock()
        self._asked = {name: until for name, until in self._asked.items() if until >= now}
        named = [
            room
            for room in self._rooms.values()
            if room.name in self._asked and room.name in event.text and not room.joined
        ]
        if not named:
            return False
        room = max(named, key=lambda room: len(room.name))
        self._fault(room, event.text)
        self._changed(room)
        return True

    def _fault(self, room: Room, text: str) -> None:
        self._on_line(room.name, room.failed(text, self._clock()))

    def _room(self, name: str, wanted: bool = True) -> Room | None:
        """The room, made if there is none; None where there are too many."""
        if name in self._rooms:
            return self._rooms[name]
        if len(self._rooms) >= ROOMS_MAX:
            left = next((room for room in self._rooms.values() if not room.wanted and not room.joined), None)
            if left is None:
                return None
            self._drop(left.name)
        room = self._rooms[name] = Room(KeptRoom(name, wanted, added=self._clock()))
        return room

    def _drop(self, name: str) -> None:
        del self._rooms[name]
        self._dirty.discard(name)
        self._removed.add(name)

    def _known(self, name: str) -> Room:
        if name not in self._rooms:
            raise UserError(f"there is no room “{sanitize(name, 40)}” among yours; join it first")
        return self._rooms[name]

    def _there(self, name: str) -> Room:
        room = self._known(name)
        if not room.joined or not self._client.online:
            raise _not_there(name)
        return room

    def _changed(self, room: Room) -> None:
        self._dirty.add(room.name)
        self._on_change()


def _not_there(name: str) -> UserError:
    return UserError(
        f"you are not in “{sanitize(name, 40)}” at the moment, so nothing was said; it is joined again with the server"
    )
