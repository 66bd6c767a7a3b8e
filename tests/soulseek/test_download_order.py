from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.soulseek.download_order import ASKED_A_USER, GRACE, Full, Spot, plan

spots = st.lists(
    st.builds(
        Spot,
        key=st.binary(min_size=4, max_size=4),
        user=st.sampled_from("abc"),
        asked=st.booleans(),
        since=st.none(),
        ready=st.floats(0, 200),
        held=st.booleans(),
    ).flatmap(
        lambda spot: (
            st.just(spot)
            if not spot.asked
            else st.one_of(st.just(spot), st.floats(0, 100).map(lambda since: spot._replace(since=since)))
        )
    ),
    max_size=120,
    unique_by=lambda spot: spot.key,
)


@given(spots, st.integers(1, 5), st.booleans(), st.sets(st.sampled_from("abc")))
@settings(deadline=None)
def test_the_rules(listed: list[Spot], active: int, online: bool, away: set[str]) -> None:
    now = 100.0
    order = plan(listed, now, active=active, online=online, away=away)
    by_key = {spot.key: spot for spot in listed}
    asked = [by_key[key] for key in order.ask]
    assert all(not spot.asked and spot.ready <= now and spot.user not in away for spot in asked)
    assert online or not asked
    count = Counter(spot.user for spot in listed if spot.asked)
    for user, many in Counter(spot.user for spot in asked).items():
        assert count[user] + many <= max(ASKED_A_USER, count[user])
    running = [spot for spot in listed if spot.since is not None and spot.key not in order.hold]
    settled = [spot for spot in running if spot.since is not None and now - spot.since >= GRACE]
    assert len(settled) <= active and len({spot.user for spot in settled}) == len(settled)
    assert order.next_at is None or order.next_at > now - 1e-9
    if len(running) >= active and len({spot.user for spot in running}) >= active:
        assert not asked


@given(spots, st.integers(1, 5))
@settings(deadline=None)
def test_what_is_ready_is_asked_for_when_there_is_room(listed: list[Spot], active: int) -> None:
    order = plan([spot._replace(since=None) for spot in listed], 1_000.0, active=active)
    count = Counter(spot.user for spot in listed if spot.asked)
    want = Counter(spot.user for spot in listed if not spot.asked)
    asked = Counter(next(spot.user for spot in listed if spot.key == key) for key in order.ask)
    for user in "abc":
        assert asked[user] == max(0, min(want[user], ASKED_A_USER - count[user]))


def test_a_full_user_is_asked_for_as_many_as_he_took() -> None:
    full = Full(random.Random(1))
    full.said("a", 2, 0.0)
    waiting = [Spot(bytes([n]), "a", n < 2, None) for n in range(5)]
    order = plan(waiting, 1.0, active=9, full=full)
    assert order.ask == [] and order.next_at is not None and 300 <= order.next_at <= 330
    assert plan(waiting[1:], 1.0, active=9, full=full).ask == [bytes([2])]
    assert len(plan(waiting, 331.0, active=9, full=full).ask) == 3
    full.said("a", 2, 331.0)
    assert full.room("a", 900.0)[0] == 2  # twice as long
    full.gave("a")
    full.said("a", 2, 2_000.0)
    assert full.room("a", 2_331.0) == (ASKED_A_USER, 0.0)
    full.forget("a")
    assert full.room("a", 2_001.0) == (ASKED_A_USER, 0.0)
