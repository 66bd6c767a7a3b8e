"""The server between its lines: who is logged in, and what each message of theirs makes the others hear. No I/O.

Rules (what the network's servers do, and their clients rely on):
- The first message of a line is its login; anything else before it and the line is never answered again.
- A second login with the right password ends the first line with code 41; after a refusal a line may try again.
- A search goes to everybody, the searcher too. One's own room lines come back. Too long ones vanish silently.
- Private messages wait for their reader until he acknowledges them; strangers' names get none.
- Everything kept has a bound; a line that breaks the rules is closed and costs nobody else anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from aioslsk.protocol import messages as m
from aioslsk.protocol.primitives import RoomTicker, UserStats

from slskmesh.demo.soulseek import rooms
from slskmesh.demo.soulseek.accounts import NAME_MAX, RESERVED, Accounts, Verdict
from slskmesh.demo.soulseek.codec import Refusal
from slskmesh.demo.soulseek.mail import Letter, Mail
from slskmesh.demo.soulseek.rooms import Rooms

OFFLINE, AWAY, ONLINE = 0, 1, 2
SEARCH_MAX: Final = 256  # bytes
WATCHED_MAX: Final = 10_000
WISH_SECONDS: Final = 720
NOBODY: Final = "0.0.0.0"
_U32: Final = 0xFFFFFFFF


class Line(Protocol):
    """One client's connection, as the hub uses it."""

    @property
    def host(self) -> str:
        """Where it comes from."""

    def send(self, message: Any) -> None:
        """Queues a message; never waits."""

    def close(self) -> None:
        """Ends it after what is queued."""


