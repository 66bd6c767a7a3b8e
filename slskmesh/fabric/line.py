"""One session as the fabric keeps it: calls open both ways, and how much of its answers the peer has yet to read.

Rules:
- Answers wait in the session's outbox up to `WINDOW` bytes; beyond that whoever answers waits. A peer that reads
  slowly slows its own answers and nothing else; one that does not read lets its calls run into their deadlines.
- What left is told from the session's count of bytes sent. Other messages count in it too, so the window is a
  little more than it says, and never a queue without bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import trio

from slskmesh.overlay.port import Priority, Session
from slskmesh.wire.messages import CallReply

if TYPE_CHECKING:
    from slskmesh.fabric.answering import Answer
    from slskmesh.fabric.asking import OpenCall

WINDOW: Final = 512 * 1024
_LOOK: Final = (0.001, 0.25)  # seconds to the second look at a full window, and between later ones at most
_HEAD: Final = 16  # bytes of a reply around its payload, about


class Line:
    """The fabric's part of one session."""

    def __init__(self, session: Session, turns: int) -> None:
        self.session = session
        self.peer = session.peer
        self.gone = False
        self.turns = trio.Semaphore(turns, max_value=turns)  # calls open to the peer
        self.asked: dict[int, OpenCall] = {}
        self.given_up: dict[int, int] = {}  # calls we cancelled: parts that may still be under way
        self.answering: dict[int, Answer] = {}
        self._number = 0
        self._unsent = 0
        self._mark = session.sent

    def number(self) -> int:
        """A correlation id that is not in use."""
        while True:
            self._number = self._number % 0xFFFF_FFFF + 1
            if self._number not in self.asked and self._number not in self.given_up:
                return self._number

    def reply(self, message: CallReply) -> None:
        """Queues an answer."""
        self.session.send(message, Priority.NORMAL)
        self._unsent += _HEAD + len(message.payload)

    async def room(self) -> None:
        """Returns when the peer has read enough for one more answer."""
        look, longest = _LOOK
        while self.full():  # no session tells when it sent
            await trio.sleep(look)
            look = min(2 * look, longest)

    def full(self) -> bool:
        """Whether the next answer has to wait for `room`."""
        sent = self.session.sent
        self._unsent = max(0, self._unsent - (sent - self._mark))
        self._mark = sent
        return self._unsent > WINDOW
