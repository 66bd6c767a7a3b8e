"""Attackers' certificates and TLS ends, made with `cryptography` and stdlib ssl alone.

Nothing here uses the product's own code but the text of its root certificate, so that a fault there cannot hide
here. The root's private key is public by design: anyone may issue leaves from it.
"""

from __future__ import annotations

import datetime
import hashlib
import ssl
import tempfile
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from slskmesh.identity.certificate import ROOT_PEM

ALPN = "slskmesh/1"
ROOT_KEY = Ed25519PrivateKey.from_private_bytes(
    hashlib.sha256(b"slskmesh overlay root 1: this private key is public").digest()
)
ROOT = x509.load_pem_x509_certificate(ROOT_PEM.encode())
BEGIN, END = datetime.datetime(2000, 1, 1), datetime.datetime(2199, 12, 31)

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey


class Papers(NamedTuple):
    """What one end shows: a certificate chain (leaf first) and the key it signs the handshake with."""

    chain: bytes
    key: PrivateKey

    @property
    def signer(self) -> Ed25519PrivateKey:
        """The key, where it is an Ed25519 key."""
        assert isinstance(self.key, Ed25519PrivateKey)
        return self.key

    @property
    def public(self) -> bytes:
        """The raw 32-byte Ed25519 public key of `key`."""
        return self.signer.public_key().public_bytes_raw()

    @property
    def leaf(self) -> bytes:
        """DER of the first certificate of the chain."""
        return x509.load_pem_x509_certificates(self.chain)[0].public_bytes(serialization.Encoding.DER)


def name(text: str) -> x509.Name:
    """A distinguished name of one common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issue(
    key: PrivateKey,
    issuer_key: Ed25519PrivateKey,
    issuer: x509.Name,
    subject: str = "slskmesh peer",
    ca: bool = False,
) -> bytes:
    """PEM of a certificate over `key`'s public half."""
    usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(END)
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .add_extension(usage, critical=True)
    )
    return builder.sign(issuer_key, None).public_bytes(serialization.Encoding.PEM)


def honest() -> Papers:
    """A new peer as the protocol wants it: an Ed25519 leaf of the public root."""
    key = Ed25519PrivateKey.generate()
    return Papers(issue(key, ROOT_KEY, ROOT.subject), key)


def self_signed() -> Papers:
    """A leaf signed by its own key, with the root's name as issuer."""
    key = Ed25519PrivateKey.generate()
    return Papers(issue(key, key, ROOT.subject), key)


def foreign_root() -> Papers:
    """A leaf of another root that has the public root's name, sent with that root."""
    other, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    chain = issue(key, other, ROOT.subject) + issue(
        other, other, ROOT.subject, "slskmesh public root 1", ca=True
    )
    return Papers(chain, key)


def through_leaf(middle: Papers) -> Papers:
    """A leaf that `middle`, itself an honest leaf, issued."""
    key = Ed25519PrivateKey.generate()
    subject = x509.load_pem_x509_certificate(middle.chain).subject
    return Papers(issue(key, middle.signer, subject, "under a peer") + middle.chain, key)


def root_itself() -> Papers:
    """The public root's own certificate and key, shown as if it were a peer."""
    return Papers(ROOT_PEM.encode(), ROOT_KEY)


def root_as_leaf() -> Papers:
    """A proper leaf of the root over the root's own key: everyone holds that key, so it is nobody."""
    return Papers(issue(ROOT_KEY, ROOT_KEY, ROOT.subject), ROOT_KEY)


def p256() -> Papers:
    """A proper leaf of the root over a P-256 key."""
    key = generate_ec(SECP256R1())
    return Papers(issue(key, ROOT_KEY, ROOT.subject), key)


def context(
    papers: Papers | None,
    *,
    server: bool = False,
    alpn: str | None = ALPN,
    highest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> ssl.SSLContext:
    """A context that shows `papers` and accepts whatever the other side shows."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.load_verify_locations(cadata=ROOT_PEM)
    made.verify_mode = ssl.CERT_REQUIRED if server else ssl.CERT_NONE
    made.maximum_version = highest
    if alpn is not None:
        made.set_alpn_protocols([alpn])
    if papers is not None:
        load(made, papers)
    return made


def load(made: ssl.SSLContext, papers: Papers) -> None:
    """Loads a chain and key through a file, as ssl wants it; ssl.SSLError where they do not match."""
    pem = papers.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "papers.pem")
        path.write_bytes(papers.chain + pem)
        made.load_cert_chain(path)
