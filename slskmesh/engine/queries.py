"""The latest searches with everything the networks said of each hit: what a front end's keys of hits stand for.

Rules:
- A front end gets sanitised names and a number; the raw names stay here, for they are sent back as they came.
- Hits of both networks go through one `soulseek.results.Results`, so that copies of a file and folders of a release
  are found together whoever has them. A content that peers prove equal is one file whatever it is called.
- Of a front end the LATEST queries are kept, and older ones, QUERIES_MAX with them, while they all have HITS_KEPT hits
  at most; of all front ends together ALL_LATEST and ALL_MAX likewise. Hits of each are bounded by who asks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from slskmesh.engine.hub import viewer_of
from slskmesh.engine.mesh_files import as_remote
from slskmesh.engine.snapshots import hit_view, legacy_hit_view
from slskmesh.engine.views import HitView
from slskmesh.identity.peerid import PeerId
from slskmesh.soulseek.release_paths import folder_and_disc
from slskmesh.soulseek.results import Results, Source
from slskmesh.soulseek.values import RemoteFile, SearchAnswer
from slskmesh.text import SafeStr, sanitize
from slskmesh.wire.messages import Hit

LATEST: Final = 8  # queries of one front end, however many hits they have
QUERIES_MAX: Final = 100  # of one front end: a program goes on with what it found many searches ago
ALL_LATEST: Final = 64
ALL_MAX: Final = 200
HITS_KEPT: Final = 40_000
_TITLE: Final = 160


class Query:
    """One search: its hits by their keys, and how they belong together."""

    def __init__(self) -> None:
        self.results = Results()
        self.users: set[str] = set()
        self._sources: dict[int, Source] = {}
        self._mesh: dict[int, Hit] = {}
        self._same: dict[bytes, tuple[str, str, SafeStr]] = {}  # content -> same, group, title
        self._key = 0

    def __len__(self) -> int:
        return self._key

    def source(self, key: int) -> Source | None:
        """A legacy user's copy."""
        return self._sources.get(key)

    def mesh(self, key: int) -> Hit | None:
        """A peer's file."""
        return self._mesh.get(key)

    def folders(self, key: int) -> list[str]:
        """See `Queries.folders`."""
        hit = self._sources.get(key)
        if hit is None:
            return []
        root = folder_and_disc(hit.file.folder)[0]
        found = {hit.file.folder: None}
        for source in self._sources.values():
            if source.user == hit.user and folder_and_disc(source.file.folder)[0] == root:
                found[source.file.folder] = None
        return list(found)

    def _next(self) -> int:
        self._key += 1
        return self._key

    # -- legacy users --------------------------------------------------------------------------------------------

    def add_answer(self, answer: SearchAnswer, have: Callable[[str, RemoteFile], bool]) -> list[HitView]:
        """Views of what is new in an answer. `have`: whether a user's file was fetched already."""
        new: dict[str, RemoteFile] = {}
        for file in answer.files:
            if self.results.entry_of(answer.user, file.path) is None:
                new.setdefault(file.path, file)
        self.results.add(answer)
        views = []
        for file in new.values():
            entry = self.results.entry_of(answer.user, file.path)
            if entry is None:
                continue  # beyond the bound
            release = self.results.release_of(answer.user, file)
            source = Source(answer.user, file, answer.free_slot, answer.speed, answer.queue)
            key = self._next()
            self._sources[key] = source
            views.append(legacy_hit_view(key, source, entry, release, have=have(answer.user, file)))
        if views:
            self.users.add(answer.user)
        return views

    # -- peers ---------------------------------------------------------------------------------------------------

    def add_hit(
        self, hit: Hit, peer: PeerId, peer_name: str, *, trusted: bool = False, have: bool = False
    ) -> HitView:
        """The view of a peer's hit."""
        key = self._next()
        self._mesh[key] = hit
        same, group, title = self._placed(hit, peer)
        view = hit_view(hit, key, peer, peer_name, trusted=trusted, have=have)
        return msgspec.structs.replace(view, same=same, group=group, group_title=title)

    def _placed(self, hit: Hit, peer: PeerId) -> tuple[str, str, SafeStr]:
        user, file = f"\0{peer.hex()}", as_remote(hit)  # no user's name begins so
        self.results.add(SearchAnswer(0, user, (file,), True, 0, 0))
        entry, release = self.results.entry_of(user, file.path), self.results.release_of(user, file)
        if hit.content in self._same:
            return self._same[hit.content]
        group, title = (release.key, release.title) if release is not None else ("", "")
        placed = entry.key if entry is not None else hit.content.hex(), group, sanitize(title, _TITLE)
        self._same[hit.content] = placed
        return placed


class Queries:
    """The latest queries, by request number."""

    def __init__(self) -> None:
        self._queries: OrderedDict[int, Query] = OrderedDict()

    def begin(self, number: int) -> Query:
        """A new one."""
        query = self._queries[number] = Query()
        mine = [one for one in self._queries if viewer_of(one) == viewer_of(number)]
        self._bound(mine, LATEST, QUERIES_MAX)
        self._bound([*self._queries], ALL_LATEST, ALL_MAX)
        return query

    def _bound(self, numbers: Sequence[int], latest: int, most: int) -> None:
        """Drops of these, oldest first, what is beyond the bounds."""
        hits = 0
        for at, number in enumerate(reversed(numbers)):
            hits += len(self._queries[number])
            if at >= most or (at >= latest and hits > HITS_KEPT):
                del self._queries[number]

    def drop(self, number: int) -> None:
        """This one asks nobody after all."""
        self._queries.pop(number, None)

    def forget(self, viewer: int) -> None:
        """Drops the queries of a front end that is gone."""
        for number in [one for one in self._queries if viewer_of(one) == viewer]:
            del self._queries[number]

    def source(self, number: int, key: int) -> Source | None:
        """A legacy user's copy; None: no such hit, or the query is too old."""
        query = self._queries.get(number)
        return query.source(key) if query is not None else None

    def mesh(self, number: int, key: int) -> Hit | None:
        """A peer's file; None as above."""
        query = self._queries.get(number)
        return query.mesh(key) if query is not None else None

    def folders(self, number: int, key: int) -> list[str]:
        """The user's folders that are one release with a hit of his (its discs), as the query showed them; its own
        first. Raw.
        """
        query = self._queries.get(number)
        return query.folders(key) if query is not None else []
