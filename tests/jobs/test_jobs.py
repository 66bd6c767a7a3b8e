import itertools
from pathlib import Path

import pytest
import trio

from slskmesh.acquire.domains import Constraints
from slskmesh.errors import PeerError, StorageError, UserError
from slskmesh.jobs.fetch import STALL_SECONDS
from slskmesh.jobs.state import Kind, Phase, TrackPhase
from slskmesh.swarm.state import Phase as Down
from slskmesh.work import Origin
from tests.jobs.doubles import (
    FULL,
    OnShelf,
    World,
    candidate,
    content,
    in_world,
    make_release,
    mbid,
    spec,
    unreachable,
)
from tests.swarm.memory import MemorySession

SERVED = [TrackPhase.DONE] * 3


@in_world
async def test_a_release_is_fetched_into_its_layout_and_told_of(world: World) -> None:
    world.stock(make_release())
    number = await world.jobs.add(spec(target_dir="new", constraints=Constraints(overlay_bandwidth_kbps=800)))
    await world.until(lambda: world.state(number).rate > 0)
    state = world.state(number)
    assert (state.phase, state.title, state.via) == (Phase.RUNNING, "Winter Light", "mesh")
    assert state.bytes_total == 3_000_000 and state.eta is not None and 0 < state.eta <= 10
    assert world.downloads.limits[f"job-{number}"] == 100_000  # 800 kbit/s in bytes
    done = await world.reach(number, Phase.DONE)
    assert (done.tracks_total, done.tracks_done, done.releases_done) == (3, 3, 1)
    assert (done.bytes_done, done.holders, done.publishers, done.estimate) == (3_000_000, 1, 2, 9)
    assert world.phases(number) == SERVED
    folder = world.root / "new" / "Ann" / "Winter Light (2002)"
    assert sorted(path.name for path in folder.iterdir()) == [f"0{n} Song 10{n}.flac" for n in (1, 2, 3)]
    assert {one[1:] for one in world.verified} == {(mbid(n), content(n)) for n in (101, 102, 103)}
    words = world.words(number)
    assert "MusicBrainz: 3 tracks on 1 disc" in words
    assert "1 peers hold it (the table names 2)" in words
    assert "01 Song 101: FLAC 16/44.1 from 1 peer, held by most" in words
    assert "01 Song 101: done, 1.0 MB from 1 peer" in words
    assert words.endswith("done: 3 tracks")
    assert world.downloads.limits[f"job-{number}"] == 0
    assert {entry.group for entry in world.downloads.entries.values()} == {f"job-{number}"}


@in_world
async def test_what_is_here_is_not_copied(world: World) -> None:
    release = world.stock(make_release())
    first, second, _ = release.tracks
    own = candidate(7, backend="local", peers=(), path="/shelf/first.flac")
    world.planner.offers[first.recording] = [candidate(101), own]
    world.library.files[content(102)] = OnShelf(Path("/shelf/other name.flac"))
    number = await world.jobs.add(spec())
    state = await world.reach(number, Phase.DONE)
    assert world.phases(number) == [TrackPhase.HAVE, TrackPhase.HAVE, TrackPhase.DONE]
    assert [t.path for t in world.tracks(number)][:2] == ["/shelf/first.flac", "/shelf/other name.flac"]
    assert world.downloads.added == [content(103)]
    assert (state.tracks_done, state.bytes_total, state.bytes_done) == (3, 1_000_000, 1_000_000)
    assert "done: 3 tracks, 2 of them were here already" in world.words(number)
    assert second.recording not in [recording for _, recording, _ in world.verified]


@in_world
async def test_all_here_is_done_without_a_download(world: World) -> None:
    for track in world.stock(make_release()).tracks:
        world.planner.offers[track.recording] = [candidate(9, backend="local", path="/x")]
    number = await world.jobs.add(spec())
    assert (await world.reach(number, Phase.DONE)).via == "local"
    assert world.downloads.added == []


