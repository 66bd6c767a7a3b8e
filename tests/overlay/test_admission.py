"""Bounds on who may knock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import PeerError
from slskmesh.overlay.admission import Admission, Limits, host_of, network_of


def test_one_address_one_network_and_all_together_are_bounded() -> None:
    door = Admission(Limits(half_open=20, half_open_ip=2, half_open_net=5))
    for host in ("10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"):
        door.knock(host)
    for host in ("10.0.0.1", "10.0.0.9"):
        with pytest.raises(PeerError) as caught:
            door.knock(host)
        assert caught.value.code == "full" and not caught.value.blame
    for number in range(15):
        door.knock(f"10.1.{number}.1")
    with pytest.raises(PeerError):
        door.knock("10.200.0.1")
    door.leave("10.0.0.1")
    door.knock("10.0.0.1")


def test_loopback_is_only_bounded_as_a_whole() -> None:
    door = Admission(Limits(half_open=10, half_open_ip=1, half_open_net=1))
    for _ in range(10):
        door.knock("127.0.0.1")
    with pytest.raises(PeerError):
        door.knock("127.0.0.1")


def test_sessions_are_bounded() -> None:
    door = Admission(Limits(sessions=2))
    door.enter("10.0.0.1")
    door.enter("10.0.0.2")
    with pytest.raises(PeerError):
        door.enter("10.0.0.3")
    door.exit("10.0.0.1")
    door.enter("10.0.0.3")


def test_one_subscriber_does_not_get_more_by_its_many_ipv6_addresses() -> None:
    door = Admission(Limits(sessions_ip=2, half_open_ip=2))
    for ip in ("2001:db8:0:7::1", "2001:db8:0:7:ffff::2"):
        door.enter(ip)
    with pytest.raises(PeerError, match="sessions with 2001:db8:0:7::/64"):
        door.knock("2001:db8:0:7::3")
    door.knock("2001:db8:0:8::3")  # the next subscriber
    door.exit("2001:db8:0:7::1")
    for ip in ("2001:db8:0:7::4", "2001:db8:0:7::5"):
        door.knock(ip)
    with pytest.raises(PeerError, match="being opened from 2001:db8:0:7::/64"):
        door.knock("2001:db8:0:7::6")


def test_an_ipv4_address_is_one_host_in_either_notation() -> None:
    assert host_of("10.1.2.3") == "10.1.2.3" == host_of("::ffff:10.1.2.3")
    door = Admission(Limits(half_open_ip=1))
    for _ in range(3):
        door.knock("::ffff:127.0.0.1")


def test_networks() -> None:
    assert network_of("10.1.2.3") == "10.1.2.0/24" == network_of("::ffff:10.1.2.9")
    assert network_of("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert network_of("fe80::1%eth0") == "fe80::/48"


@given(st.lists(st.sampled_from(["10.0.0.1", "10.0.0.2", "10.9.0.1", "127.0.0.1"]), max_size=60))
def test_counts_return_to_nothing(knocks: list[str]) -> None:
    door, inside = Admission(Limits()), []
    for ip in knocks:
        try:
            door.knock(ip)
        except PeerError:
            continue
        inside.append(ip)
    assert door.half_open == len(inside)
    for ip in inside:
        door.leave(ip)
    assert door.half_open == 0
