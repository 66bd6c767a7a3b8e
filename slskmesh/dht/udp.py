"""The `Datagrams` port over one UDP socket, IPv4 or IPv6. Errors of the network are lost datagrams."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import trio

from slskmesh.dht.networks import Address, plain
from slskmesh.errors import UserError

_READ: Final = 2048  # bytes; longer datagrams are cut and then refused


class UdpSocket:
    """One bound socket; `address` is where it listens."""

    def __init__(self, sock: trio.socket.SocketType) -> None:
        self._socket = sock
        name = sock.getsockname()
        self.address: Address = (name[0], name[1])

    async def send(self, data: bytes, address: Address) -> None:
        """Hands one datagram to the network; a host of the other family or no route loses it."""
        if (":" in address[0]) != (self._socket.family == socket.AF_INET6):
            await trio.lowlevel.checkpoint()
            return
        try:
            await self._socket.sendto(data, address)
        except OSError:
            return

    async def receive(self) -> tuple[bytes, Address]:
        """The next datagram; errors that the system reports for earlier sends are skipped."""
        while True:
            try:
                data, source = await self._socket.recvfrom(_READ)
            except OSError:
                await trio.lowlevel.checkpoint()
                if self._socket.fileno() < 0:
                    raise
                continue
            return data, plain((source[0], source[1]))


@asynccontextmanager
async def open_udp(host: str, port: int) -> AsyncIterator[UdpSocket]:
    """Listens at a numeric host. UserError: the address cannot be taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with trio.socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            await sock.bind((host, port))
        except OSError as error:
            raise UserError(f"udp {host}:{port}: cannot listen there: {error.strerror or error}") from error
        yield UdpSocket(sock)
