"""A discography of named releases only, what is kept of who asked, and the releases of jobs as albums."""

import pytest

from slskmesh.errors import UserError
from slskmesh.jobs.state import Kind, Phase
from tests.jobs.doubles import World, content, in_world, make_release, mbid, spec
from tests.jobs.test_kinds import ARTIST, with_discography


@in_world
async def test_only_named_releases_are_taken_in_their_order(world: World) -> None:
    with_discography(world)
    wanted = (mbid(3), mbid(1), mbid(3))
    number = await world.jobs.add(spec(ARTIST, kind=Kind.DISCOGRAPHY, releases=wanted))
    state = await world.reach(number, Phase.DONE)
    assert (state.title, state.releases_total, state.tracks_done) == ("Ann", 2, 6)
    assert [one.mbid for one in world.jobs.releases(number)] == [mbid(3), mbid(1)]
    assert [one.title for one in world.jobs.releases(number)] == ["Album 3", "Album 1"]
    assert state.spec.releases == (mbid(3), mbid(1))


@in_world
async def test_a_restart_keeps_what_was_named_and_who_asked(world: World) -> None:
    with_discography(world)
    named = spec(ARTIST, kind=Kind.DISCOGRAPHY, releases=(mbid(2),), requested_by="x", library_hint="attic")
    number = await world.jobs.add(named)
    await world.reach(number, Phase.DONE)
    again = world.make_jobs()
    await again._ledger.load()
    (state,) = again.states()
    assert state.spec.releases == (mbid(2),)
    assert (state.spec.requested_by, state.spec.library_hint) == ("x", "attic")


@in_world
async def test_releases_are_named_of_a_discography_only_and_by_ids(world: World) -> None:
    with pytest.raises(UserError, match="of a discography only"):
        await world.jobs.add(spec(releases=(mbid(2),)))
    with pytest.raises(UserError):
        await world.jobs.add(spec(ARTIST, kind=Kind.DISCOGRAPHY, releases=("two",)))
    assert world.jobs.states() == ()


@in_world
async def test_other_releases_of_the_same_artist_are_another_job(world: World) -> None:
    with_discography(world)
    one, two = [spec(ARTIST, kind=Kind.DISCOGRAPHY, releases=(mbid(n),)) for n in (1, 2)]
    await world.jobs.add(one)
    await world.jobs.add(two)
    with pytest.raises(UserError, match="already"):
        await world.jobs.add(one)


@in_world
async def test_albums_of_jobs_tell_what_was_brought(world: World) -> None:
    assert [*world.jobs.albums()] == []
    world.stock(make_release())
    number = await world.jobs.add(spec(tracks=(1, mbid(103))))
    await world.reach(number, Phase.DONE)
    albums = world.jobs.albums()
    assert [*albums] == [mbid(1)]
    release = albums.release(mbid(1))
    assert release is not None and [track.recording for track in release.tracks] == [
        mbid(n) for n in (101, 102, 103)
    ]
    assert [(one.recording, one.content) for one in albums.served(mbid(1))] == [
        (mbid(101), content(101)),
        (mbid(103), content(103)),
    ]
    assert albums.release(mbid(2)) is None and albums.served(mbid(2)) == []
