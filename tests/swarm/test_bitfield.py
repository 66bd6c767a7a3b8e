"""Sets of chunks against Python's own sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import PeerError
from slskmesh.swarm.bitfield import ChunkSpace

subsets = st.integers(1, 300).flatmap(
    lambda chunks: st.tuples(st.just(chunks), st.sets(st.integers(0, chunks - 1)), st.integers(0, chunks - 1))
)


@given(subsets)
def test_it_behaves_like_a_set(case: tuple[int, set[int], int]) -> None:
    chunks, wanted, start = case
    space = ChunkSpace(chunks)
    bits = space.of(wanted)
    assert list(space.walk(bits)) == sorted(wanted)
    assert space.flags(bits) == bytes(chunk in wanted for chunk in range(chunks))
    assert space.parse(space.pack(bits)) == bits
    assert bits.bit_count() == len(wanted)
    assert all(space.holds(bits, chunk) == (chunk in wanted) for chunk in range(chunks))
    if wanted:
        assert space.first(bits) == min(wanted)
        assert space.first_from(bits, start) == min((c for c in wanted if c >= start), default=min(wanted))


def test_most_significant_bit_first() -> None:
    assert ChunkSpace(10).pack(ChunkSpace(10).of([0, 9])) == b"\x80\x40"
    assert ChunkSpace(10).pack(ChunkSpace(10).full) == b"\xff\xc0"
    assert ChunkSpace(0).pack(0) == b"" and ChunkSpace(0).flags(0) == b""


@pytest.mark.parametrize("field", [b"", b"\xff", b"\xff\xff\xff", b"\xff\xe0", b"\x00\x01"])
def test_wrong_length_and_spare_bits_are_the_peers_fault(field: bytes) -> None:
    with pytest.raises(PeerError) as caught:
        ChunkSpace(10).parse(field)
    assert caught.value.code == "bad-bitfield"
