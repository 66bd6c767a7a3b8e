"""A TLS 1.3 client made by hand (RFC 8446), for the lies that no TLS library lets its user tell.

It shows one certificate and signs with any key, leaves messages out or repeats recorded ones. X25519,
TLS_AES_128_GCM_SHA256 and Ed25519 only; it believes whatever the server shows. Told the truth, it is an ordinary
client: the tests prove that first, so that a refusal later is a refusal of the lie.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from typing import NamedTuple

import trio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ALPN = b"slskmesh/1"
ALERT, HANDSHAKE, DATA = 21, 22, 23
CHANGE_CIPHER_SPEC = 20
SERVER_HELLO, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED = 2, 11, 15, 20
CLIENT_CONTEXT = b"TLS 1.3, client CertificateVerify"
ZERO = bytes(32)


class AlertError(Exception):
    """The server ended the handshake or the line: a TLS alert, or plain end of file."""


class Lie(NamedTuple):
    """What the client shows, signs with, and how."""

    certificate: bytes  # DER
    key: Ed25519PrivateKey
    verify: bool = True  # send CertificateVerify at all
    context: bytes = CLIENT_CONTEXT
    signature: bytes | None = None  # in place of a fresh one


def short(data: bytes) -> bytes:
    """A vector with one byte of length."""
    return bytes([len(data)]) + data


def long(data: bytes) -> bytes:
    """A vector with two bytes of length."""
    return struct.pack(">H", len(data)) + data


def message(kind: int, body: bytes) -> bytes:
    """A handshake message."""
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def extension(kind: int, body: bytes) -> bytes:
    """One extension of a ClientHello."""
    return struct.pack(">H", kind) + long(body)


def expand(secret: bytes, label: str, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label for outputs of at most one hash."""
    info = struct.pack(">H", length) + short(b"tls13 " + label.encode()) + short(context)
    return hmac.digest(secret, info + b"\1", "sha256")[:length]


def extract(salt: bytes, secret: bytes) -> bytes:
    """HKDF-Extract."""
    return hmac.digest(salt, secret, "sha256")


class Keys:
    """One direction's record protection."""

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self._aead = AESGCM(expand(secret, "key", b"", 16))
        self._iv = expand(secret, "iv", b"", 12)
        self._sequence = 0

    def _nonce(self) -> bytes:
        mask = self._sequence.to_bytes(12, "big")
        self._sequence += 1
        return bytes(a ^ b for a, b in zip(self._iv, mask, strict=True))

    def seal(self, kind: int, body: bytes) -> bytes:
        """A protected record."""
        header = struct.pack(">BHH", DATA, 0x0303, len(body) + 17)
        return header + self._aead.encrypt(self._nonce(), body + bytes([kind]), header)

    def unseal(self, header: bytes, body: bytes) -> tuple[int, bytes]:
        """Content type and content of a protected record."""
        plain = self._aead.decrypt(self._nonce(), body, header).rstrip(b"\0")
        return plain[-1], plain[:-1]


