"""Reading the shards of a key: only what is signed, fresh and of this key counts."""

from __future__ import annotations

import msgspec

from slskmesh.dht import record as records
from slskmesh.shadow import shard as shards
from slskmesh.shadow import sketch
from slskmesh.shadow.census import Census, key_of
from slskmesh.shadow.shard import Shard
from tests.shadow.doubles import TODAY, identities, mbid
from tests.sim.net import WALL

RELEASE = mbid(1)
KEY = key_of("release", RELEASE)
GOOD = shards.encode(Shard(0, 3, 0, TODAY))


def record(
    identity: records.Identity, payload: bytes = GOOD, key: bytes = KEY, ttl: float = 6 * 3600
) -> records.Record:
    return records.make(identity, key, 1, int(WALL + ttl), payload)


def census(*found: records.Record, leave_out: tuple[bytes, ...] = ()) -> Census:
    return Census("release", RELEASE, WALL).take(found, leave_out)


def test_valid_shards_count_by_publisher() -> None:
    a, b, me = identities(3)
    found = census(record(a), record(b), record(me), leave_out=(me.peer,))
    assert set(found.shards) == {a.peer, b.peer}
    assert found.estimate() == 2 and not found.refused


def test_forged_moved_expired_immortal_stale_and_unreadable_ones_are_refused_each_by_its_word() -> None:
    who = identities(8)
    good = record(who[0])
    forged = msgspec.structs.replace(record(who[1]), publisher=who[2].peer)
    changed = msgspec.structs.replace(record(who[3]), payload=shards.encode(Shard(0, 9, 0, TODAY)))
    moved = record(who[4], key=key_of("release", mbid(2)))
    expired = record(who[5], ttl=-1)
    immortal = record(who[6], ttl=23 * 3600)
    found = census(
        good,
        forged,
        changed,
        moved,
        expired,
        immortal,
        record(who[7], shards.encode(Shard(0, 3, 0, TODAY - 4))),
        record(who[2], shards.encode(Shard(0, 3, 0, TODAY + 2))),
        record(who[1], b"\x01rubbish"),
    )
    assert set(found.shards) == {who[0].peer}
    assert found.refused == {
        "forged": 3,
        "expired": 1,
        "living too long": 1,
        "of another day": 2,
        "unreadable": 1,
    }


def test_newer_versions_are_counted_apart() -> None:
    a, b = identities(2)
    found = census(record(a), record(b, bytes([2]) + b"whatever comes"))
    assert len(found.shards) == 1 and found.newer == 1 and not found.refused


def test_a_crowd_that_agrees_is_believed_and_one_network_is_one_voice() -> None:
    crowd = identities(40)
    many = sketch.of([bytes([n]) * 32 for n in range(200)], sketch.salt_of("release", b"", 0))
    salt = census().salt(TODAY)
    others = sketch.of([one.peer for one in identities(200, seed=9)], salt)
    honest = [record(one, shards.encode(Shard(0, 3, 0, TODAY, sketch=others))) for one in crowd[:20]]
    liars = [record(one, shards.encode(Shard(0, 3, 0, TODAY, sketch=b"\xff" * 64))) for one in crowd[20:]]
    assert many != others
    assert 170 <= census(*honest).estimate() <= 280
    all_of_them = census(*honest, *liars)
    assert all_of_them.estimate() > 100_000  # half of all keys are the liar's: keys alone cannot tell
    networks = {one.peer: "203.0.113.0/24" for one in crowd[20:]} | {
        one.peer: f"20.0.{n}.0/24" for n, one in enumerate(crowd[:20])
    }
    assert 170 <= all_of_them.estimate(networks) <= 280


def test_last_weeks_sketches_count_as_long_as_they_tell_of_more() -> None:
    first = TODAY - TODAY % sketch.EPOCH_DAYS
    wall = first * 86_400 + 60.0
    before = first - 1
    salt = sketch.salt_of("release", bytes.fromhex(RELEASE.replace("-", "")), before)
    others = sketch.of([one.peer for one in identities(50, seed=9)], salt)
    found = [
        records.make(one, KEY, 1, int(wall + 3600), shards.encode(Shard(0, 3, 0, before, sketch=others)))
        for one in identities(4)
    ]
    assert 40 <= Census("release", RELEASE, wall).take(found).estimate() <= 65
