"""Real answers of MusicBrainz through our reading. Read where they lie beside the project, never kept in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from slskmesh.catalogue import queries, reading
from slskmesh.catalogue.musicbrainz import read_xml
from slskmesh.catalogue.objects import CatalogueError, Trouble
from slskmesh.mbid import Mbid, is_mbid

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "musicbrainz"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real answers are not on this machine")


def real(name: str) -> reading.Found:
    (path,) = REAL.glob(f"{name}*")
    return read_xml(path.read_bytes())


def mbid(name: str) -> Mbid:
    (path,) = REAL.glob(f"{name}*")
    return Mbid(path.name[:36])


def test_a_release_with_artist_credits() -> None:
    release = queries.release(mbid("833d4c3a")).read(real("833d4c3a"))
    assert (release.mbid, release.title, release.artist) == (mbid("833d4c3a"), "Ruined Subjects", "JT Bruce")
    assert (release.date, release.country, release.status) == ("2011-08-09", "XW", "Official")
    assert release.artist_id == "fbb941cc-6891-4c8f-8697-1e464aaa8c78"
    assert len(release.tracks) == 21 and [track.position for track in release.tracks] == list(range(1, 22))
    assert release.tracks[3].title == "Sirius" and release.tracks[3].length == 536_000
    assert {track.artist for track in release.tracks} == {"JT Bruce"}


def test_a_release_of_three_discs() -> None:
    release = queries.release(mbid("fe29e7f0")).read(real("fe29e7f0"))
    assert (release.title, release.artist, release.barcode) == ("Urk", "", "886970007092")
    assert [medium.position for medium in release.media] == [1, 2, 3]
    assert len(release.media[0].tracks) == 14
    assert {track.disc for track in release.tracks} == {1, 2, 3}
    assert len({track.recording for track in release.tracks}) == len(release.tracks)
    assert release.tracks[1].length == 298_466


def test_lengths_are_the_tracks_else_the_recordings_else_none() -> None:
    release = queries.release(mbid("b66ebe6d")).read(real("b66ebe6d"))
    assert [track.length for track in release.tracks] == [180_000, 279_000, 60_000, None]
    assert (release.date, release.country, release.artist_id, release.labels) == ("", "", None, ())


def test_a_label_an_artist_and_a_release_group() -> None:
    label = queries.label(mbid("022fe361")).read(real("022fe361"))
    assert (label.name, label.kind, label.country) == ("EMI Records", "Original Production", "GB")
    artist = queries.artist(mbid("b3785a55")).read(real("b3785a55"))
    assert (artist.name, artist.kind, artist.country) == ("EXO", "Group", "KR")
    assert artist.disambiguation == "South Korean-Chinese boy group"
    group = queries.release_group(mbid("f52bc6a1")).read(real("f52bc6a1"))
    assert (group.title, group.first_date) == ("Super Meat Boy!", "2010-10-27")
    assert (group.primary_type, group.secondary_types) == ("Album", ("Soundtrack",))


def test_a_search_for_releases() -> None:
    query = queries.find_releases("affordable", 25)
    assert query is not None
    page = query.read(real("search-release"))
    first = page.items[0]
    assert page.total == 16_739 and len(page.items) == 25
    assert (first.title, first.artist, first.score) == ("Affordable Pop Music", "Dynamo Go", 100)
    assert (first.group, first.primary_type) == ("6561c223-18e6-3b88-9adc-a701700fc91e", "EP")
    assert (first.format, first.tracks, first.label, first.number) == ("CD", 4, "Waysafe", "WS06")
    assert [one.score for one in page.items] == sorted((one.score for one in page.items), reverse=True)


def test_a_search_for_artists_and_recordings() -> None:
    artists = queries.find_artists("dynamo", 25)
    recordings = queries.find_recordings("thief", 25)
    assert artists is not None and recordings is not None
    page = artists.read(real("search-artist"))
    assert page.total == 349 and page.items[0].name == "Dynamo Go" and page.items[0].country == "NZ"
    found = recordings.read(real("search-recording"))
    first = found.items[0]
    assert found.total == 1258 and (first.title, first.artist, first.length) == (
        "Thief of Hearts",
        "Dynamo Go",
        198_586,
    )
    assert first.releases[0].title == "Folly, Vice & Madness" and first.releases[0].tracks == 5


def test_releases_of_a_disc() -> None:
    disc = real("xp5tz6rE4OHrBafj0bLfDRMGK48-")["disc"]
    briefs, total = reading.several(disc, "release", reading.brief)
    assert total == len(briefs) == 3
    assert {one.title for one in briefs} == {"Tales of Ephidrina"}
    assert {one.format for one in briefs} == {"CD"} and briefs[0].date == "1993-07-05"


def test_every_answer_is_read_and_taken_for_another_thing_is_malformed() -> None:
    for path in REAL.glob("*.xml"):
        found = read_xml(path.read_bytes())
        assert found
        if "label" not in found:
            with pytest.raises(CatalogueError) as told:
                queries.label(Mbid("022fe361-596c-43a0-8e22-bad712bb9548")).read(found)
            assert told.value.trouble is Trouble.MALFORMED


def test_every_cut_off_answer_is_malformed_and_no_other_error() -> None:
    for path in REAL.glob("*.xml"):
        body = path.read_bytes()
        for cut in range(0, len(body), max(1, len(body) // 40)):
            with pytest.raises(CatalogueError) as told:
                read_xml(body[:cut])
            assert told.value.trouble is Trouble.MALFORMED


def test_ids_are_canonical_wherever_they_stand() -> None:
    query = queries.find_releases("x", 1)
    assert query is not None
    for one in query.read(real("search-release")).items:
        assert is_mbid(one.mbid) and (one.group is None or is_mbid(one.group))
