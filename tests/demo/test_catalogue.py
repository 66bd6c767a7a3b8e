"""The demo's catalogue: sizes, formats, and that only size and seed decide."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.demo import catalogue


@given(st.integers(2, 4000), st.integers(0, 10_000))
def test_a_plan_is_decided_by_size_and_seed(size: int, seed: int) -> None:
    tracks = catalogue.plan(size, seed)
    assert tracks == catalogue.plan(size, seed)
    assert {track.suffix for track in tracks} == {"flac", "mp3", "ogg", "opus"}
    assert len({track.parts for track in tracks}) == len(tracks)
    assert all(track.seconds > 0 for track in tracks)
    assert len({track.artist for track in tracks}) == 5


@given(st.integers(2, 4000))
def test_the_mix_is_the_longest_by_far(size: int) -> None:
    mix, *others = catalogue.plan(size, 1)
    assert mix.kind == "mix"
    assert mix.seconds > 2 * max(track.seconds for track in others if track.kind == "flac")


def test_another_seed_gives_another_catalogue() -> None:
    assert len({catalogue.plan(48, seed) for seed in range(20)}) == 20
