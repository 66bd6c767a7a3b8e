"""Votes, clocks, endpoints, topics, the way in, and who is to be greeted."""

import itertools
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slskmesh.dht import endpoints, topics
from slskmesh.dht.bootstrap import Bootstrap
from slskmesh.dht.greetings import Greetings, Why
from slskmesh.dht.networks import Address
from slskmesh.dht.skew import Skew
from slskmesh.dht.tokens import Granted
from slskmesh.dht.votes import Votes
from slskmesh.errors import PeerError

V4 = st.tuples(
    st.integers(1, 223).map(lambda a: f"{a}.1.2.3" if a != 127 else "20.1.2.3"), st.integers(1, 65535)
)
V6 = st.tuples(st.integers(1, 0xFFFF).map(lambda a: f"2001:db8::{a:x}"), st.integers(1, 65535))


def test_three_networks_and_more_than_half_tell_where_we_are() -> None:
    votes = Votes()
    us = ("20.0.0.1", 7000)
    for voter in (b"a", b"a", b"b"):
        votes.cast(voter, us, 0.0)
    assert votes.all(0.0) == ()
    votes.cast(b"c", ("20.0.0.1", 7001), 0.0)
    assert votes.all(0.0) == (us,)
    for voter in (b"d", b"e", b"f"):
        votes.cast(voter, ("66.6.6.6", 1), 0.0)
    assert votes.all(0.0) == ()
    for voter in (b"g", b"h"):
        votes.cast(voter, us, 0.0)
    assert votes.all(0.0) == (us,)
    assert votes.all(3601.0) == ()


def test_families_are_voted_on_apart() -> None:
    votes = Votes()
    for voter in (b"a", b"b", b"c"):
        votes.cast(voter, ("20.0.0.1", 7000), 0.0)
        votes.cast(voter, ("2001:db8::1", 7000), 0.0)
    assert votes.all(1.0) == (("20.0.0.1", 7000), ("2001:db8::1", 7000))


def test_many_voters_do_not_grow_without_bound_and_the_latest_count() -> None:
    votes = Votes()
    for i in range(100):
        votes.cast(bytes([i]), ("20.0.0.1", 1), 0.0)
    for i in range(100):
        votes.cast(bytes([i]), ("30.0.0.1", 1), 0.0)
    assert votes.all(0.0) == (("30.0.0.1", 1),)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60))
@example([0.0, 8.98e307, 8.99e307, 9e307])  # two of them together are beyond all numbers
def test_the_median_of_clocks_is_one_of_those_told_lately(said: list[float]) -> None:
    skew = Skew()
    for theirs in said:
        skew.note(0.0, theirs)
    told = [-one for one in said if one == one and abs(one) != float("inf")][-32:]
    assert skew.median() == 0.0 if len(told) < 3 else min(told) <= skew.median() <= max(told)


@given(st.lists(st.one_of(V4, V6), max_size=12))
def test_endpoints_come_back_each_once_and_bounded(addresses: list[Address]) -> None:
    payload = endpoints.encode_endpoints(addresses)
    assert len(payload) <= 512
    assert endpoints.decode_endpoints(payload) == list(dict.fromkeys(addresses))[:8]


@given(st.binary(max_size=200))
def test_foreign_bytes_give_endpoints_or_a_peer_error(data: bytes) -> None:
    for payload in (data, b"\x01" + data):
        try:
            found = endpoints.decode_endpoints(payload)
        except PeerError as error:
            assert error.code == "bad-endpoint"
        else:
            assert len(found) <= 512 // 7


def test_an_address_nobody_answers_at_is_skipped() -> None:
    payload = b"\x01\x06\xe0\x00\x00\x01\x00\x50\x06\x14\x00\x00\x01\x00\x50"
    assert endpoints.decode_endpoints(payload) == [("20.0.0.1", 80)]


