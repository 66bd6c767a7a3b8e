"""The `Datagrams` port over UDP sockets, one a family. Errors of the network are lost datagrams.

Rules: sockets come and go while the port is used (`bind` again moves it, `close` leaves nobody to hear); an address of
a family that has no socket cannot be reached; a reader waits when its datagrams are not taken, and the system drops.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from typing import Final

import trio

from slskmesh.dht import networks
from slskmesh.dht.networks import Address, plain
from slskmesh.errors import UserError

_READ: Final = 2048  # bytes; longer datagrams are cut and then refused
_INBOX: Final = 64
_PORT_TRIES: Final = 8  # free ports tried until both families have the same
_WILDCARDS: Final = ("", "0.0.0.0", "::")
_NO_FAMILY: Final = (
    errno.EAFNOSUPPORT,
    errno.EADDRNOTAVAIL,
)  # a machine without IPv6, or with it switched off


class Sockets:
    """UDP sockets of one node: at most one of IPv4 and one of IPv6. Datagrams are heard while `run` runs."""

    def __init__(self) -> None:
        self._sockets: dict[bool, trio.socket.SocketType] = {}
        self._inbox_in, self._inbox = trio.open_memory_channel[tuple[bytes, Address]](_INBOX)
        self._changed = trio.Event()

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where the sockets are bound, IPv4 first."""
        names = [self._sockets[v6].getsockname() for v6 in sorted(self._sockets)]
        return tuple((name[0], name[1]) for name in names)

    def reaches(self, address: Address) -> bool:
        """Whether there is a socket of the address's family."""
        return networks.is_v6(address[0]) in self._sockets

    async def send(self, data: bytes, address: Address) -> None:
        """Hands one datagram to the network; no socket of its family or no route loses it."""
        sock = self._sockets.get(networks.is_v6(address[0]))
        if sock is None:
            await trio.lowlevel.checkpoint()
            return
        try:
            await sock.sendto(data, address)
        except (OSError, trio.ClosedResourceError):
            return

    async def receive(self) -> tuple[bytes, Address]:
        """The next datagram and where it says it came from."""
        return await self._inbox.receive()

    async def run(self) -> None:
        """Reads every socket, those bound later too, until cancelled; then all are closed."""
        reading: set[int] = set()
        try:
            async with trio.open_nursery() as nursery:
                while True:
                    changed = self._changed = trio.Event()
                    for sock in self._sockets.values():
                        if id(sock) not in reading:
                            reading.add(id(sock))
                            nursery.start_soon(self._read, sock, reading)
                    await changed.wait()
        finally:
            self.close()

    async def _read(self, sock: trio.socket.SocketType, reading: set[int]) -> None:
        try:
            while True:
                try:
                    data, source = await sock.recvfrom(_READ)
                except OSError:  # what the system reports of earlier sends
                    await trio.lowlevel.checkpoint()
                    if sock.fileno() < 0:
                        return
                    continue
                await self._inbox_in.send((data, plain((source[0], source[1]))))
        except trio.ClosedResourceError:
            return
        finally:
            reading.discard(id(sock))

    async def bind(self, host: str, port: int) -> tuple[Address, ...]:
        """Listens at `host` and nowhere else any more; a wildcard means IPv4 and, where there is any, IPv6.

        Port 0 takes a free one, the same for both. UserError: that cannot be had; then all stays as it was.
        """
        former = self.addresses
        if any(port == address[1] for address in former):
            self.close()
        try:
            fresh = await _open(host, port)
        except UserError:
            if former and not self._sockets:
                self._take([await _open_one(address[0], address[1]) for address in former])
            raise
        self.close()
        self._take(fresh)
        return self.addresses

    def _take(self, fresh: Iterable[trio.socket.SocketType]) -> None:
        self._sockets = {sock.family == socket.AF_INET6: sock for sock in fresh}
        self._changed.set()

    def close(self) -> None:
        """Closes the sockets; nothing is heard or sent until `bind`."""
        sockets, self._sockets = self._sockets, {}
        for sock in sockets.values():
            sock.close()


async def _open(host: str, port: int) -> list[trio.socket.SocketType]:
    if host not in _WILDCARDS:
        return [await _open_one(await _numeric(host), port)]
    tries = 1 if port else _PORT_TRIES
    while True:
        tries -= 1
        first = await _open_one("0.0.0.0", port)
        try:
            return [first, await _open_one("::", first.getsockname()[1])]
        except UserError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in _NO_FAMILY:
                return [first]
            first.close()
            if not tries:
                raise
        except BaseException:
            first.close()
            raise


async def _numeric(host: str) -> str:
    try:
        found = await trio.socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise UserError(f"udp {host}: no such address: {error.strerror or error}") from error
    return str(found[0][4][0])


async def _open_one(host: str, port: int) -> trio.socket.SocketType:
    family = socket.AF_INET6 if networks.is_v6(host) else socket.AF_INET
    try:
        sock = trio.socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise UserError(f"udp {host}: {error.strerror or error}") from error
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        await sock.bind((host, port))
    except OSError as error:
        sock.close()
        where = networks.text((host, port))
        raise UserError(f"udp {where}: cannot listen there: {error.strerror or error}") from error
    except BaseException:
        sock.close()
        raise
    return sock
