"""The whole catalogue over loopback against the demo's own MusicBrainz."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import trio

from slskmesh.catalogue.catalogue import Catalogue
from slskmesh.catalogue.objects import CatalogueError, Trouble
from slskmesh.demo import catalogue as demo
from slskmesh.demo.musicbrainz import Server
from slskmesh.demo.webservice import Shelf
from slskmesh.mbid import Mbid
from slskmesh.store.database import Store
from slskmesh.work import LocalBudget
from tests.catalogue.ground import OwnTime

TRACKS = demo.plan(8, 3)
RELEASES = demo.releases(TRACKS)
ALBUM = demo.album(TRACKS)


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with Server(Shelf(RELEASES)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.host
        server.shutdown()
        thread.join()


@pytest.fixture
async def catalogue(host: str, store: Store, time: OwnTime, nursery: trio.Nursery) -> Catalogue:
    made = Catalogue(store, host, wall=time, clock=time, sleep=time.sleep)
    await nursery.start(made.run)
    return made


async def test_a_release_comes_with_its_tracks(catalogue: Catalogue) -> None:
    answer = await catalogue.release(ALBUM.mbid, LocalBudget())
    release = answer.value
    assert (release.mbid, release.title, release.artist) == (ALBUM.mbid, ALBUM.title, ALBUM.artist)
    assert (release.artist_id, release.group) == (ALBUM.artist_id, ALBUM.group_id)
    assert (release.primary_type, release.status, release.date) == ("Album", "Official", str(ALBUM.year))
    assert release.labels[0].mbid == demo.LABEL_ID and release.labels[0].number == ALBUM.number
    assert [
        (track.recording, track.title, track.position, track.disc, track.length) for track in release.tracks
    ] == [(track.recording_id, track.title, track.number, 1, track.length) for track in ALBUM.tracks]
    assert {track.artist for track in release.tracks} == {ALBUM.artist}
    assert not answer.cached and not answer.stale
    assert catalogue.status().trouble is None and "answers" in catalogue.status().text


async def test_what_was_asked_once_is_kept(catalogue: Catalogue) -> None:
    assert await catalogue.cached_release(ALBUM.mbid) is None
    budget = LocalBudget()
    first = await catalogue.release(ALBUM.mbid, budget)
    spent = budget.spent
    again = await catalogue.release(ALBUM.mbid, budget)
    assert again.cached and again.value == first.value and budget.spent == spent > 0
    assert await catalogue.cached_release(ALBUM.mbid) == first.value


async def test_an_artist_has_a_discography_with_editions(catalogue: Catalogue) -> None:
    budget = LocalBudget()
    groups = (await catalogue.discography(ALBUM.artist_id, budget)).value
    assert [group.primary_type for group in groups] == ["Album", "EP"]
    assert groups[0].mbid == ALBUM.group_id and groups[0].artist == ALBUM.artist
    (edition,) = (await catalogue.group_releases(groups[0].mbid, budget)).value
    assert (edition.mbid, edition.group, edition.tracks) == (ALBUM.mbid, ALBUM.group_id, 4)
    assert (edition.format, edition.label, edition.number) == ("Digital Media", demo.LABEL, ALBUM.number)
    assert (await catalogue.release_group(ALBUM.group_id, budget)).value.title == ALBUM.title
    assert (await catalogue.artist(ALBUM.artist_id, budget)).value.name == ALBUM.artist


async def test_a_label_has_all_its_releases_or_as_many_as_asked(catalogue: Catalogue) -> None:
    assert (await catalogue.label(demo.LABEL_ID, LocalBudget())).value.name == demo.LABEL
    crate = (await catalogue.label_releases(demo.LABEL_ID, 100, LocalBudget())).value
    assert {one.mbid for one in crate} == {one.mbid for one in RELEASES}
    assert len((await catalogue.label_releases(demo.LABEL_ID, 2, LocalBudget())).value) == 2


async def test_a_recording_names_its_release(catalogue: Catalogue) -> None:
    track = ALBUM.tracks[0]
    found = (await catalogue.recording(track.recording_id, LocalBudget())).value
    assert (found.title, found.artist, found.length) == (track.title, track.artist, track.length)
    assert [one.mbid for one in found.releases] == [ALBUM.mbid]


@pytest.mark.parametrize("form", ["{0}", "{1} - {0}", "{0} {1}", " {1} – {0}!! (2007) [FLAC]", "{0} AND"])
async def test_words_find_the_release(catalogue: Catalogue, form: str) -> None:
    text = form.format(ALBUM.title, ALBUM.artist)
    found = (await catalogue.find_releases(text, 10, LocalBudget())).value
    assert found[0].mbid == ALBUM.mbid and 0 < found[0].score <= 100


async def test_words_find_artists_labels_and_recordings(catalogue: Catalogue) -> None:
    budget, track = LocalBudget(), ALBUM.tracks[1]
    assert (await catalogue.find_artists(ALBUM.artist, 5, budget)).value[0].mbid == ALBUM.artist_id
    assert (await catalogue.find_labels("tin moth", 5, budget)).value[0].mbid == demo.LABEL_ID
    found = (await catalogue.find_recordings(f"{track.artist} - {track.title}", 5, budget)).value[0]
    assert (found.mbid, found.releases[0].mbid) == (track.recording_id, ALBUM.mbid)


async def test_what_nobody_knows_is_said_and_asked_once_an_hour(catalogue: Catalogue, time: OwnTime) -> None:
    unknown, budget = Mbid("00000000-0000-4000-8000-000000000000"), LocalBudget()
    for _ in range(2):
        with pytest.raises(CatalogueError, match=r"release 00000000-.*knows no such thing") as told:
            await catalogue.release(unknown, budget)
        assert told.value.trouble is Trouble.NOT_FOUND
    assert budget.spent == 2
    time.now += 3601
    with pytest.raises(CatalogueError):
        await catalogue.release(unknown, budget)
    assert budget.spent == 4
