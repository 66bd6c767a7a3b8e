"""The shadow index of one peer: it tells the table what is held here, and finds who holds what others want.

Rules:
- Nothing of it is on disk: what we tell follows from the library, what others tell lives in the table for hours.
- Telling can be switched off (`mesh.shadow_index.enabled`); finding goes on.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import trio

from slskmesh.dht.port import Index
from slskmesh.fabric.port import Calls
from slskmesh.identity.peerid import PeerId
from slskmesh.shadow.descriptors import Holding
from slskmesh.shadow.listing import Lister, Records
from slskmesh.shadow.port import Cached, Neighbourhood, Reach, Regard, Resolution, Shelf
from slskmesh.shadow.publish import Publisher
from slskmesh.shadow.resolve import Progress, Resolver
from slskmesh.shadow.rotation import Topic
from slskmesh.work import Budget

_PROVED_MAX: Final = 4096
_PROVED_EACH: Final = 8


class ShadowStatus(msgspec.Struct, frozen=True):
    """For the screens. `shards` are in the table now, of `releases` and `recordings` held; `trouble` in words."""

    shards: int = 0
    releases: int = 0
    recordings: int = 0
    trouble: str = ""


class ShadowIndex:
    """Publishing and resolving. Built on the trio thread; `run` owns the publishing."""

    def __init__(
        self,
        index: Index,
        calls: Calls,
        reach: Reach,
        shelf: Shelf,
        cached: Cached,
        regard: Regard,
        *,
        me: PeerId,
        connected: Neighbourhood,
        enabled: Callable[[], bool],
        rng: random.Random,
        wall: Callable[[], float],
        clock: Callable[[], float] = trio.current_time,
    ) -> None:
        self._wall, self._cached, self._me = wall, cached, me
        self._proved: OrderedDict[str, dict[bytes, None]] = OrderedDict()
        self._publisher = Publisher(
            index, shelf, cached, me=me, enabled=enabled, rng=rng, wall=wall, clock=clock
        )
        self._resolver = Resolver(index, calls, reach, regard, me=me, connected=connected, rng=rng, wall=wall)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Publishes by turns until cancelled."""
        task_status.started()
        await self._publisher.run()

    def changed(self) -> None:
        """The library was scanned or `mesh.shadow_index.enabled` switched: what is told of is looked at again."""
        self._publisher.changed()

    def verified(
        self, release: str | None, recording: str, content: bytes, peers: Iterable[PeerId] = ()
    ) -> None:
        """A job verified a file, with data of `peers`: its release comes up at once, so that others find us."""
        topic = Topic("release", release) if release else Topic("recording", recording)
        self._publisher.first_hand.note(topic, tuple(peers), self._wall())
        self._publisher.ask(topic)
        contents = self._proved.setdefault(recording, {})
        self._proved.move_to_end(recording)
        contents[content] = None
        if len(contents) > _PROVED_EACH:
            del contents[next(iter(contents))]
        if len(self._proved) > _PROVED_MAX:
            self._proved.popitem(last=False)

    def proved(self, recording: str) -> frozenset[bytes]:
        """Contents of a recording that were verified here since the start."""
        return frozenset(self._proved.get(recording, ()))

    def shared(self, content: bytes) -> None:
        """A file that is no known music was fetched and is offered: its content comes up at once."""
        self._publisher.ask(Topic("content", content.hex()))

    def wanted(self, kind: str, mbid: str) -> None:
        """A peer asked for what we hold: it comes up soon, a few a minute."""
        self._publisher.wanted(Topic(kind, mbid))

    async def resolve_release(
        self, mbid: str, budget: Budget, progress: Progress | None = None
    ) -> Resolution:
        """Who holds something of a release. BudgetSpent where nothing could be asked; ends after 30 s at most."""
        return await self._resolver.resolve("release", mbid, budget, progress)

    async def resolve_recording(
        self, mbid: str, budget: Budget, progress: Progress | None = None
    ) -> Resolution:
        """Who holds a recording, on any release or none; as `resolve_release`."""
        return await self._resolver.resolve("recording", mbid, budget, progress)

    async def resolve_content(
        self, content: bytes, budget: Budget, progress: Progress | None = None
    ) -> Resolution:
        """Who says to hold a content and was reached: the swarm asks those for it; as `resolve_release`."""
        return await self._resolver.resolve("content", content.hex(), budget, progress)

    def holders(self, kind: str, mbid: str) -> tuple[Holding, ...]:
        """Peers that gave us verified data of it."""
        known = self._publisher.first_hand.holders(Topic(kind, mbid))
        return tuple(Holding(peer, max(0, int(seen))) for peer, seen in known.items())

    def lister(self, records: Records, services: Callable[[], Sequence[str]]) -> Lister:
        """What shows the person everything that is told of this peer; `services` names those exposed now."""
        return Lister(self._publisher, records, self._cached, me=self._me, services=services)

    def status(self) -> ShadowStatus:
        """How telling stands."""
        releases, recordings = self._publisher.counts
        return ShadowStatus(self._publisher.in_force, releases, recordings, self._publisher.trouble)
