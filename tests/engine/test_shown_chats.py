"""A room or conversation shown at once and acknowledged up to a message, and how a user is."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from slskmesh.engine import legacy_commands as leg
from slskmesh.engine import people_desk
from slskmesh.engine.legacy_events import ChatShown, PresenceShown
from slskmesh.soulseek.values import (
    Member,
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

BEN = Member(UserState.ONLINE, 1_000, 2, 30, 4, 5, "SE")


async def shown(stand: Stand, name: str, room: bool = True, limit: int = 1000) -> ChatShown:
    before = len(stand.said(ChatShown))
    await stand.do(leg.ShowChat(name, room, limit), 31)
    [event] = stand.said(ChatShown)[before:]
    assert event.query == 31
    return event


async def test_a_room_is_shown_with_its_members_and_its_latest_lines(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        assert "no room" in await stand.refused(leg.ShowChat("jazz"))
        stand.client.tell(RoomJoined("jazz", (ME, "ben", "e\x1bve"), members=(BEN, BEN)))
        stand.client.tell(RoomsListed((RoomInfo("jazz", 3, private=True),)))
        stand.client.tell(RoomUser("jazz", "cara", True, Member(UserState.AWAY, 1, 1, 1, 1, 1, "Europe")))
        stand.client.tell(UserChanged("ben", UserState.AWAY))
        stand.client.tell(RoomTicker("jazz", "ben", "dig\nging"))
        for number in range(5):
            stand.client.tell(RoomSaid("jazz", "ben", f"line {number}", 10.0 + number))
        chat = await shown(stand, "jazz", limit=3)
        assert (chat.room, chat.name, chat.joined, chat.private, chat.unread) == (True, "jazz", True, True, 5)
        assert [(line.number, line.text) for line in chat.lines] == [
            (3, "line 2"),
            (4, "line 3"),
            (5, "line 4"),
        ]
        assert chat.tickers == (("ben", "dig ging"),)
        told = [(one.name, one.state, one.speed, one.slots, one.country) for one in chat.members]
        assert told == [
            (ME, "online", 1_000, 5, "SE"),
            ("ben", "away", 1_000, 5, "SE"),
            ("e\ufffdve", "unknown", None, None, ""),
            ("cara", "away", 1, 1, "Eu"),
        ]
        stand.client.lose()
        chat = await shown(stand, "jazz")
        assert not chat.joined and chat.members == () and len(chat.lines) == 5


async def test_a_conversation_is_shown_with_what_is_on_disk_and_acknowledged_up_to_a_message(
    tmp_path: Path,
) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        assert "no messages with ben" in await stand.refused(leg.ShowChat("ben", room=False))
        for number in range(150):
            stand.client.tell(
                Whispered("ben", f"line {number}", float(number), live=number > 0, number=number)
            )
        await stand.client.until(lambda: len(stand.client.acknowledged) == 150)
        await stand.do(leg.Whisper("ben", "yes"))
        chat = await shown(stand, "ben", room=False)
        assert (chat.room, chat.name, chat.unread, len(chat.lines)) == (False, "ben", 150, 151)
        assert [(line.number, line.user, line.kind) for line in (chat.lines[0], chat.lines[1])] == [
            (1, "ben", "kept"),
            (2, "ben", "came"),
        ]
        assert chat.lines[-1].user == ME
        for upto, left in ((10, 140), (5, 140), (149, 1), (1 << 70, 0)):
            await stand.do(leg.MarkRead("ben", room=False, upto=upto))
            assert (await shown(stand, "ben", room=False, limit=1)).unread == left


async def test_the_server_is_asked_how_a_user_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Stand(tmp_path).runs(pulse=False, online=False) as stand:
        assert "no session" in await stand.refused(leg.AskPresence("ben"))
        stand.client.log_in()
        monkeypatch.setattr(people_desk, "_PRESENCE_SECONDS", 0.05)
        stand.client.tell(UserChanged("cara", UserState.ONLINE, True))  # nobody had asked then
        assert "does not say" in await stand.refused(leg.AskPresence("cara"))
        monkeypatch.undo()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stand.do, leg.AskPresence("ben"), 12)
            await stand.until(lambda: stand.client.watched == ["cara", "ben"])
            stand.client.tell(UserChanged("ben", UserState.AWAY))  # the first of two answers
            stand.client.tell(UserChanged("ben", UserState.AWAY, True))
        assert stand.said(PresenceShown) == [PresenceShown(12, "ben", "away", True)]  # type: ignore[arg-type]
        assert "1 to 30" in await stand.refused(leg.AskPresence(""))
        stand.client.tell(UserChanged("ben", UserState.ONLINE, False))
        assert await stand.do(leg.AskPresence("ben")) == "ben is online"  # the server was not asked again
        monkeypatch.setattr(people_desk, "PRESENT_MAX", 1)
        stand.client.tell(UserChanged("cara", UserState.ONLINE, False))
        assert await stand.do(leg.AskPresence("cara")) == "cara is online"
        assert stand.client.watched == ["cara"]
