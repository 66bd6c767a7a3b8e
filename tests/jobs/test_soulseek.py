"""Jobs that fetch from Soulseek users: cheap ones first, long queues, users who are away, both lists at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import trio

from slskmesh.catalogue.objects import Release
from slskmesh.errors import UserError
from slskmesh.jobs.fetch import KEPT_MAX, LOOK_SECONDS
from slskmesh.jobs.legacy_state import AWAY_SECONDS, WAIT_SECONDS
from slskmesh.jobs.lists import NOT_ALLOWED
from slskmesh.jobs.state import Phase, TrackPhase
from slskmesh.soulseek.values import RemoteFile, TransferPhase
from slskmesh.swarm.state import Phase as Down
from slskmesh.wire.messages import CacheJob
from tests.jobs.doubles import World, candidate, content, in_world, make_release, mbid, peer, spec
from tests.jobs.legacy_list import SIZE, at_user
from tests.swarm.memory import MemorySession

DONE = TrackPhase.DONE


def offer(world: World, *rows: list[object], tracks: int = 0) -> Release:
    """A release whose tracks have these candidates."""
    release = world.stock(make_release(tracks=tracks or len(rows)), offered=False)
    for track, row in zip(release.tracks, rows, strict=False):
        world.planner.offers[track.recording] = list(row)  # type: ignore[arg-type]
    return release


def key(number: int, user: str = "ben") -> bytes:
    return at_user(number, user).content


def clean(world: World, number: int) -> str:
    """The timeline, which holds nothing that a user wrote."""
    words = world.words(number)
    assert words.replace("\n", " ").isprintable()
    for name in ("ben", "cleo", "dora", "song.flac"):
        assert f" {name}" not in words.replace(str(world.root), "")
    return words


# -- the way it should go ----------------------------------------------------------------------------------------


@in_world
async def test_cheap_users_for_some_tracks_and_peers_for_the_rest(world: World) -> None:
    offer(world, [at_user(101), candidate(50)], [at_user(102)], [candidate(103)])
    number = await world.jobs.add(spec())
    await world.until(lambda: world.state(number).bytes_done > 300_000)
    state, first = world.state(number), world.tracks(number)[0]
    assert (state.via, state.bytes_total, state.phase) == ("both", 3 * SIZE, Phase.RUNNING)
    assert state.rate == 200_000.0 and state.eta is not None  # one list each
    assert (first.via, first.user, first.sources, first.legacy) == ("soulseek", "ben", 1, key(101).hex())
    assert (first.content, first.phase) == ("", TrackPhase.TRANSFER)
    assert world.tracks(number)[1].reason == "place 7 in its user's queue"
    done = await world.reach(number, Phase.DONE, seconds=60)
    assert (done.bytes_done, done.tracks_done) == (3 * SIZE, 3)
    folder = world.root / "Ann" / "Winter Light (2002)"
    names = [f"0{n} Song 10{n}.flac" for n in (1, 2, 3)]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert world.taken == [folder / names[0], folder / names[1]]
    tracks = world.tracks(number)
    assert [t.content for t in tracks] == [
        *(hashlib.sha256(path.read_bytes()).hexdigest() for path in world.taken),
        content(103).hex(),
    ]
    assert [t.via for t in tracks] == ["soulseek", "soulseek", "mesh"] and tracks[0].legacy == ""
    assert [recording for _, recording, _ in world.verified] == [mbid(103)]  # who vouches for the others?
    words = clean(world, number)
    assert "01 Song 101: FLAC 16/44.1, cheap from a Soulseek user: a free slot" in words
    assert f"01 Song 101: done, 1.0 MB from a Soulseek user: {folder / names[0]}" in words
    assert world.legacy.removed == [] and world.planner.asked and len(world.planner.asked) == 1


@in_world
async def test_an_album_is_queued_as_a_whole_and_waited_for_while_its_user_sends(world: World) -> None:
    big = [at_user(100 + n, size=60_000_000) for n in range(1, 13)]
    offer(world, *([one, candidate(n)] for n, one in enumerate(big, 1)))
    number = await world.jobs.add(spec())
    await world.until(lambda: len(world.legacy.rows) == 12, seconds=30)
    assert [path for _, path in world.legacy.added] == [one.remote for one in big]  # in the album's order
    await world.reach(number, Phase.DONE)
    assert world.downloads.added == []  # ten minutes a track, two hours for the last: he was sending
    assert world.state(number).via == "soulseek"


# -- users who do not send ---------------------------------------------------------------------------------------


@in_world
async def test_a_long_queue_makes_way_for_peers_and_is_left_once_they_gave_it(world: World) -> None:
    world.legacy.users["ben"] = "queue"
    offer(world, [at_user(101), candidate(50)])
    number = await world.jobs.add(spec())
    await world.until(lambda: world.downloads.added)
    assert WAIT_SECONDS <= trio.current_time() <= WAIT_SECONDS + 30
    assert key(101) in world.legacy.rows  # its place there is kept meanwhile
    await world.reach(number, Phase.DONE, seconds=60)
    assert world.legacy.removed == [key(101)] and world.tracks(number)[0].via == "mesh"
    assert "stays queued, others are tried: place 7 in its user's queue" in clean(world, number)


@in_world
async def test_a_queue_that_moves_meanwhile_is_as_good(world: World) -> None:
    world.legacy.users["ben"] = "queue"
    offer(world, [at_user(101), candidate(50, size=20_000_000)])
    number = await world.jobs.add(spec())
    await world.until(lambda: world.downloads.added)
    world.legacy.users["ben"] = "sends"
    await world.reach(number, Phase.DONE, seconds=60)
    track = world.tracks(number)[0]
    assert (track.via, track.user) == ("soulseek", "ben") and world.downloads.removed == [content(50)]


@in_world
async def test_a_queue_alone_is_kept_while_the_job_waits_and_ends_its_waiting(world: World) -> None:
    world.legacy.users["ben"] = "queue"
    offer(world, [at_user(101)])
    number = await world.jobs.add(spec())
    state = await world.reach(number, Phase.WAITING)
    assert state.reason == "01 Song 101: queued at a Soulseek user: place 7 in its user's queue"
    await trio.sleep(4 * 3600)
    assert world.state(number).phase is Phase.WAITING and key(101) in world.legacy.rows
    assert len(world.planner.asked) <= 12  # it asks again as rarely as without any source
    asked = len(world.planner.asked)
    world.legacy.users["ben"] = "sends"
    await world.reach(number, Phase.DONE, seconds=180)
    assert len(world.planner.asked) == asked  # nobody was asked for that


@in_world
async def test_the_first_bytes_end_the_waiting(world: World) -> None:
    world.legacy.users["ben"] = "queue"
    offer(world, [at_user(101, size=60_000_000)])
    number = await world.jobs.add(spec())
    await world.reach(number, Phase.WAITING)
    await trio.sleep(4 * 3600)
    world.legacy.users["ben"] = "sends"
    await world.until(lambda: world.state(number).phase is Phase.RUNNING, seconds=120)
    assert world.tracks(number)[0].phase is TrackPhase.TRANSFER
    await world.reach(number, Phase.DONE, seconds=700)


@pytest.mark.parametrize("what", ["gone", "refuses", "says disk"])
@in_world
async def test_who_does_not_give_it_makes_way_at_once(world: World, what: str) -> None:
    world.legacy.users["ben"] = what
    offer(world, [at_user(101), at_user(101, "cleo")])
    number = await world.jobs.add(spec())
    await world.reach(number, Phase.DONE, seconds=40)
    assert world.tracks(number)[0].user == "cleo" and key(101) in world.legacy.removed
    assert "01 Song 101: left out: " in clean(world, number)


@in_world
async def test_who_is_away_makes_way_after_a_minute(world: World) -> None:
    world.legacy.users["ben"] = "away"
    offer(world, [at_user(101), at_user(101, "cleo")])
    number = await world.jobs.add(spec())
    await world.reach(number, Phase.DONE)
    assert AWAY_SECONDS < trio.current_time() < AWAY_SECONDS + 60
    assert world.tracks(number)[0].user == "cleo"
    assert "stays queued, others are tried: its Soulseek user is away" in clean(world, number)


@in_world
async def test_a_transfer_that_stops_half_way_is_given_up_once(world: World) -> None:
    world.legacy.users["ben"] = "stalls"
    offer(world, [at_user(101)], [candidate(102, size=200_000_000)])
    number = await world.jobs.add(spec())
    await world.until(lambda: world.phases(number)[:1] == [TrackPhase.NO_SOURCE])
    await trio.sleep(4 * WAIT_SECONDS)
    assert world.words(number).count("others are tried") == 1
    release = make_release(tracks=2)
    world.planner.offers[release.tracks[0].recording] = [at_user(101), candidate(50)]
    await world.reach(number, Phase.DONE)
    assert world.tracks(number)[0].content == content(50).hex() and key(101) in world.legacy.removed


@in_world
async def test_few_queues_are_kept_for_one_track(world: World) -> None:
    users = [f"u{n}" for n in range(5)]
    world.legacy.users |= dict.fromkeys(users, "queue")
    offer(world, [at_user(101, user) for user in users])
    number = await world.jobs.add(spec())
    await world.reach(number, Phase.WAITING)
    assert [row.user for row in world.legacy.rows.values()] == users[:KEPT_MAX]
    assert world.words(number).count("taken back: place 7") == 5 - KEPT_MAX


@in_world
async def test_a_full_disk_needs_the_person_and_a_full_list_does_not(world: World) -> None:
    world.legacy.most = 0
    offer(world, [at_user(101), candidate(50)])
    number = await world.jobs.add(spec())
    await world.reach(number, Phase.DONE, seconds=60)
    world.legacy.most = 9
    world.legacy.users["ben"] = "full"
    other = world.stock(make_release(2, tracks=1), offered=False)
    world.planner.offers[other.tracks[0].recording] = [at_user(201), candidate(201)]
    number = await world.jobs.add(spec(str(mbid(2))))
    assert (await world.reach(number, Phase.FAILED)).reason == "disk full: free 9 MB at /music, then resume"
    world.legacy.users["ben"] = "sends"
    await world.jobs.retry(number)
    await world.reach(number, Phase.DONE)
    assert world.downloads.added == [content(50)]


@in_world
async def test_without_a_soulseek_network_its_users_are_nobody(world: World) -> None:
    from slskmesh.jobs.lists import Lists

    offer(world, [at_user(101), candidate(50)])
    lists: Lists = world.jobs._lists
    lists.legacy = None
    number = await world.jobs.add(spec())
    await world.reach(number, Phase.DONE, seconds=60)
    assert world.downloads.added == [content(50)] and world.legacy.added == []


# -- what the person does ----------------------------------------------------------------------------------------


@in_world
async def test_pause_resume_and_cancel_act_on_what_the_job_began(world: World) -> None:
    mine = at_user(9, "dora", size=50_000_000)
    await world.legacy.add("dora", RemoteFile(mine.remote, mine.size), name="mine")
    offer(world, [mine], [at_user(102, size=SIZE)])
    number = await world.jobs.add(spec())
    await world.until(lambda: world.state(number).bytes_done > 300_000)
    await world.jobs.pause(number)
    phases = {one: row.phase for one, row in world.legacy.rows.items()}
    assert phases[key(102)] is TransferPhase.PAUSED and phases[mine.content] is not TransferPhase.PAUSED
    await world.jobs.resume(number)
    await world.until(lambda: world.phases(number)[1] is DONE)
    await world.jobs.cancel(number)
    assert world.legacy.removed == [] and mine.content in world.legacy.rows  # it is the person's own
    assert len(list(world.root.rglob("*.flac"))) == 1
    await world.jobs.remove(number)
    assert key(102) in world.legacy.rows


@in_world
async def test_cancel_takes_what_is_unfinished_off_the_list(world: World) -> None:
    world.legacy.users["cleo"] = "queue"
    offer(world, [at_user(101, "cleo"), candidate(50, size=50_000_000)], [at_user(102)])
    number = await world.jobs.add(spec())
    await world.until(lambda: world.downloads.added)
    await world.jobs.cancel(number)
    assert world.legacy.removed == [key(101, "cleo")] and world.downloads.removed == [content(50)]
    assert list(world.legacy.rows) == [key(102)]


@in_world
async def test_what_the_person_does_to_a_download_is_respected(world: World) -> None:
    world.legacy.users["ben"] = "queue"
    offer(world, [at_user(101)])
    number = await world.jobs.add(spec())
    await world.until(lambda: world.legacy.rows)
    await world.legacy.pause(key(101))
    state = await world.reach(number, Phase.PAUSED, seconds=20)
    assert state.reason == "paused in the list of downloads; resume the job to go on"
    await world.jobs.resume(number)
    await world.until(lambda: world.legacy.rows[key(101)].phase is TransferPhase.REQUESTED, seconds=20)
    await world.legacy.remove(key(101))
    assert "removed from the list of downloads" in (await world.reach(number, Phase.FAILED)).reason


@in_world
async def test_a_download_that_is_there_already_is_joined(world: World) -> None:
    one = at_user(101)
    await world.legacy.add("ben", RemoteFile(one.remote, one.size), "elsewhere")
    await world.until(lambda: world.legacy.rows[key(101)].phase is TransferPhase.DONE)
    offer(world, [one])
    number = await world.jobs.add(spec())
    await world.reach(number, Phase.DONE)
    assert world.tracks(number)[0].path == str(world.root / "elsewhere" / "101 song.flac")
    with pytest.raises(UserError, match="here already"):
        await world.legacy.add("ben", RemoteFile(one.remote, one.size))


# -- rescue and restarts -----------------------------------------------------------------------------------------


@in_world
async def test_what_peers_finish_is_done_and_no_pause_of_the_persons(world: World) -> None:
    world.legacy.users["ben"] = "stalls"
    offer(world, [at_user(101), candidate(50)])
    number = await world.jobs.add(spec())
    await world.until(lambda: world.state(number).bytes_done == SIZE // 2)
    world.rescued.add(key(101))
    await world.legacy.pause(key(101))  # so does the rescue
    await trio.sleep(3 * WAIT_SECONDS)
    track = world.tracks(number)[0]
    assert (track.phase, track.reason) == (
        TrackPhase.TRANSFER,
        "peers finish it",
    ) and not world.downloads.added
    assert world.jobs.recording_of(key(101)) == mbid(101) and world.jobs.recording_of(key(7)) == ""
    world.legacy.finish(key(101), world.root / "Ann" / "spliced.flac")
    await world.reach(number, Phase.DONE, seconds=20)
    assert world.tracks(number)[0].path == str(world.root / "Ann" / "spliced.flac")


@in_world
async def test_a_rescue_that_pauses_a_moment_before_it_is_known_is_no_pause(world: World) -> None:
    world.legacy.users["ben"] = "stalls"
    offer(world, [at_user(101)])
    number = await world.jobs.add(spec())
    await world.until(lambda: world.state(number).bytes_done == SIZE // 2)
    await world.legacy.pause(key(101))
    await trio.sleep(0.5)
    world.rescued.add(key(101))
    await trio.sleep(30)
    assert world.state(number).phase is Phase.RUNNING


async def _restart(world: World, nursery: trio.Nursery) -> None:
    """New jobs on the same lists, as after a kill: the old ones do nothing more."""
    world.jobs = world.make_jobs()
    await nursery.start(world.jobs.run)


@in_world
async def test_after_a_restart_a_job_goes_on_with_what_is_in_the_list_and_asks_nobody(world: World) -> None:
    world.legacy.users["cleo"] = "queue"
    offer(world, [at_user(101), candidate(50)], [at_user(102, "cleo"), candidate(60)], [at_user(103)])
    async with trio.open_nursery() as first:
        world.jobs = world.make_jobs()
        await first.start(world.jobs.run)
        number = await world.jobs.add(spec())
        await world.until(lambda: world.state(number).bytes_done > 300_000)
        first.cancel_scope.cancel()
    world.legacy.finish(key(103))  # the last thing before the end
    asked = len(world.planner.asked)
    async with trio.open_nursery() as second:
        await _restart(world, second)
        await world.until(lambda: world.phases(number)[0] is DONE and world.phases(number)[2] is DONE)
        assert len(world.planner.asked) == asked and len(world.legacy.added) == 3
        assert world.tracks(number)[1].phase is TrackPhase.QUEUED
        world.legacy.users["cleo"] = "sends"
        await world.reach(number, Phase.DONE, seconds=60)
        assert len(world.planner.asked) == asked and world.downloads.added == []
        second.cancel_scope.cancel()


@in_world
async def test_a_job_that_waited_takes_what_came_while_nothing_ran(world: World) -> None:
    world.legacy.users["ben"] = "queue"
    offer(world, [at_user(101)])
    async with trio.open_nursery() as first:
        world.jobs = world.make_jobs()
        await first.start(world.jobs.run)
        number = await world.jobs.add(spec())
        await world.reach(number, Phase.WAITING)
        await trio.sleep(7200)
        await world.reach(number, Phase.WAITING)
        first.cancel_scope.cancel()
    world.legacy.finish(key(101))
    async with trio.open_nursery() as second:
        await _restart(world, second)
        await world.until(lambda: world.state(number).phase is not Phase.WAITING, seconds=20)
        await world.reach(number, Phase.DONE)  # a thread looks for the file: virtual time runs on
        second.cancel_scope.cancel()


# -- the mode ----------------------------------------------------------------------------------------------------


@in_world
async def test_where_the_mode_forbids_users_peers_are_tried_and_the_queue_is_kept(world: World) -> None:
    world.legacy.users["ben"] = "queue"
    offer(world, [at_user(101), candidate(50)], [at_user(102)], [at_user(103, "cleo", size=SIZE)])
    number = await world.jobs.add(spec())
    await world.until(lambda: world.state(number).bytes_done > 300_000)
    world.allowed = False
    await world.until(lambda: world.downloads.added, seconds=3 * LOOK_SECONDS)
    await world.until(lambda: world.phases(number)[2] is DONE, seconds=30)  # what comes goes on
    state = await world.reach(number, Phase.WAITING)
    assert world.phases(number)[0] is DONE and world.tracks(number)[1].reason == (
        "queued at a Soulseek user: place 7 in its user's queue"
    )
    assert state.reason and key(102) in world.legacy.rows and key(101) in world.legacy.removed
    assert NOT_ALLOWED in clean(world, number)
    await trio.sleep(2 * 3600)
    assert key(102) in world.legacy.rows
    world.allowed, world.legacy.users["ben"] = True, "sends"
    await world.reach(number, Phase.DONE)
    assert len(world.planner.asked) <= 12


@in_world
async def test_when_users_are_allowed_again_who_lacks_a_source_is_planned_anew(world: World) -> None:
    world.allowed = False
    release = offer(world, [], [candidate(102, size=500_000_000)], tracks=2)
    number = await world.jobs.add(spec())
    waiting = world.stock(make_release(2, tracks=1), offered=False)
    other = await world.jobs.add(spec(str(mbid(2))))
    await world.reach(other, Phase.WAITING)
    await trio.sleep(3600)
    world.planner.offers[release.tracks[0].recording] = [at_user(101)]
    world.planner.offers[waiting.tracks[0].recording] = [at_user(201, "cleo")]
    world.allowed = True
    await world.until(lambda: world.phases(number)[0] is DONE, seconds=120)
    await world.reach(other, Phase.DONE, seconds=120)
    assert world.downloads.entries[content(102)].phase is Down.ACTIVE


# -- privacy -----------------------------------------------------------------------------------------------------


@in_world
async def test_peers_hear_of_contents_only_never_of_a_download_at_a_user(world: World) -> None:
    offer(world, [at_user(101), candidate(50, 4)], [candidate(102, 4, size=5_000_000)])
    session = MemorySession(world.router, peer(4), 0)
    for opened in world.router.opened:
        opened(session)
    number = await world.jobs.add(spec())
    await world.reach(number, Phase.DONE)
    said = [message for message in session.log if isinstance(message, CacheJob)]
    told = {(bytes(item.content), item.done) for message in said for item in message.items}
    real = bytes.fromhex(world.tracks(number)[0].content)
    assert told and told <= {(content(102), False), (content(102), True), (real, True)}
    assert Path(world.tracks(number)[0].path).exists()  # noqa: ASYNC240
