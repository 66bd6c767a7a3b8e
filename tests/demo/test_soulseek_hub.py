"""What the demo's Soulseek server makes its users hear, without a socket."""

from __future__ import annotations

from typing import Any

from aioslsk.protocol import messages as m
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.demo.soulseek import codec, control
from slskmesh.demo.soulseek.accounts import Accounts
from slskmesh.demo.soulseek.codec import Refusal
from slskmesh.demo.soulseek.hub import Hub, Session
from slskmesh.errors import PeerError
from tests.demo.soulseek_line import ListLine


class User:
    """A session with its line."""

    def __init__(self, hub: Hub, name: str = "", password: str = "secret", host: str = "127.0.0.1") -> None:
        self.hub = hub
        self.line = ListLine(host)
        self.session = Session(self.line)
        if name:
            self.send(m.Login.Request(name, password, 160, "", 2))

    def send(self, message: Any) -> None:
        """Through the bytes, as from a socket."""
        self.hub.hear(self.session, codec.decode(message.serialize()))

    def take(self, kind: Any) -> list[Any]:
        return self.line.take(kind)

    def leave(self) -> None:
        self.hub.gone(self.session)


def hub() -> Hub:
    return Hub(Accounts(lambda: 0.0, lambda: b"salt"), lambda: 1_700_000_000.5)


def test_a_login_is_welcomed_in_the_networks_order() -> None:
    ann = User(hub(), "ann")
    kinds = [type(message) for message in ann.line.sent]
    assert kinds == [
        m.Login.Response,
        m.RoomList.Response,
        m.WishlistInterval.Response,
        m.PrivilegedUsers.Response,
        m.ExcludedSearchPhrases.Response,
    ]
    login = ann.take(m.Login.Response)[0]
    assert (login.success, login.ip, login.md5hash) == (True, "127.0.0.1", "5ebe2294ecd0e0f08eab7690d2a6ee69")


def test_a_refused_line_may_try_again_and_costs_nobody_else() -> None:
    place = hub()
    ann = User(place, "ann")
    stranger = User(place, "ann", "wrong")
    assert [(r.reason, r.detail) for r in stranger.take(Refusal)] == [("INVALIDPASS", None)]
    stranger.leave()
    assert place.online["ann"] is ann.session and not ann.line.closed
    again = User(place, "", host="127.0.0.9")
    again.send(m.Login.Request("", "x", 160, "", 2))
    assert [(r.reason, r.detail) for r in again.take(Refusal)] == [("INVALIDUSERNAME", "Nick empty.")]
    again.send(m.Login.Request("bob", "x", 160, "", 2))
    assert again.take(m.Login.Response)[0].success


def test_a_second_login_ends_the_first_with_code_41() -> None:
    place = hub()
    first, watcher = User(place, "ann"), User(place, "bob")
    first.send(m.JoinRoom.Request("room"))
    second = User(place, "ann")
    assert len(first.take(m.Kicked.Response)) == 1 and first.line.closed
    first.leave()
    assert place.online["ann"] is second.session
    assert place.rooms.counts() == {}
    watcher.send(m.GetUserStatus.Request("ann"))
    assert watcher.take(m.GetUserStatus.Response)[0].status == 2


def test_before_the_login_anything_else_mutes_the_line() -> None:
    place = hub()
    early = User(place)
    early.send(m.SetListenPort.Request(1234))
    early.send(m.Login.Request("ann", "x", 160, "", 2))
    assert early.line.sent == [] and place.online == {}


def test_a_banned_name_hears_nothing_and_an_address_of_nobody_is_nowhere() -> None:
    place = hub()
    place.accounts.ban("ann")
    assert User(place, "ann").line.sent == []
    bob = User(place, "bob")
    bob.send(m.GetPeerAddress.Request("ann"))
    answer = bob.take(m.GetPeerAddress.Response)[0]
    assert (answer.ip, answer.port, answer.obfuscated_port) == ("0.0.0.0", 0, 0)
    bob.send(m.ConnectToPeer.Request(7, "ann", "P"))
    assert bob.take(m.CannotConnect.Response)[0].ticket == 7


