"""A Soulseek server with a crowd, for the gateway bench: `python -m tests.bench.contenders.gateway_crowd USERS FILES`.

Prints {"server": "host:port"}. Each search that is asked of it is answered by USERS users with FILES files each, over
lines of their own to whoever asks. Each of the users is online, takes every request for a file and never sends it, so
that a list of downloads stays as long as it was made. Ends with its standard input.
"""

from __future__ import annotations

import contextlib
import struct
import sys
import zlib
from typing import Final

import trio

from tests.bench.contenders.report import say, wait_for_end
from tests.soulseek.scripted import (
    ADD_USER,
    ADDRESS,
    SEARCH,
    STATUS,
    ScriptedServer,
    framed,
    parse,
    text,
    u32,
)

ONLINE: Final = 2
_FOUND: Final = 9  # the code of a user's answer to a search
_LOOPBACK: Final = b"\x01\x00\x00\x7f"


def name_of(number: int) -> str:
    """A user of the crowd."""
    return f"crowd{number:03}"


def found(user: str, token: int, words: str, files: int) -> bytes:
    """His answer: so many files with these words in their names."""
    listed = b"".join(
        b"\x01"
        + text(f"@@music\\{user}\\Collected Works {number}\\{number:02} {words}.flac")
        + struct.pack("<Q", 30_000_000 + number)
        + text("flac")
        + u32(3, 1, 240, 4, 44_100, 5, 16)
        for number in range(1, files + 1)
    )
    plain = text(user) + u32(token, files) + listed + b"\x01" + u32(1_000_000) + struct.pack("<Q", 0)
    return framed(_FOUND, zlib.compress(plain))


class Crowd(ScriptedServer):
    """The server, which knows its crowd without lines of theirs."""

    def __init__(self, users: int, files: int, nursery: trio.Nursery) -> None:
        super().__init__()
        self._names = [name_of(number) for number in range(users)]
        self._files = files
        self._nursery = nursery
        self._place = 0

    async def open(self) -> None:
        """Listens as server and as crowd."""
        await self._nursery.start(self.serve)
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self._place = listeners[0].socket.getsockname()[1]
        await self._nursery.start(trio.serve_listeners, _swallow, listeners)

    async def _relay(self, name: str, code: int, body: bytes) -> None:
        who = str(parse(body, "s")[0]) if code in (ADDRESS, ADD_USER, STATUS) else ""
        if code == SEARCH:
            token, words = parse(body, "is")
            self._nursery.start_soon(self._answer, name, int(token), str(words))
        elif who not in self._names:
            await super()._relay(name, code, body)
        elif code == ADDRESS:
            await self.tell(name, framed(code, text(who) + _LOOPBACK + u32(self._place)))
        elif code == ADD_USER:
            stats = u32(1_000_000) + bytes(8) + u32(self._files, 1)
            await self.tell(name, framed(code, text(who) + b"\x01" + u32(ONLINE) + stats))
        else:
            await self.tell(name, framed(code, text(who) + u32(ONLINE) + b"\x00"))

    async def _answer(self, asker: str, token: int, words: str) -> None:
        port = self.ports[asker]
        for user in self._names:
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            hello = b"\x01" + text(user) + text("P") + u32(0)
            await stream.send_all(u32(len(hello)) + hello + found(user, token, words, self._files))
            await stream.send_eof()
            self._nursery.start_soon(_swallow, stream)


async def _swallow(stream: trio.SocketStream) -> None:
    """Takes all that comes and answers nothing."""
    with contextlib.suppress(trio.BrokenResourceError):
        async with stream:
            while await stream.receive_some(65_536):
                pass


async def main(users: int, files: int) -> None:
    """See the head of this file."""
    async with trio.open_nursery() as nursery:
        crowd = Crowd(users, files, nursery)
        await crowd.open()
        say(server=f"127.0.0.1:{crowd.port}")
        await trio.to_thread.run_sync(wait_for_end)
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]), int(sys.argv[2]))