def test_topics_of_different_kinds_never_meet() -> None:
    name = "aa" * 16
    keys = [
        topics.peer_endpoints(name.encode()),
        topics.content(name.encode()),
        topics.mbid("release", name),
        topics.mbid("recording", name),
        topics.scene(name),
        topics.service(name),
        topics.contribution(name.encode()),
        topics.soft_ban(name.encode()),
    ]
    assert len(set(keys)) == len(keys)
    assert {len(key) for key in keys} == {20}
    assert topics.mbid("release", "ABC") == topics.mbid("release", "abc")


def test_alone_everything_known_is_tried_again_with_growing_pauses() -> None:
    bootstrap = Bootstrap(random.Random(1))
    here: Address = ("20.0.0.1", 7)
    assert bootstrap.meet([here], 0.0)
    assert bootstrap.take(True, 0.0) == [here]
    tried, now = [], 0.0
    for _ in range(4000):
        now += max(0.5, bootstrap.pause(True, now))
        if bootstrap.take(True, now):
            tried.append(now)
        if now > 3000:
            break
    gaps = [b - a for a, b in itertools.pairwise(tried)]
    assert gaps[0] < 5
    assert 200 < gaps[-1] <= 370
    assert len(tried) < 25


def test_an_address_is_greeted_once_a_minute_whoever_names_it() -> None:
    bootstrap = Bootstrap(random.Random(1))
    here: Address = ("20.0.0.1", 7)
    bootstrap.meet([here], 0.0)
    assert bootstrap.take(False, 0.0) == [here]
    assert not bootstrap.meet([here], 59.0)
    assert bootstrap.take(False, 59.0) == []
    assert bootstrap.meet([here], 61.0)
    assert bootstrap.take(False, 61.0) == [here]


def test_the_way_in_is_bounded_and_in_order() -> None:
    bootstrap = Bootstrap(random.Random(1))
    many = [(f"20.{i // 200}.{i % 200}.1", 7) for i in range(2000)]
    bootstrap.meet(many, 0.0)
    taken = []
    while batch := bootstrap.take(False, 0.0):
        assert len(batch) <= 32
        taken += batch
    assert taken == many[:512]


def test_an_address_waits_once_and_is_greeted_once_a_minute() -> None:
    greetings = Greetings()
    here: Address = ("20.0.0.1", 7)
    greetings.add(b"a", here, Why.ASKED, 0.0)
    greetings.add(b"b", here, Why.PROVEN, 0.0)
    assert len(greetings) == 1
    assert greetings.take() == (here, b"a", Why.ASKED)
    greetings.greeted(here, 0.0)
    greetings.add(b"a", here, Why.ASKED, 59.0)
    assert len(greetings) == 0
    greetings.add(b"a", here, Why.ASKED, 60.0)
    assert len(greetings) == 1


def test_the_mentioned_wait_three_seconds_and_are_bounded() -> None:
    greetings = Greetings()
    for i in range(1000):
        greetings.add(b"a", (f"20.{i // 200}.{i % 200}.1", 7), Why.MENTIONED, 0.0)
    assert not greetings.ripen(2.9)
    assert greetings.ripen(3.0)
    count = 0
    while greetings.ripen(3.0):
        assert greetings.take()[2] is Why.MENTIONED
        count += 1
    assert count == 256


def test_tokens_given_to_us_count_for_a_while() -> None:
    granted = Granted()
    here: Address = ("20.0.0.1", 7)
    granted.note(b"n", here, b"token", 0.0)
    assert granted.token(b"n", here, 269.0) == b"token"
    assert granted.token(b"n", here, 271.0) == b""
    assert granted.token(b"n", ("20.0.0.1", 8), 0.0) == b""
    granted.forget(b"n", here)
    assert granted.token(b"n", here, 1.0) == b""
    for i in range(5000):
        granted.note(b"%d" % i, here, b"t", 0.0)
    assert granted.token(b"0", here, 0.0) == b""


@pytest.mark.parametrize("payload", [b"", b"\x02", b"\x01\x06abc", b"\x01\x05abcde"])
def test_broken_endpoints_are_refused(payload: bytes) -> None:
    with pytest.raises(PeerError):
        endpoints.decode_endpoints(payload)
