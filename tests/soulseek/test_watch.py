"""Being online as a state, in virtual time: all outcomes and their sequences, and what no sequence may bring about."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.soulseek.login import FINAL
from slskmesh.soulseek.port import Line
from slskmesh.soulseek.values import Outcome
from slskmesh.soulseek.watch import BY_HAND, MIN_GAP, Phase, Watch

LINE = Line("server:2242", "somebody", "secret", "127.0.0.1:0")
OTHER_NAME = msgspec.structs.replace(LINE, username="another")
OTHER_SERVER = msgspec.structs.replace(LINE, server="elsewhere:2242")
DOWN = [outcome for outcome in Outcome if outcome is not Outcome.ONLINE]


class Night:
    """A watch and its clock; every try is kept."""

    def __init__(self, seed: int = 1, line: Line | None = LINE) -> None:
        self.now = 100.0
        self.watch = Watch(random.Random(seed), self.now)
        self.tries: list[float] = []
        self.watch.line_is(line, self.now)
        self.watch.want(True, self.now)

    def begin(self) -> Night:
        """Waits until the next try is due and begins it."""
        assert self.watch.phase is Phase.WAITING and self.watch.next_at is not None
        self.now = max(self.now, self.watch.next_at)
        assert self.watch.due(self.now)
        self.watch.begin()
        self.tries.append(self.now)
        return self

    def end(self, outcome: Outcome, *, after: float = 0.5, alive: bool = True) -> Night:
        self.now += after
        self.watch.ended(outcome, self.now, alive=alive)
        return self

    def fail(self, outcome: Outcome, times: int = 1) -> Night:
        for _ in range(times):
            self.begin().end(outcome)
        return self

    @property
    def pause(self) -> float:
        assert self.watch.next_at is not None
        return self.watch.next_at - self.now


def test_off_without_account_waiting_connecting_online() -> None:
    watch = Watch(random.Random(1), 0.0)
    assert (watch.phase, watch.standing().what) == (Phase.OFF, "the Soulseek connection is switched off")
    watch.want(True, 1.0)
    assert watch.phase is Phase.NO_LINE and ":account" in watch.standing().todo
    assert not watch.due(1e9)
    watch.line_is(LINE, 2.0)
    assert watch.phase is Phase.WAITING and watch.due(2.0)
    assert watch.begin() == LINE
    assert watch.phase is Phase.CONNECTING and not watch.due(1e9)
    watch.ended(Outcome.ONLINE, 3.0)
    standing = watch.standing()
    assert (standing.phase, standing.since, standing.next_at) == (Phase.ONLINE, 3.0, None)
    assert standing.what == "on the Soulseek server"


@pytest.mark.parametrize("outcome", [Outcome.WRONG_PASSWORD, Outcome.BAD_NAME, Outcome.BAD_VERSION])
def test_a_refused_login_stops_until_the_line_changes(outcome: Outcome) -> None:
    night = Night().fail(outcome)
    standing = night.watch.standing()
    assert standing.phase is Phase.STOPPED and standing.next_at is None and standing.todo
    night.now += 1e6
    assert not night.watch.due(night.now)
    night.watch.want(False, night.now)
    night.watch.want(True, night.now)
    night.watch.line_is(LINE, night.now)
    assert night.watch.phase is Phase.STOPPED
    night.watch.line_is(OTHER_NAME, night.now)
    assert night.watch.due(night.now)


def test_another_login_is_final_until_the_name_is_taken_back() -> None:
    night = Night().begin().end(Outcome.ONLINE)
    night.now += 500
    night.watch.heard(Outcome.KICKED, night.now)
    night.watch.heard(Outcome.LOST, night.now)  # the close that follows
    assert night.watch.standing().outcome is Outcome.KICKED and night.watch.phase is Phase.STOPPED
    night.now += 1e6
    night.watch.want(False, night.now)
    night.watch.want(True, night.now)
    assert night.watch.retry_now(night.now) is None and not night.watch.due(night.now)
    assert night.watch.retake(night.now) and night.watch.due(night.now)
    night.begin().end(Outcome.ONLINE)
    assert not night.watch.retake(night.now)


def test_the_reason_may_come_after_the_close() -> None:
    night = Night().begin().end(Outcome.ONLINE)
    night.watch.heard(Outcome.LOST, night.now + 1)
    assert night.watch.phase is Phase.WAITING
    night.watch.heard(Outcome.KICKED, night.now + 1.1)
    assert night.watch.phase is Phase.STOPPED


def test_a_session_that_ended_before_the_answer_was_seen() -> None:
    night = Night().begin()
    night.watch.heard(Outcome.KICKED, night.now)
    night.end(Outcome.ONLINE, alive=False)
    assert night.watch.standing().outcome is Outcome.KICKED and night.watch.phase is Phase.STOPPED
    assert Night().begin().end(Outcome.ONLINE, alive=False).watch.standing().outcome is Outcome.LOST


def test_only_a_session_that_was_there_can_have_been_taken() -> None:
    night = Night().fail(Outcome.UNREACHABLE)
    night.watch.heard(Outcome.KICKED, night.now)
    assert night.watch.phase is Phase.WAITING and night.watch.standing().outcome is Outcome.UNREACHABLE


def test_words_of_an_older_session_do_not_end_a_try() -> None:
    night = Night().begin()
    night.watch.heard(Outcome.LOST, night.now)
    assert night.end(Outcome.ONLINE).watch.phase is Phase.ONLINE


def test_the_third_silence_is_a_suspected_ban() -> None:
    night = Night().fail(Outcome.NO_ANSWER, 2)
    assert 60 <= night.pause <= 66 and not night.watch.standing().ban_suspected
    night.fail(Outcome.NO_ANSWER)
    standing = night.watch.standing()
    assert standing.ban_suspected and "silent ban" in standing.what and 1800 <= night.pause <= 1980
    assert night.begin().watch.standing().what.startswith("trying again; ")


def test_a_stable_minute_resets_a_shorter_time_does_not() -> None:
    night = Night().fail(Outcome.UNREACHABLE, 8)
    assert night.pause == 300
    night.begin().end(Outcome.ONLINE)
    night.now += 59
    night.watch.heard(Outcome.LOST, night.now)
    assert night.pause == 300 and night.watch.standing().tries == 1
    night.begin().end(Outcome.ONLINE)
    night.now += 60
    night.watch.heard(Outcome.LOST, night.now)
    assert night.pause <= 15


def test_since_is_when_the_server_was_lost_not_the_last_try() -> None:
    night = Night().begin().end(Outcome.ONLINE)
    night.now += 100
    lost = night.now
    night.watch.heard(Outcome.LOST, lost)
    night.fail(Outcome.UNREACHABLE, 5)
    assert night.watch.standing().since == lost and night.watch.standing().tries == 6


def test_a_ban_of_the_address_and_a_full_server_outlast_another_name() -> None:
    for outcome, least in ((Outcome.ADDRESS_BAN, 1800), (Outcome.FULL, 60)):
        night = Night().fail(outcome)
        night.watch.line_is(OTHER_NAME, night.now)
        assert night.pause >= least
        night.watch.line_is(OTHER_SERVER, night.now)
        assert night.pause <= MIN_GAP


def test_a_silence_is_the_names_and_another_one_is_tried_soon() -> None:
    night = Night().fail(Outcome.NO_ANSWER, 4)
    night.watch.line_is(OTHER_NAME, night.now)
    assert night.pause == MIN_GAP and not night.watch.standing().ban_suspected


def test_an_account_taken_away_and_given_back_shortens_nothing() -> None:
    night = Night().fail(Outcome.NO_ANSWER, 3)
    before = night.watch.next_at
    night.watch.line_is(None, night.now)
    assert night.watch.phase is Phase.NO_LINE and night.watch.next_at is None
    night.watch.line_is(LINE, night.now)
    assert night.watch.next_at == before


def test_settings_that_cannot_be_read_do_not_end_a_session() -> None:
    night = Night().begin().end(Outcome.ONLINE)
    night.watch.line_is(None, night.now, "password.txt cannot be read")
    assert night.watch.phase is Phase.ONLINE
    night.watch.heard(Outcome.LOST, night.now + 1)
    night.watch.line_is(None, night.now + 1, "password.txt cannot be read")
    assert (night.watch.phase, night.watch.standing().what) == (Phase.NO_LINE, "password.txt cannot be read")
    fresh = Night().begin().end(Outcome.ONLINE)
    fresh.watch.line_is(None, fresh.now)
    assert fresh.watch.phase is Phase.NO_LINE


def test_what_a_session_does_not_hang_on_leaves_it_alone() -> None:
    night = Night().begin().end(Outcome.ONLINE)
    night.watch.line_is(msgspec.structs.replace(LINE, description="hello"), night.now)
    assert night.watch.phase is Phase.ONLINE
    night.watch.line_is(msgspec.structs.replace(LINE, listen="127.0.0.1:2234"), night.now)
    assert night.watch.phase is Phase.WAITING and night.pause == MIN_GAP


def test_the_servers_own_words_come_before_or_after_the_outcome() -> None:
    night = Night().begin()
    night.watch.heard(Outcome.BAD_NAME, night.now, "Nick too long.")
    assert "(Nick too long.)" in night.end(Outcome.BAD_NAME).watch.standing().what
    night = Night().begin().end(Outcome.FULL)
    pause = night.pause
    night.watch.heard(Outcome.FULL, night.now, "Come back at noon.")
    assert "(Come back at noon.)" in night.watch.standing().what
    assert night.pause == pause and night.watch.standing().tries == 1


def test_a_line_that_is_none_is_told_in_its_words_and_tried_again() -> None:
    night = Night().begin()
    night.watch.unusable("soulseek.listen: port 2234 is taken", night.now)
    standing = night.watch.standing()
    assert standing.phase is Phase.WAITING and standing.what == "soulseek.listen: port 2234 is taken"
    assert standing.todo and night.pause == 60
    night.watch.line_is(OTHER_SERVER, night.now + 10)
    assert night.watch.due(night.now + 10)
    assert night.watch.standing().what.startswith("connecting")


def test_a_try_by_hand_is_soon_but_seldom_during_a_ban() -> None:
    night = Night().fail(Outcome.UNREACHABLE, 8)
    assert night.watch.retry_now(night.now) == MIN_GAP
    night.now += 10
    assert night.watch.retry_now(night.now) == 0 and night.watch.due(night.now)
    night = Night().fail(Outcome.ADDRESS_BAN)
    assert night.watch.retry_now(night.now) == BY_HAND
    night.now += 20
    assert night.watch.retry_now(night.now) == BY_HAND - 20
    assert Night().fail(Outcome.WRONG_PASSWORD).watch.retry_now(1e6) == 0
    assert Night().begin().watch.retry_now(1e6) is None


def test_breaking_off_tries_is_no_way_round_a_ban() -> None:
    night = Night().fail(Outcome.ADDRESS_BAN).begin()
    night.watch.want(False, night.now)
    night.watch.want(True, night.now)
    assert night.pause == pytest.approx(BY_HAND)


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["try", "off", "on", "name", "server", "none", "unread", "retry", "retake", "heard"]),
        st.sampled_from(list(Outcome)),
        st.floats(0, 4000, allow_nan=False),
    ),
    max_size=80,
)


def _act(night: Night, act: str, outcome: Outcome) -> None:
    watch, now = night.watch, night.now
    if act == "on" or act == "off":
        watch.want(act == "on", now)
    elif act == "name":
        watch.line_is(OTHER_NAME, now)
    elif act == "server":
        watch.line_is(OTHER_SERVER, now)
    elif act == "none":
        watch.line_is(None, now)
    elif act == "unread":
        watch.line_is(None, now, "not readable")
    elif act == "retry":
        watch.retry_now(now)
    elif act == "retake":
        watch.retake(now)
    elif act == "heard":
        watch.heard(outcome, now)
    elif watch.due(now):
        watch.begin()
        assert not watch.due(now + 1e9), "never two at once"
        night.tries.append(now)
    elif watch.phase is Phase.CONNECTING:
        watch.ended(outcome, now)


@given(ACTS, st.integers(0, 100))
def test_whatever_happens_no_two_tries_are_near_and_nothing_is_stuck(
    acts: list[tuple[str, Outcome, float]], seed: int
) -> None:
    night = Night(seed)
    for act, outcome, wait in acts:
        _act(night, act, outcome)
        standing = night.watch.standing()
        assert standing.what and standing.phase is night.watch.phase
        assert (standing.next_at is not None) is (standing.phase is Phase.WAITING)
        if standing.phase is Phase.STOPPED:
            assert standing.outcome in FINAL and standing.todo
        if standing.next_at is not None:
            assert standing.next_at <= night.now + 1.1 * 6 * 3600
        night.now += wait
    assert all(two - one >= MIN_GAP for one, two in zip(night.tries, night.tries[1:], strict=False))
    _never_stuck(night)


def _never_stuck(night: Night) -> None:
    """From wherever it is, a person who wants to be online with a line of his own gets there."""
    night.watch.want(True, night.now)
    night.watch.line_is(LINE, night.now)
    if night.watch.phase is Phase.CONNECTING:
        night.end(Outcome.LOST)
    if night.watch.phase is Phase.STOPPED:
        assert night.watch.retake(night.now) or night.watch.retry_now(night.now) is not None
    if night.watch.phase is Phase.WAITING:
        night.begin().end(Outcome.ONLINE)
    assert night.watch.phase is Phase.ONLINE


@given(st.lists(st.sampled_from([*Outcome]), max_size=40), st.integers(0, 100))
def test_left_alone_it_is_never_faster_than_the_rule(outcomes: list[Outcome], seed: int) -> None:
    least = {Outcome.FULL: 60, Outcome.ADDRESS_BAN: 1800, Outcome.NO_ANSWER: 30}
    night = Night(seed)
    silent = 0
    for outcome in outcomes:
        if night.watch.phase is Phase.ONLINE:
            night.watch.heard(Outcome.LOST, night.now)
        if night.watch.phase is Phase.STOPPED:
            break
        night.begin().end(outcome)
        silent = silent + 1 if outcome is Outcome.NO_ANSWER else silent * (outcome is Outcome.UNREACHABLE)
        if outcome in FINAL:
            assert night.watch.phase is Phase.STOPPED
        elif outcome is not Outcome.ONLINE:
            assert night.pause >= (
                1800 if silent >= 3 and outcome is Outcome.NO_ANSWER else least.get(outcome, 5)
            )
