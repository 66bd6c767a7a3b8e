"""Connections of the gateway: how many, how long each may be silent, and their end at once.

Rules:
- At most LINES_MAX. Where one more comes, the idle one that is silent the longest gives way, first among those on which
  no right key was shown; where all are at work, the new one is closed.
- Somebody who does not take what he asked for is cut off after SEND_SECONDS; so is everybody at the engine's end,
  whatever is being sent.
"""

from __future__ import annotations

from typing import Final

import trio

LINES_MAX: Final = 256
SEND_SECONDS: Final = 30.0  # for each piece
_PIECE: Final = 64 * 1024


class Line:
    """One connection, as Hypercorn uses a stream. `known`: as `guesses.Shown`; `serving`: requests under way."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self.socket = stream.socket
        self.known = b""
        self.serving = 0
        self.heard = trio.current_time()

    async def receive_some(self, most: int) -> bytes:
        """As `trio.SocketStream`."""
        data = await self._stream.receive_some(most)
        self.heard = trio.current_time()
        return bytes(data)

    async def send_all(self, data: bytes) -> None:
        """Sends in pieces. trio.BrokenResourceError: the other side is gone or takes nothing."""
        view = memoryview(data)
        for start in range(0, len(view), _PIECE):
            with trio.move_on_after(SEND_SECONDS) as bound:
                await self._stream.send_all(view[start : start + _PIECE])
            if bound.cancelled_caught:
                self.cut()
                raise trio.BrokenResourceError("the other side takes nothing")

    async def send_eof(self) -> None:
        """As `trio.SocketStream`."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """As `trio.SocketStream`."""
        await self._stream.aclose()

    def cut(self) -> None:
        """Ends it now; whoever sends or reads here is woken."""
        self.socket.close()


class Lines:
    """All connections of one gateway."""

    def __init__(self, most: int = LINES_MAX) -> None:
        self._most = most
        self._open: set[Line] = set()

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, stream: trio.SocketStream) -> Line | None:
        """One more; None if there is no room, and the stream is the caller's to close."""
        if len(self._open) >= self._most:
            idle = [line for line in self._open if not line.serving]
            if not idle:
                return None
            oldest = min(idle, key=lambda line: (bool(line.known), line.heard))
            self.forget(oldest)
            oldest.cut()
        line = Line(stream)
        self._open.add(line)
        return line

    def forget(self, line: Line) -> None:
        """It is over."""
        self._open.discard(line)

    def cut(self) -> None:
        """Ends all."""
        for line in self._open:
            line.cut()
        self._open.clear()
