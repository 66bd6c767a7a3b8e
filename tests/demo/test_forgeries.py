"""Each forgery is false in one way, and that one way is what a checker names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slskmesh.demo.forgeries import forgeries, near
from slskmesh.dht.record import KEY, RECORD_MAX, decode, node_id, verify
from slskmesh.errors import PeerError
from slskmesh.identity import signing
from slskmesh.identity.key import Identity

SEEDS = st.binary(min_size=32, max_size=32)
WHY = {
    "wrong signature": "bad-signature",
    "another's key": "bad-signature",
    "changed": "bad-signature",
    "prolonged": "bad-signature",
    "moved from another topic": "bad-signature",
    "expired": "expired",
    "immortal": "too-long",
    "oversized": "bad-record",
}


def identity(seed: bytes) -> Identity:
    return Identity(signing.public_key(seed), seed, Path("unused"))


@given(SEEDS, SEEDS, st.binary(min_size=KEY, max_size=KEY).filter(lambda key: key != key[::-1]))
def test_every_kind_is_refused_for_its_own_reason(mine: bytes, other: bytes, key: bytes) -> None:
    assume(mine != other)
    made = forgeries(identity(mine), signing.public_key(other), key, 1_700_000_000.7)
    assert [one.kind for one in made] == list(WHY)
    for one in made:
        assert len(one.data) <= RECORD_MAX
        with pytest.raises(PeerError) as error:
            verify(decode(one.data), key, 1_700_000_000.7)
        assert error.value.code == WHY[one.kind], one.kind


def test_what_it_changed_is_true_without_the_change() -> None:
    """The moved one is a good record where it belongs: it is refused for its place alone."""
    me, key, now = identity(b"m" * 32), bytes(range(KEY)), 1_700_000_000.0
    moved = next(one for one in forgeries(me, me.peer, key, now) if one.kind.startswith("moved"))
    verify(decode(moved.data), key[::-1], now)


def test_a_place_near_the_key_is_found_by_trying() -> None:
    key = bytes(KEY)
    assert node_id(near(key).peer)[0] == 0


def test_trying_ends() -> None:
    seen = []

    def entropy(size: int) -> bytes:
        seen.append(size)
        return b"s" * size

    assert near(node_id(signing.public_key(b"s" * 32)), entropy).seed == b"s" * 32
    assert len(seen) == 1
