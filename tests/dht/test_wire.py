"""Datagrams: what goes out comes in, foreign bytes give PeerError and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.dht import networks, wire
from slskmesh.errors import PeerError

ID = st.binary(min_size=20, max_size=20)
CALL = st.binary(min_size=16, max_size=16)
HINT = st.builds(wire.Hint, ID, st.binary(min_size=6, max_size=18))
TOKEN = st.binary(max_size=8)
FAMILIES, PAD = st.integers(1, 3), st.binary(max_size=64)
BODY = st.one_of(
    st.builds(wire.Hello, ID, st.binary(min_size=16, max_size=16), st.booleans(), PAD),
    st.builds(wire.FindNode, ID, ID, ID, TOKEN, FAMILIES, st.booleans(), PAD),
    st.builds(wire.FindValue, ID, ID, ID, st.binary(max_size=32), TOKEN, FAMILIES, st.booleans(), PAD),
    st.builds(wire.Probe, ID, ID, TOKEN),
    st.builds(wire.Knock, ID, ID, TOKEN, ID, st.binary(min_size=6, max_size=18)),
    st.builds(wire.Probed, st.binary(max_size=18)),
    st.builds(wire.Store, ID, ID, ID, TOKEN, st.lists(st.binary(max_size=60), max_size=12)),
    st.builds(wire.Nodes, TOKEN, st.lists(HINT, max_size=8)),
    st.builds(
        wire.Values,
        TOKEN,
        st.lists(HINT, max_size=8),
        st.lists(st.binary(max_size=40), max_size=8),
        st.binary(min_size=8, max_size=8),
        st.integers(0, 65535),
    ),
    st.builds(wire.Stored, st.lists(st.booleans(), max_size=12)),
)


@given(CALL, BODY)
def test_what_goes_out_comes_in(call: bytes, body: wire.Request | wire.Answer) -> None:
    assert wire.decode(wire.encode(call, body)) == (call, body)


@given(st.binary(max_size=1400))
def test_foreign_bytes_give_a_datagram_or_a_peer_error(data: bytes) -> None:
    for raw in (data, b"\x01" + data):
        try:
            wire.decode(raw)
        except PeerError as error:
            assert error.code == "bad-datagram"


@given(CALL, BODY, st.integers(0, 2000), st.integers(1, 255))
def test_changed_datagrams_give_a_datagram_or_a_peer_error(
    call: bytes, body: wire.Request | wire.Answer, place: int, change: int
) -> None:
    data = bytearray(wire.encode(call, body))
    data[place % len(data)] ^= change
    try:
        wire.decode(bytes(data))
    except PeerError as error:
        assert error.code == "bad-datagram"


@pytest.mark.parametrize(
    "address", [("20.1.2.3", 1), ("2001:db8::7", 65535), ("127.0.0.1", 50300), ("::1", 50300)]
)
def test_endpoints_come_back(address: networks.Address) -> None:
    assert networks.unpack(networks.pack(address)) == address


@pytest.mark.parametrize(
    "data",
    [bytes(6), b"\x14\1\1\1\0\0", b"\xe0\0\0\1\0\1", b"\xff\xff\xff\xff\0\1", bytes(18), bytes(7)],
)
def test_endpoints_nobody_can_answer_at_are_refused(data: bytes) -> None:
    with pytest.raises(PeerError):
        networks.unpack(data)
