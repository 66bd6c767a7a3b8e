"""Discovery on the local network: a small multicast hint now and then says where a node's UDP port is.

Rules:
- TTL 1 and link scope: nothing leaves the link; what was not sent to the group on it is not heard (the sockets are
  bound to the group itself). Switched off, every socket is closed.
- A hint proves nothing: whoever it names is greeted like anybody else, and its overlay port is only a place to dial a
  key at. Hints are heard at most 5 a second, sent about once a minute on each interface.
- `magic 12 bytes | u8 version 1 | u16be UDP port | u16be overlay port | 8 bytes that tell a node its own hints`.
"""

from __future__ import annotations

import random
import socket
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import trio

from slskmesh.dht import networks
from slskmesh.dht.networks import Address, plain
from slskmesh.dht.rates import Bucket

GROUP_V4: Final = "239.192.83.77"
GROUP_V6: Final = "ff02::534d:7368"
GROUP_PORT: Final = 50299
_MAGIC: Final = b"slskmesh-lan"
_FORM: Final = struct.Struct(">12sBHH8s")
_VERSION: Final = 1
_FIRST: Final = (0.2, 2.0, 8.0)  # seconds before the first hints
_EVERY: Final = 60.0
_RENEW: Final = 300.0  # seconds between looks at which interfaces there are
_INTERFACES_MAX: Final = 8
_HEARD_RATE: Final = 5.0
_HEARD_BURST: Final = 30.0
_PORTS_MAX: Final = 256
_LOOPBACK: Final = "lo"


@dataclass(slots=True)
class _Link:
    """One interface and family: where hints are heard, and sent from a node whose UDP port is `port`."""

    heard: trio.socket.SocketType
    sender: trio.socket.SocketType
    group: tuple[str, int] | tuple[str, int, int, int]
    port: int


class Lan:
    """Says where we are and calls `heard` for each node that does; off until `switch`."""

    def __init__(
        self,
        rng: random.Random,
        clock: Callable[[], float],
        heard: Callable[[Address], None],
        group_port: int | None = None,
    ) -> None:
        self._rng, self._clock, self._tell = rng, clock, heard
        self._group_port = group_port or GROUP_PORT
        self._own = rng.randbytes(8)
        self._bound: tuple[Address, ...] = ()
        self._overlay = 0
        self._overlay_ports: OrderedDict[Address, int] = OrderedDict()
        self._bucket = Bucket(_HEARD_RATE, _HEARD_BURST, _HEARD_BURST, clock())
        self._changed = trio.Event()
        self.on = False
        self.links = 0  # interfaces and families open now

    def switch(self, on: bool, overlay_port: int) -> None:
        """On or off; hints name `overlay_port`, 0 none."""
        self.on, self._overlay = on, overlay_port
        self._changed.set()

    def announce(self, bound: Sequence[Address]) -> None:
        """The UDP addresses to tell of; without any nothing is told or heard."""
        self._bound = tuple(bound)
        self._changed.set()

    def overlay_port(self, address: Address) -> int | None:
        """The overlay port that a hint from this host and UDP port named lately."""
        return self._overlay_ports.get(address)

    async def run(self) -> None:
        """Tells and hears while it is on and something is bound, until cancelled."""
        while True:
            changed = self._changed = trio.Event()
            async with trio.open_nursery() as nursery:
                if self.on and self._bound:
                    nursery.start_soon(self._live)
                await changed.wait()
                nursery.cancel_scope.cancel()

    async def _live(self) -> None:
        while True:
            with trio.move_on_after(_RENEW), ExitStack() as stack:
                links = [
                    stack.enter_context(_open_link(address, interface, self._group_port))
                    for address in self._bound
                    for interface in _interfaces(address)
                ]
                opened = [link for link in links if link is not None]
                self.links = len(opened)
                stack.callback(setattr, self, "links", 0)
                async with trio.open_nursery() as nursery:
                    for link in opened:
                        nursery.start_soon(self._hear, link)
                        nursery.start_soon(self._announce, link)
                    await trio.sleep_forever()

    async def _announce(self, link: _Link) -> None:
        hint = _FORM.pack(_MAGIC, _VERSION, link.port, self._overlay, self._own)
        waits = iter(_FIRST)
        while True:
            await trio.sleep(next(waits, _EVERY) * self._rng.uniform(0.75, 1.25))
            with suppress(OSError):
                await link.sender.sendto(hint, link.group)

    async def _hear(self, link: _Link) -> None:
        while True:
            try:
                data, source = await link.heard.recvfrom(_FORM.size + 1)
            except OSError:
                await trio.lowlevel.checkpoint()
                continue
            self.take(data, (source[0], source[1]))

    def take(self, data: bytes, source: Address) -> None:
        """One datagram of the group; what is no hint of another node is passed over."""
        if len(data) != _FORM.size or not self._bucket.take(self._clock()):
            return
        magic, version, port, overlay, who = _FORM.unpack(data)
        if magic != _MAGIC or version != _VERSION or who == self._own or not port:
            return
        host, _ = plain(source)
        if networks.is_v6(host) and host.startswith("fe80:"):  # no address without its interface
            return
        address = host, port
        if overlay:
            self._overlay_ports[address] = overlay
            self._overlay_ports.move_to_end(address)
            if len(self._overlay_ports) > _PORTS_MAX:
                self._overlay_ports.popitem(last=False)
        self._tell(address)


