"""Wishes on the mesh, and fetching what a wish found, from either network.

Rules:
- Neighbours are asked for a wish's words; what they show is put together by folder like a legacy user's answer. The
  contents of the latest offers are remembered here, for an offer names files and not contents.
- A folder that is fetched for a wish is followed to its end, and the wish told: come, or why not. After a restart the
  downloads are known again by the folder's digest; what cannot be found again ends the fetching, not the wish.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import trio

from slskmesh.engine.mesh_files import as_remote
from slskmesh.errors import SlskmeshError, UserError
from slskmesh.identity.peerid import PeerId, peer_text
from slskmesh.soulseek.offers import Offer, Source
from slskmesh.soulseek.release_paths import folder_and_disc
from slskmesh.soulseek.values import RemoteFile, TransferPhase
from slskmesh.soulseek.wishes import Phase, Wish
from slskmesh.swarm.state import Phase as SwarmPhase
from slskmesh.text import safe_name
from slskmesh.wire.messages import Hit
from slskmesh.work import MESH_CALL, LocalBudget

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

CONTENTS_MAX: Final = 5_000
_HITS: Final = 200  # of one peer
_FOLLOW_EVERY: Final = 2.0


class WishOffers:
    """`wish_runs.MeshSearcher`, and the taker of offers, for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._contents: OrderedDict[tuple[str, str, int], bytes] = OrderedDict()  # peer, path, size
        self._nursery: trio.Nursery

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Follows what is fetched for wishes, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            for wish in self._engine.legacy.social.wishes.wishes():
                if wish.phase is Phase.TAKING:
                    nursery.start_soon(self._follow_legacy, wish.id, self._of_digest(wish.took))
            task_status.started()
            await trio.sleep_forever()

    # -- the mesh ------------------------------------------------------------------------------------------------

    async def search(self, text: str, budget: LocalBudget) -> Sequence[Offer]:
        """What connected peers offer under these words."""
        sessions = list(self._engine.overlay.sessions.values())
        if not sessions:
            return ()
        budget.spend(MESH_CALL * len(sessions))
        folders: dict[tuple[str, str], dict[str, RemoteFile]] = {}

        def found(peer: PeerId, hits: tuple[Hit, ...]) -> None:
            user = peer_text(peer)
            for hit in hits:
                file = as_remote(hit)
                root = folder_and_disc(file.folder)[0]
                folders.setdefault((user, root), {})[file.path] = file
                self._remember(user, file, hit.content)

        await self._engine.neighbours.ask(sessions, text, _HITS, found)
        return [
            Offer(Source.MESH, user, folder, tuple(files.values()), free_slot=True)
            for (user, folder), files in folders.items()
        ]

    def _remember(self, user: str, file: RemoteFile, content: bytes) -> None:
        key = (user, file.path, file.size)
        self._contents[key] = content
        self._contents.move_to_end(key)
        if len(self._contents) > CONTENTS_MAX:
            self._contents.popitem(last=False)

    # -- taking --------------------------------------------------------------------------------------------------

    async def take(self, wish: Wish, offer: Offer) -> None:
        """Fetches an offer for a wish that is told to be taking it. UserError: it cannot be fetched."""
        folder = safe_name(offer.folder.rpartition("\\")[2] or wish.text)
        if offer.source is Source.MESH:
            self._nursery.start_soon(self._follow_mesh, wish.id, await self._take_mesh(offer, folder))
        else:
            self._nursery.start_soon(self._follow_legacy, wish.id, await self._take_legacy(offer, folder))

    async def _take_mesh(self, offer: Offer, folder: str) -> list[bytes]:
        contents, downloads = [], self._engine.downloads
        for file in offer.audio or offer.files:
            content = self._contents.get((offer.user, file.path, file.size))
            if content is None:
                raise UserError("this offer of a peer is too old; the wish looks again at its next turn")
            if downloads.state(content) is None and await self._engine.library.find(content) is None:
                await downloads.add(content, file.size, safe_name(file.name), folder)
            contents.append(content)
        return contents

    async def _take_legacy(self, offer: Offer, folder: str) -> list[bytes]:
        keys = []
        for file in offer.files:
            if file.locked:
                continue
            disc = folder_and_disc(file.folder)[1]
            below = f"{folder}/CD{disc}" if disc else folder
            keys.append(await self._engine.legacy.downloads.add(offer.user, file, below))
        if not keys:
            raise UserError("all files of this offer are locked")
        return keys

    def _of_digest(self, digest: bytes) -> list[bytes]:
        """Downloads of the folder that a wish was taking when the program ended."""
        found = []
        for one in self._engine.legacy.downloads.views():
            root = folder_and_disc(one.path.rpartition("\\")[0])[0]
            if Offer(Source.SOULSEEK, one.user, root, ()).digest == digest:
                found.append(one.key)
        return found

    # -- following -----------------------------------------------------------------------------------------------

    async def _follow_legacy(self, wish: int, keys: list[bytes]) -> None:
        downloads, wishes = self._engine.legacy.downloads, self._engine.legacy.social.wishes
        while True:
            states = [downloads.state(key) for key in keys]
            if not any(states):
                wishes.ended(wish, False, "its downloads are not in the list any more")
                return
            left = [one for one in states if one is not None and one.phase is not TransferPhase.DONE]
            if not left:
                wishes.ended(wish, True)
                return
            if all(one.phase is TransferPhase.FAILED and one.elsewhere for one in left):
                wishes.ended(wish, False, left[0].reason)
                return
            await trio.sleep(_FOLLOW_EVERY)

    async def _follow_mesh(self, wish: int, contents: list[bytes]) -> None:
        downloads, wishes = self._engine.downloads, self._engine.legacy.social.wishes
        for content in contents:
            state = downloads.state(content)
            while state is not None and state.phase is not SwarmPhase.DONE:
                try:
                    state = await downloads.settled(content)
                except SlskmeshError as error:
                    wishes.ended(wish, False, str(error))
                    return
                if state is not None and state.phase is SwarmPhase.FAILED:
                    wishes.ended(wish, False, state.reason)
                    return
                if state is not None and state.phase is SwarmPhase.PAUSED:
                    await trio.sleep(_FOLLOW_EVERY)
        wishes.ended(wish, True)
