"""Discographies, label crates, restarts, and that no job stands still silently."""

from pathlib import Path

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from slskmesh.catalogue.objects import Artist, Label, ReleaseBrief, ReleaseGroup
from slskmesh.errors import UserError
from slskmesh.jobs import rows
from slskmesh.jobs.state import Kind, Phase, Profile, TrackPhase
from slskmesh.mbid import mbid_bytes
from slskmesh.store.database import open_store
from slskmesh.text import SafeStr
from slskmesh.wire.messages import CacheItem, CacheJob
from tests.jobs.doubles import (
    World,
    candidate,
    content,
    in_world,
    kept,
    make_release,
    mbid,
    open_world,
    peer,
    spec,
    unreachable,
)
from tests.jobs.test_editions import brief
from tests.swarm.memory import MemorySession

ARTIST, LABEL = mbid(900), mbid(901)


def with_discography(world: World, groups: int = 3) -> None:
    """An artist with albums 1.., each in two editions of which the one of the same number is complete."""
    made = []
    for number in range(1, groups + 1):
        release = world.stock(make_release(number, title=f"Album {number}"))
        made.append(
            ReleaseGroup(
                mbid(500 + number),
                SafeStr(f"Album {number}"),
                first_date=SafeStr(f"200{number}"),
                primary_type=SafeStr("Album"),
            )
        )
        world.catalogue.editions[mbid(500 + number)] = (
            brief(700 + number, tracks=2),
            ReleaseBrief(release.mbid, release.title, release.artist, status=SafeStr("Official"), tracks=3),
        )
    made.append(ReleaseGroup(mbid(600), SafeStr("A single"), primary_type=SafeStr("Single")))
    world.catalogue.artists[ARTIST] = (Artist(ARTIST, SafeStr("Ann")), tuple(made))


@in_world
async def test_a_discography_takes_one_edition_of_each_album(world: World) -> None:
    with_discography(world)
    world.catalogue.editions[mbid(502)] = (brief(9, status="Bootleg"),)
    number = await world.jobs.add(spec(ARTIST, kind=Kind.DISCOGRAPHY, profile=Profile.CORE))
    state = await world.reach(number, Phase.DONE)
    assert state.title == "Ann"
    assert (state.releases_total, state.releases_done, state.tracks_total, state.tracks_done) == (2, 2, 6, 6)
    releases = world.jobs.releases(number)
    assert [one.mbid for one in releases] == [mbid(1), mbid(502), mbid(3)]
    assert [one.phase for one in releases] == [Phase.DONE, Phase.CANCELLED, Phase.DONE]
    assert releases[1].reason == "left out: it has no official edition"
    assert "4 release groups, 3 in a core discography" in world.words(number)
    assert "Album 1: chose 1 of 2 editions" in world.words(number)


@in_world
async def test_a_release_that_is_being_fetched_says_so(world: World) -> None:
    with_discography(world)
    number = await world.jobs.add(spec(ARTIST, kind=Kind.DISCOGRAPHY, profile=Profile.CORE))
    seen: set[Phase] = set()

    def done() -> bool:
        for release in world.jobs.releases(number):
            if any(
                t.release == release.mbid and t.phase is TrackPhase.TRANSFER for t in world.tracks(number)
            ):
                seen.add(release.phase)
        return world.state(number).phase is Phase.DONE

    await world.until(done)
    assert seen == {Phase.RUNNING}


@in_world
async def test_a_discography_goes_on_where_one_release_has_no_source(world: World) -> None:
    with_discography(world)
    world.stock(make_release(2), offered=False)
    for track in make_release(2).tracks:
        del world.planner.offers[track.recording]
    number = await world.jobs.add(spec(ARTIST, kind=Kind.DISCOGRAPHY))
    state = await world.reach(number, Phase.WAITING)
    assert (state.releases_done, state.tracks_done) == (2, 6)
    assert "3 of 3 tracks have no source now" in state.reason
    calls = len(world.catalogue.calls)
    world.stock(make_release(2))
    await world.reach(number, Phase.DONE)
    assert len(world.catalogue.calls) == calls  # all it needed was kept