@in_world
async def test_only_the_tracks_asked_for(world: World) -> None:
    world.stock(make_release())
    number = await world.jobs.add(spec(tracks=(2, str(mbid(103)))))
    state = await world.reach(number, Phase.DONE)
    assert world.phases(number) == [TrackPhase.SKIPPED, TrackPhase.DONE, TrackPhase.DONE]
    assert state.tracks_total == 2
    other = await world.jobs.add(spec(tracks=(4,)))
    failed = await world.reach(other, Phase.FAILED)
    assert failed.reason == "the release has no track 4; it has 3"


@in_world
async def test_a_wrong_file_makes_way_for_the_next_candidate_at_once(world: World) -> None:
    release = world.stock(make_release())
    world.planner.offers[release.tracks[0].recording] = [candidate(50), candidate(51, canonical=True)]
    world.downloads.supply[content(50)] = "wrong"
    number = await world.jobs.add(spec())
    await world.reach(number, Phase.DONE, seconds=60)
    track = world.tracks(number)[0]
    assert (track.content, track.canonical) == (content(51).hex(), True)
    assert content(50) in world.downloads.removed
    assert "01 Song 101: left out: every chunk was right but" in world.words(number)


@in_world
async def test_when_all_came_out_wrong_the_job_waits_and_says_so(world: World) -> None:
    release = world.stock(make_release())
    world.downloads.supply[content(101)] = "wrong"
    number = await world.jobs.add(spec())
    state = await world.reach(number, Phase.WAITING)
    assert world.phases(number)[0] is TrackPhase.NO_SOURCE
    assert state.retry_at is not None and "SHA-256" in state.reason
    world.planner.offers[release.tracks[0].recording].append(candidate(60))
    await world.reach(number, Phase.DONE)
    assert world.downloads.fetched.count(content(101)) == 1  # never again


@in_world
async def test_holders_that_vanish_are_told_of_and_the_next_variant_is_tried(world: World) -> None:
    release = world.stock(make_release())
    world.planner.offers[release.tracks[0].recording] = [candidate(50), candidate(51)]
    world.downloads.supply[content(50)] = "none"
    number = await world.jobs.add(spec())
    await world.until(lambda: world.tracks(number) and world.tracks(number)[0].reason)
    assert world.tracks(number)[0].reason == "no connected peer has this file"
    began = trio.current_time()
    await world.reach(number, Phase.DONE)
    assert STALL_SECONDS - 30 < trio.current_time() - began < STALL_SECONDS + 60
    assert world.tracks(number)[0].content == content(51).hex()
    assert content(50) in world.downloads.removed  # nothing half-fetched is left
    assert "stands still: no connected peer has this file" in world.words(number)


@in_world
async def test_without_sources_the_job_waits_longer_each_time_and_holds_no_place(world: World) -> None:
    world.active = 1
    world.stock(make_release(), offered=False)
    world.stock(make_release(2))
    number = await world.jobs.add(spec())
    other = await world.jobs.add(spec(str(mbid(2))))
    state = await world.reach(number, Phase.WAITING)
    assert state.reason == "3 of 3 tracks have no source now"
    await world.reach(other, Phase.DONE, seconds=60)
    await trio.sleep(4 * 3600)
    asked = [at for at, wants in world.planner.asked if mbid(101) in wants]
    gaps = [b - a for a, b in itertools.pairwise(asked)]
    assert 60 <= gaps[0] <= 70
    assert all(1.7 < two / one < 2.3 for one, two in itertools.pairwise(gaps)) and len(gaps) >= 5
    world.stock(make_release())
    await world.reach(number, Phase.DONE)
    assert world.catalogue.calls.count("release") == 2  # once a job, however often it tries


