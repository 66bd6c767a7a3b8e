"""A source of one download: its row for people, its open stream, and the chunk copies that are arriving from it.

Rules:
- A `Row` lasts as long as the download; a peer that comes back gets its old letter and record.
- The letter S is kept for what a user of the Soulseek network sends (`splice.py`).
- Every chunk copy belongs to exactly one source, so a false chunk names its sender also when two sources sent it.
- `credit` is the number of bytes asked for and not yet come: a peer that sends more than that is at fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.port import Session
from slskmesh.swarm.disk import Pool
from slskmesh.swarm.rates import Rate
from slskmesh.wire.messages import Joined

_LETTERS = "ABCDEFGHIJKLMNOPQRTUVWXYZabcdefghijklmnopqrstuvwxyz"
LEGACY_LETTER = "S"
LEGACY = PeerId(bytes(32))  # stands where a peer's key would, for who has none


def letter_for(index: int) -> str:
    """The sign of source `index` on the chunk map."""
    return _LETTERS[index] if index < len(_LETTERS) else "*"


class Copy:
    """One arriving copy of one chunk."""

    __slots__ = ("buffer", "dead", "filling", "got", "length", "view")

    def __init__(self, buffer: bytearray, length: int) -> None:
        self.buffer = buffer
        self.view = memoryview(buffer)[:length]
        self.length = length
        self.got = 0
        self.filling = False  # somebody is writing into the buffer
        self.dead = False

    def discard(self, pool: Pool) -> int:
        """The copy is not wanted any more; returns how many bytes of it had come."""
        self.dead = True
        if self.filling:
            pool.forget(self.buffer)
        else:
            pool.give(self.buffer)
        return self.got


@dataclass(slots=True)
class Row:
    """What is known of one source over the whole download."""

    index: int
    peer: PeerId
    rate: Rate
    received: int = 0  # verified bytes
    chunks: int = 0
    bad: int = 0
    lied: bool = False  # about the manifest: not asked again
    banned: str = ""  # why its data is not taken any more
    gone: str = ""  # why it is not there now
    user: str = ""  # of the Soulseek network, not sanitised; then `peer` is LEGACY

    @property
    def letter(self) -> str:
        """Its sign on the chunk map."""
        return LEGACY_LETTER if self.peer == LEGACY else letter_for(self.index)


@dataclass(slots=True, eq=False)
class Source:
    """One stream opened on a session for one content."""

    session: Session
    stream: int
    asked_at: float
    row: Row | None = None  # since it said Joined
    head: Joined | None = None
    bits: int = 0
    choked: bool = True
    place: int = 0
    manifest_asked: bool = False
    credit: int = 0
    copies: dict[int, Copy] = field(default_factory=dict)
    filling: Copy | None = None