@in_world
async def test_a_discography_waits_for_the_catalogue_in_the_middle(world: World) -> None:
    with_discography(world, groups=4)
    number = await world.jobs.add(spec(ARTIST, kind=Kind.DISCOGRAPHY))
    await world.until(lambda: world.state(number).releases_done >= 1)
    world.catalogue.trouble = unreachable(120)
    state = await world.reach(number, Phase.WAITING)
    assert state.reason == "MusicBrainz cannot be reached"
    assert state.retry_at is not None and state.retry_at - state.updated >= 120
    world.catalogue.trouble = None
    assert (await world.reach(number, Phase.DONE)).releases_done == 4


@in_world
async def test_a_label_crate_is_limited_and_keeps_its_scene(world: World) -> None:
    briefs = []
    for number in (1, 2, 3):
        release = world.stock(make_release(number))
        briefs.append(brief(number, date=f"200{number}", tracks=3, group=str(600 + number)))
        briefs.append(brief(700 + number, date=f"200{number}", tracks=1, group=str(600 + number)))
        assert release.mbid == briefs[-2].mbid
    world.catalogue.labels[LABEL] = (Label(LABEL, SafeStr("Warp")), tuple(briefs))
    number = await world.jobs.add(
        spec(LABEL, kind=Kind.LABEL_CRATE, limit=2, scene="scene:label:warp", requested_by="me")
    )
    state = await world.reach(number, Phase.DONE)
    assert (state.title, state.releases_total, state.spec.scene) == ("Warp", 2, "scene:label:warp")
    assert [one.mbid for one in world.jobs.releases(number)] == [mbid(1), mbid(2)]


@in_world
async def test_what_an_artist_does_not_have_fails_with_words(world: World) -> None:
    world.catalogue.artists[ARTIST] = (Artist(ARTIST, SafeStr("Ann")), ())
    number = await world.jobs.add(spec(ARTIST, kind=Kind.DISCOGRAPHY))
    assert "none of 0 release groups" in (await world.reach(number, Phase.FAILED)).reason


# -- restarts --------------------------------------------------------------------------------------------------


@in_world
async def test_jobs_outlast_a_restart_as_they_were(world: World) -> None:
    world.stock(make_release())
    world.stock(make_release(2), offered=False)
    done = await world.jobs.add(spec(target_dir="a", tracks=(1,)))
    await world.reach(done, Phase.DONE)
    waits = await world.jobs.add(spec(mbid(2), requested_by="gateway"))
    await world.reach(waits, Phase.WAITING)
    stopped = await world.jobs.add(spec(tracks=(2,)))
    await world.jobs.pause(stopped)
    await world.jobs.move(stopped, -2)
    before = [
        (world.state(n), world.tracks(n), world.jobs.releases(n), world.jobs.timeline(n)) for n in (1, 2, 3)
    ]
    world.jobs = world.make_jobs()
    async with trio.open_nursery() as nursery:
        await nursery.start(world.jobs.run)
        assert [state.job for state in world.jobs.states()] == [stopped, done, waits]
        after = [
            (world.state(n), world.tracks(n), world.jobs.releases(n), world.jobs.timeline(n))
            for n in (1, 2, 3)
        ]
        assert after == before
        await world.jobs.resume(stopped)
        await world.reach(stopped, Phase.DONE)
        fresh = await world.jobs.add(spec(mbid(1), tracks=(3,)))
        assert fresh == 4
        nursery.cancel_scope.cancel()


@in_world
async def test_a_timeline_keeps_its_last_lines(world: World, tmp_path: Path) -> None:
    world.stock(make_release(), offered=False)
    number = await world.jobs.add(spec())
    for _ in range(200):
        await world.reach(number, Phase.WAITING)
        await world.jobs.retry(number)
    lines = world.jobs.timeline(number)
    assert len(lines) == rows.LINES_MAX
    [(count,)] = kept(tmp_path / "db", "SELECT count(*) FROM job_line")
    assert count == rows.LINES_MAX
    await world.jobs.cancel(number)
    await world.jobs.remove(number)
    for table in ("job", "job_release", "job_track", "job_line"):
        assert kept(tmp_path / "db", f"SELECT count(*) FROM {table}") == [(0,)]


