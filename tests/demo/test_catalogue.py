"""The demo's catalogue: sizes, formats, and that only size and seed decide."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.demo import catalogue
from slskmesh.mbid import is_mbid


@given(st.integers(2, 4000), st.integers(0, 10_000))
def test_a_plan_is_decided_by_size_and_seed(size: int, seed: int) -> None:
    tracks = catalogue.plan(size, seed)
    assert tracks == catalogue.plan(size, seed)
    assert {track.suffix for track in tracks} == {"flac", "mp3", "ogg", "opus"}
    assert len({track.parts for track in tracks}) == len(tracks)
    assert all(track.seconds > 0 for track in tracks)
    assert len({track.artist for track in tracks}) == 4


@given(st.integers(2, 4000))
def test_the_mix_is_the_longest_by_far(size: int) -> None:
    mix, *others = catalogue.plan(size, 1)
    assert mix.kind == "mix"
    assert mix.seconds > 2 * max(track.seconds for track in others if track.kind == "flac")


def test_another_seed_gives_another_catalogue() -> None:
    assert len({catalogue.plan(48, seed) for seed in range(20)}) == 20


@given(st.integers(2, 4000), st.integers(0, 10_000))
def test_the_label_has_an_album_an_ep_of_the_same_artist_and_singles(size: int, seed: int) -> None:
    tracks = catalogue.plan(size, seed)
    releases = catalogue.releases(tracks)
    assert sorted(release.kind for release in releases) == ["Album", "EP", "Single", "Single", "Single"]
    assert sum(len(release.tracks) for release in releases) == len(tracks)
    album = catalogue.album(tracks)
    assert [track.kind for track in album.tracks] == ["flac"] * 4
    assert [track.number for track in album.tracks] == [1, 2, 3, 4]
    (ep,) = [release for release in releases if release.kind == "EP"]
    assert ep.artist_id == album.artist_id and ep.group_id != album.group_id
    assert len({release.number for release in releases}) == len(releases)


@given(st.integers(2, 4000), st.integers(0, 10_000))
def test_ids_are_canonical_apart_and_those_of_the_names(size: int, seed: int) -> None:
    tracks = catalogue.plan(size, seed)
    ids = [catalogue.LABEL_ID]
    for kind in ("recording_id", "release_id", "group_id", "artist_id"):
        ids += {getattr(track, kind) for track in tracks}
    assert len(set(ids)) == len(ids) == 1 + 9 + 5 + 5 + 4
    assert all(is_mbid(one) for one in ids)
    other = catalogue.plan(2 if size > 2 else 3, seed)
    assert [track.recording_id for track in other] == [track.recording_id for track in tracks]


@given(st.integers(0, 10_000))
def test_the_tapes_are_a_release_of_their_own_whatever_the_size_of_the_rest(seed: int) -> None:
    tapes, plan = catalogue.tapes(seed), catalogue.plan(48, seed)
    assert len({track.release_id for track in tapes}) == 1 and [track.number for track in tapes] == [1, 2, 3]
    assert not {track.artist_id for track in tapes} & {track.artist_id for track in plan}
    assert not {track.recording_id for track in tapes} & {track.recording_id for track in plan}
    titles = {track.title for track in plan} | {track.album for track in plan}
    assert not {track.title for track in tapes} & titles
    releases = catalogue.releases((*plan, *tapes))
    assert len({release.number for release in releases}) == len(releases)
