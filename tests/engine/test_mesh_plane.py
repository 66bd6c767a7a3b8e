"""Whole engines that do not know each other: one invite to a door-keeper, an id, and the release arrives."""

from __future__ import annotations

from pathlib import Path

import pytest

from slskmesh.demo import audio, catalogue
from slskmesh.engine import commands as cmd
from slskmesh.engine.events import LookedUp
from slskmesh.engine.job_views import JobPhase, JobsView, JobView, MeshView
from slskmesh.engine.views import LibraryView, PeerState, PeersView, StatusView
from slskmesh.text import SafeStr
from tests.engine.nodes import SEED, WAIT, furnish, musicbrainz, running


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[catalogue.Track, ...], Path]:
    """The demo's catalogue, and its smallest files."""
    tracks = catalogue.plan(catalogue.SMALLEST, SEED)
    folder = tmp_path_factory.mktemp("music")
    audio.render(tracks, folder, SEED)
    return tracks, folder


def test_a_release_is_found_and_fetched_with_nothing_but_its_id_and_one_invite(
    tmp_path: Path,
    music: tuple[tuple[catalogue.Track, ...], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tracks, folder = music
    album = catalogue.album(tracks)
    with musicbrainz(tracks) as host:
        monkeypatch.setenv("SLSKMESH__MUSICBRAINZ__HOST", host)
        homes = [
            furnish(tmp_path, "door"),
            furnish(tmp_path, "one", folder),
            furnish(tmp_path, "two", folder),
        ]
        with running([*homes, furnish(tmp_path, "me")]) as (door, one, two, me):
            invite = door.ask(cmd.MakeInvite()).value
            for holder in (one, two):
                holder.wait_view(LibraryView, lambda view: view.files == len(tracks), WAIT, "its files")
                holder.ask(cmd.Connect(invite))
            me.ask(cmd.Connect(invite))
            looked = me.event(LookedUp, cmd.LookUp(album.title))
            assert album.mbid in [entity.mbid for entity in looked.entities]
            plan = me.find(album.mbid, holders=2).plan
            assert plan is not None and plan.publishers == 2
            assert all(track.variants and track.variants[0].lossless for track in plan.tracks)
            me.ask(cmd.WatchJob(int(me.ask(cmd.AddJob("mb_release", album.mbid)).value)))
            me.wait_view(
                JobsView,
                lambda view: [job.phase for job in view.jobs] == [JobPhase.DONE],
                WAIT,
                "the job's end",
            )
            job = me.wait_view(JobView, lambda view: view.row.phase is JobPhase.DONE, WAIT, "the job in full")
            assert [track.phase for track in job.tracks] == ["done"] * len(plan.tracks)
            fetched = sorted(path.read_bytes() for path in (tmp_path / "me-downloads").rglob("*.flac"))
            theirs = {path.read_bytes() for path in folder.rglob("*.flac")}
            assert len(fetched) == len(plan.tracks) and set(fetched) <= theirs
            status = me.wait_view(StatusView, lambda view: not view.jobs, WAIT, "a status without jobs")
            assert status.dht_nodes == 3


def test_what_is_switched_off_is_neither_told_nor_heard(
    tmp_path: Path, music: tuple[tuple[catalogue.Track, ...], Path]
) -> None:
    _, folder = music
    homes = [furnish(tmp_path, "door"), furnish(tmp_path, "holder", folder)]
    with running(homes) as (door, holder):
        holder.ask(cmd.Connect(door.ask(cmd.MakeInvite()).value))
        told = holder.wait_view(MeshView, lambda view: view.shards > 0, WAIT, "shards in the table")
        assert told.on and told.nodes == 1 and told.listening
        door.wait_view(MeshView, lambda view: view.records > 0, WAIT, "records held for the other")
        holder.ask(cmd.SetSetting("mesh.shadow_index.enabled", "false"))
        holder.wait_view(MeshView, lambda view: view.shards == 0, WAIT, "the shards withdrawn")
        holder.ask(cmd.SetSetting("mesh.enabled", "false"))
        off = holder.wait_view(MeshView, lambda view: not view.on, WAIT, "the table switched off")
        assert off.listening == SafeStr("")
        holder.wait_view(StatusView, lambda view: view.dht_nodes is None, WAIT, "no table in the status")
        holder.ask(cmd.SetSetting("mesh.enabled", "true"))
        holder.wait_view(MeshView, lambda view: view.on and view.nodes == 1, WAIT, "the table again")


def test_a_peer_that_the_person_parts_from_is_left_alone(tmp_path: Path) -> None:
    with running([furnish(tmp_path, "a"), furnish(tmp_path, "b")]) as (a, b):
        a.ask(cmd.Connect(b.ask(cmd.MakeInvite()).value))
        peer = b.wait_view(StatusView, lambda view: True, WAIT, "a status").peer_id
        a.ask(cmd.Disconnect(peer))

        def left(view: PeersView) -> bool:
            return any(p.peer == peer and p.state is PeerState.KNOWN for p in view.peers)

        a.wait_view(PeersView, left, WAIT, "it to be left alone")