async def test_the_real_store_takes_and_gives_jobs(tmp_path: Path) -> None:
    async with open_store(tmp_path / "db") as store:
        assert await store.run(rows.load) == []


@in_world
async def test_there_is_a_bound_on_jobs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slskmesh.jobs.jobs.JOBS_MAX", 1)
    await world.jobs.add(spec())
    with pytest.raises(UserError, match="the list holds 1 jobs"):
        await world.jobs.add(spec(mbid(2)))


# -- never stuck -----------------------------------------------------------------------------------------------

supplies = st.lists(
    st.lists(st.sampled_from(["ok", "wrong", "full", "none", "local"]), max_size=3), min_size=1, max_size=4
)
meddling = st.lists(st.sampled_from(["pause", "resume", "retry", "cancel", "down", "up"]), max_size=4)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(supplies, meddling, st.integers(0, 400))
def test_a_job_comes_to_an_end_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, supply: list[list[str]], acts: list[str], pause: int
) -> None:
    async def main() -> None:
        async with open_world(tmp_path_factory.mktemp("world")) as world:
            release = world.stock(make_release(tracks=len(supply)))
            for track, kinds in zip(release.tracks, supply, strict=True):
                base = int(track.recording[-12:]) * 10
                offers = world.planner.offers[track.recording] = []
                for at, kind in enumerate(kinds):
                    world.downloads.supply[content(base + at)] = kind
                    offers.append(
                        candidate(
                            base + at, backend="local" if kind == "local" else "mesh", path=f"/{base + at}"
                        )
                    )
            number = await world.jobs.add(spec())
            for act in acts:
                await trio.sleep(pause)
                if act in ("down", "up"):
                    world.catalogue.trouble = unreachable() if act == "down" else None
                    continue
                try:
                    await getattr(world.jobs, act)(number)
                except UserError as error:
                    assert str(error)
            ends = (Phase.DONE, Phase.FAILED, Phase.CANCELLED, Phase.WAITING, Phase.PAUSED)
            state = await world.reach(number, *ends, seconds=5000)
            phases = world.phases(number)
            if state.phase is Phase.DONE:
                assert set(phases) <= {TrackPhase.DONE, TrackPhase.HAVE}
            else:
                assert state.reason
            assert (state.retry_at is not None) == (state.phase is Phase.WAITING)
            if state.phase is not Phase.DONE:
                assert all(entry.scope is None for entry in world.downloads.entries.values())

    trio.run(main, clock=MockClock(autojump_threshold=0))


# -- with peers ------------------------------------------------------------------------------------------------


@in_world
async def test_a_job_is_told_to_those_it_asked_and_to_nobody_else(world: World) -> None:
    release = world.stock(make_release())
    lines = {}
    for number in (2, 3):
        lines[number] = MemorySession(world.router, peer(number), 0)
        for opened in world.router.opened:
            opened(lines[number])
    job = await world.jobs.add(spec())
    await world.reach(job, Phase.DONE)
    told = [message for message in lines[2].log if isinstance(message, CacheJob)]
    assert lines[3].log == []
    assert {message.release for message in told} == {mbid_bytes(release.mbid)}
    assert len({message.job for message in told}) == 1
    items = told[-2].items  # the last word but one: all it works on
    assert {(one.track, one.content) for one in items} == {(n, content(100 + n)) for n in (1, 2, 3)}
    assert (told[-1].open, told[-1].items) == (False, ())


@in_world
async def test_a_lying_peer_changes_only_the_order(world: World) -> None:
    release = world.stock(make_release(tracks=6))
    liar = MemorySession(world.router, peer(2), 0)
    for opened in world.router.opened:
        opened(liar)
    claimed = tuple(CacheItem(content(n), n - 100, n == 101) for n in range(101, 106))
    word = CacheJob(b"lielieli", mbid_bytes(release.mbid), True, claimed)
    world.router.handlers[CacheJob](liar, word)
    job = await world.jobs.add(spec())
    await world.reach(job, Phase.DONE)
    assert set(world.downloads.added[:2]) == {content(101), content(106)}
    assert world.phases(job) == [TrackPhase.DONE] * 6
