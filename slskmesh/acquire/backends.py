"""Backends: where wanted things may come from, one protocol for all, each for the domain it names in its type.

Rules (003 part 2):
- `Backend[Music]` takes `Intent[Music]` and nothing else: the type checker refuses other domains, and `ask` does at
  run time. Each backend answers for many wants of one plan at once.
- A backend offers candidates and says what each is; judging them is the planner's (`choice`).
- Cost is the caller's budget: a remote origin dials and asks as far as that goes, and no further.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from slskmesh.acquire import recognise
from slskmesh.acquire.domains import D, GenericFile, Intent, Music
from slskmesh.acquire.plan import Candidate
from slskmesh.identity.peerid import PeerId
from slskmesh.library.domain import SharedFile
from slskmesh.library.variant import HeldTrack
from slskmesh.shadow.holdings import to_advert
from slskmesh.work import LIBRARY_QUERY, Budget

LOCAL: Final = "local"
MESH: Final = "mesh"
SOULSEEK: Final = "soulseek"


class Findings(msgspec.Struct, frozen=True):
    """Candidates for each intent, in the intents' order. The rest as in `plan.Plan`."""

    candidates: tuple[tuple[Candidate, ...], ...]
    holders: int = 0
    publishers: int = 0
    estimate: int = 0
    lines: tuple[str, ...] = ()
    told: tuple[PeerId, ...] = ()


class Tally(msgspec.Struct, frozen=True):
    """How a search stands while it goes on."""

    holders: int = 0
    publishers: int = 0
    estimate: int = 0


Progress = Callable[[Tally], None]


class Backend(Protocol[D]):
    """One way to get things of domain D."""

    name: str
    domain: type[D]

    async def find(
        self, intents: Sequence[Intent[D]], budget: Budget, progress: Progress | None = None
    ) -> Findings:
        """Candidates for wants of one plan. BudgetSpent where it could not even begin."""


class WrongDomain(TypeError):
    """An intent of another domain reached a backend: a fault of ours that the type checker should have refused."""


async def ask(
    backend: Backend[D], intents: Sequence[Intent[D]], budget: Budget, progress: Progress | None = None
) -> Findings:
    """`backend.find` behind the domain's guard. WrongDomain."""
    domain = backend.domain
    for intent in intents:
        if not isinstance(intent.want, domain):
            raise WrongDomain(
                f"the backend “{backend.name}” takes {domain.__name__}, not {type(intent.want).__name__}"
            )
    findings = await backend.find(intents, budget, progress)
    if len(findings.candidates) != len(intents):
        raise ValueError(f"the backend “{backend.name}” answered for another number of wants")
    return findings


class MusicShelf(Protocol):
    """The library as far as music on this machine goes."""

    async def by_recording(self, mbid: str) -> list[HeldTrack]:
        """Offered files of a recording."""

    async def search(self, text: str, limit: int) -> list[SharedFile]:
        """Offered files under these words."""


class FileShelf(Protocol):
    """The library by content."""

    async def find(self, content: bytes) -> SharedFile | None:
        """The offered file of a content, if it is still there."""


class LocalMusic:
    """What is on this machine already: tagged with the recording, else recognised (`recognise`)."""

    name = LOCAL
    domain: type[Music] = Music

    def __init__(self, library: MusicShelf) -> None:
        self._library = library

    async def find(
        self, intents: Sequence[Intent[Music]], budget: Budget, progress: Progress | None = None
    ) -> Findings:
        """Files of the library that are the recording by their tags, ids or words."""
        budget.spend(LIBRARY_QUERY)
        found = []
        for intent in intents:
            held = await self._library.by_recording(intent.want.recording)
            local = [_local(one) for one in held]
            if not held and (words := recognise.words_of(intent.want)):
                files = await self._library.search(words, recognise.LOOKED_AT)
                for file, reason in recognise.among(files, intent.want):
                    local.append(msgspec.structs.replace(_local(HeldTrack(file)), reasons=(reason,)))
            found.append(tuple(local))
        return Findings(tuple(found))


class LocalFiles:
    """What is on this machine already, by content id."""

    name = LOCAL
    domain: type[GenericFile] = GenericFile

    def __init__(self, library: FileShelf) -> None:
        self._library = library

    async def find(
        self, intents: Sequence[Intent[GenericFile]], budget: Budget, progress: Progress | None = None
    ) -> Findings:
        """The file of that content id, of any domain."""
        budget.spend(LIBRARY_QUERY)
        found = []
        for intent in intents:
            file = await self._library.find(intent.want.content) if intent.want.content else None
            here = file is not None and file.size == intent.want.size
            found.append((_local(HeldTrack(file)),) if file is not None and here else ())
        return Findings(tuple(found))


def _local(held: HeldTrack) -> Candidate:
    advert = to_advert(held)
    return Candidate(
        content=advert.content,
        size=advert.size,
        backend=LOCAL,
        codec=advert.codec,
        lossless=advert.lossless,
        sample_rate=advert.sample_rate,
        bit_depth=advert.bit_depth,
        duration=advert.duration,
        bitrate=advert.bitrate,
        path=str(held.file.path),
    )