def test_addresses_and_connections_are_relayed() -> None:
    place = hub()
    ann, bob = User(place, "ann"), User(place, "bob", host="127.0.0.2")
    ann.send(m.SetListenPort.Request(4000, 1, 4001))
    bob.send(m.SetListenPort.Request(5000))
    bob.send(m.GetPeerAddress.Request("ann"))
    answer = bob.take(m.GetPeerAddress.Response)[0]
    assert (answer.ip, answer.port) == ("127.0.0.1", 4000)
    assert (answer.obfuscated_port_amount, answer.obfuscated_port) == (1, 4001)
    bob.send(m.ConnectToPeer.Request(9, "ann", "F"))
    asked = ann.take(m.ConnectToPeer.Response)[0]
    assert (asked.username, asked.typ, asked.ip, asked.port, asked.ticket) == (
        "bob",
        "F",
        "127.0.0.2",
        5000,
        9,
    )
    ann.send(m.CannotConnect.Request(9, "bob"))
    assert bob.take(m.CannotConnect.Response)[0].ticket == 9


def test_searches_reach_everybody_a_room_or_one_user() -> None:
    place = hub()
    ann, bob, eve = User(place, "ann"), User(place, "bob"), User(place, "eve")
    for user in (ann, bob):
        user.send(m.JoinRoom.Request("room"))

    def heard() -> list[list[tuple[str, int, str]]]:
        return [
            [(s.username, s.ticket, s.query) for s in user.take(m.FileSearch.Response)]
            for user in (ann, bob, eve)
        ]

    ann.send(m.FileSearch.Request(1, "slow ferries"))
    assert heard() == [[("ann", 1, "slow ferries")]] * 3
    ann.send(m.WishlistSearch.Request(2, "wish"))
    assert heard() == [[("ann", 2, "wish")]] * 3
    ann.send(m.RoomSearch.Request("room", 3, "in the room"))
    assert heard() == [[("ann", 3, "in the room")], [("ann", 3, "in the room")], []]
    eve.send(m.RoomSearch.Request("room", 4, "from outside"))
    eve.send(m.FileSearch.Request(5, "x" * 257))
    assert heard() == [[], [], []]
    ann.send(m.UserSearch.Request("eve", 6, "hers"))
    assert heard() == [[], [], [("ann", 6, "hers")]]
    assert place.searches == 4


def test_private_messages_wait_until_they_are_acknowledged() -> None:
    place = hub()
    ann, bob = User(place, "ann"), User(place, "bob")
    ann.send(m.PrivateChatMessage.Request("bob", "now"))
    first = bob.take(m.PrivateChatMessage.Response)[0]
    assert (first.username, first.message, bool(first.is_direct)) == ("ann", "now", True)
    bob.send(m.PrivateChatMessageAck.Request(first.chat_id))
    bob.leave()
    ann.send(m.PrivateChatMessage.Request("bob", "later"))
    ann.send(m.PrivateChatMessage.Request("nobody", "lost"))
    for _ in range(2):
        bob = User(place, "bob")
        waited = bob.take(m.PrivateChatMessage.Response)
        assert [(w.message, bool(w.is_direct), w.timestamp) for w in waited] == [
            ("later", False, 1_700_000_000)
        ]
        bob.leave()
    bob = User(place, "bob")
    bob.send(m.PrivateChatMessageAck.Request(bob.take(m.PrivateChatMessage.Response)[0].chat_id))
    bob.leave()
    assert User(place, "bob").take(m.PrivateChatMessage.Response) == []


def test_a_room_from_the_first_to_the_last() -> None:
    place = hub()
    ann, bob = User(place, "ann"), User(place, "bob")
    ann.send(m.JoinRoom.Request("room"))
    rooms = [type(s) for s in ann.line.sent if type(s).__qualname__.partition(".")[0] in ROOM_WORDS]
    assert rooms == [m.UserJoinedRoom.Response, m.JoinRoom.Response, m.RoomTickers.Response]
    ann.send(m.SetRoomTicker.Request("room", "hello"))
    bob.send(m.JoinRoom.Request("room"))
    assert bob.take(m.JoinRoom.Response)[0].users == ["ann", "bob"]
    assert [(t.username, t.ticker) for t in bob.take(m.RoomTickers.Response)[0].tickers] == [("ann", "hello")]
    bob.send(m.RoomChatMessage.Request("room", "a line"))
    for user in (ann, bob):
        assert [(s.username, s.message) for s in user.take(m.RoomChatMessage.Response)] == [("bob", "a line")]
    for bad in ("two\nlines", "x" * 2049, ""):
        bob.send(m.RoomChatMessage.Request("room", bad))
    assert ann.take(m.RoomChatMessage.Response) == []
    bob.send(m.LeaveRoom.Request("room"))
    assert len(bob.take(m.LeaveRoom.Response)) == 1
    assert [u.username for u in ann.take(m.UserLeftRoom.Response)] == ["bob"]
    bob.send(m.RoomChatMessage.Request("room", "from outside"))
    bob.send(m.RoomList.Request())
    listed = bob.take(m.RoomList.Response)[-1]
    assert (listed.rooms, listed.rooms_user_count) == (["room"], [1])
    ann.leave()
    assert place.rooms.counts() == {}


