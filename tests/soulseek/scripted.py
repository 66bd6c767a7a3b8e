"""A small Soulseek server and raw users on plain sockets, for the adapter's tests: they do what a test tells them."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import trio

from slskmesh.soulseek.client import LegacyClient
from slskmesh.soulseek.port import Line, SharedAnswer
from slskmesh.soulseek.values import LegacyEvent, RemoteFile

LOGIN, SET_PORT, ADDRESS, ADD_USER, STATUS = 1, 2, 3, 5, 7
SAY, JOIN, LEAVE, CAME, WENT, CONNECT = 13, 14, 15, 16, 17, 18
WHISPER, ACK, SEARCH, KICK, USER_SEARCH = 22, 23, 26, 41, 42
ROOMS, ANNOUNCE, PRIVILEGES, WISH_SEARCH, INTERVAL, TICKERS = 64, 66, 92, 103, 104, 113
TICKER_ADDED, SET_TICKER, ROOM_SEARCH, PHRASES, NO_ROOM = 114, 116, 120, 160, 1003


def u32(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def text(words: str) -> bytes:
    raw = words.encode()
    return u32(len(raw)) + raw


def framed(code: int, body: bytes = b"") -> bytes:
    return u32(len(body) + 4, code) + body


def welcome(greeting: str = "hello") -> bytes:
    return framed(LOGIN, b"\x01" + text(greeting) + b"\x01\x00\x00\x7f" + text("0" * 32) + b"\x00")


def refusal(reason: str, detail: str | None = None) -> bytes:
    return framed(LOGIN, b"\x00" + text(reason) + (text(detail) if detail is not None else b""))


def parse(body: bytes, shape: str) -> list[str | int]:
    """Fields of a message: s text, i number."""
    fields: list[str | int] = []
    pos = 0
    for kind in shape:
        (number,) = struct.unpack_from("<I", body, pos)
        pos += 4
        if kind == "s":
            fields.append(body[pos : pos + number].decode())
            pos += number
        else:
            fields.append(number)
    return fields


async def exactly(stream: trio.SocketStream, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = await stream.receive_some(count - len(data))
        if not piece:
            raise trio.BrokenResourceError
        data += piece
    return data


async def message(stream: trio.SocketStream) -> tuple[int, bytes]:
    (length,) = struct.unpack("<I", await exactly(stream, 4))
    body = await exactly(stream, length)
    return struct.unpack_from("<I", body)[0], body[4:]


class ScriptedServer:
    """Logs everybody in and relays. `on_login` may answer a line otherwise; it returns whether to go on."""

    def __init__(self) -> None:
        self.lines: dict[str, trio.SocketStream] = {}
        self.ports: dict[str, int] = {}
        self.rooms: dict[str, list[str]] = {}
        self.kept: dict[str, list[bytes]] = {}
        self.seen: list[tuple[str, int, bytes]] = []
        self.heard = trio.Condition()
        self.ignored: set[int] = set()  # codes that nothing comes of
        self.on_login: Callable[[trio.SocketStream], Awaitable[bool]] | None = None
        self.port = 0
        self._turns: dict[str, trio.Lock] = {}

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        await trio.serve_listeners(self._line, listeners, task_status=task_status)

    async def until(self, code: int, who: str = "") -> bytes:
        """The body of the first message with this code (of `who`), once it came."""
        async with self.heard:
            while True:
                for name, got, body in self.seen:
                    if got == code and who in ("", name):
                        return body
                await self.heard.wait()

    async def tell(self, name: str, data: bytes) -> None:
        """To somebody who may be gone by now, as with any server; his line's end is his own line's affair."""
        async with self._turns.setdefault(name, trio.Lock()):
            if name in self.lines:
                with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    await self.lines[name].send_all(data)

    async def _line(self, stream: trio.SocketStream) -> None:
        name = ""
        try:
            async with stream:
                if self.on_login is not None and not await self.on_login(stream):
                    return
                _, body = await message(stream)
                name = str(parse(body, "s")[0])
                self.lines[name] = stream
                await self.tell(name, welcome())
                for waiting in self.kept.pop(name, []):
                    await self.tell(name, waiting)
                while True:
                    code, body = await message(stream)
                    if code not in self.ignored:
                        await self._relay(name, code, body)
                    async with self.heard:
                        self.seen.append((name, code, body))
                        self.heard.notify_all()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            if self.lines.get(name) is stream:  # else he is on another line already
                del self.lines[name]

    async def _relay(self, name: str, code: int, body: bytes) -> None:
        if code == SET_PORT:
            self.ports[name] = int(parse(body, "i")[0])
        elif code == ADDRESS:
            who = str(parse(body, "s")[0])
            there = who in self.lines
            place = (b"\x01\x00\x00\x7f" if there else bytes(4)) + u32(self.ports.get(who, 0) if there else 0)
            await self.tell(name, framed(ADDRESS, text(who) + place))
        elif code == ADD_USER:
            who = str(parse(body, "s")[0])
            stats = u32(0) + bytes(8) + u32(0, 0)
            state = u32(2 if who in self.lines else 0)
            await self.tell(name, framed(ADD_USER, text(who) + b"\x01" + state + stats))
        elif code == STATUS:
            who = str(parse(body, "s")[0])
            state = u32(2 if who in self.lines else 0)
            await self.tell(name, framed(STATUS, text(who) + state + b"\x00"))
        elif code == PRIVILEGES:
            await self.tell(name, framed(PRIVILEGES, u32(0)))
        elif code in (SEARCH, WISH_SEARCH):
            token, words = parse(body, "is")
            for other in list(self.lines):
                await self.tell(other, framed(SEARCH, text(name) + u32(int(token)) + text(str(words))))
        elif code == USER_SEARCH:
            who, token, words = parse(body, "sis")
            await self.tell(str(who), framed(SEARCH, text(name) + u32(int(token)) + text(str(words))))
        elif code == CONNECT:
            token, who, kind = parse(body, "iss")
            if str(who) in self.lines:
                place = b"\x01\x00\x00\x7f" + u32(self.ports.get(name, 0), int(token))
                await self.tell(str(who), framed(CONNECT, text(name) + text(str(kind)) + place + b"\x00"))
        else:
            await self._talk(name, code, body)

    async def _talk(self, name: str, code: int, body: bytes) -> None:
        if code == JOIN:
            room = str(parse(body, "s")[0])
            if room == "closed":
                await self.tell(name, framed(NO_ROOM, text(room)))
                return
            users = self.rooms.setdefault(room, [])
            stats = u32(0) + bytes(8) + u32(0, 0)
            for other in users:
                await self.tell(
                    other, framed(CAME, text(room) + text(name) + u32(2) + stats + u32(1) + text("SE"))
                )
            users.append(name)
            count = u32(len(users))
            listed = (
                count
                + b"".join(text(user) for user in users)
                + count
                + u32(2) * len(users)
                + count
                + stats * len(users)
                + count
                + u32(1) * len(users)
                + count
                + text("SE") * len(users)
            )
            await self.tell(name, framed(JOIN, text(room) + listed))
            await self.tell(name, framed(TICKERS, text(room) + u32(1) + text("kim") + text("hej")))
        elif code == LEAVE:
            room = str(parse(body, "s")[0])
            self.rooms[room].remove(name)
            await self.tell(name, framed(LEAVE, text(room)))
            for other in self.rooms[room]:
                await self.tell(other, framed(WENT, text(room) + text(name)))
        elif code == SAY:
            room, words = (str(field) for field in parse(body, "ss"))
            for other in self.rooms[room]:
                await self.tell(other, framed(SAY, text(room) + text(name) + text(words)))
        elif code == SET_TICKER:
            room, words = (str(field) for field in parse(body, "ss"))
            for other in self.rooms[room]:
                await self.tell(other, framed(TICKER_ADDED, text(room) + text(name) + text(words)))
        elif code == WHISPER:
            who, words = (str(field) for field in parse(body, "ss"))
            live = who in self.lines
            sent = framed(WHISPER, u32(7, 1000) + text(name) + text(words) + (b"\x01" if live else b"\x00"))
            if live:
                await self.tell(who, sent)
            else:
                self.kept.setdefault(who, []).append(sent)
        elif code == ROOMS:
            listed = u32(2) + text("jazz") + text("dub") + u32(2, 30, 4) + u32(0) * 5
            await self.tell(name, framed(ROOMS, listed))


class Shelf:
    """Our shares in a test: `port.Answers` over a few real files."""

    def __init__(self, files: dict[str, Path] | None = None) -> None:
        self.shared = files or {}
        self.asked: list[str] = []

    def files(self, user: str, text: str, limit: int) -> list[RemoteFile]:
        self.asked.append(text)
        words = text.lower().split()
        return [
            self._answer(path).file for path in self.shared if all(word in path.lower() for word in words)
        ]

    def browse(self, user: str) -> list[tuple[str, list[RemoteFile]]]:
        folders: dict[str, list[RemoteFile]] = {}
        for path in self.shared:
            file = self._answer(path).file
            folders.setdefault(file.folder, []).append(file)
        return list(folders.items())

    def folder(self, user: str, folder: str) -> list[tuple[str, list[RemoteFile]]]:
        return [entry for entry in self.browse(user) if (entry[0] + "\\").startswith(folder + "\\")]

    def find(self, user: str, path: str) -> SharedAnswer | None:
        return self._answer(path) if path in self.shared else None

    def counts(self) -> tuple[int, int]:
        return len(self.browse("")), len(self.shared)

    def _answer(self, path: str) -> SharedAnswer:
        return SharedAnswer(RemoteFile(path, self.shared[path].stat().st_size), self.shared[path])


class Rule:
    """Uploads in a test: `open` slots, users in `refused` read its words."""

    def __init__(self, open_slots: int = 2) -> None:
        self.open = open_slots
        self.refused: dict[str, str] = {}

    def refuse(self, user: str, path: str, queued: int) -> str:
        return self.refused.get(user, "")

    def slots(self) -> int:
        return self.open

    def next(self, waiting: list[tuple[int, str]], active: list[tuple[int, str]]) -> list[int]:
        return [key for key, _ in waiting][: max(0, self.open - len(active))]


class Person:
    """One client with its shelf, its rule and the events it heard."""

    def __init__(self, name: str, files: dict[str, Path] | None = None) -> None:
        self.name = name
        self.shelf = Shelf(files)
        self.rule = Rule()
        self.client = LegacyClient(self.shelf, self.rule)
        self.client.on_event(self._hear)
        self.events: list[LegacyEvent] = []
        self._heard = trio.Event()

    def _hear(self, event: LegacyEvent) -> None:
        self.events.append(event)
        self._heard.set()
        self._heard = trio.Event()

    def line(self, port: int, **more: str) -> Line:
        fields = {"listen": "127.0.0.1:0", "description": "a person of a test"} | more
        return Line(server=f"127.0.0.1:{port}", username=self.name, password="secret word", **fields)

    async def hears(self, wanted: Callable[[LegacyEvent], bool], seconds: float = 60) -> LegacyEvent:
        """The first event that is `wanted`, once it came."""
        at = 0
        with trio.move_on_after(seconds):
            while True:
                for event in self.events[at:]:
                    if wanted(event):
                        return event
                at = len(self.events)
                await self._heard.wait()
        raise AssertionError(f"{self.name} did not hear it, but {self.events}")


def packed_shares(folders: list[tuple[str, list[bytes]]]) -> bytes:
    """A compressed share reply's body."""
    plain = u32(len(folders)) + b"".join(
        text(name) + u32(len(files)) + b"".join(files) for name, files in folders
    )
    return zlib.compress(plain + u32(0))
