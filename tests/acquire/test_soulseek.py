"""Soulseek as a backend of music: what is searched and when not, how long answers are waited for, what is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import trio
import trio.testing

from slskmesh.acquire.backends import Findings, WrongDomain, ask
from slskmesh.acquire.domains import Constraints, GenericFile, Intent, Music
from slskmesh.acquire.planner import Planner
from slskmesh.acquire.soulseek import ENOUGH, OPEN_FOR, OPEN_MAX, SETTLE, SoulseekMusic
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.search_budget import SearchBudget
from slskmesh.soulseek.values import Answered, Outcome, SearchAnswer, ServerChanged, WishInterval
from slskmesh.work import Budget, LocalBudget, Origin, RemoteBudget
from tests.acquire.test_soulseek_match import file, intents, release

Clock = trio.testing.MockClock
ALBUM = release("Harbour", "Nine Lives", "Intro")
FOLDER = "m\\Ann & The Boats\\Winter Light\\"


class Network:
    """The client of one person: searches get tokens, and are answered when a test says so."""

    def __init__(self) -> None:
        self.online = True
        self.searched: list[tuple[float, str, Origin]] = []
        self.forgotten: list[int] = []
        self.breaks = False
        self.token = 100

    async def search(self, text: str, budget: LocalBudget, *, room: str = "", user: str = "") -> int:
        await trio.sleep(0.1)
        if self.breaks or not self.online:
            raise Offline("the session is gone")
        self.searched.append((trio.current_time(), text, budget.origin))
        self.token += 1
        return self.token

    def forget_search(self, token: int) -> None:
        self.forgotten.append(token)

    @property
    def texts(self) -> list[str]:
        return [text for _, text, _ in self.searched]


class Stage:
    """The backend on the double."""

    def __init__(self, **more: Any) -> None:
        self.network = Network()
        self.budget = SearchBudget(trio.current_time)
        self.allowed = True
        self.tokens: list[int] = []
        self.backend = SoulseekMusic(
            self.network,
            self.budget,
            sources_allowed=lambda: self.allowed,
            hides=lambda user: user == "spam",
            asked=self.tokens.append,
            **more,
        )

    def answers(
        self, user: str, *places: int, token: int = 0, free: bool = True, locked: bool = False
    ) -> bool:
        """A user answers with these tracks."""
        files = tuple(
            file(
                f"{FOLDER}{place + 1:02} {ALBUM.tracks[place].title}.flac", ALBUM.tracks[place], 10**7 + place
            )
            for place in places
        )
        answer = SearchAnswer(token or self.network.token, user, files, free, 300_000, 0)
        return self.backend.heard(Answered(answer))

    async def plan(self, *places: int, budget: Budget | None = None, one: Any = ALBUM) -> Findings:
        return await ask(self.backend, intents(one, *places), budget or LocalBudget())


@pytest.fixture
def clock() -> Clock:
    """Virtual time; a matching thread answers well within the threshold."""
    return Clock(autojump_threshold=0.05)


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def planned(
    stage: Stage, *then: tuple[float, Callable[[], object]], **more: Any
) -> tuple[Findings, float]:
    """A plan while things happen at their times; with how long it took."""
    found: list[Findings] = []
    began = trio.current_time()

    async def do() -> None:
        for at, act in then:
            await trio.sleep(began + at - trio.current_time())
            act()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(do)
        found.append(await stage.plan(**more))
    return found[0], trio.current_time() - began


def users(found: Findings) -> list[list[str]]:
    return [sorted(one.user for one in row) for row in found.candidates]


async def test_one_search_for_a_release_and_answers_for_some_seconds(clock: Clock, stage: Stage) -> None:
    found, took = await planned(
        stage,
        (1, lambda: stage.answers("ben", 0, 1)),
        (7, lambda: stage.answers("cleo", 0, 1, 2)),
        (9, lambda: stage.answers("late", 0)),
    )
    assert stage.network.texts == ["ann the boats winter light"]
    assert users(found) == [["ben", "cleo"], ["ben", "cleo"], ["cleo"]]
    assert SETTLE <= took < SETTLE + 1.5 and stage.tokens == [101]
    assert found.lines == (
        "Soulseek: 2 users answered “ann the boats winter light”: 3 of 3 tracks at 2 users, "
        "1 with all of them in one folder; 3 cheap",
    )


async def test_enough_whole_folders_end_the_waiting(clock: Clock, stage: Stage) -> None:
    def crowd() -> None:
        for number in range(ENOUGH):
            stage.answers(f"part{number}", 0, 1)
            stage.answers(f"busy{number}", 0, 1, 2, free=False)

    def more() -> None:
        for number in range(ENOUGH):
            stage.answers(f"whole{number}", 0, 1, 2)

    found, took = await planned(stage, (1, crowd), (3, more))
    assert 3 <= took < 3.5 and len(found.candidates[2]) == 2 * ENOUGH


async def test_the_same_words_within_a_minute_are_no_second_search(clock: Clock, stage: Stage) -> None:
    await planned(stage, (1, lambda: stage.answers("ben", 0)))
    assert stage.answers("cleo", 0) and stage.network.forgotten == []  # answers still come, and count
    found, took = await planned(stage)
    assert users(found)[0] == ["ben", "cleo"] and took < 0.5 and len(stage.network.searched) == 1
    await trio.sleep(OPEN_FOR)
    found, _ = await planned(stage, (1, lambda: stage.answers("dora", 0)))
    assert users(found)[0] == ["dora"] and len(stage.network.searched) == 2
    assert stage.network.forgotten == [101]
    assert not stage.answers("ben", 0, token=101)  # of no search any more


async def test_two_plans_at_one_moment_are_one_search(clock: Clock, stage: Stage) -> None:
    found: list[Findings] = []

    async def one() -> None:
        found.append(await stage.plan())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one)
        nursery.start_soon(one)
        await trio.sleep(1)
        stage.answers("ben", 0)
    assert [users(each)[0] for each in found] == [["ben"], ["ben"]] and len(stage.network.searched) == 1


async def test_single_tracks_only_where_nothing_was_found_and_the_budget_lets_it(
    clock: Clock, stage: Stage
) -> None:
    def answer() -> None:
        assert stage.network.texts[1:] == ["ann the boats harbour", "ann the boats nine lives"]
        stage.answers("ben", 1)

    found, _ = await planned(stage, (SETTLE + 1, answer))
    assert users(found) == [[], ["ben"], []] and len(stage.network.searched) == 3
    assert found.lines[:2] == (
        "Soulseek: 0 users answered “ann the boats winter light”",
        "Soulseek: 0 users answered “ann the boats harbour”",
    )
    await trio.sleep(300)
    for number in range(6):
        stage.budget.take(f"the person searches {number}", LocalBudget())
    found, _ = await planned(stage)
    assert (
        len(stage.network.searched) == 3 + 2
    )  # the album and one track: the next must be left to the person
    assert found.lines[-1].startswith(
        "Soulseek is not asked for “ann the boats nine lives”: searches are short"
    )


async def test_a_recording_alone_is_searched_by_its_title(clock: Clock, stage: Stage) -> None:
    want = intents(ALBUM, 0)[0].want
    alone = Intent(Music(want.recording, title=want.title, artist=want.artist, length=want.length))
    found: list[Findings] = []

    async def run() -> None:
        found.append(await stage.backend.find([alone], LocalBudget()))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        await trio.sleep(1)
        stage.answers("ben", 0, 1)
    assert stage.network.texts == ["ann the boats harbour"] and users(found[0]) == [["ben"]]


async def test_a_plan_leaves_searches_to_who_types(clock: Clock, stage: Stage) -> None:
    await stage.plan()
    assert {origin for _, _, origin in stage.network.searched} == {Origin.GATEWAY}
    await trio.sleep(300)
    await stage.plan(budget=LocalBudget(Origin.AUTOMATION))
    assert stage.network.searched[-1][2] is Origin.AUTOMATION
    await trio.sleep(300)
    for number in range(8):
        stage.budget.take(f"words {number}", LocalBudget())
    found, took = await planned(stage)
    assert took < 1 and "kept for the person at the keyboard" in found.lines[0]
    stage.budget.take("the person", LocalBudget())


async def test_what_a_peer_wants_never_reaches_the_network(clock: Clock, stage: Stage) -> None:
    found = await stage.plan(budget=RemoteBudget([]))
    assert found.candidates == ((), (), ())
    assert found.lines == ("Soulseek is not asked: what a peer wants never reaches it",)
    remote = [Intent(intents(ALBUM)[0].want, Origin.REMOTE)]
    assert (await stage.backend.find(remote, LocalBudget())).lines == found.lines
    assert stage.network.searched == [] and stage.budget.status().left == 10


async def test_a_file_is_refused_at_run_time(clock: Clock, stage: Stage) -> None:
    stray: Any = Intent(GenericFile(1, "a.iso"))
    with pytest.raises(WrongDomain, match="“soulseek” takes Music, not GenericFile"):
        await ask(stage.backend, [stray], LocalBudget())


async def test_the_mode_and_the_session_are_asked_first(clock: Clock, stage: Stage) -> None:
    stage.allowed = False
    found, took = await planned(stage)
    assert found.lines == ("Soulseek is not asked: in the present mode its users are no sources",)
    stage.allowed, stage.network.online = True, False
    found, _ = await planned(stage)
    assert found.lines == ("Soulseek is not asked: there is no session with the server",)
    assert took == 0 and stage.network.searched == [] and stage.budget.status().left == 10


async def test_a_session_that_ends_costs_no_search_and_ends_the_waiting(clock: Clock, stage: Stage) -> None:
    stage.network.breaks = True
    found, _ = await planned(stage)
    assert found.lines == ("Soulseek is not asked for “ann the boats winter light”: the session is gone",)
    assert stage.budget.status().left == 10  # it was not sent
    stage.network.breaks = False
    found, took = await planned(
        stage,
        (1, lambda: stage.answers("ben", 0)),
        (2, lambda: stage.backend.heard(ServerChanged(Outcome.LOST))),
    )
    assert users(found)[0] == ["ben"] and 2 <= took < 3


async def test_hidden_and_endless_answers_and_other_events_count_for_nothing(
    clock: Clock, stage: Stage
) -> None:
    endless = tuple(file(f"{FOLDER}{n} Harbour.flac", ALBUM.tracks[0]) for n in range(2_001))

    def hostile() -> None:
        stage.answers("spam", 0, 1, 2)
        stage.backend.heard(Answered(SearchAnswer(stage.network.token, "endless", endless, True, 1, 0)))
        assert not stage.backend.heard(WishInterval(3))
        assert not stage.answers("ben", 0, token=3)

    found, _ = await planned(stage, (1, hostile))
    assert users(found) == [[], [], []]


async def test_searches_that_are_open_are_bounded(clock: Clock, stage: Stage) -> None:
    async with trio.open_nursery() as nursery:
        for number in range(OPEN_MAX):
            one = release("Harbour", album=f"Album {number}")
            nursery.start_soon(lambda one=one: stage.plan(one=one))
    assert len(stage.network.searched) == OPEN_MAX  # ten a minute, two of them the person's: no track alone
    await trio.sleep(30)
    assert stage.network.forgotten == []
    await trio.sleep(40)
    await stage.plan()
    assert sorted(stage.network.forgotten) == list(range(101, 101 + OPEN_MAX))


class Peers:
    """The mesh with one file of each track."""

    name = "mesh"
    domain: type[Music] = Music

    def __init__(self) -> None:
        self.asked = 0

    async def find(self, wants: Sequence[Intent[Music]], budget: Budget, progress: Any = None) -> Findings:
        from tests.jobs.doubles import candidate

        self.asked += 1
        return Findings(tuple((candidate(n, reasons=("1 peer shows it",)),) for n in range(len(wants))))


async def test_the_planner_merges_both_networks(clock: Clock, stage: Stage) -> None:
    mesh = Peers()
    planner = Planner([mesh, stage.backend], [])
    wants = [
        Intent(Music(t.recording, ALBUM.mbid, t.title, t.artist, t.disc, t.position, t.length))
        for t in ALBUM.tracks
    ]

    async def tell() -> None:
        await trio.sleep(1)
        stage.answers("ben", 0, 1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tell)
        plan = await planner.plan_release(ALBUM, wants, LocalBudget())
    assert stage.network.texts == [
        "ann the boats winter light"
    ]  # the planner told the backend the whole release
    first = [one.candidates[0].backend for one in plan.wants]
    assert first == ["soulseek", "soulseek", "mesh"] and len(plan.wants[0].candidates) == 2
    assert plan.wants[0].reason.startswith("cheap from a Soulseek user: a free slot, 300 kB/s; title")
    assert any(line.startswith("Soulseek: 1 user answered") for line in plan.lines)


async def test_a_job_without_the_mesh_still_asks_soulseek(clock: Clock, stage: Stage) -> None:
    mesh = Peers()
    plan = await Planner([mesh, stage.backend], []).plan_release(
        ALBUM, intents(ALBUM, use_overlay=False), LocalBudget()
    )
    assert mesh.asked == 0 and len(stage.network.searched) == 3
    assert "peers are not asked: this job does not use the mesh" in plan.lines
    assert Constraints().use_overlay