class HandmadeClient:
    """One connection; `sent` is every byte it put on the wire."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._rest = b""
        self._transcript = b""
        self._write: Keys | None = None
        self._read: Keys | None = None
        self.sent = b""

    async def handshake(self, lie: Lie) -> None:
        """The whole client side; returns when its last flight left (the server has not judged it yet)."""
        secret = X25519PrivateKey.generate()
        hello = client_hello(secret.public_key().public_bytes_raw())
        self._transcript = hello
        await self.send_raw(struct.pack(">BH", HANDSHAKE, 0x0301) + long(hello))
        answer = await self._handshake_message(SERVER_HELLO)
        shared = secret.exchange(X25519PublicKey.from_public_bytes(server_share(answer)))
        early = extract(ZERO, ZERO)
        middle = extract(expand(early, "derived", hashlib.sha256().digest(), 32), shared)
        self._read = Keys(expand(middle, "s hs traffic", self._hash(), 32))
        self._write = Keys(expand(middle, "c hs traffic", self._hash(), 32))
        await self._handshake_message(FINISHED)
        master = extract(expand(middle, "derived", hashlib.sha256().digest(), 32), ZERO)
        after = Keys(expand(master, "c ap traffic", self._hash(), 32))
        self._read = Keys(expand(master, "s ap traffic", self._hash(), 32))
        await self.send_raw(self._write.seal(HANDSHAKE, self._last_flight(lie, self._write.secret)))
        self._write = after

    def _last_flight(self, lie: Lie, secret: bytes) -> bytes:
        entry = len(lie.certificate).to_bytes(3, "big") + lie.certificate + long(b"")
        flight = message(CERTIFICATE, short(b"") + len(entry).to_bytes(3, "big") + entry)
        self._transcript += flight
        if lie.verify:
            signed = b" " * 64 + lie.context + b"\0" + self._hash()
            signature = lie.signature or lie.key.sign(signed)
            verify = message(CERTIFICATE_VERIFY, struct.pack(">H", 0x0807) + long(signature))
            self._transcript += verify
            flight += verify
        proof = hmac.digest(expand(secret, "finished", b"", 32), self._hash(), "sha256")
        return flight + message(FINISHED, proof)

    def _hash(self) -> bytes:
        return hashlib.sha256(self._transcript).digest()

    async def send_raw(self, data: bytes) -> None:
        """Puts bytes on the wire as they are."""
        self.sent += data
        await self._stream.send_all(data)

    async def send(self, data: bytes) -> None:
        """Sends application data."""
        assert self._write is not None
        await self.send_raw(self._write.seal(DATA, data))

    async def receive(self) -> bytes:
        """Application data of one record; AlertError where the server refuses instead."""
        kind, body = await self._record()
        if kind != DATA:
            raise AlertError(f"record of type {kind}: {body.hex()}")
        return body

    async def _handshake_message(self, last: int) -> bytes:
        """Handshake messages up to the first of type `last`, into the transcript; returns that one's body."""
        while True:
            kind, body = await self._record()
            if kind != HANDSHAKE:
                raise AlertError(f"record of type {kind}: {body.hex()}")
            self._transcript += body
            while body:
                size = int.from_bytes(body[1:4], "big")
                if body[0] == last:
                    return body[4 : 4 + size]
                body = body[4 + size :]

    async def _record(self) -> tuple[int, bytes]:
        while True:
            header = await self._exactly(5)
            kind, _, size = struct.unpack(">BHH", header)
            body = await self._exactly(size)
            if kind == CHANGE_CIPHER_SPEC:
                continue
            if kind == DATA and self._read is not None:
                return self._read.unseal(header, body)
            return kind, body

    async def _exactly(self, size: int) -> bytes:
        while len(self._rest) < size:
            try:
                data = await self._stream.receive_some(65536)
            except trio.BrokenResourceError:
                data = b""
            if not data:
                raise AlertError("end of file")
            self._rest += data
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def client_hello(share: bytes) -> bytes:
    """A ClientHello that offers TLS 1.3 alone."""
    extensions = b"".join(
        (
            extension(43, short(struct.pack(">H", 0x0304))),
            extension(10, long(struct.pack(">H", 0x001D))),
            extension(13, long(struct.pack(">H", 0x0807))),
            extension(51, long(struct.pack(">H", 0x001D) + long(share))),
            extension(16, long(short(ALPN))),
        )
    )
    ciphers = long(struct.pack(">H", 0x1301))
    return message(
        1, struct.pack(">H", 0x0303) + os.urandom(32) + short(b"") + ciphers + short(b"\0") + long(extensions)
    )


def server_share(hello: bytes) -> bytes:
    """The server's X25519 share."""
    position = 34 + 1 + hello[34] + 3 + 2
    while position < len(hello):
        kind, size = struct.unpack_from(">HH", hello, position)
        if kind == 51:
            return hello[position + 8 : position + 4 + size]
        position += 4 + size
    raise AlertError("no key share in the ServerHello")
