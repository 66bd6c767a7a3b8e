"""Sketches: merging, what liars can do, how wrong they are."""

from __future__ import annotations

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.shadow import sketch

SALT = sketch.salt_of("release", bytes(16), 20_000)
sketches = st.binary(min_size=sketch.SKETCH_BYTES, max_size=sketch.SKETCH_BYTES)
keys = st.sets(st.binary(min_size=32, max_size=32), max_size=40)


def peers(count: int, seed: int = 1) -> list[bytes]:
    rng = random.Random(seed)
    return [rng.randbytes(32) for _ in range(count)]


@given(sketches, sketches, sketches)
def test_merging_is_commutative_associative_and_idempotent(a: bytes, b: bytes, c: bytes) -> None:
    assert sketch.merge(a, b) == sketch.merge(b, a)
    assert sketch.merge(sketch.merge(a, b), c) == sketch.merge(a, sketch.merge(b, c)) == sketch.merge(a, b, c)
    assert sketch.merge(a, a) == a == sketch.merge(a, sketch.EMPTY)


@given(keys, keys)
def test_no_peer_counts_twice(here: set[bytes], there: set[bytes]) -> None:
    assert sketch.merge(sketch.of(here, SALT), sketch.of(there, SALT)) == sketch.of(here | there, SALT)


@given(sketches, sketches)
def test_merging_never_lowers_a_count(a: bytes, b: bytes) -> None:
    assert sketch.count(sketch.merge(a, b)) >= max(sketch.count(a), sketch.count(b)) - 1e-6


@pytest.mark.parametrize("holders", [1, 10, 64, 300, 1000, 20_000])
def test_the_count_is_about_right(holders: int) -> None:
    wrong = []
    for trial in range(12):
        salt = sketch.salt_of("release", trial.to_bytes(16, "big"), 1)
        wrong.append(abs(sketch.count(sketch.of(peers(holders, trial), salt)) / holders - 1))
    assert sum(wrong) / len(wrong) < 0.12
    assert max(wrong) < 0.35


def test_two_releases_and_two_weeks_cannot_be_joined() -> None:
    some = peers(40)
    salts = [
        sketch.salt_of(kind, bytes([n]) * 16, day)
        for kind in ("release", "recording")
        for n in (1, 2)
        for day in (1, 9)
    ]
    assert len({sketch.of(some, salt) for salt in salts}) == len(salts)
    assert sketch.same_epoch(7, 13)
    assert not sketch.same_epoch(6, 7)


def test_one_liar_makes_no_million_of_ten() -> None:
    honest = peers(10)
    everyone = sketch.of(honest, SALT)
    claims = {key: [everyone] for key in honest}
    liar = b"\xff" * 32
    claims[liar] = [b"\xff" * sketch.SKETCH_BYTES]
    assert sketch.estimate(claims, [*honest, liar], SALT) <= 13


@given(st.integers(3, 40), st.integers(0, 40), sketches, st.booleans())
def test_fewer_than_a_third_raise_nothing(honest: int, liars: int, lie: bytes, one_network: bool) -> None:
    liars = min(liars, sketch.quorum(honest + (1 if one_network else liars)) - 1)
    true = sketch.of(peers(honest), SALT)
    claims: dict[object, list[bytes]] = {n: [true] for n in range(honest)}
    if one_network:
        claims["network"] = [lie] * 50
    else:
        while sketch.quorum(honest + liars) <= liars:
            liars -= 1
        claims |= {f"liar {n}": [lie] for n in range(liars)}
    assert sketch.supported(claims) == sketch.merge(sketch.supported(claims), sketch.EMPTY)
    assert sketch.merge(sketch.supported(claims), true) == true


@given(keys, st.dictionaries(st.integers(), st.lists(sketches, max_size=2), max_size=12))
def test_never_fewer_than_the_publishers_seen(seen: set[bytes], claims: dict[int, list[bytes]]) -> None:
    assert sketch.estimate(dict(claims), seen, SALT) >= len(seen)


def test_ground_keys_inflate_no_more_than_there_are_registers_for() -> None:
    """An owner may search for keys with great ranks; each moves one register, the empty ones hold the count down."""
    salt, rng = SALT, random.Random(3)
    ground: dict[int, bytes] = {}
    while len(ground) < 32:
        key = rng.randbytes(32)
        number = int.from_bytes(hashlib.sha256(salt + key).digest()[:8], "big")
        if number // sketch.REGISTERS % 256 == 0:  # rank 9 and more
            ground.setdefault(number % sketch.REGISTERS, key)
    keys_seen = [*peers(10), *ground.values()]
    assert sketch.estimate({}, keys_seen, salt) <= 55


def test_a_lone_voice_and_none_support_nothing() -> None:
    assert sketch.supported({}) == sketch.EMPTY
    assert sketch.supported({1: [b"\xff" * sketch.SKETCH_BYTES]}) == sketch.EMPTY


def test_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        sketch.count(b"\0" * 63)