ROOM_WORDS = {"UserJoinedRoom", "JoinRoom", "RoomTickers"}


def test_a_room_that_cannot_be_is_explained_by_the_server() -> None:
    ann = User(hub(), "ann")
    ann.send(m.JoinRoom.Request("x" * 25))
    ann.send(m.JoinRoom.Request("mine", True))
    said = ann.take(m.PrivateChatMessage.Response)
    assert [s.username for s in said] == ["server", "server"]
    assert "24 characters" in said[0].message and "public rooms only" in said[1].message
    assert [c.room for c in ann.take(m.CannotCreateRoom.Response)] == ["mine"]


def test_watchers_hear_of_comings_and_goings_and_stats() -> None:
    place = hub()
    ann, bob = User(place, "ann"), User(place, "bob")
    ann.send(m.AddUser.Request("bob"))
    ann.send(m.AddUser.Request("nobody"))
    known, unknown = ann.take(m.AddUser.Response)
    assert (known.exists, known.status, unknown.exists) == (True, 2, False)
    bob.send(m.SetStatus.Request(1))
    bob.send(m.SetStatus.Request(1))
    bob.leave()
    User(place, "bob")
    assert [(s.username, s.status) for s in ann.take(m.GetUserStatus.Response)] == [
        ("bob", 1),
        ("bob", 0),
        ("bob", 2),
    ]
    ann.send(m.RemoveUser.Request("bob"))
    bob = User(place, "bob")
    bob.send(m.SharedFoldersFiles.Request(3, 40))
    bob.send(m.SendUploadSpeed.Request(1000))
    bob.send(m.SendUploadSpeed.Request(2000))
    ann.send(m.GetUserStats.Request("bob"))
    stats = ann.take(m.GetUserStats.Response)[0].user_stats
    assert (stats.avg_speed, stats.uploads, stats.shared_file_count, stats.shared_folder_count) == (
        1500,
        2,
        40,
        3,
    )
    assert ann.take(m.GetUserStatus.Response) == []


def test_orders_of_the_owner() -> None:
    place = hub()
    ann, bob = User(place, "ann"), User(place, "bob")
    assert control.obey(place, '{"announce": "going down"}') == ({"ok": True}, False)
    assert [a.message for a in ann.take(m.AdminMessage.Response)] == ["going down"]
    ann.take(m.ExcludedSearchPhrases.Response)
    assert control.obey(place, '{"exclude": ["bad band"]}')[0]["ok"]
    assert [e.phrases for e in ann.take(m.ExcludedSearchPhrases.Response)] == [["bad band"]]
    ann.take(m.WishlistInterval.Response)
    assert control.obey(place, '{"wishlist": 30}')[0]["ok"]
    assert [w.interval for w in ann.take(m.WishlistInterval.Response)] == [30]
    assert control.obey(place, '{"kick": "ann"}') == ({"ok": True, "was_here": True}, False)
    assert ann.line.closed and ann.take(m.Kicked.Response) == []
    assert User(place, "ann").line.sent == []
    assert control.obey(place, '{"unban": "ann"}')[0]["ok"]
    assert User(place, "ann").take(m.Login.Response)[0].success
    assert control.obey(place, '{"kickall": true}') == ({"ok": True, "kicked": 2}, False)
    assert bob.line.closed and place.online == {}
    assert control.obey(place, '{"full": true}')[0]["ok"]
    assert [r.reason for r in User(place, "bob").take(Refusal)] == ["SVRFULL"]
    assert control.obey(place, '{"full": false}')[0]["ok"]
    assert control.obey(place, '{"status": true}')[0] == {"ok": True, "users": [], "rooms": {}, "searches": 0}
    assert control.obey(place, '{"stop": true}') == ({"ok": True}, True)


