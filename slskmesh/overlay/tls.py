"""Mutual TLS 1.3 whose peers prove an Ed25519 identity, over a trio socket (design.md 2.4; research p2p.md 4.3).

Rules:
- TLS 1.3 only, ALPN "slskmesh/1", certificates from both ends, no tickets, no resumption, no server name.
- The chain check is satisfied by a root whose key is public: it conveys no trust. The identity is the leaf's key,
  proven by CertificateVerify; everything else in a certificate is the peer's free text and is ignored.
- One task reads and one task writes. Nothing is copied twice: received records are decrypted straight into the
  caller's buffer, and many records are decrypted per receive (`trio.SSLStream` hands out one 16 KiB record a call).
- This is the only module that knows `ssl`; its errors leave here as PeerError.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Protocol

import trio

from slskmesh.errors import PeerError
from slskmesh.identity.certificate import ROOT_PEM, peer_of_certificate
from slskmesh.identity.peerid import PeerId

ALPN = "slskmesh/1"
_RECEIVE_START = 16 * 1024
_RECEIVE_MAX = 512 * 1024


class Throttle(Protocol):
    """A limit on what is received."""

    def portion(self) -> int:
        """Bytes to take from the socket at once, at most."""

    async def took(self, count: int) -> None:
        """`count` bytes were taken; returns when more may be."""


def make_context(identity_file: Path, *, server: bool) -> ssl.SSLContext:
    """Context of one role, built once a process: about a millisecond."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=ROOT_PEM)
    context.load_cert_chain(identity_file)
    context.set_alpn_protocols([ALPN])
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
    if server:
        context.num_tickets = 0
    return context


class TlsStream:
    """An encrypted stream over one connected socket; owns the socket."""

    def __init__(self, sock: trio.socket.SocketType, context: ssl.SSLContext, *, server: bool) -> None:
        self._sock = sock
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server)
        self._buffer = memoryview(bytearray(_RECEIVE_START))
        self._cut = False  # a record left half-way; whatever followed it would look like forgery
        self.throttle: Throttle | None = None
        self.taken = 0  # bytes received
        self.given = 0  # bytes the kernel took to send

    async def handshake(self) -> PeerId:
        """Completes the handshake and returns the peer's proven key. PeerError "handshake" on any refusal."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._receive()
            except ssl.SSLError as error:
                await self._flush_alert()
                raise PeerError("handshake", f"TLS handshake refused: {_reason(error)}") from error
            else:
                await self._flush()
                return self._proven_peer()

    def _proven_peer(self) -> PeerId:
        tls = self._tls
        if tls.version() != "TLSv1.3" or tls.selected_alpn_protocol() != ALPN or tls.session_reused:
            raise PeerError("handshake", "the peer speaks another protocol than slskmesh/1 over TLS 1.3")
        der = tls.getpeercert(binary_form=True)
        if not der:
            raise PeerError("handshake", "the peer showed no certificate")
        return peer_of_certificate(der)

    async def receive_exactly(self, view: memoryview) -> None:
        """Fills `view`. PeerError "gone" if the peer closed first, "tls" if a record was forged or damaged."""
        position, size = 0, len(view)
        tls = self._tls
        while position < size:
            try:
                got = tls.read(size - position, view[position:])
            except ssl.SSLWantReadError:
                await self._receive()
                continue
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError) as error:
                raise _gone() from error
            except ssl.SSLError as error:
                raise PeerError("tls", f"damaged TLS record: {_reason(error)}") from error
            if not got:
                raise _gone()
            position += int(got)

    async def send(self, buffers: list[bytes | memoryview]) -> int:
        """Encrypts and sends the buffers in order; returns the bytes that went to the socket."""
        for data in buffers:
            try:
                self._tls.write(data)
            except ssl.SSLError as error:
                raise PeerError("gone", f"the line broke: {_reason(error)}", blame=False) from error
        return await self._flush()

    def not_sent_low(self, size: int) -> None:
        """Asks the kernel to hold at most about `size` unsent bytes, where it can (Linux TCP_NOTSENT_LOWAT)."""
        option = getattr(trio.socket, "TCP_NOTSENT_LOWAT", None)
        if option is not None:
            self._sock.setsockopt(trio.socket.IPPROTO_TCP, option, size)

    async def close(self, linger: float) -> None:
        """Says close_notify if that takes no longer than `linger` seconds, then closes the socket."""
        with trio.move_on_after(linger) as scope:
            scope.shield = True
            try:
                self._tls.unwrap()
            except (ssl.SSLError, ValueError):
                pass  # the peer's own close_notify is not waited for
            if not self._cut:
                await self._flush_alert()
        self._sock.close()

    def abort(self) -> None:
        """Closes the socket at once."""
        self._sock.close()

    async def _receive(self) -> None:
        try:
            into = self._buffer if self.throttle is None else self._buffer[: self.throttle.portion()]
            count = await self._sock.recv_into(into)
        except (OSError, trio.ClosedResourceError) as error:
            raise _gone() from error
        if not count:
            raise _gone()
        self.taken += count
        self._incoming.write(self._buffer[:count])
        if count == len(self._buffer) < _RECEIVE_MAX:
            self._buffer = memoryview(bytearray(len(self._buffer) * 2))
        if self.throttle is not None:
            await self.throttle.took(count)

    async def _flush(self) -> int:
        if not self._outgoing.pending:
            return 0
        data = memoryview(self._outgoing.read())
        size = len(data)
        self._cut = True
        try:
            while data:
                count = await self._sock.send(data)
                data = data[count:]
                self.given += count
            self._cut = False
        except (OSError, trio.ClosedResourceError) as error:
            raise _gone() from error
        return size

    async def _flush_alert(self) -> None:
        """Lets the peer know why, as far as the line still takes it."""
        try:
            await self._flush()
        except PeerError:
            pass


def _gone() -> PeerError:
    return PeerError("gone", "the peer closed the line", blame=False)


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()
