"""Health and modes in virtual time: every transition, none by flapping, none that restarts a clock; what modes mean."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.modes import (
    EFFECTS,
    Banner,
    Change,
    Health,
    Mode,
    Modes,
    Policy,
    Times,
    banner,
    countdown,
)

LOST = "the connection to the Soulseek server was lost"
GONE = (Mode.DISASTER, Health.UNAVAILABLE)
WELL = (Mode.NORMAL, Health.HEALTHY)


class Days:
    """A machine whose events are kept in order; `log` holds all changes."""

    def __init__(self, policy: Policy | None = None, times: Times | None = None) -> None:
        self.now = 1000.0
        self.modes = Modes(self.now, policy, times)
        self.log: list[Change] = []

    def go(self, seconds: float) -> Days:
        self.now += seconds
        self.log += self.modes.tick(self.now)
        return self

    def online(self) -> Days:
        self.log += self.modes.online(self.now)
        return self

    def lost(self, why: str = LOST) -> Days:
        self.log += self.modes.lost(self.now, why)
        return self

    def check(self, *, answered: bool = True) -> Days:
        self.log += self.modes.sample(self.now, 0.042 if answered else None, answered=answered)
        return self

    def set(self, policy: Policy) -> Days:
        self.log += self.modes.configure(self.now, policy)
        return self

    @property
    def at(self) -> tuple[Mode, Health]:
        state = self.modes.state(self.now)
        return state.mode, state.health

    @property
    def outlook(self) -> str:
        return self.modes.state(self.now).outlook


def recovered(days: Days) -> Days:
    days.online().check()
    for _ in range(2):
        days.go(30).check()
    return days.go(60)


def in_disaster() -> Days:
    return Days().online().lost().go(600)


def test_a_first_login_makes_it_healthy_at_once() -> None:
    days = Days()
    assert days.at == (Mode.NORMAL, Health.DEGRADED) and days.modes.state(days.now).reason.startswith(
        "connecting"
    )
    days.go(3).online()
    assert days.at == WELL and days.outlook == "" and days.modes.next_due is None
    assert [change.words for change in days.log] == [
        "Soulseek server healthy (was degraded): the Soulseek server is there"
    ]


def test_a_lost_line_goes_down_by_elapsed_time_and_says_what_comes_next() -> None:
    days = Days().online().go(50).lost()
    assert days.at == (Mode.NORMAL, Health.DEGRADED) and days.outlook == "mesh-only in 10:00 if this lasts"
    days.go(119.9)
    assert days.at == (Mode.NORMAL, Health.DEGRADED)
    days.go(0.1)
    assert days.at == (Mode.NORMAL, Health.UNAVAILABLE)
    days.go(230)
    assert days.outlook == "mesh-only in 4:10 if this lasts"
    assert days.modes.next_due == days.modes.state(days.now).next_at == 1050 + 600
    days.go(250)
    assert days.at == GONE and days.outlook == ""
    assert [(change.at, change.after) for change in days.log[1:]] == [
        (1050, (Mode.NORMAL, Health.DEGRADED)),
        (1170, (Mode.NORMAL, Health.UNAVAILABLE)),
        (1650, GONE),
    ]
    assert days.log[-1].entered_disaster and not days.log[-2].entered_disaster
    assert days.log[-1].words == f"mode disaster (was hybrid): {LOST}"


def test_what_was_due_while_nobody_looked_happens_at_its_own_time() -> None:
    slow, quick = Days().online().lost(), Days().online().lost()
    for _ in range(1000):
        quick.go(1)
    slow.go(1000)
    assert slow.log == quick.log and len(slow.log) == 4


def test_losing_the_line_again_and_again_moves_no_clock() -> None:
    days = Days().online().lost()
    for number in range(60):
        days.go(10).lost(f"try {number} in vain")
    assert days.at == GONE and days.log[-1].at == 1600
    assert days.modes.state(days.now).reason == "try 59 in vain"


def test_a_server_that_was_never_there_is_given_up_too() -> None:
    days = Days().go(5).lost("the Soulseek server cannot be reached").go(595)
    assert days.at == GONE and days.log[-1].reason == "the Soulseek server cannot be reached"
    assert Days().go(600).at == GONE, "a first login that never ends"


def test_three_checks_without_answer_are_trouble_two_are_not() -> None:
    days = Days().online()
    for answered in (False, False, True, False, False):
        days.go(30).check(answered=answered)
    assert days.at == WELL
    days.go(30).check(answered=False)
    assert days.at == (Mode.NORMAL, Health.DEGRADED)
    assert days.log[-1].reason == "3 checks without answer from the Soulseek server"
    days.go(60)
    assert days.at == (Mode.NORMAL, Health.UNAVAILABLE), "2 min after the first of them"
    assert days.modes.state(days.now).rtt is None


def test_back_after_three_good_checks_and_a_stable_minute_not_before() -> None:
    days = in_disaster().online().check()
    assert days.at == GONE and days.outlook == "all well in 2:00 if this lasts"
    for _ in range(3):
        days.go(1).check()  # early ones count for nothing
    days.go(27).check().go(30).check()
    assert days.outlook == "all well in 1:00 if this lasts"
    days.go(59.9)
    assert days.at == GONE
    days.go(0.1)
    assert days.at == WELL
    assert days.log[-1].left_disaster and len(days.log) == 5
    assert days.log[-1].words == "mode hybrid (was disaster): 3 good checks and a stable minute"
    assert days.modes.state(days.now).rtt == 0.042


@pytest.mark.parametrize("trouble", ["lost", "unanswered"])
def test_trouble_in_the_stable_minute_begins_the_proof_anew(trouble: str) -> None:
    days = in_disaster().online().check().go(30).check().go(30).check().go(50)
    if trouble == "lost":
        days.lost().go(1)
    else:
        days.check(answered=False).go(30).check()
    days.go(20)
    assert days.at == GONE
    assert recovered(days.go(30)).at == WELL


def test_being_online_without_checks_proves_nothing() -> None:
    days = in_disaster().online().go(3600)
    assert days.at == GONE and "being checked" in days.outlook


def test_a_line_up_and_down_every_twenty_seconds_for_an_hour_makes_one_change() -> None:
    days = Days().online()
    before = len(days.log)
    for _ in range(90):
        days.go(10).check().go(10).lost().go(20).online()
    assert len(days.log) - before == 1 and days.at == (Mode.NORMAL, Health.DEGRADED)
    assert recovered(days).at == WELL


def test_a_server_that_is_mostly_away_is_left_for_the_mesh_and_only_once() -> None:
    days = Days().online()
    for _ in range(30):
        days.lost().go(130).online().check().go(20)
    assert [change.after for change in days.log[1:]] == [
        (Mode.NORMAL, Health.DEGRADED),
        (Mode.NORMAL, Health.UNAVAILABLE),
        GONE,
    ]


def test_a_server_seen_lately_is_given_two_more_minutes() -> None:
    days = Days().online().lost().go(590).online().check().go(60).lost()
    assert days.outlook == "mesh-only in 2:00 if this lasts"
    days.go(119)
    assert days.at == (Mode.NORMAL, Health.UNAVAILABLE)
    assert days.go(1).at == GONE


def test_the_next_episode_has_a_clock_of_its_own() -> None:
    days = recovered(in_disaster()).go(5000).lost()
    assert days.at == (Mode.NORMAL, Health.DEGRADED) and days.outlook == "mesh-only in 10:00 if this lasts"
    assert days.go(599).at == (Mode.NORMAL, Health.UNAVAILABLE) and days.go(1).at == GONE


def test_the_same_login_told_twice_clears_nothing() -> None:
    days = Days().online()
    days.go(30).check(answered=False).go(30).check(answered=False).online().go(30).check(answered=False)
    assert days.at == (Mode.NORMAL, Health.DEGRADED)


def test_while_the_server_is_back_but_not_proved_disaster_is_not_entered() -> None:
    days = Days().online().lost().go(590).online().check()
    days.go(30).check().go(30).check().go(59)
    assert days.at == (Mode.NORMAL, Health.UNAVAILABLE)
    assert days.go(1).at == WELL


def test_without_auto_it_stays_and_says_so() -> None:
    days = Days(Policy(auto=False)).online().lost().go(86400)
    assert days.at == (Mode.NORMAL, Health.UNAVAILABLE) and "by itself is switched off" in days.outlook
    days.set(Policy(auto=True))
    assert days.at == GONE and days.log[-1].at == days.now
    days.go(5).set(Policy(auto=False))
    assert days.at == (Mode.NORMAL, Health.UNAVAILABLE) and days.log[-1].left_disaster


def test_forced_mesh_only_hears_nothing_and_ends_with_a_fresh_look() -> None:
    days = Days().online().set(Policy(force=True))
    assert days.at == (Mode.MESH_ONLY, Health.UNAVAILABLE) and len(days.log) == 2
    assert days.log[-1].reason == "mesh-only is chosen in the settings"
    days.lost().go(5000).online().check()
    assert days.at == (Mode.MESH_ONLY, Health.UNAVAILABLE) and len(days.log) == 2
    days.set(Policy())
    assert days.at == (Mode.NORMAL, Health.DEGRADED) and days.outlook == "mesh-only in 10:00 if this lasts"
    assert days.go(2).online().at == WELL


def test_no_account_is_mesh_only_and_mesh_off_is_legacy_only() -> None:
    assert Days(Policy(account=False)).at[0] is Mode.MESH_ONLY
    assert "no Soulseek account" in Modes(0.0, Policy(account=False)).state(0.0).reason
    days = Days(Policy(mesh=False)).online()
    assert days.at == (Mode.LEGACY_ONLY, Health.HEALTHY)
    days.lost().go(86400)
    assert days.at == (Mode.LEGACY_ONLY, Health.UNAVAILABLE) and days.outlook == ""
    days.set(Policy())
    assert days.at == GONE, "the mesh is there now, and the server has been silent for a day"
    assert recovered(days).set(Policy(mesh=False)).at == (Mode.LEGACY_ONLY, Health.HEALTHY)


def test_a_short_limit_shortens_unavailable_too_and_half_an_hour_is_lasting() -> None:
    days = Days(Policy(disaster_after=4), Times(check_every=1, stable=2)).online().lost().go(4)
    assert days.at == GONE
    assert not days.go(1799).modes.state(days.now).lasting and days.go(1).modes.state(days.now).lasting
    days.online().check().go(1).check().go(1).check().go(2)
    assert days.at == WELL


def test_settings_that_change_nothing_change_nothing() -> None:
    days = Days().online().lost().go(100)
    for _ in range(10):
        days.set(Policy()).go(50)
    assert [change.at for change in days.log[1:]] == [1000, 1120, 1600]


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["online", "lost", "good", "silent", "wait"]),
        st.floats(0, 400, allow_nan=False).map(lambda seconds: round(seconds, 1)),
    ),
    max_size=80,
)


def _play(days: Days, acts: list[tuple[str, float]], step: float | None = None) -> Days:
    for act, wait in acts:
        if act == "online":
            days.online()
        elif act == "lost":
            days.lost()
        elif act in ("good", "silent"):
            days.check(answered=act == "good")
        end = days.now + wait
        while step is not None and days.now + step < end:
            days.go(step)
        days.go(end - days.now)
    return days


@given(ACTS)
def test_changes_are_in_order_joined_and_never_empty(acts: list[tuple[str, float]]) -> None:
    days = _play(Days(), acts)
    assert all(change.before != change.after for change in days.log)
    assert all(one.after == two.before and one.at <= two.at for one, two in itertools.pairwise(days.log))
    assert not days.log or (
        days.log[-1].after == days.at and days.log[0].before == (Mode.NORMAL, Health.DEGRADED)
    )
    for change in days.log:
        assert change.words and change.reason
        if change.entered_disaster:
            assert change.before == (Mode.NORMAL, Health.UNAVAILABLE)
        if change.after[1] is Health.HEALTHY and change is not days.log[0]:
            assert change.reason == "3 good checks and a stable minute"
    due = days.modes.next_due
    assert due is None or due > days.now


@given(ACTS)
def test_how_often_somebody_looks_makes_no_difference(acts: list[tuple[str, float]]) -> None:
    seen, looked = _play(Days(), acts), _play(Days(), acts, step=7.3)
    assert [change.after for change in seen.log] == [change.after for change in looked.log]
    for one, two in zip(seen.log, looked.log, strict=True):
        assert one.at == pytest.approx(two.at)


@given(st.lists(st.tuples(st.floats(0.1, 80), st.floats(0.1, 900)), min_size=1, max_size=60))
def test_short_times_on_the_server_never_make_more_changes_than_none(
    times: list[tuple[float, float]],
) -> None:
    """On the server for less than the proof takes, away for as long as it likes."""
    days = Days().online()
    for there, away in times:
        days.lost().go(away).online().check().go(there).check()
    assert len(days.log) <= 4
    assert days.log[0].after == WELL
    order = [(Mode.NORMAL, Health.DEGRADED), (Mode.NORMAL, Health.UNAVAILABLE), GONE]
    assert [change.after for change in days.log[1:]] == order[: len(days.log) - 1]


@given(
    ACTS, st.sampled_from([Policy(auto=False), Policy(force=True), Policy(mesh=False), Policy(account=False)])
)
def test_only_auto_enters_disaster(acts: list[tuple[str, float]], policy: Policy) -> None:
    days = _play(Days(policy), acts)
    assert not any(change.entered_disaster for change in days.log)
    assert {change.after[0] for change in days.log} <= {days.at[0]}


def test_the_seven_states_of_the_banner() -> None:
    table = {
        (Mode.NORMAL, Health.HEALTHY): (Banner.HYBRID, Banner.HYBRID),
        (Mode.NORMAL, Health.DEGRADED): (Banner.DEGRADED, Banner.DEGRADED),
        (Mode.NORMAL, Health.UNAVAILABLE): (Banner.DEGRADED, Banner.ISOLATED),
        GONE: (Banner.DISASTER, Banner.ISOLATED),
        (Mode.MESH_ONLY, Health.UNAVAILABLE): (Banner.MESH_ONLY, Banner.ISOLATED),
        (Mode.LEGACY_ONLY, Health.HEALTHY): (Banner.LEGACY_ONLY, Banner.LEGACY_ONLY),
        (Mode.LEGACY_ONLY, Health.DEGRADED): (Banner.DEGRADED, Banner.DEGRADED),
        (Mode.LEGACY_ONLY, Health.UNAVAILABLE): (Banner.ISOLATED, Banner.ISOLATED),
    }
    for (mode, health), (with_peers, alone) in table.items():
        assert (banner(mode, health, 3), banner(mode, health, 0)) == (with_peers, alone)
        assert banner(mode, health, 3, running=False) is Banner.STOPPED
    assert banner(*GONE, 0, online=True) is Banner.DISASTER, "the server is back; only the mode waits"
    assert banner(Mode.LEGACY_ONLY, Health.UNAVAILABLE, 0, online=True) is Banner.DEGRADED
    shown = {state for pair in table.values() for state in pair} | {Banner.STOPPED}
    assert shown == set(Banner) - {Banner.STARTING}


def test_every_mode_has_its_effects() -> None:
    assert set(EFFECTS) == set(itertools.product(Mode, Health))
    for (mode, health), effects in EFFECTS.items():
        assert effects.search and effects.jobs and effects.transfers and effects.chat
        assert effects.ask_mesh is effects.mesh_sources is (mode is not Mode.LEGACY_ONLY)
        assert effects.connect is effects.legacy_running is (mode is not Mode.MESH_ONLY)
        assert effects.ask_server is (mode in (Mode.NORMAL, Mode.LEGACY_ONLY))
        if mode in (Mode.DISASTER, Mode.MESH_ONLY):
            assert effects.ids_first and not effects.legacy_sources and not effects.rooms
        assert effects.legacy_sources or health is Health.UNAVAILABLE or mode is not Mode.NORMAL


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (-5, "0:00"), (0.2, "0:01"), (59.5, "1:00"), (250, "4:10"), (3723, "1:02:03")],
)
def test_countdown(seconds: float, text: str) -> None:
    assert countdown(seconds) == text
