"""The demo's MusicBrainz: it starts, says where, ends with its parent; its XML has the shapes of the real one."""

from __future__ import annotations

import queue
import threading
import urllib.error
import urllib.request
import xml.etree.ElementTree as etree
from collections import defaultdict
from pathlib import Path

import pytest
from musicbrainzngs import mbxml
from musicbrainzngs import musicbrainz as client

from slskmesh.demo import catalogue
from slskmesh.demo.child import Child, Said
from slskmesh.demo.musicbrainz import Server
from slskmesh.demo.webservice import Refused, Shelf

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "musicbrainz"
RELEASES = catalogue.releases(catalogue.plan(4, 1))
ALBUM = catalogue.album(catalogue.plan(4, 1))
SHELF = Shelf(RELEASES)
NS = "{http://musicbrainz.org/ns/mmd-2.0#}"


def ask(path: str, **params: str) -> bytes:
    return etree.tostring(SHELF.answer(path, params), encoding="utf-8", xml_declaration=True)


def shapes(root: etree.Element) -> dict[str, set[str]]:
    """Element name to the names of what lies in it anywhere, "@" before those of attributes."""
    found: dict[str, set[str]] = defaultdict(set)
    for element in root.iter():
        found[element.tag.removeprefix(NS)] |= {child.tag.removeprefix(NS) for child in element}
        found[element.tag.removeprefix(NS)] |= {f"@{name}" for name in element.attrib}
    return found


# Things that the real answers at hand lack because they were asked for without the inc, or are from before.
YOUNGER = {
    "release": {"label-info-list", "release-group", "medium-list", "artist-credit"},
    "release-group": {"first-release-date", "primary-type", "title", "artist-credit", "@type"},
    "track-list": {"track", "@offset"},
    "medium": {"position"},
    "artist": {"@type", "country"},
    "label": {"@type", "country", "sort-name"},
    "recording": {"release-list"},
    "release-list": {"@count"},
    "medium-list": {"@count"},
    "label-info-list": {"@count"},
}


@pytest.mark.skipif(not REAL.is_dir(), reason="the real answers are not on this machine")
@pytest.mark.parametrize(
    ("path", "params", "names"),
    [
        (
            f"release/{ALBUM.mbid}",
            {"inc": "artist-credits recordings media labels release-groups"},
            ["833d4c3a*", "fe29e7f0*", "search-release*", "f52bc6a1*", "022fe361*"],
        ),
        (
            "release",
            {"query": f"release:({ALBUM.title.lower()})"},
            ["search-release*", "833d4c3a*", "f52*", "022*"],
        ),
        (
            "recording",
            {"query": "recording:(the)"},
            ["search-recording*", "search-release*", "833*", "f52*", "022*"],
        ),
        ("artist", {"query": f"artist:({ALBUM.artist.lower()})"}, ["search-artist*"]),
        (f"label/{catalogue.LABEL_ID}", {}, ["022fe361*"]),
        (f"release-group/{ALBUM.group_id}", {}, ["f52bc6a1*"]),
    ],
)
def test_its_elements_lie_where_the_real_ones_do(path: str, params: dict[str, str], names: list[str]) -> None:
    real: dict[str, set[str]] = defaultdict(set)
    for name in names:
        (file,) = REAL.glob(name)
        for element, inside in shapes(etree.parse(file).getroot()).items():
            real[element] |= inside
    ours = shapes(etree.fromstring(ask(path, **params)))
    strange = {
        element: inside - real[element] - YOUNGER.get(element, set())
        for element, inside in ours.items()
        if element != "metadata"
    }
    assert {element: inside for element, inside in strange.items() if inside} == {}


def test_the_packages_own_reader_reads_it() -> None:
    found = mbxml.parse_message(
        ask(f"release/{ALBUM.mbid}", inc="artist-credits recordings labels release-groups")
    )
    release = found["release"]
    assert release["artist-credit-phrase"] == ALBUM.artist
    assert release["label-info-list"][0]["label"]["name"] == catalogue.LABEL
    tracks = release["medium-list"][0]["track-list"]
    assert [track["recording"]["id"] for track in tracks] == [track.recording_id for track in ALBUM.tracks]
    assert release["medium-list"][0]["track-count"] == 4
    found = mbxml.parse_message(ask("release-group", artist=ALBUM.artist_id, inc="artist-credits"))
    assert found["release-group-count"] == len(found["release-group-list"]) == 2


def test_browsing_goes_by_pages() -> None:
    every = []
    for offset in range(0, 6, 2):
        found = mbxml.parse_message(ask("release", label=catalogue.LABEL_ID, limit="2", offset=str(offset)))
        assert found["release-count"] == 5
        every += [release["id"] for release in found["release-list"]]
    assert every == [release.mbid for release in RELEASES]


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("release/00000000-0000-4000-8000-000000000000", {}, 404),
        (f"artist/{ALBUM.mbid}", {}, 404),
        ("release/nonsense", {}, 400),
        ("work/x", {}, 400),
        (f"release/{ALBUM.mbid}", {"inc": "everything"}, 400),
        ("release", {}, 400),
        ("release", {"label": catalogue.LABEL_ID, "limit": "-1"}, 400),
        ("recording", {"artist": ALBUM.artist_id}, 400),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_refused(
    path: str, params: dict[str, str], status: int
) -> None:
    with pytest.raises(Refused) as told:
        SHELF.answer(path, params)
    assert told.value.status == status


def test_the_process_says_where_it_is_and_ends_with_its_parent(tmp_path: Path) -> None:
    inbox: queue.SimpleQueue[Said] = queue.SimpleQueue()
    args = ["slskmesh.demo.musicbrainz", "--size", "4", "--seed", "1"]
    child = Child("musicbrainz", args, tmp_path / "log", inbox)
    try:
        ready = inbox.get(timeout=20).what
        assert ready is not None and ready["ready"] is True, child.last_words()
        with urllib.request.urlopen(f"{ready['host']}/ws/2/release/{ALBUM.mbid}", timeout=5) as answer:
            assert mbxml.parse_message(answer)["release"]["title"] == ALBUM.title
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(f"{ready['host']}/ws/2/release/x", timeout=5)
        assert told.value.code == 400 and b"<text>Invalid mbid.</text>" in told.value.read()
        told.value.close()
    finally:
        code = child.finish()
    assert code == 0
    assert child.last_words() == ""


def test_the_packages_own_client_can_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("hostname", "https", "do_rate_limit", "_useragent", "_client"):
        monkeypatch.setattr(client, name, getattr(client, name))  # put back at the end
    with Server(SHELF) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            client.set_useragent("slskmesh-tests", "1")
            client.set_rate_limit(False)
            client.set_hostname(server.host.removeprefix("http://"), use_https=False)
            release = client.get_release_by_id(ALBUM.mbid, includes=["recordings", "labels"])
            assert release["release"]["title"] == ALBUM.title
            groups = client.browse_release_groups(artist=ALBUM.artist_id, limit=1, offset=1)
            assert groups["release-group-count"] == 2 and len(groups["release-group-list"]) == 1
            found = client.search_releases(release=ALBUM.title, artist=ALBUM.artist)
            assert found["release-list"][0]["id"] == ALBUM.mbid
            assert found["release-list"][0]["medium-track-count"] == 4
            with pytest.raises(client.ResponseError):
                client.get_artist_by_id(ALBUM.mbid)
        finally:
            server.shutdown()
            thread.join()