def _interfaces(bound: Address) -> list[int]:
    """Interfaces for a UDP socket bound there; 0 is the one that has this very address."""
    host = bound[0]
    if host == "::1":
        return [index for index, name in socket.if_nameindex() if name == _LOOPBACK]
    if networks.is_v6(host) or host == "0.0.0.0":
        return [index for index, _ in socket.if_nameindex()][:_INTERFACES_MAX]
    return [0]


@contextmanager
def _open_link(bound: Address, interface: int, port: int) -> Iterator[_Link | None]:
    """The sockets of one interface; None where it has no multicast of that family."""
    v6 = networks.is_v6(bound[0])
    family = socket.AF_INET6 if v6 else socket.AF_INET
    with ExitStack() as stack:
        try:
            heard = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            sender = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
            heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            join = _join_v6 if v6 else _join_v4
            group = join(heard, sender, bound[0], interface, port)
        except OSError:
            link = None
        else:
            link = _Link(
                trio.socket.from_stdlib_socket(heard), trio.socket.from_stdlib_socket(sender), group, bound[1]
            )
            stack.callback(link.heard.close)
            stack.callback(link.sender.close)
        yield link


def _join_v4(
    heard: socket.socket, sender: socket.socket, host: str, interface: int, port: int
) -> tuple[str, int]:
    own = socket.inet_aton(host if not interface else "0.0.0.0")
    where = struct.pack("@4s4si", socket.inet_aton(GROUP_V4), own, interface)
    heard.bind((GROUP_V4, port))
    heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, where)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, where)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    return GROUP_V4, port


def _join_v6(
    heard: socket.socket, sender: socket.socket, host: str, interface: int, port: int
) -> tuple[str, int, int, int]:
    loopback = socket.if_indextoname(interface) == _LOOPBACK
    own = "::1" if loopback else _own_v6() if host == "::" else host
    group = GROUP_V6, port, 0, interface
    heard.bind(group)
    where = socket.inet_pton(socket.AF_INET6, GROUP_V6) + struct.pack("@i", interface)
    heard.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, where)
    sender.bind((own, 0))
    sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, interface)
    sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 1)
    sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 1)
    return group


def _own_v6() -> str:
    """This machine's outgoing IPv6 address; nothing is sent to find it. OSError: there is none."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.connect(("2001:db8::1", 9))
        return str(probe.getsockname()[0])
