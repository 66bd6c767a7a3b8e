"""Real overlay nodes on loopback, for tests: identities, routers, and what each of them saw."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import trio

from slskmesh.identity.key import load_or_create
from slskmesh.identity.peerid import PeerId
from slskmesh.overlay.book import PeerBook
from slskmesh.overlay.node import Overlay
from slskmesh.overlay.port import Session
from slskmesh.overlay.router import MessageRouter
from slskmesh.overlay.session import Timings
from slskmesh.wire.messages import Hello

QUICK = Timings(connect=5.0, handshake=5.0, ping_every=5.0, silence=15.0, linger=0.5)


class Node:
    """One overlay with its router; `opened` and `closed` are what the router told."""

    def __init__(self, folder: Path, name: str, **options: Any) -> None:
        home = folder / name
        home.mkdir(mode=0o700)
        self.identity = load_or_create(home / "identity.pem")
        self.router = MessageRouter()
        self.book = PeerBook(random.Random(1))
        self.opened: list[PeerId] = []
        self.closed: list[tuple[PeerId, str]] = []
        self.changed = trio.Event()
        self.router.on_open(self._open)
        self.router.on_close(self._close)
        options.setdefault("timings", QUICK)
        self.overlay = Overlay(
            self.identity,
            self.router,
            self.book,
            hello=lambda port: Hello(1, 0, port, "test", name),
            **options,
        )
        self.address = ""

    @property
    def peer(self) -> PeerId:
        return self.identity.peer

    def _open(self, session: Session) -> None:
        self.opened.append(session.peer)
        self._wake()

    def _close(self, session: Session, reason: str) -> None:
        self.closed.append((session.peer, reason))
        self._wake()

    def _wake(self) -> None:
        self.changed.set()
        self.changed = trio.Event()

    async def start(self, nursery: trio.Nursery, *, listen: bool = True) -> Node:
        await nursery.start(self.overlay.run)
        if listen:
            self.address = await self.overlay.listen("127.0.0.1:0")
        return self

    async def until_closed(self, count: int = 1) -> None:
        with trio.fail_after(20):
            while len(self.closed) < count:
                await self.changed.wait()

    async def until_open(self, peer: PeerId) -> None:
        with trio.fail_after(20):
            while peer not in self.overlay.sessions:
                await self.changed.wait()
