import hashlib
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import PeerError, UserError
from slskmesh.identity import certificate, signing
from slskmesh.identity.certificate import leaf_certificate, peer_of_certificate

SEED = bytes(range(32))
PEER = signing.public_key(SEED)
LEAF = leaf_certificate(PEER)


def test_certificates_are_the_same_bytes_everywhere() -> None:
    assert (
        hashlib.sha256(LEAF).hexdigest() == "7492158e88712be6a5aa608a20b91e7e344a5dcea56ed816993dfe718f24dc54"
    )
    assert hashlib.sha256(certificate.ROOT_PEM.encode()).hexdigest() == (
        "95300de87178187e288b42016903eddb3e671153d1a665c7b01ed6e922195e5b"
    )


def test_the_leaf_names_its_peer() -> None:
    assert peer_of_certificate(LEAF) == PEER


def test_ssl_loads_the_identity_and_the_root(tmp_path: Path) -> None:
    file = tmp_path / "identity.pem"
    file.write_bytes(certificate.identity_pem(SEED))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.load_verify_locations(cadata=certificate.ROOT_PEM)
    assert len(context.get_ca_certs()) == 1


def test_the_seed_comes_back_from_the_pem() -> None:
    assert certificate.seed_of_pem(certificate.identity_pem(SEED)) == SEED


def test_the_roots_own_key_is_no_peer() -> None:
    root = ssl.PEM_cert_to_DER_cert(certificate.ROOT_PEM)
    for der in (root, leaf_certificate(certificate.ROOT_PEER)):
        with pytest.raises(PeerError, match="root's key"):
            peer_of_certificate(der)


def _self_signed(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    built = builder.not_valid_before(certificate._NOT_BEFORE).not_valid_after(certificate._NOT_AFTER)
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def test_another_kind_of_key_is_no_peer() -> None:
    with pytest.raises(PeerError, match="Ed25519"):
        peer_of_certificate(_self_signed(ec.generate_private_key(ec.SECP256R1())))


def test_a_key_nobody_owns_is_no_peer() -> None:
    place = LEAF.index(PEER)
    with pytest.raises(PeerError, match="nobody owns"):
        peer_of_certificate(LEAF[:place] + bytes(32) + LEAF[place + 32 :])


@given(st.integers(0, len(LEAF) - 1), st.binary(min_size=1, max_size=3))
def test_a_mutated_certificate_gives_a_peer_or_a_peer_error(place: int, change: bytes) -> None:
    try:
        assert len(peer_of_certificate(LEAF[:place] + change + LEAF[place + len(change) :])) == 32
    except PeerError as error:
        assert error.code == "bad-certificate"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_peers_fault(der: bytes) -> None:
    with pytest.raises(PeerError):
        peer_of_certificate(der)


def test_a_pem_of_two_identities_is_refused() -> None:
    other = certificate.identity_pem(bytes(32))
    mine = certificate.identity_pem(SEED)
    cut = mine.index(b"-----BEGIN PRIVATE")
    with pytest.raises(UserError, match="belong together"):
        certificate.seed_of_pem(mine[:cut] + other[other.index(b"-----BEGIN PRIVATE") :])


def test_another_kind_of_private_key_is_refused() -> None:
    secret = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(UserError, match="Ed25519"):
        certificate.seed_of_pem(secret)
    with pytest.raises(UserError, match="no private key"):
        certificate.seed_of_pem(b"")


def test_keys_of_both_libraries_agree() -> None:
    assert Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw() == PEER
