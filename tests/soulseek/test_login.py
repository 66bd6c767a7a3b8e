"""What follows each outcome: waits by the rule, words for all, and a server's own words made harmless."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.soulseek.login import FINAL, Tries, words
from slskmesh.soulseek.values import Outcome

DOWN = [outcome for outcome in Outcome if outcome is not Outcome.ONLINE]


def waits(outcome: Outcome, count: int, seed: int = 1) -> list[float]:
    tries = Tries(random.Random(seed))
    found = [tries.after(outcome) for _ in range(count)]
    return [wait for wait in found if wait is not None]


@pytest.mark.parametrize("outcome", [Outcome.UNREACHABLE, Outcome.LOST])
def test_a_bad_line_is_tried_again_soon_then_seldom(outcome: Outcome) -> None:
    for seed in range(50):
        found = waits(outcome, 12, seed)
        assert 5 <= found[0] <= 15
        assert all(two == pytest.approx(min(300, 2 * one)) for one, two in itertools.pairwise(found))
        assert found[-1] == 300
    assert len({waits(outcome, 1, seed)[0] for seed in range(50)}) == 50, "not all at one moment"


@pytest.mark.parametrize(
    ("outcome", "rule"),
    [
        (Outcome.FULL, [60, 120, 240, 480, 900, 900, 900]),
        (Outcome.ADDRESS_BAN, [1800, 3600, 7200, 14400, 21600, 21600]),
        (Outcome.NO_ANSWER, [30, 60, 1800, 3600, 7200, 14400, 21600, 21600]),
    ],
)
def test_the_others_wait_longer_each_time(outcome: Outcome, rule: list[float]) -> None:
    for wait, least in zip(waits(outcome, len(rule)), rule, strict=True):
        assert least <= wait <= 1.1 * least


@pytest.mark.parametrize("outcome", sorted(FINAL, key=str))
def test_what_would_be_refused_again_is_not_tried_again(outcome: Outcome) -> None:
    assert waits(outcome, 3) == []


def test_silence_counts_in_a_row_over_an_unreachable_server_and_not_over_an_answer() -> None:
    tries = Tries(random.Random(1))
    for outcome in (Outcome.NO_ANSWER, Outcome.UNREACHABLE, Outcome.NO_ANSWER):
        tries.after(outcome)
    assert not tries.silent_ban
    tries.after(Outcome.NO_ANSWER)
    assert tries.silent_ban
    tries.answered()
    assert not tries.silent_ban
    for outcome in (Outcome.NO_ANSWER, Outcome.FULL, Outcome.NO_ANSWER, Outcome.NO_ANSWER):
        tries.after(outcome)
    assert not tries.silent_ban


@given(st.lists(st.sampled_from(DOWN), max_size=60), st.integers(0, 1000))
def test_no_sequence_shortens_a_wait_before_there_was_calm(outcomes: list[Outcome], seed: int) -> None:
    tries = Tries(random.Random(seed))
    before: dict[Outcome, float] = {}
    for outcome in outcomes:
        wait = tries.after(outcome)
        if wait is None:
            assert outcome in FINAL
            continue
        assert 5 <= wait <= 1.1 * 6 * 3600
        if outcome is not Outcome.NO_ANSWER:
            assert wait >= before.get(outcome, 0) / 1.1
        before[outcome] = wait
    tries.calm()
    assert (tries.after(Outcome.LOST) or 0) <= 15 and not tries.silent_ban


def test_every_outcome_has_words_of_its_own_and_what_to_do() -> None:
    said = {words(outcome) for outcome in DOWN} | {words(Outcome.NO_ANSWER, silent_ban=True)}
    assert len(said) == len(DOWN) + 1
    assert all(what and todo for what, todo in said)
    assert "ban" in words(Outcome.NO_ANSWER, silent_ban=True)[0]


def test_the_servers_own_words_are_shown_and_harmless() -> None:
    what, _ = words(Outcome.BAD_NAME, "Nick too long.")
    assert what == "the Soulseek server refused the name (Nick too long.)"
    assert words(Outcome.WRONG_PASSWORD, "INVALIDPASS") == words(Outcome.WRONG_PASSWORD)
    what, _ = words(Outcome.FULL, "\x1b]0;x\x07" + "a" * 10_000)
    assert "\x1b" not in what and len(what) < 200
