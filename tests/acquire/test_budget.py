"""Answering searches: what many ask does not shut out those who ask little."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.acquire import budget as module
from slskmesh.acquire.budget import AnswerBudget, Refusal, group_of
from slskmesh.identity.peerid import PeerId


def peer(number: int) -> PeerId:
    return PeerId(number.to_bytes(32, "big"))


def flood(budget: AnswerBudget, peers: range, network: str, now: float) -> int:
    """Every peer asks until it is refused, each answer is out at once; returns how many were let in."""
    entered = 0
    for number in peers:
        address = f"{network}.{number % 250}:1"
        while budget.enter(peer(number), address, now) is None:
            budget.leave(peer(number), address)
            entered += 1
    return entered


def test_a_peer_over_its_own_rate_takes_nothing_from_the_others() -> None:
    budget = AnswerBudget()
    for _ in range(1000):
        refusal = budget.enter(peer(1), "192.0.2.1:1", 0.0)
        if refusal is None:
            budget.leave(peer(1), "192.0.2.1:1")
    assert refusal == Refusal(2.0, own=True)
    assert flood(budget, range(2, 3), "198.51.100", 0.0) == 10


def test_leaving_and_coming_back_does_not_renew_a_rate() -> None:
    budget = AnswerBudget()
    assert flood(budget, range(1, 2), "192.0.2", 0.0) == 10
    assert budget.enter(peer(1), "198.51.100.1:9", 0.1) == Refusal(1.9, own=True)


def test_a_crowd_leaves_room_for_those_who_have_hardly_asked() -> None:
    budget = AnswerBudget()
    for now in range(10):  # fifty peers in many networks ask all they may, second by second
        for number in range(1, 51):
            flood(budget, range(number, number + 1), f"10.{number}.0", float(now))
    for number in range(100, 110):
        assert budget.enter(peer(number), f"203.0.113.{number}:1", 10.0) is None


def test_one_network_gets_its_share_only() -> None:
    budget = AnswerBudget()
    burst, reserve = int(module.NETWORK_RATE[1]), int(module.RESERVE_RATE[1])
    assert flood(budget, range(1, 200), "10.0.0", 0.0) <= burst + reserve
    assert flood(budget, range(300, 302), "10.9.0", 0.0) == 20


def test_slow_answers_of_one_network_do_not_take_the_places_of_others() -> None:
    budget, open_in_network = AnswerBudget(), 0
    for number in range(1, 200):  # a new peer every 0.2 s, whose answers never end
        while budget.enter(peer(number), "10.0.0.1:1", number / 5) is None:
            open_in_network += 1
    assert module.OPEN_NETWORK < open_in_network == 2 * module.OPEN_NETWORK
    assert [budget.enter(peer(1000), "10.1.0.1:1", 100.0) for _ in range(10)] == [None] * 10
    assert budget.enter(peer(1001), "10.1.0.1:1", 100.0) is None


def test_groups() -> None:
    assert group_of("10.1.2.3:5") == group_of("10.1.2.200:6") != group_of("10.1.3.3:5")
    assert group_of("[2001:db8:1:2::3]:5") == group_of("[2001:db8:1:9::3]:5")
    assert group_of("127.0.0.1:5") is None is group_of("[::1]:5")
    assert group_of("peer.example:5") == "peer.example"


@given(st.lists(st.tuples(st.integers(1, 8), st.booleans(), st.floats(0, 3)), max_size=200))
def test_places_come_back_and_rates_hold_in_any_order(steps: list[tuple[int, bool, float]]) -> None:
    budget, now, inside, entered = AnswerBudget(), 0.0, [], 0
    for number, entering, pause in steps:
        now += pause
        address = f"10.0.{number % 3}.1:1"
        if entering and budget.enter(peer(number), address, now) is None:
            inside.append((peer(number), address))
            entered += 1
        elif inside:
            budget.leave(*inside.pop())
    assert entered <= sum(rate * now + burst for rate, burst in (module.ALL_RATE, module.RESERVE_RATE))
    while inside:
        budget.leave(*inside.pop())
    assert budget.enter(peer(99), "10.0.0.1:1", now + 100) is None
