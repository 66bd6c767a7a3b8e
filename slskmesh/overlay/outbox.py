"""What waits to be sent on one session, and in which order it leaves. Pure: it moves bytes, it does no I/O.

Rules:
- CONTROL before NORMAL before chunk data; chunks of different streams take turns frame by frame.
- Messages waiting are bounded in bytes. A peer that does not read fills its own bound and loses its session; it
  never costs more memory than that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from slskmesh.errors import PeerError
from slskmesh.overlay.port import Priority
from slskmesh.wire.frames import data_frame_header

WAITING_MAX = 3 << 20  # bytes of messages that may wait for one peer: the longest manifest is 2 MiB
_BATCH = 32 * 1024  # control messages sent together at most


class ChunkSend:
    """One chunk on its way out: how far it got, and whom to tell when it is gone."""

    __slots__ = ("chunk", "data", "done", "offset", "stream")

    def __init__(self, stream: int, chunk: int, data: memoryview, done: Callable[[], None]) -> None:
        self.stream = stream
        self.chunk = chunk
        self.data = data
        self.offset = 0
        self.done = done


class Outbox:
    """Queues of one session."""

    def __init__(self) -> None:
        self._messages: tuple[deque[bytes], deque[bytes]] = (deque(), deque())
        self._chunks: deque[ChunkSend] = deque()
        self._waiting = 0

    def put(self, frame: bytes, priority: Priority) -> None:
        """Queues one encoded control frame; PeerError "slow-reader" over the bound."""
        if self._waiting + len(frame) > WAITING_MAX:
            raise PeerError("slow-reader", "the peer does not read what it is sent", blame=False)
        self._waiting += len(frame)
        self._messages[priority].append(frame)

    def put_chunk(self, item: ChunkSend) -> None:
        """Queues one chunk."""
        self._chunks.append(item)

    def withdraw(self, item: ChunkSend) -> bool:
        """Takes a chunk back; False if a part of it already left."""
        if item.offset:
            return False
        self._chunks.remove(item)
        return True

    def abandon(self) -> None:
        """The session is over: everyone who waits for a chunk to leave is told; what is left stays unsent."""
        while self._chunks:
            self._chunks.popleft().done()

    def next(self, limit: int, *, data: bool = True) -> list[bytes | memoryview]:
        """Buffers to put on the wire now, in order; empty when nothing waits.

        `limit`: payload bytes of a data frame; `data`: whether one may leave now.
        """
        for queue in self._messages:
            if queue:
                return self._drain(queue)
        if not self._chunks or not data:
            return []
        item = self._chunks.popleft()
        payload = item.data[item.offset : item.offset + limit]
        header = data_frame_header(item.stream, item.chunk, item.offset, len(payload))
        item.offset += len(payload)
        if item.offset < len(item.data):
            self._chunks.append(item)
        else:
            item.done()  # whoever waits runs only after the caller gave these buffers to TLS
        return [header, payload]

    def _drain(self, queue: deque[bytes]) -> list[bytes | memoryview]:
        size, batch = 0, []
        while queue and size < _BATCH:
            frame = queue.popleft()
            size += len(frame)
            batch.append(frame)
        self._waiting -= size
        return [b"".join(batch)]

    def __bool__(self) -> bool:
        return bool(self._messages[0] or self._messages[1] or self._chunks)
