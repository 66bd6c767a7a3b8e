"""What is shown of what is published: exactly what is out, to the byte, and what comes next."""

from __future__ import annotations

import msgspec
import trio
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.dht import topics
from slskmesh.dht.endpoints import encode_endpoints
from slskmesh.shadow import listing as module
from slskmesh.shadow import shard as shards
from slskmesh.shadow.census import key_of
from slskmesh.shadow.listing import Lister, say_shard
from slskmesh.shadow.shard import Shard
from tests.shadow.doubles import Crowd, Shelf, held, identities, mbid, release_of
from tests.shadow.test_over_the_table import shadow_of
from tests.shadow.test_publish import Scene, virtual
from tests.sim.net import Town, simulate


class Ours:
    """The records of one peer of a table in memory."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def ours(self) -> dict[bytes, tuple[bytes, float]]:
        me = self.scene.me.peer
        found = self.scene.table.records
        return {key: (by[me].payload, 3600.0) for key, by in found.items() if me in by}


def lister_of(scene: Scene) -> Lister:
    return scene.shadow.lister(Ours(scene), lambda: ["shadow-index"])


@virtual
async def test_everything_that_is_out_is_shown_to_the_byte(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 3)
    scene.shelf.tracks.append(held(900, mbid(7000)))
    scene.shelf.catalogue[mbid(3)] = release_of(mbid(3), [mbid(100_003), mbid(5)])
    await scene.start()
    await trio.sleep(60)
    await scene.view.publish(topics.service("shadow-index"), b"described", 3600)
    await scene.view.publish(topics.peer_endpoints(scene.me.peer), encode_endpoints([("127.0.0.1", 99)]), 60)
    await scene.view.publish(b"k" * 20, b"\xff\x01", 60)
    found = await lister_of(scene).listing()
    out = {told.key: told for told in found.out}
    assert {key: told.payload for key, told in out.items()} == {
        key: payload for key, (payload, _) in Ours(scene).ours().items()
    }
    third = out[key_of("release", mbid(3))]
    assert third.kind == "shard" and third.says[:2] == (
        "1 of 2 tracks held: places 1",
        "held against the catalogue",
    )
    assert "1 track FLAC, lossless, 16 bit" in third.says[2] and third.title
    assert out[topics.service("shadow-index")].says == (
        "this peer offers the service shadow-index to callers",
    )
    assert out[topics.peer_endpoints(scene.me.peer)].says == ("this peer can be reached at 127.0.0.1:99",)
    assert (out[b"k" * 20].kind, out[b"k" * 20].says) == (
        "other",
        ("2 bytes that are told of nowhere else: ff01",),
    )
    assert found.lines[0].startswith("7 records of ") and "4 shards, 1 service, 1 of where" in found.lines[0]
    said = " ".join(word for told in found.out for word in told.says)
    for private in ("Hidden", "hidden", "Secret", "somebody"):
        assert private not in said
        assert not any(private.encode() in told.payload for told in found.out)


@virtual
async def test_what_is_shown_as_next_is_what_is_said_next(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 300)
    await scene.start()
    await trio.sleep(20)
    before = Ours(scene).ours()
    shown = await lister_of(scene).listing(10)
    assert len(shown.next) == 10 and not {told.key for told in shown.next} & before.keys()
    await trio.sleep(60)
    after = Ours(scene).ours()
    for told in shown.next:
        expected, said = shards.decode(told.payload), shards.decode(after[told.key][0])
        assert expected is not None and said is not None
        assert (
            msgspec.structs.replace(said, sketch=expected.sketch) == expected
        )  # all but the count of others
    newest = [key for act, key, _ in scene.view.log if act == "publish"][len(before) :]
    assert set(newest[:10]) == {told.key for told in shown.next}


@virtual
async def test_switched_off_nothing_comes_and_what_leaves_is_told(nursery: trio.Nursery) -> None:
    scene = Scene(nursery, 40)
    await scene.start()
    await trio.sleep(60)
    scene.on = False
    scene.shadow.changed()
    await trio.sleep(10)
    found = await lister_of(scene).listing()
    assert found.next == () and 0 < len(found.leaving) < 40 and len(found.out) < 40
    await trio.sleep(60)
    found = await lister_of(scene).listing()
    assert found.out == () and found.leaving == ()
    assert found.lines[0].startswith("0 records of 0 bytes are out")


def test_over_a_real_table_the_listing_is_what_others_read() -> None:
    async def body(town: Town) -> None:
        (me,) = identities(1, seed=5)
        tracks = [held(n, mbid(100 + n), mbid(1)) for n in range(3)]
        mesh = await town.settle(me)
        async with trio.open_nursery() as nursery:
            shadow = shadow_of(town, mesh, me, Crowd(), Shelf(tracks))
            await nursery.start(shadow.run)
            await trio.sleep(30)
            shown = await shadow.lister(mesh.publications, list).listing()
            assert [told.name for told in shown.out] == [f"release {mbid(1)}"]
            [read] = await mesh.fetch(key_of("release", mbid(1)))
            assert read.payload == shown.out[0].payload
            nursery.cancel_scope.cancel()

    simulate(body, nodes=12)


@given(
    level=st.integers(0, 1),
    held_=st.integers(1, 300),
    more=st.integers(0, 300),
    places=st.sets(st.integers(1, 256), max_size=40),
)
def test_every_shard_has_words(level: int, held_: int, more: int, places: set[int]) -> None:
    total = held_ + more if places or more else 0
    shard = Shard(
        level, max(held_, len(places)), max(total, held_, len(places)), 20_000, shards.bitmap(places)
    )
    words = say_shard(shards.encode(shard))
    assert f"{shard.held} of {shard.total} track" in words[0]
    assert all(str(place) in words[0] for place in sorted(places)[: module._PLACES_SHOWN])


def test_what_cannot_be_read_is_said_to_be_so() -> None:
    assert say_shard(b"\x01junk")[0].startswith("unreadable: ")
    assert say_shard(b"\x7fnew") == ("of a newer version",)
