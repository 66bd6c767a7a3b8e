"""The commands by MusicBrainz id on a real small network: a porch, a holder that only the table knows, and the demo's
MusicBrainz. Nobody here is told of the holder.
"""

from __future__ import annotations

import hashlib
import json
import queue
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from slskmesh.demo import audio, catalogue
from slskmesh.demo.child import Child, Said
from tests.cli.conftest import Daemon, environment, home_at

Run = Callable[..., subprocess.CompletedProcess[str]]
DAEMON = Callable[..., Any]
SIZE, SEED = 2, 7
TRACKS = catalogue.plan(SIZE, SEED)
ALBUM = catalogue.album(TRACKS)
NOT_SHARED = next(one for one in catalogue.releases(TRACKS) if one.kind == "EP")


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The album's files, tagged."""
    folder = tmp_path_factory.mktemp("music")
    audio.render(ALBUM.tracks, folder, SEED)
    return folder


@pytest.fixture(scope="module")
def musicbrainz(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the demo's MusicBrainz answers."""
    inbox: queue.SimpleQueue[Said] = queue.SimpleQueue()
    args = ["slskmesh.demo.musicbrainz", "--size", str(SIZE), "--seed", str(SEED)]
    child = Child("musicbrainz", args, tmp_path_factory.mktemp("log") / "err", inbox)
    said = inbox.get(timeout=30)
    assert said.what is not None, child.last_words()
    yield said.what["host"]
    assert child.end(10) == 0


@pytest.fixture(scope="module")
def network(music: Path, musicbrainz: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A porch, and behind it a holder that shares the album and has told the table so. Yields the porch."""
    folder = tmp_path_factory.mktemp("network")
    porch = Daemon(home_at(folder / "porch"))
    home = home_at(folder / "holder", music, musicbrainz=musicbrainz)
    holder = Daemon(home, "--join", porch.ready["invite"], "--until-eof")
    files = shards = 0
    while files < len(ALBUM.tracks) or not shards:
        line = holder.line()
        files, shards = line.get("files", files), line.get("shards", shards)
    yield porch
    assert [holder.end()[0], porch.end()[0]] == [0, 0]


class Place:
    """The home of somebody who has met the porch, and nobody else."""

    def __init__(self, run: Run, home: Path) -> None:
        self.run, self.home = run, home

    def __call__(self, *args: str) -> tuple[int, list[dict[str, Any]], str]:
        """Runs a command on the home with --json: exit code, objects, errors."""
        done = self.run(*args, "--home", self.home, "--json")
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture
def place(run: Run, make_home: Callable[..., Path], network: Daemon, musicbrainz: str) -> Place:
    place = Place(run, make_home("me", musicbrainz=musicbrainz))
    code, rows, errors = place("connect", network.ready["invite"])
    assert code == 0 and rows[0]["peer_id"] == network.ready["peer_id"], errors
    return place


def test_the_ready_line_tells_where_the_table_listens(make_home: Callable[..., Path], daemon: DAEMON) -> None:
    one = daemon(make_home("h"))
    host, _, port = one.ready["dht"].rpartition(":")
    assert f"{host}:{port}" == one.ready["overlay"], "one port number is enough"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, pytest.raises(OSError):
        other.bind((host, int(port)))
    assert one.end() == (0, "", "")


def test_a_switched_off_mesh_says_so_and_starts_at_once(
    make_home: Callable[..., Path], daemon: DAEMON
) -> None:
    home = make_home("h")
    (home / "config.toml").write_text((home / "config.toml").read_text() + "[mesh]\nenabled = false\n")
    one = daemon(home)
    assert one.ready["dht"] == ""
    assert one.end() == (0, "", "")


def test_music_is_looked_up_by_words_id_and_kind(
    run: Run, make_home: Callable[..., Path], musicbrainz: str
) -> None:
    home = make_home("h", musicbrainz=musicbrainz)

    def lookup(*args: str) -> tuple[int, list[dict[str, Any]]]:
        done = run("lookup", *args, "--home", home, "--json")
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    code, (found, *_, end) = lookup(ALBUM.artist, ALBUM.title)
    assert code == 0 and end["ended"] is True and end["kind"] == "release" and end["stale"] is False
    assert (found["mbid"], found["title"], found["artist"]) == (ALBUM.mbid, ALBUM.title, ALBUM.artist)
    assert set(found) == {
        *("mbid", "kind", "title", "artist", "detail", "year", "tracks", "score", "held"),
    }
    code, (found, end) = lookup(ALBUM.mbid)
    assert code == 0 and (found["mbid"], found["tracks"]) == (ALBUM.mbid, 4)
    code, (found, *_, end) = lookup(catalogue.LABEL, "--kind", "label")
    assert code == 0 and found["mbid"] == catalogue.LABEL_ID and end["kind"] == "label"
    code, (end,) = lookup("qqqqq", "zzzzz")
    assert code == 1 and end["found"] == 0


def test_without_a_musicbrainz_the_reason_is_told(run: Run, make_home: Callable[..., Path]) -> None:
    done = run("lookup", "anything", "--home", make_home("h"))
    assert done.returncode == 1 and done.stdout == "" and "MusicBrainz" in done.stderr


def test_who_has_a_release_is_found_through_the_table(place: Place) -> None:
    code, (*tracks, end), errors = place("resolve", ALBUM.mbid)
    assert code == 0, errors
    assert [track["recording"] for track in tracks] == [track.recording_id for track in ALBUM.tracks]
    assert all(track["variants"][0]["lossless"] and track["variants"][0]["reasons"] for track in tracks)
    assert (end["ended"], end["covered"], end["holders"]) == (True, 4, 1)
    assert place("search", "--mbid", ALBUM.mbid)[1][-1]["covered"] == 4
    code, (*_, end), _ = place("resolve", NOT_SHARED.mbid)
    assert (code, end["covered"], end["holders"]) == (1, 0, 0)


def test_a_job_fetches_a_release_from_whom_it_never_met(place: Place, music: Path) -> None:
    code, rows, errors = place("jobs", "add", "release", ALBUM.mbid, "--wait", "--dir", "By Id")
    assert code == 0, (rows, errors)
    added, last = rows[0], rows[-1]
    assert added["added"] is True and last["finished"] is True and (last["done"], last["failed"]) == (1, 0)
    got = [path for path in (place.home / "downloads" / "By Id").rglob("*") if path.is_file()]
    assert digests(got) == digests(path for path in music.rglob("*") if path.is_file())

    code, (job,), _ = place("jobs", "list")
    assert code == 0 and (job["job"], job["phase"], job["tracks_done"]) == (added["job"], "done", 4)
    number = str(added["job"])
    code, lines, _ = place("jobs", "show", number)
    kinds = [line["type"] for line in lines]
    assert code == 0 and kinds.count("job") == 1 and kinds.count("track") == 4 and kinds.count("line") > 0
    assert all(line["phase"] == "done" for line in lines if line["type"] == "track")
    assert place("jobs", "pause", number)[0] != 0, "a job that is over cannot be paused"
    code, (removed,), _ = place("jobs", "remove", number)
    assert code == 0 and removed["did"] == "removed" and place("jobs", "list")[1] == []
    assert digests(got) == digests(path for path in music.rglob("*") if path.is_file())


def test_only_the_tracks_asked_for_are_fetched_and_a_waiting_job_is_paused_resumed_and_retried(
    place: Place,
) -> None:
    code, rows, errors = place("jobs", "add", "release", ALBUM.mbid, "--wait", "--tracks", "2,4")
    assert code == 0, (rows, errors)
    got = sorted(path.name for path in (place.home / "downloads").rglob("*.flac"))
    assert len(got) == 2 and ALBUM.tracks[1].title in got[0] and ALBUM.tracks[3].title in got[1]

    assert place("jobs", "add", "release", NOT_SHARED.mbid, "--wait", "--patience", "1")[0] == 4

    def phase() -> str:
        return str(next(job["phase"] for job in place("jobs", "list")[1] if job["job"] == 2))

    assert place("jobs", "pause", "2")[0] == 0 and phase() == "paused"
    assert place("jobs", "run", "--patience", "1")[0] == 0, "what is paused is not waited for"
    assert place("jobs", "resume", "2")[0] == 0 and phase() != "paused"
    assert place("jobs", "run", "--patience", "1")[0] == 4
    assert place("jobs", "retry", "2")[0] == 0


def test_a_discography_takes_what_there_is_and_waits_for_the_rest(place: Place, music: Path) -> None:
    added = place("jobs", "add", "discography", ALBUM.artist_id, "--profile", "extended", "--lossless-only")
    assert added[0] == 0 and added[1][0]["kind"] == "discography"
    code, rows, errors = place("jobs", "run", "--patience", "2")
    assert code == 4 and rows[-1]["waiting"] == 1, (rows, errors)
    last = rows[-2]
    assert (last["releases_total"], last["releases_done"], last["tracks_done"]) == (2, 1, 4)
    files = [path for path in (place.home / "downloads").rglob("*") if path.is_file()]
    assert digests(files) == digests(path for path in music.rglob("*") if path.is_file())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_watching_the_list_ends_with_a_signal(make_home: Callable[..., Path], number: signal.Signals) -> None:
    home = make_home("h")
    added = subprocess.run(
        [sys.executable, "-m", "slskmesh", "jobs", "add", "release", ALBUM.mbid, "--home", str(home)],
        capture_output=True,
        check=True,
        timeout=60,
        env=environment(),
    )
    assert b"job 1" in added.stdout
    with subprocess.Popen(
        [sys.executable, "-m", "slskmesh", "jobs", "list", "--watch", "--json", "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as watching:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["job"] == 1
        watching.send_signal(number)
        _, errors = watching.communicate(timeout=30)
    assert (watching.returncode, errors) == (130, "")


def digests(paths: Any) -> list[str]:
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def test_what_nobody_has_waits_and_what_does_not_exist_fails(place: Place) -> None:
    code, rows, errors = place("jobs", "add", "release", NOT_SHARED.mbid, "--wait", "--patience", "1")
    assert code == 4 and (rows[-1]["waiting"], rows[-1]["done"]) == (1, 0), (rows, errors)
    code, rows, _ = place("jobs", "add", "release", str(uuid.UUID(int=7)), "--wait", "--patience", "1")
    assert code == 1 and rows[-1]["failed"] == 1, rows
    first, second = (job["job"] for job in place("jobs", "list")[1])
    assert place("jobs", "move", str(first), "+1")[0] == 0
    assert [job["job"] for job in place("jobs", "list")[1]] == [second, first]
    assert place("jobs", "cancel", str(first))[0] == 0
    nothing = {"finished": True, "done": 0, "failed": 0, "waiting": 0, "seconds": 0.0}
    assert place("jobs", "run", "--patience", "1") == (0, [nothing], "")
    assert place("jobs", "show", "99")[0] == 1
