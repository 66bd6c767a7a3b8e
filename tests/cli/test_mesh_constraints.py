"""What a person demands of a job, on a real small network: codecs, limits, places; and a label's crate.

The network: a door-keeper, and a holder that shares everything of the demo's label, its album as FLAC and as MP3.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import mutagen
import pytest

from slskmesh.demo import audio, catalogue
from slskmesh.engine import commands as cmd
from tests.cli.conftest import environment, home_at
from tests.engine.nodes import furnish, meet, musicbrainz, offer, running

Run = Callable[..., subprocess.CompletedProcess[str]]
SIZE, SEED = 2, 7
TRACKS = catalogue.plan(SIZE, SEED)
RELEASES = {release.kind: release for release in catalogue.releases(TRACKS)}
ALBUM, EP = RELEASES["Album"], RELEASES["EP"]
OGG, OPUS = (next(one for one in TRACKS if one.kind == kind) for kind in ("ogg", "opus"))
KBPS = 400


class Net:
    """The door's invite, where MusicBrainz is, and the holder's files."""

    def __init__(self, invite: str, host: str, music: Path) -> None:
        self.invite, self.host, self.music = invite, host, music

    def originals(self, *tracks: catalogue.Track) -> list[Path]:
        """The holder's files of these tracks."""
        return [self.music.joinpath(*track.parts) for track in tracks]


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Net]:
    root = tmp_path_factory.mktemp("net")
    audio.render(TRACKS, root / "music", SEED)
    as_mp3 = [msgspec.structs.replace(track, kind="mp3") for track in ALBUM.tracks]
    audio.render(as_mp3, root / "music", SEED)
    with musicbrainz(TRACKS) as host, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLSKMESH__MUSICBRAINZ__HOST", host)
        with running([furnish(root, "door"), furnish(root, "holder", root / "music")]) as (door, holder):
            meet(door, holder)
            offer(holder, len(TRACKS) + len(as_mp3), shards=len(catalogue.releases(TRACKS)))
            yield Net(door.ask(cmd.MakeInvite()).value, host, root / "music")


class Place:
    """The home of somebody who has met the door-keeper and nobody else."""

    def __init__(self, run: Run, home: Path) -> None:
        self.run, self.home = run, home
        self.downloads = home / "downloads"

    def __call__(self, *args: str) -> tuple[int, list[dict[str, Any]], str]:
        """Runs a command on the home with --json: exit code, objects, errors."""
        done = self.run(*args, "--home", self.home, "--json")
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def release(self, mbid: str, *args: str) -> tuple[int, list[dict[str, Any]], str]:
        """A release's job, worked on now."""
        return self("jobs", "add", "release", mbid, "--wait", "--patience", "1", *args)

    def files(self) -> list[Path]:
        """Finished files."""
        return sorted(path for path in self.downloads.rglob("*") if path.is_file())

    def tracks(self, job: int = 1) -> list[dict[str, Any]]:
        """The tracks of a job, as `jobs show` tells them."""
        return [line for line in self("jobs", "show", str(job))[1] if line["type"] == "track"]


def make_place(run: Run, root: Path, net: Net, *shares: Path) -> Place:
    place = Place(run, home_at(root / "me", *shares, musicbrainz=net.host))
    code, _, errors = place("connect", net.invite)
    assert code == 0, errors
    return place


@pytest.fixture
def place(run: Run, tmp_path: Path, net: Net) -> Place:
    return make_place(run, tmp_path, net)


def digests(paths: Iterable[Path]) -> list[str]:
    """SHA-256 of each, sorted."""
    return sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)


def test_lossless_only_refuses_what_is_only_lossy_and_says_so(place: Place) -> None:
    code, rows, errors = place.release(EP.mbid, "--lossless-only")
    assert code == 4 and rows[-1]["waiting"] == 1, (rows, errors)
    assert place.files() == []
    tracks = place.tracks()
    assert len(tracks) == 2
    for track in tracks:
        assert "lossy" in track["reason"] and "MP3" in track["reason"], track


def test_a_preferred_codec_is_taken_where_there_are_several(place: Place, net: Net) -> None:
    code, rows, errors = place.release(ALBUM.mbid, "--tracks", "2", "--codec", "MP3")
    assert code == 0, (rows, errors)
    second = net.originals(ALBUM.tracks[1])[0]
    assert digests(place.files()) == digests([second.with_suffix(".mp3")])
    (track,) = [one for one in place.tracks() if one["phase"] == "done"]
    assert track["candidates"] == 2 and track["variant"].startswith("MP3"), track
    code, rows, errors = place.release(ALBUM.mbid, "--tracks", "1")
    assert code == 0, (rows, errors)
    first = net.originals(ALBUM.tracks[0])[0]
    assert digests(place.files()) == digests([second.with_suffix(".mp3"), first]), "without a wish: lossless"


