"""What lies in the downloads folder, below /api/v0 as slskd has it.

Rules:
- A folder is named by its path below the downloads folder in base64. Nothing outside is looked at, no link followed.
- Nothing is deleted: slskd does that where `remoteFileManagement` is set, and ours is not (see `options`): always 403.
"""

from __future__ import annotations

import binascii
import enum
from collections.abc import Sequence
from typing import Final

from starlette.convertors import Convertor, register_url_convertor
from starlette.responses import Response

from slskmesh.engine.commands import ListDownloads
from slskmesh.engine.events import DownloadsListed
from slskmesh.engine.views import DiskFileView, DiskFolderView
from slskmesh.gateway.answers import Camel, GatewayError, answer
from slskmesh.gateway.gate import Gate, GateDep
from slskmesh.gateway.legacy_asking import asked
from slskmesh.gateway.rights import Routes
from slskmesh.gateway.social_shapes import iso

routes = Routes("/api/v0", "files")
_NONE: Final = {404: "There is no such folder"}
_NEVER: Final = {403: "Files are not managed from afar"}


class Base64(Convertor[str]):
    """A part of an address that is base64: with strokes in it, and in lines, as Python's older encoder gives it."""

    regex = r"[^?]*"

    def convert(self, value: str) -> str:
        """As it came."""
        return value

    def to_string(self, value: str) -> str:
        """As it is."""
        return value


register_url_convertor("base64", Base64())


class Place(enum.Enum):
    """Where to look."""

    DOWNLOADS = "downloads"
    INCOMPLETE = "incomplete"


class FilesystemFile(Camel, frozen=True, kw_only=True):
    """One file; `full_name` is its path below the folder that is looked at first."""

    name: str
    full_name: str
    length: int
    attributes: str
    created_at: str
    modified_at: str


class FilesystemDirectory(Camel, frozen=True, kw_only=True):
    """One folder; `files` and `directories` are absent where it was not looked into."""

    name: str
    full_name: str
    attributes: str
    created_at: str
    modified_at: str
    files: list[FilesystemFile] | None = None
    directories: list[FilesystemDirectory] | None = None


def file_of(view: DiskFileView) -> FilesystemFile:
    """One file."""
    return FilesystemFile(
        name=view.name,
        full_name=view.path,
        length=view.size,
        attributes="Normal",
        created_at=iso(view.created),
        modified_at=iso(view.modified),
    )


def directory_of(folders: Sequence[DiskFolderView]) -> FilesystemDirectory:
    """The first of these folders with what is in it; each stands behind the one it is in."""
    inside: list[list[FilesystemDirectory]] = [[] for _ in folders]
    for number in range(len(folders) - 1, -1, -1):
        view = folders[number]
        told = FilesystemDirectory(
            name=view.name,
            full_name=view.path,
            attributes="Directory",
            created_at=iso(view.created),
            modified_at=iso(view.modified),
            files=[file_of(file) for file in view.files] if view.read else None,
            directories=inside[number][::-1] if view.read else None,
        )
        if number:
            inside[view.parent].append(told)
    return told


@routes.get("/files/{place}/directories", gives=FilesystemDirectory, also=_NONE)
async def top(place: Place, gate: GateDep, recursive: bool = False) -> Response:
    """What lies in the folder of downloads that are finished, or of those that are not."""
    return await _listed(gate, place, "", recursive)


@routes.get("/files/{place}/directories/{name:base64}", gives=FilesystemDirectory, also=_NONE)
async def folder(place: Place, name: str, gate: GateDep, recursive: bool = False) -> Response:
    """What lies in a folder of it, which is named in base64."""
    return await _listed(gate, place, path_of(name), recursive)


@routes.delete("/files/{place}/directories/{name:base64}", status=204, also=_NEVER)
async def delete_folder(place: Place, name: str) -> Response:
    """Refused: nothing is deleted from afar."""
    raise _not_managed()


@routes.delete("/files/{place}/files/{name:base64}", status=204, also=_NEVER)
async def delete_file(place: Place, name: str) -> Response:
    """Refused: nothing is deleted from afar."""
    raise _not_managed()


async def _listed(gate: Gate, place: Place, path: str, recursive: bool) -> Response:
    command = ListDownloads(path, place is Place.INCOMPLETE, recursive)
    return answer(directory_of((await asked(gate, command, DownloadsListed, 404)).folders))


def path_of(name: str) -> str:
    """The path that a name in base64 stands for. GatewayError 400: it is none."""
    try:
        return binascii.a2b_base64("".join(name.split()), strict_mode=True).decode()
    except (ValueError, UnicodeDecodeError) as error:
        raise GatewayError(400, "a folder is named by its path in base64") from error


def _not_managed() -> GatewayError:
    return GatewayError(403, "files are not managed from afar: remoteFileManagement is false")
