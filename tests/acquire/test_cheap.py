"""Cheap users of the Soulseek network: what makes one cheap, and where their files stand among those of peers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.acquire.backends import LOCAL, SOULSEEK
from slskmesh.acquire.cheap import CLEARLY, Told, cheapness, worth
from slskmesh.acquire.choice import Judged, judge, kind_of, one_set
from slskmesh.acquire.domains import Constraints
from slskmesh.acquire.plan import Candidate
from tests.acquire.test_choice import ANY, LENGTH, candidate

EASY = Told(free_slot=True, speed=400_000, queue=0)


def user(
    number: int, codec: str = "FLAC", name: str = "ben", folder: str = "Album", **changes: Any
) -> Candidate:
    """A file of a user, cheap unless told otherwise."""
    fields: dict[str, Any] = {
        "backend": SOULSEEK,
        "content": number.to_bytes(16, "big"),
        "peers": (),
        "user": name,
        "remote": f"music\\{folder}\\{number:02} song.{codec.lower()}",
        "cheap": True,
        "reasons": ("cheap from a Soulseek user",),
    }
    return candidate(number, codec, **{**fields, **changes})


def names(judged: Judged) -> list[str]:
    return [f"{one.backend} {one.user}".strip() for one in judged.accepted]


@pytest.mark.parametrize(
    ("told", "changes", "words"),
    [
        (EASY, {}, "cheap from a Soulseek user: a free slot, 400 kB/s"),
        (
            Told(False, 400_000, 3),
            {},
            "cheap from a Soulseek user: a short queue (3 wait there), 400 kB/s",
        ),
        (Told(False, 400_000, 1_400), {}, "not cheap: no free slot, 1,400 wait there"),
        (Told(True, 0, 0), {}, "not cheap: the speed is not known"),
        (Told(True, 49_999, 0), {}, "not cheap: only 50 kB/s"),
        (EASY, {"codec": "MP3", "bitrate": 128_000}, "not cheap: the quality is low or not known"),
        (EASY, {"codec": "MP3", "bitrate": 0}, "not cheap: the quality is low or not known"),
        (EASY, {"codec": "MP3", "bitrate": 192_000}, "cheap from a Soulseek user"),
    ],
)
def test_what_makes_a_user_cheap(told: Told, changes: dict[str, Any], words: str) -> None:
    is_cheap, why = cheapness(candidate(1, **{"codec": "FLAC", **changes}), told, ANY)
    assert words in why and is_cheap == why.startswith("cheap")


def test_a_codec_that_is_not_preferred_is_not_cheap() -> None:
    wanted = Constraints(preferred_codecs=("MP3",))
    assert cheapness(candidate(1), EASY, wanted) == (
        False,
        "from a Soulseek user, not cheap: not a preferred codec",
    )
    assert cheapness(candidate(1, "MP3"), EASY, wanted)[0]


def test_cheap_users_before_peers_and_others_behind_them() -> None:
    found = [candidate(1), user(2, name="slow", cheap=False, score=99.0), user(3)]
    assert names(judge(LENGTH, ANY, found)) == ["soulseek ben", "mesh", "soulseek slow"]


def test_what_is_canonical_stays_first_where_that_is_preferred() -> None:
    found = [candidate(1, canonical=True), candidate(2), user(3)]
    assert names(judge(LENGTH, ANY, found)) == ["mesh", "soulseek ben", "mesh"]
    indifferent = Constraints(prefer_canonical=False)
    assert names(judge(LENGTH, indifferent, found)) == ["soulseek ben", "mesh", "mesh"]


def test_peers_who_have_it_in_better_quality_come_first_and_it_says_so() -> None:
    judged = judge(LENGTH, ANY, [user(1, "MP3"), candidate(2)])
    assert names(judged) == ["mesh", "soulseek ben"]
    assert "peers have it in a better quality" in judged.accepted[1].reasons
    deeper = candidate(2, bit_depth=24, sample_rate=96_000)
    assert names(judge(LENGTH, ANY, [user(1), deeper]))[0] == "soulseek ben"


def release(*wants: list[Candidate], constraints: Constraints = ANY) -> list[Judged]:
    return one_set([judge(LENGTH, constraints, found) for found in wants])[0]


def test_a_user_with_the_whole_release_gives_all_of_it() -> None:
    wants = [
        [user(t, name="fast", folder="Some", score=30.0), user(100 + t, name="whole", score=5.0)]
        if t % 2
        else [user(100 + t, name="whole", score=5.0), candidate(200 + t)]
        for t in range(8)
    ]
    chosen = [one.accepted[0] for one in release(*wants)]
    assert {one.user for one in chosen} == {"whole"}
    assert "its folder there has all of 8 tracks" in chosen[0].reasons


def test_after_him_those_who_have_more_of_it_come_first() -> None:
    wants = [[user(t, name="whole", score=20.0), user(50 + t, name="most", score=5.0)] for t in range(7)]
    wants[3].append(user(100, name="fast", score=25.0))
    assert [one.user for one in release(*wants)[3].accepted] == ["whole", "most", "fast"]


def test_of_two_users_with_all_of_it_one_gives_all_of_it() -> None:
    wants = [
        [user(t, name="ann", score=10.0 + t % 2), user(100 + t, name="bob", score=10.5)] for t in range(6)
    ]
    assert len({one.accepted[0].user for one in release(*wants)}) == 1


def test_discs_are_one_folder() -> None:
    wants = [[user(t, folder=f"Album\\CD{1 + t // 2}")] for t in range(4)]
    assert "its folder there has all of 4 tracks" in release(*wants)[0].accepted[0].reasons


def test_a_user_does_not_make_a_patchwork_of_what_peers_have_whole() -> None:
    wants = [[candidate(t)] for t in range(10)]
    wants[3].append(user(50, sample_rate=96_000, bit_depth=24))
    assert names(release(*wants)[3]) == ["mesh", "soulseek ben"]
    wants[3] = [candidate(3, "MP3", bitrate=128_000), user(50, sample_rate=96_000, bit_depth=24)]
    assert names(release(*wants)[3])[0] == "soulseek ben"  # peers have no better one of the set


def test_a_resolution_that_a_client_does_not_tell_is_no_other_kind() -> None:
    wants = [[candidate(t)] for t in range(4)]
    wants[0].append(user(50, sample_rate=0, bit_depth=0))
    assert names(release(*wants)[0]) == ["soulseek ben", "mesh"]


def test_users_who_are_not_cheap_do_not_decide_the_kind() -> None:
    wants = [
        [candidate(t, "MP3"), user(50 + t, cheap=False, sample_rate=96_000, bit_depth=24)] for t in range(4)
    ]
    found, line = one_set([judge(LENGTH, ANY, one) for one in wants])
    assert line == "MP3 320 serves 4 of 4 tracks and is preferred for all"
    assert all(one.accepted[0].backend == "mesh" for one in found)


candidates = st.one_of(
    st.builds(
        candidate,
        st.integers(0, 20),
        st.sampled_from(["FLAC", "MP3", "Opus", ""]),
        backend=st.sampled_from(["local", "mesh"]),
        canonical=st.booleans(),
        bitrate=st.sampled_from([0, 128_000, 320_000]),
        bit_depth=st.sampled_from([0, 16, 24]),
        score=st.floats(0, 40),
    ),
    st.builds(
        user,
        st.integers(0, 20),
        st.sampled_from(["FLAC", "MP3", "Opus"]),
        st.sampled_from(["ann", "ben"]),
        st.sampled_from(["a", "b\\CD1", "b\\CD2"]),
        cheap=st.booleans(),
        bitrate=st.sampled_from([0, 128_000, 320_000]),
        bit_depth=st.sampled_from([0, 16, 24]),
        score=st.floats(0, 40),
    ),
)
constraints = st.builds(
    Constraints,
    st.sampled_from([(), ("FLAC",), ("Opus", "MP3")]),
    allow_lossy=st.booleans(),
    prefer_canonical=st.booleans(),
)


def check(one: Judged, wanted: Constraints, kinds: set[object] | None) -> None:
    """The places of users' files among the others. `kinds`: what the release is taken in, None: anything."""
    order = one.accepted
    place = {id(found): at for at, found in enumerate(order)}
    here = [c for c in order if c.backend == LOCAL]
    peers = [c for c in order if c.backend == "mesh"]
    users = [c for c in order if c.backend == SOULSEEK]
    assert order[: len(here)] == here
    best = max((worth(peer, wanted) for peer in peers), default=0.0)
    for found in users:
        behind = [peer for peer in peers if place[id(peer)] < place[id(found)]]
        if not found.cheap or best - worth(found, wanted) >= CLEARLY:
            assert len(behind) == len(peers)
        elif kinds is None:
            assert all(peer.canonical and wanted.prefer_canonical for peer in behind)
        else:
            assert len(behind) in (sum(peer.canonical for peer in behind), len(peers))


@given(st.lists(st.lists(candidates, max_size=6), min_size=1, max_size=4), constraints)
def test_everybody_has_his_place_and_nothing_is_lost(
    wants: list[list[Candidate]], wanted: Constraints
) -> None:
    judged = [judge(LENGTH, wanted, found) for found in wants]
    for one in judged:
        check(one, wanted, None)
        assert all(found.reasons for found in one.accepted)
        assert [c.score for c in one.accepted if c.backend == "mesh"] == sorted(
            (c.score for c in one.accepted if c.backend == "mesh"), reverse=True
        )
    together, _ = one_set(judged)
    for before, after in zip(judged, together, strict=True):
        check(after, wanted, {kind_of(c) for c in after.accepted})
        assert sorted(map(bare, before.accepted)) == sorted(map(bare, after.accepted))


def bare(one: Candidate) -> tuple[object, ...]:
    plain = msgspec.structs.replace(one, score=0.0, reasons=())
    return tuple(map(repr, msgspec.structs.astuple(plain)))
