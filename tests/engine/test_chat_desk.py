"""The desk for rooms and messages: real rooms and mail over a client a test speaks for."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from slskmesh.engine import chat_desk
from slskmesh.engine import legacy_commands as leg
from slskmesh.engine.chat_desk import ROOMS_SHOWN
from slskmesh.engine.legacy_events import ChatLines, RoomsShown
from slskmesh.engine.legacy_views import ChatLineView, ChatView
from slskmesh.soulseek.values import (
    RoomInfo,
    RoomJoined,
    RoomSaid,
    RoomsListed,
    RoomTicker,
    RoomUser,
    UserChanged,
    UserState,
    Whispered,
)
from tests.engine.legacy_stand import Stand
from tests.soulseek.social_double import ME


def lines(stand: Stand) -> list[ChatLineView]:
    """All lines told so far, in order."""
    return [line for event in stand.said(ChatLines) for line in event.lines]


async def test_rooms_are_asked_for_and_shown_the_fullest_first(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        await stand.do(leg.JoinRoom("jazz"))
        rooms = [RoomInfo(f"room{number}", number) for number in range(ROOMS_SHOWN + 5)]
        rooms += [RoomInfo("jazz", 9_000, private=True), RoomInfo("ev\x1bil", 9_000)]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stand.do, leg.ListRooms(), 31)
            await stand.until(lambda: stand.client.asked_rooms == 1)
            assert stand.said(RoomsShown) == []
            stand.client.tell(RoomsListed(tuple(rooms)))
        [shown] = stand.said(RoomsShown)
        assert (shown.query, shown.total, len(shown.rooms)) == (31, ROOMS_SHOWN + 7, ROOMS_SHOWN)
        first = [(room.name, room.users, room.private, room.joined) for room in shown.rooms[:3]]
        assert first == [
            *(
                ("ev\ufffdil", 9_000, False, False),
                ("jazz", 9_000, True, True),
                ("room2004", 2_004, False, False),
            )
        ]
        stand.client.lose()
        assert await stand.do(leg.ListRooms()) == "2,007 rooms, as the server told them last"


async def test_without_a_session_or_an_answer_the_rooms_are_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_desk, "_LIST_SECONDS", 0.05)
    async with Stand(tmp_path).runs(pulse=False, online=False) as stand:
        assert "connect first" in await stand.refused(leg.ListRooms())
        stand.client.log_in()
        assert "did not send its rooms" in await stand.refused(leg.ListRooms())
        assert stand.said(RoomsShown) == []


async def test_a_room_is_joined_now_or_with_the_next_login(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False, online=False) as stand:
        assert await stand.do(leg.JoinRoom("jazz")) == "jazz is joined with the next login"
        assert "nothing was said" in await stand.refused(leg.Say("jazz", "hello"))
        stand.client.log_in()
        await stand.client.until(lambda: "jazz" in stand.client.rooms_in)
        assert await stand.do(leg.JoinRoom("soul")) == "in soul"
        assert await stand.do(leg.Say("soul", "hello")) == ""
        assert stand.client.said == [("soul", "hello")]
        assert await stand.do(leg.SetTicker("soul", "here")) == "ticker set"
        assert await stand.do(leg.SetTicker("soul", "")) == "ticker taken away"
        assert stand.client.hung == [("soul", "here"), ("soul", "")]
        stand.client.closed_rooms.add("club")
        assert "registered as private" in await stand.refused(leg.JoinRoom("club"))
        assert "1 to 24 letters" in await stand.refused(leg.JoinRoom("x" * 25))
        assert await stand.do(leg.LeaveRoom("soul")) == "left soul"
        assert "forgotten" in await stand.do(leg.LeaveRoom("soul", forget=True))
        assert "no room" in await stand.refused(leg.LeaveRoom("soul"))


async def test_who_floods_is_told_when_he_may_go_on(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        await stand.do(leg.JoinRoom("soul"))
        for number in range(5):
            await stand.do(leg.Say("soul", f"line {number}"))
        said = await stand.refused(leg.Say("soul", "one more"))
        assert "5 lines were said in 10 s" in said and "again in" in said
        assert len(stand.client.said) == 5


async def test_a_rooms_name_is_taken_as_it_is_shown(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        stand.client.tell(RoomJoined("ja\u200bzz", (ME,)))
        await stand.do(leg.Say("jazz", "hello"))
        assert stand.client.said == [("ja\u200bzz", "hello")]
        stand.client.tell(RoomJoined("jazz", (ME,)))
        await stand.do(leg.Say("jazz", "again"))
        assert stand.client.said[-1] == ("jazz", "again")


async def test_a_message_is_sent_now_or_with_the_next_login_and_may_be_taken_back(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False, online=False) as stand:
        assert await stand.do(leg.Whisper("ben", "one")) == "it is sent with the next login"
        number = int(await stand.value(leg.Whisper("ben", "two")))
        assert await stand.do(leg.Withdraw("ben", number)) == "taken back"
        assert "on its way" in await stand.refused(leg.Withdraw("ben", number))
        stand.client.log_in()
        await stand.client.until(lambda: stand.client.whispered == [("ben", "one")])
        assert await stand.do(leg.Whisper("ben", "three")) == ""
        assert "1 to 30 letters" in await stand.refused(leg.Whisper("x" * 31, "four"))
        assert "line is empty" in await stand.refused(leg.Whisper("ben", " "))
        await stand.do(leg.ForgetConversation("ben"))
        assert stand.legacy.social.mail.standings() == []


async def test_a_watched_room_begins_with_what_was_said_and_goes_on(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs() as stand:
        await stand.do(leg.JoinRoom("soul"))
        for number in range(3):
            stand.client.tell(RoomSaid("soul", "be\x1bn", f"line {number}", 10.0 + number))
        await stand.do(leg.WatchChat("soul"))
        [event] = stand.said(ChatLines)  # told before the reply
        assert [(line.number, line.user, line.text, line.kind) for line in event.lines] == [
            (number + 1, "be\ufffdn", f"line {number}", "said") for number in range(3)
        ]
        assert (event.room, event.name, event.earlier) == (True, "soul", False)
        view = await stand.view(ChatView)
        assert (view.room, view.name, view.joined, view.users) == (True, "soul", True, (ME, "ann"))
        stand.client.tell(RoomSaid("soul", "ben", f"hello {ME}", 20.0))
        await stand.do(leg.Say("soul", "hi"))
        stand.client.tell(RoomUser("soul", "cara", True))
        stand.client.tell(RoomTicker("soul", "cara", "a\nb"))
        await stand.event(ChatLines, lambda event: event.lines and event.lines[-1].text == "hi")
        assert [(line.number, line.kind) for line in lines(stand)] == [
            *((1, "said"), (2, "said"), (3, "said"), (4, "mention"), (5, "own"))
        ]
        view = await stand.view(ChatView, lambda view: bool(view.tickers))
        assert view.users == (ME, "ann", "cara") and view.tickers == (("cara", "a b"),)
        stand.client.lose()
        await stand.view(ChatView, lambda view: not view.joined and not view.users)
        assert [room.unread for room in stand.legacy.social.rooms.standings()] == [4]
        await stand.do(leg.MarkRead("soul"))
        assert [room.unread for room in stand.legacy.social.rooms.standings()] == [0]


async def test_a_watched_conversation_tells_what_became_of_a_message(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(online=False) as stand:
        await stand.do(leg.WatchChat("ben", room=False))
        assert [event.lines for event in stand.said(ChatLines)] == [()]
        await stand.do(leg.Whisper("ben", "are you there?"))
        await stand.event(ChatLines, lambda event: [line.kind for line in event.lines] == ["waiting"])
        stand.client.refused_texts.add("no")
        await stand.do(leg.Whisper("ben", "no"))
        stand.client.log_in()
        await stand.event(ChatLines, lambda event: "refused" in [line.kind for line in event.lines])
        stand.client.tell(Whispered("ben", "yes", 30.0))
        stand.client.tell(Whispered("cara", "not shown", 30.0))
        await stand.event(ChatLines, lambda event: "came" in [line.kind for line in event.lines])
        latest = {line.number: line for line in lines(stand)}
        assert [(line.user, line.text, line.kind, line.why) for line in latest.values()] == [
            (ME, "are you there?", "sent", ""),
            (ME, "no", "refused", "this cannot be sent"),
            ("ben", "yes", "came", ""),
        ]
        stand.client.tell(UserChanged("ben", UserState.AWAY))
        view = await stand.view(ChatView, lambda view: view.joined)
        assert (view.room, view.name) == (False, "ben")
        await stand.do(leg.MarkRead("ben", room=False))
        assert {talk.user: talk.unread for talk in stand.legacy.social.mail.standings()} == {
            "ben": 0,
            "cara": 1,
        }
        await stand.do(leg.WatchChat(""))
        assert "ben" not in stand.client.watched
        before = len(lines(stand))
        stand.client.tell(Whispered("ben", "unseen", 40.0))
        await wait_all_tasks_blocked()
        assert len(lines(stand)) == before


async def test_many_lines_come_in_events_of_bounded_size_ten_times_a_second_at_most(
    tmp_path: Path,
) -> None:
    async with Stand(tmp_path).runs() as stand:
        stand.client.tell(RoomJoined("soul", (ME,)))
        await stand.do(leg.WatchChat("soul"))
        began, count = trio.current_time(), 0
        while trio.current_time() < began + 1.0:
            for _ in range(20):
                count += 1
                stand.client.tell(RoomSaid("soul", "ben", f"line {count}", 10.0))
            await trio.sleep(0.01)
        await stand.event(ChatLines, lambda event: event.lines and event.lines[-1].number == count)
        took = trio.current_time() - began
        told = stand.said(ChatLines)
        assert len(told) <= took / 0.1 + 2
        assert [line.number for line in lines(stand)] == list(range(1, count + 1))


async def test_earlier_messages_come_from_the_store_and_from_what_is_not_written_yet(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        for number in range(150):
            stand.client.tell(Whispered("ben", f"line {number}", float(number), number=number))
        assert await stand.do(leg.Earlier("ben", 151, limit=100), 5) == "100 earlier"
        stored = [line.number for line in lines(stand)]
        assert stored == list(range(51, 151))
        await stand.client.until(lambda: len(stand.client.acknowledged) == 150)  # all is written
        assert await stand.do(leg.Earlier("ben", 51, limit=30)) == "30 earlier"
        event = stand.said(ChatLines)[-1]
        assert event.earlier and not event.room and event.name == "ben"
        assert [line.text for line in event.lines] == [f"line {number}" for number in range(20, 50)]
        assert await stand.do(leg.Earlier("ben", 1)) == "nothing earlier is kept"
        assert stand.said(ChatLines)[-1].lines == ()
        assert await stand.do(leg.Earlier("ben", 2, limit=-5)) == "1 earlier"