@in_world
async def test_a_late_source_is_found_while_other_tracks_are_still_fetched(world: World) -> None:
    release = world.stock(make_release())
    slow = release.tracks[1].recording
    world.planner.offers[slow] = [candidate(102, size=100_000_000)]  # 1000 s
    late = world.planner.offers.pop(release.tracks[0].recording)
    number = await world.jobs.add(spec())
    await world.until(lambda: TrackPhase.NO_SOURCE in world.phases(number))
    world.planner.offers[release.tracks[0].recording] = late
    await world.until(lambda: world.phases(number)[0] is TrackPhase.DONE, seconds=400)
    assert world.state(number).phase is Phase.RUNNING
    await world.reach(number, Phase.DONE)


@in_world
async def test_musicbrainz_out_of_reach_is_waited_for(world: World) -> None:
    world.stock(make_release())
    world.catalogue.trouble = unreachable()
    number = await world.jobs.add(spec(title="That album"))
    state = await world.reach(number, Phase.WAITING)
    assert (state.reason, state.title) == ("MusicBrainz cannot be reached", "That album")
    assert state.retry_at is not None
    await trio.sleep(3 * 3600)
    calls = len(world.catalogue.calls)
    assert 8 <= calls <= 14  # 30 s, 1 min, 2, 4, 8, 16, then each 30 min
    world.catalogue.trouble = None
    await world.reach(number, Phase.DONE)


@in_world
async def test_what_musicbrainz_does_not_know_fails(world: World) -> None:
    number = await world.jobs.add(spec())
    state = await world.reach(number, Phase.FAILED)
    assert state.reason == f"MusicBrainz knows no release {mbid(1)}"
    assert state.retry_at is None


@in_world
async def test_a_full_disk_needs_the_person(world: World) -> None:
    world.stock(make_release())
    world.downloads.supply[content(102)] = "full"
    number = await world.jobs.add(spec())
    state = await world.reach(number, Phase.FAILED)
    assert state.reason == FULL
    running = [
        entry for entry in world.downloads.entries.values() if entry.phase in (Down.ACTIVE, Down.FINDING)
    ]
    assert running == []
    world.downloads.feed(content(102))
    await world.jobs.retry(number)
    await world.reach(number, Phase.DONE)
    assert len(world.downloads.fetched) == 3


@in_world
async def test_a_database_that_cannot_be_written_fails_the_job_and_loses_nothing(world: World) -> None:
    world.stock(make_release())
    number = await world.jobs.add(spec())
    await world.until(lambda: world.downloads.entries)
    world.store.fails = StorageError("slskmesh.db: the disk is full; free some space and try again")
    state = await world.reach(number, Phase.FAILED)
    assert "the disk is full" in state.reason
    world.store.fails = None
    await world.jobs.retry(number)
    await world.reach(number, Phase.DONE)
    assert len(world.downloads.fetched) == 3


@in_world
async def test_a_planner_in_trouble_is_waited_for(world: World) -> None:
    world.stock(make_release())
    world.planner.error = PeerError("gone", "nobody of the table answers", blame=False)
    number = await world.jobs.add(spec())
    assert (await world.reach(number, Phase.WAITING)).reason == "nobody of the table answers"
    world.planner.error = None
    await world.reach(number, Phase.DONE)


@in_world
async def test_a_full_list_of_downloads_is_told(world: World) -> None:
    world.stock(make_release())
    world.downloads.most = 0
    number = await world.jobs.add(spec())
    assert "remove some first" in (await world.reach(number, Phase.FAILED)).reason


# -- commands --------------------------------------------------------------------------------------------------


@in_world
async def test_pause_stops_downloads_and_resume_goes_on_with_what_is_there(world: World) -> None:
    world.stock(make_release())
    number = await world.jobs.add(spec())
    await world.until(lambda: world.state(number).bytes_done > 500_000)
    await world.jobs.pause(number)
    state = world.state(number)
    assert (state.phase, state.reason, state.rate) == (Phase.PAUSED, "paused by you", 0.0)
    before = state.bytes_done
    assert before > 500_000
    await trio.sleep(1000)
    assert world.state(number).bytes_done == before
    assert {entry.phase for entry in world.downloads.entries.values()} == {Down.PAUSED}
    with pytest.raises(UserError, match="is paused already"):
        await world.jobs.pause(number)
    await world.jobs.resume(number)
    await world.reach(number, Phase.DONE)
    assert len(world.downloads.fetched) == 3


