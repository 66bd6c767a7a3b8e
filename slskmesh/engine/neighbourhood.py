"""A few peers to stay connected with, found through the table, so that text search has somebody to ask.

Rules: as many as `overlay.neighbours` says, fewer where there are no more; chosen by lot among those that offer a
service; looked for seldom, more seldom the longer nobody is found. 0 looks for nobody.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import trio

from slskmesh.errors import PeerError
from slskmesh.fabric.directory import Directory
from slskmesh.services.introspection import SERVICE
from slskmesh.work import LocalBudget, Origin

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine
    from slskmesh.engine.rendezvous import Rendezvous

_FIRST_WAIT = 3.0
_LONGEST_WAIT = 300.0


class Neighbourhood:
    """Finds neighbours for one engine."""

    def __init__(self, engine: Engine, directory: Directory, rendezvous: Rendezvous) -> None:
        self._engine = engine
        self._directory = directory
        self._rendezvous = rendezvous
        self._rng = random.Random()

    async def run(self) -> None:
        """Looks for neighbours until cancelled."""
        wait = _FIRST_WAIT
        while True:
            await trio.sleep(wait * self._rng.uniform(0.8, 1.2))
            engine = self._engine
            lacking = engine.settings.overlay.neighbours - len(engine.overlay.sessions)
            if not self._rendezvous.on or not engine.settings.configured:
                wait = _FIRST_WAIT
            elif lacking > 0 and not await self._find(lacking):
                wait = min(2 * wait, _LONGEST_WAIT)
            else:
                wait = _FIRST_WAIT * (1 if lacking > 0 else 10)

    async def _find(self, lacking: int) -> int:
        """Dials at most `lacking` peers; how many sessions came of it."""
        engine, budget = self._engine, LocalBudget(Origin.AUTOMATION)
        offers = [one.peer for one in await self._directory.find(SERVICE, budget)]
        strangers = [peer for peer in offers if peer not in engine.overlay.sessions]
        found = 0
        for peer in self._rng.sample(strangers, min(lacking, len(strangers))):
            try:
                await self._rendezvous.reach(peer, budget)
                found += 1
            except PeerError:
                continue  # gone or not reachable; another time another lot
        return found
