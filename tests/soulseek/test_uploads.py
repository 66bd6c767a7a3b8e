"""Who gets an upload: the rule by itself, under every order of events, and from two threads."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.errors import UserError
from slskmesh.soulseek.groups import BUDDIES, DEFAULT, LEECHERS, Group, Order, UploadRules
from slskmesh.soulseek.uploads import LegacyUploads, UploadPolicy
from slskmesh.soulseek.values import TransferChanged, TransferNews, TransferPhase

from .legacy_double import Network, Transfer


def rules(slots: int = 3, **more: Group) -> UploadRules:
    groups = {
        BUDDIES: Group(slots, 0),
        DEFAULT: Group(slots, 1),
        LEECHERS: Group(1, 2),
    }
    return UploadRules(slots, groups | more)


def policy(given: UploadRules, **more: object) -> UploadPolicy:
    return UploadPolicy(
        given,
        blocked=lambda user: user.startswith("x"),
        buddy=lambda user: user.startswith("b"),
        shares_of=lambda user: (0, 0) if user.startswith("l") else None,
        size_of=lambda user, path: 100,
        **more,  # type: ignore[arg-type]
    )


def news(key: int, user: str, phase: TransferPhase, size: int = 100, path: str = "p") -> TransferNews:
    return TransferNews(key, user, path, True, phase, size, 0)


NAMES = st.sampled_from(["b1", "b2", "d1", "d2", "d3", "l1", "l2", "x1"])


@given(
    steps=st.lists(st.tuples(st.booleans(), NAMES, st.integers(0, 9)), max_size=80),
    slots=st.integers(0, 5),
    order=st.sampled_from(Order),
)
@settings(max_examples=60, deadline=None)
def test_never_more_than_the_slots_and_one_of_each_user(
    steps: list[tuple[bool, str, int]], slots: int, order: Order
) -> None:
    rule = policy(rules(slots, default=Group(2, 1, order=order)))
    waiting: list[tuple[int, str]] = []
    active: list[tuple[int, str]] = []
    for number, (comes, user, which) in enumerate(steps):
        if comes:
            waiting.append((number, user))
        elif active:
            active.pop(which % len(active))
        for key in rule.next(list(waiting), list(active)):
            [item] = [item for item in waiting if item[0] == key]
            waiting.remove(item)
            active.append(item)
        users = Counter(user for _, user in active)
        groups = Counter(rule.group_of(user) for _, user in active)
        assert len(active) <= slots and all(count == 1 for count in users.values())
        assert groups[DEFAULT] <= 2 and groups[LEECHERS] <= 1 and groups["blocked"] == 0
        free = {user for _, user in waiting if not user.startswith("x")} - set(users)
        if len(active) < slots and any(user.startswith("b") for user in free):
            raise AssertionError("a slot is free and a buddy waits")


@given(
    buddies=st.integers(1, 6),
    others=st.integers(1, 6),
    slots=st.integers(1, 3),
    order=st.sampled_from(Order),
)
@settings(max_examples=40, deadline=None)
def test_nobody_waits_for_ever(buddies: int, others: int, slots: int, order: Order) -> None:
    """Everybody always wants one more file; everybody is served again and again."""
    rule = policy(rules(slots, default=Group(slots, 1, order=order)))
    users = [f"b{n}" for n in range(buddies)] + [f"d{n}" for n in range(others)] + ["l1"]
    waiting = list(enumerate(users))
    active: list[tuple[int, str]] = []
    served: Counter[str] = Counter()
    key = len(users)
    for _ in range(40 * len(users)):
        for start in rule.next(list(waiting), list(active)):
            [item] = [item for item in waiting if item[0] == start]
            waiting.remove(item)
            active.append(item)
            served[item[1]] += 1
            waiting.append((key, item[1]))
            key += 1
        active.pop(0)
    assert min(served[user] for user in users) >= 2
    assert served["b0"] >= served["d0"] - 2 or buddies > others


def test_a_newcomer_is_behind_those_who_wait() -> None:
    rule = policy(rules(1))
    assert rule.next([(1, "d1"), (2, "d1"), (3, "d2")], []) == [1]
    assert rule.next([(2, "d1"), (3, "d2"), (4, "d3")], []) == [3]
    assert rule.next([(2, "d1"), (4, "d3"), (5, "d2")], []) == [2]
    assert rule.next([(4, "d3"), (5, "d2")], []) == [4]
    first_come = policy(rules(1, default=Group(1, 1, order=Order.FIRST_COME)))
    assert first_come.next([(1, "d1"), (2, "d1"), (3, "d2")], []) == [1]
    assert first_come.next([(2, "d1"), (3, "d2")], []) == [2]


def test_refusals() -> None:
    now = [0.0]
    limits = Group(3, 1, queue_files=4, queue_bytes=250)
    rule = policy(rules(default=limits), clock=lambda: now[0])
    assert rule.refuse("x1", "p", 0) == "Banned"
    assert rule.refuse("d1", "a", 4) == "Too many files"
    assert rule.refuse("d1", "a", 0) == rule.refuse("d1", "b", 1) == ""
    assert rule.refuse("d1", "c", 1) == "Too many megabytes"  # two were promised just now
    assert rule.refuse("b1", "c", 1_000) == ""
    rule.heard(news(1, "d1", TransferPhase.QUEUED, path="a"))
    now[0] = 61.0  # of the other nothing was ever heard
    assert rule.refuse("d1", "c", 1) == ""
    rule.heard(news(2, "d1", TransferPhase.QUEUED, path="c"))
    assert rule.refuse("d1", "d", 1) == "Too many megabytes"
    rule.heard(news(1, "d1", TransferPhase.DONE, path="a"))
    assert rule.refuse("d1", "d", 1) == ""


def test_many_requests_at_one_moment() -> None:
    rule = policy(rules(default=Group(1, 1, queue_files=2)))
    assert [rule.refuse("d1", str(n), 0) for n in range(4)] == ["", "", "Too many files", "Too many files"]
    for key in range(2):
        rule.heard(news(key, "d1", TransferPhase.QUEUED, path=str(key)))
    assert rule.refuse("d1", "5", 0) == "Too many files"
    rule.heard(news(0, "d1", TransferPhase.DONE, path="0"))
    assert rule.refuse("d1", "5", 0) == ""


def test_slots_of_the_hour_and_rules_that_cannot_be_kept() -> None:
    rule = policy(rules(3))
    rule.set_slots(1)
    assert rule.slots() == 1
    assert len(rule.next([(1, "d1"), (2, "d2")], [])) == 1
    rule.set_slots(None)
    assert rule.slots() == 3
    with pytest.raises(UserError, match="there are the groups"):
        rule.set_rules(UploadRules(1, {DEFAULT: Group(1, 1)}))
    with pytest.raises(UserError, match="slots"):
        rule.set_rules(rules(-1))
    assert rule.slots() == 3


def test_unknown_shares_make_no_leecher() -> None:
    given_rules = rules()
    assert given_rules.group_of(blocked=False, buddy=False, shares=None) == DEFAULT
    assert given_rules.group_of(blocked=False, buddy=False, shares=(0, 0)) == LEECHERS
    assert given_rules.group_of(blocked=False, buddy=False, shares=(0, 5)) == DEFAULT


def test_two_threads() -> None:
    rule = policy(rules(5))
    wrong: list[object] = []

    def network() -> None:
        for round_ in range(300):
            try:
                rule.refuse(f"d{round_ % 7}", str(round_), 0)
                started = rule.next([(n, f"d{n}") for n in range(10)], [])
                if len(started) not in (2, 5):
                    wrong.append(started)
            except RuntimeError as error:
                wrong.append(error)

    thread = threading.Thread(target=network)
    thread.start()
    for number in range(300):
        rule.set_rules(rules(2 if number % 2 else 5))
        rule.heard(news(number, f"d{number % 7}", TransferPhase.QUEUED, path=str(number)))
    thread.join()
    assert not wrong


async def test_what_goes_out_and_ending_it() -> None:
    network = Network()
    uploads = LegacyUploads(network, policy(rules()))  # type: ignore[arg-type]
    for key, user in ((1, "d1"), (2, "b1"), (3, "d1")):
        network.transfers[key] = Transfer(key, user, "p", 100, Path("nowhere"))
        phase = TransferPhase.ACTIVE if key == 2 else TransferPhase.QUEUED
        uploads.heard(TransferChanged(news(key, user, phase)))
    assert [(view.key, view.group) for view in uploads.views()] == [(2, BUDDIES), (1, DEFAULT), (3, DEFAULT)]
    assert await uploads.cancel_user("d1") == 2
    assert list(network.transfers) == [2]
    await uploads.cancel(2)
    assert not network.transfers
    for key in (1, 2, 3):
        uploads.heard(TransferChanged(news(key, "d1", TransferPhase.ABORTED)))
    assert uploads.views() == ()
