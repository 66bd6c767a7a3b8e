"""Whom to ask: own measurement first, strangers a fair chance, no crowding out."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.fabric.scores import SCORES_MAX, Scores
from slskmesh.identity.peerid import PeerId


def key(number: int) -> PeerId:
    return PeerId(number.to_bytes(32, "big"))


def test_success_speed_and_standing_each_count() -> None:
    good = key(1)
    scores = Scores(random.Random(1), lambda peer: 8.0 if peer == key(3) else -8.0 if peer == key(4) else 0.0)
    for peer in (good, key(2), key(3), key(4), key(5)):
        for _ in range(10):
            scores.worked(peer, "s", 3.0 if peer == key(5) else 0.1)
    for _ in range(10):
        scores.failed(key(2), "s")
    order = sorted(map(key, range(1, 7)), key=lambda peer: -scores.score(peer, "s"))
    assert order[:2] == [key(3), good] and scores.score(good, "s") > scores.score(key(2), "s")
    assert scores.score(key(4), "s") < scores.score(good, "s") > scores.score(key(5), "s")
    assert not scores.tried(good, "another") and scores.score(good, "another") == scores.score(key(9), "s")


def test_hundreds_of_strangers_do_not_crowd_out_what_works() -> None:
    scores = Scores(random.Random(2))
    good, bad = [key(n) for n in range(4)], [key(n) for n in range(10, 14)]
    for peer in good:
        scores.worked(peer, "s", 0.05)
    for peer in bad:
        for _ in range(5):
            scores.failed(peer, "s")
    strangers = [key(n) for n in range(1000, 1500)]
    first: Counter[str] = Counter()
    for _ in range(200):
        order = scores.order([*strangers, *bad, *good], "s")
        assert sorted(order) == sorted([*strangers, *bad, *good])
        first["good" if order[0] in good else "stranger" if order[0] not in bad else "bad"] += 1
        assert order[-4:] != good and set(order[-4:]) == set(bad)
        assert len(set(order[:20]) & set(good)) == 4
    assert 25 <= first["stranger"] <= 75 and not first["bad"]


def test_each_stranger_gets_its_chance() -> None:
    scores = Scores(random.Random(3))
    first = Counter(scores.order([key(n) for n in range(5)], "s")[0] for _ in range(500))
    assert len(first) == 5 and min(first.values()) > 60


def test_old_deeds_fade() -> None:
    scores = Scores(random.Random(4))
    for _ in range(1000):
        scores.worked(key(1), "s", 0.1)
    for _ in range(60):
        scores.failed(key(1), "s")
    assert scores.score(key(1), "s") < scores.score(key(2), "s") * 2


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.floats(0, 100))), st.integers(0, 99))
def test_orders_are_permutations_and_scores_stay_in_their_range(
    deeds: list[tuple[int, bool, float]], seed: int
) -> None:
    scores = Scores(random.Random(seed))
    for who, good, latency in deeds:
        if good:
            scores.worked(key(who), "s", latency)
        else:
            scores.failed(key(who), "s")
        assert 0 < scores.score(key(who), "s") <= 1.5
    peers = [key(n) for n in range(12)]
    assert sorted(scores.order(peers, "s")) == peers


def test_the_table_is_bounded() -> None:
    scores = Scores(random.Random(5))
    for number in range(SCORES_MAX + 500):
        scores.failed(key(number), "s")
    assert len(scores._deeds) == SCORES_MAX and not scores.tried(key(0), "s")
