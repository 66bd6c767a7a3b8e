"""Rooms, mail and people with our client and the demo's server: what is lost and comes back with the line."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import trio

from slskmesh.soulseek import people_rows
from slskmesh.soulseek.chatter import Kind
from slskmesh.soulseek.letters import Message, State
from slskmesh.soulseek.social import Hooks, Social
from slskmesh.soulseek.values import (
    LegacyEvent,
    Outcome,
    RoomSaid,
    RoomUser,
    UserChanged,
    UserState,
    Whispered,
)
from slskmesh.store.database import Store, open_store
from slskmesh.work import LocalBudget
from tests.demo.soulseek_line import ServerProcess

from .scripted import Person


class Anna(Person):
    """A person whose client feeds a Social."""

    def __init__(self) -> None:
        super().__init__("anna")
        self.social: Social | None = None
        self.client.on_event(self._hear_both)
        self.told: list[str] = []
        self._changed = trio.Event()

    def _hear_both(self, event: LegacyEvent) -> None:
        if self.social is not None:
            self.social.on_event(event)
        self._hear(event)

    async def sees(self, true: Callable[[], bool]) -> None:
        """Waits until changes of the social part made it so."""
        with trio.fail_after(60):
            while not true():
                self._changed = trio.Event()
                await self._changed.wait()

    async def open(self, store: Store) -> Social:
        def said(user: str, message: Message) -> None:
            self.told.append(message.text)

        self.social = Social(
            store,
            self.client,
            await store.run(people_rows.load_all),
            me=lambda: self.name,
            parse=str,
            clock=time.time,
            hooks=Hooks(on_message=said, on_change=lambda: self._changed.set()),
        )
        return self.social


async def meet(port: int, tmp_path: Path) -> None:
    anna, bob = Anna(), Person("bob")
    async with open_store(tmp_path / "a.db") as store, trio.open_nursery() as nursery:
        social = await anna.open(store)
        for run in (anna.client.run, bob.client.run):
            await nursery.start(run)
        nursery.start_soon(social.run)
        await social.rooms.join("harbour", LocalBudget())  # all of it before there is a session
        await social.people.add("bob", notify=True)
        social.mail.send("bob", "are you there")
        assert await bob.client.connect(bob.line(port)) is Outcome.ONLINE
        await bob.client.join("harbour", LocalBudget())
        assert await anna.client.connect(anna.line(port)) is Outcome.ONLINE
        await bob.hears(lambda event: isinstance(event, Whispered) and event.text == "are you there")
        await bob.hears(lambda event: isinstance(event, RoomUser) and event.user == "anna" and event.there)
        await anna.hears(lambda event: isinstance(event, UserChanged) and event.state is UserState.ONLINE)
        assert social.people.state("bob") is UserState.ONLINE
        await anna.sees(lambda: set(social.rooms.users("harbour")) == {"anna", "bob"})

        await social.rooms.say("harbour", "good evening", LocalBudget())
        await bob.client.say("harbour", "evening, Anna!", LocalBudget())
        await bob.hears(lambda event: isinstance(event, RoomSaid) and event.text == "evening, Anna!")
        await anna.hears(lambda event: isinstance(event, RoomSaid) and event.user == "bob")
        assert [line.kind for line in social.rooms.lines("harbour")] == [Kind.OWN, Kind.MENTION]
        await anna.sees(lambda: not any(one.waiting for one in social.mail.standings()))

        await anna.client.disconnect()
        social.left()
        assert not social.rooms.standings()[0].joined
        anna.events.clear()
        bob.events.clear()
        await bob.client.whisper("anna", "while you were away", LocalBudget())
        social.mail.send("bob", "back soon")
        assert await anna.client.connect(anna.line(port)) is Outcome.ONLINE
        await anna.hears(lambda event: isinstance(event, Whispered) and not event.live)
        await bob.hears(lambda event: isinstance(event, Whispered) and event.text == "back soon")
        await bob.hears(lambda event: isinstance(event, RoomUser) and event.user == "anna" and event.there)
        await anna.hears(lambda event: isinstance(event, UserChanged) and event.state is UserState.ONLINE)
        await anna.sees(lambda: not any(one.waiting for one in social.mail.standings()))
        found = {message.text: message.state for message in social.mail.messages("bob")}
        assert found == {
            "are you there": State.SENT,
            "back soon": State.SENT,
            "while you were away": State.KEPT,
        }
        assert anna.told == ["while you were away"]
        nursery.cancel_scope.cancel()


def test_a_line_that_goes_and_comes_loses_no_room_no_message_no_buddy(tmp_path: Path) -> None:
    with ServerProcess(tmp_path) as server:
        trio.run(meet, int(server.address.rpartition(":")[2]), tmp_path)
