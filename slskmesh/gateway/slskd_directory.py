"""One folder of a user, below /api/v0 as slskd has it.

Rules:
- A Soulseek user is asked; the folder that was asked for comes first, then those below it that he told of.
- A peer's folders are not asked for: what searches of late found in one is what is told of it.
- A file's name is its last part alone, as slskd tells it here; clients put it behind the folder's.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from slskmesh.engine.legacy_commands import ShowFolder
from slskmesh.engine.legacy_events import FolderTold
from slskmesh.engine.legacy_views import ToldFolderView
from slskmesh.engine.views import HitView
from slskmesh.gateway import orders
from slskmesh.gateway.answers import Camel, GatewayError, answer
from slskmesh.gateway.bodies import read_body
from slskmesh.gateway.file_shapes import ListedDirectory, directory_name, found_file, listed_file
from slskmesh.gateway.gate import GateDep
from slskmesh.gateway.legacy_asking import OFFLINE, asked, check_online
from slskmesh.gateway.names import is_mesh_user
from slskmesh.gateway.rights import Routes
from slskmesh.text import sanitize

routes = Routes("/api/v0", "users")


class DirectoryWanted(Camel, frozen=True, kw_only=True):
    """A folder by its remote path."""

    directory: str


@routes.post(
    "/users/{username:path}/directory",
    takes=DirectoryWanted,
    gives=list[ListedDirectory],
    also={404: "He is offline, does not answer, or has no such folder", 409: OFFLINE},
)
async def directory(username: str, request: Request, gate: GateDep) -> Response:
    """What is in a folder of a user, and below it."""
    wanted = (await read_body(request, DirectoryWanted)).directory.rstrip("\\/")
    if not wanted.strip() or len(wanted) > orders.PATH_MAX:
        raise GatewayError(400, "directory: which one? give its remote path")
    found = gate.searches.in_folder(username, wanted)
    if is_mesh_user(username) and (not found or any(hit.content for _, hit in found)):
        if not found:
            raise GatewayError(404, "no search of late found anything in this folder of this peer")
        return answer([_remembered(wanted, [hit for _, hit in found])])
    await check_online(gate)
    query, key = next(((query, hit.key) for query, hit in found if not hit.content), (0, 0))
    told = await asked(gate, ShowFolder(username, wanted, query, key), FolderTold, 404)
    if not told.folders:
        raise GatewayError(404, f"{sanitize(username, 40)} has no such folder")
    return answer([_told(folder) for folder in told.folders])


def _told(folder: ToldFolderView) -> ListedDirectory:
    files = [listed_file(file) for file in folder.files]
    return ListedDirectory(name=directory_name(folder.path), file_count=len(files), files=files)


def _remembered(folder: str, hits: list[HitView]) -> ListedDirectory:
    """A peer's folder as far as it is known: each file once, by name."""
    files = [found_file(hit) for _, hit in sorted({str(hit.name): hit for hit in hits}.items())]
    return ListedDirectory(name=folder, file_count=len(files), files=files)