@in_world
async def test_cancel_removes_what_is_unfinished_and_keeps_what_is_done(world: World) -> None:
    release = world.stock(make_release())
    world.planner.offers[release.tracks[2].recording] = [candidate(103, size=50_000_000)]
    number = await world.jobs.add(spec())
    await world.until(lambda: world.phases(number).count(TrackPhase.DONE) == 2)
    await world.jobs.cancel(number)
    assert world.state(number).phase is Phase.CANCELLED
    assert world.downloads.removed == [content(103)]
    assert len(list(world.root.rglob("*.flac"))) == 2
    for command in (world.jobs.cancel, world.jobs.pause, world.jobs.resume):
        with pytest.raises(UserError, match=r"over|not paused"):
            await command(number)
    await world.jobs.retry(number)
    await world.reach(number, Phase.DONE)
    assert world.downloads.fetched.count(content(101)) == 1


@in_world
async def test_remove_takes_jobs_that_are_over(world: World) -> None:
    world.stock(make_release())
    number = await world.jobs.add(spec())
    with pytest.raises(UserError, match="cancel it first"):
        await world.jobs.remove(number)
    await world.reach(number, Phase.DONE)
    with pytest.raises(UserError, match="nothing to try again"):
        await world.jobs.retry(number)
    await world.jobs.remove(number)
    assert world.jobs.states() == ()
    assert (world.tracks(number), world.jobs.timeline(number), world.jobs.revision(number)) == ((), (), -1)
    assert len(list(world.root.rglob("*.flac"))) == 3
    for command in (world.jobs.remove, world.jobs.retry, world.jobs.cancel):
        with pytest.raises(UserError, match=f"no job {number}"):
            await command(number)


@in_world
async def test_the_order_of_work_is_the_lists(world: World) -> None:
    world.active = 1
    for number in (1, 2, 3):
        world.stock(make_release(number))
    first, second, third = [await world.jobs.add(spec(mbid(n))) for n in (1, 2, 3)]
    await world.jobs.move(third, -1)
    assert [state.job for state in world.jobs.states()] == [first, third, second]
    await world.reach(third, Phase.PLANNING, Phase.RUNNING)
    assert world.state(second).phase is Phase.QUEUED
    await world.reach(second, Phase.DONE)


@in_world
async def test_retry_asks_a_waiting_job_now(world: World) -> None:
    world.stock(make_release(), offered=False)
    number = await world.jobs.add(spec())
    await world.reach(number, Phase.WAITING)
    world.stock(make_release())
    await world.jobs.retry(number)
    await world.reach(number, Phase.DONE, seconds=60)


@in_world
async def test_what_the_person_does_to_a_download_is_respected(world: World) -> None:
    release = world.stock(make_release())
    for track in release.tracks:
        world.planner.offers[track.recording] = [candidate(int(track.recording[-12:]), size=20_000_000)]
    number = await world.jobs.add(spec())
    await world.until(lambda: len(world.downloads.entries) == 3)
    await world.downloads.pause(content(101))
    state = await world.reach(number, Phase.PAUSED)
    assert state.reason == "paused in the list of downloads; resume the job to go on"
    assert world.phases(number)[1:] == [TrackPhase.DONE] * 2
    await world.jobs.resume(number)
    await world.until(lambda: world.downloads.entries[content(101)].phase is Down.ACTIVE)
    await world.downloads.remove(content(101))
    failed = await world.reach(number, Phase.FAILED)
    assert "removed from the list of downloads" in failed.reason
    assert failed.tracks_failed == 1


# -- sharing ---------------------------------------------------------------------------------------------------


