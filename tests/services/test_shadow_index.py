"""The service shadow-index: what it tells, what it costs, what it never does; and resolving over real lines."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from slskmesh.errors import UserError
from slskmesh.fabric.port import Caller
from slskmesh.fabric.status import CallFailed, Status
from slskmesh.identity.peerid import PeerId
from slskmesh.library.rows import LibraryStats
from slskmesh.mbid import mbid_bytes
from slskmesh.services.shadow_index import ShadowIndexService, rounded
from slskmesh.shadow import shard as shards
from slskmesh.shadow.census import key_of
from slskmesh.shadow.descriptors import (
    SERVICE,
    AskMbid,
    AskMissing,
    AskRecording,
    AskRelease,
    AskStats,
    Holding,
    MbidAnswer,
    MissingTracks,
    StatsAnswer,
)
from slskmesh.shadow.resolve import Resolver
from slskmesh.shadow.shard import Shard
from slskmesh.work import BudgetSpent, LocalBudget, RemoteBudget
from tests.fabric.pairs import over_tls
from tests.shadow.doubles import TODAY, Shelf, Table, View, held, mbid, release_of, standing
from tests.sim.net import WALL

RELEASE = mbid(1)
RECORDINGS = [str(mbid(100 + n)) for n in range(5)]
ME, OTHER, BLOCKED = (PeerId(bytes([n]) * 32) for n in (1, 2, 3))


class Offers(Shelf):
    async def stats(self) -> LibraryStats:
        return LibraryStats(12_345, 98_765_432_100)


class Shadow:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.known: list[Holding] = []

    def wanted(self, kind: str, one: str) -> None:
        self.asked.append((kind, one))

    def holders(self, kind: str, one: str) -> list[Holding]:
        return self.known


def service(shelf: Offers | None = None, shadow: Shadow | None = None) -> ShadowIndexService:
    shelf = shelf or Offers([held(n, RECORDINGS[n], RELEASE, track=n + 1) for n in range(3)])
    return ShadowIndexService(
        shelf,
        shelf,
        shadow or Shadow(),
        me=ME,
        may_ask=lambda peer: peer != BLOCKED,
        policy=lambda: (3, 500_000),
        wall=lambda: WALL,
    )


def caller(peer: PeerId = OTHER, units: int = 10) -> Caller:
    return Caller(peer, RemoteBudget([], units))


async def call(one: ShadowIndexService, method: str, ask: Any, who: Caller | None = None) -> Any:
    entry = one.methods()[method]
    if entry.handler is not None:
        return await entry.handler(who or caller(), ask)
    assert entry.stream is not None
    return [part async for part in entry.stream(who or caller(), ask)]


async def test_a_descriptor_tells_what_is_held_and_on_what_terms() -> None:
    shadow = Shadow()
    (part,) = await call(service(shadow=shadow), "SwarmDescriptor", AskRelease(mbid_bytes(RELEASE)))
    assert part.release == mbid_bytes(RELEASE) and (part.upload_slots, part.max_rate) == (3, 500_000)
    assert [one.recording for one in part.variants] == [mbid_bytes(one) for one in RECORDINGS[:3]]
    assert shadow.asked == [("release", RELEASE)]
    (empty,) = await call(service(shadow=shadow), "SwarmDescriptor", AskRelease(mbid_bytes(mbid(2))))
    assert empty.variants == () and len(shadow.asked) == 1


async def test_a_long_descriptor_comes_in_parts_and_one_content_once() -> None:
    shelf = Offers([held(n, RECORDINGS[0], RELEASE) for n in range(450)] + [held(7, RECORDINGS[1], RELEASE)])
    parts = await call(service(shelf), "SwarmDescriptor", AskRelease(mbid_bytes(RELEASE)))
    assert [len(part.variants) for part in parts] == [200, 200, 50]


async def test_bundles_queries_and_missing_tracks() -> None:
    shadow = Shadow()
    shadow.known = [Holding(OTHER, 5), Holding(ME[::-1], 6), Holding(bytes(32), 7)]
    shelf = Offers([held(n, RECORDINGS[n], RELEASE) for n in range(3)], [release_of(RELEASE, RECORDINGS)])
    one = service(shelf, shadow)
    bundle = await call(one, "FingerprintBundle", AskRecording(mbid_bytes(RECORDINGS[1])))
    assert [variant.recording for variant in bundle.variants] == [mbid_bytes(RECORDINGS[1])]
    answer: MbidAnswer = await call(one, "QueryByMbid", AskMbid("release", mbid_bytes(RELEASE)))
    assert answer.held and [holding.peer for holding in answer.holders] == [ME, bytes(32), ME[::-1]]
    missing: MissingTracks = await call(one, "GetMissingTracks", AskMissing(mbid_bytes(RELEASE)))
    assert missing == MissingTracks(5, tuple(mbid_bytes(one) for one in RECORDINGS[3:]))
    unknown: MissingTracks = await call(one, "GetMissingTracks", AskMissing(mbid_bytes(mbid(9))))
    assert unknown == MissingTracks(0, ())  # nobody is asked for it
    with pytest.raises(UserError, match="release, recording"):
        await call(one, "QueryByMbid", AskMbid("label", mbid_bytes(RELEASE)))


async def test_counts_are_rounded() -> None:
    stats: StatsAnswer = await call(service(), "GetLibraryStats", AskStats())
    assert (stats.files, stats.size, stats.releases, stats.recordings) == (12_000, 98_000_000_000, 1, 3)
    assert [rounded(n) for n in (0, 9, 99, 100, 199, 9_999)] == [0, 9, 99, 100, 190, 9_900]


@pytest.mark.parametrize(
    ("method", "ask"),
    [
        ("SwarmDescriptor", AskRelease(mbid_bytes(RELEASE))),
        ("FingerprintBundle", AskRecording(mbid_bytes(RELEASE))),
        ("QueryByMbid", AskMbid("release", mbid_bytes(RELEASE))),
        ("GetMissingTracks", AskMissing(mbid_bytes(RELEASE))),
        ("GetLibraryStats", AskStats()),
    ],
)
async def test_the_blocked_get_nothing_and_everything_costs(method: str, ask: Any) -> None:
    with pytest.raises(CallFailed) as caught:
        await call(service(), method, ask, caller(BLOCKED))
    assert caught.value.status is Status.FORBIDDEN
    who = caller()
    await call(service(), method, ask, who)
    assert who.budget.spent == 1
    with pytest.raises(BudgetSpent):
        await call(service(), method, ask, caller(units=0))


async def test_a_holder_is_resolved_over_a_real_line(tmp_path: Path) -> None:
    """Shard in the table, TLS session, fabric call, descriptor in parts, holder."""
    async with over_tls(tmp_path) as (a, b, node_a, node_b):
        shelf = Offers([held(n, RECORDINGS[n % 5], RELEASE) for n in range(260)])
        b.fabric.offer(service(shelf))
        b.allowed.append(SERVICE)
        table = Table()
        table.put(node_b.identity, key_of("release", RELEASE), shards.encode(Shard(0, 5, 0, TODAY)))

        class Reach:
            async def reach(self, peer: PeerId, budget: Any) -> Any:
                return node_a.overlay.sessions[peer]

        resolver = Resolver(
            View(table, node_a.identity),
            a.fabric,
            Reach(),
            standing(),
            me=a.peer,
            connected=list,
            rng=random.Random(1),
            wall=lambda: WALL,
        )
        found = await resolver.resolve("release", RELEASE, LocalBudget())
        assert [holder.peer for holder in found.holders] == [b.peer]
        assert len(found.holders[0].variants) == 260 and found.holders[0].upload_slots == 3
        found = await resolver.resolve("release", str(mbid(2)), LocalBudget())
        assert found.holders == () and found.publishers == 0
