"""The table of peers inside the engine: where it listens, whom it greets, what it says of us, how peers are reached.

Rules:
- No node is privileged: addresses come from invites, saved contacts, peers met on the overlay, and the local network.
- Our endpoints stand in the table only while the overlay listens. A local address read there is dialled only inside a
  network we are in ourselves.
- A peer reached for a plan is dialled again for a while if its line breaks, then left alone. A session that nobody
  asked for by name and over which nothing moves is closed after ten minutes, and earlier where room is needed.
"""

from __future__ import annotations

import ipaddress
import random
from typing import TYPE_CHECKING

import trio

from slskmesh.dht.home import DhtNode
from slskmesh.dht.networks import Address, is_local
from slskmesh.dht.node import Config
from slskmesh.engine.events import Level
from slskmesh.errors import PeerError, SlskmeshError, UserError
from slskmesh.identity.peerid import PeerId, peer_short
from slskmesh.overlay.address import join_address, own_addresses, split_address
from slskmesh.overlay.port import Session
from slskmesh.work import DIAL, Budget

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

_LOOK = 5.0  # seconds between looks at whether what we say of ourselves still holds
_ADDRESSES = 4  # of a peer tried at most
_IDLE = 600.0  # seconds without traffic after which a found peer's session is closed
_IDLE_CROWDED = 60.0
_ROOM = 4  # sessions kept free for peers that call or are chosen
_STIR = 2048  # bytes between two looks that are more than pings
_FRESH = 24 * 3600.0  # seconds for which the book's address of a peer is tried before the table is asked


