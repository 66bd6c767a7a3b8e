"""Breaches, bans and their rows, in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import PeerError
from slskmesh.governance import violations as module
from slskmesh.governance.violations import (
    BAN_MAX,
    HOUR,
    WEEK,
    Offender,
    Violations,
    kind_of,
    prefix_of,
)
from slskmesh.governance.violations_rows import load_offenders, save_offenders
from slskmesh.identity.peerid import PeerId, peer_text
from slskmesh.store.database import open_store

PEER = PeerId(b"p" * 32)
OTHER = PeerId(b"o" * 32)
ADDRESS = "192.0.2.7:1000"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def key(number: int) -> PeerId:
    return PeerId(number.to_bytes(32, "big"))


def ban(violations: Violations, clock: Clock, peer: PeerId = PEER, address: str = "") -> float:
    """Breaches until the ban; how long it is."""
    while not violations.note(peer, address, "rate"):
        pass
    (until,) = [one.until for one in violations.bans() if one.who == peer_text(peer)]
    assert violations.is_banned(peer, now=until - 1) and not violations.is_banned(peer, now=until)
    return until - clock.now


def test_the_fifth_breach_within_an_hour_bans_for_an_hour() -> None:
    clock = Clock()
    punished: list[PeerId] = []
    violations = Violations(clock, on_ban=punished.append)
    assert [violations.note(PEER, ADDRESS, "unasked") for _ in range(5)] == [False] * 4 + [True]
    assert violations.is_banned(PEER) and not violations.is_banned(OTHER) and punished == [PEER]
    (one,) = violations.bans()
    assert (one.who, one.count, one.kind) == (peer_text(PEER), 1, "unasked")
    assert one.until == clock.now + HOUR
    clock.now += HOUR
    assert not violations.is_banned(PEER) and violations.bans() == []


def test_breaches_spread_over_more_than_an_hour_are_forgiven() -> None:
    clock = Clock()
    violations = Violations(clock)
    for _ in range(50):
        assert not violations.note(PEER, ADDRESS, "rate")
        clock.now += HOUR / 4 + 1


def test_bans_double_to_thirty_days_and_quiet_weeks_take_steps_back() -> None:
    clock = Clock()
    violations = Violations(clock)
    lengths = []
    for _ in range(13):
        lengths.append(ban(violations, clock))
        clock.now += lengths[-1] + 1
    assert lengths[:4] == [3600, 7200, 14400, 28800] and lengths[-3:] == [BAN_MAX] * 3
    clock.now += 3 * WEEK
    assert ban(violations, clock) == 2**8 * HOUR
    clock.now += 2**8 * HOUR + 20 * WEEK
    assert ban(violations, clock) == HOUR


def test_one_bad_key_costs_its_neighbours_nothing_but_a_row_of_fresh_keys_does() -> None:
    clock = Clock()
    violations = Violations(clock)
    ban(violations, clock, PEER, ADDRESS)
    assert violations.is_banned(PEER) and not violations.is_banned(OTHER, "192.0.2.99:5")
    assert violations.note(key(1), "192.0.2.8:1", "rate")
    assert violations.is_banned(OTHER, "192.0.2.99:5") and not violations.is_banned(OTHER, "192.0.3.99:5")
    assert {one.who for one in violations.bans()} == {peer_text(PEER), "192.0.2.0/24"}
    clock.now += HOUR
    assert not violations.is_banned(OTHER, "192.0.2.99:5")


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.7:1", "192.0.2.0/24"),
        ("[2001:db8:1:2ff::9]:1", "2001:db8:1:200::/56"),
        ("[::ffff:192.0.2.7]:1", "192.0.2.0/24"),
        ("127.0.0.1:1", None),
        ("[::1]:1", None),
        ("host.example:1", None),
        ("", None),
        ("[fe80::1%eth0]:1", "fe80::/56"),
        ("nonsense", None),
    ],
)
def test_addresses_are_grouped_by_prefix(address: str, prefix: str | None) -> None:
    assert prefix_of(address) == prefix


def test_fresh_keys_on_this_machine_are_not_grouped() -> None:
    violations = Violations(Clock())
    for number in range(40):
        assert not violations.note(key(number), "127.0.0.1:9", "rate")
    assert not violations.is_banned(OTHER, "127.0.0.1:10")


def test_the_person_can_forgive() -> None:
    clock = Clock()
    violations = Violations(clock)
    ban(violations, clock)
    assert not violations.lift(peer_text(OTHER))
    assert violations.lift(peer_text(PEER)) and not violations.is_banned(PEER)
    assert not violations.lift(peer_text(PEER))
    assert ban(violations, clock) == HOUR


def test_tables_are_bounded_and_forget_the_banned_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OFFENDERS_MAX", 50)
    clock = Clock()
    violations = Violations(clock)
    ban(violations, clock)
    for number in range(1000):
        clock.now += 0.1
        violations.note(key(number), f"10.{number % 250}.1.1:1", "rate")
    assert len(violations) == 100 and violations.is_banned(PEER)
    for number in range(1000):  # were all banned, the oldest ban would have to go
        ban(violations, clock, key(5000 + number))
    assert len(violations) == 100 and not violations.is_banned(PEER)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PeerError("frame-too-long", ""), "oversize"),
        (PeerError("bad-message", ""), "bad-payload"),
        (PeerError("flood", ""), "rate"),
        (PeerError("unsolicited", ""), "unasked"),
        (PeerError("bad-bitfield", ""), "protocol"),
        (PeerError("gone", "", blame=False), None),
        (PeerError("unasked-reply", ""), None),
    ],
)
def test_faults_of_sessions_count_once(error: PeerError, kind: str | None) -> None:
    assert kind_of(error) == kind


STEPS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.floats(0, 2 * HOUR), st.booleans()), max_size=80
)


@given(STEPS)
def test_bans_follow_the_rule_whatever_comes_and_survive_a_restart(
    steps: list[tuple[int, int, float, bool]],
) -> None:
    """Against a model that keeps every breach: a key is banned from its fifth within an hour since its last ban."""
    clock = Clock()
    violations = Violations(clock)
    stored: dict[str, Offender] = {}
    breaches: dict[int, list[float]] = {}
    until: dict[int, float] = {}
    for who, network, wait, restart in steps:
        clock.now += wait
        if restart:
            stored |= {one.name: one for one in violations.take_changes()}
            violations = Violations(clock, stored.values())
        violations.note(key(who), f"10.0.{network}.1:1", "rate")
        if until.get(who, 0) <= clock.now:
            mine = breaches.setdefault(who, [])
            mine.append(clock.now)
            if sum(1 for when in mine if when > clock.now - HOUR) >= 5:
                until[who] = next(b.until for b in violations.bans() if b.who == peer_text(key(who)))
                assert HOUR <= until[who] - clock.now <= BAN_MAX
                mine.clear()
        for one in range(5):
            assert violations.is_banned(key(one)) == (until.get(one, 0) > clock.now)


def test_what_could_not_be_written_is_handed_over_again() -> None:
    violations = Violations(Clock())
    violations.note(PEER, ADDRESS, "rate")
    changes = violations.take_changes()
    assert len(changes) == 2 and violations.take_changes() == []
    violations.put_back(changes)
    assert violations.take_changes() == changes


async def test_bans_outlive_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    before = Violations(clock)
    ban(before, clock, PEER, ADDRESS)
    for _ in range(4):
        before.note(OTHER, "198.51.100.1:1", "unasked")
    async with open_store(tmp_path / "a.db") as store:
        await store.run(save_offenders, before.take_changes())
    async with open_store(tmp_path / "a.db") as store:
        after = Violations(clock, await store.run(load_offenders))
        assert after.bans() == before.bans()
        assert after.note(OTHER, "198.51.100.1:1", "unasked") and after.is_banned(OTHER)
        await store.run(save_offenders, after.take_changes())
        monkeypatch.setattr("slskmesh.governance.violations_rows._ROWS_MAX", 1)
        assert len(await store.run(load_offenders)) == 1
    async with open_store(tmp_path / "a.db") as store:
        assert len(await store.run(load_offenders)) == 1
