"""How complete the albums are that files of ours or jobs name, as the documents' API has it. Nobody is asked."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from slskmesh.engine.album_commands import AlbumsShown, AlbumView, ShowAlbums
from slskmesh.gateway.album_shapes import Albums, albums_shape
from slskmesh.gateway.answers import GatewayError, answer
from slskmesh.gateway.gate import GateDep
from slskmesh.gateway.rights import Routes

routes = Routes("/api/musicbrainz", "albums")
ALBUMS_MAX: Final = 1_000
_PAGE: Final = 200
_OFFSET_MAX: Final = 100_000


@routes.get("/albums/completion", gives=Albums)
async def completion(gate: GateDep, limit: int = ALBUMS_MAX, offset: int = 0) -> Response:
    """Albums with their tracks, and which of these there are. `limit` is of releases that are looked at."""
    if not 1 <= limit <= ALBUMS_MAX or not 0 <= offset <= _OFFSET_MAX:
        raise GatewayError(400, f"limit: from 1 to {ALBUMS_MAX:,}; offset: from 0 to {_OFFSET_MAX:,}")
    views: list[AlbumView] = []
    at, end = offset, min(offset + limit, _OFFSET_MAX)
    while True:
        page = await gate.engine.asked(ShowAlbums(min(_PAGE, end - at), at), AlbumsShown)
        views += page.albums
        if not page.next or page.next >= end:
            return answer(albums_shape(views, page.known, page.next))
        at = page.next
