"""Who of the mesh may have the file that a Soulseek user sends: the holders of its recording, and connected peers.

Rules:
- By recording, where one is known for the path (`sure`): the shadow index resolves it, which connects its holders.
- By words, of connected peers only: their files under the words of the remote name. Nothing of the name but its words
  is told to them, and only to peers that data is taken from.
- Sizes are their word; the swarm proves the rest.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, Protocol

import trio

from slskmesh import work
from slskmesh.acquire.mesh import Regard
from slskmesh.acquire.neighbours import QueryEnd
from slskmesh.acquire.rescue import Candidate, Sent
from slskmesh.identity.peerid import PeerId
from slskmesh.mbid import is_mbid, mbid_bytes
from slskmesh.overlay.port import Session
from slskmesh.shadow.port import Resolution
from slskmesh.wire.messages import Hit
from slskmesh.work import Budget

ASK_SECONDS: Final = 8.0
ASKED_MAX: Final = 20
HITS_MAX: Final = 40
WORDS_MAX: Final = 10
FOUND_MAX: Final = 64
_WORD = re.compile(r"[^\W_]+")


class Recordings(Protocol):
    """The shadow index as it is needed here."""

    async def resolve_recording(self, mbid: str, budget: Budget) -> Resolution:
        """Who holds a recording."""


class Asking(Protocol):
    """Search over neighbours (`acquire.neighbours.Neighbours`)."""

    async def ask(
        self,
        sessions: Iterable[Session],
        text: str,
        limit: int,
        on_hits: Callable[[PeerId, tuple[Hit, ...]], None],
    ) -> QueryEnd:
        """Asks every session."""


class MeshFinder:
    """See the head of this file. `recording_of` gives a transfer's recording where one is known, else ""."""

    def __init__(
        self,
        shadow: Recordings,
        neighbours: Asking,
        sessions: Callable[[], Iterable[Session]],
        regard: Regard,
        recording_of: Callable[[Sent], Awaitable[str]],
    ) -> None:
        self._shadow, self._neighbours, self._sessions = shadow, neighbours, sessions
        self._regard, self._recording_of = regard, recording_of

    async def find(self, sent: Sent, budget: Budget) -> Sequence[Candidate]:
        """Contents of that size first; those under the recording before those under the words."""
        found = [*await self._by_recording(sent, budget), *await self._by_words(sent, budget)]
        found.sort(key=lambda one: (one.size != sent.size, not one.sure))
        return found[:FOUND_MAX]

    async def _by_recording(self, sent: Sent, budget: Budget) -> list[Candidate]:
        recording = await self._recording_of(sent)
        if not is_mbid(recording):
            return []
        resolution = await self._shadow.resolve_recording(recording, budget)
        wanted = mbid_bytes(recording)
        shown: dict[tuple[bytes, int], int] = {}
        for holder in resolution.holders:
            if self._regard.may_send(holder.peer):
                for variant in holder.variants:
                    if variant.recording == wanted:
                        key = (variant.content, variant.size)
                        shown[key] = shown.get(key, 0) + 1
        ranked = sorted(shown.items(), key=lambda one: -one[1])
        return [
            Candidate(
                content, size, True, f"{count} peer{' holds' if count == 1 else 's hold'} the same recording"
            )
            for (content, size), count in ranked
        ]

    async def _by_words(self, sent: Sent, budget: Budget) -> list[Candidate]:
        words = words_of(sent.path)
        asked = [one for one in self._sessions() if self._regard.may_send(one.peer)][:ASKED_MAX]
        if not words or not asked:
            return []
        budget.spend(work.MESH_CALL * len(asked))
        found: dict[tuple[bytes, int], None] = {}

        def take(peer: PeerId, hits: tuple[Hit, ...]) -> None:
            for hit in hits:
                if hit.size == sent.size and len(found) < FOUND_MAX:
                    found[hit.content, hit.size] = None

        with trio.move_on_after(ASK_SECONDS):
            await self._neighbours.ask(asked, " ".join(words), HITS_MAX, take)
        return [
            Candidate(content, size, False, "a peer has a file of that name and size")
            for content, size in found
        ]


def words_of(path: str) -> list[str]:
    """The words of a remote file's name, without its ending and its number; in lower case."""
    stem = path.replace("/", "\\").rpartition("\\")[2][:512].rpartition(".")
    words = [word.lower() for word in _WORD.findall(stem[0] or stem[2])]
    named = [word for word in words if not (word.isascii() and word.isdigit())]
    return list(dict.fromkeys(named or words))[:WORDS_MAX]