class Rendezvous:
    """One engine's node of the table."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.node = DhtNode(
            engine.identity,
            engine.home.root / "dht.json",
            rng=random.Random(),
            clock=trio.current_time,
            wall=engine.clock,
            config=Config(),
        )
        self.on = False
        self._said: tuple[Address, ...] = ()
        self._bound = ""
        self._moved: dict[PeerId, tuple[int, float]] = {}  # bytes of a session, and since when it is idle
        engine.router.on_open(self._opened)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keeps what we say of ourselves true until cancelled."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self.node.run)
            task_status.started()
            while True:
                await trio.sleep(_LOOK)
                await self._advertise()
                self._look_for_idle()

    async def apply(self) -> None:
        """Goes by the settings: listens, moves or stops."""
        engine = self._engine
        wanted = self._wanted() if engine.settings.mesh.enabled and engine.settings.configured else None
        if wanted is None:
            self.node.stop_listening()
            self.on, self._bound = False, ""
            return
        if wanted != self._bound:
            await self._listen(wanted)
            if not self.on:
                return
            self.greet([a for entry in engine.book.entries.values() for a in entry.addresses[:1]])
        listening = engine.overlay.listening
        self.node.set_lan(engine.settings.dht.lan, listening[1] if listening else 0)
        await self._advertise()

    async def _listen(self, wanted: str) -> None:
        """Binds; where only the overlay's number is taken for UDP by another program, any free one does."""
        host, port = split_address(wanted)
        free = [] if self._engine.settings.dht.listen or not port else [0]
        for one in [port, *free]:
            try:
                bound = await self.node.listen(host, one)
            except UserError as error:
                self.on, self._bound, why = False, "", str(error)
                continue
            self.on, self._bound = True, wanted
            if one != port:
                self._engine.notice(Level.WARN, f"{why}; the table listens on {bound[0]} (UDP) instead")
            return
        self._engine.notice(Level.ERROR, why)

    def _wanted(self) -> str | None:
        """Where to listen: the setting, or the overlay's host and the number of its port."""
        engine = self._engine
        if engine.settings.dht.listen:
            return engine.settings.dht.listen
        if engine.overlay.listening is not None:
            return join_address(*engine.overlay.listening)
        host, _ = split_address(engine.settings.overlay.listen)
        return join_address(host, 0)

    @property
    def port(self) -> int:
        """The UDP port others reach us at, 0 if there is none."""
        status = self.node.status() if self.on else None
        if status is None or status.closed or not status.listening:
            return 0
        return split_address(status.listening[0])[1]

    def invite_addresses(self) -> list[str]:
        """Where others may reach our overlay, as far as is known: where they see us first, then our own addresses."""
        listening = self._engine.overlay.listening
        if listening is None:
            return []
        external = self.node.status().external if self.on else ""
        seen = [join_address(split_address(external)[0], listening[1])] if external else []
        return list(dict.fromkeys([*seen, *own_addresses(*listening)]))

    def greet(self, addresses: list[str]) -> None:
        """Addresses of invites or of the book ("host:port"), where a node may listen at the same port number."""
        if self.on:
            self.node.meet([found for text in addresses if (found := _numeric(text)) is not None])

    def _opened(self, session: Session) -> None:
        if not self.on:
            return
        self.node.note_clock(session.remote.clock)
        found = _numeric(session.address)
        if found is not None and session.remote.dht:
            self.node.meet([(found[0], session.remote.dht)])

    # -- what we say of ourselves --------------------------------------------------------------------------------

    async def _advertise(self) -> None:
        if not self.on:
            return
        addresses = tuple(self._own())
        if addresses != self._said and (addresses or self._said):
            self._said = addresses
            await self.node.advertise(addresses)

    def _own(self) -> list[Address]:
        listening = self._engine.overlay.listening
        if listening is None:
            return []
        return [a for text in own_addresses(*listening) if (a := _numeric(text)) is not None]

    # -- reaching peers ------------------------------------------------------------------------------------------

    async def reach(self, peer: PeerId, budget: Budget) -> Session:
        """A session to `peer`, dialled where the book or the table says it listens. PeerError, BudgetSpent."""
        engine = self._engine
        session = engine.overlay.sessions.get(peer)
        if session is not None:
            return session
        if peer == engine.identity.peer:
            raise PeerError("self", "this is ourselves", blame=False)
        if not engine.may_connect(peer):
            raise PeerError("blocked", f"{peer_short(peer)} is blocked or banned here", blame=False)
        budget.spend(DIAL)
        self._make_room()
        known = self._from_book(peer)
        if known:
            try:
                return await engine.overlay.connect(peer, known, found=True)
            except PeerError:
                pass  # the table may know better
        listed = [join_address(*a) for a in await self._from_table(peer, budget)]
        fresh = [address for address in listed if address not in known]
        if not fresh:
            raise PeerError("unreachable", f"no address of {peer_short(peer)} answers", blame=False)
        return await engine.overlay.connect(peer, fresh, found=True)

    def address_of(self, peer: PeerId) -> str:
        """ "host:port" of a peer as far as it is known without asking, else empty."""
        session = self._engine.overlay.sessions.get(peer)
        if session is not None:
            return session.address
        entry = self._engine.book.entries.get(peer)
        return entry.addresses[0] if entry is not None and entry.addresses else ""

    def _from_book(self, peer: PeerId) -> list[str]:
        entry = self._engine.book.entries.get(peer)
        if entry is None or not entry.addresses or entry.fails:
            return []
        return entry.addresses[:1] if self._engine.clock() - entry.last_seen < _FRESH else []

    async def _from_table(self, peer: PeerId, budget: Budget) -> list[Address]:
        if not self.on:
            return []
        listed = await self.node.endpoints(peer, budget)
        return [address for address in listed if self._may_dial(address[0])][:_ADDRESSES]

    def _may_dial(self, host: str) -> bool:
        if not is_local(host):
            return True
        listening = self._engine.overlay.listening
        own = own_addresses(*listening) if listening else own_addresses("0.0.0.0", 0)
        hosts = [found[0] for text in own if (found := _numeric(text)) is not None]
        return any(_neighbours(host, other) for other in hosts)

    # -- sessions nobody needs -----------------------------------------------------------------------------------

    def _look_for_idle(self) -> None:
        now, sessions = trio.current_time(), self._engine.overlay.sessions
        self._moved = {peer: self._moved[peer] for peer in sessions if peer in self._moved}
        for peer, session in sessions.items():
            total = session.received + session.sent
            before, since = self._moved.get(peer, (total, now))
            self._moved[peer] = (total, now if total - before > _STIR else since)
        spare = len(sessions) - self._engine.settings.overlay.neighbours
        for peer in self._idle(now, _IDLE)[: max(0, spare)]:
            self._let_go(peer)

    def _idle(self, now: float, least: float) -> list[PeerId]:
        """Found peers without traffic for `least` seconds, the longest idle first."""
        engine = self._engine
        quiet = [(since, peer) for peer, (_, since) in self._moved.items() if now - since >= least]
        return [
            peer
            for _, peer in sorted(quiet)
            if (entry := engine.book.entries.get(peer)) is not None
            and entry.found
            and not engine.standing.is_trusted(peer)
        ]

    def _make_room(self) -> None:
        engine = self._engine
        most = engine.settings.overlay.max_sessions - min(_ROOM, engine.settings.overlay.max_sessions // 4)
        idle = self._idle(trio.current_time(), _IDLE_CROWDED)
        for peer in idle[: max(0, len(engine.overlay.sessions) + 1 - most)]:
            self._let_go(peer)

    def _let_go(self, peer: PeerId) -> None:
        self._engine.book.leave_alone(peer)
        self._engine.overlay.disconnect(peer, "idle", "nothing moved over this line for a while")


def _neighbours(one: str, other: str) -> bool:
    """Whether two local addresses stand in one network: loopback both, or the same /24 (/64)."""
    a, b = ipaddress.ip_address(one), ipaddress.ip_address(other)
    if a.version != b.version or a.is_loopback or b.is_loopback:
        return a.is_loopback and b.is_loopback
    return b in ipaddress.ip_network((a, 24 if a.version == 4 else 64), strict=False)


def _numeric(text: str) -> Address | None:
    """host and port where the host is an address and not a name, and the port one that can be sent to."""
    try:
        host, port = split_address(text)
        ipaddress.ip_address(host.partition("%")[0])
    except (SlskmeshError, ValueError):
        return None
    return (host.partition("%")[0], port) if port else None
