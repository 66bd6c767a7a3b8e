"""Choosing: what is refused and why, what comes first, and one set for an album."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.acquire import choice
from slskmesh.acquire.choice import Judged, judge, one_set, variant_name
from slskmesh.acquire.domains import Constraints
from slskmesh.acquire.plan import Candidate
from slskmesh.identity.peerid import PeerId

LENGTH = 200_000
ANY = Constraints()


def candidate(number: int, codec: str = "FLAC", **changes: Any) -> Candidate:
    lossless = codec in ("FLAC", "ALAC")
    fields: dict[str, Any] = {
        "content": number.to_bytes(32, "big"),
        "size": 1000,
        "backend": "mesh",
        "peers": (PeerId(bytes([number % 250 + 1]) * 32),),
        "codec": codec,
        "lossless": lossless,
        "sample_rate": 44_100,
        "bit_depth": 16 if lossless else 0,
        "duration": LENGTH,
        "bitrate": 900_000 if lossless else 320_000,
    }
    return Candidate(**{**fields, **changes})


def order(*candidates: Candidate, constraints: Constraints = ANY, length: int | None = LENGTH) -> list[bytes]:
    return [one.content for one in judge(length, constraints, candidates).accepted]


def test_two_seconds_are_the_limit_where_both_lengths_are_known() -> None:
    far = [candidate(n, duration=LENGTH + off) for n, off in enumerate((-2001, -2000, 0, 2000, 2001), 1)]
    judged = judge(LENGTH, Constraints(), far)
    assert {one.content[-1] for one in judged.accepted} == {2, 3, 4}
    assert [why for _, why in judged.refused] == [
        "it is 2 s shorter than the track",
        "it is 2 s longer than the track",
    ]
    assert len(judge(None, Constraints(), far).accepted) == 5
    assert len(judge(LENGTH, Constraints(), [candidate(9, duration=0)]).accepted) == 1


def test_lossy_is_refused_only_where_it_is_not_accepted() -> None:
    flac, mp3 = candidate(1), candidate(2, "MP3")
    assert order(mp3, flac) == [flac.content, mp3.content]
    judged = judge(LENGTH, Constraints(allow_lossy=False), [mp3, flac])
    assert [one.content for one in judged.accepted] == [flac.content]
    assert judged.refused[0][1] == "MP3 is lossy, and only lossless is accepted"


def test_preferred_codecs_come_in_their_order_and_others_after_them() -> None:
    flac, mp3, opus = candidate(1), candidate(2, "MP3"), candidate(3, "Opus", bitrate=160_000)
    wanted = Constraints(preferred_codecs=("opus", "MP3"))
    assert order(flac, mp3, opus, constraints=wanted) == [opus.content, mp3.content, flac.content]


def test_local_first_then_canonical() -> None:
    here = candidate(1, "MP3", backend="local", peers=(), bitrate=128_000)
    canonical, many = candidate(2, canonical=True), candidate(3, score=10.0)
    assert order(many, canonical, here) == [here.content, canonical.content, many.content]
    assert order(many, canonical, constraints=Constraints(prefer_canonical=False))[0] == many.content


def test_what_is_here_is_not_offered_from_peers_again() -> None:
    judged = judge(LENGTH, Constraints(), [candidate(1), candidate(1, backend="local", peers=())])
    assert [one.backend for one in judged.accepted] == ["local"] and not judged.refused


def test_every_choice_says_why() -> None:
    best = judge(
        LENGTH, Constraints(preferred_codecs=("FLAC",)), [candidate(1, reasons=("3 peers show it",))]
    ).accepted[0]
    assert best.reasons == ("3 peers show it", "FLAC is preferred", "FLAC 16/44.1")
    assert variant_name(candidate(1, "MP3")) == "MP3 320"
    assert variant_name(candidate(1, "", bitrate=0, lossless=False)) == "unknown codec"


def test_an_album_is_no_patchwork() -> None:
    judged = []
    for track in range(10):
        found = [candidate(100 + track, "MP3")]
        found += [candidate(200 + track, sample_rate=96_000, bit_depth=24)] if track % 3 == 0 else []
        found += [candidate(300 + track)]
        judged.append(judge(LENGTH, Constraints(), found))
    assert (
        len({choice.kind_of(one.accepted[0]) for one in judged}) == 2
    )  # the better of each alone is a patchwork
    album, line = one_set(judged)
    assert {variant_name(one.accepted[0]) for one in album} == {"FLAC 16/44.1"}
    assert line == "FLAC 16/44.1 serves 10 of 10 tracks and is preferred for all"
    assert "of the same kind as the rest of the release" in album[0].accepted[0].reasons


def test_within_the_set_who_holds_more_of_the_tracks_comes_first() -> None:
    whole, part = PeerId(b"w" * 32), PeerId(b"p" * 32)
    judged = [
        judge(LENGTH, Constraints(), [candidate(1 + t, peers=(part,)), candidate(101 + t, peers=(whole,))])
        for t in range(1)
    ]
    judged += [judge(LENGTH, Constraints(), [candidate(101 + t, peers=(whole,))]) for t in range(1, 5)]
    album, _ = one_set(judged)
    assert album[0].accepted[0].peers == (whole,)


def test_one_track_alone_makes_no_set() -> None:
    judged = [judge(LENGTH, Constraints(), [candidate(1)])]
    assert one_set(judged) == (judged, "")
    assert one_set([Judged([], []), Judged([], [])])[1] == ""


@given(
    st.lists(
        st.builds(
            candidate,
            st.integers(0, 30),
            st.sampled_from(["FLAC", "MP3", "Opus", ""]),
            duration=st.integers(0, 400_000),
            backend=st.sampled_from(["local", "mesh"]),
            canonical=st.booleans(),
            bitrate=st.integers(0, 2**32 - 1),
            size=st.integers(0, 5),
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_nothing_is_lost_and_local_is_always_first(found: list[Candidate], lossy: bool) -> None:
    judged = judge(LENGTH, Constraints(allow_lossy=lossy), found)
    here = {one.content for one in found if one.backend == "local"}
    kept = [one for one in found if one.backend == "local" or one.content not in here]
    assert len(judged.accepted) + len(judged.refused) == len(kept)
    backends = [one.backend for one in judged.accepted]
    assert backends == sorted(backends)
    assert all(why for _, why in judged.refused)
    twice, _ = one_set([judged, judged])
    assert [{one.content for one in j.accepted} for j in twice] == [
        {one.content for one in judged.accepted}
    ] * 2
