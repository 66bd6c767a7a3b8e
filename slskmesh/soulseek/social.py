"""Rooms, mail, people and wishes as one: what the client tells goes to whom it concerns, what changed is written.

Rules:
- After a login users are watched and rooms joined again, and what waits is sent; events go on being taken in
  meanwhile.
- A private message of the server about a room is the room's; everything else of it is mail.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import trio

from slskmesh.soulseek import people_rows
from slskmesh.soulseek.chatter import RoomLine
from slskmesh.soulseek.keeping import Keeping
from slskmesh.soulseek.letters import Message
from slskmesh.soulseek.mail import Mail
from slskmesh.soulseek.people import People
from slskmesh.soulseek.people_lists import Buddy
from slskmesh.soulseek.people_rows import KeptPeople
from slskmesh.soulseek.port import Client
from slskmesh.soulseek.rooms import Rooms
from slskmesh.soulseek.speech import FloodGuard
from slskmesh.soulseek.values import LegacyEvent, Outcome, ServerChanged, UserAddress, Whispered
from slskmesh.soulseek.watches import Watches
from slskmesh.soulseek.wish_runs import WishRuns
from slskmesh.soulseek.wishes import WishList
from slskmesh.store.database import Store


class Hooks(msgspec.Struct, frozen=True):
    """Who hears of it: a line in a room, a message that came, a buddy who came, any change, a fault of the disk."""

    on_line: Callable[[str, RoomLine], None] = lambda room, line: None
    on_message: Callable[[str, Message], None] = lambda user, message: None
    on_there: Callable[[Buddy], None] = lambda buddy: None
    on_change: Callable[[], None] = lambda: None
    on_fault: Callable[[str], None] = lambda words: None


class Social:
    """See the head of this file. `clock`: Unix seconds; `steady`: seconds that only go on; `parse`: of filters."""

    def __init__(
        self,
        store: Store,
        client: Client,
        kept: KeptPeople,
        *,
        me: Callable[[], str],
        parse: Callable[[str], object],
        clock: Callable[[], float],
        steady: Callable[[], float] = trio.current_time,
        hooks: Hooks | None = None,
        wish_runs: Callable[[WishList, People], WishRuns] | None = None,
    ) -> None:
        hooks = hooks or Hooks()
        self._hooks = hooks
        self._client = client
        self._keepers: dict[str, Callable[[], None]] = {}
        self.versions = dict.fromkeys(
            ("people", "rooms", "mail", "wishes"), 0
        )  # change with what is shown of each
        self._change = trio.Event()
        self._wish_runs: WishRuns | None = None
        guard = FloodGuard(steady)
        self.watches = Watches(client)
        self.people = People(
            self.watches,
            clock,
            me=me,
            on_there=hooks.on_there,
            on_change=lambda: self._changed("people"),
            buddies=kept.buddies,
            rules=kept.rules,
        )
        self.rooms = Rooms(
            client,
            clock,
            guard,
            me=me,
            mutes=self.people.mutes,
            on_line=hooks.on_line,
            on_change=lambda: self._changed("rooms"),
            restored=kept.rooms,
        )
        self.mail = Mail(
            client,
            clock,
            guard,
            mutes=self.people.mutes,
            on_message=hooks.on_message,
            on_change=lambda: self._changed("mail"),
            restored=kept.conversations,
            digests=kept.digests,
        )
        self.wishes = WishList(
            clock, parse=parse, on_change=lambda: self._changed("wishes"), restored=kept.wishes
        )
        if wish_runs is not None:
            self._wish_runs = wish_runs(self.wishes, self.people)
        self._logins = trio.Event()
        self._keeping = self._keep(store, hooks.on_fault)

    def _keep(self, store: Store, fault: Callable[[str], None]) -> list[Keeping[Any]]:
        """Who writes each part; from now on changes wake it."""
        keeping: dict[str, Keeping[Any]] = {
            "people": Keeping(store, self.people, people_rows.save_people, fault),
            "rooms": Keeping(store, self.rooms, people_rows.save_rooms, fault),
            "mail": Keeping(store, self.mail, people_rows.save_mail, fault, self.mail.written),
            "wishes": Keeping(store, self.wishes, people_rows.save_wishes, fault),
        }
        self._keepers.update({name: keeper.touch for name, keeper in keeping.items()})
        return list(keeping.values())

    def on_event(self, event: LegacyEvent) -> bool:
        """Takes an event of the client in; False: it is for others."""
        if isinstance(event, ServerChanged) and event.outcome is Outcome.ONLINE:
            self._logins.set()
        taken = self.people.on_event(event)
        self.watches.on_event(event)
        taken = (self._wish_runs is not None and self._wish_runs.on_event(event)) or taken
        if isinstance(event, UserAddress):
            self.people.learn(event.user, event.host)
            return True
        if self.rooms.on_event(event):
            if isinstance(event, Whispered):  # all that is kept of it is why we are not in the room
                self._client.acknowledge(event.number)
            return True
        return self.mail.on_event(event) or taken

    def left(self) -> None:
        """We left the server ourselves, which the client does not tell of."""
        self.on_event(ServerChanged(Outcome.LOST))

    async def change(self) -> None:
        """Waits until something of it changes."""
        await self._change.wait()

    async def run(self) -> None:
        """Until cancelled; what is not written then is written before it ends."""
        async with trio.open_nursery() as nursery:
            for keeper in self._keeping:
                nursery.start_soon(keeper.run)
            nursery.start_soon(self.mail.run)
            if self._wish_runs is not None:
                nursery.start_soon(self._wish_runs.run)
            while True:
                await self._logins.wait()
                self._logins = trio.Event()
                await self.watches.again()
                await self.rooms.rejoin()

    def _changed(self, part: str) -> None:
        self.versions[part] += 1
        self._change.set()
        self._change = trio.Event()
        if part in self._keepers:
            self._keepers[part]()
        if part == "wishes" and self._wish_runs is not None:
            self._wish_runs.wake()
        self._hooks.on_change()
