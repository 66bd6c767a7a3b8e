import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import PeerError
from slskmesh.identity import signing
from slskmesh.identity.peerid import PeerId
from slskmesh.identity.signing import Domain

SEED = bytes(range(32))
PEER = signing.public_key(SEED)
SMALL_ORDER = (
    bytes(32),
    b"\1" + bytes(31),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
)


def test_known_signature() -> None:
    assert signing.sign(SEED, Domain.INVITE, b"body").hex() == (
        "5ea50a3f2b1b31c4861fc3407cad62945e0189215902d825288012514ed0c389"
        "f6e3d39cf7f2d10c114acbf9ab96d9a338fa9f97ddfa45bab55ab33a09775a08"
    )
    signing.verify(PEER, Domain.INVITE, b"body", signing.sign(SEED, Domain.INVITE, b"body"))


@given(st.binary(max_size=64), st.integers(0, 64 * 8 - 1))
def test_a_flipped_bit_is_refused(body: bytes, bit: int) -> None:
    signature = bytearray(signing.sign(SEED, Domain.INVITE, body))
    signature[bit // 8] ^= 1 << bit % 8
    with pytest.raises(PeerError) as caught:
        signing.verify(PEER, Domain.INVITE, body, bytes(signature))
    assert caught.value.code == "bad-signature"


def test_other_text_other_peer_and_other_domain_are_refused() -> None:
    signature = signing.sign(SEED, Domain.INVITE, b"body")
    other = signing.public_key(hashlib.sha256(b"other").digest())
    for peer, body in ((PEER, b"bodx"), (PEER, b"body "), (other, b"body")):
        with pytest.raises(PeerError):
            signing.verify(peer, Domain.INVITE, body, signature)
    bare = signing.nacl.signing.SigningKey(SEED).sign(b"body").signature
    with pytest.raises(PeerError):
        signing.verify(PEER, Domain.INVITE, b"body", bare)


@given(st.binary(max_size=70), st.binary(max_size=70))
def test_any_bytes_are_refused_as_a_peers_fault(peer: bytes, signature: bytes) -> None:
    with pytest.raises(PeerError):
        signing.verify(PeerId(peer), Domain.INVITE, b"body", signature)


@pytest.mark.parametrize("key", SMALL_ORDER, ids=lambda key: key.hex()[:4])
def test_keys_nobody_owns_are_no_keys(key: bytes) -> None:
    assert not signing.is_key(key)
    assert signing.is_key(PEER)
