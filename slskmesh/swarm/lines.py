"""Which stream on which session belongs to which download: the address book of everything that arrives.

Rules:
- Stream numbers of a session are given out once and never again, so late data of a closed stream is told apart
  from data nobody asked for. A closed stream's open credit stays with the session.
- A message or a data frame for a stream that was never opened is the peer's fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slskmesh.errors import PeerError
from slskmesh.overlay.port import Session
from slskmesh.swarm.source import Source
from slskmesh.wire.limits import STREAMS_MAX

if TYPE_CHECKING:
    from slskmesh.swarm.download import Download


class _Line:
    """One session's streams that we opened."""

    __slots__ = ("filling", "next", "open", "stray")

    def __init__(self) -> None:
        self.next = 1
        self.open: dict[int, tuple[Download, Source]] = {}
        self.stray = 0  # bytes asked on streams that are closed by now
        self.filling: tuple[Download, Source] | None = None


class Lines:
    """All sessions and the streams we opened on them."""

    def __init__(self) -> None:
        self._lines: dict[Session, _Line] = {}

    def sessions(self) -> list[Session]:
        """Sessions that are up."""
        return list(self._lines)

    def up(self, session: Session) -> None:
        """A session opened."""
        self._lines[session] = _Line()

    def down(self, session: Session) -> list[tuple[Download, Source]]:
        """A session ended; returns what was open on it."""
        line = self._lines.pop(session, None)
        return list(line.open.values()) if line else []

    def open(self, session: Session, download: Download, now: float) -> Source | None:
        """Opens a stream, None if the session has no room for one more or is down."""
        line = self._lines.get(session)
        if line is None or len(line.open) >= STREAMS_MAX:
            return None
        source = Source(session, line.next, now)
        line.open[line.next] = (download, source)
        line.next += 1
        return source

    def streams(self, session: Session) -> list[tuple[Download, Source]]:
        """What is open on a session, with whose it is."""
        line = self._lines.get(session)
        return list(line.open.values()) if line is not None else []

    def close(self, source: Source) -> None:
        """Forgets a stream; data that was asked for may still come and is thrown away."""
        line = self._lines.get(source.session)
        if line is not None and line.open.pop(source.stream, None) is not None:
            line.stray += source.credit

    def find(self, session: Session, stream: int) -> tuple[Download, Source] | None:
        """Whose stream this is; None for one closed by us; PeerError for one we never opened."""
        line = self._lines.get(session)
        if line is None:
            return None
        entry = line.open.get(stream)
        if entry is None and not 0 < stream < line.next:
            raise PeerError("unknown-stream", f"stream {stream} was never opened")
        return entry

    def stray(self, session: Session, length: int) -> None:
        """Data of a closed stream came; PeerError when it is more than was ever asked for."""
        line = self._lines.get(session)
        if line is not None:
            line.stray -= length
            if line.stray < 0 or not length:
                raise PeerError("unasked-data", "the peer sends data that nobody asked for")

    def filling(self, session: Session, entry: tuple[Download, Source] | None) -> None:
        """Remembers who takes the frame that is arriving on this session."""
        line = self._lines.get(session)
        if line is not None:
            line.filling = entry

    def filled(self, session: Session) -> tuple[Download, Source] | None:
        """Who took the frame that has just arrived."""
        line = self._lines.get(session)
        return line.filling if line is not None else None
