"""What sources may cost and what is sent to whom has proven nothing: bounds that hold for any order of events."""

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.dht.rates import Aims, Credit, Rates

HOSTS = ["20.0.0.1", "20.0.0.2", "20.0.1.1", "2001:db8::1"]


@given(st.lists(st.tuples(st.sampled_from(HOSTS), st.booleans(), st.integers(0, 1400)), max_size=200))
def test_nobody_is_sent_more_than_three_times_what_came(steps: list[tuple[str, bool, int]]) -> None:
    credit = Credit(3, 14_400)
    came, went = dict.fromkeys(HOSTS, 0), dict.fromkeys(HOSTS, 0)
    for host, is_ours, size in steps:
        if is_ours:
            if credit.spend(host, size):
                went[host] += size
        else:
            credit.came(host, size)
            came[host] += size
        assert went[host] <= 3 * came[host]
        assert 0 <= credit.left(host) <= 14_400


def test_the_oldest_credit_is_forgotten_never_given() -> None:
    credit = Credit(3, 1000)
    for i in range(5000):
        credit.came(f"20.{i // 250}.{i % 250}.1", 10)
    assert not credit.spend("20.0.0.1", 1)
    assert credit.spend("20.19.249.1", 30)


def test_a_spoofed_flood_leaves_the_true_owner_its_own_bucket() -> None:
    rates = Rates(20, 60, 2000, 0.0)
    assert sum(rates.admits(("20.0.0.1", 7), True, False, 1.0) for _ in range(1000)) == 60
    assert sum(rates.admits(("20.0.0.1", 7), True, True, 1.0) for _ in range(1000)) == 60
    assert sum(rates.admits(("20.0.0.1", 7), True, True, 2.0) for _ in range(1000)) == 20


def test_a_network_gets_three_times_an_address() -> None:
    rates = Rates(20, 60, 2000, 0.0)
    assert (
        sum(rates.admits((f"20.0.0.{i}", 7), True, False, 1.0) for i in range(1, 11) for _ in range(60))
        == 180
    )
    assert rates.admits(("20.0.1.1", 7), True, False, 1.0)


def test_on_a_local_network_each_port_is_a_source() -> None:
    rates = Rates(20, 60, 2000, 0.0)
    admitted = [rates.admits(("127.0.0.1", port), False, False, 1.0) for port in range(9) for _ in range(80)]
    assert sum(admitted) == 9 * 60


def test_signatures_a_second_are_bounded() -> None:
    rates = Rates(20, 60, 5, 0.0)
    assert sum(rates.may_verify(0.0) for _ in range(20)) == 5
    assert sum(rates.may_verify(1.0) for _ in range(20)) == 5


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 3)), max_size=120))
def test_a_mentioned_address_is_aimed_at_once_a_minute_and_its_network_seldom(
    steps: list[tuple[int, int]],
) -> None:
    aims = Aims()
    sent: dict[str, list[float]] = {}
    for now, last in sorted(steps):
        host = f"20.0.0.{last}"
        if aims.may((host, 53), True, now):
            assert all(now - at >= 60 for at in sent.get(host, []))
            sent.setdefault(host, []).append(now)


def test_a_network_of_addresses_that_are_only_mentioned_gets_eight_and_then_six_a_minute() -> None:
    aims = Aims()
    assert sum(aims.may((f"20.0.0.{i}", 53), True, 0.0) for i in range(200)) == 8
    assert sum(aims.may((f"20.0.0.{i}", 54), True, 60.0) for i in range(200)) == 6
    assert sum(aims.may((f"127.0.0.{i}", 53), False, 60.0) for i in range(200)) == 200


def test_where_somebody_answered_questions_go_freely_for_ten_minutes() -> None:
    aims = Aims()
    aims.answered(("20.0.0.1", 53), 0.0)
    assert all(aims.may(("20.0.0.1", 53), True, float(now)) for now in range(0, 600, 10))
    assert aims.may(("20.0.0.1", 53), True, 601.0)
    assert not aims.may(("20.0.0.1", 53), True, 610.0)