class Session:
    """One line and what is known of the user on it; `name` is empty before the login."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.name = ""
        self.muted = False
        self.status = ONLINE
        self.port = 0
        self.obfuscated = (0, 0)
        self.watched: set[str] = set()


class Hub:
    """All sessions. `clock` gives unix seconds."""

    def __init__(self, accounts: Accounts, clock: Callable[[], float]) -> None:
        self.accounts = accounts
        self.rooms = Rooms()
        self.mail = Mail()
        self.online: dict[str, Session] = {}
        self.excluded: list[str] = []
        self.wish_seconds = WISH_SECONDS
        self.searches = 0
        self._clock = clock
        self._stats: dict[str, UserStats] = {}

    # -- lines -------------------------------------------------------------------------------------------------

    def hear(self, session: Session, message: Any) -> None:
        """Does what a message asks for."""
        if session.name:
            answer = _ANSWERS.get(type(message))
            if answer is not None:
                answer(self, session, message)
        elif isinstance(message, m.Login.Request) and not session.muted:
            self._login(session, message)
        else:
            session.muted = True

    def hear_unknown(self, session: Session) -> None:
        """A message nobody knows: ignored, unless it should have been a login."""
        session.muted = session.muted or not session.name

    def gone(self, session: Session) -> None:
        """A line ended; the user goes with it, unless he is on another by now."""
        if session.name and self.online.get(session.name) is session:
            del self.online[session.name]
            for room in self.rooms.of(session.name):
                self._leave(session.name, room)
            self._tell_status(session.name)
        session.name = ""

    def kick(self, name: str) -> bool:
        """Closes a user's line without a word; False if he is not here."""
        session = self.online.get(name)
        if session is not None:
            session.line.close()
            self.gone(session)
        return session is not None

    def announce(self, text: str) -> None:
        """Says something to everybody."""
        self._send_all(self.online, m.AdminMessage.Response(text))

    def exclude(self, phrases: list[str]) -> None:
        """Phrases no answer to a search should hold; everybody is told."""
        self.excluded = phrases
        self._send_all(self.online, m.ExcludedSearchPhrases.Response(phrases))

    def set_wish_seconds(self, seconds: int) -> None:
        """Seconds between wishlist searches, at least one; everybody is told."""
        self.wish_seconds = max(1, min(seconds, _U32))
        self._send_all(self.online, m.WishlistInterval.Response(self.wish_seconds))

    # -- login -------------------------------------------------------------------------------------------------

    def _login(self, session: Session, asked: Any) -> None:
        decision = self.accounts.login(
            asked.username, asked.password, asked.client_version, asked.minor_version
        )
        if decision.verdict is Verdict.SILENCE:
            session.muted = True
        elif decision.verdict is not Verdict.WELCOME:
            detail = decision.detail if decision.verdict is Verdict.BAD_NAME else None
            session.line.send(Refusal(False, decision.verdict.value, detail))
        else:
            self._displace(asked.username)
            session.name = asked.username
            self.online[session.name] = session
            self._welcome(session, asked.password)

    def _displace(self, name: str) -> None:
        before = self.online.get(name)
        if before is not None:
            before.line.send(m.Kicked.Response())
            before.line.close()
            self.gone(before)

    def _welcome(self, session: Session, password: str) -> None:
        digest = hashlib.md5(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
        send = session.line.send
        send(m.Login.Response(True, "This is a server of the demo.", session.line.host, digest, False))
        self._room_list(session, None)
        send(m.WishlistInterval.Response(self.wish_seconds))
        send(m.PrivilegedUsers.Response([]))
        send(m.ExcludedSearchPhrases.Response(self.excluded))
        self._tell_status(session.name)
        for letter in self.mail.waiting(session.name):
            send(_post(letter, new=False))

    # -- users -------------------------------------------------------------------------------------------------

    def _listen_port(self, session: Session, asked: Any) -> None:
        session.port = asked.port & 0xFFFF
        session.obfuscated = (
            (asked.obfuscated_port_amount or 0) & 1,
            (asked.obfuscated_port or 0) & 0xFFFF,
        )

    def _address(self, session: Session, asked: Any) -> None:
        found = self.online.get(asked.username)
        answer = m.GetPeerAddress.Response
        if found is None:
            session.line.send(answer(asked.username, NOBODY, 0, 0, 0))
        else:
            session.line.send(answer(asked.username, found.line.host, found.port, *found.obfuscated))

    def _connect(self, session: Session, asked: Any) -> None:
        found = self.online.get(asked.username)
        if found is None:
            session.line.send(m.CannotConnect.Response(asked.ticket))
            return
        where = (session.line.host, session.port, asked.ticket, False, *session.obfuscated)
        found.line.send(m.ConnectToPeer.Response(session.name, asked.typ[:1], *where))

    def _cannot_connect(self, session: Session, asked: Any) -> None:
        found = self.online.get(asked.username)
        if found is not None:
            found.line.send(m.CannotConnect.Response(asked.ticket))

    def _watch(self, session: Session, asked: Any) -> None:
        name = asked.username
        if len(session.watched) < WATCHED_MAX and len(name) <= NAME_MAX:
            session.watched.add(name)
        if name in self.accounts:
            status = self._status(name)
            country = "" if status != OFFLINE else None
            session.line.send(m.AddUser.Response(name, True, status, self._stats_of(name), country))
        else:
            session.line.send(m.AddUser.Response(name, False))

    def _unwatch(self, session: Session, asked: Any) -> None:
        session.watched.discard(asked.username)

    def _ask_status(self, session: Session, asked: Any) -> None:
        session.line.send(m.GetUserStatus.Response(asked.username, self._status(asked.username), False))

    def _ask_stats(self, session: Session, asked: Any) -> None:
        session.line.send(m.GetUserStats.Response(asked.username, self._stats_of(asked.username)))

    def _set_status(self, session: Session, asked: Any) -> None:
        status = AWAY if asked.status == AWAY else ONLINE
        if status != session.status:
            session.status = status
            self._tell_status(session.name)

    def _shares(self, session: Session, asked: Any) -> None:
        now = self._stats_of(session.name)
        files, folders = asked.shared_file_count, asked.shared_folder_count
        self._set_stats(session, UserStats(now.avg_speed, now.uploads, files, folders))

    def _uploaded(self, session: Session, asked: Any) -> None:
        now = self._stats_of(session.name)
        uploads = now.uploads + 1
        speed = (now.avg_speed * now.uploads + asked.speed) // uploads
        self._set_stats(session, UserStats(speed, uploads, now.shared_file_count, now.shared_folder_count))

    def _set_stats(self, session: Session, stats: UserStats) -> None:
        self._stats[session.name] = stats
        mates = {mate for room in self.rooms.of(session.name) for mate in self.rooms.members(room)}
        self._send_all(mates, m.GetUserStats.Response(session.name, stats))

    def _new_password(self, session: Session, asked: Any) -> None:
        if asked.password:
            self.accounts.set_password(session.name, asked.password)
            session.line.send(asked)  # the answer is the same message

    def _user_list(self, session: Session, _asked: Any) -> None:
        session.line.close()  # no client of today asks; the network's servers close the line

    def _privileges(self, session: Session, _asked: Any) -> None:
        session.line.send(m.CheckPrivileges.Response(0))

    def _privileges_of(self, session: Session, asked: Any) -> None:
        session.line.send(m.GetUserPrivileges.Response(asked.username, False))

    # -- searches ----------------------------------------------------------------------------------------------

    def _search(self, session: Session, asked: Any) -> None:
        self._relay(session, asked, self.online)

    def _search_room(self, session: Session, asked: Any) -> None:
        if self.rooms.has(asked.room, session.name):
            self._relay(session, asked, self.rooms.members(asked.room))

    def _search_user(self, session: Session, asked: Any) -> None:
        self._relay(session, asked, [asked.username])

    def _relay(self, session: Session, asked: Any, readers: Iterable[str]) -> None:
        if 0 < len(asked.query.encode("utf-8", "replace")) <= SEARCH_MAX:
            self.searches += 1
            self._send_all(readers, m.FileSearch.Response(session.name, asked.ticket, asked.query))

    # -- messages and rooms ------------------------------------------------------------------------------------

    def _whisper(self, session: Session, asked: Any) -> None:
        self._post(session.name, asked.username, asked.message)

    def _whisper_many(self, session: Session, asked: Any) -> None:
        for name in dict.fromkeys(asked.usernames):
            reader = self.online.get(name)
            if reader is not None and session.name in reader.watched:
                self._post(session.name, name, asked.message)

    def _post(self, sender: str, name: str, text: str) -> None:
        if name not in self.accounts or not rooms.text_fits(text):
            return
        letter = self.mail.keep(sender, name, text, self._clock())
        self._send_all([name], _post(letter, new=True))

    def _acknowledge(self, session: Session, asked: Any) -> None:
        self.mail.acknowledge(session.name, asked.chat_id)

    def _room_list(self, session: Session, _asked: Any) -> None:
        counts = self.rooms.counts()
        session.line.send(m.RoomList.Response(list(counts), list(counts.values()), [], [], [], [], []))

    def _join(self, session: Session, asked: Any) -> None:
        fault = rooms.name_fault(asked.room)
        if fault is None and asked.is_private:
            session.line.send(m.CannotCreateRoom.Response(asked.room))
            fault = "Could not create room. Reason: This server has public rooms only."
        if fault is not None:
            self._post(RESERVED, session.name, fault)
        elif self.rooms.join(asked.room, session.name):
            self._joined(session, asked.room)

    def _joined(self, session: Session, room: str) -> None:
        stats = self._stats_of(session.name)
        members = self.rooms.members(room)
        self._send_all(members, m.UserJoinedRoom.Response(room, session.name, session.status, stats, 0, ""))
        some = [0] * len(members), [""] * len(members)
        statuses = [self._status(name) for name in members]
        all_stats = [self._stats_of(name) for name in members]
        session.line.send(m.JoinRoom.Response(room, members, statuses, all_stats, *some))
        tickers = [RoomTicker(user, text) for user, text in self.rooms.tickers(room)]
        session.line.send(m.RoomTickers.Response(room, tickers))

    def _ask_leave(self, session: Session, asked: Any) -> None:
        if self._leave(session.name, asked.room):
            session.line.send(m.LeaveRoom.Response(asked.room))

    def _leave(self, name: str, room: str) -> bool:
        hung = self.rooms.hang(room, name, "")
        left = self.rooms.leave(room, name)
        if left:
            members = self.rooms.members(room)
            if hung:
                self._send_all(members, m.RoomTickerRemoved.Response(room, name))
            self._send_all(members, m.UserLeftRoom.Response(room, name))
        return left

    def _say(self, session: Session, asked: Any) -> None:
        if self.rooms.has(asked.room, session.name) and rooms.text_fits(asked.message):
            said = m.RoomChatMessage.Response(asked.room, session.name, asked.message)
            self._send_all(self.rooms.members(asked.room), said)

    def _ticker(self, session: Session, asked: Any) -> None:
        text = asked.ticker
        if text and not rooms.text_fits(text, rooms.TICKER_MAX):
            return
        if self.rooms.hang(asked.room, session.name, text):
            added, removed = m.RoomTickerAdded.Response, m.RoomTickerRemoved.Response
            news = added(asked.room, session.name, text) if text else removed(asked.room, session.name)
            self._send_all(self.rooms.members(asked.room), news)

    # -- to many -----------------------------------------------------------------------------------------------

    def _status(self, name: str) -> int:
        session = self.online.get(name)
        return session.status if session is not None else OFFLINE

    def _stats_of(self, name: str) -> UserStats:
        return self._stats.get(name) or UserStats(0, 0, 0, 0)

    def _tell_status(self, name: str) -> None:
        news = m.GetUserStatus.Response(name, self._status(name), False)
        mates = {mate for room in self.rooms.of(name) for mate in self.rooms.members(room)}
        watching = {session.name for session in self.online.values() if name in session.watched}
        self._send_all(mates | watching, news)

    def _send_all(self, names: Iterable[str], message: Any) -> None:
        for name in list(names):
            session = self.online.get(name)
            if session is not None:
                session.line.send(message)


def _post(letter: Letter, *, new: bool) -> Any:
    return m.PrivateChatMessage.Response(letter.number, letter.when & _U32, letter.sender, letter.text, new)


_ANSWERS: Final[dict[type[Any], Callable[[Hub, Session, Any], None]]] = {
    m.SetListenPort.Request: Hub._listen_port,
    m.GetPeerAddress.Request: Hub._address,
    m.ConnectToPeer.Request: Hub._connect,
    m.CannotConnect.Request: Hub._cannot_connect,
    m.AddUser.Request: Hub._watch,
    m.RemoveUser.Request: Hub._unwatch,
    m.GetUserStatus.Request: Hub._ask_status,
    m.GetUserStats.Request: Hub._ask_stats,
    m.SetStatus.Request: Hub._set_status,
    m.SharedFoldersFiles.Request: Hub._shares,
    m.SendUploadSpeed.Request: Hub._uploaded,
    m.NewPassword.Request: Hub._new_password,
    m.GetUserList.Request: Hub._user_list,
    m.CheckPrivileges.Request: Hub._privileges,
    m.GetUserPrivileges.Request: Hub._privileges_of,
    m.FileSearch.Request: Hub._search,
    m.WishlistSearch.Request: Hub._search,
    m.RoomSearch.Request: Hub._search_room,
    m.UserSearch.Request: Hub._search_user,
    m.PrivateChatMessage.Request: Hub._whisper,
    m.PrivateChatMessageUsers.Request: Hub._whisper_many,
    m.PrivateChatMessageAck.Request: Hub._acknowledge,
    m.RoomList.Request: Hub._room_list,
    m.JoinRoom.Request: Hub._join,
    m.LeaveRoom.Request: Hub._ask_leave,
    m.RoomChatMessage.Request: Hub._say,
    m.SetRoomTicker.Request: Hub._ticker,
}
