"""What messages of the server stand for: rooms of ours and of others, and who is in one."""

from __future__ import annotations

from aioslsk.protocol import messages as m
from aioslsk.protocol.primitives import UserStats

from slskmesh.soulseek.translate import events_of
from slskmesh.soulseek.values import (
    Member,
    RoomInfo,
    RoomJoined,
    RoomsListed,
    RoomUser,
    UserChanged,
    UserState,
)


def test_private_rooms_are_told_apart() -> None:
    message = m.RoomList.Response(["jazz"], [30], ["mine"], [1], ["theirs", "run"], [5, 6], ["run", "jazz"])
    assert events_of(message, "me") == [
        RoomsListed(
            (
                RoomInfo("jazz", 30),
                RoomInfo("mine", 1, private=True, owned=True),
                RoomInfo("theirs", 5, private=True),
                RoomInfo("run", 6, private=True, moderated=True),
            )
        )
    ]


def test_who_is_in_a_room_and_what_is_told_of_him() -> None:
    stats = [UserStats(1_000, 2, 30, 4), UserStats(0, 0, 0, 0)]
    joined = m.JoinRoom.Response("jazz", ["ann", "bob", "cyd"], [2, 1, 0], stats, [5, 0], ["SE", "DE"])
    ann, bob = Member(UserState.ONLINE, 1_000, 2, 30, 4, 5, "SE"), Member(UserState.AWAY, 0, 0, 0, 0, 0, "DE")
    assert events_of(joined, "me") == [RoomJoined("jazz", ("ann", "bob", "cyd"), members=(ann, bob))]
    came = m.UserJoinedRoom.Response("jazz", "ann", 2, stats[0], 5, "SE")
    assert events_of(came, "me") == [RoomUser("jazz", "ann", True, ann)]
    assert events_of(came, "ann") == []


def test_privileges_come_with_a_state_and_not_with_a_watch() -> None:
    assert events_of(m.GetUserStatus.Response("ann", 1, True), "me") == [
        UserChanged("ann", UserState.AWAY, True)
    ]
    assert events_of(m.AddUser.Response("ann", True, 2), "me") == [UserChanged("ann", UserState.ONLINE)]
    assert events_of(m.AddUser.Response("ann", False), "me") == [UserChanged("ann", UserState.UNKNOWN)]
