"""Peers of the mesh as users: how they are, and what searches found at them.

Rules: peers list to nobody all that they share, so a list of theirs is what searches of late found, and says so. What
they would say of themselves they do not say.
"""

from __future__ import annotations

from itertools import groupby
from typing import Final

from slskmesh.engine.views import PeerState, PeersView
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.file_shapes import BrowseResponse, ListedDirectory, found_file
from slskmesh.gateway.gate import Gate
from slskmesh.gateway.names import is_mesh_user, mesh_user
from slskmesh.gateway.social_shapes import PRESENCES, UserStatus

NOTE: Final = "what searches of late found at this peer; peers list to nobody all that they share"


async def is_peer(gate: Gate, username: str) -> bool:
    """Whether this is the user name of a peer we know, or of one that searches found something at."""
    if not is_mesh_user(username):
        return False
    peers = (await gate.engine.view(PeersView)).peers
    found = gate.searches.of_user(username)
    return any(mesh_user(peer.peer) == username for peer in peers) or any(hit.content for _, hit in found)


async def peer_status(gate: Gate, username: str) -> UserStatus:
    """How a peer is."""
    peers = (await gate.engine.view(PeersView)).peers
    there = any(mesh_user(peer.peer) == username and peer.state is PeerState.CONNECTED for peer in peers)
    return UserStatus(presence=PRESENCES["online" if there else "offline"], is_privileged=False)


def peer_list(gate: Gate, username: str) -> BrowseResponse:
    """What searches found at a peer. GatewayError 404: nothing."""
    found = [(path.rpartition("\\")[0], hit) for path, hit in gate.searches.of_user(username) if hit.content]
    if not found:
        raise GatewayError(404, "no search of late found anything at this peer")
    directories = []
    for folder, inside in groupby(sorted(found, key=lambda one: one[0]), key=lambda one: one[0]):
        files = [found_file(hit) for _, hit in inside]
        directories.append(ListedDirectory(name=folder, file_count=len(files), files=files))
    return BrowseResponse(
        directories=directories,
        directory_count=len(directories),
        locked_directories=[],
        locked_directory_count=0,
        note=NOTE,
    )
