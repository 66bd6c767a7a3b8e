"""The table's node as the engine holds it: sockets, state on disk, the way in, our endpoints, its standing.

Rules:
- Everything about the network is `Mesh`; here stands what touches the machine. Disk goes through threads.
- There is no privileged host: saved contacts, then whoever `meet` names, in that order; alone, all of them again.
- What we say of ourselves (`advertise`) is our overlay's addresses, at the host that others see us at.
- A disk that fails costs the saved contacts only: `trouble` tells, and the next save tries again.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import trio

from slskmesh.dht import networks, state, topics
from slskmesh.dht.bootstrap import Bootstrap
from slskmesh.dht.endpoints import decode_endpoints, encode_endpoints
from slskmesh.dht.lan import Lan
from slskmesh.dht.mesh import Mesh
from slskmesh.dht.networks import Address
from slskmesh.dht.node import Clocks, Config
from slskmesh.dht.port import TableStatus
from slskmesh.dht.record import Record, node_id
from slskmesh.dht.skew import Skew
from slskmesh.dht.udp import Sockets
from slskmesh.errors import PeerError, StorageError
from slskmesh.identity.key import Identity
from slskmesh.identity.peerid import PeerId
from slskmesh.work import DHT_READ, Budget

ENDPOINTS_TTL: Final = 3600.0
_SAVE: Final = 240.0
_LOOK: Final = 10.0  # seconds between looks at where others see us
_END_SAVE: Final = 2.0
_COMPANY: Final = 3.0  # seconds after `listen` that a first read waits for the first contact


class DhtNode:
    """Implements `dht.port.Index`. `state` is the file of saved contacts, `clock` monotonic, `wall` Unix seconds."""

    def __init__(
        self,
        identity: Identity,
        state: Path,
        *,
        rng: random.Random,
        clock: Callable[[], float],
        wall: Callable[[], float],
        config: Config | None = None,
    ) -> None:
        self._identity, self._path, self._rng, self._clock, self._wall = identity, state, rng, clock, wall
        self.sockets = Sockets()
        self.mesh = Mesh(identity, self.sockets, Clocks(clock, wall, os.urandom), rng, config or Config())
        self.lan = Lan(rng, clock, self._heard_on_lan)
        self.trouble = ""
        self._bootstrap = Bootstrap(rng)
        self._named = trio.Event()
        self._skew = Skew()
        self._overlay: tuple[Address, ...] = ()
        self._ports: dict[bool, int] = {}  # of our overlay, by whether it is IPv6
        self._said: bytes = b""
        self._listening_since = float("-inf")

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Owns every loop until cancelled, then saves the contacts. Nothing is bound before `listen`."""
        await self._load()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.sockets.run)
                nursery.start_soon(self.mesh.run)
                nursery.start_soon(self.lan.run)
                nursery.start_soon(self._find_others)
                nursery.start_soon(self._keep_state)
                nursery.start_soon(self._follow_our_address)
                task_status.started()
        finally:
            with trio.move_on_after(_END_SAVE, shield=True):
                await self._save()

    # -- sockets and the way in -----------------------------------------------------------------------------------

    async def listen(self, host: str, port: int) -> tuple[str, ...]:
        """Binds UDP there and nowhere else any more; "host:port" of each socket. UserError: it cannot be had."""
        bound = await self.sockets.bind(host, port)
        self.lan.announce(bound)
        self._listening_since = self._clock()
        self._named.set()
        return tuple(map(networks.text, bound))

    def stop_listening(self) -> None:
        """Closes the sockets; records published stay ours and are said again after the next `listen`."""
        self.lan.announce(())
        self.sockets.close()

    def meet(self, addresses: Iterable[Address]) -> None:
        """Names addresses where other nodes may be; they are greeted soon. Foreign texts are passed over."""
        usable = [address for one in addresses if (address := _plain(one))]
        if self._bootstrap.meet(usable, self._clock()):
            self._named.set()

    def set_lan(self, on: bool, overlay_port: int) -> None:
        """Switches discovery on the local network; off closes its sockets. The hints name our overlay's port too."""
        self.lan.switch(on, overlay_port)

    def _heard_on_lan(self, address: Address) -> None:
        self.meet([address])

    async def _find_others(self) -> None:
        while True:
            named = self._named = trio.Event()
            alone = not self.mesh.responder.table.contacts()
            now = self._clock()
            if self.sockets.addresses and (batch := self._bootstrap.take(alone, now)):
                await self.mesh.join(batch)
                continue
            with trio.move_on_after(max(0.05, self._bootstrap.pause(alone, now))):
                await named.wait()

    # -- state ----------------------------------------------------------------------------------------------------

    async def _load(self) -> None:
        try:
            saved = await trio.to_thread.run_sync(state.load, self._path)
        except StorageError as error:
            self.trouble = str(error)
            return
        self._bootstrap.meet(saved, self._clock())

    async def _save(self) -> None:
        contacts = [
            (one.address, one.answered) for one in self.mesh.responder.table.contacts() if one.answered
        ]
        if not contacts:
            return
        try:
            await trio.to_thread.run_sync(state.save, self._path, contacts)
            self.trouble = ""
        except StorageError as error:
            self.trouble = str(error)

    async def _keep_state(self) -> None:
        while True:
            await trio.sleep(_SAVE * self._rng.uniform(0.8, 1.2))
            await self._save()

    # -- what we say of ourselves ---------------------------------------------------------------------------------

    async def advertise(self, overlay: Sequence[Address]) -> None:
        """Publishes where our overlay listens, at the host others see too; none withdraws it.

        Of wildcard hosts only the port counts.
        """
        self._overlay = tuple(address for one in overlay if (address := _plain(one)))
        self._ports = {networks.is_v6(host): port for host, port in reversed(overlay) if 0 < port < 65536}
        await self._say_endpoints()

    async def _say_endpoints(self) -> None:
        found = self._endpoints()
        payload = encode_endpoints(found) if found else b""
        if payload == self._said:
            return
        self._said = payload
        key = topics.peer_endpoints(self._identity.peer)
        if payload:
            await self.publish(key, payload, ENDPOINTS_TTL)
        else:
            await self.withdraw(key)

    def _endpoints(self) -> list[Address]:
        """Our overlay's addresses: seen from outside first; those of the local network only where that is all."""
        found = list(self._overlay)
        for external in self.mesh.external():
            if port := self._ports.get(networks.is_v6(external[0])):
                found.insert(0, (external[0], port))
        outside = [address for address in found if not networks.is_local(address[0])]
        return outside or found

    async def _follow_our_address(self) -> None:
        while True:
            await trio.sleep(_LOOK)
            await self._say_endpoints()

    async def endpoints(self, peer: PeerId, budget: Budget) -> list[Address]:
        """Where `peer` says its overlay listens; only its own record counts. BudgetSpent.

        A peer whose node stands on our local network comes first at its address there, at the port its hint named.
        """
        found: list[Address] = []
        contact = self.mesh.responder.table.get(node_id(peer))
        if contact is not None and (port := self.lan.overlay_port(contact.address)):
            found.append((contact.ip, port))
        for record in await self.fetch(topics.peer_endpoints(peer), budget):
            if record.publisher != peer:
                continue
            try:
                found += decode_endpoints(record.payload)
            except PeerError:
                self.mesh.responder.counts["refused"] += 1
        return list(dict.fromkeys(found))

    # -- the index ------------------------------------------------------------------------------------------------

    async def publish(self, key: bytes, payload: bytes, ttl: float) -> int:
        """As `Index`. ValueError: payload over 512 bytes, ttl not in (0, 24 h], or 4,096 records are ours already."""
        return await self.mesh.publish(key, payload, ttl)

    async def withdraw(self, key: bytes) -> int:
        """As `Index`; the empty record is said until the former one has expired."""
        return await self.mesh.withdraw(key)

    async def fetch(self, key: bytes, budget: Budget) -> list[Record]:
        """As `Index`; just after `listen` it waits a little for somebody to ask. BudgetSpent."""
        budget.spend(DHT_READ)
        with trio.move_on_after(max(0.0, self._listening_since + _COMPANY - self._clock())):
            await self.mesh.asker.company.wait()
        return await self.mesh.fetch(key)

    def note_clock(self, peer_wall: float) -> None:
        """Takes the wall time a peer's hello said just now."""
        self._skew.note(self._wall(), peer_wall)

    def status(self) -> TableStatus:
        """How the node stands now."""
        responder = self.mesh.responder
        external = self.mesh.external()
        return TableStatus(
            listening=tuple(map(networks.text, self.sockets.addresses)),
            external=networks.text(external[0]) if external else "",
            closed=self.mesh.closed,
            nodes=len(responder.table.contacts()),
            keys=len(responder.store.keys()),
            records=responder.store.count,
            published=self.mesh.published,
            refused=responder.counts["refused"],
            limited=responder.counts["limited"],
            skew=self._skew.median(),
            lan=self.lan.on,
        )


def _plain(address: Address) -> Address | None:
    try:
        found = networks.plain(address)
        return networks.unpack(networks.pack(found))
    except (ValueError, OverflowError, PeerError):
        return None