def test_orders_nobody_understands_are_answered() -> None:
    for line in ("{}", "[]", "nonsense", '{"kick": 3}', '{"fly": true}', '{"kick": "a", "ban": "b"}'):
        answer, ends = control.obey(hub(), line)
        assert answer["ok"] is False and answer["error"] and not ends


NAMES = st.sampled_from(["ann", "bob", "eve", "nobody"])
TEXTS = st.sampled_from(["", "x", "y" * 300, "two\nlines", "z" * 3000])
ROOMS = st.sampled_from(["one", "two", " bad", ""])
NUMBERS = st.integers(0, 0xFFFFFFFF)
STEPS = st.one_of(
    st.builds(m.JoinRoom.Request, ROOMS, st.booleans()),
    st.builds(m.LeaveRoom.Request, ROOMS),
    st.builds(m.RoomChatMessage.Request, ROOMS, TEXTS),
    st.builds(m.SetRoomTicker.Request, ROOMS, TEXTS),
    st.builds(m.PrivateChatMessage.Request, NAMES, TEXTS),
    st.builds(m.PrivateChatMessageUsers.Request, st.lists(NAMES, max_size=3), TEXTS),
    st.builds(m.PrivateChatMessageAck.Request, st.integers(0, 5)),
    st.builds(m.FileSearch.Request, NUMBERS, TEXTS),
    st.builds(m.UserSearch.Request, NAMES, NUMBERS, TEXTS),
    st.builds(m.RoomSearch.Request, ROOMS, NUMBERS, TEXTS),
    st.builds(m.AddUser.Request, NAMES),
    st.builds(m.SetStatus.Request, NUMBERS),
    st.builds(m.SetListenPort.Request, NUMBERS, NUMBERS, NUMBERS),
    st.builds(m.SharedFoldersFiles.Request, NUMBERS, NUMBERS),
    st.builds(m.SendUploadSpeed.Request, NUMBERS),
    st.builds(m.ConnectToPeer.Request, NUMBERS, NAMES, TEXTS),
    st.builds(m.CannotConnect.Request, NUMBERS, NAMES),
    st.builds(m.GetPeerAddress.Request, NAMES),
    st.builds(m.GetUserStats.Request, NAMES),
    st.builds(m.Login.Request, NAMES, TEXTS, NUMBERS, TEXTS, NUMBERS),
    st.sampled_from([m.RoomList.Request(), m.CheckPrivileges.Request(), m.GetUserList.Request()]),
    st.sampled_from(
        ["leave", "again", '{"kick": "ann", "seconds": 0}', '{"kickall": true}', '{"exclude": ["x"]}']
    ),
)


@given(st.lists(st.tuples(st.sampled_from(["ann", "bob", "eve"]), STEPS), max_size=40))
def test_whatever_users_do_all_that_is_said_is_a_message(steps: list[tuple[str, Any]]) -> None:
    place = hub()
    users = {name: User(place, name) for name in ("ann", "bob", "eve")}
    lines = [user.line for user in users.values()]
    for name, step in steps:
        if step == "leave":
            users[name].leave()
        elif step == "again":
            users[name] = User(place, name)
            lines.append(users[name].line)
        elif isinstance(step, str):
            assert control.obey(place, step)[0]["ok"]
        else:
            users[name].send(step)
        inside = {user for room in place.rooms.counts() for user in place.rooms.members(room)}
        assert inside <= set(place.online)
        assert all(place.online[name].name == name for name in place.online)
    for line in lines:
        for message in line.sent:
            data = codec.encode(message)
            assert m.ServerMessage.deserialize_response(data).MESSAGE_ID == message.MESSAGE_ID


@given(st.binary(max_size=200), st.sampled_from([1, 2, 3, 5, 13, 14, 18, 22, 26, 35, 116, 149, 1001, 5000]))
def test_any_bytes_are_a_message_or_that_lines_fault(body: bytes, code: int) -> None:
    data = (len(body) + 4).to_bytes(4, "little") + code.to_bytes(4, "little") + body
    place = hub()
    user = User(place, "ann")
    try:
        message = codec.decode(data)
    except PeerError as error:
        assert error.code == "bad-message"
        return
    if message is None:
        place.hear_unknown(user.session)
    else:
        place.hear(user.session, message)
    for sent in user.line.sent:
        assert codec.encode(sent)
