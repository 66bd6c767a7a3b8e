"""Open or closed: what proves it, what does not, and that liars and lost datagrams seldom matter."""

from slskmesh.dht.networks import Address
from slskmesh.dht.reachability import Reachability

CONTACTS = 10


def fail_trials(reach: Reachability, voices: list[bytes], start: float = 30.0) -> float:
    now = start
    for i, voice in enumerate(voices):
        while not reach.wants_probe(CONTACTS, now):
            now += 1
        reach.trial((f"20.0.{i}.9", 7), voice, now)
        now += 6
        reach.is_due(now)
    return now


def test_three_networks_whose_greeters_never_came_close_it_and_one_stranger_opens_it() -> None:
    reach = Reachability(0.0)
    now = fail_trials(reach, [b"a", b"b"])
    assert not reach.closed
    now = fail_trials(reach, [b"c"], now)
    assert reach.closed
    reach.heard(("20.9.9.9", 5), now)
    assert not reach.closed
    assert not reach.wants_probe(CONTACTS, now + 800)
    assert reach.wants_probe(CONTACTS, now + 901)


def test_one_network_alone_cannot_talk_us_into_it() -> None:
    reach = Reachability(0.0)
    fail_trials(reach, [b"a"] * 12)
    assert not reach.closed


def test_answers_to_what_we_sent_prove_nothing() -> None:
    reach = Reachability(0.0)
    them: Address = ("20.1.1.1", 7)
    reach.sent(them, 10.0)
    reach.heard(them, 11.0)
    now = fail_trials(reach, [b"a", b"b", b"c"])
    assert reach.closed
    reach.heard(them, now)
    assert reach.closed
    reach.heard(them, 10.0 + 331)
    assert not reach.closed


def test_a_greeter_we_have_sent_to_makes_no_trial() -> None:
    reach = Reachability(0.0)
    for i, voice in enumerate([b"a", b"b", b"c", b"d"]):
        reach.sent((f"20.0.{i}.9", 7), 25.0)
        if i % 2:
            reach.trial((f"20.0.{i}.9", 7), voice, 30.0 + 10 * i)
        else:
            reach.trial((f"20.0.{i}.8", 7), voice, 30.0 + 10 * i)
            reach.sent((f"20.0.{i}.8", 7), 31.0 + 10 * i)
        reach.is_due(37.0 + 10 * i)
    assert not reach.closed


def test_with_few_contacts_nothing_is_asked() -> None:
    reach = Reachability(0.0)
    assert not reach.wants_probe(3, 100.0)
    assert reach.wants_probe(4, 100.0)
    assert not reach.wants_probe(4, 105.0)


def test_a_forgotten_address_is_not_taken_for_a_stranger() -> None:
    reach = Reachability(0.0)
    for i in range(9000):
        reach.sent((f"20.{i // 250}.{i % 250}.1", 7), 100.0)
    assert reach.knows(("20.0.0.1", 7), 101.0)
    assert reach.knows(("99.0.0.1", 7), 101.0)
    assert not reach.knows(("99.0.0.1", 7), 431.0)


def test_a_proof_from_the_local_network_is_doubted_once_somebody_beyond_is_known() -> None:
    reach = Reachability(0.0)
    reach.heard(("192.168.1.2", 7), 30.0)
    assert not reach.wants_probe(CONTACTS, 60.0)
    reach.doubt()
    assert reach.wants_probe(CONTACTS, 60.0)
