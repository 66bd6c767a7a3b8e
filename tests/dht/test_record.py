"""Records: one encoding, everything bound by the signature, nothing but PeerError from foreign bytes."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.dht import record as records
from slskmesh.errors import PeerError
from slskmesh.identity.key import Identity
from tests.dht.conftest import identity

KEY = bytes(range(20))
NOW = 1_800_000_000
ALICE = identity(7)


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1), st.binary(max_size=512))
def test_a_record_comes_back_as_it_was(seq: int, expiry: int, payload: bytes) -> None:
    record = records.make(ALICE, KEY, seq, expiry, payload)
    data = records.encode(record)
    assert len(data) <= records.RECORD_MAX
    assert records.decode(data) == record


@given(st.binary(max_size=700))
def test_foreign_bytes_give_a_record_or_a_peer_error(data: bytes) -> None:
    try:
        assert records.encode(records.decode(data)) == data
    except PeerError as error:
        assert error.code == "bad-record"


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_survives(place: int, change: int) -> None:
    data = bytearray(records.encode(records.make(ALICE, KEY, 3, NOW + 60, b"payload")))
    data[place % len(data)] ^= change
    with pytest.raises(PeerError):
        records.verify(records.decode(bytes(data)), KEY, NOW)


def test_another_spelling_of_the_same_record_is_refused() -> None:
    data = records.encode(records.make(ALICE, KEY, 3, NOW + 60, b"payload"))
    with pytest.raises(PeerError, match="spelling"):
        records.decode(b"\xdc\x00\x05" + data[1:])


@pytest.mark.parametrize(
    ("expiry", "code"), [(NOW, "expired"), (NOW - 1, "expired"), (NOW + 86_400 + 301, "too-long")]
)
def test_times_out_of_bounds_are_refused(expiry: int, code: str) -> None:
    with pytest.raises(PeerError) as caught:
        records.verify(records.make(ALICE, KEY, 1, expiry, b""), KEY, NOW)
    assert caught.value.code == code


def test_a_moved_or_borrowed_record_is_refused(identities: list[Identity]) -> None:
    record = records.make(ALICE, KEY, 1, NOW + 60, b"x")
    records.verify(record, KEY, NOW)
    with pytest.raises(PeerError, match="signature"):
        records.verify(record, bytes(20), NOW)
    with pytest.raises(PeerError, match="signature"):
        records.verify(msgspec.structs.replace(record, publisher=identities[0].peer), KEY, NOW)


def test_the_digest_tells_sets_apart_and_not_orders(identities: list[Identity]) -> None:
    made = [records.make(one, KEY, 1, NOW + 60, b"x") for one in identities[:5]]
    assert records.digest(made) == records.digest(made[::-1])
    assert records.digest(made) != records.digest(made[:4])
