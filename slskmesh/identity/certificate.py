"""Certificates that bind TLS to peer ids. The only module that knows the cryptography package.

- The root's private key is public (made from a constant below). It conveys no trust: it only satisfies
  OpenSSL's check of the chain, so that CERT_REQUIRED makes both ends show a certificate.
- What proves a peer is TLS 1.3's own CertificateVerify, a signature of the leaf's key over the handshake.
- The peer is the leaf's Ed25519 key. All else in a certificate is free text of its sender and is not read.
- A leaf is a pure function of its seed: the same bytes on every machine.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import warnings
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from slskmesh.errors import PeerError, UserError
from slskmesh.identity import signing
from slskmesh.identity.peerid import PeerId

ALPN: Final = "slskmesh/1"

# Far away on both sides, so that a peer with a wrong clock still gets through.
_NOT_BEFORE = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
_NOT_AFTER = datetime.datetime(2199, 12, 31, tzinfo=datetime.UTC)
_ROOT_SEED = hashlib.sha256(b"slskmesh overlay root 1: this private key is public").digest()
_ROOT_KEY = Ed25519PrivateKey.from_private_bytes(_ROOT_SEED)
ROOT_PEER: Final = PeerId(_ROOT_KEY.public_key().public_bytes_raw())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


_ROOT_NAME = _name("slskmesh public root 1")


def _issue(subject: x509.Name, key: Ed25519PublicKey, serial: int, *, root: bool) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not root,
        key_cert_sign=root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_ROOT_NAME)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(_NOT_BEFORE)
        .not_valid_after(_NOT_AFTER)
        .add_extension(x509.BasicConstraints(ca=root, path_length=0 if root else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(_ROOT_KEY.public_key()), critical=False
        )
    )
    return builder.sign(_ROOT_KEY, None)


ROOT_PEM: Final = (
    _issue(_ROOT_NAME, _ROOT_KEY.public_key(), 1, root=True)
    .public_bytes(serialization.Encoding.PEM)
    .decode("ascii")
)


@functools.lru_cache(maxsize=8)
def _leaf(peer: PeerId) -> x509.Certificate:
    serial = int.from_bytes(hashlib.sha256(peer).digest()[:8], "big") | 1
    return _issue(_name("slskmesh peer"), Ed25519PublicKey.from_public_bytes(peer), serial, root=False)


def leaf_certificate(peer: PeerId) -> bytes:
    """The peer's own certificate, DER."""
    return _leaf(peer).public_bytes(serialization.Encoding.DER)


def identity_pem(seed: bytes) -> bytes:
    """Certificate and PKCS8 private key as one PEM text, as `ssl.SSLContext.load_cert_chain` reads it."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    certificate = _leaf(PeerId(key.public_key().public_bytes_raw())).public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate + secret


def seed_of_pem(pem: bytes) -> bytes:
    """The 32-byte secret seed of an identity PEM; UserError says what is wrong with it."""
    begin = pem.find(b"-----BEGIN PRIVATE KEY-----")
    if begin < 0:
        raise UserError("it holds no private key")
    try:
        key = serialization.load_pem_private_key(pem[begin:], password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UserError("its private key is damaged") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError("its private key is not an Ed25519 key")
    seed = key.private_bytes_raw()
    if identity_pem(seed) != pem:
        raise UserError("its certificate and its private key do not belong together")
    return seed


def peer_of_certificate(der: bytes) -> PeerId:
    """The peer that the certificate of a finished handshake stands for; PeerError "bad-certificate" if none."""
    try:
        with (
            warnings.catch_warnings()
        ):  # what is only just tolerated is refused; a peer must not print on our screen
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            key = x509.load_der_x509_certificate(der).public_key()
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        x509.InvalidVersion,
        CryptographyDeprecationWarning,
    ) as error:
        raise PeerError("bad-certificate", "the peer's certificate cannot be read") from error
    if not isinstance(key, Ed25519PublicKey):
        raise PeerError("bad-certificate", "the peer's certificate does not hold an Ed25519 key")
    peer = PeerId(key.public_bytes_raw())
    if peer == ROOT_PEER:
        raise PeerError("bad-certificate", "the peer uses the root's key, which everybody has")
    if not signing.is_key(peer):
        raise PeerError("bad-certificate", "the peer's key is one that nobody owns")
    return peer
