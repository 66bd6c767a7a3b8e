"""Rooms, mail, people and wishes together over a real store: a login brings all back, nothing written is lost."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import wait_all_tasks_blocked

from slskmesh.errors import StorageError, UserError
from slskmesh.soulseek import people_rows
from slskmesh.soulseek.blocklist import IGNORE
from slskmesh.soulseek.keeping import Keeping
from slskmesh.soulseek.people import People
from slskmesh.soulseek.search_budget import SearchBudget
from slskmesh.soulseek.sieve import FilterSieve
from slskmesh.soulseek.social import Hooks, Social
from slskmesh.soulseek.values import (
    LegacyEvent,
    Outcome,
    RoomInfo,
    RoomJoined,
    RoomLeft,
    RoomSaid,
    RoomsListed,
    RoomTicker,
    RoomUser,
    ServerChanged,
    ServerSaid,
    UserAddress,
    UserChanged,
    UserState,
    Whispered,
    WishInterval,
)
from slskmesh.soulseek.wish_runs import WishRuns
from slskmesh.soulseek.wishes import WishList
from slskmesh.store.database import Store, open_store
from slskmesh.store.migrate import steps
from slskmesh.store.models import base, legacy_people
from slskmesh.store.models.base import database
from slskmesh.work import LocalBudget

from .social_double import ME, SocialDouble


async def open_social(store: Store, client: SocialDouble, hooks: Hooks | None = None) -> Social:
    async def take(wish: object, offer: object) -> None:
        raise AssertionError

    def runs(wishes: WishList, people: People) -> WishRuns:
        searches = SearchBudget(trio.current_time)
        return WishRuns(wishes, client, searches, parse=FilterSieve, take=take, hides=people.hides)

    kept = await store.run(people_rows.load_all)
    social = Social(
        store,
        client,
        kept,
        me=lambda: ME,
        parse=FilterSieve,
        clock=time.time,
        hooks=hooks,
        wish_runs=runs,
    )
    client.on_event(social.on_event)
    return social


async def test_a_login_brings_rooms_buddies_and_waiting_messages_back(tmp_path: Path) -> None:
    client = SocialDouble()
    async with open_store(tmp_path / "a.db") as store:
        social = await open_social(store, client)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(social.run)
            await social.rooms.join("jazz", LocalBudget())
            await social.people.add("ann", notify=True)
            social.people.block("bore", IGNORE)
            social.mail.send("ann", "are you there")
            social.wishes.add("song")
            client.log_in()
            await client.until(lambda: client.whispered == [("ann", "are you there")])
            await client.until(lambda: client.rooms_in == ["jazz"] and client.watched == ["ann"])
            await client.until(lambda: client.wished == ["song"])
            client.tell(RoomSaid("jazz", "bore", "buy", 1.0))
            client.tell(RoomSaid("jazz", "ann", "hi me", 1.0))
            client.tell(Whispered("bore", "buy", 1.0))
            client.tell(Whispered("server", "Welcome to this server, read the rules", 1.0))
            client.tell(WishInterval(120))
            assert social.wishes.interval == 120
            client.lose()
            client.log_in()
            await client.until(lambda: client.rooms_in == ["jazz"] and client.watched == ["ann"])
            nursery.cancel_scope.cancel()
    other = SocialDouble()
    async with open_store(tmp_path / "a.db") as store:
        again = await open_social(store, other)
        (room,) = again.rooms.standings()
        assert (room.name, room.wanted, room.mentions) == ("jazz", True, 1)
        assert [line.text for line in again.rooms.lines("jazz")] == ["hi me"]
        assert {one.user: one.unread for one in again.mail.standings()} == {"ann": 0, "server": 1}
        assert again.people.mutes("bore") and again.people.buddy("ann") is not None
        assert again.wishes.wishes()[0].runs == 1


async def test_what_is_said_is_on_disk_soon_and_not_only_at_the_end(tmp_path: Path) -> None:
    client = SocialDouble()
    async with open_store(tmp_path / "a.db") as store:
        social = await open_social(store, client)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(social.run)
            client.tell(Whispered("ann", "hello", 1.0, live=False))
            await wait_all_tasks_blocked()  # the write is queued, so what is asked next comes behind it
            assert await store.run(people_rows.load_conversations)
            nursery.cancel_scope.cancel()


async def test_a_message_of_the_server_about_a_room_is_not_delivered_for_ever(tmp_path: Path) -> None:
    client = SocialDouble()
    async with open_store(tmp_path / "a.db") as store:
        social = await open_social(store, client)
        client.log_in()
        client.closed_rooms.add("cellar")
        with pytest.raises(UserError):
            await social.rooms.join("cellar", LocalBudget())
        assert social.mail.standings() == [] and client.acknowledged == [9]


async def test_where_users_are_counts_for_rules_of_addresses(tmp_path: Path) -> None:
    client = SocialDouble()
    async with open_store(tmp_path / "a.db") as store:
        social = await open_social(store, client)
        social.people.block_address("10.1.0.0/16", IGNORE)
        assert not social.people.mutes("ann")
        client.tell(UserAddress("ann", "10.1.2.3"))
        assert social.people.mutes("ann") and not social.people.mutes("bob")


class FullDisk:
    """A part whose changes are numbers; the disk takes them from the third write on."""

    def __init__(self) -> None:
        self.waiting = [1, 2]
        self.writes = 0
        self.written: list[int] = []
        self.took = trio.Event()
        self._token = trio.lowlevel.current_trio_token()

    def take_changes(self) -> list[int] | None:
        taken, self.waiting = self.waiting, []
        return taken or None

    def put_back(self, changes: list[int]) -> None:
        self.waiting = changes + self.waiting

    def save(self, changes: list[int]) -> None:
        self.writes += 1
        if self.writes <= 2:
            raise StorageError("the disk is full; make room")
        self.written += changes
        self._token.run_sync_soon(self.took.set)


async def test_a_full_disk_is_told_once_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slskmesh.soulseek.keeping.AGAIN", 0.01)
    part, faults = FullDisk(), list[str]()
    async with open_store(tmp_path / "a.db") as store:
        keeping = Keeping(store, part, part.save, faults.append)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(keeping.run)
            await part.took.wait()
            part.waiting.append(3)
            nursery.cancel_scope.cancel()
    assert part.written == [1, 2, 3] and faults == ["the disk is full; make room"]


async def test_the_tables_fit_their_models(tmp_path: Path) -> None:
    def columns() -> list[tuple[list[str], list[str]]]:
        models = [one for one in base.Base.__subclasses__() if one.__module__ == legacy_people.__name__]
        assert len(models) == 7
        return [
            (
                [column.name for column in database.get_columns(model._meta.table_name)],
                list(model._meta.columns),
            )
            for model in models
        ]

    async with open_store(tmp_path / "a.db") as store:
        for in_file, in_model in await store.run(columns):
            assert sorted(in_file) == sorted(in_model)
    assert "0011_legacy_people" in {step.name for step in steps()}


WORDS = st.text(max_size=80) | st.sampled_from(["jazz", "ann", "server", ME, "\ud800", "a\0b", "x" * 5000])
TIMES = st.floats(0, 2**32)
EVENTS = st.one_of(
    st.builds(ServerChanged, st.sampled_from(Outcome), WORDS),
    st.builds(RoomJoined, WORDS, st.lists(WORDS, max_size=3).map(tuple)),
    st.builds(RoomLeft, WORDS),
    st.builds(RoomUser, WORDS, WORDS, st.booleans()),
    st.builds(RoomTicker, WORDS, WORDS, WORDS),
    st.builds(RoomSaid, WORDS, WORDS, WORDS, TIMES),
    st.builds(Whispered, WORDS, WORDS, TIMES, st.booleans(), st.integers(0, 9)),
    st.builds(UserAddress, WORDS, WORDS),
    st.builds(UserChanged, WORDS, st.sampled_from(UserState)),
    st.builds(RoomsListed, st.lists(st.builds(RoomInfo, WORDS, st.integers(0, 9)), max_size=3).map(tuple)),
    st.builds(WishInterval, st.integers(-5, 1 << 40)),
    st.builds(ServerSaid, WORDS),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS, max_size=40))
def test_whatever_the_network_says_is_taken_in_written_and_read_again(
    tmp_path: Path, events: list[LegacyEvent]
) -> None:
    async def main(path: Path) -> None:
        client = SocialDouble()
        async with open_store(path) as store:
            social = await open_social(store, client)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(social.run)
                for event in events:
                    client.tell(event)
                await wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()
            rooms, talks = social.rooms.standings(), social.mail.standings()
            again = await open_social(store, SocialDouble())
        assert {one.name: one.unread for one in again.rooms.standings()} == {
            one.name: one.unread for one in rooms
        }
        assert {one.user: one.unread for one in again.mail.standings()} == {
            one.user: one.unread for one in talks
        }
        for one in talks:
            assert again.mail.messages(one.user) == social.mail.messages(one.user)

    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        trio.run(main, Path(folder) / "a.db")
