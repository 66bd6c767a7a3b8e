"""The planner over its backends: one plan, explained; faults and budgets; the domains' guard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from slskmesh.acquire.backends import Findings, LocalFiles, LocalMusic, Progress, WrongDomain, ask
from slskmesh.acquire.domains import Constraints, GenericFile, Intent, Music
from slskmesh.acquire.mesh import MeshFiles, MeshMusic
from slskmesh.acquire.plan import Candidate
from slskmesh.acquire.planner import Planner
from slskmesh.errors import PeerError, StorageError
from slskmesh.work import Budget, BudgetSpent, LocalBudget, Origin, RemoteBudget
from tests.acquire.test_mesh import RECORDINGS, RELEASE, Shadow, holder, want
from tests.shadow.doubles import Shelf, advert, content, held, release_of, standing

RELEASE_OBJECT = release_of(RELEASE, RECORDINGS)


def planner(shadow: Shadow, shelf: Shelf | None = None) -> Planner:
    shelf = shelf or Shelf()
    return Planner(
        [LocalMusic(shelf), MeshMusic(shadow, shelf, standing())], [LocalFiles(shelf), MeshFiles(shadow)]
    )


async def test_a_release_is_planned_with_reasons() -> None:
    flac = [advert(n, RECORDINGS[n]) for n in range(8)]
    mp3 = [advert(50 + n, RECORDINGS[n], codec="MP3", lossless=False, bitrate=320_000) for n in range(9)]
    shelf = Shelf([held(200, RECORDINGS[0], duration=200_100)])
    plan = await planner(Shadow(holder(1, *flac, *mp3), holder(2, *flac)), shelf).plan_release(
        RELEASE_OBJECT, [want(n) for n in range(10)], LocalBudget()
    )
    first = [one.candidates[0] if one.candidates else None for one in plan.wants]
    assert first[0] is not None and first[0].backend == "local" and first[0].path
    assert [one.codec for one in first[1:9] if one] == ["FLAC"] * 7 + ["MP3"] and first[9] is None
    assert "it is here already" in plan.wants[0].reason and "nobody was found" in plan.wants[9].reason
    assert (plan.holders, plan.publishers) == (2, 2)
    assert plan.lines[0] == "planning 10 of 10 tracks" and "asked" in plan.lines
    assert "8 can be fetched, 1 here already, 1 without a source" in plan.lines
    assert any(line.startswith("FLAC 16/44.1 serves 8 of 10 tracks") for line in plan.lines)


async def test_what_does_not_fit_is_told_with_its_reason() -> None:
    constraints = Constraints(allow_lossy=False)
    intent = Intent(want(0).want, constraints=constraints)
    shelf = Shelf([held(200, RECORDINGS[0], codec="MP3", lossless=False)])
    plan = await planner(Shadow(holder(1, advert(1, RECORDINGS[0], duration=230_000))), shelf).plan_recording(
        intent, LocalBudget()
    )
    (planned,) = plan.wants
    assert planned.candidates == () and len(planned.refused) == 2
    assert (
        planned.reason
        == "nothing fits: MP3 320: MP3 is lossy, and only lossless is accepted (and 1 more refused)"
    )


async def test_a_job_that_stays_here_asks_no_peer() -> None:
    shadow = Shadow(holder(1, advert(1, RECORDINGS[0]), advert(2, RECORDINGS[1])))
    alone = Intent(want(0).want, constraints=Constraints(use_overlay=False))
    plan = await planner(shadow).plan_release(RELEASE_OBJECT, [alone], LocalBudget())
    assert shadow.asked == [] and plan.wants[0].candidates == ()
    assert "peers are not asked: this job does not use the mesh" in plan.lines
    plan = await planner(shadow).plan_release(RELEASE_OBJECT, [alone, want(1)], LocalBudget())
    assert [len(one.candidates) for one in plan.wants] == [0, 1]


class Broken:
    """A backend that fails."""

    name = "broken"
    domain: type[Music] = Music

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def find(
        self, intents: Sequence[Intent[Music]], budget: Budget, progress: Progress | None = None
    ) -> Findings:
        raise self.error


@pytest.mark.parametrize(
    "error", [PeerError("gone", "it broke"), StorageError("it broke"), BudgetSpent("it broke")]
)
async def test_a_backend_that_fails_costs_only_its_own(error: Exception) -> None:
    shelf = Shelf([held(200, RECORDINGS[0])])
    plan = await Planner([LocalMusic(shelf), Broken(error)], []).plan_release(
        RELEASE_OBJECT, [want()], LocalBudget()
    )
    assert len(plan.wants[0].candidates) == 1 and any("it broke" in line for line in plan.lines)


async def test_a_budget_that_buys_nothing_is_refused_and_a_plan_costs() -> None:
    with pytest.raises(BudgetSpent):
        await Planner([Broken(BudgetSpent("nothing left"))], []).plan_recording(want(), LocalBudget())
    budget = LocalBudget()
    await planner(Shadow()).plan_recording(want(), budget)
    assert budget.spent >= 3
    with pytest.raises(BudgetSpent):
        await planner(Shadow()).plan_recording(want(), RemoteBudget([], units=2))


async def test_a_remote_want_has_a_remote_budget() -> None:
    remote = Intent(want().want, Origin.REMOTE)
    with pytest.raises(ValueError, match="local budget"):
        await planner(Shadow()).plan_recording(remote, LocalBudget())
    budget = RemoteBudget([])
    await planner(Shadow()).plan_recording(remote, budget)
    assert budget.spent <= 10


async def test_files_are_planned_by_content() -> None:
    shelf, shadow = Shelf([held(1)]), Shadow(holder(1), holder(2))
    file = await planner(shadow, shelf).plan_file(Intent(GenericFile(1001, "x", content(1))), LocalBudget())
    assert [one.backend for one in file.candidates] == ["local", "mesh"]
    away = await planner(shadow, Shelf()).plan_file(Intent(GenericFile(1001, "x", content(1))), LocalBudget())
    assert [len(one.peers) for one in away.candidates] == [2]
    none = await planner(Shadow(), Shelf()).plan_file(Intent(GenericFile(7, "x", content(1))), LocalBudget())
    assert none.candidates == () and "nobody was found" in none.reason


async def test_a_file_handed_to_a_backend_of_music_is_refused_at_run_time() -> None:
    stray: Any = Intent(GenericFile(1, "a.iso", content(1)))
    for backend in (LocalMusic(Shelf()), MeshMusic(Shadow(), Shelf(), standing())):
        with pytest.raises(WrongDomain, match="takes Music, not GenericFile"):
            await ask(backend, [stray], LocalBudget())
    song: Any = want()
    with pytest.raises(WrongDomain, match="takes GenericFile, not Music"):
        await ask(LocalFiles(Shelf()), [song], LocalBudget())


async def test_a_backend_that_answers_for_other_wants_is_a_fault_of_ours() -> None:
    class Odd(Broken):
        async def find(self, intents: Any, budget: Any, progress: Any = None) -> Findings:
            return Findings(((), (Candidate(b"", 0, "odd"),)))

    with pytest.raises(ValueError, match="another number"):
        await ask(Odd(PeerError("", "")), [want()], LocalBudget())