@in_world
async def test_the_same_job_twice_is_refused_and_overlapping_ones_share(world: World) -> None:
    world.stock(make_release())
    number = await world.jobs.add(spec())
    with pytest.raises(UserError, match=f"job {number} is for this already"):
        await world.jobs.add(spec(title="again"))
    other = await world.jobs.add(spec(tracks=(1,)))
    await world.until(
        lambda: len(world.downloads.entries) == 3 and world.phases(other)[:1] == [TrackPhase.TRANSFER]
    )
    await world.jobs.cancel(number)
    assert content(101) not in world.downloads.removed  # the other job wants it
    await world.reach(other, Phase.DONE)
    assert world.downloads.fetched == [content(101)]


@in_world
async def test_a_download_of_the_persons_own_is_joined_and_never_removed(world: World) -> None:
    world.stock(make_release())
    await world.downloads.add(content(101), 20_000_000, "mine")
    number = await world.jobs.add(spec())
    await world.until(lambda: world.phases(number)[:1] == [TrackPhase.TRANSFER])
    await world.jobs.cancel(number)
    assert world.downloads.entries[content(101)].phase is Down.ACTIVE


@in_world
async def test_a_finished_file_that_is_gone_is_fetched_again(world: World) -> None:
    world.stock(make_release())
    number = await world.jobs.add(spec())
    await world.reach(number, Phase.DONE)
    for path in world.root.rglob("*.flac"):
        path.unlink()
    await world.jobs.remove(number)
    again = await world.jobs.add(spec())
    await world.reach(again, Phase.DONE)
    assert len(list(world.root.rglob("*.flac"))) == 3


@in_world
async def test_a_holder_that_comes_back_ends_the_waiting(world: World) -> None:
    release = world.stock(make_release())
    world.downloads.supply[content(101)] = "none"
    number = await world.jobs.add(spec())
    state = await world.reach(number, Phase.WAITING)
    assert world.downloads.entries[content(101)].phase is Down.PAUSED
    assert state.retry_at is not None
    holder = world.planner.offers[release.tracks[0].recording][0].peers[0]
    session = MemorySession(world.router, holder, 0)
    world.downloads.feed(content(101))
    for opened in world.router.opened:
        opened(session)
    await world.reach(number, Phase.DONE, seconds=100)


# -- what is refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"target": "hello"}, "not a MusicBrainz id"),
        ({"target_dir": "../elsewhere"}, "below the downloads folder"),
        ({"target_dir": "/etc"}, "is not below the downloads folder"),
        ({"target_dir": "a/../../b"}, "below the downloads folder"),
        ({"target_dir": "a\nb"}, "control"),
        ({"layout": "{nope}"}, "no field"),
        ({"layout": "../{title}"}, "only dots"),
        ({"layout": "/{title}"}, "neither / nor ~"),
        ({"layout": "{artist}/{album}"}, "needs {track} or {title}"),
        ({"tracks": (0,)}, "is no track"),
        ({"tracks": ("x",)}, "is no track"),
        ({"kind": Kind.DISCOGRAPHY, "tracks": (1,)}, "of a release only"),
        ({"origin": Origin.REMOTE}, "peer cannot start a job"),
    ],
)
@in_world
async def test_bad_jobs_are_refused_with_words(world: World, bad: dict[str, object], words: str) -> None:
    with pytest.raises(UserError) as caught:
        await world.jobs.add(spec(bad.pop("target", None), **bad))  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert world.jobs.states() == ()


@in_world
async def test_a_link_out_of_the_downloads_folder_is_refused(world: World, tmp_path: Path) -> None:
    world.root.mkdir()
    (world.root / "out").symlink_to(tmp_path)
    with pytest.raises(UserError, match="leaves"):
        await world.jobs.add(spec(target_dir="out"))
    inside = await world.jobs.add(spec(target_dir=str(world.root / "in")))
    assert world.state(inside).spec.target_dir == "in"


@in_world
async def test_a_pasted_address_is_a_target(world: World) -> None:
    world.stock(make_release())
    number = await world.jobs.add(spec(f"https://musicbrainz.org/release/{mbid(1)}"))
    assert world.state(number).spec.target == mbid(1)
    await world.reach(number, Phase.DONE)
