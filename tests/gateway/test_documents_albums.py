"""How complete the albums of the library are: by tags, from what is kept of MusicBrainz, page by page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slskmesh.demo import catalogue
from slskmesh.engine import commands as cmd
from slskmesh.engine.album_commands import ShowAlbums
from slskmesh.engine.console import Refused
from slskmesh.engine.events import LookedUp
from slskmesh.engine.views import LibraryView
from tests.engine.nodes import SEED, musicbrainz, render
from tests.gateway.ground import WAIT, Ground, ground

TRACKS = catalogue.plan(catalogue.SMALLEST, SEED)
RELEASES = catalogue.releases(TRACKS)
ALBUM = catalogue.album(TRACKS)
OTHER = next(one for one in RELEASES if one.mbid != ALBUM.mbid)
PATH = "/api/musicbrainz/albums/completion"


def completion(me: Ground, **query: int) -> dict[str, Any]:
    return dict(me.ok("GET", PATH, params=query))


def test_the_librarys_albums_are_counted_once_their_tracks_are_known(tmp_path: Path) -> None:
    share = render(tmp_path / "share", ALBUM, OTHER)
    gone = share.joinpath(*ALBUM.tracks[1].parts)
    gone.unlink()
    files = len(ALBUM.tracks) - 1 + len(OTHER.tracks)
    with musicbrainz(TRACKS) as host, ground(tmp_path, share, settings={"musicbrainz": {"host": host}}) as me:
        me.wait_view(LibraryView, lambda view: view.files == files and not view.pending, WAIT, "the files")
        assert completion(me) == {"albums": [], "known": 2}  # nobody is asked what they are
        for release in (ALBUM, OTHER):
            me.event(LookedUp, cmd.LookUp(release.mbid, "release"))
        me.ask(cmd.SetSetting("musicbrainz.host", ""))
        whole = completion(me)
        albums = {one["releaseId"]: one for one in whole["albums"]}
        assert set(albums) == {ALBUM.mbid, OTHER.mbid} and whole["known"] == 2 and "next" not in whole
        album = albums[ALBUM.mbid]
        assert (album["title"], album["artist"]) == (ALBUM.title, ALBUM.artist)
        assert album["releaseDate"].startswith(str(ALBUM.year))
        assert (album["totalTracks"], album["completedTracks"]) == (len(ALBUM.tracks), len(ALBUM.tracks) - 1)
        assert [track["recordingId"] for track in album["tracks"]] == [
            one.recording_id for one in ALBUM.tracks
        ]
        assert [track["position"] for track in album["tracks"]] == [*range(1, len(ALBUM.tracks) + 1)]
        assert [track["complete"] for track in album["tracks"]] == [
            one is not ALBUM.tracks[1] for one in ALBUM.tracks
        ]
        assert all(track["durationMs"] > 0 for track in album["tracks"])
        sizes = [match["size"] for track in album["tracks"] for match in track["matches"]]
        assert sizes == [
            share.joinpath(*one.parts).stat().st_size for one in ALBUM.tracks if one is not ALBUM.tracks[1]
        ]
        assert all(len(match["flacKey"]) == 64 for track in album["tracks"] for match in track["matches"])
        assert albums[OTHER.mbid]["completedTracks"] == albums[OTHER.mbid]["totalTracks"] == len(OTHER.tracks)
        first, second = completion(me, limit=1), completion(me, limit=1, offset=1)
        assert first["albums"] + second["albums"] == whole["albums"]
        assert first["next"] == 1 and "next" not in second
        assert completion(me, offset=2)["albums"] == []
        _refusals(me)


def _refusals(me: Ground) -> None:
    for wrong in ("limit=0", "limit=1001", "offset=-1", "offset=100001", "limit=all"):
        assert "error" in me.ok("GET", f"{PATH}?{wrong}", 400)
    assert me.reader.get(PATH).status_code == 200
    assert me.stranger.get(PATH).status_code == 401
    with pytest.raises(Refused, match="offset"):
        me.ask(ShowAlbums(10, -1))
    with pytest.raises(Refused, match="at most 100"):
        me.ask(cmd.ShowSpecs(tuple(range(101))))