def test_a_job_keeps_to_its_rate_its_tracks_and_its_place(place: Place, net: Net) -> None:
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "slskmesh", "jobs", "add", "release", ALBUM.mbid, "--wait", "--json"),
            *("--tracks", "1,3-4", "--kbps", str(KBPS), "--dir", "Deep/By Id"),
            *("--layout", "{year} {album}/{track}. {title}", "--home", str(place.home)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as job:
        assert job.stdout is not None
        told = [(time.monotonic(), json.loads(line)) for line in job.stdout]
    assert job.returncode == 0, told[-1]
    wanted = [ALBUM.tracks[0], *ALBUM.tracks[2:]]
    assert digests(place.files()) == digests(net.originals(*wanted))
    below = [str(path.relative_to(place.downloads)) for path in place.files()]
    assert below == [
        f"Deep/By Id/{ALBUM.year} {ALBUM.title}/{track.number:02d}. {track.title}.flac" for track in wanted
    ]
    moving = [(when, line["bytes_done"]) for when, line in told if line.get("bytes_done")]
    (began, had), (ended, has) = moving[0], moving[-1]
    rate = (has - had) / (ended - began) * 8 / 1000
    print(f"{rate:.0f} kbit/s over {ended - began:.1f} s, {has - had} bytes; at most {KBPS} were allowed")
    assert ended - began >= 5 and 0.75 * KBPS <= rate <= 1.25 * KBPS


@pytest.mark.parametrize(
    "args", [("--dir", "../out"), ("--dir", "/etc"), ("--dir", "~/x"), ("--layout", "../{title}")]
)
def test_a_place_outside_the_downloads_folder_is_refused(place: Place, args: tuple[str, str]) -> None:
    code, rows, errors = place("jobs", "add", "release", ALBUM.mbid, *args)
    assert code in (1, 2) and rows == [] and errors.strip(), (code, rows, errors)
    assert "Traceback" not in errors
    assert place("jobs", "list")[1] == []


def test_a_link_that_leads_out_is_not_followed(place: Place, net: Net, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("Deep", ALBUM.artist):
        (place.downloads / name).symlink_to(outside, target_is_directory=True)
    code, rows, errors = place.release(ALBUM.mbid, "--dir", "Deep")
    assert (code, rows) == (1, []) and "leaves" in errors and "Deep" in errors
    code, rows, errors = place.release(ALBUM.mbid, "--tracks", "1")  # the layout begins with the artist
    assert code == 1 and rows[-1]["failed"] == 1, (code, rows, errors)
    (job,) = place("jobs", "list")[1]
    assert "leaves" in job["reason"] and ALBUM.artist in job["reason"], job
    assert list(outside.rglob("*")) == []

    (place.downloads / ALBUM.artist).unlink()
    assert place("jobs", "resume", str(job["job"]))[0] == 0, "what failed goes on by resuming too"
    assert place("jobs", "run", "--patience", "1")[0] == 0
    assert digests(place.files()) == digests(net.originals(ALBUM.tracks[0]))


def test_a_crate_fetches_what_its_label_has_up_to_the_limit_and_leaves_what_is_here(
    run: Run, tmp_path: Path, net: Net
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for number, path in enumerate(net.originals(*EP.tracks)):  # ids in the tags, names that tell nothing
        (mine / f"x{number}.mp3").write_bytes(path.read_bytes())
    (mine / "untitled.ogg").write_bytes(net.originals(OGG)[0].read_bytes())
    tags = mutagen.File(mine / "untitled.ogg", easy=True)  # title and artist in the tags, and no ids
    assert tags is not None
    for name in [name for name in tags if name.startswith("musicbrainz_")]:
        del tags[name]
    tags.save()
    before = digests(mine.iterdir())
    place = make_place(run, tmp_path, net, mine)
    assert place("scan")[0] == 0
    code, rows, errors = place(
        *("jobs", "add", "crate", catalogue.LABEL_ID, "--limit", "4", "--wait", "--patience", "2"),
        *("--dir", "Crate", "--layout", "{album}/{track} {title}"),
    )
    assert code == 0, (rows, errors)
    last = rows[-2]
    assert (last["kind"], last["releases_total"], last["releases_done"]) == ("label_crate", 4, 4)
    assert (last["tracks_total"], last["tracks_done"]) == (8, 8)
    fetched = [*ALBUM.tracks, OPUS]
    assert digests(place.files()) == digests(net.originals(*fetched))
    assert {str(path.relative_to(place.downloads)) for path in place.files()} == {
        f"Crate/{track.album}/{track.number:02d} {track.title}.{track.suffix}" for track in fetched
    }, "the mix came out last: beyond the limit"
    here = {track["title"]: track for track in place.tracks() if track["phase"] == "have"}
    assert set(here) == {*(track.title for track in EP.tracks), OGG.title}
    assert all(track["path"].startswith(str(mine)) for track in here.values())
    assert "recognised by" in here[OGG.title]["why"], here[OGG.title]
    assert digests(mine.iterdir()) == before
