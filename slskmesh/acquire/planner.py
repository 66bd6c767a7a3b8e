"""The planner: for each thing wanted, who could give it, in which order and why.

Rules:
- A plan costs `work.PLAN` and waits its turn by its origin (`origins`); a remote want has a remote budget.
- Backends are asked each for the wants of its domain and all at once; one that fails or runs out of budget costs its
  own candidates, never the others'.
- Every choice and every refusal is told in words; texts that peers wrote are not among them.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import trio

from slskmesh.acquire import backends, choice
from slskmesh.acquire.backends import LOCAL, SOULSEEK, Backend, Findings, Progress
from slskmesh.acquire.choice import Judged
from slskmesh.acquire.domains import D, GenericFile, Intent, Music
from slskmesh.acquire.origins import Gate
from slskmesh.acquire.plan import Candidate, Plan, Planned
from slskmesh.catalogue.objects import Release
from slskmesh.errors import PeerError, StorageError
from slskmesh.work import PLAN, Budget, BudgetSpent, Origin, RemoteBudget

_ORDER = tuple(Origin)
_NOT_THE_MESH = (LOCAL, SOULSEEK)


class Planner:
    """Plans over its backends; local ones come first in the lists."""

    def __init__(
        self,
        music: Sequence[Backend[Music]],
        files: Sequence[Backend[GenericFile]],
        gate: Gate | None = None,
    ) -> None:
        self._music, self._files, self._gate = tuple(music), tuple(files), gate or Gate()

    async def plan_release(
        self,
        release: Release,
        wants: Sequence[Intent[Music]],
        budget: Budget,
        progress: Progress | None = None,
    ) -> Plan[Music]:
        """Candidates for tracks of a release, as one set where that can be. BudgetSpent: refused, or nothing asked."""
        wants = [_on(release, intent) for intent in wants]
        findings, notes = await self._gather(self._music, wants, budget, progress)
        judged = [
            self._judge(intent, found) for intent, found in zip(wants, findings.candidates, strict=True)
        ]
        judged, line = choice.one_set(judged)
        planned = tuple(_planned(intent, one, notes) for intent, one in zip(wants, judged, strict=True))
        lines = [f"planning {len(wants)} of {len(release.tracks)} tracks", *findings.lines, *notes]
        return Plan(
            planned,
            findings.holders,
            findings.publishers,
            findings.estimate,
            (*lines, *([line] if line else []), *_summary(planned)),
            findings.told,
        )

    async def plan_recording(
        self, intent: Intent[Music], budget: Budget, progress: Progress | None = None
    ) -> Plan[Music]:
        """Candidates for one recording, on any release. BudgetSpent as above."""
        findings, notes = await self._gather(self._music, [intent], budget, progress)
        planned = (_planned(intent, self._judge(intent, findings.candidates[0]), notes),)
        lines = (*findings.lines, *notes, *_summary(planned))
        return Plan(planned, findings.holders, findings.publishers, findings.estimate, lines, findings.told)

    async def plan_file(
        self, intent: Intent[GenericFile], budget: Budget, progress: Progress | None = None
    ) -> Planned[GenericFile]:
        """Candidates for a file by its content. BudgetSpent as above."""
        findings, notes = await self._gather(self._files, [intent], budget, progress)
        found, want = findings.candidates[0], intent.want
        wrong = [
            one for one in found if one.size != want.size or (want.content and one.content != want.content)
        ]
        fitting = sorted((one for one in found if one not in wrong), key=lambda one: one.backend != LOCAL)
        return _planned(intent, Judged(fitting, [(one, "it is another file") for one in wrong]), notes)

    @staticmethod
    def _judge(intent: Intent[Music], candidates: Sequence[Candidate]) -> Judged:
        return choice.judge(intent.want.length, intent.constraints, candidates)

    async def _gather(
        self,
        sources: Sequence[Backend[D]],
        intents: Sequence[Intent[D]],
        budget: Budget,
        progress: Progress | None,
    ) -> tuple[Findings, list[str]]:
        """What all backends found, and what went wrong, in words."""
        origin = _origin(intents, budget)
        notes: list[str] = []
        found: dict[str, Findings] = {}
        spent: list[BudgetSpent] = []

        async def one(backend: Backend[D]) -> None:
            chosen = [
                i
                for i, it in enumerate(intents)
                if backend.name in _NOT_THE_MESH or it.constraints.use_overlay
            ]
            if not chosen:
                notes.append("peers are not asked: this job does not use the mesh")
                return
            try:
                answer = await backends.ask(backend, [intents[i] for i in chosen], budget, progress)
            except BudgetSpent as error:
                spent.append(error)
                notes.append(str(error))
            except (PeerError, StorageError) as error:
                notes.append(f"{backend.name}: {error}")
            else:
                found[backend.name] = _spread(answer, chosen, len(intents))

        async with self._gate.turn(origin):
            budget.spend(PLAN)
            async with trio.open_nursery() as nursery:
                for backend in sources:
                    nursery.start_soon(one, backend)
        if spent and not found:
            raise spent[0]
        return _together([found[b.name] for b in sources if b.name in found], len(intents)), notes


def _origin(intents: Sequence[Intent[D]], budget: Budget) -> Origin:
    """The lowest of all that caused this. ValueError: a remote want on a local budget."""
    lowest = max([budget.origin, *(intent.origin for intent in intents)], key=_ORDER.index)
    if lowest is Origin.REMOTE and not isinstance(budget, RemoteBudget):
        raise ValueError("what a peer wants is not planned on a local budget")
    return lowest


def _on(release: Release, intent: Intent[Music]) -> Intent[Music]:
    """The same as a track of a release of which all is known."""
    if intent.want.edition is not None:
        return intent
    want = msgspec.structs.replace(intent.want, edition=release)
    return msgspec.structs.replace(intent, want=want)


def _spread(found: Findings, places: Sequence[int], total: int) -> Findings:
    """Findings for some of the wants, as findings for all."""
    rows: list[tuple[Candidate, ...]] = [()] * total
    for place, candidates in zip(places, found.candidates, strict=True):
        rows[place] = candidates
    return msgspec.structs.replace(found, candidates=tuple(rows))


def _together(found: Sequence[Findings], total: int) -> Findings:
    return Findings(
        tuple(tuple(c for one in found for c in one.candidates[i]) for i in range(total)),
        sum(one.holders for one in found),
        max((one.publishers for one in found), default=0),
        max((one.estimate for one in found), default=0),
        tuple(line for one in found for line in one.lines),
        tuple(dict.fromkeys(peer for one in found for peer in one.told)),
    )


def _planned(intent: Intent[D], judged: Judged, notes: Sequence[str]) -> Planned[D]:
    if judged.accepted:
        reason = "; ".join(judged.accepted[0].reasons)
    elif judged.refused:
        first, why = judged.refused[0]
        more = f" (and {len(judged.refused) - 1} more refused)" if len(judged.refused) > 1 else ""
        reason = f"nothing fits: {choice.variant_name(first)}: {why}{more}"
    else:
        reason = "; ".join(["nobody was found who has it", *notes])
    return Planned(intent, tuple(judged.accepted), tuple(judged.refused), reason)


def _summary(planned: Sequence[Planned[D]]) -> list[str]:
    here = sum(1 for one in planned if one.candidates and one.candidates[0].backend == LOCAL)
    none = sum(1 for one in planned if not one.candidates)
    refused = sum(len(one.refused) for one in planned)
    lines = [f"{len(planned) - here - none} can be fetched, {here} here already, {none} without a source"]
    if refused:
        lines.append(f"{refused} candidates refused: length, codec or size")
    return lines
