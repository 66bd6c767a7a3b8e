"""Telling the table what is held: by turns, at a fixed rate, only what is there. Virtual time."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import trio
import trio.testing

from slskmesh.errors import StorageError
from slskmesh.shadow import publish, sketch
from slskmesh.shadow import shard as shards
from slskmesh.shadow.census import Census, key_of
from slskmesh.shadow.index import ShadowIndex, ShadowStatus
from slskmesh.shadow.rotation import SLOTS
from slskmesh.shadow.shard import CHECKED, Shard
from tests.shadow.doubles import (
    TODAY,
    Crowd,
    Shelf,
    Table,
    View,
    held,
    identities,
    mbid,
    release_of,
    standing,
    tally,
)
from tests.sim.net import WALL


def virtual(test: Callable[[trio.Nursery], Awaitable[None]]) -> Callable[[], None]:
    """Runs a test in virtual time with a nursery that ends with it."""

    def run() -> None:
        async def main() -> None:
            async with trio.open_nursery() as nursery:
                await test(nursery)
                nursery.cancel_scope.cancel()

        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))

    return run


class Scene:
    """One peer with a library of `releases` albums of one track; `on` is the switch."""

    def __init__(self, nursery: trio.Nursery, releases: int, *, nodes: int = 40, seed: int = 1) -> None:
        start = trio.current_time()
        self.me, *self.others = identities(6)
        self.wall = lambda: WALL + trio.current_time() - start
        self.table = Table(self.wall)
        self.view = View(self.table, self.me, nodes)
        self.shelf = Shelf([held(n, mbid(100_000 + n), mbid(n)) for n in range(1, releases + 1)])
        self.on = True
        self.shadow = ShadowIndex(
            self.view,
            Crowd(),
            Crowd(),
            self.shelf,
            self.shelf,
            standing(),
            me=self.me.peer,
            connected=list,
            enabled=lambda: self.on,
            rng=random.Random(seed),
            wall=self.wall,
        )
        self.nursery = nursery

    async def start(self) -> None:
        await self.nursery.start(self.shadow.run)

    def told(self, kind: str, name: str) -> Shard | None:
        record = self.table.records.get(key_of(kind, name), {}).get(self.me.peer)
        return shards.decode(record.payload) if record is not None else None


@virtual
async def test_a_small_library_is_told_of_whole_and_says_so(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 12)
    scene.shelf.tracks.append(held(900, mbid(7000)))  # on no release
    scene.shelf.catalogue[mbid(3)] = release_of(mbid(3), [mbid(100_003), mbid(5)])
    await scene.start()
    await trio.sleep(60)
    assert scene.view.mine() == {key_of("release", mbid(n)) for n in range(1, 13)} | {
        key_of("recording", mbid(7000))
    }
    assert scene.shadow.status() == ShadowStatus(13, 12, 13)
    told = scene.told("release", mbid(3))
    assert told is not None and (told.level, told.held, told.total) == (CHECKED, 1, 2)
    assert tally(scene.view.log) == {"publish": 13}
    assert scene.told("recording", mbid(100_003)) is None  # told of as its release
    assert all(
        record.expiry <= scene.wall() + shards.TTL
        for found in scene.table.records.values()
        for record in found.values()
    )


@virtual
async def test_two_hundred_in_force_and_sixty_a_minute_whatever_the_size(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 700)
    await scene.start()
    await trio.sleep(13 * 3600)
    times = [when for _, _, when in scene.view.log]
    busiest = max(sum(1 for t in times if at <= t < at + 60) for at in times)
    assert busiest <= publish.PER_MINUTE
    assert len(scene.view.mine()) == SLOTS
    assert len(scene.view.log) <= 2 * 4 * SLOTS
    assert len({key for word, key, _ in scene.view.log if word == "publish"}) >= 400


@virtual
async def test_switching_off_withdraws_everything_and_on_tells_again(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 6)
    await scene.start()
    await trio.sleep(30)
    scene.on = False
    scene.shadow.changed()
    await trio.sleep(30)
    assert not scene.view.mine() and scene.shadow.status().shards == 0
    scene.shadow.verified(mbid(1), mbid(100_001), bytes(32))
    await trio.sleep(120)
    assert not scene.view.mine()
    scene.on = True
    scene.shadow.changed()
    await trio.sleep(30)
    assert len(scene.view.mine()) == 6


@virtual
async def test_files_that_are_gone_are_withdrawn(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 30)
    await scene.start()
    await trio.sleep(90)
    del scene.shelf.tracks[:3]
    scene.shadow.changed()  # a scan found out
    await trio.sleep(30)
    assert len(scene.view.mine()) == 27
    del scene.shelf.tracks[:2]  # nobody says so
    await trio.sleep(11 * 60)
    assert len(scene.view.mine()) == 25 and scene.shadow.status().shards == 25


@virtual
async def test_more_tracks_of_a_release_are_told_soon(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 3)
    await scene.start()
    await trio.sleep(30)
    scene.shelf.tracks.append(held(800, mbid(8000), mbid(2)))
    scene.shadow.changed()
    await trio.sleep(30)
    told = scene.told("release", mbid(2))
    assert told is not None and told.held == 2


@virtual
async def test_a_verified_track_comes_up_at_once_in_a_large_library(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 900)
    await scene.start()
    await trio.sleep(1200)
    fresh = mbid(50_000)
    scene.shelf.tracks.append(held(950, mbid(9000), fresh))
    scene.shadow.verified(fresh, mbid(9000), b"c" * 32, [scene.others[0].peer])
    await trio.sleep(15)
    told = scene.told("release", fresh)
    assert told is not None
    salt = Census("release", fresh, scene.wall()).salt(told.day)
    assert told.sketch == sketch.of([scene.me.peer, scene.others[0].peer], salt)
    assert scene.shadow.proved(mbid(9000)) == {b"c" * 32}
    assert [one.peer for one in scene.shadow.holders("release", fresh)] == [scene.others[0].peer]


@virtual
async def test_verified_before_the_library_has_it_is_told_once_it_does(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 3)
    await scene.start()
    await trio.sleep(30)
    scene.shadow.verified(mbid(60_000), mbid(9000), b"c" * 32)
    await trio.sleep(30)
    assert scene.told("release", mbid(60_000)) is None
    scene.shelf.tracks.append(held(950, mbid(9000), mbid(60_000)))
    scene.shadow.changed()
    await trio.sleep(30)
    assert scene.told("release", mbid(60_000)) is not None


@virtual
async def test_contents_are_told_of_when_asked_to(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 2)
    await scene.start()
    content = scene.shelf.tracks[0].file.content
    scene.shadow.shared(content)
    scene.shadow.shared(bytes(32))
    await trio.sleep(30)
    assert scene.told("content", content.hex()) is not None
    assert scene.told("content", bytes(32).hex()) is None


@virtual
async def test_what_others_tell_goes_into_our_sketch_as_far_as_a_quorum_says(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 1)
    key = key_of("release", mbid(1))
    salt = Census("release", mbid(1), WALL).salt(TODAY)
    far = sketch.of([one.peer for one in identities(30, seed=99)], salt)
    for one in scene.others[:4]:
        scene.table.put(one, key, shards.encode(Shard(0, 1, 0, TODAY, sketch=far)))
    scene.table.put(scene.others[4], key, shards.encode(Shard(0, 1, 0, TODAY, sketch=b"\xff" * 64)))
    await scene.start()
    await trio.sleep(30)
    told = scene.told("release", mbid(1))
    assert told is not None
    seen = sketch.of([scene.me.peer, *(one.peer for one in scene.others)], salt)
    assert told.sketch == sketch.merge(far, seen)


@virtual
async def test_nothing_goes_out_before_there_is_a_table(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 4, nodes=0)
    await scene.start()
    await trio.sleep(60)
    assert not scene.view.log
    scene.view.nodes = 1
    await trio.sleep(60)
    assert tally(scene.view.log)["publish"] == 4


@virtual
async def test_a_database_that_fails_is_told_of_and_tried_again(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 4)
    scene.shelf.broken = StorageError("the database cannot be read")
    await scene.start()
    await trio.sleep(60)
    assert scene.shadow.status().trouble == "the database cannot be read"
    scene.shelf.broken = None
    await trio.sleep(120)
    assert len(scene.view.mine()) == 4 and not scene.shadow.status().trouble


@virtual
async def test_an_idle_library_is_asked_little(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 150)
    await scene.start()
    await trio.sleep(3600)
    before = scene.shelf.questions
    await trio.sleep(1800)
    assert scene.shelf.questions - before <= 10 * 60 + 200  # audits, and one lap


@virtual
async def test_what_is_remembered_is_bounded(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 0)
    peers = [one.peer for one in scene.others]
    for n in range(6000):
        scene.shadow.verified(mbid(n), mbid(1), n.to_bytes(32, "big"), peers)
        scene.shadow.verified(None, mbid(n), n.to_bytes(32, "big"), [n.to_bytes(32, "big")])  # type: ignore[list-item]
    assert len(scene.shadow.proved(mbid(1))) == 8
    assert (
        not scene.shadow.holders("release", mbid(0))
        and len(scene.shadow.holders("recording", mbid(5999))) == 1
    )


@virtual
async def test_peers_that_ask_bring_up_a_few_a_minute_and_nothing_twice(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 600)
    await scene.start()
    await trio.sleep(1200)
    before = len(scene.view.log)
    told = next(n for n in range(1, 601) if key_of("release", mbid(n)) in scene.view.mine())
    for _ in range(50):
        scene.shadow.wanted("release", mbid(told))
    await trio.sleep(60)
    assert len(scene.view.log) == before
    for n in range(1, 601):
        scene.shadow.wanted("release", mbid(n))
    await trio.sleep(60)
    assert len(scene.view.log) - before == 2 * publish.WISHES_MINUTE  # one goes for each that comes


@virtual
async def test_an_album_verified_track_by_track_is_told_again_only_when_it_grew(
    nursery: trio.Nursery,
) -> None:
    scene = Scene(nursery, 3)
    await scene.start()
    await trio.sleep(30)
    for n in range(12):
        scene.shadow.verified(mbid(1), mbid(200 + n), n.to_bytes(32, "big"))
        await trio.sleep(5)
    assert tally(scene.view.log) == {"publish": 3}
    scene.shelf.tracks.append(held(800, mbid(200), mbid(1)))
    scene.shadow.verified(mbid(1), mbid(200), bytes(32))
    await trio.sleep(5)
    assert tally(scene.view.log) == {"publish": 4}
