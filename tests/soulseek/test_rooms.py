"""Rooms: joined and joined again, what is said and what cannot be, what was not read; bounds; what is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import UserError
from slskmesh.soulseek import chatter, people_rows, speech
from slskmesh.soulseek.chatter import KeptRoom, Kind, Room, RoomLine
from slskmesh.soulseek.rooms import ROOMS_MAX, Rooms
from slskmesh.soulseek.speech import FloodGuard, SayingRefused
from slskmesh.soulseek.values import (
    RoomInfo,
    RoomJoined,
    RoomLeft,
    RoomSaid,
    RoomsListed,
    RoomTicker,
    RoomUser,
    Whispered,
)
from slskmesh.store.database import open_store
from slskmesh.work import LocalBudget

from .social_double import ME, SocialDouble


class Place:
    """Rooms on a double, with a clock that is set by hand."""

    def __init__(self, restored: list[KeptRoom] | None = None, muted: str = "") -> None:
        self.now = 1000.0
        self.client = SocialDouble()
        self.heard: list[tuple[str, RoomLine]] = []
        self.rooms = Rooms(
            self.client,
            lambda: self.now,
            FloodGuard(lambda: self.now),
            me=lambda: ME,
            mutes=lambda user: user == muted,
            on_line=lambda room, line: self.heard.append((room, line)),
            restored=restored or (),
        )
        self.client.on_event(self.rooms.on_event)

    async def join(self, name: str) -> None:
        await self.rooms.join(name, LocalBudget())

    async def say(self, name: str, text: str) -> None:
        await self.rooms.say(name, text, LocalBudget())

    def kinds(self, name: str) -> list[Kind]:
        return [line.kind for line in self.rooms.lines(name)]


async def test_a_room_is_joined_talked_in_and_left() -> None:
    place = Place()
    place.client.log_in()
    await place.join("jazz")
    assert place.rooms.users("jazz") == [ME, "ann"]
    await place.say("jazz", "hello")
    place.client.tell(RoomSaid("jazz", "ann", "hi me, nice", 6.0))
    place.client.tell(RoomSaid("jazz", "ann", "some mews", 7.0))
    assert place.kinds("jazz") == [Kind.OWN, Kind.MENTION, Kind.SAID]
    standing = place.rooms.standings()[0]
    assert (standing.unread, standing.mentions, standing.joined) == (2, 1, True)
    place.rooms.read("jazz")
    standing = place.rooms.standings()[0]
    assert (standing.unread, standing.mentions) == (0, 0)
    assert [line.text for line in place.rooms.lines("jazz", after=2)] == ["some mews"]
    await place.rooms.leave("jazz")
    assert not place.rooms.standings()[0].joined and place.client.rooms_in == []
    assert len(place.rooms.lines("jazz")) == 3  # what was said stays until it is forgotten
    await place.rooms.forget("jazz")
    assert place.rooms.standings() == []


async def test_wanted_rooms_are_joined_again_after_a_lost_line_and_after_a_restart() -> None:
    place = Place([KeptRoom("blues"), KeptRoom("old", wanted=False)])
    await place.join("jazz")  # while there is no session: with the next login
    place.client.log_in()
    await place.rooms.rejoin()
    assert place.client.rooms_in == ["blues", "jazz"]
    place.client.lose()
    assert [room.joined for room in place.rooms.standings()] == [False, False, False]
    place.client.log_in()
    await place.rooms.rejoin()
    await place.rooms.rejoin()
    assert place.client.rooms_in == ["blues", "jazz"]


async def test_why_the_server_does_not_let_us_in_is_shown_in_the_room() -> None:
    place = Place()
    place.client.log_in()
    place.client.closed_rooms.add("club")
    with pytest.raises(UserError, match="registered as private"):
        await place.join("club")
    standing = place.rooms.standings()[0]
    assert "registered as private" in standing.fault and not standing.wanted
    late = Whispered("server", "You are not a member of club.", 2.0)
    other = Whispered("server", "A room like club was made.", 3.0)
    assert place.rooms.on_event(late)  # words may come after the answer
    place.now += 11
    assert not place.rooms.on_event(other)  # and what comes by itself is mail
    await place.rooms.rejoin()
    assert place.client.joins == 1  # what was refused is not asked again by itself


async def test_a_wanted_room_that_closes_stays_wanted_and_says_why() -> None:
    place = Place([KeptRoom("club")])
    place.client.closed_rooms.add("club")
    place.client.log_in()
    await place.rooms.rejoin()
    assert place.rooms.standings()[0].wanted and "private" in place.rooms.standings()[0].fault
    place.client.closed_rooms.clear()
    await place.rooms.rejoin()
    assert place.rooms.standings()[0].joined and place.rooms.standings()[0].fault == ""
    place.client.tell(RoomLeft("club"))
    assert "took us out" in place.rooms.standings()[0].fault


async def test_what_cannot_be_said_is_refused_with_words_and_sends_nothing() -> None:
    place = Place()
    with pytest.raises(UserError, match="join it first"):
        await place.say("jazz", "hello")
    await place.join("jazz")
    with pytest.raises(UserError, match="not in"):
        await place.say("jazz", "hello")
    place.client.log_in()
    await place.rooms.rejoin()
    for text, why in (
        ("", "empty"),
        ("  ", "empty"),
        ("a\nb", "line by line"),
        ("a\rb", "line by line"),
        ("x" * 2049, "2,049 bytes"),
        ("ä" * 1025, "2,050 bytes"),
        ("\ud800", "cannot be sent"),
    ):
        with pytest.raises(UserError, match=why):
            await place.say("jazz", text)
    with pytest.raises(UserError, match="1,024"):
        await place.rooms.ticker("jazz", "x" * 1025, LocalBudget())
    assert place.client.said == [] and place.client.hung == []
    for name in ("", "x" * 25, " jazz", "a  b", "jäzz", "a\tb"):
        with pytest.raises(UserError, match="name"):
            await place.join(name)


async def test_a_line_the_server_did_not_give_back_is_kept_as_not_delivered() -> None:
    place = Place()
    place.client.log_in()
    await place.join("jazz")
    place.client.echo = False
    await place.say("jazz", "are you there")
    assert place.rooms.lines("jazz") == []
    place.client.lose()
    assert [(line.text, line.kind) for line in place.rooms.lines("jazz")] == [("are you there", Kind.UNSENT)]


async def test_floods_of_ours_are_held_back_in_rooms_and_mail_together() -> None:
    place = Place()
    place.client.log_in()
    await place.join("jazz")
    for count in range(5):
        await place.say("jazz", f"line {count}")
    with pytest.raises(SayingRefused) as caught:
        await place.say("jazz", "one more")
    assert caught.value.retry_after == 10
    place.now += 10
    await place.say("jazz", "one more")
    assert len(place.client.said) == 6


async def test_muted_users_are_left_out_and_ourselves_never() -> None:
    place = Place(muted="ann")
    place.client.log_in()
    await place.join("jazz")
    place.client.tell(RoomSaid("jazz", "ann", "buy this, me", 6.0))
    place.client.tell(RoomSaid("jazz", "bob", "hello", 6.0))
    assert [line.user for line in place.rooms.lines("jazz")] == ["bob"]
    assert place.rooms.standings()[0].mentions == 0


async def test_the_list_tells_private_rooms_apart_and_users_come_and_go() -> None:
    place = Place()
    place.client.log_in()
    await place.join("club")
    place.client.tell(RoomsListed((RoomInfo("club", 2, private=True), RoomInfo("jazz", 9))))
    assert place.rooms.standings()[0].private and len(place.rooms.listed) == 2
    place.client.tell(RoomUser("club", "bob", True))
    place.client.tell(RoomUser("club", "ann", False))
    place.client.tell(RoomUser("elsewhere", "ann", True))
    assert place.rooms.users("club") == [ME, "bob"]
    place.client.tell(RoomTicker("club", "bob", "jazz only"))
    assert place.rooms.tickers("club") == [("bob", "jazz only")]
    place.client.tell(RoomTicker("club", "bob", ""))
    assert place.rooms.tickers("club") == []


async def test_rooms_are_bounded_and_those_left_go_first() -> None:
    place = Place([KeptRoom("left", wanted=False), *(KeptRoom(f"r{i}") for i in range(ROOMS_MAX - 1))])
    await place.join("new")
    assert "left" not in {room.name for room in place.rooms.standings()}
    with pytest.raises(UserError, match="leave one first"):
        await place.join("newer")
    place.client.tell(RoomJoined("unasked", ("x",)))  # nothing to say about it, nothing broken
    assert len(place.rooms.standings()) == ROOMS_MAX


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("said"), st.sampled_from([ME, "ann"]), st.text(max_size=30)),
            st.tuples(st.just("came"), st.text(max_size=80), st.just("")),
            st.tuples(st.just("hung"), st.text(max_size=80), st.text(max_size=2000)),
            st.tuples(st.just("ended"), st.just(""), st.just("")),
            st.tuples(st.sampled_from(["take", "fail"]), st.just(""), st.just("")),
        ),
        max_size=60,
    )
)
def test_whatever_is_told_a_room_keeps_its_bounds_and_writes_each_line_once_or_again(
    events: list[tuple[str, str, str]],
) -> None:
    room, stored = Room(KeptRoom("r")), dict[int, RoomLine]()
    for what, user, text in events:
        if what == "said":
            room.said(user, text, 1.0, ME)
        elif what == "came":
            room.came(user)
        elif what == "hung":
            room.hung(user, text)
        elif what == "ended":
            room.ended()
        else:
            kept = room.take()
            if what == "fail":
                room.put_back(kept)
            else:
                assert not stored.keys() & {line.number for line in kept.lines}
                stored.update({line.number: line for line in kept.lines})
    stored.update({line.number: line for line in room.take().lines})
    assert list(stored.values()) == list(room.lines)[: chatter.LINES_MAX]
    assert all(len(user) <= chatter.NAME_MAX for user in room.users)
    assert all(len(text) <= speech.TICKER_BYTES for text in room.tickers.values())
    assert 0 <= room.mentions <= room.unread


@given(st.text(max_size=3000), st.integers(0, 3000))
def test_foreign_text_is_bounded_and_can_be_stored(text: str, most: int) -> None:
    kept = speech.bounded(text, most)
    assert len(kept) <= most
    kept.encode()


@pytest.mark.parametrize(
    ("text", "named"),
    [("hi me", True), ("ME!", True), ("some men", False), ("(me)", True), ("me_too", False), ("", False)],
)
def test_a_mention_is_our_name_as_a_word(text: str, named: bool) -> None:
    assert chatter.mentions(text, ME) is named


async def test_rooms_and_their_last_lines_are_on_disk_and_come_back(tmp_path: Path) -> None:
    place = Place()
    place.client.log_in()
    await place.join("jazz")
    await place.join("gone")
    async with open_store(tmp_path / "a.db") as store:
        for count in range(150):
            place.client.tell(RoomSaid("jazz", "ann", f"line {count} \x1b[31m\0", 1.0))
        first = place.rooms.take_changes()
        assert first is not None
        place.rooms.put_back(first)  # the disk was full
        for count in range(150, 300):
            place.client.tell(RoomSaid("jazz", "ann", f"line {count} \x1b[31m\0", 1.0))
        await place.rooms.forget("gone")
        changes = place.rooms.take_changes()
        assert changes is not None and place.rooms.take_changes() is None
        await store.run(people_rows.save_rooms, changes)
        (kept,) = await store.run(people_rows.load_rooms)
    assert kept.name == "jazz" and kept.unread == 300 and kept.wanted
    assert [line.text for line in kept.lines] == [f"line {i} \x1b[31m\0" for i in range(100, 300)]
    again = Place([kept])
    again.client.log_in()
    await again.rooms.rejoin()
    again.client.tell(RoomSaid("jazz", "ann", "new", 2.0))
    assert [line.number for line in again.rooms.lines("jazz")][-2:] == [300, 301]
