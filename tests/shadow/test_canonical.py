"""The canonical variant: own measurement, trust, quorum, and what many keys of one owner can do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.shadow.canonical import QUORUM, Basis, Vote, canonical

A, B, C = (bytes([n]) * 32 for n in (1, 2, 3))


def vote(number: int, network: str, stream: bytes, trusted: bool = False) -> Vote:
    return Vote(number.to_bytes(32, "big"), network, stream, trusted)


def honest(count: int = 3, stream: bytes = A) -> list[Vote]:
    return [vote(n, f"10.{n}.0.0/24", stream) for n in range(count)]


@given(st.integers(1, 300), st.integers(0, 2**32))
def test_many_keys_of_one_network_never_win(keys: int, seed: int) -> None:
    sybils = [vote(1000 + n, "203.0.113.0/24", B) for n in range(keys)]
    verdict = canonical([*sybils, *honest()])
    assert verdict.basis is Basis.QUORUM and verdict.stream == A and verdict.support == 3


@given(
    st.lists(
        st.builds(vote, st.integers(0, 50), st.sampled_from(["", "a", "b"]), st.sampled_from([A, B, C])),
        max_size=80,
    )
)
def test_two_networks_are_never_a_quorum(votes: list[Vote]) -> None:
    assert canonical(votes).basis is Basis.UNKNOWN


def test_one_of_one_is_unknown() -> None:
    verdict = canonical([vote(1, "10.0.0.0/24", A)])
    assert verdict.basis is Basis.UNKNOWN and verdict.stream == b"" and "1 of 3" in verdict.reason


def test_a_tie_is_unknown() -> None:
    other = [vote(100 + n, f"11.{n}.0.0/24", B) for n in range(QUORUM)]
    assert canonical([*honest(), *other]).basis is Basis.UNKNOWN
    assert canonical([*honest(4), *other]).stream == A


def test_trusted_peers_come_before_any_number_of_strangers() -> None:
    verdict = canonical([*honest(40), vote(99, "", B, trusted=True)])
    assert verdict.basis is Basis.TRUSTED and verdict.stream == B and "you trust" in verdict.reason


def test_trusted_peers_that_disagree_leave_it_to_the_quorum() -> None:
    two = [vote(90, "", B, trusted=True), vote(91, "", C, trusted=True)]
    assert canonical([*two, *honest()]).stream == A


def test_own_measurement_comes_first() -> None:
    verdict = canonical([*honest(40), vote(99, "", C, trusted=True)], own=[B])
    assert verdict.basis is Basis.OWN and verdict.stream == B
    assert canonical(honest(), own=[B, A]).stream == A  # of several of ours, what others have too
    assert canonical([], own=[B, A]).stream == B  # else the better one


def test_a_holder_of_two_variants_speaks_for_both() -> None:
    votes = [one for n in range(3) for one in (vote(n, f"10.{n}.0.0/24", A), vote(n, f"10.{n}.0.0/24", B))]
    assert canonical(votes).basis is Basis.UNKNOWN
    assert canonical([*votes, vote(9, "10.9.0.0/24", A)]).stream == A


def test_who_does_not_tell_the_audio_has_no_voice() -> None:
    assert canonical([vote(n, f"10.{n}.0.0/24", b"") for n in range(9)]).basis is Basis.UNKNOWN
    assert canonical([vote(n, "", A) for n in range(9)]).basis is Basis.UNKNOWN
